import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recomp_core.extractive import lexical
from recomp_core.extractive.lexical import blend, exactness, lexical_scores, weight_for

OTHERS = ("The porter sleeps until noon.", "Rain fell on the hills.", "A boat came in.")


def best(query, *texts):
    """The text with the most evidence; no other has as much."""
    scores = lexical_scores(query, [*texts, *OTHERS])
    order = np.argsort(-scores)
    assert scores[order[0]] > scores[order[1]], scores
    return [*texts, *OTHERS][order[0]]


def matches(query, text):
    return lexical_scores(query, [text, *OTHERS])[0] > 0


# The scale.


def test_nothing_in_common_is_nothing_and_every_word_is_one():
    scores = lexical_scores(
        "copper kettle", ["a copper kettle", "a copper bucket", "the brown hen.."]
    )
    assert scores[0] == 1
    assert 0 < scores[1] < 1
    assert scores[2] == 0


@given(
    st.lists(st.lists(st.text("abcde -19A東京", max_size=12), max_size=4), max_size=6),
    st.text("abcde 19A東京", min_size=1, max_size=20),
)
def test_documents_that_are_told_change_no_score(documents, query):
    texts = [text for document in documents for text in document]
    sizes = [len(document) for document in documents]
    for _ in range(2):  # the second time their words are known
        told = lexical_scores(query, texts, sizes)
        assert told == pytest.approx(lexical_scores(query, texts))


def test_half_of_the_weight_is_half_of_the_evidence():
    assert lexical_scores("copper kettle", ["copper", "bronze"]).tolist() == [0.5, 0]


def test_what_is_missing_everywhere_lowers_the_evidence():
    texts = ["copper kettle", "an iron pan.."]
    assert lexical_scores("copper kettle", texts)[0] == 1
    assert lexical_scores("copper kettle of Ostrava", texts)[0] < 0.7


def test_the_text_with_the_most_keeps_its_value_and_others_fall_behind():
    # Three words of the same weight, each in one text: 2/3, and (1/3)² / (2/3) = 1/6.
    scores = lexical_scores(
        "anvil bellows chisel", ["anvil bellows", "chisel.......", "nothing......"]
    )
    assert scores == pytest.approx([2 / 3, 1 / 6, 0])


def test_longer_texts_are_held_back():
    # The average length is 10, so the second is 1.5 times as long and loses a factor of 1.25.
    scores = lexical_scores("anvil", ["anvil", "anvil xxxxxxxxx"])
    assert scores == pytest.approx([1, (1 / 1.25) ** 2])


def test_words_that_all_texts_have_weigh_little():
    texts = ["kettle of copper", "kettle of tin", "kettle of iron"]
    scores = lexical_scores("copper kettle", texts)
    assert scores[0] > 10 * scores[1] > 0


@pytest.mark.parametrize("texts", [[], [""], ["", " "], ["***", "…"]])
def test_texts_without_words(texts):
    assert lexical_scores("copper", texts).tolist() == [0] * len(texts)


@pytest.mark.parametrize("query", ["", "?!", "   ", "\n", "_", "\u0301"])
def test_queries_without_words(query):
    assert lexical_scores(query, ["copper", "tin"]).tolist() == [0, 0]


@given(st.text(), st.lists(st.text(), max_size=8))
def test_any_text_has_evidence_between_nothing_and_everything(query, texts):
    scores = lexical_scores(query, texts)
    assert scores.shape == (len(texts),)
    assert np.all((scores >= 0) & (scores <= 1 + 1e-9))


@given(
    st.lists(st.sampled_from(["copper", "kettle", "2.4", "list_orders", "壶", "the"]), min_size=1)
)
def test_repeating_words_changes_nothing(query):
    texts = ["copper kettle 2.4", "list_orders 壶", "the kettle"]
    once = " ".join(dict.fromkeys(query))
    assert lexical_scores(" ".join(query), texts) == pytest.approx(lexical_scores(once, texts))


