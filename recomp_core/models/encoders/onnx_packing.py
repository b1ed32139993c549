"""Pack sequences of tokens into tables with hardly any padding."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

# Rows are at least this wide. Wide rows are filled better, narrow rows waste less on attention
# across their sequences, so the best of these widths is taken.
_WIDTHS = (32, 48, 64, 96, 128)
# The cost of a table besides that of its places, in places: one run reads all weights.
_COST_OF_TABLE = 20

_APART = np.float32(-1e9)  # leaves nothing of a score after the softmax


@dataclass(frozen=True)
class PackedTable:
    """Some sequences as one table.

    Attributes:
        rows: For each row of the table the numbers of its sequences, from left to right.
        width: The width of the table, in tokens; that of its longest row.
    """

    rows: tuple[tuple[int, ...], ...]
    width: int

    def feeds(self, sequences: Sequence[Sequence[int]]) -> dict[str, np.ndarray]:
        """Make the inputs of the graph.

        Args:
            sequences: All sequences of token ids, also those of other tables.

        Returns:
            Arrays by the names of the graph's inputs, see `onnx_graph.build_graph`.
        """
        ids = np.zeros((len(self.rows), self.width), dtype=np.int64)
        positions = np.zeros_like(ids)
        owner = np.full(ids.shape, -1, dtype=np.int32)
        for row, start, number in self.places(sequences):
            end = start + len(sequences[number])
            ids[row, start:end] = sequences[number]
            positions[row, start:end] = np.arange(end - start)
            owner[row, start:end] = number
        apart = owner[:, None, :, None] != owner[:, None, None, :]
        return {"ids": ids, "positions": positions, "mask": np.where(apart, _APART, np.float32(0))}

    def places(self, sequences: Sequence[Sequence[int]]) -> Iterator[tuple[int, int, int]]:
        """Locate the sequences of this table.

        Args:
            sequences: All sequences of token ids, also those of other tables.

        Yields:
            Row, first column and number of each sequence.
        """
        for row, numbers in enumerate(self.rows):
            start = 0
            for number in numbers:
                yield row, start, number
                start += len(sequences[number])


def pack(lengths: Sequence[int], max_tokens: int, cost_of_width: float = 0.0) -> list[PackedTable]:
    """Pack sequences into tables as cheaply as possible.

    Args:
        lengths: The length of each sequence, in tokens.
        max_tokens: The most places of a table. A longer sequence makes a table of one row.
        cost_of_width: How much more a place costs for each place in its row, because of attention;
            as a fraction of the cost of a place in a row of its own.

    Returns:
        Tables that together hold each sequence once.
    """
    if not lengths:
        return []

    def cost(rows: int, width: int) -> float:
        return rows * width * (1 + cost_of_width * width) + _COST_OF_TABLE

    longest = max(lengths)
    widths = {width for width in _WIDTHS if width < longest} | {longest}
    choices = []
    for width in sorted(widths):
        rows = sorted(_rows(lengths, width), key=lambda row: -sum(lengths[n] for n in row))
        sizes = [sum(lengths[n] for n in row) for row in rows]
        total, cuts = _cut(sizes, max_tokens, cost)
        choices.append((total, cuts, rows, sizes))
    _, cuts, rows, sizes = min(choices, key=lambda choice: choice[0])
    return [PackedTable(tuple(rows[first:end]), sizes[first]) for first, end in cuts]


def _rows(lengths: Sequence[int], width: int) -> list[tuple[int, ...]]:
    """The sequences of each row: the longest first, each into the fullest row that has room.

    A sequence longer than `width` makes a row of its own.
    """
    rows: list[list[int]] = []
    free: list[tuple[int, int]] = []  # room, row: sorted
    for number in sorted(range(len(lengths)), key=lambda n: (-lengths[n], n)):
        length = lengths[number]
        fitting = bisect_left(free, (length, -1))
        if fitting < len(free):
            room, row = free.pop(fitting)
            rows[row].append(number)
        else:
            room, row = max(width, length), len(rows)
            rows.append([number])
        if room > length:
            insort(free, (room - length, row))
    return [tuple(row) for row in rows]


def _cut(
    sizes: Sequence[int], max_tokens: int, cost: Callable[[int, int], float]
) -> tuple[float, list[tuple[int, int]]]:
    """Cut rows of these sizes, descending, into the cheapest tables: the cost, and the cuts."""
    best = [0.0]  # of the first n rows
    begins = [0]  # of the last table among them
    for end in range(1, len(sizes) + 1):
        found = []
        for first in range(end - 1, -1, -1):
            if first < end - 1 and (end - first) * sizes[first] > max_tokens:
                break
            found.append((best[first] + cost(end - first, sizes[first]), first))
        total, first = min(found)
        best.append(total)
        begins.append(first)
    cuts = []
    end = len(sizes)
    while end:
        cuts.append((begins[end], end))
        end = begins[end]
    return best[-1], cuts[::-1]
