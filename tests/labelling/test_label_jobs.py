"""Long runs: what is done stays done, what fails is set aside, and the files come out the same."""

import json
import threading

import pytest
from conftest import PATIENCE
from labelling_fakes import TableScorer, WrittenTeacher, by_words

from recomp_core import Document
from recomp_core.data import BadRecord, Question
from recomp_core.errors import BudgetError
from recomp_core.labelling.build import (
    CannotScoreError,
    build_contrastive_examples,
    build_distillation_examples,
)
from recomp_core.labelling.jobs import LabelJob
from recomp_core.labelling.labeller import Labelled
from recomp_core.labelling.scorers.cache import CachedScorer, CachedTeacher, ResultCache
from recomp_core.labelling.teachers.base import TeacherRequest
from recomp_core.prompts import T5_PROMPT
from recomp_core.readers.answer_scores import AnswerRequest, AnswerScore, Capabilities, Kind
from recomp_core.runtime.budget import Meter


def question(n, text="Tea."):
    return Question(f"q{n}", f"Who {n}?", ("Ada",), (Document(text),))


class Upper:
    """Labels a question by its query in capitals; some are poison, some are unhelpful."""

    identity = {"labeller": "upper"}
    meters = ()

    def __init__(self, poison=(), unhelpful=(), budget=None):
        self.poison, self.unhelpful, self.budget, self.labelled = poison, unhelpful, budget, []

    def label(self, questions):
        for asked in questions:
            if self.budget is not None and len(self.labelled) >= self.budget:
                yield BudgetError("spent")
                continue
            self.labelled.append(asked.id)
            if asked.id in self.poison:
                yield OSError("it bites")
            else:
                status = "unhelpful" if asked.id in self.unhelpful else "example"
                yield Labelled(status, {"id": asked.id, "text": asked.query.upper()})


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def files(folder):
    return {
        n: (folder / n).read_bytes() for n in ("examples.jsonl", "unhelpful.jsonl", "failed.jsonl")
    }


def run(folder, labeller, questions, **settings):
    overwrite = settings.pop("overwrite", False)
    return LabelJob(folder, labeller.identity, overwrite=overwrite).run(
        labeller, questions, **settings
    )


def test_each_kind_has_its_file_in_the_order_of_the_questions(tmp_path):
    questions = [question(n) for n in range(5)]
    questions[1] = BadRecord("bad", "ValueError: no query", "{…}")
    report = run(
        tmp_path / "out", Upper(poison=["q2"], unhelpful=["q3"]), questions, batch_questions=2
    )
    assert [row["id"] for row in lines(tmp_path / "out" / "examples.jsonl")] == ["q0", "q4"]
    assert lines(tmp_path / "out" / "unhelpful.jsonl") == [{"id": "q3", "text": "WHO 3?"}]
    assert lines(tmp_path / "out" / "failed.jsonl") == [
        {"id": "bad", "position": 1, "error": "ValueError: no query", "excerpt": "{…}"},
        {"id": "q2", "position": 2, "error": "OSError: it bites"},
    ]
    assert dict(report.counts) == {"example": 2, "unhelpful": 1, "failed": 2}
    assert lines_of_report(tmp_path / "out")["counts"] == dict(report.counts)
    assert str(report) == "2 examples, 1 unhelpful, 2 failed"


def lines_of_report(folder):
    return json.loads((folder / "report.json").read_text())


def test_a_rerun_tries_only_what_failed(tmp_path):
    questions = [question(n) for n in range(5)]
    run(tmp_path, Upper(poison=["q2"]), questions)
    repaired = Upper()
    report = run(tmp_path, repaired, questions)
    assert repaired.labelled == ["q2"]
    assert (report.done_before, report.counts["failed"]) == (4, 0)
    run(tmp_path / "once", Upper(), questions)
    assert files(tmp_path) == files(tmp_path / "once")


