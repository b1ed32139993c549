"""A chat model as the writer of summaries, and what comes out as text, streamed and in batches."""

import asyncio
import logging
import re
import threading
from typing import Any

import pytest

pytest.importorskip("langchain_core", reason='needs pip install "recomp[langchain]"')

from conftest import PATIENCE, shared_words
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.documents import Document
from langchain_core.language_models import BaseChatModel, FakeListChatModel
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.output_parsers import StrOutputParser
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableLambda, RunnablePassthrough

from langchain_recomp import RecompDocumentCompressor, summarizer_from_chat_model
from recomp_core import AbstractiveCompressor, ExtractiveCompressor, SummaryError, Threshold, TopK
from recomp_core.protocols import Summarizer, Verdict


class Chat(BaseChatModel):
    """Replies with the message that `reply` makes of the prompt; streams it word by word."""

    reply: Any
    prompts: list = []

    @property
    def _llm_type(self):
        return "test"

    def _generate(self, messages, stop=None, run_manager=None, **kwargs):
        self.prompts.append(messages[0].text)
        reply = self.reply(messages[0].text)
        message = AIMessage(reply) if isinstance(reply, str) else reply
        return ChatResult(generations=[ChatGeneration(message=message)])

    def _stream(self, messages, stop=None, run_manager=None, **kwargs):
        message = self._generate(messages).generations[0].message
        for word in re.findall(r"\S+\s*", message.text):
            yield ChatGenerationChunk(message=AIMessageChunk(word))
        beside = {"response_metadata", "additional_kwargs", "tool_calls", "invalid_tool_calls"}
        ending = message.model_dump(include=beside | {"usage_metadata"})
        blocks = [] if isinstance(message.content, str) else message.content
        rest = [block for block in blocks if block["type"] != "text"]
        yield ChatGenerationChunk(message=AIMessageChunk(rest, **ending))


def chat(reply):
    return Chat(reply=reply if callable(reply) else lambda prompt: reply)


TOWER = "The tower is tall. Bob built the tower in 1889. Paint peels."
FRUIT = "Bananas are yellow. Ann eats them."


def documents():
    return [
        Document(TOWER, id="t", metadata={"title": "Tower"}),
        Document(FRUIT, metadata={"tags": ["x"]}),
    ]


def question(query="who?"):
    return {"documents": documents(), "query": query}


def answers(prompt):
    """What is asked for decides; "cut" and "down" go wrong."""
    query = re.search(r"Question: (.*)", prompt)[1]
    if query == "down?":
        raise ConnectionError("no route")
    if query == "cut?":
        return AIMessage("Bob bui", response_metadata={"finish_reason": "length"})
    return {"who?": "Bob did.", "what?": "A tower.", "zebra?": "IRRELEVANT"}[query]


def contents(result):
    return [document.page_content for document in result]


# The summarizer


def test_it_is_a_summarizer_with_the_prompt_for_language_models():
    model = chat("Bob.")
    summarizer = summarizer_from_chat_model(model)
    assert isinstance(summarizer, Summarizer)
    assert summarizer.summarize(["p", "q"]) == ["Bob.", "Bob."]
    assert sorted(model.prompts) == ["p", "q"]
    result = AbstractiveCompressor(summarizer).compress("who?", [TOWER])
    assert result.text == "Bob."
    assert model.prompts[2].endswith(
        "By the rules above, the summary for the question, or IRRELEVANT:"
    )


def test_its_settings_are_those_of_any_language_model():
    summarizer = summarizer_from_chat_model(
        chat("Nothing."), empty_word="nothing", max_input_tokens=9, count_tokens=len
    )
    assert summarizer.summarize(["p"]) == [""]
    assert (summarizer.max_input_tokens, summarizer.count_tokens("four")) == (9, 4)
    with pytest.raises(TypeError, match="topk"):
        summarizer_from_chat_model(chat("x"), topk=3)


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


@pytest.mark.parametrize(
    "message",
    [
        "Bob built it.",
        AIMessage("Bob built it.", response_metadata={"finish_reason": "stop"}),
        AIMessage("Bob built it.", additional_kwargs={"refusal": None}),
        AIMessage(
            [
                {"type": "reasoning", "reasoning": "Let me see: Ann?"},
                {"type": "text", "text": "Bob built "},
                {"type": "text", "text": "it."},
            ]
        ),
    ],
)
async def test_only_the_text_counts(message):
    replies = await every_way(summarizer_from_chat_model(chat(message)))
    assert replies == ["Bob built it."] * 4
    assert {type(reply) for reply in replies} == {str}


