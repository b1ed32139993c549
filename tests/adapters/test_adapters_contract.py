"""What both adapters promise, tested once for both.

Each adapter is seen through the same few functions: make items of (text, id, metadata), compress them
for a query, and look at what came out.
"""

import asyncio
import copy
import json
import logging
import threading
from types import SimpleNamespace
from typing import Any

import pytest
from conftest import shared_words

from recomp_core import (
    AbstractiveCompressor,
    ExtractiveCompressor,
    ScoredSentence,
    SummaryError,
    SummarySentence,
    Threshold,
    TopK,
    load_compressor,
)
from recomp_core.protocols import Verdict


def classes_of(base, text_field, id_field):
    """Functions that make items of subclasses: one with state, and some that are particular."""
    from pydantic import ConfigDict, PrivateAttr, model_validator

    class Stateful(base):
        embedding: list[float] | None = None
        note: dict = {}
        state: dict = {}  # as LangChain's embedding filters have it
        _memory: list = PrivateAttr(default_factory=list)
        _length: int = PrivateAttr(default=0)
        _lock: Any = PrivateAttr(default_factory=threading.Lock)

        def model_post_init(self, context, /):
            super().model_post_init(context)
            self._length = len(getattr(self, text_field))

        @property
        def length(self):
            return self._length

        @property
        def memory(self):
            return self._memory

        def remember(self, what):
            self._memory.append(what)

    class Frozen(base):
        model_config = ConfigDict(frozen=True)

    class RefusesMetadata(base):
        @model_validator(mode="after")
        def _few(self):
            if "recomp" in self.metadata:
                raise ValueError("no such key")
            return self

    class RefusesText(base):
        @model_validator(mode="after")
        def _long(self):
            if len(getattr(self, text_field)) < 30:
                raise ValueError("too short")
            return self

    class ChangesText(base):
        @model_validator(mode="before")
        @classmethod
        def _loud(cls, values):
            text = values[text_field]
            return {**values, text_field: text if len(text) > 30 else text.upper()}

    kinds = {
        "frozen": Frozen, "refuses metadata": RefusesMetadata, "refuses text": RefusesText,
        "changes text": ChangesText,
    }  # fmt: skip

    def stateful(text):
        fields = {
            text_field: text,
            "embedding": [1.0, 2.0],
            "note": {"of": ["the user"], "embedded_doc": [3.0]},
            "state": {"embedded_doc": [3.0], "query_similarity_score": 0.5},
        }
        return Stateful(**fields)

    def odd(kind, text, metadata):
        return kinds[kind](**{text_field: text, id_field: "a", "metadata": metadata})

    return stateful, odd


def langchain_adapter():
    pytest.importorskip("langchain_core", reason='needs pip install "recomp[langchain]"')
    from langchain_core.documents import Document
    from langchain_core.language_models import FakeMessagesListChatModel
    from langchain_core.messages import AIMessage

    from langchain_recomp import RecompDocumentCompressor

    stateful, odd = classes_of(Document, "page_content", "id")

    def asking(reply, finish_reason, **settings):
        message = AIMessage(reply, response_metadata={"finish_reason": finish_reason})
        model = FakeMessagesListChatModel(responses=[message])
        return RecompDocumentCompressor.from_chat_model(model, **settings)

    return SimpleNamespace(
        make=lambda **settings: RecompDocumentCompressor(**settings),
        asking=asking,
        item=lambda text, item_id, metadata: Document(text, id=item_id, metadata=metadata),
        compress=lambda adapter, items, query: adapter.compress_documents(items, query),
        acompress=lambda adapter, items, query: adapter.acompress_documents(items, query),
        text=lambda item: item.page_content,
        id=lambda item: item.id,
        metadata=lambda item: item.metadata,
        json=lambda item: item.model_dump_json(),
        inner=lambda item: item,
        stateful=stateful,
        odd=odd,
    )


