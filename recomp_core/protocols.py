"""The parts of a compressor, as protocols: any object with the right methods fits."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from .text.units import Unit
from .types import Compression, Document, ScoringTask, SummarySentence

if TYPE_CHECKING:
    import numpy as np


@runtime_checkable
class Splitter(Protocol):
    """Splits a text into sentences."""

    def split(self, text: str) -> Sequence[tuple[int, int]]:
        """Split one text.

        Args:
            text: The text.

        Returns:
            Spans `(start, end)` in characters: ascending, not empty and not overlapping.
        """


@runtime_checkable
class BatchSplitter(Splitter, Protocol):
    """A splitter that splits many texts at once faster than one by one."""

    def split_all(self, texts: Sequence[str]) -> Sequence[Sequence[tuple[int, int]]]:
        """Split many texts.

        Args:
            texts: The texts.

        Returns:
            For each text, in order, what `split` returns for it.
        """


@runtime_checkable
class StructureSplitter(Splitter, Protocol):
    """A splitter that also reads what each piece is and what it stands under."""

    def units(self, text: str, format: str | None = None) -> Sequence[Unit]:  # noqa: A002
        """Split one text.

        Args:
            text: The text.
            format: The text's format, one of `text.units.FORMATS`; None recognises it.

        Returns:
            The units, ascending, not empty and not overlapping; their spans are those of `split`.
        """


@runtime_checkable
class BatchStructureSplitter(StructureSplitter, Protocol):
    """A splitter that reads the structure of many texts at once faster than one by one."""

    def units_all(
        self, texts: Sequence[str], formats: Sequence[str | None]
    ) -> Sequence[Sequence[Unit]]:
        """Split many texts.

        Args:
            texts: The texts.
            formats: The format of each, None to recognise it.

        Returns:
            For each text, in order, what `units` returns for it.
        """


@runtime_checkable
class SentenceScorer(Protocol):
    """Scores the relevance of sentences to a query."""

    def score(self, tasks: Sequence[ScoringTask]) -> Sequence[Sequence[float]]:
        """Score the sentences of several tasks.

        Args:
            tasks: The tasks. The scores of one must not depend on the others.

        Returns:
            For each task one finite score per sentence, in order; higher is better.
        """


@runtime_checkable
class Encoder(Protocol):
    """Encodes strings as vectors that inner product or cosine compare."""

    def encode_queries(self, queries: Sequence[str]) -> np.ndarray:
        """Encode queries.

        Args:
            queries: The queries.

        Returns:
            A float array of shape `(n_queries, dim)`.
        """

    def encode_sentences(self, sentences: Sequence[str]) -> np.ndarray:
        """Encode sentences.

        Args:
            sentences: The sentences.

        Returns:
            A float array of shape `(n_sentences, dim)`.
        """


@runtime_checkable
class SpanEncoder(Encoder, Protocol):
    """An encoder with access to token vectors, which can read a sentence within its document."""

    def encode_spans(
        self, texts: Sequence[str], spans: Sequence[Sequence[tuple[int, int]]]
    ) -> list[np.ndarray]:
        """Encode each text once and pool its token vectors span by span.

        Args:
            texts: The texts.
            spans: For each text the spans `(start, end)` to pool, in characters.

        Returns:
            For each text a float array of shape `(n_spans, dim)`.
        """


@runtime_checkable
class Windowed(Protocol):
    """A model that reads only so many tokens at one time, and says where it would cut a text.

    An encoder that is one reads texts of any length, and nothing is cut in silence; see
    `extractive.scoring.DualEncoderScorer`.
    """

    @property
    def max_tokens(self) -> int | None:
        """The most tokens of a text that are read at one time; None for no limit.

        Those around it are not counted, such as special ones and a prompt.
        """

    def token_windows(self, text: str, max_tokens: int | None = None) -> Sequence[tuple[int, int]]:
        """Cut a text into overlapping windows, between words if possible.

        Args:
            text: The text.
            max_tokens: Tokens of a window; by default `self.max_tokens`.

        Returns:
            Spans in characters, ascending, from the start of the text to its end. One if it fits.
        """


@runtime_checkable
class Summarizer(Protocol):
    """Writes summaries: a local encoder-decoder model, or a language model behind an API.

    Attributes:
        max_input_tokens: The longest prompt, in tokens and without the special tokens around it;
            None for no limit.
    """

    max_input_tokens: int | None

    def count_tokens(self, text: str) -> int:
        """Count the tokens that a text takes in the input.

        Args:
            text: The text.

        Returns:
            The number of tokens, without special tokens.
        """

    def truncate(self, text: str, max_tokens: int) -> str:
        """Cut a text to a number of tokens.

        Args:
            text: The text.
            max_tokens: The limit, as `count_tokens` counts.

        Returns:
            The longest prefix of `text` of at most `max_tokens` tokens.
        """

    def summarize(self, prompts: Sequence[str]) -> list[str | Exception]:
        """Write the summaries for several prompts.

        Args:
            prompts: The prompts.

        Returns:
            For each prompt, in order, its summary or the exception that it raised; "" means that
            nothing in the documents helps.
        """

    def stream(self, prompt: str) -> Iterator[str]:
        """Write the summary for one prompt piece by piece.

        Args:
            prompt: The prompt.

        Yields:
            The pieces as they are written; joined they are the summary that `summarize` returns.
        """


@dataclass(frozen=True, slots=True)
class Candidate:
    """A summary that a gate checks before it is prepended.

    Attributes:
        query: The query.
        documents: The documents that the summarizer read.
        summary: The summary.
    """

    query: str
    documents: tuple[Document, ...]
    summary: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """A gate's decision on a candidate.

    Attributes:
        summary: The text to prepend: the candidate's summary, a part of it, or "" for nothing.
        reason: Why, in a few words for a person; "" if there is nothing to say.
        support: The sentences of `summary` with their sources, if the gate looked for them. Their
            `doc_index` counts the candidate's documents.
        fall_back: Whether to keep sentences of the documents instead, if the compressor has an
            extractive one.
    """

    summary: str
    reason: str = ""
    support: tuple[SummarySentence, ...] = ()
    fall_back: bool = False


@runtime_checkable
class SummaryGate(Protocol):
    """Checks after generation whether a summary is worth prepending."""

    def check(self, candidates: Sequence[Candidate]) -> list[Verdict]:
        """Decide on summaries.

        Args:
            candidates: The summaries to check.

        Returns:
            One verdict per candidate, in order.
        """


@dataclass(frozen=True, slots=True)
class ReaderAnswer:
    """The answer of a reader model, with its probability.

    Attributes:
        text: The answer.
        logprob: The sum of the natural log-probabilities of the answer's tokens.
        n_tokens: The number of tokens of the answer.
    """

    text: str
    logprob: float
    n_tokens: int

    @property
    def confidence(self) -> float:
        """The geometric mean of the tokens' probabilities, from 0 to 1."""
        return math.exp(self.logprob / self.n_tokens) if self.n_tokens else 0.0


