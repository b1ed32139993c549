"""Tools with compressed results, alone and in agents; what tools do to a postprocessor's query."""

import pytest

pytest.importorskip("llama_index.core", reason='needs pip install "recomp[llamaindex]"')

from conftest import shared_words
from llama_index.core.agent.workflow import AgentWorkflow, FunctionAgent, ReActAgent
from llama_index.core.base.llms.types import ImageBlock, TextBlock
from llama_index.core.bridge.pydantic import PrivateAttr
from llama_index.core.instrumentation import get_dispatcher
from llama_index.core.llms import (
    ChatMessage,
    ChatResponse,
    LLMMetadata,
    MockLLM,
)
from llama_index.core.llms.function_calling import FunctionCallingLLM
from llama_index.core.llms.llm import ToolSelection
from llama_index.core.postprocessor import SimilarityPostprocessor
from llama_index.core.query_engine import (
    CitationQueryEngine,
    RetrieverQueryEngine,
    SubQuestionQueryEngine,
)
from llama_index.core.question_gen.types import BaseQuestionGenerator, SubQuestion
from llama_index.core.retrievers import BaseRetriever
from llama_index.core.schema import Document, NodeWithScore, QueryBundle, TextNode
from llama_index.core.tools import (
    BaseTool,
    FunctionTool,
    QueryEngineTool,
    RetrieverTool,
    ToolMetadata,
    ToolOutput,
)
from llama_index.core.workflow import Context

from llamaindex_recomp import RecompNodePostprocessor, compress_tool, dropped_tool
from recomp_core import Compression, DroppedTexts, ExtractiveCompressor, Outcome, Threshold
from recomp_core.types import as_documents

TOWER = "The tower was built by Ana. Rain fell all day. Many admire the tower."
SHORT = "The tower was built by Ana. Many admire the tower."
BREAD = "Bread is baked at night. Cats sleep."
QUERY = "who built the tower"
PLACEHOLDER = "(No relevant text was found.)"


class Words(ExtractiveCompressor):
    """Keeps sentences that share "tower" or "bread" with the query, and remembers the queries."""

    def __init__(self):
        super().__init__(self._shared, selector=Threshold(1))
        self.queries = []

    def _shared(self, query, sentences):
        self.queries.append(query)
        subjects = " ".join(word for word in query.split() if word in ("tower", "bread"))
        return shared_words(subjects or "?", sentences)


def words_with_recovery():
    words = Words()
    words.recovery = DroppedTexts()
    return words


class Broken(Words):
    def _shared(self, query, sentences):
        raise RuntimeError("out of memory")


class Retriever(BaseRetriever):
    def __init__(self, *texts, score=0.5):
        super().__init__()
        self.nodes = [TextNode(text=text, metadata={"source": "a.md"}) for text in texts]
        self.score = score
        self.queries = []

    def _retrieve(self, query_bundle):
        self.queries.append(query_bundle.query_str)
        return [NodeWithScore(node=node, score=self.score) for node in self.nodes]


def search(input: str) -> str:  # noqa: A002
    """Search."""
    return TOWER


async def result_of(tool, how, *args, **kwargs):
    if how == "call":
        return tool.call(*args, **kwargs)
    if how == "()":
        return tool(*args, **kwargs)
    return await tool.acall(*args, **kwargs)


ways = pytest.mark.parametrize("how", ["call", "()", "acall"])

# The tool


@ways
async def test_a_result_is_compressed_and_all_else_stays(how):
    tool = FunctionTool.from_defaults(search, return_direct=True)
    made = compress_tool(tool, Words())
    output = await result_of(made, how, input=QUERY)
    assert output.content == SHORT
    assert output.raw_output == TOWER
    assert output.raw_input == {"args": (), "kwargs": {"input": QUERY}}
    assert (output.tool_name, output.is_error) == ("search", False)
    assert made.metadata is tool.metadata
    assert made.metadata.to_openai_tool() == tool.metadata.to_openai_tool()
    assert (await result_of(tool, how, input=QUERY)).content == TOWER


@ways
async def test_a_positional_query(how):
    def look_up(lang: str, input: str) -> str:  # noqa: A002
        return TOWER

    made = compress_tool(FunctionTool.from_defaults(look_up), Words())
    assert (await result_of(made, how, "en", QUERY)).content == SHORT


@ways
async def test_blocks_keep_their_order_and_what_is_no_text(how):
    image = ImageBlock(url="https://example.org/a.png")

    def look_up(topic: str) -> list:
        return [TextBlock(text=BREAD), image, TextBlock(text=TOWER)]

    made = compress_tool(FunctionTool.from_defaults(look_up), Words(), query_arg="topic")
    output = await result_of(made, how, topic=QUERY)
    assert output.blocks == [image, TextBlock(text=SHORT)]
    assert output.raw_output == look_up("")
    output = await result_of(made, how, topic="zebra")
    assert output.blocks == [image]


