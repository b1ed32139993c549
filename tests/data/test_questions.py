"""Records of every shape to questions; broken ones are set aside, never the rest."""

import gzip
import json
import sys

import numpy as np
import pytest

from recomp_core import Document
from recomp_core.data import BadRecord, Question, question_of
from recomp_core.data.reading import read_questions
from recomp_core.data.retrieval import load_retriever, retrieve, retrieve_once

GOOD = {"id": 7, "query": "Who?", "answers": ["Ada"], "documents": ["Ada did."], "source": "mine"}


def test_a_record():
    (question,) = read_questions([GOOD])
    assert question == Question("7", "Who?", ("Ada",), (Document("Ada did."),), {"source": "mine"})
    assert question_of(question.to_dict(), 0) == question


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({"question": "Who?", "answer": "Ada", "documents": []}, ("3", ("Ada",), ())),
        ({"query": "Who?", "answers": ("Ada", "Ada", "Bo")}, ("3", ("Ada", "Bo"), ())),
        ({"_id": "x", "query": "Who?", "documents": [{"text": "t", "title": "T", "is_gold": True}]},
         ("x", (), (Document("t", title="T", metadata={"is_gold": True}),))),
        ({"query": "Who?", "answers": np.array(["Ada"]), "documents": np.array([{"text": "t"}])},
         ("3", ("Ada",), (Document("t"),))),
        ({"query": "Who?", "documents": {"title": ["T", "U"], "text": ["t", "u"]}},
         ("3", (), (Document("t", title="T"), Document("u", title="U")))),
    ],
)  # fmt: skip
def test_shapes(record, expected):
    question = question_of(record, 3)
    assert isinstance(question, Question), question
    assert (question.id, question.answers, question.documents) == expected


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({"answers": ["Ada"]}, "query"),
        ({"query": "  "}, "query"),
        ({"query": "Who?", "answers": [3]}, "answers must be strings"),
        ({"query": "Who?", "documents": "one text"}, "documents must be a list"),
        ({"query": "Who?", "documents": [{"title": "no text"}]}, "text"),
        ({"query": "Who?", "documents": [3]}, "documents"),
        (["a", "list"], "JSON object"),
    ],
)
def test_what_is_no_record(record, message):
    bad = question_of(record, 3)
    assert isinstance(bad, BadRecord)
    assert message in bad.error


def test_a_file_with_broken_lines(tmp_path):
    lines = [json.dumps(GOOD), "{broken", "", json.dumps({"query": ""}), json.dumps(GOOD)]
    path = tmp_path / "in.jsonl"
    path.write_text("\n".join(lines))
    found = list(read_questions(path))
    assert [type(x) for x in found] == [Question, BadRecord, BadRecord, Question]
    assert found[1].id == "1"
    assert found[1].excerpt.startswith("{broken")
    with gzip.open(tmp_path / "in.jsonl.gz", "wt") as stream:
        stream.write("\n".join(lines))
    assert list(read_questions(str(tmp_path / "in.jsonl.gz"))) == found
    assert [type(x) for x in read_questions(path, limit=2)] == [Question, BadRecord]


def test_the_first_documents_and_the_digest():
    record = {"query": "Who?", "answers": ["Ada"], "documents": ["a", "b", "c"]}
    (question,) = read_questions([record], documents=2)
    assert [document.text for document in question.documents] == ["a", "b"]
    (same,) = read_questions([{**record, "id": "else", "source": "x"}], documents=2)
    assert same.digest == question.digest
    (other,) = read_questions([record])
    assert other.digest != question.digest


@pytest.mark.parametrize("source", [{"query": "Who?"}, b"bytes", 3])
def test_what_is_no_source(source):
    with pytest.raises(TypeError, match="iterable of records"):
        list(read_questions(source))


def test_paths_that_are_not_there(tmp_path):
    with pytest.raises(FileNotFoundError, match="no file"):
        list(read_questions(tmp_path / "none.jsonl"))
    with pytest.raises(ValueError, match="no BEIR data set"):
        list(read_questions(tmp_path))


@pytest.fixture
def beir(tmp_path):
    def write(name, rows):
        (tmp_path / name).write_text("".join(json.dumps(row) + "\n" for row in rows))

    write(
        "corpus.jsonl", [{"_id": f"d{n}", "title": f"T{n}", "text": f"text {n}"} for n in range(5)]
    )
    write("queries.jsonl", [
        {"_id": "q1", "text": "Who?", "metadata": {"answers": ["Ada"]}},
        {"_id": "q2", "text": "When?", "answers": ["1889"]},
        {"_id": "q3", "text": "Unjudged?"},
    ])  # fmt: skip
    (tmp_path / "qrels").mkdir()
    (tmp_path / "qrels" / "test.tsv").write_text(
        "query-id\tcorpus-id\tscore\nq1\td3\t1\nq1\td0\t2\nq1\td1\t0\nq2\td2\t1\n"
    )
    return tmp_path


