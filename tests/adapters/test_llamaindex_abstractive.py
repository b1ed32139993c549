"""A LlamaIndex language model as the writer of summaries."""

import asyncio
import json
import pickle
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("llama_index.core", reason='needs pip install "recomp[llamaindex]"')

from conftest import PATIENCE, shared_words
from llama_index.core import VectorStoreIndex
from llama_index.core.base.llms.types import (
    ChatMessage,
    ChatResponse,
    CompletionResponse,
    LLMMetadata,
    ThinkingBlock,
)
from llama_index.core.bridge.pydantic import PrivateAttr
from llama_index.core.embeddings import MockEmbedding
from llama_index.core.instrumentation import get_dispatcher
from llama_index.core.instrumentation.event_handlers import BaseEventHandler
from llama_index.core.instrumentation.span_handlers import SimpleSpanHandler
from llama_index.core.llms import CustomLLM, MockLLM
from llama_index.core.schema import (
    ImageNode,
    MetadataMode,
    NodeRelationship,
    NodeWithScore,
    TextNode,
)

from llamaindex_recomp import RecompNodePostprocessor, summarizer_from_llm
from recomp_core import (
    AbstractiveCompressor,
    ExtractiveCompressor,
    ScoredSentence,
    SummaryError,
    SummarySentence,
    TopK,
)
from recomp_core.protocols import Summarizer, Verdict

TOWER = "The tower is tall. Bob built the tower in 1889. Paint peels."
FRUIT = "Bananas are yellow. Ann eats them."


class Completes(CustomLLM):
    """Replies with what `reply` makes of the prompt; streams it letter by letter."""

    _reply: Any = PrivateAttr()
    _prompts: list = PrivateAttr(default_factory=list)

    def __init__(self, reply):
        super().__init__()
        self._reply = reply if callable(reply) else lambda prompt: reply

    @property
    def metadata(self):
        return LLMMetadata()

    def complete(self, prompt, formatted=False, **kwargs):
        self._prompts.append(prompt)
        reply = self._reply(prompt)
        return CompletionResponse(text=reply) if isinstance(reply, str) else reply

    def stream_complete(self, prompt, formatted=False, **kwargs):
        whole = self.complete(prompt)
        for end, letter in enumerate(whole.text, start=1):
            yield CompletionResponse(text=whole.text[:end], delta=letter)
        yield CompletionResponse(**{**whole.model_dump(), "delta": None})


class Chats(Completes):
    """The same as a chat model, which is not asked to complete."""

    @property
    def metadata(self):
        return LLMMetadata(is_chat_model=True)

    def chat(self, messages, **kwargs):
        assert [message.role.value for message in messages] == ["user"]
        reply = super().complete(messages[0].content)
        if isinstance(reply, ChatResponse):
            return reply
        message = ChatMessage(reply.text, role="assistant")
        return ChatResponse(
            message=message, raw=reply.raw, additional_kwargs=reply.additional_kwargs
        )

    def stream_chat(self, messages, **kwargs):
        whole = self.chat(messages)
        text = whole.message.content or ""
        for end, letter in enumerate(text, start=1):
            yield ChatResponse(message=ChatMessage(text[:end]), delta=letter)
        yield whole

    def complete(self, prompt, formatted=False, **kwargs):
        raise AssertionError("a chat model was asked to complete")


BOTH = pytest.mark.parametrize("model", [Completes, Chats])


async def every_way(summarizer, prompt="p"):
    """The replies by the four forms; of a stream what came before the error, and the error."""

    async def gathered(pieces):
        text = ""
        try:
            async for piece in pieces:
                text += piece
        except Exception as error:
            return text, error
        return text

    async def asynchronous(pieces):
        for piece in pieces:
            yield piece

    return [
        summarizer.summarize([prompt])[0],
        (await summarizer.asummarize([prompt]))[0],
        await gathered(asynchronous(summarizer.stream(prompt))),
        await gathered(summarizer.astream(prompt)),
    ]


# The summarizer


@BOTH
async def test_a_model_as_summarizer(model):
    llm = model("Bob built it.")
    summarizer = summarizer_from_llm(llm)
    assert isinstance(summarizer, Summarizer)
    assert await every_way(summarizer) == ["Bob built it."] * 4
    assert llm._prompts == ["p"] * 4


@BOTH
@pytest.mark.parametrize("reply", ["IRRELEVANT", "Irrelevant.", ""])
async def test_the_agreed_word_and_no_word_at_all_are_the_empty_summary(model, reply):
    assert await every_way(summarizer_from_llm(model(reply))) == [""] * 4


