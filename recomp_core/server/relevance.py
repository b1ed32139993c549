"""Sentence scores to document scores from 0 to 1, and the spans that a rerank reply shows."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ..extractive.compressor import ExtractiveCompressor
from ..extractive.scoring import DualEncoderScorer
from ..text.units import STRUCTURAL
from ..types import Compression, Document, ScoredSentence, ScoringTask, Sentence

# Some encoders give 0.75 to texts that have nothing in common, others 0. How one scores these says
# where its scale begins and how wide it is.
_PAIRS = (
    ("When was the harbour bridge opened?",
     "After nine years of work, the bridge over the harbour was opened to traffic in May 1931."),
    ("What do hedgehogs eat in spring?",
     "In spring, hedgehogs live on beetles, caterpillars and earthworms."),
    ("Who leads the finance committee?",
     "The finance committee has been chaired by Ines Okafor since last autumn."),
    ("How do I reset the password?",
     "Choose Forgotten password on the page where you sign in, and a link is sent to you."),
    ("Why is the sea salty?",
     "Rivers carry dissolved minerals from rocks into the sea, where the water evaporates."),
)  # fmt: skip
# As shares of the way from a text of another topic to an answer. The middle lies between the best
# sentences of retrieved documents that hold the answer and of others: of 40 Natural Questions with
# five documents each, the medians are 0.61 and 0.36 for the bundled encoder, 0.90 and 0.82 for the
# multilingual one.
_MIDDLE, _WIDTH = 0.8, 1 / 6
# Of an encoder that does not tell the pairs apart, the scale is taken to be this.
_UNKNOWN = 0.0, 0.6
_LEAST = 0.02


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
        A logistic curve, which keeps the order of all scores: for cosines on the scale of the
        encoder, which is asked once; for scores without bounds the plain one.
    """
    scorer = compressor.scorer
    if not isinstance(scorer, DualEncoderScorer) or scorer.similarity_fn_name != "cosine":
        return _logistic
    others, answers = _scale(scorer)
    middle = others + _MIDDLE * (answers - others)
    width = _WIDTH * (answers - others)
    return lambda score: _logistic((score - middle) / width)


def _scale(scorer: DualEncoderScorer) -> tuple[float, float]:
    """The mean scores of sentences of another topic, and of sentences that answer."""
    questions, answers = zip(*_PAIRS, strict=True)
    texts = tuple(Document(text) for text in answers)
    sentences = tuple(Sentence(text, n, 0, len(text)) for n, text in enumerate(answers))
    plain = DualEncoderScorer(scorer.encoder)  # nothing of this belongs into the user's store
    scores = np.array(plain.score([ScoringTask(q, texts, sentences) for q in questions]))
    same = np.eye(len(_PAIRS), dtype=bool)
    found = float(scores[~same].mean()), float(scores[same].mean())
    return found if found[1] - found[0] >= _LEAST else _UNKNOWN


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
