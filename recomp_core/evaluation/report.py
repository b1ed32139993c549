"""An evaluation as one HTML page that needs no network, and as a small view for notebooks.

The page is whole without its script: words, charts, tables. The script sorts the tables and shows
single questions. Everything that comes from data is escaped, and the page's own policy lets nothing
run or load but what is in it.
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any, NamedTuple

from ..html import displayable
from .payload import data_element
from .pictures import (
    LABELS,
    MANY,
    REFERENCES,
    Trace,
    curve_measures,
    curves,
    percent,
    times,
    told_seconds,
)
from .results import Evaluation
from .svg import Axis, Chart, Mark, Series, legend, rate_axis, seconds_axis, share_axis

if TYPE_CHECKING:
    from .comparison import Comparison
    from .statistics import PointSummary, RateEstimate

RATES = (0.05, 0.10, 0.20)
_DECISIVE = 0.10  # the rate at which the best is named
SHOWN_BAD = 200  # records that were no questions; of more the number is told

_WIDE, _NARROW = (860, 440), (343, 400)  # CSS pixels
_SHARES = (
    "answer_recall", "exact_match", "f1", "agreement", "gold_precision", "gold_recall", "support",
    "empty",
)  # fmt: skip
_WITHOUT_INTERVAL = ("support",)
_EXPLAINED = {
    "answer_recall": "The share of questions whose compressed text still holds a gold answer.",
    "f1": "The words that the reader's answer to the compressed text shares with a gold answer.",
    "agreement": "F1 of the reader's answer to the compressed text against its own answer to all "
    "documents.",
    "exact_match": "The share of questions that the reader answers exactly.",
    "gold_recall": "Of the characters of the gold sentences, the share that was kept.",
    "support": "Of the sentences of the compressed text, the share that the documents support.",
}


def write_report(
    evaluation: Evaluation,
    path: str | os.PathLike[str],
    *,
    comparison: Comparison | None = None,
    title: str = "RECOMP evaluation",
    lang: str = "en",
    compress: bool | None = None,
) -> Path:
    """Write the report of an evaluation as one HTML file, and return its path.

    comparison: what `compare` gave, shown in a section of its own. lang: of the questions.
    compress: whether the questions are embedded gzipped; None does that from 1 MB on.
    """
    target = Path(path)
    page = report_page(evaluation, comparison=comparison, title=title, lang=lang, compress=compress)
    # Whole or not at all: a page of before stays until the new one is complete.
    unfinished = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        unfinished.write_text(page, encoding="utf-8")
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)
    return target


def report_page(
    evaluation: Evaluation,
    *,
    comparison: Comparison | None = None,
    title: str = "RECOMP evaluation",
    lang: str = "en",
    compress: bool | None = None,
) -> str:
    """The page that `write_report` writes."""
    view = _View(evaluation)
    sections = [
        _Section("summary", "Summary", "In words", view.words()),
        *view.curve_sections(),
        _Section("latency", "Time", "Time by compression rate", view.latency()),
        _Section("costs", "Costs", "What it saves", view.costs()),
        _Section("comparison", "Comparison", "Comparison", _comparison(comparison)),
        _Section("points", "Points", "All points", view.table()),
        _Section("questions", "Questions", "Question by question", view.browser()),
        _Section("made", "Settings", "How this was made", view.made()),
    ]
    shown = [section for section in sections if section.content]
    style, script = _asset("report.css"), _asset("report.js")
    policy = (
        f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    return Template(_asset("page.html")).substitute(
        lang=escape(lang, quote=True),
        title=escape(displayable(title)),
        policy=escape(policy, quote=True),
        style=style,
        script=script,
        facts=escape(displayable(view.facts())),
        links="".join(
            f'<li><a href="#{section.id}">{escape(section.link)}</a></li>' for section in shown
        ),
        body=displayable("\n".join(section.html() for section in shown)),
        data=data_element(evaluation, compress=compress) if evaluation.rows else "",
    )


def evaluation_fragment(evaluation: Evaluation) -> str:
    """The curve and a table of the systems' own settings, for a notebook cell; no script."""
    view = _View(evaluation)
    measure = view.measures[0] if view.measures else None
    chart = "" if measure is None else view.curve(measure, narrow=False)
    parts = [
        f"<style>{_asset('report.css')}</style>",
        '<section class="recomp-report" aria-label="Evaluation">',
        f'<p class="facts">{escape(view.facts())}</p>',
        chart,
        view.table(own_only=True),
        "</section>",
    ]
    return displayable("\n".join(parts))


