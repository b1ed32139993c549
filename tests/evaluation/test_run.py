"""The run: rows for everything, in a file that is carried on."""

import datetime
import json
import logging

import pytest
from conftest import shared_words

from recomp_core import Document, ExtractiveCompressor, TopK
from recomp_core.data import Question
from recomp_core.errors import BudgetError
from recomp_core.evaluation import Evaluation, Row, evaluate, summarize

TOWER = "The tower was built by Ada Reyes. It rains a lot."
FRUIT = "Bananas are yellow. Nobody knows why."
RECORDS = [
    {"id": "q", "query": "who built the tower", "answers": ["Ada Reyes"], "documents": [TOWER]},
    {"id": "q", "query": "what are bananas", "answers": ["yellow"], "documents": [FRUIT, TOWER]},
    {"id": "r", "query": "what is blue", "answers": ["the sea"], "documents": [FRUIT]},
    {"id": "s", "query": "who cares", "documents": []},
    {"id": "t", "query": "does it rain", "documents": [TOWER]},
]


def first_sentence(query, documents):
    """Fails where there is no document."""
    return documents[0].text.split(". ")[0] + "."


class FakeReader:
    """Answers with the last word of what it reads; some queries are too much for it."""

    identity = {"reader": "fake"}

    def __init__(self, *, failing=(), raises=None):
        self.failing, self.raises = failing, raises
        self.batches = []

    def answer(self, questions, contexts):
        self.batches.append(list(zip(questions, contexts, strict=True)))
        if self.raises and (self.raises is BudgetError or len(questions) > 1):
            raise self.raises("used up")
        return [
            TimeoutError("too slow")
            if question in self.failing
            else " ".join(context.rstrip(".").split()[-2:])
            for question, context in zip(questions, contexts, strict=True)
        ]


def run(records=RECORDS, systems=None, **settings):
    settings.setdefault("baselines", ())
    return evaluate(records, systems or {"first": first_sentence}, **settings)


def test_every_question_has_a_row_for_every_system():
    evaluation = run(baselines=("none", "all"))
    assert evaluation.systems == ("first", "none", "all")
    assert list(evaluation.questions) == ["q", "q#2", "r", "s", "t"]
    for system in evaluation.systems:
        assert [row.question for row in evaluation.of(system)] == ["q", "q#2", "r", "s", "t"]
    first = evaluation.of("first")
    assert [row.answer_recall for row in first] == [True, True, False, None, None]
    assert [row.answerable for row in first] == [True, True, False, None, None]
    assert first[0].kept == ((0, 0, 33),)
    assert (first[0].tokens_before, first[0].tokens_after) == (len(TOWER), 33)
    assert first[0].rate == 33 / len(TOWER)
    assert first[2].note == "the gold answers are in no document"
    assert first[3].error == "IndexError: list index out of range"
    assert first[3].note == "no documents; no gold answers"
    assert first[3].empty is None
    assert first[4].note == "no gold answers"


def test_means_are_over_the_rows_that_have_the_measure():
    summary = summarize(run())[0]
    assert summary.errors == 1
    assert summary.means["answer_recall"][::3] == (pytest.approx(2 / 3), 3)
    assert summary.means["rate"].n == 4
    assert summary.means["support"][::3] == (1.0, 4)


def test_records_that_are_none_are_told(caplog):
    evaluation = run([{"id": "x", "query": " "}, RECORDS[0], {"query": "y", "documents": "z"}])
    assert [bad["id"] for bad in evaluation.bad] == ["x", "2"]
    assert "query is blank" in evaluation.bad[0]["error"]
    assert list(evaluation.questions) == ["q"]


def test_ids_that_look_like_made_up_ones_stay_apart():
    records = [{**RECORDS[0], "id": name} for name in ("q", "q", "q#2", "q")]
    assert list(run(records).questions) == ["q", "q#2", "q#2#2", "q#3"]


