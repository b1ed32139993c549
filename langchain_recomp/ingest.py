"""Sentence vectors made when documents are ingested, so that queries find them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from langchain_core.documents import BaseDocumentTransformer, Document

from recomp_core import SentenceStore
from recomp_core.integration import Indexer, IndexReport, compressor_from_settings

from .documents import check_input, to_core


class RecompDocumentIndexer(BaseDocumentTransformer):
    """Puts the sentence vectors of documents into a `recomp_core.SentenceStore`.

    The documents themselves pass through, the same objects, unchanged.

        chunks = splitter.split_documents(documents)
        RecompDocumentIndexer(store="store").transform_documents(chunks)
        vectorstore.add_documents(chunks)
        …
        RecompDocumentCompressor(compressor=load_compressor(store="store"))

    Use it after the splitter: a query finds a document's vectors by the text that is retrieved, and
    by its title where the encoder sees that. Documents that are known cost a look-up.

    Args:
        store: The store, or its folder.
        compressor: One with a store, of `load_compressor(store=…)` or a `RecompDocumentCompressor`
            of it, instead of `store` and settings.
        title_key: The metadata key of a title; None for no titles.
        batch_documents: How many documents are encoded together.
        **settings: `model`, `context`, `lang` and others of `recomp_core.load_compressor`: the same
            as at query time.

    Raises:
        ValueError: A setting cannot work.
        OSError: The store can't be written.
    """

    def __init__(
        self,
        store: SentenceStore | str | os.PathLike[str] | None = None,
        *,
        compressor: Any = None,
        title_key: str | None = "title",
        batch_documents: int = 256,
        **settings: Any,
    ) -> None:
        if (store is None) == (compressor is None):
            raise ValueError("give either store=, a folder, or compressor=, one that has a store")
        if compressor is None:
            compressor = compressor_from_settings(store=store, **settings)
        elif settings:
            raise ValueError(
                f"{', '.join(settings)} given together with compressor=, which has settings of its "
                "own: give one or the other"
            )
        self.title_key = title_key
        self.batch_documents = batch_documents
        self._indexer = Indexer(getattr(compressor, "compressor", compressor))

    @property
    def report(self) -> IndexReport:
        """The numbers of documents and sentences so far, and of those that were new."""
        return self._indexer.report

    def transform_documents(self, documents: Sequence[Document], **kwargs: Any) -> list[Document]:
        """Make and keep the documents' vectors.

        Args:
            documents: The chunks as they will be retrieved.
            **kwargs: Ignored; the interface has them.

        Returns:
            The same documents.
        """
        del kwargs
        checked, _ = check_input({"documents": documents, "query": None})
        self._indexer.add(to_core(checked, self.title_key), batch_documents=self.batch_documents)
        return checked
