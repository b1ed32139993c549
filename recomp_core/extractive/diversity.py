"""Selectors against saying the same twice: near-duplicates refused, and maximal marginal relevance.

    TopK(3) & NoNearDuplicates()              the three best that say different things
    TopK(3) & MMR(diversity=0.3)              three that are relevant and unlike one another

Both compare words, so they work with any scorer. Two units that differ in a number, a version, an
identifier or a name are not the same, however alike they are.
"""

from __future__ import annotations

import math
import numbers
import re
import unicodedata
import weakref
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..text.function_words import function_words
from ..text.terms import folded, is_plain, is_unspaced, pairs, terms_of, tokens
from ..types import Document, ScoredSentence
from .selection import Draft, Ranking, _Combinable

if TYPE_CHECKING:
    import numpy as np

# How many of the best sentences MMR reorders, and with how many admitted sentences a new one is
# compared at most: more would take time quadratic in the number of sentences.
_REORDERED = 300
_COMPARED = 64

# Words that make another statement of the same words: negations, and numbers in words.
_TELLING_WORDS = """
    no not never none nor without cannot isn aren wasn weren don doesn didn won wouldn
    couldn shouldn hasn haven hadn nicht nie kein keine keinen keiner ohne ne pas jamais
    sans sin nunca non senza mai não sem niet geen inte ikke ei bez не нет ни без δεν μην
    değil لا ليس لم لن לא אין नहीं tidak bukan không chưa
    two three four five six seven eight nine ten eleven twelve hundred thousand million
    zwei drei vier fünf sechs sieben acht neun zehn elf zwölf hundert tausend
    deux trois quatre cinq sept huit neuf dix onze douze cent mille
    dos tres cuatro cinco seis siete ocho nueve diez once doce cien mil
    due tre quattro cinque sette otto nove dieci undici dodici cento
    dois duas três quatro sete oito dez два две три четыре пять шесть семь восемь девять
    десять сто тысяча
"""
_TELLING = frozenset(map(folded, _TELLING_WORDS.split()))
# The same in Chinese and Japanese, and digits. A pair of characters with one of them counts.
_TELLING_CHARACTER = re.compile("[不没沒未無无非勿〇零一二三四五六七八九十百千万萬亿億两兩]")


@dataclass(frozen=True)
class NoNearDuplicates(_Combinable):
    """Refuses a sentence that says little more than one that is already admitted.

    Of the two, the one with the better score stays. A sentence with a number, a version, an
    identifier, a name or a negation that the admitted one lacks is never refused. Of many admitted
    sentences that share its rarest words, the last 64 are compared.

    Attributes:
        similarity: The share of its words that one admitted sentence must have for a sentence to be
            refused, above 0 and at most 1. In Chinese, Japanese, Korean and Thai pairs of
            characters take the place of words.

    Raises:
        ValueError: `similarity` is out of its bounds.
    """

    similarity: float = 0.8

    def __post_init__(self) -> None:
        _check_share("NoNearDuplicates", "similarity", self.similarity)
        if not self.similarity:
            raise ValueError("NoNearDuplicates needs a similarity above 0, got 0")

    def admits(self, draft: Draft) -> bool:
        """Admit what none of the admitted sentences says already.

        Args:
            draft: See `Selector.admits`.

        Returns:
            Whether the offered sentence stays.
        """
        index = _index_of(draft.ranking)
        for sentence in draft.admitted(index.size):
            index.add(_words(sentence, draft.documents))
        return not index.has_like(_words(draft.sentence, draft.documents), self.similarity)


class _Words:
    """The words of a text, and those that make it another statement.

    The latter are some of its own, and all words of what it stands under.
    """

    __slots__ = ("all", "telling", "under")

    def __init__(self, text: str, heading: str = "") -> None:
        everything: set[str] = set()
        telling: set[str] = set()
        for token in tokens(text):
            if is_unspaced(token):
                found = set(pairs(unicodedata.normalize("NFKC", token)))
                everything |= found
                telling.update(pair for pair in found if _TELLING_CHARACTER.search(pair))
                continue
            whole, parts = terms_of(token)
            everything.add(whole)
            if token[0].isupper() or parts or not is_plain(whole) or whole in _TELLING:
                telling.add(whole)
        self.all = everything
        self.under = _Words(heading).all if heading else set()
        # "The" and "Where" begin with a capital, too.
        self.telling = telling - (function_words(everything) - _TELLING)

    def covers(self, other: _Words, needed: int) -> bool:
        """Tell whether these words hold the telling ones of another text, and enough of all."""
        return (
            len(other.all & self.all) >= needed
            and other.telling <= self.all | self.under
            and other.under <= self.all | self.under
        )


def _words(sentence: ScoredSentence, documents: Sequence[Document]) -> _Words:
    return _Words(sentence.visible, sentence.heading(documents[sentence.doc_index]))


