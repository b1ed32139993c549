"""Prompts to summaries with a local encoder-decoder model (paper, section 3.2)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ..token_rows import pad_rows
from .torch_writer import TorchSummarizer


class Seq2SeqSummarizer(TorchSummarizer):
    """Any encoder-decoder model of transformers, in torch: T5, BART, an `EncoderDecoderModel`.

    In float32 a summary does not depend on what else is in the batch, except for ties at the sixth
    digit. In bfloat16 padding can decide a near tie.

    Args:
        model: The model, on its device and in its number format; it is not changed.
        tokenizer: The model's tokenizer.
        **settings: See `GenerationSettings`.

    Raises:
        TypeError: See `LocalSummarizer`.
        ValueError: See `LocalSummarizer`.
    """

    def _generate(self, inputs: Sequence[list[int]], streamer: Any = None) -> list[list[int]]:
        written = self._write(*pad_rows(inputs, pad=self._pad), streamer)
        # The decoder's first token is no part of the text, and in BART the one that ends it too.
        return [self._up_to_end(row[1:]) for row in written]

    def _stream(self, inputs: list[int]) -> Iterator[int]:
        written = super()._stream(inputs)
        next(written, None)
        return written
