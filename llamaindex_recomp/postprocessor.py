"""The compressors as a LlamaIndex node postprocessor."""

from __future__ import annotations

import logging
import os
import pickle
from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any, Literal

from llama_index.core.bridge.pydantic import (
    ConfigDict,
    Field,
    PrivateAttr,
    StrictFloat,
    StrictInt,
    field_serializer,
    field_validator,
)
from llama_index.core.instrumentation import get_dispatcher
from llama_index.core.postprocessor.types import BaseNodePostprocessor
from llama_index.core.schema import (
    BaseNode,
    ImageNode,
    MetadataMode,
    NodeRelationship,
    NodeWithScore,
    QueryBundle,
    TextNode,
)

from recomp_core import Compression, Document, Excerpt, Outcome
from recomp_core.integration.metadata import reason_facts, span_facts, summary_facts

from .embedding import EmbeddingEncoder
from .events import CompressionEndEvent, CompressionStartEvent
from .llm import summarizer_from_llm

logger = logging.getLogger(__name__)
dispatcher = get_dispatcher(__name__)

# The fields that say which compressor to make; `compressor` stands in for all of them.
_SETTINGS = (
    "model",
    "top_k",
    "top_p",
    "min_score",
    "max_tokens",
    "tokenizer",
    "context",
    "similarity_fn_name",
    "lang",
    "separator",
    "elision",
    "expand",
    "extract_tokens",
    "prompt",
    "titles",
    "backend",
    "compute_type",
    "quantization",
    "max_input_tokens",
    "max_new_tokens",
    "min_new_tokens",
    "num_beams",
    "length_penalty",
    "store",
    "batch_size",
    "device",
    "revision",
    "local_files_only",
)

# The settings of `summarizer_from_llm`.
_LLM_SETTINGS = ("empty_word", "max_input_tokens", "count_tokens", "batch_size")


