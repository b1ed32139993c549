"""Calibration: the statistics by hand, what a question needs, the promise, and where it is stored."""

import json
import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_bert import save_contriever_style

from recomp_core import (
    Document,
    ExtractiveCompressor,
    ModelLoadError,
    Threshold,
    TokenBudget,
    TokenCounter,
    TopK,
    TopP,
    load_compressor,
    save_compressor,
)
from recomp_core.evaluation.calibration import Calibration, calibrate, load_calibration
from recomp_core.evaluation.calibration.guarantees import (
    allowed_losses,
    choose,
    kept_at_least,
    questions_needed,
)
from recomp_core.evaluation.calibration.result import scoring_settings
from recomp_core.evaluation.calibration.setting_families import Family
from recomp_core.extractive.selection import select
from recomp_core.persistence.compressors import store_calibration
from recomp_core.text.answers import contains_answer
from recomp_core.text.joining import Layout
from recomp_core.types import ScoredSentence, assemble

# --- statistics


def test_one_answer_in_twenty_may_be_lost_takes_forty_five_questions_without_a_loss():
    # 0.95 ** 44 = 0.1047, 0.95 ** 45 = 0.0994
    assert questions_needed(0.95, 0.9) == 45
    assert allowed_losses(44, 0.95, 0.9) == -1
    assert allowed_losses(45, 0.95, 0.9) == 0
    # 0.95 ** 76 + 76 * 0.05 * 0.95 ** 75 = 0.1014, and 0.0974 for 77
    assert allowed_losses(76, 0.95, 0.9) == 0
    assert allowed_losses(77, 0.95, 0.9) == 1


def test_a_tail_that_equals_the_allowed_error_passes():
    assert allowed_losses(2, 0.5, 0.75) == 0  # 1/4
    assert allowed_losses(3, 0.5, 0.5) == 1  # 1/8 + 3/8
    assert questions_needed(0.5, 0.75) == 2


def test_on_average_the_rank_is_that_of_split_conformal_prediction():
    # ⌈(n + 1) · keep⌉ of 19: 19, of 39: 38, of 38: 38 (37.05 rounded up)
    assert [allowed_losses(n, 0.95, guarantee="average") for n in (18, 19, 38, 39)] == [-1, 0, 0, 1]
    assert questions_needed(0.95, guarantee="average") == 19
    assert questions_needed(0.5, guarantee="average") == 1
    # In decimals, not in binary fractions: 0.07 · 100 is 7.000000000000001.
    assert allowed_losses(99, 0.93, guarantee="average") == 6


def test_the_bound_is_that_of_clopper_and_pearson():
    assert kept_at_least(45, 0, 0.9) == pytest.approx(0.1 ** (1 / 45))
    assert kept_at_least(2, 1, 0.75) == pytest.approx(1 - math.sqrt(0.75))  # 1 - (1 - k)² = 1/4
    assert kept_at_least(5, 5, 0.9) == 0.0
    assert kept_at_least(19, 0, guarantee="average") == 0.95


def test_the_bound_agrees_with_the_quantile_of_the_beta_distribution():
    stats = pytest.importorskip("scipy.stats")
    for n, losses, confidence in ((60, 3, 0.9), (1_000, 41, 0.99), (100_000, 5_000, 0.95)):
        expected = stats.beta.ppf(1 - confidence, n - losses, losses + 1)
        assert kept_at_least(n, losses, confidence) == pytest.approx(expected, abs=1e-9)


@given(st.integers(1, 400), st.sampled_from([0.5, 0.8, 0.9, 0.95, 0.99]))
def test_the_most_that_may_be_lost_is_the_most_whose_bound_suffices(n, keep):
    allowed = allowed_losses(n, keep, 0.9)
    if allowed >= 0:
        assert kept_at_least(n, allowed, 0.9) >= keep - 1e-9
    assert kept_at_least(n, allowed + 1, 0.9) < keep


@given(st.lists(st.integers(0, 30), min_size=45, max_size=120))
def test_the_order_statistic_is_where_testing_from_the_most_cautious_setting_on_ends(needs):
    passed = math.inf
    for caution in sorted(set(needs), reverse=True):
        losses = sum(need > caution for need in needs)
        tail = sum(
            math.comb(len(needs), k) * 0.05**k * 0.95 ** (len(needs) - k) for k in range(losses + 1)
        )
        if tail > 0.1:
            break
        passed = caution
    assert choose(needs, 0.95, 0.9) == passed