def test_a_record_that_breaks_later_costs_no_label(tmp_path):
    questions = [question(n) for n in range(3)]
    run(tmp_path, Upper(), questions)
    before = files(tmp_path)
    report = run(
        tmp_path,
        Upper(),
        [questions[0], BadRecord("q1", "OSError: the index is down"), questions[2]],
    )
    assert report.done_before == 3
    assert files(tmp_path) == before


@pytest.mark.parametrize("keep", [0, 1, 40, 200, 10_000])
def test_whatever_is_left_of_the_parts_the_rest_is_done_again(tmp_path, keep):
    questions = [question(n) for n in range(6)]
    run(tmp_path / "whole", Upper(unhelpful=["q1"]), questions)
    run(tmp_path / "cut", Upper(unhelpful=["q1"]), questions)
    parts = tmp_path / "cut" / "parts.jsonl"
    content = parts.read_bytes()
    parts.write_bytes(content[:keep])
    (tmp_path / "cut" / "examples.jsonl").unlink()
    again = Upper(unhelpful=["q1"])
    run(tmp_path / "cut", again, questions)
    assert files(tmp_path / "cut") == files(tmp_path / "whole")
    assert len(again.labelled) == 6 - content[:keep].count(b"\n")


def test_a_spent_budget_ends_the_run_and_another_carries_on(tmp_path):
    questions = [question(n) for n in range(7)]
    first = run(tmp_path, Upper(budget=3), questions, batch_questions=2)
    assert first.stopped == "spent"
    assert first.counts == {"example": 3, "unhelpful": 0, "failed": 0}
    second = Upper()
    report = run(tmp_path, second, questions, batch_questions=2)
    assert second.labelled == ["q3", "q4", "q5", "q6"]
    assert report.stopped == ""
    run(tmp_path / "once", Upper(), questions)
    assert files(tmp_path) == files(tmp_path / "once")


def test_one_poisonous_question_does_not_take_its_batch_along(tmp_path):
    class Brittle(Upper):
        def label(self, questions):
            if any(asked.id == "q1" for asked in questions):
                raise OSError("it bites")
            return list(super().label(questions))

    report = run(tmp_path, Brittle(), [question(n) for n in range(4)], batch_questions=4)
    assert report.counts == {"example": 3, "unhelpful": 0, "failed": 1}


def test_other_labels_and_other_questions_are_refused(tmp_path):
    questions = [question(n) for n in range(3)]
    run(tmp_path, Upper(), questions)

    class Other(Upper):
        identity = {"labeller": "other"}

    with pytest.raises(ValueError, match=r"labeller differ.*--overwrite"):
        run(tmp_path, Other(), questions)
    with pytest.raises(ValueError, match="another question at position 1"):
        run(tmp_path, Upper(), [question(0), question(1, "Coffee.")])
    before = files(tmp_path)
    run(tmp_path, Other(), questions[:1], overwrite=True)
    assert files(tmp_path) != before
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("…")
    with pytest.raises(ValueError, match="something else"):
        run(tmp_path / "mine", Upper(), questions)
    assert (tmp_path / "mine" / "thesis.tex").read_text() == "…"


def test_two_runs_in_one_folder_are_one_too_many(tmp_path):
    inside = threading.Event()
    done = threading.Event()

    class Slow(Upper):
        def label(self, questions):
            inside.set()
            done.wait(PATIENCE)
            return super().label(questions)

    thread = threading.Thread(target=run, args=(tmp_path, Slow(), [question(0)]))
    thread.start()
    assert inside.wait(PATIENCE)
    try:
        with pytest.raises(ValueError, match="another run"):
            run(tmp_path, Upper(), [question(0)])
    finally:
        done.set()
        thread.join()


def test_the_day_of_the_first_run_stays(tmp_path):
    job = LabelJob(tmp_path, {"a": 1})
    job.run(Upper(), [])
    begun = json.loads((tmp_path / "run.json").read_text())
    begun["date"] = "2001-02-03"
    (tmp_path / "run.json").write_text(json.dumps(begun))
    assert LabelJob(tmp_path, {"a": 1}).date == "2001-02-03"
    assert job.date != "2001-02-03"


