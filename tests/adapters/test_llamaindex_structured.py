"""A LlamaIndex language model that is asked for JSON, and one that is a teacher."""

import pytest

pytest.importorskip("llama_index.core", reason='needs pip install "recomp[llamaindex]"')

from llama_index.core.bridge.pydantic import PrivateAttr
from llama_index.core.llms import ChatMessage, ChatResponse, LLMMetadata, MockLLM
from llama_index.core.llms.function_calling import FunctionCallingLLM
from llama_index.core.llms.llm import ToolSelection

from llamaindex_recomp import RecompNodePostprocessor, summarizer_from_llm, teacher_from_llm
from recomp_core import Document
from recomp_core.labelling.teachers.base import TeacherRequest
from recomp_core.labelling.teachers.terms import TeacherTermsError
from recomp_core.prompts import PromptTemplate

SUMMARY = "Ada built it."


class Calling(MockLLM):
    """A model that calls functions: `found` is what it makes of the form, or the error of that.

    Asked for plain text, it repeats the prompt.
    """

    _found: object = PrivateAttr()
    _forms: list = PrivateAttr(default_factory=list)

    def __init__(self, found=None):
        super().__init__()
        self._found = found

    @property
    def metadata(self):
        return LLMMetadata(is_function_calling_model=True, model_name="qwen3")

    def structured_predict(self, output_cls, prompt, llm_kwargs=None, **values):
        self._forms.append(prompt.format(**values))
        if isinstance(self._found, Exception):
            raise self._found
        return output_cls(**self._found) if isinstance(self._found, dict) else self._found

    async def astructured_predict(self, output_cls, prompt, llm_kwargs=None, **values):
        return self.structured_predict(output_cls, prompt, llm_kwargs, **values)


class Tools(FunctionCallingLLM):
    """A model whose calls of functions are read by LlamaIndex itself."""

    _arguments: dict = PrivateAttr()

    def __init__(self, arguments):
        super().__init__()
        self._arguments = arguments

    @property
    def metadata(self):
        return LLMMetadata(is_function_calling_model=True, is_chat_model=True, model_name="m")

    def _prepare_chat_with_tools(self, tools, chat_history=None, **_):
        return {"messages": chat_history}

    def get_tool_calls_from_response(self, response, error_on_no_tool_call=True, **_):
        return [ToolSelection(tool_id="1", tool_name="Summary", tool_kwargs=self._arguments)]

    def chat(self, messages, **_):
        return ChatResponse(message=ChatMessage("a text", role="assistant"))

    async def achat(self, messages, **_):
        return self.chat(messages)

    def complete(self, *_, **__):
        raise NotImplementedError

    stream_chat = astream_chat = acomplete = stream_complete = astream_complete = complete


async def both_ways(llm, *prompts, **settings):
    """What the summarizer gives, and what it gives asynchronously."""
    summarizer = summarizer_from_llm(llm, **{"structured": True, **settings})
    return [summarizer.summarize(prompts), await summarizer.asummarize(prompts)]


async def test_a_summary_in_its_form_has_sources_and_its_prompt_is_sent_as_it_is():
    llm = Calling({"summary": SUMMARY, "sources": [2, 1]})
    for (summary,) in await both_ways(llm, "{braces} and {text}"):
        assert (summary, summary.sources) == (SUMMARY, (2, 1))
    assert llm._forms == ["{braces} and {text}"] * 2
    for (summary,) in await both_ways(Calling({"summary": "IRRELEVANT", "sources": []}), "x"):
        assert summary == ""


@pytest.mark.parametrize(
    "found",
    [
        "a text in the place of the form",
        ValueError("Expected at least one tool call"),
        AttributeError("'NoneType' object has no attribute 'model_dump'"),
        NotImplementedError(),
        RuntimeError("this model does not support tools"),
    ],
    ids=repr,
)
async def test_a_model_that_fails_to_fill_the_form_is_asked_for_text(found):
    llm = Calling(found)
    assert await both_ways(llm, "Say this.", "And this.") == [["Say this.", "And this."]] * 2
    assert sorted(llm._forms) == sorted(["Say this.", "And this."] * 2)


@pytest.mark.parametrize(
    ("sources", "numbers"),
    [("1", (1,)), (2.0, (2,)), (None, ()), ([1, "Document 2", 1.5], (1, 2))],
)
async def test_a_summary_is_taken_whatever_its_sources_are(sources, numbers):
    llm = Tools({"summary": SUMMARY, "sources": sources, "confidence": 0.9})
    for (summary,) in await both_ways(llm, "x"):
        assert (summary, summary.sources) == (SUMMARY, numbers)


async def test_a_call_without_sources_may_be_cut_and_text_is_asked_for():
    assert await both_ways(Tools({"summary": "Ada bui"}), "x") == [["a text"]] * 2


async def test_other_errors_are_not_asked_away():
    lost = ConnectionError("no route")
    assert await both_ways(Calling(lost), "x") == [[lost]] * 2


async def test_who_does_not_ask_for_the_form_or_can_not_give_it_is_asked_for_text_at_once():
    llm = Calling({"summary": SUMMARY, "sources": []})
    assert await both_ways(llm, "x", structured=False) == [["x"]] * 2
    assert llm._forms == []
    assert await both_ways(MockLLM(), "x") == [["x"]] * 2


def test_a_node_postprocessor_names_the_documents_that_the_model_names():
    from llama_index.core.schema import NodeWithScore, TextNode

    nodes = [NodeWithScore(node=TextNode(text=text, id_=text)) for text in ("Tea.", SUMMARY)]
    llm = Calling({"summary": SUMMARY, "sources": [2]})
    pp = RecompNodePostprocessor.from_llm(llm, structured=True)
    (summary,) = pp.postprocess_nodes(nodes, query_str="who?")
    assert [child.node_id for child in summary.node.child_nodes] == [SUMMARY]


def test_a_teacher_has_the_model_s_name_and_its_terms():
    request = TeacherRequest("who?", (Document("Tea."),), (), PromptTemplate("{query}|{documents}"))
    teacher = teacher_from_llm(Calling(), batch_size=1)
    assert (teacher.name, teacher.licence.licence) == ("qwen3", "Apache-2.0")
    assert teacher.write([request]) == ["who?|Tea."]  # the mock says its prompt
    with pytest.raises(TeacherTermsError):
        teacher_from_llm(Calling(), name="gpt-4o")
    assert teacher_from_llm(Calling(), name="gpt-4o", accept_terms=True).name == "gpt-4o"


def test_a_teacher_asks_for_the_form_and_its_labels_say_so():
    request = TeacherRequest("who?", (Document("Tea."),), (), PromptTemplate("{query}|{documents}"))
    for said, written in ((SUMMARY, SUMMARY), ("none", "")):
        llm = Calling({"summary": said, "sources": [1]})
        teacher = teacher_from_llm(llm, structured=True, empty_word="none", batch_size=1)
        assert teacher.write([request]) == [written]
        assert llm._forms
    assert teacher.identity["settings"] == {"structured": True}
    assert teacher_from_llm(Calling(), empty_word="none").identity != teacher.identity
