import asyncio
import json

import pytest
from conftest import shared_words
from hypothesis import given
from hypothesis import strategies as st

from recomp_core import (
    Compression,
    Document,
    ExtractiveCompressor,
    Outcome,
    SentenceSplitter,
    Threshold,
    TokenBudget,
    TopK,
)
from recomp_core.text.joining import is_seam
from recomp_core.text.units import STRUCTURAL

TOWER = Document("The tower is tall. Bob built the tower. Paint peels.", title="Tower", id="t")
FRUIT = Document("Bananas are yellow. Bob eats them.", id="f", metadata={"page": 3})


def test_the_best_sentences_in_document_order(compressor):
    result = compressor.compress("who built the tower", [FRUIT, TOWER])
    assert result.text == "The tower is tall. Bob built the tower."
    assert [(s.doc_index, s.start, s.end, s.score) for s in result.kept] == [
        (1, 0, 18, 2.0),
        (1, 19, 39, 3.0),
    ]
    assert [s.text for s in result.dropped] == [
        "Bananas are yellow.",
        "Bob eats them.",
        "Paint peels.",
    ]
    assert result.sources == (1,)
    assert result.outcome is Outcome.COMPRESSED


def test_documents_are_joined_in_order_and_apart():
    result = ExtractiveCompressor(shared_words, selector=TopK(2)).compress("bob", [FRUIT, TOWER])
    assert result.text == "Bob eats them.\nBob built the tower."
    assert result.sources == (0, 1)
    first, second = result.by_document()
    assert (first.doc_index, first.document, first.text, first.score) == (
        0,
        FRUIT,
        "Bob eats them.",
        1,
    )
    assert result.layout.join([first.text, second.text]) == result.text


def test_outcomes_are_told_apart():
    compressor = ExtractiveCompressor(shared_words, selector=Threshold(1))
    assert compressor.compress("bob", []).outcome is Outcome.NOTHING_GIVEN
    assert compressor.compress("bob", ["", " \n", "\u200b"]).outcome is Outcome.NOTHING_GIVEN
    nothing = compressor.compress("zebra", [TOWER])
    assert (nothing.outcome, nothing.text, nothing.kept) == (Outcome.NOTHING_RELEVANT, "", ())
    assert nothing.rate() == 0.0
    whole = compressor.compress("bob", ["Bob sings.\n", "", "Bob sleeps."])
    assert whole.outcome is Outcome.UNCHANGED
    assert whole.text == whole.original_text == "Bob sings.\n\nBob sleeps."
    assert whole.rate() == 1.0


def test_one_irrelevant_document_is_no_error():
    result = ExtractiveCompressor(shared_words, selector=Threshold(1)).compress(
        "bob", ["Nope. No."]
    )
    assert result.text == ""


def test_documents_with_equal_ids_are_not_mixed_up(compressor):
    twins = [
        Document("Bob sang. It rained.", id="same"),
        Document("Ann built it. Rain fell.", id="same"),
    ]
    result = compressor.compress("ann built", twins)
    assert [e.text for e in result.by_document() if e.doc_index == 1] == ["Ann built it."]


def test_what_stands_in_two_documents_is_kept_once(compressor):
    result = compressor.compress("bob", ["Bob ran. Ann sat.", "It rained. BOB  ran. Ann\nsat."])
    assert [(s.doc_index, s.text) for s in result.kept] == [(0, "Bob ran."), (0, "Ann sat.")]
    assert [s.text for s in result.dropped] == ["It rained.", "BOB  ran.", "Ann\nsat."]
    assert result.sources == (0, 1)


def test_rate_counts_with_the_given_counter(compressor):
    result = compressor.compress("who built the tower", [TOWER])
    assert result.rate(lambda text: len(text.split())) == 8 / 10


def test_settings_of_the_joints():
    compressor = ExtractiveCompressor(
        shared_words, selector=TopK(2), elision="…", separator="", document_separator=" || "
    )
    assert (
        compressor.compress("bob sleeps", ["Bob. It rained all day. Sleeps."]).text
        == "Bob.…Sleeps."
    )
    documents = ["Bob. It rained.", "Sleeps. Rain fell."]
    assert compressor.compress("bob sleeps", documents).text == "Bob. || Sleeps."


def test_expand():
    compressor = ExtractiveCompressor(shared_words, selector=TopK(1), expand=(1, 0))
    assert compressor.compress("paint", [TOWER]).text == "Bob built the tower. Paint peels."


def test_batch_equals_one_by_one(compressor):
    queries = ["bob", "paint", "zebra", "bob"]
    lists = [[TOWER, FRUIT], [TOWER], [], [TOWER, FRUIT]]
    batch = compressor.compress_batch(queries, lists)
    assert batch == [compressor.compress(q, d) for q, d in zip(queries, lists, strict=True)]
    assert compressor.compress_batch([], []) == []