# The cache.


def ask(*contexts):
    return [AnswerRequest("Who?", context, ("Ada",)) for context in contexts]


def test_what_was_asked_once_is_not_asked_again(tmp_path):
    table = {"a": -1.0, "b": -2.0, "c": -3.0}
    scorer = TableScorer(table)
    with ResultCache(tmp_path / "cache.sqlite") as cache:
        cached = CachedScorer(scorer, cache)
        assert [s.value for s in cached.score(ask("a", "b", "a"))] == [-1.0, -2.0, -1.0]
        assert len(scorer.asked) == 2
    with ResultCache(tmp_path / "cache.sqlite") as cache:  # of another process, as it were
        cached = CachedScorer(scorer, cache)
        assert cached.score(ask("b", "c")) == [
            AnswerScore(-2.0, 1, Kind.EXACT, "Ada"), AnswerScore(-3.0, 1, Kind.EXACT, "Ada")
        ]  # fmt: skip
        assert [request.context for request in scorer.asked] == ["a", "b", "c"]
        assert (cached.hits, cached.misses, len(cache)) == (1, 1, 3)


def test_errors_are_asked_for_again(tmp_path):
    table = {"a": OSError("it bites")}
    with ResultCache(tmp_path / "cache.sqlite") as cache:
        cached = CachedScorer(TableScorer(table), cache)
        assert isinstance(cached.score(ask("a"))[0], OSError)
        table["a"] = -1.0
        assert cached.score(ask("a"))[0].value == -1.0


def test_another_scorer_has_keys_of_its_own(tmp_path):
    class Other(TableScorer):
        identity = {"scorer": "other"}

    with ResultCache(tmp_path / "cache.sqlite") as cache:
        CachedScorer(TableScorer({"a": -1.0}), cache).score(ask("a"))
        assert CachedScorer(Other({"a": -9.0}), cache).score(ask("a"))[0].value == -9.0
        different = [AnswerRequest("Who?", "a", ("Bo",)), AnswerRequest("When?", "a", ("Ada",))]
        assert CachedScorer(TableScorer({"a": -3.0}), cache).score(different)[0].value == -3.0
        assert len(cache) == 4


def test_a_result_is_kept_the_moment_it_comes(tmp_path):
    class Dies(TableScorer):
        def score_each(self, requests):
            yield 0, AnswerScore(-1.0, 1, Kind.EXACT)
            raise KeyboardInterrupt

    with ResultCache(tmp_path / "cache.sqlite") as cache:
        with pytest.raises(KeyboardInterrupt):
            CachedScorer(Dies({}), cache).score(ask("a", "b"))
    with ResultCache(tmp_path / "cache.sqlite") as cache:
        assert len(cache) == 1


def test_what_a_teacher_wrote_is_kept_too(tmp_path):
    asked = []

    def write(request):
        asked.append(request.query)
        return OSError("no") if request.query == "bad" else request.query.upper()

    requests = [TeacherRequest(q, (Document("Tea."),), (), T5_PROMPT) for q in ("a", "b", "bad")]
    with ResultCache(tmp_path / "cache.sqlite") as cache:
        teacher = CachedTeacher(WrittenTeacher(write), cache)
        for _ in range(2):
            texts = teacher.write(requests)
            assert texts[:2] == ["A", "B"]
            assert isinstance(texts[2], OSError)
    assert asked == ["a", "b", "bad", "bad"]


