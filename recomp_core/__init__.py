"""RECOMP: retrieve, compress, prepend.

    from recomp_core import load_compressor

    compressor = load_compressor()
    compressor.compress("who built the tower?", ["passage one …", "passage two …"]).text

Importing this package loads neither torch nor a framework; models load when one is asked for.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from ._version import __version__
from .errors import BatchError, ModelLoadError, SummaryError
from .lazy import lazy_names
from .selection import Selector, Threshold, TokenBudget, TopK, TopP, make_selector
from .types import (
    Compression,
    Document,
    Excerpt,
    Outcome,
    ScoredSentence,
    Sentence,
    SummarySentence,
)

if TYPE_CHECKING:
    from .abstractive import AbstractiveCompressor
    from .extractive import ExtractiveCompressor
    from .gates import SupportGate, UsefulnessGate
    from .llm_summarizer import LLMSummarizer
    from .microbatch import Batching, QueueFullError
    from .models.language_model import OpenAIChatModel
    from .models.seq2seq_loading import load_summarizer
    from .models.summarizer import Seq2SeqSummarizer
    from .persistence import load_compressor, save_compressor
    from .prompts import PromptTemplate
    from .scoring import BM25Scorer, CrossEncoderScorer, DualEncoderScorer
    from .splitting import SentenceSplitter
    from .store import SentenceStore
    from .timed import TimedCompressor
    from .tokens import TokenCounter

__all__ = [
    "AbstractiveCompressor",
    "BM25Scorer",
    "BatchError",
    "Batching",
    "Compression",
    "CrossEncoderScorer",
    "Document",
    "DualEncoderScorer",
    "Excerpt",
    "ExtractiveCompressor",
    "LLMSummarizer",
    "ModelLoadError",
    "OpenAIChatModel",
    "Outcome",
    "PromptTemplate",
    "QueueFullError",
    "ScoredSentence",
    "Selector",
    "Sentence",
    "SentenceSplitter",
    "SentenceStore",
    "Seq2SeqSummarizer",
    "SummaryError",
    "SummarySentence",
    "SupportGate",
    "Threshold",
    "TimedCompressor",
    "TokenBudget",
    "TokenCounter",
    "TopK",
    "TopP",
    "UsefulnessGate",
    "__version__",
    "load_compressor",
    "load_summarizer",
    "make_selector",
    "save_compressor",
]

# What costs time to import (numpy, and through it the models) waits until it is asked for.
_LAZY = {
    "AbstractiveCompressor": ".abstractive",
    "ExtractiveCompressor": ".extractive",
    "SupportGate": ".gates",
    "UsefulnessGate": ".gates",
    "LLMSummarizer": ".llm_summarizer",
    "Batching": ".microbatch",
    "QueueFullError": ".microbatch",
    "OpenAIChatModel": ".models.language_model",
    "load_summarizer": ".models.seq2seq_loading",
    "Seq2SeqSummarizer": ".models.summarizer",
    "load_compressor": ".persistence",
    "save_compressor": ".persistence",
    "PromptTemplate": ".prompts",
    "BM25Scorer": ".scoring",
    "CrossEncoderScorer": ".scoring",
    "DualEncoderScorer": ".scoring",
    "SentenceSplitter": ".splitting",
    "SentenceStore": ".store",
    "TimedCompressor": ".timed",
    "TokenCounter": ".tokens",
}

# A library stays silent unless its user configures logging.
logging.getLogger(__name__).addHandler(logging.NullHandler())


__getattr__, __dir__ = lazy_names(__name__, _LAZY, __all__)
