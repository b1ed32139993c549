"""An evaluation as one HTML page that needs no network.

The page is complete without its script: words, charts, tables. The script sorts the tables and
shows single questions. Everything that comes from data is escaped, and the page's own policy lets
nothing run or load but its own style and script.
"""

from __future__ import annotations

import base64
import hashlib
import os
from functools import cache
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, NamedTuple

from ..._utils.files import write_text
from ...text.html import displayable
from ..measures import find_measure
from ..results import Evaluation
from . import charts, findings, provenance, tables
from .markup import capital
from .payload import data_element
from .view import View

if TYPE_CHECKING:
    from ..comparison import Comparison


def write_report(
    evaluation: Evaluation,
    path: str | os.PathLike[str],
    *,
    comparison: Comparison | None = None,
    title: str = "RECOMP evaluation",
    lang: str = "en",
    compress: bool | None = None,
) -> Path:
    """Write the report of an evaluation as one HTML file.

    Args:
        evaluation: The evaluation.
        path: The file to write.
        comparison: What `compare` returned, shown in a section of its own.
        title: The page's title.
        lang: The language of the questions.
        compress: Whether the questions are embedded gzipped; None does that from 1 MB on.

    Returns:
        The file's path.
    """
    target = Path(path)
    page = report_page(evaluation, comparison=comparison, title=title, lang=lang, compress=compress)
    write_text(target, page)
    return target


def report_page(
    evaluation: Evaluation,
    *,
    comparison: Comparison | None = None,
    title: str = "RECOMP evaluation",
    lang: str = "en",
    compress: bool | None = None,
) -> str:
    """Make the page that `write_report` writes.

    Args:
        evaluation: The evaluation.
        comparison: What `compare` returned, shown in a section of its own.
        title: The page's title.
        lang: The language of the questions.
        compress: Whether the questions are embedded gzipped; None does that from 1 MB on.

    Returns:
        HTML.
    """
    view = View(evaluation)
    shown = [section for section in _sections(view, comparison) if section.content]
    style, script = asset("report.css"), asset("report.js")
    policy = (
        f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    return Template(asset("page.html")).substitute(
        lang=escape(lang, quote=True),
        title=escape(displayable(title)),
        policy=escape(policy, quote=True),
        style=style,
        script=script,
        facts=escape(displayable(findings.facts(view))),
        links="".join(
            f'<li><a href="#{section.id}">{escape(section.link)}</a></li>' for section in shown
        ),
        body=displayable("\n".join(section.html() for section in shown)),
        data=data_element(evaluation, compress=compress) if evaluation.rows else "",
    )


class _Section(NamedTuple):
    """A section, shown if it has content; `link` is its name in the navigation."""

    id: str
    link: str
    heading: str
    content: str

    def html(self) -> str:
        return (
            f'<section id="{self.id}" aria-labelledby="{self.id}-heading">\n'
            f'<h2 id="{self.id}-heading">{escape(self.heading)}</h2>\n{self.content}\n</section>'
        )


def _sections(view: View, comparison: Comparison | None) -> list[_Section]:
    """All sections in their order."""
    return [
        _Section("summary", "Summary", "In words", findings.summary(view)),
        *(
            _Section(
                f"curve-{measure}",
                capital(find_measure(measure).label),
                f"{capital(find_measure(measure).title)} by compression rate",
                charts.curve(view, measure),
            )
            for measure in view.measures
        ),
        _Section("latency", "Time", "Time by compression rate", charts.latency(view)),
        _Section("costs", "Costs", "What it saves", tables.costs(view)),
        _Section("comparison", "Comparison", "Comparison", tables.compared(comparison)),
        _Section("points", "Points", "All points", tables.points(view)),
        _Section("questions", "Questions", "Question by question", _browser(view)),
        _Section("made", "Settings", "How this was made", provenance.made(view)),
    ]


def _browser(view: View) -> str:
    """The place of the browser of questions, which the script fills."""
    if not view.evaluation.rows:
        return ""
    return asset("questions.html").replace(
        'id="browser"', f'id="browser" data-unit="{view.unit}"', 1
    )


def _digest(content: str) -> str:
    """The name of an element's content in a content security policy."""
    digest = hashlib.sha256(content.encode("utf-8")).digest()
    return f"sha256-{base64.b64encode(digest).decode('ascii')}"


@cache
def asset(name: str) -> str:
    """Read one of the page's own files.

    Args:
        name: The file's name in `assets/`.

    Returns:
        Its text.
    """
    return files(__package__).joinpath("assets").joinpath(name).read_text(encoding="utf-8")
