"""Fields of a record: a question and its scores as JSON values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..data import Question
from ..errors import BudgetError
from ..readers.answer_scores import AnswerScore, Kind
from ..types import Document

DIGITS = 4
"""Digits of a written score. Batches change the last ones; a file should not depend on them."""


def question_fields(question: Question, *, keep_documents: bool) -> dict[str, Any]:
    """Write a question.

    Args:
        question: The question.
        keep_documents: Whether to write its documents too, so that the record is complete.

    Returns:
        `id`, `query`, `answers` and `documents`.
    """
    fields: dict[str, Any] = {
        "id": question.id,
        "query": question.query,
        "answers": list(question.answers),
    }
    if keep_documents:
        fields["documents"] = [_document_fields(document) for document in question.documents]
    return fields


def score_fields(score: AnswerScore) -> dict[str, Any]:
    """Write a score.

    Args:
        score: The score.

    Returns:
        `score`; `bound` for an upper bound, `standard_error` for an estimate.
    """
    fields: dict[str, Any] = {"score": round(score.value, DIGITS)}
    if score.kind is Kind.CENSORED:
        fields["bound"] = True
    if score.standard_error is not None:
        fields["standard_error"] = round(score.standard_error, DIGITS)
    return fields


def checked(results: Sequence[AnswerScore | Exception]) -> list[AnswerScore]:
    """Check that all results are scores.

    Args:
        results: Scores and exceptions.

    Returns:
        The scores.

    Raises:
        Exception: The first `BudgetError` among the results, or else the first exception.
    """
    raise_budget_error(results)
    for result in results:
        if isinstance(result, Exception):
            raise result
    return [result for result in results if isinstance(result, AnswerScore)]


def raise_budget_error(results: Iterable[object]) -> None:
    """Raise the first `BudgetError` among results, since it must end the run.

    Args:
        results: Results and exceptions.

    Raises:
        BudgetError: One of the results is such an error.
    """
    for result in results:
        if isinstance(result, BudgetError):
            raise result


def _document_fields(document: Document) -> Mapping[str, Any]:
    fields: dict[str, Any] = {"text": document.text}
    for name in ("title", "id"):
        if (value := getattr(document, name)) is not None:
            fields[name] = value
    return fields
