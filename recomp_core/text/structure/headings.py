"""Titles that a line below, signs around, or their place tell: reStructuredText, wikis, plain text.

`rules.titles` finds Markdown's own headings, numbered ones and capitals.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

from .lines import Line
from .paragraphs import ends_sentence, ends_within, is_labelled

_RUN = re.compile(r"([=\-~^\"'`+*#:])\1*$")
# Three of another sign than "=" and "-" are a rule, a fence or an ellipsis, mostly.
_SHORTEST = 4
_LONGEST = 120
_IN_BRACKETS = re.compile(
    r"[【〔〖［＜](?=[^】〕〗］＞]*[^\W\d_])[^【】〔〕〖〗［］＜＞]{1,40}[】〕〗］＞]$"
)
_SIGNS = frozenset("■□◆◇●○▼▲▶◎★☆")
# A title that stands on its text has at most so many characters, and words.
_LONGEST_ABOVE = 60
_MOST_WORDS = 8
_OPENING = frozenset("\"'“„‚‘«‹»「『（(¿¡…")
# So many paragraphs that begin with such a line show that these lines are titles, and of lines with
# a colon this share of all paragraphs: "He said:" is none.
_FEWEST_ABOVE, _SHARE_OF_LABELS = 2, 0.25
_MOST_WORDS_OF_LABEL = 5


def underlined(lines: Sequence[Line], number: int) -> tuple[int, str] | None:
    """Find out whether a title begins at a line: text with a line of one sign below it.

    Args:
        lines: The container's lines.
        number: The line.

    Returns:
        The line after the title, and its style: the sign, twice if a line of it stands above, too.
    """
    line = lines[number]
    rest = len(lines) - number
    if rest > 2 and len(line.text) >= _SHORTEST and line.text == lines[number + 2].text:
        over = _RUN.match(line.text)
        title = lines[number + 1]
        if over and over.group(1) not in "`~" and _says_something(title.text):
            fits = title.indent + _columns(title.text) <= len(line.text) + 1
            return (number + 3, 2 * over.group(1)) if fits else None
    if rest < 2 or not lines[number + 1].text:
        return None
    below = lines[number + 1]
    found = _RUN.match(below.text)
    if found is None or below.indent > 3 or not _says_something(line.text):
        return None
    sign, length = found.group(1), len(below.text)
    if sign == "=" or (sign == "-" and length > 1):
        return number + 2, sign
    stands_apart = rest < 3 or lines[number + 2].blank
    if length < _SHORTEST:
        is_long = length == _SHORTEST - 1 == len(line.text) and stands_apart and sign not in "*`"
    else:
        # What a fence holds begins right below it.
        is_long = sign not in "`~" or length > _SHORTEST or stands_apart
        is_long = is_long and is_as_long(line.text, length)
    return (number + 2, sign) if is_long else None


def is_as_long(title: str, length: int) -> bool:
    """Tell whether a line of signs has the length of the title above it.

    Args:
        title: The title.
        length: The signs.

    Returns:
        Whether it has, give or take one; a wide character has two columns.
    """
    return min(abs(len(title) - length), abs(_columns(title) - length)) <= 1


def _columns(text: str) -> int:
    if text.isascii() or len(text) > _LONGEST:
        return len(text)
    return sum(1 + (unicodedata.east_asian_width(c) in "WF") for c in text)


def _says_something(text: str) -> bool:
    return any(c.isalnum() for c in text[:_LONGEST])


def signed_level(text: str, *, apart: bool, first: bool) -> int | None:
    """Read a heading of MediaWiki, "== Lakes ==", or AsciiDoc, "== Lakes".

    Args:
        text: The line.
        apart: Whether it begins a paragraph.
        first: Whether nothing stands before it.

    Returns:
        Its level, or None if it is none.
    """
    level = len(text) - len(text.lstrip("="))
    if not 1 <= level <= 6 or len(text) > _LONGEST:
        return None
    title = text[level:]
    if not _says_something(title):
        return None
    if len(title) - len(title.rstrip("=")) == level:
        return level
    if not apart or title[0] not in " \t" or (level == 1 and not first):
        return None
    title = title.strip()
    return level if title[0].isalnum() and "=" not in title and not ends_sentence(title) else None


def is_in_brackets(text: str) -> bool:
    """Tell whether a line is a title in Chinese or Japanese brackets.

    Args:
        text: The line.

    Returns:
        Whether brackets hold all of it, and words stand in them.
    """
    return _IN_BRACKETS.match(text) is not None


def follows_sign(lines: Sequence[Line], number: int, following: int) -> bool:
    """Tell whether a line is a title after a sign that else begins an item: "■ 図書館".

    Args:
        lines: The container's lines.
        number: The line.
        following: The next line that is not blank.

    Returns:
        Whether sentences follow, or another sign, and no line before or after is its sibling.
    """
    line, below = lines[number], lines[following]
    title = line.text[1:].strip()
    if line.text[0] not in _SIGNS or len(title) > 40 or _ends_or_goes_on(title):
        return False
    if below.text[0] == line.text[0] or below.indent > line.indent:
        return False
    before = lines[number - 1].text if number else ""
    if (
        before
        and not ends_sentence(before)
        and (before[0] not in _SIGNS or before[0] == line.text[0])
    ):
        return False
    return below.text[0] in _SIGNS or _is_prose(below.text)


def _is_prose(text: str) -> bool:
    return ends_sentence(text) or ends_within(text)


def _ends_or_goes_on(title: str) -> bool:
    """Whether a line is no title: it is a sentence, goes on in the next line, or begins within."""
    if not title or not title[0].isalnum() or title[0].islower():
        return True
    return title[-1] in ",;:，；、：" or _is_prose(title)


def titles_above(lines: Sequence[Line], width: int) -> frozenset[int]:
    """Find the titles that stand right on their text, without a mark, or end with a colon above it.

    One such line may be anything. Where several paragraphs begin with a short line that is no
    sentence, above one that is longer and ends sentences, these lines are titles.

    Args:
        lines: The container's lines.
        width: The document's `wrapped_width`.

    Returns:
        The numbers of their lines.
    """
    paragraphs = list(_paragraphs(lines))
    found = frozenset(
        start
        for start, stop in paragraphs
        if stop > start + 1 and _stands_on_text(lines[start:stop], width)
    )
    labels = [
        start
        for start, stop in paragraphs
        if _is_label(lines[start].text)
        and (stop == start + 1 or lines[start + 1].indent <= lines[start].indent)
    ]
    over_text = sum(_is_over_text(lines, start) for start in labels)
    if over_text >= max(_FEWEST_ABOVE, _SHARE_OF_LABELS * len(paragraphs)):
        found |= frozenset(labels)
    return found if len(found) >= _FEWEST_ABOVE else frozenset()


def _is_label(text: str) -> bool:
    """Whether a line is a few words with a colon at their end."""
    if text[-1] not in ":：" or len(text) > _LONGEST_ABOVE:
        return False
    title = text[:-1].rstrip()
    return len(title.split()) <= _MOST_WORDS_OF_LABEL and not _ends_or_goes_on(title)


def _is_over_text(lines: Sequence[Line], number: int) -> bool:
    """Whether sentences follow a line, which nobody says."""
    below = number + 1
    while below < len(lines) and lines[below].blank:
        below += 1
    stop = below
    while stop < len(lines) and not lines[stop].blank:
        stop += 1
    if stop == below or not lines[below].text[0].isalnum():
        return False
    return _is_prose(lines[below].text) or ends_sentence(lines[stop - 1].text)


def _paragraphs(lines: Sequence[Line]) -> Iterator[tuple[int, int]]:
    start = 0
    for number, line in enumerate(lines):
        if line.blank:
            if start < number:
                yield start, number
            start = number + 1
    if start < len(lines):
        yield start, len(lines)


def _stands_on_text(paragraph: Sequence[Line], width: int) -> bool:
    title, below = paragraph[0], paragraph[1]
    words = title.text
    if unicodedata.category(words[0]) == "So":  # an emoji
        words = words.partition(" ")[2].lstrip()
    if len(title.text) > _LONGEST_ABOVE or _ends_or_goes_on(words):
        return False
    if len(title.text.split()) > _MOST_WORDS or is_labelled(title.text):
        return False
    if width and len(title.text) + title.indent > 0.6 * width:
        return False
    if below.indent != title.indent or below.text[0].islower():
        return False
    if not (below.text[0].isalnum() or below.text[0] in _OPENING):
        return False  # a definition, or a mark of its own
    if len(below.text) < 1.5 * len(title.text):
        return False
    return _is_prose(below.text) or ends_sentence(paragraph[-1].text)
