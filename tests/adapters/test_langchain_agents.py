"""`RecompMiddleware` in agents of LangChain, whose model says what a list tells it to."""

import asyncio
import inspect
import json
import logging
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from conftest import PATIENCE, shared_words

pytest.importorskip("langchain", reason='needs pip install "recomp[agents]"')

from langchain.agents import create_agent
from langchain.agents.middleware import AgentMiddleware
from langchain.tools import ToolRuntime
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.documents import Document
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.retrievers import BaseRetriever
from langchain_core.tools import Tool, create_retriever_tool, tool
from langchain_core.utils.function_calling import convert_to_openai_tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from langchain_recomp import RecompDocumentCompressor
from langchain_recomp.agents import RecompMiddleware
from langchain_recomp.agents.results import JSON_TEXT_FIELDS, PLACEHOLDER
from recomp_core import (
    AbstractiveCompressor,
    ExtractiveCompressor,
    LLMSummarizer,
    Threshold,
    TokenBudget,
    TopK,
)

QUESTION = "Who built the tower?"
PASSAGES = [
    "The tower stands in Paris. Gustave built the tower. Tickets are sold online.",
    "Bread is baked at night. The bakers sleep by day.",
    "The tower was built in 1889. It is made of iron.",
]
BUILT = "Gustave built the tower."
JOINED = "\n\n".join(PASSAGES)


class Scripted(BaseChatModel):
    """Says its turns one after the other, and notes what it was sent and which tools it has."""

    turns: list
    sent: list = []
    bound: list = []

    @property
    def _llm_type(self):
        return "scripted"

    def bind_tools(self, tools, **kwargs):
        self.bound[:] = [convert_to_openai_tool(one)["function"] for one in tools]
        return self

    def _generate(self, messages, stop=None, run_manager=None, **kwargs):
        self.sent.append(list(messages))
        said = sum(isinstance(message, AIMessage) for message in messages)
        return ChatResult(generations=[ChatGeneration(message=self.turns[said])])


def model_that_calls(*names, **args):
    calls = [
        {"name": name, "args": args or {"query": "the tower"}, "id": f"call-{number}"}
        for number, name in enumerate(names)
    ]
    return Scripted(
        turns=[AIMessage("", tool_calls=calls), AIMessage("Gustave.")], sent=[], bound=[]
    )


def core(selector=None, scorer=shared_words, **settings):
    settings.setdefault("lexical_weight", 0.0)
    return ExtractiveCompressor(scorer, selector=selector or TopK(1), **settings)


def middleware(compressor=None, **settings):
    settings.setdefault("min_tokens", 0)
    settings.setdefault("query", "user")
    return RecompMiddleware(core() if compressor is None else compressor, **settings)


def tool_that_returns(value, name="look"):
    @tool(name)
    def look(query: str = ""):
        """Look something up."""
        return value

    return look


def results_of(agent_tools, *middlewares, question=QUESTION, model=None):
    model = model or model_that_calls(*[one.name for one in agent_tools])
    agent = create_agent(model, list(agent_tools), middleware=list(middlewares))
    out = agent.invoke({"messages": [HumanMessage(question)]})
    return [message for message in out["messages"] if isinstance(message, ToolMessage)]


async def aresults_of(agent_tools, *middlewares, question=QUESTION, model=None):
    model = model or model_that_calls(*[one.name for one in agent_tools])
    agent = create_agent(model, list(agent_tools), middleware=list(middlewares))
    out = await agent.ainvoke({"messages": [HumanMessage(question)]})
    return [message for message in out["messages"] if isinstance(message, ToolMessage)]


def result_of(value, **settings):
    return results_of([tool_that_returns(value)], middleware(**settings))[0]


def facts_of(message):
    return message.response_metadata["recomp"]


class Passages(BaseRetriever):
    def _get_relevant_documents(self, query, *, run_manager):
        return [Document(text, metadata={"source": f"{n}.txt"}) for n, text in enumerate(PASSAGES)]


# What arrives, and what becomes of it


