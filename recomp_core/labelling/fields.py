"""How a question and its scores are written into a record: plain JSON values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..data import Question
from ..errors import BudgetError
from ..readers.answer_scores import AnswerScore, Kind
from ..types import Document

# Batches move the last digits of what a model computes; a file should not depend on them.
DIGITS = 4


def question_fields(question: Question, *, keep_documents: bool) -> dict[str, Any]:
    """id, query, answers and, if wanted, the documents, which make a record stand by itself."""
    fields: dict[str, Any] = {
        "id": question.id,
        "query": question.query,
        "answers": list(question.answers),
    }
    if keep_documents:
        fields["documents"] = [_document_fields(document) for document in question.documents]
    return fields


def score_fields(score: AnswerScore) -> dict[str, Any]:
    """`score`, and what makes it doubtful: `bound` for an upper bound, `standard_error`."""
    fields: dict[str, Any] = {"score": round(score.value, DIGITS)}
    if score.kind is Kind.CENSORED:
        fields["bound"] = True
    if score.standard_error is not None:
        fields["standard_error"] = round(score.standard_error, DIGITS)
    return fields


def checked(results: Sequence[AnswerScore | Exception]) -> list[AnswerScore]:
    """The scores. Raises the `BudgetError` among them, or else the first error."""
    errors = [result for result in results if isinstance(result, Exception)]
    for error in errors:
        if isinstance(error, BudgetError):
            raise error
    if errors:
        raise errors[0]
    return [result for result in results if isinstance(result, AnswerScore)]


def _document_fields(document: Document) -> Mapping[str, Any]:
    fields: dict[str, Any] = {"text": document.text}
    for name in ("title", "id"):
        if (value := getattr(document, name)) is not None:
            fields[name] = value
    return fields
