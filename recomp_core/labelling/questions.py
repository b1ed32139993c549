"""What is labelled: questions with their gold answers and retrieved documents, from anywhere.

A record is `{"query" or "question": str, "answers": [str, …] or "answer": str, "documents": […]}`;
a document is a string or `{"text": str, "title": …, "id": …, …}`, and what else it holds becomes
its metadata. Lines of JSONL files, rows of a `datasets` data set, plain dictionaries: all the same.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, cast

from ..records import described, document_of
from ..types import Document, as_documents, check_query

_EXCERPT = 200  # characters of a broken record that are shown


@dataclass(frozen=True, slots=True)
class Question:
    """A question to label. `rest`: the other fields of its record."""

    id: str
    query: str
    answers: tuple[str, ...]
    documents: tuple[Document, ...]
    rest: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @property
    def digest(self) -> str:
        """A hash of what decides its labels: query, answers, texts and titles."""
        return content_hash(self.query, self.answers, [(d.text, d.title) for d in self.documents])[
            :16
        ]

    def to_dict(self) -> dict[str, Any]:
        """As a record: the inverse of `question_of`."""
        documents = [
            {
                **dict(document.metadata),
                "text": document.text,
                "title": document.title,
                "id": document.id,
            }
            for document in self.documents
        ]
        return {
            **self.rest,
            "id": self.id,
            "query": self.query,
            "answers": list(self.answers),
            "documents": documents,
        }


@dataclass(frozen=True, slots=True)
class BadRecord:
    """A record that is none: it is set aside, and the run goes on."""

    id: str
    error: str
    excerpt: str = ""


Questions = Iterator["Question | BadRecord"]


def read_questions(
    source: str | os.PathLike[str] | Iterable[Mapping[str, Any] | Question],
    *,
    documents: int | None = None,
    limit: int | None = None,
) -> Questions:
    """The questions of `source`, in order and one by one; broken ones as `BadRecord`.

    source: the path of a JSONL file (`.gz` too), "-" for standard input, the folder of a BEIR data
        set (see `beir`), or any iterable of records.
    documents: keep only the first of each question. limit: read only the first questions.

    Raises `FileNotFoundError` and `ValueError` for a path that can't be read.
    """
    # What can't be read is told now, not when the first question is asked for.
    if isinstance(source, (str, os.PathLike)):
        questions = _from_path(os.fspath(source))
    elif isinstance(source, (Mapping, bytes)) or not isinstance(source, Iterable):
        raise TypeError(f"give a path or an iterable of records, got {type(source).__name__}")
    else:
        questions = _from_rows(source)
    return _taken(questions, documents, limit)


def _taken(questions: Questions, documents: int | None, limit: int | None) -> Questions:
    for question in islice(questions, limit):
        if documents is not None and isinstance(question, Question):
            question = replace(question, documents=question.documents[:documents])
        yield question


def content_hash(*parts: Any) -> str:
    """The SHA-256 of JSON values, in hexadecimal."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def question_of(record: Any, position: int) -> Question | BadRecord:
    """The question of one record. `position`: its id where it has none of its own."""
    identity = record.get("id", record.get("_id")) if isinstance(record, Mapping) else None
    name = str(position) if identity is None else str(identity)
    try:
        return _parsed(record, name)
    except (ValueError, TypeError, KeyError) as error:
        return BadRecord(name, described(error), repr(record)[:_EXCERPT])


def _parsed(record: Any, name: str) -> Question:
    if not isinstance(record, Mapping):
        raise TypeError(f"a record must be a JSON object, got {type(record).__name__}")
    rest = {key: value for key, value in record.items() if key not in ("id", "_id")}
    query = rest.pop("query", None)
    question = rest.pop("question", None)
    answers = rest.pop("answers", None)
    answer = rest.pop("answer", None)
    documents = rest.pop("documents", None)
    return Question(
        name,
        check_query(question if query is None else query),
        _answers(answer if answers is None else answers),
        _documents(documents),
        rest,
    )


def _answers(value: Any) -> tuple[str, ...]:
    """As strings, without repetitions; none is no error here: a retriever or a scorer may not care.

    Raises `TypeError` for anything but a string or a list of strings.
    """
    if value is None:
        return ()
    if isinstance(value, str):
        return (value,)
    answers = [_plain(answer) for answer in value]
    for answer in answers:
        if not isinstance(answer, str):
            raise TypeError(f"answers must be strings, got {answer!r}")
    return tuple(dict.fromkeys(answers))


def _documents(value: Any) -> tuple[Document, ...]:
    if value is None:
        return ()
    if isinstance(value, Mapping):  # as `datasets` keeps a list of objects: an object of lists
        columns = {key: list(column) for key, column in value.items()}
        value = [
            dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)
        ]
    if isinstance(value, str):
        raise TypeError(f"documents must be a list, got the string {value[:80]!r}")
    return as_documents([_document(item) for item in value])


def _document(item: Any) -> Any:
    return (
        document_of({k: _plain(v) for k, v in item.items()}) if isinstance(item, Mapping) else item
    )


def _plain(value: Any) -> Any:
    """Arrays and scalars of numpy, as data sets hand them out, as Python's own."""
    return value.tolist() if type(value).__module__ == "numpy" else value


def _from_path(path: str) -> Questions:
    if path != "-" and os.path.isdir(path):
        from .beir import read_beir

        return read_beir(Path(path))
    if path != "-" and not os.path.isfile(path):
        raise FileNotFoundError(f"there is no file {path}")
    return _from_lines(path)


def _from_lines(path: str) -> Questions:
    with _opened(path) as stream:
        for position, raw in enumerate(stream):
            if raw.strip():
                yield _from_line(raw, position)


def _from_line(raw: bytes, position: int) -> Question | BadRecord:
    try:
        return question_of(json.loads(raw), position)
    except ValueError as error:
        excerpt = raw[:_EXCERPT].decode("utf-8", "replace")
        return BadRecord(str(position), described(error), excerpt)


def _opened(path: str) -> BinaryIO:
    if path == "-":
        return sys.stdin.buffer
    return cast("BinaryIO", gzip.open(path) if path.endswith(".gz") else open(path, "rb"))


def _from_rows(rows: Iterable[Any]) -> Questions:
    for position, row in enumerate(rows):
        if isinstance(row, BadRecord):
            yield row
        else:
            yield question_of(row.to_dict() if isinstance(row, Question) else row, position)
