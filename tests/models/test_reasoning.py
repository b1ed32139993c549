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
    "namespaces": f"<longcat_think>{THOUGHT}</longcat_think><think:high>more</think:high>{REPLY}",
    "a name of words": f"<Thinking Process>{THOUGHT}</Thinking Process>{REPLY}",
    "other names": f"<cot>a</cot><reason>{THOUGHT}</reason><thought-process>b</thought-process>"
    f"<internal_thought>c</internal_thought><thinking_process>d</thinking_process>{REPLY}",
    "in square brackets": f"[thinking]{THOUGHT}[/thinking][REASONING]more[/REASONING]{REPLY}",
    "a special token": f"<|thought|>{THOUGHT}<|/thought|>{REPLY}",
    "a fence": f"```thinking\n{THOUGHT} </think>\n```\n{REPLY}",
    "Open WebUI": '<details type="reasoning" done="true" duration="5">\n<summary>Thought for 5 '
    f"seconds</summary>\n> {THOUGHT} </think>\n</details>\n{REPLY}",
    "gpt-oss, constrained": f"<|channel|>analysis<|message|>{THOUGHT}<|end|><|start|>assistant"
    f"<|channel|>final <|constrain|>json<|message|>{REPLY}<|return|>",
    "gpt-oss, a call": "<|channel|>commentary to=functions.x <|constrain|>json<|message|>{}<|call|>"
    f"<|start|>assistant<|channel|>final<|message|>{REPLY}",
    "gpt-oss, in Chinese": f"analysis用户问是谁建的。assistantfinal{REPLY}",
    "gpt-oss, with a quotation": f'analysis"Who" is asked. {THOUGHT}assistantfinal{REPLY}',
    "gpt-oss, in lines": f"analysis\n\n{THOUGHT}\n\nassistantfinal\n\n{REPLY}",
    "Granite 3": f"Here's my thought process: {THOUGHT}\n\nHere’s my response: {REPLY}",
    "Solar": f"<|think|>{THOUGHT}<|end|><|begin|>assistant<|content|>{REPLY}<|end|>",
    "Apertus": f"<|inner_prefix|>{THOUGHT}<|inner_suffix|>{REPLY}",
    "GLM": f"<think>{THOUGHT}</think>\n<|begin_of_box|>{REPLY}<|end_of_box|>",
    "Reflection": f"<thinking>{THOUGHT}<reflection>a</reflection></thinking><output>{REPLY}</output>",
    "closed again": f"<think>{THOUGHT}</think>{REPLY}</think><|im_end|>",
    "the end of a turn": f"<think>{THOUGHT}</think>{REPLY}<|im_end|>",
    "analysis": f"<analysis>\n{THOUGHT} </think>\n</analysis>\n\n{REPLY}",
    "analysis in capitals": f'\n<Analysis of="it">{THOUGHT}</ANALYSIS >{REPLY}',
    "analysis and summary": f"<analysis>{THOUGHT}</analysis>\n<summary>\n{REPLY}</summary>",
    "analysis after thinking": f"<think>An <analysis> is due.</think><analysis>{THOUGHT}</analysis>"
    f"<answer>{REPLY}</answer>",
    "ChatML": f"<|im_start|>think\n{THOUGHT} </think><|im_end|>\n{REPLY}<|im_end|>",
    "ChatML in capitals": f"<|IM_START|>Thinking\n{THOUGHT}<|IM_END|>\n{REPLY}",
    "ChatML, with the turn of the reply": f"<|im_start|>think\n{THOUGHT}<|im_end|>\n"
    f"<|im_start|>assistant\n{REPLY}<|im_end|>",
    "s1": f"<|im_start|>think\n{THOUGHT}\n<|im_start|>answer\n{REPLY}",
    "Ollama's program": f"Thinking...\n{THOUGHT}\n...done thinking.\n\n{REPLY}",
    "llama.cpp's program": f"[Start thinking]\n{THOUGHT} </think>\n[End thinking]\n\n{REPLY}",
    "behind": f"{REPLY}<think>{THOUGHT}</think>",
    "not closed": f"{REPLY}<think>{THOUGHT}",
}
# A whole reply between marks, without reasoning.
WRAPPED = [
    f"<summary>{REPLY}</summary>",
    f"\n<answer>\n{REPLY}\n</answer>\n",
    f"<final_answer>{REPLY}</final_answer><|im_end|>",
    f"<RESPONSE> {REPLY}</RESPONSE>",
]
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
    "The tower has a <reflection> pool, and an [inner] one.",
    "In Ruby, <thought> is a node; <reason> has </s> in it, and <b>no</b> children.",
    "Then <think> begins, she [thinking of it] said, and <think about it> is none.",
    "a < think > b, and < reasoning> is none",
    "See <thinking/> for it.",
    "<s>It fell</s> in 1889, <|im_end|> it says.",
    "analysis of the tower",
    "A model closes it with </think> and goes on, or ends a turn with <|end|>, as Phi does.",
    "Its server cuts between <think> and </think> since 2025.",
    "It stands in marks (<think>…</think>) or [think]...[/think] elsewhere.",
    "The reply begins with <|start|>assistant and ends with <|return|>. That is Harmony.",
    "Thinking... is a song of 1889.",
    "It prints [Start thinking] and ...done thinking.",
    "It begins with <|user|> and ends with <eos> or <|eot|>, says it.",
    "analysis: it was built in 1871.",
    "\nassistantanalysis\n\nIt was built in 1871.",
    "```python\nthinking\n```",
    "<details type='plain'>A tower.</details>",
    "It lies in <analysis>, and <analysis>this</analysis> is an element.</analysis>",
    "A <summary> stands in <details>: <summary>Open</summary> it.",
    "<analysis/> has no children, and `<analysis>` has some.",
    "<output> is an element for results, as <output>42</output>.",
    "<summary>Open</summary> and <summary>shut</summary>",
    "<summary>It was built in 1889.",
    "<summary> is closed by </answer>",
    "A turn begins with <|im_start|>user, or with `<|im_start|>think`.",
]
# What marks the end of a reply, and is no part of it.
ENDS = [
    "<|im_end|>",
    "<|eot_id|>",
    "<|endoftext|>",
    "</s>",
    "<|end_of_text|>",
    "<end_of_turn>",
    "<|eot|>",
    "<|EOT|>",
    "<turn|>",
    "<|END_OF_TURN_TOKEN|>",
    "<eos>",
    "<|user|>",
    "[/INST]",
    "<|im_end|>\n<|im_start|>user",
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


@pytest.mark.parametrize("text", WRAPPED)
def test_marks_around_a_whole_reply_are_no_part_of_it(text):
    assert without_reasoning(text) == (REPLY, False, False)
    for size in range(1, 12):
        assert streamed(text, [size]) == REPLY


@given(
    st.sampled_from([*MARKED.values(), *WRAPPED, *PLAIN]), st.lists(st.integers(1, 9), min_size=1)
)
def test_a_stream_says_the_same_wherever_it_is_cut(text, sizes):
    assert streamed(text, sizes) == without_reasoning(text).text


PARTS = ["<think>", "</think>", "<thi", "nk>", "<thought>", "[think]", "</s>", "```thinking\n", "\n```",
         "analysis", "assistantfinal", "<think/>", "<analysis>", "</analysis>", "<summary>", "</summary>", "<|im_start|>",
         "<|im_end|>", "a", " ", ". ", "`", "<", "</"]  # fmt: skip


@given(st.lists(st.sampled_from(PARTS)))
def test_nothing_of_a_block_is_ever_passed_on(parts):
    text = "".join(parts)
    whole = without_reasoning(text)
    try:
        assert streamed(text) == whole.text
    except UnopenedReasoning:
        assert whole.unopened


@pytest.mark.parametrize("text", [*MARKED.values(), *PLAIN, *(REPLY + end for end in ENDS)])
def test_a_stream_that_is_cut_in_two_says_the_same(text):
    whole = without_reasoning(text).text
    for cut in range(1, len(text)):
        stream = ReasoningFilter()
        parts = [stream.add(text[:cut]), stream.add(text[cut:]), stream.rest()]
        assert "".join(parts) == whole, (text[:cut], text[cut:])


@pytest.mark.parametrize("end", [*ENDS, "</s></s>", "<|eot_id|> </s>"])
def test_what_ends_a_turn_is_no_part_of_the_reply(end):
    for text in (REPLY, f"In Ruby, <thought> is a node. {REPLY}"):
        assert without_reasoning(text + end) == (text, False, False)
        assert streamed(text + end) == text
        amid = f"{text}{end} {text}{end}"
        assert streamed(amid) == without_reasoning(amid).text == f"{text}{end} {text}"
    assert without_reasoning(end) == ("", False, False)
    assert streamed(f"It ends with `{end}`") == f"It ends with `{end}`"


def test_a_mark_that_is_a_word_waits_for_what_closes_it():
    stream = ReasoningFilter()
    assert stream.add("The tower has a <reflection> pool") == "The tower has a "
    assert stream.add(" and more.") == ""
    assert stream.rest() == "<reflection> pool and more."
    assert not stream.reasoned
    assert without_reasoning("Anna <thought>hm</thought>Horvat") == ("Anna Horvat", True, False)
    # Amid a sentence no model begins to think.
    assert without_reasoning("It was Anna.\n<think>Was it").text == "It was Anna.\n"
    assert without_reasoning("The mark <think> opens it").text == "The mark <think> opens it"


def test_a_closing_mark_amid_a_sentence_of_thought_closes_it():
    for thought in ("Okay, it was Anna </think> and", "It was Anna. </think> and"):
        assert without_reasoning(f"{thought} so on").text == "and so on"
    assert without_reasoning("It was Anna </think>\n\nanna").text == "anna"
    assert without_reasoning("It was Anna </think> Anna").text == "Anna"


def test_a_closing_mark_at_the_end_closes_nothing():
    for text in (f"<think>{THOUGHT}</think>{REPLY}\n</think>", f"</think>{REPLY}</think>\n"):
        assert without_reasoning(text).text.strip() == streamed(text).strip() == REPLY
    assert without_reasoning(f"<think>a</think>b</think>{REPLY}") == (REPLY, True, True)
    with pytest.raises(UnopenedReasoning):
        streamed(f"<think>a</think>b</think>{REPLY}")
    # The opening mark may be in the model's template.
    assert without_reasoning(f"{REPLY}\n</think>").text == ""


@pytest.mark.parametrize("mark", ["<think>", "<analysis>", "<|im_start|>think\n"])
def test_reasoning_that_does_not_end_leaves_nothing(mark):
    assert without_reasoning(f"{mark}{THOUGHT}") == ("", True, False)
    assert streamed(f"{mark}{THOUGHT}") == ""


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
        with pytest.raises(SummaryError, match="nothing but reasoning.*extra_body.*thinking"):
            stream.rest()
    assert plain_reply("") == ""


def test_a_long_reply_takes_no_long_time():
    for part in ("<", "<think ", "`<think>`", "</think", "<|channel|>", "Here is my ", " ", "</s> ",
                 "<details ", "<analysis ", "<|im_start|>think", "a <thought> b ", "<think>x</think>", "```think\n"):  # fmt: skip
        text = part * (200_000 // len(part))
        began = time.monotonic()
        without_reasoning(text)
        stream = ReasoningFilter()
        for start in range(0, 20_000, 4):
            stream.add(text[start : start + 4])
        assert time.monotonic() - began < 20, part
