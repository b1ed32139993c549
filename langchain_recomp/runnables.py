"""The Runnables that do a `RecompDocumentCompressor`'s work, each call in a run of its own."""

from __future__ import annotations

import logging
from abc import abstractmethod
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, Literal, Protocol

from langchain_core.documents import Document
from langchain_core.runnables import RunnableConfig, RunnableSerializable
from langchain_core.runnables.config import var_child_runnable_config
from langchain_core.runnables.utils import Input, Output
from pydantic import BaseModel, ConfigDict, PrivateAttr, model_validator
from typing_extensions import Self, TypedDict

from recomp_core import BatchError, Compression
from recomp_core import Document as CoreDocument
from recomp_core.integration import Layout

from .documents import check_input, from_compression, passed_through, to_core

logger = logging.getLogger(__name__)


class CompressionInput(TypedDict):
    """What the runnable forms of `RecompDocumentCompressor` take.

    Attributes:
        documents: What a retriever found.
        query: What it was retrieved for.
    """

    documents: Sequence[Document]
    query: str


class Adapter(Protocol):
    """What the runnables need of a `RecompDocumentCompressor`."""

    @property
    def compressor(self) -> Any:
        """A compressor of the core; it may have `stream` and `astream`."""

    @property
    def timed(self) -> Any:
        """The same compressor, held to a time limit."""

    @property
    def title_key(self) -> str | None:
        """The metadata key of a document's title."""

    @property
    def metadata_key(self) -> str:
        """The metadata key of what the compressor reports."""

    @property
    def keep_empty(self) -> bool:
        """Whether documents that kept nothing come out too."""

    @property
    def merge(self) -> bool:
        """Whether one document comes out for all."""

    @property
    def flat_metadata(self) -> bool:
        """Whether what the compressor reports is strings and numbers under keys of their own."""

    @property
    def on_error(self) -> Literal["raise", "passthrough"]:
        """What happens when compressing fails."""


class CallLimits(BaseModel):
    """How much is kept, to be set anew for each call; None for what the compressor keeps.

    Attributes:
        top_k: At most this many sentences.
        top_p: The fewest sentences with this much of the probability.
        min_score: Sentences with at least this score.
        max_tokens: At most this many tokens.
    """

    top_k: int | None = None
    top_p: float | None = None
    min_score: float | None = None
    max_tokens: int | None = None

    def limited(self, compressor: Any) -> Any:
        """Give the compressor these limits.

        Args:
            compressor: A `RecompDocumentCompressor`; it is not changed.

        Returns:
            A copy; the compressor itself without limits.
        """
        limits = {name: getattr(self, name) for name in CallLimits.model_fields}
        given = {name: value for name, value in limits.items() if value is not None}
        return compressor.model_copy(update=given) if given else compressor


