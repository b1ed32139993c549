"""Documents into a store: in Python, from the command line, and at the frameworks' ingestion."""

import asyncio
import gzip
import json
import sys

import pytest
import typer
from conftest import needs
from test_store_scoring import HashEncoder
from typer.testing import CliRunner

from recomp_core import BM25Scorer, Document, DualEncoderScorer, ExtractiveCompressor
from recomp_core.cli.index import index
from recomp_core.extractive.indexing import Indexer, IndexReport, with_store
from recomp_core.store import SentenceStore
from recomp_core.store.disk_table import FILE
from recomp_core.store.keys import named_model

DOCUMENTS = [
    Document("The cat sat. A dog ran away! Why?", title="Pets"),
    Document("Nothing here. The cat sat.", title="Home"),
    Document(" "),
]


def compressor(store, encoder=None, context="title"):
    scorer = DualEncoderScorer(encoder or HashEncoder(), context=context)
    return with_store(ExtractiveCompressor(scorer), store)


def test_what_was_indexed_is_not_encoded_for_a_query(tmp_path):
    with SentenceStore(tmp_path) as store:
        indexer = Indexer(compressor(store))
        indexer.add(iter([*DOCUMENTS, "A string."]))
        assert indexer.report == IndexReport(documents=4, sentences=6, encoded=6)
        indexer.add(DOCUMENTS)
        assert indexer.report == IndexReport(documents=7, sentences=11, encoded=6)
        assert str(indexer.report).startswith("7 documents, 11 sentences, 6 of them encoded in ")
    encoder = HashEncoder()
    with SentenceStore(tmp_path) as store:
        result = compressor(store, encoder).compress("a cat", [*DOCUMENTS[::-1], "A string."])
    assert encoder.read == []
    assert len(result.kept) + len(result.dropped) == 6


def test_a_document_that_comes_twice_is_encoded_once():
    encoder = HashEncoder()
    indexer = Indexer(compressor(SentenceStore(), encoder, context="document"))
    indexer.add([DOCUMENTS[0], DOCUMENTS[0], Document(DOCUMENTS[0].text)])
    assert [len(read) for read in encoder.read] == [6]  # with its title, and without
    assert indexer.report.encoded == 6


class FailingEncoder(HashEncoder):
    def encode_sentences(self, sentences):
        if any("four" in sentence for sentence in sentences):
            raise RuntimeError("out of memory")
        return super().encode_sentences(sentences)


def test_an_interrupted_run_is_carried_on(tmp_path):
    documents = [f"Number {word}." for word in ("one", "two", "three", "four", "five", "six")]
    with SentenceStore(tmp_path) as store:
        with pytest.raises(RuntimeError, match="out of memory"):
            Indexer(compressor(store, FailingEncoder())).add(documents, batch_documents=2)
    with SentenceStore(tmp_path) as store:
        encoder = HashEncoder()
        Indexer(compressor(store, encoder)).add(documents, batch_documents=2)
        assert encoder.read == [["Number three.", "Number four."], ["Number five.", "Number six."]]


def test_a_store_that_can_not_be_written_is_told_before_the_work(tmp_path):
    with SentenceStore(tmp_path) as store:
        encoder = HashEncoder()
        indexer = Indexer(compressor(store, encoder))
        pages = store._table._connection.execute("PRAGMA page_count").fetchone()[0]
        store._table._connection.execute(f"PRAGMA max_page_count={pages}")
        with pytest.raises(OSError, match=r"can't be written \(database or disk is full\)"):
            indexer.add((f"Sentence {n}." * 20 for n in range(1_000)), batch_documents=500)
        assert len(encoder.read) == 1
        store._table._connection.execute("PRAGMA query_only=1")
        with pytest.raises(OSError, match="attempt to write a readonly database"):
            Indexer(compressor(store))


