"""The tables of a report: by rate, all points, what is saved, a comparison."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import TYPE_CHECKING

from ..measures import Measure, all_measures, find_measure
from .markup import attribute, capital, cell, scrolling, share_cell
from .pictures import REFERENCES, format_seconds, percent
from .view import DECISIVE, View

if TYPE_CHECKING:
    from ..comparison import Comparison
    from ..statistics import Estimate, PointSummary

_REFERENCE_NAMES = {"all": "all documents", "oracle": "oracle sentence"}
_WORDS = ("system", "setting")  # columns of words; the others hold numbers


def by_rate(view: View) -> str:
    """Write the main table: each system at 5, 10 and 20 %.

    Args:
        view: The evaluation.

    Returns:
        HTML; "" if no measure has a curve.
    """
    if not view.measures:
        return ""
    from ..statistics import RATES, at_rate

    measure = view.measures[0]
    title = capital(find_measure(measure).title)
    lines = []
    for system in view.evaluation.systems:
        if system in REFERENCES:
            continue
        found = [at_rate(view.evaluation, system, measure, rate) for rate in RATES]
        cells = "".join(
            cell(None) if one is None else share_cell(one.mean, one.low, one.high) for one in found
        )
        decisive = found[RATES.index(DECISIVE)]
        lines.append((decisive.mean if decisive else -1.0, system, cells))
    lines.sort(key=lambda line: -line[0])
    named = [(system, cells) for _, system, cells in lines]
    for point in view.summaries:
        if point.system in _REFERENCE_NAMES and measure in point.means:
            whole, at = point.means[measure], point.means.get("rate")
            words = percent(whole.mean)
            words += "" if at is None else f" at a rate of {percent(at.mean)}"
            between = f"{100 * whole.low:.1f}–{100 * whole.high:.1f}"
            spanning = cell(whole.mean, words, between, span=len(RATES))
            named.append((_REFERENCE_NAMES[point.system], spanning))
    body = "".join(
        f'<tr><th scope="row" class="words"><bdi>{escape(name)}</bdi></th>{cells}</tr>'
        for name, cells in named
    )
    heads = "".join(f'<th scope="col">at {100 * rate:.0f} %</th>' for rate in RATES)
    caption = (
        f"{title} in %, with 95 % intervals, at a compression rate of "
        "so much: read off between the two nearest settings."
    )
    return scrolling(
        f"<table><caption>{caption}</caption><thead><tr>"
        f'<th scope="col" class="words">System</th>{heads}'
        f"</tr></thead><tbody>{body}</tbody></table>",
        f"{title} at some rates",
    )


def points(view: View, *, own_only: bool = False) -> str:
    """Write the table of points with everything that was measured of them.

    Args:
        view: The evaluation.
        own_only: Whether to show only each system's own setting.

    Returns:
        HTML; "" if there is no point.
    """
    summaries = view.own() if own_only else view.summaries
    if not summaries:
        return ""
    columns = [
        measure
        for measure in all_measures()
        if measure.in_tables
        and measure.name != "rate"  # a column of its own
        and any(measure.name in summary.means for summary in summaries)
    ]
    timed = any(point.p50 is not None for point in summaries)
    perplexed = any(point.perplexity is not None for point in summaries)
    failing = any(point.errors or point.reader_errors for point in summaries)
    heads = [*_WORDS, "rate", *map(_head, columns)]
    heads += ["perplexity"] if perplexed else []
    heads += ["time p50", "time p95"] if timed else []
    heads += ["n", *(["failed"] if failing else [])]
    lines = []
    for point in summaries:
        rate = point.means.get("rate")
        cells = [cell(None) if rate is None else cell(rate.mean, f"{100 * rate.mean:.1f}")]
        cells += [_mean(point, measure) for measure in columns]
        cells += [_perplexity(point.perplexity)] if perplexed else []
        cells += [_time(point.p50), _time(point.p95)] if timed else []
        cells.append(cell(point.n, f"{point.n:,}"))
        cells += [cell(point.errors + point.reader_errors)] if failing else []
        lines.append(
            f'<tr><th scope="row" class="words" data-value="{attribute(point.system)}">'
            f"<bdi>{escape(point.system)}</bdi></th>"
            f'<td class="setting" data-value="{attribute(point.setting)}">'
            f"<bdi>{escape(point.setting or '–')}</bdi></td>{''.join(cells)}</tr>"
        )
    caption = (
        f"Rates and shares in %, rates in {view.unit}; ranges are 95 % intervals over the "
        "questions that have the measure. Below the share for which nothing is kept: of the "
        "questions that a document answers / of the others."
    )
    kind = "" if own_only else ' class="sortable"'
    return scrolling(
        f"<table{kind}><caption>{caption}</caption><thead><tr>{_heads(heads)}</tr></thead>"
        f"<tbody>{''.join(lines)}</tbody></table>",
        "Table of points",
    )


def costs(view: View) -> str:
    """Write the table of what the systems save and when compressing pays.

    Args:
        view: The evaluation.

    Returns:
        HTML; "" if characters were counted.
    """
    from .markdown import all_costs, costs_cells

    found = [one for one in all_costs(view.evaluation) if one.system not in REFERENCES]
    if not found:
        return ""
    heads, lines = costs_cells(found)
    body = "".join(
        f'<tr><th scope="row" class="words"><bdi>{escape(system)}</bdi></th>'
        f'<td class="setting"><bdi>{escape(setting or "–")}</bdi></td>'
        f"{''.join(f'<td>{escape(value)}</td>' for value in values)}</tr>"
        for system, setting, *values in lines
    )
    caption = (
        "Means per question at each system's own setting. Compressing pays in money for "
        "readers that cost more than the price per million input tokens, and in time for readers "
        "that take in fewer tokens a second."
    )
    return scrolling(
        f"<table><caption>{caption}</caption><thead><tr>{_heads(heads)}</tr></thead>"
        f"<tbody>{body}</tbody></table>",
        "What the systems save",
    )


def compared(comparison: Comparison | None) -> str:
    """Write the verdict of a comparison and its numbers.

    Args:
        comparison: The comparison, or None.

    Returns:
        HTML; "" without a comparison.
    """
    if comparison is None:
        return ""
    from .markdown import comparison_cells

    rows = "".join(
        f'<tr><th scope="row" class="words">{escape(name)}</th><td>{escape(value)}</td></tr>'
        for name, value in comparison_cells(comparison)
    )
    caption = '<caption class="hidden">The comparison in numbers</caption>'
    table = f'<table class="wrapped">{caption}<tbody>{rows}</tbody></table>'
    return (
        f'<p class="lead" dir="auto">{escape(comparison.verdict)}</p>\n'
        f"{scrolling(table, 'The comparison in numbers')}"
    )


def _heads(names: Iterable[str]) -> str:
    return "".join(
        f'<th scope="col" class="{"words" if name in _WORDS else "number"}">{escape(name)}</th>'
        for name in names
    )


def _head(measure: Measure) -> str:
    if measure.name == "empty":
        return measure.title  # split below by what was answerable
    return measure.label if measure.is_share else f"{measure.label} {measure.unit}".rstrip()


def _mean(point: PointSummary, measure: Measure) -> str:
    """The cell of a mean: with its interval, but for support and for what is split below it."""
    found = point.means.get(measure.name)
    if found is None:
        return cell(None)
    if not measure.is_share:
        return cell(found.mean, f"{found.mean:.4g}", f"{found.low:.4g}–{found.high:.4g}")
    if measure.name == "empty":
        return cell(found.mean, f"{100 * found.mean:.1f}", _both(point))
    if measure.name == "support":
        return cell(found.mean, f"{100 * found.mean:.1f}")
    return share_cell(found.mean, found.low, found.high)


def _perplexity(found: Estimate | None) -> str:
    if found is None:
        return cell(None)
    return cell(found.mean, f"{found.mean:.4g}", f"{found.low:.4g}–{found.high:.4g}")


def _time(seconds: float | None) -> str:
    return cell(None) if seconds is None else cell(seconds, format_seconds(seconds))


def _both(point: PointSummary) -> str:
    """The share of empty texts among answerable and other questions, for a cell."""
    parts = (point.empty_answerable, point.empty_unanswerable)
    if not any(parts):
        return ""
    return " / ".join("–" if part is None else f"{100 * part.mean:.1f}" for part in parts)