def test_the_choice_by_hand():
    assert choose(range(1, 46), 0.95, 0.9) == 45  # nothing may be lost
    assert choose(range(1, 78), 0.95, 0.9) == 76  # one may
    assert choose([1] * 75 + [9, 9], 0.95, 0.9) == 9  # of equal needs both are kept
    assert choose(range(1, 40), 0.95, guarantee="average") == 38


def test_too_few_questions_are_told_how_many_it_takes_and_what_can_be_promised():
    with pytest.raises(ValueError) as caught:
        choose([1.0] * 30, 0.95, 0.9)
    assert str(caught.value) == (
        "keep=0.95 with confidence 0.9 takes at least 45 questions whose documents hold an answer, "
        "and there are 30: give more questions, or promise keep=0.926, "
        'or take guarantee="average"'
    )  # 0.1 ** (1 / 30) = 0.92612
    with pytest.raises(ValueError, match=r"and there are 0: give more questions$"):
        choose([], 0.95, 0.9)
    with pytest.raises(ValueError, match=r"keep=0.95 takes at least 19 .* promise keep=0.9$"):
        choose([1.0] * 9, 0.95, guarantee="average")


def test_a_family_that_cannot_keep_enough_is_told():
    with pytest.raises(ValueError, match="2 of 45 answers are lost at its most cautious, 0 may"):
        choose([1.0] * 43 + [math.inf] * 2, 0.95, 0.9)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"keep": 1.0}, "keep must be a share between 0 and 1, as 0.95, got 1.0"),
        ({"keep": 95}, "keep must be .* got 95"),
        ({"keep": 0.9, "confidence": 0}, "confidence must be"),
        ({"keep": math.nan}, "keep must be"),
        (
            {"keep": 0.9, "guarantee": "sure"},
            "guarantee must be one of 'confidence', 'average', got 'sure'",
        ),
    ],
)
def test_a_promise_that_is_none(settings, message):
    with pytest.raises(ValueError, match=message):
        choose([1.0] * 99, **settings)


def test_the_promise_holds_as_often_as_it_says():
    """Needs are uniform, so the chosen need is the share that is kept of all questions."""
    draw, repetitions, n = random.Random(7), 400, 90
    held = sum(
        choose([draw.random() for _ in range(n)], 0.95, 0.9) >= 0.95 for _ in range(repetitions)
    )
    # P(Bin(90, 0.05) ≤ 1) = 0.057: one may be lost of 90, and the promise holds in 94.3 %.
    assert allowed_losses(n, 0.95, 0.9) == 1
    expected = 1 - 0.95**90 - 90 * 0.05 * 0.95**89
    spread = math.sqrt(repetitions * expected * (1 - expected))
    assert abs(held - repetitions * expected) <= 4 * spread
    assert held >= 0.9 * repetitions


def test_on_average_the_promise_is_kept_on_average():
    draw, repetitions, n = random.Random(7), 400, 99
    kept = [
        choose([draw.random() for _ in range(n)], 0.9, guarantee="average")
        for _ in range(repetitions)
    ]
    # The 90th of 99 uniform numbers: mean 0.9, standard deviation √(0.9 · 0.1 / 101) = 0.030.
    mean = sum(kept) / repetitions
    assert abs(mean - 0.9) <= 4 * math.sqrt(0.9 * 0.1 / 101 / repetitions)
    assert 0.3 < sum(share >= 0.9 for share in kept) / repetitions < 0.7


# --- what a question needs


def passage(*scored):
    """A document of sentences with these scores."""
    text, sentences = "", []
    for words, score in scored:
        text += " " if text else ""
        sentences.append(ScoredSentence(words, 0, len(text), len(text) + len(words), score))
        text += words
    return [Document(text)], sentences


TEA = passage(("Tea is hot.", 0.5), ("Bob built it.", 0.25), ("Gulls nest.", 0.75))


