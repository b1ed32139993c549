"""Gold sentences, gates and answers: found in one reading, whatever stands in the texts."""

import time

import pytest

from recomp_core import Document
from recomp_core.abstractive.streams import LengthLimit
from recomp_core.evaluation.gates import Gate
from recomp_core.evaluation.spans import find_gold, gold_scores
from recomp_core.text import answers


def test_a_prediction_is_normalised_once_for_all_gold_answers(monkeypatch):
    read = []
    normalise = answers.normalize_answer
    monkeypatch.setattr(
        answers, "normalize_answer", lambda text: read.append(text) or normalise(text)
    )
    gold = [f"answer {n}" for n in range(50)]
    prediction = "a long prediction"
    assert not answers.exact_match(prediction, gold)
    assert answers.token_f1(prediction, gold) == 0
    assert not answers.contains_answer(prediction, gold)
    # In two forms each, for each of the three functions.
    assert read.count(prediction) == 6


@pytest.mark.parametrize("digits", [100_000])
def test_a_gate_of_digits_is_refused_in_time(digits):
    began = time.process_time()
    with pytest.raises(ValueError, match="can't be read"):
        Gate.parse(f"f1>={'1' * digits}x")
    assert time.process_time() - began < 5  # minutes before


@pytest.mark.parametrize("written", ["0.9", ".9", "9e-1", "90%", "90 %"])
def test_a_gate_is_read_in_each_form(written):
    assert Gate.parse(f"f1>={written}").value == pytest.approx(0.9)


def test_what_is_kept_and_gold_is_counted_in_one_walk():
    kept = [(doc, start, start + 3) for doc in range(2) for start in range(0, 60_000, 5)]
    gold = [(doc, start + 1, end + 1) for doc, start, end in kept]
    began = time.process_time()
    assert gold_scores(kept, gold) == (2 / 3, 2 / 3)
    assert time.process_time() - began < 5  # a minute before


@pytest.mark.parametrize(
    ("kept", "gold", "scores"),
    [
        ([(0, 0, 10)], [(0, 5, 15)], (0.5, 0.5)),
        ([(0, 0, 10)], [(1, 0, 10)], (0.0, 0.0)),
        ([(0, 0, 4), (0, 6, 8)], [(0, 2, 7)], (3 / 6, 3 / 5)),
        ([(0, 0, 9), (1, 0, 9)], [(0, 3, 6), (1, 3, 6)], (6 / 18, 1.0)),
        ([], [(0, 0, 1)], (None, 0.0)),
        ([(0, 0, 1)], [], (None, None)),
    ],
)
def test_scores_of_overlapping_spans(kept, gold, scores):
    assert gold_scores(kept, gold) == scores


def test_gold_is_found_however_it_is_broken_into_lines():
    text = "  One  two\n\tthree.\u2003Four five.\n\n"
    gold = ["two three.", "Four\nfive.", " One ", "six", "e.\xa0F"]
    spans, missing = find_gold([Document(text, metadata={"gold_sentences": gold})])
    assert missing == 1
    assert [text[start:end] for _, start, end in spans] == ["One", "two\n\tthree.\u2003Four five."]


def test_a_stream_of_spaces_is_held_in_pieces():
    limit = LengthLimit(10)
    assert limit.allow("x") == "x"
    began = time.process_time()
    for _ in range(150_000):
        assert limit.allow(" ") == ""
    assert time.process_time() - began < 5  # minutes before
