import asyncio
import copy
import json
import logging
import pickle
import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest

pytest.importorskip("llama_index.core", reason='needs pip install "recomp[llamaindex]"')

from conftest import shared_words
from llama_index.core import Settings, VectorStoreIndex
from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.bridge.pydantic import PrivateAttr
from llama_index.core.chat_engine import ContextChatEngine
from llama_index.core.embeddings import MockEmbedding
from llama_index.core.instrumentation.event_handlers import BaseEventHandler
from llama_index.core.instrumentation.events.rerank import ReRankEndEvent, ReRankStartEvent
from llama_index.core.instrumentation.span_handlers import SimpleSpanHandler
from llama_index.core.llms import MockLLM
from llama_index.core.node_parser import SentenceSplitter
from llama_index.core.postprocessor import MetadataReplacementPostProcessor
from llama_index.core.postprocessor.types import BaseNodePostprocessor
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.core.schema import (
    Document,
    ImageNode,
    MediaResource,
    MetadataMode,
    Node,
    NodeRelationship,
    NodeWithScore,
    QueryBundle,
    RelatedNodeInfo,
    TextNode,
)

from llamaindex_recomp import (
    CompressionEndEvent,
    CompressionStartEvent,
    EmbeddingEncoder,
    RecompNodePostprocessor,
)
from llamaindex_recomp.postprocessor import dispatcher
from recomp_core import (
    Compression,
    DualEncoderScorer,
    ExtractiveCompressor,
    ModelLoadError,
    Outcome,
    Threshold,
    TopK,
    load_compressor,
    save_compressor,
)
from recomp_core.protocols import Encoder
from recomp_core.types import as_documents

TOWER = "The tower was built by Ana. Rain fell all day. Many admire the tower."
BREAD = "Bread is baked at night. Cats sleep."
QUERY = "tower built"
NOTHING = "zebra"


def words(selector=None, **options):
    """Keeps sentences that share a word with the query."""
    return ExtractiveCompressor(shared_words, selector=selector or Threshold(1), **options)


def postprocessor(**settings):
    return RecompNodePostprocessor(**{"compressor": words(), **settings})


def text_node(text, score=0.5, **fields):
    return NodeWithScore(node=TextNode(text=text, **fields), score=score)


def texts(nodes):
    return [scored.node.get_content(MetadataMode.NONE) for scored in nodes]


class Broken:
    """A compressor of which nothing works."""

    def compress(self, query, documents):
        raise RuntimeError("out of memory")

    async def acompress(self, query, documents):
        return self.compress(query, documents)

    compress_batch = acompress_batch = acompress


class Summary(Broken):
    """A compressor that writes the same summary of its documents `sources`, whatever is asked."""

    def __init__(self, text, sources=(), outcome=Outcome.COMPRESSED):
        self.result = (text, (), (), sources, outcome)

    def compress(self, query, documents):
        return Compression(query, as_documents(documents), *self.result)


class RecordingLLM(MockLLM):
    """Answers "text" and keeps the prompts."""

    _prompts: list = PrivateAttr(default_factory=list)

    def complete(self, prompt, formatted=False, **kwargs):
        self._prompts.append(prompt)
        return super().complete(prompt, formatted=formatted, **kwargs)


class Embedding(BaseEmbedding):
    """A function from text to a list of floats as an embedding model."""

    _function: Any = PrivateAttr()

    def __init__(self, function, **fields):
        super().__init__(**fields)
        self._function = function

    def _get_text_embedding(self, text):
        return self._function(text)

    _get_query_embedding = _get_text_embedding

    async def _aget_query_embedding(self, query):
        return self._function(query)


def tower_bread_other(text):
    tower, bread = (float(text.lower().count(word)) for word in ("tower", "bread"))
    return [tower, bread, float(not tower and not bread)]


class EventLog(BaseEventHandler):
    events: list = []

    def handle(self, event, **kwargs):
        self.events.append(event)


@pytest.fixture
def events():
    log = EventLog(events=[])
    dispatcher.add_event_handler(log)
    yield log.events
    dispatcher.event_handlers.remove(log)


@pytest.fixture
def spans():
    log = SimpleSpanHandler()
    dispatcher.add_span_handler(log)
    yield log
    dispatcher.span_handlers.remove(log)


def index_of(*nodes):
    return VectorStoreIndex(list(nodes), embed_model=MockEmbedding(embed_dim=2))


# What comes out


def test_it_is_a_node_postprocessor():
    assert isinstance(postprocessor(), BaseNodePostprocessor)
    assert RecompNodePostprocessor.class_name() == "RecompNodePostprocessor"


def test_kept_sentences_stay_in_their_nodes_and_the_rest_goes():
    nodes = [text_node(BREAD), text_node(TOWER, id_="t"), text_node("A tower.", id_="u")]
    result = postprocessor().postprocess_nodes(nodes, query_str=QUERY)
    assert texts(result) == ["The tower was built by Ana. Many admire the tower.", "A tower."]
    assert [scored.node.node_id for scored in result] == ["t", "u"]


