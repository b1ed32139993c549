"""Evaluations and BEIR folders with values that JSON has no form for, and files that others wrote."""

import json
import math
import re

import pytest

from recomp_core import Document
from recomp_core.data import BadRecord, Question
from recomp_core.data.reading import read_questions
from recomp_core.evaluation import Evaluation
from recomp_core.evaluation.reports.payload import data_element
from recomp_core.evaluation.results import Row, content_of, line_of

HIGH, LOW = "\ud83d", "\ude00"


def refused(name):
    raise AssertionError(f"{name} is no JSON")


def strictly(text):
    value = json.loads(text, parse_constant=refused)
    json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    return value


def odd_evaluation():
    metadata = {"score": math.inf, HIGH: [-math.inf, f"{HIGH}{LOW}"], "gold_sentences": [math.inf]}
    question = Question(
        f"{HIGH}{LOW}",
        f"who {HIGH}{LOW}?",
        (f"{HIGH}{LOW}",),
        (Document(f"It {HIGH}{LOW} is. So it was.", title=LOW, metadata=metadata),),
        {"more": [math.inf, LOW]},
    )
    rows = (
        Row(question.id, HIGH, "a", text=f"It {HIGH}{LOW} is.", kept=((0, 0, 9),), f1=math.inf),
        Row(question.id, HIGH, "b", text="", kept=((0, 2, 3),), extra={"odd": -math.inf}),
        Row(question.id, HIGH, "c", prediction=LOW, nll=math.inf, seconds=1),
    )
    about = {"settings": "x", "names": [HIGH, math.inf]}
    return Evaluation(rows, {question.id: question}, about, ({"id": LOW, "error": HIGH},))


def test_an_evaluation_comes_back_equal(tmp_path):
    evaluation = odd_evaluation()
    path = evaluation.save(tmp_path / "rows.jsonl")
    for line in path.read_bytes().splitlines():
        strictly(line)
    assert Evaluation.load(path) == evaluation


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf])
def test_the_browser_of_questions_reads_what_is_no_number(wrong):
    question = Question("1", "who?", (), (Document("Ann.", metadata={"x": wrong}),), {"x": wrong})
    row = Row("1", "a", seconds=wrong, f1=wrong, agreement=wrong, support=wrong, nll=wrong)
    element = data_element(Evaluation((row,), {"1": question}), compress=False)
    data = strictly(re.search(r">(.*)</script>", element)[1])
    assert data["points"][0]["flags"] == [0]
    assert "f1" not in data["points"][0]


@pytest.mark.parametrize(
    "change",
    [
        {"f1": "much"}, {"question": 7}, {"question": None}, {"kept": 7}, {"kept": [[0, 1]]},
        {"kept": [[0, -1, 2]]}, {"kept": [[0, 1, 2.5]]}, {"kept": [["a", 1, 2]]},
        {"extra": {"a": "b"}}, {"extra": 7}, {"tokens_after": 1.5}, {"tokens_before": True},
        {"empty": "no"}, {"text": 7}, {"unknown": 1}, {"system": []},
    ],
)  # fmt: skip
def test_a_row_of_wrong_values_is_refused(change):
    right = {"question": "1", "system": "a", "f1": 1, "kept": [[0, 0, 3]], "extra": {"x": 2}}
    assert Row.from_dict(right).to_dict() == {**right, "kept": ((0, 0, 3),)}
    with pytest.raises(ValueError, match=r"row|to_dict"):
        Row.from_dict({**right, **change})
    for name in ("question", "system"):
        with pytest.raises(ValueError, match=name):
            Row.from_dict({key: value for key, value in right.items() if key != name})


@pytest.mark.parametrize("data", [None, 7, [], [["a", 1]], "row"])
def test_what_is_no_row_is_refused(data):
    with pytest.raises(ValueError, match="no row that to_dict"):
        Row.from_dict(data)


@pytest.mark.parametrize("span", [[1, 0, 1], [0, 3, 2], [0, 0, 10**9], [10**30, 0, 0]])
def test_a_span_that_is_nowhere_is_refused(span):
    question = Question("1", "who?", (), (Document("Ann."),))
    line = line_of(question, [Row("1", "a", text="Ann.", kept=((0, 0, 4),))])
    assert content_of(line)[1][0].text == "Ann."
    line["rows"][0]["kept"] = [span]
    with pytest.raises(ValueError, match="there is no span"):
        content_of(line)


@pytest.mark.parametrize(
    "line", [b"7", b"[]", b"{}", b'{"question": 1, "rows": []}', b'{"bad": {}}', b"[" * 100_000]
)
def test_a_file_of_something_else_is_refused(tmp_path, line):
    path = odd_evaluation().save(tmp_path / "rows.jsonl")
    with path.open("ab") as stream:
        stream.write(line + b"\n")
    with pytest.raises(ValueError, match="line 4 of .* is not of an evaluation"):
        Evaluation.load(path)


# A folder in BEIR's layout


@pytest.fixture
def beir(tmp_path):
    (tmp_path / "qrels").mkdir()
    (tmp_path / "corpus.jsonl").write_text('{"_id": "d", "text": "Ann."}\n')
    (tmp_path / "queries.jsonl").write_text('{"_id": "q", "text": "who?"}\n')
    (tmp_path / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq\td\t1\n")
    return tmp_path


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("corpus.jsonl", '{"_id": "d"}'), ("queries.jsonl", '{"_id": "q"}'),
        ("queries.jsonl", '{"_id": "q", "text": "who?", "metadata": 7}'),
        ("queries.jsonl", '{"_id": "q", "text": "who?", "metadata": "seven"}'),
        ("corpus.jsonl", '{"_id": "d", "text": 7}'),
    ],
)  # fmt: skip
def test_a_broken_line_of_beir_is_a_bad_record(beir, file, line):
    (beir / file).write_text(line + "\n")
    (found,) = read_questions(beir)
    assert isinstance(found, BadRecord)
    assert found.id == "q"


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("corpus.jsonl", b"7\n"), ("corpus.jsonl", b"\xff\n"), ("queries.jsonl", b"[" * 100_000),
        ("qrels/test.tsv", b"q\td\tmuch\n"), ("qrels/test.tsv", b"\xff\td\t1\n"),
        ("run.trec", b"q Q0 d\n"), ("run.trec", b"q Q0 d first 1 x\n"),
    ],
)  # fmt: skip
def test_a_broken_file_of_beir_is_named(beir, file, content):
    (beir / file).write_bytes(content)
    with pytest.raises(ValueError, match=re.escape(str(beir / file))):
        list(read_questions(beir))