@pytest.mark.parametrize("reply", ["IRRELEVANT", "Irrelevant.", ""])
async def test_the_agreed_word_and_no_word_at_all_are_the_empty_summary(reply):
    assert await every_way(summarizer_from_chat_model(chat(reply))) == [""] * 4


THOUGHTS = [{"type": "reasoning", "reasoning": "Well …"}]
REFUSED = [{"type": "refusal", "refusal": "I can't help."}]
CALL = {"name": "search", "args": {}, "id": "1"}
CALLED = {"finish_reason": "tool_calls"}
USED = {
    "input_tokens": 1, "output_tokens": 9, "total_tokens": 10,
    "output_token_details": {"reasoning": 9},
}  # fmt: skip


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (AIMessage("Bob bui", response_metadata={"finish_reason": "length"}), "cut"),
        (AIMessage("Bob bui", response_metadata={"stop_reason": "max_tokens"}), "cut"),
        (AIMessage("Bob bui", response_metadata={"finish_reason": "SAFETY"}), "filtered"),
        (AIMessage("Bob bui", response_metadata={"finish_reason": "something new"}), "cut"),
        (AIMessage("", additional_kwargs={"refusal": "I can't help."}), "refused"),
        (AIMessage(REFUSED), "refused"),
        (AIMessage(THOUGHTS), "malformed"),
        (AIMessage(THOUGHTS, response_metadata={"finish_reason": "length"}), "cut"),
        (AIMessage("Bob bui", response_metadata={"stopReason": "maxTokens"}), "cut"),
        (AIMessage("Bob bui", response_metadata={"status": "incomplete"}), "cut"),
        (AIMessage("Bob bui", response_metadata={"done": False}), "cut"),
        (AIMessage("", response_metadata={"prompt_feedback": {"block_reason": 1}}), "filtered"),
        (AIMessage("", tool_calls=[CALL]), "malformed"),
        (AIMessage([], tool_calls=[CALL]), "malformed"),
        (AIMessage("", tool_calls=[CALL], response_metadata=CALLED), "malformed"),
        (AIMessage("Bob bui", tool_calls=[CALL], response_metadata=CALLED), "malformed"),
        (AIMessage("", invalid_tool_calls=[{**CALL, "args": "{", "error": "x"}]), "malformed"),
        (AIMessage("", usage_metadata=USED), "malformed"),
        (AIMessage("", response_metadata={"token_usage": {"completion_tokens_details": {"reasoning_tokens": 9}}}), "malformed"),
    ],
)  # fmt: skip
async def test_a_reply_that_is_no_summary_is_an_error_with_the_reason(message, reason):
    one, other, *streamed = await every_way(summarizer_from_chat_model(chat(message)))
    for error in (one, other, *(error for _, error in streamed)):
        assert isinstance(error, SummaryError)
        assert error.reason == reason
        assert str(error).startswith("Chat: ")
    assert [text for text, _ in streamed] == [message.text] * 2


def test_a_form_that_came_as_the_call_of_a_tool_is_a_summary():
    class Forms(Chat):
        def with_structured_output(self, schema, *, include_raw=False, **_):
            raw = AIMessage("", tool_calls=[CALL], response_metadata=CALLED, usage_metadata=USED)
            replies = {
                "told": schema(summary="Bob did.", sources=[1]),
                "nothing": schema(summary="", sources=[]),
                "another call": None,
            }
            return RunnableLambda(lambda prompt: {"raw": raw, "parsed": replies[prompt]})

    summarizer = summarizer_from_chat_model(Forms(reply=None), structured=True)
    told, nothing, other = summarizer.summarize(["told", "nothing", "another call"])
    assert (told, told.sources, nothing) == ("Bob did.", (1,), "")
    assert isinstance(other, SummaryError)
    assert "called a tool and wrote no text" in str(other)


async def test_no_blocks_are_no_text():
    message = AIMessage([], response_metadata={"stop_reason": "end_turn"})
    for error in (await every_way(summarizer_from_chat_model(chat(message))))[:2]:
        assert isinstance(error, SummaryError)
        assert "no text" in str(error)