@ways
@pytest.mark.parametrize("on_empty", ["empty_node", "drop", "placeholder"])
async def test_a_result_is_never_empty(how, on_empty):
    pp = RecompNodePostprocessor(compressor=Words(), on_empty=on_empty, placeholder="(none)")
    output = await result_of(compress_tool(FunctionTool.from_defaults(search), pp), how, "zebra")
    assert output.content == "(none)"
    tool = RetrieverTool.from_defaults(Retriever(TOWER, BREAD))
    assert (
        await result_of(compress_tool(tool, pp), how, input="zebra")
    ).content.strip() == "(none)"


@ways
@pytest.mark.parametrize("text", ["No.", "", " \n", "The tower."])
async def test_a_result_never_grows(how, text):
    made = compress_tool(FunctionTool.from_defaults(lambda input: text, name="t"), Words())  # noqa: A006
    output = await result_of(made, how, input="zebra tower" if "tower" in text else "zebra")
    assert output.content == text


@ways
async def test_errors_come_back_as_they_are(how):
    class Failing(BaseTool):
        metadata = ToolMetadata("Fails.", "failing")
        output = ToolOutput(
            "failing", content=TOWER, raw_input={}, raw_output=TOWER, is_error=True,
        )  # fmt: skip

        def __call__(self, input):  # noqa: A002
            return self.output

    failing = Failing()
    assert await result_of(compress_tool(failing, Words()), how, input=QUERY) is failing.output

    def raises(input: str) -> str:  # noqa: A002
        raise ValueError("the index is closed")

    with pytest.raises(ValueError, match="the index is closed"):
        await result_of(compress_tool(FunctionTool.from_defaults(raises), Words()), how, input="q")


@ways
@pytest.mark.parametrize("query", ["", " ", None, 7])
async def test_without_a_query_nothing_is_done(how, query):
    words = Words()
    output = await result_of(
        compress_tool(FunctionTool.from_defaults(search), words), how, input=query
    )
    assert output.content == TOWER
    assert words.queries == []


@ways
async def test_an_error_of_the_compressor(how, caplog):
    tool = FunctionTool.from_defaults(search)
    assert (await result_of(compress_tool(tool, Broken()), how, input=QUERY)).content == TOWER
    assert "out of memory" in caplog.text
    strict = RecompNodePostprocessor(compressor=Broken())
    with pytest.raises(RuntimeError, match="out of memory"):
        await result_of(compress_tool(tool, strict), how, input=QUERY)


@ways
async def test_a_summary_takes_the_place_of_all_texts(how):
    class Summary(Words):
        def compress(self, query, documents, **settings):
            documents = as_documents(documents)
            return Compression(query, documents, "Ana.", (), (), (0,), Outcome.COMPRESSED)

        async def acompress(self, query, documents, **settings):
            return self.compress(query, documents)

    made = compress_tool(FunctionTool.from_defaults(search), Summary())
    assert (await result_of(made, how, input=QUERY)).blocks == [TextBlock(text="Ana.")]


@ways
async def test_retrieved_nodes_are_compressed_one_by_one(how):
    tool = RetrieverTool.from_defaults(Retriever(TOWER, BREAD))
    plain = await result_of(tool, how, input=QUERY)
    words = Words()
    output = await result_of(compress_tool(tool, words), how, input=QUERY)
    assert output.content == f"source: a.md\n\n{SHORT}\n\n"
    assert output.raw_output == plain.raw_output
    assert [n.node.text for n in output.raw_output] == [TOWER, BREAD]
    assert words.queries[-1] == QUERY


@ways
async def test_documents_that_are_kept_empty_are_not_shown(how):
    pp = RecompNodePostprocessor(compressor=Words(), keep_empty=True)
    tool = compress_tool(RetrieverTool.from_defaults(Retriever(BREAD, TOWER)), pp)
    assert (await result_of(tool, how, input=QUERY)).content == f"source: a.md\n\n{SHORT}\n\n"
    assert (await result_of(tool, how, input="zebra")).content == PLACEHOLDER
    tool = compress_tool(FunctionTool.from_defaults(search), pp)
    assert (await result_of(tool, how, input="zebra")).content == PLACEHOLDER