def test_a_string_is_compressed_before_the_model_reads_it():
    model = model_that_calls("look")
    message = results_of([tool_that_returns(JOINED)], middleware(), model=model)[0]
    assert message.content == BUILT
    read = [one for one in model.sent[-1] if isinstance(one, ToolMessage)]
    assert [one.content for one in read] == [BUILT]
    assert (message.name, message.tool_call_id, message.status) == ("look", "call-0", "success")
    assert message.artifact == {"original_content": JOINED}


def test_the_facts_are_flat_and_plain():
    message = result_of(JOINED)
    facts = json.loads(json.dumps(facts_of(message)))
    assert facts.pop("seconds") >= 0
    assert facts == {
        "outcome": "compressed",
        "form": "text",
        "query": QUESTION,
        "pieces": 1,
        "pieces_kept": 1,
        "tokens_before": -(-len(JOINED) // 4),
        "tokens_after": -(-len(BUILT) // 4),
        "shadow": False,
    }


async def test_asynchronously_the_same():
    messages = await aresults_of([tool_that_returns(JOINED)], middleware())
    assert [message.content for message in messages] == [BUILT]


def test_a_retrievers_tool_that_joins_its_documents():
    retriever_tool = create_retriever_tool(Passages(), "wiki", "Look things up.")
    message = results_of([retriever_tool], middleware())[0]
    assert message.content == BUILT


@pytest.mark.parametrize("separator", ["\n\n", " --- "])
def test_a_retrievers_tool_with_documents_as_artifact(separator):
    retriever_tool = create_retriever_tool(
        Passages(),
        "wiki",
        "Look things up.",
        document_separator=separator,
        response_format="content_and_artifact",
    )
    message = results_of([retriever_tool], middleware(core(TopK(2)), document_separator=separator))[
        0
    ]
    assert message.content == f"{BUILT}{separator}The tower was built in 1889."
    assert [document.page_content for document in message.artifact] == PASSAGES
    assert facts_of(message)["form"] == "documents"
    assert facts_of(message)["pieces_kept"] == 2


def test_what_a_prompt_puts_around_a_document_stays_with_it():
    from langchain_core.prompts import PromptTemplate

    retriever_tool = create_retriever_tool(
        Passages(),
        "wiki",
        "Look things up.",
        document_prompt=PromptTemplate.from_template("[{source}] {page_content} (end)"),
        response_format="content_and_artifact",
    )
    message = results_of([retriever_tool], middleware(core(TopK(2))))[0]
    assert message.content == f"[0.txt] {BUILT} (end)\n\n[2.txt] The tower was built in 1889. (end)"


def test_what_stands_around_all_documents_stays():
    @tool(response_format="content_and_artifact")
    def look(query: str):
        """Look something up."""
        texts = [PASSAGES[1], PASSAGES[0], PASSAGES[2]]
        shown = "\n\n".join(f"* {text}" for text in texts)
        found = [Document(text) for text in texts]
        return f"3 pages:\n\n{shown}\n\nNext page: 2", found

    message = results_of([look], middleware())[0]
    assert message.content == f"3 pages:\n\n* {BUILT}\n\nNext page: 2"


def test_documents_that_the_content_does_not_show_are_not_what_the_model_reads():
    @tool(response_format="content_and_artifact")
    def look(query: str):
        """Look something up."""
        return f"{BUILT} Nobody else was there.", [Document("Something else altogether.")]

    message = results_of([look], middleware())[0]
    assert message.content == BUILT
    assert message.artifact == [Document("Something else altogether.")]


def test_text_blocks_and_an_image_among_them():
    image = {"type": "image", "base64": "AAAA", "mime_type": "image/png"}
    blocks = [{"type": "text", "text": text, "id": f"b{n}"} for n, text in enumerate(PASSAGES)]
    given = [blocks[0], image, *blocks[1:]]
    message = result_of(given)
    assert message.content == [{"type": "text", "text": BUILT, "id": "b0"}, image]
    assert blocks[0]["text"] == PASSAGES[0]  # what the tool holds is not changed
    assert facts_of(message)["form"] == "blocks"


def test_a_dict_as_artifact_keeps_what_it_has():
    @tool(response_format="content_and_artifact")
    def look(query: str):
        """Look something up."""
        return [{"type": "text", "text": JOINED}], {"structured_content": {"n": 1}}

    message = results_of([look], middleware())[0]
    assert message.artifact == {
        "original_content": [
            {
                "type": "text",
                "text": JOINED,
                "id": message.artifact["original_content"][0].get("id"),
            }
        ]
        if "id" in message.artifact["original_content"][0]
        else [{"type": "text", "text": JOINED}],
        "structured_content": {"n": 1},
    }


def test_nothing_is_kept_if_so_asked():
    assert result_of(JOINED, keep_original="none").artifact is None


def test_json_stays_json_and_other_fields_stay_byte_for_byte():
    source = (
        '{ "took":1e3, "results" : [ {"url": "https://x/1", "content": %s},\n'
        '  {"url":"\\u0061", "content": %s, "score": 0.10} ] , "answer": "Who built what?" }'
    )
    given = source % (json.dumps(PASSAGES[0]), json.dumps(PASSAGES[1]))
    message = result_of(given)
    assert message.content == source % (json.dumps(BUILT), '""')
    assert facts_of(message)["form"] == "json"
    assert facts_of(message)["pieces"] == 2


def test_json_within_a_text_block():
    given = [{"type": "text", "text": json.dumps({"content": JOINED, "n": 1})}]
    message = result_of(given)
    assert json.loads(message.content[0]["text"]) == {"content": BUILT, "n": 1}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"text": ["é " + JOINED]}, {"text": [BUILT]}),  # also in arrays
        ([JOINED, "Bread."], [BUILT, ""]),  # an array of strings that is the whole
        ({"body": {"body": JOINED, "id": JOINED}}, {"body": {"body": BUILT, "id": JOINED}}),
    ],
)
@pytest.mark.parametrize("only_ascii", [True, False])
def test_where_texts_stand_in_json(value, expected, only_ascii):
    message = result_of(json.dumps(value, ensure_ascii=only_ascii))
    assert json.loads(message.content) == expected