def llamaindex_adapter():
    pytest.importorskip("llama_index.core", reason='needs pip install "recomp[llamaindex]"')
    from llama_index.core.llms import CompletionResponse, MockLLM
    from llama_index.core.schema import NodeWithScore, TextNode

    from llamaindex_recomp import RecompNodePostprocessor

    stateful, odd = classes_of(TextNode, "text", "id_")

    class Model(MockLLM):
        reply: dict = {}

        def complete(self, prompt, formatted=False, **kwargs):
            return CompletionResponse(**self.reply)

    def asking(reply, finish_reason, **settings):
        model = Model()
        model.reply = {"text": reply, "raw": {"choices": [{"finish_reason": finish_reason}]}}
        return RecompNodePostprocessor.from_llm(model, **{"on_empty": "drop", **settings})

    return SimpleNamespace(
        asking=asking,
        make=lambda **settings: RecompNodePostprocessor(**{"on_empty": "drop", **settings}),
        item=lambda text, item_id, metadata: NodeWithScore(
            node=TextNode(text=text, id_=item_id, metadata=metadata), score=0.5
        ),
        compress=lambda adapter, items, query: adapter.postprocess_nodes(items, query_str=query),
        acompress=lambda adapter, items, query: adapter.apostprocess_nodes(items, query_str=query),
        text=lambda item: item.node.text,
        id=lambda item: item.node.node_id,
        metadata=lambda item: item.node.metadata,
        json=lambda item: item.to_json(),
        inner=lambda item: item.node,
        stateful=lambda text: NodeWithScore(node=stateful(text), score=0.5),
        odd=lambda *given: NodeWithScore(node=odd(*given), score=0.5),
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


def test_equal_ids_are_not_mixed_up(kit):
    twins = [
        kit.item("Bob ran. It rained.", "same", {"n": 0}),
        kit.item("Ann sang. It snowed.", "same", {"n": 1}),
        kit.item("Bob sat. It hailed.", "same", {"n": 2}),
    ]
    result = kit.compress(adapter_with(kit, TopK(3)), twins, "bob sang")
    found = [
        (kit.text(r), kit.metadata(r)["n"], kit.metadata(r)["recomp"]["index"]) for r in result
    ]
    assert found == [("Bob ran.", 0, 0), ("Ann sang.", 1, 1), ("Bob sat.", 2, 2)]


def test_what_stands_in_two_items_comes_once(kit):
    twins = [kit.item("Bob ran. It rained.", "same", {"n": n}) for n in range(2)]
    (result,) = kit.compress(adapter_with(kit, TopK(3)), twins, "bob rained")
    assert kit.metadata(result)["n"] == 0


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
        {"prompts": {"passage": "passage: "}},
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


# Summaries


class Says:
    """A summarizer that always writes the same; one word is one token."""

    def __init__(self, text, max_input_tokens=None):
        self.text = text
        self.max_input_tokens = max_input_tokens

    def count_tokens(self, text):
        return len(text.split())

    def truncate(self, text, max_tokens):
        return " ".join(text.split()[:max_tokens])

    def summarize(self, prompts):
        return [self.text] * len(prompts)

    def stream(self, prompt):
        yield self.text


class Judge:
    """A gate with one verdict for all."""

    def __init__(self, **verdict):
        self.verdict = Verdict(**verdict)

    def check(self, candidates):
        return [self.verdict] * len(candidates)


def summing_up(kit, summary="Bob did.", limit=None, **settings):
    own = {name: settings.pop(name) for name in ("gate", "extractor") if name in settings}
    return kit.make(compressor=AbstractiveCompressor(Says(summary, limit), **own), **settings)


def test_a_summary_is_one_item_with_its_sources_and_its_support(kit, items):
    quoted = ScoredSentence("Bob built the tower.", 1, 19, 39, 0.75)
    support = SummarySentence("Bob did, in 1889.", 0, 17, (quoted,), ("1889",), supported=False)
    gate = Judge(summary="Bob did, in 1889.", reason="look twice", support=(support,))
    (result,) = kit.compress(summing_up(kit, gate=gate), items, "who?")
    assert kit.text(result) == "Bob did, in 1889."
    assert kit.id(result) not in {"a", "b", "c"}
    assert kit.metadata(result) == {
        "recomp": {
            "outcome": "compressed",
            "sources": [
                {"index": 0, "id": "a", "metadata": {"source": "fruit.txt", "page": 1}},
                {"index": 1, "id": "b", "metadata": {"title": "Tower"}},
                {"index": 2, "id": "c", "metadata": {"deep": {"list": [1, 2]}}},
            ],
            "truncated": False,
            "reason": "look twice",
            "support": [
                {
                    "text": "Bob did, in 1889.",
                    "start": 0,
                    "end": 17,
                    "supported": False,
                    "unsupported": ["1889"],
                    "sources": [
                        {
                            "index": 1,
                            "id": "b",
                            "start": 19,
                            "end": 39,
                            "score": 0.75,
                            "text": "Bob built the tower.",
                        }
                    ],
                }
            ],
        }
    }
    assert json.loads(json.dumps(kit.metadata(result))) == kit.metadata(result)


def test_each_sentence_of_a_summary_is_linked_to_its_source(kit, items):
    (result,) = kit.compress(summing_up(kit, "Paint peels. The tower Bob built."), items, "how?")
    peels, built = kit.metadata(result)["recomp"]["support"]
    assert [kit.text(result)[s["start"] : s["end"]] for s in (peels, built)] == [
        "Paint peels.",
        "The tower Bob built.",
    ]
    for sentence, source in ((peels, "Paint peels."), (built, "Bob built the tower.")):
        best = sentence["sources"][0]
        assert (best["index"], best["id"], best["text"]) == (1, "b", source)
        assert kit.text(items[best["index"]])[best["start"] : best["end"]] == source
        assert sentence["supported"] is True
    json.loads(kit.json(result))


def test_a_summary_shares_nothing_with_the_input(kit, items):
    before = copy.deepcopy(items)
    (result,) = kit.compress(summing_up(kit), items, "who?")
    kit.metadata(result)["recomp"]["sources"][2]["metadata"]["deep"]["list"].append(3)
    assert items == before


def test_what_was_read_and_what_was_cut(kit, items):
    room = Says("").count_tokens("Question: who?\n Document: \n Summary: ")
    whole = kit.metadata(kit.compress(summing_up(kit, limit=room + 5), items, "who?")[0])["recomp"]
    assert [source["index"] for source in whole["sources"]] == [0]
    assert whole["truncated"] is False
    cut = kit.metadata(kit.compress(summing_up(kit, limit=room + 2), items, "who?")[0])["recomp"]
    assert [source["index"] for source in cut["sources"]] == [0]
    assert cut["truncated"] is True


def test_sentences_that_were_picked_first(kit, items):
    extractor = ExtractiveCompressor(shared_words, selector=Threshold(1))
    adapter = summing_up(kit, extractor=extractor)
    (result,) = kit.compress(adapter, items, "tall tower")
    assert kit.metadata(result)["recomp"]["sources"] == [
        {
            "index": 1,
            "id": "b",
            "metadata": {"title": "Tower"},
            "spans": [[0, 18], [19, 39]],
            "scores": [2.0, 1.0],
        }
    ]


@pytest.mark.parametrize(
    ("summary", "gate"),
    [("", None), (" \n", None), ("Bob.", Judge(summary="", reason="no good"))],
    ids=["empty", "blank", "refused"],
)
def test_nothing_to_prepend(kit, items, summary, gate):
    assert kit.compress(summing_up(kit, summary, gate=gate), items, "who?") == []


def test_a_refused_summary_makes_way_for_sentences(kit, items):
    gate = Judge(summary="", reason="invented a year", fall_back=True)
    extractor = ExtractiveCompressor(shared_words, selector=TopK(1))
    adapter = summing_up(kit, gate=gate, extractor=extractor)
    (result,) = kit.compress(adapter, items, "bob built")
    assert (kit.text(result), kit.id(result)) == ("Bob built the tower.", "b")
    assert kit.metadata(result)["title"] == "Tower"
    said = kit.metadata(result)["recomp"]
    assert (said["outcome"], said["reason"]) == ("fell_back", "invented a year")
    assert (said["index"], said["spans"], said["scores"]) == (1, [[19, 39]], [2.0])


def test_a_summary_that_is_not_shorter_leaves_all_as_it_is(kit, items):
    result = kit.compress(summing_up(kit, "On and on. " * 20), items, "who?")
    assert [kit.text(r) for r in result] == [kit.text(i) for i in items]
    assert [kit.id(r) for r in result] == ["a", "b", "c"]
    assert {kit.metadata(r)["recomp"]["outcome"] for r in result} == {"unchanged"}


async def test_a_language_model_writes_the_summary(kit, items):
    adapter = kit.asking("Bob built the tower.", "stop")
    results = kit.compress(adapter, items, "who?") + await kit.acompress(adapter, items, "who?")
    assert [kit.text(result) for result in results] == ["Bob built the tower."] * 2
    said = kit.metadata(results[0])["recomp"]
    assert [source["id"] for source in said["sources"]] == ["a", "b", "c"]


async def test_a_language_model_says_that_nothing_helps(kit, items):
    for adapter in (
        kit.asking("Irrelevant.", "stop"),
        kit.asking("Nothing!", "stop", empty_word="NOTHING"),
    ):
        assert kit.compress(adapter, items, "who?") == []
        assert await kit.acompress(adapter, items, "who?") == []


@pytest.mark.parametrize(
    ("finish_reason", "reason"),
    [("length", "cut"), ("content_filter", "filtered"), ("refusal", "refused")],
)
async def test_a_reply_that_is_no_summary(kit, items, finish_reason, reason):
    adapter = kit.asking("Bob bui", finish_reason)
    with pytest.raises(SummaryError, match=finish_reason) as raised:
        kit.compress(adapter, items, "who?")
    assert raised.value.reason == reason
    with pytest.raises(SummaryError, match=finish_reason):
        await kit.acompress(adapter, items, "who?")
    adapter = kit.asking("Bob bui", finish_reason, on_error="passthrough")
    result = kit.compress(adapter, items, "who?")
    assert [kit.text(r) for r in result] == [kit.text(i) for i in items]
    assert kit.metadata(result[0])["recomp"]["reason"].startswith("SummaryError: ")


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"extract_tokens": 0}, "extract_tokens must be a whole number of at least 1, got 0"),
        ({"prompt": "Sum up."}, "lacks {query}, {documents}"),
        ({"gate": "strict"}, "gate='strict' is not a SummaryGate"),
        ({"empty_word": "!"}, "empty_word must hold"),
        ({"max_input_tokens": 0}, "max_input_tokens"),
        ({"on_error": "ignore"}, "'raise' or 'passthrough'"),
        ({"topk": 3}, "topk"),
    ],
)
def test_bad_settings_of_a_language_model_always_raise(kit, settings, says):
    with pytest.raises((ValueError, TypeError), match=says):
        kit.asking("x", "stop", **{"on_error": "passthrough", **settings})


