import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recomp_core import Document, Threshold, TokenBudget, TopK, TopP, make_selector
from recomp_core.extractive.selection import All, select
from recomp_core.text.joining import Layout
from recomp_core.types import ScoredSentence, assemble


def scored_document(scores, doc_index=0):
    """A document of one-letter sentences "A. B. C.", with these scores."""
    text = " ".join(f"{chr(ord('A') + i)}." for i in range(len(scores)))
    return Document(text), [
        ScoredSentence(text[3 * i : 3 * i + 2], doc_index, 3 * i, 3 * i + 2, score)
        for i, score in enumerate(scores)
    ]


def kept(scores, selector, *, layout=Layout(), expand=(0, 0)):  # noqa: B008 - frozen
    document, sentences = scored_document(scores)
    chosen, dropped = select([document], sentences, selector, layout, expand)
    assert sorted((*chosen, *dropped), key=lambda s: s.start) == sentences
    return "".join(s.text[0] for s in chosen)


def count_words(text):
    return len(text.split())


def test_top_k_keeps_the_best_in_document_order():
    assert kept([0.1, 0.9, 0.9], TopK(2)) == "BC"
    assert kept([0.9, 0.1, 0.8], TopK(2)) == "AC"


# Probabilities of these scores at the temperature 1: 0.6, 0.3, 0.1.
SIXTY_THIRTY_TEN = [math.log(3), math.log(1), math.log(6)]


@pytest.mark.parametrize(
    ("p", "expected"), [(0.5, "C"), (0.6001, "AC"), (0.8999, "AC"), (0.9001, "ABC"), (1.0, "ABC")]
)
def test_top_p_keeps_the_fewest_that_make_it_up(p, expected):
    assert kept(SIXTY_THIRTY_TEN, TopP(p, temperature=1.0)) == expected


def test_top_p_keeps_fewer_where_the_scores_are_farther_apart():
    scores = [0.9, 0.8, 0.7]
    assert kept(scores, TopP(0.6, temperature=0.05)) == "A"  # 0.87, 0.12, 0.02
    assert kept(scores, TopP(0.6, temperature=1.0)) == "AB"  # 0.37, 0.33, 0.30


def test_top_p_always_keeps_the_best_and_stands_large_scores():
    assert kept([1e6, 1e6 - 1e3], TopP(1e-9)) == "A"
    assert kept([-1e6], TopP(0.5, temperature=1e-3)) == "A"
    assert kept([0.1, 0.9], TopP(0.9) & Threshold(0.95)) == ""
    assert make_selector(top_p=0.5, top_k=3) == TopK(3) & TopP(0.5)


@pytest.mark.parametrize(
    "settings", [{"p": 0}, {"p": 1.1}, {"p": True}, {"p": "half"}, {"p": math.nan},
                 {"p": 0.5, "temperature": 0}, {"p": 0.5, "temperature": math.inf}],
)  # fmt: skip
def test_top_p_refuses(settings):
    with pytest.raises(ValueError, match="TopP needs a number above 0"):
        TopP(**settings)


def test_of_equal_scores_the_earlier_stays():
    assert kept([0.5, 0.5, 0.5], TopK(1)) == "A"


def test_top_k_of_fewer():
    assert kept([0.5], TopK(7)) == "A"


def test_threshold_includes_its_own_value_and_may_keep_nothing():
    assert kept([0.1, 0.3, 0.2999], Threshold(0.3)) == "B"
    assert kept([0.1, 0.2], Threshold(0.3)) == ""


def test_budget_passes_over_what_does_not_fit():
    # Words: "A." is one token, and each mark "(cut)" between sentences that were apart is one more.
    assert kept([0.9, 0.1, 0.8, 0.2], TokenBudget(2, count_words)) == "AC"
    assert kept([0.9, 0.1, 0.8, 0.2], TokenBudget(4, count_words)) == "ABCD"


def test_budget_counts_marks():
    long = Document("First one here. " + "x" * 40 + ". Last one here.")
    first, middle, last = (0, 15), (16, 57), (58, 73)
    sentences = [
        ScoredSentence(long.text[a:b], 0, a, b, score)
        for (a, b), score in zip((first, middle, last), (0.9, 0.1, 0.8), strict=True)
    ]
    layout = Layout(elision="(cut)")
    six, _ = select([long], sentences, TokenBudget(6, count_words), layout)
    seven, _ = select([long], sentences, TokenBudget(7, count_words), layout)
    assert [s.start for s in six] == [0, 16]  # the last would make 3 + "(cut)" + 3
    assert [s.start for s in seven] == [0, 16, 58]
    assert assemble([long], [sentences[0], sentences[2]], layout).count("(cut)") == 1


def test_a_budget_too_small_for_anything_keeps_nothing():
    assert kept([0.9, 0.8], TokenBudget(1, lambda text: 5 if text else 0)) == ""


def test_combinations_hold_together():
    assert kept([0.9, 0.2, 0.8, 0.7], TopK(2) & Threshold(0.5)) == "AC"
    assert (
        kept([0.9, 0.2, 0.8, 0.7], TopK(4) & Threshold(0.5) & TokenBudget(2, count_words)) == "AC"
    )
    assert isinstance(TopK(1) & Threshold(0) & TopK(2), All)
    assert len((TopK(1) & Threshold(0) & TopK(2)).selectors) == 3


def test_top_k_counts_what_was_admitted_not_what_was_offered():
    # The best is too long for the budget: the next two are the two best that fit.
    document = Document("Long long long long. B. C.")
    spans = [(0, 20), (21, 23), (24, 26)]
    sentences = [
        ScoredSentence(document.text[a:b], 0, a, b, s)
        for (a, b), s in zip(spans, (0.9, 0.8, 0.7), strict=True)
    ]
    chosen, _ = select([document], sentences, TopK(2) & TokenBudget(3, count_words), Layout())
    assert [s.text for s in chosen] == ["B.", "C."]


