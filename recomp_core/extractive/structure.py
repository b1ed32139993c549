"""What a kept sentence brings along: its headings, its header row, its list, its answer."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from ..text.division import approximate_tokens
from ..text.joining import INVISIBLE
from ..text.markup import label_text
from ..text.questions import asks
from ..text.units import STRUCTURAL, Span
from ..types import Document, Sentence

# A line that announces more than this many tokens does not bring it all along.
_ANNOUNCED_TOKENS = 240
_NUMBER = re.compile(r"(?:§[ ]?)?\d[\d.]*[.):]?[ ]+")
# Kinds that a sentence always brings, if it stands under one.
_ALWAYS = frozenset({"header", "question", "key", "lead-in", "item", "entry"})

# Kinds that do not answer a question right before them.
_NO_ANSWERS = STRUCTURAL | {"boilerplate"}


def _said(sentence: Sentence) -> str:
    """A sentence as one reads it, without the end of a record of JSON."""
    return sentence.visible.rstrip(' "}],' if sentence.kind == "entry" else " ")


def folded_text(text: str) -> str:
    """Return a text as duplicates are compared: without case, with single spaces.

    Args:
        text: The text.

    Returns:
        The folded text.
    """
    return " ".join(text.split()).casefold().strip(INVISIBLE)


class Structure:
    """Knows for each sentence of a call which others it can't be understood without.

    Args:
        documents: The documents.
        sentences: All their sentences, in document order.
    """

    def __init__(self, documents: Sequence[Document], sentences: Sequence[Sentence]) -> None:
        self._documents = documents
        self._sentences = sentences
        self._places: dict[tuple[int, Span], int] = {}
        self._below: dict[int, list[int]] = {}
        self._endings: dict[int, Counter[tuple[str, ...]]] = {}
        self._headings: dict[int, list[Sentence]] = {}
        if not any(sentence.path for sentence in sentences):
            return
        for position, sentence in enumerate(sentences):
            self._places[sentence.doc_index, (sentence.start, sentence.end)] = position
            if sentence.kind == "heading":
                self._headings.setdefault(sentence.doc_index, []).append(sentence)
        for position, sentence in enumerate(sentences):
            if sentence.path and (above := self._place(sentence, sentence.path[-1])) is not None:
                self._below.setdefault(above, []).append(position)

    def above(self, position: int) -> list[int]:
        """Find what a sentence brings along.

        Args:
            position: The sentence's position.

        Returns:
            The positions of the headings that tell its place from others, from the nearest upwards
            as far as needed, and of its header row, question, keys and lead-in; outermost first.
        """
        sentence = self._sentences[position]
        places = [self._place(sentence, span) for span in sentence.path]
        found: list[int] = []
        headings: list[int] = []
        for place in reversed(places):
            if place is None:
                continue
            kind = self._sentences[place].kind
            if kind in _ALWAYS:
                found.append(place)
            elif kind == "heading" and (not headings or not self._is_unique(headings)):
                headings.insert(0, place)
                found.append(place)
        return sorted(found)

    def follows(self, position: int) -> list[int]:
        """Find what comes after a sentence that says nothing without it.

        Args:
            position: The sentence's position.

        Returns:
            The positions of what a lead-in announces, or of the sentence after a question whose
            answer no layout tells: one with a layout is not offered. Else nothing.
        """
        if self._sentences[position].kind == "lead-in":
            return self._announced(position)
        answer = self._answer(position)
        return [] if answer is None else sorted([answer, *self._announced(answer)])

    def _answer(self, position: int) -> int | None:
        sentence = self._sentences[position]
        if position + 1 == len(self._sentences) or not asks(_said(sentence)):
            return None
        following = self._sentences[position + 1]
        if following.doc_index != sentence.doc_index or following.kind in _NO_ANSWERS:
            return None
        return None if asks(_said(following)) else position + 1

    def _announced(self, position: int) -> list[int]:
        """What a lead-in announces: its list, code or rows, if they are not too long."""
        if self._sentences[position].kind != "lead-in":
            return []
        found: list[int] = []
        open_positions = [position]
        tokens = 0
        while open_positions:
            for below in self._below.get(open_positions.pop(), ()):
                tokens += approximate_tokens(self._sentences[below].text)
                if tokens > _ANNOUNCED_TOKENS:
                    return []
                found.append(below)
                open_positions.append(below)
        return sorted(found)

    def scores(self, scores: dict[int, float]) -> list[float]:
        """Give headings and their like the best score of what they lead to.

        Args:
            scores: The scores of the other sentences, by position.

        Returns:
            The scores of all sentences, in order.
        """
        lowest = min(scores.values(), default=0.0)
        best: dict[int, float] = {}
        for position, score in scores.items():
            sentence = self._sentences[position]
            for span in sentence.path:
                place = self._place(sentence, span)
                if place is not None:
                    best[place] = max(best.get(place, score), score)
        return [
            scores.get(position, best.get(position, lowest))
            for position in range(len(self._sentences))
        ]

    def _place(self, sentence: Sentence, span: Span) -> int | None:
        return self._places.get((sentence.doc_index, span))

    def _is_unique(self, headings: Sequence[int]) -> bool:
        """Whether no other place of the document has headings that end with the same labels."""
        first = self._sentences[headings[0]]
        if first.doc_index not in self._endings:
            self._endings[first.doc_index] = self._count_endings(first.doc_index)
        labels = tuple(self._label(self._sentences[place]) for place in headings)
        return self._endings[first.doc_index][labels] <= 1

    def _count_endings(self, doc_index: int) -> Counter[tuple[str, ...]]:
        counts: Counter[tuple[str, ...]] = Counter()
        for sentence in self._headings[doc_index]:
            above = [self._place(sentence, span) for span in sentence.path]
            labels = [
                self._label(self._sentences[place])
                for place in above
                if place is not None and self._sentences[place].kind == "heading"
            ]
            labels.append(self._label(sentence))
            for first in range(len(labels)):
                counts[tuple(labels[first:])] += 1
        return counts

    def _label(self, sentence: Sentence) -> str:
        label = label_text(sentence.text).casefold()
        # "3.2 Load" and "4.2 Load" say the same.
        return label[found.end() :] if (found := _NUMBER.match(label)) else label
