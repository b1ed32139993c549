"""What the compressors ask of their parts. Anything with the right method will do."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from .types import Compression, Document, ScoringTask, SummarySentence

if TYPE_CHECKING:
    import numpy as np


@runtime_checkable
class Splitter(Protocol):
    """Text to sentences."""

    def split(self, text: str) -> Sequence[tuple[int, int]]:
        """Spans `(start, end)` in characters: ascending, not empty, not overlapping."""


@runtime_checkable
class BatchSplitter(Splitter, Protocol):
    """A splitter that takes many texts at once, where that is quicker than one by one."""

    def split_all(self, texts: Sequence[str]) -> Sequence[Sequence[tuple[int, int]]]:
        """The spans of each text."""


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


@runtime_checkable
class Summarizer(Protocol):
    """Prompts to summaries: a local encoder-decoder model, or a language model behind an API."""

    max_input_tokens: int | None
    """What a prompt may take, net of the special tokens around it; None for no limit."""

    def count_tokens(self, text: str) -> int:
        """How many tokens `text` takes in the input."""

    def truncate(self, text: str, max_tokens: int) -> str:
        """The longest prefix of `text` of at most `max_tokens` tokens."""

    def summarize(self, prompts: Sequence[str]) -> list[str | Exception]:
        """For each prompt its summary, "" for nothing to say, or the error that befell it."""

    def stream(self, prompt: str) -> Iterator[str]:
        """The summary in pieces as they are written; joined they are what `summarize` gives."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A summary before it is prepended. `documents`: those that the summarizer read."""

    query: str
    documents: tuple[Document, ...]
    summary: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a gate makes of a candidate.

    summary: what may be prepended: the candidate's, a part of it, or "" for nothing.
    reason: why, in a few words for a person; "" where there is nothing to say.
    support: the sentences of `summary` with their sources (`doc_index` counts the candidate's
        documents), where the gate looked for them.
    fall_back: keep sentences of the documents instead, if an extractive compressor is at hand.
    """

    summary: str
    reason: str = ""
    support: tuple[SummarySentence, ...] = ()
    fall_back: bool = False


@runtime_checkable
class SummaryGate(Protocol):
    """The check after generation: is a summary worth prepending?"""

    def check(self, candidates: Sequence[Candidate]) -> list[Verdict]:
        """One verdict per candidate, in order."""


@dataclass(frozen=True, slots=True)
class ReaderAnswer:
    """What a reader model answered, and how sure of it it was.

    logprob: the sum of the natural log-probabilities of the answer's `n_tokens` tokens.
    """

    text: str
    logprob: float
    n_tokens: int

    @property
    def confidence(self) -> float:
        """The geometric mean of the tokens' probabilities, 0…1."""
        return math.exp(self.logprob / self.n_tokens) if self.n_tokens else 0.0


@runtime_checkable
class Reader(Protocol):
    """A language model that answers and knows how likely its own answer was to it."""

    def answer(self, prompts: Sequence[str]) -> list[ReaderAnswer]:
        """One greedy answer per prompt."""


@runtime_checkable
class Compressor(Protocol):
    """What the adapters and the command line use: any compressor of this package, or yours."""

    def compress(self, query: str, documents: Iterable[str | Document]) -> Compression:
        """Compress the documents retrieved for one query."""

    def compress_batch(
        self, queries: Sequence[str], documents_lists: Sequence[Iterable[str | Document]]
    ) -> list[Compression]:
        """Compress many queries' documents; the same results as one by one."""

    async def acompress(self, query: str, documents: Iterable[str | Document]) -> Compression:
        """`compress` without blocking the event loop."""

    async def acompress_batch(
        self, queries: Sequence[str], documents_lists: Sequence[Iterable[str | Document]]
    ) -> list[Compression]:
        """`compress_batch` without blocking the event loop."""