def test_a_beir_folder(beir):
    first, second = read_questions(beir)
    # The most relevant first; what is judged irrelevant is not among them.
    assert [(d.id, d.title, d.text) for d in first.documents] == [
        ("d0", "T0", "text 0"), ("d3", "T3", "text 3")
    ]  # fmt: skip
    assert (first.id, first.answers, second.answers) == ("q1", ("Ada",), ("1889",))


def test_a_run_comes_before_the_judgements(beir):
    (beir / "run.trec").write_text("q3 Q0 d4 2 0.5 bm25\nq3 Q0 d1 1 0.9 bm25\n")
    (question,) = read_questions(beir)
    assert (question.id, [d.id for d in question.documents]) == ("q3", ["d1", "d4"])
    (beir / "corpus.jsonl").write_text("{broken\n")
    with pytest.raises(ValueError, match=r"line 1 of .*corpus"):
        list(read_questions(beir))


# Retrieval.


class Failing:
    def invoke(self, query):
        raise OSError("the index is down")


def found_by(retriever, **settings):
    (question,) = retrieve(
        read_questions([{"query": "Who?", "answers": ["Ada"]}]), retriever, **settings
    )
    return question


def test_a_function_and_a_failing_retriever():
    question = found_by(lambda query: [query, {"text": "u", "title": "U"}, Document("v")], top_k=2)
    assert question.documents == (Document("Who?"), Document("u", title="U"))
    bad = found_by(Failing())
    assert isinstance(bad, BadRecord)
    assert "the index is down" in bad.error
    with pytest.raises(TypeError, match="no retriever"):
        found_by(object())


def test_a_langchain_retriever():
    documents = pytest.importorskip("langchain_core.documents")
    from langchain_core.retrievers import BaseRetriever

    class Fixed(BaseRetriever):
        def _get_relevant_documents(self, query, *, run_manager):
            return [documents.Document("Ada did.", id="d1", metadata={"title": "T", "page": 3})]

    assert found_by(Fixed()).documents == (
        Document("Ada did.", title="T", id="d1", metadata={"title": "T", "page": 3}),
    )


def test_a_llamaindex_retriever():
    pytest.importorskip("llama_index.core")
    from llama_index.core.retrievers import BaseRetriever
    from llama_index.core.schema import NodeWithScore, TextNode

    class Fixed(BaseRetriever):
        def _retrieve(self, query_bundle):
            node = TextNode(text="Ada did.", id_="d1", metadata={"title": "T"})
            return [NodeWithScore(node=node, score=0.5)]

    # The text alone: without the metadata that LlamaIndex puts before it.
    assert found_by(Fixed()).documents == (
        Document("Ada did.", title="T", id="d1", metadata={"title": "T"}),
    )


def test_a_retriever_by_its_name(tmp_path, monkeypatch):
    (tmp_path / "my_retrievers.py").write_text(
        "class R:\n    def invoke(self, q): return [q + ' R']\n"
        "made = R()\n"
        "def make(): return made\n"
        "def find(query): return [query + ' f']\n"
        "class Space: inner = made\n"
        "number = 3\n"
    )
    monkeypatch.chdir(tmp_path)
    before = list(sys.path)
    for name, text in (("made", "Who? R"), ("make", "Who? R"), ("R", "Who? R"),
                       ("find", "Who? f"), ("Space.inner", "Who? R")):  # fmt: skip
        assert found_by(load_retriever(f"my_retrievers:{name}")).documents[0].text == text
    assert sys.path == before
    for name, error, message in (
        ("my_retrievers", ValueError, "module:object"),
        ("my_retrievers:none", ImportError, "none"),
        ("nowhere:x", ImportError, "nowhere"),
        ("my_retrievers:number", TypeError, "no retriever"),
    ):
        with pytest.raises(error, match=message):
            load_retriever(name)


def test_what_was_retrieved_is_kept_and_failures_are_tried_again(tmp_path):
    asked = []

    def find(query):
        asked.append(query)
        if query == "down?" and len(asked) < 4:
            raise OSError("the index is down")
        return [Document(f"{query} {len(asked)}", metadata={"when": object()})]

    rows = [{"query": query} for query in ("a?", "down?", "b?")]

    def run(**settings):
        kept = tmp_path / "labels" / "retrieved.jsonl"
        return list(retrieve_once(read_questions(rows), find, kept, **settings))

    first = run()
    assert isinstance(first[1], BadRecord)
    second = run()
    assert asked == ["a?", "down?", "b?", "down?"]
    assert [question.documents[0].text for question in second] == ["a? 1", "down? 4", "b? 3"]
    assert [question.digest for question in run()] == [question.digest for question in second]
    kept = tmp_path / "labels" / "retrieved.jsonl"
    kept.write_bytes(kept.read_bytes()[:-10])  # killed while it wrote
    assert [question.id for question in run()] == ["0", "1", "2"]
    assert asked[4:] == ["down?"]
    run(top_k=1)
    assert len(asked) == 8


def test_a_question_made_by_hand_is_checked_too():
    (bad,) = read_questions([Question("x", "  ", ("Ada",), ())])
    assert isinstance(bad, BadRecord)