class _Section(NamedTuple):
    """A section of the page. link: its name in the navigation."""

    id: str
    link: str
    heading: str
    content: str

    def html(self) -> str:
        return (
            f'<section id="{self.id}" aria-labelledby="{self.id}-heading">\n'
            f'<h2 id="{self.id}-heading">{escape(self.heading)}</h2>\n{self.content}\n</section>'
        )


class _View:
    """The parts of one evaluation's page."""

    def __init__(self, evaluation: Evaluation) -> None:
        from .statistics import summarize

        self.evaluation = evaluation
        self.summaries: Sequence[PointSummary] = summarize(evaluation) if evaluation.rows else []
        self.measures = curve_measures(self.summaries)
        # Makes the ids of several views in one notebook differ.
        told = repr([(s.system, s.setting, s.n, s.means) for s in self.summaries])
        self.name = f"recomp-{hashlib.sha256(told.encode('utf-8', 'replace')).hexdigest()[:8]}"

    def facts(self) -> str:
        """What was evaluated, in a line."""
        about = self.evaluation.about
        rows, systems = self.evaluation.rows, self.evaluation.systems
        questions = len({row.question for row in rows})
        facts = [_counted(questions, "question"), _counted(len(systems), "system")]
        if about.get("reader"):
            facts.append(f"reader {_short_name(about['reader'])}")
        counted = f"tokens of {_plain(about['tokenizer'])}" if self.unit == "tokens" else self.unit
        facts.append(f"rates in {counted}")
        if about.get("date"):
            facts.append(_plain(about["date"])[:10])  # the day; the time is below
        return " · ".join(facts)

    @property
    def unit(self) -> str:
        """What rates count."""
        counter = self.evaluation.about.get("tokenizer", "characters")
        return "characters" if counter in (None, "", "characters") else "tokens"

    # Words

    def words(self) -> str:
        """What is worth saying, and the table by rate."""
        if not self.evaluation.rows:
            return "<p>There is nothing to report: the evaluation has no row.</p>"
        ranked = self._ranked(self.measures[0], _DECISIVE) if self.measures else []
        lead, *others = self._findings(ranked)
        said = [f"<li>{told}</li>" for told in self._said(ranked[0][0] if ranked else None)]
        return "\n".join(
            [
                f'<p class="lead">{lead}</p>',
                *(f"<p>{other}</p>" for other in others),
                f'<ul class="said">{"".join(said)}</ul>' if said else "",
                self._by_rate(),
            ]
        )

    def _findings(self, ranked: Sequence[tuple[str, RateEstimate]]) -> Iterator[str]:
        """The best system at 10 %, and who comes next."""
        if not self.measures:
            yield (
                "No measure of quality is defined for these questions: there are no gold answers "
                "and no reader. Rates and times are below."
            )
            return
        measure, rate = self.measures[0], _DECISIVE
        if not ranked:
            yield f"No system was measured at a compression rate as low as {percent(rate)}."
            return
        (best, found), others = ranked[0], ranked[1:]
        reached = (
            f"At a compression rate of {100 * rate:.0f}\u00a0%"
            if found.rate > rate - 5e-4
            else f"Within a compression rate of {100 * rate:.0f}\u00a0% "
            f"(it uses {percent(found.rate)})"
        )
        told = (
            f"{reached}, <strong><bdi>{escape(best)}</bdi></strong> has the highest "
            f"{LABELS[measure]}: <strong>{percent(found.mean)}</strong> "
            f"(95\u00a0% interval {percent(found.low)} to {percent(found.high)}, n = {found.n:,})."
        )
        full = self._all_documents(measure)
        if full:
            told += (
                f" All documents together reach {percent(full)}: "
                f"<strong>{100 * found.mean / full:.0f}\u00a0%</strong> of that is kept."
            )
        yield told
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

    def _ranked(self, measure: str, rate: float) -> list[tuple[str, RateEstimate]]:
        """Systems with what they reach at the rate, the best first."""
        from .statistics import at_rate

        found = [
            (system, estimate)
            for system in self.evaluation.systems
            if system not in REFERENCES
            and (estimate := at_rate(self.evaluation, system, measure, rate)) is not None
        ]
        return sorted(found, key=lambda pair: -pair[1].mean)

    def _all_documents(self, measure: str) -> float | None:
        """What all documents reach: of the system `all`, or for recall the answerable questions."""
        for summary in self.summaries:
            if summary.system == "all" and measure in summary.means:
                return summary.means[measure].mean
        if measure != "answer_recall":
            return None
        known = {
            row.question: row.answerable
            for row in self.evaluation.rows
            if row.answerable is not None
        }
        return sum(map(bool, known.values())) / len(known) if known else None

    def _said(self, best: str | None) -> Iterator[str]:
        """What else a reader of the page should know, and how the best system does otherwise."""
        rows = self.evaluation.rows
        failed = sum(bool(row.error) for row in rows)
        reader_failed = sum(bool(row.reader_error) for row in rows)
        if failed:
            yield (
                f"{failed:,} of {_counted(len(rows), 'row')} failed and count in no mean; the "
                "table below says for which system."
            )
        if reader_failed:
            yield f"The reader failed on {_counted(reader_failed, 'row')}."
        known = {row.question: row.answerable for row in rows if row.answerable is not None}
        if missing := sum(not answerable for answerable in known.values()):
            questions = _counted(len(known), "question")
            yield f"{missing:,} of {questions} have no document with a gold answer."
        for summary in self._own():
            if summary.system == best:
                yield from _said_of(summary)
        if self.evaluation.bad:
            yield f"{_counted(len(self.evaluation.bad), 'record')} could not be read as questions."

    def _own(self) -> list[PointSummary]:
        """Of every system its own setting."""
        own = {system: self.evaluation.settings(system)[0] for system in self.evaluation.systems}
        return [s for s in self.summaries if s.setting == own[s.system]]

    def _by_rate(self) -> str:
        """The table that most readers came for: each system at 5, 10 and 20 %."""
        if not self.measures:
            return ""
        from .statistics import at_rate

        measure = self.measures[0]
        lines = []
        for system in self.evaluation.systems:
            if system in REFERENCES:
                continue
            found = [at_rate(self.evaluation, system, measure, rate) for rate in RATES]
            cells = "".join(
                "<td>–</td>"
                if estimate is None
                else _share_cell(estimate.mean, estimate.low, estimate.high)
                for estimate in found
            )
            lines.append((found[1].mean if found[1] else -1.0, system, cells))
        lines.sort(key=lambda line: -line[0])
        for summary in self.summaries:
            if summary.system in _REFERENCE_NAMES and measure in summary.means:
                whole, at = summary.means[measure], summary.means.get("rate")
                told = percent(whole.mean)
                told += "" if at is None else f" at a rate of {percent(at.mean)}"
                between = f"{100 * whole.low:.1f}–{100 * whole.high:.1f}"
                cell = _cell(whole.mean, told, between, span=len(RATES))
                lines.append((0.0, _REFERENCE_NAMES[summary.system], cell))
        body = "".join(
            f'<tr><th scope="row" class="words"><bdi>{escape(name)}</bdi></th>{cells}</tr>'
            for _, name, cells in lines
        )
        heads = "".join(f'<th scope="col">at {100 * rate:.0f} %</th>' for rate in RATES)
        caption = (
            f"{_capital(LABELS[measure])} in %, with 95 % intervals, at a compression rate of "
            "so much: read off between the two nearest settings."
        )
        return _scrolling(
            f"<table><caption>{caption}</caption><thead><tr>"
            f'<th scope="col" class="words">System</th>{heads}'
            f"</tr></thead><tbody>{body}</tbody></table>",
            f"{_capital(LABELS[measure])} at some rates",
        )

    # Pictures

    def curve_sections(self) -> Iterator[_Section]:
        """A section for each measure that has a curve."""
        for measure in self.measures:
            heading = f"{_capital(LABELS[measure])} by compression rate"
            link = _capital(_HEADS.get(measure, LABELS[measure]))
            yield _Section(f"curve-{measure}", link, heading, self.curve(measure))

    def curve(self, measure: str, *, narrow: bool = True) -> str:
        """The chart of a measure, with its legend and caption."""
        traces = curves(self.evaluation, self.summaries, measure)
        if not traces:
            return ""
        spots = [spot for trace in traces for spot in trace.spots]
        return self._figure(
            measure,
            f"{_capital(LABELS[measure])} by compression rate",
            traces,
            rate_axis("compression rate (square-root scale)", [spot.rate for spot in spots]),
            share_axis(LABELS[measure], [edge for s in spots for edge in (s.low, s.high)]),
            f"{_EXPLAINED.get(measure, '')} Bands and whiskers are 95 % bootstrap intervals. "
            "Further left is shorter, further up is better.",
            narrow=narrow,
        )

    def latency(self) -> str:
        """The chart of the times."""
        traces = times(self.evaluation, self.summaries)
        if not traces:
            return ""
        spots = [spot for trace in traces for spot in trace.spots]
        return self._figure(
            "latency",
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
        self,
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
        series = [_series(trace, line=line) for trace in traces]
        described = " ".join(
            (series.marks[-1].told if len(series.marks) == 1 else _described(series)) + "."
            for series in series
        )
        sizes = {"wide": _WIDE, "narrow": _NARROW} if narrow else {"wide": _WIDE}
        description = f"{caption} {described} The same numbers are in the table of all points."
        drawn = []
        for kind, (width, usual) in sizes.items():
            name_of_kind = f"{self.name}-{name}-{kind}"
            chart = Chart(series, x, y, width=width, height=height or usual, name=name_of_kind)
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

    # Tables

    def table(self, *, own_only: bool = False) -> str:
        """The points as a table; own_only: of every system only its own setting."""
        summaries = self._own() if own_only else self.summaries
        if not summaries:
            return ""
        columns = [measure for measure in _SHARES if any(measure in s.means for s in summaries)]
        timed = any(summary.p50 is not None for summary in summaries)
        perplexed = any(summary.perplexity is not None for summary in summaries)
        failing = any(summary.errors or summary.reader_errors for summary in summaries)
        heads = ["rate", *(_HEADS.get(measure, LABELS[measure]) for measure in columns)]
        heads += ["perplexity"] if perplexed else []
        heads += ["time p50", "time p95"] if timed else []
        heads += ["n", *(["failed"] if failing else [])]
        lines = []
        for summary in summaries:
            rate = summary.means.get("rate")
            cells = [_cell(None) if rate is None else _cell(rate.mean, f"{100 * rate.mean:.1f}")]
            for measure in columns:
                found = summary.means.get(measure)
                if found is None:
                    cells.append(_cell(None))
                elif measure == "empty":
                    cells.append(_cell(found.mean, f"{100 * found.mean:.1f}", _both(summary)))
                elif measure in _WITHOUT_INTERVAL:
                    cells.append(_cell(found.mean, f"{100 * found.mean:.1f}"))
                else:
                    cells.append(_share_cell(found.mean, found.low, found.high))
            if perplexed:
                found = summary.perplexity
                cells.append(
                    _cell(None)
                    if found is None
                    else _cell(found.mean, f"{found.mean:.4g}", f"{found.low:.4g}–{found.high:.4g}")
                )
            if timed:
                cells += [
                    _cell(None) if seconds is None else _cell(seconds, told_seconds(seconds))
                    for seconds in (summary.p50, summary.p95)
                ]
            cells.append(_cell(summary.n, f"{summary.n:,}"))
            if failing:
                cells.append(_cell(summary.errors + summary.reader_errors))
            lines.append(
                f'<tr><th scope="row" class="words" data-value="{_attribute(summary.system)}">'
                f"<bdi>{escape(summary.system)}</bdi></th>"
                f'<td class="setting" data-value="{_attribute(summary.setting)}">'
                f"<bdi>{escape(summary.setting or '–')}</bdi></td>{''.join(cells)}</tr>"
            )
        head = "".join(
            f'<th scope="col" class="{"words" if name in _WORDS else "number"}">{escape(name)}</th>'
            for name in ("system", "setting", *heads)
        )
        caption = (
            f"Rates and shares in %, rates in {self.unit}; ranges are 95 % intervals over the "
            "questions that have the measure. Below the share for which nothing is kept: of the "
            "questions that a document answers / of the others."
        )
        kind = "" if own_only else ' class="sortable"'
        return _scrolling(
            f"<table{kind}><caption>{caption}</caption><thead><tr>{head}</tr></thead>"
            f"<tbody>{''.join(lines)}</tbody></table>",
            "Table of points",
        )

    def costs(self) -> str:
        """What the systems save, and from where on compressing pays; nothing for characters."""
        from .markdown import all_costs, costs_cells

        found = [costs for costs in all_costs(self.evaluation) if costs.system not in REFERENCES]
        if not found:
            return ""
        heads, lines = costs_cells(found)
        head = "".join(
            f'<th scope="col" class="{"words" if name in _WORDS else "number"}">{escape(name)}</th>'
            for name in heads
        )
        body = "".join(
            f'<tr><th scope="row" class="words"><bdi>{escape(system)}</bdi></th>'
            f'<td class="setting"><bdi>{escape(setting or "–")}</bdi></td>'
            f"{''.join(f'<td>{escape(value)}</td>' for value in values)}</tr>"
            for system, setting, *values in lines
        )
        caption = (
            "Means per question at each system's own setting. Compressing pays in money for "
            "readers dearer than the price per million input tokens, and in time for readers that "
            "take in fewer tokens a second."
        )
        return _scrolling(
            f"<table><caption>{caption}</caption><thead><tr>{head}</tr></thead>"
            f"<tbody>{body}</tbody></table>",
            "What the systems save",
        )

    def browser(self) -> str:
        """The place of the browser of questions, which the script fills."""
        if not self.evaluation.rows:
            return ""
        return _asset("questions.html").replace(
            'id="browser"', f'id="browser" data-unit="{self.unit}"', 1
        )

    def made(self) -> str:
        """Settings, what was left out, and what could not be read."""
        about = {k: v for k, v in self.evaluation.about.items() if v is not None}
        skipped = about.pop("skipped", None)
        parts = [_value(about) if about else "<p>The evaluation does not say.</p>"]
        if skipped:
            parts += ["<h3>Left out</h3>", _value(skipped)]
        bad = self.evaluation.bad
        if bad:
            parts.append("<h3>Records that were no questions</h3>")
            rows = "".join(
                f'<tr><th scope="row" class="words"><bdi>{escape(str(record.get("id", "")))}</bdi>'
                '</th><td class="words" dir="auto">'
                f"{escape(str(record.get('error', '')))}</td></tr>"
                for record in bad[:SHOWN_BAD]
            )
            caption = (
                _counted(len(bad), "record")
                if len(bad) <= SHOWN_BAD
                else f"The first {SHOWN_BAD} of {len(bad):,} records"
            )
            parts.append(
                _scrolling(
                    f'<table><caption>{caption}</caption><thead><tr><th scope="col" class="words">'
                    f'record</th><th scope="col" class="words">why</th></tr></thead>'
                    f"<tbody>{rows}</tbody></table>",
                    "Records that were no questions",
                )
            )
        return "\n".join(parts)


_REFERENCE_NAMES = {"all": "all documents", "oracle": "oracle sentence"}
_WORDS = ("system", "setting")
_HEADS = {"f1": "F1", "agreement": "agreement"}  # where there is little room


def _series(trace: Trace, *, line: bool) -> Series:
    def marks(spots: Sequence[Any]) -> tuple[Mark, ...]:
        return tuple(Mark(s.rate, s.value, s.low, s.high, s.told) for s in spots)

    if not line:
        return Series(trace.system, (), trace.number, marks(trace.spots))
    beside = () if trace.own is None else (trace.own,)
    return Series(trace.system, marks(trace.curve), trace.number, marks(beside))


def _described(series: Series) -> str:
    """A curve in words, for who does not see it."""
    first, last = series.marks[0], series.marks[-1]
    return f"{len(series.marks)} points from {first.told} to {last.told}"


def _said_of(summary: PointSummary) -> Iterator[str]:
    """The time of a system, and how often it keeps nothing."""
    name = f"<bdi>{escape(summary.system)}</bdi>"
    if summary.p50 is not None and summary.p95 is not None:
        yield (
            f"{name} takes {told_seconds(summary.p50)} per question (median), and 95\u00a0% of the "
            f"questions take at most {told_seconds(summary.p95)}."
        )
    found = summary.means.get("empty")
    if found is not None and found.mean:
        setting = f" at <bdi>{escape(summary.setting)}</bdi>" if summary.setting else ""
        split = _empty_split(summary)
        yield (
            f"{name}{setting} keeps nothing for {percent(found.mean)} of the questions"
            f"{f': {split}' if split else ''}."
        )


def _both(summary: PointSummary) -> str:
    """The share of empty texts among answerable and other questions, for a cell."""
    parts = (summary.empty_answerable, summary.empty_unanswerable)
    if not any(parts):
        return ""
    return " / ".join("–" if part is None else f"{100 * part.mean:.1f}" for part in parts)


def _empty_split(summary: PointSummary) -> str:
    """The share of empty texts by whether a document holds an answer; "" where it is not known."""
    parts = (
        (summary.empty_answerable, "of those that a document answers"),
        (summary.empty_unanswerable, "of the others"),
    )
    return ", ".join(f"{percent(found.mean)} {of}" for found, of in parts if found is not None)


def _comparison(comparison: Comparison | None) -> str:
    """The verdict of a comparison, and its numbers as a table."""
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
        f"{_scrolling(table, 'The comparison in numbers')}"
    )