def test_order_is_the_order_given_not_that_of_scores():
    nodes = [text_node("A tower."), text_node("The tower that Ana built.")]
    result = postprocessor().postprocess_nodes(nodes, query_str=QUERY)
    assert [n.metadata["recomp"]["relevance_score"] for n in result] == [1.0, 2.0]


def test_a_node_keeps_all_else():
    source = RelatedNodeInfo(node_id="doc-7")
    scored = text_node(
        TOWER,
        score=0.25,
        id_="n",
        metadata={"page": 3, "nested": {"a": [1]}},
        relationships={NodeRelationship.SOURCE: source},
        excluded_llm_metadata_keys=["page"],
        embedding=[1.0, 2.0],
        text_template="{content}",
    )
    (result,) = postprocessor().postprocess_nodes([scored], query_str=QUERY)
    ours = result.node.metadata.pop("recomp")
    assert ours == {
        "outcome": "compressed",
        "index": 0,
        "spans": [[0, 27], [47, 69]],
        "scores": [2.0, 1.0],
        "relevance_score": 2.0,
    }
    assert result.score == 0.25
    assert result.node.ref_doc_id == "doc-7"
    assert result.node.excluded_llm_metadata_keys == ["page", "recomp"]
    assert result.node.excluded_embed_metadata_keys == ["recomp"]
    assert result.node.embedding is None  # it was made of the whole text
    unchanged = {"id_", "metadata", "relationships", "text_template"}
    assert result.node.model_dump(include=unchanged) == scored.node.model_dump(include=unchanged)


def test_input_is_never_changed():
    nodes = [
        text_node(TOWER, metadata={"nested": {"a": [1]}}, start_char_idx=5, end_char_idx=74),
        NodeWithScore(node=Document(text=BREAD, metadata={"title": "Bread"})),
        NodeWithScore(node=ImageNode(image_url="http://localhost/x.png")),
    ]
    query = QueryBundle(QUERY)
    before = copy.deepcopy((nodes, query))
    for settings in ({}, {"compressor": Broken(), "on_error": "passthrough"}):
        result = postprocessor(**settings).postprocess_nodes(nodes, query)
        result[0].node.metadata["nested"]["a"].append(2)
        result[0].node.metadata["new"] = 1
        assert (nodes, query) == before
    summary = Summary("Ana.", sources=(0,))
    (result, _image) = postprocessor(compressor=summary).postprocess_nodes(nodes, query)
    result.node.child_nodes[0].metadata["nested"]["a"].append(2)
    assert (nodes, query) == before


def test_spans_are_true_in_node_and_document():
    document = "Preface.   " + TOWER + " The end."
    start = document.index(TOWER)
    scored = text_node(TOWER, start_char_idx=start, end_char_idx=start + len(TOWER))
    (result,) = postprocessor().postprocess_nodes([scored], query_str=QUERY)
    ours = result.node.metadata["recomp"]
    sentences = ["The tower was built by Ana.", "Many admire the tower."]
    assert [TOWER[a:b] for a, b in ours["spans"]] == sentences
    assert [document[a:b] for a, b in ours["document_spans"]] == sentences
    assert document[result.node.start_char_idx : result.node.end_char_idx] == TOWER


def test_character_offsets_of_the_node_reach_from_first_to_last_kept_sentence():
    scored = text_node(TOWER, start_char_idx=100, end_char_idx=100 + len(TOWER))
    (result,) = postprocessor(compressor=words(TopK(1))).postprocess_nodes(
        [scored], query_str="rain fell"
    )
    assert result.node.text == "Rain fell all day."
    assert (result.node.start_char_idx, result.node.end_char_idx) == (128, 146)


def test_start_alone_is_enough_for_document_spans():
    (result,) = postprocessor().postprocess_nodes(
        [text_node("A tower. Rain.", start_char_idx=10)], query_str=QUERY
    )
    assert result.node.metadata["recomp"]["document_spans"] == [[10, 18]]


def test_no_document_spans_where_the_text_is_no_longer_that_of_the_offsets():
    scored = text_node(
        "A tower.", metadata={"window": "Rain. A tower."}, start_char_idx=6, end_char_idx=14
    )
    windowed = MetadataReplacementPostProcessor("window").postprocess_nodes([scored])
    (result,) = postprocessor().postprocess_nodes(windowed, query_str=QUERY)
    assert result.node.text == "A tower."
    assert "document_spans" not in result.node.metadata["recomp"]


def test_a_second_pass_stays_true():
    document = "Preface. " + TOWER
    start = document.index(TOWER)
    nodes = [text_node(TOWER, start_char_idx=start, end_char_idx=len(document))]
    for query, expand, kept in (
        ("rain fell", (0, 1), ["Rain fell all day.", "Many admire the tower."]),
        ("many admire", (0, 0), ["Many admire the tower."]),
    ):
        pp = postprocessor(compressor=words(TopK(1), expand=expand))
        nodes = pp.postprocess_nodes(nodes, query_str=query)
        assert texts(nodes) == [" ".join(kept)]
        spans = nodes[0].node.metadata["recomp"]["document_spans"]
        assert [document[a:b] for a, b in spans] == kept
    assert nodes[0].node.excluded_llm_metadata_keys == ["recomp"]


