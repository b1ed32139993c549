"""Paragraphs: wrapped prose, or lines that each stand for themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise

from ..function_words import function_words
from ..words import UNSPACED
from .lines import Line, columns_of


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_SENTENCE_END = re.compile(r"[.!?。！？…।॥؟۔][\"'”’»)\]）」』]*$")
_ENDS_WITHIN = re.compile(r"[.!?][ \t]|[。！？]")
_GOES_ON = re.compile(r"(?:[,;(&/–—-]|[^\W\d_]-)$")
_WORD = re.compile(r"\S+")
# As many lines tell how wide a document is.
_SAMPLE = 2_000
# So many lines begin with a number where each stands for itself.
_FEWEST_COUNTED = 3
# In columns: below this a line was not broken for want of room.
_NARROWEST = 28
# A column of Chinese or Japanese may be as narrow as this; then its lines have to show that they
# are prose.
_NARROWEST_UNSPACED = 16
# How many columns a wrapped line may stay short of the room that it had, and how many where it may
# be broken within a word: two characters of Chinese.
_SLACK = 3
_UNSPACED_SLACK = 4
_LABEL = re.compile(
    r"[^\s:：](?:[^:：\n.!?。！？]|[.!?](?!\s)){0,38}[:：](?:[ \t　]|(?=[\u3400-\u9fff]))"
)
_EARLY_LABEL = re.compile(r"[^\n:：.．)】］\]]{0,24}[:：.．)】］\]]")
_DEFINITION = re.compile(
    r"[^\s–—=-][^–—=\n]{0,38}(?:[ \t]+(?:-|–|—|=|->|=>)[ \t]+|\t+| {3,}|(?:\. ?){4,}|(?:… ?){2,})\S"
)
# Words after which no clause ends, so that a line which ends in one goes on even where the next
# begins with a capital. Not those that are adverbs, too, here or in another language: "Turn it on".
_NEVER_LAST = _set(
    "the a and or of my your their der die das dem den des eine einen einem einer eines und oder "
    "im am zum zur vom beim le la les un une du aux et ou que el los las unos unas del y il lo gli "
    "uno della dei delle degli o e os as uma da dos das com het een en van og och eller ett nebo "
    "oraz lub z w и или в с от для"
)


def ends_sentence(text: str) -> bool:
    """Tell whether a line ends like a sentence.

    Args:
        text: The line.

    Returns:
        Whether a full stop or its like stands at its end.
    """
    return _SENTENCE_END.search(text[-12:]) is not None


def ends_within(text: str) -> bool:
    """Tell whether a sentence ends within a line.

    Args:
        text: The line.

    Returns:
        Whether a full stop or its like stands in it, before a space or in Chinese.
    """
    return _ENDS_WITHIN.search(text) is not None


def has_label(text: str) -> bool:
    """Tell whether a mark as after a label stands near a line's beginning.

    Args:
        text: The line.

    Returns:
        Whether it does: a quick test before slow ones.
    """
    return _EARLY_LABEL.match(text) is not None


def is_labelled(text: str) -> bool:
    """Tell whether a line is a label with its value: "Shirt: 2.80", "farrier - shoes horses".

    Args:
        text: The line.

    Returns:
        Whether it is.
    """
    return _LABEL.match(text) is not None or _DEFINITION.match(text) is not None


def wrapped_width(lines: Sequence[Line]) -> int:
    """Find out whether a document's lines were broken at one width.

    Args:
        lines: The document's lines.

    Returns:
        The width in columns; 0 if its lines end where they want.
    """
    some = lines[:_SAMPLE]
    pairs = [(a, b) for a, b in pairwise(some) if not a.blank and not b.blank]
    if len(pairs) < 3:
        return 0
    widths = sorted(a.width for a, _ in pairs)
    width = widths[min(len(widths) - 1, int(len(widths) * 0.97))]
    if width < _NARROWEST and (width < _NARROWEST_UNSPACED or not _is_narrow_prose(pairs)):
        return 0
    return width if _share_filled(pairs, width) >= 0.75 else 0


def _is_narrow_prose(pairs: Sequence[tuple[Line, Line]]) -> bool:
    """Whether lines of Chinese or Japanese break within their sentences, which end within lines.

    Those of poems, lists and menus end where a sentence or its part does.
    """
    broken = sum(
        UNSPACED.match(line.text[-1]) is not None and UNSPACED.match(below.text) is not None
        for line, below in pairs
    )
    return broken >= 0.75 * len(pairs) and any(ends_within(line.text[:-1]) for line, _ in pairs)


def _share_filled(pairs: Sequence[tuple[Line, Line]], width: int) -> float:
    """The share of the lines on which the next line's first word had no room."""
    return sum(_is_filled(a, b, width) for a, b in pairs) / len(pairs)


