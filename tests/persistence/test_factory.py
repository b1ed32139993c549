"""Settings to a compressor, as the adapters and the command line make it."""

import threading

import numpy as np
import pytest
from conftest import shared_words

from recomp_core import (
    ExtractiveCompressor,
    LLMSummarizer,
    ModelLoadError,
    Threshold,
    TokenBudget,
    TopK,
    save_compressor,
)
from recomp_core.extractive.selection import All
from recomp_core.persistence.factory import (
    compressor_from_encoder,
    compressor_from_settings,
    compressor_from_summarizer,
    pop_settings,
    resolve_compressor,
)
from recomp_core.text.tokens import TokenCounter, count_with

TEXT = "The tower stands on the left bank. It was designed by the engineer Maurice Koechlin."
QUERY = "Who designed the tower?"


class Directions:
    """North and east as vectors; every query looks east."""

    def encode_queries(self, queries):
        return np.array([[1.0, 0.0]] * len(queries))

    def encode_sentences(self, sentences):
        return np.array([[0.0, 2.0] if "north" in s else [3.0, 0.0] for s in sentences])


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"top_k": 0}, "TopK"),
        ({"min_score": float("nan")}, "Threshold"),
        ({"max_tokens": 0}, "TokenBudget"),
        ({"extract_tokens": 0}, "extract_tokens must be a whole number of at least 1, got 0"),
        ({"extract_tokens": 2.5}, "extract_tokens must be a whole number of at least 1, got 2.5"),
        ({"tokenizer": "gpt2"}, "tokenizer='gpt2' needs max_tokens"),
        ({"tokenizer": "gpt2", "top_k": 3}, "tokenizer='gpt2' needs max_tokens"),
    ],
)
def test_bad_limits_raise_before_a_model_is_looked_for(settings, says):
    with pytest.raises(ValueError, match=says):
        compressor_from_settings("/no/such/model", **settings)


def test_a_model_or_tokenizer_that_is_not_there(tmp_path):
    with pytest.raises(ModelLoadError, match="nowhere"):
        compressor_from_settings(tmp_path / "nowhere", top_k=3)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelLoadError, match=r"the tokenizer .*empty"):
        compressor_from_settings(max_tokens=9, tokenizer=str(tmp_path / "empty"))


def test_unknown_settings():
    with pytest.raises(TypeError, match="topk"):
        compressor_from_settings(topk=3)


def test_an_encoder_with_its_settings():
    compressor = compressor_from_encoder(
        Directions(), min_score=2, similarity_fn_name="dot", elision="…", separator=None
    )
    assert compressor.selector == TopK(2) & Threshold(2)
    assert compressor.layout.elision == "…"
    assert compressor.scorer.context == "title"
    result = compressor.compress("q", ["Wind from north. Wind from east."])
    assert [s.score for s in result.kept] == [3.0]


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"max_tokens": 9}, "max_tokens=9 needs tokenizer"),
        ({"tokenizer": "gpt2"}, "needs max_tokens"),
        ({"context": "document"}, 'context="document" needs'),
        ({"similarity_fn_name": "euclidean"}, "similarity_fn_name"),
        ({"expand": (1,)}, "expand"),
    ],
)
def test_bad_settings_of_an_encoder(settings, says):
    with pytest.raises(ValueError, match=says):
        compressor_from_encoder(Directions(), **settings)


def test_a_compressor_goes_through_unless_settings_come_with_it():
    compressor = compressor_from_encoder(Directions())
    assert resolve_compressor(compressor, {"top_k": None, "device": None}) is compressor
    with pytest.raises(ValueError, match=r"^top_k, device given together with"):
        resolve_compressor(compressor, {"top_k": 3, "lang": None, "device": "cpu"})


def test_a_summarizer_with_its_settings():
    summarizer = LLMSummarizer(lambda prompts: ["Bob."] * len(prompts))
    extractor = ExtractiveCompressor(shared_words)
    compressor = compressor_from_summarizer(
        summarizer, extractor=extractor, titles=True, prompt=None, gate=None
    )
    assert compressor.summarizer is summarizer
    assert compressor.prompt == summarizer.default_prompt
    assert compressor.titles
    assert compressor.extractor is compressor.fallback is extractor
    with pytest.raises(ValueError, match=r"^extract_tokens=9 given together with extractor="):
        compressor_from_summarizer(summarizer, extractor=extractor, extract_tokens=9)


def test_settings_are_taken_out_by_name():
    settings = {"a": 1, "b": None, "c": 3}
    assert pop_settings(settings, ("c", "b", "d")) == {"c": 3, "b": None}
    assert settings == {"a": 1}


@pytest.mark.parametrize("thing", ["a name", 3, ExtractiveCompressor, lambda query, texts: ""])
def test_what_is_no_compressor(thing):
    with pytest.raises(TypeError, match="is not a compressor"):
        resolve_compressor(thing, {})