@ways
async def test_the_agent_sees_the_handle_of_what_was_left_out(how):
    long = " ".join([TOWER, *(f"Rain number {n} fell." for n in range(20))])
    pp = RecompNodePostprocessor(compressor=words_with_recovery())
    read = dropped_tool(pp)
    for tool in (
        FunctionTool.from_defaults(lambda input: long, name="t"),  # noqa: A006
        RetrieverTool.from_defaults(Retriever(long, BREAD)),
    ):
        for query in (QUERY, "zebra"):
            output = await result_of(compress_tool(tool, pp), how, input=query)
            handle = output.content.removesuffix("]").rpartition(" ")[2]
            assert output.content.endswith(f"\n[What was left out has the handle {handle}]")
            assert "Rain number 7 fell." in read.call(handle=handle).content
    short = compress_tool(FunctionTool.from_defaults(search), pp)
    assert (await result_of(short, how, input=QUERY)).content == SHORT  # no room for a handle


@ways
async def test_a_query_engine_s_answer_is_a_text_like_any_other(how):
    engine = RetrieverQueryEngine.from_args(Retriever(TOWER), llm=MockLLM())
    tool = QueryEngineTool.from_defaults(engine)
    plain = await result_of(tool, how, input=QUERY)
    output = await result_of(compress_tool(tool, Words()), how, input=QUERY)
    assert len(output.content) <= len(plain.content)
    assert str(output.raw_output) == plain.content


def test_what_cannot_be_compressed_is_refused():
    with pytest.raises(TypeError, match="FunctionTool.from_defaults"):
        compress_tool(search, Words())
    with pytest.raises(ValueError, match="query_arg='query' is no argument of the tool search"):
        compress_tool(FunctionTool.from_defaults(search), Words(), query_arg="query")
    with pytest.raises(TypeError, match="is not a compressor"):
        compress_tool(FunctionTool.from_defaults(search), object())


# In agents


class Calls(FunctionCallingLLM):
    """Calls each of `calls` in its turn, then answers; keeps what it was shown."""

    _calls: list = PrivateAttr()
    _seen: list = PrivateAttr(default_factory=list)

    def __init__(self, *calls):
        super().__init__()
        self._calls = list(calls)

    @property
    def metadata(self):
        return LLMMetadata(is_function_calling_model=True, is_chat_model=True)

    def _prepare_chat_with_tools(self, tools, user_msg=None, chat_history=None, **kwargs):
        return {"messages": list(chat_history or []), "tools": tools}

    def get_tool_calls_from_response(self, response, error_on_no_tool_call=True, **kwargs):
        return response.message.additional_kwargs.get("calls", [])

    def chat(self, messages, tools=(), **kwargs):
        self._seen.append(messages)
        calls = [self._calls.pop(0)] if self._calls else []
        selections = [
            ToolSelection(tool_id=f"call{len(self._seen)}", tool_name=name, tool_kwargs=arguments)
            for name, arguments in calls
        ]
        return ChatResponse(
            message=ChatMessage(
                role="assistant", content="done", additional_kwargs={"calls": selections}
            )
        )

    async def achat(self, messages, tools=(), **kwargs):
        return self.chat(messages, tools, **kwargs)

    def complete(self, *args, **kwargs):
        raise NotImplementedError

    acomplete = stream_chat = astream_chat = stream_complete = astream_complete = complete

    @property
    def results(self):
        """The results of tools that the last turn showed."""
        return [message.content for message in self._seen[-1] if message.role == "tool"]


class Reasons(MockLLM):
    """A ReAct model that asks the tool `search` once and then answers."""

    _seen: list = PrivateAttr(default_factory=list)

    async def achat(self, messages, **kwargs):
        self._seen.append([message.content for message in messages])
        text = "Thought: I know it.\nAnswer: done"
        if len(self._seen) == 1:
            text = f'Thought: I need it.\nAction: search\nAction Input: {{"input": "{QUERY}"}}'
        return ChatResponse(message=ChatMessage(role="assistant", content=text))


async def test_a_function_agent_reads_compressed_results():
    llm = Calls(("search", {"input": QUERY}))
    tools = [compress_tool(FunctionTool.from_defaults(search), Words())]
    await FunctionAgent(tools=tools, llm=llm, streaming=False).run("Tell me about towers.")
    assert llm.results == [SHORT]


async def test_a_tool_gets_the_agent_s_context():
    async def count(ctx: Context, input: str) -> str:  # noqa: A002
        """Search."""
        await ctx.store.set("asked", input)
        return TOWER

    llm = Calls(("count", {"input": QUERY}))
    tools = [compress_tool(FunctionTool.from_defaults(count), Words())]
    agent = FunctionAgent(tools=tools, llm=llm, streaming=False)
    ctx = Context(agent)
    await agent.run("Tell me about towers.", ctx=ctx)
    assert llm.results == [SHORT]
    assert await ctx.store.get("asked") == QUERY