def _is_one_token(line: Line) -> bool:
    """Whether a line is an address, a path or a row of data: before one each line looks full."""
    text = line.text
    return " " not in text and not UNSPACED.search(text) and not ends_sentence(text)


def _is_filled(line: Line, following: Line, width: int) -> bool:
    if UNSPACED.match(following.text):
        return line.width >= width - _UNSPACED_SLACK
    if _is_one_token(following):
        return False
    word = _WORD.match(following.text)
    room = line.width + 1 + (columns_of(word.group()) if word else 0)
    return room > width - _SLACK


def joined_lines(lines: Sequence[Line], width: int) -> Iterator[list[Line]]:
    """Divide a paragraph into the lines that belong together.

    Args:
        lines: Its lines, none blank.
        width: The document's `wrapped_width`.

    Yields:
        All lines at once for wrapped prose; else each line with those that carry it on.
    """
    if len(lines) == 1:
        yield list(lines)
        return
    pairs = list(pairwise(lines))
    small = sum(line.text[0].islower() for line in lines)
    mostly_small = small > len(lines) / 2 and not ends_sentence(lines[-1].text)
    labelled = sum(is_labelled(line.text) for line in lines)
    # A programme or a chronicle: prose does not wrap before each time or year.
    counted = sum(line.text[0].isdigit() for line in lines)
    is_counted = counted > len(lines) / 2 and counted >= _FEWEST_COUNTED
    wrapped = (
        not is_counted
        and _is_wrapped(lines, pairs, width)
        and (labelled < 2 or labelled <= len(lines) / 4)
    )
    separate = mostly_small or labelled > len(lines) / 2
    run = [lines[0]]
    for before, line in pairs:
        begins = is_counted and line.text[0].isdigit()
        if not begins and _carries_on(
            before, line, wrapped=wrapped, separate=separate, mixed=small > 0
        ):
            run.append(line)
        else:
            yield run
            run = [line]
    yield run


def _is_wrapped(lines: Sequence[Line], pairs: Sequence[tuple[Line, Line]], width: int) -> bool:
    longest = max(line.width for line in lines)
    if width and longest <= width + _SLACK and _share_filled(pairs, width) >= 0.6:
        return True
    if longest < _NARROWEST:
        return False
    hyphens = sum(line.text.endswith("-") and line.text[-2:-1].isalpha() for line, _ in pairs)
    starts_small = sum(b.text[0].islower() for _, b in pairs)
    if len(pairs) < 3:
        # Two or three lines: a first line that fills the paragraph proves nothing by itself.
        enough = longest >= 60 and _share_filled(pairs, longest) == 1
        return (enough and not any(ends_sentence(a.text) for a, _ in pairs)) or hyphens > 0
    share = _share_filled(pairs, longest)
    return share >= 0.8 or (share >= 0.5 and (hyphens > 0 or starts_small >= 0.4 * len(pairs)))


def _carries_on(before: Line, line: Line, *, wrapped: bool, separate: bool, mixed: bool) -> bool:
    """Whether a line goes on with the sentence of the line before it.

    Args:
        before: The line before it.
        line: The line.
        wrapped: Whether they are wrapped prose.
        separate: Whether most lines of the paragraph look as if they stood for themselves.
        mixed: Whether some begin with a small letter, so that a capital tells something.
    """
    last, first = before.text, line.text
    if last.endswith("-") and last[-2:-1].isalpha() and first[0].islower():
        return True
    if wrapped:
        return True
    if separate or ends_sentence(last):
        return False
    if _GOES_ON.search(last) and first[0].isalnum():
        return True
    if first[0].islower() and len(last) >= 12:
        return first.isalpha() or not _is_one_token(line)
    word = last.rsplit(None, 1)[-1]
    if first[0].isupper() and not mixed:
        return word in _NEVER_LAST
    return len(word) < 8 and word.islower() and _is_function_word(word)


@lru_cache(maxsize=4_096)
def _is_function_word(word: str) -> bool:
    return bool(function_words([word]))
