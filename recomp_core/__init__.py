"""RECOMP: retrieve, compress, prepend.

    from recomp_core import load_compressor

    compressor = load_compressor()
    compressor.compress("who built the tower?", ["passage one …", "passage two …"]).text

Importing this package loads neither torch nor a framework; models load when one is asked for.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from ._utils.lazy import lazy_names
from ._version import __version__
from .errors import BatchError, ModelLoadError, SummaryError
from .extractive.selection import Selector, Threshold, TokenBudget, TopK, TopP, make_selector
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
    from .abstractive.compressor import AbstractiveCompressor
    from .abstractive.gates import AllGates, SupportGate, UsefulnessGate
    from .abstractive.llm_summarizer import LLMSummarizer
    from .abstractive.loading import load_summarizer
    from .extractive.compressor import ExtractiveCompressor
    from .extractive.recovery import Dropped, DroppedSentence, DroppedTexts
    from .extractive.scoring import BM25Scorer, CrossEncoderScorer, DualEncoderScorer
    from .labelling.teachers.base import LanguageModelTeacher
    from .models.language_models.openai_chat import OpenAIChatModel
    from .models.summarizers.seq2seq import Seq2SeqSummarizer
    from .persistence.compressors import load_compressor, save_compressor
    from .prompts import PromptTemplate
    from .runtime.batching import Batching, QueueFullError
    from .runtime.timeout import TimedCompressor
    from .store import SentenceStore
    from .text.splitting import SentenceSplitter
    from .text.tokens import TokenCounter

__all__ = [
    "AbstractiveCompressor",
    "AllGates",
    "BM25Scorer",
    "BatchError",
    "Batching",
    "Compression",
    "CrossEncoderScorer",
    "Document",
    "Dropped",
    "DroppedSentence",
    "DroppedTexts",
    "DualEncoderScorer",
    "Excerpt",
    "ExtractiveCompressor",
    "LLMSummarizer",
    "LanguageModelTeacher",
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
    "AbstractiveCompressor": ".abstractive.compressor",
    "AllGates": ".abstractive.gates",
    "ExtractiveCompressor": ".extractive.compressor",
    "Dropped": ".extractive.recovery",
    "DroppedSentence": ".extractive.recovery",
    "DroppedTexts": ".extractive.recovery",
    "SupportGate": ".abstractive.gates",
    "UsefulnessGate": ".abstractive.gates",
    "LLMSummarizer": ".abstractive.llm_summarizer",
    "Batching": ".runtime.batching",
    "QueueFullError": ".runtime.batching",
    "LanguageModelTeacher": ".labelling.teachers.base",
    "OpenAIChatModel": ".models.language_models.openai_chat",
    "load_summarizer": ".abstractive.loading",
    "Seq2SeqSummarizer": ".models.summarizers.seq2seq",
    "load_compressor": ".persistence.compressors",
    "save_compressor": ".persistence.compressors",
    "PromptTemplate": ".prompts",
    "BM25Scorer": ".extractive.scoring",
    "CrossEncoderScorer": ".extractive.scoring",
    "DualEncoderScorer": ".extractive.scoring",
    "SentenceSplitter": ".text.splitting",
    "SentenceStore": ".store",
    "TimedCompressor": ".runtime.timeout",
    "TokenCounter": ".text.tokens",
}

# A library stays silent unless its user configures logging.
logging.getLogger(__name__).addHandler(logging.NullHandler())


__getattr__, __dir__ = lazy_names(__name__, _LAZY, __all__)