@pytest.mark.parametrize(
    "value",
    [
        json.dumps({"rows": [[1, 2], [3, 4]], "name": JOINED}),  # no field of text
        json.dumps({"content": json.dumps({"a": JOINED})}),  # JSON within JSON
        "[" * 5_000 + json.dumps(JOINED) + "]" * 5_000,  # too deep to be read
        '{"a":' * 100_000 + json.dumps(JOINED) + "}" * 100_000,
        json.dumps({"content": 5, "n": JOINED}),
    ],
)
def test_json_without_texts_is_left_alone(value):
    message = result_of(value)
    assert message.content == value
    assert "recomp" not in message.response_metadata


def test_keys_of_ones_own():
    given = json.dumps({"content": JOINED, "antwort": JOINED})
    message = result_of(given, json_text_fields=["antwort"])
    assert json.loads(message.content) == {"content": JOINED, "antwort": BUILT}


def test_what_is_nearly_json_is_text():
    message = result_of('{"content": ' + JOINED)
    assert BUILT in message.content
    assert facts_of(message)["form"] == "text"


# What is left alone


def test_a_command_is_left_alone():
    @tool
    def look(query: str):
        """Look something up."""
        return Command(update={"messages": [ToolMessage(JOINED, tool_call_id="call-0")]})

    assert results_of([look], middleware())[0].content == JOINED


def test_an_error_is_left_alone():
    @tool
    def look(query: str):
        """Look something up."""
        raise ValueError

    look.handle_tool_error = True

    @tool
    def fails(query: str):
        """Fail."""
        from langchain_core.tools import ToolException

        raise ToolException(JOINED)

    fails.handle_tool_error = True
    message = results_of([fails], middleware())[0]
    assert message.status == "error"
    assert message.content == JOINED
    assert "recomp" not in message.response_metadata


@pytest.mark.parametrize(
    "value",
    [
        "",
        "Short.",
        [{"type": "image", "base64": "AAAA", "mime_type": "image/png"}],
        [{"type": "text", "text": "Short."}],
        json.dumps({"content": "Short."}),
        42,
        None,
    ],
)
def test_what_is_short_is_left_alone(value):
    message = result_of(value, min_tokens=10)
    assert "recomp" not in message.response_metadata
    assert message.artifact is None