@pytest.mark.model
def test_a_language_model_reads_what_was_picked(kit, embedded):
    del embedded
    items = [
        kit.item("Gulls nest here. The lighthouse was designed by Ada Reyes.", "a", {}),
        kit.item("Bananas grow in bunches. They ripen after the harvest.", "b", {}),
    ]
    adapter = kit.asking("Ada Reyes did.", "stop", extract_tokens=14)
    (result,) = kit.compress(adapter, items, "Who designed the lighthouse?")
    (source,) = kit.metadata(result)["recomp"]["sources"]
    assert (source["id"], source["spans"]) == ("a", [[17, 58]])


@pytest.mark.model
@pytest.mark.usefixtures("embedded")
def test_a_checkpoint_that_writes(kit):
    from tiny_seq2seq import checkpoint

    items = [
        kit.item("the tower was built by Ada with stone.", "a", {}),
        kit.item("many people saw the old tower of Kepler then.", "b", {}),
    ]
    settings = {"model": checkpoint("t5"), "device": "cpu", "max_new_tokens": 8}
    (both,) = kit.compress(kit.make(**settings), items, "who built it?")
    assert kit.text(both) == "Ada Kepler"
    (first,) = kit.compress(kit.make(**settings, extract_tokens=16), items, "who built it?")
    assert kit.text(first) == "Ada"
    assert kit.metadata(first)["recomp"]["sources"][0]["spans"] == [[0, 38]]
    with pytest.raises(ValueError, match=r"top_k: not for .*give .*extract_tokens"):
        kit.make(**settings, top_k=1)