def test_an_unchanged_node_says_so():
    scored = text_node("  A tower.\n", start_char_idx=4, end_char_idx=15)
    (result,) = postprocessor().postprocess_nodes([scored], query_str=QUERY)
    assert result.node.text == "  A tower.\n"
    assert result.node.metadata["recomp"]["outcome"] == "unchanged"
    assert (result.node.start_char_idx, result.node.end_char_idx) == (4, 15)


def test_documents_and_plain_nodes_are_compressed():
    nodes = [
        NodeWithScore(node=Document(text="A tower. It rained.")),
        NodeWithScore(node=Node(text_resource=MediaResource(text="The tower. It snowed."))),
    ]
    result = postprocessor().postprocess_nodes(nodes, query_str=QUERY)
    assert texts(result) == ["A tower.", "The tower."]
    assert [type(n.node) for n in result] == [Document, Node]


def test_what_is_not_text_alone_passes_through_in_its_place():
    image = NodeWithScore(node=ImageNode(image_url="http://localhost/x.png", text="A cat."))
    audio = NodeWithScore(node=Node(audio_resource=MediaResource(data=b"x")), score=0.1)
    nodes = [image, text_node(BREAD), audio, text_node("A tower.")]
    result = postprocessor().postprocess_nodes(nodes, query_str=QUERY)
    assert result[:2] == [image, audio]
    assert texts(result[2:]) == ["A tower."]
    assert result[2].metadata["recomp"]["index"] == 3


@pytest.mark.parametrize("on_empty", ["empty_node", "drop", "placeholder"])
def test_what_passes_through_leaves_nothing_to_do_for_on_empty(on_empty):
    image = NodeWithScore(node=ImageNode(image_url="http://localhost/x.png"))
    result = postprocessor(on_empty=on_empty).postprocess_nodes([image], query_str=QUERY)
    assert result == [image]


def test_equal_ids_are_told_apart_by_place():
    nodes = [text_node("A tower.", id_="x"), text_node(TOWER, id_="x"), text_node("Tall tower.")]
    result = postprocessor().postprocess_nodes(nodes, query_str=QUERY)
    assert [n.metadata["recomp"]["index"] for n in result] == [0, 1, 2]
    assert texts(result) == [
        "A tower.",
        "The tower was built by Ana. Many admire the tower.",
        "Tall tower.",
    ]


def test_what_the_compressor_is_given():
    seen = []

    class Spy:
        def score(self, tasks):
            seen.extend((d.text, d.title, d.id, d.metadata) for t in tasks for d in t.documents)
            return [[1.0] * len(task.sentences) for task in tasks]

    nodes = [
        text_node(TOWER, id_=str(title), metadata={"title": title, "name": "N"})
        for title in ("T", None, 3)
    ]
    for title_key, titles in (
        ("title", ["T", None, None]),
        ("name", ["N", "N", "N"]),
        (None, [None] * 3),
    ):
        seen.clear()
        pp = postprocessor(compressor=ExtractiveCompressor(Spy()), title_key=title_key)
        pp.postprocess_nodes(nodes, query_str=QUERY)
        assert seen == [
            (TOWER, title, node.node_id, node.metadata)
            for title, node in zip(titles, nodes, strict=True)
        ]


def test_metadata_is_json_ready():
    import numpy as np

    class NumpyScores(Broken):
        def compress(self, query, documents):
            compression = words().compress(query, documents)
            kept = tuple(replace(s, score=np.float32(s.score)) for s in compression.kept)
            return replace(compression, kept=kept)

    scored = text_node(TOWER)
    scored.score = np.float32(0.5)
    (result,) = postprocessor(compressor=NumpyScores()).postprocess_nodes([scored], query_str=QUERY)
    ours = json.loads(result.to_json())["node"]["metadata"]["recomp"]
    assert (ours["scores"], ours["relevance_score"]) == ([2.0, 1.0], 2.0)


def test_metadata_key_is_a_setting():
    (result,) = postprocessor(metadata_key="why").postprocess_nodes(
        [text_node("A tower.")], query_str=QUERY
    )
    assert list(result.metadata) == ["why"]
    assert result.node.excluded_llm_metadata_keys == ["why"]


# Nothing to prepend


@pytest.mark.parametrize(
    ("nodes", "outcome"),
    [
        ([text_node(TOWER), text_node(BREAD)], "nothing_relevant"),
        ([], "nothing_given"),
        ([text_node(" \n"), NodeWithScore(node=Document(text=""))], "nothing_given"),
    ],
)
def test_on_empty(nodes, outcome):
    (empty,) = postprocessor().postprocess_nodes(nodes, query_str=NOTHING)
    (placeholder,) = postprocessor(on_empty="placeholder", placeholder="—").postprocess_nodes(
        nodes, query_str=NOTHING
    )
    assert postprocessor(on_empty="drop").postprocess_nodes(nodes, query_str=NOTHING) == []
    assert texts([empty, placeholder]) == ["", "—"]
    for scored in (empty, placeholder):
        assert scored.score == 1.0  # no filter by score drops it
        assert scored.metadata == {"recomp": {"outcome": outcome, "sources": []}}
        assert scored.node.get_content(MetadataMode.LLM) == scored.node.text
        assert scored.node.get_content(MetadataMode.EMBED) == scored.node.text
        assert scored.node.node_id not in {n.node.node_id for n in nodes}


