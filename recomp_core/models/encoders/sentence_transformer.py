"""Encoders of sentences, alone or within their document, by a sentence-transformers model."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property, partial
from pathlib import PurePath
from typing import Any

import numpy as np

from ...runtime.forking import ForkSafeLock, torch_works_here
from ...text.splitting import replace_surrogates
from .span_pooling import (
    EncoderWindow,
    SpanPoolingEncoder,
    TokenizedWindow,
    assign_tokens,
)
from .windows import TokenizerWindows, surely_fits, uncut_copy, window_overlap


class SentenceTransformerEncoder(SpanPoolingEncoder):
    """An encoder around a `SentenceTransformer`; safe to call from several threads.

    In a process that was forked after it was made it continues with one thread, and logs that.

    Args:
        model: The `SentenceTransformer`.
        batch_size: Sentences, or windows of a document, per forward pass. Inputs are sorted by
            length first, so small batches waste little padding; on a CPU 8 to 16 is fastest.

    Attributes:
        model: See above.
        batch_size: See above.
    """

    def __init__(self, model: Any, *, batch_size: int = 16) -> None:
        super().__init__(batch_size=batch_size)
        self.model = model
        # A tokenizer's padding and truncation are state of the shared object. Two threads that set
        # them at the same time make it raise "Already borrowed".
        self._lock = ForkSafeLock()
        torch_works_here()

    def __repr__(self) -> str:
        config = getattr(getattr(self.model, "transformers_model", None), "config", None)
        name = getattr(config, "_name_or_path", "") or type(self.model).__name__
        shown = "/".join(PurePath(name).parts[-2:])
        device = getattr(self.model, "device", "cpu")
        return f"SentenceTransformerEncoder({shown!r}, device={str(device)!r})"

    def encode_queries(self, queries: Sequence[str]) -> np.ndarray:
        """Encode queries. See `SpanPoolingEncoder.encode_queries`."""
        return self._encode(self.model.encode_query, self._query_prompt(), queries)

    def encode_sentences(self, sentences: Sequence[str]) -> np.ndarray:
        """Encode sentences. See `SpanPoolingEncoder.encode_sentences`."""
        return self._encode(self.model.encode_document, self._document_prompt(), sentences)

    def encode_spans(
        self, texts: Sequence[str], spans: Sequence[Sequence[tuple[int, int]]]
    ) -> list[np.ndarray]:
        """Encode spans within their texts. See `SpanPoolingEncoder.encode_spans`."""
        torch_works_here()
        with self._lock:
            return super().encode_spans(texts, spans)

    @property
    def can_encode_spans(self) -> bool:
        """Whether `encode_spans` works: it needs mean pooling and a fast tokenizer."""
        modules = list(self.model)
        return (
            len(modules) >= 2
            and getattr(self.model, "transformers_model", None) is not None
            and getattr(modules[1], "pooling_mode", None) == "mean"
            and getattr(self.model.tokenizer, "is_fast", False)
        )

    @property
    def truncate_dim(self) -> int | None:
        """How many dimensions of a vector are kept, as in sentence-transformers; None for all."""
        size: int | None = self.model.truncate_dim
        return size

    def token_counter(self) -> Callable[[str], int] | None:
        """Make a function that counts tokens as the model does.

        It counts on a copy of the tokenizer, because counting switches truncation off, and the
        encoder needs it on.

        Returns:
            A function from a text to the number of its tokens, without special ones; None if the
            model has no tokenizer.
        """
        from ...text.tokens import count_with

        tokenizer = getattr(self.model, "tokenizer", None)
        return None if tokenizer is None else partial(count_with, uncut_copy(tokenizer))

    def save_pretrained(self, folder: str) -> None:
        """Write the model as sentence-transformers does. See `SpanPoolingEncoder`."""
        self.model.save_pretrained(folder)

    def _encode(self, encode: Any, prompt: str, texts: Sequence[str]) -> np.ndarray:
        torch_works_here()
        with self._lock:
            long = self._longer_than_window(prompt, texts)
            if long:
                return self._with_long(prompt, texts, long, partial(self._encode_short, encode))
            return self._encode_short(encode, texts)

    def _encode_short(self, encode: Any, texts: Sequence[str]) -> np.ndarray:
        vectors = encode(
            [replace_surrogates(text) for text in texts],
            batch_size=self.batch_size,
            show_progress_bar=False,
            convert_to_numpy=True,
        )
        return np.asarray(vectors, dtype=np.float32)

    def _longer_than_window(self, prompt: str, texts: Sequence[str]) -> list[int]:
        room = self._room()
        if room is None:
            return []
        unsure = [n for n, text in enumerate(texts) if not surely_fits(prompt + text, room)]
        offsets = self._token_offsets([prompt + texts[n] for n in unsure])
        return [n for n, found in zip(unsure, offsets, strict=True) if len(found) > room]

    @cached_property
    def _tokens(self) -> TokenizerWindows:
        return TokenizerWindows(self.model.tokenizer, None)

    def _token_offsets(self, texts: Sequence[str]) -> list[Sequence[tuple[int, int]]]:
        return self._tokens.offsets(texts)

    def _room(self) -> int | None:
        tokenizer = getattr(self.model, "tokenizer", None)
        if tokenizer is None:
            return None
        if not callable(tokenizer):  # of static embeddings, whose window is what it cuts
            return (tokenizer.truncation or {}).get("max_length")
        length = self.model.max_seq_length
        if length is None or not math.isfinite(length):
            return None
        return max(1, length - tokenizer.num_special_tokens_to_add())

    def _module_names(self) -> list[str]:
        return [type(module).__name__ for module in self.model]

    def _query_prompt(self) -> str:
        return (getattr(self.model, "prompts", None) or {}).get("query") or ""

    def _document_prompt(self) -> str:
        return (getattr(self.model, "prompts", None) or {}).get("document") or ""

    def _hidden_size(self) -> int:
        size: int = next(iter(self.model)).get_embedding_dimension()
        return size

    def _windows(self, texts: Sequence[str]) -> list[EncoderWindow]:
        tokenizer = self.model.tokenizer
        length = self.model.max_seq_length or 512
        overlap = window_overlap(length - tokenizer.num_special_tokens_to_add())
        encoded = tokenizer(
            list(texts),
            truncation=True,
            max_length=length,
            stride=overlap,
            return_overflowing_tokens=True,
            return_offsets_mapping=True,
            return_special_tokens_mask=True,
        )
        inputs = [key for key in encoded if key in tokenizer.model_input_names]
        rows = [
            TokenizedWindow(
                text,
                {key: encoded[key][number] for key in inputs},
                encoded["special_tokens_mask"][number],
                encoded["offset_mapping"][number],
            )
            for number, text in enumerate(encoded["overflow_to_sample_mapping"])
        ]
        return assign_tokens(rows, overlap)

    def _token_vectors(
        self, windows: Sequence[EncoderWindow]
    ) -> Iterator[tuple[EncoderWindow, np.ndarray]]:
        import torch

        transformer = next(iter(self.model))
        left = self.model.tokenizer.padding_side == "left"
        for first in range(0, len(windows), self.batch_size):
            batch = windows[first : first + self.batch_size]
            features = self.model.tokenizer.pad(
                [window.features for window in batch], return_tensors="pt"
            ).to(self.model.device)
            with torch.inference_mode():
                tokens = transformer(dict(features))["token_embeddings"].float().cpu().numpy()
            for window, vectors in zip(batch, tokens, strict=True):
                length = len(window.features["input_ids"])
                yield window, vectors[-length:] if left else vectors[:length]

    def _finish(self, vectors: np.ndarray) -> np.ndarray:
        import torch

        features = {"sentence_embedding": torch.from_numpy(vectors).to(self.model.device)}
        with torch.inference_mode():
            for module in list(self.model)[2:]:
                features = module(features)
        finished = features["sentence_embedding"].float().cpu().numpy()
        return finished[:, : self.model.truncate_dim]
