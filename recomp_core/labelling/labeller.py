"""Labellers as the runs see them: they make records of questions. Standard library only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from ..data import Question
from ..runtime.budget import Meter


@dataclass(frozen=True, slots=True)
class Labelled:
    """What a labeller made of a question.

    Attributes:
        status: "example" for a record to train on, "unhelpful" for one of a question that its
            documents do not help.
        record: JSON values.
    """

    status: Literal["example", "unhelpful"]
    record: Mapping[str, Any]


class Labeller(Protocol):
    """Makes records of questions."""

    @property
    def identity(self) -> Mapping[str, Any]:
        """JSON values that decide the records."""

    @property
    def meters(self) -> Sequence[Meter]:
        """The meters that count the requests and tokens of a run."""

    def label(self, questions: Sequence[Question]) -> Iterable[Labelled | Exception]:
        """Label questions.

        Args:
            questions: What to label.

        Returns:
            For each question its record, or the exception that it ended with, in order. A
            `BudgetError` means that the run should end.
        """
