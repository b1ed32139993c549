"""A compressor with other limits, and the same model."""

from __future__ import annotations

import copy
from typing import Any

from ..extractive.compressor import ExtractiveCompressor
from ..extractive.selection import check_selector
from ..text.tokens import TokenCounter, encoder_token_counter
from .factory import _combined_selector

LIMITS = ("top_k", "top_p", "min_score", "max_tokens", "selector", "tokenizer")
"""The settings that say how much is kept, see `with_limits`."""


def with_limits(
    compressor: Any,
    *,
    tokenizer: str | None = None,
    local_files_only: bool | None = None,
    **limits: Any,
) -> ExtractiveCompressor:
    """Copy a compressor that keeps sentences, with limits in place of its own.

    Args:
        compressor: The compressor; it is not changed. Model, store and queue are shared.
        tokenizer: See `compressor_from_settings`.
        local_files_only: See `compressor_from_settings`.
        **limits: The others of `LIMITS`, None for one that does not hold.

    Returns:
        The copy.

    Raises:
        ValueError: A limit is out of its bounds, none is given, or the compressor keeps no
            sentences.
    """
    named = {name: value for name, value in limits.items() if value is not None}
    if not isinstance(compressor, ExtractiveCompressor):
        raise ValueError(
            f"{', '.join(named) or 'limits'}: not for {type(compressor).__name__}, which does not "
            "keep sentences: leave them out"
        )
    if tokenizer is not None:
        counter: Any = TokenCounter(tokenizer, bool(local_files_only))
    else:
        counter = encoder_token_counter(compressor)
    every = dict.fromkeys(name for name in LIMITS if name != "tokenizer") | limits
    selector = _combined_selector(**every, count_tokens=counter)
    made = copy.copy(compressor)
    made.selector = check_selector(compressor.selector if selector is None else selector)
    return made