def test_tools_by_name_and_by_object():
    looks = [tool_that_returns(JOINED, name) for name in ("a", "b", "c")]

    def c():
        """A plain function, as agents take them too."""

    named = results_of(looks, middleware(tools=["a", looks[1], c], exclude_tools=["b", c]))
    assert [message.content for message in named] == [BUILT, JOINED, JOINED]


def test_two_middlewares_for_different_tools():
    looks = [tool_that_returns(JOINED, name) for name in ("a", "b")]
    both = (
        middleware(tools=["a"], name="first"),
        middleware(core(TopK(2)), tools=["b"], name="second"),
    )
    first, second = results_of(looks, *both)
    assert first.content == BUILT
    assert len(second.content) > len(first.content)


def test_a_tool_that_returns_bytes():
    message = result_of(b"\x00\xff" * 3_000)
    assert isinstance(message.content, str)
    assert message.content


# Never empty, never longer


def test_a_placeholder_where_nothing_is_relevant():
    message = result_of(JOINED, compressor=core(Threshold(99.0)))
    assert message.content == PLACEHOLDER
    assert facts_of(message)["outcome"] == "nothing_relevant"
    assert facts_of(message)["pieces_kept"] == 0


def test_the_original_where_nothing_is_relevant():
    message = result_of(JOINED, compressor=core(Threshold(99.0)), when_empty="original")
    assert message.content == JOINED
    assert message.artifact is None
    assert facts_of(message)["outcome"] == "nothing_relevant"


def test_the_placeholder_in_json_and_in_blocks():
    nothing = core(Threshold(99.0))
    placed = result_of(json.dumps({"content": ["Bread.", JOINED]}), compressor=nothing)
    assert json.loads(placed.content) == {"content": ["", PLACEHOLDER]}
    blocks = [{"type": "text", "text": text} for text in ("Bread.", JOINED)]
    (block,) = result_of(blocks, compressor=nothing).content
    assert block["text"] == PLACEHOLDER


@pytest.mark.parametrize("value", [BUILT, json.dumps({"content": BUILT}), json.dumps(["Gustave."])])
def test_a_placeholder_that_is_longer_than_the_result_does_not_replace_it(value):
    message = result_of(value, compressor=core(Threshold(99.0)), placeholder="Nothing. " * 20)
    assert message.content == value
    assert facts_of(message)["outcome"] == "nothing_relevant"


class Verbose(ExtractiveCompressor):
    """Not a summarizer by its class, and writes more than it was given."""

    def compress_batch(self, queries, documents_lists, **kwargs):
        import dataclasses

        found = super().compress_batch(queries, documents_lists, **kwargs)
        return [dataclasses.replace(one, text="Blah. " * 500) for one in found]


def test_a_message_never_grows():
    message = result_of(JOINED, compressor=Verbose(shared_words))
    assert message.content == JOINED
    assert facts_of(message)["outcome"] == "unchanged"


def test_a_summary_for_a_string_and_for_blocks():
    writer = AbstractiveCompressor(LLMSummarizer(lambda prompts: ["Gustave did."] * len(prompts)))
    assert result_of(JOINED, compressor=writer).content == "Gustave did."
    blocks = [{"type": "text", "text": text} for text in PASSAGES]
    assert [b["text"] for b in result_of(blocks, compressor=writer).content] == ["Gustave did."]


def test_summaries_of_json_are_written_field_by_field():
    prompts = []

    def write(given):
        prompts.extend(given)
        return ["Yes." if "Gustave" in prompt else "" for prompt in given]

    writer = AbstractiveCompressor(LLMSummarizer(write))
    message = result_of(json.dumps([{"text": text} for text in PASSAGES]), compressor=writer)
    assert [one["text"] for one in json.loads(message.content)] == ["Yes.", "", ""]
    assert len(prompts) == 3


def test_an_unknown_writer_and_several_fields_of_json(caplog):
    given = json.dumps([{"text": text} for text in PASSAGES])
    message = result_of(given, compressor=Verbose(shared_words))
    assert message.content == given
    assert "several fields of JSON" in facts_of(message)["reason"]


