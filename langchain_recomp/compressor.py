"""The document compressor and its settings."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from langchain_core.callbacks import Callbacks
from langchain_core.documents import BaseDocumentCompressor, Document
from langchain_core.embeddings import Embeddings
from langchain_core.load.serializable import (
    Serializable,
    SerializedConstructor,
    SerializedNotImplemented,
)
from langchain_core.runnables import Runnable, RunnableConfig, RunnableSerializable
from pydantic import ConfigDict, Field, PrivateAttr, model_validator
from typing_extensions import Self

from recomp_core import Dropped
from recomp_core.integration import (
    ADAPTER_SETTINGS,
    COMPRESSOR_SETTINGS,
    CONCURRENT,
    LIMITS,
    SUMMARY_SETTINGS,
    AdapterSettings,
    Setting,
    compressor_from_encoder,
    compressor_from_summarizer,
    declaration,
    pop_settings,
    resolve_compressor,
    with_limits,
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
    flat_metadata: Annotated[
        bool,
        Setting(
            "What the adapter has to say as strings and numbers, which all vector stores accept: "
            "recomp_outcome, recomp_index … instead of one recomp; lists as JSON.",
            in_command=False,
        ),
    ] = False


# The fields that shape what comes out of a compression; all others describe the compressor.
_BEHAVIOUR = ("merge", "flat_metadata", *ADAPTER_SETTINGS)


@dataclass(frozen=True)
class _Made:
    """A compressor of the core that belongs to settings; `given` if someone else made it."""

    compressor: Any
    given: bool


class RecompDocumentCompressor(LangChainSettings, BaseDocumentCompressor, Serializable):
    """Keeps the parts of retrieved documents that help the query, or summarizes them.

        RecompDocumentCompressor()                                    # offline, the two best
        RecompDocumentCompressor(top_k=5, min_score=0.3)              # may keep nothing
        RecompDocumentCompressor(model="fangyuan/nq_abstractive_compressor")
        RecompDocumentCompressor.from_chat_model(chat_model)          # which writes the summary
        RecompDocumentCompressor(compressor=load_compressor(...))     # any of the core

    `docs/settings.md` lists the settings, which the class inherits from
    `recomp_core.integration.AdapterSettings`.

    The result has one document per source document that kept something, in the order of the input,
    with its id, a deep copy of its metadata (a value that can't be copied is shared), and what is
    below. It is of the source's class, made anew without vectors of the old text, or a `Document`
    if the class does not take the new text or the metadata.

        metadata["relevance_score"]   the best score among the kept sentences, a float
        metadata["recomp"]            {"outcome": "compressed", "index": its position in the input,
                                       "spans": [[start, end], …], "scores": […]}

    With `recovery` there is also "handle", with which `read_dropped` returns what was dropped.

    Spans are offsets into the source's `page_content`, in characters. "reason" says why, if a gate
    refused a summary and sentences were kept instead. With `merge=True` the result is one document
    without an id, whose `metadata["recomp"]` is

        {"outcome", "sources": [{"index", "id", "metadata", "spans", "scores"}, …]}

    beside `source` and `page`, where all sources have the same. A summary is one such document too.
    Its spans and scores are those of the sentences that were picked for the summarizer, if any, and
    it also has

        "truncated"   whether the last source was cut to fit
        "reason"      what a gate reported, or ""
        "support"     for each sentence of the text what the sources say about it: {"text", "start",
                      "end", "supported", "unsupported": numbers and names that no source has,
                      "sources": [{"index", "id", "start", "end", "score", "text"}, …]}

    With `flat_metadata=True` each of these has a key of its own, `recomp_outcome` for one, and
    lists are JSON in a string: vector stores such as Chroma take nothing else.

    The result is `[]` if nothing is relevant, nothing was given, or a gate refused the summary.
    With `keep_empty=True` each document has its place in it, and one that kept nothing has no text.
    The input is never changed. `model_dump()` has every setting but `compressor`.

    Attributes:
        compressor: A ready compressor of the core, instead of all settings that describe one.

    Raises:
        ValidationError: A setting cannot work (pydantic's error, a `ValueError`).
        TypeError: A setting is of the wrong type.
        ModelLoadError: The model is not there. `on_error` changes none of these three.
    """

    model_config = ConfigDict(
        arbitrary_types_allowed=True, extra="forbid", frozen=True, protected_namespaces=()
    )

    compressor: Any = Field(default=None, exclude=True, repr=False)

    _timed: Any = PrivateAttr()
    _given: bool = PrivateAttr()

    @classmethod
    def from_pretrained(
        cls, name: str | os.PathLike[str], *, top_k: int | None = None, **settings: Any
    ) -> Self:
        """Make the compressor around a model.

        Args:
            name: A hub name or a folder, see `recomp_core.load_compressor`.
            top_k: How many sentences to keep.
            **settings: Any other field.

        Returns:
            The compressor, its model loaded.
        """
        return cls(model=name, top_k=top_k, **settings)

    @classmethod
    def from_embeddings(cls, embeddings: Embeddings, **settings: Any) -> Self:
        """Make the compressor around a LangChain embedding model.

        Args:
            embeddings: The model that encodes queries and sentences.
            **settings: The fields that do not load a model. `context` is "title" or "sentence",
                `similarity_fn_name` is "cosine" unless given, and `max_tokens` needs `tokenizer`.
                Also `batching`, see `recomp_core.Batching`: by default each asynchronous call has
                a thread, as most such models wait for an endpoint; with `Batching()` calls share
                batches, which suits a model on this machine.

        Returns:
            The compressor.
        """
        behaviour = pop_settings(settings, _BEHAVIOUR)
        settings.setdefault("batching", CONCURRENT)
        compressor = compressor_from_encoder(EmbeddingsEncoder(embeddings), **settings)
        return cls(compressor=compressor, **behaviour)

    @classmethod
    def from_chat_model(cls, chat_model: Runnable[Any, Any], **settings: Any) -> Self:
        """Make the compressor around a LangChain chat model, which writes the summary.

        Args:
            chat_model: The model to ask.
            **settings: Those of `summarizer_from_chat_model` and of
                `recomp_core.AbstractiveCompressor`, `extract_tokens`, and the fields that shape
                the result.

        Returns:
            The compressor.
        """
        behaviour = pop_settings(settings, _BEHAVIOUR)
        own = pop_settings(settings, SUMMARY_SETTINGS)
        summarizer = summarizer_from_chat_model(chat_model, **settings)
        return cls(compressor=compressor_from_summarizer(summarizer, **own), **behaviour)

    @model_validator(mode="after")
    def _load(self) -> Self:
        if isinstance(self.compressor, _Made):
            self._given, compressor = self.compressor.given, self.compressor.compressor
        else:
            settings = {name: getattr(self, name) for name in COMPRESSOR_SETTINGS}
            self._given = self.compressor is not None
            compressor = resolve_compressor(self.compressor, settings)
        # The instance is frozen: a setting changed later would change nothing.
        object.__setattr__(self, "compressor", compressor)
        self._timed = with_timeout(compressor, self.timeout_s)
        return self

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:  # noqa: ARG002
        """Copy the compressor with other settings.

        The model is shared where only limits change, or what comes out; it is loaded anew where
        another setting that describes the compressor changes.

        Args:
            update: The settings that change.
            deep: Has no effect: settings can't be changed, and the model is shared.

        Returns:
            The copy, checked as a new compressor is.

        Raises:
            ValueError: A setting is unknown, can't work, or belongs to the compressor that was
                given as `compressor`.
        """
        changes, fields = dict(update or {}), type(self).model_fields
        if unknown := [name for name in changes if name not in fields]:
            raise ValueError(
                f"{type(self).__name__} has no setting {', '.join(map(repr, unknown))}: it has "
                f"{', '.join(fields)}"
            )
        settings = {name: getattr(self, name) for name in fields if name != "compressor"}
        if "compressor" in changes:
            kept = {name: v for name, v in settings.items() if name not in COMPRESSOR_SETTINGS}
            return type(self)(**{**kept, **changes})
        described = [name for name in changes if name in COMPRESSOR_SETTINGS]
        if rebuilt := [name for name in described if name not in LIMITS]:
            if self._given:
                raise ValueError(
                    f"{', '.join(rebuilt)}: a setting of the compressor that was given as "
                    "compressor=: make another one and give that"
                )
            return type(self)(**{**settings, **changes})
        compressor, every = self.compressor, {**settings, **changes}
        if described:
            names = (*LIMITS, "local_files_only")
            compressor = with_limits(compressor, **{name: every[name] for name in names})
        return type(self)(**every, compressor=_Made(compressor, self._given))

    def copy(self, *, update: Mapping[str, Any] | None = None, **kwargs: Any) -> Self:  # noqa: ARG002
        """Copy the compressor, see `model_copy`; pydantic's older name of it."""
        return self.model_copy(update=update)

    @classmethod
    def is_lc_serializable(cls) -> bool:
        """Whether `langchain_core.load` can write it down: yes, by its settings."""
        return True

    def to_json(self) -> SerializedConstructor | SerializedNotImplemented:
        """Write the settings down, for `langchain_core.load.dumps`.

        Returns:
            The settings; what `loads` refuses, if the compressor was given as `compressor`.
        """
        return self.to_json_not_implemented() if self._given else super().to_json()

    def __call__(
        self, given: CompressionInput, config: RunnableConfig | None = None
    ) -> list[Document]:
        """Compress in a chain, `… | compressor`, as `as_runnable` does.

        Args:
            given: `{"documents": [...], "query": "..."}`.
            config: The config of the run.

        Returns:
            New documents.
        """
        return self.as_runnable().invoke(given, config)

    @property
    def timed(self) -> Any:
        """The compressor with the limit `timeout_s`."""
        return self._timed

    def compress_documents(
        self, documents: Sequence[Document], query: str, callbacks: Callbacks | None = None
    ) -> list[Document]:
        """Compress the documents retrieved for a query, in a traced run of its own.

        Args:
            documents: What a retriever found; it is not changed.
            query: What it was retrieved for.
            callbacks: Handlers of the run.

        Returns:
            New documents, see the class; `[]` if nothing helps.
        """
        given = CompressionInput(documents=documents, query=query)
        return self.as_runnable().invoke(given, {"callbacks": callbacks})

    async def acompress_documents(
        self, documents: Sequence[Document], query: str, callbacks: Callbacks | None = None
    ) -> list[Document]:
        """Do what `compress_documents` does without blocking the event loop.

        Args:
            documents: As for `compress_documents`.
            query: As for `compress_documents`.
            callbacks: As for `compress_documents`.

        Returns:
            As `compress_documents`.
        """
        given = CompressionInput(documents=documents, query=query)
        return await self.as_runnable().ainvoke(given, {"callbacks": callbacks})

    def read_dropped(
        self, handle: str, query: str | None = None, *, max_tokens: int | None = None
    ) -> Dropped:
        """Read what a call left out, by the handle in the metadata that it returned.

        Args:
            handle: The value under "handle" of what the metadata say of the call.
            query: What to look for, see `recomp_core.DroppedTexts.read_dropped`.
            max_tokens: The most tokens of the text, estimated.

        Returns:
            The sentences; `found` is False for a handle under which nothing is kept (any longer).

        Raises:
            ValueError: The compressor was made without `recovery`, or `max_tokens` is less than 1.
        """
        found: Dropped = self.compressor.read_dropped(handle, query, max_tokens=max_tokens)
        return found

    def as_runnable(self) -> RunnableSerializable[CompressionInput, list[Document]]:
        """Make a part for chains: from `{"documents": [...], "query": "..."}` to documents.

            part = compressor.as_runnable().configurable_fields(top_k=ConfigurableField(id="top_k"))
            part.invoke({...}, {"configurable": {"top_k": 1}})

        Returns:
            A runnable whose `batch` and `abatch` compress for all queries in one call. `top_k`,
            `top_p`, `min_score` and `max_tokens` are its fields, to be made configurable.
        """
        return CompressionRunnable(compressor=self)

    def as_text_runnable(self) -> RunnableSerializable[CompressionInput, str]:
        """Make a part for chains: from `{"documents": [...], "query": "..."}` to the text.

        Returns:
            A runnable that gives the compressed text, "" for nothing. `stream` and `astream` give
            it in pieces as it is written, where the compressor can stream. With
            `on_error="passthrough"` the documents' texts replace it, on a new line if pieces of it
            are out already.
        """
        return TextRunnable(compressor=self)
