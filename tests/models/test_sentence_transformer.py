"""The models' floor, against what can be computed by hand on a tiny checkpoint."""

import threading

import numpy as np
import pytest
from tiny_bert import masked_means, save_contriever_style

from recomp_core import Document, ExtractiveCompressor, TopK, load_compressor

pytestmark = pytest.mark.model

QUERY = "who built the tower?"
DOCUMENTS = [
    Document("the tower was built by bob. bananas are yellow.", title="the tower"),
    Document("bob was in paris. the tower was in paris. bananas are bananas. " * 4, title="paris"),
]


@pytest.fixture(scope="module")
def contriever(tmp_path_factory):
    return save_contriever_style(tmp_path_factory.mktemp("contriever"))


@pytest.mark.parametrize("safetensors", [True, False])
def test_a_checkpoint_without_modules_json_scores_by_masked_mean_inner_products(
    tmp_path, safetensors
):
    folder = save_contriever_style(tmp_path, safetensors=safetensors)
    compressor = load_compressor(folder, device="cpu", backend="torch")
    assert compressor.scorer.context == "sentence"
    assert compressor.scorer.similarity_fn_name == "dot"
    result = compressor.compress(QUERY, DOCUMENTS)
    sentences = sorted((*result.kept, *result.dropped), key=lambda s: (s.doc_index, s.start))
    expected = masked_means(folder, [s.text for s in sentences]) @ masked_means(folder, [QUERY])[0]
    assert np.ptp(expected) > 0.1  # not all alike: the comparison means something
    np.testing.assert_allclose([s.score for s in sentences], expected, atol=1e-5, rtol=1e-5)


def test_title_context_reads_the_title_first(contriever):
    compressor = load_compressor(contriever, device="cpu", backend="torch", context="title")
    result = compressor.compress(QUERY, DOCUMENTS[:1])
    sentences = sorted((*result.kept, *result.dropped), key=lambda s: s.start)
    expected = (
        masked_means(contriever, [f"the tower\n{s.text}" for s in sentences])
        @ masked_means(contriever, [QUERY])[0]
    )
    np.testing.assert_allclose([s.score for s in sentences], expected, atol=1e-5, rtol=1e-5)


def test_document_context_is_the_mean_of_the_sentences_own_tokens(contriever):
    import torch
    from transformers import AutoModel, AutoTokenizer

    document = DOCUMENTS[0]
    compressor = load_compressor(contriever, device="cpu", backend="torch", context="document")
    result = compressor.compress(QUERY, [document])
    tokenizer = AutoTokenizer.from_pretrained(contriever)
    model = AutoModel.from_pretrained(contriever, dtype=torch.float32).eval()
    # [CLS] the tower / the tower was built by bob . / bananas are yellow . [SEP]
    ids = tokenizer(f"{document.title}\n{document.text}", return_tensors="pt")
    with torch.inference_mode():
        tokens = model(**ids).last_hidden_state[0].numpy()
    query = masked_means(contriever, [QUERY])[0]
    expected = [tokens[3:10].mean(0) @ query, tokens[10:14].mean(0) @ query]
    assert len(tokens) == 15
    sentences = sorted((*result.kept, *result.dropped), key=lambda s: s.start)
    np.testing.assert_allclose([s.score for s in sentences], expected, atol=1e-5, rtol=1e-5)


def test_long_documents_are_read_through_overlapping_windows(contriever):
    encoder = load_compressor(
        contriever, device="cpu", backend="torch", context="document"
    ).scorer.encoder
    text = " ".join(f"{word}." for word in ["bob", "tower", "paris", "yellow"] * 20)  # 160 tokens
    spans = [(i, text.index(".", i) + 1) for i in range(len(text)) if i == 0 or text[i - 1] == " "]
    (vectors,) = encoder.encode_spans([text], [spans])
    assert vectors.shape == (80, 16)
    assert np.abs(vectors).sum(axis=1).min() > 0  # every sentence got its tokens
    # The first window is the same as the start of the text encoded alone.
    (alone,) = encoder.encode_spans([text[: spans[9][1]]], [spans[:10]])
    window = encoder.model.tokenizer.decode(
        encoder.model.tokenizer(text, truncation=True, max_length=32)["input_ids"]
    )
    assert window.count(".") == 15
    assert alone.shape == (10, 16)


def test_windows_share_out_every_token_once(contriever):
    encoder = load_compressor(
        contriever, device="cpu", backend="torch", context="document"
    ).scorer.encoder
    for n_words in (1, 29, 30, 31, 52, 53, 54, 200):
        text = " ".join(["bob"] * n_words)
        windows = encoder._windows([text])
        begins = sorted(int(b) for window in windows for b in window.offsets[:, 0])
        assert begins == [4 * i for i in range(n_words)]
        assert all(len(window.features["input_ids"]) <= 32 for window in windows)


