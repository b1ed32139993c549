"""Questions to contrastive records, every number by hand."""

from labelling_fakes import TableScorer, by_words

from recomp_core import Document, ExtractiveCompressor
from recomp_core.data import Question
from recomp_core.errors import BudgetError
from recomp_core.labelling.contrastive import ContrastiveLabeller
from recomp_core.readers.answer_scores import AnswerScore, Kind
from recomp_core.runtime.budget import Meter

TOWER = "Who built the tower?"
TEXTS = (
    "Gulls nest on the tower. Ada Reyes built it.",
    "Tea is at four. The tower was built.",
)


def question(texts=TEXTS, query=TOWER, answers=("Ada Reyes",), position=0):
    documents = tuple(Document(text, title=f"Title {n}") for n, text in enumerate(texts))
    return Question(id=f"q{position}", query=query, answers=answers, documents=documents)


def labelled(scorer, *questions, **settings):
    labeller = ContrastiveLabeller(scorer, by_words, **settings)
    return list(labeller.label(questions or [question()]))


TABLE = {
    "": -6.0,
    "Gulls nest on the tower.": -7.0,
    "Ada Reyes built it.": -1.0,
    "Tea is at four.": -6.5,
    "The tower was built.": -2.0,
}


def test_a_record_by_hand():
    (result,) = labelled(TableScorer(TABLE))
    assert result.status == "example"
    record = result.record
    assert record["positive"] == {
        "text": "Ada Reyes built it.", "doc_index": 0, "start": 25, "end": 44, "score": -1.0,
        "similarity": 0.25,  # "built"
    }  # fmt: skip
    # By the similarity to the query: "the tower … built" 2 of 4 words ("tower?" is another word),
    # "the" 1 of 5, none.
    assert [(n["text"], n["similarity"]) for n in record["negatives"]] == [
        ("The tower was built.", 0.5),
        ("Gulls nest on the tower.", 0.2),
        ("Tea is at four.", 0.0),
    ]
    assert record["no_context"] == {"score": -6.0}
    assert [(c["doc_index"], c["score"]) for c in record["candidates"]] == [
        (0, -7.0), (0, -1.0), (1, -6.5), (1, -2.0)
    ]  # fmt: skip
    assert (record["id"], record["query"], record["kind"]) == ("q0", TOWER, "exact")
    assert record["answers"] == ["Ada Reyes"]
    for place in (record["positive"], *record["negatives"]):
        text = record["documents"][place["doc_index"]]["text"]
        assert text[place["start"] : place["end"]] == place["text"]


def test_epsilon_keeps_near_misses_out_of_the_negatives():
    (result,) = labelled(TableScorer(TABLE), epsilon=1.0)
    assert "The tower was built." not in [n["text"] for n in result.record["negatives"]]
    (result,) = labelled(TableScorer(TABLE), num_negatives=1)
    assert [n["text"] for n in result.record["negatives"]] == ["The tower was built."]


def test_where_no_sentence_beats_no_context_the_question_is_kept_apart():
    (result,) = labelled(TableScorer({**TABLE, "": -1.0}))  # as good as the best: not better
    assert result.status == "unhelpful"
    assert result.record["reason"] == "no sentence is better than no context"
    assert len(result.record["candidates"]) == 4
    assert "positive" not in result.record
    (result,) = labelled(TableScorer({**TABLE, "": -1.0}), needs_gain=False)
    assert result.status == "example"
    assert result.record["no_context"] is None


def test_without_needs_gain_no_context_is_not_asked_for():
    scorer = TableScorer(TABLE)
    labelled(scorer, needs_gain=False)
    assert "" not in [request.context for request in scorer.asked]


def test_equal_sentences_are_scored_once_and_are_one_negative():
    scorer = TableScorer(TABLE)
    (result,) = labelled(scorer, question((TEXTS[0], TEXTS[0], TEXTS[1])))
    assert len(scorer.asked) == 5
    assert len(result.record["candidates"]) == 6
    assert result.record["positive"]["doc_index"] == 0
    assert [n["text"] for n in result.record["negatives"]] == [
        "The tower was built.", "Gulls nest on the tower.", "Tea is at four."
    ]  # fmt: skip


def test_upper_bounds_are_marked_and_prove_negatives_only():
    bound = AnswerScore(-0.5, 1, Kind.CENSORED)
    low = AnswerScore(-9.0, 1, Kind.CENSORED)
    table = {**TABLE, "Tea is at four.": bound, "Gulls nest on the tower.": low}
    (result,) = labelled(TableScorer(table, kind=Kind.EXACT), num_negatives=5)
    assert result.record["positive"]["text"] == "Ada Reyes built it."
    assert [n["text"] for n in result.record["negatives"]] == [
        "The tower was built.", "Gulls nest on the tower."
    ]  # fmt: skip
    assert [c.get("bound", False) for c in result.record["candidates"]] == [
        True,
        False,
        True,
        False,
    ]


def test_only_bounds_or_no_sentence_at_all_is_unhelpful():
    bounds = {text: AnswerScore(-1.0, 1, Kind.CENSORED) for text in TABLE}
    (result,) = labelled(TableScorer(bounds))
    assert (result.status, result.record["reason"]) == ("unhelpful", "only upper bounds are known")
    (result,) = labelled(TableScorer(TABLE), question(("  ",)))
    assert (result.status, result.record["reason"]) == ("unhelpful", "there is no sentence")


def test_an_error_takes_its_own_question_along_and_no_other():
    table = {**TABLE, "Poison.": OSError("it bites")}
    questions = [question(), question(("Poison. Tea is at four.",)), question()]
    first, second, third = labelled(TableScorer(table), *questions)
    assert first.record == third.record
    assert isinstance(second, OSError)


def test_a_question_without_answers_is_an_error_of_its_own():
    first, second = labelled(TableScorer(TABLE), question(answers=()), question())
    assert isinstance(first, ValueError)
    assert "gold answers" in str(first)
    assert second.status == "example"


def test_a_spent_budget_comes_before_other_errors():
    scorer = TableScorer({**TABLE, "Ada Reyes built it.": OSError("it bites")})
    scorer.meter = Meter(max_requests=3)
    (result,) = labelled(scorer)
    assert isinstance(result, BudgetError)


def test_a_compressor_brings_its_splitter_and_scorer():
    class Halves:
        def split(self, text):
            return [(0, 4), (4, len(text))]

    labeller = ContrastiveLabeller(
        TableScorer({"": 0.0, "Gull": 1.0, "s nest.": 0.5}),
        ExtractiveCompressor(by_words, splitter=Halves()),
    )
    (result,) = labeller.label([question(("Gulls nest.",))])
    assert result.record["positive"]["text"] == "Gull"


def test_the_identity_tells_settings_and_encoders_apart():
    scorer = TableScorer(TABLE)
    first = ContrastiveLabeller(scorer, by_words).identity
    assert first == ContrastiveLabeller(TableScorer({}), by_words).identity
    assert first != ContrastiveLabeller(scorer, by_words, epsilon=1.0).identity
    assert first != ContrastiveLabeller(scorer, lambda q, s: [0.1] * len(s)).identity


def test_nothing_of_the_question_is_changed_and_documents_can_be_left_out():
    given = question()
    before = repr(given)
    (result,) = labelled(TableScorer(TABLE), given, keep_documents=False)
    assert repr(given) == before
    assert "documents" not in result.record
