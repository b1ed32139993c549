"""Markdown and plain text to blocks: at each line the rules are tried in their order."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from .headings import titles_above
from .lines import Block, Line
from .markers import trusted_markers
from .markup_blocks import elements_of
from .paragraphs import has_label, wrapped_width
from .rules import code, entries, items, mail, markdown, prose, questions, titles, transcripts
from .rules.scan import Rule, Scan
from .tables import may_be_row

# As many lines tell whether they are a log's, a chat's or a play's.
_SAMPLE = 1_000

RULES: tuple[tuple[Rule, str], ...] = (
    (code.fence, "`~"),
    (markdown.element, "<"),
    (code.indented_code, ""),
    (titles.atx_heading, "#"),
    (entries.form, ""),
    (markdown.table, ""),
    (mail.mail_headers, ""),
    (questions.question, ""),
    (questions.answer, ""),
    (transcripts.message, ""),
    (transcripts.log_line, ""),
    (code.trace, ""),
    (markdown.quotation, ">"),
    (titles.signed_heading, "="),
    (titles.underlined_heading, ""),
    (markdown.rule, "*_-"),
    (mail.signature, "-"),
    (titles.plain_heading, ""),
    (questions.marked_question, ""),
    (items.item, ""),
    (titles.title_above, ""),
    (entries.hanging_entry, ""),
    (prose.paragraph, ""),
)
"""In the order in which they look at a line, and the first characters without which each finds
nothing: most lines begin with none of them."""
_MARKED = frozenset("".join(marks for _, marks in RULES))


def text_blocks(text: str, lines: Sequence[Line]) -> list[Block]:
    """Read Markdown or plain text.

    Args:
        text: The document's text.
        lines: Its lines, or some of them.

    Returns:
        The blocks, in order.
    """
    elements = elements_of(text) if "</" in text else {}
    return _blocks(text, lines, 0, wrapped_width(lines), elements)


def _blocks(
    text: str, lines: Sequence[Line], depth: int, width: int, elements: dict[int, int]
) -> list[Block]:
    given = [line for line in lines[:_SAMPLE] if line.text]
    logged = transcripts.is_log(given)
    forms = {} if logged else entries.forms_of(lines)
    scan = Scan(
        text=text,
        lines=lines,
        depth=depth,
        width=width,
        markers=trusted_markers(lines),
        elements=elements,
        inside=lambda below: _blocks(text, below, depth + 1, width, elements),
        logged=logged,
        chatted=not logged and transcripts.is_chat(given),
        spoken=not forms and transcripts.is_play(given),
        forms=forms,
    )
    if not (scan.logged or scan.chatted or scan.spoken):
        scan.titles = titles_above(lines, width)
    number = 0
    while number < len(lines):
        text_of_line = lines[number].text
        if not text_of_line:
            number += 1
            continue
        for rule in _rules_of(text_of_line):
            stop = rule(scan, number)
            if stop is not None:
                number = stop
                break
    return scan.blocks


def _rules_of(text: str) -> tuple[Rule, ...]:
    """The rules that may find something at a line."""
    first = text[0]
    return _rules_for(first if first in _MARKED else "", may_be_row(text), has_label(text))


@cache
def _rules_for(first: str, has_cells: bool, has_label: bool) -> tuple[Rule, ...]:
    left_out: set[Rule] = set()
    if not has_cells:
        left_out.add(markdown.table)
    if not has_label:
        left_out |= {mail.mail_headers, questions.answer}
        if first not in ("*", "_"):
            left_out.add(questions.question)
    return tuple(
        rule
        for rule, marks in RULES
        if rule not in left_out and (not marks or (first and first in marks))
    )
