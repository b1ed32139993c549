"""Work in batches of similar length, and what to do when one of them fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

T = TypeVar("T")
R = TypeVar("R")


def fitting(model: Any) -> int:
    """How many tokens a pass should take: few on a CPU, whose caches must hold what is between the
    layers (512 was fastest of 128 to 4,096 on two cores), many on an accelerator.
    """
    return 512 if getattr(model.device, "type", "cpu") == "cpu" else 8192


def by_length(lengths: Sequence[int], max_tokens: int) -> Iterator[list[int]]:
    """Positions, longest first, in batches that take at most `max_tokens` once padded to their
    longest; one that is longer by itself stands alone.

    Longest first: if the memory does not suffice, that shows at once.
    """
    batch: list[int] = []
    for position in sorted(range(len(lengths)), key=lambda n: (-lengths[n], n)):
        if batch and lengths[batch[0]] * (len(batch) + 1) > max_tokens:
            yield batch
            batch = []
        batch.append(position)
    if batch:
        yield batch


def halving(
    run: Callable[[list[T]], Sequence[R]], items: Sequence[T]
) -> Iterator[tuple[T, R | Exception]]:
    """Each item with its result. A batch that fails, for want of memory or because of one item, is
    tried in halves; an item that fails alone gets the error.
    """
    items = list(items)
    try:
        results = run(items)
    except Exception as error:
        if len(items) == 1:
            yield items[0], error
            return
        middle = len(items) // 2
        yield from halving(run, items[:middle])
        yield from halving(run, items[middle:])
    else:
        yield from zip(items, results, strict=True)
