"""The losses of a dual encoder, functions of similarities and labels (paper, section 3.1).

All losses see the same ragged batch, a `Candidates`: each question may have any number of
negatives. To add a loss, write it here, register it in `LOSSES`, and add its name to
`settings.LossName`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from .settings import ExtractiveSettings, LossName

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Candidates:
    """The labels of the candidate sentences of a batch of questions, each (n_candidates,).

    Attributes:
        owner: The question of the batch that a candidate belongs to.
        positive: Whether it is a positive of its question.
        negative: Whether it is a negative of its question. A candidate that is neither is not known
            to be worse: of its own question only the listwise loss uses it.
        scores: The reader's scores; not-a-number where they are not known.
        same: A number from 0 to n_candidates - 1, equal for equal texts: a sentence that a question
            needs is no negative of it when another question has the same sentence.
    """

    owner: Tensor
    positive: Tensor
    negative: Tensor
    scores: Tensor
    same: Tensor


Loss = Callable[["Tensor", Candidates], "Tensor"]
"""Similarities (n_queries, n_candidates) and labels to a scalar."""


def in_batch_loss(similarities: Tensor, candidates: Candidates) -> Tensor:
    """Contrast the positive with its own negatives and all candidates of the other questions.

    With one positive and equally many negatives per question it is the multiple-negatives ranking
    loss of the authors' script. Several positives of a question have the same weight and are not
    contrasted with each other.

    Args:
        similarities: Scaled similarities, (n_queries, n_candidates).
        candidates: The labels.

    Returns:
        The loss, a scalar in nats.
    """
    own, positive = _masks(similarities, candidates)
    wanted = _texts(positive, candidates.same)
    others = ~own & ~wanted
    return _contrast(similarities, positive, others | (own & candidates.negative))


def candidates_loss(similarities: Tensor, candidates: Candidates) -> Tensor:
    """Contrast the positive with its own negatives alone, which is the algorithm of the paper.

    Args:
        similarities: Scaled similarities, (n_queries, n_candidates).
        candidates: The labels.

    Returns:
        The loss, a scalar in nats.
    """
    own, positive = _masks(similarities, candidates)
    return _contrast(similarities, positive, own & candidates.negative)


def listwise_loss(
    similarities: Tensor, candidates: Candidates, *, temperature: float = 1.0
) -> Tensor:
    """Measure how far the similarities are from the reader's scores.

    It is KL(softmax(scores / temperature) || softmax(similarities)) over each question's own
    candidates with a known score. A question with fewer than two of them does not count.

    Args:
        similarities: Scaled similarities, (n_queries, n_candidates).
        candidates: The labels.
        temperature: The reader's scores are divided by it.

    Returns:
        The loss, a scalar in nats; 0 is perfect.
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
    # A candidate to which the teacher gives no probability adds nothing: 0 · log 0 = 0.
    each = (teacher.exp() * (teacher - student)).masked_fill(~known, 0.0)
    return each.sum(1).mean()


def loss_function(settings: ExtractiveSettings) -> Loss:
    """Make the loss that the settings name, with the share of the listwise one.

    Args:
        settings: The settings of the training.

    Returns:
        The loss.
    """
    main = LOSSES[settings.loss].make(settings)
    if settings.loss == "listwise" or not settings.listwise_weight:
        return main
    listwise = LOSSES["listwise"].make(settings)

    def both(similarities: Tensor, candidates: Candidates) -> Tensor:
        added = settings.listwise_weight * listwise(similarities, candidates)
        return main(similarities, candidates) + added

    return both


@dataclass(frozen=True)
class LossEntry:
    """A loss that the settings can name.

    Attributes:
        make: Makes the loss from the settings.
        reads_scores: Whether it needs all candidates with a known score, not only positives and
            negatives.
    """

    make: Callable[[ExtractiveSettings], Loss]
    reads_scores: bool = False


LOSSES: Mapping[LossName, LossEntry] = {
    "in-batch": LossEntry(lambda _: in_batch_loss),
    "candidates": LossEntry(lambda _: candidates_loss),
    "listwise": LossEntry(
        lambda settings: partial(listwise_loss, temperature=settings.teacher_temperature),
        reads_scores=True,
    ),
}
"""The losses by name."""


def _masks(similarities: Tensor, candidates: Candidates) -> tuple[Tensor, Tensor]:
    """(n_queries, n_candidates): which candidates are a query's own, and its positives."""
    import torch

    rows = torch.arange(len(similarities), device=similarities.device)
    own = candidates.owner == rows[:, None]
    return own, own & candidates.positive


def _texts(chosen: Tensor, same: Tensor) -> Tensor:
    """Per query, every candidate whose text is that of a chosen one."""
    texts = chosen.new_zeros(len(chosen), len(same))
    rows, columns = chosen.nonzero(as_tuple=True)
    texts[rows, same[columns]] = True
    return texts[:, same]


def _contrast(similarities: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
    """Mean over the queries of -log(e^p / (e^p + sum of e^n)), itself a mean over the positives p.

    A query without positives or without negatives does not count.
    """
    import torch

    against: Any = similarities.masked_fill(~negative, -float("inf")).logsumexp(1, keepdim=True)
    each = torch.nn.functional.softplus(against - similarities).masked_fill(~positive, 0.0)
    counts = positive.sum(1)
    asked = (counts > 0) & negative.any(1)
    if not asked.any():
        return similarities.sum() * 0
    return (each.sum(1)[asked] / counts[asked]).mean()
