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

from .embedding import EmbeddingEncoder
from .events import CompressionEndEvent, CompressionStartEvent

logger = logging.getLogger(__name__)
dispatcher = get_dispatcher(__name__)

# The fields that say which compressor to make; `compressor` stands in for all of them.
_SETTINGS = (
    "model",
    "top_k",
    "min_score",
    "max_tokens",
    "tokenizer",
    "context",
    "similarity_fn_name",
    "lang",
    "separator",
    "elision",
    "expand",
    "batch_size",
    "device",
    "revision",
    "local_files_only",
)


class RecompNodePostprocessor(BaseNodePostprocessor):
    """Compresses the retrieved nodes for the query; use it as the last of the postprocessors.

        RecompNodePostprocessor(top_k=3)                  # the embedded encoder, offline
        RecompNodePostprocessor.from_pretrained("fangyuan/nq_extractive_compressor", top_k=2)
        RecompNodePostprocessor.from_embed_model(Settings.embed_model, min_score=0.4)
        RecompNodePostprocessor(compressor=any_core_compressor)

    Which compressor; unset ones stay at the model's own or at `recomp_core.load_compressor`'s
    default:

    model: name or folder of the model; None for the embedded encoder.
    top_k, min_score, max_tokens, tokenizer: what is kept, see `recomp_core.settings`.
    context, similarity_fn_name, lang, separator, elision, expand, batch_size, device, revision,
        local_files_only: see `recomp_core.load_compressor`.
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

    A node that kept something comes out as a copy, in its old place, with id, relationships,
    metadata and retrieval score, and under `metadata_key`: "outcome" (see `recomp_core.Outcome`),
    "index" (its place among the nodes given), "spans" of the kept sentences in its old text,
    "scores", the best of them as "relevance_score", and where `start_char_idx` is known
    "document_spans" in its document. `start_char_idx` and `end_char_idx` then reach from the first
    kept sentence to the last. A summary comes out as one new node, the first, its sources under
    `NodeRelationship.CHILD`, their places under "sources".

    Nodes with an image, audio or video pass through unchanged, and as long as there is one of them,
    `on_empty` has nothing to do.

    Settings don't change once made. They survive `to_dict` and pickling, and the model is loaded
    anew; a `compressor` must be given again: `from_dict(data, compressor=…)`. Raises `ValueError`
    for wrong settings and for nodes without a query.
    """

    model_config = ConfigDict(extra="forbid", protected_namespaces=())

    model: str | None = Field(None, frozen=True)
    top_k: StrictInt | None = Field(None, frozen=True)
    min_score: StrictFloat | None = Field(None, frozen=True)
    max_tokens: StrictInt | None = Field(None, frozen=True)
    tokenizer: str | None = Field(None, frozen=True)
    context: str | None = Field(None, frozen=True)
    similarity_fn_name: str | None = Field(None, frozen=True)
    lang: str | None = Field(None, frozen=True)
    separator: str | None = Field(None, frozen=True)
    elision: str | None = Field(None, frozen=True)
    expand: tuple[StrictInt, StrictInt] | None = Field(None, frozen=True)
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
            "sentence", `max_tokens` needs `tokenizer`.
        """
        from recomp_core.settings import compressor_from_encoder

        own = {name: settings.pop(name) for name in _SETTINGS if name in settings}
        compressor = compressor_from_encoder(EmbeddingEncoder(embed_model), **own)
        return cls(compressor=compressor, **settings)

    @classmethod
    def class_name(cls) -> str:
        return "RecompNodePostprocessor"

    @field_validator("model", mode="before")
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
        """Makes the compressor. Raises as `recomp_core.settings.resolve_compressor`."""
        from recomp_core.settings import resolve_compressor

        settings = {name: getattr(self, name) for name in _SETTINGS}
        self._compressor = resolve_compressor(self.compressor, settings)

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
        outcome = compression.outcome
        excerpts: dict[int, Excerpt] = {}
        result = []
        if compression.is_excerpt:
            excerpts = {positions[part.doc_index]: part for part in compression.by_document()}
        elif compression.text:
            sources = {positions[at]: nodes[positions[at]] for at in compression.sources}
            result.append(self._new_node(compression.text, outcome, sources))
        for position, scored in enumerate(nodes):
            if position in excerpts:
                result.append(self._excerpt_node(scored, position, excerpts[position], outcome))
            elif position not in documents:
                result.append(scored)
        if not result and self.on_empty != "drop":
            text = self.placeholder if self.on_empty == "placeholder" else ""
            result.append(self._new_node(text, outcome, {}))
        _send_end(
            nodes,
            result,
            outcome,
            sentences_kept=len(compression.kept),
            sentences_dropped=len(compression.dropped),
        )
        return result

    def _pass_through(
        self, nodes: Sequence[NodeWithScore], documents: Mapping[int, Document], error: Exception
    ) -> list[NodeWithScore]:
        """The nodes as they were, those that were to be compressed as marked copies."""
        reason = f"{type(error).__name__}: {error}"
        logger.warning("the nodes are passed through uncompressed: %s", reason)
        result = []
        for position, scored in enumerate(nodes):
            if position in documents:
                node = scored.node.model_copy(deep=True)
                self._mark(node, Outcome.FAILED, index=position, reason=reason)
                scored = NodeWithScore(node=node, score=scored.score)
            result.append(scored)
        _send_end(nodes, result, Outcome.FAILED, reason=reason)
        return result

    def _excerpt_node(
        self, scored: NodeWithScore, position: int, excerpt: Excerpt, outcome: Outcome
    ) -> NodeWithScore:
        node = scored.node.model_copy(deep=True)
        spans = [[sentence.start, sentence.end] for sentence in excerpt.kept]
        facts: dict[str, Any] = {
            "index": position,
            "spans": spans,
            "scores": [float(sentence.score) for sentence in excerpt.kept],
            "relevance_score": float(excerpt.score),
        }
        offset = _offset_in_document(node)
        if offset is not None:
            facts["document_spans"] = [[offset + start, offset + end] for start, end in spans]
        if excerpt.text != excerpt.document.text:
            node.set_content(excerpt.text)
            if offset is not None:
                node.start_char_idx = offset + spans[0][0]
                node.end_char_idx = offset + spans[-1][1]
        self._mark(node, outcome, **facts)
        return NodeWithScore(node=node, score=scored.score)

    def _new_node(
        self, text: str, outcome: Outcome, sources: Mapping[int, NodeWithScore]
    ) -> NodeWithScore:
        """A node of our own: a summary of `sources` (by position), or the text for nothing."""
        related = deepcopy([scored.node.as_related_node_info() for scored in sources.values()])
        scores = [scored.score for scored in sources.values() if scored.score is not None]
        node = TextNode(
            text=text, relationships={NodeRelationship.CHILD: related} if related else {}
        )
        self._mark(node, outcome, sources=list(sources))
        return NodeWithScore(node=node, score=max(scores, default=None))

    def _mark(self, node: BaseNode, outcome: Outcome, **facts: Any) -> None:
        node.metadata[self.metadata_key] = {"outcome": outcome.value, **facts}
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
    before: Sequence[NodeWithScore], after: Sequence[NodeWithScore], outcome: Outcome, **facts: Any
) -> None:
    dispatcher.event(
        CompressionEndEvent(
            nodes=after,
            outcome=outcome.value,
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
