"""A compressor with a store, and documents into it before anyone asks."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice
from os import PathLike
from typing import Any

from ..store.passages import PassageEncoder
from ..store.sentence_store import SentenceStore, as_store
from ..store.splitter import StoredSplitter
from ..types import Document, as_documents
from .compressor import ExtractiveCompressor
from .scoring import DualEncoderScorer


def with_store(
    compressor: ExtractiveCompressor, store: SentenceStore | str | PathLike[str]
) -> ExtractiveCompressor:
    """The same compressor, but it keeps spans and vectors in `store`, and looks there first.

    A new one; model and settings are shared. Raises `ValueError` for a compressor without sentence
    vectors, and as `SentenceStore`.
    """
    scorer = getattr(compressor, "scorer", None)
    if not isinstance(compressor, ExtractiveCompressor) or not isinstance(
        scorer, DualEncoderScorer
    ):
        what = type(compressor if scorer is None else scorer).__name__
        raise ValueError(
            f"a sentence store is for a compressor with a dual encoder, and {what} has no vectors "
            "of sentences: leave the store out"
        )
    store = as_store(store)
    splitter = compressor.splitter
    if isinstance(splitter, StoredSplitter):
        splitter = splitter.splitter
    return ExtractiveCompressor(
        DualEncoderScorer(
            scorer.encoder,
            context=scorer.context,
            similarity_fn_name=scorer.similarity_fn_name,
            store=store,
        ),
        selector=compressor.selector,
        splitter=StoredSplitter(splitter, store),
        separator=compressor.layout.separator,
        elision=compressor.layout.elision,
        document_separator=compressor.layout.document_separator,
        expand=compressor.expand,
        timeout_s=compressor.timeout_s,
        batching=compressor.batching,
    )


@dataclass
class IndexReport:
    """How an ingestion went.

    documents, sentences: that were seen. encoded: sentences that were not known before. seconds: of
    the whole.
    """

    documents: int = 0
    sentences: int = 0
    encoded: int = 0
    seconds: float = field(default=0.0, compare=False)

    def __str__(self) -> str:
        pace = f", {self.encoded / self.seconds:.0f} a second" if self.encoded else ""
        return (
            f"{self.documents} documents, {self.sentences} sentences, {self.encoded} of them "
            f"encoded in {self.seconds:.1f} s{pace}"
        )


class Indexer:
    """Puts documents' spans and vectors into the store of `compressor`; what is there is kept.

    A query finds them if it comes with the same texts, so give the documents as they are retrieved:
    the chunks, not the files that they were cut from. With a context that sees the title, give
    that too.

    compressor: of `load_compressor(store=…)` or `with_store`. store: that of the compressor.
    report: how it has gone so far.

    Raises `ValueError` for a compressor without a store, and `OSError` if its store can't be
    written: all work would be for nothing.
    """

    def __init__(self, compressor: Any) -> None:
        scorer, splitter = (getattr(compressor, name, None) for name in ("scorer", "splitter"))
        if (
            not isinstance(scorer, DualEncoderScorer)
            or scorer.store is None
            or not isinstance(splitter, StoredSplitter)
        ):
            raise ValueError(
                f"{type(compressor).__name__} has no sentence store: give a compressor of "
                "load_compressor(store=…), or with_store(compressor, store)"
            )
        self.report = IndexReport()
        self._splitter = splitter
        self._passages: PassageEncoder = scorer.passages
        self.store: SentenceStore = scorer.store
        self.store.check_writable()

    def add(self, documents: Iterable[str | Document], *, batch_documents: int = 256) -> None:
        """Put these documents in, `batch_documents` at a time. One that is there costs a look-up.

        Raises `TypeError` for what is no document, `OSError` if the store can't be written.
        """
        began = time.perf_counter()
        documents = iter(documents)
        while batch := as_documents(list(islice(documents, batch_documents))):
            before = self._passages.encoded
            spans = self._splitter.split_all([document.text for document in batch])
            found = [
                self._passages.passage(document, tuple(its))
                for document, its in zip(batch, spans, strict=True)
                if its
            ]
            self._passages.keep(dict.fromkeys(found))
            self.store.check_written()
            self.report.documents += len(batch)
            self.report.sentences += sum(len(its) for its in spans)
            self.report.encoded += self._passages.encoded - before
            now = time.perf_counter()
            self.report.seconds += now - began
            began = now
