"""Splits text into sentence spans: Markdown marks delimit blocks, sentencex splits prose.

A table, a fenced code block, a list item and a heading are one unit each. Only invisible characters
lie between the spans (spaces, line breaks, control characters), so spans and gaps together are the
text, and two spans are neighbours exactly if nothing visible lies between them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .joining import INVISIBLE, is_blank

# The time of sentencex grows with the square of its input (a megabyte of Chinese on one line takes
# four minutes), so long paragraphs pass through a window; a sentence that fills it is cut.
_WINDOW = 4_000
# Thai, Lao, Khmer and Burmese separate phrases by spaces and rarely mark the end of a sentence:
# units with more characters than this are cut at a space.
_SPACED_SCRIPT_LIMIT = 120


@dataclass(frozen=True)
class SentenceSplitter:
    """The default splitter.

    Attributes:
        lang: The ISO 639 code ("en", "zh", "de") of the language whose abbreviations and marks to
            use; None guesses it from the script of each text. Every language knows the full stops
            of Chinese and Japanese.

    Raises:
        ValueError: `lang` has another form.
    """

    lang: str | None = None

    def __post_init__(self) -> None:
        if self.lang is not None and not re.fullmatch(r"[a-z]{2,3}", self.lang):
            raise ValueError(
                f'lang must be an ISO 639 code such as "en" or "zh", got {self.lang!r}'
            )

    def split(self, text: str) -> list[tuple[int, int]]:
        """Split one text.

        Args:
            text: The text.

        Returns:
            Spans `(start, end)` in characters, ascending; none is blank.
        """
        # sentencex does not accept lone surrogates.
        text = replace_surrogates(text)
        lang = self.lang or guess_language(text)
        spans: list[tuple[int, int]] = []
        for is_prose, start, end in _blocks(text):
            if is_prose:
                spans.extend(_sentences(text, start, end, lang))
            else:
                spans.append((start, end))
        trimmed = (_trim(text, start, end) for start, end in spans)
        return [(start, end) for start, end in trimmed if start < end]


_LONE_SURROGATE = re.compile(r"[\ud800-\udfff]")


def replace_surrogates(text: str) -> str:
    """Replace every lone surrogate by U+FFFD, so that the text has an encoding.

    Args:
        text: The text.

    Returns:
        A text of the same length.
    """
    return _LONE_SURROGATE.sub("\ufffd", text)


# In this order: a text with kana is Japanese even if most of its characters are Han.
_SCRIPTS = (
    ("ja", re.compile(r"[\u3040-\u30ff]")),
    ("zh", re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")),
    ("ko", re.compile(r"[\uac00-\ud7af]")),
    ("th", re.compile(r"[\u0e00-\u0e7f]")),
    ("lo", re.compile(r"[\u0e80-\u0eff]")),
    ("my", re.compile(r"[\u1000-\u109f]")),
    ("km", re.compile(r"[\u1780-\u17ff]")),
    ("hi", re.compile(r"[\u0900-\u097f]")),
    ("ar", re.compile(r"[\u0600-\u06ff]")),
    ("he", re.compile(r"[\u0590-\u05ff]")),
    ("ru", re.compile(r"[\u0400-\u04ff]")),
    ("el", re.compile(r"[\u0370-\u03ff]")),
    ("hy", re.compile(r"[\u0530-\u058f]")),
)
# Most texts have none of these scripts: one search is faster than thirteen counts.
_ANY_SCRIPT = re.compile("|".join(pattern.pattern for _, pattern in _SCRIPTS))


def guess_language(text: str, sample: int = 2_000) -> str:
    """Guess the language of a text from its script.

    Args:
        text: The text.
        sample: How many characters from the start of the text to look at.

    Returns:
        The code of a language whose script makes up at least a tenth of the letters; else "en".
    """
    head = text[:sample]
    if _ANY_SCRIPT.search(head) is None:
        return "en"
    letters = sum(character.isalpha() for character in head)
    for lang, pattern in _SCRIPTS:
        if letters and len(pattern.findall(head)) >= 0.1 * letters:
            return lang
    return "en"


# Markdown is recognized by hand for now: a parser such as markdown-it-py delimits some blocks
# differently ("•" is no bullet to it, lists nest), and stored vectors depend on the spans.
_FENCE = re.compile(r"[ \t]{0,3}(`{3,}|~{3,})")
_HEADING = re.compile(r"[ \t]{0,3}#{1,6}(?:[ \t]|$)")
_UNDERLINE = re.compile(r"[ \t]{0,3}(?:=+|-{2,})[ \t]*$")
_BULLET = re.compile(r"[ \t]*[-*+•‣◦·][ \t]+\S")
_NUMBER = re.compile(r"[ \t]*(\d{1,9})[.)][ \t]+\S")
_TABLE_RULE = re.compile(r"[ \t]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$")


def _blocks(text: str) -> Iterator[tuple[bool, int, int]]:
    """The blocks of lines as `(is prose, start, end)`, without the blank lines between them."""
    lines = text.splitlines(keepends=True)
    offsets = [0]
    for line in lines:
        offsets.append(offsets[-1] + len(line))
    bare = [line.rstrip("\r\n\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029") for line in lines]
    number = 0
    while number < len(bare):
        if is_blank(bare[number]):
            number += 1
            continue
        is_prose, stop = _block_at(bare, number)
        yield is_prose, offsets[number], offsets[stop]
        number = stop


def _block_at(lines: Sequence[str], first: int) -> tuple[bool, int]:
    """Whether the block that begins at line `first` is prose, and the line after its end."""
    if fence := _FENCE.match(lines[first]):
        return False, _end_of_fence(lines, first, fence.group(1))
    if _HEADING.match(lines[first]):
        return False, first + 1
    if _begins_table(lines, first):
        return False, _end_of_table(lines, first)
    if _BULLET.match(lines[first]) or _NUMBER.match(lines[first]):
        return False, _end_of_item(lines, first)
    stop = first + 1
    while stop < len(lines) and not _interrupts(lines, stop):
        if _UNDERLINE.match(lines[stop]) and stop == first + 1:
            return False, stop + 1  # a heading underlined with === or ---
        stop += 1
    return True, stop


def _end_of_fence(lines: Sequence[str], first: int, mark: str) -> int:
    closing = re.compile(rf"[ \t]{{0,3}}{re.escape(mark[0])}{{{len(mark)},}}[ \t]*$")
    for number in range(first + 1, len(lines)):
        if closing.match(lines[number]):
            return number + 1
    return len(lines)


def _begins_table(lines: Sequence[str], first: int) -> bool:
    if "|" not in lines[first] or first + 1 >= len(lines) or "|" not in lines[first + 1]:
        return False
    both_piped = all(line.lstrip().startswith("|") for line in lines[first : first + 2])
    return both_piped or bool(_TABLE_RULE.match(lines[first + 1]))


def _end_of_table(lines: Sequence[str], first: int) -> int:
    stop = first
    while stop < len(lines) and "|" in lines[stop]:
        stop += 1
    return stop


def _end_of_item(lines: Sequence[str], first: int) -> int:
    stop = first + 1
    while stop < len(lines):
        if _interrupts(lines, stop) or _NUMBER.match(lines[stop]):
            break
        stop += 1
    return stop


def _interrupts(lines: Sequence[str], number: int) -> bool:
    """Whether line `number` ends the block before it.

    As in CommonMark, a numbered item interrupts a paragraph only with the number 1: a line that
    begins with "1998." is more often wrapped prose.
    """
    line = lines[number]
    item = _NUMBER.match(line)
    return (
        is_blank(line)
        or bool(_FENCE.match(line) or _HEADING.match(line) or _BULLET.match(line))
        or (item is not None and item.group(1) == "1")
        or _begins_table(lines, number)
    )


def _sentences(text: str, start: int, end: int, lang: str) -> Iterator[tuple[int, int]]:
    spans = _merge_quotations(text, list(_windowed(text, start, end, lang)))
    for first, last in spans:
        yield from _split_spaced_script(text, *_trim(text, first, last))


def _windowed(text: str, start: int, end: int, lang: str) -> Iterator[tuple[int, int]]:
    from sentencex import get_sentence_boundaries

    while start < end:
        window = text[start : min(end, start + _WINDOW)]
        spans: list[tuple[int, int]] = []
        for boundary in get_sentence_boundaries(lang, window):
            spans.extend(
                _split_after_ellipsis(window, boundary["start_index"], boundary["end_index"])
            )
        if start + len(window) < end:
            if len(spans) > 1:
                spans.pop()  # the window's edge may have cut it: the next window begins with it
            else:
                spans = [(0, _last_space(window))]
        for first, last in spans:
            yield start + first, start + last
        start += spans[-1][1]


def _last_space(window: str) -> int:
    for position in range(len(window) - 1, len(window) // 2, -1):
        if window[position].isspace():
            return position + 1
    return len(window)


# In Chinese and Japanese "……" and "…" end a sentence if text follows without a closing mark;
# sentencex does not split there.
_ELLIPSIS = re.compile(r"…+(?=[\u3040-\u30ff\u3400-\u9fff])")


def _split_after_ellipsis(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    for match in _ELLIPSIS.finditer(text, start, end):
        yield start, match.end()
        start = match.end()
    if start < end:
        yield start, end


# 「…。」と言った is one sentence: a quotation and the particle that connects it with its verb.
_TIED_TO_QUOTATION = re.compile(r"(?:と|って|という|などと)")


def _merge_quotations(text: str, spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in spans:
        if merged and text[start - 1] in "」』" and _TIED_TO_QUOTATION.match(text, start, end):
            merged[-1] = (merged[-1][0], end)
        else:
            merged.append((start, end))
    return merged


_SPACED_SCRIPT = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]")


def _split_spaced_script(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    cut = start
    if end - start > _SPACED_SCRIPT_LIMIT and _SPACED_SCRIPT.search(text, start, end):
        for space in re.compile(r"\s+").finditer(text, start, end):
            if space.start() >= cut + _SPACED_SCRIPT_LIMIT:
                yield cut, space.end()
                cut = space.end()
    if cut < end:
        yield cut, end


def _trim(text: str, start: int, end: int) -> tuple[int, int]:
    piece = text[start:end]
    start += len(piece) - len(piece.lstrip(INVISIBLE))
    return start, start + len(piece.strip(INVISIBLE))
