"""All measures of one question: from a text, and the reader's answer to it, to fields of a row.

A measure is None where it is not defined, and `notes` says why: no gold answers, answers that
stand in no document, no documents.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from .._utils.jsonl import described
from ..data import Question
from ..text.answers import contains_answer
from ..text.joining import is_blank
from .measures import MEASURES, Judged, all_measures, usable_answers
from .results import Row
from .spans import Span, find_gold

logger = logging.getLogger(__name__)


class Judge:
    """The measures of one question; what is equal for several systems is computed once.

    Args:
        question: The question.
        original_text: Its documents as they would be prepended.
        count_tokens: Counts the tokens of a text.
    """

    def __init__(
        self, question: Question, original_text: str, count_tokens: Callable[[str], int]
    ) -> None:
        self.question = question
        self.note = notes(question)
        self._count = count_tokens
        self._answerable = answerable(question)
        self._gold, _ = find_gold(question.documents)
        self._known: dict[tuple[str, tuple[Span, ...] | None], dict[str, Any]] = {}
        self._tokens_before = count_tokens(original_text) if original_text else 0
        self._tokens_after: dict[str, int] = {"": 0}

    def measure(self, text: str, kept: tuple[Span, ...] | None) -> Mapping[str, Any]:
        """Measure a compressed text.

        Args:
            text: The text.
            kept: Where it stands in the documents; None if it is no excerpt of them.

        Returns:
            Fields of a `Row`, all that need no reader.
        """
        if (text, kept) not in self._known:
            judged = self._look_at(text, kept)
            fields, extra, problems = self._measured(judged, needs_reader=False)
            self._known[text, kept] = {
                "tokens_before": judged.tokens_before,
                "tokens_after": judged.tokens_after,
                "answerable": self._answerable,
                "note": "; ".join(filter(None, (self.note, *problems))),
                **fields,
                **({"extra": extra} if extra else {}),
            }
        return self._known[text, kept]

    def read(self, row: Row, prediction: str, without_compression: str | None = None) -> Row:
        """Measure what a reader makes of a compressed text.

        Args:
            row: The row of the text, as `measure` filled it.
            prediction: The reader's answer to the text.
            without_compression: The same reader's answer to all documents, if it is known.

        Returns:
            The row with the answer and all measures that need the reader.
        """
        kept = row.kept if row.kept or not row.text else None
        judged = replace(
            self._look_at(row.text, kept),
            prediction=prediction,
            without_compression=without_compression,
        )
        fields, extra, problems = self._measured(judged, needs_reader=True)
        return replace(
            row,
            prediction=prediction,
            note="; ".join(filter(None, (row.note, *problems))),
            extra={**row.extra, **extra},
            **fields,
        )

    def _look_at(self, text: str, kept: tuple[Span, ...] | None) -> Judged:
        if text not in self._tokens_after:
            self._tokens_after[text] = self._count(text)
        return Judged(
            question=self.question,
            text=text,
            kept=kept,
            gold=self._gold,
            tokens_before=self._tokens_before,
            tokens_after=self._tokens_after[text],
        )

    def _measured(
        self, judged: Judged, *, needs_reader: bool
    ) -> tuple[dict[str, Any], dict[str, float], list[str]]:
        """The measures that are fields of a row, the others, and why some of these are missing."""
        fields: dict[str, Any] = {}
        extra: dict[str, float] = {}
        problems = []
        for measure in all_measures():
            if measure.compute is None or measure.needs_reader is not needs_reader:
                continue
            if measure.name in MEASURES:
                fields[measure.name] = measure.compute(judged)
                continue
            try:
                value = measure.compute(judged)
            except Exception as error:  # what another package adds must not end the run
                problems.append(f"{measure.name} is not measured: {described(error)}")
                logger.warning("question %s: %s", self.question.id, problems[-1])
                continue
            if value is not None:
                extra[measure.name] = float(value)
        return fields, extra, problems


def answerable(question: Question) -> bool | None:
    """Look for the gold answers in the documents.

    Args:
        question: The question with its documents.

    Returns:
        Whether some document holds a gold answer; None without gold answers.
    """
    answers = usable_answers(question.answers)
    if not answers:
        return None
    return any(contains_answer(document.text, answers) for document in question.documents)


def notes(question: Question) -> str:
    """Say why a measure is not defined for a question.

    Args:
        question: The question with its documents.

    Returns:
        The reasons with semicolons between them; "" if every measure is defined.
    """
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
    _, missing = find_gold(question.documents)
    if missing:
        found.append(f"{missing} gold sentences not found in their document")
    return "; ".join(found)
