"""Means, intervals, differences and curves: worked out by hand or by the plain formula."""

import math

import numpy as np
import pytest

from recomp_core.evaluation.results import Evaluation, Row
from recomp_core.evaluation.statistics import (
    at_rate,
    difference_interval,
    mean_interval,
    percentile,
    perplexity_interval,
    ratio_interval,
    read_off,
    resampled_means,
    summarize,
    values_at_rate,
)


def test_a_mean_is_over_the_values_that_are_there():
    estimate = mean_interval([1, None, 0, True, None])
    assert estimate.mean == pytest.approx(2 / 3)
    assert estimate.n == 3
    assert mean_interval([None, None]) is None
    assert mean_interval([]) is None


def test_equal_values_have_an_interval_without_width():
    assert mean_interval([0.25] * 7) == (0.25, 0.25, 0.25, 7)


def test_the_interval_is_the_plain_percentile_bootstrap():
    values = np.random.default_rng(3).random(40)
    drawn = np.random.default_rng(5).integers(0, 40, (2_000, 40))
    low, high = np.percentile(values[drawn].mean(1), [2.5, 97.5])
    assert mean_interval(values.tolist(), seed=5)[1:3] == pytest.approx((low, high))


def test_the_interval_of_a_share_is_as_wide_as_the_binomial_one():
    # 400 of 1,000: the standard error is √(.4 · .6 / 1,000) = 0.0155, ±1.96 of it 0.0304
    estimate = mean_interval([1.0] * 400 + [0.0] * 600)
    assert estimate.mean - estimate.low == pytest.approx(0.0304, abs=0.002)
    assert estimate.high - estimate.mean == pytest.approx(0.0304, abs=0.002)


def test_the_seed_decides():
    values = [0.1, 0.5, 0.9, 0.2, 0.3]
    assert mean_interval(values, seed=1) == mean_interval(values, seed=1)
    assert mean_interval(values, seed=1) != mean_interval(values, seed=2)


def test_draws_in_several_goes_are_as_good(monkeypatch):
    from recomp_core.evaluation import statistics

    values = np.random.default_rng(0).random((50, 2))
    monkeypatch.setattr(statistics, "_CELLS_AT_ONCE", 120)  # two draws at a time
    means = resampled_means(values, draws=3_001)
    assert means.shape == (3_001, 2)
    assert means.mean(0) == pytest.approx(values.mean(0), abs=0.01)
    assert means.std(0) == pytest.approx(values.std(0) / math.sqrt(50), rel=0.1)


def test_a_draw_is_over_the_values_that_it_has():
    values = np.array([[1.0, np.nan], [np.nan, np.nan], [1.0, 5.0]])
    means = resampled_means(values, draws=500)
    assert set(means[~np.isnan(means[:, 0]), 0]) == {1.0}
    assert set(means[~np.isnan(means[:, 1]), 1]) == {5.0}
    # All three draws miss the third question in (2/3)³ = 30 % of cases.
    assert np.isnan(means[:, 1]).mean() == pytest.approx(8 / 27, abs=0.07)


def test_a_difference_is_paired():
    # Each is better by 0.1 whatever the question: the interval has no width, though values vary.
    a = [0.0, 0.5, 0.9, None, 0.3]
    b = [0.1, 0.6, 1.0, 0.7, None]
    estimate = difference_interval(a, b)
    assert estimate == (pytest.approx(0.1), pytest.approx(0.1), pytest.approx(0.1), 3)
    with pytest.raises(ValueError, match="got 1 and 2"):
        difference_interval([1], [1, 2])


def test_a_ratio_is_one_of_sums():
    # (1 + 9) ÷ (1 + 3), not the mean of 1 and 3
    assert ratio_interval([1, 9], [1, 3]).mean == 2.5
    assert ratio_interval([4, 8, 2], [2, 4, 1])[:3] == (2.0, 2.0, 2.0)
    assert ratio_interval([], []) is None
    assert ratio_interval([1.0], [0]) is None


def test_perplexity_by_hand():
    rows = [
        Row("1", "s", nll=2 * math.log(4), target_tokens=2),
        Row("2", "s", nll=math.log(2), target_tokens=1),
        Row("3", "s"),
        Row("4", "s", nll=0.0, target_tokens=0),
    ]
    # (4 · 4 · 2) to the power of 1/3
    estimate = perplexity_interval(rows)
    assert estimate.mean == pytest.approx(32 ** (1 / 3))
    assert estimate.n == 2
    assert estimate.low == pytest.approx(2)
    assert estimate.high == pytest.approx(4)
    assert perplexity_interval(rows[2:]) is None


def test_percentiles_lie_between_the_two_nearest():
    assert percentile([4, None, 1, 3, 2], 50) == 2.5
    assert percentile([0.0, 1.0], 95) == pytest.approx(0.95)
    assert percentile([None], 50) is None


def test_a_curve_is_read_off_between_two_points():
    values = np.array([[0.0, 1.0], [1.0, 1.0]])
    found, reached = read_off([0.1, 0.3], values, 0.15)
    assert found.tolist() == pytest.approx([0.25, 1.0])
    assert reached == 0.15
    # The order of the points does not matter.
    again, _ = read_off([0.3, 0.1], values[::-1], 0.15)
    assert again.tolist() == found.tolist()


