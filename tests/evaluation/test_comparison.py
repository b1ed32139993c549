"""Comparisons, gates, costs and tables: by hand."""

import json

import pytest

from recomp_core.data import Question
from recomp_core.evaluation import Evaluation, Row, compare
from recomp_core.evaluation.costs import break_even, costs_of
from recomp_core.evaluation.gates import Gate, check_gates
from recomp_core.evaluation.reports.markdown import (
    as_markdown,
    comparison_table,
    costs_table,
    curve_table,
    points_table,
    to_dict,
)


def rows(system, found, *, setting="", rate=0.1, measure="answer_recall", **others):
    return [
        Row(str(n), system, setting, tokens_before=1000, tokens_after=round(1000 * rate),
            empty=False, **{measure: value}, **others)
        for n, value in enumerate(found)
    ]  # fmt: skip


def evaluation(*parts, **about):
    return Evaluation(tuple(row for part in parts for row in part), {}, about)


class TestCompare:
    def test_a_difference_by_hand(self):
        # Of 40, b alone keeps 10, a alone 2, both 8, neither 20.
        a = [True] * 2 + [False] * 10 + [True] * 8 + [False] * 20
        b = [False] * 2 + [True] * 10 + [True] * 8 + [False] * 20
        found = compare(evaluation(rows("a", a), rows("b", b)), systems=("a", "b"))
        assert (found.n, found.mean_a, found.mean_b) == (40, 0.25, 0.45)
        assert found.difference.mean == pytest.approx(0.2)
        assert (found.better, found.worse, found.equal) == pytest.approx((0.25, 0.05, 0.7))
        assert found.is_shown
        low, high = (f"{100 * value:.1f}" for value in found.difference[1:3])
        assert found.verdict == f"b keeps more answers: +20.0 points ({low} to {high})"
        back = compare(evaluation(rows("a", a), rows("b", b)), systems=("b", "a"))
        assert back.verdict.startswith("a keeps fewer answers: -20.0 points (")

    def test_no_difference_is_said_so(self):
        same = evaluation(rows("a", [True, False] * 15), rows("b", [False, True] * 15))
        found = compare(same, systems=("a", "b"))
        assert not found.is_shown
        assert found.verdict.startswith("no difference shown at n=30: +0.0 points (")

    def test_a_few_questions_make_no_verdict(self):
        few = evaluation(rows("a", [False] * 19), rows("b", [True] * 19))
        found = compare(few, systems=("a", "b"))
        assert not found.is_shown
        assert found.verdict == (
            "too few questions for a verdict: +100.0 points (100.0 to 100.0) at n=19"
        )

    def test_less_is_better_where_it_is(self):
        both = evaluation(
            rows("a", [1.0] * 30, measure="seconds"), rows("b", [0.5] * 30, measure="seconds")
        )
        found = compare(both, systems=("a", "b"), measure="seconds")
        assert (found.better, found.worse) == (1.0, 0.0)
        assert found.verdict == "b is faster: -0.5 s (-0.5 to -0.5)"

    def test_only_common_questions_with_the_measure_count(self):
        both = evaluation(rows("a", [True, None, False]), rows("b", [True, True, None, True]))
        assert compare(both, systems=("a", "b")).n == 1
        with pytest.raises(ValueError, match="no question has f1 in both"):
            compare(both, systems=("a", "b"), measure="f1")

    def test_two_runs_of_one_system(self):
        before = evaluation(rows("ours", [False] * 25))
        after = evaluation(rows("ours", [True] * 25))
        found = compare(before, after)
        assert (found.a, found.b) == ("ours (A)", "ours (B)")
        assert found.verdict == "ours (B) keeps more answers: +100.0 points (100.0 to 100.0)"

    def test_runs_of_other_questions_are_not_compared(self):
        def asked(query):
            question = Question("0", query, ("x",), ())
            return Evaluation(tuple(rows("s", [True])), {"0": question})

        with pytest.raises(ValueError, match="question '0' is 'who' in one and 'why' in the other"):
            compare(asked("who"), asked("why"))

    def test_curves_are_compared_at_a_rate(self):
        both = evaluation(
            rows("a", [True, False], setting="k=1", rate=0.1),
            rows("a", [True, True], setting="k=2", rate=0.3),
            rows("b", [True, True], setting="k=1", rate=0.2),
        )
        # At 0.2: a halfway between its points, b at its point.
        found = compare(both, systems=("a", "b"), at_rate=0.2)
        assert (found.mean_a, found.mean_b) == (pytest.approx(0.75), 1.0)
        assert found.difference.mean == pytest.approx(0.25)
        assert (found.rate_a, found.rate_b) == (0.2, 0.2)

    def test_settings_can_be_compared(self):
        one = evaluation(
            rows("a", [True, False], setting="k=1"), rows("a", [True, True], setting="k=2")
        )
        found = compare(one, systems=("a", "a"), settings=("k=1", "k=2"))
        assert (found.a, found.b, found.mean_b) == ("a k=1", "a k=2", 1.0)
        with pytest.raises(ValueError, match="a has no setting 'k=3': there are 'k=1', 'k=2'"):
            compare(one, systems=("a", "a"), settings=("k=1", "k=3"))

    def test_two_systems_must_be_named(self):
        with pytest.raises(ValueError, match=r"systems=\(a, b\): there are a, b"):
            compare(evaluation(rows("a", [True]), rows("b", [True])))

    def test_it_shows_itself(self):
        found = compare(evaluation(rows("<a>", [True]), rows("b", [True])), systems=("<a>", "b"))
        page = found._repr_html_()
        assert "&lt;a&gt;" in page
        assert "<a>" not in page
        assert json.loads(json.dumps(found.to_dict()))["difference"]["n"] == 1


