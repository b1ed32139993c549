"""Tables: Markdown's pipes, and rows of values with a separator between them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence

from .drawn_tables import column_table, drawn_table, is_drawn_rule, is_header
from .lines import Block, Line

_RULE_CELL = re.compile(r":?-+:?$")
_SEPARATORS = ("\t", ";", ",", "|")
_CORNERS = frozenset("+┌╔┏╒│║┃")
_CELLS = re.compile(r" {2}|\t[^\t]*\t|,[^ ,]*,|;[^ ;]*;")
_QUOTED = re.compile(r'"[^"\n]*"')
# Among other text a table has at least so many rows, and no longer cells.
_FEWEST_ROWS, _LONGEST_CELL = 3, 60
# As many lines tell how many columns a file has.
_SAMPLE = 50


def may_be_row(text: str) -> bool:
    """Tell whether a line has what stands between cells.

    Args:
        text: The line, stripped.

    Returns:
        Whether it does: a quick test before slow ones.
    """
    return "|" in text or text[:1] in _CORNERS or _CELLS.search(text) is not None


def table_at(lines: Sequence[Line], first: int, *, plain: bool = True) -> tuple[Block | None, int]:
    """Read a table of any kind: with bars, drawn, in columns, or values with a separator.

    Args:
        lines: The container's lines.
        first: The line where it may begin.
        plain: Whether it may be one without bars and rules.

    Returns:
        The table and the line after it; None and `first` if none begins there.
    """
    text = lines[first].text
    readers: list[Callable[[Sequence[Line], int], tuple[Block | None, int]]] = []
    if "|" in text:
        readers.append(pipe_table)
    if not text[:1].isalnum() or "|" in text:
        readers.append(drawn_table)
    if plain and "  " in text:
        readers.append(column_table)
    if plain and any(text.count(separator) > 1 for separator in _SEPARATORS):
        readers.append(separated_run)
    for read in readers:
        table, stop = read(lines, first)
        if table is not None:
            return table, stop
    return None, first


def pipe_table(lines: Sequence[Line], first: int) -> tuple[Block | None, int]:
    """Read a Markdown table.

    Args:
        lines: The container's lines.
        first: The line where it may begin.

    Returns:
        The table and the line after it; None and `first` if none begins there.
    """
    if first + 1 >= len(lines) or "|" not in lines[first].text or "|" not in lines[first + 1].text:
        return None, first
    if is_drawn_rule(lines[first].text) or is_drawn_rule(lines[first + 1].text):
        return None, first
    piped = all(line.text.startswith("|") for line in lines[first : first + 2])
    ruled = is_rule(lines[first + 1].text)
    if not piped and not ruled:
        return None, first
    stop = first
    while stop < len(lines) and "|" in lines[stop].text:
        stop += 1
    rows = [Block("row", line.start, line.end) for line in lines[first:stop]]
    # The rule goes with the header: without it the rows are no Markdown table.
    header = Block("header", lines[first].start, lines[first + 1 if ruled else first].end)
    rows = [header, *rows[2:]] if ruled else rows
    return Block("table", lines[first].start, lines[stop - 1].end, children=rows), stop


def is_rule(text: str) -> bool:
    """Tell whether a line is the rule below a table's header.

    Args:
        text: The line, stripped.

    Returns:
        Whether it consists of cells of hyphens.
    """
    if set(text) - set("|:- \t"):
        return False
    cells = text.strip("|").split("|")
    return all(_RULE_CELL.match(cell.strip()) for cell in cells)


def separated_rows(lines: Sequence[Line], *, told: bool = False) -> Block | None:
    """Read comma-separated values, or values with tabs, semicolons or bars between them.

    Args:
        lines: All lines of the text.
        told: Whether the text is known to be such a table.

    Returns:
        The table with its header and rows, or None if the lines are something else.
    """
    least = 2 if told else 3
    some = _joined_rows(lines[: 3 * _SAMPLE])[:_SAMPLE]
    separator = _separator([row[0] for row in some], told=told) if len(some) >= least else None
    if separator is None:
        return None
    rows = _joined_rows(lines)
    blocks = [Block("row", start, end) for _, start, end in rows]
    if is_header(rows[0][0].split(separator)):
        blocks[0].kind = "header"
    return Block("table", rows[0][1], rows[-1][2], children=blocks, level=1)


def separated_run(lines: Sequence[Line], first: int) -> tuple[Block | None, int]:
    """Read values with separators among other text.

    Stricter than `separated_rows`, for prose has commas too: three lines and more with the same
    number of separators, of which no space follows a comma, and short cells.

    Args:
        lines: The container's lines.
        first: The line where they may begin.

    Returns:
        The table and the line after it; None and `first` if none begins there.
    """
    if first + _FEWEST_ROWS > len(lines):
        return None, first
    some = [_QUOTED.sub("", line.text) for line in lines[first : first + _FEWEST_ROWS]]
    for separator in _SEPARATORS:
        columns = some[0].count(separator)
        if columns < 2 or any(row.count(separator) != columns for row in some):
            continue
        if not all(_has_short_cells(row, separator) for row in some):
            continue
        stop = first + _FEWEST_ROWS
        while stop < len(lines) and _QUOTED.sub("", lines[stop].text).count(separator) == columns:
            stop += 1
        rows = [Block("row", line.start, line.end) for line in lines[first:stop]]
        if is_header(lines[first].text.split(separator)):
            rows[0].kind = "header"
        return Block("table", rows[0].start, rows[-1].end, children=rows, level=1), stop
    return None, first


def _has_short_cells(row: str, separator: str) -> bool:
    """Whether a row holds values and no clauses, nor the arguments of a call."""
    if separator in ",;" and f"{separator} " in row:
        return False
    cells = row.split(separator)
    return (
        sum(bool(cell.strip()) for cell in cells) >= len(cells) / 2
        and all(len(cell) <= _LONGEST_CELL for cell in cells)
        and all(cell.count("(") == cell.count(")") for cell in cells)
        and not any(sign in row for sign in "{}[]<>")
    )


def _joined_rows(lines: Sequence[Line]) -> list[tuple[str, int, int]]:
    """The rows as (text, start, end): a quoted value may go on in the next line."""
    rows: list[tuple[str, int, int]] = []
    parts: list[str] = []
    start = 0
    odd = False
    for line in lines:
        if line.blank and not odd:
            continue
        if not parts:
            start = line.start
        parts.append(line.text)
        odd ^= line.text.count('"') % 2 == 1
        if not odd or len(parts) > 20:
            rows.append(("\n".join(parts), start, line.end))
            parts, odd = [], False
    if parts:
        rows.append(("\n".join(parts), start, lines[-1].end or start))
    return [row for row in rows if row[1] < row[2]]


def _separator(rows: Sequence[str], *, told: bool) -> str | None:
    bare = [_QUOTED.sub("", row) for row in rows]
    for separator in _SEPARATORS:
        counts = Counter(row.count(separator) for row in bare)
        columns, times = counts.most_common(1)[0]
        if columns == 0 or (separator == "," and columns == 1 and not told and _is_prose(bare)):
            continue
        if separator == "|" and any(row.startswith("|") for row in bare):
            continue  # Markdown's
        if not told and any(row.count(separator) != columns for row in bare[:3]):
            continue
        if times >= (0.5 if told else 0.9) * len(bare) and (told or not _is_prose(bare)):
            return separator
    return None


def _is_prose(rows: Sequence[str]) -> bool:
    """Whether the commas stand in sentences: a space follows most of them, and words are long."""
    commas = sum(row.count(",") for row in rows)
    spaced = sum(row.count(", ") for row in rows)
    sentences = sum(row.rstrip().endswith((".", "!", "?", "。")) for row in rows)
    return sentences > len(rows) / 2 or (commas > 0 and spaced > commas / 2)
