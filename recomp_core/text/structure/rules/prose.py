"""Paragraphs: prose, lines that stand for themselves, and the title that one line may be."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..lines import Block, Line, span_of
from ..paragraphs import ends_sentence, ends_within, is_labelled, joined_lines
from .ends import ends_paragraph
from .questions import question_of_paragraph
from .scan import Scan

_SETEXT = re.compile(r"=+$|-{2,}$")
# A line of a list without marks is no longer, in characters.
_LONGEST_LISTED = 60
# A title has at most so many characters, and words.
_LONGEST_TITLE, _MOST_WORDS = 80, 12
# The level of a title over titles.
_OVER_TITLES = 8


def paragraph(scan: Scan, number: int) -> int | None:
    """Read a paragraph: whatever no other rule has found.

    Args:
        scan: The walk.
        number: Its first line.

    Returns:
        The line after it.
    """
    stop = number + 1
    while stop < len(scan.lines) and not ends_paragraph(scan, stop):
        if scan.lines[stop].text[0] in "=-" and _SETEXT.match(scan.lines[stop].text):
            break
        stop += 1
    answered = question_of_paragraph(scan, number, stop)
    if answered is not None:
        return answered
    lines = scan.lines[number:stop]
    alone = len(lines) == 1
    runs = list(joined_lines(lines, scan.width))
    announced = _announced_runs(scan, runs)
    for place, run in enumerate(runs):
        start, end = span_of(run)
        if len(run) > 1 or ends_sentence(run[-1].text):
            kind = "prose"
        elif is_labelled(run[0].text):
            kind = "entry"
        elif place in announced:
            kind = "line"
        else:
            kind = "title" if alone and _is_title(run[0].text) else "prose"
        if kind == "title" and scan.next_line(number) in scan.titles:
            # It heads the titles below it.
            scan.blocks.append(Block("heading", start, end, _OVER_TITLES))
        else:
            scan.blocks.append(Block(kind, start, end))
    return stop


def _announced_runs(scan: Scan, runs: Sequence[Sequence[Line]]) -> set[int]:
    """Which lines of a paragraph are a list without marks below a line that ends with a colon."""
    found: set[int] = set()
    listed: list[int] = []
    announced = scan.is_announced
    for place, run in enumerate(runs):
        text = run[-1].text
        if text.endswith((":", "：")):
            announced = True
            found.update(listed if len(listed) > 1 else ())
            listed = []
        elif announced and len(text) <= _LONGEST_LISTED and not ends_sentence(text):
            listed.append(place)
        else:
            announced = False
            listed = []
    return found | set(listed if len(listed) > 1 else ())


def _is_title(text: str) -> bool:
    """Whether a line by itself reads like the title of what follows."""
    if len(text) > _LONGEST_TITLE or len(text.split()) > _MOST_WORDS or text[-1] in ":：,;，；、":
        return False
    return not ends_within(text)
