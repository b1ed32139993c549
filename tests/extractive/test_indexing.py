"""A compressor's vectors in a store: made before the first query, and not made twice."""

import numpy as np
import pytest
from conftest import shared_words

from recomp_core import Document, DualEncoderScorer, ExtractiveCompressor, TopK
from recomp_core.extractive.indexing import Indexer, IndexReport, with_store
from recomp_core.extractive.scoring import FunctionScorer
from recomp_core.store import SentenceStore

DOCUMENTS = [
    Document("Aab. Cc! Why?", title="D"),
    Document("Aab. Dd.", title="E"),
    Document(" "),
    Document("Aab. Cc! Why?"),
]


class LetterEncoder:
    """Counts of the letters a to d; `read` shows what it was asked for."""

    identity = "letters"

    def __init__(self):
        self.read = []

    def _count(self, texts):
        return np.array([[text.lower().count(letter) for letter in "abcd"] for text in texts])

    def encode_queries(self, queries):
        return self._count(queries)

    def encode_sentences(self, sentences):
        self.read.append(list(sentences))
        return self._count(sentences)

    def encode_spans(self, texts, spans):
        self.read.append(list(texts))
        return [
            self._count([text[a:b] for a, b in its]) for text, its in zip(texts, spans, strict=True)
        ]


def plain(encoder, **settings):
    return ExtractiveCompressor(DualEncoderScorer(encoder, **settings), selector=TopK(1))


@pytest.mark.parametrize("context", ["sentence", "title", "document"])
def test_a_store_changes_no_score_and_saves_the_encoding(context):
    queries, lists = ["ac", "d"], [DOCUMENTS, DOCUMENTS[1:]]
    usual = plain(LetterEncoder(), context=context).compress_batch(queries, lists)
    with SentenceStore(dtype="float32") as store:
        encoder = LetterEncoder()
        stored = with_store(plain(encoder, context=context), store)
        Indexer(stored).add(DOCUMENTS)
        indexed = len(encoder.read)
        assert stored.compress_batch(queries, lists) == usual
        assert len(encoder.read) == indexed
        # A copy of a copy splits once, and finds the same.
        again = with_store(stored, store)
        assert again.splitter.splitter is stored.splitter.splitter
        assert again.compress_batch(queries, lists) == usual
        assert len(encoder.read) == indexed


def test_the_settings_go_along():
    with SentenceStore() as store:
        first = ExtractiveCompressor(
            DualEncoderScorer(LetterEncoder(), context="title", similarity_fn_name="dot"),
            selector=TopK(3), separator="-", elision="…", document_separator="|", expand=(1, 0),
            timeout_s=9,
        )  # fmt: skip
        second = with_store(first, store)
        for name in ("selector", "layout", "expand", "timeout_s", "batching"):
            assert getattr(second, name) == getattr(first, name)
        assert (second.scorer.context, second.scorer.similarity_fn_name) == ("title", "dot")
        assert second.scorer.encoder is first.scorer.encoder


def test_what_is_pinned_flagged_and_kept_for_later_goes_along():
    compressor = ExtractiveCompressor(
        DualEncoderScorer(LetterEncoder()), pin=["numbers"], injections="drop", recovery=1_000
    )
    stored = with_store(compressor, SentenceStore())
    assert stored.pins.wanted == ("numbers",)
    assert stored.injections == "drop"
    assert stored.recovery is compressor.recovery


def test_the_report_counts_what_was_done():
    with SentenceStore() as store:
        indexer = Indexer(with_store(plain(LetterEncoder()), store))
        indexer.add(iter(DOCUMENTS), batch_documents=1)
        # The fourth document has the text of the first: with this context, it is known.
        assert indexer.report == IndexReport(documents=4, sentences=8, encoded=5)
        assert indexer.store is store
    report = IndexReport(documents=2, sentences=8, encoded=5, seconds=2.0)
    assert str(report) == "2 documents, 8 sentences, 5 of them encoded in 2.0 s, 2 a second"
    assert str(IndexReport()) == "0 documents, 0 sentences, 0 of them encoded in 0.0 s"


@pytest.mark.parametrize(
    ("given", "named"),
    [
        (ExtractiveCompressor(shared_words), "FunctionScorer has no vectors of sentences"),
        (FunctionScorer(shared_words), "FunctionScorer has no vectors"),
    ],
)
def test_only_a_dual_encoder_has_vectors_to_store(given, named):
    with SentenceStore() as store, pytest.raises(ValueError, match=named):
        with_store(given, store)


def test_only_a_compressor_with_a_store_can_index():
    with pytest.raises(ValueError, match="ExtractiveCompressor has no sentence store"):
        Indexer(plain(LetterEncoder()))