@pytest.mark.parametrize(
    ("rule", "needed", "value"),
    [("top_k", 3, 3), ("min_score", -0.25, 0.25)],
)
def test_the_third_best_sentence_needs_the_caution_of_three(rule, needed, value):
    family = Family(rule)
    assert family.needed(*TEA, ["Bob"], Layout()) == needed
    assert family.value(needed) == value


def test_top_p_needs_just_more_than_what_ranks_above():
    scores = [math.log(6), math.log(3), math.log(1)]  # probabilities 0.6, 0.3, 0.1
    documents, sentences = passage(("One.", scores[0]), ("Two.", scores[1]), ("Three.", scores[2]))
    family = Family("top_p", temperature=1.0)
    needed = {
        word: family.needed(documents, sentences, [word], Layout())
        for word in ("One", "Two", "Three")
    }
    assert needed == pytest.approx({"One": 0, "Two": 0.6, "Three": 0.9}, abs=1e-12)
    for word, caution in needed.items():
        for p, there in ((family.value(caution), True), (caution, True)):
            kept, _ = select(documents, sentences, TopP(p, 1.0), Layout())
            assert contains_answer(assemble(documents, kept, Layout()), [word]) == there
    kept, _ = select(documents, sentences, TopP(math.nextafter(needed["Two"], 0), 1.0), Layout())
    assert [s.text for s in kept] == ["One."]
    # 0.6 itself is what ranks above: it keeps the first alone, so it is rounded up, not off.
    assert family.value(math.nextafter(0.6, 1)) == 0.600001


def test_equal_scores_come_together_under_a_threshold_and_one_by_one_in_a_top_k():
    documents, sentences = passage(("One.", 0.5), ("Two.", 0.5), ("Three.", 0.1))
    assert Family("min_score").needed(documents, sentences, ["Two"], Layout()) == -0.5
    assert Family("top_k").needed(documents, sentences, ["Two"], Layout()) == 2
    assert Family("top_k").needed(documents, sentences, ["One"], Layout()) == 1


def test_what_is_kept_by_little_caution_and_lost_by_more_needs_more():
    # "New York" stands across two sentences: the second best and the worst. A joint that the best
    # of all brings in between does not matter; what is kept at 1 is not there at 2, and is at 3.
    documents, sentences = passage(("Old New", 0.5), ("yes", 0.4), ("York old", 0.9))
    family = Family("top_k")
    assert contains_answer("Old New York old", ["New York"])
    assert not contains_answer(documents[0].text, ["New York"])
    assert family.needed(documents, sentences, ["New York"], Layout()) == math.inf
    documents, sentences = passage(
        ("Old New", 0.9), ("yes", 0.4), ("York old.", 0.8), ("New York.", 0.1)
    )
    kept, _ = select(documents, sentences, TopK(2), Layout())
    assert contains_answer(assemble(documents, kept, Layout()), ["New York"])  # by the joint
    kept, _ = select(documents, sentences, TopK(3), Layout())
    assert not contains_answer(assemble(documents, kept, Layout()), ["New York"])
    assert family.needed(documents, sentences, ["New York"], Layout()) == 4


def test_a_larger_budget_that_lets_in_a_long_sentence_in_place_of_the_answer_is_no_setting():
    documents, sentences = passage(("Tea tea tea tea tea.", 0.9), ("Bob built it.", 0.5))
    family = Family("max_tokens", count_tokens=lambda text: len(text.split()))
    budgets = {}
    for budget in range(1, 10):
        kept, _ = select(documents, sentences, TokenBudget(budget, family.count_tokens), Layout())
        budgets[budget] = contains_answer(assemble(documents, kept, Layout()), ["Bob"])
    assert [budget for budget, there in budgets.items() if there] == [3, 4, 8, 9]
    assert family.needed(documents, sentences, ["Bob"], Layout()) == 8


def test_a_vanishing_probability_is_kept_by_no_p():
    documents, sentences = passage(("One.", 1.0), ("Two.", -1.0))
    family = Family("top_p", temperature=0.01)  # exp(-200)
    assert family.needed(documents, sentences, ["Two"], Layout()) == math.inf
    assert family.needed(documents, sentences, ["One"], Layout()) < 1e-6


WORDS = ("bob", "tea", "paris", "gulls")


