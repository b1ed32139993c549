"""Texts longer than a model's window: where to cut them. Standard library only."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from ...text.splitting import replace_surrogates
from ...text.tokens import count_with

# The overlap of neighbouring windows over a long text, as a fraction of the window.
_OVERLAP = 0.25
# From here on scripts are written without spaces, and a word may begin at any character.
_UNSPACED = "\u2e80"


def window_overlap(room: int) -> int:
    """Choose how many tokens two neighbouring windows share.

    Args:
        room: Tokens of a window, without the special ones.

    Returns:
        A quarter of the window.
    """
    return int(room * _OVERLAP)


def surely_fits(text: str, room: int) -> bool:
    """Tell without a tokenizer that a text has few tokens: it has at most one for each byte.

    Args:
        text: The text.
        room: The most tokens.

    Returns:
        True if it fits; False if only a tokenizer can tell.
    """
    return len(text) <= room and len(text.encode("utf-8", "surrogatepass")) <= room


def cut_windows(text: str, offsets: Sequence[tuple[int, int]], room: int) -> list[tuple[int, int]]:
    """Cut a text into overlapping windows, between words if possible.

    Args:
        text: The text.
        offsets: Start and end of each of its tokens, in characters.
        room: Tokens of a window, at least 1.

    Returns:
        Spans in characters, ascending, from the start of the text to its end. One if it fits.
    """
    count = len(offsets)
    if count <= room:
        return [(0, len(text))]
    overlap = window_overlap(room)
    windows = []
    first = 0
    while count - first > room:
        last = _word_start(text, offsets, first + room, first + room - room // 4)
        windows.append((offsets[first][0] if first else 0, offsets[last - 1][1]))
        first = _word_start(text, offsets, last - overlap // 2, last - overlap)
    return [*windows, (offsets[first][0], len(text))]


def _word_start(text: str, offsets: Sequence[tuple[int, int]], last: int, lowest: int) -> int:
    """The last token up to `last` that begins a word; `last` if none from `lowest` on does."""
    for number in range(last, max(lowest, 1) - 1, -1):
        start = offsets[number][0]
        before, at = text[start - 1 : start], text[start : start + 1]
        if not (before.isalnum() and at.isalnum()) or at >= _UNSPACED:
            return number
    return last


class TokenizerWindows:
    """The window of a model that reads with a tokenizer of transformers. A `protocols.Windowed`.

    Args:
        tokenizer: The tokenizer, or one of the library tokenizers.
        max_tokens: The most tokens of a text that the model reads, without special ones; None for
            no limit.

    Attributes:
        max_tokens: See above.
    """

    def __init__(self, tokenizer: Any, max_tokens: int | None) -> None:
        self._tokenizer = uncut_copy(tokenizer)
        self.max_tokens = max_tokens

    def token_windows(self, text: str, max_tokens: int | None = None) -> list[tuple[int, int]]:
        """Cut a text into windows. See `protocols.Windowed`."""
        room = self.max_tokens if max_tokens is None else max_tokens
        if room is None or surely_fits(text, room):
            return [(0, len(text))]
        return cut_windows(text, self.offsets([text])[0], room)

    def offsets(self, texts: Sequence[str]) -> list[Sequence[tuple[int, int]]]:
        """Find the tokens of texts.

        Args:
            texts: The texts.

        Returns:
            For each text start and end of its tokens, in characters. Where the tokenizer does not
            tell them, they are spread evenly over the text.
        """
        if not texts:
            return []
        texts = [replace_surrogates(text) for text in texts]
        if not callable(self._tokenizer):
            encodings = self._tokenizer.encode_batch(texts, add_special_tokens=False)
            return [encoding.offsets for encoding in encodings]
        if not getattr(self._tokenizer, "is_fast", False):
            counts = [count_with(self._tokenizer, text) for text in texts]
            return [_spread(len(text), n) for text, n in zip(texts, counts, strict=True)]
        found: list[Sequence[tuple[int, int]]] = self._tokenizer(
            texts, add_special_tokens=False, return_offsets_mapping=True, verbose=False
        )["offset_mapping"]
        return found


def uncut_copy(tokenizer: Any) -> Any:
    """Copy a tokenizer, so that counting does not change what the model's own one cuts.

    Args:
        tokenizer: A tokenizer of transformers or of the library tokenizers.

    Returns:
        The copy, which does not cut.
    """
    tokenizer = copy.deepcopy(tokenizer)
    if hasattr(tokenizer, "no_truncation"):
        tokenizer.no_truncation()
    return tokenizer


def _spread(length: int, count: int) -> list[tuple[int, int]]:
    edges = [number * length // max(count, 1) for number in range(count + 1)]
    return list(pairwise(edges))