async def test_an_agent_sees_the_error_of_a_tool():
    def raises(input: str) -> str:  # noqa: A002
        raise ValueError("the index is closed")

    llm = Calls(("raises", {"input": QUERY}))
    tools = [compress_tool(FunctionTool.from_defaults(raises), Words())]
    await FunctionAgent(tools=tools, llm=llm, streaming=False).run("Go.")
    assert llm.results == ["the index is closed"]


async def test_an_agent_workflow_with_two_agents():
    llm = Calls(
        ("retriever_tool", {"input": QUERY}),
        ("handoff", {"to_agent": "second", "reason": "bread"}),
        ("search", {"input": QUERY}),
    )
    retrieve = compress_tool(RetrieverTool.from_defaults(Retriever(TOWER, BREAD)), Words())
    find = compress_tool(FunctionTool.from_defaults(search), Words())
    first, second = (
        FunctionAgent(
            name=name, description=name, tools=[tool], llm=llm, streaming=False,
            can_handoff_to=["second"] if name == "first" else [],
        )
        for name, tool in (("first", retrieve), ("second", find))
    )  # fmt: skip
    await AgentWorkflow(agents=[first, second], root_agent="first").run(user_msg="Go.")
    assert llm.results[-1] == SHORT
    seen = [m.content for messages in llm._seen for m in messages if m.role == "tool"]
    assert f"source: a.md\n\n{SHORT}\n\n" in seen
    assert not any("Rain" in text for text in seen)


async def test_a_react_agent_reads_compressed_results():
    llm = Reasons()
    tools = [compress_tool(FunctionTool.from_defaults(search), Words())]
    answer = await ReActAgent(tools=tools, llm=llm, streaming=False).run("Tell me about towers.")
    assert str(answer) == "done"
    observed = llm._seen[-1][-1]
    assert observed == f"Observation: {SHORT}"


# The query that `RetrieverTool` gives to postprocessors


@ways
@pytest.mark.parametrize(
    ("args", "kwargs", "query"),
    [
        ((), {"input": QUERY}, QUERY),
        ((QUERY,), {}, QUERY),
        ((), {"question": "is bread\nis baked\n"}, "is bread\nis baked\n"),
        ((), {"input": "tower, which is tall"}, "tower, which is tall"),
        ((), {"input": "tower", "lang": "en"}, "tower, lang is en"),
        ((), {"input": ""}, "\ninput is \n"),
        ((QUERY,), {"lang": "en"}, f"{QUERY}\nlang is en\n"),
    ],
)
async def test_a_retriever_tool_s_query_is_the_one_that_it_was_given(how, args, kwargs, query):
    words = Words()
    retriever = Retriever(TOWER)
    pp = RecompNodePostprocessor(compressor=words)
    tool = RetrieverTool.from_defaults(retriever, node_postprocessors=[pp])
    await result_of(tool, how, *args, **kwargs)
    assert words.queries == [query]
    assert retriever.queries != [query] or not kwargs.get("input")


async def test_a_subclass_of_the_tool_counts_too():
    class Own(RetrieverTool):
        pass

    words = Words()
    pp = RecompNodePostprocessor(compressor=words)
    Own.from_defaults(Retriever(TOWER), node_postprocessors=[pp]).call(input=QUERY)
    assert words.queries == [QUERY]


@pytest.mark.parametrize(
    "text", ["\ninput is the word for what goes in\n", "\nParis is large.\n", "two lines\n\n"]
)
async def test_a_text_of_the_user_s_own_is_not_changed(text):
    words = Words()
    pp = RecompNodePostprocessor(compressor=words)
    nodes = [NodeWithScore(node=TextNode(text=TOWER))]
    pp.postprocess_nodes(nodes, query_bundle=QueryBundle(text))
    await pp.apostprocess_nodes(nodes, query_str=text)
    RetrieverQueryEngine.from_args(Retriever(TOWER), llm=MockLLM(), node_postprocessors=[pp]).query(
        text
    )
    assert words.queries == [text] * 3


def test_a_query_bundle_is_not_changed():
    bundle = QueryBundle("\ninput is tower\n", custom_embedding_strs=["tall"], embedding=[1.0])
    given = []

    class Seen(RecompNodePostprocessor):
        def _postprocess_nodes(self, nodes, query_bundle=None):
            given.append(query_bundle)
            return nodes

    class Tool(RetrieverTool):
        def call(self, input):  # noqa: A002
            Seen(compressor=Words()).postprocess_nodes([], query_bundle=bundle)

    Tool(Retriever(TOWER), ToolMetadata("t", "t")).call("tower")
    (seen,) = given
    assert bundle.query_str == "\ninput is tower\n"
    assert (seen.query_str, seen.custom_embedding_strs, seen.embedding) == (
        "tower",
        ["tall"],
        [1.0],
    )


