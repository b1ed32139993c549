"""`RecompContextEdit` in LangChain's `ContextEditingMiddleware`."""

import copy
import logging

import pytest
from conftest import shared_words

pytest.importorskip("langchain", reason='needs pip install "recomp[agents]"')

from langchain.agents import create_agent
from langchain.agents.middleware import ClearToolUsesEdit, ContextEditingMiddleware
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.messages.utils import count_tokens_approximately
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.tools import tool

from langchain_recomp.agents import RecompContextEdit
from langchain_recomp.agents.results import PLACEHOLDER
from recomp_core import ExtractiveCompressor, Threshold, TopK

BUILT = "Gustave built the tower."
OPENED = "The tower opened in 1889."
TEXT = f"Bread is baked at night. {BUILT} Tickets are sold online. {OPENED}"


class Counting:
    """Scores by words in common, and counts how often it is asked."""

    def __init__(self):
        self.calls = 0

    def __call__(self, query, sentences):
        self.calls += 1
        return shared_words(query, sentences)


def edit(scorer=shared_words, selector=None, **settings):
    settings = {"trigger": 0, "keep": 0, "min_tokens": 0, **settings}
    core = ExtractiveCompressor(scorer, selector=selector or TopK(1), lexical_weight=0.0)
    return RecompContextEdit(core, **settings)


def conversation(*questions, texts=(TEXT, TEXT)):
    messages = [HumanMessage(questions[0])]
    for number, text in enumerate(texts):
        call = {"name": f"look{number}", "args": {}, "id": f"c{number}"}
        messages += [
            AIMessage("", tool_calls=[call]),
            ToolMessage(text, tool_call_id=f"c{number}", id=f"m{number}", artifact={"n": number}),
        ]
    return [*messages, *[HumanMessage(question) for question in questions[1:]]]


def applied(edit, messages):
    edited = copy.deepcopy(messages)
    edit.apply(edited, count_tokens=count_tokens_approximately)
    return [message for message in edited if isinstance(message, ToolMessage)]


def contents(messages):
    return [message.content for message in messages]


def test_old_results_are_compressed_by_the_last_question():
    messages = conversation("who built the tower", "when was it opened in 1889")
    found = applied(edit(), messages)
    assert contents(found) == [OPENED, OPENED]
    assert [(one.id, one.tool_call_id, one.artifact) for one in found] == [
        ("m0", "c0", {"n": 0}),
        ("m1", "c1", {"n": 1}),
    ]
    assert found[0].response_metadata["recomp"]["query"] == "when was it opened in 1889"


def test_the_latest_stay_whole():
    messages = conversation("who built the tower", texts=[TEXT] * 3)
    assert contents(applied(edit(keep=2), messages)) == [BUILT, TEXT, TEXT]
    assert contents(applied(edit(keep=3), messages)) == [TEXT] * 3
    assert contents(applied(edit(keep=9), messages)) == [TEXT] * 3


def test_it_waits_for_its_trigger():
    messages = conversation("who built the tower")
    tokens = count_tokens_approximately(messages)
    assert contents(applied(edit(trigger=tokens), messages)) == [TEXT, TEXT]
    assert contents(applied(edit(trigger=tokens - 1), messages)) == [BUILT, BUILT]


def test_tools_by_the_name_of_the_call():
    messages = conversation("who built the tower")
    assert contents(applied(edit(tools=["look1"]), messages)) == [TEXT, BUILT]
    assert contents(applied(edit(exclude_tools=["look1"]), messages)) == [BUILT, TEXT]


def test_without_a_question_nothing_happens():
    messages = conversation("who built the tower")[1:]
    assert contents(applied(edit(), messages)) == [TEXT, TEXT]


def test_nothing_relevant():
    messages = conversation("who built the tower")
    nothing = Threshold(99.0)
    assert contents(applied(edit(selector=nothing), messages)) == [PLACEHOLDER] * 2
    original = edit(selector=nothing, when_empty="original")
    assert contents(applied(original, messages)) == [TEXT, TEXT]


def test_each_result_is_compressed_once_for_a_question():
    scorer = Counting()
    one = edit(scorer)
    messages = conversation("who built the tower", texts=[TEXT, f"{TEXT} More."])
    first = applied(one, messages)
    assert scorer.calls == 2
    assert contents(applied(one, messages)) == contents(first)
    assert scorer.calls == 2
    applied(one, [*messages, HumanMessage("when was it opened")])
    assert scorer.calls == 4


def test_an_error_is_not_remembered(caplog):
    calls = []

    def breaks_once(query, sentences):
        calls.append(query)
        if len(calls) == 1:
            raise RuntimeError(f"secret {sentences}")
        return shared_words(query, sentences)

    one, messages = edit(breaks_once), conversation("who built the tower", texts=[TEXT])
    with caplog.at_level(logging.WARNING):
        assert contents(applied(one, messages)) == [TEXT]
    assert "secret" not in caplog.text
    assert contents(applied(one, messages)) == [BUILT]
    with pytest.raises(RuntimeError, match="secret"):
        applied(edit(_broken, on_error="raise"), messages)


def _broken(query, sentences):
    raise RuntimeError("secret")


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"trigger": -1}, "trigger must be a whole number from 0, got -1"),
        ({"keep": "three"}, "keep must be a whole number from 0, got 'three'"),
        ({"keep": True}, "keep must be a whole number"),
        ({"when_empty": "drop"}, "'placeholder' or 'original'"),
    ],
)
def test_settings_that_cannot_work(settings, says):
    with pytest.raises(ValueError, match=says):
        edit(**settings)


class Repeats(BaseChatModel):
    """Calls the tool twice, then answers; notes what it was sent."""

    sent: list = []

    @property
    def _llm_type(self):
        return "repeats"

    def bind_tools(self, tools, **kwargs):
        return self

    def _generate(self, messages, stop=None, run_manager=None, **kwargs):
        self.sent.append(list(messages))
        said = sum(isinstance(message, AIMessage) for message in messages)
        call = {"name": "look", "args": {}, "id": f"c{said}"}
        message = AIMessage("", tool_calls=[call]) if said < 2 else AIMessage("Gustave.")
        return ChatResult(generations=[ChatGeneration(message=message)])


@pytest.mark.parametrize("asynchronously", [False, True])
async def test_in_an_agent_the_state_keeps_the_whole_results(asynchronously):
    @tool
    def look():
        """Look something up."""
        return TEXT

    model = Repeats(sent=[])
    editing = ContextEditingMiddleware(edits=[edit(keep=1), ClearToolUsesEdit(trigger=10**6)])
    agent = create_agent(model, [look], middleware=[editing])
    asked = {"messages": [HumanMessage("who built the tower")]}
    out = await agent.ainvoke(asked) if asynchronously else agent.invoke(asked)
    read = [one.content for one in model.sent[-1] if isinstance(one, ToolMessage)]
    assert read == [BUILT, TEXT]
    kept = [one.content for one in out["messages"] if isinstance(one, ToolMessage)]
    assert kept == [TEXT, TEXT]
