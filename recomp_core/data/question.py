"""Questions with their gold answers and retrieved documents.

A record is `{"query" or "question": str, "answers": [str, …] or "answer": str, "documents": […]}`.
A document is a string or `{"text": str, "title": …, "id": …, …}`; its other fields become metadata.
A record may be a line of a JSONL file, a row of a `datasets` data set or a plain dictionary.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .._utils.hashing import content_hash
from .._utils.jsonl import described
from ..types import Document, as_documents, check_query

EXCERPT = 200
"""How many characters of a broken record an error shows."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question to label or to evaluate.

    Attributes:
        id: The id of its record, or the record's position.
        query: The question itself.
        answers: The gold answers; may be empty.
        documents: The retrieved documents, in order.
        rest: The other fields of its record.
    """

    id: str
    query: str
    answers: tuple[str, ...]
    documents: tuple[Document, ...]
    rest: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @property
    def digest(self) -> str:
        """A hash of all that determines its labels: query, answers, texts and titles."""
        return content_hash(self.query, self.answers, [(d.text, d.title) for d in self.documents])[
            :16
        ]

    def to_dict(self) -> dict[str, Any]:
        """Convert the question to a record, from which `question_of` builds an equal question."""
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
    """A broken record; a run sets it aside and continues.

    Attributes:
        id: The id of the record, or its position.
        error: What is wrong with it.
        excerpt: The start of the record.
    """

    id: str
    error: str
    excerpt: str = ""


Questions = Iterator["Question | BadRecord"]
"""Questions one by one, in order; a broken record stands in its place."""


def question_of(record: Any, position: int) -> Question | BadRecord:
    """Build a question from a record.

    Args:
        record: The record; see the module's documentation for its form.
        position: The position of the record, which is its id if it has none.

    Returns:
        The question; a `BadRecord` if the record has another form.
    """
    name = str(position)
    try:
        identity = record.get("id", record.get("_id")) if isinstance(record, Mapping) else None
        name = name if identity is None else str(identity)
        return _parsed(record, name)
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        return BadRecord(name, described(error), _excerpt(record))


def _excerpt(record: Any) -> str:
    try:
        return repr(record)[:EXCERPT]
    except (RecursionError, ValueError):  # nested too deeply, or a number of too many digits
        return f"<{type(record).__name__}>"


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
    """The answers without repetitions; a record without any is valid: not all work needs them."""
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
    """Convert the numpy arrays and scalars that data sets hold to Python's own types."""
    return value.tolist() if type(value).__module__ == "numpy" else value


def document_of(data: Mapping[str, Any]) -> Document:
    """Build a document from the form that it has in a record.

    Args:
        data: An object with `"text"`; the keys that `Document` does not have become metadata. Or a
            document of LangChain, with `"page_content"`, or a node of LlamaIndex, in JSON: its
            metadata may hold the title.

    Returns:
        The document.

    Raises:
        ValueError: The object has no text.
        TypeError: A value has the wrong type.
    """
    data = _from_framework(data)
    if "text" not in data:
        raise ValueError(f'a document needs "text", got {", ".join(map(str, data))}')
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


def holds_document(data: Mapping[str, Any]) -> bool:
    """Tell whether a JSON object is a document, or holds some.

    Args:
        data: The object, such as a line of a JSONL file.

    Returns:
        Whether `document_of` can read it, or it has `"documents"`.
    """
    return "documents" in data or "text" in _from_framework(data)


def _from_framework(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """A document of LangChain or a node of LlamaIndex in our form; other objects as they are."""
    if isinstance(data.get("kwargs"), Mapping) and "lc" in data:  # as LangChain writes its objects
        data = data["kwargs"]
    if isinstance(data.get("node"), Mapping):  # with the score that a retriever gave it
        data = data["node"]
    if "page_content" in data:
        text, own = data["page_content"], {"page_content", "metadata", "id", "type"}
        rest = {key: value for key, value in data.items() if key not in own}
    elif "id_" in data or "class_name" in data:
        resource = data.get("text_resource")  # where newer versions keep a document's text
        found = resource.get("text") if isinstance(resource, Mapping) else None
        text, rest = data.get("text", found), {}
    else:
        return data
    given = data.get("metadata")
    metadata = given if isinstance(given, Mapping) else {}
    title = metadata.get("title")
    return {
        **rest,
        "text": text,
        "title": title if isinstance(title, str) else None,
        "id": data.get("id", data.get("id_")),
        "metadata": metadata,
    }
