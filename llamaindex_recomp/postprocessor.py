"""The node postprocessor."""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Annotated, Any, Literal, cast

from llama_index.core.instrumentation import get_dispatcher
from llama_index.core.postprocessor.types import BaseNodePostprocessor
from llama_index.core.schema import (
    BaseNode,
    MediaResource,
    NodeRelationship,
    NodeWithScore,
    QueryBundle,
    RelatedNodeInfo,
    TextNode,
)
from pydantic import ConfigDict, PrivateAttr, field_validator

from recomp_core import Compression, Document, Dropped, Excerpt, Outcome
from recomp_core.integration import (
    COMPRESSOR_SETTINGS,
    CONCURRENT,
    SUMMARY_SETTINGS,
    AdapterSettings,
    Setting,
    compressor_from_encoder,
    compressor_from_summarizer,
    copied,
    declaration,
    model_name,
    pop_settings,
    reason_facts,
    remade,
    resolve_compressor,
    span_facts,
    summary_facts,
    with_timeout,
)

from .embedding import EmbeddingEncoder
from .events import CompressionEndEvent, CompressionStartEvent
from .llm import summarizer_from_llm
from .settled import SettledComponent, document_of, is_text_alone, text_of
from .tool_queries import without_argument_name

logger = logging.getLogger(__name__)
dispatcher = get_dispatcher(__name__)

# The settings of `summarizer_from_llm`.
_LLM_SETTINGS = (
    "empty_word",
    "detect_refusals",
    "structured",
    "max_input_tokens",
    "count_tokens",
    "batch_size",
)


@declaration
class LlamaIndexSettings(AdapterSettings):
    """The settings that only this adapter has."""

    on_empty: Annotated[
        Literal["empty_node", "drop", "placeholder"],
        Setting(
            'When there is no text to prepend: one node with the text "", no node, or one node '
            "with the text of placeholder.",
            in_command=False,
        ),
    ] = "empty_node"
    placeholder: Annotated[
        str, Setting('The text of the node with on_empty="placeholder".', in_command=False)
    ] = "(No relevant text was found.)"


