"""Tables drawn with signs or set in columns: of databases, terminals and reStructuredText."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from .lines import Block, Line

_CORNERS = frozenset("+┌┐└┘├┤┬┴┼╔╗╚╝╠╣╦╩╬┏┓┗┛┣┫┳┻╋╞╡╪╒╕╘╛")
_DASHES = frozenset("-=─━═")
_BARS = frozenset("|│║┃")
_RULE = _CORNERS | _DASHES | _BARS | {" ", ":"}
# Some write two spaces between sentences.
_GAP = re.compile(r"(?<![^\W\d_][.!?]) {2,}")
_NUMBER = re.compile(r"[-+]?[\d.,:%/ $€£-]+$")
# What counts the columns has no more digits; two of them are years after this one.
_LONGEST_COUNT, _EARLIEST = 6, 999
# A header has at most so many lines.
_HIGHEST_HEADER = 8
# As many lines show columns, and as many gaps between them.
_FEWEST_LINES, _FEWEST_GAPS = 3, 2
_ENDLESS = 1 << 30


def drawn_table(lines: Sequence[Line], first: int) -> tuple[Block | None, int]:
    """Read a table that lines of signs enclose or divide.

    Args:
        lines: The container's lines.
        first: The line where it may begin.

    Returns:
        The table and the line after it; None and `first` if none begins there.
    """
    if first + 1 >= len(lines):
        return None, first
    bordered = is_drawn_rule(lines[first].text)
    begins = _has_bar(lines[first + 1].text) if bordered else is_drawn_rule(lines[first + 1].text)
    if not begins or not (bordered or _has_bar(lines[first].text)):
        return None, first
    stop = first
    while stop < len(lines) and (_has_bar(lines[stop].text) or is_drawn_rule(lines[stop].text)):
        stop += 1
    rows = _rows(lines, first, stop)
    return Block("table", lines[first].start, lines[stop - 1].end, children=rows), stop


def is_drawn_rule(text: str) -> bool:
    """Tell whether a line is the border of a drawn table, or a rule in it.

    Args:
        text: The line, stripped.

    Returns:
        Whether it consists of dashes with corners between them.
    """
    return (
        len(text) > 2
        and not _CORNERS.isdisjoint(text)
        and not _DASHES.isdisjoint(text)
        and _RULE.issuperset(text)
    )


def is_header(cells: Sequence[str]) -> bool:
    """Tell whether a table's first row is its header.

    Args:
        cells: The row's cells.

    Returns:
        Whether they name the columns: no cell is a number, or all but the first count up, as years
        and weeks do.
    """
    cells = [cell.strip().strip('"') for cell in cells]
    numbers = [_NUMBER.match(cell) is not None for cell in cells]
    if not any(numbers):
        return True
    if numbers[0] or not all(numbers[1:]):
        return False
    values = [int(cell) for cell in cells[1:] if cell.isdecimal() and len(cell) <= _LONGEST_COUNT]
    steps = {after - before for before, after in pairwise(values)}
    if len(values) < len(cells) - 1 or len(steps) != 1 or 0 in steps:
        return False
    return len(values) > 2 or (steps <= {1, -1} and min(values) > _EARLIEST)


def _has_bar(text: str) -> bool:
    return not _BARS.isdisjoint(text)


def _rows(lines: Sequence[Line], first: int, stop: int) -> list[Block]:
    """The rows, each with the rule below it; the first rule inside ends the header."""
    parts: list[list[int]] = [[]]
    ends = [first]
    for number in range(first, stop):
        if not is_drawn_rule(lines[number].text):
            parts[-1].append(number)
            ends[-1] = number
        elif parts[-1]:
            ends[-1] = number
            parts.append([])
            ends.append(number)
    if not parts[-1]:
        del parts[-1], ends[-1]
    start = lines[first].start  # the header has the border above it
    rows: list[Block] = []
    if len(parts) > 1 and len(parts[0]) <= _HIGHEST_HEADER:
        rows.append(Block("header", start, lines[ends[0]].end))
        del parts[0], ends[0]
        start = -1
    # Rules between all rows show which lines are one row.
    ruled = len(parts) > 1 and sum(map(len, parts)) <= 3 * len(parts)
    for part, end in zip(parts, ends, strict=True):
        for number in part:
            last = lines[end if number == part[-1] else number].end
            if ruled and number != part[0]:
                rows[-1].end = last
            else:
                rows.append(Block("row", lines[number].start if start < 0 else start, last))
                start = -1
    return rows


def column_table(lines: Sequence[Line], first: int) -> tuple[Block | None, int]:
    """Read a table whose columns are set with spaces.

    Args:
        lines: The container's lines.
        first: The line where it may begin.

    Returns:
        The table and the line after it; None and `first` if none begins there.
    """
    if first + _FEWEST_LINES > len(lines):
        return None, first
    gaps = _gaps(lines[first])
    for line in lines[first + 1 : first + _FEWEST_LINES]:
        gaps = _common(gaps, line)
    if len(gaps) < _FEWEST_GAPS:
        return None, first
    stop = first + _FEWEST_LINES
    while stop < len(lines):
        further = _common(gaps, lines[stop])
        if len(further) < len(gaps):
            break
        gaps = further
        stop += 1
    rows = _column_rows(lines, first, stop, gaps[0][0])
    # Rows without a header say what they say by themselves.
    level = 0 if rows[0].kind == "header" else 1
    return Block("table", lines[first].start, lines[stop - 1].end, level, rows), stop


def _gaps(line: Line) -> list[tuple[int, int]]:
    """The blank columns inside a line."""
    if "\t" in line.text:
        return []
    return [
        (line.indent + gap.start(), line.indent + gap.end()) for gap in _GAP.finditer(line.text)
    ]


def _common(gaps: Sequence[tuple[int, int]], line: Line) -> list[tuple[int, int]]:
    """The columns that are blank in a line, too; none if the line has no gap inside."""
    found = _gaps(line)
    if not found:
        return []
    if line.indent > 1:
        found.insert(0, (0, line.indent))
    found.append((line.indent + len(line.text), _ENDLESS))
    common = []
    at = 0
    for start, end in gaps:
        while at < len(found) and found[at][1] <= start:
            at += 1
        if at < len(found) and max(start, found[at][0]) < min(end, found[at][1]):
            common.append((max(start, found[at][0]), min(end, found[at][1])))
    return common


def _column_rows(lines: Sequence[Line], first: int, stop: int, edge: int) -> list[Block]:
    rules = [at for at in range(first, stop) if _is_dashed(lines[at].text)]
    top = 1 if rules[:1] == [first] else 0
    head = first + top
    ends = [at for at in rules if head < at <= head + _HIGHEST_HEADER]
    rows: list[Block] = []
    if ends:
        rows.append(Block("header", lines[first].start, lines[ends[0]].end))
        begin = ends[0] + 1
    elif is_header(_GAP.split(lines[head].text)):
        rows.append(Block("header", lines[first].start, lines[head].end))
        begin = head + 1
    else:
        rows.append(Block("row", lines[first].start, lines[head].end))
        begin = head + 1
    for number in range(begin, stop):
        line = lines[number]
        goes_on = line.indent >= edge or number in rules
        if goes_on and number > begin:
            rows[-1].end = line.end
        else:
            rows.append(Block("row", line.start, line.end))
    return rows


def _is_dashed(text: str) -> bool:
    return not set(text) - set("-= ")
