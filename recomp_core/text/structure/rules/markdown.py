"""What Markdown marks besides code, titles and items: rules, quotations, tables and HTML."""

from __future__ import annotations

import re

from ...joining import INVISIBLE, is_blank
from ..lines import Block, Line, inner
from ..markup_blocks import html_blocks, opens_element
from .scan import Scan

RULE = re.compile(r"(?:\*[ \t]*){3,}$|(?:_[ \t]*){3,}$|(?:-[ \t]*){3,}$")
"""A line of stars, underscores or hyphens."""


def rule(scan: Scan, number: int) -> int | None:
    """Read a rule.

    It says nothing, so it needs no unit. Yet a unit must cover all that is visible, so it joins
    what stands before it.

    Args:
        scan: The walk.
        number: The line where it may stand.

    Returns:
        The line after it, or None.
    """
    text = scan.lines[number].text
    if text[0] not in "*_-" or not RULE.match(text):
        return None
    scan.add("rule", number, number + 1)
    return number + 1


def quotation(scan: Scan, number: int) -> int | None:
    """Read lines behind ">", of Markdown or a mail.

    Args:
        scan: The walk.
        number: The line where they may begin.

    Returns:
        The line after them, or None.
    """
    if not scan.lines[number].text.startswith(">") or scan.is_deepest:
        return None
    stop = number
    inside = []
    while stop < len(scan.lines) and scan.lines[stop].text.startswith(">"):
        line = scan.lines[stop]
        mark = 2 if line.text[1:2] in (" ", "\t") else 1
        inside.append(inner(line, mark, line.indent + mark))
        stop += 1
    children = scan.inside(inside)
    if not children:
        return stop  # all of it is empty: to look at each of its lines anew would take long
    scan.blocks.append(Block("quote", children[0].start, children[0].start, children=children))
    return stop


def table(scan: Scan, number: int) -> int | None:
    """Read a table, of Markdown or of another kind.

    Args:
        scan: The walk.
        number: The line where it may begin.

    Returns:
        The line after it, or None.
    """
    block, stop = scan.table_at(number)
    if block is None:
        return None
    scan.blocks.append(block)
    return stop


def element(scan: Scan, number: int) -> int | None:
    """Read an element of HTML.

    Args:
        scan: The walk.
        number: The line where it may begin.

    Returns:
        The line after it, or None.
    """
    line = scan.lines[number]
    if not begins_element(scan, line):
        return None
    end = _end_of_elements(scan, number)
    blocks = html_blocks(scan.text, line.start, end)
    if not blocks:
        return None
    scan.blocks.extend(blocks)
    stop = number
    while stop < len(scan.lines) and scan.lines[stop].start < end:
        stop += 1
    last = scan.lines[stop - 1].end
    if last > end and not is_blank(scan.text[end:last]):
        start = last - len(scan.text[end:last].lstrip(INVISIBLE))
        scan.blocks.append(Block("prose", start, last))
    return stop


def _end_of_elements(scan: Scan, number: int) -> int:
    """The end of the elements that begin with a line, or right after each other on one."""
    end = start = scan.lines[number].start
    while start in scan.elements:
        end = scan.elements[start]
        start = end
        while scan.text[start : start + 1] in (" ", "\t"):
            start += 1
    return end


def begins_element(scan: Scan, line: Line) -> bool:
    """Tell whether an element of HTML begins with a line.

    Args:
        scan: The walk.
        line: The line.

    Returns:
        Whether one begins, and ends somewhere.
    """
    return (
        line.text[0] == "<" and opens_element(line.text) is not None and line.start in scan.elements
    )
