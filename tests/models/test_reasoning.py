"""Reasoning in replies, however it is marked and wherever the pieces of a stream are cut."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recomp_core.errors import SummaryError
from recomp_core.models.language_models.reading import ReplyStream, plain_reply
from recomp_core.text.reasoning import ReasoningFilter, UnopenedReasoning, without_reasoning

THOUGHT = "It says <b>Anna</b>, and a < b."
REPLY = "Anna Horvat built it in 1871."

MARKED = {
    "plain": f"<think>\n{THOUGHT}\n</think>\n\n{REPLY}",
    "empty": f"<think>\n\n</think>\n\n{REPLY}",
    "in capitals": f"<THINK>{THOUGHT}</Think>{REPLY}",
    "with attributes": f"<think effort='low'>{THOUGHT}</think >{REPLY}",
    "thinking": f"<thinking>{THOUGHT}</thinking>\n{REPLY}",
    "thought": f"<thought>{THOUGHT}</thought>\n{REPLY}",
    "reasoning": f"<reasoning>{THOUGHT}</reasoning>\n{REPLY}",
    "seed": f"<seed:think>{THOUGHT}</seed:think>{REPLY}",
    "Mistral": f"[THINK]{THOUGHT}[/THINK]{REPLY}",
    "Kimi": f"◁think▷{THOUGHT}◁/think▷{REPLY}",
    "Cohere": f"<|START_THINKING|>{THOUGHT}<|END_THINKING|><|START_RESPONSE|>{REPLY}<|END_RESPONSE|>",
    "Gemma": f"<|channel>thought\n{THOUGHT}<channel|>{REPLY}",
    "gpt-oss": f"<|channel|>analysis<|message|>{THOUGHT}<|end|><|start|>assistant<|channel|>final"
    f"<|message|>{REPLY}<|return|>",
    "gpt-oss, its marks dropped": f"analysis{THOUGHT}assistantfinal{REPLY}",
    "Granite": f"Here is my thought process: {THOUGHT}\n\nHere is my response: {REPLY}",
    "twice": f"<think>{THOUGHT}</think>\n<think>more</think>\n{REPLY}",
    "nested": f"<think>a<think>{THOUGHT}</think>c</think>{REPLY}",
    "a mark in it": f"<think>I close <think> with care. {THOUGHT}</think>{REPLY}",
    "around the reply": f"<think>{THOUGHT}</think><answer>{REPLY}</answer>",
    "behind": f"{REPLY}<think>{THOUGHT}</think>",
    "not closed": f"{REPLY}<think>{THOUGHT}",
}
UNOPENED = {
    "as models begin": f"Okay, so who built it? {THOUGHT}</think>\n\n{REPLY}",
    "in any words": f"Anna is a name. {THOUGHT}</think>\n\n{REPLY}",
}
PLAIN = [
    REPLY,
    "  It was built in 1889. \n",
    " \n",
    "a < b, <b>c</b>, <thin> ice and [think about it",
    "The tag `<think>` marks reasoning, and “</think>” ends it.",
    "Here is my response: none. The assistantfinal is <answer>.",
    "Analysis shows that Anna built it.",
    "x < ",
]


def pieces_of(text, sizes):
    start = 0
    while start < len(text):
        size = sizes[start % len(sizes)]
        yield text[start : start + size]
        start += size


def streamed(text, sizes=(1,)):
    stream = ReasoningFilter()
    return "".join([*map(stream.add, pieces_of(text, sizes)), stream.rest()])


@pytest.mark.parametrize("text", [*MARKED.values(), *UNOPENED.values()], ids=[*MARKED, *UNOPENED])
def test_reasoning_is_no_part_of_the_reply(text):
    assert without_reasoning(text).text == REPLY
    assert without_reasoning(text).reasoned


@pytest.mark.parametrize("text", PLAIN)
def test_what_is_no_reasoning_stays_as_it_is(text):
    assert without_reasoning(text) == (text, False, False)
    assert streamed(text) == text


@given(st.sampled_from([*MARKED.values(), *PLAIN]), st.lists(st.integers(1, 9), min_size=1))
def test_a_stream_says_the_same_wherever_it_is_cut(text, sizes):
    assert streamed(text, sizes) == without_reasoning(text).text


@given(st.lists(st.sampled_from(["<think>", "</think>", "<thi", "nk>", "a", " ", "`", "<", "</"])))
def test_nothing_of_a_block_is_ever_passed_on(parts):
    text = "".join(parts)
    whole = without_reasoning(text)
    try:
        assert streamed(text) == whole.text
    except UnopenedReasoning:
        assert whole.unopened


def test_reasoning_that_does_not_end_leaves_nothing():
    assert without_reasoning(f"<think>{THOUGHT}") == ("", True, False)
    assert streamed(f"<think>{THOUGHT}") == ""


def test_a_stream_that_begins_as_models_think_waits_for_its_end():
    for opener in ("Okay, so ", "Hmm. ", "Let me see. ", "We need to ", "嗯，", "好的，"):
        assert streamed(f"{opener}{THOUGHT}</think>{REPLY}") == REPLY
        assert streamed(f"{opener}it was Anna.") == f"{opener}it was Anna."


def test_a_stream_whose_reasoning_shows_at_its_end_fails_and_the_next_waits():
    stream = ReplyStream()
    assert stream.add("It says Anna.") == "It says Anna."
    with pytest.raises(SummaryError, match="is reasoning") as caught:
        stream.add(f"</think>{REPLY}")
    assert caught.value.reason == "malformed"
    assert stream.unopened
    waiting = ReplyStream(hold=True)
    assert waiting.add(f"It says Anna.</think>{REPLY}") == ""
    assert waiting.rest() == REPLY


def test_pieces_wait_only_while_they_may_be_a_mark():
    stream = ReasoningFilter()
    said = [stream.add(p) for p in ["The", " tower", " <", " 9 m", " <th", "e>", " [t", "all]"]]
    assert said == ["The", " tower", " ", "< 9 m", " ", "<the>", " ", "[tall]"]


def test_a_reply_that_is_nothing_but_reasoning_is_an_error():
    for text in (f"<think>{THOUGHT}", f"<think>{THOUGHT}</think>\n", f"{THOUGHT}</think>"):
        assert isinstance(plain_reply(text), SummaryError)
        stream = ReplyStream(hold=True)
        stream.add(text)
        with pytest.raises(SummaryError, match="nothing but reasoning"):
            stream.rest()
    assert plain_reply("") == ""


def test_a_long_reply_takes_no_long_time():
    for part in ("<", "<think ", "`<think>`", "</think", "<|channel|>", "Here is my "):
        text = part * (200_000 // len(part))
        began = time.monotonic()
        without_reasoning(text)
        stream = ReasoningFilter()
        for start in range(0, 20_000, 4):
            stream.add(text[start : start + 4])
        assert time.monotonic() - began < 20
