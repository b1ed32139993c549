"""RECOMP: retrieve, compress, prepend.

    from recomp_core import load_compressor

    compressor = load_compressor()
    compressor.compress("who built the tower?", ["passage one …", "passage two …"]).text

Importing this package loads neither torch nor a framework; models load when one is asked for.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from ._version import __version__
from .selection import Selector, Threshold, TokenBudget, TopK, make_selector
from .types import Compression, Document, Excerpt, Outcome, ScoredSentence, Sentence

if TYPE_CHECKING:
    from .extractive import ExtractiveCompressor
    from .persistence import ModelLoadError, load_compressor, save_compressor
    from .scoring import BM25Scorer, CrossEncoderScorer, DualEncoderScorer
    from .splitting import SentenceSplitter
    from .tokens import TokenCounter

__all__ = [
    "BM25Scorer",
    "Compression",
    "CrossEncoderScorer",
    "Document",
    "DualEncoderScorer",
    "Excerpt",
    "ExtractiveCompressor",
    "ModelLoadError",
    "Outcome",
    "ScoredSentence",
    "Selector",
    "Sentence",
    "SentenceSplitter",
    "Threshold",
    "TokenBudget",
    "TokenCounter",
    "TopK",
    "__version__",
    "load_compressor",
    "make_selector",
    "save_compressor",
]

# What costs time to import (numpy, and through it the models) waits until it is asked for.
_LAZY = {
    "ExtractiveCompressor": "extractive",
    "ModelLoadError": "persistence",
    "load_compressor": "persistence",
    "save_compressor": "persistence",
    "BM25Scorer": "scoring",
    "CrossEncoderScorer": "scoring",
    "DualEncoderScorer": "scoring",
    "SentenceSplitter": "splitting",
    "TokenCounter": "tokens",
}

# A library stays silent unless its user configures logging.
logging.getLogger(__name__).addHandler(logging.NullHandler())


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        from importlib import import_module

        return getattr(import_module(f".{_LAZY[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
