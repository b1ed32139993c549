"""Read texts through a transformer's window, and pool their token vectors span by span.

All encoders that give access to their token vectors share this, whichever library computes them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from ..._utils.checks import check_whole
from ...text.splitting import replace_surrogates
from .windows import cut_windows, surely_fits


@dataclass(frozen=True)
class TokenizedWindow:
    """One window as a tokenizer gives it. The windows of a text follow each other.

    Attributes:
        text: The number of the text.
        features: What the model reads, with `input_ids` among it.
        special: 1 for each token that the tokenizer put around the text, else 0.
        offsets: Start and end of each token, in characters of the text.
    """

    text: int
    features: dict[str, list[int]]
    special: Sequence[int]
    offsets: Sequence[tuple[int, int]]


@dataclass(frozen=True)
class EncoderWindow:
    """A part of a text that fits into the model's window.

    Attributes:
        text: The number of the text.
        features: What the model reads, with `input_ids` among it.
        own: Positions in the window of the tokens that are read from it, (n_own,).
        offsets: Their starts and ends in characters of the text, (n_own, 2).
    """

    text: int
    features: dict[str, list[int]]
    own: np.ndarray
    offsets: np.ndarray

    def tokens_in(self, edges: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Find the own tokens that begin within a span.

        Args:
            edges: The spans in characters of the text, (n_spans, 2), ascending.

        Returns:
            The tokens' positions in the window, (n,), and the number of the span that each is in,
            (n,).
        """
        begins = self.offsets[:, 0]
        span = np.searchsorted(edges[:, 0], begins, side="right") - 1
        inside = (span >= 0) & (begins < edges[span, 1]) & (self.offsets[:, 1] > begins)
        return self.own[inside], span[inside]