@needs("bm25s", "bm25")
def test_only_a_compressor_with_a_store_indexes():
    for given in (
        ExtractiveCompressor(BM25Scorer()),
        ExtractiveCompressor(DualEncoderScorer(HashEncoder())),
        ExtractiveCompressor(DualEncoderScorer(HashEncoder(), store=SentenceStore())),
    ):
        with pytest.raises(ValueError, match="ExtractiveCompressor has no sentence store"):
            Indexer(given)
    with pytest.raises(TypeError, match=r"documents\[1\] must be a string or a Document"):
        Indexer(compressor(SentenceStore())).add(["a", 7])


# The command


@pytest.fixture
def run(monkeypatch, tmp_path):
    """`recomp index` with a small encoder; `run.encoder` shows what it read, `run.settings` what it
    was made of.
    """
    from recomp_core.persistence import factory as settings

    app = typer.Typer()
    app.command()(index)

    def made(model, **given):
        run.encoder, run.settings = HashEncoder(), {"model": model, **given}
        return ExtractiveCompressor(DualEncoderScorer(run.encoder, context="title"))

    def run(*arguments):
        return CliRunner().invoke(
            app, [str(a) for a in ("--store", tmp_path / "store", *arguments)]
        )

    monkeypatch.setattr(settings, "compressor_from_settings", made)
    monkeypatch.chdir(tmp_path)
    return run