def engine(pp, llm, *nodes):
    return RetrieverQueryEngine.from_args(
        index_of(*nodes).as_retriever(similarity_top_k=5), llm=llm, node_postprocessors=[pp]
    )


async def ask(query_engine, query, how):
    if how == "sync":
        return query_engine.query(query)
    return await query_engine.aquery(query)


@pytest.mark.parametrize("how", ["sync", "async"])
async def test_query_engine_prompts_with_the_compressed_text(how):
    node = TextNode(text=TOWER, metadata={"title": "Towers", "source": "a.md"})
    llm = RecordingLLM(max_tokens=1)
    response = await ask(engine(postprocessor(), llm, node, TextNode(text=BREAD)), QUERY, how)
    (prompt,) = llm._prompts
    assert "The tower was built by Ana. Many admire the tower." in prompt
    assert "Rain fell" not in prompt
    assert "Bread" not in prompt
    # The metadata header stands there once, and nothing of ours.
    assert prompt.count("source: a.md") == prompt.count("title: Towers") == 1
    for ours in ("recomp", "relevance_score", "spans", "compressed"):
        assert ours not in prompt
    assert response.source_nodes[0].node.node_id == node.node_id
    assert str(response) == "text"


@pytest.mark.parametrize("how", ["sync", "async"])
@pytest.mark.parametrize(
    ("on_empty", "answer", "asked"),
    [("empty_node", "text", 1), ("placeholder", "text", 1), ("drop", "Empty Response", 0)],
)
@pytest.mark.parametrize("mode", ["compact", "refine", "tree_summarize", "simple_summarize"])
async def test_the_llm_is_asked_even_when_nothing_is_relevant(how, on_empty, answer, asked, mode):
    llm = RecordingLLM(max_tokens=1)
    query_engine = RetrieverQueryEngine.from_args(
        index_of(TextNode(text=TOWER)).as_retriever(),
        llm=llm,
        node_postprocessors=[postprocessor(on_empty=on_empty, placeholder="(none)")],
        response_mode=mode,
    )
    response = await ask(query_engine, NOTHING, how)
    assert str(response) == answer
    assert len(llm._prompts) == asked
    assert not any("tower" in prompt.lower() for prompt in llm._prompts)
    assert all(("(none)" in prompt) == (on_empty == "placeholder") for prompt in llm._prompts)


@pytest.mark.parametrize("how", ["sync", "async"])
@pytest.mark.parametrize("on_empty", ["empty_node", "placeholder", "drop"])
async def test_chat_engine_does_not_bring_back_the_last_turn(how, on_empty):
    llm = RecordingLLM(max_tokens=1)
    chat = ContextChatEngine.from_defaults(
        retriever=index_of(TextNode(text=TOWER)).as_retriever(),
        llm=llm,
        node_postprocessors=[postprocessor(on_empty=on_empty)],
    )

    async def say(message, **kwargs):
        if how == "sync":
            return chat.chat(message, **kwargs)
        return await chat.achat(message, **kwargs)

    first = await say(QUERY)
    assert texts(first.source_nodes) == ["The tower was built by Ana. Many admire the tower."]
    second = await say(NOTHING, prev_chunks=first.source_nodes)
    came_back = "built by Ana" in llm._prompts[-1]
    assert came_back == (on_empty == "drop")
    assert (second.source_nodes == first.source_nodes) == came_back
    assert "built by Ana" in llm._prompts[0]


def test_an_index_over_split_documents_offline():
    """LlamaIndex's own tokenizer and splitter, without the network that tests don't have."""
    filler = " ".join(f"Cats sleep in house number {n}." for n in range(40))
    document = Document(text=f"{filler} {TOWER} {filler}", id_="d", metadata={"title": "Cats"})
    index = VectorStoreIndex.from_documents(
        [document],
        embed_model=Embedding(tower_bread_other),
        transformations=[SentenceSplitter(chunk_size=120, chunk_overlap=20)],
    )
    retrieved = index.as_retriever(similarity_top_k=3).retrieve(QUERY)
    result = postprocessor().postprocess_nodes(retrieved, query_str=QUERY)
    assert result
    for scored in result:
        assert scored.node.ref_doc_id == "d"
        for start, end in scored.metadata["recomp"]["document_spans"]:
            assert document.text[start:end] in TOWER


# Sync and async


async def test_async_gives_the_same():
    nodes = [text_node(TOWER, id_="t"), text_node(BREAD)]
    pp = postprocessor()
    assert await pp.apostprocess_nodes(nodes, query_str=QUERY) == pp.postprocess_nodes(
        nodes, query_str=QUERY
    )