@given(
    st.lists(
        st.tuples(
            st.integers(0, 2),  # document
            st.lists(st.sampled_from(WORDS), min_size=1, max_size=3),
            st.integers(-2, 2),
        ),
        min_size=1,
        max_size=7,
    ),
    st.tuples(st.integers(0, 1), st.integers(0, 1)),
    st.sampled_from(["top_k", "min_score", "top_p", "max_tokens"]),
)
def test_at_what_is_needed_and_beyond_the_answer_is_kept_and_just_below_it_is_not(
    drawn, expand, rule
):
    texts, sentences = ["", "", ""], []
    for index, words, score in sorted(drawn, key=lambda row: row[0]):
        start = len(texts[index]) + bool(texts[index])
        text = " ".join(words) + "."
        texts[index] = (texts[index] + " " if texts[index] else "") + text
        sentences.append(ScoredSentence(text, index, start, start + len(text), float(score)))
    documents = [Document(text) for text in texts]
    family = Family(rule, temperature=1.0, count_tokens=lambda text: len(text.split()))
    if not any(contains_answer(text, ["bob"]) for text in texts):
        return

    def kept(caution):
        selector = family.selector(family.caution(caution))
        chosen, _ = select(documents, sentences, selector, Layout(), expand)
        return contains_answer(assemble(documents, chosen, Layout()), ["bob"])

    if rule in ("top_k", "max_tokens"):
        cautions = list(range(1, 30))
    elif rule == "min_score":
        cautions = [score / 2 for score in range(-6, 7)]
    else:
        cautions = [p / 64 for p in range(1, 65)]
    needed = family.needed(documents, sentences, ["bob"], Layout(), expand)
    assert all(kept(caution) for caution in cautions if caution >= needed)
    below = [caution for caution in cautions if caution < needed]
    assert not below or not kept(below[-1]) or cautions[len(below) - 1] == cautions[-1]


@pytest.mark.parametrize(
    ("rule", "caution", "value"),
    [
        ("min_score", -0.123456789, 0.123456),
        ("min_score", 0.123456789, -0.123457),
        ("min_score", -98765.4321, 98765.4),
        ("min_score", 0.0, 0.0),
        ("top_p", 0.1234561, 0.123457),
        ("top_p", 5e-324, 1e-6),
        ("top_p", 0.9999999, 1.0),
        ("top_k", 3.0, 3),
        ("max_tokens", 120.0, 120),
    ],
)
def test_a_setting_is_rounded_towards_more_caution(rule, caution, value):
    family = Family(rule, count_tokens=len)
    assert family.value(caution) == value
    assert family.caution(value) >= caution


def test_families_that_are_none():
    with pytest.raises(ValueError, match="rule must be one of 'top_p', 'min_score', .* got 'best'"):
        Family("best")
    with pytest.raises(ValueError, match="max_tokens needs count_tokens.*--tokenizer"):
        Family("max_tokens")
    with pytest.raises(ValueError, match="temperature=0"):
        Family("top_p", temperature=0)


# --- the whole way


def by_number(query, sentences):
    """A sentence "n …" scores -n: the lower the number, the better."""
    return [-float(sentence.split()[0]) for sentence in sentences]


def question(n, rank, *, answers=("Bob",), there=True):
    """Ten sentences, the answer in the one that ranks there."""
    name = "Bob" if there else "Ann"
    text = "\n".join(f"{i} {name if i == rank else 'tea'} {n}." for i in range(1, 11))
    return {"id": str(n), "query": f"who {n}?", "answers": list(answers), "documents": [text]}


# 78 questions with an answer: 70 on rank 1, the others on 2, 3, 4, 5, 6, 7, 8, 9. One of 78 may be
# lost. Then five whose documents hold no answer, and two without answers.
QUESTIONS = [
    *(question(n, 1) for n in range(70)),
    *(question(70 + n, n) for n in range(2, 10)),
    *(question(100 + n, 5, there=False) for n in range(5)),
    *(question(200 + n, 5, answers=()) for n in range(2)),
]


@pytest.fixture
def numbered():
    return ExtractiveCompressor(by_number, selector=TopK(1))