class TestGates:
    @pytest.mark.parametrize(
        ("text", "gate"),
        [
            ("answer_recall=0.9@rate=0.1", ("answer_recall", 0.9, False, False, "mean", 0.1)),
            ("answer_recall = 90% @ rate = 10%", ("answer_recall", 0.9, False, True, "mean", 0.1)),
            ("f1>=.5", ("f1", 0.5, False, False, "mean", None)),
            ("rate<=0.1", ("rate", 0.1, True, False, "mean", None)),
            ("seconds.p95<=2e-1", ("seconds", 0.2, True, False, "p95", None)),
            ("perplexity<=12", ("perplexity", 12.0, True, False, "mean", None)),
        ],
    )
    def test_they_are_read(self, text, gate):
        read = Gate.parse(text)
        assert (
            read.measure, read.value, read.at_most, read.relative, read.statistic, read.rate,
        ) == gate  # fmt: skip

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("answer_recall", "can't be read: write it as"),
            ("answer_recall<0.9", "can't be read"),
            ("answer_recall=0.9@0.1", "can't be read"),
            ("recall=0.9", "of no measure: choose among rate"),
            ("seconds.p99<=1", "asks for p99"),
            ("f1=0.5@rate=0", "above 0 and at most 1"),
            ("seconds.p95<=1@rate=0.1", "only means"),
        ],
    )
    def test_what_cannot_be_read_is_said(self, text, message):
        with pytest.raises(ValueError, match=message):
            Gate.parse(text)

    def test_verdicts_by_hand(self):
        one = evaluation(rows("s", [True, True, True, False], rate=0.2), rows("all", [True] * 4))
        # At 0.1 halfway to nothing: 0.375.
        passed, failed, relative = check_gates(
            one, ["answer_recall=0.75", "answer_recall=0.4@rate=0.1", "answer_recall=80%"]
        )
        assert passed.passed
        assert str(passed) == "passed: answer_recall=0.75 of s: 0.75, at least 0.75 wanted"
        assert (failed.passed, failed.found) == (False, pytest.approx(0.375))
        assert str(failed).endswith("0.375, at least 0.4 wanted, off by 0.025")
        assert (relative.passed, relative.wanted) == (False, 0.8)
        (whole,) = check_gates(one, ["answer_recall=1"], "all")
        assert whole.passed

    def test_a_share_of_what_all_documents_hold(self):
        known = [True, True, False, False]
        rows_ = [
            Row(
                str(n), "s", answer_recall=n == 0, answerable=value, tokens_before=9, tokens_after=1
            )
            for n, value in enumerate(known)
        ]
        # Half are answerable, a quarter is kept: 50 % of it.
        verdicts = check_gates(Evaluation(tuple(rows_)), ["answer_recall=50%", "answer_recall=51%"])
        assert [verdict.passed for verdict in verdicts] == [True, False]
        (verdict,) = check_gates(Evaluation(tuple(rows_)), ["rate=50%"])
        assert "add the baseline" in verdict.why

    def test_latency_and_what_is_not_measured(self):
        one = evaluation(rows("s", [0.1, 0.2, 0.3], measure="seconds"))
        fast, slow, unknown = check_gates(
            one, ["seconds.p50<=0.2", "seconds.p95<=0.2", "f1=0.5@rate=0.1"]
        )
        assert (fast.passed, slow.passed) == (True, False)
        assert slow.found == pytest.approx(0.29)
        assert not unknown.passed
        assert str(unknown) == "FAILED: f1=0.5@rate=0.1 of s: f1 is not measured at the rate 0.1"
        with pytest.raises(ValueError, match="no system 'x'"):
            check_gates(one, ["f1=0.5"], "x")