def test_a_reader_answers_and_fails_by_row():
    reader = FakeReader(failing=("what is blue",))
    rows = run(reader=reader).of("first")
    assert rows[0].prediction == "Ada Reyes"
    assert (rows[0].exact_match, rows[0].f1) == (True, 1.0)
    # All documents end in "a lot": of two words ("a" does not count: of one) none is shared.
    assert rows[0].agreement == 0.0
    assert rows[1].prediction == "are yellow"
    assert (rows[1].exact_match, rows[1].f1) == (False, pytest.approx(2 / 3))
    assert (rows[2].prediction, rows[2].reader_error) == (None, "TimeoutError: too slow")
    assert rows[2].rate is not None
    assert rows[3].prediction is None
    assert (rows[4].exact_match, rows[4].f1) == (None, None)
    assert rows[4].agreement == 0.0


def test_equal_texts_are_read_once():
    reader = FakeReader()
    run(RECORDS[:2], {"a": first_sentence, "b": first_sentence}, reader=reader, baselines=("all",))
    (asked,) = reader.batches
    assert len(asked) == len(set(asked)) == 4  # two sentences, two times all documents


def test_agreement_needs_no_gold_answers():
    rows = run([RECORDS[4]], reader=FakeReader(), baselines=("all",)).rows
    assert [row.agreement for row in rows] == [0.0, 1.0]


def test_a_reader_that_raises_is_asked_one_by_one():
    reader = FakeReader(raises=ConnectionError)
    rows = run(RECORDS[:2], reader=reader).rows
    assert [row.prediction for row in rows] == ["Ada Reyes", "are yellow"]


def test_only_the_first_setting_is_read_if_so_asked():
    compressor = ExtractiveCompressor(shared_words, selector=TopK(1))
    rows = run(RECORDS[:1], [compressor], points=[TopK(2)], reader=FakeReader(), read="first").rows
    assert [(row.setting, row.prediction) for row in rows] == [
        ("top_k=1", "Ada Reyes"), ("top_k=2", None),
    ]  # fmt: skip


def test_targets_are_scored_after_text_and_query():
    class Scorer:
        identity = {"lm": "fake"}

        def score(self, prefixes, targets):
            self.asked = list(zip(prefixes, targets, strict=True))
            return [
                (float(len(prefix)), 2) if "Ada" in prefix else ValueError("too long")
                for prefix in prefixes
            ]

    scorer = Scorer()
    records = [{**RECORDS[0], "target": " by Ada"}, RECORDS[1], RECORDS[4]]
    rows = run(records, target_scorer=scorer).rows
    assert scorer.asked == [
        ("The tower was built by Ada Reyes.\nwho built the tower", " by Ada"),
        ("Bananas are yellow.\nwhat are bananas\n", "yellow"),
    ]
    assert (rows[0].nll, rows[0].target_tokens) == (53.0, 2)
    assert rows[1].reader_error == "ValueError: too long"
    assert (rows[2].nll, rows[2].reader_error) == (None, "")


def test_tokens_are_counted_by_the_given_counter():
    def words(text):
        return len(text.split())

    evaluation = run(RECORDS[:1], count_tokens=words)
    assert evaluation.about["tokenizer"].endswith("words")
    assert (evaluation.rows[0].tokens_before, evaluation.rows[0].tokens_after) == (11, 7)


def test_a_retriever_finds_the_documents(tmp_path):
    asked = []

    def find(query):
        asked.append(query)
        return [TOWER, FRUIT]

    records = [{"query": "who built the tower", "answers": ["Ada Reyes"]}]
    for _ in range(2):
        evaluation = run(records, retriever=find, documents=1, output=tmp_path / "rows.jsonl")
    assert evaluation.questions["0"].documents == (Document(TOWER),)
    assert asked == ["who built the tower"]


def test_the_oracle_has_no_measures_without_answers():
    rows = run([RECORDS[4]], baselines=("oracle",)).of("oracle")
    assert rows[0].note == "no gold answers; the oracle needs gold answers"
    assert (rows[0].error, rows[0].rate) == ("", None)


def test_a_baseline_without_its_library_is_skipped(monkeypatch):
    def missing(name, seed):
        raise ImportError("bm25s is not here")

    monkeypatch.setattr("recomp_core.evaluation.run.baseline", missing)
    evaluation = run(RECORDS[:1], baselines=("bm25",))
    assert evaluation.systems == ("first",)
    assert evaluation.about["skipped"] == {"bm25": "ImportError: bm25s is not here"}


