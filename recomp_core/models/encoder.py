"""A sentence-transformers model as the encoder of sentences, alone or within their document."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..splitting import replace_surrogates

# Overlap of neighbouring windows over a long document, as a part of the window: a token is read
# from the window in which it stands farther from the edge.
_OVERLAP = 0.25


class SentenceTransformerEncoder:
    """Wraps a `SentenceTransformer`; safe to call from several threads.

    batch_size: sentences, or windows of a document, per forward pass. Inputs are sorted by length
        first, so small batches waste little padding; on a CPU 8 to 16 is fastest.
    """

    def __init__(self, model: Any, *, batch_size: int = 16) -> None:
        if isinstance(batch_size, bool) or not isinstance(batch_size, int) or batch_size < 1:
            raise ValueError(f"batch_size must be a whole number of at least 1, got {batch_size!r}")
        self.model = model
        self.batch_size = batch_size
        # A tokenizer's padding and truncation are state of the shared object: two threads that
        # set them at once make it raise "Already borrowed".
        self._lock = threading.Lock()

    def encode_queries(self, queries: Sequence[str]) -> np.ndarray:
        """Float array (n_queries, dim); the model's query prompt, if any, is put before each."""
        return self._encode(self.model.encode_query, queries)

    def encode_sentences(self, sentences: Sequence[str]) -> np.ndarray:
        """Float array (n_sentences, dim); its document prompt, if any, is put before."""
        return self._encode(self.model.encode_document, sentences)

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
                f'{[type(module).__name__ for module in self.model]}: use context="title"'
            )
        prompt = (getattr(self.model, "prompts", None) or {}).get("document") or ""
        prompted = [prompt + replace_surrogates(text) for text in texts]
        with self._lock:
            windows = self._windows(prompted)
            sums, counts = self._pool(windows, len(prompt), spans)
            means = [
                (total / np.maximum(count, 1)[:, None]).astype(np.float32)
                for total, count in zip(sums, counts, strict=True)
            ]
            return [self._finish(vectors) for vectors in means]

    @property
    def can_encode_spans(self) -> bool:
        """Whether `encode_spans` works: a transformer with a fast tokenizer, pooled by the mean."""
        modules = list(self.model)
        return (
            len(modules) >= 2
            and getattr(self.model, "transformers_model", None) is not None
            and getattr(modules[1], "pooling_mode", None) == "mean"
            and getattr(self.model.tokenizer, "is_fast", False)
        )

    def _encode(self, encode: Any, texts: Sequence[str]) -> np.ndarray:
        with self._lock:
            vectors = encode(
                [replace_surrogates(text) for text in texts],
                batch_size=self.batch_size,
                show_progress_bar=False,
                convert_to_numpy=True,
            )
        return np.asarray(vectors, dtype=np.float32)

    def _windows(self, texts: Sequence[str]) -> list[_Window]:
        """Every text cut into windows of at most the model's length, sorted by length."""
        tokenizer = self.model.tokenizer
        length = self.model.max_seq_length or 512
        room = length - tokenizer.num_special_tokens_to_add()
        overlap = int(room * _OVERLAP)
        encoded = tokenizer(
            list(texts),
            truncation=True,
            max_length=length,
            stride=overlap,
            return_overflowing_tokens=True,
            return_offsets_mapping=True,
            return_special_tokens_mask=True,
        )
        rows = encoded["overflow_to_sample_mapping"]
        windows = []
        for row, text in enumerate(rows):
            first = row == 0 or rows[row - 1] != text
            last = row + 1 == len(rows) or rows[row + 1] != text
            ordinary = np.flatnonzero(np.asarray(encoded["special_tokens_mask"][row]) == 0)
            # Half of each overlap belongs to the window before, half to the one after.
            low = 0 if first else overlap // 2
            high = len(ordinary) - (0 if last else overlap - overlap // 2)
            features = {
                key: encoded[key][row] for key in encoded if key in tokenizer.model_input_names
            }
            offsets = np.asarray(encoded["offset_mapping"][row]).reshape(-1, 2)
            windows.append(_Window(text, features, ordinary[low:high], offsets[ordinary[low:high]]))
        return sorted(windows, key=lambda window: len(window.features["input_ids"]))

    def _pool(
        self,
        windows: Sequence[_Window],
        shift: int,
        spans: Sequence[Sequence[tuple[int, int]]],
    ) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Sums of token vectors and token counts per span: (n_spans, hidden), (n_spans,)."""
        import torch

        transformer = next(iter(self.model))
        hidden = transformer.get_embedding_dimension()
        sums = [np.zeros((len(s), hidden), dtype=np.float32) for s in spans]
        counts = [np.zeros(len(s), dtype=np.int64) for s in spans]
        edges = [np.asarray(s, dtype=np.int64).reshape(-1, 2) + shift for s in spans]
        for first in range(0, len(windows), self.batch_size):
            batch = windows[first : first + self.batch_size]
            features = self.model.tokenizer.pad(
                [window.features for window in batch], return_tensors="pt"
            ).to(self.model.device)
            with torch.inference_mode():
                tokens = transformer(dict(features))["token_embeddings"].float().cpu().numpy()
            left = self.model.tokenizer.padding_side == "left"
            for window, vectors in zip(batch, tokens, strict=True):
                positions, members = window.tokens_in(edges[window.text])
                if left:
                    positions = positions + len(vectors) - len(window.features["input_ids"])
                np.add.at(sums[window.text], members, vectors[positions])
                np.add.at(counts[window.text], members, 1)
        return sums, counts

    def _finish(self, vectors: np.ndarray) -> np.ndarray:
        """The modules after pooling (dense layers, normalising), then the cut of dimensions."""
        import torch

        features = {"sentence_embedding": torch.from_numpy(vectors).to(self.model.device)}
        with torch.inference_mode():
            for module in list(self.model)[2:]:
                features = module(features)
        finished = features["sentence_embedding"].float().cpu().numpy()
        return finished[:, : self.model.truncate_dim]


@dataclass(frozen=True)
class _Window:
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