class RecompNodePostprocessor(BaseNodePostprocessor):
    """Compresses the retrieved nodes for the query; use it as the last of the postprocessors.

        RecompNodePostprocessor(top_k=3)                  # the bundled encoder, offline
        RecompNodePostprocessor.from_pretrained("fangyuan/nq_extractive_compressor", top_k=2)
        RecompNodePostprocessor.from_embed_model(Settings.embed_model, min_score=0.4)
        RecompNodePostprocessor.from_pretrained("fangyuan/nq_abstractive_compressor")
        RecompNodePostprocessor.from_llm(Settings.llm)    # which writes the summary
        RecompNodePostprocessor(compressor=any_core_compressor)

    Which compressor; unset ones stay at the model's own or at `recomp_core.load_compressor`'s
    default:

    model: name or folder of the model, one that ranks sentences or one that writes summaries; None
        for the bundled encoder.
    top_k, top_p, min_score, max_tokens, tokenizer: what is kept, see
        `recomp_core.TopK`, `TopP`, `Threshold`, `TokenBudget`.
    context, similarity_fn_name, lang, separator, elision, expand: of a model that ranks, see
        `recomp_core.load_compressor`.
    extract_tokens: for a model that writes, let the bundled encoder first pick the best sentences
        of so many tokens; the limits above are then for it.
    prompt, titles, backend, compute_type, quantization, max_input_tokens, max_new_tokens,
        min_new_tokens, num_beams, length_penalty: of a model that writes, see
        `recomp_core.load_compressor`.
    store: folder of a `recomp_core.SentenceStore`, where sentence vectors are looked up and kept.
    batch_size, device, revision, local_files_only: of both.
    compressor: a compressor of your own instead of all these.

    What becomes of the nodes:

    title_key: the metadata key that holds a node's title, for the encoder; None for no titles.
    metadata_key: where a node says what happened to it; the key is hidden from LLM and embedding.
    on_empty: what comes out when there is no text to prepend. "empty_node": one node with the text
        "", so that the LLM is asked without context. "placeholder": one node with the text
        `placeholder`. "drop": no node; most response synthesizers then answer "Empty Response"
        without asking the LLM, and chat engines may use the nodes of an earlier turn again.
    on_error: "raise", or "passthrough": the uncompressed nodes with the reason in their metadata,
        and a logged warning. Wrong settings and a missing model raise at once, always.
    timeout_s: seconds that compressing may take; None for no limit. When they have passed, the
        outcome is "timed_out": the best of what was scored by then, or the nodes as they are; see
        `recomp_core.runtime.timeout.TimedCompressor`.

    A node that kept something comes out as a copy, in its old place, with id, relationships,
    metadata and retrieval score, and under `metadata_key`: "outcome" (see `recomp_core.Outcome`),
    "index" (its place among the nodes given), "spans" of the kept sentences in its old text,
    "scores", the best of them as "relevance_score", and where `start_char_idx` is known
    "document_spans" in its document. `start_char_idx` and `end_char_idx` then reach from the first
    kept sentence to the last. "reason" says why if a gate refused a summary and sentences were kept
    instead.

    A summary comes out as one new node, the first, with its sources under `NodeRelationship.CHILD`,
    and under `metadata_key`: "outcome"; "sources", for each its "index", "id", "metadata" and,
    where sentences were picked first, their "spans" and "scores"; "truncated", whether the last
    source was cut to fit; "reason", what a gate had to say; "support", for each sentence of the
    summary what the sources say to it: {"text", "start", "end", "supported", "unsupported": numbers
    and names that no source has, "sources": [{"index", "id", "start", "end", "score", "text"}, …]}.

    Nodes with an image, audio or video pass through unchanged, and as long as there is one of them,
    `on_empty` has nothing to do.

    Settings don't change once made. They survive `to_dict` and pickling, and the model is loaded
    anew; a `compressor` must be given again: `from_dict(data, compressor=…)`. Raises `ValueError`
    for wrong settings and for nodes without a query.
    """

    model_config = ConfigDict(extra="forbid", protected_namespaces=())

    model: str | None = Field(None, frozen=True)
    top_k: StrictInt | None = Field(None, frozen=True)
    top_p: StrictFloat | None = Field(None, frozen=True)
    min_score: StrictFloat | None = Field(None, frozen=True)
    max_tokens: StrictInt | None = Field(None, frozen=True)
    tokenizer: str | None = Field(None, frozen=True)
    context: str | None = Field(None, frozen=True)
    similarity_fn_name: str | None = Field(None, frozen=True)
    lang: str | None = Field(None, frozen=True)
    separator: str | None = Field(None, frozen=True)
    elision: str | None = Field(None, frozen=True)
    expand: tuple[StrictInt, StrictInt] | None = Field(None, frozen=True)
    extract_tokens: StrictInt | None = Field(None, frozen=True)
    prompt: str | None = Field(None, frozen=True)
    titles: bool | None = Field(None, frozen=True)
    backend: str | None = Field(None, frozen=True)
    compute_type: str | None = Field(None, frozen=True)
    quantization: str | None = Field(None, frozen=True)
    max_input_tokens: StrictInt | None = Field(None, frozen=True)
    max_new_tokens: StrictInt | None = Field(None, frozen=True)
    min_new_tokens: StrictInt | None = Field(None, frozen=True)
    num_beams: StrictInt | None = Field(None, frozen=True)
    length_penalty: StrictFloat | None = Field(None, frozen=True)
    store: str | None = Field(None, frozen=True)
    batch_size: StrictInt | None = Field(None, frozen=True)
    device: str | None = Field(None, frozen=True)
    revision: str | None = Field(None, frozen=True)
    local_files_only: bool | None = Field(None, frozen=True)
    compressor: Any = Field(None, frozen=True)

    title_key: str | None = Field("title", frozen=True)
    metadata_key: str = Field("recomp", frozen=True, min_length=1)
    on_empty: Literal["empty_node", "drop", "placeholder"] = Field("empty_node", frozen=True)
    placeholder: str = Field("(No relevant text was found.)", frozen=True)
    on_error: Literal["raise", "passthrough"] = Field("raise", frozen=True)
    timeout_s: StrictFloat | None = Field(None, frozen=True)

    _compressor: Any = PrivateAttr()

    @classmethod
    def from_pretrained(
        cls, name: str | os.PathLike[str], *, top_k: int | None = None, **settings: Any
    ) -> RecompNodePostprocessor:
        """With the model of that name or folder, see `recomp_core.load_compressor`."""
        return cls(model=name, top_k=top_k, **settings)

    @classmethod
    def from_embed_model(cls, embed_model: Any, **settings: Any) -> RecompNodePostprocessor:
        """With a LlamaIndex embedding model as the encoder.

        settings: the fields of this class, less those that load a model. `context` is "title" or
            "sentence", `max_tokens` needs `tokenizer`. Also `batching`, see
            `recomp_core.Batching`: by default each asynchronous call has a thread, as most such
            models wait for an endpoint. `Batching()` has them share batches, which suits a model on
            this machine.
        """
        from recomp_core.persistence.factory import compressor_from_encoder, taken
        from recomp_core.runtime.batching import CONCURRENT

        own = taken(settings, (*_SETTINGS, "batching"))
        own.setdefault("batching", CONCURRENT)
        compressor = compressor_from_encoder(EmbeddingEncoder(embed_model), **own)
        return cls(compressor=compressor, **settings)

    @classmethod
    def from_llm(cls, llm: Any, **settings: Any) -> RecompNodePostprocessor:
        """With a LlamaIndex language model, which writes the summary.

        settings: those of `summarizer_from_llm` and of `recomp_core.AbstractiveCompressor`,
            `extract_tokens`, and those fields of this class that say what becomes of the nodes.
        """
        from recomp_core.persistence.factory import (
            SUMMARY_SETTINGS,
            compressor_from_summarizer,
            taken,
        )

        own, asking = taken(settings, SUMMARY_SETTINGS), taken(settings, _LLM_SETTINGS)
        summarizer = summarizer_from_llm(llm, **asking)
        return cls(compressor=compressor_from_summarizer(summarizer, **own), **settings)

    @classmethod
    def class_name(cls) -> str:
        return "RecompNodePostprocessor"

    @field_validator("model", "store", mode="before")
    @classmethod
    def _path_to_string(cls, model: Any) -> Any:
        return os.fspath(model) if isinstance(model, os.PathLike) else model

    @field_validator("compressor")
    @classmethod
    def _refuse_name(cls, compressor: Any) -> Any:
        if isinstance(compressor, str):
            raise ValueError(
                f"the compressor {compressor} was given as an object and is not among the saved "
                "settings: give it again, from_dict(data, compressor=…)"
            )
        return compressor

    # Its name stands in the saved settings, so that they do not load as those of the default.
    @field_serializer("compressor")
    def _name_of_compressor(self, compressor: Any) -> str | None:
        return None if compressor is None else type(compressor).__qualname__

    def model_post_init(self, _context: Any, /) -> None:
        """Makes the compressor. Raises as `recomp_core.persistence.factory.resolve_compressor`."""
        from recomp_core.persistence.factory import resolve_compressor
        from recomp_core.runtime.deadline import check_timeout
        from recomp_core.runtime.timeout import with_timeout

        check_timeout(self.timeout_s)  # before a model is loaded
        settings = {name: getattr(self, name) for name in _SETTINGS}
        self._compressor = with_timeout(
            resolve_compressor(self.compressor, settings), self.timeout_s
        )

    def __getstate__(self) -> dict[str, Any]:
        """The settings; the model is loaded anew from them."""
        try:
            pickle.dumps(self.compressor)
        except Exception as error:
            raise pickle.PicklingError(
                f"compressor={self.compressor!r} can't be pickled ({error}): give model= and "
                "settings instead, or make the postprocessor where it is used"
            ) from error
        return {name: value for name, value in self if name != "callback_manager"}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> RecompNodePostprocessor:
        # Settings are frozen and models are shared.
        return self.__copy__()

    def _postprocess_nodes(
        self, nodes: list[NodeWithScore], query_bundle: QueryBundle | None = None
    ) -> list[NodeWithScore]:
        documents = self._begin(nodes, query_bundle)
        try:
            compression = self._compressor.compress(_query(query_bundle), list(documents.values()))
        except Exception as error:
            if self.on_error == "raise":
                raise
            return self._pass_through(nodes, documents, error)
        return self._put_back(nodes, documents, compression)

    @dispatcher.span
    async def _apostprocess_nodes(
        self, nodes: list[NodeWithScore], query_bundle: QueryBundle | None = None
    ) -> list[NodeWithScore]:
        documents = self._begin(nodes, query_bundle)
        try:
            compression = await self._compressor.acompress(
                _query(query_bundle), list(documents.values())
            )
        except Exception as error:
            if self.on_error == "raise":
                raise
            return self._pass_through(nodes, documents, error)
        return self._put_back(nodes, documents, compression)

    def _begin(
        self, nodes: Sequence[NodeWithScore], query_bundle: QueryBundle | None
    ) -> dict[int, Document]:
        """What is to be compressed, by its position among the nodes."""
        for position, scored in enumerate(nodes):
            if not isinstance(scored, NodeWithScore):
                raise TypeError(
                    f"nodes[{position}] must be a NodeWithScore, got {type(scored).__name__}: "
                    "wrap it, NodeWithScore(node=…)"
                )
        query = None if query_bundle is None else query_bundle.query_str
        dispatcher.event(CompressionStartEvent(query=query, nodes=nodes))
        return {
            position: self._as_document(scored.node)
            for position, scored in enumerate(nodes)
            if _is_text_alone(scored.node)
        }

    def _as_document(self, node: BaseNode) -> Document:
        title = node.metadata.get(self.title_key)
        return Document(
            _text(node),
            title=title if isinstance(title, str) else None,
            id=node.node_id,
            metadata=node.metadata,
        )

    def _put_back(
        self,
        nodes: Sequence[NodeWithScore],
        documents: Mapping[int, Document],
        compression: Compression,
    ) -> list[NodeWithScore]:
        """The nodes that go on to the LLM."""
        positions = list(documents)
        said = {"outcome": compression.outcome.value, **reason_facts(compression)}
        excerpts: dict[int, Excerpt] = {}
        result = []
        if compression.is_excerpt:
            excerpts = {positions[part.doc_index]: part for part in compression.by_document()}
        elif compression.text:
            sources = [nodes[positions[at]] for at in compression.sources]
            facts = summary_facts(compression, positions)
            result.append(self._new_node(compression.text, sources, facts))
        for position, scored in enumerate(nodes):
            if position in excerpts:
                result.append(self._excerpt_node(scored, position, excerpts[position], said))
            elif position not in documents:
                result.append(scored)
        if not result and self.on_empty != "drop":
            text = self.placeholder if self.on_empty == "placeholder" else ""
            result.append(self._new_node(text, [], {**said, "sources": []}))
        _send_end(
            nodes,
            result,
            **said,
            sentences_kept=len(compression.kept),
            sentences_dropped=len(compression.dropped),
        )
        return result

    def _pass_through(
        self, nodes: Sequence[NodeWithScore], documents: Mapping[int, Document], error: Exception
    ) -> list[NodeWithScore]:
        """The nodes as they were, those that were to be compressed as marked copies."""
        said = {"outcome": Outcome.FAILED.value, "reason": f"{type(error).__name__}: {error}"}
        logger.warning("the nodes are passed through uncompressed: %s", said["reason"])
        result = []
        for position, scored in enumerate(nodes):
            if position in documents:
                node = scored.node.model_copy(deep=True)
                self._mark(node, {"index": position, **said})
                scored = NodeWithScore(node=node, score=scored.score)
            result.append(scored)
        _send_end(nodes, result, **said)
        return result

    def _excerpt_node(
        self, scored: NodeWithScore, position: int, excerpt: Excerpt, said: Mapping[str, Any]
    ) -> NodeWithScore:
        node = scored.node.model_copy(deep=True)
        facts = {**said, "index": position, **span_facts(excerpt)}
        facts["relevance_score"] = float(excerpt.score)
        spans = facts["spans"]
        offset = _offset_in_document(node)
        if offset is not None:
            facts["document_spans"] = [[offset + start, offset + end] for start, end in spans]
        if excerpt.text != excerpt.document.text:
            node.set_content(excerpt.text)
            if offset is not None:
                node.start_char_idx = offset + spans[0][0]
                node.end_char_idx = offset + spans[-1][1]
        self._mark(node, facts)
        return NodeWithScore(node=node, score=scored.score)

    def _new_node(
        self, text: str, sources: Sequence[NodeWithScore], facts: dict[str, Any]
    ) -> NodeWithScore:
        """A node of our own: a summary of `sources`, or the text for nothing."""
        related = deepcopy([scored.node.as_related_node_info() for scored in sources])
        scores = [scored.score for scored in sources if scored.score is not None]
        node = TextNode(
            text=text, relationships={NodeRelationship.CHILD: related} if related else {}
        )
        self._mark(node, facts)
        return NodeWithScore(node=node, score=max(scores, default=None))

    def _mark(self, node: BaseNode, facts: dict[str, Any]) -> None:
        node.metadata[self.metadata_key] = facts
        for keys in (node.excluded_llm_metadata_keys, node.excluded_embed_metadata_keys):
            if self.metadata_key not in keys:
                keys.append(self.metadata_key)


