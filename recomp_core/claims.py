"""The checkable facts of a sentence: its numbers, dates and names, and whether texts have them.

Read alike: "1,024" and "1 024"; "twelve", "twelfth", "十二" and 12; "1.5 million" and "150万";
"3 March 1998", "March 3, 1998", "1998-03-03" and "1998年3月3日", of which day, month and year are
looked for one by one; "the 1980s" and 1985. Signs and units are not compared. Numbers in words are
known in English and Chinese, names of months in English.

A name is a run of words with capitals. The word that begins a sentence has one anyway, so a single
name there is not checked, nor, in German, a single noun anywhere; in scripts without capitals only
numbers and Latin-script names are. Case, accents and endings do not matter; another name does.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from .words import UNSPACED

# A number's value; for what is not just a number: "month 3", "1980s", "80s".
_Key = Decimal | str


@dataclass(frozen=True, slots=True)
class _Fact:
    """What stands at `start` in a sentence; any of `keys` in the documents bears it out."""

    text: str
    start: int
    keys: frozenset[_Key]


class Evidence:
    """The numbers, dates and names that `texts` have, to look those of a sentence up in.

    The words of one name must all stand in the same text.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        texts = list(texts)
        self._keys = {
            implied
            for text in texts
            for fact in _facts(_plain(text))
            for key in fact.keys
            for implied in (key, *_implied(key))
        }
        self._vocabularies = [
            {folded for token in _TOKEN.finditer(text) for folded in _fold(token["word"])}
            for text in texts
        ]
        self._german = any(map(_is_german, texts))

    def missing(self, sentence: str) -> tuple[str, ...]:
        """The facts of `sentence` that the texts do not have, as it writes them, in its order."""
        plain = _plain(sentence)
        unproven = _MARK.sub(lambda mark: " " * len(mark.group()), plain)
        facts = list(_facts(unproven))
        absent = {
            fact.start: sentence[fact.start : fact.start + len(fact.text)]
            for fact in facts
            if not _is_vague(fact.text) and not fact.keys & self._keys
        }
        # Digits in their place, which no name begins with: "Third" of "Third Avenue" is taken.
        for fact in facts:
            end = fact.start + len(fact.text)
            unproven = unproven[: fact.start] + "0" * len(fact.text) + unproven[end:]
        for start, end, names in _names(unproven, self._german or _is_german(sentence)):
            if not any(all(_has(known, name) for name in names) for known in self._vocabularies):
                absent[start] = sentence[start:end]
        return tuple(dict.fromkeys(absent[start] for start in sorted(absent)))


# Full-width forms ("１２％") as their narrow ones: one character each, so offsets stay true.
_NARROW = {0xFF01 + offset: 0x21 + offset for offset in range(94)}


def _plain(text: str) -> str:
    return text.translate(_NARROW)


# Numbers that number: "2. " at the beginning of a line, "[2]" after a sentence.
_MARK = re.compile(r"(?m)^\s*\d{1,3}[.)](?=\s)|\[\d{1,3}\]")


# Numbers and dates.

_ONES = "one two three four five six seven eight nine"
_TEENS = (
    "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen tenth "
    "eleventh twelfth thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_ONES_TH = "first second third fourth fifth sixth seventh eighth ninth"
_TENS_TH = "twentieth thirtieth fortieth fiftieth sixtieth seventieth eightieth ninetieth"
_SPELLED: dict[str, int] = {
    "zero": 0,
    **{word: value for names in (_ONES, _ONES_TH) for value, word in enumerate(names.split(), 1)},
    **{word: 10 + place % 10 for place, word in enumerate(_TEENS.split())},
    **{
        word: 10 * value
        for names in (_TENS, _TENS_TH)
        for value, word in enumerate(names.split(), 2)
    },
}
_SCALES = {
    "thousand": 10**3, "million": 10**6, "billion": 10**9, "bn": 10**9, "trillion": 10**12,
}  # fmt: skip
_MONTHS = (
    "January February March April May June July August September October November December"
).split()
_DECADES = {
    f"{tens[:-1]}ies": f"{number}0s" for number, tens in enumerate(_TENS.split(), 2)
}
_DIGITS_ZH = {"〇": 0, "零": 0, **{c: n for n, c in enumerate("一二三四五六七八九", 1)}, "两": 2, "兩": 2}
_UNITS_ZH = {
    "十": 10, "百": 100, "千": 1000,
    "万": 10**4, "萬": 10**4, "亿": 10**8, "億": 10**8,
}  # fmt: skip
