"""An evaluation in sentences: the best system, and what to be aware of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from ..measures import find_measure
from . import tables
from .markup import counted, plain
from .pictures import REFERENCES, format_seconds, percent
from .view import DECISIVE, View

if TYPE_CHECKING:
    from ..statistics import PointSummary, RateEstimate


def facts(view: View) -> str:
    """Say in one line what was evaluated.

    Args:
        view: The evaluation.

    Returns:
        The line; not escaped.
    """
    about = view.evaluation.about
    questions = len({row.question for row in view.evaluation.rows})
    shown = [counted(questions, "question"), counted(len(view.evaluation.systems), "system")]
    if about.get("reader"):
        shown.append(f"reader {_short_name(about['reader'])}")
    unit = f"tokens of {plain(about['tokenizer'])}" if view.unit == "tokens" else view.unit
    shown.append(f"rates in {unit}")
    if about.get("date"):
        shown.append(plain(about["date"])[:10])  # the day; the time is below
    return " · ".join(shown)


def summary(view: View) -> str:
    """Write the findings and the table by rate.

    Args:
        view: The evaluation.

    Returns:
        HTML.
    """
    if not view.evaluation.rows:
        return "<p>There is nothing to report: the evaluation has no row.</p>"
    ranked = _ranked(view, view.measures[0], DECISIVE) if view.measures else []
    lead, *others = _best(view, ranked)
    notes = [f"<li>{note}</li>" for note in _notes(view, ranked[0][0] if ranked else None)]
    return "\n".join(
        [
            f'<p class="lead">{lead}</p>',
            *(f"<p>{other}</p>" for other in others),
            f'<ul class="said">{"".join(notes)}</ul>' if notes else "",
            tables.by_rate(view),
        ]
    )


def _best(view: View, ranked: Sequence[tuple[str, RateEstimate]]) -> Iterator[str]:
    """The best system at 10 %, and who comes next."""
    if not view.measures:
        yield (
            "No measure of quality is defined for these questions: there are no gold answers "
            "and no reader. Rates and times are below."
        )
        return
    measure, rate = view.measures[0], DECISIVE
    if not ranked:
        yield f"No system was measured at a compression rate as low as {percent(rate)}."
        return
    (best, found), others = ranked[0], ranked[1:]
    reached = (
        f"At a compression rate of {100 * rate:.0f}\u00a0%"
        if found.rate > rate - 5e-4
        else f"Within a compression rate of {100 * rate:.0f}\u00a0% (it uses {percent(found.rate)})"
    )
    words = (
        f"{reached}, <strong><bdi>{escape(best)}</bdi></strong> has the highest "
        f"{find_measure(measure).title}: <strong>{percent(found.mean)}</strong> "
        f"(95\u00a0% interval {percent(found.low)} to {percent(found.high)}, n = {found.n:,})."
    )
    full = _all_documents(view, measure)
    if full:
        words += (
            f" All documents together reach {percent(full)}: "
            f"<strong>{100 * found.mean / full:.0f}\u00a0%</strong> of that is kept."
        )
    yield words
    if others:
        following = "; ".join(
            f"<bdi>{escape(name)}</bdi> {percent(other.mean)} "
            f"({percent(other.low)} to {percent(other.high)})"
            for name, other in others[:3]
        )
        yield (
            f"Next: {following}. Intervals that overlap do not settle which is better; a "
            "paired comparison of the two does."
        )


def _ranked(view: View, measure: str, rate: float) -> list[tuple[str, RateEstimate]]:
    """Systems with what they reach at the rate, the best first."""
    from ..statistics import at_rate

    found = [
        (system, estimate)
        for system in view.evaluation.systems
        if system not in REFERENCES
        and (estimate := at_rate(view.evaluation, system, measure, rate)) is not None
    ]
    return sorted(found, key=lambda pair: -pair[1].mean)


def _all_documents(view: View, measure: str) -> float | None:
    """What all documents reach: of the system `all`, or for recall the answerable questions."""
    for point in view.summaries:
        if point.system == "all" and measure in point.means:
            return point.means[measure].mean
    if measure != "answer_recall":
        return None
    known = _answerable(view)
    return sum(known.values()) / len(known) if known else None


def _answerable(view: View) -> dict[str, bool]:
    """By question whether a document holds a gold answer, where that is known."""
    rows = view.evaluation.rows
    return {row.question: bool(row.answerable) for row in rows if row.answerable is not None}


def _notes(view: View, best: str | None) -> Iterator[str]:
    """What else a reader of the page should know, and more about the best system."""
    rows, bad = view.evaluation.rows, view.evaluation.bad
    failed = sum(bool(row.error) for row in rows)
    reader_failed = sum(bool(row.reader_error) for row in rows)
    if failed:
        yield (
            f"{failed:,} of {counted(len(rows), 'row')} failed and count in no mean; the "
            "table below says for which system."
        )
    if reader_failed:
        yield f"The reader failed on {counted(reader_failed, 'row')}."
    known = _answerable(view)
    if missing := sum(not answerable for answerable in known.values()):
        questions = counted(len(known), "question")
        yield f"{missing:,} of {questions} have no document with a gold answer."
    for point in view.own():
        if point.system == best:
            yield from _notes_on(point)
    if bad:
        yield f"{counted(len(bad), 'record')} could not be read as questions."


def _notes_on(point: PointSummary) -> Iterator[str]:
    """The time of a system, and how often it keeps nothing."""
    name = f"<bdi>{escape(point.system)}</bdi>"
    if point.p50 is not None and point.p95 is not None:
        yield (
            f"{name} takes {format_seconds(point.p50)} per question (median), and 95\u00a0% of the "
            f"questions take at most {format_seconds(point.p95)}."
        )
    found = point.means.get("empty")
    if found is not None and found.mean:
        setting = f" at <bdi>{escape(point.setting)}</bdi>" if point.setting else ""
        split = _empty_split(point)
        yield (
            f"{name}{setting} keeps nothing for {percent(found.mean)} of the questions"
            f"{f': {split}' if split else ''}."
        )


def _empty_split(point: PointSummary) -> str:
    """The share of empty texts by whether a document holds an answer; "" where it is not known."""
    parts = (
        (point.empty_answerable, "of those that a document answers"),
        (point.empty_unanswerable, "of the others"),
    )
    return ", ".join(f"{percent(found.mean)} {of}" for found, of in parts if found is not None)


def _short_name(identity: Any) -> str:
    """The name in a reader's identity, or else its class."""
    if isinstance(identity, Mapping):
        for key in ("name", "reader", "class", "model"):
            if identity.get(key):
                return plain(identity[key])
    return plain(identity)