def test_its_settings_are_those_of_any_language_model():
    summarizer = summarizer_from_llm(
        Completes("Nothing."), empty_word="nothing", max_input_tokens=9, count_tokens=len
    )
    assert summarizer.summarize(["p"]) == [""]
    assert (summarizer.max_input_tokens, summarizer.count_tokens("four")) == (9, 4)
    with pytest.raises(TypeError, match="topk"):
        summarizer_from_llm(Completes("x"), topk=3)


@BOTH
@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ({"raw": {"choices": [{"finish_reason": "length"}]}}, "cut"),
        ({"raw": SimpleNamespace(choices=[SimpleNamespace(finish_reason="length")])}, "cut"),
        ({"raw": {"stop_reason": "max_tokens"}}, "cut"),
        ({"raw": {"done_reason": "length"}}, "cut"),
        ({"raw": {"done": False}}, "cut"),
        ({"raw": {"choices": [{"finish_reason": "something new"}]}}, "cut"),
        ({"additional_kwargs": {"finish_reason": "content_filter"}}, "filtered"),
        ({"raw": {"choices": [{"message": {"refusal": "I won't."}}]}}, "refused"),
        ({"raw": {"stopReason": "maxTokens"}}, "cut"),
        ({"raw": {"choices": [{"finish_reason": "tool_calls"}]}}, "malformed"),
    ],
)
async def test_a_reply_that_is_no_summary_is_an_error_with_the_reason(model, told, reason):
    llm = model(CompletionResponse(text="Bob bui", **told))
    one, other, *streamed = await every_way(summarizer_from_llm(llm))
    for error in (one, other, *(error for _, error in streamed)):
        assert isinstance(error, SummaryError)
        assert error.reason == reason
    assert [text for text, _ in streamed] == ["Bob bui"] * 2


async def test_a_refusal_in_the_message_and_a_reply_of_thoughts_alone():
    refused = ChatMessage("", role="assistant", additional_kwargs={"refusal": "I won't."})
    thinking = ChatMessage([ThinkingBlock(content="Well …")], role="assistant")
    called = ChatMessage("", role="assistant", additional_kwargs={"tool_calls": [{"id": "1"}]})
    for message, reason in (
        (refused, "refused"),
        (thinking, "malformed"),
        (called, "malformed"),
    ):
        replies = await every_way(summarizer_from_llm(Chats(ChatResponse(message=message))))
        errors = [*replies[:2], *(error for _, error in replies[2:])]
        assert [error.reason for error in errors] == [reason] * 4


async def test_a_block_that_calls_a_tool_is_no_empty_summary():
    types = pytest.importorskip("llama_index.core.base.llms.types")
    if not hasattr(types, "ToolCallBlock"):
        pytest.skip("this version of llama-index-core has no ToolCallBlock")
    calling = ChatMessage([types.ToolCallBlock(tool_name="search")], role="assistant")
    replies = await every_way(summarizer_from_llm(Chats(ChatResponse(message=calling))))
    errors = [*replies[:2], *(error for _, error in replies[2:])]
    assert [error.reason for error in errors] == ["malformed"] * 4


async def test_a_stream_without_deltas_is_what_its_texts_add():
    class Whole(Completes):
        def stream_complete(self, prompt, formatted=False, **kwargs):
            for text in ("", "Bob", "Bob did", "Bob did.", "Bob did."):
                yield CompletionResponse(text=text)

    class WholeChats(Chats):
        def stream_chat(self, messages, **kwargs):
            yield ChatResponse(message=ChatMessage("Bob"))
            yield ChatResponse(message=ChatMessage("Bob did."), delta=" did.")
            yield ChatResponse(message=ChatMessage("Bob did. Then"))

    for llm, told in ((Whole("x"), "Bob did."), (WholeChats("x"), "Bob did. Then")):
        summarizer = summarizer_from_llm(llm)
        assert "".join(summarizer.stream("p")) == told
        assert "".join([piece async for piece in summarizer.astream("p")]) == told


@BOTH
async def test_errors_of_the_model_stay_as_they_are_and_meet_only_their_own_prompt(model):
    def reply(prompt):
        if prompt == "b":
            raise ConnectionError("no route")
        return prompt.upper()

    summarizer = summarizer_from_llm(model(reply))
    for replies in (
        summarizer.summarize(["a", "b", "c"]),
        await summarizer.asummarize(["a", "b", "c"]),
    ):
        assert (replies[0], replies[2]) == ("A", "C")
        assert isinstance(replies[1], ConnectionError)
    with pytest.raises(ConnectionError, match="no route"):
        list(summarizer.stream("b"))


