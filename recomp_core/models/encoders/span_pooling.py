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

# The overlap of neighbouring windows over a long document, as a fraction of the window. A token is
# read from the window in which it is farther from the edge.
_OVERLAP = 0.25


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


def window_overlap(room: int) -> int:
    """Choose how many tokens two neighbouring windows share.

    Args:
        room: Tokens of a window, without the special ones.

    Returns:
        A quarter of the window.
    """
    return int(room * _OVERLAP)


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
        prompt = self._document_prompt()
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
        means = [
            total / np.maximum(count, 1).astype(np.float32)[:, None]
            for total, count in zip(sums, counts, strict=True)
        ]
        return [self._finish(vectors) for vectors in means]

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
