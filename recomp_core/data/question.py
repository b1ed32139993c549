"""Questions with their gold answers and retrieved documents, from anywhere.

A record is `{"query" or "question": str, "answers": [str, …] or "answer": str, "documents": […]}`;
a document is a string or `{"text": str, "title": …, "id": …, …}`, and what else it holds becomes
its metadata. Lines of JSONL files, rows of a `datasets` data set, plain dictionaries: all the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .._utils.hashing import content_hash
from .._utils.jsonl import described
from ..types import Document, as_documents, check_query

EXCERPT = 200  # characters of a broken record that are shown


@dataclass(frozen=True, slots=True)
class Question:
    """A question to label or to evaluate. `rest`: the other fields of its record."""

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


def question_of(record: Any, position: int) -> Question | BadRecord:
    """The question of one record. `position`: its id where it has none of its own."""
    identity = record.get("id", record.get("_id")) if isinstance(record, Mapping) else None
    name = str(position) if identity is None else str(identity)
    try:
        return _parsed(record, name)
    except (ValueError, TypeError, KeyError) as error:
        return BadRecord(name, described(error), repr(record)[:EXCERPT])


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


def document_of(data: Mapping[str, Any]) -> Document:
    """A document as a record holds it; keys that are not known become metadata."""
    if "text" not in data:
        raise ValueError(f'a document needs "text", got {", ".join(data)}')
    known = {"text", "title", "id", "metadata"}
    metadata = dict(data.get("metadata") or {})
    metadata.update({key: value for key, value in data.items() if key not in known})
    title, identity = data.get("title"), data.get("id")
    return Document(
        data["text"],
        title=title or None,
        id=None if identity is None else str(identity),
        metadata=metadata,
    )
