"""Pinned sentences stay where their document is kept, whatever the selector."""

import pytest
from conftest import shared_words

from recomp_core import (
    Document,
    ExtractiveCompressor,
    Outcome,
    Threshold,
    TokenBudget,
    TopK,
    TopP,
)
from recomp_core.extractive.diversity import MMR

TOWER = "Bob built the tower. It cost 12 million. Paint peels. Call KL-200 for help. Grass grows."
FRUIT = "Bananas are yellow. There are 5 of them."


def count(text):
    return len(text.split())


def texts(result):
    return [sentence.text for sentence in result.kept]


@pytest.mark.parametrize(
    "selector", [TopK(1), TopP(0.01), Threshold(4), MMR() & TopK(1), TopK(1) & Threshold(1)]
)
def test_every_selector_honours_pins(selector):
    compressor = ExtractiveCompressor(shared_words, selector=selector, pin=["numbers"])
    result = compressor.compress("Bob built the tower", [TOWER, FRUIT])
    assert result.text == "Bob built the tower. It cost 12 million. Call KL-200 for help."
    assert result.sources == (0,)
    assert len(result.kept) + len(result.dropped) == 7
    assert result.outcome is Outcome.COMPRESSED
    assert result.reason == ""


def test_a_selector_of_ones_own_honours_them():
    class Shortest:
        def admits(self, draft):
            return draft.size <= 1

    compressor = ExtractiveCompressor(shared_words, selector=Shortest(), pin=("ids",))
    result = compressor.compress("Bob built the tower", [TOWER])
    assert texts(result) == ["Bob built the tower.", "Call KL-200 for help."]


def test_a_document_that_is_not_kept_brings_no_pins():
    compressor = ExtractiveCompressor(shared_words, selector=Threshold(1), pin=["numbers"])
    assert compressor.compress("zebra", [TOWER]).outcome is Outcome.NOTHING_RELEVANT
    result = compressor.compress("bananas", [TOWER, FRUIT])
    assert result.text == FRUIT
    assert result.sources == (1,)


def test_a_budget_holds_and_says_what_did_not_fit():
    for exact in (False, True):
        compressor = ExtractiveCompressor(
            shared_words, selector=TokenBudget(8, count, exact), pin=["numbers", "ids"]
        )
        result = compressor.compress("Bob built the tower, paint peels", [TOWER])
        assert texts(result) == ["Bob built the tower.", "It cost 12 million."]
        assert count(result.text) <= 8
        assert (
            "1 of 2 pinned sentences did not fit into max_tokens=8, the first at 54:"
            in result.reason
        )
    roomy = ExtractiveCompressor(
        shared_words, selector=TokenBudget(12, count), pin=["numbers", "ids"]
    )
    result = roomy.compress("Bob built the tower, paint peels", [TOWER])
    assert texts(result) == ["Bob built the tower.", "It cost 12 million.", "Call KL-200 for help."]
    assert result.reason == ""


def test_the_best_of_each_document_stays_before_pins():
    other = "Bob likes the tower. It has 3 doors and 4 windows in all."
    compressor = ExtractiveCompressor(
        shared_words, selector=TokenBudget(12, count), pin=["numbers"]
    )
    result = compressor.compress("Bob built the tower", [TOWER, other])
    assert result.sources == (0, 1)
    assert "Bob built the tower." in texts(result)
    assert "Bob likes the tower." in texts(result)
    assert count(result.text) <= 12


def test_a_pinned_row_brings_its_header():
    table = "Bob built the tower.\n\n| part | price |\n|---|---|\n" + "".join(
        f"| bolt {c} of a quite long name that makes the table a large one | {n} |\n"
        for n, c in enumerate("abcdefghijklmnopqrstuvwxyz", 10)
    )
    compressor = ExtractiveCompressor(shared_words, selector=TopK(1), pin=[r"\b17\b"])
    result = compressor.compress("Bob built the tower", [table])
    assert "part" in result.text
    assert "17" in result.text
    assert "18" not in result.text


def test_what_is_said_already_is_not_said_again():
    compressor = ExtractiveCompressor(shared_words, selector=TopK(2), pin=["numbers"])
    result = compressor.compress(
        "bob costs", ["Bob sat. It cost 5.", "The bob hung. It cost 5.", "It cost 5."]
    )
    assert texts(result).count("It cost 5.") == 1


def test_a_pattern_that_hangs_is_told():
    compressor = ExtractiveCompressor(shared_words, selector=TopK(1), pin=[r"(x|x)*$", "numbers"])
    result = compressor.compress("bob", ["Bob sat. It cost 5. See " + "x" * 60 + "!"])
    assert texts(result) == ["Bob sat.", "It cost 5."]
    assert "took too long and were left out: (x|x)*$" in result.reason


def test_calls_with_a_time_limit_honour_pins():
    compressor = ExtractiveCompressor(shared_words, selector=TopK(1), pin=["numbers"])
    result = compressor.compress("Bob built the tower", [TOWER], timeout_s=60)
    assert "It cost 12 million." in result.text


def test_bad_pins_are_refused_at_once():
    with pytest.raises(ValueError, match="there is no pin 'numbres'"):
        ExtractiveCompressor(shared_words, pin=["numbres"])
    from recomp_core import load_compressor

    with pytest.raises(ValueError, match="there is no pin 'numbres'"):
        load_compressor("no-such-model", pin=["numbres"])


@pytest.mark.model
def test_the_setting_of_an_adapter(embedded):
    pytest.importorskip("langchain_core", reason='needs pip install "recomp[langchain]"')
    from langchain_core.documents import Document as LangChainDocument

    from langchain_recomp import RecompDocumentCompressor

    adapter = RecompDocumentCompressor(top_k=1, pin=("numbers",))
    (document,) = adapter.compress_documents([LangChainDocument(TOWER)], "Who built the tower?")
    assert "12 million" in document.page_content
    assert RecompDocumentCompressor(**adapter.model_dump()).pin == ("numbers",)


def test_documents_are_not_changed():
    document = Document(TOWER, metadata={"a": 1})
    ExtractiveCompressor(shared_words, pin=["numbers"]).compress("bob", [document])
    assert document == Document(TOWER, metadata={"a": 1})
