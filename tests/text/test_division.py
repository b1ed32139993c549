import builtins
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recomp_core.text import division
from recomp_core.text.division import approximate_tokens, divide
from recomp_core.text.joining import INVISIBLE, is_blank


def parts(text, limit, size=len):
    return [text[start:end] for start, end in divide(text, 0, len(text), limit, size)]


def words(text):
    return len(text.split())


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("It fits.", 8, ["It fits."]),
        # A line's end rather than a sentence's, a sentence's rather than a clause's …
        ("one two. three\nfour five six", 16, ["one two. three", "four five six"]),
        ("one, two. three, four five six", 16, ["one, two.", "three,", "four five six"]),
        ("one two, three; four, five six", 16, ["one two, three;", "four, five six"]),
        ("one two three, four five six", 16, ["one two three,", "four five six"]),
        ("a lamp (of brass and glass) there", 18, ["a lamp (of brass", "and glass) there"]),
        ("it was red and then it was blue", 18, ["it was red", "and then", "it was blue"]),
        ("one two three four five six", 16, ["one two three", "four five six"]),
        # … and no number in two.
        ("costs 10 000 or 20 000 francs", 16, ["costs 10 000 or", "20 000 francs"]),
        ("from 1,000,000 to 2,000,000 now", 18, ["from 1,000,000", "to 2,000,000 now"]),
        (
            "价格是一百元，运费是十元。共计一百一十元",
            13,
            ["价格是一百元，运费是十元。", "共计一百一十元"],
        ),
        ('{"a":1,"b":2},{"a":3,"b":4}', 16, ['{"a":1,"b":2},', '{"a":3,"b":4}']),
        ("x" * 12, 5, ["xxxx", "xxxx", "xxxx"]),
        ("", 5, []),
        (" \n ", 1, []),
    ],
)
def test_it_is_cut_where_it_hurts_least(text, limit, expected):
    assert parts(text, limit) == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "去年冬天检查发现东侧闸门有一条裂缝后来修理花了三个星期",
            ["闸门", "裂缝", "修理", "星期"],
        ),
        (
            "今日はダムの安全検査について話し合います来週また集まります",
            ["ダム", "安全", "検査", "来週"],
        ),
        ("วันนี้เราจะพูดคุยเรื่องการตรวจสอบความปลอดภัยของเขื่อน", ["วันนี้", "เรื่อง", "ตรวจสอบ", "เขื่อน"]),
    ],
)
def test_words_of_scripts_without_spaces_stay_whole(text, words):
    pytest.importorskip("budoux")
    pieces = parts(text, 14)
    assert "".join(pieces) == text
    assert len(pieces) > 1
    for word in words:
        assert any(word in piece for piece in pieces), (word, pieces)


def test_without_the_library_characters_stay_whole(monkeypatch):
    def without(name, *args, real=builtins.__import__):
        if name == "budoux":
            raise ImportError(name)
        return real(name, *args)

    monkeypatch.setattr(builtins, "__import__", without)
    division._parser.cache_clear()
    try:
        text = "กำลังไฟที่เขื่อน" * 5
        pieces = parts(text, 12)
        assert "".join(pieces) == text
        assert not any(unicodedata.category(piece[0]).startswith("M") for piece in pieces)
    finally:
        division._parser.cache_clear()


@pytest.mark.parametrize(
    "cluster", ["e\u0301", "👩\u200d👧", "👍🏽", "❤\ufe0f", "\ud83d\ude00", "क\u094d\u0937"]
)
def test_characters_of_several_code_points_stay_whole(cluster):
    pieces = parts(cluster * 30, 13)
    assert len(pieces) > 4
    assert all(len(piece) % len(cluster) == 0 for piece in pieces)


def test_links_and_numbers_in_chinese_stay_whole():
    text = "请从https://example.org/a/b下载版本12.5.0再按照说明书安装到第3号服务器上面"
    pieces = parts(text, 30)
    assert any("https://example.org/a/b" in piece for piece in pieces)
    assert any("12.5.0" in piece for piece in pieces)


def test_a_transcript_becomes_parts_of_about_one_size():
    text = " ".join(f"word{i}" for i in range(500))
    sizes = [words(piece) for piece in parts(text, 90, words)]
    assert sum(sizes) == 500
    assert all(45 <= size <= 90 for size in sizes)


def test_the_last_part_is_not_a_leftover():
    sizes = [words(piece) for piece in parts("word " * 92, 90, words)]
    assert min(sizes) >= 40


def test_only_the_piece_is_divided():
    assert divide("ab cd ef gh", 3, 8, 2, len) == [(3, 5), (6, 8)]


@pytest.mark.parametrize("limit", [0, -1, float("nan")])
def test_a_limit_has_to_be_positive(limit):
    with pytest.raises(ValueError, match="limit must be positive, got"):
        divide("a", 0, 1, limit, len)


@pytest.mark.parametrize(
    "text",
    ["word " * 4_000, "x" * 20_000, "价格是一百元" * 3_000, "a,b" * 7_000, "\n" * 20_000,
     " " * 20_000, "é" * 20_000, "1234567890" * 2_000, ". " * 10_000, "ไทย" * 7_000],
    ids=lambda text: repr(text[:6]),
)  # fmt: skip
def test_sizes_are_taken_of_about_what_the_text_has(text):
    for limit in (5, 60, 1_000):
        measured = 0

        def size(piece):
            nonlocal measured
            measured += len(piece) + 1
            return approximate_tokens(piece)

        for start, end in divide(text, 0, len(text), limit, size):
            assert approximate_tokens(text[start:end]) <= limit
        assert measured <= 8 * len(text) + 100_000 / limit


def test_a_character_above_the_limit_is_a_part():
    assert parts("ab", 1, lambda text: 5 * len(text)) == ["a", "b"]


pieces = st.sampled_from(
    ["word ", "词语", "，", "。", "\n", " ", ", ", "; ", "(", ")", "12", ".", "https://a.b/c", "e\u0301",
     "\ud800", "👩\u200d👧", "ไทย", "かな", "\u200b", "\t", '{"a":', "and then "]
)  # fmt: skip


@given(
    st.one_of(st.text(max_size=100), st.lists(pieces, max_size=60).map("".join)),
    st.integers(1, 40),
    st.sampled_from([len, words, approximate_tokens]),
)
def test_parts_cover_what_is_visible_within_the_limit(text, limit, size):
    position = 0
    for start, end in divide(text, 0, len(text), limit, size):
        assert position <= start < end
        assert is_blank(text[position:start])
        assert text[start:end] == text[start:end].strip(INVISIBLE)
        assert size(text[start:end]) <= limit or end - start <= 8
        position = end
    assert is_blank(text[position:])


def test_approximate_tokens():
    assert [approximate_tokens(text) for text in ("", "four", "fives", "汉字汉字")] == [0, 1, 2, 3]
