"""Where texts stand in documents: gold sentences, and what a system kept. Pure.

The gold sentences of a document are the strings of `gold_sentences` in its metadata.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate

from ..text.joining import is_blank
from ..text.splitting import SentenceSplitter
from ..types import Document

Span = tuple[int, int, int]
"""(doc_index, start, end), in characters."""

GOLD_FIELDS = ("gold_sentences", "is_gold", "has_answer")
"""The metadata of a document that says what is gold: no system may see it."""


def gold_spans(documents: Sequence[Document]) -> tuple[Span, ...]:
    """Find the gold sentences of documents.

    Args:
        documents: Documents, some with `gold_sentences` in their metadata. White space in a gold
            sentence matches any white space of the document.

    Returns:
        The spans, merged and in order; empty if there are none.
    """
    return find_gold(documents)[0]


def find_gold(documents: Sequence[Document]) -> tuple[tuple[Span, ...], int]:
    """Find the gold sentences, and count those that their document does not have.

    Args:
        documents: As for `gold_spans`.

    Returns:
        The spans, merged and in order, and the number of missing gold sentences.
    """
    spans, missing = [], 0
    for doc_index, document in enumerate(documents):
        sentences = document.metadata.get("gold_sentences")
        if isinstance(sentences, str) or not isinstance(sentences, Sequence):
            continue
        spaced = _Spaced(document.text)
        for sentence in sentences:
            if not isinstance(sentence, str) or is_blank(sentence):
                continue
            if span := spaced.find(sentence):
                spans.append((doc_index, *span))
            else:
                missing += 1
    return merged(spans), missing


class _Spaced:
    """A text with single spaces, in which a sentence is found however it is broken into lines."""

    def __init__(self, text: str) -> None:
        self._words = [match.span() for match in _WORD.finditer(text)]
        self._text = " ".join(text[start:end] for start, end in self._words)
        lengths = (end - start + 1 for start, end in self._words)
        self._starts = [0, *accumulate(lengths)]

    def find(self, sentence: str) -> tuple[int, int] | None:
        """The first place of a sentence in the text; None if it is not there."""
        wanted = " ".join(sentence.split())
        place = self._text.find(wanted) if wanted else -1
        if place < 0:
            return None
        return self._place(place), self._place(place + len(wanted) - 1) + 1

    def _place(self, place: int) -> int:
        word = bisect_right(self._starts, place) - 1
        return self._words[word][0] + place - self._starts[word]


_WORD = re.compile(r"\S+")


def gold_scores(kept: Iterable[Span], gold: Iterable[Span]) -> tuple[float | None, float | None]:
    """Compute precision and recall of what was kept, in characters.

    Args:
        kept: The spans that a system kept.
        gold: The spans of the gold sentences.

    Returns:
        The share of the kept characters that is gold, and the share of the gold characters that was
        kept. Both are None without gold; the precision is None if nothing was kept.
    """
    kept, gold = merged(kept), merged(gold)
    n_kept, n_gold = _length(kept), _length(gold)
    if not n_gold:
        return None, None
    shared = sum(end - start for _, start, end in _shared(kept, gold))
    return (shared / n_kept if n_kept else None), shared / n_gold


def _shared(some: Sequence[Span], others: Sequence[Span]) -> Iterator[Span]:
    """What two lists of merged spans have in common, in one walk over both."""
    left, right = 0, 0
    while left < len(some) and right < len(others):
        doc_index, start, end = some[left]
        other_index, other_start, other_end = others[right]
        if doc_index == other_index and max(start, other_start) < min(end, other_end):
            yield doc_index, max(start, other_start), min(end, other_end)
        if (doc_index, end) < (other_index, other_end):
            left += 1
        else:
            right += 1


def merged(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Merge spans that overlap or touch.

    Args:
        spans: Spans in any order; empty ones are dropped.

    Returns:
        The same characters in ascending order, each once.
    """
    found: list[Span] = []
    for doc_index, start, end in sorted(spans):
        if end <= start:
            continue
        if found and found[-1][0] == doc_index and start <= found[-1][2]:
            found[-1] = (doc_index, found[-1][1], max(found[-1][2], end))
        else:
            found.append((doc_index, start, end))
    return tuple(found)


def locate(pieces: Iterable[str], documents: Sequence[Document]) -> tuple[Span, ...] | None:
    """Find where the pieces of a text stand in documents.

    A piece is looked for whole, then line by line, then sentence by sentence. If a piece stands in
    several places, the first one after the previous piece counts.

    Args:
        pieces: The text, in one or more pieces.
        documents: The documents that it may be an excerpt of.

    Returns:
        The spans, merged and in order; None if the text is no excerpt of the documents.
    """
    spans: list[Span] = []
    for piece in pieces:
        found = _located(piece, documents, spans[-1] if spans else None)
        if found is None:
            return None
        spans += found
    return merged(spans)


def _located(piece: str, documents: Sequence[Document], after: Span | None) -> list[Span] | None:
    if is_blank(piece):
        return []
    if span := _found(piece, documents, after) or _found(piece.strip(), documents, after):
        return [span]
    for parts in (piece.splitlines(), _sentences(piece)):
        if len(parts) < 2:
            continue
        spans: list[Span] = []
        for part in parts:
            found = _located(part, documents, spans[-1] if spans else after)
            if found is None:
                break
            spans += found
        else:
            return spans
    return None


def _found(piece: str, documents: Sequence[Document], after: Span | None) -> Span | None:
    if after is not None:
        doc_index, _, end = after
        if (start := documents[doc_index].text.find(piece, end)) >= 0:
            return doc_index, start, start + len(piece)
    first = 0 if after is None else after[0] + 1
    order = [*range(first, len(documents)), *range(first)]
    for doc_index in order:
        if (start := documents[doc_index].text.find(piece)) >= 0:
            return doc_index, start, start + len(piece)
    return None


def _sentences(text: str) -> list[str]:
    return [text[start:end] for start, end in SentenceSplitter().split(text)]


def _length(spans: Iterable[Span]) -> int:
    return sum(end - start for _, start, end in spans)