class _Compressing(RunnableSerializable[Input, Output], CallLimits):
    """What all forms have in common."""

    model_config = ConfigDict(arbitrary_types_allowed=True, extra="forbid", frozen=True)

    compressor: Any

    _adapter: Adapter = PrivateAttr()

    @model_validator(mode="after")
    def _limit(self) -> Self:
        self._adapter = self.limited(self.compressor)
        return self

    @property
    def adapter(self) -> Adapter:
        """The compressor with the limits of the call."""
        return self._adapter

    def get_name(self, suffix: str | None = None, *, name: str | None = None) -> str:
        """Name the runs after the compressor.

        Args:
            suffix: See `Runnable.get_name`.
            name: See `Runnable.get_name`.

        Returns:
            The name.
        """
        return super().get_name(suffix, name=name or self.name or type(self.compressor).__name__)

    @abstractmethod
    def _after(self, documents: list[Document], compression: Compression) -> Output:
        """What comes out."""

    @abstractmethod
    def _instead(self, documents: list[Document], error: Exception) -> Output:
        """What comes out when compressing failed and the documents are passed through."""

    def invoke(
        self,
        input: Input,  # noqa: A002 - the interface's name
        config: RunnableConfig | None = None,
        **kwargs: Any,
    ) -> Output:
        """Compress one query's documents.

        Args:
            input: `{"documents": [...], "query": "..."}`.
            config: The config of the run.
            **kwargs: Passed on to the run.

        Returns:
            The documents or the text.
        """
        # It does take the config alone, though its annotation does not say so.
        return self._call_with_config(self._compress, input, config, **kwargs)  # type: ignore[arg-type]

    async def ainvoke(
        self,
        input: Input,  # noqa: A002 - the interface's name
        config: RunnableConfig | None = None,
        **kwargs: Any,
    ) -> Output:
        """Do what `invoke` does without blocking the event loop.

        Args:
            input: As for `invoke`.
            config: The config of the run.
            **kwargs: Passed on to the run.

        Returns:
            As `invoke`.
        """
        return await self._acall_with_config(self._acompress, input, config, **kwargs)  # type: ignore[arg-type]

    def batch(
        self,
        inputs: list[Input],
        config: RunnableConfig | list[RunnableConfig] | None = None,
        *,
        return_exceptions: bool = False,
        **kwargs: Any,
    ) -> list[Output]:
        """Compress many queries' documents in one call, with a run for each.

        What the compressor calls for all of them, such as a chat model, is traced in the first.

        Args:
            inputs: One input per query.
            config: One config for all runs, or one for each.
            return_exceptions: Whether an error takes the place of its query's result.
            **kwargs: Passed on to the runs.

        Returns:
            One result per input, in order.
        """
        work = partial(self._compress_batch, isolate=self._isolates(return_exceptions))
        return self._batch_with_config(
            work, inputs, config, return_exceptions=return_exceptions, **kwargs
        )

    async def abatch(
        self,
        inputs: list[Input],
        config: RunnableConfig | list[RunnableConfig] | None = None,
        *,
        return_exceptions: bool = False,
        **kwargs: Any,
    ) -> list[Output]:
        """Do what `batch` does without blocking the event loop.

        Args:
            inputs: As for `batch`.
            config: As for `batch`.
            return_exceptions: As for `batch`.
            **kwargs: As for `batch`.

        Returns:
            As `batch`.
        """
        work = partial(self._acompress_batch, isolate=self._isolates(return_exceptions))
        return await self._abatch_with_config(
            work, inputs, config, return_exceptions=return_exceptions, **kwargs
        )

    def _compress(self, given: Input, config: RunnableConfig) -> Output:
        documents, query = check_input(given)
        result: Compression | Exception
        try:
            with _within(config):
                result = self.adapter.timed.compress(query, self._before(documents))
        except Exception as error:
            result = error
        return self._outcome(documents, result)

    async def _acompress(self, given: Input, config: RunnableConfig) -> Output:
        documents, query = check_input(given)
        result: Compression | Exception
        try:
            with _within(config):
                result = await self.adapter.timed.acompress(query, self._before(documents))
        except Exception as error:
            result = error
        return self._outcome(documents, result)

    # A batch that failed as a whole is done again one by one where the sound inputs are still
    # wanted. One that failed in part has its results with it: nothing is done, or paid, twice.

    def _compress_batch(
        self, inputs: list[Input], *, isolate: bool, config: list[RunnableConfig]
    ) -> list[Output | Exception]:
        try:
            documents, queries = self._columns(inputs)
            before = [self._before(one) for one in documents]
            with _within(config[0]):
                results = self.adapter.timed.compress_batch(queries, before)
        except BatchError as error:
            results = error.results
        except Exception:
            if not isolate:
                raise
            return [self._attempt(*pair) for pair in zip(inputs, config, strict=True)]
        return [self._settled(*pair) for pair in zip(documents, results, strict=True)]

    async def _acompress_batch(
        self, inputs: list[Input], *, isolate: bool, config: list[RunnableConfig]
    ) -> list[Output | Exception]:
        try:
            documents, queries = self._columns(inputs)
            before = [self._before(one) for one in documents]
            with _within(config[0]):
                results = await self.adapter.timed.acompress_batch(queries, before)
        except BatchError as error:
            results = error.results
        except Exception:
            if not isolate:
                raise
            return [await self._aattempt(*pair) for pair in zip(inputs, config, strict=True)]
        return [self._settled(*pair) for pair in zip(documents, results, strict=True)]

    def _attempt(self, given: Input, config: RunnableConfig) -> Output | Exception:
        try:
            return self._compress(given, config)
        except Exception as error:
            return error

    async def _aattempt(self, given: Input, config: RunnableConfig) -> Output | Exception:
        try:
            return await self._acompress(given, config)
        except Exception as error:
            return error

    def _settled(
        self, documents: list[Document], result: Compression | Exception
    ) -> Output | Exception:
        try:
            return self._outcome(documents, result)
        except Exception as error:
            return error

    def _outcome(self, documents: list[Document], result: Compression | Exception) -> Output:
        try:
            if isinstance(result, Exception):
                raise result
            return self._after(documents, result)
        except Exception as error:
            return self._on_error(documents, error)

    def _on_error(self, documents: list[Document], error: Exception) -> Output:
        if self.adapter.on_error == "raise":
            raise error
        logger.warning(
            "compressing %d documents failed: passing them through", len(documents), exc_info=error
        )
        return self._instead(documents, error)

    def _isolates(self, return_exceptions: bool) -> bool:
        return return_exceptions or self.adapter.on_error == "passthrough"

    def _columns(self, inputs: list[Input]) -> tuple[list[list[Document]], list[str]]:
        pairs = [check_input(given) for given in inputs]
        return [documents for documents, _ in pairs], [query for _, query in pairs]

    def _before(self, documents: list[Document]) -> list[CoreDocument]:
        return to_core(documents, self.adapter.title_key)


