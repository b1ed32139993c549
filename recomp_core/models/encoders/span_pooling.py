"""Texts through a transformer's window, and their token vectors pooled span by span.

What every encoder that shows its token vectors shares, whichever library computes them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from ..._utils.checks import check_whole
from ...text.splitting import replace_surrogates

# Overlap of neighbouring windows over a long document, as a part of the window: a token is read
# from the window in which it stands farther from the edge.
_OVERLAP = 0.25


@dataclass(frozen=True)
class TokenizedWindow:
    """One window as a tokenizer gives it: the windows of a text follow each other.

    text: the number of the text. features: what the model reads, `input_ids` among it.
    special: 1 for each token that the tokenizer put around the text. offsets: of each token, in
    the text.
    """

    text: int
    features: dict[str, list[int]]
    special: Sequence[int]
    offsets: Sequence[tuple[int, int]]


@dataclass(frozen=True)
class EncoderWindow:
    """A stretch of a text that fits the model.

    own: positions in the window of the tokens that are read from it; offsets: theirs, in the text.
    """

    text: int
    features: dict[str, list[int]]
    own: np.ndarray  # (n_own,)
    offsets: np.ndarray  # (n_own, 2)

    def tokens_in(self, edges: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Positions of the own tokens that begin within a span, and which span each is in.

        `edges`: the spans, (n_spans, 2), ascending.
        """
        begins = self.offsets[:, 0]
        span = np.searchsorted(edges[:, 0], begins, side="right") - 1
        inside = (span >= 0) & (begins < edges[span, 1]) & (self.offsets[:, 1] > begins)
        return self.own[inside], span[inside]


def overlap_of(room: int) -> int:
    """How many tokens two neighbouring windows share, of `room` tokens each."""
    return int(room * _OVERLAP)


def shared_out(rows: Sequence[TokenizedWindow], overlap: int) -> list[EncoderWindow]:
    """The rows as windows, sorted by length: each token of a text is some window's own once."""
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
    """An encoder with `encode_spans`, made of what a backend knows how to do.

    batch_size: sentences, or windows of a document, per forward pass.
    """

    def __init__(self, *, batch_size: int) -> None:
        check_whole("batch_size", batch_size)
        self.batch_size = batch_size

    @property
    @abstractmethod
    def can_encode_spans(self) -> bool:
        """Whether `encode_spans` works: a transformer with a fast tokenizer, pooled by the mean."""

    @property
    @abstractmethod
    def truncate_dim(self) -> int | None:
        """How many dimensions of a vector are left, as in sentence-transformers."""

    @abstractmethod
    def token_counter(self) -> Callable[[str], int] | None:
        """Counts tokens as the model does, special ones left out; None if it has no tokenizer."""

    @abstractmethod
    def encode_queries(self, queries: Sequence[str]) -> np.ndarray:
        """Float array (n_queries, dim); the model's query prompt, if any, is put before each."""

    @abstractmethod
    def encode_sentences(self, sentences: Sequence[str]) -> np.ndarray:
        """Float array (n_sentences, dim); its document prompt, if any, is put before."""

    @abstractmethod
    def save_pretrained(self, folder: str) -> None:
        """Write the model as sentence-transformers does."""

    def encode_spans(
        self, texts: Sequence[str], spans: Sequence[Sequence[tuple[int, int]]]
    ) -> list[np.ndarray]:
        """Per text a float array (n_spans, dim): the mean over each span's own token vectors.

        A text longer than the model's window is read through overlapping windows. A span without
        tokens (of characters that the tokenizer drops) gets the zero vector. Raises `ValueError` if
        the model does not pool by the mean.
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
            # Neighbouring tokens are mostly of one span: what is a run there is added at once.
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
        """What the model is made of, for a person."""

    @abstractmethod
    def _document_prompt(self) -> str:
        """What is put before a document."""

    @abstractmethod
    def _hidden_size(self) -> int:
        """The size of a token vector."""

    @abstractmethod
    def _windows(self, texts: Sequence[str]) -> list[EncoderWindow]:
        """Every text cut into windows of at most the model's length, sorted by length."""

    @abstractmethod
    def _token_vectors(
        self, windows: Sequence[EncoderWindow]
    ) -> Iterable[tuple[EncoderWindow, np.ndarray]]:
        """Each window with its token vectors, (n_tokens, hidden)."""

    @abstractmethod
    def _finish(self, vectors: np.ndarray) -> np.ndarray:
        """The modules after pooling (dense layers, normalising), then the cut of dimensions."""