def test_a_calibration_by_hand(numbered):
    found = calibrate(QUESTIONS, numbered, keep=0.95, confidence=0.9, rule="top_k")
    assert (found.rule, found.value, found.selector()) == ("top_k", 8, TopK(8))
    assert (found.n, found.n_answerable, found.n_unanswerable) == (85, 78, 5)
    assert (found.allowed, found.lost, found.lost_before) == (1, 1, 8)
    assert found.bound == pytest.approx(kept_at_least(78, 1, 0.9))
    assert found.bound >= 0.95
    assert found.before == "TopK(k=1)"
    # Eight of ten lines of nearly equal length, with their line breaks.
    assert found.rate == pytest.approx(0.79, abs=0.01)
    assert found.rate_before == pytest.approx(0.095, abs=0.01)
    assert found.rate_interval[0] < found.rate < found.rate_interval[1]
    assert (found.empty_answerable, found.empty_unanswerable) == (0, 0)
    assert found.unit == "characters"
    assert numbered.selector == TopK(1)  # never changed
    assert found.promise == (
        "top_k=8 keeps at least 95.0 % of the answers that the documents hold, with confidence 0.9"
    )


def test_what_is_stored_loses_no_more_answers_than_allowed(numbered):
    found = calibrate(QUESTIONS, numbered, keep=0.95, rule="min_score")
    assert found.value == -8
    again = ExtractiveCompressor(by_number, selector=found.selector())
    results = again.compress_batch(
        [q["query"] for q in QUESTIONS[:78]], [q["documents"] for q in QUESTIONS[:78]]
    )
    assert sum(not contains_answer(r.text, ["Bob"]) for r in results) == found.lost == 1


def test_on_average_fewer_questions_do_and_more_is_cut(numbered):
    few = [question(n, 1 + n % 5) for n in range(19)]
    with pytest.raises(ValueError, match="takes at least 45 .* there are 19"):
        calibrate(few, numbered, rule="top_k")
    found = calibrate(few, numbered, rule="top_k", guarantee="average")
    assert (found.value, found.confidence, found.bound) == (5, None, 0.95)
    assert "on average" in found.promise
    assert found.facts()["Bound"] == "95.0 % of all such answers are kept on average"


def test_a_threshold_that_empties_what_has_no_answer_says_so(numbered):
    good = [question(n, 1) for n in range(45)]
    bad = [{**question(100 + n, 5, there=False), "documents": ["7 tea. 8 tea."]} for n in range(4)]
    found = calibrate([*good, *bad], numbered, rule="min_score")
    assert found.value == -1
    assert (found.empty_unanswerable, found.n_unanswerable, found.empty_answerable) == (4, 4, 0)
    assert found.facts()["Empty"] == (
        "0 of 45 with an answer, 4 of 4 without one in their documents"
    )


def test_what_is_left_out_is_counted(numbered):
    extra = [QUESTIONS[0], {"query": ""}, {**question(300, 1), "documents": ["", " "]}]
    found = calibrate([*QUESTIONS, *extra], numbered, rule="top_k")
    assert found.left_out == {
        "repetitions": 1, "broken records": 1, "questions without documents": 1,
    }  # fmt: skip
    assert found.n == 85
    assert found.facts()["Left out"].startswith("1 repetitions, 1 broken records")


def test_the_digest_does_not_depend_on_the_order(numbered):
    one = calibrate(QUESTIONS, numbered, rule="top_k")
    assert calibrate(QUESTIONS[::-1], numbered, rule="top_k").digest == one.digest
    assert calibrate(QUESTIONS[1:], numbered, rule="top_k").digest != one.digest


def test_budgets_are_counted_with_the_counter_that_is_given(numbered):
    found = calibrate(
        QUESTIONS, numbered, rule="max_tokens", count_tokens=lambda text: len(text.split())
    )
    assert found.value == 24  # eight sentences of three words
    assert found.unit == "tokens of the given function"
    with pytest.raises(ValueError, match="counted by a function without a name"):
        found.selector()


def test_the_temperature_is_the_compressors_own(numbered):
    numbered.selector = TopP(0.5, temperature=3.0)
    found = calibrate(QUESTIONS, numbered)
    assert found.selector() == TopP(found.value, 3.0)
    assert calibrate(QUESTIONS, numbered, temperature=2).selector() == TopP(
        calibrate(QUESTIONS, numbered, temperature=2).value, 2
    )


