"""Lexical evidence: how many of a query's words a unit has, and how that joins a scorer's scores.

A small encoder does not tell version 2.3 from 2.4 or one surname from another; words do. Each
distinct word of the query weighs by its kind (function words little; names, numbers, identifiers
and quoted phrases most) and by how few of the call's units have it. A unit's evidence is the weight
of the words that it has, of the weight of all: 1 means that it has every word.

Words match without case, accents and endings ("Kosten" and "kostet"); numbers, versions and
identifiers match as a whole ("2.3" is neither "2.4" nor "12.3"), identifiers in their parts as well
("list_orders" and "orders"). Scripts without spaces are compared by pairs of characters.

The rules are written by hand: BM25 libraries index a corpus that stays, with one language's
tokenizer and stemmer, and take as long to build their index as this takes altogether.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ..text.function_words import function_words, without_question_words
from ..text.words import folded

# What a word of the query weighs, by its kind.
_FUNCTION_WORD = 0.05
_WORD = 1.0
_NAME = 1.3  # a capital where no sentence begins
_NUMBER = 1.5
_IDENTIFIER = 2.0  # "B200", "list_orders", "2.4", "UnknownHostException"
_PHRASE = 3.0  # in quotation marks
_PART = 0.5  # of an identifier; relative to the same word alone
_CHARACTER = 0.3  # a single Chinese character, relative to a pair

# How much evidence a word with another ending is, relative to the same word.
_INFLECTED = 0.8


@dataclass(slots=True)
class _Term:
    """Something to look for in the units, with its weight. Only plain words may be inflected."""

    weight: float
    inflects: bool = False


def lexical_scores(query: str, texts: Sequence[str]) -> np.ndarray:
    """Score how many of a query's words each text has, weighted by kind and rarity.

    The time is linear in the length of the query and of the texts.

    Args:
        query: The query. Each distinct word counts once, however often it is repeated.
        texts: The texts of one call's units, with what they stand under (title, headings). Words
            that all of them have weigh little.

    Returns:
        A float array of shape `(n_texts,)` with values from 0, no word in common, to 1, every word
        found.
    """
    terms = _terms(query)
    matched = np.zeros((len(texts), len(terms)))
    if not terms or not len(texts):
        return np.zeros(len(texts))
    matcher = _Matcher(terms)
    for row, text in enumerate(texts):
        for column, quality in matcher.matches(text):
            if quality > matched[row, column]:
                matched[row, column] = quality
    frequency = np.count_nonzero(matched, axis=0)
    weights = np.array([term.weight for term in terms.values()]) * _rarity(frequency, len(texts))
    return np.asarray(matched @ weights / weights.sum())


def _rarity(frequency: np.ndarray, n_texts: int) -> np.ndarray:
    """Return BM25's inverse document frequency, relative to that of a word that one text has.

    A word that no text has tells nothing apart, so it weighs no more than one that is in one text.
    """
    frequency = np.maximum(frequency, 1)
    idf = np.log1p((n_texts - frequency + 0.5) / (frequency + 0.5))
    return np.asarray(idf / math.log1p((n_texts - 0.5) / 1.5))


# The query's side.

# Scripts that put no spaces between words; of Korean, whose words take on endings, pairs of
# syllables are compared as well.
_UNSPACED = (
    r"\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff"
    r"\U00020000-\U0003ffff"
)
# What is in no word: spaces, punctuation and symbols. `\w` would leave out the vowel signs of Indic
# scripts and of Arabic.
_BETWEEN = (
    r"\x00-/:-@\[-^`{-\xa9\xab-\xb4\xb6-\xb9\xbb-\xbf×÷\u055a-\u055f\u0589\u060c\u061b\u061f\u066a-\u066d\u06d4"
    r"\u0964\u0965\u2000-\u200b\u200e-\u2bff\u2e00-\u2e7f\u3000-\u303f\ufe10-\ufe6f\uff00-\uff0f\uff1a-\uff20"
    r"\uff3b-\uff40\uff5b-\uff65\U0001f000-\U0001faff"
)
_JOINTS = r".,\-‐‑/:@·"
_ASCII_TOKEN = re.compile(r"[0-9A-Za-z_]+(?:[.,\-/:@][0-9A-Za-z_]+)*(?:\+\+|#)?")
# A run of an unspaced script; or a word, or several words and numbers with a joint between them.
_TOKEN = re.compile(
    rf"[{_UNSPACED}]+|[^{_BETWEEN}{_UNSPACED}]+(?:[{_JOINTS}][^{_BETWEEN}{_UNSPACED}]+)*(?:\+\+|#)?"
)
_PLAIN = re.compile(rf"[^\d_{_JOINTS}+#]+")
_PIECE = re.compile(rf"\d+(?:[.,]\d+)*|[^\d_{_JOINTS}+#]+")
_CAMEL = re.compile(r"(?<=[^\W\d_A-Z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_IN_QUOTES = re.compile(
    r"\"([^\"\n]{2,80})\"|“([^”\n]{2,80})”|„([^“”\n]{2,80})[“”]|«([^»\n]{2,80})»|「([^」\n]{2,80})」"
    r"|『([^』\n]{2,80})』|《([^》\n]{2,80})》|`([^`\n]{2,80})`|(?:^|(?<=\s))'([^'\n]{2,80})'(?!\w)"
)


def _terms(query: str) -> dict[str, _Term]:
    terms: dict[str, _Term] = {}

    def add(form: str, weight: float, inflects: bool = False) -> None:
        known = terms.get(form)
        if known is None:
            terms[form] = _Term(weight, inflects)
        elif weight > known.weight:
            known.weight = weight

    tokens = [match.group() for match in _TOKEN.finditer(query)]
    functional = function_words([folded(token) for token in tokens])
    capitals = sum(token[0].isupper() for token in tokens)
    names_stand_out = capitals <= len(tokens) / 2
    previous_end = 0
    for match in _TOKEN.finditer(query):
        token = match.group()
        between, previous_end = query[previous_end : match.start()], match.end()
        if _is_unspaced(token):
            for gram, weight in _grams_of_query(token):
                add(gram, weight)
            continue
        whole, parts = _forms(token)
        if whole in functional:
            add(whole, _FUNCTION_WORD)
        elif parts or not _PLAIN.fullmatch(whole):
            add(whole, _NUMBER if whole.isdecimal() else _IDENTIFIER)
            for part in parts:
                number = part[0].isdecimal()
                weight = _FUNCTION_WORD if part in functional else _NUMBER if number else _WORD
                add(part, _PART * weight, inflects=not number)
        else:
            begins = match.start() == 0 or any(mark in between for mark in ".!?\n")
            is_name = token[0].isupper() and names_stand_out and not begins
            add(whole, _NAME if is_name else _WORD, inflects=True)
    for match in _IN_QUOTES.finditer(query):
        phrase = _spaced(next(filter(None, match.groups())))
        if phrase:
            add(phrase, _PHRASE)
    return terms


def _grams_of_query(run: str) -> Iterator[tuple[str, float]]:
    for piece in without_question_words(unicodedata.normalize("NFKC", run)):
        for character in piece:
            yield character, _CHARACTER
        for first in range(len(piece) - 1):
            yield piece[first : first + 2], _WORD


# What a word looks like.


def _forms(token: str) -> tuple[str, tuple[str, ...]]:
    """Return a token as one word, and the parts that may also be asked for.

    Hyphens and underscores make no difference to the whole: "KL-200" is "kl200". The parts of a
    decimal number or a version are no words.
    """
    form = folded(token)
    if form.isdecimal() or (_PLAIN.fullmatch(token) and not _CAMEL.search(token)):
        return form, ()
    pieces = _PIECE.findall(token)
    parts = [folded(part) for piece in pieces for part in _CAMEL.split(piece)]
    if all(len(part) == 1 and part.isalpha() for part in parts):
        return "".join(parts), ()  # "U.S"
    if not any(character.isalpha() for character in form):
        if not re.search(r"[\-‐‑/:]", form):
            return _number(form), ()
        return form, tuple(part for part in parts if len(part) == 4)  # the year of a date
    if re.fullmatch(r"v\d+(?:\.\d+)*", form):
        return _number(form[1:]), ()  # "v2.3"
    whole = re.sub(r"[-‐‑_·]", "", form)
    if len(parts) == 1 or re.fullmatch(r"[^\W\d_]{1,2}\d+|\d+[^\W\d_]{1,2}", form):
        return whole, ()  # "C++", "B200": a part of them is another thing
    return whole, tuple(dict.fromkeys(part for part in parts if len(part) > 1 and part != whole))


def _number(folded: str) -> str:
    if re.fullmatch(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?", folded):
        return folded.replace(",", "")
    return folded.replace(",", ".")


def _tokens(text: str) -> list[str]:
    return (_ASCII_TOKEN if text.isascii() else _TOKEN).findall(text)


def _spaced(text: str) -> str:
    """Return the words of a text with a space before, between and after them."""
    found = [folded(token) for token in _tokens(text)]
    return f" {' '.join(found)} " if len(found) > 1 else ""


def _is_unspaced(token: str) -> bool:
    return re.match(rf"[{_UNSPACED}]", token) is not None


# The units' side.


class _Matcher:
    """Finds a query's terms in texts. Each distinct token of a call is looked at once."""

    def __init__(self, terms: dict[str, _Term]) -> None:
        self._columns = {form: column for column, form in enumerate(terms)}
        self._phrases = [(form, n) for form, n in self._columns.items() if form[0] == " "]
        self._grams = [
            (form, n) for form, n in self._columns.items() if form[0] != " " and _is_unspaced(form)
        ]
        self._stems: dict[str, list[tuple[str, int]]] = {}
        for form, term in terms.items():
            if term.inflects:
                self._stems.setdefault(form[:3], []).append((form, self._columns[form]))
        self._beginnings = {form[:3] for form in terms}
        self._seen: set[str] = set()
        self._found: dict[str, list[tuple[int, float]]] = {}  # of the tokens that match something

    def matches(self, text: str) -> Iterator[tuple[int, float]]:
        """Yield the columns of the terms that a text has, with how well it has them."""
        tokens = set(_tokens(text))
        for token in tokens - self._seen:
            if found := self._of_token(token):
                self._found[token] = found
        self._seen |= tokens
        for token in tokens & self._found.keys():
            yield from self._found[token]
        if self._grams and not text.isascii():
            normal = unicodedata.normalize("NFKC", text)
            for gram, column in self._grams:
                if gram in normal:
                    yield column, 1.0
        if self._phrases:
            spaced = _spaced(text)
            for phrase, column in self._phrases:
                if phrase in spaced:
                    yield column, 1.0

    def _of_token(self, token: str) -> list[tuple[int, float]]:
        simple = token.isascii() and token.isalpha() and (token.islower() or token.istitle())
        if simple and token[:3].lower() not in self._beginnings:
            return []
        found = []
        whole, parts = _forms(token)
        for form in (whole, *parts):
            if form in self._columns:
                found.append((self._columns[form], 1.0))
            for stem, column in self._stems.get(form[:3], ()):
                if form != stem and _same_stem(form, stem):
                    found.append((column, _INFLECTED))
        return found