@pytest.mark.model
def test_only_the_limits_that_are_given_hold(embedded):
    assert compressor_from_settings().selector == TopK(2)
    assert compressor_from_settings(min_score=0.3).selector == TopK(2) & Threshold(0.3)
    assert compressor_from_settings(top_k=3, min_score=0.3).selector == TopK(3) & Threshold(0.3)
    assert resolve_compressor(None, {"top_k": 3, "lang": None}).selector == TopK(3)


@pytest.mark.model
@pytest.mark.usefixtures("embedded")
def test_extract_tokens_is_not_for_a_model_that_keeps_sentences():
    with pytest.raises(ValueError, match=r"^extract_tokens=9 .* the bundled encoder .* max_tokens"):
        compressor_from_settings(extract_tokens=9)
    with pytest.raises(ValueError, match=r"^num_beams: not for "):
        compressor_from_settings(num_beams=2)


@pytest.fixture(scope="module")
def writer():
    """The folder of a small model that writes."""
    from tiny_seq2seq import checkpoint

    return checkpoint("t5")


@pytest.mark.model
def test_settings_of_a_model_that_writes(writer):
    compressor = compressor_from_settings(
        writer, max_input_tokens=90, max_new_tokens=9, num_beams=2, length_penalty=0.5,
        batch_size=3, prompt="{query} {documents}", titles=True, compute_type="float32",
        backend="torch", quantization=None, device="cpu", lang=None, top_k=None,
    )  # fmt: skip
    settings = compressor.summarizer.settings
    assert (settings.max_input_tokens, settings.max_new_tokens, settings.num_beams) == (90, 9, 2)
    assert (settings.length_penalty, settings.batch_size) == (0.5, 3)
    assert (compressor.prompt.template, compressor.titles) == ("{query} {documents}", True)
    assert compressor.extractor is compressor.fallback is None


@pytest.mark.model
@pytest.mark.usefixtures("embedded")
def test_sentences_are_picked_for_a_model_that_writes(writer):
    compressor = compressor_from_settings(writer, extract_tokens=30, device="cpu")
    budget = TokenBudget(30, compressor.summarizer.count_tokens)
    assert compressor.extractor.selector == budget
    assert compressor.fallback is compressor.extractor
    assert str(compressor.extractor.scorer.encoder.model.device) == "cpu"
    limited = compressor_from_settings(writer, extract_tokens=30, top_k=1, min_score=0.2)
    budget = TokenBudget(30, limited.summarizer.count_tokens)
    assert limited.extractor.selector == TopK(1) & Threshold(0.2) & budget
    assert limited.compress(QUERY, ["Tea is at four."]).outcome == "nothing_relevant"


@pytest.mark.model
def test_limits_alone_are_not_for_a_model_that_writes(writer):
    with pytest.raises(
        ValueError, match=r"^top_k, max_tokens: not for .*: give max_new_tokens .* extract_tokens"
    ):
        compressor_from_settings(writer, top_k=3, max_tokens=50)


@pytest.mark.model
def test_a_saved_folders_selector_holds_where_no_limit_is_given(embedded, tmp_path):
    folder = save_compressor(embedded, tmp_path / "saved")
    assert compressor_from_settings(folder).selector == embedded.selector
    assert compressor_from_settings(folder, top_k=7).selector == TopK(7)


@pytest.mark.model
def test_tokens_are_counted_by_the_encoder_or_by_the_tokenizer_named(embedded, tmp_path):
    tokenizer = embedded.scorer.encoder.model.tokenizer
    tokenizer.save_pretrained(tmp_path)
    own = compressor_from_settings(max_tokens=12)
    named = compressor_from_settings(max_tokens=12, tokenizer=str(tmp_path))
    assert named.selector == TokenBudget(12, TokenCounter(str(tmp_path)))
    for compressor in (own, named):
        text = compressor.compress(QUERY, [TEXT]).text
        assert text == "It was designed by the engineer Maurice Koechlin."
        assert compressor.selector.count_tokens(text) == count_with(tokenizer, text) <= 12
    both = compressor_from_settings(top_k=1, max_tokens=12).selector
    assert isinstance(both, All)
    assert both.selectors[0] == TopK(1)


@pytest.mark.model
def test_counting_leaves_the_encoder_truncating(embedded):
    """A long sentence must not reach the model whole because another thread has just counted."""
    compressor = compressor_from_settings(max_tokens=400, context="sentence")
    long = "word " * 300 + "end."
    expected = compressor.scorer.encoder.encode_sentences([long])
    stop = threading.Event()

    def counts():
        while not stop.is_set():
            compressor.selector.count_tokens(long)

    counting = threading.Thread(target=counts)
    counting.start()
    try:
        for _ in range(5):
            np.testing.assert_allclose(
                compressor.scorer.encoder.encode_sentences([long]), expected, atol=1e-5
            )
    finally:
        stop.set()
        counting.join()