def test_only_what_ranks_sentences_is_calibrated():
    with pytest.raises(TypeError, match="only an ExtractiveCompressor .* got object"):
        calibrate(QUESTIONS, object())


def test_a_bad_promise_is_told_before_anything_is_read():
    with pytest.raises(ValueError, match="keep must be"):
        calibrate("there is no such file", object(), keep=95)


def test_to_dict_and_back(numbered):
    found = calibrate(QUESTIONS, numbered, temperature=3)
    data = json.loads(json.dumps(found.to_dict()))
    assert Calibration.from_dict(data) == found
    with pytest.raises(ValueError, match="no calibration of this version.*calibrate again"):
        Calibration.from_dict({**data, "moon": 1})
    with pytest.raises(ValueError, match="no calibration of this version"):
        Calibration.from_dict({"rule": "top_k"})


def test_a_notebook_shows_it_and_escapes(numbered):
    found = calibrate(QUESTIONS, numbered, rule="top_k")
    shown = found._repr_html_()
    assert "top_k=8 keeps at least 95.0 %" in shown
    assert '<th scope="row"' in shown
    evil = Calibration.from_dict({**found.to_dict(), "before": "<script>"})
    assert "<script>" not in evil._repr_html_()
    assert str(found).splitlines()[0] == found.promise


# --- where it is stored


@pytest.fixture(scope="module")
def contriever(tmp_path_factory):
    return save_contriever_style(tmp_path_factory.mktemp("contriever"))


TOWERS = [
    {"query": "who built the tower?", "answers": ["bob"], "id": n,
     "documents": [f"the tower {n} was built by bob. bananas are yellow. paris."]}
    for n in range(45)
]  # fmt: skip


@pytest.mark.model
def test_a_calibrated_folder_compresses_as_promised(contriever, tmp_path):
    compressor = load_compressor(contriever, device="cpu")
    found = calibrate(TOWERS, compressor, rule="min_score")
    folder = save_compressor(compressor, tmp_path / "mine", calibration=found)
    assert load_calibration(folder) == found
    assert load_compressor(folder, device="cpu").selector == found.selector()
    assert compressor.selector == TopK(2)
    assert found.compressor == scoring_settings(compressor)
    assert found.compressor["similarity_fn_name"] == "dot"


@pytest.mark.model
def test_a_calibration_goes_into_a_folder_without_touching_its_weights(contriever, tmp_path):
    folder = save_compressor(load_compressor(contriever, device="cpu"), tmp_path / "mine")
    assert load_calibration(folder) is None
    before = (folder / "model.safetensors").stat().st_mtime_ns
    found = calibrate(TOWERS, load_compressor(folder, device="cpu"), rule="top_k")
    store_calibration(found, folder)
    assert load_calibration(folder) == found
    assert load_compressor(folder, device="cpu").selector == found.selector()
    assert (folder / "model.safetensors").stat().st_mtime_ns == before
    assert not list(folder.glob(".*"))


@pytest.mark.model
def test_a_calibration_of_other_settings_is_refused(contriever, tmp_path, caplog):
    compressor = load_compressor(contriever, device="cpu")
    found = calibrate(TOWERS, compressor, rule="top_k")
    titled = load_compressor(contriever, device="cpu", context="title")
    with pytest.raises(ValueError, match="with context='sentence', but the compressor has 'title'"):
        save_compressor(titled, tmp_path / "titled", calibration=found)
    folder = save_compressor(titled, tmp_path / "titled")
    with pytest.raises(ValueError, match="context='sentence', but .*titled has 'title'"):
        store_calibration(found, folder)
    with pytest.raises(FileNotFoundError, match="no compressor was saved in"):
        store_calibration(found, tmp_path)
    folder = save_compressor(compressor, tmp_path / "mine", calibration=found)
    load_compressor(folder, device="cpu", context="sentence", expand=(0, 0))
    assert not caplog.records
    load_compressor(folder, device="cpu", context="title")
    assert "was calibrated without context='title'" in caplog.text


