"""Queries and sentences that are longer than an encoder's window, by both backends."""

import numpy as np
import pytest
from tiny_bert import VOCABULARY, save_contriever_style
from tiny_encoders import save_encoder

from recomp_core import DualEncoderScorer, load_compressor
from recomp_core.models.encoders.loading import load_encoder
from recomp_core.models.encoders.sentence_transformer import SentenceTransformerEncoder
from recomp_core.protocols import Windowed
from recomp_core.types import Document, ScoringTask, Sentence

pytestmark = pytest.mark.model

CLOSE = {"atol": 1e-5, "rtol": 1e-5}
SHORT = ["the tower was built by bob.", "", "yellow bananas"]
LONG = " ".join(["the tower was built by bob in paris. bananas are yellow."] * 9)  # 117 tokens


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))


@pytest.fixture(scope="module")
def contriever(tmp_path_factory):
    return save_contriever_style(tmp_path_factory.mktemp("contriever"))


def both(folder):
    pytest.importorskip("onnxruntime")
    return [
        load_encoder(str(folder), backend=backend, device="cpu").encoder
        for backend in ("torch", "onnx")
    ]


def test_the_window_is_known(contriever, tmp_path):
    for encoder in both(contriever):
        assert isinstance(encoder, Windowed)
        assert encoder.max_tokens == 30
        assert encoder.token_windows("the tower") == [(0, 9)]
        windows = encoder.token_windows(LONG)
        assert windows == encoder.token_windows(LONG, 30)
        assert len(windows) > 4
        count = encoder.token_counter()
        assert all(count(LONG[start:end]) <= 30 for start, end in windows)
        assert [windows[0][0], windows[-1][1]] == [0, len(LONG)]
    prompted = save_encoder(tmp_path, prompts={"query": "who: ", "document": "the tower: "})
    assert [encoder.max_tokens for encoder in both(prompted)] == [27, 27]


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"normalize": True, "similarity_fn_name": "cosine"},
        {"pooling": "cls", "normalize": True},
        {"dense": "Tanh"},
        {"prompts": {"query": "who: ", "document": "the tower: "}},
    ],
    ids=str,
)
def test_all_of_a_long_text_counts_and_both_backends_agree(tmp_path, settings):
    torch, onnx = both(save_encoder(tmp_path, **settings))
    ends = [LONG, LONG + " who?", LONG + " bananas are bananas are bananas"]
    for name in ("encode_queries", "encode_sentences"):
        expected = getattr(torch, name)([SHORT[0], *ends, *SHORT[1:]])
        found = getattr(onnx, name)([SHORT[0], *ends, *SHORT[1:]])
        np.testing.assert_allclose(found, expected, **CLOSE)
        assert np.abs(found[1] - found[2]).max() > 1e-3
        assert np.abs(found[1] - found[3]).max() > 1e-3
        for encoder, vectors in ((torch, expected), (onnx, found)):
            short = getattr(encoder, name)(SHORT)
            np.testing.assert_allclose(vectors[[0, 4, 5]], short, **CLOSE)


def test_a_long_text_is_the_mean_over_all_its_tokens(contriever):
    for encoder in both(contriever):
        (whole,) = encoder.encode_spans([LONG], [[(0, len(LONG))]])
        np.testing.assert_allclose(encoder.encode_sentences([LONG]), whole, **CLOSE)


def test_other_poolings_take_the_mean_of_the_windows_and_keep_its_length(tmp_path):
    for encoder in both(save_encoder(tmp_path, pooling="cls", normalize=True)):
        pieces = [LONG[start:end] for start, end in encoder.token_windows(LONG)]
        mean = encoder.encode_sentences(pieces).mean(axis=0)
        (found,) = encoder.encode_sentences([LONG])
        np.testing.assert_allclose(found, mean / np.linalg.norm(mean), **CLOSE)


@pytest.mark.parametrize("backend", ["torch", "onnx"])
@pytest.mark.parametrize("context", ["sentence", "title", "document"])
def test_the_question_at_the_end_of_a_long_query_counts(contriever, backend, context):
    pytest.importorskip("onnxruntime")
    scorer = load_compressor(contriever, backend=backend, device="cpu", context=context).scorer
    text = "bob was in paris. bananas are yellow."
    sentences = (Sentence(text[:17], 0, 0, 17), Sentence(text[18:], 0, 18, len(text)))

    def scores(query):
        return scorer.score([ScoringTask(query, (Document(text),), sentences)])[0]

    talk = "the tower was by paris. " * 30
    assert scores(talk) != scores(talk + "who was in paris?")
    # No part of the query counts for less than alone, and the question is a part.
    alone = scores("who was in paris?")
    assert all(
        x >= y - 1e-4 for x, y in zip(scores(talk + "who was in paris?"), alone, strict=True)
    )


def static(truncation=None):
    pytest.importorskip("sentence_transformers")
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding
    from tokenizers import Tokenizer, models, pre_tokenizers

    words = {word: n for n, word in enumerate(VOCABULARY)}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    if truncation:
        tokenizer.enable_truncation(truncation)
    weights = np.random.default_rng(0).normal(size=(len(words), 4)).astype(np.float32)
    module = StaticEmbedding(tokenizer, embedding_weights=weights)
    return SentenceTransformerEncoder(SentenceTransformer(modules=[module], device="cpu"))


def test_static_embeddings_count_their_tokens_and_have_no_window():
    encoder = static()
    assert encoder.max_tokens is None
    assert encoder.token_counter()(LONG) == 117
    assert encoder.token_windows(LONG) == [(0, len(LONG))]
    assert DualEncoderScorer(encoder, context="title").context == "title"


def test_static_embeddings_that_cut_are_read_through_windows():
    encoder, whole = static(truncation=10), static()
    assert encoder.max_tokens == 10
    assert encoder.token_counter()(LONG) == 117
    assert encoder.encode_sentences(SHORT) == pytest.approx(whole.encode_sentences(SHORT))
    ends = encoder.encode_sentences([LONG, LONG + " who who who who"])
    assert np.abs(ends[0] - ends[1]).max() > 1e-3