async def test_prompts_of_a_batch_are_asked_at_the_same_time():
    meeting = asyncio.Event()

    class Meets(Completes):
        async def acomplete(self, prompt, formatted=False, **kwargs):
            if prompt == "second":
                meeting.set()
            await asyncio.wait_for(meeting.wait(), PATIENCE)
            return CompletionResponse(text="met")

    summarizer = summarizer_from_llm(Meets("x"))
    assert await summarizer.asummarize(["first", "second"]) == ["met"] * 2


@pytest.mark.parametrize("thing", ["gpt", None, lambda prompt: "x", MockLLM])
def test_what_is_no_language_model(thing):
    with pytest.raises(TypeError, match="must be a LlamaIndex language model"):
        summarizer_from_llm(thing)


# As a node postprocessor


def nodes():
    return [
        NodeWithScore(node=ImageNode(image_url="http://localhost/x.png", id_="i"), score=0.1),
        NodeWithScore(node=TextNode(text=FRUIT, id_="f", metadata={"page": 1}), score=0.9),
        NodeWithScore(node=TextNode(text=TOWER, id_="t", metadata={"title": "Tower"}), score=0.4),
    ]


def test_positions_ids_and_relationships_are_those_of_the_nodes():
    class Quotes:
        def check(self, candidates):
            quoted = ScoredSentence("Paint peels.", 1, 48, 60, 1.0)
            return [Verdict("It peels.", "", (SummarySentence("It peels.", 0, 9, (quoted,)),))]

    pp = RecompNodePostprocessor.from_llm(Completes("It peels."), gate=Quotes())
    summary, image = pp.postprocess_nodes(nodes(), query_str="how?")
    assert image == nodes()[0]
    assert summary.node.text == "It peels."
    assert summary.score == 0.9
    related = summary.node.relationships[NodeRelationship.CHILD]
    assert [(info.node_id, info.metadata) for info in related] == [
        ("f", {"page": 1}),
        ("t", {"title": "Tower"}),
    ]
    said = summary.metadata["recomp"]
    assert [(source["index"], source["id"]) for source in said["sources"]] == [(1, "f"), (2, "t")]
    (sentence,) = said["support"]
    assert sentence["sources"] == [
        {"index": 2, "id": "t", "start": 48, "end": 60, "score": 1.0, "text": "Paint peels."}
    ]
    assert TOWER[48:60] == "Paint peels."


def test_a_summary_of_nodes_whose_metadata_python_can_not_write():
    pp = RecompNodePostprocessor.from_llm(Completes("It peels."))
    metadata = {"long": 10**5_000}
    given = [NodeWithScore(node=TextNode(text=text, metadata=metadata)) for text in (FRUIT, TOWER)]
    (summary,) = pp.postprocess_nodes(given, query_str="how?")
    assert [child.node_id for child in summary.node.child_nodes] == [
        scored.node.node_id for scored in given
    ]
    assert summary.node.child_nodes[0].metadata == metadata


def test_what_is_known_of_the_summary_is_hidden_from_prompts_and_embeddings():
    (_, summary) = reversed(
        RecompNodePostprocessor.from_llm(Completes("Bob.")).postprocess_nodes(
            nodes(), query_str="who?"
        )
    )
    assert summary.node.get_content(MetadataMode.LLM) == "Bob."
    assert summary.node.get_content(MetadataMode.EMBED) == "Bob."
    json.loads(summary.to_json())


@pytest.mark.parametrize("on_empty", ["empty_node", "placeholder", "drop"])
def test_a_summary_that_a_gate_kept_back(on_empty):
    class Refuses:
        def check(self, candidates):
            return [Verdict("", "invented a year") for _ in candidates]

    pp = RecompNodePostprocessor.from_llm(
        Completes("Bob."), gate=Refuses(), on_empty=on_empty, placeholder="—"
    )
    result = pp.postprocess_nodes(nodes()[1:], query_str="who?")
    if on_empty == "drop":
        assert result == []
        return
    (empty,) = result
    assert empty.node.text == ("—" if on_empty == "placeholder" else "")
    assert empty.metadata["recomp"] == {
        "outcome": "refused",
        "reason": "invented a year",
        "sources": [],
    }


def test_titles_a_prompt_and_an_extractor():
    llm = Completes("Bob.")
    pp = RecompNodePostprocessor.from_llm(
        llm,
        extractor=ExtractiveCompressor(shared_words, selector=TopK(1)),
        prompt="{query}|{documents}",
        titles=True,
        metadata_key="why",
    )
    summary, _ = pp.postprocess_nodes(nodes(), query_str="bob built")
    assert llm._prompts == ["bob built|Tower\nBob built the tower in 1889."]
    (source,) = summary.metadata["why"]["sources"]
    assert (source["index"], source["spans"]) == (2, [[19, 47]])


