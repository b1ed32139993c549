"""What the compressors ask of their parts. Anything with the right method will do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from .types import ScoringTask

if TYPE_CHECKING:
    import numpy as np


@runtime_checkable
class Splitter(Protocol):
    """Text to sentences."""

    def split(self, text: str) -> Sequence[tuple[int, int]]:
        """Spans `(start, end)` in characters: ascending, not empty, not overlapping."""


@runtime_checkable
class SentenceScorer(Protocol):
    """Sentences to relevance."""

    def score(self, tasks: Sequence[ScoringTask]) -> Sequence[Sequence[float]]:
        """For each task one finite score per sentence, in order; higher is better.

        A task's scores must not depend on the other tasks that came with it.
        """


@runtime_checkable
class Encoder(Protocol):
    """Strings to vectors that can be compared by inner product or cosine."""

    def encode_queries(self, queries: Sequence[str]) -> np.ndarray:
        """Float array (n_queries, dim)."""

    def encode_sentences(self, sentences: Sequence[str]) -> np.ndarray:
        """Float array (n_sentences, dim)."""


@runtime_checkable
class SpanEncoder(Encoder, Protocol):
    """An encoder that sees token vectors, so that it can read a sentence within its document."""

    def encode_spans(
        self, texts: Sequence[str], spans: Sequence[Sequence[tuple[int, int]]]
    ) -> list[np.ndarray]:
        """Per text a float array (n_spans, dim): the text encoded once, pooled span by span."""
