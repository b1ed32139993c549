"""The values of one call: offsets, plain JSON and back, arguments that cannot be compressed."""

import json
from datetime import date

import pytest

from recomp_core.text.joining import Layout
from recomp_core.types import (
    Compression,
    Document,
    Outcome,
    ScoredSentence,
    Sentence,
    SummarySentence,
    as_documents,
    assemble,
    check_batch,
    check_query,
    excerpt_of,
    excerpt_starts,
)

TOWER = Document("Ann built it. Bob paid. It fell.", title="The tower", id="t", metadata={"n": 1})
TREE = Document("An oak. It stands.")
ANN = ScoredSentence("Ann built it.", 0, 0, 13, 0.9)
BOB = ScoredSentence("Bob paid.", 0, 14, 23, 0.2)
FELL = ScoredSentence("It fell.", 0, 24, 32, 0.5)
OAK = ScoredSentence("An oak.", 1, 0, 7, 0.7)
STANDS = ScoredSentence("It stands.", 1, 8, 18, 0.1)


def excerpt(**changed):
    values = {
        "query": "who built it?",
        "documents": (TOWER, TREE),
        "text": "Ann built it. It fell.\nAn oak.",
        "kept": (ANN, FELL, OAK),
        "dropped": (BOB, STANDS),
        "sources": (0, 1),
        "outcome": Outcome.COMPRESSED,
    }
    return Compression(**{**values, **changed})


def summary():
    support = (
        SummarySentence("Ann did.", 0, 8, (ANN, BOB)),
        SummarySentence("In 1889.", 9, 17, (), unsupported=("1889",), supported=False),
    )
    return excerpt(
        text="Ann did. In 1889.", kept=(), dropped=(), truncated=True, support=support, reason="cut"
    )


def test_the_kept_sentences_of_all_documents_are_the_text():
    result = excerpt()
    assert assemble(result.documents, result.kept, result.layout) == result.text
    assert excerpt_of([TOWER], 0, [ANN, FELL], Layout(elision="…")) == "Ann built it. … It fell."
    assert assemble((TOWER, TREE), (), Layout()) == excerpt_of([TREE], 0, [], Layout()) == ""
    assert result.is_excerpt
    assert not summary().is_excerpt


def test_each_source_document_gives_its_part_and_its_best_score():
    first, second = excerpt().by_document()
    assert (first.doc_index, first.document, first.text) == (0, TOWER, "Ann built it. It fell.")
    assert (first.kept, first.score) == ((ANN, FELL), 0.9)
    assert (second.doc_index, second.text, second.score) == (1, "An oak.", 0.7)
    assert excerpt().layout.join([first.text, second.text]) == excerpt().text
    assert summary().by_document() == ()


def test_the_rate_is_what_is_left_by_the_given_count():
    result = excerpt()
    assert result.original_text == f"{TOWER.text}\n{TREE.text}"
    assert result.rate() == len(result.text) / len(result.original_text) == 30 / 51
    assert result.rate(lambda text: len(text.split())) == 7 / 11
    nothing = excerpt(documents=(), text="", kept=(), dropped=(), sources=())
    assert nothing.rate() == nothing.rate(lambda text: 0) == 0.0


@pytest.mark.parametrize("made", [excerpt, summary])
def test_as_json_and_back_nothing_changes(made):
    compression = made()
    again = Compression.from_dict(json.loads(json.dumps(compression.to_dict())))
    assert again == compression
    assert [type(value) for value in (again.outcome, again.layout)] == [Outcome, Layout]


def test_metadata_that_json_does_not_know_becomes_text():
    metadata = {"day": date(1998, 3, 3), 7: [None, True, 1.5, (date(1998, 3, 4), "x")]}
    document = Document("Bob.", metadata=metadata)
    written = excerpt(documents=(document, TREE), kept=(), dropped=()).to_dict()
    assert written["documents"][0]["metadata"] == {
        "day": "1998-03-03",
        "7": [None, True, 1.5, ["1998-03-04", "x"]],
    }


def test_sentences_that_do_not_stand_at_their_offsets_are_refused():
    data = json.loads(json.dumps(summary().to_dict()))
    data["support"][0]["sources"][0]["start"] = 1
    with pytest.raises(
        ValueError, match="offsets 1:13 of document 0 hold 'nn built it.', not 'Ann"
    ):
        Compression.from_dict(data)
    with pytest.raises(ValueError, match="KeyError: 'sources'"):
        Compression.from_dict({"documents": []})
    with pytest.raises(ValueError, match="'lost' is not a valid Outcome"):
        Compression.from_dict({**excerpt().to_dict(), "outcome": "lost"})


