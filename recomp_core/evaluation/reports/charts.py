"""The figures of a report: charts at two sizes, with a legend and a caption."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from .markup import capital
from .pictures import LABELS, MANY, Spot, Trace, curves, times
from .svg import Axis, Chart, Mark, Series, legend, rate_axis, seconds_axis, share_axis
from .view import View

_WIDE, _NARROW = (860, 440), (343, 400)  # CSS pixels
_EXPLAINED = {
    "answer_recall": "The share of questions whose compressed text still holds a gold answer.",
    "f1": "The words that the reader's answer to the compressed text shares with a gold answer.",
    "agreement": "F1 of the reader's answer to the compressed text against its own answer to all "
    "documents.",
    "exact_match": "The share of questions that the reader answers exactly.",
    "gold_recall": "Of the characters of the gold sentences, the share that was kept.",
    "support": "Of the sentences of the compressed text, the share that the documents support.",
}


def curve(view: View, measure: str, *, narrow: bool = True) -> str:
    """The chart of a measure; nothing where no system has it. narrow: for small screens too."""
    traces = curves(view.evaluation, view.summaries, measure)
    if not traces:
        return ""
    spots = [spot for trace in traces for spot in trace.spots]
    return _figure(
        f"{view.name}-{measure}",
        f"{capital(LABELS[measure])} by compression rate",
        traces,
        rate_axis("compression rate (square-root scale)", [spot.rate for spot in spots]),
        share_axis(LABELS[measure], [edge for s in spots for edge in (s.low, s.high)]),
        f"{_EXPLAINED.get(measure, '')} Bands and whiskers are 95 % bootstrap intervals. "
        "Further left is shorter, further up is better.",
        narrow=narrow,
    )


def latency(view: View) -> str:
    """The chart of the times; nothing where none was measured."""
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
    """name: makes the ids on a page its own. line: whether the marks of a system are joined."""
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
        return tuple(Mark(s.rate, s.value, s.low, s.high, s.told) for s in spots)

    if not line:
        return Series(trace.system, (), trace.number, marks(trace.spots))
    beside = () if trace.own is None else (trace.own,)
    return Series(trace.system, marks(trace.curve), trace.number, marks(beside))


def _described(series: Series) -> str:
    """A curve in words, for who does not see it."""
    first, last = series.marks[0], series.marks[-1]
    if len(series.marks) == 1:
        return last.told
    return f"{len(series.marks)} points from {first.told} to {last.told}"
