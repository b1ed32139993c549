"""Items of lists, with what is indented below them."""

from __future__ import annotations

from ..lines import Block, Line, inner, span_of
from ..markers import trusted_markers
from ..paragraphs import ends_sentence, is_labelled
from .code import FENCE
from .ends import ends_paragraph
from .markdown import begins_element
from .scan import Scan
from .titles import ATX

# A line that goes on in the next one has at least so many columns.
_SHORTEST_FILLED = 50


def item(scan: Scan, number: int) -> int | None:
    """Read an item of a list.

    Args:
        scan: The walk.
        number: The line where it may begin.

    Returns:
        The line after it, or None.
    """
    marker = scan.markers.get(number)
    if marker is None or scan.is_deepest:
        return None
    line = scan.lines[number]
    # Columns, not characters: what lies below belongs to the item if it is indented as its text.
    content = line.indent + max(marker.width, 2)
    first = inner(line, marker.width, content)
    inside = [first]
    stop = number + 1
    blank_seen = False
    while stop < len(scan.lines):
        below = scan.lines[stop]
        if below.blank:
            blank_seen = True
        elif below.indent >= min(content, line.indent + 2) and below.indent > line.indent:
            blank_seen = False
        elif (
            blank_seen
            or stop in scan.markers
            or ends_paragraph(scan, stop)
            or not _is_lazy(scan, stop)
        ):
            break
        inside.append(below if below.blank else inner(below, 0, min(content, below.indent)))
        stop += 1
    while inside and inside[-1].blank and len(inside) > 1:
        inside.pop()
    scan.blocks.append(_item_block(scan, line, first, inside))
    return stop


def _is_lazy(scan: Scan, number: int) -> bool:
    """Whether a line that is not indented carries on the item before it."""
    before, line = scan.lines[number - 1], scan.lines[number]
    if is_labelled(line.text):
        return False
    if before.text.endswith("-") and before.text[-2:-1].isalpha():
        return True
    if scan.width or line.text[0].islower():
        return True
    return not ends_sentence(before.text) and len(before.text) + before.indent >= _SHORTEST_FILLED


def _item_block(scan: Scan, line: Line, first: Line, inside: list[Line]) -> Block:
    if first.blank:
        return Block("item", line.start, line.end)
    if FENCE.match(first.text) or begins_element(scan, first) or ATX.match(first.text):
        children = scan.inside(inside)
        if children and children[0].kind != "prose":
            children[0].start = line.start if children[0].kind != "table" else children[0].start
            return Block("item", line.start, line.start, children=children)
    own = 1
    markers = trusted_markers(inside[1:])
    while own < len(inside) and not inside[own].blank and (own - 1) not in markers:
        if FENCE.match(inside[own].text) or inside[own].text.startswith((">", "|", "<")):
            break
        own += 1
    block = Block("item", line.start, span_of(inside[:own])[1])
    if own < len(inside):
        block.children = scan.inside(inside[own:])
    return block
