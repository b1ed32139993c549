"""Pieces of a text on their way to the caller: what is held back, and where a stream ends."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from functools import partial

from ..runtime.batching import MicroBatcher


async def iterate_in_thread(pieces: Iterator[str], threads: MicroBatcher) -> AsyncIterator[str]:
    """Iterate in threads, without blocking the event loop.

    Args:
        pieces: The iterator to read.
        threads: The threads.

    Yields:
        Its pieces.
    """
    while (piece := await threads.run(partial(next, pieces, None))) is not None:
        yield piece


class LengthLimit:
    """Passes on a stream's pieces without the white space at either end, up to a length.

    Args:
        length: The most characters to pass on.
    """

    def __init__(self, length: int) -> None:
        self._left = length
        self._held: list[str] = []
        self._begun = False

    @property
    def reached(self) -> bool:
        """Whether the length is reached: nothing more passes."""
        return self._left <= 0

    def allow(self, piece: str) -> str:
        """Take a piece of the stream.

        Args:
            piece: The next piece.

        Returns:
            What may be passed on. White space at its end waits for the next piece.
        """
        solid = piece.rstrip()
        if not solid:
            if self._begun:
                self._held.append(piece)
            return ""
        allowed = "".join((*self._held, solid)) if self._begun else solid.lstrip()
        self._held = [piece[len(solid) :]]
        self._begun = True
        allowed = allowed[: self._left]
        self._left -= len(allowed)
        return allowed


def bare_words(text: str) -> str:
    """Reduce a text to its words, for comparing replies.

    Args:
        text: The text.

    Returns:
        Letters and digits only, case folded, with one space between words.
    """
    return " ".join(re.findall(r"[^\W_]+", text.casefold()))