def _same_stem(a: str, b: str) -> bool:
    """Tell whether two words differ in their endings only, as far as letters show."""
    shared = 0
    for one, other in zip(a, b, strict=False):
        if one != other:
            break
        shared += 1
    ends = len(a) + len(b) - 2 * shared
    if shared < 4:  # "cat" and "cats"
        return shared == 3 and ends == 1 and "s" in (a[3:], b[3:])
    return 2 * shared >= 3 * ends and max(len(a), len(b)) - shared <= 4


# Blending with a scorer's scores.


def blend(
    scores: Sequence[float] | np.ndarray,
    lexical: np.ndarray,
    weight: float,
    bounded: bool,
) -> tuple[np.ndarray, np.ndarray]:
    """Blend a call's scores with their lexical evidence.

    Args:
        scores: The scorer's scores of a call's units.
        lexical: The units' `lexical_scores`.
        weight: What the words count, from 0, nothing, to 1, everything.
        bounded: Whether the scores are cosines. Others have no scale that is known beforehand: the
            evidence then takes the scale of the call's scores, from their lowest to their highest.

    Returns:
        The blended scores `(1 - weight) * score + weight * evidence`, and the part of each that the
        words gave, two float arrays of shape `(n_units,)`.
    """
    scores = np.asarray(scores, dtype=float)
    if not len(scores) or not weight:
        return scores, np.zeros(len(scores))
    if not bounded:
        low = scores.min()
        lexical = low + lexical * (scores.max() - low)
    share = weight * lexical
    return (1 - weight) * scores + share, share
