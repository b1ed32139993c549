"""Measures worked out by hand, and what is not defined."""

import pytest

from recomp_core import Document
from recomp_core.data import question_of
from recomp_core.evaluation import Row
from recomp_core.evaluation.judge import Judge, answerable, notes
from recomp_core.evaluation.measures import Judged, find_measure, support
from recomp_core.evaluation.spans import gold_scores, gold_spans, locate, merged
from recomp_core.text.answers import contains_answer, exact_match, token_f1


def question(*documents, answers=("Ada Reyes",), query="who built the tower?"):
    record = {"query": query, "answers": list(answers), "documents": list(documents)}
    return question_of(record, 0)


TOWER = "The tower was built by Ada Reyes. It rains a lot."


@pytest.mark.parametrize(
    ("text", "answers", "found"),
    [
        ("It was Ada  REYES!", ["Bob", "Ada Reyes"], True),  # an alias will do
        ("Ada met Reyes.", ["Ada Reyes"], False),
        ("She moved to Adaland.", ["Ada"], False),  # not within a word
        ("Zoë Núñez", ["zoe nunez"], True),
        ("Łódź", ["Łódź"], True),
        ("Straße", ["STRASSE"], True),
        ("ＡＢＣ１２", ["abc12"], True),  # full-width forms
        ("他住在北京市。", ["北京"], True),
        ("“滨田·省吾”（歌手）", ["滨田省吾"], True),
        ("公元１９８４年", ["1984年"], True),
        ("It cost 1,024 euros.", ["1024"], True),
        ("It cost 1024 euros.", ["1,024"], True),
        ("It cost 1,024 euros.", ["1 024"], True),
        ("12,345,678 people", ["12345678"], True),
        ("In 1999 200 people came.", ["1999"], True),  # no number of seven digits
        ("3.5 %", ["35"], False),
        ("$1.50", ["1.50"], True),
        ("the U.S.A. won", ["USA"], True),
        ("the USA won", ["U.S.A."], True),
        ("J.K. Rowling", ["J. K. Rowling"], True),
        ("J. K. Rowling", ["JK Rowling"], True),
        ("Plan B", ["b c"], False),
        ("anything", ["the", "…", ""], False),
    ],
)
def test_answers_are_found_in_all_their_forms(text, answers, found):
    assert contains_answer(text, answers) is found


def test_exact_match_and_f1_know_the_forms_of_numbers():
    assert exact_match("1,024", ["1024"])
    assert exact_match("U.S.A.", ["USA"])
    assert not exact_match("1,024", ["1025"])
    assert token_f1("1,024 ships", ["1024 ships"]) == 1.0
    assert token_f1("1,024 ships", ["1024"]) == pytest.approx(2 / 3)


def test_answerable_is_about_single_documents():
    assert answerable(question("Ada built it.", TOWER)) is True
    assert answerable(question("It was Ada", "Reyes did it.")) is False
    assert answerable(question()) is False
    assert answerable(question(TOWER, answers=())) is None
    assert answerable(question(TOWER, answers=("the",))) is None


def test_recall_is_not_defined_without_answers():
    answer_recall = find_measure("answer_recall").compute
    assert answer_recall(Judged(question(TOWER), TOWER)) is True
    assert answer_recall(Judged(question(TOWER), "")) is False
    assert answer_recall(Judged(question(TOWER, answers=()), TOWER)) is None


@pytest.mark.parametrize(
    ("asked", "note"),
    [
        (question(TOWER), ""),
        (question(), "no documents"),
        (question(" \n", "\u200b"), "blank documents"),
        (question(TOWER, answers=()), "no gold answers"),
        (question(TOWER, answers=["the"]), "gold answers without a letter or digit"),
        (question("Bananas."), "the gold answers are in no document"),
        (question(answers=()), "no documents; no gold answers"),
        (
            question({"text": TOWER, "gold_sentences": ["It rains a lot.", "It snows."]}),
            "1 gold sentences not found in their document",
        ),
    ],
)
def test_notes_say_what_is_missing(asked, note):
    assert notes(asked) == note


def test_gold_sentences_are_found_where_they_stand():
    documents = [
        Document("One. Two\n  words. Three.", metadata={"gold_sentences": ["Two words.", "One."]}),
        Document("Two words."),
        Document("Four. Five.", metadata={"gold_sentences": [" Five. ", "", None]}),
        Document("Six.", metadata={"gold_sentences": None}),
        Document("Six.", metadata={"gold_sentences": "Six."}),
    ]
    assert gold_spans(documents) == ((0, 0, 4), (0, 5, 17), (2, 6, 11))


