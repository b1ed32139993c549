"""The extractive compressor: split, score, select. Knows no model; depends on protocols only."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any

from .layout import Layout
from .protocols import Splitter
from .scoring import as_scorer, scored
from .selection import Selector, TopK, check_selector, select
from .splitting import SentenceSplitter
from .types import (
    Compression,
    Document,
    Outcome,
    ScoredSentence,
    ScoringTask,
    Sentence,
    as_documents,
    assemble,
    check_query,
)

DEFAULT_SELECTOR = TopK(2)


class ExtractiveCompressor:
    """Keeps the sentences of the retrieved documents that help the query (paper, section 3.1).

    scorer: a `protocols.SentenceScorer`, or anything that `as_scorer` makes one of: a
        sentence-transformers model, a cross-encoder, a function `(query, sentences) -> scores`.
    selector: which of the scored sentences stay; the two best of all documents by default.
    splitter: text to sentences; see `protocols.Splitter`.
    separator, elision, document_separator: what joins the kept sentences, see `Layout`.
    expand: how many neighbours (before, after) come along with each chosen sentence.

    Raises `TypeError` or `ValueError` for settings that cannot work.
    """

    def __init__(
        self,
        scorer: Any,
        *,
        selector: Selector | None = None,
        splitter: Splitter | None = None,
        separator: str | None = None,
        elision: str = "",
        document_separator: str = "\n",
        expand: tuple[int, int] = (0, 0),
    ) -> None:
        self.scorer = as_scorer(scorer)
        self.selector = check_selector(DEFAULT_SELECTOR if selector is None else selector)
        self.splitter = SentenceSplitter() if splitter is None else splitter
        if not isinstance(self.splitter, Splitter):
            raise TypeError(f"{splitter!r} is not a splitter: it has no split(text)")
        self.layout = Layout(separator, elision, document_separator)
        self.expand = _check_expand(expand)

    def compress(self, query: str, documents: Iterable[str | Document]) -> Compression:
        """Compress the documents retrieved for one query.

        Raises `ValueError` for a blank query and `TypeError` for anything among `documents` that is
        neither a string nor a `Document`. No documents, or blank ones, are no error: see `Outcome`.
        """
        return self.compress_batch([query], [documents])[0]

    def compress_batch(
        self, queries: Sequence[str], documents_lists: Sequence[Iterable[str | Document]]
    ) -> list[Compression]:
        """Compress many queries' documents together; the same results as one by one.

        A text that stands in several lists is split and encoded once. Everything is checked before
        anything is computed; errors name the position.
        """
        inputs = check_batch(queries, documents_lists)
        spans: dict[str, tuple[tuple[int, int], ...]] = {}
        tasks = [
            ScoringTask(query, documents, tuple(self._split(documents, spans)))
            for query, documents in inputs
        ]
        to_score = [task for task in tasks if task.sentences]
        scores = iter(self.scorer.score(to_score)) if to_score else iter(())
        return [self._select(task, next(scores) if task.sentences else ()) for task in tasks]

    async def acompress(self, query: str, documents: Iterable[str | Document]) -> Compression:
        """`compress` without blocking the event loop."""
        return await asyncio.to_thread(self.compress, query, documents)

    async def acompress_batch(
        self, queries: Sequence[str], documents_lists: Sequence[Iterable[str | Document]]
    ) -> list[Compression]:
        """`compress_batch` without blocking the event loop."""
        return await asyncio.to_thread(self.compress_batch, queries, documents_lists)

    def _split(
        self, documents: Sequence[Document], known: dict[str, tuple[tuple[int, int], ...]]
    ) -> Iterable[Sentence]:
        for doc_index, document in enumerate(documents):
            text = document.text
            if text not in known:
                known[text] = tuple(self.splitter.split(text))
            for start, end in known[text]:
                yield Sentence(text[start:end], doc_index, start, end)

    def _select(self, task: ScoringTask, scores: Sequence[float]) -> Compression:
        kept: tuple[ScoredSentence, ...] = ()
        dropped: tuple[ScoredSentence, ...] = ()
        if not task.sentences:
            outcome = Outcome.NOTHING_GIVEN
        else:
            kept, dropped = select(
                task.documents, scored(task, scores), self.selector, self.layout, self.expand
            )
            if not kept:
                outcome = Outcome.NOTHING_RELEVANT
            elif not dropped:
                outcome = Outcome.UNCHANGED
            else:
                outcome = Outcome.COMPRESSED
        return Compression(
            query=task.query,
            documents=task.documents,
            text=assemble(task.documents, kept, self.layout),
            kept=kept,
            dropped=dropped,
            sources=tuple(dict.fromkeys(sentence.doc_index for sentence in kept)),
            outcome=outcome,
            layout=self.layout,
        )


def check_batch(
    queries: Sequence[str], documents_lists: Sequence[Iterable[str | Document]]
) -> list[tuple[str, tuple[Document, ...]]]:
    """Queries paired with their documents. Raises as `compress_batch` says."""
    if isinstance(queries, str):
        raise TypeError(f"queries must be a list of strings, got the string {queries!r}")
    queries, documents_lists = list(queries), list(documents_lists)
    if len(queries) != len(documents_lists):
        raise ValueError(
            f"got {len(queries)} queries but {len(documents_lists)} document lists: "
            "give one list of documents per query"
        )
    alone = len(queries) == 1
    return [
        (
            check_query(query, "query" if alone else f"queries[{number}]"),
            as_documents(documents, "documents" if alone else f"documents_lists[{number}]"),
        )
        for number, (query, documents) in enumerate(zip(queries, documents_lists, strict=True))
    ]


def _check_expand(expand: object) -> tuple[int, int]:
    if (
        not isinstance(expand, (tuple, list))
        or len(expand) != 2
        or not all(isinstance(n, int) and not isinstance(n, bool) and n >= 0 for n in expand)
    ):
        raise ValueError(f"expand must be (before, after), two whole numbers ≥ 0, got {expand!r}")
    return (expand[0], expand[1])
