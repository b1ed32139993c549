"""Pairs of a query and a sentence that are longer than a cross-encoder's window."""

from __future__ import annotations

import math
from functools import cached_property
from typing import Any

from ..models.encoders.windows import TokenizerWindows, surely_fits
from .queries import QueryParts, query_parts

Pair = tuple[str, str]


class PairWindow:
    """The window of a cross-encoder. A `protocols.Windowed`.

    Args:
        tokenizer: The model's tokenizer.
        max_tokens: The most tokens of a pair, without special ones.

    Attributes:
        max_tokens: See above.
    """

    def __init__(self, tokenizer: Any, max_tokens: int) -> None:
        self._tokenizer = tokenizer
        self.max_tokens = max_tokens

    @classmethod
    def of(cls, model: Any) -> PairWindow | None:
        """Find the window of a model.

        Args:
            model: A cross-encoder.

        Returns:
            Its window; None if the model says nothing about it.
        """
        tokenizer = getattr(model, "tokenizer", None)
        length = getattr(model, "max_seq_length", None) or getattr(model, "max_length", None)
        special = getattr(tokenizer, "num_special_tokens_to_add", None)
        if special is None or not isinstance(length, (int, float)) or not math.isfinite(length):
            return None
        return cls(tokenizer, max(8, int(length) - special(pair=True)))

    def token_windows(self, text: str, max_tokens: int | None = None) -> list[tuple[int, int]]:
        """Cut a text into windows. See `protocols.Windowed`."""
        room = self.max_tokens if max_tokens is None else max_tokens
        # The tokenizer is copied only for what may not fit.
        return [(0, len(text))] if surely_fits(text, room) else self._cut(text, room)

    def pairs(self, query: str, head: str, text: str) -> list[Pair]:
        """Make pairs that fit.

        Args:
            query: The query.
            head: The lines before the sentence; they come before each of its windows.
            text: The sentence.

        Returns:
            The pair itself if it fits. Else each part of the query with each window of the
            sentence.
        """
        whole = f"{query}\n{head}{text}"
        if surely_fits(whole, self.max_tokens) or self._count(whole) <= self.max_tokens:
            return [(query, head + text)]
        return [
            (part, head + text[start:end])
            for part in self.parts(query).texts
            for start, end in self.token_windows(text, self._left(part + "\n" + head))
        ]

    def parts(self, query: str) -> QueryParts:
        """Divide a query that takes more than a third of the window.

        A title and a path may fill a quarter each, and the rest is the sentence's.

        Args:
            query: The query.

        Returns:
            Its parts.
        """
        return query_parts(query, self, self.max_tokens // 3)

    def _left(self, before: str) -> int:
        return max(self.max_tokens // 8, self.max_tokens - self._count(before))

    def _count(self, text: str) -> int:
        return len(self._windows.offsets([text])[0])

    def _cut(self, text: str, room: int) -> list[tuple[int, int]]:
        return self._windows.token_windows(text, room)

    @cached_property
    def _windows(self) -> TokenizerWindows:
        return TokenizerWindows(self._tokenizer, self.max_tokens)