def test_systems_without_names_get_some():
    compressor = ExtractiveCompressor(shared_words)
    systems = run(RECORDS[:1], [compressor, compressor, first_sentence]).systems
    assert systems == ("ExtractiveCompressor", "ExtractiveCompressor#2", "first_sentence")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"baselines": ("none", "nonsense")}, "no baseline 'nonsense'"),
        ({"systems": {"all": first_sentence}, "baselines": ("all",)}, "two systems are called"),
        ({"systems": {"x": 3}}, "3 can't be evaluated"),
        ({"price_per_million": 1.0}, "give count_tokens"),
        ({"read": "some"}, "read must be one of"),
        ({"baselines": "none"}, "must be a list"),
        ({"count_tokens": 3}, "count_tokens must be"),
        ({"batch_questions": 0}, "at least 1"),
    ],
)
def test_what_cannot_work_is_told_at_once(settings, message):
    with pytest.raises((ValueError, TypeError), match=message):
        run(**settings)


# The file.


class Counting:
    """A system that says which questions it was asked, and stops at one of them."""

    settings = ("",)
    identity = {"counting": 1}

    def __init__(self, stop_at=None):
        self.asked = []
        self.stop_at = stop_at

    def attempts(self, question):
        from recomp_core.evaluation.systems.base import attempt_of

        self.asked.append(question.query)
        if question.query == self.stop_at:
            raise KeyboardInterrupt
        return [attempt_of(question.documents[0].text[:10], question.documents, seconds=0.25)]


GOOD = [RECORDS[0], RECORDS[1], RECORDS[2], RECORDS[4]]


def test_a_run_that_was_stopped_is_carried_on(tmp_path):
    output = tmp_path / "folder" / "rows.jsonl"
    stopped = Counting(stop_at="what is blue")
    with pytest.raises(KeyboardInterrupt):
        run(GOOD, {"c": stopped}, output=output, batch_questions=1)
    assert len(output.read_bytes().splitlines()) == 3  # about, and two questions
    with output.open("ab") as file:
        file.write(b'{"question": {"id": "r", "que')  # a torn line, as a kill leaves it
    assert len(Evaluation.load(output).rows) == 2
    system = Counting()
    evaluation = run(GOOD, {"c": system}, output=output)
    # The first of what is left warms it up.
    assert system.asked == ["what is blue", "what is blue", "does it rain"]
    assert evaluation.rows == run(GOOD, {"c": Counting()}).rows
    assert [row.question for row in evaluation.rows] == ["q", "q#2", "r", "t"]
    assert Evaluation.load(output).rows == evaluation.rows
    done = Counting()
    assert run(GOOD, {"c": done}, output=output).rows == evaluation.rows
    assert done.asked == []


def test_a_file_of_other_settings_is_left_alone(tmp_path):
    output = tmp_path / "rows.jsonl"
    run(GOOD, {"c": Counting()}, output=output)
    before = output.read_bytes()
    with pytest.raises(ValueError, match=r"other settings \(seed\)"):
        run(GOOD, {"c": Counting()}, output=output, seed=1)
    with pytest.raises(ValueError, match=r"other settings \(systems\)"):
        run(GOOD, {"d": Counting()}, output=output)
    with pytest.raises(ValueError, match="other settings .tokenizer, reader, read"):
        run(GOOD, {"c": Counting()}, output=output, reader=FakeReader(), count_tokens=str.__len__)
    assert output.read_bytes() == before
    assert run(GOOD, {"d": Counting()}, output=output, overwrite=True).systems == ("d",)
    assert Evaluation.load(output).systems == ("d",)


def test_another_question_under_the_same_id_is_refused(tmp_path):
    output = tmp_path / "rows.jsonl"
    run(GOOD, {"c": Counting()}, output=output)
    other = [GOOD[0], {**GOOD[1], "documents": [FRUIT]}]
    with pytest.raises(ValueError, match="another question 'q#2'"):
        run(other, {"c": Counting()}, output=output)


