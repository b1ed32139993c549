"""LangChain documents to the core's, and a compression back to LangChain documents. Copies only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, cast

from langchain_core.documents import Document

from recomp_core import Compression, Excerpt, Outcome
from recomp_core import Document as CoreDocument
from recomp_core.integration import (
    as_json,
    copied,
    reason_facts,
    remade,
    source_facts,
    span_facts,
    summary_facts,
)

SCORE_KEY = "relevance_score"


def check_input(given: object) -> tuple[list[Document], Any]:
    """Check the input of a runnable.

    Args:
        given: `{"documents": [...], "query": "..."}`.

    Returns:
        The documents as a list, and the query, which the core checks.

    Raises:
        TypeError: It has another form; for an entry that is no `Document` with its position.
    """
    if isinstance(given, list) and given and all(isinstance(item, Document) for item in given):
        raise TypeError(
            "a pipe passes on the retriever's documents without the question: give "
            "RecompRetriever(base_retriever=..., compressor=...), or a step that makes "
            '{"documents": [...], "query": "..."}'
        )
    if not isinstance(given, Mapping) or not given.keys() >= {"documents", "query"}:
        raise TypeError(f'expected {{"documents": [...], "query": "..."}}, got {given!r:.80}')
    documents = given["documents"]
    if isinstance(documents, (str, bytes, Document, Mapping)) or not isinstance(
        documents, Iterable
    ):
        raise TypeError(f"documents must be a list of LangChain Documents, got {documents!r:.80}")
    checked = list(documents)
    for position, document in enumerate(checked):
        if not isinstance(document, Document):
            raise TypeError(
                f"documents[{position}] must be a LangChain Document, got {document!r:.80}"
            )
    return checked, given["query"]


def to_core(documents: Sequence[Document], title_key: str | None) -> list[CoreDocument]:
    """Turn LangChain documents into documents of the core.

    Args:
        documents: They share their metadata with the result.
        title_key: The metadata key of the title, which counts if it is a string; None for none.

    Returns:
        The core's documents, in the same order.
    """
    return [
        CoreDocument(
            document.page_content,
            title=title if isinstance(title := document.metadata.get(title_key), str) else None,
            id=document.id,
            metadata=document.metadata,
        )
        for document in documents
    ]


def from_compression(
    documents: Sequence[Document],
    compression: Compression,
    metadata_key: str,
    merge: bool,
    flat: bool = False,
    keep_empty: bool = False,
) -> list[Document]:
    """Turn a compression into LangChain documents.

    Args:
        documents: What was compressed.
        compression: What came of it.
        metadata_key: The metadata key for the facts of the compression.
        merge: Whether one document stands for all sources.
        flat: Whether the facts are strings and numbers under keys of their own.
        keep_empty: Whether documents that kept nothing come out too, without text.

    Returns:
        One document per source, or per document with `keep_empty`; one for all if `merge` is true
        or the text is a summary; `[]` for an empty compression without `keep_empty`.
    """
    if not compression.text and (merge or not keep_empty):
        return []
    if merge or (compression.text and not compression.is_excerpt):
        return [_merged(compression, metadata_key, flat)]
    excerpts = compression.by_document() if compression.text else ()
    kept = {excerpt.doc_index: excerpt for excerpt in excerpts}
    said = {"outcome": compression.outcome.value, **reason_facts(compression)}
    result = []
    for index, document in enumerate(documents):
        if index in kept:
            text, facts = kept[index].text, {**span_facts(kept[index]), **said}
            more = _relevance(kept[index])
        elif keep_empty:
            text, facts, more = "", {"spans": [], "scores": [], **said}, {}
        else:
            continue
        note = _noted(metadata_key, {"index": index, **facts}, flat)
        result.append(_copy(document, text, {**more, **note}))
    return result


def passed_through(
    documents: Sequence[Document], error: Exception, metadata_key: str, flat: bool = False
) -> list[Document]:
    """Copy documents that could not be compressed.

    Args:
        documents: What was to be compressed.
        error: Why it was not.
        metadata_key: The metadata key for the outcome and the reason.
        flat: Whether they are strings under keys of their own.

    Returns:
        The copies, whose metadata say why they were not compressed.
    """
    reason = f"{type(error).__name__}: {error}"
    return [
        _copy(
            document,
            document.page_content,
            _noted(metadata_key, {"outcome": Outcome.FAILED.value, "reason": reason}, flat),
        )
        for document in documents
    ]


def _merged(compression: Compression, metadata_key: str, flat: bool) -> Document:
    """One document for all."""
    if compression.is_excerpt:
        sources = source_facts(compression)
        outcome = compression.outcome.value
        note = {"outcome": outcome, "sources": sources, **reason_facts(compression)}
    else:
        note = summary_facts(compression)
    read = [part for part in compression.by_document() if part.doc_index in compression.sources]
    metadata = {**_agreed(compression), **_relevance(*read), **_noted(metadata_key, note, flat)}
    return Document(compression.text, metadata=metadata)


def _agreed(compression: Compression) -> dict[str, Any]:
    """Where the text comes from, if all of its sources say the same: loaders write these keys."""
    sources = [compression.documents[index].metadata or {} for index in compression.sources]
    if not sources:
        return {}
    first = sources[0]
    return {
        key: copied(first[key])
        for key in ("source", "page")
        if key in first and all(key in one and _same(one[key], first[key]) for one in sources)
    }


def _same(one: Any, other: Any) -> bool:
    """Whether two values are equal; NaN, missing values of pandas and arrays have no plain "=="."""
    if one is other:
        return True
    try:
        return bool(one == other)
    except Exception:
        return False


def _noted(key: str, facts: Mapping[str, Any], flat: bool) -> dict[str, Any]:
    """The facts under their key; flat, each under one of its own, and JSON where it is no scalar.

    Chroma and others take no lists and no dicts.
    """
    if not flat:
        return {key: dict(facts)}
    return {
        f"{key}_{name}": value if isinstance(value, (str, int, float)) else as_json(value)
        for name, value in facts.items()
    }


def _relevance(*excerpts: Excerpt) -> dict[str, float]:
    return {SCORE_KEY: max(float(excerpt.score) for excerpt in excerpts)} if excerpts else {}


def _copy(document: Document, text: str, more_metadata: Mapping[str, Any]) -> Document:
    """A document of the same class, if that takes the text and metadata; nothing is shared."""
    metadata = {**copied(document.metadata), **more_metadata}
    changes = {"page_content": text, "metadata": metadata}
    if type(document) is not Document:
        if text == document.page_content:
            with suppress(Exception):  # of another's class
                return cast("Document", copied(document).model_copy(update=changes))
        elif (made := remade(document, **changes)) is not None:
            return cast("Document", made)
    return Document(text, id=document.id, metadata=metadata)
