"""What both adapters promise, tested once for both.

Each adapter is seen through the same few functions: make items of (text, id, metadata), compress them
for a query, and look at what came out.
"""

import asyncio
import copy
import json
import logging
from types import SimpleNamespace

import pytest
from conftest import shared_words

from recomp_core import ExtractiveCompressor, Threshold, TopK


def langchain_adapter():
    pytest.importorskip("langchain_core", reason='needs pip install "recomp[langchain]"')
    from langchain_core.documents import Document

    from langchain_recomp import RecompDocumentCompressor

    return SimpleNamespace(
        make=lambda **settings: RecompDocumentCompressor(**settings),
        item=lambda text, id, metadata: Document(text, id=id, metadata=metadata),
        compress=lambda adapter, items, query: adapter.compress_documents(items, query),
        acompress=lambda adapter, items, query: adapter.acompress_documents(items, query),
        text=lambda item: item.page_content,
        id=lambda item: item.id,
        metadata=lambda item: item.metadata,
        json=lambda item: item.model_dump_json(),
    )


def llamaindex_adapter():
    pytest.importorskip("llama_index.core", reason='needs pip install "recomp[llamaindex]"')
    from llama_index.core.schema import NodeWithScore, TextNode

    from llamaindex_recomp import RecompNodePostprocessor

    return SimpleNamespace(
        make=lambda **settings: RecompNodePostprocessor(**{"on_empty": "drop", **settings}),
        item=lambda text, id, metadata: NodeWithScore(
            node=TextNode(text=text, id_=id, metadata=metadata), score=0.5
        ),
        compress=lambda adapter, items, query: adapter.postprocess_nodes(items, query_str=query),
        acompress=lambda adapter, items, query: adapter.apostprocess_nodes(items, query_str=query),
        text=lambda item: item.node.text,
        id=lambda item: item.node.node_id,
        metadata=lambda item: item.node.metadata,
        json=lambda item: item.to_json(),
    )


@pytest.fixture(params=[langchain_adapter, llamaindex_adapter], ids=["langchain", "llamaindex"])
def kit(request):
    return request.param()


@pytest.fixture
def items(kit):
    return [
        kit.item("Bananas are yellow. It rains.", "a", {"source": "fruit.txt", "page": 1}),
        kit.item("The tower is tall. Bob built the tower. Paint peels.", "b", {"title": "Tower"}),
        kit.item("Bob sleeps. It was late.", "c", {"deep": {"list": [1, 2]}}),
    ]


def adapter_with(kit, selector=TopK(2), **settings):  # noqa: B008 - frozen
    return kit.make(compressor=ExtractiveCompressor(shared_words, selector=selector), **settings)


def test_one_item_per_source_in_order_with_ids_and_metadata(kit, items):
    result = kit.compress(adapter_with(kit), items, "bob built")
    assert [kit.text(r) for r in result] == ["Bob built the tower.", "Bob sleeps."]
    assert [kit.id(r) for r in result] == ["b", "c"]
    assert kit.metadata(result[0])["title"] == "Tower"
    assert kit.metadata(result[1])["deep"] == {"list": [1, 2]}


def test_what_was_kept_is_said_with_offsets_that_are_true(kit, items):
    (result, _) = kit.compress(adapter_with(kit), items, "bob built")
    said = kit.metadata(result)["recomp"]
    assert said["outcome"] == "compressed"
    assert said["index"] == 1
    ((start, end),) = said["spans"]
    assert kit.text(items[1])[start:end] == "Bob built the tower."
    assert said["scores"] == [2.0]
    json.loads(kit.json(result))


def test_the_input_is_untouched(kit, items):
    before = copy.deepcopy(items)
    result = kit.compress(adapter_with(kit), items, "bob built")
    kit.metadata(result[1])["deep"]["list"].append(3)
    kit.metadata(result[0])["new"] = 1
    assert items == before


def test_nothing_relevant_and_nothing_given(kit, items):
    strict = adapter_with(kit, Threshold(1))
    assert kit.compress(strict, items, "zebra") == []
    assert kit.compress(strict, [], "bob") == []
    assert kit.compress(strict, [kit.item(" \n", "x", {})], "bob") == []


