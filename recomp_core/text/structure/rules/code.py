"""Code among text: in a fence, indented below a line, and the traces of crashed programs."""

from __future__ import annotations

import re
from collections.abc import Sequence

from .. import traces
from ..lines import Block, Line, span_of
from ..paragraphs import ends_sentence, is_labelled
from ..tables import separated_rows
from .scan import Scan

FENCE = re.compile(r"(`{3,})[^`]*$|(~{3,})")
"""A line that opens a fence."""
# Code without a fence is indented by so many columns.
_INDENT = 4
_CAUSE = re.compile(
    r"(?:[\w.$]*[A-Za-z](?:Exception|Error|Fault|Panic)\b|"
    r"(?:Root cause|Caused by|Traceback)\b|panic: )"
)


def fence(scan: Scan, number: int) -> int | None:
    """Read code between two fences, or a table where the first says so.

    Args:
        scan: The walk.
        number: The line where it may begin.

    Returns:
        The line after it, or None.
    """
    line = scan.lines[number]
    found = FENCE.match(line.text) if line.text[0] in "`~" else None
    if found is None:
        return None
    mark = found.group(1) or found.group(2)
    stop = _end_of_fence(scan, number, mark[0], len(mark))
    if stop is None:
        if line.text == mark:
            # Nothing closes it, so it closes what stood before this chunk of a document.
            scan.add("rule", number, number + 1)
            return number + 1
        stop = len(scan.lines)
    block = Block("code", *span_of(scan.lines[number:stop]))
    if line.text[len(mark) :].strip().lower() in ("csv", "tsv"):
        block = _fenced_rows(scan.lines[number:stop], mark) or block
    scan.blocks.append(block)
    return stop


def _fenced_rows(lines: Sequence[Line], mark: str) -> Block | None:
    """The table in a fence whose mark says so; the mark goes with the first row."""
    table = separated_rows([x for x in lines[1:] if not x.text.startswith(mark)], told=True)
    if table is not None:
        table.start = table.children[0].start = lines[0].start
    return table


def _end_of_fence(scan: Scan, number: int, mark: str, length: int) -> int | None:
    if length >= scan.unclosed.get(mark, 1 << 30):
        return None
    for at in range(number + 1, len(scan.lines)):
        text = scan.lines[at].text
        if text.startswith(mark * length) and not text.strip(mark):
            return at + 1
    scan.unclosed[mark] = length
    return None


def indented_code(scan: Scan, number: int) -> int | None:
    """Read code that is indented below the line that announces it.

    Args:
        scan: The walk.
        number: The line where it may begin.

    Returns:
        The line after it, or None.
    """
    lines = scan.lines
    if lines[number].indent < _INDENT or number < 2 or not lines[number - 1].blank:
        return None
    # "-a" is an option of a program, as a manual page lists them.
    if number in scan.markers or lines[number].text[0] == "-" or not scan.is_announced:
        return None
    edge = lines[number].indent
    above = number - 2
    while above > 0 and lines[above].blank:
        above -= 1
    if edge < lines[above].indent + _INDENT:
        return None
    stop = number
    while stop < len(lines) and (lines[stop].blank or lines[stop].indent >= edge):
        stop += 1
    while lines[stop - 1].blank:
        stop -= 1
    given = [line.text for line in lines[number:stop] if line.text]
    if any(map(ends_sentence, given)) or 2 * sum(map(is_labelled, given)) > len(given):
        return None
    scan.add("code", number, stop)
    return stop


def trace(scan: Scan, number: int) -> int | None:
    """Read a trace, frames of one, or the line that names an error.

    Args:
        scan: The walk.
        number: The line where it may begin.

    Returns:
        The line after it, or None.
    """
    line = scan.lines[number]
    if traces.begins_trace(line.text):
        found, stop = traces.trace(scan.lines, number)
        scan.blocks.extend(found)
        return stop
    if traces.is_frame(line.text) and (line.indent or scan.blocks):
        stop = traces.end_of_frames(scan.lines, number + 1, line.indent)
        scan.add("code", number, stop)
        return stop
    if _CAUSE.match(line.text) and not ends_sentence(line.text):
        scan.add("line", number, number + 1)
        return number + 1
    return None