@pytest.mark.model
def test_how_a_language_model_s_replies_are_read(kit, items, tmp_path, monkeypatch):
    import tiny_causal

    refusal = "The documents do not say."
    tiny_causal.always_replying(monkeypatch, refusal)
    settings = {"model": tiny_causal.save_checkpoint(tmp_path), "device": "cpu"}
    assert kit.compress(kit.make(**settings), items, "who built it?") == []
    adapter = kit.make(**settings, detect_refusals=False, empty_word="NIX")
    assert (adapter.detect_refusals, adapter.empty_word) == (False, "NIX")
    (said,) = kit.compress(adapter, items, "who built it?")
    assert kit.text(said) == refusal
    for wrong in ({"empty_word": "…"}, {"empty_word": 3}, {"detect_refusals": "perhaps"}):
        with pytest.raises((ValueError, TypeError), match=next(iter(wrong))):
            kit.make(**settings, **wrong)
    with pytest.raises(ValueError, match="empty_word, detect_refusals given together with"):
        kit.make(
            compressor=ExtractiveCompressor(shared_words), empty_word="NIX", detect_refusals=False
        )


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


@pytest.mark.model
def test_prompts_reach_the_encoder(kit, embedded):
    del embedded  # skips where the extra is missing
    prompts = {"query": "query: ", "document": "passage: "}
    made = kit.make(top_k=1, device="cpu", prompts=prompts)
    assert made.prompts == prompts
    scored = [
        load_compressor(top_k=1, device="cpu", prompts=own).compress("a tower", ["A tower. Tea."])
        for own in ({}, prompts)
    ]
    (result,) = kit.compress(made, [kit.item("A tower. Tea.", "a", {})], "a tower")
    (score,) = kit.metadata(result)["recomp"]["scores"]
    assert score == pytest.approx(scored[1].kept[0].score)
    assert score != pytest.approx(scored[0].kept[0].score)


