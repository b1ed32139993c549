"""What the pictures of an evaluation show, whoever draws them: which measures, curves, times."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..results import Evaluation

if TYPE_CHECKING:
    from ..statistics import PointSummary

# Drawn over the rate where they are measured; of the fallbacks one, and only where there are none.
CURVE_MEASURES = ("answer_recall", "f1", "agreement")
FALLBACK_MEASURES = ("gold_recall", "exact_match", "support")

REFERENCES = ("all", "none", "oracle")
"""Systems that are no way to compress: drawn, but never called the best."""

MANY = 8
"""With more systems than this, intervals are drawn fainter."""

LABELS: Mapping[str, str] = {
    "rate": "compression rate",
    "answer_recall": "answer recall",
    "exact_match": "exact match",
    "f1": "F1 of the reader",
    "agreement": "agreement of the reader",
    "gold_precision": "gold precision",
    "gold_recall": "gold recall",
    "support": "support",
    "empty": "nothing kept",
}
SHORT_LABELS: Mapping[str, str] = {**LABELS, "f1": "F1", "agreement": "agreement"}
"""Where there is little room."""

# Told apart by people with any colour vision, and each readable on white as text is; the page
# has others for a dark background. With their marks and dashes they need no colour at all.
COLOURS = ("#0072b2", "#b84a00", "#00785a", "#a3417a", "#7a5c00", "#5b53c9", "#1d2329", "#5f6873")


@dataclass(frozen=True, slots=True)
class Spot:
    """A point of a picture. value: the mean, or the median time; low, high: its interval, or for a
    time the 95th percentile. told: the same in words.
    """

    rate: float
    value: float
    low: float
    high: float
    told: str


@dataclass(frozen=True, slots=True)
class Trace:
    """A system in a picture. curve: its spots by rising rate. own: its own setting, where that is
    not on the curve. number: which of the systems it is, the same in all pictures.
    """

    system: str
    number: int
    curve: tuple[Spot, ...]
    own: Spot | None = None

    @property
    def spots(self) -> tuple[Spot, ...]:
        """All of them."""
        return self.curve if self.own is None else (*self.curve, self.own)


def point_name(system: str, setting: str) -> str:
    """A system and its setting in one line."""
    return f"{system}, {setting}" if setting else system


def curve_measures(summaries: Iterable[PointSummary]) -> tuple[str, ...]:
    """The measures that have a picture: the one that matters most first."""
    found = {measure for summary in summaries for measure in summary.means}
    drawn = tuple(measure for measure in CURVE_MEASURES if measure in found)
    return drawn or tuple(measure for measure in FALLBACK_MEASURES if measure in found)[:1]


def curves(
    evaluation: Evaluation, summaries: Sequence[PointSummary], measure: str
) -> tuple[Trace, ...]:
    """A measure by compression rate, a trace for every system that has it."""

    def spot(summary: PointSummary) -> Spot | None:
        rate, found = summary.means.get("rate"), summary.means.get(measure)
        if rate is None or found is None:
            return None
        between = f"{percent(found.low)} to {percent(found.high)}, n = {found.n:,}"
        told = (
            f"{point_name(summary.system, summary.setting)}: {LABELS[measure]} "
            f"{percent(found.mean)} ({between}) at a rate of {percent(rate.mean)}"
        )
        return Spot(rate.mean, found.mean, found.low, found.high, told)

    return _traces(evaluation, summaries, spot, lambda system: evaluation.curve(system))


def times(evaluation: Evaluation, summaries: Sequence[PointSummary]) -> tuple[Trace, ...]:
    """Seconds of compressing by compression rate: one spot for every time that was measured.

    Settings that were read off one scoring share its time, which is shown at the first of them. The
    references have none worth showing.
    """
    seen: dict[str, list[tuple[float, float]]] = {}

    def spot(summary: PointSummary) -> Spot | None:
        rate, p50, p95 = summary.means.get("rate"), summary.p50, summary.p95
        if rate is None or p50 is None or p95 is None or summary.system in REFERENCES:
            return None
        known = seen.setdefault(summary.system, [])
        if (p50, p95) in known:
            return None
        known.append((p50, p95))
        told = (
            f"{point_name(summary.system, summary.setting)}: median {told_seconds(p50)}, "
            f"95th percentile {told_seconds(p95)} at a rate of {percent(rate.mean)}"
        )
        return Spot(rate.mean, p50, p50, p95, told)

    return _traces(evaluation, summaries, spot, lambda system: evaluation.settings(system))


def _traces(
    evaluation: Evaluation,
    summaries: Sequence[PointSummary],
    spot: Callable[[PointSummary], Spot | None],
    on_curve: Callable[[str], Sequence[str]],
) -> tuple[Trace, ...]:
    traces = []
    for number, system in enumerate(evaluation.systems):
        settings = set(on_curve(system))
        own = evaluation.settings(system)[0]
        spots = {
            summary.setting: found
            for summary in summaries
            if summary.system == system and (found := spot(summary)) is not None
        }
        line = [found for setting, found in spots.items() if setting in settings]
        trace = Trace(
            system,
            number,
            tuple(sorted(line, key=lambda found: found.rate)),
            None if own in settings else spots.get(own),
        )
        if trace.spots:
            traces.append(trace)
    return tuple(traces)


def percent(share: float) -> str:
    """A share as a percentage with one decimal; the number and its sign stay on one line."""
    return f"{100 * share:.1f}\u00a0%"


def told_seconds(seconds: float) -> str:
    """A duration in milliseconds or seconds, three digits."""
    if seconds < 1:
        return f"{1_000 * seconds:.3g}\u00a0ms"
    return f"{seconds:.3g}\u00a0s" if seconds < 1_000 else f"{seconds:,.0f}\u00a0s"
