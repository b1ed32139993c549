"""Stack traces: the lines that a crashed program leaves behind."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..division import approximate_tokens
from .lines import Block, Line, span_of

_PYTHON = re.compile(r"(?:\+ )?(?:Exception Group )?Traceback \(most recent call last\):$")
# Of Go and Rust: the error stands above.
_PARAGRAPH = re.compile(r"(?:goroutine \d+ \[[^\]]{1,80}\]|stack backtrace):$")
_FRAME = re.compile(
    r"(?:at[ ](?:\S+[(.]|[^()\n]{1,100}[ ]\([^()\n]*(?::\d+|>)\)$)|File[ ]\"|\.\.\.[ ]\d+[ ]more|"
    r"from[ ]\S+:\d+|#\d+[ ])"
)
_FIRST = frozenset("aF.f#")
# A longer trace is divided: its error stands by itself.
_SHORT = 100


def is_frame(text: str) -> bool:
    """Tell whether a line is a frame of a trace.

    Args:
        text: The line, stripped.

    Returns:
        Whether it begins like one, in one of the usual languages.
    """
    return text[:1] in _FIRST and _FRAME.match(text) is not None


def begins_trace(text: str) -> bool:
    """Tell whether a line announces a trace.

    Args:
        text: The line, stripped.

    Returns:
        Whether it is the first line of a trace of Python, Go or Rust.
    """
    return text[-1:] == ":" and (_PYTHON.match(text) or _PARAGRAPH.match(text)) is not None


def trace(lines: Sequence[Line], number: int) -> tuple[list[Block], int]:
    """Read a trace that a line announces.

    Args:
        lines: The container's lines.
        number: The line for which `begins_trace` holds.

    Returns:
        The trace with its error, in two blocks if it is long, and the line after it.
    """
    stop = number + 1
    if _PARAGRAPH.match(lines[number].text):
        while stop < len(lines) and not lines[stop].blank:
            stop += 1
        return [Block("code", *span_of(lines[number:stop]))], stop
    edge = lines[number].indent
    stop = end_of_frames(lines, stop, edge)
    frames = lines[number:stop]
    if stop == len(lines) or lines[stop].blank:
        return [Block("code", *span_of(frames))], stop
    error = lines[stop]
    if sum(approximate_tokens(line.text) for line in (*frames, error)) <= _SHORT:
        return [Block("code", lines[number].start, error.end)], stop + 1
    return [Block("code", *span_of(frames)), Block("line", error.start, error.end)], stop + 1


def end_of_frames(lines: Sequence[Line], number: int, edge: int) -> int:
    """Find the end of the frames of a trace, with the source lines below them.

    Args:
        lines: The container's lines.
        number: The line after the first.
        edge: The indent of the line that they stand under.

    Returns:
        The first line that is neither indented further nor a frame.
    """
    while number < len(lines) and not lines[number].blank:
        if lines[number].indent <= edge and not is_frame(lines[number].text):
            break
        number += 1
    return number
