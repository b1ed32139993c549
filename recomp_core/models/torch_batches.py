"""Batches of similar length, and what to do when one of them fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

T = TypeVar("T")
R = TypeVar("R")


def token_budget(model: Any) -> int:
    """Choose how many tokens one forward pass takes.

    Args:
        model: A model with a `device`.

    Returns:
        512 on a CPU, whose caches must hold what is between the layers (the fastest of 128 to
        4,096 on two cores); 8,192 on an accelerator.
    """
    return 512 if getattr(model.device, "type", "cpu") == "cpu" else 8192


def by_length(lengths: Sequence[int], max_tokens: int) -> Iterator[list[int]]:
    """Group positions into batches of similar length.

    The longest come first, so that a lack of memory shows at once.

    Args:
        lengths: The length of each item in tokens.
        max_tokens: The most tokens that a batch takes once it is padded to its longest item. An
            item that is longer makes a batch of its own.

    Yields:
        The positions of one batch.
    """
    batch: list[int] = []
    for position in sorted(range(len(lengths)), key=lambda n: (-lengths[n], n)):
        if batch and lengths[batch[0]] * (len(batch) + 1) > max_tokens:
            yield batch
            batch = []
        batch.append(position)
    if batch:
        yield batch


def run_with_bisection(
    run: Callable[[list[T]], Sequence[R]], items: Sequence[T]
) -> Iterator[tuple[T, R | Exception]]:
    """Run a batch, and run it in halves where it fails.

    A batch fails for lack of memory or because of a single item. The halves find that item.

    Args:
        run: Computes one result per item.
        items: The batch.

    Yields:
        Each item with its result, or with the error that it raised when it ran alone.
    """
    items = list(items)
    try:
        results = run(items)
    except Exception as error:
        if len(items) == 1:
            yield items[0], error
            return
        middle = len(items) // 2
        yield from run_with_bisection(run, items[:middle])
        yield from run_with_bisection(run, items[middle:])
    else:
        yield from zip(items, results, strict=True)
