"""How much of what matters is kept, at what price: systems, baselines, measures, comparisons.

    from recomp_core.evaluation import evaluate

    evaluation = evaluate("questions.jsonl", {"ours": load_compressor()}, count_tokens="gpt2")
    evaluation.save("rows.jsonl")

A question goes through every system at every setting; each result is a row, also where something
failed. Importing this loads no model's library. It may import every room but `demo` and `cli`.

run           `evaluate`, and what decides a run
runner        the loop over questions, systems and readers
run_file      the file of a run, which a later run carries on
systems/      what can be evaluated: compressors, baselines, other projects' compressors
measures      every measure, declared once
judge         the measures of one question; spans: where kept and gold text stands
results       rows, and the evaluation that they make up
statistics    means with intervals, curves; comparison, costs, gates: what follows from them
reports/      tables, the HTML page, pictures
calibration/  the setting that keeps a promised share of the answers
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._utils.lazy import lazy_names

if TYPE_CHECKING:
    from ..readers.answerers import Answerer, PromptReader, SpanReader, load_answerer
    from ..readers.perplexity import LMTargetScorer, TargetScorer
    from .calibration import Calibration, calibrate, load_calibration
    from .comparison import Comparison, compare
    from .costs import Costs, break_even, costs_of
    from .gates import Gate, GateVerdict, check_gates
    from .measures import MEASURES, Judged, Measure
    from .reports import plot_curves, save_plots, write_report
    from .reports.markdown import comparison_table, curve_table, points_table
    from .results import Evaluation, Row
    from .run import evaluate
    from .statistics import (
        Estimate,
        at_rate,
        difference_interval,
        mean_interval,
        percentile,
        perplexity_interval,
        ratio_interval,
        summarize,
    )
    from .systems.base import System, as_system

_WHERE = {
    ".calibration": ("Calibration", "calibrate", "load_calibration"),
    ".comparison": ("Comparison", "compare"),
    ".costs": ("Costs", "break_even", "costs_of"),
    ".reports.markdown": ("comparison_table", "curve_table", "points_table"),
    "..readers.perplexity": ("LMTargetScorer", "TargetScorer"),
    "..readers.answerers": ("Answerer", "PromptReader", "SpanReader", "load_answerer"),
    ".reports": ("plot_curves", "save_plots", "write_report"),
    ".gates": ("Gate", "GateVerdict", "check_gates"),
    ".measures": ("MEASURES", "Judged", "Measure"),
    ".results": ("Evaluation", "Row"),
    ".run": ("evaluate",),
    ".statistics": (
        "Estimate",
        "at_rate",
        "difference_interval",
        "mean_interval",
        "percentile",
        "perplexity_interval",
        "ratio_interval",
        "summarize",
    ),
    ".systems.base": ("System", "as_system"),
}
_MODULES = {name: module for module, names in _WHERE.items() for name in names}

__all__ = [
    "MEASURES",
    "Answerer",
    "Calibration",
    "Comparison",
    "Costs",
    "Estimate",
    "Evaluation",
    "Gate",
    "GateVerdict",
    "Judged",
    "LMTargetScorer",
    "Measure",
    "PromptReader",
    "Row",
    "SpanReader",
    "System",
    "TargetScorer",
    "as_system",
    "at_rate",
    "break_even",
    "calibrate",
    "check_gates",
    "compare",
    "comparison_table",
    "costs_of",
    "curve_table",
    "difference_interval",
    "evaluate",
    "load_answerer",
    "load_calibration",
    "mean_interval",
    "percentile",
    "perplexity_interval",
    "plot_curves",
    "points_table",
    "ratio_interval",
    "save_plots",
    "summarize",
    "write_report",
]


__getattr__, __dir__ = lazy_names(__name__, _MODULES, __all__)
