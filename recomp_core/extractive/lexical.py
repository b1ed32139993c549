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

import itertools
import math
import operator
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ..text.function_words import function_words, without_question_words
from ..text.terms import folded, is_plain, is_unspaced, pairs, spans_of_tokens, terms_of, tokens

# What a word of the query weighs, by its kind.
_FUNCTION_WORD = 0.05
_WORD = 1.0
_NAME = 1.3  # a capital where no sentence begins
_NUMBER = 1.5
_IDENTIFIER = 4.0  # "B200", "list_orders", "2.4", "UnknownHostException"
_PHRASE = 4.0  # in quotation marks
_PART = 0.5  # of an identifier; relative to the same word alone
_CHARACTER = 0.3  # a single Chinese character, relative to a pair

# How much evidence a word with another ending is, relative to the same word; for a name that stands
# elsewhere as it was asked for ("Martin" is not "Marti").
_INFLECTED = 0.8
_OTHER_NAME = 0.5

# What words count beside an encoder that can't read the text. Not everything: where no word is in
# common, its scores are better than none.
_UNREAD = 0.6

# What words count for a query of identifiers and quoted phrases only: an encoder hardly tells those
# apart.
_EXACT = 0.4

# How much a text is held back that is longer than the average, as in BM25 (b).
_LENGTH = 0.5
_LONGEST = 3.0  # times the average; longer ones are held back no more

# So many first letters two forms of a word share at least.
_BEGINNING = 3

# Words of a query with the same first letters, of which others may be inflected forms, and phrases
# in quotation marks: each is compared with many texts, and more would take quadratic time.
_MOST_ALIKE = 32
_MOST_PHRASES = 32


@dataclass(slots=True)
class _Term:
    """Something to look for in the units, with its weight. Only plain words may be inflected."""

    weight: float
    inflects: bool = False
    is_name: bool = False


def lexical_scores(
    query: str, texts: Sequence[str], sizes: Sequence[int] | None = None
) -> np.ndarray:
    """Score how many of a query's words each text has, weighted by kind and rarity.

    The time is linear in the length of the query and of the texts.

    Args:
        query: The query. Each distinct word counts once, however often it is repeated.
        texts: The texts of one call's units, with what they stand under (title, headings). Words
            that all of them have weigh little.
        sizes: How many of the texts, in order, belong to each document. It changes no score: the
            words of a document that comes again are then looked up together. By default each text
            is a document.

    Returns:
        A float array of shape `(n_texts,)` with values from 0, no word in common, to 1, every word
        found in a text of at most average length; a longer one is held back as by BM25.
    """
    terms = _terms(query)
    matcher = _Matcher(terms)
    matches: dict[tuple[int, int], float] = {}
    first = 0
    for size in itertools.repeat(1, len(texts)) if sizes is None else sizes:
        matches |= matcher.matches(tuple(texts[first : first + size]), first)
        first += size
    if not matches:
        return np.zeros(len(texts))
    rows, columns = np.array(list(matches)).T
    qualities = np.array(list(matches.values()))
    n_terms = len(terms)
    literal = np.zeros(n_terms, dtype=bool)
    literal[columns[qualities == 1]] = True
    named = np.array([term.is_name for term in terms.values()]) & literal
    qualities[named[columns] & (qualities < 1)] *= _OTHER_NAME
    frequency = np.bincount(columns, minlength=n_terms)
    weights = np.array([term.weight for term in terms.values()]) * _rarity(frequency, len(texts))
    found = np.bincount(rows, qualities * weights[columns], minlength=len(texts)) / weights.sum()
    lengths = np.array([len(text) for text in texts])
    longer = np.clip(lengths / max(1, lengths.mean()), 1, _LONGEST)
    found /= 1 + _LENGTH * (longer - 1)
    # The text with the most keeps its value, and others fall behind: few words in common are often
    # chance, and what answers the second hop of a question has few.
    return np.asarray(found**2 / found.max())


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
# A number, an ordinal, a quantity with its unit: "1990", "4th", "250g"; not "2.4", a version.
_QUANTITY = re.compile(r"\d+[a-z]{0,2}")


