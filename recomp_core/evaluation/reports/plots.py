"""The pictures of an evaluation as files, drawn by matplotlib without touching its global state."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..._utils.checks import require
from ..measures import all_measures, find_measure
from ..results import Evaluation
from .pictures import COLOURS, MANY, Trace, curve_measures, curves, format_seconds, times

FORMATS = ("png", "svg", "pdf")

# In the order of the markers of the report's own charts.
_MARKS = ("o", "s", "^", "D", "v", "P", "*", "h")
_LINES: tuple[Any, ...] = (
    "-", (0, (6, 2)), (0, (2, 2)), (0, (8, 2, 2, 2)), (0, (10, 3)), (0, (4, 1.5)), (0, (1, 2.5)),
    (0, (6, 2, 1, 2, 1, 2)),
)  # fmt: skip


def save_plots(
    evaluation: Evaluation,
    folder: str | os.PathLike[str],
    formats: Sequence[str] = ("png", "svg"),
) -> list[Path]:
    """Write a picture of every measured curve and of the times into a folder.

    Args:
        evaluation: The evaluation.
        folder: The folder; it is made if it is not there.
        formats: Some of "png", "svg" and "pdf".

    Returns:
        The files: `answer_recall.png`, `f1.png`, … and `latency.png`, once in each format. A
        picture with nothing to draw is not written.

    Raises:
        ValueError: A format is not known.
        ImportError: matplotlib is missing.
    """
    if unknown := [name for name in formats if name not in FORMATS]:
        raise ValueError(f"no format {unknown[0]!r}: choose among {', '.join(FORMATS)}")
    require("matplotlib", "train", "save_plots")
    from ..statistics import summarize

    summaries = summarize(evaluation)
    drawn: list[tuple[str, Any]] = []
    for measure in curve_measures(summaries):
        figure, axes = _figure()
        _draw_curves(axes, curves(evaluation, summaries, measure), measure)
        drawn.append((measure, figure))
    if found := times(evaluation, summaries):
        figure, axes = _figure()
        _draw_times(axes, found)
        drawn.append(("latency", figure))
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    files = []
    for name, figure in drawn:
        for suffix in formats:
            files.append(target / f"{name}.{suffix}")
            figure.savefig(files[-1], dpi=150, metadata=_undated(suffix))
    return files


def plot_curves(evaluation: Evaluation, ax: Any = None, measure: str | None = None) -> Any:
    """Draw a measure over the compression rate.

    Args:
        evaluation: The evaluation.
        ax: The axes to draw into; None makes a new figure.
        measure: The measure's name; None takes the first of answer recall, F1 and agreement that
            was measured.

    Returns:
        The matplotlib axes; their `figure` is the picture.

    Raises:
        ValueError: No row has the measure, or it is no share.
        ImportError: matplotlib is missing.
    """
    require("matplotlib", "train", "plot_curves")
    from ..statistics import summarize

    summaries = summarize(evaluation)
    wanted = measure or next(iter(curve_measures(summaries)), "answer_recall")
    names = [known.name for known in all_measures() if known.is_share]
    if wanted not in names:
        raise ValueError(f"no curve of {wanted!r}: choose among {', '.join(names)}")
    traces = curves(evaluation, summaries, wanted)
    if not traces:
        raise ValueError(f"no row of the evaluation has both a rate and {wanted}")
    axes = _figure()[1] if ax is None else ax
    _draw_curves(axes, traces, wanted)
    return axes


def _figure() -> tuple[Any, Any]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.5, 4.8), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.subplots()


def _undated(suffix: str) -> dict[str, None] | None:
    """Metadata without a date, so that equal evaluations make equal files."""
    return {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(suffix)


def _draw_curves(axes: Any, traces: Sequence[Trace], measure: str) -> None:
    from matplotlib.ticker import PercentFormatter

    faint = 0.13 if len(traces) <= MANY else 0.05
    for trace in traces:
        look = _look(trace)
        if trace.curve:
            rates = [spot.rate for spot in trace.curve]
            axes.plot(rates, [spot.value for spot in trace.curve], label=trace.system, **look)
            if len(trace.curve) > 1:
                lows, highs = ([getattr(s, side) for s in trace.curve] for side in ("low", "high"))
                axes.fill_between(rates, lows, highs, color=look["color"], alpha=faint, linewidth=0)
            else:
                _whiskers(axes, trace.curve, look["color"])
        if trace.own is not None:
            axes.plot(
                [trace.own.rate], [trace.own.value],
                label=None if trace.curve else trace.system, **{**look, "linestyle": "none"},
            )  # fmt: skip
            _whiskers(axes, (trace.own,), look["color"])
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, symbol=" %"))
    _finish(axes, traces, find_measure(measure).title)


def _draw_times(axes: Any, traces: Sequence[Trace]) -> None:
    from matplotlib.ticker import FuncFormatter

    for trace in traces:
        look = {**_look(trace), "linestyle": "none"}
        rates = [spot.rate for spot in trace.spots]
        axes.plot(rates, [spot.value for spot in trace.spots], label=trace.system, **look)
        _whiskers(axes, trace.spots, look["color"])
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(FuncFormatter(lambda seconds, _: format_seconds(seconds)))
    _finish(axes, traces, "seconds per question: median, and to the 95th percentile")


def _whiskers(axes: Any, spots: Sequence[Any], colour: str) -> None:
    axes.errorbar(
        [spot.rate for spot in spots],
        [spot.value for spot in spots],
        yerr=[[s.value - s.low for s in spots], [s.high - s.value for s in spots]],
        fmt="none", ecolor=colour, elinewidth=1, capsize=3,
    )  # fmt: skip


def _look(trace: Trace) -> dict[str, Any]:
    """Colour, marker and line of a system; from the ninth system on the markers are hollow."""
    colour = COLOURS[trace.number % len(COLOURS)]
    again = trace.number // len(COLOURS)
    return {
        "color": colour,
        "marker": _MARKS[trace.number % len(_MARKS)],
        "markerfacecolor": "white" if again % 2 else colour,
        "linestyle": _LINES[(trace.number + 3 * again) % len(_LINES)],
        "linewidth": 1.6,
        "markersize": 5,
        "clip_on": False,  # at 0 % and 100 % too
    }


def _finish(axes: Any, traces: Sequence[Trace], label: str) -> None:
    from matplotlib.ticker import PercentFormatter

    highest = max(spot.rate for trace in traces for spot in trace.spots)
    if highest > 0.5:
        # Most points lie below 30 %.
        axes.set_xscale("function", functions=(_root, _square))
        axes.set_xticks([r for r in (0, 0.01, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1) if r <= highest])
        axes.set_xlim(0, 1.02 * highest)
    # The unit stands in the label: at each tick it would run into the next.
    axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=""))
    axes.set_xlabel(f"compression rate, %{' (square-root scale)' if highest > 0.5 else ''}")
    axes.set_ylabel(label)
    axes.grid(visible=True, color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)


def _root(rates: Any) -> Any:
    import numpy as np

    return np.sqrt(np.maximum(rates, 0.0))


def _square(values: Any) -> Any:
    return values**2
