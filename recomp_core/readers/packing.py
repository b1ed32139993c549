"""Prompts and their answers in one row without padding: each token sees its own beginning only.

A padded batch computes the padding too, and a prompt with several answers once for each. In a pack
nothing is computed twice: the mask says what a token sees, the positions say where it stands.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

Ids = tuple[int, ...]


@dataclass(frozen=True)
class Branches:
    """A prompt and what may follow it.

    Attributes:
        prompt: Its ids, at least one.
        endings: The ids of each continuation, none of them empty.
    """

    prompt: Ids
    endings: tuple[Ids, ...]

    def width(self, before: int) -> int:
        """How many tokens a pack computes for it.

        Args:
            before: How many tokens of the prompt have been read.

        Returns:
            The number of tokens; the last one of a continuation is only predicted.
        """
        return len(self.prompt) - before + sum(len(ids) - 1 for ids in self.endings)


@dataclass(frozen=True)
class Pack:
    """One row for a model.

    Attributes:
        ids: (1, n).
        positions: (1, n), each token's own place in its text.
        visible: (1, 1, n, before + n), whether a token sees another, or one that was read before.
        predicting: (n_predicted,), the columns whose logits predict the continuations' tokens.
        predicted: (n_predicted,), the ids of these tokens.
        lengths: How many of them each continuation has, in order.
    """

    ids: torch.Tensor
    positions: torch.Tensor
    visible: torch.Tensor
    predicting: torch.Tensor
    predicted: torch.Tensor
    lengths: list[int]

    def mask(self, dtype: Any) -> torch.Tensor:
        """What is added to the attention's scores: 0 where a token sees another.

        Args:
            dtype: The model's.

        Returns:
            Of the shape of `visible`.
        """
        import torch

        added = torch.zeros(self.visible.shape, dtype=dtype)
        return added.masked_fill(~self.visible, torch.finfo(dtype).min)

    def sums(self, logits: torch.Tensor) -> list[float]:
        """Sum the natural log-probabilities of each continuation.

        Args:
            logits: (n_predicted, vocabulary), at the columns `predicting`.

        Returns:
            One sum per continuation, in order.
        """
        logits = logits.float()
        chosen = logits.gather(-1, self.predicted.to(logits.device)[:, None])[:, 0]
        logprobs = (chosen - logits.logsumexp(-1)).double().cpu()
        return [float(own.sum()) for own in logprobs.split(self.lengths)]


def pack(texts: Sequence[Branches], before: int = 0) -> Pack:
    """Put prompts and their continuations behind each other.

    Args:
        texts: The prompts.
        before: How many tokens at the beginning of all prompts have been read; at least the last
            token of each is left.

    Returns:
        The row.
    """
    import torch

    ids: list[int] = []
    positions: list[int] = []
    owners: list[int] = []  # the text that a token belongs to
    branches: list[int] = []  # the continuation that it belongs to, -1 in the prompt
    predicting: list[int] = []
    predicted: list[int] = []
    lengths: list[int] = []

    def add(part: Ids, first: int, owner: int, branch: int) -> range:
        columns = range(len(ids), len(ids) + len(part))
        ids.extend(part)
        positions.extend(range(first, first + len(part)))
        owners.extend([owner] * len(part))
        branches.extend([branch] * len(part))
        return columns

    for owner, text in enumerate(texts):
        last = add(text.prompt[before:], before, owner, -1)[-1]
        for ending in text.endings:
            columns = add(ending[:-1], len(text.prompt), owner, len(lengths))
            predicting += [last, *columns]
            predicted += ending
            lengths.append(len(ending))
    of_text, of_branch = torch.tensor(owners), torch.tensor(branches)
    order = torch.arange(len(ids))
    visible = (
        (of_text[:, None] == of_text)
        & (order[:, None] >= order)
        & ((of_branch == -1) | (of_branch[:, None] == of_branch))
    )
    visible = torch.cat([torch.ones(len(ids), before, dtype=torch.bool), visible], dim=1)
    return Pack(
        torch.tensor([ids]),
        torch.tensor([positions]),
        visible[None, None],
        torch.tensor(predicting),
        torch.tensor(predicted),
        lengths,
    )


def in_packs(widths: Sequence[int], max_tokens: int) -> Iterator[list[int]]:
    """Group positions into packs, in order.

    Args:
        widths: The tokens of each item.
        max_tokens: The most tokens of a pack. An item that is longer makes one of its own.

    Yields:
        The positions of one pack.
    """
    some: list[int] = []
    total = 0
    for position, width in enumerate(widths):
        if some and total + width > max_tokens:
            yield some
            some, total = [], 0
        some.append(position)
        total += width
    if some:
        yield some