def test_a_curve_is_not_prolonged():
    values = np.array([[0.4], [0.8]])
    assert read_off([0.1, 0.3], values, 0.05) is None
    assert read_off([0.1, 0.3], values, 0.1)[0].tolist() == [0.4]
    # Beyond its end it is what its dearest setting keeps, at that setting's rate.
    found, reached = read_off([0.1, 0.3], values, 0.5)
    assert (found.tolist(), reached) == ([0.8], 0.3)
    # From the empty text on, which is known to be worth 0, it can be read off: halfway.
    below, _ = read_off([0.1, 0.3], values, 0.05, np.array([0.0]))
    assert below.tolist() == pytest.approx([0.2])


def rows_of(system, setting, rate, found, **others):
    return [
        Row(str(n), system, setting, tokens_before=100, tokens_after=round(100 * rate),
            answer_recall=value, empty=rate == 0, **others)
        for n, value in enumerate(found)
    ]  # fmt: skip


@pytest.fixture
def evaluation():
    return Evaluation((
        *rows_of("s", "top_k=9", 0.9, [True, True, True, True]),  # the system's own setting
        *rows_of("s", "top_p=0.5", 0.30, [True, True, True, False]),
        *rows_of("s", "top_p=0.1", 0.10, [True, False, False, False]),
    ))  # fmt: skip


def test_a_curve_has_settings_of_one_kind_in_order_of_their_rates(evaluation):
    assert evaluation.curve("s") == ("top_p=0.1", "top_p=0.5")
    assert evaluation.settings("s")[0] == "top_k=9"


def test_recall_at_a_rate_by_hand(evaluation):
    # At 0.2 halfway between 1/4 and 3/4; question by question 1, ½, ½, 0.
    values, reached = values_at_rate(evaluation, "s", "answer_recall", 0.2)
    assert values == pytest.approx({"0": 1.0, "1": 0.5, "2": 0.5, "3": 0.0})
    assert reached == 0.2
    estimate = at_rate(evaluation, "s", "answer_recall", 0.2)
    assert estimate.mean == pytest.approx(0.5)
    assert estimate[1:3] == pytest.approx(mean_interval([1.0, 0.5, 0.5, 0.0])[1:3])
    # At 0.05 halfway from nothing to the cheapest point; at 0.5 what the dearest keeps.
    assert at_rate(evaluation, "s", "answer_recall", 0.05).mean == pytest.approx(0.125)
    beyond = at_rate(evaluation, "s", "answer_recall", 0.5)
    assert (beyond.mean, beyond.rate) == (0.75, pytest.approx(0.3))


def test_what_the_reader_says_to_nothing_is_known_from_the_system_none(evaluation):
    from dataclasses import replace

    read = [replace(row, f1=float(row.answer_recall)) for row in evaluation.rows]
    assert at_rate(Evaluation(tuple(read)), "s", "f1", 0.05) is None
    nothing = rows_of("none", "", 0, [False] * 4, f1=0.25)
    with_none = Evaluation((*read, *nothing))
    # Halfway from .25 at the rate 0 to .25 at the rate .1
    assert at_rate(with_none, "s", "f1", 0.05).mean == pytest.approx(0.25)


def test_a_rate_is_a_share(evaluation):
    with pytest.raises(ValueError, match="above 0 and at most 1"):
        at_rate(evaluation, "s", "answer_recall", 10)
    with pytest.raises(ValueError, match="no measure 'recall'"):
        at_rate(evaluation, "s", "recall", 0.1)
    with pytest.raises(ValueError, match="no system 'x': there are s"):
        at_rate(evaluation, "x", "answer_recall", 0.1)


def test_a_summary_says_over_how_many():
    rows = (
        Row("1", "s", tokens_before=10, tokens_after=5, answer_recall=True, answerable=True,
            empty=False, seconds=1.0),
        Row("2", "s", tokens_before=10, tokens_after=0, answer_recall=False, answerable=True,
            empty=True, seconds=2.0),
        Row("3", "s", tokens_before=10, tokens_after=0, answerable=False, empty=True, seconds=3.0,
            reader_error="x"),
        Row("4", "s", error="x"),
    )  # fmt: skip
    (summary,) = summarize(Evaluation(rows))
    assert (summary.n, summary.errors, summary.reader_errors) == (4, 1, 1)
    assert summary.means["rate"][::3] == (pytest.approx(1 / 6), 3)
    assert summary.means["answer_recall"][::3] == (0.5, 2)
    assert "f1" not in summary.means
    assert (summary.p50, summary.p95) == (2.0, pytest.approx(2.9))
    assert summary.empty_answerable[::3] == (0.5, 2)
    assert summary.empty_unanswerable[::3] == (1.0, 1)
    assert summary.perplexity is None
    assert summary.to_dict()["means"]["answer_recall"]["n"] == 2


def test_summaries_are_those_of_each_mean_alone(monkeypatch):
    from recomp_core.evaluation import statistics

    evaluation = Evaluation((
        *rows_of("a", "k=1", 0.1, [True, False, False, True, True]),
        *rows_of("a", "k=2", 0.2, [True, None, False, True, True]),
        *rows_of("b", "", 0.2, [False, False, False, True, True]),
    ))  # fmt: skip
    together = summarize(evaluation, seed=4)
    monkeypatch.setattr(statistics, "_VALUES_AT_ONCE", 1)
    assert summarize(evaluation, seed=4) == together
    whole = mean_interval([True, False, False, True, True], seed=4)
    assert together[0].means["answer_recall"] == pytest.approx(whole)
