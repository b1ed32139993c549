"""Questions to distillation records: the best summary, or the empty one."""

import pytest
from labelling_fakes import TableScorer, WrittenTeacher

from recomp_core import Document
from recomp_core.data import Question
from recomp_core.errors import BudgetError, EndpointError
from recomp_core.labelling.distillation import DistillationLabeller
from recomp_core.prompts import TEACHER_PROMPTS, PromptTemplate
from recomp_core.readers.answer_scores import AnswerScore, Kind

PROMPTS = {
    "a": PromptTemplate("a {query} {documents}"),
    "b": PromptTemplate("b {query} {documents}"),
    "c": PromptTemplate("c {query} {documents}"),
}


def question(query="Who?"):
    return Question(id="q", query=query, answers=("Ada",), documents=(Document("Ada did. So."),))


def labelled(writes, table, *questions, **settings):
    teacher = WrittenTeacher(lambda request: writes[request.prompt[0]])
    labeller = DistillationLabeller(
        teacher, TableScorer(table, **settings), prompts=PROMPTS, date="2026-01-02"
    )
    return list(labeller.label(questions or [question()]))


def test_the_summary_with_the_highest_score_wins():
    writes = {"a": "Tea.", "b": " Ada did. ", "c": "Somebody did."}
    (result,) = labelled(writes, {"": -5.0, "Tea.": -6.0, "Ada did.": -1.0, "Somebody did.": -4.0})
    assert result.status == "example"
    record = result.record
    assert record["target"] == "Ada did."
    assert record["candidates"] == [
        {"prompt": "a", "text": "Tea.", "score": -6.0},
        {"prompt": "b", "text": "Ada did.", "score": -1.0},
        {"prompt": "c", "text": "Somebody did.", "score": -4.0},
    ]
    assert record["no_context"] == {"score": -5.0}
    assert record["teacher"]["teacher"] == "written"
    assert (record["date"], record["kind"], record["id"]) == ("2026-01-02", "exact", "q")
    assert record["documents"] == [{"text": "Ada did. So."}]


@pytest.mark.parametrize("none", [-1.0, -0.5])
def test_what_does_not_beat_no_context_becomes_the_empty_target(none):
    writes = {"a": "Tea.", "b": "Ada did.", "c": ""}
    (result,) = labelled(writes, {"": none, "Tea.": -6.0, "Ada did.": -1.0})
    assert result.record["target"] == ""
    assert result.record["candidates"][2] == {"prompt": "c", "text": "", "score": none}


def test_of_equals_the_first_wins():
    writes = {"a": "One.", "b": "Two.", "c": "Two."}
    (result,) = labelled(writes, {"": -5.0, "One.": -1.0, "Two.": -1.0})
    assert result.record["target"] == "One."


def test_an_upper_bound_beats_nothing():
    writes = {"a": "One.", "b": "Two.", "c": ""}
    bound = AnswerScore(-0.1, 1, Kind.CENSORED)
    (result,) = labelled(writes, {"": -5.0, "One.": bound, "Two.": -2.0})
    assert result.record["target"] == "Two."
    assert result.record["candidates"][0]["bound"] is True


def test_a_refusal_is_a_candidate_less_but_three_refusals_are_an_error():
    refusal = EndpointError("no", "refused")
    (result,) = labelled({"a": refusal, "b": "Two.", "c": ""}, {"": -5.0, "Two.": -2.0})
    assert result.record["candidates"][0] == {"prompt": "a", "error": "EndpointError: no"}
    assert result.record["target"] == "Two."
    (result,) = labelled(dict.fromkeys("abc", refusal), {})
    assert result is refusal


def test_what_may_be_mended_is_left_to_another_run():
    down = EndpointError("down", "unavailable")
    (result,) = labelled({"a": "One.", "b": down, "c": ""}, {})
    assert result is down
    spent = BudgetError("spent")
    (result,) = labelled({"a": down, "b": spent, "c": ""}, {})
    assert result is spent


def test_each_question_stands_alone_and_summaries_are_scored_once():
    def write(request):
        return OSError("bites") if "poison" in request.query else f"{request.query} Same."

    scorer = TableScorer({}, default=-1.0)
    labeller = DistillationLabeller(WrittenTeacher(write), scorer, prompts=PROMPTS)
    first, second, third = labeller.label([question("A?"), question("poison"), question("B?")])
    assert isinstance(second, OSError)
    assert [c["text"] for c in first.record["candidates"]] == ["A? Same."] * 3
    assert [c["text"] for c in third.record["candidates"]] == ["B? Same."] * 3
    assert len(scorer.asked) == 4  # no context and one summary for each of the two


def test_a_failed_score_is_the_question_s_error():
    (result,) = labelled({"a": "One.", "b": "", "c": ""}, {"": -5.0, "One.": OSError("no score")})
    assert isinstance(result, OSError)


def test_the_teacher_is_asked_with_every_prompt():
    seen = []
    teacher = WrittenTeacher(lambda request: seen.append(request.prompt) or "x")
    labeller = DistillationLabeller(teacher, TableScorer({}, default=0.0))
    list(labeller.label([question()]))
    assert len(seen) == len(TEACHER_PROMPTS) == 3
    assert all("Ada did. So." in prompt and "Who?" in prompt for prompt in seen)


def test_prompts_must_be_templates():
    with pytest.raises(TypeError, match="PromptTemplate"):
        DistillationLabeller(WrittenTeacher(str), TableScorer({}), prompts={"a": "text"})
