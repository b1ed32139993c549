"""Puts a time limit on any compressor."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, Protocol, TypeVar, cast

from ..protocols import Compressor
from ..text.joining import Layout, is_blank
from ..types import Compression, Document, Outcome, ScoredSentence, assemble, check_batch
from .batching import CONCURRENT, MicroBatcher, run_each
from .deadline import Deadline, check_timeout
from .tracing import traced

_Inputs = Sequence[tuple[str, tuple[Document, ...]]]
_Result = TypeVar("_Result")


class _LimitedCompressor(Compressor, Protocol):
    """A compressor that keeps a time limit by itself, as the extractive one does."""

    def compress(
        self, query: str, documents: Iterable[str | Document], *, timeout_s: float | None = None
    ) -> Compression: ...

    def compress_batch(
        self,
        queries: Sequence[str],
        documents_lists: Sequence[Iterable[str | Document]],
        *,
        timeout_s: float | None = None,
    ) -> list[Compression]: ...

    async def acompress(
        self, query: str, documents: Iterable[str | Document], *, timeout_s: float | None = None
    ) -> Compression: ...

    async def acompress_batch(
        self,
        queries: Sequence[str],
        documents_lists: Sequence[Iterable[str | Document]],
        *,
        timeout_s: float | None = None,
    ) -> list[Compression]: ...


class TimedCompressor:
    """A compressor whose calls take at most `timeout_s` seconds.

    A compressor whose methods take `timeout_s`, such as the extractive one, gets the limit and
    returns its best result in time. Any other compressor is stopped: after the limit the call
    returns the documents unchanged, with `Outcome.TIMED_OUT`. An asynchronous call is then
    cancelled. A synchronous one continues in its thread and its result is ignored; at most 32 calls
    do so at a time, and further calls get their documents back in time too.

    Streams have no limit, because a caller can't return the pieces that it has read. All other
    attributes, such as `layout` and `stream`, are those of the compressor.

    Attributes:
        compressor: The compressor.
        timeout_s: The limit, in seconds.

    Args:
        compressor: Any compressor.
        timeout_s: The limit, in seconds.

    Raises:
        ValueError: `timeout_s` is not a positive, finite number.
    """

    def __init__(self, compressor: Compressor, timeout_s: float) -> None:
        checked = check_timeout(timeout_s)
        if checked is None:
            raise ValueError(
                f"timeout_s must be finite, got {timeout_s!r}: without a limit, use the compressor "
                "itself"
            )
        self.compressor = compressor
        self.timeout_s = checked
        self._limited = _as_limited(compressor)
        self._threads = MicroBatcher(CONCURRENT)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name == "compressor":
            raise AttributeError(name)
        return getattr(self.compressor, name)

    def compress(self, query: str, documents: Iterable[str | Document]) -> Compression:
        """Compress the documents retrieved for one query.

        Args:
            query: The query.
            documents: Its documents.

        Returns:
            The compression; the documents unchanged if the time passed first.
        """
        if self._limited is not None:
            return self._limited.compress(query, documents, timeout_s=self.timeout_s)
        inputs = check_batch([query], [documents])
        return self._within(lambda: [self.compressor.compress(*inputs[0])], inputs)[0]

    def compress_batch(
        self, queries: Sequence[str], documents_lists: Sequence[Iterable[str | Document]]
    ) -> list[Compression]:
        """Compress the documents of many queries; the limit applies to the whole call.

        Args:
            queries: The queries.
            documents_lists: One list of documents per query.

        Returns:
            One compression per query, in order; the documents unchanged if the time passed first.
        """
        if self._limited is not None:
            return self._limited.compress_batch(queries, documents_lists, timeout_s=self.timeout_s)
        inputs = check_batch(queries, documents_lists)
        return self._within(lambda: self.compressor.compress_batch(*_columns(inputs)), inputs)

    async def acompress(self, query: str, documents: Iterable[str | Document]) -> Compression:
        """Compress as `compress` does, without blocking the event loop.

        Args:
            query: The query.
            documents: Its documents.

        Returns:
            The compression; the documents unchanged if the time passed first.
        """
        if self._limited is not None:
            return await self._limited.acompress(query, documents, timeout_s=self.timeout_s)
        inputs = check_batch([query], [documents])
        found = await self._awithin(self.compressor.acompress(*inputs[0]), inputs)
        return found if isinstance(found, Compression) else found[0]

    async def acompress_batch(
        self, queries: Sequence[str], documents_lists: Sequence[Iterable[str | Document]]
    ) -> list[Compression]:
        """Compress as `compress_batch` does, without blocking the event loop.

        Args:
            queries: The queries.
            documents_lists: One list of documents per query.

        Returns:
            One compression per query, in order; the documents unchanged if the time passed first.
        """
        if self._limited is not None:
            return await self._limited.acompress_batch(
                queries, documents_lists, timeout_s=self.timeout_s
            )
        inputs = check_batch(queries, documents_lists)
        return await self._awithin(self.compressor.acompress_batch(*_columns(inputs)), inputs)

    @traced
    def _within(
        self, compress: Callable[[], list[Compression]], inputs: _Inputs
    ) -> list[Compression]:
        deadline = Deadline(self.timeout_s)
        with self._threads.submit(run_each, [compress], [0]) as call:
            if not call.wait(deadline.left):
                return self._instead(inputs)
            result: list[Compression] | BaseException = call.results[0]
        if isinstance(result, BaseException):
            raise result
        return result

    @traced
    async def _awithin(
        self, compressing: Awaitable[_Result], inputs: _Inputs
    ) -> _Result | list[Compression]:
        # Not `asyncio.wait_for`, which waits until the cancelled task has ended.
        task = asyncio.ensure_future(compressing)
        try:
            done, _ = await asyncio.wait([task], timeout=self.timeout_s)
        except asyncio.CancelledError:
            task.cancel()
            raise
        if done:
            return task.result()
        task.add_done_callback(_ignore_end)
        task.cancel()
        return self._instead(inputs)

    def _instead(self, inputs: _Inputs) -> list[Compression]:
        layout = getattr(self.compressor, "layout", None)
        return [
            unchanged_documents(
                query,
                documents,
                f"{self.timeout_s:g} s had passed; the documents come as they are",
                layout if isinstance(layout, Layout) else Layout(),
            )
            for query, documents in inputs
        ]


def with_timeout(compressor: Compressor, timeout_s: float | None) -> Compressor:
    """Put a time limit on a compressor.

    Args:
        compressor: Any compressor.
        timeout_s: The limit, in seconds; None and infinity stand for no limit.

    Returns:
        A `TimedCompressor`; the compressor itself without a limit.

    Raises:
        ValueError: `timeout_s` is not a positive number.
    """
    if check_timeout(timeout_s) is None or timeout_s is None:
        return compressor
    return TimedCompressor(compressor, timeout_s)


def _as_limited(compressor: Compressor) -> _LimitedCompressor | None:
    """The compressor itself, if all of its methods take `timeout_s`."""
    methods: tuple[Callable[..., object], ...] = (
        compressor.compress,
        compressor.compress_batch,
        compressor.acompress,
        compressor.acompress_batch,
    )
    if all("timeout_s" in inspect.signature(method).parameters for method in methods):
        return cast("_LimitedCompressor", compressor)
    return None


def _columns(inputs: _Inputs) -> tuple[list[str], list[tuple[Document, ...]]]:
    return [query for query, _ in inputs], [documents for _, documents in inputs]


def _ignore_end(task: asyncio.Future[Any]) -> None:
    """Retrieve the exception of an abandoned task, so that asyncio does not warn about it."""
    if not task.cancelled():
        task.exception()


def unchanged_documents(
    query: str, documents: tuple[Document, ...], reason: str, layout: Layout
) -> Compression:
    """Build a compression that keeps all documents, each as one sentence with the score 0.0.

    Args:
        query: The query.
        documents: Its documents.
        reason: Why they are not compressed, in words.
        layout: The strings that join the documents.

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