def test_a_sentence_without_tokens_gets_the_zero_vector(contriever):
    encoder = load_compressor(
        contriever, device="cpu", backend="torch", context="document"
    ).scorer.encoder
    (vectors,) = encoder.encode_spans(["\u0301 bob."], [[(0, 1), (2, 6)]])
    assert not vectors[0].any()
    assert vectors[1].any()


@pytest.mark.parametrize("context", ["sentence", "title", "document"])
def test_the_batch_does_not_change_the_result(contriever, context):
    compressor = load_compressor(
        contriever, device="cpu", backend="torch", context=context, batch_size=3
    )
    queries = [QUERY, "bananas?", "who was in paris?", QUERY]
    lists = [DOCUMENTS, DOCUMENTS[:1], [], [*DOCUMENTS[1:], "bob. the tower. bananas."]]
    for one, together in zip(
        map(compressor.compress, queries, lists),
        compressor.compress_batch(queries, lists),
        strict=True,
    ):
        assert [s.text for s in one.kept] == [s.text for s in together.kept]
        np.testing.assert_allclose(
            [s.score for s in one.kept + one.dropped],
            [s.score for s in together.kept + together.dropped],
            atol=1e-5,
        )


def test_equal_sentences_get_equal_scores(contriever):
    compressor = load_compressor(
        contriever, device="cpu", backend="torch", selector=TopK(1), batch_size=2
    )
    documents = ["bob was in paris.", "yellow. bananas are yellow.", "bob was in paris."]
    result = compressor.compress("who was in paris?", documents)
    scores = [s.score for s in (*result.kept, *result.dropped) if s.text == "bob was in paris."]
    assert scores[0] == scores[1]


def test_a_model_that_does_not_pool_by_the_mean_cannot_do_documents(tmp_path, contriever):
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer

    transformer = Transformer(str(contriever))
    model = SentenceTransformer(
        modules=[transformer, Pooling(transformer.get_embedding_dimension(), "cls")],
        device="cpu",
        backend="torch",
    )
    model.save_pretrained(str(tmp_path / "cls"))
    compressor = load_compressor(tmp_path / "cls", device="cpu", backend="torch")
    assert compressor.scorer.context == "title"
    assert compressor.scorer.similarity_fn_name == "cosine"
    with pytest.raises(ValueError, match='mean-pooled.*use context="title"'):
        load_compressor(
            tmp_path / "cls", device="cpu", backend="torch", context="document"
        ).compress(QUERY, DOCUMENTS)


def test_prompts_of_the_model_are_used(contriever):
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(
        str(contriever), device="cpu", backend="torch", prompts={"query": "query: ", "document": "s: "},
        similarity_fn_name="dot",
    )  # fmt: skip
    compressor = ExtractiveCompressor(model)
    assert compressor.scorer.context == "document"
    result = compressor.compress("bob?", ["the tower. bananas."])
    sentences = sorted((*result.kept, *result.dropped), key=lambda s: s.start)
    plain = ExtractiveCompressor(
        SentenceTransformer(str(contriever), device="cpu", backend="torch")
    )
    other = sorted(
        (lambda r: (*r.kept, *r.dropped))(plain.compress("bob?", ["the tower. bananas."])),
        key=lambda s: s.start,
    )
    assert [s.score for s in sentences] != pytest.approx([s.score for s in other], abs=1e-3)


def test_dimensions_can_be_cut(contriever):
    for context in ("sentence", "document"):
        compressor = load_compressor(
            contriever, device="cpu", backend="torch", truncate_dim=4, context=context
        )
        assert compressor.compress(QUERY, DOCUMENTS).kept
        assert compressor.scorer.encoder.encode_queries(["bob"]).shape == (1, 4)


def test_strange_characters(contriever):
    compressor = load_compressor(contriever, device="cpu", backend="torch", context="document")
    texts = [
        "\x00 bob.",
        "\ud800 the tower.",
        "\u200b.",
        "بوب في باريس.",
        "😀" * 50,
        "e\u0301. " * 40,
    ]
    result = compressor.compress("who \ud800 was \x00 bob?", texts)
    assert len(result.kept) == 2


def test_several_threads_share_a_compressor(contriever):
    compressor = load_compressor(contriever, device="cpu", backend="torch", context="document")
    expected = compressor.compress(QUERY, DOCUMENTS)
    results, errors = [], []

    def work():
        try:
            results.extend(compressor.compress(QUERY, DOCUMENTS) for _ in range(5))
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert results == [expected] * 30


def test_batch_size_is_checked(contriever):
    for size in (0, -1, 1.5, True):
        with pytest.raises(ValueError, match="batch_size must be a whole number"):
            load_compressor(contriever, device="cpu", backend="torch", batch_size=size)