def test_several_calls_of_the_form_are_one_summary():
    def call(summary, *sources):
        return {**CALL, "args": {"summary": summary, "sources": list(sources)}}

    class Forms(Chat):
        def with_structured_output(self, schema, **_):
            calls = [call("IRRELEVANT"), call("Ivan Kos cast it.", 1), call("It hangs here.", 2)]
            raw = AIMessage("", tool_calls=calls, response_metadata=CALLED, usage_metadata=USED)
            parsed = schema(**calls[0]["args"])
            return RunnableLambda(lambda _: {"raw": raw, "parsed": parsed})

    (found,) = summarizer_from_chat_model(Forms(reply=None), structured=True).summarize(["x"])
    assert (found, found.sources) == ("Ivan Kos cast it. It hangs here.", (1, 2))


async def test_errors_of_the_model_stay_as_they_are_and_meet_only_their_own_prompt():
    def reply(prompt):
        if prompt == "b":
            raise ConnectionError("no route")
        return prompt.upper()

    summarizer = summarizer_from_chat_model(chat(reply))
    for replies in (
        summarizer.summarize(["a", "b", "c"]),
        await summarizer.asummarize(["a", "b", "c"]),
    ):
        assert (replies[0], replies[2]) == ("A", "C")
        assert isinstance(replies[1], ConnectionError)
    with pytest.raises(ConnectionError, match="no route"):
        list(summarizer.stream("b"))


def test_prompts_are_asked_at_the_same_time_up_to_the_limit():
    meeting = threading.Barrier(2)

    def meets(prompt):
        meeting.wait(timeout=PATIENCE)
        return "met"

    assert (
        summarizer_from_chat_model(chat(meets), max_concurrency=2).summarize(["p"] * 4)
        == ["met"] * 4
    )

    def never_meets(prompt):
        lonely.wait(timeout=0.01)

    lonely = threading.Barrier(2)
    one_by_one = summarizer_from_chat_model(chat(never_meets), max_concurrency=1)
    assert [type(error) for error in one_by_one.summarize(["p"] * 2)] == [
        threading.BrokenBarrierError
    ] * 2


def test_a_model_with_retries_serves_too():
    failures = iter([ConnectionError("busy")])

    def reply(prompt):
        for failure in failures:
            raise failure
        return "Bob."

    model = chat(reply).with_retry(wait_exponential_jitter=False)
    assert summarizer_from_chat_model(model).summarize(["p"]) == ["Bob."]


@pytest.mark.parametrize("thing", ["gpt", None, lambda prompt: "x", Chat])
def test_what_is_no_chat_model(thing):
    with pytest.raises(TypeError, match="must be a LangChain chat model"):
        summarizer_from_chat_model(thing)


async def test_a_parser_in_the_way_is_named():
    summarizer = summarizer_from_chat_model(chat("Bob.") | StrOutputParser())
    one, other, *streamed = await every_way(summarizer)
    for error in (one, other, *(error for _, error in streamed)):
        assert error.reason == "malformed"
        assert "without a parser" in str(error)


# As a document compressor


async def test_from_chat_model():
    compressor = RecompDocumentCompressor.from_chat_model(chat(answers), metadata_key="why")
    (result,) = compressor.compress_documents(documents(), "who?")
    assert result.page_content == "Bob did."
    assert [source["id"] for source in result.metadata["why"]["sources"]] == ["t", None]
    assert await compressor.acompress_documents(documents(), "who?") == [result]
    assert compressor.compress_documents(documents(), "zebra?") == []


def test_titles_and_a_prompt_of_ones_own():
    model = chat("Bob.")
    compressor = RecompDocumentCompressor.from_chat_model(
        model, titles=True, prompt="{query}|{documents}"
    )
    compressor.compress_documents(documents(), "who?")
    assert model.prompts == [f"who?|Tower\n{TOWER}\n{FRUIT}"]


def test_an_extractor_a_gate_and_a_fallback():
    class Refuses:
        def check(self, candidates):
            return [Verdict("", reason="no", fall_back=True) for _ in candidates]

    extractor = ExtractiveCompressor(shared_words, selector=TopK(1))
    model = chat("Bob.")
    compressor = RecompDocumentCompressor.from_chat_model(
        model, extractor=extractor, gate=Refuses(), prompt="{query}|{documents}", merge=True
    )
    (result,) = compressor.compress_documents(documents(), "bob built")
    assert model.prompts == ["bob built|Bob built the tower in 1889."]
    assert result.page_content == "Bob built the tower in 1889."
    said = result.metadata["recomp"]
    assert (said["outcome"], said["reason"]) == ("fell_back", "no")
    assert said["sources"][0]["spans"] == [[19, 47]]
    assert set(said) == {"outcome", "reason", "sources"}