class TestCosts:
    def test_break_even_by_hand(self):
        # 0.18 s on a machine of 2 an hour cost 0.0001; 500 tokens saved: 0.2 per million.
        # The reader must be slower than 500 tokens in 0.18 s.
        found = break_even(0.18, 500, machine_per_hour=2)
        assert found.price_per_million == pytest.approx(0.2)
        assert found.tokens_per_second == pytest.approx(2777.78, abs=0.01)

    def test_nothing_saved_never_pays(self):
        assert break_even(0.1, 0, machine_per_hour=2) == break_even(0.1, -5)
        assert break_even(0.1, 0).tokens_per_second is None
        assert break_even(0.1, 10).price_per_million is None
        assert break_even(0.0, 10, machine_per_hour=2).price_per_million == 0
        assert break_even(0.0, 10).tokens_per_second is None
        with pytest.raises(ValueError, match="seconds must be a number of at least 0, got -1"):
            break_even(-1, 10)

    def test_of_an_evaluation(self):
        one = evaluation(rows("s", [0.36, 0.36, 7.2], measure="seconds"), tokenizer="t")
        found = costs_of(one, "s", price_per_million=2.0, machine_per_hour=1.0)
        assert (found.n, found.tokens_saved, found.seconds) == (3, 900, 0.36)
        assert found.saved_per_question == pytest.approx(0.0018)
        assert found.net_per_question == pytest.approx(0.0017)
        assert found.break_even.price_per_million == pytest.approx(1 / 9)
        assert "| s |  | 900 | 1.8 | 0.1111 | 2,500 |" in costs_table([found])
        assert costs_of(one, "s").saved_per_question is None

    def test_characters_have_no_price(self):
        with pytest.raises(ValueError, match="counted characters"):
            costs_of(evaluation(rows("s", [True])), "s", price_per_million=1.0)


class TestTables:
    @pytest.fixture
    def both(self):
        return evaluation(
            rows("ours", [True, None, True], setting="k=1", rate=0.1, seconds=0.5),
            rows("ours", [True, True, True], setting="k=2", rate=0.3, seconds=0.5),
            rows("a|b", [True, True, True], rate=0.02),
            rows("none", [False] * 3, rate=0),
            [Row("0", "broken", error="x")],
            tokenizer="characters",
            skipped={"bm25": "ImportError: no bm25s"},
        )

    def test_points(self, both):
        table = points_table(both).splitlines()
        assert table[0].startswith(
            "| system | setting | rate % | answer recall % | empty % | p50 s"
        )
        assert "| ours | k=1 | 10.0 (10.0–10.0) | 100.0 (100.0–100.0, n=2) |" in table[2]
        assert r"| a\|b |" in table[3]
        assert table[5].endswith("| – | – | 1 |")
        assert len(points_table(both, every_setting=True).splitlines()) == len(table) + 1

    def test_curves(self, both):
        table = curve_table(both, rates=(0.05, 0.2)).splitlines()
        assert table[0] == "| answer recall %, at a rate of | 5 % | 20 % |"
        assert table[2] == "| ours | 50.0 (50.0–50.0, n=2) | 100.0 (100.0–100.0, n=2) |"
        assert "100.0 (100.0–100.0) (≤ 2.0 %)" in table[3]
        assert len(table) == 4  # neither what is nothing nor what has no curve
        assert curve_table(both, measure="f1") == ""

    def test_the_whole(self, both):
        text = as_markdown(both)
        assert "3 questions; rates in characters." in text
        assert "Skipped: bm25, ImportError: no bm25s" in text
        data = json.loads(json.dumps(to_dict(both)))
        assert data["questions"] == 3
        assert data["points"][0]["means"]["answer_recall"] == {
            "mean": 1.0, "low": 1.0, "high": 1.0, "n": 2,
        }  # fmt: skip
        read = [c for c in data["curves"] if (c["system"], c["asked"]) == ("a|b", 0.1)]
        assert read[0]["rate"] == pytest.approx(0.02)
        assert data["costs"] == []

    def test_comparisons(self, both):
        found = compare(both, systems=("none", "ours"))
        line = comparison_table([found]).splitlines()[2]
        assert line.startswith(
            "| answer recall | none | ours | 2 | 0.0 % | 100.0 % | +100.0 points | 100.0 to 100.0 |"
        )
