"""A text's lines, with their offsets and indents."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from ..joining import INVISIBLE

# What takes two columns in a font of one width: Chinese, Japanese, Korean, and emoji.
_WIDE = re.compile(
    r"[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f"
    r"\uff01-\uff60\uffe0-\uffe6\U0001f300-\U0001faff\U00020000-\U0003fffd]+"
)
_BREAK = re.compile(r"\r\n|[\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_TAB_STOP = 4


class Line(NamedTuple):
    """A line of a text, or what is left of it inside a list item or quotation.

    Attributes:
        start: The offset of its first visible character in the text; that of its end if it is
            blank.
        end: The offset after its last visible character.
        indent: The columns before `start`, from the edge of the container.
        text: What stands between `start` and `end`.
    """

    start: int
    end: int
    indent: int
    text: str

    @property
    def blank(self) -> bool:
        """Whether nothing visible stands on the line."""
        return not self.text

    @property
    def width(self) -> int:
        """The columns from the edge of the container to the last visible character."""
        return self.indent + columns_of(self.text)


def columns_of(text: str) -> int:
    """Return how wide a text is where each letter takes one column, and a Chinese one two.

    Args:
        text: The text, on one line.

    Returns:
        Its columns.
    """
    if text.isascii():
        return len(text)
    return len(text) + sum(map(len, _WIDE.findall(text)))


def lines_of(text: str, start: int = 0, end: int | None = None) -> list[Line]:
    """Divide a text into lines.

    Args:
        text: The text.
        start: Where to begin.
        end: Where to end; None for the end of the text.

    Returns:
        The lines, blank ones included.
    """
    end = len(text) if end is None else end
    found = []
    for match in _BREAK.finditer(text, start, end):
        stop, following = match.span()
        found.append(_line(text, start, stop))
        start = following
    if start < end:
        found.append(_line(text, start, end))
    return found


def _line(text: str, start: int, stop: int) -> Line:
    raw = text[start:stop]
    visible = raw.strip(INVISIBLE)
    if not visible:
        return Line(stop, stop, 0, "")
    if len(visible) == len(raw):
        return Line(start, stop, 0, raw)
    before = len(raw) - len(raw.lstrip(INVISIBLE))
    return Line(start + before, start + before + len(visible), _columns(raw[:before]), visible)


def _columns(space: str) -> int:
    columns = 0
    for character in space:
        if character == "\t":
            columns += _TAB_STOP - columns % _TAB_STOP
        elif character == "\u3000":
            columns += 2
        else:
            columns += 1
    return columns


def inner(line: Line, skipped: int, columns: int) -> Line:
    """Return what is left of a line after a mark at its beginning.

    Args:
        line: The line.
        skipped: The characters of the mark and the space after it.
        columns: The indent of the container's content, from the same edge as the line's.

    Returns:
        The rest; its indent is counted from the container's content.
    """
    rest = line.text[skipped:]
    visible = rest.lstrip(INVISIBLE)
    start = line.end - len(visible)
    indent = line.indent + skipped + _columns(rest[: len(rest) - len(visible)]) - columns
    return Line(start, line.end, max(0, indent), visible)


@dataclass
class Block:
    """A node of a document's tree.

    Attributes:
        kind: "heading", "prose" (to be split into sentences), "item", "table", "row", "header",
            "code", "entry", "question", "answer", "message", "line", "boilerplate", "key" or
            "quote".
        start: The offset of its first character; for a container that of its own text.
        end: The offset after its last character, without what is in `children`.
        level: Of a heading: 1 is the outermost.
        children: What stands under it.
        markup: Whether HTML tags stand in it.
    """

    kind: str
    start: int
    end: int
    level: int = 0
    children: list[Block] = field(default_factory=list)
    markup: bool = False


def span_of(lines: Sequence[Line]) -> tuple[int, int]:
    """Return the span from the first to the last visible character of some lines.

    Args:
        lines: At least one line that is not blank.

    Returns:
        The span, in code points.
    """
    if lines[0].text and lines[-1].text:
        return lines[0].start, lines[-1].end
    return next(line.start for line in lines if not line.blank), next(
        line.end for line in reversed(lines) if not line.blank
    )
