"""Entries: filled-in forms, options of commands, and terms with their text below them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ...division import approximate_tokens
from ..lines import Block, Line, span_of
from ..paragraphs import ends_sentence
from ..records import repeated_forms
from .labels import ANSWER, MAIL_HEADER
from .scan import Scan

# A form of so many tokens is one unit.
_SHORT = 64
# A term is no longer, in characters.
_LONGEST_TERM = 100
# An option of a program, with its value or text.
_OPTION = re.compile(r"--?[A-Za-z?][\w-]*(?:[ ,=\[<]|$)")
_TWO_COLUMNS = re.compile(r"\S+(?: \S+){0,4}(?: {2,}|\t+)\S|\S+[:：] |-\S")


def forms_of(lines: Sequence[Line]) -> dict[int, int]:
    """Find the filled-in forms that are neither questions with answers nor the headers of mails.

    Args:
        lines: The container's lines.

    Returns:
        For the first line of each the line after its last.
    """
    return {
        start: stop
        for start, stop in repeated_forms(lines).items()
        if not ANSWER.match(lines[start + 1].text)
        and not (MAIL_HEADER.match(lines[start].text) and MAIL_HEADER.match(lines[start + 1].text))
    }


def form(scan: Scan, number: int) -> int | None:
    """Read a filled-in form: whole if it is short, else its first line with the others below it.

    Args:
        scan: The walk.
        number: The line where it may begin.

    Returns:
        The line after it, or None.
    """
    stop = scan.forms.get(number)
    if stop is None:
        return None
    start, end = span_of(scan.lines[number:stop])
    block = Block("entry", start, end)
    if approximate_tokens(scan.text[start:end]) > _SHORT and not scan.is_deepest:
        block.end = scan.lines[number].end
        block.children = scan.inside(scan.lines[number + 1 : stop])
    scan.blocks.append(block)
    return stop


def hanging_entry(scan: Scan, number: int) -> int | None:
    """Read an option, or a term with its text indented below it, or after a colon below it.

    Args:
        scan: The walk.
        number: The line where it may begin.

    Returns:
        The line after it, or None.
    """
    line = scan.lines[number]
    is_option = _OPTION.match(line.text) is not None
    stop = number + 1
    while (
        stop < len(scan.lines)
        and not scan.lines[stop].blank
        and (scan.lines[stop].indent >= line.indent + 2 or scan.lines[stop].text.startswith(": "))
        # Where long names stand below each other, those without a short one look indented.
        and not (is_option and _OPTION.match(scan.lines[stop].text))
    ):
        stop += 1
    if is_option and (stop > number + 1 or _stands_among_options(scan, number)):
        scan.add("entry", number, stop)
        return stop
    if stop == number + 1 or ends_sentence(line.text) or len(line.text) > _LONGEST_TERM:
        return None
    if scan.width and len(line.text) + line.indent > 0.7 * scan.width:
        return None
    block = Block("entry", *span_of(scan.lines[number:stop]))
    below = scan.lines[number + 1 : stop]
    if not scan.is_deepest and _is_list_below(line, below):
        block.end = line.end
        block.children = scan.inside(below)
    scan.blocks.append(block)
    return stop


def _stands_among_options(scan: Scan, number: int) -> bool:
    around = [*scan.lines[max(0, number - 1) : number], *scan.lines[number + 1 : number + 2]]
    return "  " in scan.lines[number].text or any(_OPTION.match(line.text) for line in around)


def _is_list_below(line: Line, below: Sequence[Line]) -> bool:
    """Whether a line announces several options or entries, and not one text."""
    edge = min(one.indent for one in below)
    first = [one for one in below if one.indent == edge]
    if sum(_OPTION.match(one.text) is not None for one in first) > 1:
        return True
    labelled = sum(_TWO_COLUMNS.match(one.text) is not None for one in first)
    return len(first) > 1 and line.text[-1] in ":：" and 2 * labelled >= len(first)
