"""How an evaluation was made: its settings, what was left out, and what could not be read."""

from __future__ import annotations

from html import escape

from .markup import counted, nested, scrolling
from .view import View

SHOWN_BAD = 200  # records that were no questions; of more, only the number is shown


def made(view: View) -> str:
    """Show settings, what was left out, and what could not be read.

    Args:
        view: The evaluation.

    Returns:
        HTML.
    """
    about = {k: v for k, v in view.evaluation.about.items() if v is not None}
    skipped = about.pop("skipped", None)
    parts = [nested(about) if about else "<p>The evaluation does not say.</p>"]
    if skipped:
        parts += ["<h3>Left out</h3>", nested(skipped)]
    if view.evaluation.bad:
        parts += ["<h3>Records that were no questions</h3>", _bad_records(view)]
    return "\n".join(parts)


def _bad_records(view: View) -> str:
    bad = view.evaluation.bad
    rows = "".join(
        f'<tr><th scope="row" class="words"><bdi>{escape(str(record.get("id", "")))}</bdi>'
        '</th><td class="words" dir="auto">'
        f"{escape(str(record.get('error', '')))}</td></tr>"
        for record in bad[:SHOWN_BAD]
    )
    caption = (
        counted(len(bad), "record")
        if len(bad) <= SHOWN_BAD
        else f"The first {SHOWN_BAD} of {len(bad):,} records"
    )
    return scrolling(
        f'<table><caption>{caption}</caption><thead><tr><th scope="col" class="words">'
        f'record</th><th scope="col" class="words">why</th></tr></thead>'
        f"<tbody>{rows}</tbody></table>",
        "Records that were no questions",
    )
