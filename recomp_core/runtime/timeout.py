"""Any compressor with a deadline: an answer in time, whatever it is."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

from ..text.joining import Layout, is_blank
from ..types import Compression, Document, Outcome, ScoredSentence, assemble, check_batch
from .batching import CONCURRENT, MicroBatcher
from .deadline import Deadline, check_timeout

_Inputs = Sequence[tuple[str, tuple[Document, ...]]]


class TimedCompressor:
    """A compressor whose calls take at most `timeout_s` seconds.

    One that knows limits itself (its methods take `timeout_s`, as the extractive compressor's do)
    is told of it and gives the best that it has by then. Of any other the answer, when the time is
    over, is the documents as they are, `Outcome.TIMED_OUT`. An asynchronous call is then cancelled;
    a synchronous one goes on in its thread until it ends by itself, unheard. At most 32 do so at a
    time: those that come while all are stuck get their documents back in time, too.

    Streams have no limit: what has been read can't be taken back.

    Raises `ValueError` unless `timeout_s` is a positive number, and whatever the compressor raises
    in time.
    """

    def __init__(self, compressor: Any, timeout_s: float) -> None:
        checked = check_timeout(timeout_s)
        if checked is None:
            raise ValueError(f"timeout_s must be finite, got {timeout_s!r}: use the compressor")
        self.compressor = compressor
        self.timeout_s = checked
        self._knows_limits = all(
            "timeout_s" in inspect.signature(method).parameters
            for method in (
                compressor.compress, compressor.compress_batch,
                compressor.acompress, compressor.acompress_batch,
            )
        )  # fmt: skip
        self._threads = MicroBatcher(CONCURRENT)

    def __getattr__(self, name: str) -> Any:
        """What is not about time is the compressor's own: `layout`, `stream`."""
        if name.startswith("_") or name == "compressor":
            raise AttributeError(name)
        return getattr(self.compressor, name)

    def compress(self, query: str, documents: Iterable[str | Document]) -> Compression:
        """Compress the documents retrieved for one query."""
        if self._knows_limits:
            return self.compressor.compress(query, documents, timeout_s=self.timeout_s)
        inputs = check_batch([query], [documents])
        return self._within(lambda: [self.compressor.compress(*inputs[0])], inputs)[0]

    def compress_batch(
        self, queries: Sequence[str], documents_lists: Sequence[Iterable[str | Document]]
    ) -> list[Compression]:
        """Compress many queries' documents; the limit is for all of them together."""
        if self._knows_limits:
            return self.compressor.compress_batch(
                queries, documents_lists, timeout_s=self.timeout_s
            )
        inputs = check_batch(queries, documents_lists)
        return self._within(lambda: self.compressor.compress_batch(*_columns(inputs)), inputs)

    async def acompress(self, query: str, documents: Iterable[str | Document]) -> Compression:
        """`compress` without blocking the event loop."""
        if self._knows_limits:
            return await self.compressor.acompress(query, documents, timeout_s=self.timeout_s)
        inputs = check_batch([query], [documents])
        found = await self._awithin(self.compressor.acompress(*inputs[0]), inputs)
        return found if isinstance(found, Compression) else found[0]

    async def acompress_batch(
        self, queries: Sequence[str], documents_lists: Sequence[Iterable[str | Document]]
    ) -> list[Compression]:
        """`compress_batch` without blocking the event loop."""
        if self._knows_limits:
            return await self.compressor.acompress_batch(
                queries, documents_lists, timeout_s=self.timeout_s
            )
        inputs = check_batch(queries, documents_lists)
        return await self._awithin(self.compressor.acompress_batch(*_columns(inputs)), inputs)

    def _within(
        self, compress: Callable[[], list[Compression]], inputs: _Inputs
    ) -> list[Compression]:
        deadline = Deadline(self.timeout_s)
        with self._threads.submit(_run_each, [compress], [0]) as call:
            if not call.wait(deadline.left):
                return self._instead(inputs)
            (result,) = call.results
        if isinstance(result, BaseException):
            raise result
        return result

    async def _awithin(self, compressing: Awaitable[Any], inputs: _Inputs) -> Any:
        # Not `asyncio.wait_for`, which waits until the cancelled task agrees.
        task = asyncio.ensure_future(compressing)
        try:
            done, _ = await asyncio.wait([task], timeout=self.timeout_s)
        except asyncio.CancelledError:
            task.cancel()
            raise
        if done:
            return task.result()
        task.add_done_callback(_hear)
        task.cancel()
        return self._instead(inputs)

    def _instead(self, inputs: _Inputs) -> list[Compression]:
        layout = getattr(self.compressor, "layout", None)
        return [
            as_they_are(
                query,
                documents,
                f"{self.timeout_s:g} s had passed; the documents come as they are",
                layout if isinstance(layout, Layout) else Layout(),
            )
            for query, documents in inputs
        ]


def with_timeout(compressor: Any, timeout_s: float | None) -> Any:
    """The compressor with a limit, or itself where `timeout_s` is None. Raises `ValueError`."""
    if check_timeout(timeout_s) is None or timeout_s is None:
        return compressor
    return TimedCompressor(compressor, timeout_s)


def _columns(inputs: _Inputs) -> tuple[list[str], list[tuple[Document, ...]]]:
    return [query for query, _ in inputs], [documents for _, documents in inputs]


def _run_each(functions: Sequence[Callable[[], Any]]) -> list[Any]:
    return [function() for function in functions]


def _hear(task: asyncio.Future[Any]) -> None:
    """Take note of how an abandoned task ended, so that nobody is warned of it."""
    if not task.cancelled():
        task.exception()


def as_they_are(
    query: str, documents: tuple[Document, ...], reason: str, layout: Layout
) -> Compression:
    """The documents themselves, each as one sentence with the score 0.0.

    Args:
        query: What the documents were retrieved for.
        documents: Those that nobody had time to compress.
        reason: Why, in words.
        layout: What joins the documents.

    Returns:
        A compression with `Outcome.TIMED_OUT`; `Outcome.NOTHING_GIVEN` if all documents are blank.
    """
    kept = tuple(
        ScoredSentence(document.text, number, 0, len(document.text), 0.0)
        for number, document in enumerate(documents)
        if not is_blank(document.text)
    )
    return Compression(
        query=query,
        documents=documents,
        text=assemble(documents, kept, layout),
        kept=kept,
        dropped=(),
        sources=tuple(sentence.doc_index for sentence in kept),
        outcome=Outcome.TIMED_OUT if kept else Outcome.NOTHING_GIVEN,
        layout=layout,
        reason=reason if kept else "",
    )