# What matches.


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("kettles", "one kettle"),
        ("who repaired it", "a smith can repair it"),
        ("Kosten", "was es kostet"),
        ("cafe", "un café"),
        ("ÉCOLE", "l'école"),
        ("STRASSE", "die Straße"),
        ("Istanbul", "İstanbul"),
        ("أحمد", "احمد"),
        ("مدينة", "المدينة"),
        ("בית", "הבית הלבן"),
        ("город", "в городе"),
        ("किताबें", "एक किताब"),
        ("listOrders", "list_orders()"),
        ("orders", "call list_orders(since)"),
        ("timeout exception", "TimeoutException"),
        ("TimeoutException", "java.util.TimeoutException: none"),
        ("TR-80", "the TR80"),
        ("v3.1", "version 3.1"),
        ("1000 rooms", "1,000"),
        ("3,5", "3.5"),
        ("2031", "2031-05-17 started"),
        ("图书馆", "市图书馆很大"),
        ("도서관은", "도서관에서"),
        ("ห้องสมุด", "ในห้องสมุดใหญ่"),
        ("ｋｅｔｔｌｅ", "kettle"),
    ],
)
def test_these_are_the_same_word(query, text):
    assert matches(query, text)


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("2.3", "2.4"),
        ("2.3", "12.3"),
        ("2.3", "2.31"),
        ("2.3", "chapters 2 and 3"),
        ("4.1", "4.10"),
        ("TR80", "TR-81"),
        ("C64", "C65 and B64"),
        ("31", "310"),
        ("cat", "category"),
        ("port", "porcelain"),
        ("हल", "हाल"),
        ("图书", "画家"),
    ],
)
def test_these_are_different_words(query, text):
    assert not matches(query, text)


def test_a_part_in_common_is_little_evidence():
    for query, whole, part in (("TR-80", "TR-80", "TR-81"), ("图书", "图书", "地图")):
        scores = lexical_scores(query, [whole, part, "other"])
        assert scores[0] > 5 * scores[1] > 0


# What weighs most.


def test_a_version_decides_between_texts_that_are_alike():
    texts = [f"Version {v} of the program stores its settings in a file" for v in ("6.2", "6.3")]
    assert best("Where does version 6.3 of the program store its settings?", *texts) == texts[1]


def test_a_model_decides():
    texts = ["KX-4 battery lasts ten hours", "KX-5 battery lasts nine hours"]
    assert best("How many hours does the battery of the KX-5 last?", *texts) == texts[1]


def test_an_identifier_counts_more_as_a_whole_than_in_its_parts():
    texts = ["close_file(handle)", "close the file and the handle"]
    assert best("What does close_file return?", *texts) == texts[0]


def test_a_name_counts_more_than_a_word():
    texts = ["the statue of a rider", "the house of Brandl"]
    assert best("Which statue did Brandl carve?", *texts) == texts[1]


def test_another_name_with_the_same_beginning_counts_less():
    texts = ["Martins rowed", "Martinsen rowed"]
    scores = lexical_scores("When did Martins row?", texts)
    assert scores[0] > 1.5 * scores[1]


def test_quoted_words_count_together():
    texts = ["the green door is open", "the door of the green house is open"]
    assert best('Who said "green door"?', *texts) == texts[0]
    for quotes in ("“green door”", "„green door“", "«green door»", "'green door'"):
        assert best(f"Who said {quotes} then?", *texts) == texts[0]


def test_function_words_hardly_count():
    texts = ["what is it that they do in there", "a lathe"]
    assert best("What is it that they do in there with a lathe?", *texts) == texts[1]
    texts = ["wo ist es denn und was war das", "die Drehbank"]
    assert best("Wo ist es denn und was war das mit der Drehbank?", *texts) == texts[1]


def test_words_that_ask_hardly_count_in_chinese():
    assert best("图书馆是什么时候开门的？", "什么时候的事", "图书馆八点开门") == "图书馆八点开门"


def test_a_function_word_of_another_language_is_a_word():
    assert best("Who began the war?", "the war began", "the strike began") == "the war began"


# Time.


