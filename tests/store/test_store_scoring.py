"""Compressing with a store: the same scores, and nothing encoded twice."""

import logging

import numpy as np
import pytest
from conftest import needs

from recomp_core import (
    BM25Scorer,
    Document,
    DualEncoderScorer,
    ExtractiveCompressor,
    SentenceSplitter,
    TopK,
    load_compressor,
    save_compressor,
)
from recomp_core.extractive.indexing import Indexer, with_store
from recomp_core.store import SentenceStore, StoredSplitter
from recomp_core.store.disk_table import FILE
from recomp_core.store.keys import encoder_identity, splitter_identity
from recomp_core.text.units import Unit

DOCUMENTS = [
    Document("The cat sat. A dog ran away! Why?", title="Pets"),
    Document("Nothing here. The cat sat.", title="Home"),
    Document("", title="Blank"),
    Document("The cat sat. A dog ran away! Why?"),
]


class HashEncoder:
    """Vectors that depend on every character, and for spans on the text before too; `read` shows
    what was asked.

    jitter: how much the same string's vector may differ from call to call.
    """

    def __init__(self, identity="hash-1", dim=16, jitter=0.0):
        self.identity = identity
        self.dim = dim
        self.jitter = np.random.default_rng(0), jitter
        self.read = []

    def _vector(self, text):
        seed = [ord(character) for character in text]
        return np.random.default_rng(seed).normal(size=self.dim).astype(np.float32)

    def _vectors(self, texts):
        random, size = self.jitter
        noise = random.normal(size=(len(texts), self.dim)) * size
        return np.array([self._vector(text) for text in texts]).reshape(-1, self.dim) + noise

    def encode_queries(self, queries):
        return np.array([self._vector(query) for query in queries])

    def encode_sentences(self, sentences):
        self.read.append(list(sentences))
        return self._vectors(sentences)

    def encode_spans(self, texts, spans):
        self.read.append(
            [text[a:b] for text, its in zip(texts, spans, strict=True) for a, b in its]
        )
        return [
            self._vectors([text[:b] + str(a) for a, b in its])
            for text, its in zip(texts, spans, strict=True)
        ]


def scores(compressor, query="a cat", documents=DOCUMENTS):
    result = compressor.compress(query, documents)
    every = sorted((*result.kept, *result.dropped), key=lambda s: (s.doc_index, s.start))
    return [s.score for s in every]


def compressor(store=None, encoder=None, **settings):
    plain = ExtractiveCompressor(DualEncoderScorer(encoder or HashEncoder(), **settings))
    return plain if store is None else with_store(plain, store)


CONTEXTS = ("sentence", "title", "document")


@pytest.mark.parametrize("similarity_fn_name", ["cosine", "dot"])
@pytest.mark.parametrize("context", CONTEXTS)
def test_scores_are_the_same_with_and_without_a_store(context, similarity_fn_name, tmp_path):
    settings = {"context": context, "similarity_fn_name": similarity_fn_name}
    expected = scores(compressor(**settings))
    with SentenceStore(tmp_path, dtype="float32") as store:
        kept = compressor(store, **settings)
        assert scores(kept) == scores(kept) == expected
    for dtype, tolerance in (("float16", 1e-3), ("int8", 1e-2)):
        with SentenceStore(dtype=dtype) as store:
            kept = compressor(store, **settings)
            first = scores(kept)
            assert scores(compressor(store, **settings)) == first
            scale = 1 if similarity_fn_name == "cosine" else np.abs(expected).max()
            assert first == pytest.approx(expected, abs=tolerance * scale)
            assert first != expected
            assert scores(kept) == first  # whether it was made now or kept before


@pytest.mark.parametrize("context", CONTEXTS)
def test_what_is_there_is_not_encoded(context, tmp_path):
    with SentenceStore(tmp_path) as store:
        first = scores(compressor(store, context=context))
    encoder = HashEncoder()
    with SentenceStore(tmp_path) as store:
        later = compressor(store, encoder, context=context)
        assert scores(later) == first
        assert encoder.read == []
        scores(later, "another question")
        scores(later, documents=[*DOCUMENTS[::-1], "One more."])
        assert encoder.read == [["One more."]]