# Where the question comes from


@pytest.mark.parametrize(
    ("query", "args", "expected"),
    [
        ("both", {"query": "tower builder"}, f"tower builder\n{QUESTION}"),
        ("both", {"query": "the tower"}, QUESTION),  # what the other contains is not said twice
        ("both", {"query": f"{QUESTION} And when?"}, f"{QUESTION} And when?"),
        ("both", {"topic": "towers", "tags": ["iron"]}, f"towers iron\n{QUESTION}"),
        ("both", {"n": 3}, QUESTION),
        ("tool_call", {"query": "tower builder"}, "tower builder"),
        ("tool_call", {"n": 3}, QUESTION),
        ("user", {"query": "tower builder"}, QUESTION),
        ("parameter", {"query": "x", "looking_for": "the tower's builder"}, "the tower's builder"),
        ("parameter", {"query": "x", "looking_for": " "}, f"x\n{QUESTION}"),
        ("parameter", {"query": "x"}, f"x\n{QUESTION}"),
        (lambda request: request.tool_call["args"]["n"] * "tower ", {"n": 2}, "tower tower"),
    ],
)
def test_where_the_question_comes_from(query, args, expected):
    @tool
    def look(query: str = "", topic: str = "", tags: list[str] = [], n: int = 0):  # noqa: B006
        """Look something up."""
        return JOINED

    model = model_that_calls("look", **args)
    message = results_of([look], middleware(query=query), model=model)[0]
    assert facts_of(message)["query"] == expected


def test_another_argument_is_the_query():
    @tool
    def look(topic: str, note: str):
        """Look something up."""
        return JOINED

    model = model_that_calls("look", topic="towers", note="please")
    found = results_of([look], middleware(query="tool_call", query_arg="topic"), model=model)[0]
    assert facts_of(found)["query"] == "towers"


def test_the_last_message_of_the_user_is_the_question():
    model = model_that_calls("look")
    agent = create_agent(model, [tool_that_returns(JOINED)], middleware=[middleware()])
    summary = HumanMessage("A summary.", additional_kwargs={"lc_source": "summarization"})
    blocks = HumanMessage([{"type": "text", "text": QUESTION}])
    out = agent.invoke({"messages": [HumanMessage("Hello."), blocks, summary]})
    message = next(one for one in out["messages"] if isinstance(one, ToolMessage))
    assert facts_of(message)["query"] == QUESTION


def test_without_a_question_a_result_is_left_alone():
    message = result_of(JOINED, query=lambda request: "  ")
    assert message.content == JOINED
    assert "recomp" not in message.response_metadata


def test_a_function_that_gives_no_string(caplog):
    message = result_of(JOINED, query=lambda request: 5)
    assert message.content == JOINED
    assert facts_of(message)["outcome"] == "failed"
    with pytest.raises(TypeError, match="query must return a string, got int"):
        result_of(JOINED, query=lambda request: 5, on_error="raise")


# The argument by which the model says what it looks for


def test_the_model_sees_the_argument_and_the_tool_does_not():
    seen = []

    @tool
    def look(query: str):
        """Look something up."""
        seen.append(query)
        return JOINED

    other = tool_that_returns("Other.", "other")
    model = model_that_calls("look", query="x", looking_for=QUESTION)
    asking = middleware(query="parameter", exclude_tools=["other"])
    message = results_of([look, other], asking, model=model)[0]
    schemas = {one["name"]: one["parameters"] for one in model.bound}
    assert set(schemas["look"]["properties"]) == {"query", "looking_for"}
    assert schemas["look"]["required"] == ["query"]
    assert set(schemas["other"]["properties"]) == {"query"}
    assert message.content == BUILT
    assert seen == ["x"]
    assert set(look.args) == {"query"}  # the user's tool is not changed
    said = next(one for one in model.sent[-1] if isinstance(one, AIMessage))
    assert said.tool_calls[0]["args"]["looking_for"] == QUESTION