def test_what_came_along_is_told_from_what_was_chosen(kit):
    text = "# Towers\n\nBob built it.\n\n# Gulls\n\nThey nest."
    (result,) = kit.compress(adapter_with(kit, TopK(1)), [kit.item(text, "x", {})], "bob")
    assert kit.text(result) == "# Towers\n\nBob built it."
    assert kit.metadata(result)["recomp"]["kinds"] == ["heading", "sentence"]


# Items of other classes, and with values that can't be copied


class Uncopyable:
    """What can't be copied, such as a client."""

    def __deepcopy__(self, memo):
        raise RuntimeError("this can't be copied")


def uncopyable_metadata():
    return {
        "lock": threading.Lock(),
        "client": Uncopyable(),
        "nested": {"list": [threading.Lock(), {"n": [1]}], "tuple": (Uncopyable(), [2])},
        "n": [1],
    }


def cyclic_metadata():
    around: dict = {"n": [1], "list": []}
    around["itself"] = around
    around["list"].append(around["list"])
    return around


def cyclic_and_uncopyable_metadata():
    return {**cyclic_metadata(), "lock": threading.Lock()}


def deep_metadata():
    deep: list = []
    for _ in range(5_000):
        deep = [deep]
    return {"n": [1], "deep": deep, "lock": threading.Lock()}


def fails(_query, _sentences):
    raise RuntimeError("it is broken")


TEXT = "The tower is tall. Bob built the tower. Paint peels."


@pytest.mark.parametrize("asynchronous", [False, True])
@pytest.mark.parametrize("on_error", ["raise", "passthrough"])
@pytest.mark.parametrize(
    "metadata",
    [uncopyable_metadata, cyclic_metadata, cyclic_and_uncopyable_metadata, deep_metadata],
)
async def test_metadata_that_can_not_be_copied_is_shared_and_the_rest_copied(
    kit, metadata, on_error, asynchronous
):
    given = metadata()
    item = kit.item(TEXT, "a", given)
    keys = list(kit.metadata(item))
    failing = kit.make(compressor=ExtractiveCompressor(fails), on_error="passthrough")
    for adapter in (adapter_with(kit, TopK(1), on_error=on_error), failing):
        if asynchronous:
            (result,) = await kit.acompress(adapter, [item], "bob built")
        else:
            (result,) = kit.compress(adapter, [item], "bob built")
        found = kit.metadata(result)
        assert found["recomp"]["outcome"] == ("failed" if adapter is failing else "compressed")
        assert found.keys() - {"relevance_score"} == {*keys, "recomp"}
        found["n"].append(2)
        if "nested" in found:
            assert found["client"] is given["client"]
            assert found["nested"]["tuple"][0] is given["nested"]["tuple"][0]
            found["nested"]["list"][1]["n"].append(2)
            found["nested"]["tuple"][1].append(3)
        if "itself" in found:
            assert found["itself"] is not given
            assert found["itself"]["itself"] is found["itself"]
        assert list(kit.metadata(item)) == keys
        assert given["n"] == [1]
        assert "nested" not in given or given["nested"]["list"][1] == {"n": [1]}
        assert "nested" not in given or given["nested"]["tuple"][1] == [2]


