"""Several queries about the same documents share one text and one budget."""

import asyncio
import json

import numpy as np
import pytest
from conftest import shared_words

from recomp_core import (
    AbstractiveCompressor,
    Compression,
    Document,
    DualEncoderScorer,
    ExtractiveCompressor,
    Outcome,
    Threshold,
    TokenBudget,
    TopK,
)
from recomp_core.types import MOST_QUERIES

TOWER = "Bob built the tower. Paint peels off. Rain is wet."
FRUIT = "Bananas are yellow. Paint peels bananas. Bob eats them."


def count(text):
    return len(text.split())


def kept(result):
    return [(sentence.text, sentence.queries) for sentence in result.kept]


def test_each_query_keeps_what_it_needs():
    compressor = ExtractiveCompressor(shared_words, selector=TopK(1))
    result = compressor.compress(["who built the tower", "are bananas yellow"], [TOWER, FRUIT])
    assert kept(result) == [("Bob built the tower.", (0,)), ("Bananas are yellow.", (1,))]
    assert result.queries == ("who built the tower", "are bananas yellow")
    assert result.query == "who built the tower\nare bananas yellow"
    assert result.text == "Bob built the tower.\nBananas are yellow."
    assert result.sources == (0, 1)
    assert result.outcome is Outcome.COMPRESSED
    assert len(result.kept) + len(result.dropped) == 6
    assert [s.score for s in result.kept] == [3, 3]


def test_a_sentence_serves_several_queries_with_its_best_score():
    compressor = ExtractiveCompressor(shared_words, selector=TopK(1))
    result = compressor.compress(["bob built", "who built the tower then"], [TOWER])
    assert kept(result) == [("Bob built the tower.", (0, 1))]
    assert result.kept[0].score == 3


def test_the_queries_share_a_budget_in_turns():
    text = "Bob one. Bob two. Bob three. Bob four. Eve five. Eve six. Ann seven."
    queries = ["bob", "eve", "ann"]
    for size, expected in (
        (2, {"Bob one.": (0,)}),
        (6, {"Bob one.": (0,), "Eve five.": (1,), "Ann seven.": (2,)}),
        (8, {"Bob one.": (0,), "Bob two.": (0,), "Eve five.": (1,), "Ann seven.": (2,)}),
    ):
        for exact in (False, True):
            selector = Threshold(1) & TokenBudget(size, count, exact)
            result = ExtractiveCompressor(shared_words, selector=selector).compress(queries, [text])
            assert dict(kept(result)) == expected
            assert count(result.text) <= size


def test_a_query_without_an_answer_takes_nothing():
    compressor = ExtractiveCompressor(shared_words, selector=Threshold(1))
    result = compressor.compress(["zebra", "tower"], [TOWER, FRUIT])
    assert kept(result) == [("Bob built the tower.", (1,))]
    nothing = compressor.compress(["zebra", "lion"], [TOWER])
    assert nothing.outcome is Outcome.NOTHING_RELEVANT
    assert nothing.text == ""
    assert compressor.compress(["zebra", "lion"], []).outcome is Outcome.NOTHING_GIVEN
    assert compressor.compress(["zebra", "lion"], [" "]).outcome is Outcome.NOTHING_GIVEN
    every = compressor.compress(["bob", "paint", "rain"], [TOWER])
    assert every.outcome is Outcome.UNCHANGED


def test_one_query_in_a_list_is_the_query():
    compressor = ExtractiveCompressor(shared_words, selector=TopK(1))
    alone, listed = (compressor.compress(q, [TOWER, FRUIT]) for q in ("bob built", ["bob built"]))
    assert listed.text == alone.text
    assert listed.queries == ("bob built",)
    assert alone.queries == ()
    assert kept(listed) == [("Bob built the tower.", (0,))]


def test_the_same_words_for_two_queries_stand_once():
    compressor = ExtractiveCompressor(
        lambda query, texts: [
            float(query in t.lower()) + 0.1 * (n if query == "bob" else -n)
            for n, t in enumerate(texts)
        ],
        selector=TopK(1),
    )
    result = compressor.compress(["bob", "tower"], ["Bob tower. Rain.", "Bob tower. Sun."])
    assert result.text.count("Bob tower.") == 1
    assert result.kept[0].queries == (0, 1)