class RecompNodePostprocessor(LlamaIndexSettings, SettledComponent, BaseNodePostprocessor):
    """Compresses the retrieved nodes for the query; use it as the last postprocessor.

        RecompNodePostprocessor(top_k=3)                  # the bundled encoder, offline
        RecompNodePostprocessor.from_pretrained("fangyuan/nq_extractive_compressor", top_k=2)
        RecompNodePostprocessor.from_embed_model(Settings.embed_model, min_score=0.4)
        RecompNodePostprocessor.from_pretrained("fangyuan/nq_abstractive_compressor")
        RecompNodePostprocessor.from_llm(Settings.llm)    # which writes the summary
        RecompNodePostprocessor(compressor=any_core_compressor)

    `docs/settings.md` lists the settings, which the class inherits from
    `recomp_core.integration.AdapterSettings`. They do not change once made. They survive `to_dict`
    and pickling, and the model is loaded again; a `compressor` must be given again:
    `from_dict(data, compressor=…)`.

    A node that kept something comes out as a copy, in its old place, with id, relationships,
    metadata and retrieval score, and under `metadata_key`: "outcome" (see `recomp_core.Outcome`),
    "index" (its place among the nodes given), "spans" of the kept sentences in its old text, in
    characters, "scores", the best of them as "relevance_score", and where `start_char_idx` is known
    "document_spans" in its document. `start_char_idx` and `end_char_idx` then reach from the first
    kept sentence to the last. "reason" says why, if a gate refused a summary and sentences were
    kept instead; with `recovery`, "handle" is what `read_dropped` takes. The key is hidden from LLM
    and embedding. A node with a new text has no embedding, and a class that does not take the new
    text or the facts gives way to `TextNode`.

    A summary comes out as one new node, the first, with its sources under `NodeRelationship.CHILD`,
    and under `metadata_key`: "outcome"; "sources", for each its "index", "id", "metadata" and,
    where sentences were picked first, their "spans" and "scores"; "truncated", whether the last
    source was cut to fit; "reason", what a gate reported; "support", for each sentence of the
    summary what the sources say about it: {"text", "start", "end", "supported", "unsupported":
    numbers and names that no source has, "sources": [{"index", "id", "start", "end", "score",
    "text"}, …]}.

    With `on_empty="drop"` most response synthesizers answer "Empty Response" without asking the
    LLM, and chat engines may use the nodes of an earlier turn again. With `keep_empty=True` each
    node stays in its place, and one that kept nothing has no text, or that of `placeholder`. Nodes
    with an image, audio or video pass through unchanged, and as long as there is one of them,
    `on_empty` has no effect.

    Attributes:
        compressor: A compressor of the core or your own, instead of the settings that describe one.

    Raises:
        ValueError: A setting cannot work; at a call, there are nodes but no query.
        TypeError: A setting is of the wrong type; at a call, one of the nodes is no
            `NodeWithScore`.
        ModelLoadError: The model is not there. `on_error` does not change what wrong settings and a
            missing model raise.
    """

    model_config = ConfigDict(extra="forbid", protected_namespaces=())

    compressor: Any = None

    _compressor: Any = PrivateAttr()

    @classmethod
    def from_pretrained(
        cls, name: str | os.PathLike[str], *, top_k: int | None = None, **settings: Any
    ) -> RecompNodePostprocessor:
        """Make the postprocessor around a model.

        Args:
            name: A hub name or a folder, see `recomp_core.load_compressor`.
            top_k: How many sentences to keep.
            **settings: Any other field.

        Returns:
            The postprocessor, its model loaded.
        """
        return cls(model=name, top_k=top_k, **settings)

    @classmethod
    def from_embed_model(cls, embed_model: Any, **settings: Any) -> RecompNodePostprocessor:
        """Make the postprocessor around a LlamaIndex embedding model.

        Args:
            embed_model: The model that encodes queries and sentences.
            **settings: The fields that do not load a model. `context` is "title" or "sentence", and
                `max_tokens` needs `tokenizer`. Also `batching`, see `recomp_core.Batching`: by
                default each asynchronous call has a thread, as most such models wait for an
                endpoint; with `Batching()` calls share batches, which suits a model on this
                machine.

        Returns:
            The postprocessor.
        """
        own = pop_settings(settings, (*COMPRESSOR_SETTINGS, "batching"))
        own.setdefault("batching", CONCURRENT)
        compressor = compressor_from_encoder(EmbeddingEncoder(embed_model), **own)
        return cls(compressor=compressor, **settings)

    @classmethod
    def from_llm(cls, llm: Any, **settings: Any) -> RecompNodePostprocessor:
        """Make the postprocessor around a LlamaIndex language model, which writes the summary.

        Args:
            llm: The model to ask.
            **settings: Those of `summarizer_from_llm` and of `recomp_core.AbstractiveCompressor`,
                `extract_tokens`, and the fields that shape the result.

        Returns:
            The postprocessor.
        """
        own = pop_settings(settings, SUMMARY_SETTINGS)
        asking = pop_settings(settings, _LLM_SETTINGS)
        summarizer = summarizer_from_llm(llm, **asking)
        return cls(compressor=compressor_from_summarizer(summarizer, **own), **settings)

    @classmethod
    def class_name(cls) -> str:
        """The name under which LlamaIndex saves the component."""
        return "RecompNodePostprocessor"

    @field_validator("metadata_key")
    @classmethod
    def _check_metadata_key(cls, key: str) -> str:
        if not key:
            raise ValueError("metadata_key is empty: give the key that should hold the facts")
        return key

    def model_post_init(self, _context: Any, /) -> None:
        """Make the compressor; pydantic calls this after the fields are set.

        Args:
            _context: Pydantic's own.
        """
        settings = {name: getattr(self, name) for name in COMPRESSOR_SETTINGS}
        compressor = resolve_compressor(self.compressor, settings)
        self._compressor = with_timeout(compressor, self.timeout_s)

    def postprocess_nodes(
        self,
        nodes: list[NodeWithScore],
        query_bundle: QueryBundle | None = None,
        query_str: str | None = None,
    ) -> list[NodeWithScore]:
        """Compress nodes for a query.

        Args:
            nodes: The retrieved nodes; they are not changed.
            query_bundle: The query. Within a `RetrieverTool`, the argument's name that the tool
                puts before it ("input is …") does not count.
            query_str: The query as a string, instead.

        Returns:
            The nodes that go on to the LLM.
        """
        bundle = without_argument_name(query_bundle)
        return cast("list[NodeWithScore]", super().postprocess_nodes(nodes, bundle, query_str))

    async def apostprocess_nodes(
        self,
        nodes: list[NodeWithScore],
        query_bundle: QueryBundle | None = None,
        query_str: str | None = None,
    ) -> list[NodeWithScore]:
        """Compress nodes for a query without blocking the event loop.

        Args:
            nodes: See `postprocess_nodes`.
            query_bundle: See `postprocess_nodes`.
            query_str: See `postprocess_nodes`.

        Returns:
            What `postprocess_nodes` returns.
        """
        bundle = without_argument_name(query_bundle)
        return cast(
            "list[NodeWithScore]", await super().apostprocess_nodes(nodes, bundle, query_str)
        )

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
        found: Dropped = self._compressor.read_dropped(handle, query, max_tokens=max_tokens)
        return found

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
        return self._finish(nodes, documents, compression)

    @dispatcher.span  # type: ignore[untyped-decorator]
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
        return self._finish(nodes, documents, compression)

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
        dispatcher.event(
            CompressionStartEvent(
                query=query,
                nodes=nodes,
                top_n=len(nodes) if self.top_k is None else self.top_k,
                model_name=model_name(self._compressor),
            )
        )
        return {
            position: document_of(scored.node, self.title_key)
            for position, scored in enumerate(nodes)
            if is_text_alone(scored.node)
        }

    def _finish(
        self,
        nodes: Sequence[NodeWithScore],
        documents: Mapping[int, Document],
        compression: Compression,
    ) -> list[NodeWithScore]:
        try:
            return self._put_back(nodes, documents, compression)
        except Exception as error:
            if self.on_error == "raise":
                raise
            return self._pass_through(nodes, documents, error)

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
        if compression.is_excerpt and compression.text:
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
            elif self.keep_empty and (compression.is_excerpt or not compression.text):
                result.append(self._emptied_node(scored, position, said))
        if not result and self.on_empty != "drop":
            text = self.placeholder if self.on_empty == "placeholder" else ""
            empty = self._new_node(text, [], {**said, "sources": []})
            # A filter by score that comes after, such as SimilarityPostprocessor, must not drop it:
            # then the LLM would not be asked.
            empty.score = max((1.0, *_scores(nodes)))
            result.append(empty)
        _send_end(
            nodes,
            result,
            outcome=compression.outcome.value,
            reason=compression.reason or None,
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
                node = self._marked(scored.node, {"index": position, **said})
                scored = NodeWithScore(node=node, score=scored.score)
            result.append(scored)
        _send_end(nodes, result, **said)
        return result

    def _excerpt_node(
        self, scored: NodeWithScore, position: int, excerpt: Excerpt, said: Mapping[str, Any]
    ) -> NodeWithScore:
        facts = {**said, "index": position, **span_facts(excerpt)}
        facts["relevance_score"] = float(excerpt.score)
        spans = facts["spans"]
        offset = _offset_in_document(scored.node)
        place: dict[str, int] = {}
        if offset is not None:
            facts["document_spans"] = [[offset + start, offset + end] for start, end in spans]
            place = {
                "start_char_idx": offset + spans[0][0],
                "end_char_idx": offset + spans[-1][1],
            }
        if excerpt.text == excerpt.document.text:
            node = self._marked(scored.node, facts)
        else:
            node = self._marked(scored.node, facts, excerpt.text, place)
        return NodeWithScore(node=node, score=scored.score)

    def _emptied_node(
        self, scored: NodeWithScore, position: int, said: Mapping[str, Any]
    ) -> NodeWithScore:
        """A node of which nothing is kept, in its place."""
        facts = {**said, "index": position, "spans": [], "scores": []}
        text = self.placeholder if self.on_empty == "placeholder" else ""
        return NodeWithScore(node=self._marked(scored.node, facts, text), score=scored.score)

    def _new_node(
        self, text: str, sources: Sequence[NodeWithScore], facts: dict[str, Any]
    ) -> NodeWithScore:
        """A new node: a summary of `sources`, or the text for nothing."""
        related = copied([_related(scored.node) for scored in sources])
        node = TextNode(
            text=text,
            relationships={NodeRelationship.CHILD: related} if related else {},
            **self._marks(TextNode(), facts),
        )
        return NodeWithScore(node=node, score=max(_scores(sources), default=None))

    def _marked(
        self,
        node: BaseNode,
        facts: Mapping[str, Any],
        text: str | None = None,
        place: Mapping[str, int] | None = None,
    ) -> BaseNode:
        """A copy with the facts; of the node's class, if that takes them. Nothing is shared.

        text: the new text; None keeps the node's own. place: where that is in its document.
        """
        marks = self._marks(node, facts)
        if text is None:
            with suppress(Exception):  # of another's class
                return cast("BaseNode", copied(node).model_copy(update=marks))
            text = text_of(node)
        resource = {"text_resource": MediaResource(text=text)}
        changes = {**(resource if hasattr(node, "text_resource") else {"text": text}), **marks}
        made = remade(node, **changes, **(place or {}))
        if made is not None:
            return cast("BaseNode", made)
        return TextNode(
            text=text,
            id_=node.node_id,
            relationships=copied(node.relationships),
            metadata_template=node.metadata_template,
            metadata_separator=node.metadata_separator,
            **marks,
            **(place or {}),
        )

    def _marks(self, node: BaseNode, facts: Mapping[str, Any]) -> dict[str, Any]:
        """The fields that hold the facts, hidden from LLM and embedding."""
        key = self.metadata_key
        hidden = {
            name: [*(k for k in getattr(node, name) if k != key), key]
            for name in ("excluded_llm_metadata_keys", "excluded_embed_metadata_keys")
        }
        return {"metadata": {**copied(node.metadata), key: dict(facts)}, **hidden}


def _query(query_bundle: QueryBundle | None) -> str:
    if query_bundle is None:
        raise ValueError(
            "without a query nothing can be relevant: call postprocess_nodes(nodes, query_str=…)"
        )
    query: str = query_bundle.query_str
    return query


def _related(node: BaseNode) -> RelatedNodeInfo:
    try:
        return node.as_related_node_info()
    except ValueError:  # its hash writes the metadata, with an integer too long for Python
        return RelatedNodeInfo(
            node_id=node.node_id, node_type=node.get_type(), metadata=node.metadata
        )


def _scores(nodes: Sequence[NodeWithScore]) -> list[float]:
    return [s.score for s in nodes if s.score is not None and not math.isnan(s.score)]


def _send_end(
    before: Sequence[NodeWithScore], after: Sequence[NodeWithScore], **facts: Any
) -> None:
    dispatcher.event(
        CompressionEndEvent(
            nodes=after,
            characters_before=sum(len(text_of(scored.node)) for scored in before),
            characters_after=sum(len(text_of(scored.node)) for scored in after),
            **facts,
        )
    )


def _offset_in_document(node: BaseNode) -> int | None:
    """Where the node's text begins in its document; None if that is not known or not true."""
    start: int | None = getattr(node, "start_char_idx", None)
    end: int | None = getattr(node, "end_char_idx", None)
    if start is not None and end is not None and end - start != len(text_of(node)):
        return None  # the text was replaced, as by a sentence window
    return start