def test_a_summary_of_what_can_not_be_copied(kit):
    compressor = AbstractiveCompressor(Says("Bob built the tower."))
    item = kit.item(TEXT, "a", uncopyable_metadata())
    (result,) = kit.compress(kit.make(compressor=compressor), [item], "bob built")
    source = kit.metadata(result)["recomp"]["sources"][0]
    source["metadata"]["n"].append(2)
    source["metadata"]["nested"]["list"][1]["n"].append(2)
    assert kit.metadata(item)["n"] == [1]
    assert kit.metadata(item)["nested"]["list"][1] == {"n": [1]}


@pytest.mark.parametrize("text", [TEXT, "Bob built the tower."])
def test_state_and_vectors_of_an_old_text_are_not_those_of_the_new(kit, text):
    changed = text == TEXT
    item = kit.stateful(text)
    kit.inner(item).remember("more")
    (result,) = kit.compress(adapter_with(kit, TopK(1)), [item], "bob built")
    made = kit.inner(result)
    assert type(made) is type(kit.inner(item))
    assert made.embedding == (None if changed else [1.0, 2.0])
    assert made.note == {"of": ["the user"], **({} if changed else {"embedded_doc": [3.0]})}
    assert made.state == ({} if changed else kit.inner(item).state)
    assert made.state is not kit.inner(item).state
    assert made.length == len(kit.text(result))
    assert made.memory == ([] if changed else ["more"])
    made.remember("new")
    made.note["of"].append("another")
    assert kit.inner(item).memory == ["more"]
    assert kit.inner(item).note == {"of": ["the user"], "embedded_doc": [3.0]}
    assert kit.inner(item).state == {"embedded_doc": [3.0], "query_similarity_score": 0.5}
    (failed,) = kit.compress(
        kit.make(compressor=ExtractiveCompressor(fails), on_error="passthrough"),
        [item],
        "bob built",
    )
    kit.inner(failed).remember("new")
    assert kit.inner(failed).embedding == [1.0, 2.0]
    assert kit.inner(item).memory == ["more"]


@pytest.mark.parametrize("kind", ["frozen", "refuses metadata", "refuses text", "changes text"])
def test_a_class_that_does_not_take_the_result_gives_way(kit, kind):
    item = kit.odd(kind, TEXT, {"title": "Tower", "n": [1]})
    before = copy.deepcopy(item)
    failing = kit.make(compressor=ExtractiveCompressor(fails), on_error="passthrough")
    for adapter in (adapter_with(kit, TopK(1)), failing):
        (result,) = kit.compress(adapter, [item], "bob built")
        assert kit.text(result) == (TEXT if adapter is failing else "Bob built the tower.")
        assert kit.id(result) == "a"
        assert kit.metadata(result)["title"] == "Tower"
        kit.metadata(result)["n"].append(2)
        assert item == before
    assert type(kit.inner(item)) is type(kit.inner(before))


@pytest.mark.parametrize("score", [float("nan"), float("inf"), None, -1.0])
def test_scores_of_a_retriever_are_passed_on(score):
    kit = llamaindex_adapter()
    items = [kit.item(TEXT, "a", {}), kit.item("Bob sleeps. It was late.", "b", {})]
    items[0].score = score
    for compressor in (
        ExtractiveCompressor(shared_words, selector=TopK(2)),
        AbstractiveCompressor(Says("Bob built the tower.")),
    ):
        result = kit.compress(kit.make(compressor=compressor), items, "bob built")
        assert result[0].score in (score, 0.5) or score != score
        if len(result) == 1:
            assert result[0].score == (score if score == float("inf") else 0.5)


def test_relationships_and_hidden_keys_are_copied():
    kit = llamaindex_adapter()
    from llama_index.core.schema import NodeRelationship, RelatedNodeInfo

    related = RelatedNodeInfo(node_id="p", metadata={"lock": threading.Lock(), "n": [1]})
    item = kit.item(TEXT, "a", {"page": 1, "lock": threading.Lock()})
    item.node.relationships[NodeRelationship.PARENT] = related
    item.node.excluded_llm_metadata_keys.append("page")
    for adapter in (
        adapter_with(kit, TopK(1)),
        kit.make(compressor=ExtractiveCompressor(fails), on_error="passthrough"),
    ):
        (result,) = kit.compress(adapter, [item], "bob built")
        assert result.node.excluded_llm_metadata_keys == ["page", "recomp"]
        copied = result.node.relationships[NodeRelationship.PARENT]
        assert copied.metadata["lock"] is related.metadata["lock"]
        copied.metadata["n"].append(2)
        assert related.metadata["n"] == [1]
        assert item.node.excluded_llm_metadata_keys == ["page"]
