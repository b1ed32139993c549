import dataclasses
import tracemalloc

import pytest

from recomp_core import Document, Threshold, TokenBudget, TopK
from recomp_core.extractive import diversity
from recomp_core.extractive.diversity import MMR, NoNearDuplicates
from recomp_core.extractive.selection import All, select
from recomp_core.extractive.selectors import parse_selector, selector_from_dict, selector_to_dict
from recomp_core.text.joining import Layout
from recomp_core.types import ScoredSentence


def kept(texts, selector, scores=None):
    """The positions that a selector keeps of texts that stand in one document each."""
    documents = [Document(text) for text in texts]
    scores = scores or [1 - n / 1000 for n in range(len(texts))]
    sentences = [
        ScoredSentence(text, number, 0, len(text), score)
        for number, (text, score) in enumerate(zip(texts, scores, strict=True))
    ]
    chosen, _ = select(documents, sentences, selector, Layout())
    return [sentence.doc_index for sentence in chosen]


SAME = [
    "The ferry to the island leaves from the second pier every morning.",
    "the ferry to the island leaves every morning from the second pier",
    "The ferry to the island leaves from the pier every morning, usually.",
    "An inspector checks the lifeboats.",
]


def test_a_near_duplicate_gives_its_place_to_the_next():
    assert kept(SAME, TopK(2)) == [0, 1]
    assert kept(SAME, TopK(2) & NoNearDuplicates()) == [0, 3]
    assert kept(SAME, NoNearDuplicates()) == [0, 3]


def test_of_two_near_duplicates_the_better_stays():
    assert kept(SAME, TopK(2) & NoNearDuplicates(), [0.1, 0.5, 0.3, 0.2]) == [1, 3]


def test_the_similarity_is_the_share_of_words_that_another_has():
    texts = ["red green blue white", "red green blue black pink"]  # three of five
    assert kept(texts, NoNearDuplicates(0.61)) == [0, 1]
    assert kept(texts, NoNearDuplicates(0.6)) == [0]
    longer_first = texts[::-1]  # three of four
    assert kept(longer_first, NoNearDuplicates(0.76)) == [0, 1]
    assert kept(longer_first, NoNearDuplicates(0.75)) == [0]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("In May the press printed 310 books on its big machine.",
         "In May the press printed 340 books on its big machine."),
        ("Install driver 5.1 before you connect the printer to it.",
         "Install driver 5.2 before you connect the printer to it."),
        ("The adapter of the QX-7 is sold with a long cable.",
         "The adapter of the QX-9 is sold with a long cable."),
        ("call open_file before you read from the stream again",
         "call close_file before you read from the stream again"),
        ("The road from Alm to the lake is closed in winter.",
         "The road from Berk to the lake is closed in winter."),
        ("Alm has a good old hotel with a view over the long lake.",
         "Berk has a good old hotel with a view over the long lake."),
        ("The lift is out of order, but visitors can use the stairs.",
         "The lift is not out of order, but visitors can use the stairs."),
        ("she fed the two old horses of the miller again",
         "she fed the four old horses of the miller again"),
        ("书店周末下午五点关门休息", "书店周末下午六点关门休息"),
        ("借来的雨伞可以带回家里去用", "借来的雨伞不可以带回家里去用"),
    ],
)  # fmt: skip
def test_a_number_a_version_a_name_or_a_negation_makes_another_statement(one, other):
    assert kept([one, other], NoNearDuplicates(0.6)) == [0, 1]


def test_what_is_missing_makes_no_other_statement():
    texts = ["In May the press printed 310 books.", "The press printed books."]
    assert kept(texts, NoNearDuplicates()) == [0]


def test_scripts_without_spaces_are_compared_by_pairs():
    texts = ["图书馆的读者可以借阅杂志和报纸", "图书馆的读者可以借阅杂志和报纸。", "食堂供应早餐"]
    assert kept(texts, NoNearDuplicates()) == [0, 2]


def test_the_same_under_another_heading_is_another_statement():
    texts = ["## Heron\n\nThe tent weighs little.", "## Stork\n\nThe tent weighs little, too."]
    documents = [Document(text) for text in texts]
    sentences = [
        ScoredSentence(text[10:], number, 10, len(text), 1.0, path=((0, 8),))
        for number, text in enumerate(texts)
    ]
    chosen, _ = select(documents, sentences, NoNearDuplicates(0.5), Layout())
    assert list(chosen) == sentences


def test_texts_without_words_are_no_duplicates():
    assert kept(["***", "---"], NoNearDuplicates()) == [0, 1]


def test_a_refusal_by_another_selector_makes_no_duplicate():
    texts = ["The dam holds back the whole river since the great flood.", "The dam holds back"]
    six_words = TokenBudget(6, lambda text: len(text.split()))
    assert kept(texts, six_words & NoNearDuplicates()) == [1]


