"""Summarizers whose weights are not read yet: what can't work is found in seconds, not minutes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import SimpleNamespace
from typing import Any

from .causal import CausalSummarizerBase
from .local import LocalSummarizer


def unread_summarizer(config: Any, tokenizer: Any, **settings: Any) -> LocalSummarizer:
    """Make the summarizer of a model, without the model.

    It runs the checks that the one with weights will run, and counts and cuts as that one.

    Args:
        config: The model's config, of transformers; it decides the kind.
        tokenizer: The model's tokenizer.
        **settings: See `GenerationSettings`.

    Returns:
        A summarizer that can't write.

    Raises:
        ValueError: A setting or the chat template can't work.
    """
    made = _Unread if getattr(config, "is_encoder_decoder", False) else _UnreadCausal
    return made(SimpleNamespace(config=config, generation_config=None), tokenizer, **settings)


class _Unread(LocalSummarizer):
    def _generate(self, inputs: Sequence[list[int]]) -> list[list[int]]:
        raise NotImplementedError

    def _stream(self, inputs: list[int]) -> Iterator[int]:
        raise NotImplementedError


class _UnreadCausal(CausalSummarizerBase, _Unread):
    def _tell_of_missing_template(self, name: str) -> None:
        """The one with weights will."""
