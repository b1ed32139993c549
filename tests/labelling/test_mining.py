"""The mining step, worked out by hand and by its definition."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recomp_core.labelling.mining import Mined, mine


def test_the_likeliest_is_the_positive_and_the_closest_of_the_others_are_negatives():
    #        0     1     2     3
    scores = [-5.0, -1.0, -4.0, -3.0]
    similarities = [0.9, 0.1, 0.3, 0.5]
    assert mine(scores, similarities) == Mined(1, (0, 3, 2))
    assert mine(scores, similarities, num_negatives=2) == Mined(1, (0, 3))
    assert mine(scores, similarities, num_negatives=0) == Mined(1, ())


def test_what_is_within_epsilon_of_the_positive_is_neither():
    scores = [-1.0, -1.5, -2.0, -2.5]
    similarities = [0.0, 0.0, 0.0, 0.0]
    # -2.0 + 1.0 < -1.0 does not hold: exactly epsilon away is not far enough.
    assert mine(scores, similarities, epsilon=1.0) == Mined(0, (3,))
    assert mine(scores, similarities, epsilon=0.0) == Mined(0, (1, 2, 3))
    assert mine(scores, similarities, epsilon=9.0) == Mined(0, ())


def test_ties():
    # Two equally likely: the first is the positive, the other is no negative.
    assert mine([0.0, 1.0, 1.0], [0.5, 0.5, 0.5]) == Mined(1, (0,))
    # Equally close: document order.
    assert mine([9.0, 0.0, 0.0, 0.0], [0.0, 0.7, 0.7, 0.8], num_negatives=2) == Mined(0, (3, 1))
    assert mine([2.0, 2.0], [0.0, 0.0]) == Mined(0, ())


def test_with_exact_match_as_score_the_negatives_are_those_that_fail():
    assert mine([0.0, 1.0, 0.0, 1.0], [0.4, 0.3, 0.9, 0.8]) == Mined(1, (2, 0))


def test_an_upper_bound_is_never_the_positive_and_a_negative_only_where_it_proves_it():
    scores = [-0.5, -2.0, -3.0, -1.0]
    bounds = [True, False, True, True]
    # 0 may be better or worse than 1, 2 is worse for certain, 3 is open.
    assert mine(scores, [0.0] * 4, bounds=bounds) == Mined(1, (2,))
    assert mine(scores, [0.0] * 4, bounds=[True] * 4) is None


def test_a_text_that_occurs_twice_is_one_negative():
    texts = ["a", "b", "b", "c", "a"]
    scores = [0.0, -1.0, -1.0, -2.0, 0.0]
    assert mine(scores, [0.0, 0.1, 0.2, 0.0, 0.9], texts=texts) == Mined(0, (2, 3))


def test_no_candidates():
    assert mine([], []) is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"epsilon": -0.1}, "epsilon"),
        ({"epsilon": math.nan}, "epsilon"),
        ({"num_negatives": -1}, "num_negatives"),
        ({"num_negatives": 1.5}, "num_negatives"),
        ({"bounds": [True]}, "2 scores but 1 bounds"),
        ({"texts": []}, "2 scores but 0 texts"),
    ],
)
def test_settings_that_cannot_work(arguments, message):
    with pytest.raises(ValueError, match=message):
        mine([1.0, 0.0], [0.0, 0.0], **arguments)


def test_numbers_that_are_none():
    with pytest.raises(ValueError, match="nan"):
        mine([math.nan], [0.0])
    with pytest.raises(ValueError, match="inf"):
        mine([0.0], [math.inf])


numbers = st.floats(-4, 4).map(lambda value: round(value, 1))  # coarse, so that ties happen
candidates = st.lists(st.tuples(numbers, numbers, st.booleans(), st.sampled_from("abc")))


@given(candidates, st.sampled_from([0.0, 0.5, 1.0]), st.integers(0, 5))
def test_the_definition_holds(rows, epsilon, num_negatives):
    scores, similarities, bounds, texts = ([row[i] for row in rows] for i in range(4))
    mined = mine(
        scores,
        similarities,
        epsilon=epsilon,
        num_negatives=num_negatives,
        bounds=bounds,
        texts=texts,
    )
    exact = [score for score, bound in zip(scores, bounds, strict=True) if not bound]
    if mined is None:
        assert not exact
        return
    best = scores[mined.positive]
    assert not bounds[mined.positive]
    assert best == max(exact)
    assert scores.index(best) == mined.positive or bounds[scores.index(best)]
    assert len(mined.negatives) <= num_negatives
    chosen = [texts[n] for n in mined.negatives]
    assert len(set(chosen)) == len(chosen)
    assert texts[mined.positive] not in chosen
    assert all(scores[n] + epsilon < best for n in mined.negatives)
    assert [similarities[n] for n in mined.negatives] == sorted(
        (similarities[n] for n in mined.negatives), reverse=True
    )
    if len(mined.negatives) < num_negatives:  # nothing that could have been taken was left out
        left = {text for score, text in zip(scores, texts, strict=True) if score + epsilon < best}
        assert left - {texts[mined.positive]} == set(chosen)


@given(st.permutations(range(6)))
def test_the_order_of_candidates_matters_only_among_equals(order):
    rows = [(float(n), float(-n), False, n) for n in range(6)]
    plain = mine([row[0] for row in rows], [row[1] for row in rows], num_negatives=3)
    moved = mine([rows[n][0] for n in order], [rows[n][1] for n in order], num_negatives=3)
    assert plain is not None
    assert moved is not None
    assert order[moved.positive] == plain.positive
    assert tuple(order[n] for n in moved.negatives) == plain.negatives