def test_relevance_is_that_of_what_was_read():
    picks = ExtractiveCompressor(shared_words, selector=Threshold(1))
    compressor = RecompDocumentCompressor.from_chat_model(
        chat("Bob."),
        extractor=picks,
        prompt="{query}|{documents}",
        count_tokens=lambda text: len(text.split()),
        max_input_tokens=8,
    )
    unread = Document("Bob sat in a room with many hands on a long day.")
    read = Document("Bob built it.")
    (result,) = compressor.compress_documents([unread, read], "bob built tower")
    assert [source["index"] for source in result.metadata["recomp"]["sources"]] == [1]
    assert result.metadata["relevance_score"] == 2.0


# As text


async def text_every_way(runnable, given):
    return [
        runnable.invoke(given),
        await runnable.ainvoke(given),
        *runnable.batch([given]),
        *await runnable.abatch([given]),
        "".join(runnable.stream(given)),
        "".join([piece async for piece in runnable.astream(given)]),
    ]


@pytest.mark.parametrize(("query", "text"), [("who?", "Bob did."), ("zebra?", "")])
async def test_the_text_is_the_same_every_way(query, text):
    runnable = RecompDocumentCompressor.from_chat_model(chat(answers)).as_text_runnable()
    assert await text_every_way(runnable, question(query)) == [text] * 6


async def test_sentences_as_text():
    core = ExtractiveCompressor(shared_words, selector=TopK(2))
    runnable = RecompDocumentCompressor(compressor=core).as_text_runnable()
    text = "Bob built the tower in 1889.\nAnn eats them."
    assert await text_every_way(runnable, question("bob ann")) == [text] * 6
    assert list(runnable.stream(question("bob ann"))) == [text]


async def test_pieces_come_as_they_are_written():
    go = threading.Event()

    class Slow(Chat):
        def _stream(self, messages, stop=None, run_manager=None, **kwargs):
            yield ChatGenerationChunk(message=AIMessageChunk("Bob "))
            assert go.wait(PATIENCE)  # never, if the first piece were held back until the end
            yield ChatGenerationChunk(message=AIMessageChunk("did."))

    runnable = RecompDocumentCompressor.from_chat_model(Slow(reply=None)).as_text_runnable()
    pieces = runnable.stream(question())
    assert next(pieces) == "Bob"
    go.set()
    assert list(pieces) == [" did."]
    go.clear()
    apieces = runnable.astream(question())
    assert await anext(apieces) == "Bob"
    go.set()
    assert [piece async for piece in apieces] == [" did."]


def qa_chain(runnable):
    found = RunnableLambda(lambda query: documents())
    return (
        {
            "context": {"documents": found, "query": RunnablePassthrough()} | runnable,
            "question": RunnablePassthrough(),
        }
        | ChatPromptTemplate.from_template("<{context}> {question}")
        | RunnableLambda(lambda prompt: prompt.messages[0].text)
    )


@pytest.mark.parametrize(("query", "said"), [("who?", "<Bob did.> who?"), ("zebra?", "<> zebra?")])
async def test_in_a_chain(query, said):
    compressor = RecompDocumentCompressor.from_chat_model(chat(answers))
    chain = qa_chain(compressor.as_text_runnable())
    assert await text_every_way(chain, query) == [said] * 6


def test_an_answer_streams_through_a_whole_chain():
    compressor = RecompDocumentCompressor.from_chat_model(chat(answers))
    chain = (
        qa_chain(compressor.as_text_runnable())
        | FakeListChatModel(responses=["nine"])
        | StrOutputParser()
    )
    assert list(chain.stream("who?")) == list("nine")


ORIGINALS = f"{TOWER}\n{FRUIT}"