async def test_async(compressor):
    results = await asyncio.gather(*(compressor.acompress("bob", [TOWER]) for _ in range(4)))
    assert results == [compressor.compress("bob", [TOWER])] * 4
    assert await compressor.acompress_batch(["bob"], [[TOWER]]) == results[:1]


def test_generators_are_documents_too(compressor):
    assert compressor.compress("bob", (d for d in (TOWER, FRUIT))).sources == (0, 1)


def test_round_trip_through_json(compressor):
    document = Document(
        "Bob. Ann. \ud800 lone.", title="T", id="i", metadata={"n": [1, {"a": None}]}
    )
    result = compressor.compress("bob", [document])
    assert Compression.from_dict(json.loads(json.dumps(result.to_dict()))) == result


def test_metadata_that_json_does_not_know(compressor):
    import datetime

    result = compressor.compress(
        "bob", [Document("Bob. x", metadata={"d": datetime.date(2024, 1, 2)})]
    )
    assert result.to_dict()["documents"][0]["metadata"] == {"d": "2024-01-02"}


def test_from_dict_notices_changed_documents(compressor):
    data = compressor.compress("bob", [TOWER]).to_dict()
    data["documents"][0]["text"] = "Something else entirely, and long enough for the offsets."
    with pytest.raises(ValueError, match="was changed after it was written"):
        Compression.from_dict(data)


def test_the_callers_objects_are_untouched(compressor):
    metadata = {"a": [1]}
    documents = [Document("Bob. Ann.", metadata=metadata), "Bob."]
    compressor.compress("bob", documents)
    assert documents == [Document("Bob. Ann.", metadata={"a": [1]}), "Bob."]
    with pytest.raises(AttributeError):
        documents[0].text = "other"


@pytest.mark.parametrize("query", ["", "  \n", "\u200b"])
def test_a_blank_query_is_refused(compressor, query):
    with pytest.raises(ValueError, match="query is blank"):
        compressor.compress(query, [TOWER])


@pytest.mark.parametrize(
    ("query", "documents", "message"),
    [
        (None, ["a"], "query must be a string, got NoneType None"),
        ("q", "one text", "documents must be a list .* got str 'one text'"),
        ("q", TOWER, "documents must be a list"),
        ("q", None, "documents must be a list .* got NoneType None"),
        ("q", {"text": "a"}, "documents must be a list"),
        ("q", ["a", None], r"documents\[1\] must be a string or a Document, got NoneType None"),
        ("q", ["a", 3.5], r"documents\[1\] .* got float 3.5"),
        ("q", [b"bytes"], r"documents\[0\] .* got bytes"),
    ],
)
def test_wrong_types_are_named(compressor, query, documents, message):
    with pytest.raises(TypeError, match=message):
        compressor.compress(query, documents)


def test_wrong_batches_are_named(compressor):
    with pytest.raises(ValueError, match="got 3 queries but 2 document lists"):
        compressor.compress_batch(["a", "b", "c"], [[], []])
    with pytest.raises(ValueError, match=r"queries\[1\] is blank"):
        compressor.compress_batch(["a", " "], [[], []])
    with pytest.raises(TypeError, match=r"documents_lists\[1\]\[0\].*NoneType"):
        compressor.compress_batch(["a", "b"], [[], [None]])
    with pytest.raises(TypeError, match="queries must be a list of strings"):
        compressor.compress_batch("ab", [[], []])


@pytest.mark.parametrize("field", ["text", "title", "id", "metadata"])
def test_documents_check_their_fields(field):
    with pytest.raises(TypeError, match=rf"Document.{field} must be a .*got int 7"):
        Document(**{"text": "a", field: 7})


@pytest.mark.parametrize("expand", [1, (1,), (-1, 0), (1.0, 0), "ab", (True, 0)])
def test_expand_is_checked(expand):
    with pytest.raises(ValueError, match="expand must be"):
        ExtractiveCompressor(shared_words, expand=expand)


def test_wrong_parts_are_refused():
    with pytest.raises(TypeError, match="not a selector"):
        ExtractiveCompressor(shared_words, selector=3)
    with pytest.raises(TypeError, match="not a splitter"):
        ExtractiveCompressor(shared_words, splitter=str.split)


@pytest.mark.parametrize(
    ("scores", "message"),
    [
        ([1.0], "1 scores for 3 sentences"),
        ([1, 2, float("nan")], "nan"),
        ([1, 2, float("inf")], "inf"),
    ],
)
def test_a_scorer_that_misbehaves_is_named(scores, message):
    with pytest.raises(ValueError, match=message):
        ExtractiveCompressor(lambda query, sentences: scores).compress("q", [TOWER])


def test_many_documents(compressor):
    documents = [f"Filler number {i}. More filler." for i in range(10_000)]
    documents[7_777] = "Bob built it. More."
    result = compressor.compress("bob built", documents)
    assert result.kept[-1].doc_index == 7_777
    assert len(result.kept) + len(result.dropped) == 20_000


