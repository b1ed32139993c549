"""Titles: with Markdown's signs, underlined, of wikis, bold, in capitals, numbered, or by place."""

from __future__ import annotations

import re

from ..headings import follows_sign, is_as_long, is_in_brackets, signed_level, underlined
from ..markers import Marker, reads_like_title
from ..section_words import ORDINAL, RANKS
from .scan import Scan

ATX = re.compile(r"(#{1,6})(?:[ \t]+|$)")
"""The signs before a heading of Markdown."""
BOLD = re.compile(r"(\*\*|__)(?=\S)([^*_\n]{1,120})\1[ \t]*[:：]?$")
"""A line in bold."""
# The most characters of a heading without signs, of one in capitals, and of a numbered one without
# a blank line below it.
_LONGEST, _LONGEST_CAPITALS, _LONGEST_ON_TEXT = 120, 70, 60
# Of a calendar or card.
_PROPERTY = re.compile(r"[A-Z-]+(?:;[^:]+)?:\S")
# Below an item's number, fewer signs are a rule.
_FEWEST_SIGNS = 5
# The levels of marks that have a place of their own in a document: chapters above sections.
_RANK = {
    "section章": 1, "section编": 1, "section編": 1, "section篇": 1, "section部": 1, "section卷": 1,
    "section节": 2, "section節": 2, "korean편": 1, "korean장": 1, "korean절": 2,
    "article条": 4, "article條": 4, "korean조": 4, "paragraph": 3, ORDINAL: 3, **RANKS,
    "cjkh": 3, "roundh": 4, "cjkd": 5, "roundd": 5, "circled": 6, "dot.": 3, "dot)": 4, "bare": 3,
    "figure": 2, "hangul": 4,
}  # fmt: skip


def atx_heading(scan: Scan, number: int) -> int | None:
    """Read a heading of Markdown with "#" before it.

    Args:
        scan: The walk.
        number: The line where it may begin.

    Returns:
        The line after it, or None.
    """
    line = scan.lines[number]
    found = ATX.match(line.text) if line.text[0] == "#" else None
    if found is None or line.indent > 3:
        return None
    if not line.text.strip("#") and (stop := underlined_heading(scan, number)) is not None:
        return stop  # signs above and below a title
    scan.add("heading", number, number + 1, len(found.group(1)))
    return number + 1


def underlined_heading(scan: Scan, number: int) -> int | None:
    """Read a title with a line of one sign below it, as in Markdown and reStructuredText.

    Args:
        scan: The walk.
        number: The line where it may begin.

    Returns:
        The line after it, or None.
    """
    line = scan.lines[number]
    if not scan.begins(number) and not scan.is_done:
        return None
    found = underlined(scan.lines, number)
    if found is None:
        return None
    stop, style = found
    marker = scan.markers.get(number)
    if marker is not None:
        # A numbered title, or an item above a rule.
        length = len(scan.lines[number + 1].text)
        if marker.number == 0 or length < _FEWEST_SIGNS or not is_as_long(line.text, length):
            return None
    scan.add("heading", number, stop, scan.level_of(style))
    return stop


def signed_heading(scan: Scan, number: int) -> int | None:
    """Read a heading of MediaWiki or AsciiDoc.

    Args:
        scan: The walk.
        number: The line where it may begin.

    Returns:
        The line after it, or None.
    """
    apart = scan.begins(number) or scan.below_heading
    level = signed_level(scan.lines[number].text, apart=apart, first=not scan.blocks)
    if level is None:
        return None
    scan.add("heading", number, number + 1, level)
    return number + 1


def plain_heading(scan: Scan, number: int) -> int | None:
    """Read a heading that is bold, in capitals, in brackets, after a sign, or numbered.

    Args:
        scan: The walk.
        number: The line where it may begin.

    Returns:
        The line after it, or None.
    """
    if len(scan.lines[number].text) > _LONGEST:
        return None
    level = _level(scan, number)
    if level is None:
        return None
    scan.add("heading", number, number + 1, level)
    return number + 1


def _level(scan: Scan, number: int) -> int | None:
    line = scan.lines[number]
    following = scan.next_line(number)
    if following is None:
        return None
    if line.text[0] in "*_" and BOLD.match(line.text):
        return 4 if following > number + 1 else 5  # titles stand apart from the text
    if is_in_brackets(line.text) or follows_sign(scan.lines, number, following):
        return scan.level_of(line.text[0])
    marker = scan.markers.get(number)
    if marker is None:
        return 2 if _is_capitals(scan, number) else None
    if marker.number == 0 or not reads_like_title(line.text[marker.width :]):
        return None
    return _level_of_numbered(scan, number, marker, following)


def _level_of_numbered(scan: Scan, number: int, marker: Marker, following: int) -> int | None:
    """The level of a numbered line that reads like a title; None if it is an item."""
    line, below = scan.lines[number], scan.lines[following]
    level = _RANK.get(marker.name, 2 + marker.depth)
    after = scan.markers.get(following)
    if marker.is_named and after is not None and after.number == 1 and after.name != marker.name:
        return level
    if _follows_sibling(scan, number, marker):
        return None
    if after is not None:
        is_below = after.style != marker.style and (
            after.depth > marker.depth or _RANK.get(after.name, 3) > level
        )
        return level if is_below and line.indent <= below.indent else None
    if below.indent > line.indent:
        return None
    begins = scan.begins(number)
    alone = following > number + 1 and begins
    if marker.style in ("dot.", "dot)", "bare") and not alone:
        if not begins or below.text[0].islower() or len(line.text) > _LONGEST_ON_TEXT:
            return None
        return level
    if marker.name not in _RANK and marker.depth == 1 and not alone and not marker.strong:
        return None
    return level


def _follows_sibling(scan: Scan, number: int, marker: Marker) -> bool:
    """Whether the line right before is the item before this one: then both are items."""
    before = scan.markers.get(number - 1)
    return (
        before is not None and before.style == marker.style and before.number == marker.number - 1
    )


def _is_capitals(scan: Scan, number: int) -> bool:
    line = scan.lines[number]
    text = line.text
    if not text.isupper() or len(text) > _LONGEST_CAPITALS or text[-1] in ".,;!?" or "|" in text:
        return False
    if _PROPERTY.match(text):
        return False
    if sum(c.isalpha() for c in text) < 3 or sum(c.isdigit() for c in text) > len(text) / 3:
        return False
    if number + 1 < len(scan.lines) and not scan.lines[number + 1].blank:
        below = scan.lines[number + 1]
        if below.indent > line.indent:
            return True
        first = below.text.split(None, 1)[0]
        if len(first) > 1 and first.isupper() and first.strip(".,:").isalpha():
            return False  # the capitals go on
    return scan.begins(number) or scan.below_heading


def title_above(scan: Scan, number: int) -> int | None:
    """Read a title that stands right on its text.

    Args:
        scan: The walk.
        number: The line where it may stand.

    Returns:
        The line after it, or None.
    """
    if number not in scan.titles:
        return None
    scan.add("title", number, number + 1)
    return number + 1
