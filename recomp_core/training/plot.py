"""The plot of a training, training.png: loss and evaluation step by step."""

from __future__ import annotations

import logging
import statistics
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

logger = logging.getLogger(__name__)

_EVAL = "eval_"
# People with any colour vision can tell them apart; in print the marks do.
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
_MARKS = ("o", "s", "^", "D", "v", "P", "X")

_Curve = list[tuple[float, float]]


def write_plot(history: Sequence[Mapping[str, Any]], file: Path) -> None:
    """Draw the loss over the steps, and below it the evaluated shares.

    Nothing is written if there is nothing to draw, or, with a warning, without matplotlib.

    Args:
        history: A trainer's `log_history`.
        file: The PNG file.
    """
    losses, figures = _curves(history)
    if not any(losses.values()) and not figures:
        logger.info("nothing was logged yet: no plot")
        return
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
        from matplotlib.ticker import MaxNLocator
    except ImportError:
        logger.warning('no plot: %s needs matplotlib: pip install "recomp[train]"', file.name)
        return
    figure = Figure(figsize=(8, 6 if figures else 3.6), layout="constrained")
    FigureCanvasAgg(figure)
    parts: list[Any] = list(figure.subplots(2 if figures else 1, sharex=True, squeeze=False)[:, 0])
    _draw(parts[0], losses, "loss")
    if figures:
        _draw(parts[1], figures, "held-out questions")
    parts[-1].set_xlabel("step")
    parts[-1].xaxis.set_major_locator(MaxNLocator(integer=True))
    figure.savefig(file, dpi=150)


def _draw(part: Any, curves: Mapping[str, _Curve], label: str) -> None:
    for number, (name, curve) in enumerate(curves.items()):
        if not curve:
            continue
        steps, values = zip(*curve, strict=True)
        colour, mark = _COLOURS[number % len(_COLOURS)], _MARKS[number % len(_MARKS)]
        # Many marks would be a band of their own.
        part.plot(steps, values, color=colour, marker=mark if len(curve) <= 30 else None,
                  markersize=4, linewidth=1.5, label=name)  # fmt: skip
    part.set_ylabel(label)
    part.grid(visible=True, color="#dddddd", linewidth=0.6)
    part.set_axisbelow(True)
    part.spines[["top", "right"]].set_visible(False)
    part.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)


def _curves(history: Sequence[Mapping[str, Any]]) -> tuple[dict[str, _Curve], dict[str, _Curve]]:
    """The losses and the evaluated figures, each by name, as (step, value) pairs in order."""
    found: dict[str, dict[float, float]] = defaultdict(dict)
    for row in history:
        for name, value in row.items():
            if (name == "loss" or name.startswith(_EVAL)) and isinstance(value, (int, float)):
                found[name][row.get("step", 0)] = float(value)  # the last of a repeated step
    curves = {name: sorted(values.items()) for name, values in found.items()}
    losses = {"training": curves.pop("loss", []), "held out": curves.pop("eval_loss", [])}
    figures = {
        name.removeprefix(_EVAL).replace("_", " "): curve
        for name, curve in curves.items()
        if "per_second" not in name and not name.endswith("runtime") and _is_share(curve)
    }
    return losses, dict(list(figures.items())[: len(_COLOURS)])


def _is_share(curve: _Curve) -> bool:
    """Whether a curve fits an axis of shares; a rate may be above 1 in the beginning."""
    return 0 <= statistics.median(value for _, value in curve) <= 1
