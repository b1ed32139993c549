"""Replies of which a score takes several, kept one by one.

A score is kept when it is whole. A process that is killed before has paid for some of its replies.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

from ..._utils.hashing import content_hash

if TYPE_CHECKING:
    from .cache import ResultCache

T = TypeVar("T")


class KeepsReplies:
    """A scorer, or a part of one, that keeps what it made of each reply."""

    _kept: ResultCache | None = None

    def keep_in(self, cache: ResultCache) -> None:
        """Keep replies from now on, and ask for none that the cache holds.

        Args:
            cache: Where they are kept.
        """
        self._kept = cache

    async def _once(self, asked: Any, ask: Callable[[], Awaitable[T]]) -> T:
        """The kept result of a request, or else that of `ask()`, which is then kept.

        asked: all that decides the result, JSON values. ask: gives JSON values; what it raises is
        not kept.
        """
        if self._kept is None:
            return await ask()
        key = content_hash("reply", asked)
        known: dict[str, T] = self._kept.get_many([key])
        if key in known:
            return known[key]
        result = await ask()
        self._kept.put(key, result)
        return result