async def test_passthrough_gives_the_documents_texts(caplog):
    compressor = RecompDocumentCompressor.from_chat_model(chat(answers), on_error="passthrough")
    runnable = compressor.as_text_runnable()
    with caplog.at_level(logging.WARNING, logger="langchain_recomp"):
        assert await text_every_way(runnable, question("down?")) == [ORIGINALS] * 6
    assert len(caplog.records) == 6
    assert "2 documents" in caplog.text


async def test_passthrough_follows_pieces_that_are_out_already():
    compressor = RecompDocumentCompressor.from_chat_model(chat(answers), on_error="passthrough")
    runnable = compressor.as_text_runnable()
    assert runnable.invoke(question("cut?")) == ORIGINALS
    assert "".join(runnable.stream(question("cut?"))) == f"Bob bui\n{ORIGINALS}"
    pieces = [piece async for piece in runnable.astream(question("cut?"))]
    assert "".join(pieces) == f"Bob bui\n{ORIGINALS}"


async def test_errors_are_raised_from_a_stream():
    runnable = RecompDocumentCompressor.from_chat_model(chat(answers)).as_text_runnable()
    with pytest.raises(SummaryError, match="length"):
        list(runnable.stream(question("cut?")))
    with pytest.raises(SummaryError, match="length"):
        [piece async for piece in runnable.astream(question("cut?"))]
    with pytest.raises(TypeError, match=r"documents\[0\]"):
        list(runnable.stream({"documents": ["text"], "query": "q"}))


def test_the_text_runnable_says_what_it_takes_and_gives():
    runnable = RecompDocumentCompressor.from_chat_model(chat("x")).as_text_runnable()
    schema = runnable.get_input_jsonschema()
    assert schema["$defs"]["CompressionInput"]["required"] == ["documents", "query"]
    assert runnable.get_output_jsonschema()["type"] == "string"


# Batches


async def test_in_a_batch_each_input_has_its_own_result_and_nobody_is_asked_twice():
    queries = ["who?", "cut?", "zebra?", "down?", "what?"]
    inputs = [question(query) for query in queries]
    model = chat(answers)
    runnable = RecompDocumentCompressor.from_chat_model(model).as_runnable()
    for results in (
        runnable.batch(inputs, return_exceptions=True),
        await runnable.abatch(inputs, return_exceptions=True),
    ):
        assert [contents(results[at]) for at in (0, 2, 4)] == [["Bob did."], [], ["A tower."]]
        assert results[1].reason == "cut"
        assert isinstance(results[3], ConnectionError)
    assert len(model.prompts) == 10


async def test_in_a_batch_the_first_error_is_raised():
    model = chat(answers)
    runs = Runs()
    runnable = RecompDocumentCompressor.from_chat_model(model).as_runnable()
    inputs = [question("who?"), question("cut?"), question("down?")]
    with pytest.raises(SummaryError, match="length"):
        runnable.batch(inputs, {"callbacks": [runs]})
    assert [type(end).__name__ for end in runs.ends] == ["list", "SummaryError", "ConnectionError"]
    with pytest.raises(SummaryError, match="length"):
        await runnable.abatch(inputs)
    assert len(model.prompts) == 6


async def test_in_a_batch_only_what_failed_is_passed_through():
    model = chat(answers)
    compressor = RecompDocumentCompressor.from_chat_model(model, on_error="passthrough")
    inputs = [question("who?"), question("cut?")]
    for results in (
        compressor.as_runnable().batch(inputs),
        await compressor.as_runnable().abatch(inputs),
    ):
        assert contents(results[0]) == ["Bob did."]
        assert contents(results[1]) == [TOWER, FRUIT]
        assert results[1][0].metadata["recomp"]["reason"].startswith("SummaryError: Chat: ")
    texts = compressor.as_text_runnable()
    assert texts.batch(inputs) == await texts.abatch(inputs) == ["Bob did.", ORIGINALS]
    assert len(model.prompts) == 8


# Traces


class Runs(BaseCallbackHandler):
    """Who called whom; a chat model's run is called "chat"."""

    def __init__(self):
        self.names = {}
        self.pairs = []
        self.ends = []

    def on_chain_start(self, serialized, inputs, *, run_id, parent_run_id=None, name=None, **kw):
        self.names[run_id] = name
        self.pairs.append((self.names.get(parent_run_id), name))

    def on_chat_model_start(self, serialized, messages, **kwargs):
        self.on_chain_start(serialized, messages, **{**kwargs, "name": "chat"})

    def on_chain_end(self, outputs, **kwargs):
        self.ends.append(outputs)

    on_chain_error = on_chain_end


