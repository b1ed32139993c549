"""An evaluation as Markdown tables for people and as plain JSON values for machines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ..comparison import Comparison, told_difference, told_range
from ..costs import Costs, costs_of
from ..results import Evaluation
from ..statistics import RATES, Estimate, PointSummary, at_rate, summarize

LABELS = {
    "rate": "rate", "answer_recall": "answer recall", "exact_match": "exact match", "f1": "F1",
    "agreement": "agreement", "gold_precision": "gold precision", "gold_recall": "gold recall",
    "support": "support", "empty": "empty", "seconds": "seconds", "tokens_after": "tokens after",
    "tokens_before": "tokens before",
}  # fmt: skip

_SHARES = ("rate", "answer_recall", "exact_match", "f1", "agreement", "gold_precision",
           "gold_recall", "support", "empty")  # fmt: skip
_OF_CURVES = ("answer_recall", "exact_match", "f1", "agreement", "gold_recall")


def as_markdown(evaluation: Evaluation, *, rates: Sequence[float] = RATES, seed: int = 0) -> str:
    """All of it: own settings, the curves at `rates`, costs, and what was skipped."""
    parts = [title(evaluation), points_table(evaluation, seed=seed)]
    parts += [
        table
        for measure in _OF_CURVES
        if (table := curve_table(evaluation, measure=measure, rates=rates, seed=seed))
    ]
    if found := all_costs(evaluation):
        parts.append(costs_table(found))
    for name, reason in (evaluation.about.get("skipped") or {}).items():
        parts.append(f"Skipped: {name}, {reason}")
    if evaluation.bad:
        parts.append(f"{len(evaluation.bad)} records were no questions.")
    return "\n\n".join(parts) + "\n"


def points_table(evaluation: Evaluation, *, every_setting: bool = False, seed: int = 0) -> str:
    """Each system at its own setting (or at every one), with the measures that any of them has.

    Cells: the mean in % with its 95 % interval; "n=…" where it is over fewer than all questions.
    """
    header, rows = points_cells(evaluation, every_setting=every_setting, seed=seed)
    return _table(header, rows)


def points_cells(
    evaluation: Evaluation, *, every_setting: bool = False, seed: int = 0
) -> tuple[list[str], list[list[str]]]:
    """The heads and cells of `points_table`."""
    shown = evaluation if every_setting else _own_settings(evaluation)
    summaries = summarize(shown, seed=seed)
    total = max((summary.n for summary in summaries), default=0)
    measures = [name for name in _SHARES if any(name in s.means for s in summaries)]
    with_errors = any(s.errors or s.reader_errors for s in summaries)
    with_perplexity = any(s.perplexity for s in summaries)
    header = ["system", "setting", *(f"{LABELS[name]} %" for name in measures)]
    header += ["perplexity"] if with_perplexity else []
    header += ["p50 s", "p95 s"] + (["failed"] if with_errors else [])
    rows = []
    for summary in summaries:
        cells = [summary.system, summary.setting]
        cells += [_share(summary.means.get(name), total) for name in measures]
        if with_perplexity:
            cells.append(_number(summary.perplexity))
        cells += [_seconds(summary.p50), _seconds(summary.p95)]
        if with_errors:
            cells.append(_failed(summary))
        rows.append(cells)
    return header, rows


def curve_table(
    evaluation: Evaluation,
    *,
    measure: str = "answer_recall",
    rates: Sequence[float] = RATES,
    seed: int = 0,
) -> str:
    """A measure of every system at compression rates, read off its curve; "" if none has it.

    "≤ 7 %" says that the system keeps no more than that at its dearest setting.
    """
    header, rows = curve_cells(evaluation, measure=measure, rates=rates, seed=seed)
    return _table(header, rows) if rows else ""


def curve_cells(
    evaluation: Evaluation,
    *,
    measure: str = "answer_recall",
    rates: Sequence[float] = RATES,
    seed: int = 0,
) -> tuple[list[str], list[list[str]]]:
    """The heads and cells of `curve_table`."""
    header = [f"{LABELS[measure]} %, at a rate of", *(f"{100 * rate:g} %" for rate in rates)]
    total = len({row.question for row in evaluation.rows})
    rows = []
    for system in evaluation.systems:
        if system in ("none", "all"):
            continue  # they are the ends of every curve
        cells = []
        for rate in rates:
            found = at_rate(evaluation, system, measure, rate, seed)
            if found is None:
                cells.append("–")
                continue
            short = f" (≤ {100 * found.rate:.1f} %)" if found.rate < rate * 0.995 else ""
            cells.append(_share(Estimate(*found[:4]), total) + short)
        if any(cell != "–" for cell in cells):
            rows.append([system, *cells])
    return header, rows


def comparison_table(comparisons: Iterable[Comparison]) -> str:
    """Comparisons, one a line."""
    header = ["measure", "A", "B", "n", "A mean", "B mean", "B − A", "95 %", "verdict"]
    rows = []
    for found in comparisons:
        at = "" if found.at_rate is None else f" at {100 * found.at_rate:g} %"
        mean, low, high, _ = found.difference
        rows.append(
            [
                LABELS[found.measure] + at,
                found.a,
                found.b,
                str(found.n),
                _value(found.measure, found.mean_a),
                _value(found.measure, found.mean_b),
                told_difference(found.measure, mean),
                told_range(found.measure, low, high),
                found.verdict,
            ]
        )
    return _table(header, rows)


def comparison_cells(found: Comparison) -> list[tuple[str, str]]:
    """One comparison as names and values, for a narrow table."""
    mean, low, high, _ = found.difference
    at = "" if found.at_rate is None else f", at a rate of {100 * found.at_rate:g} %"
    return [
        ("measure", LABELS[found.measure] + at),
        (found.a, _value(found.measure, found.mean_a) + _at_rate(found.rate_a)),
        (found.b, _value(found.measure, found.mean_b) + _at_rate(found.rate_b)),
        ("difference", f"{told_difference(found.measure, mean)}"),
        ("95 % interval", told_range(found.measure, low, high)),
        ("questions", str(found.n)),
        (
            "better / worse / equal",
            f"{100 * found.better:.1f} / {100 * found.worse:.1f} / {100 * found.equal:.1f} %",
        ),
    ]


def costs_table(found: Iterable[Costs]) -> str:
    """What systems save, and from where on compressing pays; see `costs`."""
    return _table(*costs_cells(found))


def costs_cells(found: Iterable[Costs]) -> tuple[list[str], list[list[str]]]:
    """The heads and cells of `costs_table`."""
    header = ["system", "setting", "tokens saved a question", "saved per 1,000 questions"]
    header += ["pays in money from a price per million", "saves time below tokens a second"]
    rows = [
        [
            costs.system,
            costs.setting,
            f"{costs.tokens_saved:,.0f}",
            _money(costs.saved_per_question, 1_000),
            _money(costs.break_even.price_per_million),
            "–"
            if costs.break_even.tokens_per_second is None
            else f"{costs.break_even.tokens_per_second:,.0f}",
        ]
        for costs in found
    ]
    return header, rows


def all_costs(evaluation: Evaluation) -> list[Costs]:
    """Of every system at its own setting; empty where the evaluation counted characters."""
    if evaluation.about.get("tokenizer", "characters") == "characters":
        return []
    found = (
        costs_of(evaluation, system)
        for system in evaluation.systems
        if system not in ("none", "all")
    )
    return [costs for costs in found if costs is not None]


def to_dict(
    evaluation: Evaluation, *, rates: Sequence[float] = RATES, seed: int = 0
) -> dict[str, Any]:
    """JSON values: about, every point's means with intervals, the curves at `rates`, costs, bad
    records. Rows are in the file of the evaluation.
    """
    curves = []
    for system in evaluation.systems:
        for measure in _OF_CURVES:
            for rate in rates:
                found = at_rate(evaluation, system, measure, rate, seed)
                if found is not None:
                    read = {**found._asdict(), "asked": rate}
                    curves.append({"system": system, "measure": measure, **read})
    return {
        "about": dict(evaluation.about),
        "questions": len({row.question for row in evaluation.rows}),
        "points": [summary.to_dict() for summary in summarize(evaluation, seed=seed)],
        "curves": curves,
        "costs": [costs.to_dict() for costs in all_costs(evaluation)],
        "bad": [dict(record) for record in evaluation.bad],
    }


def _own_settings(evaluation: Evaluation) -> Evaluation:
    rows = [row for system in evaluation.systems for row in evaluation.of(system)]
    return Evaluation(tuple(rows), evaluation.questions, evaluation.about, evaluation.bad)


def title(evaluation: Evaluation) -> str:
    """What was evaluated, and how it was counted and read, in one line."""
    about = evaluation.about
    facts = [f"{len({row.question for row in evaluation.rows})} questions"]
    facts += [str(about[name]) for name in ("source", "date") if about.get(name)]
    facts.append(f"rates in {_counted(about.get('tokenizer'))}")
    if reader := about.get("reader"):
        facts.append(f"reader {reader.get('model') or reader.get('class')}")
    return "; ".join(facts) + ". Means with 95 % bootstrap intervals."


def _counted(tokenizer: str | None) -> str:
    return "characters" if tokenizer in (None, "characters") else f"tokens of {tokenizer}"


def _share(estimate: Estimate | None, total: int) -> str:
    if estimate is None:
        return "–"
    mean, low, high, n = estimate
    over = f", n={n}" if n < total else ""
    return f"{100 * mean:.1f} ({100 * low:.1f}–{100 * high:.1f}{over})"


def _value(measure: str, value: float) -> str:
    return f"{100 * value:.1f} %" if measure in _SHARES else f"{value:.4g}"


def _number(estimate: Estimate | None) -> str:
    if estimate is None:
        return "–"
    return f"{estimate.mean:.2f} ({estimate.low:.2f}–{estimate.high:.2f})"


def _seconds(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}" if value < 0.1 else f"{value:.2f}"


def _failed(summary: PointSummary) -> str:
    told = [str(summary.errors)]
    if summary.reader_errors:
        told.append(f"reader {summary.reader_errors}")
    return ", ".join(told)


def _at_rate(rate: float | None) -> str:
    return "" if rate is None else f", at a rate of {100 * rate:.1f} %"


def _money(value: float | None, times: int = 1) -> str:
    return "–" if value is None else f"{value * times:.4g}"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(map(_cell, line)) + " |" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