async def test_the_argument_asynchronously():
    model = model_that_calls("look", query="x", looking_for=QUESTION)
    asking = middleware(query="parameter")
    (message,) = await aresults_of([tool_that_returns(JOINED)], asking, model=model)
    assert message.content == BUILT
    assert "looking_for" in model.bound[0]["parameters"]["properties"]


def test_a_tool_keeps_an_argument_of_that_name():
    seen = []

    @tool
    def look(looking_for: str):
        """Look something up."""
        seen.append(looking_for)
        return JOINED

    model = model_that_calls("look", looking_for=QUESTION)
    message = results_of([look], middleware(query="parameter"), model=model)[0]
    assert seen == [QUESTION]
    assert message.content == BUILT
    assert "full question" not in json.dumps(model.bound)


def test_the_argument_beside_what_langchain_injects():
    @tool
    def look(query: str, runtime: ToolRuntime) -> str:
        """Look something up."""
        return f"{len(runtime.state['messages'])} messages. {JOINED}"

    model = model_that_calls("look", query="x", looking_for=QUESTION)
    agent = create_agent(
        model, [look], middleware=[middleware(query="parameter")], checkpointer=InMemorySaver()
    )
    thread = {"configurable": {"thread_id": "one"}}
    agent.invoke({"messages": [HumanMessage("Hello.")]}, thread)
    (message,) = [
        one for one in agent.get_state(thread).values["messages"] if isinstance(one, ToolMessage)
    ]
    assert set(model.bound[0]["parameters"]["properties"]) == {"query", "looking_for"}
    assert message.content == BUILT
    assert facts_of(message)["query"] == QUESTION


def test_the_argument_for_schemas_of_all_kinds():
    from langchain_core.tools import StructuredTool

    bare = Tool(name="bare", func=lambda text: JOINED, description="Takes a string.")
    by_json = StructuredTool(
        name="by_json",
        description="Takes JSON.",
        func=lambda **args: f"{sorted(args)} {JOINED}",
        args_schema={"type": "object", "properties": {"q": {"type": "string"}}},
    )
    model = model_that_calls("by_json", q="x", looking_for=QUESTION)
    message = results_of([bare, by_json], middleware(query="parameter"), model=model)[0]
    properties = {one["name"]: set(one["parameters"]["properties"]) for one in model.bound}
    assert properties == {"bare": {"__arg1"}, "by_json": {"q", "looking_for"}}
    assert message.artifact["original_content"].startswith("['q']")


# Errors, limits, measuring only


def broken(query, sentences):
    raise RuntimeError(f"secret {sentences}")


def test_passthrough_logs_no_content(caplog):
    with caplog.at_level(logging.WARNING):
        message = result_of(JOINED, compressor=core(scorer=broken))
    assert message.content == JOINED
    assert facts_of(message)["outcome"] == "failed"
    assert facts_of(message)["reason"] == "RuntimeError"
    assert "RuntimeError" in caplog.text
    assert "secret" not in caplog.text
    assert "Gustave" not in caplog.text


async def test_raise_raises():
    for on_error in ("raise", "passthrough"):
        compressor = RecompDocumentCompressor(compressor=core(scorer=broken), on_error=on_error)
        with pytest.raises(RuntimeError, match="secret"):
            result_of(JOINED, compressor=compressor, on_error="raise")
        with pytest.raises(RuntimeError, match="secret"):
            await aresults_of([tool_that_returns(JOINED)], middleware(compressor, on_error="raise"))


def test_an_error_of_the_tool_is_not_ours():
    @tool
    def look(query: str):
        """Look something up."""
        raise KeyError("the tool's own")

    with pytest.raises(KeyError, match="the tool's own"):
        results_of([look], middleware())


def test_a_result_of_fifty_megabytes(caplog):
    huge = "The tower is tall. " * 2_700_000
    with caplog.at_level(logging.WARNING):
        message = result_of(huge)
    assert message.content == huge
    assert "max_characters is 1000000" in facts_of(message)["reason"]
    assert "max_characters" in caplog.text
    with pytest.raises(ValueError, match="max_characters is 1000000: raise it"):
        result_of(huge, on_error="raise")