@lru_cache(maxsize=64)
def _terms(query: str) -> Mapping[str, _Term]:
    """The terms of a query, by their forms; a call asks for them twice."""
    terms: dict[str, _Term] = {}

    def add(form: str, weight: float, inflects: bool = False, is_name: bool = False) -> None:
        known = terms.get(form)
        if form and (known is None or weight > known.weight):  # nothing is left of a lone accent
            terms[form] = _Term(weight, inflects, is_name)

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
        if folded(token) in functional:
            add(whole, _FUNCTION_WORD)
        elif _QUANTITY.fullmatch(whole):
            add(whole, _NUMBER)
        elif parts or not is_plain(whole):
            # Of "two-stroke" the parts say as much as the whole.
            is_compound = is_plain(whole) and re.search(r"[_.@:]|[a-z][A-Z]", token) is None
            add(whole, _WORD if is_compound else _IDENTIFIER)
            for part in parts:
                weight = _FUNCTION_WORD if part in functional else _WORD
                add(part, weight if is_compound else _PART * weight, inflects=is_plain(part))
        else:
            begins = start == 0 or any(mark in between for mark in ".!?\n")
            is_name = token[0].isupper() and names_stand_out and not begins
            add(whole, _NAME if is_name else _WORD, inflects=True, is_name=is_name)
    for match in itertools.islice(_IN_QUOTES.finditer(query), _MOST_PHRASES):
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


_Index = Mapping[str, Sequence[tuple[str, list[int]]]]
"""By their first letters: the forms of a document's words, and which of its texts have each."""

# As many documents, not longer than that many characters, are remembered: the same ones come again
# and again.
_REMEMBERED = 512
_LONGEST_REMEMBERED = 8_000


def _index_of(texts: tuple[str, ...]) -> _Index:
    if sum(map(len, texts)) <= _LONGEST_REMEMBERED:
        return _remembered(texts)
    return _remembered.__wrapped__(texts)


@lru_cache(maxsize=_REMEMBERED)
def _remembered(texts: tuple[str, ...]) -> _Index:
    rows: dict[str, list[int]] = {}
    for row, text in enumerate(texts):
        for form in dict.fromkeys(_forms(text)):
            rows.setdefault(form, []).append(row)
    index: dict[str, list[tuple[str, list[int]]]] = {}
    for form, its in rows.items():
        index.setdefault(form[:_BEGINNING], []).append((form, its))
    return index


def _forms(text: str) -> Iterator[str]:
    for token in dict.fromkeys(tokens(text)):
        if token.isascii() and token.isalpha() and (token.islower() or token.istitle()):
            yield token.lower()  # as `terms_of`, for most words of most texts
        else:
            whole, parts = terms_of(token)
            yield whole
            yield from parts


class _Matcher:
    """Finds a query's terms in texts. Each distinct word of a call is looked at once."""

    def __init__(self, terms: Mapping[str, _Term]) -> None:
        self._columns = {form: column for column, form in enumerate(terms)}
        self._phrases = [(form, n) for form, n in self._columns.items() if form[0] == " "]
        self._characters = {form: n for form, n in self._columns.items() if is_unspaced(form)}
        self._stems: dict[str, list[tuple[str, int]]] = {}
        for form, term in terms.items():
            if term.inflects:
                alike = self._stems.setdefault(form[:_BEGINNING], [])
                if len(alike) < _MOST_ALIKE:
                    alike.append((form, self._columns[form]))
        self._beginnings = {form[:_BEGINNING] for form in terms}
        self._known: dict[str, list[tuple[int, float]]] = {}

    def matches(self, texts: tuple[str, ...], first: int) -> dict[tuple[int, int], float]:
        """Find the terms in a document's texts.

        Args:
            texts: The texts.
            first: The row of the first one.

        Returns:
            How well a text has a term, by the text's row and the term's column.
        """
        index = _index_of(texts)
        found: dict[tuple[int, int], float] = {}
        for beginning in sorted(index.keys() & self._beginnings):  # sums of floats have an order
            for form, rows in index[beginning]:
                if (columns := self._known.get(form)) is None:
                    columns = self._known[form] = self._columns_of(form)
                for column, quality in columns:
                    for row in rows:
                        key = first + row, column
                        found[key] = max(quality, found.get(key, 0))
        if self._characters or self._phrases:
            for row, text in enumerate(texts, first):
                found |= {(row, column): 1.0 for column in self._literally(text)}
        return found

    def _literally(self, text: str) -> Iterator[int]:
        """The columns of the characters, pairs of them and phrases that a text has."""
        if self._characters and not text.isascii():
            normal = unicodedata.normalize("NFKC", text)
            characters = {*normal, *map(operator.concat, normal, normal[1:])}
            for form in characters & self._characters.keys():
                yield self._characters[form]
        if self._phrases:
            spaced = _spaced(text)
            for phrase, column in self._phrases:
                if phrase in spaced:
                    yield column

    def _columns_of(self, form: str) -> list[tuple[int, float]]:
        found = [(self._columns[form], 1.0)] if form in self._columns else []
        for stem, column in self._stems.get(form[:_BEGINNING], ()):
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
    return shared >= ends and max(len(a), len(b)) - shared <= 4


