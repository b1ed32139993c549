"""An evaluation as Markdown tables for people and as plain JSON values for machines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ..comparison import Comparison
from ..costs import Costs, costs_of
from ..measures import Measure, all_measures, find_measure
from ..results import Evaluation
from ..statistics import RATES, Estimate, PointSummary, at_rate, summarize


def as_markdown(evaluation: Evaluation, *, rates: Sequence[float] = RATES, seed: int = 0) -> str:
    """Write an evaluation as Markdown: own settings, curves, costs, and what was skipped.

    Args:
        evaluation: The evaluation.
        rates: The compression rates at which curves are read.
        seed: Of the intervals.

    Returns:
        The Markdown text.
    """
    parts = [title(evaluation), points_table(evaluation, seed=seed)]
    parts += [
        table
        for measure in _in_curve_tables()
        if (table := curve_table(evaluation, measure=measure.name, rates=rates, seed=seed))
    ]
    if found := all_costs(evaluation):
        parts.append(costs_table(found))
    for name, reason in (evaluation.about.get("skipped") or {}).items():
        parts.append(f"Skipped: {name}, {reason}")
    if evaluation.bad:
        parts.append(f"{len(evaluation.bad)} records were no questions.")
    return "\n\n".join(parts) + "\n"


def points_table(evaluation: Evaluation, *, every_setting: bool = False, seed: int = 0) -> str:
    """Write a Markdown table of the systems with the measures that any of them has.

    A cell holds the mean with its 95 % interval, and "n=…" where it is over fewer than all
    questions.

    Args:
        evaluation: The evaluation.
        every_setting: Whether to show every setting, not only each system's own.
        seed: Of the intervals.

    Returns:
        The table.
    """
    header, rows = points_cells(evaluation, every_setting=every_setting, seed=seed)
    return _table(header, rows)


def points_cells(
    evaluation: Evaluation, *, every_setting: bool = False, seed: int = 0
) -> tuple[list[str], list[list[str]]]:
    """Return the heads and the cells of `points_table`."""
    shown = evaluation if every_setting else _own_settings(evaluation)
    summaries = summarize(shown, seed=seed)
    total = max((summary.n for summary in summaries), default=0)
    measures = [
        measure
        for measure in all_measures()
        if measure.in_tables and any(measure.name in s.means for s in summaries)
    ]
    with_errors = any(s.errors or s.reader_errors for s in summaries)
    with_perplexity = any(s.perplexity for s in summaries)
    header = ["system", "setting", *(f"{m.label} {m.unit}".rstrip() for m in measures)]
    header += ["perplexity"] if with_perplexity else []
    header += ["p50 s", "p95 s"] + (["failed"] if with_errors else [])
    rows = []
    for summary in summaries:
        cells = [summary.system, summary.setting]
        cells += [_mean(measure, summary.means.get(measure.name), total) for measure in measures]
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
    """Write a Markdown table of a measure at compression rates, read off the systems' curves.

    "≤ 7 %" says that the system keeps at most that at any setting.

    Args:
        evaluation: The evaluation.
        measure: The measure's name.
        rates: The compression rates.
        seed: Of the intervals.

    Returns:
        The table; "" if no system has the measure.
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
    """Return the heads and the cells of `curve_table`."""
    about = find_measure(measure)
    head = f"{about.label} {about.unit}".rstrip()
    header = [f"{head}, at a rate of", *(f"{100 * rate:g} %" for rate in rates)]
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
            cells.append(_mean(about, Estimate(*found[:4]), total) + short)
        if any(cell != "–" for cell in cells):
            rows.append([system, *cells])
    return header, rows


def comparison_table(comparisons: Iterable[Comparison]) -> str:
    """Write comparisons as a Markdown table, one in each line.

    Args:
        comparisons: What `compare` returned.

    Returns:
        The table.
    """
    header = ["measure", "A", "B", "n", "A mean", "B mean", "B − A", "95 %", "verdict"]
    rows = []
    for found in comparisons:
        at = "" if found.at_rate is None else f" at {100 * found.at_rate:g} %"
        mean, low, high, _ = found.difference
        measure = find_measure(found.measure)
        rows.append(
            [
                measure.label + at,
                found.a,
                found.b,
                str(found.n),
                measure.format(found.mean_a),
                measure.format(found.mean_b),
                measure.format_difference(mean),
                measure.format_range(low, high),
                found.verdict,
            ]
        )
    return _table(header, rows)


