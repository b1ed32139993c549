"""What a compressed text is worth to its question. Pure: a question and a text to numbers.

A measure is None where it is not defined, and `notes` says why: no gold answers, answers that
stand in no document, no documents. Answers are compared as `text.answers` compares them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ..abstractive.gates import SupportGate
from ..data import Question
from ..protocols import Candidate
from ..text.answers import contains_answer, exact_match, normalize_answer, token_f1
from ..text.joining import is_blank
from ..text.splitting import SentenceSplitter
from ..types import Document

Span = tuple[int, int, int]
"""(doc_index, start, end), in characters."""

GOLD_FIELDS = ("gold_sentences", "is_gold", "has_answer")
"""The metadata of a document that tell what is gold: no system may see them."""


def usable_answers(answers: Iterable[str]) -> tuple[str, ...]:
    """The answers of which something is left once they are normalised ("the" or "?" are none)."""
    return tuple(answer for answer in answers if normalize_answer(answer))


def answerable(question: Question) -> bool | None:
    """Whether some document holds a gold answer; None without gold answers."""
    answers = usable_answers(question.answers)
    if not answers:
        return None
    return any(contains_answer(document.text, answers) for document in question.documents)


def answer_recall(text: str, question: Question) -> bool | None:
    """Whether `text` holds a gold answer; None without gold answers."""
    answers = usable_answers(question.answers)
    return contains_answer(text, answers) if answers else None


def reader_scores(
    prediction: str, question: Question, without_compression: str | None = None
) -> dict[str, bool | float | None]:
    """exact_match and f1 against the gold answers, None without them, and agreement: the F1 against
    what the same reader answered to all documents, 1.0 where both are empty.
    """
    answers = usable_answers(question.answers)
    return {
        "exact_match": exact_match(prediction, answers) if answers else None,
        "f1": token_f1(prediction, answers) if answers else None,
        "agreement": (
            None if without_compression is None else token_f1(prediction, [without_compression])
        ),
    }


def notes(question: Question) -> str:
    """Why a measure is not defined for this question; "" if all that are asked for are."""
    found = []
    if not question.documents:
        found.append("no documents")
    elif all(is_blank(document.text) for document in question.documents):
        found.append("blank documents")
    if not question.answers:
        found.append("no gold answers")
    elif not usable_answers(question.answers):
        found.append("gold answers without a letter or digit")
    elif found == [] and not answerable(question):
        found.append("the gold answers are in no document")
    _, missing = _gold(question.documents)
    if missing:
        found.append(f"{missing} gold sentences not found in their document")
    return "; ".join(found)


# Gold sentences: `gold_sentences` in a document's metadata, a list of strings of its text.


def gold_spans(documents: Sequence[Document]) -> tuple[Span, ...]:
    """Where the gold sentences of the documents are, merged and in order; empty if there are none.

    White space in a gold sentence stands for any white space of the document.
    """
    return _gold(documents)[0]


def gold_scores(kept: Iterable[Span], gold: Iterable[Span]) -> tuple[float | None, float | None]:
    """Precision and recall in characters: of what was kept the part that is gold, of what is gold
    the part that was kept.

    Both None without gold; precision None if nothing was kept.
    """
    kept, gold = merged(kept), merged(gold)
    n_kept, n_gold = _length(kept), _length(gold)
    if not n_gold:
        return None, None
    shared = sum(
        max(0, min(end, gold_end) - max(start, gold_start))
        for doc_index, start, end in kept
        for gold_index, gold_start, gold_end in gold
        if doc_index == gold_index
    )
    return (shared / n_kept if n_kept else None), shared / n_gold


def merged(spans: Iterable[Span]) -> tuple[Span, ...]:
    """The same characters in ascending order, each once."""
    found: list[Span] = []
    for doc_index, start, end in sorted(spans):
        if end <= start:
            continue
        if found and found[-1][0] == doc_index and start <= found[-1][2]:
            found[-1] = (doc_index, found[-1][1], max(found[-1][2], end))
        else:
            found.append((doc_index, start, end))
    return tuple(found)


def _gold(documents: Sequence[Document]) -> tuple[tuple[Span, ...], int]:
    """The spans, and how many gold sentences their document does not have."""
    spans, missing = [], 0
    for doc_index, document in enumerate(documents):
        sentences = document.metadata.get("gold_sentences")
        if isinstance(sentences, str) or not isinstance(sentences, Sequence):
            continue
        for sentence in sentences:
            if not isinstance(sentence, str) or is_blank(sentence):
                continue
            pattern = r"\s+".join(map(re.escape, sentence.split()))
            if match := re.search(pattern, document.text):
                spans.append((doc_index, *match.span()))
            else:
                missing += 1
    return merged(spans), missing


def _length(spans: Iterable[Span]) -> int:
    return sum(end - start for _, start, end in spans)


# Faithfulness.


def support(query: str, documents: Sequence[Document], text: str) -> float | None:
    """The share of the text's sentences that the documents support, as `SupportGate` judges with
    its own defaults, whatever gate a system has: some document sentence has enough of its words,
    and its numbers, dates and names stand in the documents. None for an empty text.
    """
    if is_blank(text):
        return None
    candidate = Candidate(query, tuple(documents), text)
    (verdict,) = SupportGate(policy="flag").check([candidate])
    if not verdict.support:
        return None
    return sum(sentence.supported for sentence in verdict.support) / len(verdict.support)


def locate(pieces: Iterable[str], documents: Sequence[Document]) -> tuple[Span, ...] | None:
    """Where the pieces of a text stand in the documents; None if it is no excerpt of them.

    A piece is looked for whole, then line by line, then sentence by sentence. Where a piece stands
    more than once, the first place after the one before is meant.
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


class Judge:
    """All measures of one question; what is equal for several systems is found out once.

    count_tokens: how texts are counted; the documents are counted as they would be prepended.
    """

    def __init__(
        self, question: Question, original_text: str, count_tokens: Callable[[str], int]
    ) -> None:
        self.question = question
        self.note = notes(question)
        self._count = count_tokens
        self._answerable = answerable(question)
        self._gold = gold_spans(question.documents)
        self._of_text: dict[str, dict[str, Any]] = {}
        self._support: dict[str, float | None] = {}
        self._tokens_before = count_tokens(original_text) if original_text else 0

    def measure(self, text: str, kept: tuple[Span, ...] | None) -> Mapping[str, Any]:
        """The fields of a `Row`. `kept`: None if the text is no excerpt."""
        if text not in self._of_text:
            self._of_text[text] = {
                "tokens_after": self._count(text) if text else 0,
                "answer_recall": answer_recall(text, self.question),
            }
        precision, recall = (None, None) if kept is None else gold_scores(kept, self._gold)
        return {
            "tokens_before": self._tokens_before,
            "empty": is_blank(text),
            "answerable": self._answerable,
            "gold_precision": precision,
            "gold_recall": recall,
            "support": self._supported(text, is_excerpt=kept is not None),
            "note": self.note,
            **self._of_text[text],
        }

    def _supported(self, text: str, *, is_excerpt: bool) -> float | None:
        if is_excerpt:
            return None if is_blank(text) else 1.0
        if text not in self._support:
            self._support[text] = support(self.question.query, self.question.documents, text)
        return self._support[text]