def test_the_input_is_never_the_output(tmp_path):
    source = tmp_path / "questions.jsonl"
    source.write_text(json.dumps(RECORDS[0]) + "\n")
    before = source.read_bytes()
    with pytest.raises(ValueError, match="is the input itself"):
        run(str(source), {"c": Counting()}, output=source, overwrite=True)
    assert source.read_bytes() == before


def test_a_file_of_something_else_is_refused(tmp_path):
    output = tmp_path / "rows.jsonl"
    output.write_text('{"query": "x"}\n')
    with pytest.raises(ValueError, match="line 1 of .* is not of an evaluation"):
        run(GOOD, {"c": Counting()}, output=output)
    assert output.read_text() == '{"query": "x"}\n'


def test_what_failed_is_tried_again(tmp_path):
    output = tmp_path / "rows.jsonl"
    reader = FakeReader(failing=("what is blue",))
    first = run(GOOD, reader=reader, output=output)
    assert [bool(row.reader_error) for row in first.rows] == [False, False, True, False]
    better = FakeReader()
    second = run(GOOD, reader=better, output=output)
    assert {query for batch in better.batches for query, _ in batch} == {"what is blue"}
    assert not any(row.reader_error for row in second.rows)
    # What was written last counts, once.
    assert sorted(Evaluation.load(output).rows, key=str) == sorted(second.rows, key=str)


def test_a_budget_that_is_used_up_stops_the_run_and_loses_nothing(tmp_path):
    output = tmp_path / "rows.jsonl"
    with pytest.raises(BudgetError):
        run(GOOD, reader=FakeReader(raises=BudgetError), output=output)
    assert Evaluation.load(output).rows == ()


def test_bad_records_are_in_the_file_once(tmp_path):
    output = tmp_path / "rows.jsonl"
    for _ in range(2):
        evaluation = run([*GOOD, {"id": "x"}], {"c": Counting()}, output=output)
    assert Evaluation.load(output).bad == evaluation.bad
    assert output.read_text().count('"bad"') == 1


def test_saving_and_loading_gives_the_same(tmp_path):
    question = Question(
        "é", "who?", ("x",),
        (Document("One. Two \ud800 three.", None, "1", {"day": datetime.date(2026, 1, 2)}),),
        {"lang": "zh"},
    )  # fmt: skip
    evaluation = run([question], {"c": Counting(), "whole": lambda q, d: "塔"}, baselines=("all",))
    loaded = Evaluation.load(evaluation.save(tmp_path / "saved.jsonl"))
    assert loaded.rows == evaluation.rows
    assert loaded.about == evaluation.about
    assert loaded.questions["é"].rest == {"lang": "zh"}
    assert loaded.questions["é"].documents[0].metadata == {"day": "2026-01-02"}
    # A text that is an excerpt is written as its offsets.
    rows = json.loads((tmp_path / "saved.jsonl").read_bytes().splitlines()[-1])["rows"]
    assert [row.get("text") for row in rows] == [None, "塔", None]


def test_rows_know_their_fields():
    row = Row("1", "s", tokens_before=0, tokens_after=0, kept=((0, 1, 2),), f1=0.0)
    assert row.rate == 0.0
    assert Row("1", "s").rate is None
    assert Row.from_dict(json.loads(json.dumps(row.to_dict()))) == row
    assert row.value("f1") == 0.0
    with pytest.raises(ValueError, match="a row has no field colour"):
        Row.from_dict({"question": "1", "system": "s", "colour": 1})


def test_what_went_wrong_is_logged(caplog):
    with caplog.at_level(logging.WARNING):
        run([RECORDS[3]])
    assert "first, question s: IndexError" in caplog.text


@pytest.mark.model
def test_the_embedded_encoder_beside_baselines(embedded):
    evaluation = evaluate(RECORDS[:3], {"ours": embedded}, baselines=("all", "untrained", "oracle"))
    own = evaluation.of("ours")
    assert [row.answer_recall for row in own] == [True, True, False]
    assert all(row.seconds > 0 for row in own)
    assert evaluation.of("untrained")[0].answer_recall is True
    encoders = [evaluation.about["systems"][name] for name in ("ours", "untrained")]
    assert encoders[0] != encoders[1]
