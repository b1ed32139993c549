"""How an evaluation and what is made of it show themselves in a notebook cell: no script."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from ...text.html import displayable
from . import charts, findings, tables
from .markdown import comparison_cells
from .page import asset
from .view import View

if TYPE_CHECKING:
    from ..calibration import Calibration
    from ..comparison import Comparison
    from ..results import Evaluation


def evaluation_fragment(evaluation: Evaluation) -> str:
    """Show the curve, and a table of the systems' own settings.

    Args:
        evaluation: The evaluation.

    Returns:
        A fragment of HTML.
    """
    view = View(evaluation)
    measure = view.measures[0] if view.measures else None
    parts = [
        f"<style>{asset('report.css')}</style>",
        '<section class="recomp-report" aria-label="Evaluation">',
        f'<p class="facts">{escape(findings.facts(view))}</p>',
        "" if measure is None else charts.curve(view, measure, narrow=False),
        tables.points(view, own_only=True),
        "</section>",
    ]
    return displayable("\n".join(parts))


def comparison_fragment(comparison: Comparison) -> str:
    """Show the verdict and the numbers.

    Args:
        comparison: The comparison.

    Returns:
        A fragment of HTML.
    """
    rows = "".join(
        f"<tr><th scope='row' style='text-align:left'>{escape(name)}</th>"
        f"<td>{escape(value)}</td></tr>"
        for name, value in comparison_cells(comparison)
    )
    return f"<p><strong>{escape(comparison.verdict)}</strong></p><table>{rows}</table>"


def calibration_fragment(calibration: Calibration) -> str:
    """Show the promise and the facts.

    Args:
        calibration: The calibration.

    Returns:
        A fragment of HTML.
    """
    rows = "".join(
        f'<tr><th scope="row" style="text-align: left">{escape(heading)}</th>'
        f'<td style="text-align: left">{escape(fact)}</td></tr>'
        for heading, fact in calibration.facts().items()
    )
    return (
        f'<table class="recomp-calibration"><caption style="text-align: left">'
        f"<strong>{escape(calibration.promise)}</strong></caption><tbody>{rows}</tbody></table>"
    )