async def test_async_awaits_the_compressor():
    class Async(Summary):
        compress = Broken.compress

        async def acompress(self, query, documents):
            await asyncio.sleep(0)
            return Summary.compress(self, query, documents)

    pp = postprocessor(compressor=Async("Ana did.", sources=(0,)))
    assert texts(await pp.apostprocess_nodes([text_node(TOWER)], query_str=QUERY)) == ["Ana did."]


# Summaries


def test_a_summary_is_one_new_node_with_its_sources():
    nodes = [
        NodeWithScore(node=ImageNode(image_url="http://localhost/x.png")),
        text_node(BREAD, score=0.9, id_="b"),
        text_node(TOWER, score=0.4, id_="t", metadata={"page": 1}),
        text_node("A tower.", score=0.6, id_="u"),
    ]
    pp = postprocessor(compressor=Summary("Ana built it.", sources=(1, 2)))
    summary, image = pp.postprocess_nodes(nodes, query_str=QUERY)
    assert summary.node.text == "Ana built it."
    assert [info.node_id for info in summary.node.child_nodes] == ["t", "u"]
    assert summary.node.child_nodes[0].metadata == {"page": 1}
    assert summary.metadata == {
        "recomp": {
            "outcome": "compressed",
            "sources": [
                {"index": 2, "id": "t", "metadata": {"page": 1}},
                {"index": 3, "id": "u", "metadata": {}},
            ],
            "truncated": False,
            "reason": "",
            "support": [],
        }
    }
    assert summary.score == 0.6
    assert summary.node.node_id not in {"b", "t", "u"}
    assert image == nodes[0]
    assert summary.node.ref_doc_id is None
    json.loads(summary.to_json())


def test_an_empty_summary_is_no_error():
    pp = postprocessor(compressor=Summary("", outcome=Outcome.NOTHING_RELEVANT))
    (result,) = pp.postprocess_nodes([text_node(TOWER)], query_str=QUERY)
    assert result.node.text == ""
    assert result.metadata["recomp"]["outcome"] == "nothing_relevant"


@pytest.mark.parametrize("text", ["Ana built it.", ""])
def test_text_decides_even_where_sentences_were_kept_on_the_way(text):
    class ExtractThenWrite(Broken):
        def compress(self, query, documents):
            picked = words().compress(query, documents)
            return Compression(
                query, picked.documents, text, picked.kept, picked.dropped, (0,), picked.outcome
            )

    pp = postprocessor(compressor=ExtractThenWrite())
    assert texts(pp.postprocess_nodes([text_node(TOWER)], query_str=QUERY)) == [text]


# Errors


async def test_errors_are_raised():
    pp = postprocessor(compressor=Broken())
    with pytest.raises(RuntimeError, match="out of memory"):
        pp.postprocess_nodes([text_node(TOWER)], query_str=QUERY)
    with pytest.raises(RuntimeError, match="out of memory"):
        await pp.apostprocess_nodes([text_node(TOWER)], query_str=QUERY)


@pytest.mark.parametrize(("query", "says"), [(None, "query_str"), (" ", "blank")])
async def test_a_query_is_needed(query, says):
    pp = postprocessor()
    with pytest.raises(ValueError, match=says):
        pp.postprocess_nodes([text_node(TOWER)], query_str=query)
    with pytest.raises(ValueError, match=says):
        await pp.apostprocess_nodes([text_node(TOWER)], query_str=query)


@pytest.mark.parametrize("how", ["sync", "async"])
@pytest.mark.parametrize(
    ("compressor", "query", "reason"),
    [
        (Broken(), QUERY, "RuntimeError: out of memory"),
        (words(), None, "ValueError: without a query"),
        (words(), "", "ValueError: query is blank"),
    ],
)
async def test_passthrough(how, compressor, query, reason, caplog):
    image = NodeWithScore(node=ImageNode(image_url="http://localhost/x.png"))
    nodes = [text_node(TOWER, score=0.3, id_="t", metadata={"page": 1}), image, text_node(BREAD)]
    pp = postprocessor(compressor=compressor, on_error="passthrough")
    with caplog.at_level(logging.WARNING, logger="llamaindex_recomp"):
        if how == "sync":
            result = pp.postprocess_nodes(nodes, query_str=query)
        else:
            result = await pp.apostprocess_nodes(nodes, query_str=query)
    assert reason in caplog.text
    assert texts(result) == [TOWER, "", BREAD]
    assert result[1] == image
    ours = result[0].metadata["recomp"]
    assert ours["outcome"] == "failed"
    assert ours["index"] == 0
    assert ours["reason"].startswith(reason)
    assert (result[0].node.node_id, result[0].score) == ("t", 0.3)
    assert result[0].node.get_content(MetadataMode.LLM) == f"page: 1\n\n{TOWER}"


@pytest.mark.parametrize("how", ["sync", "async"])
async def test_a_result_that_can_not_be_put_back_is_an_error_like_any_other(how):
    compressor = Summary("Ana.", sources=(5,))  # of a compressor that counts wrongly

    async def result(**settings):
        pp = postprocessor(compressor=compressor, **settings)
        if how == "sync":
            return pp.postprocess_nodes([text_node(TOWER)], query_str=QUERY)
        return await pp.apostprocess_nodes([text_node(TOWER)], query_str=QUERY)

    with pytest.raises(IndexError):
        await result()
    (passed,) = await result(on_error="passthrough")
    assert passed.node.get_content(MetadataMode.NONE) == TOWER
    assert passed.metadata["recomp"]["reason"].startswith("IndexError: ")