OURS = "RecompDocumentCompressor"


async def test_the_chat_models_run_stands_in_ours():
    compressor = RecompDocumentCompressor.from_chat_model(chat(answers))
    runs = Runs()
    compressor.compress_documents(documents(), "who?", [runs])
    await compressor.acompress_documents(documents(), "who?", [runs])
    assert runs.pairs == [(None, OURS), (OURS, "chat")] * 2


async def test_in_a_stream_too():
    runnable = RecompDocumentCompressor.from_chat_model(chat(answers)).as_text_runnable()
    runs = Runs()
    assert "".join(runnable.stream(question(), {"callbacks": [runs]})) == "Bob did."
    async for _ in runnable.astream(question(), {"callbacks": [runs]}):
        pass
    assert runs.pairs == [(None, OURS), (OURS, "chat")] * 2
    assert runs.ends == ["Bob did."] * 2


async def test_in_a_batch_all_of_them_stand_in_the_first():
    runnable = RecompDocumentCompressor.from_chat_model(chat(answers)).as_runnable()
    inputs = [question("who?"), question("what?")]
    for config in ({"callbacks": [runs := Runs()]}, [{"callbacks": [runs]}, {}]):
        runs.pairs.clear()
        runnable.batch(inputs, config)
        ours = runs.pairs.count((None, OURS))
        assert sorted(runs.pairs[ours:]) == [(OURS, "chat")] * 2
        await runnable.abatch(inputs, config)
        assert runs.pairs.count((OURS, "chat")) == 4


async def test_a_batch_in_a_chain_is_traced_within_the_chain():
    compressor = RecompDocumentCompressor.from_chat_model(chat(answers))
    chain = qa_chain(compressor.as_text_runnable()).with_config(run_name="chain")
    runs = Runs()
    chain.batch(["who?", "what?"], {"callbacks": [runs]})
    assert runs.pairs.count((OURS, "chat")) == 2
    assert (None, "chat") not in runs.pairs


def test_a_batch_leaves_no_trace_of_itself_behind():
    runnable = RecompDocumentCompressor.from_chat_model(chat(answers)).as_runnable()
    runs = Runs()
    runnable.batch([question(), question("down?")], {"callbacks": [runs]}, return_exceptions=True)
    runs.pairs.clear()
    RunnableLambda(lambda x: x, name="later").invoke(1)
    assert runs.pairs == []


async def test_concurrent_calls_are_traced_each_in_its_own():
    compressor = RecompDocumentCompressor.from_chat_model(chat(answers))
    handlers = [Runs() for _ in range(4)]
    await asyncio.gather(
        *(compressor.acompress_documents(documents(), "who?", [runs]) for runs in handlers)
    )
    assert [runs.pairs for runs in handlers] == [[(None, OURS), (OURS, "chat")]] * 4


@pytest.mark.parametrize(
    ("reply", "texts"),
    [
        ("<think>hm</think>IRRELEVANT", []),
        ("The documents do not contain information about the tower.", []),
        ([{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "Anna."}], ["Anna."]),
    ],
)
async def test_reasoning_and_refusals_are_no_summary(reply, texts):
    from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
    from langchain_core.messages import AIMessage

    documents = [Document(page_content="Anna Horvat built the bell tower in 1871.")]
    for _ in range(2):
        model = GenericFakeChatModel(messages=iter([AIMessage(content=reply)] * 2))
        recomp = RecompDocumentCompressor.from_chat_model(model)
        found = recomp.compress_documents(documents, "who?")
        assert [d.page_content for d in found] == texts
        found = await recomp.acompress_documents(documents, "who?")
        assert [d.page_content for d in found] == texts


def test_a_reply_of_nothing_but_reasoning_is_an_error():
    from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
    from langchain_core.messages import AIMessage

    for message in (
        AIMessage(content="", additional_kwargs={"reasoning_content": "hm"}),
        AIMessage(content=[{"type": "thinking", "thinking": "hm"}]),
        AIMessage(content="<think>hm"),
    ):
        model = GenericFakeChatModel(messages=iter([message]))
        recomp = RecompDocumentCompressor.from_chat_model(model)
        with pytest.raises(SummaryError, match="reasoning"):
            recomp.compress_documents([Document(page_content="Anna built it.")], "who?")