def comparison_cells(found: Comparison) -> list[tuple[str, str]]:
    """Return one comparison as names and values, for a narrow table."""
    mean, low, high, _ = found.difference
    at = "" if found.at_rate is None else f", at a rate of {100 * found.at_rate:g} %"
    measure = find_measure(found.measure)
    return [
        ("measure", measure.label + at),
        (found.a, measure.format(found.mean_a) + _at_rate(found.rate_a)),
        (found.b, measure.format(found.mean_b) + _at_rate(found.rate_b)),
        ("difference", measure.format_difference(mean)),
        ("95 % interval", measure.format_range(low, high)),
        ("questions", str(found.n)),
        (
            "better / worse / equal",
            f"{100 * found.better:.1f} / {100 * found.worse:.1f} / {100 * found.equal:.1f} %",
        ),
    ]


def costs_table(found: Iterable[Costs]) -> str:
    """Write a Markdown table of what systems save and when compressing pays, see `costs`.

    Args:
        found: The costs of some systems.

    Returns:
        The table.
    """
    return _table(*costs_cells(found))


def costs_cells(found: Iterable[Costs]) -> tuple[list[str], list[list[str]]]:
    """Return the heads and the cells of `costs_table`."""
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
    """Compute the costs of every system at its own setting.

    Args:
        evaluation: The evaluation.

    Returns:
        The costs; empty if the evaluation counted characters.
    """
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
    """Return an evaluation as JSON values, without its rows.

    Args:
        evaluation: The evaluation.
        rates: The compression rates at which curves are read.
        seed: Of the intervals.

    Returns:
        How it was made, the means of every point with intervals, the curves, costs, bad records.
    """
    curves = []
    for system in evaluation.systems:
        for measure in _in_curve_tables():
            for rate in rates:
                found = at_rate(evaluation, system, measure.name, rate, seed)
                if found is not None:
                    read = {**found._asdict(), "asked": rate}
                    curves.append({"system": system, "measure": measure.name, **read})
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
    """Say in one line what was evaluated, how texts were counted, and who read them.

    Args:
        evaluation: The evaluation.

    Returns:
        The line.
    """
    about = evaluation.about
    facts = [f"{len({row.question for row in evaluation.rows})} questions"]
    facts += [str(about[name]) for name in ("source", "date") if about.get(name)]
    facts.append(f"rates in {_counted(about.get('tokenizer'))}")
    if reader := about.get("reader"):
        facts.append(f"reader {reader.get('model') or reader.get('class')}")
    return "; ".join(facts) + ". Means with 95 % bootstrap intervals."


def _counted(tokenizer: str | None) -> str:
    return "characters" if tokenizer in (None, "characters") else f"tokens of {tokenizer}"


def _in_curve_tables() -> list[Measure]:
    return [measure for measure in all_measures() if measure.in_curve_tables]


def _mean(measure: Measure, estimate: Estimate | None, total: int) -> str:
    if estimate is None:
        return "–"
    mean, low, high, n = estimate
    over = f", n={n}" if n < total else ""
    if measure.is_share:
        return f"{100 * mean:.1f} ({100 * low:.1f}–{100 * high:.1f}{over})"
    return f"{mean:.4g} ({low:.4g}–{high:.4g}{over})"


def _number(estimate: Estimate | None) -> str:
    if estimate is None:
        return "–"
    return f"{estimate.mean:.2f} ({estimate.low:.2f}–{estimate.high:.2f})"


def _seconds(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}" if value < 0.1 else f"{value:.2f}"


def _failed(summary: PointSummary) -> str:
    failed = [str(summary.errors)]
    if summary.reader_errors:
        failed.append(f"reader {summary.reader_errors}")
    return ", ".join(failed)


def _at_rate(rate: float | None) -> str:
    return "" if rate is None else f", at a rate of {100 * rate:.1f} %"


def _money(value: float | None, times: int = 1) -> str:
    return "–" if value is None else f"{value * times:.4g}"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(map(_cell, line)) + " |" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
