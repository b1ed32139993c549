"""Forms that are filled in again and again: each time the same names before other values.

Contacts, `git log`, calendars and exports look like a play, whose speakers come again too. A form
has its names in the same order each time, and its values are no sentences. Cards have no names:
"Plumber", "Hanna Kvist", "555-0110".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise

from .lines import Line
from .markers import marker_of
from .paragraphs import ends_sentence
from .tables import may_be_row

_LABEL = re.compile(r"(?:\*\*|__)?([^\W\d_][^:：\n]{0,38})[:：](?!//)")
# Between two forms there may be a line of one sign instead of a blank one.
_DIVIDERS, _LONGEST_DIVIDER = frozenset("-*_=~"), 200
_FIGURES = re.compile(r"\d+")
_BEGINS, _ENDS = re.compile(r"BEGIN:(?!VCALENDAR)(\w+)$"), re.compile(r"END:(\w+)$")
_LONGEST_HEAD = 60
# Without blank lines between them forms have more names, so that no chat is taken for them.
_FEWEST_NAMES, _FEWEST_TIGHT = 2, 3
# A form of two names must come three times.
_FEWEST_SHORT = 3
# A card is of so many lines, and stands among so many.
_SHORTEST_CARD, _LONGEST_CARD, _FEWEST_CARDS = 3, 6, 3
_NAME, _COUNTS = re.compile(r"[^\W\d_][\w .,'’&/()-]*$"), re.compile(r"\d|@")

_Form = tuple[int, int, list[str]]
"""The first line, the line after the last, and the names; a first line without one has ""."""


def repeated_forms(lines: Sequence[Line]) -> dict[int, int]:
    """Find forms of which each has the same names in the same order.

    Args:
        lines: The container's lines.

    Returns:
        For the first line of each the line after its last. What is indented below a form belongs to
        it: a commit's message.
    """
    found = dict(_marked(lines))
    if found:
        return found
    forms: dict[tuple[str, ...], list[_Form]] = {}
    for start, stop in _pieces(lines):
        for form in _forms_of(lines, start, stop):
            names = form[2]
            forms.setdefault(tuple(names[: 1 if names[0] else 2]), []).append(form)
    for alike in forms.values():
        longest = max((names for _, _, names in alike), key=len)
        fitting = [form for form in alike if _fits(form[2], longest)]
        least = _FEWEST_SHORT if len(longest) <= 2 else 2
        if len(fitting) >= max(least, 0.5 * len(alike)) and not _is_spoken(lines, fitting):
            for start, stop, _ in fitting:
                found[start] = _with_indented(lines, start, stop)
    return found or dict(_cards(lines))


def _cards(lines: Sequence[Line]) -> Iterator[tuple[int, int]]:
    """Forms without names, right after each other: a name, and short lines of which some count."""
    pieces = [(start, stop, _is_card(lines[start:stop])) for start, stop in _pieces(lines)]
    for is_card, run in groupby(pieces, key=lambda piece: piece[2]):
        alike = list(run)
        if is_card and len(alike) >= _FEWEST_CARDS:
            yield from ((start, stop) for start, stop, _ in alike)


def _is_card(piece: Sequence[Line]) -> bool:
    first, *others = (line.text for line in piece[: _LONGEST_CARD + 1])
    return (
        _SHORTEST_CARD <= len(piece) <= _LONGEST_CARD
        and _NAME.match(first) is not None
        and any(_COUNTS.search(text) for text in others)
        and all(len(text) <= _LONGEST_HEAD and not _ends(text) for text in (first, *others))
        and not any(may_be_row(text) for text in others)
        and marker_of(piece[-1]) is None
    )


def _ends(text: str) -> bool:
    return text[-1] in ",;:" or ends_sentence(text)


def _pieces(lines: Sequence[Line]) -> Iterator[tuple[int, int]]:
    """What stands between blank lines, or lines of one sign."""
    at = 0
    for is_gap, run in groupby(lines, key=_is_gap):
        stop = at + sum(1 for _ in run)
        if not is_gap:
            yield at, stop
        at = stop


def _is_gap(line: Line) -> bool:
    text = line.text
    if not text or text[0] not in _DIVIDERS or not 3 <= len(text) <= _LONGEST_DIVIDER:
        return not text
    return set(text) <= {text[0], " "}


def _forms_of(lines: Sequence[Line], start: int, stop: int) -> Iterator[_Form]:
    """The forms of a paragraph: it is one, or the first name begins another one each time."""
    edge = lines[start].indent
    named: list[tuple[int, str]] = []
    for number in range(start, stop):
        line = lines[number]
        label = _LABEL.match(line.text)
        if line.indent > edge:
            continue  # the value above goes on
        if line.indent == edge and label:
            named.append((number, label.group(1).strip().casefold()))
        elif number == start and _is_head(line.text):
            named.append((number, ""))
        else:
            return
    if not named:
        return
    first = named[0][1]
    begins = [at for at, (_, name) in enumerate(named) if name == first]
    is_tight = len(begins) > 1
    for at, following in pairwise([*begins, len(named)]):
        names = [name for _, name in named[at:following]]
        after = named[following][0] if following < len(named) else stop
        labels = sum(name != "" for name in names)
        if labels >= (_FEWEST_TIGHT if is_tight else _FEWEST_NAMES):
            # Those that begin with their number have one name: "Week 5", "Week 6".
            yield named[at][0], after, [_FIGURES.sub("0", names[0]), *names[1:]]


def _is_head(text: str) -> bool:
    return text[0].isalnum() and len(text) <= _LONGEST_HEAD and not ends_sentence(text)


def _fits(names: Sequence[str], longest: Sequence[str]) -> bool:
    """Whether the names are those of the longest form, in their order; some may be missing."""
    rest = iter(longest)
    return all(name in rest for name in names) and len(names) >= 0.5 * len(longest)


def _is_spoken(lines: Sequence[Line], forms: Sequence[_Form]) -> bool:
    """Whether people say the values: one asks, or many end like sentences."""
    said = [line.text for start, stop, _ in forms for line in lines[start:stop]]
    return any(text[-1] in "?？؟" for text in said) or (
        sum(map(ends_sentence, said)) > len(said) / 3
    )


def _with_indented(lines: Sequence[Line], start: int, stop: int) -> int:
    """The line after a form and the paragraphs indented below it."""
    at = stop
    while at < len(lines) and (lines[at].blank or lines[at].indent > lines[start].indent):
        at += 1
        if not lines[at - 1].blank:
            stop = at
    return stop


def _marked(lines: Sequence[Line]) -> Iterator[tuple[int, int]]:
    """Calendars and cards: what lies between BEGIN and END of the outermost, but for a calendar."""
    opened: tuple[int, str] | None = None
    for number, line in enumerate(lines):
        if opened is None:
            begins = _BEGINS.match(line.text)
            opened = (number, begins.group(1)) if begins else None
        elif (ends := _ENDS.match(line.text)) and ends.group(1) == opened[1]:
            yield opened[0], number + 1
            opened = None