def assign_tokens(rows: Sequence[TokenizedWindow], overlap: int) -> list[EncoderWindow]:
    """Assign each token of a text to exactly one window.

    Args:
        rows: The windows of all texts, those of one text next to each other.
        overlap: Tokens that two neighbouring windows share.

    Returns:
        The windows, sorted by length.
    """
    windows = []
    for number, row in enumerate(rows):
        first = number == 0 or rows[number - 1].text != row.text
        last = number + 1 == len(rows) or rows[number + 1].text != row.text
        ordinary = np.flatnonzero(np.asarray(row.special) == 0)
        # Half of each overlap belongs to the window before, half to the one after.
        low = 0 if first else overlap // 2
        high = len(ordinary) - (0 if last else overlap - overlap // 2)
        own = ordinary[low:high]
        offsets = np.asarray(row.offsets, dtype=np.int64).reshape(-1, 2)
        windows.append(EncoderWindow(row.text, row.features, own, offsets[own]))
    return sorted(windows, key=lambda window: len(window.features["input_ids"]))


class SpanPoolingEncoder(ABC):
    """An encoder with `encode_spans`, built on what a backend provides.

    It reads texts of any length. One that is longer than the model's window is read through
    overlapping windows; its vector is the mean over all its tokens if the model is mean-pooled,
    else the mean of the windows' vectors.

    Args:
        batch_size: Sentences, or windows of a document, per forward pass.

    Attributes:
        batch_size: See above.
    """

    def __init__(self, *, batch_size: int) -> None:
        check_whole("batch_size", batch_size)
        self.batch_size = batch_size

    @property
    @abstractmethod
    def can_encode_spans(self) -> bool:
        """Whether `encode_spans` works: it needs mean pooling and a fast tokenizer."""

    @property
    @abstractmethod
    def truncate_dim(self) -> int | None:
        """How many dimensions of a vector are kept, as in sentence-transformers; None for all."""

    @property
    def prompts(self) -> dict[str, str]:
        """What is put before queries and documents, by "query" and "document"; {} for nothing."""
        texts = {"query": self._query_prompt(), "document": self._document_prompt()}
        return {role: text for role, text in texts.items() if text}

    @abstractmethod
    def token_counter(self) -> Callable[[str], int] | None:
        """Make a function that counts tokens as the model does.

        Returns:
            A function from a text to the number of its tokens, without special ones; None if the
            model has no tokenizer.
        """

    @abstractmethod
    def encode_queries(self, queries: Sequence[str]) -> np.ndarray:
        """Encode queries, each after the model's query prompt if it has one.

        Args:
            queries: Any strings.

        Returns:
            Float array (n_queries, dim).
        """

    @abstractmethod
    def encode_sentences(self, sentences: Sequence[str]) -> np.ndarray:
        """Encode sentences, each after the model's document prompt if it has one.

        Args:
            sentences: Any strings.

        Returns:
            Float array (n_sentences, dim).
        """

    @property
    def max_tokens(self) -> int | None:
        """The most tokens of a text that are read at one time; None for no limit.

        Those around it are not counted: the special ones and the prompt.
        """
        room = self._room()
        if room is None:
            return None
        prompts = [p for p in (self._query_prompt(), self._document_prompt()) if p]
        return max(1, room - max(map(len, self._token_offsets(prompts)), default=0))

    def token_windows(self, text: str, max_tokens: int | None = None) -> list[tuple[int, int]]:
        """Cut a text into overlapping windows, between words if possible.

        Args:
            text: The text.
            max_tokens: Tokens of a window; by default `self.max_tokens`.

        Returns:
            Spans in characters, ascending, from the start of the text to its end. One if it fits.
        """
        room = self.max_tokens if max_tokens is None else max_tokens
        if room is None or surely_fits(text, room):
            return [(0, len(text))]
        return cut_windows(text, self._token_offsets([text])[0], room)

    @abstractmethod
    def save_pretrained(self, folder: str) -> None:
        """Write the model as sentence-transformers does.

        Args:
            folder: Where to write.
        """

    def encode_spans(
        self, texts: Sequence[str], spans: Sequence[Sequence[tuple[int, int]]]
    ) -> list[np.ndarray]:
        """Encode spans within their texts, as the mean over each span's token vectors.

        A text longer than the model's window is read through overlapping windows.

        Args:
            texts: Any strings.
            spans: For each text its spans, in characters, ascending.

        Returns:
            For each text a float array (n_spans, dim). A span without tokens, of characters that
            the tokenizer drops, gets the zero vector.

        Raises:
            ValueError: The model is not mean-pooled.
        """
        if not self.can_encode_spans:
            raise ValueError(
                'context="document" needs a transformer that is mean-pooled; this model is '
                f'{self._module_names()}: use context="title"'
            )
        return [self._finish(v) for v in self._means(self._document_prompt(), texts, spans)]

    def _means(
        self,
        prompt: str,
        texts: Sequence[str],
        spans: Sequence[Sequence[tuple[int, int]]],
    ) -> list[np.ndarray]:
        """The mean over each span's token vectors, before the modules after pooling."""
        windows = self._windows([prompt + replace_surrogates(text) for text in texts])
        edges = [np.asarray(s, dtype=np.int64).reshape(-1, 2) + len(prompt) for s in spans]
        sums = [np.zeros((len(s), self._hidden_size()), dtype=np.float32) for s in spans]
        counts = [np.zeros(len(s), dtype=np.int64) for s in spans]
        for window, vectors in self._token_vectors(windows):
            if not len(edges[window.text]):
                continue
            positions, members = window.tokens_in(edges[window.text])
            if not len(members):
                continue
            # Neighbouring tokens mostly belong to one span, so each run is added at once.
            runs = np.flatnonzero(np.diff(members, prepend=-1))
            totals = np.add.reduceat(vectors[positions], runs, axis=0)
            np.add.at(sums[window.text], members[runs], totals)
            np.add.at(counts[window.text], members[runs], np.diff(runs, append=len(members)))
        return [
            total / np.maximum(count, 1).astype(np.float32)[:, None]
            for total, count in zip(sums, counts, strict=True)
        ]

    def _with_long(
        self,
        prompt: str,
        texts: Sequence[str],
        long: Sequence[int],
        encode: Callable[[Sequence[str]], np.ndarray],
    ) -> np.ndarray:
        """The vectors of texts of which some are longer than the window.

        Args:
            prompt: What is put before each text.
            texts: The texts.
            long: The positions of those that are longer than the window, at least one.
            encode: Encodes texts that fit.

        Returns:
            Float array (n_texts, dim).
        """
        too_long = [texts[n] for n in long]
        if self.can_encode_spans:
            whole = [[(0, len(text))] for text in too_long]
            read = self._finish(np.concatenate(self._means(prompt, too_long, whole)))
        else:
            read = np.stack([self._mean_of_windows(text, encode) for text in too_long])
        vectors = np.empty((len(texts), read.shape[1]), dtype=np.float32)
        vectors[list(long)] = read
        fits = sorted(set(range(len(texts))).difference(long))
        if fits:
            vectors[fits] = encode([texts[n] for n in fits])
        return vectors

    def _mean_of_windows(
        self, text: str, encode: Callable[[Sequence[str]], np.ndarray]
    ) -> np.ndarray:
        """The mean of the windows' vectors, as long as they are on average."""
        vectors = encode([text[start:end] for start, end in self.token_windows(text)])
        mean: np.ndarray = vectors.mean(axis=0)
        length, wanted = np.linalg.norm(mean), np.linalg.norm(vectors, axis=1).mean()
        return mean * (wanted / length) if length else mean

    @abstractmethod
    def _room(self) -> int | None:
        """Tokens of a window, without the special ones; None for no limit."""

    @abstractmethod
    def _token_offsets(self, texts: Sequence[str]) -> list[Sequence[tuple[int, int]]]:
        """For each text start and end of its tokens, in characters, without special ones."""

    @abstractmethod
    def _query_prompt(self) -> str:
        """The text that is put before a query."""

    @abstractmethod
    def _module_names(self) -> list[str]:
        """The model's modules, for an error message."""

    @abstractmethod
    def _document_prompt(self) -> str:
        """The text that is put before a document."""

    @abstractmethod
    def _hidden_size(self) -> int:
        """The size of a token vector."""

    @abstractmethod
    def _windows(self, texts: Sequence[str]) -> list[EncoderWindow]:
        """All texts cut into windows of at most the model's length, sorted by length."""

    @abstractmethod
    def _token_vectors(
        self, windows: Sequence[EncoderWindow]
    ) -> Iterable[tuple[EncoderWindow, np.ndarray]]:
        """Each window with its token vectors, (n_tokens, hidden)."""

    @abstractmethod
    def _finish(self, vectors: np.ndarray) -> np.ndarray:
        """The modules after pooling (dense layers, normalising), then the cut of dimensions."""
