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
from ..text.terms import folded, is_plain, is_unspaced, pairs, spans_of_tokens, terms_of, tokens

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

    spans = spans_of_tokens(query)
    functional = function_words([folded(query[start:end]) for start, end in spans])
    names_stand_out = sum(query[start].isupper() for start, _ in spans) <= len(spans) / 2
    previous_end = 0
    for start, end in spans:
        token, between, previous_end = query[start:end], query[previous_end:start], end
        if is_unspaced(token):
            for gram, weight in _grams_of_query(token):
                add(gram, weight)
            continue
        whole, parts = terms_of(token)
        if whole in functional:
            add(whole, _FUNCTION_WORD)
        elif parts or not is_plain(whole):
            add(whole, _NUMBER if whole.isdecimal() else _IDENTIFIER)
            for part in parts:
                weight = _FUNCTION_WORD if part in functional else _WORD
                add(part, _PART * weight, inflects=is_plain(part))
        else:
            begins = start == 0 or any(mark in between for mark in ".!?\n")
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
        if len(piece) > 1:
            for pair in pairs(piece):
                yield pair, _WORD


def _spaced(text: str) -> str:
    """Return the words of a text with a space before, between and after them."""
    found = [folded(token) for token in tokens(text)]
    return f" {' '.join(found)} " if len(found) > 1 else ""


# The units' side.


class _Matcher:
    """Finds a query's terms in texts. Each distinct token of a call is looked at once."""

    def __init__(self, terms: dict[str, _Term]) -> None:
        self._columns = {form: column for column, form in enumerate(terms)}
        self._phrases = [(form, n) for form, n in self._columns.items() if form[0] == " "]
        self._grams = [
            (form, n) for form, n in self._columns.items() if form[0] != " " and is_unspaced(form)
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
        there = set(tokens(text))
        for token in there - self._seen:
            if found := self._of_token(token):
                self._found[token] = found
        self._seen |= there
        for token in there & self._found.keys():
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
        whole, parts = terms_of(token)
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