def test_a_title_counts_where_the_encoder_sees_it():
    for context, again in (
        ("sentence", []),
        ("title", [["Cats\nMeow."]]),
        ("document", [["Meow."]]),
    ):
        with SentenceStore() as store:
            scores(compressor(store, context=context), documents=[Document("Meow.", title="Pets")])
            encoder = HashEncoder()
            scores(
                compressor(store, encoder, context=context),
                documents=[Document("Meow.", title="Cats")],
            )
            assert encoder.read == again


def test_a_batch_is_the_same_as_one_by_one():
    queries = ["a cat", "a dog", "a cat", "nothing"]
    lists = [DOCUMENTS, DOCUMENTS[:1], DOCUMENTS[1:], []]
    for context in CONTEXTS:
        plain = compressor(context=context)
        with SentenceStore(dtype="float32") as store:
            encoder = HashEncoder()
            kept = compressor(store, encoder, context=context)
            results = kept.compress_batch(queries, lists)
            assert results == plain.compress_batch(queries, lists)
            assert len(encoder.read) == 1
            assert results == [kept.compress(q, d) for q, d in zip(queries, lists, strict=True)]


@pytest.mark.parametrize("context", ["sentence", "title"])
def test_equal_sentences_have_equal_scores_whenever_they_were_kept(context):
    documents = [Document("The cat sat."), Document("Then it ran. The cat sat.")]
    with SentenceStore() as store:
        kept = compressor(store, HashEncoder(jitter=1e-4), context=context)
        scores(kept, documents=documents[:1])
        together = scores(kept, documents=documents)
        assert together[0] == together[2] != scores(kept, documents=documents[1:])[1]


def test_many_documents_are_read_and_made_part_by_part(monkeypatch):
    from recomp_core.models.encoders import inputs

    monkeypatch.setattr(inputs, "_SENTENCES_AT_ONCE", 4)
    documents = [f"Sentence one of {n}. Sentence two of {n}." for n in range(9)]
    with SentenceStore(dtype="float32") as store:
        encoder = HashEncoder()
        kept = compressor(store, encoder)
        expected = scores(compressor(), documents=documents)
        assert scores(kept, documents=documents) == expected
        assert [len(read) for read in encoder.read] == [4, 4, 4, 4, 2]
        assert scores(kept, documents=documents) == expected
        assert len(encoder.read) == 5


def test_another_encoder_finds_nothing_of_this_one(tmp_path, caplog):
    with SentenceStore(tmp_path) as store:
        scores(compressor(store, HashEncoder("hash-1")))
        scores(compressor(store, HashEncoder("hash-1")))
        assert not caplog.records
        other = HashEncoder("hash-2")
        scores(compressor(store, other))
        assert len(other.read) == 1
        assert [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING] == [
            f"the sentence store {tmp_path} holds no vectors of HashEncoder hash-2 "
            "(context=sentence, float16) yet, but of HashEncoder hash-1 (context=sentence, "
            "float16): they are made as they are asked for"
        ]
        # Nor do another context or another type of vectors.
        for settings in ({"context": "title"}, {"context": "document"}):
            encoder = HashEncoder("hash-1")
            scores(compressor(store, encoder, **settings))
            assert len(encoder.read) == 1
    with SentenceStore(tmp_path, dtype="int8") as store:
        encoder = HashEncoder("hash-1")
        scores(compressor(store, encoder))
        assert len(encoder.read) == 1


def test_vectors_of_another_version_are_made_again(tmp_path, monkeypatch, caplog):
    from recomp_core.store import passages

    with SentenceStore(tmp_path, dtype="float32") as store:
        expected = scores(compressor(store))
        monkeypatch.setattr(passages, "INPUTS_VERSION", 99)
        encoder = HashEncoder()
        assert scores(compressor(store, encoder)) == expected
        assert len(encoder.read) == 1
    assert [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING] == [
        f"the vectors of HashEncoder hash-1 (context=sentence, float32) in the sentence store "
        f"{tmp_path} are another version's: they are made again as they are asked for"
    ]


def test_vectors_of_another_length_are_made_anew():
    with SentenceStore(dtype="float32") as store:
        scores(compressor(store, HashEncoder(dim=16)))
        assert scores(compressor(store, HashEncoder(dim=8))) == scores(
            compressor(encoder=HashEncoder(dim=8))
        )