class _Index:
    """The admitted sentences of one call, by their words."""

    def __init__(self) -> None:
        self.size = 0
        self._texts: list[_Words] = []
        self._places: dict[str, list[int]] = {}

    def add(self, words: _Words) -> None:
        for word in words.all:
            self._places.setdefault(word, []).append(len(self._texts))
        self._texts.append(words)
        self.size += 1

    def has_like(self, words: _Words, similarity: float) -> bool:
        """Tell whether one admitted sentence has the telling words and enough of all."""
        if not words.all:
            return False
        needed = math.ceil(similarity * len(words.all) - 1e-9)
        rare_first = sorted(words.all, key=lambda word: len(self._places.get(word, ())))
        # A sentence that lacks all of these words lacks too many.
        one_of = rare_first[: len(words.all) - needed + 1]
        if words.telling:
            one_of = [min(words.telling, key=lambda word: len(self._places.get(word, ())))]
        candidates: set[int] = set()
        for word in one_of:
            candidates.update(self._places.get(word, ())[-_COMPARED:])
        some = (self._texts[place] for place in sorted(candidates)[-_COMPARED:])
        return any(other.covers(words, needed) for other in some)


# What selectors remember of a call lives as long as its ranking.
_INDEXES: weakref.WeakKeyDictionary[Ranking, _Index] = weakref.WeakKeyDictionary()


def _index_of(ranking: Ranking) -> _Index:
    index = _INDEXES.get(ranking)
    if index is None:
        index = _INDEXES[ranking] = _Index()
    return index


@dataclass(frozen=True)
class MMR(_Combinable):
    """Offers the sentences by maximal marginal relevance (Carbonell and Goldstein, 1998).

    It admits everything and is for use with another selector, whose offers it reorders: after the
    best sentence always the one whose relevance, less its likeness to what was offered before, is
    greatest. Relevance is the score between the call's lowest, 0, and its highest, 1. Likeness is
    the cosine of two sentences' words, weighted by rarity. The 300 best sentences are reordered.

    Attributes:
        diversity: What likeness counts, from 0, nothing, to 1, everything. The paper's λ is
            `1 - diversity`.

    Raises:
        ValueError: `diversity` is out of its bounds.
    """

    diversity: float = 0.3

    def __post_init__(self) -> None:
        _check_share("MMR", "diversity", self.diversity)

    def admits(self, draft: Draft) -> bool:  # noqa: ARG002
        """Admit every sentence.

        Args:
            draft: See `Selector.admits`.

        Returns:
            True.
        """
        return True

    def order(self, sentences: Sequence[ScoredSentence]) -> list[int]:
        """Rank the sentences of a call.

        Args:
            sentences: The sentences, with scores.

        Returns:
            Their positions, in the order in which to offer them.
        """
        import numpy as np

        scores_of_all = [sentence.score for sentence in sentences]
        ranked = sorted(range(len(sentences)), key=scores_of_all.__getitem__, reverse=True)
        some = ranked[:_REORDERED]
        if len(some) < 3 or not self.diversity:
            return ranked
        scores = np.array([scores_of_all[position] for position in some], dtype=float)
        low = scores_of_all[ranked[-1]]  # of all: the best of very many are all relevant
        spread = scores[0] - low
        relevance = (1 - self.diversity) * ((scores - low) / spread if spread > 0 else scores * 0)
        cosines = _cosines([sentences[position].visible for position in some])
        likeness = np.full(len(some), 0.0)
        left = np.ones(len(some), dtype=bool)
        order: list[int] = []
        for _ in some:
            value = np.where(left, relevance - self.diversity * likeness, -np.inf)
            best = int(value.argmax())
            order.append(some[best])
            left[best] = False
            np.maximum(likeness, cosines[best], out=likeness)
        return order + ranked[_REORDERED:]


def _cosines(texts: Sequence[str]) -> np.ndarray:
    """Return `(n_texts, n_texts)`: the cosines of the texts' words, weighted by rarity."""
    import numpy as np

    found = [_Words(text).all for text in texts]
    times = Counter(word for words in found for word in words)
    weight = {word: math.log1p(len(texts) / n) for word, n in times.items()}
    # What stands in one text only makes it longer, and like no other.
    columns = {word: column for column, word in enumerate(w for w, n in times.items() if n > 1)}
    vectors = np.zeros((len(texts), max(1, len(columns))), dtype=np.float32)
    for row, words in zip(vectors, found, strict=True):
        for word in words & columns.keys():
            row[columns[word]] = weight[word]
        row /= math.sqrt(sum(weight[word] ** 2 for word in sorted(words))) or 1
    return np.asarray(vectors @ vectors.T)


def _check_share(selector: str, name: str, value: object) -> None:
    is_number = isinstance(value, numbers.Real) and not isinstance(value, bool)
    if not is_number or not 0 <= value <= 1:  # type: ignore[operator]
        raise ValueError(f"{selector} needs a number from 0 to 1, got {name}={value!r}")