class Closed(TextNode):
    """A node of another's class that can't be copied, and refuses metadata that it doesn't know."""

    def __init__(self, **fields):
        super().__init__(**fields)
        if fields.get("metadata"):
            raise ValueError("unknown metadata")

    def model_copy(self, **kwargs):
        raise TypeError("not copied")


def test_a_class_that_takes_no_facts_gives_way():
    scored = NodeWithScore(node=Closed(text=TOWER, id_="c"), score=0.3)
    pp = postprocessor(compressor=Broken(), on_error="passthrough")
    (passed,) = pp.postprocess_nodes([scored], query_str=QUERY)
    assert type(passed.node) is TextNode
    assert (texts([passed]), passed.node.node_id, passed.score) == ([TOWER], "c", 0.3)
    assert passed.metadata["recomp"]["outcome"] == "failed"
    (kept,) = postprocessor().postprocess_nodes([scored], query_str=QUERY)
    assert type(kept.node) is TextNode
    assert texts([kept]) == ["The tower was built by Ana. Many admire the tower."]


def test_wrong_nodes_are_named():
    with pytest.raises(TypeError, match=r"nodes\[1\] must be a NodeWithScore, got TextNode"):
        postprocessor(on_error="passthrough").postprocess_nodes(
            [text_node(TOWER), TextNode(text=BREAD)], query_str=QUERY
        )


# Settings


@pytest.mark.parametrize("on_error", ["raise", "passthrough"])
@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"topk": 2}, "topk"),
        ({"top_k": 0}, "top_k|TopK"),
        ({"top_k": True}, "top_k"),
        ({"min_score": float("nan")}, "min_score"),
        ({"max_tokens": -1}, "max_tokens"),
        ({"tokenizer": "x"}, "max_tokens"),
        ({"on_empty": "nothing"}, "on_empty"),
        ({"metadata_key": ""}, "metadata_key"),
        ({"compressor": words(), "top_k": 2, "device": "cpu"}, "top_k, device"),
        ({"compressor": words(), "local_files_only": False}, "local_files_only"),
    ],
)
def test_wrong_settings_raise(settings, says, on_error):
    with pytest.raises(ValueError, match=says):
        RecompNodePostprocessor(**settings, on_error=on_error)


@pytest.mark.parametrize("compressor", [object(), ExtractiveCompressor, shared_words])
def test_not_a_compressor(compressor):
    with pytest.raises(TypeError, match="compressor"):
        RecompNodePostprocessor(compressor=compressor)


def test_a_missing_model_raises_at_construction(tmp_path):
    for model in (tmp_path / "absent", str(tmp_path / "absent")):
        with pytest.raises(ModelLoadError, match="absent"):
            RecompNodePostprocessor.from_pretrained(model, on_error="passthrough")


@pytest.mark.parametrize("name", ["top_k", "compressor", "on_empty"])
def test_settings_are_not_changed_afterwards(name):
    with pytest.raises(ValueError, match="frozen"):
        setattr(postprocessor(), name, None)


def test_the_query_engine_may_set_its_callback_manager():
    pp = postprocessor()
    pp.callback_manager = Settings.callback_manager
    assert pp.callback_manager is Settings.callback_manager


def test_a_compressor_of_ones_own_must_be_given_again():
    data = postprocessor(on_empty="drop").to_dict()
    json.dumps(data)
    with pytest.raises(ValueError, match="from_dict"):
        RecompNodePostprocessor.from_dict(data)
    again = RecompNodePostprocessor.from_dict(data, compressor=words())
    assert again.on_empty == "drop"
    assert texts(again.postprocess_nodes([text_node(TOWER)], query_str="rain")) == [
        "Rain fell all day."
    ]


def test_a_compressor_is_pickled_or_refused():
    result = pickle.loads(pickle.dumps(postprocessor(on_empty="drop")))
    assert result.on_empty == "drop"
    assert texts(result.postprocess_nodes([text_node(TOWER)], query_str="rain")) == [
        "Rain fell all day."
    ]
    local = ExtractiveCompressor(lambda query, sentences: [1.0] * len(sentences))
    with pytest.raises(pickle.PicklingError, match="give model="):
        pickle.dumps(postprocessor(compressor=local))


def test_a_copy_with_other_settings_obeys_them():
    nodes = [text_node(TOWER), text_node(BREAD)]
    first = postprocessor(on_empty="drop", metadata_key="mine")
    for other in (first.model_copy(update={"top_k": 1}), first.copy(update={"top_k": 1})):
        (node,) = other.postprocess_nodes(nodes, query_str=QUERY)
        assert len(node.node.metadata["mine"]["scores"]) == 1
        assert other.on_empty == "drop"
    assert first.model_copy(update={"on_empty": "empty_node"}).on_empty == "empty_node"
    assert first.model_copy().compressor is first.compressor


