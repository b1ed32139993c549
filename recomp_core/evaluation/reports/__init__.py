"""What people look at: the report, its fragment for notebooks, pictures as files.

page        the report as one HTML page, and the fragment: how the sections come together
view        one evaluation as the sections see it, summarized once
findings    what is worth saying, in sentences
charts      curves and times as figures, drawn by svg: axes, lines, markers, labels
tables      by rate, all points, costs, a comparison
provenance  how the evaluation was made, and what was left out
payload     the rows as the browser of questions reads them
markup      small pieces of HTML that several sections need
assets/     the page's frame, style and script
pictures    what is drawn, whoever draws it: which measures, curves, times; names and colours
plots       pictures as files, through matplotlib
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..._utils.lazy import lazy_names

if TYPE_CHECKING:
    from .notebook import evaluation_fragment
    from .page import report_page, write_report
    from .plots import plot_curves, save_plots

_WHERE = {
    "evaluation_fragment": ".notebook",
    "plot_curves": ".plots",
    "report_page": ".page",
    "save_plots": ".plots",
    "write_report": ".page",
}

__all__ = ["evaluation_fragment", "plot_curves", "report_page", "save_plots", "write_report"]


__getattr__, __dir__ = lazy_names(__name__, _WHERE, __all__)