def test_calls_know_nothing_of_one_another():
    selector = NoNearDuplicates()
    assert kept(SAME, selector) == kept(SAME, selector) == [0, 3]


def test_a_sentence_is_compared_with_a_bounded_number_of_others(monkeypatch):
    n_compared = 0

    class Counting(diversity._Words):
        __slots__ = ()

        def covers(self, *args):
            nonlocal n_compared
            n_compared += 1
            return super().covers(*args)

    monkeypatch.setattr(diversity, "_Words", Counting)
    monkeypatch.setattr(diversity, "_COMPARED", 20)
    # Each shares two thirds of its words with all others, and nothing tells which are rare.
    texts = [
        f"a long journal {'abcdefghij'[i % 10]}x {'abcdefghij'[i // 10 % 10]}y {'abcdefghij'[i // 100]}z"
        for i in range(1000)
    ]
    assert kept(texts, NoNearDuplicates(0.9)) == list(range(1000))
    assert 1000 < n_compared <= 20 * 1000


def test_mmr_offers_what_is_unlike_the_others_first():
    texts = [
        "the mill stands at the brook",
        "the mill stands at the old brook",
        "the baker buys flour in town",
    ]
    scores = [0.9, 0.8, 0.6]
    assert kept(texts, TopK(2) & MMR(0.0), scores) == [0, 1]
    assert kept(texts, TopK(2) & MMR(0.7), scores) == [0, 2]
    assert kept(texts, MMR(0.7) & TopK(2), scores) == [0, 2]


def test_mmr_follows_its_formula():
    # Relevance 1, 0.9, 0 with likeness 1 between the first two (the same words) and 0 to the third:
    # the second is worth 0.9 (1 - d) - d, the third 0. They are equal at d = 0.9 / 1.9.
    texts, scores = ["fox den", "den, fox", "owl nest"], [1.0, 0.9, 0.0]
    assert kept(texts, TopK(2) & MMR(0.47), scores) == [0, 1]
    assert kept(texts, TopK(2) & MMR(0.48), scores) == [0, 2]


def test_mmr_takes_any_scale_of_scores():
    texts = ["fox den", "den, fox", "owl nest"]
    for scale in (1e-3, 1, 1e3):
        scores = [scale * score - 7 for score in (1.0, 0.9, 0.0)]
        assert kept(texts, TopK(2) & MMR(0.47), scores) == [0, 1]
        assert kept(texts, TopK(2) & MMR(0.48), scores) == [0, 2]
    assert kept(texts, TopK(2) & MMR(0.5), [0.3, 0.3, 0.3]) == [0, 2]


def test_mmr_changes_the_order_and_not_what_is_good_enough():
    texts = ["fox den", "den, fox", "owl nest"]
    assert kept(texts, Threshold(0.5) & MMR(0.9), [1.0, 0.9, 0.0]) == [0, 1]
    assert kept(texts, MMR(0.9), [1.0, 0.9, 0.0]) == [0, 1, 2]


def test_mmr_offers_each_sentence_once():
    texts = [f"word{n % 7} word{n % 11}" for n in range(700)]
    sentences = [ScoredSentence(t, n, 0, len(t), -n / 9) for n, t in enumerate(texts)]
    order = MMR(0.5).order(sentences)
    assert sorted(order) == list(range(700))
    assert order[0] == 0
    assert order[300:] == list(range(300, 700))


def test_both_have_names():
    assert parse_selector("top_k:k=3 & mmr:diversity=0.3") == TopK(3) & MMR(0.3)
    assert parse_selector("no_near_duplicates") == NoNearDuplicates(0.8)
    both = All(NoNearDuplicates(0.9), MMR(0.2))
    assert selector_from_dict(selector_to_dict(both)) == both
    assert [f.name for f in dataclasses.fields(MMR)] == ["diversity"]


@pytest.mark.parametrize("value", [-0.1, 1.1, "0.5", True, None, float("nan")])
def test_shares_are_checked(value):
    with pytest.raises(ValueError, match="from 0 to 1"):
        MMR(value)
    with pytest.raises(ValueError, match="NoNearDuplicates needs"):
        NoNearDuplicates(value)


def test_a_similarity_of_nothing_would_refuse_everything():
    with pytest.raises(ValueError, match="above 0"):
        NoNearDuplicates(0)


def test_words_that_one_text_has_alone_cost_mmr_nothing():
    texts = [" ".join(f"w{n}x{m}" for m in range(20)) for n in range(300)]
    scored = [ScoredSentence(text, 0, n, n + 1, 1 - n / 300) for n, text in enumerate(texts)]
    assert MMR().order(scored[:3]) == [0, 1, 2]  # what is loaded at the first call is no part of it
    tracemalloc.start()
    try:
        assert MMR().order(scored) == list(range(300))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 6_000_000  # a column for each of the 6,000 words would take 7 MB, and more