def test_an_item_that_keeps_everything_stays_as_it_is(kit):
    text = "\n  One thing only. \n"
    (result,) = kit.compress(adapter_with(kit), [kit.item(text, "x", {})], "thing")
    assert kit.text(result) == text
    assert kit.metadata(result)["recomp"]["outcome"] == "unchanged"


def test_equal_ids_and_equal_texts_are_not_mixed_up(kit):
    twins = [
        kit.item("Bob ran. Ann sat.", "same", {"n": 0}),
        kit.item("Ann sang. Zed.", "same", {"n": 1}),
        kit.item("Bob ran. Ann sat.", "same", {"n": 2}),
    ]
    result = kit.compress(adapter_with(kit, TopK(3)), twins, "bob sang")
    found = [
        (kit.text(r), kit.metadata(r)["n"], kit.metadata(r)["recomp"]["index"]) for r in result
    ]
    assert found == [("Bob ran.", 0, 0), ("Ann sang.", 1, 1), ("Bob ran.", 2, 2)]


def test_the_title_in_the_metadata_reaches_the_scorer(kit, items):
    class Titles:
        seen = None

        def score(self, tasks):
            self.seen = [document.title for document in tasks[0].documents]
            return [[1.0] * len(task.sentences) for task in tasks]

    scorer = Titles()
    adapter = kit.make(compressor=ExtractiveCompressor(scorer))
    kit.compress(adapter, items, "q")
    assert scorer.seen == [None, "Tower", None]
    kit.compress(kit.make(compressor=ExtractiveCompressor(scorer), title_key="source"), items, "q")
    assert scorer.seen == ["fruit.txt", None, None]


async def test_async_gives_the_same_and_does_not_block(kit, items):
    adapter = adapter_with(kit)
    expected = [kit.text(r) for r in kit.compress(adapter, items, "bob built")]
    results = await asyncio.gather(*(kit.acompress(adapter, items, "bob built") for _ in range(5)))
    assert [[kit.text(r) for r in result] for result in results] == [expected] * 5


def breaks(query, sentences):
    raise RuntimeError("the model fell over")


@pytest.mark.parametrize("asynchronous", [False, True])
def test_on_error(kit, items, asynchronous, caplog):
    def run(adapter):
        if asynchronous:
            return asyncio.run(kit.acompress(adapter, items, "bob"))
        return kit.compress(adapter, items, "bob")

    before = copy.deepcopy(items)
    with pytest.raises(RuntimeError, match="fell over"):
        run(kit.make(compressor=ExtractiveCompressor(breaks)))
    with caplog.at_level(logging.WARNING):
        result = run(kit.make(compressor=ExtractiveCompressor(breaks), on_error="passthrough"))
    assert [kit.text(r) for r in result] == [kit.text(i) for i in items]
    assert [kit.id(r) for r in result] == ["a", "b", "c"]
    for r in result:
        assert kit.metadata(r)["recomp"]["outcome"] == "failed"
        assert kit.metadata(r)["recomp"]["reason"] == "RuntimeError: the model fell over"
    assert caplog.records
    assert items == before


@pytest.mark.parametrize(
    "settings",
    [
        {"top_k": 0},
        {"top_k": "many"},
        {"min_score": float("nan")},
        {"max_tokens": -1},
        {"context": "cosmos"},
        {"on_error": "ignore"},
        {"topk": 3},
        {"expand": (1, -1)},
        {"model": "./nowhere"},
        {"tokenizer": "x"},
    ],
)
def test_bad_settings_always_raise(kit, settings):
    with pytest.raises((ValueError, TypeError, OSError)):
        kit.make(**{"on_error": "passthrough", **settings})


def test_a_compressor_and_its_settings_exclude_each_other(kit):
    with pytest.raises(ValueError, match="top_k"):
        kit.make(compressor=ExtractiveCompressor(shared_words), top_k=3)


@pytest.mark.model
def test_the_default_works_offline(kit, embedded):
    del embedded  # skips where the extra is missing
    items = [
        kit.item(
            "Gulls nest here. The lighthouse was designed by Ada Reyes. Tea is at four.", "a", {}
        ),
        kit.item("Bananas grow in bunches. They ripen after the harvest.", "b", {}),
    ]
    (result,) = kit.compress(kit.make(top_k=1, device="cpu"), items, "Who designed the lighthouse?")
    assert kit.text(result) == "The lighthouse was designed by Ada Reyes."