class Log(BaseEventHandler):
    events: list = []

    def handle(self, event, **kwargs):
        self.events.append(event)


@pytest.mark.parametrize("how", ["sync", "async"])
async def test_the_models_span_stands_in_ours_and_the_end_says_the_reason(how):
    class Doubts:
        def check(self, candidates):
            return [Verdict(candidate.summary, "look twice") for candidate in candidates]

    log, spans, root = Log(events=[]), SimpleSpanHandler(), get_dispatcher()
    root.add_event_handler(log)
    root.add_span_handler(spans)
    try:
        pp = RecompNodePostprocessor.from_llm(MockLLM(max_tokens=2), gate=Doubts())
        if how == "sync":
            pp.postprocess_nodes(nodes(), query_str="who?")
        else:
            await pp.apostprocess_nodes(nodes(), query_str="who?")
    finally:
        root.event_handlers.remove(log)
        root.span_handlers.remove(spans)
    parents = {span.id_.split("-")[0]: span.parent_id or "" for span in spans.completed_spans}
    ask, ours = {"sync": ("complete", "_post"), "async": ("acomplete", "_apost")}[how]
    assert parents[f"MockLLM.{ask}"].startswith(f"RecompNodePostprocessor.{ours}process_nodes-")
    assert log.events[-1].outcome == "compressed"
    assert log.events[-1].reason == "look twice"


async def test_in_a_query_engine():
    reader = Completes(lambda prompt: prompt)
    pp = RecompNodePostprocessor.from_llm(Completes("Bob did, in 1889."))
    index = VectorStoreIndex(
        [TextNode(text=TOWER), TextNode(text=FRUIT)], embed_model=MockEmbedding(embed_dim=2)
    )
    engine = index.as_query_engine(llm=reader, node_postprocessors=[pp])
    for answer in (engine.query("who?"), await engine.aquery("who?")):
        assert "Bob did, in 1889." in str(answer)
        assert "Paint peels" not in str(answer)
        assert len(answer.source_nodes[0].node.child_nodes) == 2


def test_settings_survive_and_a_model_must_be_given_again():
    pp = RecompNodePostprocessor.from_llm(Completes("Bob."), on_empty="drop")
    data = pp.to_dict()
    json.dumps(data)
    with pytest.raises(ValueError, match="from_dict"):
        RecompNodePostprocessor.from_dict(data)
    core = AbstractiveCompressor(summarizer_from_llm(Completes("Bob.")))
    again = RecompNodePostprocessor.from_dict(data, compressor=core)
    assert again.postprocess_nodes(nodes(), query_str="who?")[0].node.text == "Bob."
    two_words = RecompNodePostprocessor.from_llm(MockLLM(max_tokens=2))
    pickled = pickle.loads(pickle.dumps(two_words))
    assert pickled.postprocess_nodes(nodes(), query_str="who?")[0].node.text == "text text"


def test_settings_of_both_kinds_go_to_the_core():
    with pytest.raises(ValueError, match="titles, max_new_tokens given together with compressor="):
        RecompNodePostprocessor(
            compressor=ExtractiveCompressor(shared_words), max_new_tokens=9, titles=True
        )
    with pytest.raises(ValueError, match="max_new_tokens"):
        RecompNodePostprocessor(max_new_tokens="9")


@pytest.mark.model
@pytest.mark.usefixtures("embedded")
def test_settings_of_a_model_that_writes_travel():
    from tiny_seq2seq import checkpoint

    pp = RecompNodePostprocessor.from_pretrained(
        checkpoint("t5"), device="cpu", max_new_tokens=8, extract_tokens=16, titles=False
    )
    tower = NodeWithScore(node=TextNode(text="the tower was built by Ada with stone.", id_="a"))
    other = NodeWithScore(node=TextNode(text="many people saw the old tower of Kepler then."))
    for same in (
        pp,
        pickle.loads(pickle.dumps(pp)),
        RecompNodePostprocessor.from_dict(pp.to_dict()),
    ):
        (summary,) = same.postprocess_nodes([tower, other], query_str="who built it?")
        assert summary.node.text == "Ada"


@pytest.mark.model
def test_how_replies_are_read_travels(tmp_path):
    import tiny_causal

    place = tiny_causal.save_checkpoint(tmp_path)
    reading = {"empty_word": "NIX", "detect_refusals": False}
    made = RecompNodePostprocessor(model=place, device="cpu", **reading)
    for pp in (made, RecompNodePostprocessor.from_dict(made.to_dict())):
        asked = pp._compressor.summarizer
        assert (asked.empty_word, asked.detect_refusals) == ("NIX", False)