# Blending with a scorer's scores.


def blend(
    scores: Sequence[float] | np.ndarray,
    lexical: np.ndarray,
    weight: float,
    bounded: bool,
) -> tuple[np.ndarray, np.ndarray]:
    """Add their lexical evidence to a call's scores.

    A score without a word in common with the query stays what it was, so that thresholds go on to
    mean what they say. The ranking is that of the weighted mean of score and evidence: both are
    divided by the score's weight.

    The evidence is on the scale of the scores. All of it is worth what lies between the call's
    lowest score, but not less than 0, because some encoders give 0.7 to texts that have nothing in
    common, and 1 where that is the best score there is, as for cosines. Other scorers have no scale
    that is known beforehand: there it is worth what lies between the lowest and the best score.

    Args:
        scores: The scorer's scores of a call's units.
        lexical: The units' `lexical_scores`.
        weight: What the words count, from 0, nothing, to 1, where they alone count.
        bounded: Whether the best score there is, is 1.

    Returns:
        The sums, and what the words gave to each: two float arrays of shape `(n_units,)`.
    """
    scores = np.asarray(scores, dtype=float)
    if not len(scores) or not weight:
        return scores, np.zeros(len(scores))
    low = max(0.0, scores.min()) if bounded else scores.min()
    high = 1.0 if bounded else scores.max()
    share = (high - low) * lexical
    if weight >= 1:
        return low + share, share
    share *= weight / (1 - weight)
    return scores + share, share


def exactness(query: str) -> float:
    """Return how much of a query is identifiers and quoted phrases, which must match exactly.

    Args:
        query: The query.

    Returns:
        Their share of the weight of all words, 0…1: 0 for most questions, 0.5 for "What is new in
        Kalif 4.10?".
    """
    weights = [term.weight for term in _terms(query).values()]
    exact = sum(weight for weight in weights if weight >= _IDENTIFIER)
    return exact / sum(weights) if exact else 0.0


def weight_for(query: str, text: str, weight: float, reads: Callable[[str], float] | None) -> float:
    """Return what the words count in a call: more for identifiers, and in unknown scripts.

    Args:
        query: The query.
        text: A text like those of the call, such as the query and the first units.
        weight: What the words count where the encoder can read everything, 0…1.
        reads: Tells how well the encoder can read a text, 0…1; see `models.encoders.reading`. None
            if nothing is known.

    Returns:
        The weight itself for a query of plain words and a text that the encoder can read; up to 0.4
        for a query of identifiers; at least 0.6 for a text of which the encoder can read half or
        less, and in between in proportion. 0 stays 0.
    """
    if weight and weight < _EXACT:
        weight += (_EXACT - weight) * exactness(query)
    if not weight or weight >= _UNREAD or reads is None:
        return weight
    unread = min(1.0, 2 * (1 - reads(text)))
    return weight + (_UNREAD - weight) * unread