def test_a_damaged_entry_is_made_anew(tmp_path):
    with SentenceStore(tmp_path, dtype="float32") as store:
        expected = scores(compressor(store))
    with SentenceStore(tmp_path, dtype="float32") as store:
        connection = store._table._connection
        connection.execute("UPDATE records SET record = substr(record, 1, length(record) - 1)")
    encoder = HashEncoder()
    with SentenceStore(tmp_path, dtype="float32") as store:
        assert scores(compressor(store, encoder)) == expected
        assert len(encoder.read) == 1
    encoder = HashEncoder()
    with SentenceStore(tmp_path, dtype="float32") as store:
        assert scores(compressor(store, encoder)) == expected
        assert encoder.read == []


class BrokenEncoder(HashEncoder):
    def _vectors(self, texts):
        return super()._vectors(texts) * np.nan


@pytest.mark.parametrize("context", CONTEXTS)
def test_a_query_after_others_is_no_other_than_the_first(context):
    """What is at hand in memory, what is in the store and what is made are one."""
    documents = [f"Sentence one of {n}. Sentence two of {n}." for n in range(6)]
    with SentenceStore() as store:
        kept = compressor(store, context=context)
        scores(kept, documents=documents[:3])
        scores(compressor(store, context=context), documents=documents[2:5])
        mixed = scores(kept, documents=documents)
    with SentenceStore() as store:
        assert scores(compressor(store, context=context), documents=documents) == mixed


def test_what_is_no_number_is_not_kept():
    for dtype in ("float16", "int8", "float32"):
        with SentenceStore(dtype=dtype) as store:
            with pytest.raises(ValueError, match="the scorer gave nan to the sentence"):
                scores(compressor(store, BrokenEncoder()))
            encoder = HashEncoder()
            scores(compressor(store, encoder))
            assert len(encoder.read) == 1


def test_lone_surrogates_and_other_scripts_have_keys_too():
    documents = [Document("Odd \ud800 text. Ende.", title="\udfff"), Document("第一句。第二句。")]
    for context in CONTEXTS:
        with SentenceStore(dtype="float32") as store:
            kept = compressor(store, context=context)
            expected = scores(compressor(context=context), documents=documents)
            assert scores(kept, documents=documents) == expected
            assert scores(kept, documents=documents) == expected


def test_a_closed_store_is_an_error_at_query_time(tmp_path):
    with SentenceStore(tmp_path) as store:
        kept = compressor(store)
        kept.compress("a cat", DOCUMENTS)
    for documents in (DOCUMENTS, ["Something new."]):
        with pytest.raises(ValueError, match="is closed: open it again"):
            kept.compress("a cat", documents)


@needs("bm25s", "bm25")
def test_only_what_has_sentence_vectors_takes_a_store():
    with pytest.raises(ValueError, match="with a dual encoder, and BM25Scorer has no vectors"):
        with_store(ExtractiveCompressor(BM25Scorer()), SentenceStore())
    with pytest.raises(ValueError, match="object has no vectors"):
        with_store(object(), SentenceStore())


def test_with_store_keeps_every_setting(tmp_path):
    plain = ExtractiveCompressor(
        DualEncoderScorer(HashEncoder(), context="title", similarity_fn_name="dot"),
        selector=TopK(1), splitter=SentenceSplitter("en"), separator=" / ", elision="…",
        document_separator="|", expand=(1, 0), outline="none", titles=False, lexical_weight=0.4,
        prefilter=7, timeout_s=60,
    )  # fmt: skip
    kept = with_store(with_store(plain, SentenceStore()), tmp_path)
    assert kept.compress("a cat", DOCUMENTS).text == plain.compress("a cat", DOCUMENTS).text
    assert kept.splitter.splitter == plain.splitter
    assert kept.scorer.encoder is plain.scorer.encoder
    for name in (
        "selector", "layout", "expand", "outline", "lexical_weight", "prefilter", "timeout_s",
        "batching",
    ):  # fmt: skip
        assert getattr(kept, name) == getattr(plain, name)
    for name in ("context", "similarity_fn_name"):
        assert getattr(kept.scorer, name) == getattr(plain.scorer, name)
    assert (tmp_path / FILE).is_file()


