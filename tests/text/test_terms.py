import pytest
from hypothesis import given
from hypothesis import strategies as st

from recomp_core.text.function_words import function_words, without_question_words
from recomp_core.text.terms import folded, is_plain, pairs, spans_of_tokens, terms_of, tokens


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Is QX-7 in v2.3?", ["Is", "QX-7", "in", "v2.3"]),
        ("It ends here. Then more.", ["It", "ends", "here", "Then", "more"]),
        ("open_file(path, 3.5)", ["open_file", "path", "3.5"]),
        ("at 12:30, by me@mill.example", ["at", "12:30", "by", "me@mill.example"]),
        ("C++ and C#, issue #12", ["C++", "and", "C#", "issue", "12"]),
        ("l'école d’été", ["l", "école", "d", "été"]),
        ("क्या यह पानी है?", ["क्या", "यह", "पानी", "है"]),
        ("型号QX-7的泵", ["型号", "QX-7", "的泵"]),
        ("نص، آخر؟", ["نص", "آخر"]),
        ("10€ — ½", ["10"]),
    ],
)
def test_tokens(text, expected):
    assert tokens(text) == expected


@given(st.text(alphabet=st.characters(max_codepoint=127)))
def test_ascii_has_the_same_tokens_by_itself_and_beside_other_scripts(text):
    assert [*tokens(text), "é"] == tokens(f"{text} é")


@given(st.text())
def test_spans_are_those_of_the_tokens(text):
    assert [text[start:end] for start, end in spans_of_tokens(text)] == tokens(text)


@pytest.mark.parametrize(
    ("token", "whole", "parts"),
    [
        ("Kettle", "kettle", ()),
        ("QX-7", "qx7", ("qx",)),
        ("QX-700", "qx700", ("qx", "700")),
        ("QX700", "qx700", ()),
        ("openFile", "openfile", ("open", "file")),
        ("open_file", "openfile", ("open", "file")),
        ("HTTPServerError", "httpservererror", ("http", "server", "error")),
        ("a.mill.Wheel", "a.mill.wheel", ("mill", "wheel")),
        ("two-stroke", "twostroke", ("two", "stroke")),
        ("v2.3", "2.3", ()),
        ("2.3", "2.3", ()),
        ("1,250,000", "1250000", ()),
        ("1,25", "1.25", ()),
        ("2031-05-17", "2031-05-17", ("2031",)),
        ("U.S", "us", ()),
        ("C++", "c++", ()),
        ("__", "__", ()),
    ],
)
def test_terms(token, whole, parts):
    assert terms_of(token) == (whole, parts)


def test_folding_leaves_the_letters():
    assert folded("ÉTÉ") == folded("été") == folded("ete") == "ete"
    assert folded("İzmir") == folded("ızmir") == "izmir"
    assert folded("ﬁｅ") == "fie"
    assert folded("पानी") == "पानी"
    assert folded("が") == "が"
    assert folded("한국") == "한국"


def test_plain_words_have_neither_digits_nor_joints():
    assert [t for t in ("mill", "été", "पानी", "qx7", "2.3", "c++") if is_plain(t)] == [
        "mill", "été", "पानी",
    ]  # fmt: skip


def test_pairs():
    assert pairs("图书馆") == ["图书", "书馆"]
    assert pairs("馆") == ["馆"]


def test_function_words_are_those_of_the_query_own_language():
    english = function_words(["who", "began", "the", "war"])
    assert "the" in english
    assert "war" not in english
    assert "war" in function_words(["wer", "war", "der", "konig"])
    assert function_words(["kettle"]) == frozenset()


def test_question_words_divide_a_run():
    assert without_question_words("水泵的功率是多少") == ["水泵", "功率是"]
    assert without_question_words("什么") == []
