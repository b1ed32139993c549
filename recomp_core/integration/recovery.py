"""What every framework's tool for dropped texts says and does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from .._utils.checks import check_whole


class _ToolText(NamedTuple):
    """What a model reads about the tool: its name, what it is for, and its arguments."""

    name: str
    description: str
    handle: str
    query: str


DROPPED_TOOL = _ToolText(
    "read_dropped",
    "Read the sentences that were left out of a compressed text. Use it when a text that has a "
    "handle lacks something you need.",
    "The handle that stands with the compressed text.",
    "What to look for; empty for everything in order.",
)
"""The tool's name, description and arguments, as a model reads them."""


def read_dropped_reply(compressor: Any, max_tokens: int) -> Callable[[str, str], str]:
    """Make the function behind a tool that reads dropped texts.

    Args:
        compressor: An object with `read_dropped(handle, query, max_tokens=…)`.
        max_tokens: The most tokens of one reply.

    Returns:
        A function from a handle and a query to the sentences, one a line, or to a sentence that
        says why there are none.

    Raises:
        ValueError: The compressor keeps nothing of what it drops, or `max_tokens` is less than 1.
        TypeError: It has no `read_dropped`.
    """
    check_whole("max_tokens", max_tokens)
    if not hasattr(compressor, "read_dropped"):
        raise TypeError(
            f"{type(compressor).__name__} has no read_dropped: give a compressor that was made "
            "with recovery, or its DroppedTexts"
        )
    compressor.read_dropped("")  # raises now where nothing is kept, not in an agent's turn

    def read(handle: str, query: str) -> str:
        return str(compressor.read_dropped(handle, query, max_tokens=max_tokens))

    return read
