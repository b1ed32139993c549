"""What makes a record of a question, as the runs see it. Standard library only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from ..data import Question
from ..runtime.budget import Meter


@dataclass(frozen=True, slots=True)
class Labelled:
    """What became of a question. `record`: JSON values."""

    status: Literal["example", "unhelpful"]
    record: Mapping[str, Any]


class Labeller(Protocol):
    """Questions to records."""

    @property
    def identity(self) -> Mapping[str, Any]:
        """JSON values that decide the labels."""

    @property
    def meters(self) -> Sequence[Meter]:
        """What counts the requests and tokens of a run."""

    def label(self, questions: Sequence[Question]) -> Iterable[Labelled | Exception]:
        """A record, or the error that befell it, for each question, in order.

        A `BudgetError` means that the run should end.
        """
