"""Finds documents for questions with a retriever of LangChain or LlamaIndex, or your own.

A retriever is recognized by its methods, so this module imports no framework.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from .._utils.hashing import content_hash
from .._utils.json_values import json_ready
from .._utils.jsonl import described
from ..types import Document, as_documents
from .journal import Journal
from .question import BadRecord, Question, Questions, document_of, question_of

Retrieve = Callable[[str], Iterable[Any]]
"""Finds documents for a query: any objects that `retrieve` can convert."""


def retrieve(
    questions: Iterable[Question | BadRecord], retriever: Any, *, top_k: int | None = None
) -> Questions:
    """Replace the documents of questions by what a retriever finds.

    Args:
        questions: The questions.
        retriever: An object with `invoke(query)` as in LangChain or `retrieve(query)` as in
            LlamaIndex, or a function of the query.
        top_k: Keep only so many documents, the first ones; None keeps all.

    Yields:
        The questions with their new documents, in order. A question whose retrieval fails becomes a
        `BadRecord`.

    Raises:
        TypeError: `retriever` is none of these.
    """
    find = _finder(retriever)
    for question in questions:
        if isinstance(question, Question):
            try:
                found = list(find(question.query))[:top_k]
                documents = as_documents([_document(item) for item in found])
                question = replace(question, documents=documents)
            except Exception as error:
                question = BadRecord(question.id, described(error), question.query)
        yield question


def retrieve_once(
    questions: Iterable[Question | BadRecord],
    retriever: Any,
    kept: Path,
    *,
    top_k: int | None = None,
) -> Questions:
    """Replace the documents of questions as `retrieve` does, and keep the results in a file.

    A later run reads the file, so it gets the same documents even if the index has changed. It
    retries the questions whose retrieval failed.

    Args:
        questions: The questions.
        retriever: See `retrieve`.
        kept: The file that keeps the results; it is created if it does not exist.
        top_k: See `retrieve`.

    Yields:
        The questions with their new documents, in order.

    Raises:
        TypeError: `retriever` is no retriever.
        ValueError: The file holds something else.
    """
    kept.parent.mkdir(parents=True, exist_ok=True)
    with Journal(kept) as journal:
        places = {}
        for entry in journal.entries():
            try:
                places[entry.content["key"]] = entry.offset
            except (KeyError, TypeError) as error:
                raise journal.error(entry.number) from error
        for position, question in enumerate(questions):
            key = content_hash(position, question.id, getattr(question, "query", None), top_k)
            if key in places:
                yield question_of(journal.read(places[key])["question"], position)
                continue
            (found,) = retrieve([question], retriever, top_k=top_k)
            if isinstance(found, Question):
                # A retriever's metadata may hold values that JSON does not know.
                record = json_ready(found.to_dict())
                journal.append({"key": key, "question": record})
            yield found


def load_retriever(name: str) -> Any:
    """Load a retriever by its name.

    Args:
        name: "module:object". The module may lie in the current folder. A class, or a function
            without arguments, is called to build the retriever.

    Returns:
        The retriever.

    Raises:
        ValueError: The name has another form.
        ImportError: The module or the object does not exist.
        TypeError: The object is no retriever.
    """
    module_name, _, path = name.partition(":")
    if not module_name or not path:
        raise ValueError(f'a retriever is named "module:object", got {name!r}')
    here = str(Path.cwd())
    added = here not in sys.path
    if added:
        sys.path.insert(0, here)
    try:
        found: Any = importlib.import_module(module_name)
        for part in path.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError) as error:
        raise ImportError(f"the retriever {name} can't be imported: {error}") from error
    finally:
        if added:
            sys.path.remove(here)
    if isinstance(found, type) or (not _is_retriever(found) and _takes_nothing(found)):
        found = found()
    _finder(found)  # raises TypeError
    return found


def _finder(retriever: Any) -> Retrieve:
    if not isinstance(retriever, type):
        for method in ("invoke", "retrieve"):
            found: Retrieve | None = getattr(retriever, method, None)
            if callable(found):
                return found
        if callable(retriever):
            function: Retrieve = retriever
            return function
    raise TypeError(
        f"{retriever!r} is no retriever: it needs invoke(query) as in LangChain, retrieve(query) "
        "as in LlamaIndex, or to be a function of the query"
    )


def _is_retriever(value: Any) -> bool:
    return any(callable(getattr(value, method, None)) for method in ("invoke", "retrieve"))


def _takes_nothing(value: Any) -> bool:
    import inspect

    try:
        return not inspect.signature(value).parameters
    except (TypeError, ValueError):
        return False


def _document(item: Any) -> str | Document:
    if isinstance(item, (str, Document)):
        return item
    if isinstance(item, Mapping):
        return document_of(item)
    node = getattr(item, "node", item)
    if callable(read := getattr(node, "get_content", None)):
        # Without this mode LlamaIndex puts the metadata before the text.
        return _of(read(metadata_mode="none"), node.metadata, node.node_id)
    if isinstance(text := getattr(item, "page_content", None), str):
        return _of(text, item.metadata, item.id)
    raise TypeError(f"the retriever gave {item!r}, which is no document")


def _of(text: str, metadata: Mapping[str, Any], identity: str | None) -> Document:
    title = metadata.get("title")
    return Document(
        text,
        title=title if isinstance(title, str) else None,
        id=identity,
        metadata=dict(metadata),
    )