MANUAL = Document(
    "# Ovens\n\n## B20\n\nIt bakes. It cools.\n\n- a rack\n- a tray\n\n## C30\n\nIt bakes. It cools.\n",
    title="Kitchen",
)


@pytest.mark.parametrize("context", CONTEXTS)
def test_sentences_under_headings_are_kept_with_what_they_stand_under(context, tmp_path):
    expected = scores(compressor(context=context), documents=[MANUAL])
    with SentenceStore(tmp_path, dtype="float32") as store:
        Indexer(compressor(store, context=context)).add([MANUAL])
        encoder = HashEncoder()
        kept = compressor(store, encoder, context=context)
        assert scores(kept, documents=[MANUAL]) == expected
        assert encoder.read == []
        # Under another heading the same sentences have other vectors, and only they.
        renamed = Document(MANUAL.text.replace("C30", "D40"), title=MANUAL.title)
        assert scores(kept, documents=[renamed]) != expected
        (read,) = encoder.read
        assert len([text for text in read if "bakes" in text]) == 1
        assert not any("rack" in text for text in read)


# Splitting


class CountingSplitter:
    def __init__(self, identity=None):
        self.calls = 0
        if identity is not None:
            self.identity = identity

    def split(self, text):
        self.calls += 1
        return SentenceSplitter().split(text)


def test_a_text_is_split_once():
    with SentenceStore() as store:
        splitter = CountingSplitter("mine-1")
        stored = StoredSplitter(splitter, store)
        texts = ["One. Two.", "", "One. Two.", "Three."]
        expected = [[(0, 4), (5, 9)], [], [(0, 4), (5, 9)], [(0, 6)]]
        assert stored.split_all(texts) == expected
        assert [stored.split(text) for text in texts] == expected
        assert splitter.calls == 3
        again = CountingSplitter("mine-1")
        assert StoredSplitter(again, store).split_all(texts) == expected
        assert again.calls == 0
        other = CountingSplitter("mine-2")
        assert StoredSplitter(other, store).split_all(texts) == expected
        assert other.calls == 3


class StructuredSplitter(CountingSplitter):
    def units(self, text, format=None):  # noqa: A002
        self.calls += 1
        return [Unit(0, 4, "heading"), Unit(5, len(text), "item" if format else "row", ((0, 4),))]


def test_units_keep_their_kind_and_path_and_formats_are_apart(tmp_path):
    with SentenceStore(tmp_path) as store:
        stored = StoredSplitter(StructuredSplitter("mine-1"), store)
        expected = [
            (Unit(0, 4, "heading"), Unit(5, 9, kind, ((0, 4),))) for kind in ("row", "item", "row")
        ]
        assert stored.units_all(["Head row."] * 3, [None, "markdown", None]) == expected
        assert stored.units("Head row.", "markdown") == expected[1]
        assert stored.split("Head row.") == [(0, 4), (5, 9)]
        assert stored.splitter.calls == 2
    with SentenceStore(tmp_path) as store:
        again = StoredSplitter(StructuredSplitter("mine-1"), store)
        assert again.units_all(["Head row."] * 3, [None, "markdown", None]) == expected
        assert again.splitter.calls == 0


def test_a_splitter_without_formats_is_asked_once_whatever_the_format():
    with SentenceStore() as store:
        stored = StoredSplitter(CountingSplitter("mine-1"), store)
        found = stored.units_all(["One. Two."] * 2, [None, "markdown"])
        assert found == [(Unit(0, 4), Unit(5, 9))] * 2
        assert stored.splitter.calls == 1


def test_a_splitter_that_nothing_is_known_of_is_asked_every_time():
    splitter = CountingSplitter()
    stored = StoredSplitter(splitter, SentenceStore())
    assert stored.split("One. Two.") == stored.split("One. Two.") == [(0, 4), (5, 9)]
    assert splitter.calls == 2


def test_another_language_is_another_splitter():
    text = "See Art. 5 of the law. It holds."
    with SentenceStore() as store:
        for lang in ("en", "zh", "de", None):
            for _ in range(2):
                spans = StoredSplitter(SentenceSplitter(lang), store).split(text)
                assert list(spans) == SentenceSplitter(lang).split(text)
    assert splitter_identity(SentenceSplitter("en")) != splitter_identity(SentenceSplitter("de"))
    assert splitter_identity(SentenceSplitter()) == splitter_identity(SentenceSplitter())