@pytest.mark.model
def test_a_copy_of_settings_alone_loads_its_model_with_them():
    loaded = RecompNodePostprocessor(top_k=3).model_copy(update={"top_k": 1})
    (node,) = loaded.postprocess_nodes([text_node(TOWER)], query_str="rain")
    assert len(node.node.metadata["recomp"]["scores"]) == 1


@pytest.mark.parametrize(
    ("update", "says"),
    [
        ({"topk": 1}, "topk"),
        ({"top_k": -5}, "top_k|TopK"),
        ({"metadata_key": ""}, "metadata_key is empty"),
        ({"context": "title"}, "context"),
        ({"timeout_s": 0}, "timeout_s"),
    ],
)
def test_copies_that_cannot_work(update, says):
    with pytest.raises(ValueError, match=says):
        postprocessor().model_copy(update=update)


# Instrumentation


@pytest.mark.parametrize("how", ["sync", "async"])
async def test_events_and_spans_arrive(how, events, spans):
    nodes = [text_node(TOWER), text_node(BREAD)]
    if how == "sync":
        result = postprocessor().postprocess_nodes(nodes, query_str=QUERY)
        method = "_postprocess_nodes"
    else:
        result = await postprocessor().apostprocess_nodes(nodes, query_str=QUERY)
        method = "_apostprocess_nodes"
    start, end = events
    assert isinstance(start, CompressionStartEvent)
    assert isinstance(start, ReRankStartEvent)
    assert (start.query, start.nodes) == (QUERY, nodes)
    assert (start.top_n, start.model_name) == (2, "FunctionScorer")
    assert isinstance(end, CompressionEndEvent)
    assert isinstance(end, ReRankEndEvent)
    assert end.nodes == result
    assert end.outcome == "compressed"
    assert end.reason is None
    assert (end.sentences_kept, end.sentences_dropped) == (2, 3)
    assert end.characters_before == len(TOWER) + len(BREAD)
    assert end.characters_after == len("The tower was built by Ana. Many admire the tower.")
    (span,) = spans.completed_spans
    assert span.id_.startswith(f"RecompNodePostprocessor.{method}-")
    assert start.span_id == end.span_id == span.id_
    assert end.model_dump()["class_name"] == "CompressionEndEvent"
    assert start.model_dump()["class_name"] == "CompressionStartEvent"


def test_events_of_a_passthrough(events):
    pp = postprocessor(compressor=Broken(), on_error="passthrough")
    pp.postprocess_nodes([text_node(TOWER)], query_str=QUERY)
    assert events[-1].outcome == "failed"
    assert events[-1].reason == "RuntimeError: out of memory"
    assert events[-1].characters_before == events[-1].characters_after == len(TOWER)


def test_an_error_drops_the_span(events, spans):
    with pytest.raises(RuntimeError):
        postprocessor(compressor=Broken()).postprocess_nodes([text_node(TOWER)], query_str=QUERY)
    assert [type(event).__name__ for event in events][:1] == ["CompressionStartEvent"]
    assert not any(isinstance(event, CompressionEndEvent) for event in events)
    assert len(spans.dropped_spans) == 1


# Embedding models


def test_an_embedding_model_as_encoder():
    encoder = EmbeddingEncoder(Embedding(tower_bread_other))
    assert isinstance(encoder, Encoder)
    assert encoder.encode_queries(["tower", "bread bread"]).tolist() == [[1, 0, 0], [0, 2, 0]]
    assert encoder.encode_sentences(["No.", "Tower bread."]).tolist() == [[0, 0, 1], [1, 1, 0]]


@pytest.mark.parametrize("thing", ["local", None, tower_bread_other, Embedding])
def test_what_is_no_embedding_model(thing):
    with pytest.raises(TypeError, match="must be a LlamaIndex embedding model"):
        EmbeddingEncoder(thing)


def test_from_embed_model():
    pp = RecompNodePostprocessor.from_embed_model(
        Embedding(tower_bread_other),
        min_score=0.9,
        similarity_fn_name="cosine",
        elision="…",
        on_empty="drop",
        lexical_weight=0,
    )
    (result,) = pp.postprocess_nodes([text_node(TOWER), text_node(BREAD)], query_str="tower")
    assert result.node.text == "The tower was built by Ana. … Many admire the tower."
    assert result.metadata["recomp"]["scores"] == [1.0, 1.0]
    assert pp.on_empty == "drop"
    again = pickle.loads(pickle.dumps(pp))
    assert texts(again.postprocess_nodes([text_node(TOWER)], query_str="tower")) == texts([result])


def test_from_embed_model_reads_titles_by_default():
    nodes = [text_node("Ana built it.", metadata={"title": "Tower"}), text_node("It rained.")]
    for settings, kept in ({}, ["Ana built it."]), ({"context": "sentence"}, []):
        pp = RecompNodePostprocessor.from_embed_model(
            Embedding(tower_bread_other), min_score=0.5, on_empty="drop", **settings
        )
        assert texts(pp.postprocess_nodes(nodes, query_str="tower")) == kept