def test_a_compression_shows_its_text_and_not_its_documents():
    assert (
        repr(excerpt(text="Ann.")) == "Compression(compressed, kept 3 of 5 sentences, text='Ann.')"
    )
    assert repr(summary()) == "Compression(compressed, text='Ann did. In 1889.')"
    assert "Ann did." in summary()._repr_html_()
    assert str(Outcome.TIMED_OUT) == Outcome.TIMED_OUT.value == "timed_out"


def test_documents_are_compared_with_their_metadata_and_hashed_without():
    assert Document("a", metadata={"n": 1}) != Document("a", metadata={"n": 2})
    assert hash(Document("a", metadata={"n": 1})) == hash(Document("a", metadata={"n": 2}))
    assert len({Sentence("a", 0, 0, 1), Sentence("a", 0, 0, 1), Sentence("a", 1, 0, 1)}) == 2


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"text": None}, "Document.text must be a string, got NoneType None"),
        ({"title": 7}, "Document.title must be a string or None, got int 7"),
        ({"id": b"7"}, "Document.id must be a string or None, got bytes b'7'"),
        ({"metadata": [1]}, r"Document.metadata must be a mapping, got list \[1\]"),
        ({"text": list(range(99))}, r"got list \[0, 1, .*…$"),
    ],
)
def test_a_document_of_wrong_parts_is_refused(wrong, message):
    with pytest.raises(TypeError, match=message):
        Document(**{"text": "a", **wrong})


def test_strings_and_documents_become_documents():
    assert as_documents(iter(["a", TREE])) == (Document("a"), TREE)
    assert as_documents([]) == ()
    for wrong in ("a", b"a", TREE, {"text": "a"}, None, 3):
        with pytest.raises(TypeError, match="nodes must be a list of strings or Documents, got"):
            as_documents(wrong, "nodes")
    with pytest.raises(TypeError, match=r"nodes\[1\] must be a string or a Document, got int 3"):
        as_documents(["a", 3], "nodes")


def test_a_query_is_text_that_can_be_seen():
    assert check_query(" who? ") == " who? "
    for blank in ("", " \n", "\u200b\ufeff"):
        with pytest.raises(ValueError, match="queries\\[3\\] is blank"):
            check_query(blank, "queries[3]")
    with pytest.raises(TypeError, match="query must be a string, got int 3"):
        check_query(3)


def test_a_batch_has_one_list_of_documents_per_query():
    assert check_batch(("a", "b"), (["x"], [])) == [("a", (Document("x"),)), ("b", ())]
    assert check_batch([], []) == []
    with pytest.raises(TypeError, match="queries must be a list of strings, got the string 'ab'"):
        check_batch("ab", [["x"], ["y"]])
    with pytest.raises(ValueError, match="got 1 queries but 2 document lists"):
        check_batch(["a"], [["x"], ["y"]])
    with pytest.raises(ValueError, match=r"^queries\[1\] is blank"):
        check_batch(["a", ""], [[], []])
    with pytest.raises(ValueError, match="^query is blank"):
        check_batch([""], [[]])
    with pytest.raises(TypeError, match=r"^documents_lists\[1\]\[0\] must be"):
        check_batch(["a", "b"], [[], [3]])
    with pytest.raises(TypeError, match=r"^documents\[0\] must be"):
        check_batch(["a"], [[3]])


def test_a_title_tells_a_document_from_another():
    layout = Layout(titles=True)
    kessa = Document("It lies in the east. Its summit is 2114 m high.", title="Mount Kessa")
    ruvin = Document("Ruvin lies in the west. Nobody lives there.", title="Mount Ruvin")
    summit = ScoredSentence("Its summit is 2114 m high.", 0, 21, 47, 1.0)
    west = ScoredSentence("Ruvin lies in the west.", 1, 0, 23, 1.0)
    both = assemble((kessa, ruvin), (summit, west), layout)
    assert both == "[Mount Kessa] Its summit is 2114 m high.\nRuvin lies in the west."
    assert excerpt_starts((kessa, ruvin), 0, [summit], layout) == [14]
    # Of a document that is kept whole, too, as long as the text is shorter than all documents.
    whole = ScoredSentence("It lies in the east.", 0, 0, 20, 1.0)
    titled = "[Mount Kessa] It lies in the east. Its summit is 2114 m high."
    assert assemble((kessa, ruvin), (whole, summit), layout) == titled
    everything = (whole, summit, west, ScoredSentence("Nobody lives there.", 1, 24, 43, 1.0))
    assert assemble((kessa, ruvin), everything, layout) == f"{kessa.text}\n{ruvin.text}"
    # Alone, or beside a document without a title, nothing needs telling apart.
    assert assemble((kessa,), (summit,), layout) == summit.text
    assert assemble((kessa, Document("A text.")), (summit,), layout) == summit.text
    assert assemble((kessa, ruvin), (summit,), Layout()) == summit.text