def _value(value: Any) -> str:
    """A JSON value as nested lists of names and values."""
    if isinstance(value, Mapping):
        if not value:
            return "–"
        items = "".join(
            f"<dt><bdi>{escape(str(name).replace('_', ' '))}</bdi></dt>"
            f'<dd dir="auto">{_value(item)}</dd>'
            for name, item in value.items()
        )
        return f"<dl>{items}</dl>"
    if isinstance(value, (list, tuple)):
        if any(isinstance(item, (Mapping, list, tuple)) for item in value):
            return "".join(_value(item) for item in value)
        return ", ".join(_value(item) for item in value) or "–"
    return escape(_plain(value)) or "–"


def _short_name(identity: Any) -> str:
    """What a reader is called: of its identity the name, else the class."""
    if isinstance(identity, Mapping):
        for key in ("name", "reader", "class", "model"):
            if identity.get(key):
                return _plain(identity[key])
    return _plain(identity)


def _plain(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _share_cell(mean: float, low: float, high: float, span: int = 1) -> str:
    return _cell(mean, f"{100 * mean:.1f}", f"{100 * low:.1f}–{100 * high:.1f}", span)


def _cell(value: float | None, shown: str | None = None, between: str = "", span: int = 1) -> str:
    """A cell with the value that it is sorted by."""
    if value is None:
        return "<td>–</td>"
    columns = f' colspan="{span}"' if span > 1 else ""
    extra = f'<span class="range">{between}</span>' if between else ""
    return f'<td data-value="{value:.6g}"{columns}>{value if shown is None else shown}{extra}</td>'


def _scrolling(table: str, name: str) -> str:
    """A table in a box of its own width that the keyboard can scroll."""
    label = _attribute(name)
    return f'<div class="scroll" role="region" tabindex="0" aria-label="{label}">{table}</div>'


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _attribute(text: str) -> str:
    return escape(text, quote=True)


def _counted(n: int, noun: str) -> str:
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def _digest(content: str) -> str:
    """How a content security policy names the content of an element."""
    digest = hashlib.sha256(content.encode("utf-8")).digest()
    return f"sha256-{base64.b64encode(digest).decode('ascii')}"


@cache
def _asset(name: str) -> str:
    folder = files(__package__).joinpath("report_assets")
    return folder.joinpath(name).read_text(encoding="utf-8")
