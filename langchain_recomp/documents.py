"""LangChain documents to the core's, and a compression back to LangChain documents. Copies only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, cast

from langchain_core.documents import Document

from recomp_core import Compression, Excerpt, Outcome
from recomp_core import Document as CoreDocument
from recomp_core.integration import (
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
    documents: Sequence[Document], compression: Compression, metadata_key: str, merge: bool
) -> list[Document]:
    """Turn a compression into LangChain documents.

    Args:
        documents: What was compressed.
        compression: What came of it.
        metadata_key: The metadata key for the facts of the compression.
        merge: Whether one document stands for all sources.

    Returns:
        One document per source; one for all if `merge` is true or the text is a summary; `[]` for
        an empty compression.
    """
    if not compression.text:
        return []
    if merge or not compression.is_excerpt:
        return [_merged(compression, metadata_key)]
    return [
        _copy(
            documents[excerpt.doc_index],
            excerpt.text,
            {
                **_relevance(excerpt),
                metadata_key: {
                    "outcome": compression.outcome.value,
                    "index": excerpt.doc_index,
                    **span_facts(excerpt),
                    **reason_facts(compression),
                },
            },
        )
        for excerpt in compression.by_document()
    ]


def passed_through(
    documents: Sequence[Document], error: Exception, metadata_key: str
) -> list[Document]:
    """Copy documents that could not be compressed.

    Args:
        documents: What was to be compressed.
        error: Why it was not.
        metadata_key: The metadata key for the outcome and the reason.

    Returns:
        The copies, whose metadata say why they were not compressed.
    """
    reason = f"{type(error).__name__}: {error}"
    return [
        _copy(
            document,
            document.page_content,
            {metadata_key: {"outcome": Outcome.FAILED.value, "reason": reason}},
        )
        for document in documents
    ]


def _merged(compression: Compression, metadata_key: str) -> Document:
    """One document for all."""
    if compression.is_excerpt:
        sources = source_facts(compression)
        outcome = compression.outcome.value
        note = {"outcome": outcome, "sources": sources, **reason_facts(compression)}
    else:
        note = summary_facts(compression)
    read = [part for part in compression.by_document() if part.doc_index in compression.sources]
    return Document(compression.text, metadata={**_relevance(*read), metadata_key: note})


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