def lines(*rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


def test_files_of_every_kind_are_indexed_and_known_the_next_time(run, tmp_path):
    folder = tmp_path / "texts"
    (folder / "deep").mkdir(parents=True)
    (folder / "a.txt").write_text("\ufeffText one. Text two.", encoding="utf-8")
    (folder / "deep" / "b.md").write_text("# Head\n\nBody.", encoding="utf-8")
    (folder / "other.py").write_text("no = document")
    (folder / "c.jsonl").write_text(lines({"text": "From JSON.", "title": "T"}) + "\n")
    with gzip.open(tmp_path / "d.jsonl.gz", "wt") as stream:
        stream.write(lines({"query": "q", "documents": ["A record's.", {"text": "Second."}]}))
    result = run(folder, tmp_path / "d.jsonl.gz", "--model", "m", "--lang", "en", "--dtype", "int8")
    assert result.exit_code == 0
    assert run.encoder.read == [
        ["Text one.", "Text two.", "T\nFrom JSON.", "Head\nBody.", "A record's.", "Second."]
    ]
    assert run.settings == {"model": "m", "context": None, "lang": "en", "device": None}
    assert "recomp: 5 documents, 6 sentences, 6 of them encoded in" in result.stderr
    assert f"; {tmp_path / 'store'} takes 0." in result.stderr
    again = run(folder, tmp_path / "d.jsonl.gz", "--model", "m", "--lang", "en", "--dtype", "int8")
    assert again.exit_code == 0
    assert run.encoder.read == []
    with SentenceStore(tmp_path / "store", dtype="int8") as store:
        encoder = HashEncoder()
        compressor(store, encoder).compress("q", [Document("From JSON.", title="T"), "Second."])
        assert encoder.read == []


def test_what_can_not_be_read_is_told_and_the_rest_indexed(run, tmp_path):
    (tmp_path / "a.jsonl").write_text(lines({"text": "One."}, {"no": 1}, {"text": "Two."}) + "{\n")
    (tmp_path / "b.txt").write_bytes(b"\xff\xfe\x00")
    result = run("a.jsonl", "b.txt")
    assert result.exit_code == 3
    assert run.encoder.read == [["One.", "Two."]]
    assert "recomp: 3 could not be read" in result.stderr


def test_a_beir_folder_is_its_corpus(run, tmp_path):
    (tmp_path / "corpus.jsonl").write_text(lines({"_id": "1", "title": "T", "text": "Known."}))
    (tmp_path / "queries.jsonl").write_text(lines({"_id": "q", "text": "A question?"}))
    assert run(tmp_path).exit_code == 0
    assert run.encoder.read == [["T\nKnown."]]


def test_the_documents_of_questions_and_of_a_retriever(run, tmp_path, monkeypatch):
    (tmp_path / "q.jsonl").write_text(
        lines({"query": "first", "documents": ["Own one.", "Own two."]}, {"query": "second"})
    )
    assert run("--questions", "q.jsonl", "--documents", 1).exit_code == 0
    assert run.encoder.read == [["Own one."]]
    (tmp_path / "my_search.py").write_text(
        "def search(query):\n    return [f'Found for {query}.', 'Another.', 'Third.']\n"
    )
    monkeypatch.delitem(sys.modules, "my_search", raising=False)
    result = run("--questions", "q.jsonl", "--retriever", "my_search:search", "--documents", 2)
    assert result.exit_code == 0
    assert run.encoder.read == [["Found for first.", "Another.", "Found for second."]]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "give files or folders, or --questions"),
        (("a.txt", "--retriever", "m:o"), "needs --questions to ask"),
        (("a.txt", "--documents", "2"), "is for --questions"),
    ],
)
def test_wrong_usage_is_told(run, arguments, message):
    result = run(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr


def test_nothing_is_made_for_files_that_are_not_there(run, tmp_path):
    (tmp_path / "empty").mkdir()
    for path, error in ((tmp_path / "no.txt", FileNotFoundError), (tmp_path / "empty", ValueError)):
        assert isinstance(run(path).exception, error)
    assert not (tmp_path / "store").exists()


# The frameworks


@pytest.fixture
def fake_model(monkeypatch):
    """What `compressor_from_settings` makes, whoever asks: a small encoder in the given store."""
    import recomp_core.persistence.factory

    made = []

    def make(model=None, *, store, context=None, **given):
        made.append({"model": model, "context": context, **given})
        return compressor(store, HashEncoder(), context=context or "title")

    monkeypatch.setattr(recomp_core.persistence.factory, "compressor_from_settings", make)
    return made


def encoded_at_query_time(store, documents):
    encoder = HashEncoder()
    with SentenceStore(store) as opened:
        compressor(opened, encoder).compress("a cat", documents)
    return encoder.read


def test_langchain_documents_pass_through_and_are_known(tmp_path, fake_model, monkeypatch):
    pytest.importorskip("langchain_core")
    from langchain_core.documents import Document as LangChainDocument

    from langchain_recomp import ingest
    from recomp_core.persistence import factory as settings

    monkeypatch.setattr(ingest, "compressor_from_settings", settings.compressor_from_settings)
    documents = [
        LangChainDocument("The cat sat. A dog ran.", metadata={"title": "Pets", "n": [1]}, id="a"),
        LangChainDocument("Nothing here.", metadata={"title": 7}),
    ]
    before = [document.model_dump() for document in documents]
    indexer = ingest.RecompDocumentIndexer(tmp_path, lang="en")
    after = indexer.transform_documents(documents)
    assert all(a is b for a, b in zip(after, documents, strict=True))
    assert [document.model_dump() for document in documents] == before
    assert indexer.report == IndexReport(documents=2, sentences=3, encoded=3)
    assert asyncio.run(indexer.atransform_documents(documents)) == documents
    assert indexer.report.encoded == 3
    core = [Document("The cat sat. A dog ran.", title="Pets"), Document("Nothing here.")]
    assert encoded_at_query_time(tmp_path, core) == []
    assert encoded_at_query_time(tmp_path, [Document("Nothing here.", title="7")]) != []


def test_langchain_indexer_takes_a_compressor_with_a_store():
    pytest.importorskip("langchain_core")
    from langchain_core.documents import Document as LangChainDocument

    from langchain_recomp import RecompDocumentCompressor
    from langchain_recomp.ingest import RecompDocumentIndexer

    own = compressor(SentenceStore())
    for given in (own, RecompDocumentCompressor(compressor=own)):
        indexer = RecompDocumentIndexer(compressor=given, title_key=None)
        indexer.transform_documents([LangChainDocument("The cat sat.", metadata={"title": "T"})])
        assert indexer.report.documents == 1
    assert len(own.scorer.store) == 2
    with pytest.raises(ValueError, match="give either store=, a folder, or compressor="):
        RecompDocumentIndexer()
    with pytest.raises(ValueError, match="lang given together with compressor="):
        RecompDocumentIndexer(compressor=own, lang="en")
    with pytest.raises(ValueError, match="has no sentence store"):
        RecompDocumentIndexer(compressor=ExtractiveCompressor(BM25Scorer()))
    with pytest.raises(TypeError, match=r"documents\[0\] must be a LangChain Document"):
        RecompDocumentIndexer(compressor=own).transform_documents(["text"])


def test_llamaindex_nodes_pass_through_and_are_known(tmp_path, fake_model):
    pytest.importorskip("llama_index.core")
    from llama_index.core.ingestion import IngestionPipeline
    from llama_index.core.schema import ImageNode, TextNode

    from llamaindex_recomp.ingest import RecompNodeIndexer

    nodes = [
        TextNode(text="The cat sat. A dog ran.", metadata={"title": "Pets", "page": 1}, id_="a"),
        TextNode(text="Nothing here.", metadata={"title": 7}),
        ImageNode(text="A picture.", image_url="file:///nowhere.png"),
    ]
    before = [node.to_dict() for node in nodes]
    indexer = RecompNodeIndexer(store=tmp_path, context="title")
    assert fake_model[0]["context"] == "title"
    after = indexer(nodes)
    assert all(a is b for a, b in zip(after, nodes, strict=True))
    assert [node.to_dict() for node in nodes] == before
    assert indexer.report == IndexReport(documents=2, sentences=3, encoded=3)
    asyncio.run(indexer.acall(nodes))
    assert IngestionPipeline(transformations=[indexer]).run(nodes=nodes) == nodes
    assert indexer.report == IndexReport(documents=6, sentences=9, encoded=3)
    core = [Document("The cat sat. A dog ran.", title="Pets"), Document("Nothing here.")]
    assert encoded_at_query_time(tmp_path, core) == []


def test_a_llamaindex_indexer_is_its_settings(tmp_path, fake_model):
    pytest.importorskip("llama_index.core")
    import pickle

    from llamaindex_recomp.ingest import RecompNodeIndexer

    indexer = RecompNodeIndexer(store=str(tmp_path), lang="en", title_key="head")
    data = indexer.to_dict()
    json.dumps(data)
    assert data["class_name"] == "RecompNodeIndexer"
    for again in (
        RecompNodeIndexer.from_dict(data),
        pickle.loads(pickle.dumps(indexer)),
    ):
        assert (again.store, again.lang, again.title_key) == (str(tmp_path), "en", "head")
        again([])
    own = compressor(SentenceStore())
    given = RecompNodeIndexer(compressor=own)
    with pytest.raises(ValueError, match="was given as an object"):
        RecompNodeIndexer.from_dict(given.to_dict())
    with pytest.raises(ValueError, match="give either store=, a folder, or compressor="):
        RecompNodeIndexer()
    with pytest.raises(ValueError, match="store given together with compressor="):
        RecompNodeIndexer(store=str(tmp_path), compressor=own)
    with pytest.raises(ValueError, match="has no sentence store"):
        RecompNodeIndexer(compressor=ExtractiveCompressor(BM25Scorer()))
    assert (tmp_path / FILE).is_file()


class Embeddings:
    def __init__(self, **fields):
        self.__dict__.update(fields)


def test_a_frameworks_model_is_known_by_class_name_and_length():
    assert named_model(Embeddings(model="m")) == ["Embeddings", "m", ""]
    assert named_model(Embeddings(model_name="m", dimensions=256)) == ["Embeddings", "m", "256"]


@pytest.mark.parametrize("fields", [{}, {"model": object()}, {"model_name": "unknown"}])
def test_a_model_without_a_name_is_not_taken_for_another(fields):
    assert named_model(Embeddings(**fields)) is None