def test_threads_share_a_cache(tmp_path):
    with ResultCache(tmp_path / "cache.sqlite") as cache:
        threads = [
            threading.Thread(target=lambda n=n: [cache.put(f"{n}-{i}", i) for i in range(50)])
            for n in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(cache) == 200
        keys = [f"3-{i}" for i in range(50)]
        assert cache.get_many([*keys, "missing"]) == {f"3-{i}": i for i in range(50)}


def test_a_file_that_is_no_cache_is_left_alone(tmp_path):
    path = tmp_path / "thesis.tex"
    path.write_text("Es war einmal …" * 500)
    with pytest.raises(ValueError, match=r"no cache.*another file"):
        ResultCache(path)
    assert path.read_text().startswith("Es war einmal")


# The builders.

ROWS = [
    {"query": "Who built it?", "answers": ["Ada"], "documents": ["Tea. Ada built it."]},
    {"query": "Who drank it?", "answers": ["Bo"], "documents": ["Gulls nest. Rain."]},
    {"question": "Who?", "documents": ["No answers here."]},
]
TABLE = {"": -5.0, "Tea.": -6.0, "Ada built it.": -1.0, "Gulls nest.": -7.0, "Rain.": -8.0}


def test_contrastive_examples_in_memory_and_in_a_folder(tmp_path):
    scorer = TableScorer(TABLE)
    data = build_contrastive_examples(ROWS, scorer, by_words)
    assert [example["positive"]["text"] for example in data.examples] == ["Ada built it."]
    assert [row["query"] for row in data.unhelpful] == ["Who drank it?"]
    assert "gold answers" in data.failed[0]["error"]
    assert (len(data), data.report.requests) == (1, 6)
    kept = build_contrastive_examples(ROWS, scorer, by_words, output=tmp_path / "labels")
    assert kept.examples == data.examples == list(kept)
    before = len(scorer.asked)
    again = build_contrastive_examples(
        ROWS, scorer, by_words, output=tmp_path / "labels", overwrite=True
    )
    assert len(scorer.asked) == before  # begun again, and nothing is paid twice
    assert again.examples == kept.examples


def test_distillation_examples(tmp_path):
    teacher = WrittenTeacher(lambda request: request.documents[0].text.split(". ")[-1])
    data = build_distillation_examples(
        ROWS[:2], teacher, {"one": T5_PROMPT}, TableScorer(TABLE), output=tmp_path
    )
    assert [example["target"] for example in data] == ["Ada built it.", ""]
    assert data.examples[0]["date"] == json.loads((tmp_path / "run.json").read_text())["date"]


def test_a_scorer_that_cannot_work_is_refused_before_anything_is_asked(tmp_path):
    class Unable(TableScorer):
        def capabilities(self):
            return Capabilities(False, self.kind, "it has no log-probabilities")

    scorer = Unable(TABLE)
    with pytest.raises(CannotScoreError, match="^Unable can't label: it has no log-prob"):
        build_contrastive_examples(ROWS, scorer, by_words, output=tmp_path / "labels")
    assert scorer.asked == []


def test_kinds_are_not_mixed_in_one_folder(tmp_path):
    build_contrastive_examples(ROWS, TableScorer(TABLE), by_words, output=tmp_path)

    class Proxy(TableScorer):
        identity = {"scorer": "proxy"}

    with pytest.raises(ValueError, match="scorer differ"):
        build_contrastive_examples(ROWS, Proxy(TABLE, kind=Kind.PROXY), by_words, output=tmp_path)


def test_a_budget_stops_a_builder_and_a_rerun_pays_for_the_rest_only(tmp_path):
    first = TableScorer(TABLE)
    first.meter = Meter(max_requests=4)
    stopped = build_contrastive_examples(
        ROWS[:2], first, by_words, output=tmp_path, batch_questions=1
    )
    assert "max_requests=4" in stopped.report.stopped
    assert stopped.report.requests == 4
    second = TableScorer(TABLE)
    whole = build_contrastive_examples(ROWS[:2], second, by_words, output=tmp_path)
    assert len(first.asked) + len(second.asked) == 6
    assert whole.report.stopped == ""
    assert len(whole.unhelpful) == 1
