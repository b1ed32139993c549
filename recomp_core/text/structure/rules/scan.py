"""A walk over the lines of a container: what its rules know, and what they found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ..lines import Block, Line, span_of
from ..markers import Marker
from ..tables import table_at

# Lists in lists in quotations: what lies deeper is read as text.
_DEEPEST = 12
# The levels of lines of signs in Markdown, and in Sphinx, whose parts and chapters have one above.
_LEVELS = {"##": -2, "**": -1, "=": 1, "-": 2}


@dataclass
class Scan:
    """A walk over the lines of a container.

    Attributes:
        text: The document's text.
        lines: The container's lines.
        depth: How many containers it lies in.
        width: The document's `wrapped_width`.
        markers: The lines that begin with a mark.
        elements: Where each HTML element of the text ends, by its start.
        inside: Reads the lines of a container that lies in this one.
        logged: Whether the lines are a log's.
        chatted: Whether they are messages with their times.
        spoken: Whether they are turns of speakers.
        forms: The first lines of filled-in forms, with the lines after these.
        titles: The lines that are titles by their place above a text.
        levels: The levels of the styles of headings that came up.
        blocks: What was found so far.
        unclosed: For each fence character, the shortest fence that nothing closes from here on.
    """

    text: str
    lines: Sequence[Line]
    depth: int
    width: int
    markers: dict[int, Marker]
    elements: dict[int, int]
    inside: Callable[[Sequence[Line]], list[Block]]
    logged: bool
    chatted: bool
    spoken: bool
    forms: dict[int, int] = field(default_factory=dict)
    titles: frozenset[int] = frozenset()
    levels: dict[str, int] = field(default_factory=lambda: dict(_LEVELS))
    blocks: list[Block] = field(default_factory=list)
    unclosed: dict[str, int] = field(default_factory=dict)

    @property
    def is_deepest(self) -> bool:
        """Whether no container is read within this one."""
        return self.depth >= _DEEPEST

    @property
    def below_heading(self) -> bool:
        """Whether the last block is a heading."""
        return bool(self.blocks) and self.blocks[-1].kind == "heading"

    @property
    def is_done(self) -> bool:
        """Whether the last block has ended without a blank line."""
        return bool(self.blocks) and self.blocks[-1].kind in ("heading", "code", "table")

    @property
    def is_announced(self) -> bool:
        """Whether the last block is text that ends with a colon."""
        last = self.blocks[-1] if self.blocks else None
        return (
            last is not None
            and last.kind in ("prose", "item", "entry", "answer")
            and self.text.endswith((":", "："), last.start, last.end)
        )

    def begins(self, number: int) -> bool:
        """Tell whether a line is the first of a paragraph.

        Args:
            number: The line.

        Returns:
            Whether it is the first of all, or stands below a blank one.
        """
        return number == 0 or self.lines[number - 1].blank

    def next_line(self, number: int) -> int | None:
        """Find the next line that is not blank.

        Args:
            number: The line before.

        Returns:
            Its number, or None at the end.
        """
        lines = self.lines
        at = number + 1
        while at < len(lines) and not lines[at].text:
            at += 1
        return at if at < len(lines) else None

    def table_at(self, number: int) -> tuple[Block | None, int]:
        """Read a table.

        Args:
            number: The line where it may begin.

        Returns:
            The table and the line after it; None and `number` if none begins there.
        """
        # Items, messages and lines of a log may have columns, too.
        plain = not (self.logged or self.chatted or self.spoken or number in self.markers)
        return table_at(self.lines, number, plain=plain)

    def level_of(self, style: str) -> int:
        """Return the level of a style of headings.

        Args:
            style: A sign, or two for a line of it above and below.

        Returns:
            Its level by what it is for, or below those of the styles that came before it.
        """
        if style not in self.levels:
            below = max(self.levels.values()) + 1
            self.levels[style] = 0 if len(style) == 2 else below
        return self.levels[style]

    def add(self, kind: str, number: int, stop: int, level: int = 0) -> None:
        """Append a block.

        Args:
            kind: Its kind.
            number: Its first line.
            stop: The line after its last.
            level: Its level.
        """
        self.blocks.append(Block(kind, *span_of(self.lines[number:stop]), level))


Rule = Callable[[Scan, int], int | None]
"""Adds what begins at a line that is not blank, and returns the line after it, or None."""