def test_other_spans_are_other_vectors():
    """Whoever split: vectors are found by the spans themselves."""

    class ByWord(CountingSplitter):
        def split(self, text):
            return [(0, 3), (4, len(text))]

    with SentenceStore(dtype="float32") as store:
        scores(compressor(store, context="document"), documents=["The cat sat."])
        other = ExtractiveCompressor(
            DualEncoderScorer(HashEncoder(), context="document"), splitter=ByWord()
        )
        expected = scores(other, documents=["The cat sat."])
        assert scores(with_store(other, store), documents=["The cat sat."]) == expected


# Which encoder it is


def test_an_encoder_says_which_it_is():
    assert encoder_identity(HashEncoder("name")) == "name"
    assert encoder_identity(HashEncoder({"b": 1, "a": [2]})) == '{"a": [2], "b": 1}'

    class Anonymous(HashEncoder):
        identity = None

        def __init__(self):
            pass

    with pytest.raises(ValueError, match="Anonymous does not say which model it is.*`identity`"):
        DualEncoderScorer(Anonymous(), store=SentenceStore())


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    pytest.importorskip("sentence_transformers")
    from tiny_bert import save_contriever_style

    return save_contriever_style(tmp_path_factory.mktemp("tiny") / "bert")


@pytest.mark.model
def test_an_encoder_is_known_by_its_weights_and_what_else_decides_a_vector(tiny, tmp_path):
    from tiny_bert import save_contriever_style

    from recomp_core.models.encoders.loading import load_encoder

    def identity(folder=tiny, change=lambda model: None, **settings):
        encoder = load_encoder(str(folder), backend="torch", device="cpu", **settings).encoder
        change(encoder.model)
        return encoder_identity(encoder)

    def one_weight(model):
        next(iter(model.parameters())).data.view(-1)[7] += 1e-6

    def prompt(model):
        model.prompts["document"] = "passage: "

    def query_prompt(model):
        model.prompts["query"] = "query: "

    def shorter(model):
        model.max_seq_length = 16

    def used(model):
        model.encode(["the tower", "was built by bob in paris"], batch_size=1)

    same = identity()
    save_compressor(load_compressor(tiny, device="cpu"), tmp_path / "saved")
    assert same == identity(tmp_path / "saved")
    assert same == identity(save_contriever_style(tmp_path / "copy"))
    for unimportant in (used, query_prompt):
        assert identity(change=unimportant) == same
    others = [
        identity(save_contriever_style(tmp_path / "other", seed=1)),
        identity(truncate_dim=8),
        *(identity(change=change) for change in (one_weight, prompt, shorter)),
    ]
    assert len({same, *others}) == 6


@pytest.mark.model
@pytest.mark.parametrize("context", CONTEXTS)
def test_a_loaded_compressor_keeps_its_vectors(tiny, tmp_path, context):
    documents = [Document("the tower was built by bob. bananas are yellow.", title="paris")]
    plain = load_compressor(tiny, device="cpu", context=context)
    with SentenceStore(tmp_path / "store", dtype="float32") as store:
        kept = load_compressor(tiny, device="cpu", context=context, store=store)
        assert scores(kept, documents=documents) == scores(plain, documents=documents)
        before = len(store)
        assert before == 2  # units and vectors
        scores(kept, documents=documents)
        assert len(store) == before
    kept = load_compressor(tiny, device="cpu", context=context, store=tmp_path / "store")
    save_compressor(kept, tmp_path / "saved")
    assert load_compressor(tmp_path / "saved").splitter == plain.splitter


@pytest.mark.model
@pytest.mark.parametrize(("dtype", "most"), [("float16", 1e-3), ("int8", 1e-2)])
def test_the_bundled_encoder_keeps_the_same_sentences(embedded, dtype, most):
    from recomp_core.data.examples import lighthouse

    query, documents = lighthouse()
    with SentenceStore(dtype=dtype) as store:
        kept = with_store(embedded, store)
        assert scores(kept, query, documents) == pytest.approx(
            scores(embedded, query, documents), abs=most
        )
        assert kept.compress(query, documents).text == embedded.compress(query, documents).text
