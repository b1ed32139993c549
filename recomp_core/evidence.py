"""The numbers, dates and names in a sentence, and whether the documents have them.

Numbers are compared by value: "1,024" is "1024", "twelve" is "12", "1.5 million" is "1,500,000",
"十二" is "12", "3rd" is "3". Names are runs of capitalised words, compared word by word apart from
case, accents and endings. In scripts without capitals only numbers, and names in Latin letters, can
be told; and a name that begins a sentence only if it has several words.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

_UNITS = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7,
    "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14,
    "fifteen": 15, "sixteen": 16, "seventeen": 17, "eighteen": 18, "nineteen": 19,
}  # fmt: skip
_TENS = {
    "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70,
    "eighty": 80, "ninety": 90,
}  # fmt: skip
_SCALES = {
    "hundred": 100, "thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12,
}  # fmt: skip
_ORDINALS = {
    "first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7,
    "eighth": 8, "ninth": 9, "tenth": 10, "eleventh": 11, "twelfth": 12,
}  # fmt: skip
_MONTHS = [
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december",
]  # fmt: skip
_HAN_DIGITS = {
    "〇": 0, "零": 0, "一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7,
    "八": 8, "九": 9,
}  # fmt: skip
_HAN_SCALES = {
    "十": 10, "百": 100, "千": 1000, "万": 10**4, "萬": 10**4, "亿": 10**8, "億": 10**8,
}  # fmt: skip
# These are pronouns, or units of time, as often as numbers: nobody has to account for them.
_NOT_CLAIMS = {"one", "first", "second", "zero", "hundred", "thousand", "million"}

_CONNECTORS = {
    "of", "the", "and", "de", "da", "du", "des", "del", "di", "la", "le", "van", "von", "der",
    "den", "al", "el", "y",
}  # fmt: skip
# Words that begin a sentence without being part of a name.
_OPENERS = {
    "a", "an", "the", "this", "that", "these", "those", "it", "its", "he", "she", "they", "his",
    "her", "their", "we", "you", "i", "in", "on", "at", "by", "for", "from", "to", "of", "with",
    "as", "and", "or", "but", "if", "when", "while", "after", "before", "since", "until",
    "although", "because", "both", "all", "some", "most", "many", "no", "there", "however",
    "according", "during", "under", "over", "between", "one", "two", "later", "then", "today",
    "finally", "also", "afterwards", "meanwhile", "eventually", "initially", "previously", "only",
    "here", "now",
}  # fmt: skip

_DIGITS = re.compile(r"\d{1,3}(?:[,'\u2019 ]\d{3})+(?!\d)(?:\.\d+)?|\d+(?:\.\d+)?")
_SEPARATORS = re.compile(r"[,'\u2019 ]")
_HAN = re.compile(rf"[{''.join(_HAN_DIGITS)}{''.join(_HAN_SCALES)}]+")
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)*")
_SCALE_AFTER = re.compile(r"[\s-]*(hundred|thousand|million|billion|trillion|[万萬亿億])", re.I)
_ISO_DATE = re.compile(r"\b\d{4}-(0[1-9]|1[0-2])-\d{2}\b")
_END_OF_SENTENCE = re.compile(r"[.!?:;。！？]\s")

# A number as it is written, with its possible readings, each a set of values: "20 000" can be one
# number or two.
_Number = tuple[str, list[frozenset[float]]]


@dataclass(frozen=True)
class Evidence:
    """What documents have to offer: the values of their numbers, and their words in order."""

    texts: tuple[str, ...]

    @cached_property
    def numbers(self) -> frozenset[float]:
        """All values; the name of a month counts as its number too."""
        found: set[float] = set()
        for text in map(_plain, self.texts):
            for _, readings in _numbers(text):
                found.update(*readings)
            names = (word.lower() for word in _WORD.findall(text))
            found.update(_MONTHS.index(name) + 1.0 for name in names if name in _MONTHS)
        return frozenset(found)

    @cached_property
    def words(self) -> tuple[str, ...]:
        """All words, bare; the month of a date such as 1998-03-05 counts as its name too."""
        found: list[str] = []
        for text in map(_plain, self.texts):
            found += (_bare(word) for word in _WORD.findall(text))
            found += (_MONTHS[int(month) - 1] for month in _ISO_DATE.findall(text))
        return tuple(found)

    def has_name(self, name: Sequence[str]) -> bool:
        """Whether the words stand in this order, with at most two others between them."""
        places = [i for i, word in enumerate(self.words) if _same_word(name[0], word)]
        return any(self._goes_on(name[1:], place + 1, place + len(name) + 2) for place in places)

    def _goes_on(self, rest: Sequence[str], first: int, last: int) -> bool:
        window = iter(self.words[first:last])
        return all(any(_same_word(word, other) for other in window) for word in rest)


def missing_claims(sentence: str, evidence: Evidence) -> tuple[str, ...]:
    """The numbers, dates and names of `sentence`, as it writes them, that the evidence lacks."""
    text = _plain(sentence)
    missing = [
        number
        for number, readings in _numbers(text)
        if number.lower() not in _NOT_CLAIMS
        and not any(reading <= evidence.numbers for reading in readings)
    ]
    missing += [written for written, name in _names(text) if not evidence.has_name(name)]
    return tuple(dict.fromkeys(missing))


def _numbers(text: str) -> Iterator[_Number]:
    taken: list[tuple[int, int]] = []  # scale words that belong to a number in digits
    for match in _DIGITS.finditer(text):
        written = match.group()
        whole = float(_SEPARATORS.sub("", written))
        if scale := _SCALE_AFTER.match(text, match.end()):
            unit = scale.group(1).lower()
            taken.append(scale.span())
            value = round(whole * (_SCALES.get(unit) or _HAN_SCALES[unit]), 6)
            yield text[match.start() : scale.end()], [frozenset([value])]
        else:
            apart = frozenset(float(_SEPARATORS.sub("", part)) for part in written.split())
            yield written, [frozenset([whole]), apart]

    def free(match: re.Match[str]) -> bool:
        return not any(start <= match.start() < end for start, end in taken)

    for match in filter(free, _HAN.finditer(text)):
        if (numeral := _han(match.group())) is not None:
            yield match.group(), [frozenset([float(numeral)])]
    yield from _spelled(text, [match for match in _WORD.finditer(text) if free(match)])


def _spelled(text: str, words: Sequence[re.Match[str]]) -> Iterator[_Number]:
    """Numbers in English words: "twenty-two", "one hundred and five", "third"."""
    run: list[re.Match[str]] = []
    for word in words:
        name = word.group().lower()
        joined = bool(run) and text[run[-1].end() : word.start()] in (" ", "-")
        is_part = name in _UNITS or name in _TENS or name in _SCALES
        is_link = name == "and" and bool(run) and run[-1].group().lower() in _SCALES
        if joined and (is_part or is_link):
            run.append(word)
            continue
        yield from _closed_number(text, run)
        run = [word] if is_part else []
        if name in _ORDINALS:
            yield word.group(), [frozenset([float(_ORDINALS[name])])]
    yield from _closed_number(text, run)


def _closed_number(text: str, run: list[re.Match[str]]) -> Iterator[_Number]:
    if run and run[-1].group().lower() == "and":
        run.pop()
    if run:
        value = _value(word.group().lower() for word in run)
        yield text[run[0].start() : run[-1].end()], [frozenset([value])]


def _value(names: Iterable[str]) -> float:
    total = current = 0
    for name in names:
        if name == "hundred":
            current = max(current, 1) * 100
        elif name in _SCALES:
            total, current = total + max(current, 1) * _SCALES[name], 0
        else:
            current += _UNITS.get(name, 0) + _TENS.get(name, 0)
    return float(total + current)


def _han(numeral: str) -> int | None:
    """The value of a Chinese numeral; None for a lone digit, which is a word as often."""
    if all(character in _HAN_DIGITS for character in numeral):
        # 一九九八 is a year, digit by digit.
        digits = "".join(str(_HAN_DIGITS[character]) for character in numeral)
        return int(digits) if len(numeral) > 1 else None
    total = section = digit = 0
    for character in numeral:
        if character in _HAN_DIGITS:
            digit = _HAN_DIGITS[character]
        elif (scale := _HAN_SCALES[character]) < 10**4:
            section, digit = section + (digit or 1) * scale, 0
        else:
            total, section, digit = total + (section + digit or 1) * scale, 0, 0
    return total + section + digit


def _names(text: str) -> Iterator[tuple[str, list[str]]]:
    """Runs of capitalised words as they are written, and their bare words."""
    run: list[re.Match[str]] = []
    for word in _WORD.finditer(text):
        if run and text[run[-1].end() : word.start()].strip(" .-&"):
            yield from _closed_name(text, run)
            run = []
        if word.group()[0].isupper() or (run and word.group() in _CONNECTORS):
            run.append(word)
        else:
            yield from _closed_name(text, run)
            run = []
    yield from _closed_name(text, run)


def _closed_name(text: str, run: list[re.Match[str]]) -> Iterator[tuple[str, list[str]]]:
    begins_sentence = bool(run) and _begins_sentence(text, run[0].start())
    if begins_sentence and run[0].group().lower() in _OPENERS:
        run, begins_sentence = run[1:], False
    while run and run[-1].group() in _CONNECTORS:
        run = run[:-1]
    while run and run[0].group() in _CONNECTORS:
        run = run[1:]
    if not run or (begins_sentence and len(run) == 1):
        return  # a single word at the beginning of a sentence is capitalised anyway
    name = [_bare(word.group()) for word in run if word.group() not in _CONNECTORS]
    yield text[run[0].start() : run[-1].end()], name


def _begins_sentence(text: str, position: int) -> bool:
    head = _END_OF_SENTENCE.split(text[:position])[-1]
    return not head.strip(" \t\"'“”‘’([*-")


def _same_word(a: str, b: str) -> bool:
    """Equal, or alike up to the ending: "Москва" and "Москве", "Reyes" and "Reyeses"."""
    if a == b:
        return True
    from rapidfuzz.distance import Prefix

    shorter = min(len(a), len(b))
    return shorter >= 5 and abs(len(a) - len(b)) <= 2 and Prefix.similarity(a, b) >= shorter - 1


def _bare(word: str) -> str:
    """Case folded, without accents and possessive endings."""
    word = re.sub(r"['\u2019]s?$", "", unicodedata.normalize("NFKD", word.casefold()))
    return "".join(c for c in word if not "\u0300" <= c <= "\u036f")


def _plain(text: str) -> str:
    """Full-width and other compatibility forms as plain ones; all spaces alike."""
    return re.sub(r"\s", " ", unicodedata.normalize("NFKC", text))