class CompressionRunnable(_Compressing[CompressionInput, list[Document]]):
    """Documents to documents, see `RecompDocumentCompressor.as_runnable`."""

    def _after(self, documents: list[Document], compression: Compression) -> list[Document]:
        adapter = self.adapter
        return from_compression(
            documents, compression, adapter.metadata_key, adapter.merge, adapter.flat_metadata,
            adapter.keep_empty,
        )  # fmt: skip

    def _instead(self, documents: list[Document], error: Exception) -> list[Document]:
        adapter = self.adapter
        return passed_through(documents, error, adapter.metadata_key, adapter.flat_metadata)


class ResultRunnable(_Compressing[CompressionInput, Compression]):
    """Documents to the compression itself; errors are raised, whatever `on_error` says."""

    def _after(self, documents: list[Document], compression: Compression) -> Compression:  # noqa: ARG002
        return compression

    def _on_error(self, documents: list[Document], error: Exception) -> Compression:  # noqa: ARG002
        raise error

    def _instead(self, documents: list[Document], error: Exception) -> Compression:  # noqa: ARG002
        raise error


class TextRunnable(_Compressing[CompressionInput, str]):
    """Documents to the compressed text, see `RecompDocumentCompressor.as_text_runnable`."""

    def _after(self, documents: list[Document], compression: Compression) -> str:  # noqa: ARG002
        return compression.text

    def _instead(self, documents: list[Document], error: Exception) -> str:  # noqa: ARG002
        return Layout().join(document.page_content for document in documents)

    def stream(
        self,
        input: CompressionInput,  # noqa: A002 - the interface's name
        config: RunnableConfig | None = None,
        **kwargs: Any,
    ) -> Iterator[str]:
        """Give the text in pieces as they are written, if the compressor can stream.

        Args:
            input: `{"documents": [...], "query": "..."}`.
            config: The config of the run.
            **kwargs: Passed on to the run.

        Yields:
            Pieces of the text; one piece, "", for nothing.
        """
        yield from self._transform_stream_with_config(iter([input]), self._pieces, config, **kwargs)

    async def astream(
        self,
        input: CompressionInput,  # noqa: A002 - the interface's name
        config: RunnableConfig | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[str]:
        """Do what `stream` does without blocking the event loop.

        Args:
            input: As for `stream`.
            config: The config of the run.
            **kwargs: Passed on to the run.

        Yields:
            As `stream`.
        """

        async def inputs() -> AsyncIterator[CompressionInput]:
            yield input

        async for piece in self._atransform_stream_with_config(
            inputs(), self._apieces, config, **kwargs
        ):
            yield piece

    # A chain needs at least one piece, an empty one if there is nothing else: what streams nothing
    # is missing in the prompt.

    def _pieces(self, inputs: Iterator[CompressionInput]) -> Iterator[str]:
        documents, query = check_input(next(inputs))
        begun = False
        try:
            for piece in self._stream(query, self._before(documents)):
                yield piece
                begun = True
            if not begun:
                yield ""
        except Exception as error:
            yield self._resumed(documents, error, begun)

    async def _apieces(self, inputs: AsyncIterator[CompressionInput]) -> AsyncIterator[str]:
        documents, query = check_input(await anext(inputs))
        begun = False
        try:
            async for piece in self._astream(query, self._before(documents)):
                yield piece
                begun = True
            if not begun:
                yield ""
        except Exception as error:
            yield self._resumed(documents, error, begun)

    def _stream(self, query: str, documents: list[CoreDocument]) -> Iterator[str]:
        compressor = self.adapter.compressor
        if hasattr(compressor, "stream"):
            yield from compressor.stream(query, documents)
        else:
            yield self.adapter.timed.compress(query, documents).text

    async def _astream(self, query: str, documents: list[CoreDocument]) -> AsyncIterator[str]:
        compressor = self.adapter.compressor
        if hasattr(compressor, "astream"):
            async for piece in compressor.astream(query, documents):
                yield piece
        else:
            yield (await self.adapter.timed.acompress(query, documents)).text

    def _resumed(self, documents: list[Document], error: Exception, begun: bool) -> str:
        """The documents' texts; on a new line if something was written that can't be taken back."""
        return ("\n" if begun else "") + self._on_error(documents, error)


@contextmanager
def _within(config: RunnableConfig) -> Iterator[None]:
    """Runs that begin meanwhile are children of the config's run."""
    token = var_child_runnable_config.set(config)
    try:
        yield
    finally:
        var_child_runnable_config.reset(token)
