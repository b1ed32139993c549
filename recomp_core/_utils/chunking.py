"""Long sequences in parts that fit into memory. Standard library only."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

_Item = TypeVar("_Item")


def chunks(
    items: Iterable[_Item], limit: int, size: Callable[[_Item], int] = lambda _: 1
) -> Iterator[list[_Item]]:
    """Cut a sequence into lists of consecutive items.

    Args:
        items: The items to cut; they are read as the chunks are asked for.
        limit: The largest sum of sizes in a chunk. A larger item is a chunk of its own.
        size: The size of an item; by default each counts 1.

    Yields:
        The chunks, none of them empty.
    """
    chunk: list[_Item] = []
    total = 0
    for item in items:
        if chunk and total + size(item) > limit:
            yield chunk
            chunk, total = [], 0
        chunk.append(item)
        total += size(item)
    if chunk:
        yield chunk
