"""What ends a paragraph although no blank line does: the beginning of another block."""

from __future__ import annotations

from ..headings import is_in_brackets, signed_level
from ..paragraphs import has_label
from ..tables import may_be_row
from ..traces import begins_trace, is_frame
from .code import FENCE
from .labels import ANSWER, QUESTION
from .markdown import RULE, begins_element
from .scan import Scan
from .titles import ATX, BOLD
from .transcripts import begins_turn

# An answer follows its question within so many lines.
_ANSWERED_WITHIN = 3


def ends_paragraph(scan: Scan, number: int) -> bool:
    """Tell whether a line ends the paragraph above it.

    Args:
        scan: The walk.
        number: The line.

    Returns:
        Whether it is blank, or begins a block of its own.
    """
    line = scan.lines[number]
    text = line.text
    if not text or number in scan.markers:
        return True
    first = text[0]
    if first == "`" or first == "~":
        return FENCE.match(text) is not None
    if first == "#":
        return ATX.match(text) is not None
    if first == ">":
        return True
    if first == "<":
        return begins_element(scan, line)
    if first == "=":
        return signed_level(text, apart=False, first=False) is not None
    if is_in_brackets(text):
        return True
    if number in scan.forms or begins_turn(scan, text):
        return True
    if first in "*_-" and (BOLD.match(text) or RULE.match(text)):
        return True
    if begins_trace(text) or (line.indent and is_frame(text)):
        return True
    if has_label(text) and QUESTION.match(text) and _is_answered(scan, number):
        return True
    return may_be_row(text) and scan.table_at(number)[0] is not None


def _is_answered(scan: Scan, number: int) -> bool:
    below = scan.lines[number + 1 : number + 1 + _ANSWERED_WITHIN]
    return any(ANSWER.match(line.text) for line in below)
