"""Any callable as a summarizer, and the prompts that go with it."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest
from conftest import PATIENCE, needs
from hypothesis import given
from hypothesis import strategies as st
from openai_server import OpenAIServer, Reply, Request, error, without_environment

from recomp_core.abstractive.llm_summarizer import LLMSummarizer
from recomp_core.errors import SummaryError
from recomp_core.prompts import (
    LLM_PROMPT,
    NOTHING_RELEVANT_WORD,
    T5_PROMPT,
    PromptTemplate,
    llm_prompt,
)
from recomp_core.protocols import Summarizer
from recomp_core.text.tokens import approximate_tokens


class Model:
    """A language model with one answer to everything, given word by word or letter by letter."""

    def __init__(self, reply: str) -> None:
        self.reply = reply
        self.calls: list[list[str]] = []

    def __call__(self, prompts):
        self.calls.append(prompts)
        return [self.reply for _ in prompts]

    async def agenerate(self, prompts):
        return self(prompts)

    def stream(self, prompt):
        self.calls.append([prompt])
        yield from self.reply

    async def astream(self, prompt):
        for letter in self.stream(prompt):
            yield letter

    def summarizer(self, **settings) -> LLMSummarizer:
        return LLMSummarizer(
            self, agenerate=self.agenerate, stream=self.stream, astream=self.astream, **settings
        )


def words(text: str) -> int:
    return len(text.split())


def test_is_a_summarizer():
    assert isinstance(LLMSummarizer(Model("")), Summarizer)


# The agreed word.

EMPTY = [
    "IRRELEVANT",
    "irrelevant",
    "Irrelevant.",
    " \n IRRELEVANT \n",
    '"IRRELEVANT"',
    "“Irrelevant”。",
    "**IRRELEVANT**",
    "_IRRELEVANT_!",
    "`IRRELEVANT`",
    "IRRELEVANT\n\nThe documents do not mention it.",
    "Irrelevant. The documents do not mention who built the tower.",
    "The documents do not mention it.\n\nIRRELEVANT",
    "The documents are irrelevant.",
    "IRRELEVANT: nothing about the tower.",
    "**IRRELEVANT** – the documents are about mills in Norway",
    "IRRELEVANT (all of them are about mills).",
    "IRRELEVANT, because the documents only tell of mills.",
    "IRRELEVANT. The documents are about mills.",
    "IRRELEVANT\nReason: the documents cover only mills.",
    "IRRELEVANT\n\nExplanation: no document names the builder.",
    "IRRELEVANT: 文档与问题无关。",
    "Answer: IRRELEVANT",
    "**Final answer:** irrelevant.",
    "Summary: IRRELEVANT",
    "<answer>IRRELEVANT</answer>",
    "<p>IRRELEVANT</p>\n",
    "\\boxed{IRRELEVANT}",
    "$\\boxed{\\text{IRRELEVANT}}$",
    "```text\nIRRELEVANT\n```",
    "~~~\nIRRELEVANT\n~~~",
    "IRRELEVANT<|im_end|>",
    "IRRELEVANT</s>\n",
    "IRRELEVANT.<|eot_id|>",
    "<|im_end|>",
    '""',
    ".",
    "...",
    " \n",
]
NOT_EMPTY = [
    "Irrelevant: nothing but the builder, Anna Horvat.",
    "IRRELEVANT: it was built in 1889.",
    "IRRELEVANT: the sculptor is not named, and the founder was Ivan Kos.",
    "IRRELEVANT: der Bildhauer fehlt, und der Stifter war Ivan Kos.",
    "IRRELEVANT: all about mills. Anna Horvat built it.",
    "IRRELEVANT IRRELEVANT",
    "IRRELEVANT\n\nThe tower was built in 1889.",
    "Irrelevant. The tower was built in 1889.",
    "The tower was built in 1889.\nIRRELEVANT",
    "Answer: irrelevant towers were built in 1889.",
    "```text\nirrelevant towers\n```",
    "\\boxed{1889}",
    "Summary",
    "Question: IRRELEVANT",
    "7",
    "IRRELEVANTLY, it was built in 1889.",
    "IRRE",
    "The tower was built in 1889.",
    "  It was built in 1889. \n",
    "",
]


@pytest.mark.parametrize("reply", EMPTY)
def test_the_agreed_word_is_the_empty_summary(reply):
    assert LLMSummarizer(Model(reply)).summarize(["x"]) == [""]


@pytest.mark.parametrize("reply", NOT_EMPTY)
def test_anything_else_is_the_summary_as_it_was_written(reply):
    assert LLMSummarizer(Model(reply)).summarize(["x"]) == [reply]


@pytest.mark.parametrize("word", ["NOTHING_RELEVANT", "no answer", "无关", "N/A", "{none}"])
def test_another_word_can_be_agreed(word):
    summarizer = Model(f"“{word.lower()}”.").summarizer(empty_word=word)
    assert summarizer.summarize(["x"]) == [""]
    assert list(summarizer.stream("x")) == []
    assert word in summarizer.default_prompt.format("q", "d")
    assert NOTHING_RELEVANT_WORD not in summarizer.default_prompt.format("q", "d")
    assert Model("IRRELEVANT").summarizer(empty_word=word).summarize(["x"]) == ["IRRELEVANT"]


def test_the_word_with_a_sentence_counts_only_where_refusals_do():
    for reply in ("IRRELEVANT\n\nThe documents do not mention it.", "No answer.\nIRRELEVANT"):
        summarizer = Model(reply).summarizer(detect_refusals=False)
        assert summarizer.summarize(["x"]) == ["".join(summarizer.stream("x"))] == [reply]
    assert Model("Answer: IRRELEVANT").summarizer(detect_refusals=False).summarize(["x"]) == [""]


def test_a_summary_ends_before_what_ends_a_turn():
    summarizer = Model("Built in 1889.<|im_end|>\n").summarizer()
    assert summarizer.summarize(["x"]) == ["".join(summarizer.stream("x"))] == ["Built in 1889."]


@pytest.mark.parametrize(
    "part", ["IRRELEVANT. ", "IRRELEVANT\n", ".", "```", "```a\n", "<b>", "\n"]
)
def test_a_long_reply_says_something_however_it_comes(part):
    reply = part * (40_000 // len(part))
    summarizer = Model(reply).summarizer()
    assert summarizer.summarize(["x"]) == ["".join(summarizer.stream("x"))] == [reply]


def test_the_default_prompt_asks_for_the_default_word():
    assert LLMSummarizer(Model("")).default_prompt == LLM_PROMPT


# Prompts to summaries.


def test_one_summary_per_prompt_in_order():
    summarizer = LLMSummarizer(lambda prompts: [f"about {prompt}" for prompt in prompts])
    assert summarizer.summarize(list("abcde")) == [f"about {letter}" for letter in "abcde"]


@pytest.mark.parametrize(
    ("batch_size", "calls"), [(2, ["ab", "cd", "e"]), (5, ["abcde"]), (None, ["abcde"])]
)
async def test_prompts_go_out_in_batches(batch_size, calls):
    model = Model("s")
    summarizer = model.summarizer(batch_size=batch_size)
    assert summarizer.summarize(list("abcde")) == ["s"] * 5
    assert model.calls == [list(call) for call in calls]
    model.calls.clear()
    assert await summarizer.asummarize(list("abcde")) == ["s"] * 5
    assert model.calls == [list(call) for call in calls]


@pytest.mark.parametrize("batch_size", [2, None])
async def test_no_prompts_no_calls(batch_size):
    model = Model("s")
    assert model.summarizer(batch_size=batch_size).summarize([]) == []
    assert await model.summarizer(batch_size=batch_size).asummarize([]) == []
    assert model.calls == []


async def test_an_exception_in_the_place_of_a_text_is_that_prompts_error():
    gone = ConnectionError("gone")

    def generate(prompts):
        return [gone if prompt == "bad" else prompt.upper() for prompt in prompts]

    async def agenerate(prompts):
        return generate(prompts)

    summarizer = LLMSummarizer(generate, agenerate=agenerate)
    assert summarizer.summarize(["a", "bad", "b"]) == ["A", gone, "B"]
    assert await summarizer.asummarize(["a", "bad", "b"]) == ["A", gone, "B"]
    with pytest.raises(ConnectionError, match="gone"):
        list(summarizer.stream("bad"))


async def test_an_exception_that_is_raised_is_the_error_of_its_call_only():
    gone = ConnectionError("gone")

    def generate(prompts):
        if "bad" in prompts:
            raise gone
        return [prompt.upper() for prompt in prompts]

    async def agenerate(prompts):
        return generate(prompts)

    summarizer = LLMSummarizer(generate, agenerate=agenerate, batch_size=2)
    prompts = ["a", "b", "c", "bad", "d"]
    assert summarizer.summarize(prompts) == ["A", "B", gone, gone, "D"]
    assert await summarizer.asummarize(prompts) == ["A", "B", gone, gone, "D"]


@pytest.mark.parametrize(
    ("replies", "message"),
    [
        (["one"], "for 2 prompts it returned 1"),
        (["one", "two", "three"], "for 2 prompts it returned 3"),
        ("ab", "for 2 prompts it returned str"),
        (None, "for 2 prompts it returned NoneType"),
        (["one", None], "one of them is a NoneType"),
    ],
)
def test_a_callable_that_does_not_give_one_text_per_prompt_is_named(replies, message):
    *_, last = LLMSummarizer(lambda _: replies).summarize(["a", "b"])
    assert isinstance(last, SummaryError)
    assert last.reason == "malformed"
    assert message in str(last)


def test_one_reply_that_is_no_text_costs_the_others_nothing():
    first, second = LLMSummarizer(lambda _: [5, "fine"]).summarize(["a", "b"])
    assert isinstance(first, SummaryError)
    assert second == "fine"


async def test_characters_that_cannot_be_sent_are_replaced():
    model = Model("s")
    summarizer = model.summarizer()
    summarizer.summarize(["\ud83d"])
    await summarizer.asummarize(["\ud83d"])
    list(summarizer.stream("\ud83d"))
    assert [piece async for piece in summarizer.astream("\ud83d")] == ["s"]
    assert model.calls == [["\ufffd"]] * 4


def test_a_prompt_is_no_list_of_prompts():
    with pytest.raises(TypeError, match="a list of strings"):
        LLMSummarizer(Model("s")).summarize("one prompt")


# Streaming.


@pytest.mark.parametrize("reply", EMPTY + NOT_EMPTY)
async def test_joined_pieces_are_the_summary(reply):
    plain, streaming = LLMSummarizer(Model(reply)), Model(reply).summarizer()
    [summary] = plain.summarize(["x"])
    for summarizer in (plain, streaming):
        assert "".join(summarizer.stream("x")) == summary
        assert "".join([piece async for piece in summarizer.astream("x")]) == summary
        assert await summarizer.asummarize(["x"]) == [summary]


SAID = ["IRRE", "LEVANT", "irrelevant", ".", '"', " ", "\n", "a", "", "Answ", "er:", "<b>", "```",
        "The documents do not", " mention it.", "</", "s>"]  # fmt: skip


@given(st.lists(st.sampled_from(SAID)))
def test_joined_pieces_are_the_summary_wherever_they_are_cut(pieces):
    summarizer = LLMSummarizer(lambda _: ["".join(pieces)], stream=lambda _: iter(pieces))
    assert ["".join(summarizer.stream("x"))] == summarizer.summarize(["x"])


@pytest.mark.parametrize(
    ("reply", "held"),
    [
        ("Mowers", "M"),
        (" **Towers", " **T"),
        ("Irrigation", "Irri"),
        ("Answers", "Answers"),
        ("<b>Towers", "<b>T"),
        ("IRRELEVANT: x", None),
    ],
)
def test_the_first_piece_waits_only_while_it_could_be_the_agreed_word(reply, held):
    pieces = list(Model(reply).summarizer(detect_refusals=False).stream("x"))
    assert pieces[0] == (held or reply)
    assert "".join(pieces) == reply


def test_the_first_piece_waits_only_while_it_could_say_that_nothing_helps():
    pieces = list(Model("The tower was built").summarizer().stream("x"))
    assert pieces[0] == "The tower was b"  # "was not mentioned in the documents"
    assert "".join(pieces) == "The tower was built"


def test_pieces_are_passed_on_one_by_one():
    taken = []

    def stream(_):
        for piece in ["Towers of", " stone", " stand"]:
            taken.append(piece)
            yield piece

    pieces = LLMSummarizer(Model(""), stream=stream).stream("x")
    assert next(pieces) == "Towers of"
    assert taken == ["Towers of"]


async def test_an_error_amid_a_stream_is_raised_after_what_came():
    def stream(_):
        yield "Towers of"
        raise SummaryError("the reply was cut", "cut")

    async def astream(prompt):
        for piece in stream(prompt):
            yield piece

    sync = LLMSummarizer(Model(""), stream=stream)
    for summarizer in (sync, LLMSummarizer(Model(""), astream=astream)):
        apieces = summarizer.astream("x")
        assert await anext(apieces) == "Towers of"
        with pytest.raises(SummaryError, match="the reply was cut"):
            await anext(apieces)
    pieces = sync.stream("x")
    assert next(pieces) == "Towers of"
    with pytest.raises(SummaryError, match="the reply was cut"):
        next(pieces)


async def test_without_asynchronous_forms_the_event_loop_is_left_alone():
    def where(prompts):
        return [threading.current_thread().name for _ in prompts]

    here = threading.current_thread().name
    summarizer = LLMSummarizer(where)
    assert summarizer.summarize(["x"]) == [here]
    assert await summarizer.asummarize(["x"]) != [here]
    assert [piece async for piece in summarizer.astream("x")] != [here]


# Counting and cutting.


@pytest.mark.parametrize(
    ("text", "tokens"), [("", 0), ("a", 1), ("abcd", 1), ("abcde", 2), ("中文", 2), ("\ud83d", 1)]
)
def test_approximate_tokens(text, tokens):
    assert approximate_tokens(text) == tokens
    assert LLMSummarizer(Model("")).count_tokens(text) == tokens


@pytest.mark.parametrize(
    ("max_tokens", "prefix"),
    [(0, ""), (1, "one "), (2, "one two "), (3, "one two three"), (9, "one two three")],
)
def test_truncate_by_the_models_own_count(max_tokens, prefix):
    summarizer = LLMSummarizer(Model(""), count_tokens=words)
    assert summarizer.count_tokens("one two three") == 3
    assert summarizer.truncate("one two three", max_tokens) == prefix


@given(st.text(), st.integers(0, 20))
def test_truncate_gives_the_longest_prefix_that_fits(text, max_tokens):
    summarizer = LLMSummarizer(Model(""))
    prefix = summarizer.truncate(text, max_tokens)
    assert text.startswith(prefix)
    assert approximate_tokens(prefix) <= max_tokens
    assert prefix == text or approximate_tokens(text[: len(prefix) + 1]) > max_tokens


# Settings.


@pytest.mark.parametrize(
    "settings",
    [
        {"empty_word": ""},
        {"empty_word": "…"},
        {"empty_word": None},
        {"max_input_tokens": 0},
        {"max_input_tokens": 1.5},
        {"batch_size": 0},
        {"batch_size": True},
    ],
)
def test_settings_that_cannot_work_are_refused(settings):
    [name] = settings
    with pytest.raises(ValueError, match=name):
        LLMSummarizer(Model(""), **settings)


def test_what_cannot_be_called_is_refused():
    with pytest.raises(TypeError, match="generate must be a callable"):
        LLMSummarizer("gpt")


def test_limits_are_kept():
    assert LLMSummarizer(Model("")).max_input_tokens is None
    assert LLMSummarizer(Model(""), max_input_tokens=4096).max_input_tokens == 4096


def test_importing_it_loads_neither_the_client_nor_torch():
    code = (
        "import sys, recomp_core.abstractive.llm_summarizer; "
        "sys.exit(bool({'openai', 'pydantic', 'torch'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# Around an endpoint.


def about_towers(request: Request) -> Reply:
    if "tower" not in request.prompt:
        return Reply("Irrelevant.")
    return error(401, "bad key") if "locked" in request.prompt else Reply("Built in 1889.")


@needs("openai", "openai")
@pytest.mark.enable_socket
async def test_from_endpoint(monkeypatch):
    without_environment(monkeypatch)
    with OpenAIServer(reply_to=about_towers) as server:
        summarizer = LLMSummarizer.from_endpoint(
            "m", base_url=server.base_url, api_key="any-key", max_input_tokens=99, max_retries=0
        )
        assert summarizer.max_input_tokens == 99
        *summaries, failed = summarizer.summarize(["a tower", "a tree", "a locked tower"])
        assert summaries == ["Built in 1889.", ""]
        assert isinstance(failed, SummaryError)
        assert failed.reason == "unauthorized"
        assert (await summarizer.asummarize(["a tower", "a tree"])) == summaries
        # A first word alone might go on, in some language, to say that nothing helps.
        assert list(summarizer.stream("a tower")) == ["Built in", " 1889."]
        assert list(summarizer.stream("a tree")) == []
        assert [piece async for piece in summarizer.astream("a tree")] == []
        with pytest.raises(SummaryError):
            [piece async for piece in summarizer.astream("a locked tower")]


@needs("openai", "openai")
@pytest.mark.enable_socket
def test_all_prompts_go_to_an_endpoint_at_once(monkeypatch):
    without_environment(monkeypatch)
    barrier = threading.Barrier(10)

    def together(_: Request) -> Reply:
        barrier.wait(PATIENCE)
        return Reply()

    with OpenAIServer(reply_to=together) as server:
        summarizer = LLMSummarizer.from_endpoint(
            "m", base_url=server.base_url, api_key="any-key", max_concurrency=10, max_retries=0
        )
        assert summarizer.summarize(["x"] * 10) == ["a summary"] * 10


# Prompts.


def test_the_checkpoints_prompt_to_the_letter():
    assert T5_PROMPT.format("who?", "one\ntwo") == "Question: who?\n Document: one\ntwo\n Summary: "


def test_braces_in_the_values_are_text():
    template = PromptTemplate("{query}|{documents}|{query}|{{x}}")
    assert template.format("{documents}", "{0} {query!r} {{}}") == (
        "{documents}|{0} {query!r} {{}}|{documents}|{x}"
    )


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{query}", r"lacks {documents}"),
        ("{documents}", r"lacks {query}"),
        ("", r"lacks {query}, {documents}"),
        ("{{query}} {{documents}}", r"lacks {query}, {documents}"),
        ("{query} {documents} {title}", r"unknown fields: {title}"),
        ("{query} {documents} {}", r"unknown fields: {}"),
        ("{query.__class__} {documents}", r"unknown fields: {query.__class__}"),
        ("{query} {documents!r}", r"unknown fields: {documents!r}"),
        ("{query:>{documents}} {documents}", r"unknown fields: {query:>{documents}}"),
        ("{query} {documents", "write a literal brace twice"),
        ("{query} {documents} }", "write a literal brace twice"),
    ],
)
def test_a_template_without_its_fields_is_refused_at_once(template, message):
    with pytest.raises(ValueError) as caught:
        PromptTemplate(template)
    assert message in str(caught.value)


def test_a_template_is_a_string():
    with pytest.raises(TypeError, match="must be a string"):
        PromptTemplate(None)


def test_the_language_models_prompt_has_the_documents_between_its_marks_and_the_word_last():
    prompt = LLM_PROMPT.format("who built it?", "Gustave Eiffel's company.\nIn 1889.")
    assert "Question: who built it?\n" in prompt
    assert "<documents>\nGustave Eiffel's company.\nIn 1889.\n</documents>" in prompt
    assert prompt.endswith(f"{NOTHING_RELEVANT_WORD}:")
    assert prompt.count(NOTHING_RELEVANT_WORD) == 2
    assert llm_prompt("nil").format("q", "d").count("nil") == 2


@pytest.mark.parametrize(
    "call",
    [
        '<tool_call>\n{"name": "look_up", "arguments": {"q": "bell"}}\n</tool_call>',
        "<tool_call>\n<function=look_up>\n</function>\n</tool_call>",
        '[TOOL_CALLS][{"name": "look_up", "arguments": {"q": "bell"}}]',
        '[TOOL_CALLS]look_up[ARGS]{"q": "bell"}',
        '<|python_tag|>{"name": "look_up", "parameters": {"q": "bell"}}',
        "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>look_up",
        '<think>hm</think><tool_call>{"name": "look_up"}</tool_call>',
    ],
)
async def test_the_call_of_a_tool_as_text_is_no_summary(call):
    for settings in ({}, {"detect_refusals": False}, {"structured": True}):
        (error,) = Model(call).summarizer(**settings).summarize(["x"])
        assert isinstance(error, SummaryError)
    summarizer = Model(call).summarizer()
    with pytest.raises(SummaryError, match="called a tool"):
        list(summarizer.stream("x"))
    with pytest.raises(SummaryError, match="called a tool"):
        _ = [piece async for piece in summarizer.astream("x")]


@pytest.mark.parametrize(
    "text",
    [
        "<tool_call> is the mark of Hermes for a call.",
        "[TOOL_CALLS] is a token of Mistral.",
        "<|python_tag|> begins a call in Llama.",
        'The model writes <tool_call>{"name": "f"}</tool_call>.',
    ],
)
def test_a_summary_may_speak_of_calls(text):
    assert Model(text).summarizer().summarize(["x"]) == [text]
    assert "".join(Model(text).summarizer().stream("x")) == text
