"""The rows of an evaluation as the report's browser of questions reads them, small and escaped.

Documents are held once each, rows column by column and point by point; offsets count UTF-16 code
units, as JavaScript does.
"""

from __future__ import annotations

import base64
import gzip
import json
import math
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ...data import Question
from ...text.html import displayable
from ...types import Document
from ..results import Evaluation, Row
from ..spans import gold_spans

# JSON of more bytes is compressed; a smaller page stays readable as text.
COMPRESSED_FROM = 1_000_000

# Bits of a row's flags. A pair of bits tells whether a measure is known, and whether it is true.
ERROR, READER_ERROR, EMPTY = 1, 2, 4
_PAIRS = (("answerable", 8, 16), ("answer_recall", 32, 64), ("exact_match", 128, 256))


def data_element(evaluation: Evaluation, *, compress: bool | None = None) -> str:
    """Write the `<script>` element that holds the data and is never run.

    Args:
        evaluation: The evaluation.
        compress: Whether to compress the data; None decides by size.

    Returns:
        HTML.
    """
    # No "<" is left in it: neither "</script>" nor "<!--" of a document ends it.
    text = json.dumps(
        payload(evaluation), ensure_ascii=False, allow_nan=False, separators=(",", ":")
    )
    text = text.replace("<", "\\u003c")
    if compress is None:
        compress = len(text) > COMPRESSED_FROM
    if not compress:
        return f'<script type="application/json" id="data">{text}</script>'
    packed = gzip.compress(text.encode("utf-8"), compresslevel=6, mtime=0)
    encoded = base64.b64encode(packed).decode("ascii")
    return f'<script type="text/plain" id="data" data-encoding="gzip">{encoded}</script>'


def payload(evaluation: Evaluation) -> dict[str, Any]:
    """Return the evaluation as JSON values.

    documents: [title, text, gold spans as start, end, start, …].
    questions: [id, query, answers, positions in documents].
    points: per point its system, setting and one list for each field that some row has, as long as
        questions; null where there is no row. flags: bits, see above. kept: document, start, end,
        document, …, the document by its position in the question.

    Args:
        evaluation: The evaluation.

    Returns:
        The three lists.
    """
    documents = _Documents()
    names = dict.fromkeys((*evaluation.questions, *(row.question for row in evaluation.rows)))
    numbers = {name: number for number, name in enumerate(names)}
    questions = [documents.question(name, evaluation.questions.get(name)) for name in names]
    points = []
    for system, setting, rows in evaluation.points():
        by_number = {numbers[row.question]: row for row in rows}
        ordered = [by_number.get(number) for number in range(len(names))]
        columns = {}
        for field, value_of in _COLUMNS.items():
            column = [None if row is None else value_of(row) for row in ordered]
            if any(value is not None for value in column):
                columns[field] = column
        kept = [
            documents.kept(row, evaluation.questions.get(row.question)) if row else None
            for row in ordered
        ]
        if any(kept):
            columns["kept"] = kept
        point = {"system": displayable(system), "setting": displayable(setting), **columns}
        points.append(point)
    return {"documents": documents.all, "questions": questions, "points": points}


def _flags(row: Row) -> int:
    flags = (
        ERROR * bool(row.error) | READER_ERROR * bool(row.reader_error) | EMPTY * bool(row.empty)
    )
    for field, known, true in _PAIRS:
        value = getattr(row, field)
        if value is not None:
            flags |= known | true * bool(value)
    return flags


def _text(field: str) -> Callable[[Row], str | None]:
    return lambda row: displayable(getattr(row, field)) or None


def _rounded(field: str) -> Callable[[Row], float | None]:
    def value(row: Row) -> float | None:
        found = getattr(row, field)
        # The page's JSON has no NaN and no infinity, and nothing to say of them.
        return None if found is None or not math.isfinite(found) else float(f"{found:.4g}")

    return value


_COLUMNS: Mapping[str, Callable[[Row], Any]] = {
    "flags": _flags,
    "before": lambda row: row.tokens_before,
    "after": lambda row: row.tokens_after,
    "seconds": _rounded("seconds"),
    "f1": _rounded("f1"),
    "agreement": _rounded("agreement"),
    "support": _rounded("support"),
    "prediction": lambda row: None if row.prediction is None else displayable(row.prediction),
    "outcome": _text("outcome"),
    "note": _text("note"),
    "error": _text("error"),
    "readerError": _text("reader_error"),
    # What is an excerpt is seen in the documents.
    "text": lambda row: None if row.kept else displayable(row.text) or None,
}


class _Documents:
    """Every document once, as a number."""

    def __init__(self) -> None:
        self.all: list[list[Any]] = []
        self._numbers: dict[tuple[str, str, tuple[int, ...]], int] = {}
        self._offsets: dict[int, Offsets] = {}

    def question(self, name: str, question: Question | None) -> list[Any]:
        if question is None:
            return [displayable(name), "", [], []]
        return [
            displayable(name),
            displayable(question.query),
            [displayable(answer) for answer in question.answers],
            [self._number(document) for document in question.documents],
        ]

    def kept(self, row: Row, question: Question | None) -> list[int] | None:
        if not row.kept or question is None:
            return None
        spans: list[int] = []
        for index, start, end in row.kept:
            if index < len(question.documents):
                place = self._place(question.documents[index])
                spans += (index, place(start), place(end))
        return spans

    def _number(self, document: Document) -> int:
        place = self._place(document)
        gold = tuple(place(offset) for _, *span in gold_spans([document]) for offset in span)
        key = (displayable(document.title or document.id or ""), displayable(document.text), gold)
        if key not in self._numbers:
            self._numbers[key] = len(self.all)
            self.all.append([*key[:2], list(gold)])
        return self._numbers[key]

    def _place(self, document: Document) -> Offsets:
        found = self._offsets.get(id(document))
        if found is None:
            found = self._offsets[id(document)] = Offsets(document.text)
        return found


class Offsets:
    """Converts offsets in code points to offsets in UTF-16 code units.

    Args:
        text: The text that the offsets are in.
    """

    def __init__(self, text: str) -> None:
        wide = [] if text.isascii() else [n for n, c in enumerate(text) if c > "\uffff"]
        self._wide: Sequence[int] = wide

    def __call__(self, offset: int) -> int:
        """Add one for each wide character before an offset.

        Args:
            offset: The offset in code points.

        Returns:
            The offset in UTF-16 code units.
        """
        return offset + bisect_left(self._wide, offset)