texts = st.one_of(
    st.text(max_size=80),
    st.lists(
        st.sampled_from(
            ["Bob ran. ", "Ann. ", "你好。", "- x\n", "\n\n", "# H\n", "|a|\n", "\ud800", " "]
        ),
        max_size=12,
    ).map("".join),
)
selectors = st.one_of(
    st.integers(1, 5).map(TopK),
    st.sampled_from([0, 1, 2]).map(Threshold),
    st.integers(1, 60).map(lambda n: TokenBudget(n, len)),
)


@given(st.lists(texts, max_size=5), selectors, st.sampled_from(["", "[…]"]), st.integers(0, 1))
def test_what_holds_for_every_compression(documents, selector, elision, around):
    compressor = ExtractiveCompressor(
        shared_words, selector=selector, elision=elision, expand=(around, around)
    )
    result = compressor.compress("bob ran ann 你好", documents)
    for sentence in (*result.kept, *result.dropped):
        document = result.documents[sentence.doc_index]
        assert document.text[sentence.start : sentence.end] == sentence.text
    assert len(result.text) <= len(result.original_text)
    assert (result.outcome is Outcome.UNCHANGED) == bool(result.kept and not result.dropped)
    if result.outcome is Outcome.UNCHANGED:
        assert result.text == "\n".join(text for text in documents if not is_seam(text))
    elif result.kept:
        assert len(result.text) < len(result.original_text)
    else:
        assert result.text == ""
    if isinstance(selector, TokenBudget):
        assert len(result.text) <= selector.max_tokens
    order = [(s.doc_index, s.start) for s in result.kept]
    assert order == sorted(order)
    said = {" ".join(s.text.split()).casefold() for s in result.kept if s.kind not in STRUCTURAL}
    again = {s.doc_index for s in result.dropped if " ".join(s.text.split()).casefold() in said}
    assert result.sources == tuple(sorted({s.doc_index for s in result.kept} | again))
    assert Compression.from_dict(json.loads(json.dumps(result.to_dict()))) == result


def test_a_splitter_of_many_texts_is_asked_once_for_distinct_ones():
    class Lines:
        calls: list[list[str]] = []

        def split(self, text):
            raise AssertionError("split_all was there")

        def split_all(self, texts):
            self.calls.append(list(texts))
            return [SentenceSplitter().split(text) for text in texts]

    splitter = Lines()
    compressor = ExtractiveCompressor(shared_words, splitter=splitter)
    documents = ["A gull. A lamp.", "A tower.", "A gull. A lamp."]
    results = compressor.compress_batch(["a gull", "a tower"], [documents, documents[:2]])
    assert splitter.calls == [["A gull. A lamp.", "A tower."]]
    assert results == ExtractiveCompressor(shared_words).compress_batch(
        ["a gull", "a tower"], [documents, documents[:2]]
    )


def best(query, text, selector=TopK(1), outline="headings"):  # noqa: B008
    compressor = ExtractiveCompressor(shared_words, selector=selector, outline=outline)
    return compressor.compress(query, [Document(text)]).text


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("> who mends the sails?", "\n\nOld Brida does, on Mondays."),
        ("(12) who mends the sails?", "\nOld Brida does, on Mondays."),
        ("Nobody rows. So who mends the sails?", " Old Brida does, on Mondays."),
        ("The boat asks: Ποιος mends the sails;", "\nOld Brida does, on Mondays."),
        ("mends the sails ですか。", "はい、月曜日です。"),
    ],
)
def test_a_question_without_a_layout_brings_what_follows_it(question, answer):
    text = f"Good evening.\n\n{question}{answer}\n\nThe end."
    assert best("mends the sails", text).endswith(answer.strip())


@pytest.mark.parametrize(
    "following",
    [
        "\n# Ropes\n\nThey are red.",
        "- Who mends the ropes?",
        "\n--\nBrida\nHarbour 4",
    ],
)
def test_what_does_not_answer_a_question_stays_away(following):
    text = f"- The boat is old\n- Who mends the sails?\n{following}"
    assert best("mends the sails", text) == "- Who mends the sails?"


@pytest.mark.parametrize(
    "text",
    [
        '- She sang "Who mends the sails?"\n- It was long',
        "- Ann mends the sails (since 1867?)\n- It was long",
    ],
)
def test_a_title_or_aside_that_asks_is_no_question(text):
    assert "long" not in best("mends the sails", text)


def test_a_question_brings_the_list_that_answers_it():
    text = "Good evening.\n\nThe boat is old. What mends the sails? These do:\n- wax\n- thread\n\nThe end."
    assert best("mends the sails", text) == "What mends the sails? These do:\n- wax\n- thread"


def test_a_question_comes_alone_where_its_answer_does_not_fit():
    text = "The boat is old. Who mends the sails? Old Brida does with much wax and a red thread."
    words = TokenBudget(4, lambda text: len(text.split()))
    assert best("mends the sails", text, selector=words) == "Who mends the sails?"
    assert best("mends the sails", text, outline="none") == "Who mends the sails?"
