"""A retriever that compresses what another one finds, for those who have only langchain-core."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from langchain_core.callbacks import (
    AsyncCallbackManagerForRetrieverRun,
    CallbackManagerForRetrieverRun,
)
from langchain_core.documents import BaseDocumentCompressor, Document
from langchain_core.retrievers import BaseRetriever, RetrieverLike
from pydantic import ConfigDict, model_validator
from typing_extensions import Self

from .compressor import RecompDocumentCompressor
from .runnables import CallLimits


class RecompRetriever(CallLimits, BaseRetriever):
    """Retrieves with `base_retriever`, then compresses for the same query with `compressor`.

        retriever = RecompRetriever(base_retriever=store.as_retriever(), compressor=compressor)
        retriever = retriever.configurable_fields(top_k=ConfigurableField(id="top_k"))
        retriever.invoke("who built the tower?", {"configurable": {"top_k": 1}})

    Further arguments of `invoke` (`k=5`) go on to `base_retriever`. It does the same as
    langchain-classic's `ContextualCompressionRetriever`, and limits can be set for each call.

    Attributes:
        base_retriever: Any retriever, or a Runnable from a query to documents.
        compressor: A `RecompDocumentCompressor`, or any other document compressor.

    Raises:
        ValidationError: A limit is given for another compressor, or a setting is unknown
            (pydantic's error, a `ValueError`).
    """

    model_config = ConfigDict(arbitrary_types_allowed=True, extra="forbid")

    base_retriever: RetrieverLike
    compressor: BaseDocumentCompressor

    @model_validator(mode="after")
    def _check_limits(self) -> Self:
        limits = [name for name in CallLimits.model_fields if getattr(self, name) is not None]
        if limits and not isinstance(self.compressor, RecompDocumentCompressor):
            raise ValueError(
                f"{', '.join(limits)}: not for {type(self.compressor).__name__}, but for a "
                "RecompDocumentCompressor"
            )
        self.limited(self.compressor)
        return self

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:  # noqa: ARG002
        """Copy the retriever with other fields.

        Args:
            update: The fields that change.
            deep: Has no effect: the retriever and the compressor within are shared.

        Returns:
            The copy, checked as a new retriever is.

        Raises:
            ValidationError: A field is unknown or can't have its value.
        """
        return type(self)(**{**dict(self), **dict(update or {})})

    @classmethod
    def is_lc_serializable(cls) -> bool:
        """Whether `langchain_core.load` can write it down: yes, if it can its two parts."""
        return True

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun, **kwargs: Any
    ) -> list[Document]:
        found = self.base_retriever.invoke(query, {"callbacks": run_manager.get_child()}, **kwargs)
        if not found:
            return []
        compressor = self.limited(self.compressor)
        return list(compressor.compress_documents(found, query, callbacks=run_manager.get_child()))

    async def _aget_relevant_documents(
        self, query: str, *, run_manager: AsyncCallbackManagerForRetrieverRun, **kwargs: Any
    ) -> list[Document]:
        found = await self.base_retriever.ainvoke(
            query, {"callbacks": run_manager.get_child()}, **kwargs
        )
        if not found:
            return []
        compressor = self.limited(self.compressor)
        return list(
            await compressor.acompress_documents(found, query, callbacks=run_manager.get_child())
        )
