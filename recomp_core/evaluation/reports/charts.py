"""The figures of a report: charts at two sizes, with a legend and a caption."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from ..measures import find_measure
from .markup import capital
from .pictures import MANY, Spot, Trace, curves, times
from .svg import Axis, Chart, Mark, Series, legend, rate_axis, seconds_axis, share_axis
from .view import View

_WIDE, _NARROW = (860, 440), (343, 400)  # CSS pixels


def curve(view: View, measure: str, *, narrow: bool = True) -> str:
    """Draw a measure over the compression rate.

    Args:
        view: The evaluation.
        measure: The measure's name.
        narrow: Whether to draw it for small screens too.

    Returns:
        The figure as HTML; "" if no system has the measure.
    """
    traces = curves(view.evaluation, view.summaries, measure)
    if not traces:
        return ""
    about = find_measure(measure)
    spots = [spot for trace in traces for spot in trace.spots]
    return _figure(
        f"{view.name}-{measure}",
        f"{capital(about.title)} by compression rate",
        traces,
        rate_axis("compression rate (square-root scale)", [spot.rate for spot in spots]),
        share_axis(about.title, [edge for s in spots for edge in (s.low, s.high)]),
        f"{about.description} Bands and whiskers are 95 % bootstrap intervals. "
        "Further left is shorter, further up is better.",
        narrow=narrow,
    )


def latency(view: View) -> str:
    """Draw the times over the compression rate.

    Args:
        view: The evaluation.

    Returns:
        The figure as HTML; "" if no time was measured.
    """
    traces = times(view.evaluation, view.summaries)
    if not traces:
        return ""
    spots = [spot for trace in traces for spot in trace.spots]
    return _figure(
        f"{view.name}-latency",
        "Seconds per question by compression rate",
        traces,
        rate_axis("compression rate (square-root scale)", [spot.rate for spot in spots]),
        seconds_axis("time per question", [edge for s in spots for edge in (s.low, s.high)]),
        "The median time to compress the documents of one question, with a whisker to the 95th "
        "percentile, on a logarithmic scale. Settings read off one scoring share its time.",
        line=False,
        height=300,
    )


def _figure(
    name: str,
    title: str,
    traces: Sequence[Trace],
    x: Axis,
    y: Axis,
    caption: str,
    *,
    line: bool = True,
    narrow: bool = True,
    height: int | None = None,
) -> str:
    """A figure; `name` makes its ids unique on a page, `line` joins the marks of a system."""
    series = [_series(trace, line=line) for trace in traces]
    described = " ".join(f"{_described(one)}." for one in series)
    description = f"{caption} {described} The same numbers are in the table of all points."
    sizes = {"wide": _WIDE, "narrow": _NARROW} if narrow else {"wide": _WIDE}
    drawn = []
    for kind, (width, usual) in sizes.items():
        chart = Chart(series, x, y, width=width, height=height or usual, name=f"{name}-{kind}")
        kinds = (kind if narrow else "", "many" if len(series) > MANY else "")
        drawn.append(chart.svg(title, description, kind=" ".join(kinds)))
    return "\n".join(
        [
            "<figure>",
            *drawn,
            legend(series),
            f"<figcaption>{escape(caption)}</figcaption>",
            "</figure>",
        ]
    )


def _series(trace: Trace, *, line: bool) -> Series:
    def marks(spots: Sequence[Spot]) -> tuple[Mark, ...]:
        return tuple(Mark(s.rate, s.value, s.low, s.high, s.words) for s in spots)

    if not line:
        return Series(trace.system, (), trace.number, marks(trace.spots))
    beside = () if trace.own is None else (trace.own,)
    return Series(trace.system, marks(trace.curve), trace.number, marks(beside))


def _described(series: Series) -> str:
    """Describe a curve in words, for screen readers."""
    first, last = series.marks[0], series.marks[-1]
    if len(series.marks) == 1:
        return last.words
    return f"{len(series.marks)} points from {first.words} to {last.words}"