def test_from_embed_model_refuses():
    with pytest.raises(TypeError, match="embedding model"):
        RecompNodePostprocessor.from_embed_model("local")
    with pytest.raises(ValueError, match="tokenizer"):
        RecompNodePostprocessor.from_embed_model(Embedding(tower_bread_other), max_tokens=9)
    with pytest.raises(ValueError, match="context"):
        RecompNodePostprocessor.from_embed_model(Embedding(tower_bread_other), context="document")
    with pytest.raises(TypeError, match="device"):
        RecompNodePostprocessor.from_embed_model(Embedding(tower_bread_other), device="cpu")


# Import


def test_import_says_what_to_install():
    code = "import sys; sys.modules['llama_index'] = None; import llamaindex_recomp"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.stderr.strip().endswith('pip install "recomp[llamaindex]"')
    assert "ImportError: llamaindex_recomp needs llama-index-core" in result.stderr


# The embedded encoder

PASSAGES = [
    "The lighthouse at Port Ellis was built by Ada Mercer in 1871. Ferries leave at noon.",
    "Sourdough needs a warm kitchen. Salt slows the yeast down.",
]
QUESTION = "Who built the lighthouse?"


@pytest.mark.model
def test_defaults_are_the_core_s_own(embedded):
    nodes = [text_node(passage) for passage in PASSAGES]
    pp = RecompNodePostprocessor(top_k=1, device="cpu")
    expected = embedded.compress(QUESTION, PASSAGES)
    result = pp.postprocess_nodes(nodes, query_str=QUESTION)
    assert texts(result) == ["The lighthouse at Port Ellis was built by Ada Mercer in 1871."]
    best = max(sentence.score for sentence in expected.kept)
    assert result[0].metadata["recomp"]["relevance_score"] == pytest.approx(best, abs=1e-5)


@pytest.mark.model
@pytest.mark.usefixtures("embedded")
def test_settings_travel_and_the_model_loads_anew():
    pp = RecompNodePostprocessor(top_k=1, expand=(0, 1), on_empty="drop", device="cpu")
    nodes = [text_node(passage, id_=passage) for passage in PASSAGES]
    expected = pp.postprocess_nodes(nodes, query_str=QUESTION)
    assert texts(expected) == PASSAGES[:1]
    for again in (
        pickle.loads(pickle.dumps(pp)),
        RecompNodePostprocessor.from_dict(pp.to_dict()),
        RecompNodePostprocessor.from_json(pp.to_json()),
        copy.deepcopy(pp),
    ):
        assert again.to_dict() == pp.to_dict()
        assert again.postprocess_nodes(nodes, query_str=QUESTION) == expected


@pytest.mark.model
def test_a_saved_folder(embedded, tmp_path):
    chosen = load_compressor(selector=TopK(1), device="cpu")
    save_compressor(chosen, tmp_path / "saved")
    pp = RecompNodePostprocessor.from_pretrained(tmp_path / "saved", device="cpu")
    assert pp.model == str(tmp_path / "saved")
    nodes = [text_node(passage) for passage in PASSAGES]
    kept = ["The lighthouse at Port Ellis was built by Ada Mercer in 1871."]
    assert texts(pp.postprocess_nodes(nodes, query_str=QUESTION)) == kept


def embedding_of(compressor):
    encoder = compressor.scorer.encoder
    return Embedding(lambda text: encoder.encode_sentences([text])[0].tolist())


@pytest.mark.model
def test_an_embedding_model_scores_as_the_encoder_behind_it(embedded):
    nodes = [text_node(passage, metadata={"title": "Port Ellis"}) for passage in PASSAGES]
    direct = ExtractiveCompressor(DualEncoderScorer(embedded.scorer.encoder, context="title"))
    expected = postprocessor(compressor=direct).postprocess_nodes(nodes, query_str=QUESTION)
    pp = RecompNodePostprocessor.from_embed_model(embedding_of(embedded))
    result = pp.postprocess_nodes(nodes, query_str=QUESTION)
    assert texts(result) == texts(expected)
    for mine, theirs in zip(result, expected, strict=True):
        assert mine.metadata["recomp"]["scores"] == pytest.approx(
            theirs.metadata["recomp"]["scores"], abs=1e-5
        )


@pytest.mark.model
async def test_a_query_engine_over_an_embedded_index(embedded):
    index = VectorStoreIndex(
        [TextNode(text=passage) for passage in PASSAGES], embed_model=embedding_of(embedded)
    )
    llm = RecordingLLM(max_tokens=1)
    query_engine = index.as_query_engine(
        llm=llm,
        similarity_top_k=2,
        node_postprocessors=[RecompNodePostprocessor(min_score=0.5, device="cpu")],
    )
    assert str(await query_engine.aquery(QUESTION)) == "text"
    assert "Ada Mercer" in llm._prompts[0]
    assert "Ferries" not in llm._prompts[0]
    assert str(query_engine.query("What does a passport cost in Peru?")) == "text"
    assert not any(passage.split(".")[0] in llm._prompts[1] for passage in PASSAGES)