def _query(query_bundle: QueryBundle | None) -> str:
    if query_bundle is None:
        raise ValueError(
            "without a query nothing can be relevant: call postprocess_nodes(nodes, query_str=…)"
        )
    query: str = query_bundle.query_str
    return query


def _text(node: BaseNode) -> str:
    """A node's text without its metadata, which LlamaIndex puts before it again for the LLM."""
    text: str = node.get_content(metadata_mode=MetadataMode.NONE)
    return text


def _send_end(
    before: Sequence[NodeWithScore], after: Sequence[NodeWithScore], **facts: Any
) -> None:
    dispatcher.event(
        CompressionEndEvent(
            nodes=after,
            characters_before=sum(len(_text(scored.node)) for scored in before),
            characters_after=sum(len(_text(scored.node)) for scored in after),
            **facts,
        )
    )


def _is_text_alone(node: BaseNode) -> bool:
    media = ("image_resource", "audio_resource", "video_resource")
    return not isinstance(node, ImageNode) and not any(
        getattr(node, name, None) is not None for name in media
    )


def _offset_in_document(node: BaseNode) -> int | None:
    """Where the node's text begins in its document; None if that is not known or not true."""
    start: int | None = getattr(node, "start_char_idx", None)
    end: int | None = getattr(node, "end_char_idx", None)
    if start is not None and end is not None and end - start != len(_text(node)):
        return None  # the text was replaced, as by a sentence window
    return start