def test_json_says_which_served_which():
    compressor = ExtractiveCompressor(shared_words, selector=TopK(1))
    result = compressor.compress(["who built the tower", "are bananas yellow"], [TOWER, FRUIT])
    data = json.loads(json.dumps(result.to_dict()))
    assert data["queries"] == list(result.queries)
    assert [sentence["queries"] for sentence in data["kept"]] == [[0], [1]]
    assert Compression.from_dict(data) == result
    data["kept"][0]["queries"] = ["x"]
    with pytest.raises(ValueError, match="no compression"):
        Compression.from_dict(data)


def test_batches_and_asynchronous_calls():
    compressor = ExtractiveCompressor(shared_words, selector=TopK(1))
    several = ["who built the tower", "are bananas yellow"]
    expected = compressor.compress(several, [TOWER, FRUIT])
    batch = compressor.compress_batch([several, "bob", tuple(several)], [[TOWER, FRUIT]] * 3)
    assert batch[0] == batch[2] == expected
    assert batch[1] == compressor.compress("bob", [TOWER, FRUIT])
    assert asyncio.run(compressor.acompress(several, [TOWER, FRUIT])) == expected
    assert compressor.compress(several, [TOWER, FRUIT], timeout_s=60) == expected

    async def timed():
        return await compressor.acompress(several, [TOWER, FRUIT], timeout_s=60)

    assert asyncio.run(timed()) == expected


def test_documents_are_encoded_once():
    class Encoder:
        def __init__(self):
            self.texts = []

        def encode_queries(self, queries):
            return np.ones((len(queries), 2))

        def encode_sentences(self, sentences):
            self.texts += sentences
            return np.ones((len(sentences), 2))

    encoder = Encoder()
    compressor = ExtractiveCompressor(DualEncoderScorer(encoder, context="sentence"))
    compressor.compress(["bob", "tower", "paint", "rain"], [TOWER, FRUIT])
    assert len(encoder.texts) == 6


@pytest.mark.parametrize(
    ("queries", "error", "said"),
    [
        ([], ValueError, "query is an empty list"),
        (["a", 3], TypeError, r"query\[1\] must be a string, got int 3"),
        (["a", " "], ValueError, r"query\[1\] is blank"),
        (["a", ["b"]], TypeError, r"query\[1\] must be a string, got list"),
        (["a"] * (MOST_QUERIES + 1), ValueError, "65 queries: give at most 64"),
        ({"a": 1}, TypeError, "query must be a string, got dict"),
        (b"a", TypeError, "query must be a string, got bytes"),
        (None, TypeError, "query must be a string, got NoneType"),
    ],
)
def test_bad_queries(queries, error, said):
    compressor = ExtractiveCompressor(shared_words)
    with pytest.raises(error, match=said):
        compressor.compress(queries, [TOWER])
    with pytest.raises(error, match=said):
        asyncio.run(compressor.acompress(queries, [TOWER]))


def test_what_writes_takes_one_query():
    class Writer:
        max_input_tokens = None

        def summarize(self, prompts):
            return ["Bob."] * len(prompts)

        def stream(self, prompt):
            yield "Bob."

        def count_tokens(self, text):
            return len(text)

        def truncate(self, text, max_tokens):
            return text

    with pytest.raises(TypeError, match="query must be a string, got list"):
        AbstractiveCompressor(Writer()).compress(["a", "b"], [TOWER])


def test_headings_and_pins_and_recovery_go_along():
    text = (
        "# Tower\n\n## Care\n\nBob paints it. It takes 3 days.\n\n## Food\n\nEve eats. Ann drinks."
    )
    compressor = ExtractiveCompressor(
        shared_words, selector=TopK(1), pin=["numbers"], recovery=100_000
    )
    result = compressor.compress(["bob paints", "eve eats"], [Document(text), "Rain."])
    assert [s.text for s in result.kept if s.kind == "sentence"] == [
        "Bob paints it.", "It takes 3 days.", "Eve eats.",
    ]  # fmt: skip
    assert "## Care" in result.text
    assert "Ann drinks." in compressor.read_dropped(result.handle).text
