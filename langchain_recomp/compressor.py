"""The document compressor: its settings, and what it promises."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Annotated, Any

from langchain_core.callbacks import Callbacks
from langchain_core.documents import BaseDocumentCompressor, Document
from langchain_core.embeddings import Embeddings
from langchain_core.runnables import Runnable
from pydantic import ConfigDict, Field, PrivateAttr, model_validator
from typing_extensions import Self

from recomp_core.integration import (
    ADAPTER_SETTINGS,
    COMPRESSOR_SETTINGS,
    CONCURRENT,
    SUMMARY_SETTINGS,
    AdapterSettings,
    Setting,
    compressor_from_encoder,
    compressor_from_summarizer,
    declaration,
    pop_settings,
    resolve_compressor,
    with_timeout,
)

from .chat_model import summarizer_from_chat_model
from .embeddings import EmbeddingsEncoder
from .runnables import CompressionInput, CompressionRunnable, TextRunnable


@declaration
class LangChainSettings(AdapterSettings):
    """The settings that only this adapter has."""

    merge: Annotated[
        bool, Setting("One document for all instead of one per source.", in_command=False)
    ] = False


# The fields that shape what comes out of a compression; all others describe the compressor.
_BEHAVIOUR = ("merge", *ADAPTER_SETTINGS)


class RecompDocumentCompressor(LangChainSettings, BaseDocumentCompressor):
    """Keeps of the retrieved documents what helps the query, or sums it up: RECOMP for LangChain.

        RecompDocumentCompressor()                                    # offline, the two best
        RecompDocumentCompressor(top_k=5, min_score=0.3)              # may keep nothing
        RecompDocumentCompressor(model="fangyuan/nq_abstractive_compressor")
        RecompDocumentCompressor.from_chat_model(chat_model)          # which writes the summary
        RecompDocumentCompressor(compressor=load_compressor(...))     # any of the core

    Comes out: one document per source document that kept something, in the order of the input,
    with its id, a deep copy of its metadata (a value that can't be copied is shared), and

        metadata["relevance_score"]   the best score among the kept sentences, a float
        metadata["recomp"]            {"outcome": "compressed", "index": its position in the input,
                                       "spans": [[start, end], …], "scores": […]}

    where spans are offsets into the source's `page_content`, and "reason" says why if a gate
    refused a summary and sentences were kept instead. With `merge=True` one document in all,
    without an id, whose `metadata["recomp"]` is

        {"outcome", "sources": [{"index", "id", "metadata", "spans", "scores"}, …]}

    A text that was written anew is one such document too. Spans and scores are then of the
    sentences that were picked for the summarizer, if any, and beside them stand

        "truncated"   whether the last source was cut to fit
        "reason"      what a gate had to say, or ""
        "support"     for each sentence of the text what the sources say to it: {"text", "start",
                      "end", "supported", "unsupported": numbers and names that no source has,
                      "sources": [{"index", "id", "start", "end", "score", "text"}, …]}

    Nothing relevant, nothing given, or a summary that a gate kept back: `[]`. The input stays
    untouched.

    Settings are checked and the model is loaded here: raises pydantic's `ValidationError` (a
    `ValueError`) or `TypeError` for settings that cannot work, `recomp_core.ModelLoadError` for a
    model that is not there, whatever `on_error` says. `model_dump()` has every setting but
    `compressor`.
    """

    model_config = ConfigDict(
        arbitrary_types_allowed=True, extra="forbid", frozen=True, protected_namespaces=()
    )

    compressor: Any = Field(default=None, exclude=True, repr=False)
    """A ready compressor of the core, instead of all settings that describe one."""

    _timed: Any = PrivateAttr()

    @classmethod
    def from_pretrained(
        cls, name: str | os.PathLike[str], *, top_k: int | None = None, **settings: Any
    ) -> Self:
        """The compressor around the model `name`, a hub name or a folder."""
        return cls(model=name, top_k=top_k, **settings)

    @classmethod
    def from_embeddings(cls, embeddings: Embeddings, **settings: Any) -> Self:
        """The compressor around a LangChain embedding model.

        settings: those fields that are not about loading a model. `context` is "title" or
        "sentence", `similarity_fn_name` "cosine" unless given, and `max_tokens` needs `tokenizer`.
        Also `batching`, see `recomp_core.runtime.batching`: by default each asynchronous call has a
        thread, as most such models wait for an endpoint. `Batching()` has them share batches, which
        suits a model on this machine.
        """
        behaviour = pop_settings(settings, _BEHAVIOUR)
        settings.setdefault("batching", CONCURRENT)
        compressor = compressor_from_encoder(EmbeddingsEncoder(embeddings), **settings)
        return cls(compressor=compressor, **behaviour)

    @classmethod
    def from_chat_model(cls, chat_model: Runnable[Any, Any], **settings: Any) -> Self:
        """The compressor around a LangChain chat model, which writes the summary.

        settings: those of `summarizer_from_chat_model` and of `recomp_core.AbstractiveCompressor`,
        `extract_tokens`, and those fields that shape what comes out.
        """
        behaviour, own = (
            pop_settings(settings, _BEHAVIOUR),
            pop_settings(settings, SUMMARY_SETTINGS),
        )
        summarizer = summarizer_from_chat_model(chat_model, **settings)
        return cls(compressor=compressor_from_summarizer(summarizer, **own), **behaviour)

    @model_validator(mode="after")
    def _load(self) -> Self:
        settings = {name: getattr(self, name) for name in COMPRESSOR_SETTINGS}
        # The instance is frozen: a setting changed later would change nothing.
        object.__setattr__(self, "compressor", resolve_compressor(self.compressor, settings))
        self._timed = with_timeout(self.compressor, self.timeout_s)
        return self

    @property
    def timed(self) -> Any:
        """The compressor, held to `timeout_s`."""
        return self._timed

    def compress_documents(
        self, documents: Sequence[Document], query: str, callbacks: Callbacks | None = None
    ) -> list[Document]:
        """Compress the documents retrieved for `query`, in a traced run of its own."""
        given = CompressionInput(documents=documents, query=query)
        return self.as_runnable().invoke(given, {"callbacks": callbacks})

    async def acompress_documents(
        self, documents: Sequence[Document], query: str, callbacks: Callbacks | None = None
    ) -> list[Document]:
        """`compress_documents` without blocking the event loop."""
        given = CompressionInput(documents=documents, query=query)
        return await self.as_runnable().ainvoke(given, {"callbacks": callbacks})

    def as_runnable(self) -> Runnable[CompressionInput, list[Document]]:
        """This compressor as a part of chains: `{"documents": [...], "query": "..."}` to documents.

        `batch` and `abatch` compress for all queries in one call.
        """
        return CompressionRunnable(self)

    def as_text_runnable(self) -> Runnable[CompressionInput, str]:
        """The same to the compressed text, "" for nothing.

        `stream` and `astream` give it in pieces as it is written, where the compressor can stream.
        With `on_error="passthrough"` the documents' texts stand in for it, on a new line if pieces
        of it are out already.
        """
        return TextRunnable(self)
