import pytest
from hypothesis import given
from hypothesis import strategies as st

from recomp_core.text.joining import INVISIBLE, is_seam
from recomp_core.text.splitting import SentenceSplitter


def split(text, lang=None):
    return [text[start:end] for start, end in SentenceSplitter(lang).split(text)]


ENGLISH = {
    "Dr. Smith met Mr. J. R. Jones. They spoke.": ["Dr. Smith met Mr. J. R. Jones.", "They spoke."],
    "It cost $3.50. Too much!": ["It cost $3.50.", "Too much!"],
    "See Fig. 2 for details. It helps.": ["See Fig. 2 for details.", "It helps."],
    "Is it? Yes! Good.": ["Is it?", "Yes!", "Good."],
    "It was wrapped\nby hand. And\nthen again.": ["It was wrapped\nby hand.", "And\nthen again."],
    "One.\r\nTwo.\r\n": ["One.", "Two."],
    "no mark at all": ["no mark at all"],
    "Hi 😀😀 there. Next 👩‍👩‍👧 one.": ["Hi 😀😀 there.", "Next 👩‍👩‍👧 one."],
}  # fmt: skip

CJK = {
    "今天很好。我们走吧！好吗？": ["今天很好。", "我们走吧！", "好吗？"],
    "我不知道……也许吧。": ["我不知道……", "也许吧。"],
    "价格是3.5元。很便宜。": ["价格是3.5元。", "很便宜。"],
    "他说：“走吧！”然后离开了。": ["他说：“走吧！”", "然后离开了。"],
    "他来了。Then he left. 好吗？": ["他来了。", "Then he left.", "好吗？"],
    "これはペンです。あれは本です。": ["これはペンです。", "あれは本です。"],
    "彼は「行こう。」と言った。終わり。": ["彼は「行こう。」と言った。", "終わり。"],
    "한국어 문장입니다. 다음 문장입니다.": ["한국어 문장입니다.", "다음 문장입니다."],
}


@pytest.mark.parametrize(("text", "sentences"), [*ENGLISH.items(), *CJK.items()])
def test_sentences(text, sentences):
    assert split(text) == sentences


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("مرحبا بالعالم. كيف حالك؟ بخير.", 3),
        ("यह एक वाक्य है। दूसरा वाक्य।", 2),
        ("Πώς είσαι; Καλά.", 2),
        ("Это предложение. Другое?", 2),
    ],
)
def test_other_scripts(text, sentences):
    assert len(split(text)) == sentences


def test_thai_has_no_full_stop_and_is_cut_at_spaces():
    text = "ภาษาไทยเขียนติดกันและเว้นวรรคระหว่างวลี " * 12
    pieces = split(text)
    assert len(pieces) > 1
    assert all(len(piece) < 200 for piece in pieces)


MARKDOWN = """\
# The tower

It was built in 1889. It is tall.

| year | height |
|------|--------|
| 1889 | 312 m  |
| 2022 | 330 m  |

- First item. With two sentences.
  And a second line.
- Second item
1. Numbered
2. Again

```python
x = 1. + 2.
print("Hello. World.")
```
After the code.

Underlined
==========
The end."""


def test_markdown_blocks_are_units():
    assert split(MARKDOWN) == [
        "# The tower",
        "It was built in 1889.",
        "It is tall.",
        "| year | height |\n|------|--------|\n| 1889 | 312 m  |\n| 2022 | 330 m  |",
        "- First item. With two sentences.\n  And a second line.",
        "- Second item",
        "1. Numbered",
        "2. Again",
        '```python\nx = 1. + 2.\nprint("Hello. World.")\n```',
        "After the code.",
        "Underlined\n==========",
        "The end.",
    ]


def test_wrapped_prose_that_begins_with_a_number_is_no_list():
    assert split("It happened in\n1998. He left.") == ["It happened in\n1998.", "He left."]


def test_a_fence_that_is_never_closed_takes_the_rest():
    assert split("Text.\n~~~sh\na. b.\n\nc.") == ["Text.", "~~~sh\na. b.\n\nc."]


def test_a_closing_fence_without_its_opening_takes_nothing():
    # A chunk that begins within a code block.
    assert split("x = 1\n```\nThe code sets x. It is short.") == [
        "x = 1",
        "The code sets x.",
        "It is short.",
    ]


def test_a_table_without_its_rule():
    assert split("| a. | b |\n| c. | d |\n\nText.") == ["| a. | b |\n| c. | d |", "Text."]


def test_a_pipe_in_prose_is_no_table():
    assert split("Use this | that. Or not | so.\nStop.") == [
        "Use this | that.",
        "Or not | so.",
        "Stop.",
    ]


@pytest.mark.parametrize("text", ["", " \n\t", "\u200b\ufeff", "\x00\x00", "\n\n\n"])
def test_nothing_to_see(text):
    assert split(text) == []


def test_lone_surrogates_and_nul_keep_their_places():
    text = "It \ud800 is. \x00 That \udfff was."
    assert split(text) == ["It \ud800 is.", "That \udfff was."]


@pytest.mark.parametrize(
    "text",
    ["第一句话。" * 60_000, "word " * 60_000, "x" * 300_000, "“" * 100_000, "- a\n" * 50_000],
)
def test_long_lines_take_time_in_proportion(text):
    # Not timed: handed over whole, the first alone would take the splitting library minutes.
    spans = SentenceSplitter().split(text)
    rebuilt = "".join(text[a:b] for a, b in spans)
    assert len(rebuilt.strip()) >= len(text.replace(" ", "").replace("\n", "")) - 1
    assert max(b - a for a, b in spans) <= 4_000


def test_a_window_does_not_cut_sentences():
    text = " ".join(f"This is sentence number {i}." for i in range(2_000))
    assert split(text) == [f"This is sentence number {i}." for i in range(2_000)]


def test_lang_is_checked():
    with pytest.raises(ValueError, match="ISO 639.*English"):
        SentenceSplitter("English")


pieces = st.sampled_from(
    ["Hello there.", "你好。", "「本。」と", "…", "| a | b |", "|--|--|", "- x", "1. y", "```", "# h",
     "===", "\n", "\r\n", "\n\n", " ", "\u200b", "\x00", "\ud800", "e\u0301", "😀", "؟", "Dr.", "\u2028"]
)  # fmt: skip


@given(st.one_of(st.text(max_size=200), st.lists(pieces, max_size=30).map("".join)))
def test_only_marks_and_white_space_lie_between_the_spans(text):
    spans = SentenceSplitter().split(text)
    position = 0
    for start, end in spans:
        assert position <= start < end
        assert is_seam(text[position:start])
        assert text[start:end] == text[start:end].strip(INVISIBLE)
        position = end
    assert is_seam(text[position:])