def test_expand_brings_neighbours_once():
    assert kept([0, 0, 9, 0, 0], TopK(1), expand=(1, 1)) == "BCD"
    assert kept([0, 8, 0, 9, 0], TopK(2), expand=(1, 1)) == "ABCDE"
    assert kept([9, 0, 0], TopK(1), expand=(5, 0)) == "A"


def test_expand_stays_within_the_document():
    first, a = scored_document([0, 0])
    second, b = scored_document([9, 0], doc_index=1)
    chosen, _ = select([first, second], [*a, *b], TopK(1), Layout(), (1, 1))
    assert [(s.doc_index, s.text) for s in chosen] == [(1, "A."), (1, "B.")]


def test_where_the_neighbours_do_not_fit_the_sentence_comes_alone():
    assert kept([0, 9, 0], TokenBudget(2, count_words), expand=(1, 1)) == "AB"
    assert kept([0, 9, 0], TokenBudget(1, count_words), expand=(1, 1)) == "B"


def test_a_policy_of_ones_own():
    class OddOnes:
        def admits(self, draft):
            return ord(draft.sentence.text[0]) % 2 == 1

    assert kept([1, 2, 3, 4], OddOnes()) == "AC"


class Asked:
    """A policy that counts how often it is asked."""

    def __init__(self, policy, is_prefix):
        self.policy = policy
        self.is_prefix = is_prefix
        self.times = 0

    def admits(self, draft):
        self.times += 1
        return self.policy.admits(draft)


def test_a_prefix_is_not_asked_after_its_first_refusal():
    scores = [0.1 * n for n in range(10)]
    every, few = Asked(TopK(2), False), Asked(TopK(2), True)
    assert kept(scores, every) == kept(scores, few) == "IJ"
    assert (every.times, few.times) == (10, 3)


@pytest.mark.parametrize(
    "policy", [TopK(2), TopP(0.7), Threshold(0.5), TopK(3) & Threshold(0.4), TopP(0.9) & TopK(4)]
)
@given(values=st.lists(st.sampled_from([0.1, 0.3, 0.5, 0.7, 0.9]), min_size=1, max_size=20),
       expand=st.tuples(st.integers(0, 2), st.integers(0, 2)))  # fmt: skip
def test_a_prefix_keeps_what_it_would_keep_if_it_were_asked_of_all(policy, values, expand):
    assert policy.is_prefix
    every = Asked(policy, False)
    assert kept(values, policy, expand=expand) == kept(values, every, expand=expand)


def test_what_is_no_prefix_is_asked_of_all():
    class Every2nd(TopK):
        def admits(self, draft):
            return draft.rank % 2 == 1

    assert not Every2nd(1).is_prefix
    assert kept([0.9, 0.8, 0.7, 0.6], Every2nd(1)) == "BD"
    assert kept([0.9, 0.8, 0.7, 0.6], Every2nd(1) & TopK(1)) == "B"
    assert not (TopK(2) & TokenBudget(3, count_words)).is_prefix


@pytest.mark.parametrize("k", [0, -1, 1.5, "2", True, None])
def test_top_k_refuses(k):
    with pytest.raises(ValueError, match="whole number of at least 1"):
        TopK(k)


@pytest.mark.parametrize("value", [math.nan, "0.3", None, False])
def test_threshold_refuses(value):
    with pytest.raises(ValueError, match="min_score"):
        Threshold(value)


def test_budget_refuses():
    with pytest.raises(ValueError, match="max_tokens=0"):
        TokenBudget(0, len)
    with pytest.raises(TypeError, match="count_tokens"):
        TokenBudget(5, "gpt2")


def test_combining_with_what_is_no_selector():
    with pytest.raises(TypeError, match="not a selector"):
        TopK(1) & 3
    with pytest.raises(TypeError, match="not a selector"):
        All(TopK)


def test_equal_combinations_are_equal_and_show_their_parts():
    assert hash(TopK(1) & Threshold(0)) == hash(All(TopK(1), Threshold(0)))
    assert TopK(1) & Threshold(0) != Threshold(0) & TopK(1)
    assert repr(TopK(1) & Threshold(0)) == "TopK(k=1) & Threshold(min_score=0)"


def test_make_selector():
    assert make_selector(max_tokens=9, count_tokens=len) == TokenBudget(9, len)
    assert make_selector() is None
    assert make_selector(top_k=3) == TopK(3)
    assert make_selector(top_k=3, min_score=0.1) == TopK(3) & Threshold(0.1)
    with pytest.raises(ValueError, match="needs count_tokens"):
        make_selector(max_tokens=10)


scores = st.lists(st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.9]), min_size=1, max_size=12)


@given(scores, st.integers(1, 12), st.tuples(st.integers(0, 2), st.integers(0, 2)))
def test_budget_is_never_exceeded_and_order_is_kept(values, budget, expand):
    document, sentences = scored_document(values)
    chosen, dropped = select(
        [document], sentences, TokenBudget(budget, len), Layout(elision="[…]"), expand
    )
    assert len(assemble([document], chosen, Layout(elision="[…]"))) <= budget
    assert list(chosen) == sorted(chosen, key=lambda s: s.start)
    assert set(chosen) | set(dropped) == set(sentences)


@given(scores, st.integers(1, 12))
def test_top_k_is_a_stable_sort(values, k):
    best = sorted(range(len(values)), key=lambda i: -values[i])[:k]
    assert kept(values, TopK(k)) == "".join(chr(ord("A") + i) for i in sorted(best))