# Where nothing is relevant


class Prompts(MockLLM):
    _prompts: list = PrivateAttr(default_factory=list)

    def complete(self, prompt, formatted=False, **kwargs):
        self._prompts.append(prompt)
        return super().complete(prompt, formatted=formatted, **kwargs)


def empty(on_empty, **settings):
    return RecompNodePostprocessor(compressor=Words(), on_empty=on_empty, **settings)


@pytest.mark.parametrize("how", ["query", "aquery"])
async def test_a_citation_engine_cites_the_placeholder(how):
    llm = Prompts(max_tokens=1)
    engine = CitationQueryEngine(
        Retriever(TOWER), llm=llm, node_postprocessors=[empty("placeholder")]
    )
    response = getattr(engine, how)("zebra")
    response = response if how == "query" else await response
    assert str(response) == "text"
    assert f"Source 1:\n{PLACEHOLDER}" in llm._prompts[0]
    assert [n.node.get_content().strip() for n in response.source_nodes] == [
        f"Source 1:\n{PLACEHOLDER}"
    ]


@pytest.mark.parametrize("how", ["query", "aquery"])
async def test_a_sub_question_engine_answers_every_part(how):
    class Questions(BaseQuestionGenerator):
        def _get_prompts(self):
            return {}

        def _update_prompts(self, prompts):
            pass

        def generate(self, tools, query):
            return [
                SubQuestion(sub_question=text, tool_name="docs") for text in (QUERY, "any zebra")
            ]

        async def agenerate(self, tools, query):
            return self.generate(tools, query)

    llm = Prompts(max_tokens=1)
    inner = RetrieverQueryEngine.from_args(
        Retriever(TOWER), llm=llm, node_postprocessors=[empty("placeholder")]
    )
    tool = QueryEngineTool.from_defaults(inner, name="docs", description="Documents.")
    engine = SubQuestionQueryEngine.from_defaults(
        [tool], llm=llm, question_gen=Questions(), verbose=False, use_async=False,
        response_synthesizer=None,
    )  # fmt: skip
    response = getattr(engine, how)("towers and zebras")
    response = response if how == "query" else await response
    assert str(response) == "text"
    parts = sorted(llm._prompts[:2], key=lambda prompt: PLACEHOLDER in prompt)
    assert SHORT in parts[0]
    assert PLACEHOLDER in parts[1]
    assert "tower was" not in parts[1]
    assert llm._prompts[2].count("Response: text") == 2


@pytest.mark.parametrize("on_empty", ["empty_node", "placeholder"])
@pytest.mark.parametrize("score", [0.9, None, float("nan"), 12.5])
def test_a_filter_by_score_does_not_undo_the_empty_node(on_empty, score):
    llm = Prompts(max_tokens=1)
    after = SimilarityPostprocessor(similarity_cutoff=0.95)
    engine = RetrieverQueryEngine.from_args(
        Retriever(TOWER, score=score), llm=llm, node_postprocessors=[empty(on_empty), after]
    )
    assert str(engine.query("zebra")) == "text"
    (prompt,) = llm._prompts
    assert (PLACEHOLDER in prompt) == (on_empty == "placeholder")
    assert len(after.postprocess_nodes(empty(on_empty).postprocess_nodes([], query_str="q"))) == 1


# Instrumentation


def test_the_span_of_the_tool_is_around_that_of_the_compression():
    from llama_index.core.instrumentation.span_handlers import SimpleSpanHandler

    dispatcher = get_dispatcher()
    log = SimpleSpanHandler()
    dispatcher.add_span_handler(log)
    try:
        compress_tool(FunctionTool.from_defaults(search), Words()).call(input=QUERY)
    finally:
        dispatcher.span_handlers.remove(log)
    names = [span.id_.rsplit("-", 5)[0] for span in log.completed_spans]
    assert names == [
        "FunctionTool.call",
        "RecompNodePostprocessor._postprocess_nodes",
        "_CompressedFunctionTool.call",
    ]


def test_documents_as_results():
    def look_up(input: str) -> list:  # noqa: A002
        return [Document(text=TOWER), Document(text=BREAD)]

    made = compress_tool(FunctionTool.from_defaults(look_up), Words())
    assert made.call(input=QUERY).blocks == [TextBlock(text=SHORT)]
