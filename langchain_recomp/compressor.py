"""The document compressor: its settings, and what it promises."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from langchain_core.callbacks import Callbacks
from langchain_core.documents import BaseDocumentCompressor, Document
from langchain_core.embeddings import Embeddings
from langchain_core.runnables import Runnable
from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    StrictFloat,
    StrictInt,
    model_validator,
)
from typing_extensions import Self

from recomp_core.persistence.factory import (
    SUMMARY_SETTINGS,
    compressor_from_encoder,
    compressor_from_summarizer,
    resolve_compressor,
    taken,
)
from recomp_core.runtime.batching import CONCURRENT
from recomp_core.runtime.deadline import check_timeout
from recomp_core.runtime.timeout import with_timeout
from recomp_core.types import Context, SimilarityFunction

from .chat_model import summarizer_from_chat_model
from .embeddings import EmbeddingsEncoder
from .runnables import CompressionInput, CompressionRunnable, TextRunnable

# A folder may be given as a path object; it is kept as a string, which can be written down.
Name = Annotated[str | os.PathLike[str], AfterValidator(os.fspath)]

# The fields that shape what comes out of a compression; all others describe the compressor.
_BEHAVIOUR = ("merge", "title_key", "metadata_key", "on_error", "timeout_s")


class RecompDocumentCompressor(BaseDocumentCompressor):
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

    model: Name | None = None
    """Hub name or folder of an encoder, of an encoder-decoder model that writes summaries, or of a
    saved compressor; None is the bundled encoder."""
    top_k: StrictInt | None = None
    """Keep at most this many sentences of all documents together."""
    top_p: StrictFloat | None = None
    """Keep the fewest of the best sentences that make up this much of the probability, see
    `recomp_core.TopP`."""
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
    extract_tokens: StrictInt | None = None
    """For a model that writes: let the bundled encoder first pick the best sentences of so many
    tokens; the limits above are then for it."""
    prompt: str | None = None
    """For a model that writes: a text with the fields {query} and {documents}."""
    titles: bool | None = None
    """For a model that writes: whether it reads a document's title on a line before it."""
    backend: str | None = None
    compute_type: str | None = None
    quantization: str | None = None
    max_input_tokens: StrictInt | None = None
    max_new_tokens: StrictInt | None = None
    min_new_tokens: StrictInt | None = None
    num_beams: StrictInt | None = None
    length_penalty: StrictFloat | None = None
    """For a model that writes, see `recomp_core.load_summarizer`."""
    store: Name | None = None
    """Folder of a `recomp_core.SentenceStore`, where sentence vectors are looked up and kept."""
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
    timeout_s: Annotated[StrictFloat, AfterValidator(check_timeout)] | None = None
    """Seconds that compressing may take, of a batch together. When they have passed, the outcome is
    "timed_out": the best of what was scored by then, or the documents as they are; see
    `recomp_core.runtime.timeout.TimedCompressor`. Streams have no limit."""

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
        behaviour = taken(settings, _BEHAVIOUR)
        settings.setdefault("batching", CONCURRENT)
        compressor = compressor_from_encoder(EmbeddingsEncoder(embeddings), **settings)
        return cls(compressor=compressor, **behaviour)

    @classmethod
    def from_chat_model(cls, chat_model: Runnable[Any, Any], **settings: Any) -> Self:
        """The compressor around a LangChain chat model, which writes the summary.

        settings: those of `summarizer_from_chat_model` and of `recomp_core.AbstractiveCompressor`,
        `extract_tokens`, and those fields that shape what comes out.
        """
        behaviour, own = taken(settings, _BEHAVIOUR), taken(settings, SUMMARY_SETTINGS)
        summarizer = summarizer_from_chat_model(chat_model, **settings)
        return cls(compressor=compressor_from_summarizer(summarizer, **own), **behaviour)

    @model_validator(mode="after")
    def _load(self) -> Self:
        settings = {
            name: getattr(self, name)
            for name in RecompDocumentCompressor.model_fields
            if name not in _BEHAVIOUR and name != "compressor"
        }
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