async def test_the_compressors_time_limit_holds():
    go_on = threading.Event()

    def slow(query, sentences):
        go_on.wait(PATIENCE)
        return [1.0] * len(sentences)

    limited = RecompDocumentCompressor(compressor=core(scorer=slow), timeout_s=0.05)
    try:
        message = result_of(JOINED, compressor=limited)
        (later,) = await aresults_of([tool_that_returns(JOINED)], middleware(limited))
    finally:
        go_on.set()
    assert message.content == later.content == JOINED
    assert facts_of(message)["outcome"] == facts_of(later)["outcome"] == "timed_out"


def test_shadow_measures_only():
    message = result_of(JOINED, shadow=True)
    assert message.content == JOINED
    assert message.artifact is None
    facts = facts_of(message)
    assert facts["shadow"] is True
    assert facts["outcome"] == "compressed"
    assert facts["tokens_after"] == -(-len(BUILT) // 4) < facts["tokens_before"]


def test_calls_of_one_turn_do_not_get_mixed_up():
    """All of them wait for each other in the compressor, so that they do run at one time."""
    together = threading.Barrier(4)

    def scorer(query, sentences):
        together.wait(PATIENCE)
        return shared_words(query, sentences)

    looks = [
        tool_that_returns(
            f"Tower {number} is {number} m tall. Bread {number} is baked.", f"t{number}"
        )
        for number in range(4)
    ]
    messages = results_of(
        looks, middleware(core(scorer=scorer), query=lambda r: f"tower {r.tool_call['name'][1:]}")
    )
    assert [message.content for message in messages] == [
        f"Tower {number} is {number} m tall." for number in range(4)
    ]
    assert [facts_of(message)["query"] for message in messages] == [f"tower {n}" for n in range(4)]


async def test_asynchronous_calls_do_not_block_the_event_loop():
    entered, go_on = threading.Event(), threading.Event()

    def slow(query, sentences):
        entered.set()
        assert go_on.wait(PATIENCE)
        return shared_words(query, sentences)

    async def let_go():
        while not entered.is_set():
            await asyncio.sleep(0.001)
        go_on.set()

    done, _ = await asyncio.gather(
        aresults_of([tool_that_returns(JOINED)], middleware(core(scorer=slow))), let_go()
    )
    assert done[0].content == BUILT


def test_compressing_is_a_part_of_the_agents_run():
    class Runs(BaseCallbackHandler):
        def __init__(self):
            self.names, self.parents = {}, {}

        def on_chain_start(self, serialized, inputs, *, run_id, parent_run_id=None, **kwargs):
            self.names[run_id] = kwargs.get("name")
            self.parents[run_id] = parent_run_id

    runs = Runs()
    agent = create_agent(
        model_that_calls("look"), [tool_that_returns(JOINED)], middleware=[middleware()]
    )
    agent.invoke({"messages": [HumanMessage(QUESTION)]}, {"callbacks": [runs]})
    (ours,) = [one for one, name in runs.names.items() if name == "RecompDocumentCompressor"]
    assert runs.parents[ours] in runs.names


def test_other_middleware_around_it():
    class Shouts(AgentMiddleware):
        def wrap_tool_call(self, request, handler):
            message = handler(request)
            return message.model_copy(update={"content": message.content.upper()})

    look = [tool_that_returns(JOINED)]
    assert results_of(look, Shouts(), middleware())[0].content == BUILT.upper()


def test_a_budget_counts_over_the_whole_result():
    budget = core(TokenBudget(6, lambda text: len(text.split())))
    message = result_of([{"type": "text", "text": text} for text in PASSAGES], compressor=budget)
    assert sum(len(block["text"].split()) for block in message.content) <= 6


def test_what_was_left_out_can_be_read():
    text = "\n".join([JOINED] * 3) + " It cost a fortune to build the tower."
    model = Scripted(turns=[], sent=[], bound=[])
    asking = middleware(core(recovery=100_000))
    agent = create_agent(model, [tool_that_returns(text)], middleware=[asking])
    calls = [{"name": "look", "args": {}, "id": "call-0"}]
    model.turns[:] = [AIMessage("", tool_calls=calls), AIMessage("Gustave.")]
    out = agent.invoke({"messages": [HumanMessage(QUESTION)]})
    message = next(one for one in out["messages"] if isinstance(one, ToolMessage))
    handle = facts_of(message)["handle"]
    assert message.content == f"{BUILT}\n[What was left out has the handle {handle}]"
    assert {one["name"] for one in model.bound} == {"look", "read_dropped"}
    reading = [{"name": "read_dropped", "args": {"handle": handle, "query": ""}, "id": "call-1"}]
    model.turns[:] = [AIMessage("", tool_calls=reading), AIMessage("A fortune.")]
    out = agent.invoke({"messages": [HumanMessage("What did it cost?")]})
    message = next(one for one in out["messages"] if isinstance(one, ToolMessage))
    assert "cost a fortune" in message.content
    assert "recomp" not in message.response_metadata


# Settings


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"query": "question"}, "'both', 'tool_call', 'user', 'parameter'"),
        ({"query": None}, "query must be one of"),
        ({"when_empty": "drop"}, "'placeholder' or 'original'"),
        ({"on_error": "ignore"}, "'passthrough' or 'raise'"),
        ({"keep_original": True}, "'artifact' or 'none'"),
        ({"min_tokens": -1}, "greater than or equal to 0"),
        ({"min_tokens": "many"}, "min_tokens"),
        ({"max_characters": 0}, "greater than or equal to 1"),
        ({"placeholder": "  "}, "must not be blank"),
        ({"document_separator": ""}, "at least 1 character"),
        ({"tools": "search"}, "tools"),
        ({"exclude_tools": [5]}, "exclude_tools"),
        ({"json_text_fields": "content"}, "json_text_fields"),
        ({"param_name": "looking for"}, "param_name must be a name"),
        ({"shadow": "perhaps"}, "shadow"),
    ],
)
def test_settings_that_cannot_work(settings, says):
    with pytest.raises(ValueError, match=says):
        middleware(**settings)


