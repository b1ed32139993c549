"""A compressor that keeps its vectors in a store, and an index made before the first query."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice
from os import PathLike

from ..models.encoders.inputs import Inputs
from ..store.passages import PassageEncoder
from ..store.sentence_store import SentenceStore, as_store
from ..store.splitter import StoredSplitter
from ..text.units import STRUCTURAL
from ..types import Document, Sentence, as_documents
from .compressor import ExtractiveCompressor
from .fitting import fitted
from .scoring import DualEncoderScorer
from .sentences import document_sentences


def with_store(
    compressor: ExtractiveCompressor, store: SentenceStore | str | PathLike[str]
) -> ExtractiveCompressor:
    """Make a compressor that looks for spans and vectors in a store before computing them.

    Args:
        compressor: The compressor to copy; model and settings are shared.
        store: The store, or its folder. What is missing there is added.

    Returns:
        A new compressor.

    Raises:
        ValueError: The compressor has no sentence vectors.
        OSError: The store can't be opened.
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
        outline=compressor.outline,
        titles=compressor.layout.titles,
        lexical_weight=compressor.lexical_weight,
        prefilter=compressor.prefilter,
        timeout_s=compressor.timeout_s,
        batching=compressor.batching,
        recovery=compressor.recovery,
        pin=compressor.pins.wanted,
        injections=compressor.injections,
    )


@dataclass
class IndexReport:
    """Counts what an `Indexer` did.

    Attributes:
        documents: The documents added, known ones included.
        sentences: Their sentences.
        encoded: The sentences whose vectors the store lacked.
        seconds: The time of all calls together.
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
    """Adds documents' units and vectors to a compressor's store; what is there stays.

    A query finds them if it comes with the same texts. What only tells what others are about, such
    as a heading, has no vector of its own. So give the documents as they are retrieved:
    the chunks, not the files that they were cut from. If the compressor's context reads the title,
    give the title too.

    Args:
        compressor: The result of `load_compressor(store=…)` or `with_store`.

    Attributes:
        store: The compressor's store.
        report: The counts so far.

    Raises:
        ValueError: The compressor has no store.
        OSError: The store can't be written: all work would be lost.
    """

    def __init__(self, compressor: ExtractiveCompressor) -> None:
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
        self._scorer = scorer
        self._selector = compressor.selector
        self._passages: PassageEncoder = scorer.passages
        self.store: SentenceStore = scorer.store
        self.store.check_writable()

    def add(self, documents: Iterable[str | Document], *, batch_documents: int = 256) -> None:
        """Add documents to the store; a known document costs a look-up.

        Args:
            documents: The documents; an iterator is read as they are added.
            batch_documents: How many documents to encode at one time.

        Raises:
            TypeError: One of `documents` is neither a string nor a `Document`.
            OSError: The store can't be written.
        """
        began = time.perf_counter()
        documents = iter(documents)
        while batch := as_documents(list(islice(documents, batch_documents))):
            before = self._passages.encoded
            sentences = self._offered(batch)
            inputs = Inputs(self._scorer.context, self._scorer.encoder)
            found = (passage for passage, _ in inputs.passages(batch, sentences))
            self._passages.keep(dict.fromkeys(found))
            self.store.check_written()
            self.report.documents += len(batch)
            self.report.sentences += len(sentences)
            self.report.encoded += self._passages.encoded - before
            now = time.perf_counter()
            self.report.seconds += now - began
            began = now

    def _offered(self, documents: tuple[Document, ...]) -> list[Sentence]:
        """The sentences of each document that a query will have scored."""
        sentences = fitted(documents, document_sentences(documents, self._splitter), self._selector)
        content = [sentence for sentence in sentences if sentence.kind not in STRUCTURAL]
        has_content = {sentence.doc_index for sentence in content}
        # A document of headings only is scored if nothing else is there.
        return content + [s for s in sentences if s.doc_index not in has_content]
