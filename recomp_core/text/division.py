"""Divides a piece that is too long where it hurts least: lines, clauses, words, characters."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Iterator
from functools import lru_cache

from .joining import INVISIBLE

Span = tuple[int, int]

# Where to cut, the best first: after each match. A comma or a space between two digits is part of a
# number.
_BREAKS = tuple(
    re.compile(pattern)
    for pattern in (
        r"\n+",
        r"[.!?…][\"'”’»)\]]{0,3}\s+|[。！？｡।॥؟۔။។][”’」』）]{0,3}",
        r"[;:]\s+|[；：;；]|\s[–—―-]\s+|—{1,2}",
        r",\s+|[，、،､]|[)\]}）】」』”]\s?(?=[^\s.,;:!?])|[|\t]+|[,}\]](?=[\"{\[])|\s(?=[(（])",
        # Transcripts have no marks, but words that begin something new.
        r"(?<!\band)(?<!\bund)(?<!\s)\s+(?=(?:okay|now|then|so|but|and (?:now|then|so|the)|dann"
        r"|aber|und dann|alors|mais|et puis|entonces|pero|y luego|потом|но|а теперь)\s)",
        r"(?<!\d)\s+|\s+(?!\d)",
        r"\s+",
    )
)
# A part is about as long as the others, give or take a share: at a place that hurts less, more.
_SLACK = (0.75, 0.75, 0.75, 0.5, 0.6, 0.3, 0.3)
# Characters on each side of the best place in which to look for the boundary of a word.
_VICINITY = 10
_AROUND = 6
# Characters after the last place, which some of the breaks look at.
_AHEAD = 12


def divide(
    text: str, start: int, end: int, limit: float, size: Callable[[str], float]
) -> list[Span]:
    """Divide a piece of a text into parts of a size.

    Args:
        text: The document.
        start: The offset of the piece's first character.
        end: The offset after its last character.
        limit: The largest size of a part.
        size: Measures a text, such as its number of tokens; a longer text has no smaller size. It
            is called a few times per part, on a text of about the size of one.

    Returns:
        Spans `(start, end)` in characters of `text`, ascending, without invisible characters at
        their edges. Each has at most `limit`, unless a single character has more, and mostly more
        than half of it.

    Raises:
        ValueError: `limit` is not positive.
    """
    if not limit > 0:
        raise ValueError(f"limit must be positive, got {limit}")
    parts: list[Span] = []
    reach = max(1, math.ceil(limit))
    while (start := _visible(text, start, end)) < end:
        reach = _reach(text, start, end, limit, size, reach)
        stop = end if start + reach >= end else _best_cut(text, start, end, reach)
        parts.append((start, stop))
        start = stop
    return [(first, first + len(text[first:last].rstrip(INVISIBLE))) for first, last in parts]


def _visible(text: str, start: int, end: int) -> int:
    """The first place from `start` with a visible character."""
    while start < end and text[start] in INVISIBLE:
        start += 1
    return start


def approximate_tokens(text: str) -> int:
    """Estimate the number of tokens of a text, without a tokenizer.

    Four characters per token are the usual estimate for English, and the same number of bytes comes
    close to current tokenizers for Chinese, Russian and Arabic too. Use a real counter where the
    number matters.

    Args:
        text: The text.

    Returns:
        Its UTF-8 bytes ÷ 4, rounded up.
    """
    return math.ceil(len(text.encode("utf-8", "surrogatepass")) / 4)


def _reach(
    text: str, start: int, end: int, limit: float, size: Callable[[str], float], guess: int
) -> int:
    """About the largest number of characters from `start` whose size is at most `limit`."""
    rest = end - start
    fits, excess = 0, rest + 1
    reach = min(guess, rest)
    for _ in range(40):
        measured = size(text[start : start + reach])
        if measured <= limit:
            fits = reach
            if reach == rest or measured >= 0.9 * limit:
                break
            reach = min(
                max(reach + 1, int(reach * min(2.0, 0.97 * limit / max(measured, 1e-9)))), rest
            )
        else:
            excess = reach
            reach = max(1, min(reach - 1, int(reach * 0.97 * limit / measured)))
        if reach >= excess:
            reach = (fits + excess) // 2
        if reach <= fits or reach < 1:
            break
    return max(fits, 1)


def _best_cut(text: str, start: int, end: int, reach: int) -> int:
    """The best place within reach, near to where equal parts would end."""
    rest = end - start
    target = math.ceil(rest / math.ceil(rest / reach))
    high = start + reach
    low = start + 1
    best = start + min(target, reach)
    for pattern, slack in zip(_BREAKS, _SLACK, strict=True):
        low = start + max(1, min(int(target * (1 - slack)), reach))
        matches = pattern.finditer(text, low - 1, high + _AHEAD)
        cuts = (match.end() for match in matches if low < match.end() <= high)
        cut = min(cuts, key=lambda place: abs(place - best), default=None)
        if cut is not None:
            return cut
    return _cut_in_word(text, start, low, high, best)


def _cut_in_word(text: str, start: int, low: int, high: int, best: int) -> int:
    """A place between two words of a script without spaces, else between two characters."""
    near = range(max((start + low) // 2 + 1, best - _VICINITY), min(high, best + _VICINITY) + 1)
    far = range(max(low + 1, best - 8 * _VICINITY), min(high, best + 8 * _VICINITY) + 1)
    places = [place for place in _word_ends(text, start, near) if _is_between(text, place)]
    places = places or [place for place in far if _is_between(text, place)]
    places = places or [place for place in near if not _is_joined(text, place)]
    return min(places, key=lambda place: abs(place - best), default=high)


def _is_between(text: str, place: int) -> bool:
    """Whether no number, no word of a script with spaces and no character is divided."""
    if place >= len(text) or _is_joined(text, place):
        return place >= len(text)
    before, after = text[place - 1], text[place]
    return not (_RUN.match(before) and _RUN.match(after))


# The characters of words in scripts with spaces, of numbers and of links.
_RUN = re.compile(r"[0-9A-Za-z\u00c0-\u0dff_./:@%&=?#+-]")


# The combining class of what joins two letters of an Indian script.
_VIRAMA = 9


def _is_joined(text: str, place: int) -> bool:
    """Whether the character at a place belongs to the one before it."""
    character = text[place : place + 1]
    before = text[place - 1 : place]
    return (
        before == "\u200d"
        or unicodedata.combining(before or " ") == _VIRAMA
        or "\ud800" <= before <= "\udbff"
        or character == "\u200d"
        or "\ufe00" <= character <= "\ufe0f"
        or "\U0001f3fb" <= character <= "\U0001f3ff"
        or (character != "" and unicodedata.category(character).startswith("M"))
    )


_THAI = re.compile(r"[\u0e00-\u0e7f]")
_KANA = re.compile(r"[\u3041-\u30ff]")
_HAN = re.compile(r"[\u3400-\u9fff]")
_TRADITIONAL = re.compile(r"[們個這國為會說來時對後發學與當經過還沒問間長開關機種電話語車]")


def _word_ends(text: str, start: int, places: range) -> Iterator[int]:
    """Those of the places where a word ends, in Chinese, Japanese and Thai."""
    # With some characters around, by which the library judges.
    place = max(start, places.start - _AROUND)
    piece = text[place : places.stop + _AROUND]
    if _THAI.search(piece):
        model = "th"
    elif _KANA.search(piece):
        model = "ja"
    elif _HAN.search(piece):
        model = "zh-hant" if _TRADITIONAL.search(piece) else "zh-hans"
    else:
        return
    for word in _words(model, piece):
        place += len(word)
        if place in places:
            yield place


def _words(model: str, piece: str) -> list[str]:
    parser = _parser(model)
    return [] if parser is None else parser(piece)


@lru_cache(maxsize=4)
def _parser(model: str) -> Callable[[str], list[str]] | None:
    try:
        import budoux
    except ImportError:
        return None
    load = {
        "th": budoux.load_default_thai_parser,
        "ja": budoux.load_default_japanese_parser,
        "zh-hans": budoux.load_default_simplified_chinese_parser,
        "zh-hant": budoux.load_default_traditional_chinese_parser,
    }[model]
    return load().parse
