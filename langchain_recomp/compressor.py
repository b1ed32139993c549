"""The document compressor, and the Runnable that does its work and opens its trace."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any, Literal

from langchain_core.callbacks import Callbacks
from langchain_core.documents import BaseDocumentCompressor, Document
from langchain_core.embeddings import Embeddings
from langchain_core.runnables import Runnable, RunnableConfig
from pydantic import AfterValidator, ConfigDict, Field, StrictFloat, StrictInt, model_validator
from typing_extensions import Self, TypedDict

from recomp_core import Compression
from recomp_core import Document as CoreDocument
from recomp_core.scoring import Context, SimilarityFunction
from recomp_core.settings import compressor_from_encoder, resolve_compressor

from .documents import check_input, from_compression, passed_through, to_core
from .embeddings import EmbeddingsEncoder

logger = logging.getLogger(__name__)

# A folder may be given as a path object; it is kept as a string, which can be written down.
Name = Annotated[str | os.PathLike[str], AfterValidator(os.fspath)]

# The fields that shape what comes out of a compression; all others describe the compressor.
_BEHAVIOUR = ("merge", "title_key", "metadata_key", "on_error")


class CompressionInput(TypedDict):
    """What `RecompDocumentCompressor.as_runnable()` takes."""

    documents: Sequence[Document]
    query: str


class RecompDocumentCompressor(BaseDocumentCompressor):
    """Keeps of the retrieved documents what helps the query: RECOMP for LangChain.

        RecompDocumentCompressor()                                    # offline, the two best
        RecompDocumentCompressor(top_k=5, min_score=0.3)              # may keep nothing
        RecompDocumentCompressor(model="fangyuan/nq_extractive_compressor")
        RecompDocumentCompressor(compressor=load_compressor(...))     # any of the core

    Comes out: one document per source document that kept something, in the order of the input,
    with its id, a deep copy of its metadata (a value that can't be copied is shared), and

        metadata["relevance_score"]   the best score among the kept sentences, a float
        metadata["recomp"]            {"outcome": "compressed", "index": its position in the input,
                                       "spans": [[start, end], …], "scores": […]}

    where spans are offsets into the source's `page_content`. With `merge=True`, or when the text
    was written anew instead of cut out, one document in all, without an id, whose
    `metadata["recomp"]` is

        {"outcome", "sources": [{"index", "id", "metadata", "spans", "scores"}, …]}

    and a text written anew may have no scores and spans. Nothing relevant, or nothing given: `[]`.
    The input stays untouched.

    Settings are checked and the model is loaded here: raises pydantic's `ValidationError` (a
    `ValueError`) or `TypeError` for settings that cannot work, `recomp_core.ModelLoadError` for a
    model that is not there, whatever `on_error` says. `model_dump()` has every setting but
    `compressor`.
    """

    model_config = ConfigDict(
        arbitrary_types_allowed=True, extra="forbid", frozen=True, protected_namespaces=()
    )

    model: Name | None = None
    """Hub name or folder of an encoder, or a saved compressor; None is the embedded encoder."""
    top_k: StrictInt | None = None
    """Keep at most this many sentences of all documents together."""
    min_score: StrictFloat | None = None
    """Keep only sentences that score at least this much."""
    max_tokens: StrictInt | None = None
    """Keep as many of the best sentences as fit, a hard cap on all documents together."""
    tokenizer: Name | None = None
    """Hub name or folder of the reader model's tokenizer, for `max_tokens`; by default the
    encoder's own counts."""
    context: Context | None = None
    """What a sentence is encoded with, see `recomp_core.DualEncoderScorer`."""
    similarity_fn_name: SimilarityFunction | None = None
    lang: str | None = None
    """Language for the sentence splitter; None picks by script."""
    separator: str | None = None
    elision: str | None = None
    document_separator: str | None = None
    """The joints of the kept sentences, see `recomp_core.load_compressor`."""
    expand: tuple[StrictInt, StrictInt] | None = None
    """How many neighbours (before, after) come along with each chosen sentence."""
    batch_size: StrictInt | None = None
    device: str | None = None
    revision: str | None = None
    local_files_only: bool | None = None
    compressor: Any = Field(default=None, exclude=True, repr=False)
    """A ready compressor of the core, instead of all settings above."""

    merge: bool = False
    """One document for all instead of one per source."""
    title_key: str | None = "title"
    """The metadata key under which a document's title stands, which may help the encoder."""
    metadata_key: str = "recomp"
    """The metadata key of what this compressor has to say."""
    on_error: Literal["raise", "passthrough"] = "raise"
    """When compressing fails: raise, or log a warning and return copies of the documents, with
    `{"outcome": "failed", "reason": …}` under `metadata_key`."""

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
        """
        behaviour = {name: settings.pop(name) for name in _BEHAVIOUR if name in settings}
        compressor = compressor_from_encoder(EmbeddingsEncoder(embeddings), **settings)
        return cls(compressor=compressor, **behaviour)

    @model_validator(mode="after")
    def _load(self) -> Self:
        settings = {
            name: getattr(self, name)
            for name in RecompDocumentCompressor.model_fields
            if name not in _BEHAVIOUR and name != "compressor"
        }
        # The instance is frozen: a setting changed later would change nothing.
        object.__setattr__(self, "compressor", resolve_compressor(self.compressor, settings))
        return self

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


class CompressionRunnable(Runnable[CompressionInput, list[Document]]):
    """Does the work of a `RecompDocumentCompressor`, each time in a run that callbacks see."""

    def __init__(self, adapter: RecompDocumentCompressor) -> None:
        self.adapter = adapter
        self.name = type(adapter).__name__

    def invoke(
        self,
        input: CompressionInput,  # noqa: A002 - the interface's name
        config: RunnableConfig | None = None,
        **kwargs: Any,
    ) -> list[Document]:
        """One query's documents, compressed."""
        return self._call_with_config(self._compress, input, config, **kwargs)

    async def ainvoke(
        self,
        input: CompressionInput,  # noqa: A002 - the interface's name
        config: RunnableConfig | None = None,
        **kwargs: Any,
    ) -> list[Document]:
        """`invoke` without blocking the event loop."""
        return await self._acall_with_config(self._acompress, input, config, **kwargs)

    def batch(
        self,
        inputs: list[CompressionInput],
        config: RunnableConfig | list[RunnableConfig] | None = None,
        *,
        return_exceptions: bool = False,
        **kwargs: Any,
    ) -> list[list[Document]]:
        """Many queries' documents, compressed in one call; a run for each."""
        work = partial(self._compress_batch, isolate=self._isolates(return_exceptions))
        return self._batch_with_config(
            work, inputs, config, return_exceptions=return_exceptions, **kwargs
        )

    async def abatch(
        self,
        inputs: list[CompressionInput],
        config: RunnableConfig | list[RunnableConfig] | None = None,
        *,
        return_exceptions: bool = False,
        **kwargs: Any,
    ) -> list[list[Document]]:
        """`batch` without blocking the event loop."""
        work = partial(self._acompress_batch, isolate=self._isolates(return_exceptions))
        return await self._abatch_with_config(
            work, inputs, config, return_exceptions=return_exceptions, **kwargs
        )

    def _compress(self, given: CompressionInput) -> list[Document]:
        documents, query = check_input(given)
        try:
            compression = self.adapter.compressor.compress(query, self._before(documents))
            return self._after(documents, compression)
        except Exception as error:
            return self._on_error(documents, error)

    async def _acompress(self, given: CompressionInput) -> list[Document]:
        documents, query = check_input(given)
        try:
            compression = await self.adapter.compressor.acompress(query, self._before(documents))
            return self._after(documents, compression)
        except Exception as error:
            return self._on_error(documents, error)

    # A batch that failed is done again one by one where the sound inputs are still wanted, so that
    # each input meets only its own error.

    def _compress_batch(
        self, inputs: list[CompressionInput], *, isolate: bool
    ) -> list[list[Document] | Exception]:
        try:
            documents, queries = self._columns(inputs)
            compressions = self.adapter.compressor.compress_batch(
                queries, [self._before(one) for one in documents]
            )
            return [self._after(*pair) for pair in zip(documents, compressions, strict=True)]
        except Exception:
            if not isolate:
                raise
            return [self._attempt(given) for given in inputs]

    async def _acompress_batch(
        self, inputs: list[CompressionInput], *, isolate: bool
    ) -> list[list[Document] | Exception]:
        try:
            documents, queries = self._columns(inputs)
            compressions = await self.adapter.compressor.acompress_batch(
                queries, [self._before(one) for one in documents]
            )
            return [self._after(*pair) for pair in zip(documents, compressions, strict=True)]
        except Exception:
            if not isolate:
                raise
            return [await self._aattempt(given) for given in inputs]

    def _attempt(self, given: CompressionInput) -> list[Document] | Exception:
        try:
            return self._compress(given)
        except Exception as error:
            return error

    async def _aattempt(self, given: CompressionInput) -> list[Document] | Exception:
        try:
            return await self._acompress(given)
        except Exception as error:
            return error

    def _isolates(self, return_exceptions: bool) -> bool:
        return return_exceptions or self.adapter.on_error == "passthrough"

    def _columns(self, inputs: list[CompressionInput]) -> tuple[list[list[Document]], list[str]]:
        pairs = [check_input(given) for given in inputs]
        return [documents for documents, _ in pairs], [query for _, query in pairs]

    def _before(self, documents: list[Document]) -> list[CoreDocument]:
        return to_core(documents, self.adapter.title_key)

    def _after(self, documents: list[Document], compression: Compression) -> list[Document]:
        return from_compression(
            documents, compression, self.adapter.metadata_key, self.adapter.merge
        )

    def _on_error(self, documents: list[Document], error: Exception) -> list[Document]:
        if self.adapter.on_error == "raise":
            raise error
        logger.warning(
            "compressing %d documents failed: passing them through", len(documents), exc_info=error
        )
        return passed_through(documents, error, self.adapter.metadata_key)