@pytest.mark.model
def test_a_selector_that_was_changed_afterwards_has_no_promise(contriever, tmp_path):
    compressor = load_compressor(contriever, device="cpu")
    found = calibrate(TOWERS, compressor, rule="top_k")
    folder = save_compressor(compressor, tmp_path / "mine", calibration=found)
    file = folder / "recomp_config.json"
    config = json.loads(file.read_text())
    file.write_text(json.dumps({**config, "selector": {"type": "top_k", "k": 9}}))
    with pytest.raises(ModelLoadError, match="changed after it was calibrated.*calibrate again"):
        load_calibration(folder)
    file.write_text(json.dumps({**config, "calibration": {"rule": "top_k"}}))
    with pytest.raises(ModelLoadError, match="no calibration of this version"):
        load_calibration(folder)


@pytest.mark.model
def test_a_budget_is_stored_with_its_tokenizer(contriever, tmp_path):
    compressor = load_compressor(contriever, device="cpu")
    counter = TokenCounter(str(contriever))
    found = calibrate(TOWERS, compressor, rule="max_tokens", count_tokens=counter)
    assert found.unit == f"tokens of {contriever.name}"  # where it lies is nobody's business
    folder = save_compressor(compressor, tmp_path / "mine", calibration=found)
    loaded = load_compressor(folder, device="cpu")
    assert loaded.selector == TokenBudget(int(found.value), counter, exact=True)


# --- the command


@pytest.fixture
def recomp(monkeypatch, numbered):
    """The command by itself; what it loads is the compressor of the numbers."""
    import typer
    from typer.testing import CliRunner

    import recomp_core.persistence.compressors
    from recomp_core.cli.calibrate import calibrate as command

    def load(model, **settings):
        assert settings.pop("device") == "cpu"
        if model is None:
            return numbered
        return load_compressor(model, device="cpu", **settings)

    monkeypatch.setattr(recomp_core.persistence.compressors, "load_compressor", load)
    app = typer.Typer()
    app.command()(command)
    return lambda *arguments: CliRunner().invoke(
        app, [*map(str, arguments), "--device", "cpu"], catch_exceptions=True
    )


def lines(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_the_command_shows_the_setting_and_its_price(recomp, tmp_path):
    done = recomp(lines(tmp_path / "q.jsonl", QUESTIONS), "--rule", "top_k", "--keep", "0.95")
    assert done.exit_code == 0, done.output
    assert "top_k=8 keeps at least 95.0 % of the answers" in done.stdout
    assert "Rate" in done.stdout


def test_the_command_gives_json(recomp, tmp_path):
    done = recomp(lines(tmp_path / "q.jsonl", QUESTIONS), "--rule", "min_score", "--json")
    found = Calibration.from_dict(json.loads(done.stdout))
    assert found.selector() == Threshold(-8)


def test_broken_records_end_the_command_with_three(recomp, tmp_path):
    file = lines(tmp_path / "q.jsonl", QUESTIONS)
    file.write_text(file.read_text() + "{\n")
    assert recomp(file, "--rule", "top_k").exit_code == 3


def test_an_output_that_cannot_be_written_is_told_before_the_work(recomp, tmp_path):
    questions = lines(tmp_path / "q.jsonl", QUESTIONS)
    done = recomp(questions, "--output", tmp_path)  # holds the questions
    assert "choose another folder" in str(done.exception)
    done = recomp(questions, "--output", tmp_path / "new")
    assert "can't be saved" in str(done.exception)  # the scorer is a function
    assert not (tmp_path / "new").exists()


@pytest.mark.model
def test_the_command_stores_the_setting_in_place_and_elsewhere(recomp, contriever, tmp_path):
    questions = lines(tmp_path / "q.jsonl", TOWERS)
    done = recomp(questions, "-m", contriever, "--rule", "top_k", "-o", tmp_path / "mine")
    assert done.exit_code == 0, done.output
    first = load_calibration(tmp_path / "mine")
    assert first.rule == "top_k"
    done = recomp(
        questions, "-m", tmp_path / "mine", "-o", tmp_path / "mine", "--rule", "min_score"
    )
    assert done.exit_code == 0, done.output
    second = load_calibration(tmp_path / "mine")
    assert second.rule == "min_score"
    assert second.before == repr(first.selector())
    done = recomp(questions, "-m", tmp_path / "mine", "-o", tmp_path / "mine", "--context", "title")
    assert "context='title', but" in str(done.exception)
