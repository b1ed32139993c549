"""Documents to sentences, by any splitter. Standard library only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ..protocols import BatchSplitter, BatchStructureSplitter, Splitter, StructureSplitter
from ..text.units import STRUCTURAL, Unit, stated_format
from ..types import Document, Sentence

Known = Mapping[tuple[str, str | None], Sequence[Unit]]
"""The units of texts by text and stated format."""


def document_units(documents: Iterable[Document], splitter: Splitter) -> Known:
    """Split documents, each distinct text once.

    The format that a document's metadata states goes to a splitter that knows formats.

    Args:
        documents: The documents.
        splitter: A `protocols.Splitter`, or one of its richer kinds. The units of a splitter that
            knows only spans are sentences that stand under nothing.

    Returns:
        The units of each text.
    """
    distinct = list(dict.fromkeys(map(_key, documents)))
    texts, formats = [text for text, _ in distinct], [told for _, told in distinct]
    return dict(zip(distinct, all_units(splitter, texts, formats), strict=True))


def document_sentences(
    documents: Sequence[Document],
    splitter: Splitter,
    reached: Iterable[int] | None = None,
    *,
    structural: bool = True,
    known: Known | None = None,
) -> tuple[Sentence, ...]:
    """Turn documents into sentences.

    Args:
        documents: The documents.
        splitter: See `document_units`.
        reached: The positions of the documents to split; by default all.
        structural: Whether to return headings, header rows, questions and keys too, which tell what
            others are about. They are no candidates of their own.
        known: The units of these documents, if they were split before.

    Returns:
        The sentences, document by document, in the order of `reached`.
    """
    positions = list(range(len(documents)) if reached is None else reached)
    if known is None:
        known = document_units([documents[position] for position in positions], splitter)
    return tuple(
        Sentence.of_unit(text, position, unit)
        for position in positions
        for text in (documents[position].text,)
        for unit in known[_key(documents[position])]
        if structural or unit.kind not in STRUCTURAL
    )


def _key(document: Document) -> tuple[str, str | None]:
    return document.text, stated_format(document.metadata)


def all_units(
    splitter: Splitter, texts: Sequence[str], formats: Sequence[str | None]
) -> Sequence[Sequence[Unit]]:
    """Split texts to units by the richest method that a splitter has.

    Args:
        splitter: The splitter.
        texts: The texts.
        formats: The format of each text, None to recognise it.

    Returns:
        For each text its units. Those of a splitter that knows only spans are sentences.
    """
    if isinstance(splitter, BatchStructureSplitter):
        return splitter.units_all(texts, formats)
    if isinstance(splitter, StructureSplitter):
        return [splitter.units(text, told) for text, told in zip(texts, formats, strict=True)]
    if isinstance(splitter, BatchSplitter):
        spans = splitter.split_all(texts)
    else:
        spans = [splitter.split(text) for text in texts]
    return [[Unit(start, end) for start, end in its] for its in spans]