def test_precision_and_recall_in_characters_by_hand():
    gold = [(0, 0, 10), (1, 5, 15)]
    # 6 of the first, 5 of the second: 11 of 20 gold ones; kept were 6 + 10 = 16.
    assert gold_scores([(0, 4, 10), (1, 10, 20)], gold) == (11 / 16, 11 / 20)
    assert gold_scores(gold, gold) == (1.0, 1.0)
    assert gold_scores([(2, 0, 10)], gold) == (0.0, 0.0)
    assert gold_scores([], gold) == (None, 0.0)
    assert gold_scores([(0, 0, 4)], []) == (None, None)
    # What is kept twice counts once.
    assert gold_scores([(0, 0, 10), (0, 0, 10), (0, 5, 10)], gold) == (1.0, 0.5)


def test_spans_are_merged():
    assert merged([(0, 5, 9), (0, 0, 5), (1, 0, 2), (0, 7, 8), (1, 3, 3)]) == ((0, 0, 9), (1, 0, 2))


def reader_scores(prediction, asked, without_compression=None):
    row = Judge(asked, "", len).read(Row("q", "ours"), prediction, without_compression)
    assert row.prediction == prediction
    return {name: getattr(row, name) for name in ("exact_match", "f1", "agreement")}


def test_reader_scores_by_hand():
    asked = question(TOWER, answers=("Ada Reyes", "Reyes"))
    scores = reader_scores("Ms. Reyes", asked, "Ada Reyes")
    assert scores == {
        "exact_match": False,
        "f1": pytest.approx(2 / 3),  # with "Reyes": precision ½, recall 1
        "agreement": pytest.approx(0.5),  # one of two words, both ways
    }
    assert reader_scores("", question(TOWER, answers=()), "") == {
        "exact_match": None,
        "f1": None,
        "agreement": 1.0,
    }
    assert reader_scores("x", asked)["agreement"] is None


def test_support_counts_the_sentences_that_documents_bear_out():
    documents = [Document(TOWER), Document("Bananas are yellow.")]
    query = "who built the tower?"
    assert support(query, documents, "Ada Reyes built the tower.") == 1.0
    assert support(query, documents, "Ada Reyes built the tower. Kofi sells 17 boats.") == 0.5
    assert support(query, documents, "") is None


def test_pieces_are_located():
    documents = [Document(TOWER), Document("It rains a lot. Bananas."), Document("It rains a lot.")]
    assert locate(["It rains a lot."], documents) == ((0, 34, 49),)
    # The next of the same comes from the next place.
    again = locate(["It rains a lot.", "It rains a lot."], documents)
    assert again == ((0, 34, 49), (1, 0, 15))
    # One text of two lines, and one of two sentences that do not stand side by side.
    assert locate(["Bananas.\nIt rains a lot."], documents) == ((1, 16, 24), (2, 0, 15))
    assert locate(["Bananas. It rains a lot."], documents) == ((1, 16, 24), (2, 0, 15))
    assert locate([" Bananas.\n"], documents) == ((1, 16, 24),)
    assert locate([""], documents) == ()
    assert locate([], documents) == ()
    assert locate(["Ada Reyes was the builder."], documents) is None
    assert locate(["x"], []) is None


def test_a_judge_fills_the_fields_of_a_row():
    asked = question({"text": TOWER, "gold_sentences": ["The tower was built by Ada Reyes."]})
    judge = Judge(asked, TOWER, lambda text: len(text.split()))
    kept = judge.measure("It rains a lot.", ((0, 34, 49),))
    assert kept == {
        "tokens_before": 11,
        "tokens_after": 4,
        "empty": False,
        "answerable": True,
        "answer_recall": False,
        "gold_precision": 0.0,
        "gold_recall": 0.0,
        "support": 1.0,
        "note": "",
    }
    nothing = judge.measure("", ())
    assert (nothing["tokens_after"], nothing["empty"], nothing["support"]) == (0, True, None)
    assert (nothing["gold_precision"], nothing["gold_recall"]) == (None, 0.0)
    written = judge.measure("Ada Reyes built the tower.", None)
    assert (written["answer_recall"], written["support"]) == (True, 1.0)
    assert (written["gold_precision"], written["gold_recall"]) == (None, None)
