"""Finds the numbers, dates and names of a sentence and checks whether texts contain them.

Numbers and dates are equal in every form: "1,024", "1 024" and 1024; "twelve", "twelfth", "十二"
and 12; "1.5 million" and "150万"; "3 March 1998", "March 3, 1998", "1998-03-03" and
"1998年3月3日", whose day, month and year are checked one by one; "the 1980s" and 1985. Signs and
units are not compared. English and Chinese numbers in words are known, and English names of months.

A name is a run of words with capitals. Case, accents and endings ("Reyes'", "Москвы") make no
difference. The first word of a sentence always has a capital, so a single name in that place is not
checked; German nouns all have one, so no single German name is. In scripts without capitals only
numbers and names in Latin script are checked.

The rules are written by hand: a model for named entities needs weights and time, and parsers of
numbers or dates each cover one part, with rules of their own for what is equal.
"""

from __future__ import annotations

import math
import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from itertools import islice

from rapidfuzz.distance import Indel, Prefix
from rapidfuzz.process import extract

from .words import SPACED


class Evidence:
    """The numbers, dates and names of texts, to look up those of a sentence.

    Attributes:
        keys: The values of the numbers and dates, and what they imply.
        is_german: Whether one of the texts is German.

    Args:
        texts: The texts, such as the documents of a call.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        texts = [text.translate(_NARROW) for text in texts]
        keys = {key for text in texts for fact in _facts(text) for key in fact.keys}
        self.keys = keys.union(*map(_implied, keys))
        self.is_german = any(map(_is_german, texts))
        self._texts = [_Words(text) for text in texts]

    def has_name(self, words: Sequence[str]) -> bool:
        """Tell whether words stand close together in one of the texts, in any order.

        Args:
            words: The words of a name, without case and accents.

        Returns:
            True if one text has them all within a distance of two more words.
        """
        return any(text.has(words) for text in self._texts)


def missing_claims(sentence: str, evidence: Evidence) -> tuple[str, ...]:
    """Find the numbers, dates and names of a sentence that the texts do not contain.

    Args:
        sentence: The sentence to check.
        evidence: The facts of the texts.

    Returns:
        Each missing fact once, in the words of the sentence; numbers and dates come first.
    """
    text = _MARK.sub(lambda mark: " " * len(mark.group()), sentence.translate(_NARROW))
    facts = list(_facts(text))
    spans = [
        (fact.start, fact.end)
        for fact in facts
        if not _VAGUE.fullmatch(text, fact.start, fact.end) and not fact.keys & evidence.keys
    ]
    text = _without(facts, text)
    spans += [
        (name[0].start(), name[-1].end())
        for name in _names(text, evidence.is_german or _is_german(text))
        if not evidence.has_name([_folded(word.group()) for word in name])
    ]
    return tuple(dict.fromkeys(sentence[start:end] for start, end in spans))


def has_number(text: str) -> bool:
    """Tell whether a text states a number or a part of a date, in digits or in words.

    Args:
        text: The text.

    Returns:
        True if it does. The numbers before list items and of notes ("[2]") state nothing, nor do
        words such as "one" and "first".
    """
    return any(_VAGUE.fullmatch(match.group()) is None for match in _stated(text))


def has_date(text: str) -> bool:
    """Tell whether a text states a date or a part of one: a day, a month, a year, a decade.

    Args:
        text: The text.

    Returns:
        True if it does. A whole number from 1000 to 2099 in four digits counts as a year.
    """
    return any(
        match.lastgroup not in _NO_DATES
        or (match.lastgroup == "digits" and _YEAR.fullmatch(match.group()) is not None)
        for match in _stated(text)
    )


def _stated(text: str) -> Iterator[re.Match[str]]:
    narrow = text if text.isascii() else text.translate(_NARROW)
    return _FACT.finditer(_MARK.sub(lambda mark: " " * len(mark.group()), narrow))


# The kinds of `_FACT` that may be other numbers than dates.
_NO_DATES = frozenset({"digits", "spelled", "zh"})
_YEAR = re.compile(r"1\d{3}|20\d{2}")


def _without(facts: Iterable[_Fact], text: str) -> str:
    """The text as names are looked for: "March" and "Twelve" are no names, nor begin sentences."""
    parts: list[str] = []
    position = 0
    for fact in facts:
        parts += text[position : fact.start], "一" * (fact.end - max(position, fact.start))
        position = fact.end
    return "".join((*parts, text[position:]))


# Full-width forms ("１２％") become narrow ones, character by character: the offsets stay the same.
_NARROW = {0xFF01 + offset: 0x21 + offset for offset in range(94)}

# A number that states nothing: "2. " before a list item, "[2]" after a sentence.
_MARK = re.compile(r"^[^\S\n]*\d{1,3}[.)](?=\s)|\[\d{1,3}\]", re.MULTILINE)


# Numbers and dates.

_Key = Decimal | str
"""The value of a number; "month 3", "1980s" or "80s" (of any century) for parts of dates."""


@dataclass(frozen=True, slots=True)
class _Fact:
    """A number or a part of a date; any of `keys` in the documents supports it."""

    start: int
    end: int
    keys: frozenset[_Key]


def _numbered(words: str, start: int = 1) -> dict[str, int]:
    return {word: number for number, word in enumerate(words.split(), start)}


_ONES = {
    **_numbered("one two three four five six seven eight nine"),
    **_numbered("first second third fourth fifth sixth seventh eighth ninth"),
}
_TENS = {
    stem + ending: 10 * number
    for stem, number in _numbered("twent thirt fort fift sixt sevent eight ninet", 2).items()
    for ending in ("y", "ieth")
}
_SPELLED = {
    **_numbered("zero one two three four five six seven eight nine ten eleven twelve", 0),
    **_numbered("thirteen fourteen fifteen sixteen seventeen eighteen nineteen", 13),
    **_numbered("tenth eleventh twelfth thirteenth fourteenth fifteenth sixteenth", 10),
    **_numbered("seventeenth eighteenth nineteenth", 17),
    **_ONES,
    **_TENS,
}
_SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "bn": 10**9, "trillion": 10**12}
_DECADES = {f"{word[:-1]}ies": f"{tens}s" for word, tens in _TENS.items() if word[-1] == "y"}
_MONTHS = _numbered("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec")
_DIGITS_ZH = {**_numbered("零 一 二 三 四 五 六 七 八 九", 0), "〇": 0, "两": 2, "兩": 2}
_UNITS_ZH = {"十": 10, "百": 100, "千": 1000, "万": 10**4, "萬": 10**4, "亿": 10**8, "億": 10**8}

# Too common to check: "one" as a pronoun, "second" as a time, numerals within Chinese words.
_VAGUE = re.compile(r"(?i:zero|one|first|second)|[〇零一二三四五六七八九十两兩]|[百千万萬亿億].*")


def _either(words: Iterable[str]) -> str:
    return f"(?:{'|'.join(sorted(words, key=len, reverse=True))})"


_SMALL = rf"\b(?:{_either(_TENS)}[\s-]{_either(_ONES)}|{_either(_SPELLED)})\b"
_BELOW_1000 = (
    rf"(?:(?:{_SMALL}|\ba)[\s-]hundred(?:th)?\b"
    rf"(?:[\s-](?:and\s)?{_SMALL}(?!\shundred))?|{_SMALL})"
)
_SCALE = rf"[\s-]{_either(_SCALES)}\b"
_LONG_MONTHS = (
    "January February March April May June July August September October November December"
)
_FIRST_LETTERS = "".join(sorted({"a", *(word[0] for word in _SPELLED)}))
_ZH = f"[{''.join((*_DIGITS_ZH, *_UNITS_ZH))}]"

# Each kind of a fact behind a look at its first character: most characters begin none.
_FACT = re.compile(
    "|".join(
        (
            # not the 380 of "A380"
            r"(?=\d)(?<![A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u0370-\u052f\d])(?:"
            r"(?P<ymd>\d{4}([-/.])\d\d?\2\d\d?(?!\d))",
            r"(?P<dmy>\d\d?([-/.])\d\d?\4\d{4}(?!\d))",
            r"(?P<decade>(?:\d\d)?\d0['’]?s\b)",
            r"(?P<month_zh>\d\d?\s?月)",
            r"(?P<digits>(?:\d{1,3}(?:[ \u00a0\u2009\u202f'’]\d{3})+(?!\d)|\d+)(?:[.,]\d+)*"
            rf"(?:[\s-]?(?:hundred|{_either(_SCALES)})\b|\s?[十百千万萬亿億]{{1,4}})?))",
            rf"\b(?i:(?=[{_FIRST_LETTERS}]))(?:(?P<spelled_decade>(?i:{_either(_DECADES)})\b)",
            rf"(?P<spelled>(?i:(?:{_BELOW_1000}|\ba){_SCALE}"
            rf"(?:\s{_BELOW_1000}{_SCALE})*(?:\s(?:and\s)?{_BELOW_1000}(?!{_SCALE}))?"
            rf"|{_BELOW_1000})))",
            rf"(?=[JFMASOND])(?P<month>\b{_either(_LONG_MONTHS.split())}\b"
            rf"|\b(?:{_either(_MONTHS)}|Sept)\.?(?=\s\d)|(?<=\d\s)(?:{_either(_MONTHS)}|Sept)\b)",
            rf"(?={_ZH})(?:(?P<spelled_month_zh>(?:十[一二]?|[一二三四五六七八九])月)",
            f"(?P<zh>{_ZH}{{1,24}}))",
        )
    )
)


def _facts(text: str) -> Iterator[_Fact]:
    for match in _FACT.finditer(text):
        for keys in _keys(match.lastgroup or "", match.group()):
            yield _Fact(match.start(), match.end(), frozenset(keys))


def _keys(kind: str, text: str) -> list[set[_Key]]:
    """The keys of a match of `_FACT`: one set for a number, one for each part of a date."""
    if kind == "ymd":
        year, month, day = map(int, re.findall(r"\d+", text))
        return [{Decimal(year)}, {f"month {month}"}, {Decimal(day)}]
    if kind == "dmy":  # some write month, day, year
        day, month, year = map(int, re.findall(r"\d+", text))
        return [
            {Decimal(day), f"month {day}"},
            {Decimal(month), f"month {month}"},
            {Decimal(year)},
        ]
    if kind == "decade":
        return [{"".join(filter(str.isdigit, text)) + "s"}]
    if kind == "spelled_decade":
        return [{_DECADES[text.lower()]}]
    if kind == "month":
        return [{f"month {_MONTHS[text[:3]]}"}]
    if kind == "month_zh":
        return [{f"month {int(text[:-1])}"}]
    if kind == "spelled_month_zh":
        return [{f"month {_value_zh(text[:-1])}"}]
    if kind == "spelled":
        return [{_value_spelled(text)}]
    if kind == "zh":
        return [{_value_zh(text)}]
    return [{value} for value in _values(text)]


_GROUPED = re.compile(
    r"(?P<whole>[1-9]\d{0,2}(?P<mark>[., \u00a0\u2009\u202f'’])(?:\d{2,3}(?P=mark))*\d{3})"
    r"(?:(?!(?P=mark))[.,](?P<decimals>\d+))?"
)


def _values(text: str) -> list[Decimal]:
    """The value of digits with an optional scale; several values if the numbers only stand close.

    A comma or full stop before exactly three digits groups thousands, in every language.
    """
    found = re.fullmatch(r"(.*\d)[\s-]*(\D*)", text, re.DOTALL)
    assert found is not None  # noqa: S101 - begins with a digit
    digits, scale = found.groups()
    if grouped := _GROUPED.fullmatch(digits):
        whole = re.sub(r"\D", "", grouped["whole"])
        values = [Decimal(f"{whole}.{grouped['decimals'] or 0}")]
    elif re.fullmatch(r"\d+[.,]\d+", digits):
        values = [Decimal(digits.replace(",", "."))]
    else:
        values = [Decimal(number) for number in re.findall(r"\d+", digits)]
    if scale:
        values[-1] *= _value_zh(scale) if scale[0] in _UNITS_ZH else _value_spelled(f"a {scale}")
    return values


def _value_spelled(text: str) -> Decimal:
    total = current = 0
    for word in re.findall(r"[a-z]+", text.lower()):
        if word in _SPELLED:
            current += _SPELLED[word]
        elif word.startswith("hundred"):
            current = (current or 1) * 100
        elif word in _SCALES:
            total += (current or 1) * _SCALES[word]
            current = 0
    return Decimal(total + current)


def _value_zh(text: str) -> Decimal:
    if not set(text) & _UNITS_ZH.keys():
        return Decimal("".join(str(_DIGITS_ZH[character]) for character in text))
    total = section = digit = 0
    for character in text:
        unit = _UNITS_ZH.get(character)
        if unit is None:
            digit = _DIGITS_ZH[character]
        elif unit < 10**4:
            section += (digit or 1) * unit
            digit = 0
        elif total < unit:  # 一万亿: the unit multiplies everything before it
            total = (total + section + digit or 1) * unit
            section = digit = 0
        else:
            total += (section + digit or 1) * unit
            section = digit = 0
    return Decimal(total + section + digit)


def _implied(key: _Key) -> set[_Key]:
    """Further keys that a document with `key` supports: a year's decade, a decade's short form."""
    if isinstance(key, Decimal):
        if not 1000 <= key < 2100 or key % 1:
            return set()
        return {f"{int(key) // 10}0s", f"{int(key) // 10 % 10}0s"}
    return {key[2:]} if len(key) == 5 else {f"19{key}"} if len(key) == 3 else set()


# Names.

_WORD = re.compile(SPACED)
_JOINT = re.compile(r"[ \u00a0'’.&-]{1,2}")
_SENTENCE_END = re.compile(r"[.:!?…。\n\r]")

# Words that often begin sentences; most other first words occur in the documents too.
_OPENERS = _numbered(
    "a about above according after against all along also although an and another around as at "
    "because before besides between both but by despite during each every few for from he her here "
    "his how however if in instead into it its later like many meanwhile most my near no nor not "
    "of on once only or other our over per several she since so some still such than thanks that "
    "the their then there these they this those though through thus to today together under unlike "
    "until upon via we what when where whereas whether which while who why with within without yet "
    "you als am auf aus bei beim bis das dem den der des die durch ein eine er es für im ist mit "
    "nach seit sie über um und unter vom von vor wenn wie zu zum zur"
).keys()
_GERMAN = re.compile(r"\b(?:auf|das|eine|ist|nicht|und|wurde)\b")


def _is_german(text: str) -> bool:
    return len(set(_GERMAN.findall(text))) > 1


def _runs(text: str) -> Iterator[tuple[bool, list[re.Match[str]]]]:
    """Each run of words with capitals, and whether it begins a sentence."""
    run: list[re.Match[str]] = []
    begins, end = False, 0
    for word in _WORD.finditer(text):
        gap = text[end : word.start()]
        joined = bool(run) and run[-1].end() == end and _JOINT.fullmatch(gap)
        if run and not joined:
            yield begins, run
            run = []
        if _is_capital(word.group()):
            if not run:
                space = re.split(r"\w", gap)[-1]
                begins = bool(_SENTENCE_END.search(space)) or (end == 0 and space == gap)
            run.append(word)
        end = word.end()
    if run:
        yield begins, run


def _is_capital(word: str) -> bool:
    return word[0].isalpha() and any(map(str.isupper, word))


def _names(text: str, is_german: bool) -> Iterator[list[re.Match[str]]]:
    """The runs without initials and without words that may have their capital for other reasons."""
    for begins, run in _runs(text):
        if begins and run[0].group().lower() in _OPENERS:
            begins, run = False, run[1:]
        name = [word for word in run if len(word.group()) > 1]
        doubtful = is_german or (begins and len(run) == 1)
        if len(name) > 1 or (name and not (doubtful and _is_ordinary(name[0].group()))):
            yield name


def _is_ordinary(word: str) -> bool:
    """Whether only the first letter is a capital: "Reyes", not "NASA" or "A380"."""
    return word[1:].islower()


class _Words:
    """The places of all folded words of a text; the initials of a name stand where it begins."""

    def __init__(self, text: str) -> None:
        places: dict[str, list[int]] = {}
        starts = {}
        for place, word in enumerate(_WORD.finditer(text)):
            starts[word.start()] = place
            places.setdefault(_folded(word.group()), []).append(place)
        for _, run in _runs(text):
            initials = "".join(word.group()[0] for word in run)
            places.setdefault(_folded(initials), []).append(starts[run[0].start()])
        self._places = {word: sorted(found) for word, found in places.items()}
        self._variants = _Variants(self._places)
        self._found: dict[str, list[list[int]]] = {}

    def has(self, words: Sequence[str]) -> bool:
        """Whether one stretch, longer than `words` by at most two, holds them all."""
        first, *others = (self._places_of(word) for word in dict.fromkeys(words))
        if not first or not all(others):
            return False
        reach = len(words) + 1
        fewest = min((first, *others), key=lambda lists: sum(map(len, lists)))
        return any(
            _stand_together(first, others, place, reach) for places in fewest for place in places
        )

    def _places_of(self, word: str) -> list[list[int]]:
        """The places of the word and of its variants, each in order."""
        found = self._found.get(word)
        if found is None:
            known = self._variants.of(word) if word.isalpha() else (word,)
            found = [self._places[other] for other in known if other in self._places]
            self._found[word] = found
        return found


def _stand_together(
    first: Sequence[Sequence[int]],
    others: Iterable[Sequence[Sequence[int]]],
    place: int,
    reach: int,
) -> bool:
    """Whether the first word stands within reach of `place` and of a place of each other word."""
    # From each other word only the nearest place on either side counts: out of its reach are the
    # places between `low` and `high`.
    gaps = [(_before(lists, place) + reach, _after(lists, place) - reach) for lists in others]
    at = _after(first, place - reach)
    for low, high in sorted(gaps):
        if at <= low:
            break
        at = _after(first, max(at, high))
    return at <= place + reach


def _before(lists: Iterable[Sequence[int]], place: int) -> float:
    """The last of the places in some lists that is not after `place`."""
    return max(
        (places[n - 1] for places in lists if (n := bisect_right(places, place))), default=-math.inf
    )


def _after(lists: Iterable[Sequence[int]], place: float) -> float:
    """The first of the places in some lists that is not before `place`."""
    return min(
        (places[n] for places in lists if (n := bisect_left(places, place)) < len(places)),
        default=math.inf,
    )


class _Variants:
    """Finds the words that may be the same name as another one, see `_is_variant`.

    Words are looked up by their beginnings, and long ones by four letters in about one place:
    comparing each name with each word would take time with the square of the text.
    """

    def __init__(self, words: Iterable[str]) -> None:
        self._words = words
        self._by_stem: dict[str, list[str]] | None = None
        self._by_letters: dict[tuple[str, int], list[str]] = {}

    def of(self, word: str) -> list[str]:
        """Return the words that are variants of a word, perhaps with itself."""
        declined = [other for other in self._with_stem(word) if _is_variant(word, other)]
        alike = list(islice(self._with_letters(word), _COMPARED))
        respelled = extract(word, alike, scorer=_spelling, score_cutoff=_SAME_SPELLING, limit=None)
        return list(dict.fromkeys((word, *declined, *(other for other, _, _ in respelled))))

    def _with_stem(self, word: str) -> Iterator[str]:
        by_stem = self._index()
        stems = (word[: len(word) - cut] for cut in range(_LONGEST_ENDING + 1))
        return islice((other for stem in stems for other in by_stem.get(stem, ())), _COMPARED)

    def _with_letters(self, word: str) -> Iterator[str]:
        """The words that have one of some parts of a long word in about the same place."""
        if not _SHORTEST_MISSPELLED <= len(word) <= _LONGEST_MISSPELLED:
            return
        # Of one part more than letters may differ, one is the same in both.
        most = int(_MOST_DIFFERENT * len(word))
        for part in range(most + 1):
            begin = part * len(word) // (most + 1)
            letters = word[begin : begin + _LETTERS]
            for place in range(max(0, begin - most), begin + most + 1):
                for other in self._by_letters.get((letters, place), ()):
                    if abs(len(other) - len(word)) <= most:
                        yield other

    def _index(self) -> dict[str, list[str]]:
        """Built at the first need: most texts are asked for no name."""
        if self._by_stem is None:
            by_stem: dict[str, list[str]] = {}
            for word in self._words:
                for cut in range(_LONGEST_ENDING + 1):
                    if len(word) - cut >= _SHORTEST_STEM:
                        by_stem.setdefault(word[: len(word) - cut], []).append(word)
                if _SHORTEST_MISSPELLED <= len(word) <= _LONGEST_MISSPELLED:
                    for place in range(len(word) - _LETTERS + 1):
                        letters = word[place : place + _LETTERS]
                        self._by_letters.setdefault((letters, place), []).append(word)
            self._by_stem = by_stem
        return self._by_stem


_UNACCENTED = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ı": "i"})


@lru_cache(maxsize=4_096)
def _folded(word: str) -> str:
    """The word without case and accents."""
    decomposed = unicodedata.normalize("NFKD", word.casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c)).translate(_UNACCENTED)


def _is_variant(word: str, other: str) -> bool:
    """Whether two names may be the same one, declined or spelled slightly differently.

    Languages in other scripts decline names ("Анна", "Анной"). In Latin script one more letter at
    the end is ignored only if the name is long: Niger is not Nigeria, and Paul is not Paula.
    """
    if word == other:
        return True
    shortest_stem, longest_ending = (6, 1) if word.isascii() else (_SHORTEST_STEM, _LONGEST_ENDING)
    stem = Prefix.similarity(word, other)
    ending = max(len(word), len(other)) - stem
    if stem >= shortest_stem and ending <= longest_ending:
        return True
    return _spelling(word, other) >= _SAME_SPELLING


_spelling = Indel.normalized_similarity


# In letters, of names in any script.
_SHORTEST_STEM, _LONGEST_ENDING = 3, 2
# Dostoevsky equals Dostoyevsky (0.95), but Johnson does not equal Johnston (0.93).
_SAME_SPELLING = 0.94
# So many of a word's letters may differ at most: 0.06 of the letters of both words, whose lengths
# differ by no more than that.
_MOST_DIFFERENT = 0.13
# Shorter words are equal if their spelling is the same by that measure; longer ones are no names.
_SHORTEST_MISSPELLED, _LONGEST_MISSPELLED = 8, 64
_LETTERS = 4
# With so many words a name is compared: more that look like it are in no natural text.
_COMPARED = 500
