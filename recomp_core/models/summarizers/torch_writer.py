"""What summarizers in torch share: one call of `generate`, and tokens one by one from a thread."""

from __future__ import annotations

import copy
import threading
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from functools import cached_property
from queue import SimpleQueue
from typing import Any

from ...runtime.forking import torch_works_here
from ..torch_inference import inference
from .local import LocalSummarizer

# For one more token of a stream that nobody reads on.
_LONGEST_WAIT_S = 5.0


class TorchSummarizer(LocalSummarizer):
    """A `LocalSummarizer` around a model of transformers.

    Args:
        model: The model, on its device and in its number format; it is not changed.
        tokenizer: The model's tokenizer.
        **settings: See `GenerationSettings`.

    Raises:
        TypeError: The model is of another kind.
        ValueError: See `LocalSummarizer`.
    """

    def __init__(self, model: Any, tokenizer: Any, **settings: Any) -> None:
        super().__init__(model, tokenizer, **settings)
        torch_works_here()

    def _make_ready(self) -> None:
        torch_works_here()

    @abstractmethod
    def _generate(self, inputs: Sequence[list[int]], streamer: Any = None) -> list[list[int]]:
        """As `LocalSummarizer._generate`; `streamer` is told each token as it is written."""

    def _write(self, ids: Any, mask: Any, streamer: Any) -> list[list[int]]:
        """What the model's `generate` returns for padded rows, both (n_rows, width)."""
        with self._model_lock, inference(self.model):
            outputs: list[list[int]] = self._writer.generate(
                input_ids=ids.to(self.model.device),
                attention_mask=mask.to(self.model.device),
                streamer=streamer,
            ).tolist()
        return outputs

    def _endings(self) -> dict[str, Any]:
        """Settings of `generate` beside those of the model's own generation config."""
        return {"eos_token_id": sorted(self._ends) or None}

    def _up_to_end(self, row: list[int]) -> list[int]:
        """An output without the padding behind its end."""
        end = next((n for n, token in enumerate(row) if token in self._ends), len(row) - 1)
        return row[: end + 1]

    @property
    def _pad(self) -> int:
        return self.model.generation_config.pad_token_id or 0

    def _stream(self, inputs: list[int]) -> Iterator[int]:
        streamer = _TokenStreamer()

        def run() -> None:
            try:
                self._generate([inputs], streamer)
            except Exception as error:
                streamer.written.put(error)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        try:
            yield from streamer
        finally:
            streamer.abandoned.set()
            # It ends with its next token. Left running, it would break the end of the process.
            thread.join(_LONGEST_WAIT_S)

    @cached_property
    def _writer(self) -> Any:
        """The model with our settings.

        A shallow copy shares the weights, and the caller's generation config stays as it is.
        """
        from transformers import GenerationConfig

        writer, theirs = copy.copy(self.model), self.model.generation_config
        # The last two are as in CTranslate2: it stops at `num_beams` finished beams, and a token
        # that `min_new_tokens` forbids takes no part of the probability.
        beams = {
            "length_penalty": self.settings.length_penalty,
            "early_stopping": True,
            "renormalize_logits": True,
        }
        writer.generation_config = GenerationConfig(
            max_new_tokens=self.settings.max_new_tokens,
            min_new_tokens=self.settings.min_new_tokens,
            num_beams=self.settings.num_beams,
            do_sample=False,
            use_cache=True,
            **(beams if self.settings.num_beams > 1 else {}),
            **{
                **{name: getattr(theirs, name, None) for name in SPECIAL_TOKENS},
                **self._endings(),
            },
        )
        return writer


SPECIAL_TOKENS = (
    "bos_token_id",
    "eos_token_id",
    "pad_token_id",
    "decoder_start_token_id",
    "forced_bos_token_id",
)
"""The parts of a model's generation config that a summarizer keeps."""


class _Abandoned(Exception):  # noqa: N818
    """The stream's reader is gone."""


class _TokenStreamer:
    """The target of `generate(streamer=)`, read from another thread."""

    def __init__(self) -> None:
        self.written: SimpleQueue[list[int] | Exception | None] = SimpleQueue()
        self.abandoned = threading.Event()

    def put(self, tokens: Any) -> None:
        if self.abandoned.is_set():
            raise _Abandoned
        self.written.put(tokens.flatten().tolist())

    def end(self) -> None:
        self.written.put(None)

    def __iter__(self) -> Iterator[int]:
        while (tokens := self.written.get()) is not None:
            if isinstance(tokens, Exception):
                raise tokens
            yield from tokens
