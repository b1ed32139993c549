"""One evaluation as the sections of its report use it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..results import Evaluation
from .pictures import curve_measures

if TYPE_CHECKING:
    from ..statistics import PointSummary

DECISIVE = 0.10
"""The rate at which the best system is named."""


class View:
    """An evaluation, summarized once.

    Args:
        evaluation: The evaluation.

    Attributes:
        summaries: A summary of every point.
        measures: The names of the measures that have a curve, the most important one first.
        name: A prefix that makes the ids of several views in one notebook differ.
    """

    def __init__(self, evaluation: Evaluation) -> None:
        from ..statistics import summarize

        self.evaluation = evaluation
        self.summaries: Sequence[PointSummary] = summarize(evaluation) if evaluation.rows else []
        self.measures = curve_measures(self.summaries)
        shown = repr([(s.system, s.setting, s.n, s.means) for s in self.summaries])
        self.name = f"recomp-{hashlib.sha256(shown.encode('utf-8', 'replace')).hexdigest()[:8]}"

    @property
    def unit(self) -> str:
        """What rates are counted in: "characters" or "tokens"."""
        counter = self.evaluation.about.get("tokenizer", "characters")
        return "characters" if counter in (None, "", "characters") else "tokens"

    def own(self) -> list[PointSummary]:
        """Return the summary of every system at its own setting."""
        own = {system: self.evaluation.settings(system)[0] for system in self.evaluation.systems}
        return [s for s in self.summaries if s.setting == own[s.system]]