def test_unknown_settings_are_refused():
    with pytest.raises(TypeError, match="min_token"):
        middleware(min_token=5)


def test_what_is_no_compressor():
    with pytest.raises(TypeError, match="is not a compressor"):
        middleware(compressor="all-MiniLM-L6-v2")


def test_its_name():
    assert middleware().name == "RecompMiddleware"
    assert middleware(name="compress").name == "compress"


def test_importing_loads_langchain_only_when_asked():
    code = (
        "import sys, langchain_recomp, langchain_recomp.agents as agents\n"
        "assert 'langchain' not in sys.modules and 'langgraph' not in sys.modules\n"
        "agents.RecompContextEdit\n"
        "assert 'langchain' not in sys.modules\n"
        "assert 'RecompMiddleware' in dir(agents)\n"
        "sys.modules['langchain'] = None\n"
        "try: agents.RecompMiddleware\n"
        "except ImportError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (
        done.stdout.strip() == 'RecompMiddleware needs langchain: pip install "recomp[agents]"'
    ), done.stderr


@pytest.mark.model
def test_the_bundled_encoder_is_the_default():
    passages = [f"Visitor number {n} liked the bakery in the old town." for n in range(60)]
    text = " ".join([*passages[:30], "The tower was built by Gustave Eiffel.", *passages[30:]])
    message = results_of([tool_that_returns(text)], RecompMiddleware(query="user"))[0]
    assert "Gustave Eiffel" in message.content
    assert facts_of(message)["tokens_after"] < facts_of(message)["tokens_before"] / 4


def test_the_guide_lists_the_settings_and_their_defaults():
    guide = (Path(__file__).parents[2] / "docs" / "agents.md").read_text(encoding="utf-8")
    listed = dict(re.findall(r"^\| `(\w+)` \| `?(.+?)`? \|.*\|$", guide, re.MULTILINE))
    parameters = list(inspect.signature(RecompMiddleware).parameters.values())[1:]
    for parameter in parameters:
        expected = {"json_text_fields": "see below"}.get(parameter.name, repr(parameter.default))
        assert listed[parameter.name] == expected
    for key in JSON_TEXT_FIELDS:
        assert f"`{key}`" in guide
