"""What a dual encoder is taught by: similarities of queries and candidates to one number.

All losses see the same ragged batch, a `Candidates`; how many negatives a question has does not
matter. Paper, section 3.1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .settings import ExtractiveSettings

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Candidates:
    """The candidate sentences of a batch of questions, in one row.

    owner: (n_candidates,), the question of the batch that each belongs to.
    positive, negative: (n_candidates,), bool. What is neither is not known to be worse, and no loss
        but the listwise one looks at it on behalf of its own question.
    scores: (n_candidates,), the reader's; not-a-number where they are not known.
    same: (n_candidates,), 0…n_candidates - 1, equal for equal texts: the sentence that one question
        needs is not held against it when another question brings it along.
    """

    owner: Tensor
    positive: Tensor
    negative: Tensor
    scores: Tensor
    same: Tensor


Loss = Callable[["Tensor", Candidates], "Tensor"]


def in_batch_loss(similarities: Tensor, candidates: Candidates) -> Tensor:
    """The positive against its own negatives and against all candidates of the other questions.

    similarities: (n_queries, n_candidates), scaled. With one positive and equally many negatives
    a question it is the multiple-negatives ranking loss of the authors' script; several positives
    of a question count alike, and never against each other.
    """
    own, positive = _masks(similarities, candidates)
    wanted = _texts(positive, candidates.same)
    others = ~own & ~wanted
    return _contrast(similarities, positive, others | (own & candidates.negative))


def candidates_loss(similarities: Tensor, candidates: Candidates) -> Tensor:
    """The positive against its own negatives alone: the algorithm as the paper writes it."""
    own, positive = _masks(similarities, candidates)
    return _contrast(similarities, positive, own & candidates.negative)


def listwise_loss(
    similarities: Tensor, candidates: Candidates, *, temperature: float = 1.0
) -> Tensor:
    """How far the similarities are from the reader's scores: KL(softmax(scores / temperature) ||
    softmax(similarities)) over each question's own candidates with a known score, in nats.

    A question with fewer than two of them says nothing. 0 is perfect.
    """
    own, _ = _masks(similarities, candidates)
    known = own & ~candidates.scores.isnan()
    counts = known.sum(1)
    asked = counts > 1
    if not asked.any():
        return similarities.sum() * 0
    known, rows = known[asked], similarities[asked]
    scores = (candidates.scores / temperature).expand_as(known)
    teacher = scores.masked_fill(~known, -float("inf")).log_softmax(1)
    student = rows.masked_fill(~known, -float("inf")).log_softmax(1)
    # Where the teacher gives nothing at all, nothing is lost: 0 · log 0 = 0.
    each = (teacher.exp() * (teacher - student)).masked_fill(~known, 0.0)
    return each.sum(1).mean()


def loss_function(settings: ExtractiveSettings) -> Loss:
    """The loss that the settings name, the share of the listwise one included."""

    def listwise(similarities: Tensor, candidates: Candidates) -> Tensor:
        return listwise_loss(similarities, candidates, temperature=settings.teacher_temperature)

    if settings.loss == "listwise":
        return listwise
    main = {"in-batch": in_batch_loss, "candidates": candidates_loss}[settings.loss]
    if not settings.listwise_weight:
        return main

    def both(similarities: Tensor, candidates: Candidates) -> Tensor:
        added = settings.listwise_weight * listwise(similarities, candidates)
        return main(similarities, candidates) + added

    return both


def _masks(similarities: Tensor, candidates: Candidates) -> tuple[Tensor, Tensor]:
    """(n_queries, n_candidates): which candidates are a query's own, and its positives."""
    import torch

    rows = torch.arange(len(similarities), device=similarities.device)
    own = candidates.owner == rows[:, None]
    return own, own & candidates.positive


def _texts(chosen: Tensor, same: Tensor) -> Tensor:
    """Per query every candidate whose text is that of a chosen one."""
    texts = chosen.new_zeros(len(chosen), len(same))
    rows, columns = chosen.nonzero(as_tuple=True)
    texts[rows, same[columns]] = True
    return texts[:, same]


def _contrast(similarities: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
    """Mean over the queries of -log(e^p / (e^p + sum of e^n)), itself a mean over the positives p.

    A query without positives or without negatives says nothing.
    """
    import torch

    against: Any = similarities.masked_fill(~negative, -float("inf")).logsumexp(1, keepdim=True)
    each = torch.nn.functional.softplus(against - similarities).masked_fill(~positive, 0.0)
    counts = positive.sum(1)
    asked = (counts > 0) & negative.any(1)
    if not asked.any():
        return similarities.sum() * 0
    return (each.sum(1)[asked] / counts[asked]).mean()