def test_a_long_query_has_few_words_to_compare_with_each_token():
    n_compared = 0

    def counting(one, other):
        nonlocal n_compared
        n_compared += 1
        return one == other

    words = " ".join(f"abc{chr(97 + n // 26)}{chr(97 + n % 26)}" for n in range(400))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lexical, "_same_stem", counting)
        lexical_scores(words, [words])
    assert 0 < n_compared <= 400 * lexical._MOST_ALIKE


# Blending.


def test_no_weight_leaves_the_scores():
    scores, share = blend([0.2, -0.4], np.array([1.0, 0.0]), 0, bounded=True)
    assert scores.tolist() == [0.2, -0.4]
    assert share.tolist() == [0, 0]


def test_evidence_is_added_and_what_has_none_keeps_its_score():
    scores, share = blend([0.5, -0.1], np.array([0.9, 0.0]), 0.25, bounded=True)
    assert scores == pytest.approx([0.8, -0.1])  # a quarter to three: 0.9 / 3
    assert share == pytest.approx([0.3, 0])


def test_the_ranking_is_that_of_the_weighted_mean():
    scores, evidence = np.array([0.7, 0.3, 0.55, 0.1]), np.array([0.0, 0.8, 0.5, 1.0])
    for weight in (0.1, 0.3, 0.6, 0.9):
        mean = (1 - weight) * scores + weight * (0.1 + 0.9 * evidence)
        added, _ = blend(scores, evidence, weight, bounded=True)
        assert np.argsort(added).tolist() == np.argsort(mean).tolist()


def test_no_evidence_is_worth_the_lowest_cosine_where_all_are_high():
    scores, share = blend([0.9, 0.7], np.array([0.0, 1.0]), 0.5, bounded=True)
    assert scores == pytest.approx([0.9, 1.0])
    assert share == pytest.approx([0, 0.3])


def test_words_alone():
    scores, share = blend([0.9, 0.1], np.array([0.2, 1.0]), 1, bounded=True)
    assert scores == pytest.approx([0.28, 1.0])
    assert share == pytest.approx([0.18, 0.9])


def test_other_scores_give_the_evidence_their_own_scale():
    for scale, shift in ((1, 0), (10, -3), (0.01, 50)):
        given_scores = [scale * score + shift for score in (0.0, 0.6, 1.0)]
        scores, share = blend(given_scores, np.array([1.0, 0.5, 0.0]), 0.5, bounded=False)
        assert scores == pytest.approx([scale * s + shift for s in (1.0, 1.1, 1.0)])
        assert share == pytest.approx([scale * evidence for evidence in (1, 0.5, 0)])


def test_equal_scores_stay_equal_where_no_scale_is_known():
    assert blend([7, 7], np.array([1.0, 0.0]), 0.5, bounded=False)[0].tolist() == [7, 7]


def test_no_units_are_blended_to_none():
    assert [part.tolist() for part in blend([], np.zeros(0), 0.5, bounded=True)] == [[], []]


@pytest.mark.parametrize(
    ("weight", "share", "expected"),
    [
        (0.1, 1, 0.1), (0.1, 0.75, 0.35), (0.1, 0.5, 0.6), (0.1, 0, 0.6),
        (0.8, 0, 0.8), (0, 0, 0),
    ],
)  # fmt: skip
def test_words_lead_where_the_encoder_cannot_read(weight, share, expected):
    assert weight_for("a query", "a text", weight, lambda text: share) == pytest.approx(expected)


def test_nothing_is_known_about_some_encoders():
    assert weight_for("a query", "a text", 0.1, None) == 0.1


def test_words_count_more_in_a_query_of_identifiers():
    assert exactness("where does the ferry leave in 1998?") == 0
    assert exactness("what is new in 4.10?") > 0.4
    assert exactness("QX-7") == pytest.approx(8 / 9)
    assert weight_for("QX-7", "a text", 0.1, None) == pytest.approx(0.1 + 0.3 * 8 / 9)
    assert weight_for("QX-7", "a text", 0, None) == 0
    assert weight_for("QX-7", "a text", 0.5, None) == 0.5