@runtime_checkable
class Reader(Protocol):
    """A language model that answers and reports the probability of its answer."""

    def answer(self, prompts: Sequence[str]) -> list[ReaderAnswer]:
        """Answer prompts greedily.

        Args:
            prompts: The prompts.

        Returns:
            One answer per prompt, in order.
        """


@runtime_checkable
class Compressor(Protocol):
    """A compressor as the adapters and the command line use it: one of this package, or yours."""

    def compress(self, query: str, documents: Iterable[str | Document]) -> Compression:
        """Compress the documents retrieved for one query.

        Args:
            query: The query.
            documents: Its documents.

        Returns:
            The compression.
        """

    def compress_batch(
        self, queries: Sequence[str], documents_lists: Sequence[Iterable[str | Document]]
    ) -> list[Compression]:
        """Compress the documents of many queries.

        Args:
            queries: The queries.
            documents_lists: One list of documents per query.

        Returns:
            For each query, in order, what `compress` returns for it.
        """

    async def acompress(self, query: str, documents: Iterable[str | Document]) -> Compression:
        """Compress as `compress` does, without blocking the event loop.

        Args:
            query: The query.
            documents: Its documents.

        Returns:
            The compression.
        """

    async def acompress_batch(
        self, queries: Sequence[str], documents_lists: Sequence[Iterable[str | Document]]
    ) -> list[Compression]:
        """Compress as `compress_batch` does, without blocking the event loop.

        Args:
            queries: The queries.
            documents_lists: One list of documents per query.

        Returns:
            For each query, in order, what `acompress` returns for it.
        """
