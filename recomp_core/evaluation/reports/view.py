"""One evaluation as the sections of its report see it."""

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

    summaries: of every point. measures: those that have a curve, the one that matters most first.
    name: makes the ids of several views in one notebook differ.
    """

    def __init__(self, evaluation: Evaluation) -> None:
        from ..statistics import summarize

        self.evaluation = evaluation
        self.summaries: Sequence[PointSummary] = summarize(evaluation) if evaluation.rows else []
        self.measures = curve_measures(self.summaries)
        told = repr([(s.system, s.setting, s.n, s.means) for s in self.summaries])
        self.name = f"recomp-{hashlib.sha256(told.encode('utf-8', 'replace')).hexdigest()[:8]}"

    @property
    def unit(self) -> str:
        """What rates count."""
        counter = self.evaluation.about.get("tokenizer", "characters")
        return "characters" if counter in (None, "", "characters") else "tokens"

    def own(self) -> list[PointSummary]:
        """Of every system its own setting."""
        own = {system: self.evaluation.settings(system)[0] for system in self.evaluation.systems}
        return [s for s in self.summaries if s.setting == own[s.system]]
