"""A retriever that compresses what another one finds, for those who have only langchain-core."""

from __future__ import annotations

from typing import Any

from langchain_core.callbacks import (
    AsyncCallbackManagerForRetrieverRun,
    CallbackManagerForRetrieverRun,
)
from langchain_core.documents import BaseDocumentCompressor, Document
from langchain_core.retrievers import BaseRetriever, RetrieverLike
from pydantic import ConfigDict


class RecompRetriever(BaseRetriever):
    """Retrieves with `base_retriever`, then compresses for the same query with `compressor`.

    Further arguments of `invoke` (`k=5`) go on to `base_retriever`. It does the same as
    langchain-classic's `ContextualCompressionRetriever`.

    Attributes:
        base_retriever: Any retriever, or a Runnable from a query to documents.
        compressor: A `RecompDocumentCompressor`, or any other document compressor.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True, extra="forbid")

    base_retriever: RetrieverLike
    compressor: BaseDocumentCompressor

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun, **kwargs: Any
    ) -> list[Document]:
        found = self.base_retriever.invoke(query, {"callbacks": run_manager.get_child()}, **kwargs)
        if not found:
            return []
        return list(
            self.compressor.compress_documents(found, query, callbacks=run_manager.get_child())
        )

    async def _aget_relevant_documents(
        self, query: str, *, run_manager: AsyncCallbackManagerForRetrieverRun, **kwargs: Any
    ) -> list[Document]:
        found = await self.base_retriever.ainvoke(
            query, {"callbacks": run_manager.get_child()}, **kwargs
        )
        if not found:
            return []
        return list(
            await self.compressor.acompress_documents(
                found, query, callbacks=run_manager.get_child()
            )
        )
