"""What the pictures of an evaluation show: which measures, curves and times, under which names.

`charts` and `plots` draw it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..measures import all_measures, find_measure
from ..results import Evaluation

if TYPE_CHECKING:
    from ..statistics import PointSummary

REFERENCES = ("all", "none", "oracle")
"""Systems that do not compress: they are drawn, but never named the best."""

MANY = 8
"""With more systems than this, intervals are fainter."""

# Distinct for people with any colour vision, and each as readable on white as text; the page has
# others for a dark background. Marks and dashes distinguish systems without colour.
COLOURS = ("#0072b2", "#b84a00", "#00785a", "#a3417a", "#7a5c00", "#5b53c9", "#1d2329", "#5f6873")


@dataclass(frozen=True, slots=True)
class Spot:
    """A point of a picture.

    Attributes:
        rate: The compression rate.
        value: The mean of a measure, or the median time in seconds.
        low: The lower end of its interval; of a time, the median.
        high: The upper end of its interval; of a time, the 95th percentile.
        words: The same in words.
    """

    rate: float
    value: float
    low: float
    high: float
    words: str


@dataclass(frozen=True, slots=True)
class Trace:
    """A system in a picture.

    Attributes:
        system: The system's name.
        number: Which of the systems it is, the same in all pictures.
        curve: Its spots by rising rate.
        own: Its own setting, if that is not on the curve.
    """

    system: str
    number: int
    curve: tuple[Spot, ...]
    own: Spot | None = None

    @property
    def spots(self) -> tuple[Spot, ...]:
        """All spots: those of the curve, then the own setting."""
        return self.curve if self.own is None else (*self.curve, self.own)


def point_name(system: str, setting: str) -> str:
    """Write a system and its setting in one line.

    Args:
        system: The system's name.
        setting: Its setting; "" for none.

    Returns:
        The line.
    """
    return f"{system}, {setting}" if setting else system


def curve_measures(summaries: Iterable[PointSummary]) -> tuple[str, ...]:
    """Choose the measures that have a picture.

    Args:
        summaries: The points of an evaluation.

    Returns:
        The names of those that are always drawn, the most important one first; where there is none,
        the first of the fallbacks.
    """
    found = {measure for summary in summaries for measure in summary.means}
    measured = [measure for measure in all_measures() if measure.name in found]
    drawn = tuple(measure.name for measure in measured if measure.chart == "always")
    return drawn or tuple(m.name for m in measured if m.chart == "fallback")[:1]


def curves(
    evaluation: Evaluation, summaries: Sequence[PointSummary], measure: str
) -> tuple[Trace, ...]:
    """Trace a measure over the compression rate.

    Args:
        evaluation: The evaluation.
        summaries: Its points.
        measure: The measure's name.

    Returns:
        A trace for every system that has the measure.
    """
    title = find_measure(measure).title

    def spot(summary: PointSummary) -> Spot | None:
        rate, found = summary.means.get("rate"), summary.means.get(measure)
        if rate is None or found is None:
            return None
        between = f"{percent(found.low)} to {percent(found.high)}, n = {found.n:,}"
        words = (
            f"{point_name(summary.system, summary.setting)}: {title} "
            f"{percent(found.mean)} ({between}) at a rate of {percent(rate.mean)}"
        )
        return Spot(rate.mean, found.mean, found.low, found.high, words)

    return _traces(evaluation, summaries, spot, lambda system: evaluation.curve(system))


def times(evaluation: Evaluation, summaries: Sequence[PointSummary]) -> tuple[Trace, ...]:
    """Trace the seconds of compressing over the compression rate.

    Settings that were read off one scoring share its time, which is shown at the first of them. The
    references are left out.

    Args:
        evaluation: The evaluation.
        summaries: Its points.

    Returns:
        A trace for every system with a time, one spot for every time that was measured.
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
        words = (
            f"{point_name(summary.system, summary.setting)}: median {format_seconds(p50)}, "
            f"95th percentile {format_seconds(p95)} at a rate of {percent(rate.mean)}"
        )
        return Spot(rate.mean, p50, p50, p95, words)

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
    """Write a share in percent.

    Args:
        share: The share, in 0…1.

    Returns:
        One decimal, and a sign that stays on the same line.
    """
    return f"{100 * share:.1f}\u00a0%"


def format_seconds(seconds: float) -> str:
    """Write a duration.

    Args:
        seconds: The duration in seconds.

    Returns:
        Three digits and the unit, milliseconds below a second.
    """
    if seconds < 1:
        return f"{1_000 * seconds:.3g}\u00a0ms"
    return f"{seconds:.3g}\u00a0s" if seconds < 1_000 else f"{seconds:,.0f}\u00a0s"
