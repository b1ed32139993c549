"""Rows of token ids: what a tokenizer puts before a text, and padding."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch


def leading_ids(tokenizer: Any) -> list[int]:
    """Find the special tokens that a tokenizer puts before a text.

    Args:
        tokenizer: One of transformers.

    Returns:
        Their ids; empty if there are none.
    """
    text = "a"
    bare = list(tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"])
    whole = list(tokenizer(text, verbose=False)["input_ids"])
    for start in range(len(whole) - len(bare) + 1):
        if whole[start : start + len(bare)] == bare:
            return whole[:start]
    return []


def pad_rows(
    rows: Sequence[Sequence[int]], *, pad: int = 0, left: bool = False
) -> tuple[torch.Tensor, torch.Tensor]:
    """Pad rows of ids to the width of the longest.

    Args:
        rows: The ids of each row.
        pad: The id that fills a row up.
        left: Whether the padding stands in front, as models want it that go on with a text.

    Returns:
        The ids and the mask, 1 for an id and 0 for padding, both (n_rows, width).
    """
    import torch

    width = max(map(len, rows))
    ids = torch.full((len(rows), width), pad)
    mask = torch.zeros_like(ids)
    for n, row in enumerate(rows):
        columns = slice(width - len(row), width) if left else slice(0, len(row))
        ids[n, columns] = torch.tensor(row, dtype=torch.long)
        mask[n, columns] = 1
    return ids, mask
