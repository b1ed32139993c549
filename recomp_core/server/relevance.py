"""Sentence scores to document scores from 0 to 1, and the spans that a rerank reply shows."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..extractive.compressor import ExtractiveCompressor
from ..extractive.scoring import DualEncoderScorer
from ..text.units import STRUCTURAL
from ..types import Compression, ScoredSentence

# Between the best sentences of retrieved documents that hold the answer (median 0.65) and of others
# (0.34), as the bundled encoder scores 38 Natural Questions with six documents each.
_MIDDLE, _WIDTH = 0.5, 0.1


@dataclass(frozen=True)
class Span:
    """A part of a document: `text[start:end]`, in code points.

    Attributes:
        start: Its beginning.
        end: Its end.
        score: Its relevance, 0…1.
    """

    start: int
    end: int
    score: float


@dataclass(frozen=True)
class Ranked:
    """A document with its relevance.

    Attributes:
        index: Its position among the documents of the request.
        score: Its relevance, 0…1: that of its best sentence.
        raw_score: The same on the scorer's own scale.
        spans: All its sentences, best first.
    """

    index: int
    score: float
    raw_score: float
    spans: tuple[Span, ...]


def relevance_of(compressor: ExtractiveCompressor) -> Callable[[float], float]:
    """The function from a compressor's scores to relevance.

    Args:
        compressor: The compressor.

    Returns:
        A logistic curve, which keeps the order of all scores: for cosines with its middle at 0.5
        and a width of 0.1; for scores without bounds the plain one.
    """
    scorer = compressor.scorer
    if isinstance(scorer, DualEncoderScorer) and scorer.similarity_fn_name == "cosine":
        return lambda score: _logistic((score - _MIDDLE) / _WIDTH)
    return _logistic


def rank(compression: Compression, relevance: Callable[[float], float]) -> list[Ranked]:
    """Rank the documents of a compression by their best sentence.

    Args:
        compression: Any compression that scored all its documents; what it kept does not matter.
        relevance: See `relevance_of`.

    Returns:
        All documents from the best down; of equal ones, the earlier first. A blank document has
        the relevance 0 and comes last.
    """
    sentences: list[list[ScoredSentence]] = [[] for _ in compression.documents]
    for sentence in (*compression.kept, *compression.dropped):
        sentences[sentence.doc_index].append(sentence)
    found = [sentence.score for its in sentences for sentence in its]
    lowest = min(found, default=0.0)
    ranked = [
        _ranked(index, its, relevance) if its else Ranked(index, 0.0, lowest, ())
        for index, its in enumerate(sentences)
    ]
    return sorted(ranked, key=lambda it: (not it.spans, -it.raw_score))


def _ranked(
    index: int, sentences: Sequence[ScoredSentence], relevance: Callable[[float], float]
) -> Ranked:
    content = [s for s in sentences if s.kind not in STRUCTURAL] or sentences
    best_first = sorted(content, key=lambda s: (-s.score, s.start))
    spans = tuple(Span(s.start, s.end, relevance(s.score)) for s in best_first)
    return Ranked(index, spans[0].score, best_first[0].score, spans)


def _logistic(x: float) -> float:
    if x >= 0:
        return 1 / (1 + math.exp(-x))
    power = math.exp(max(x, -700.0))
    return power / (1 + power)
