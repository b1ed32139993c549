"""What is put before queries and documents: from where it is known, and how it is overruled."""

import json
import logging

import numpy as np
import pytest
from tiny_bert import save_contriever_style
from tiny_encoders import save_encoder

from recomp_core import load_compressor, save_compressor
from recomp_core.models.encoders.prompts import E5_PROMPTS, by_role, choose_prompts, known_prompts

ENGLISH = {"query": "Represent this sentence for searching relevant passages: "}


@pytest.mark.parametrize(
    ("place", "prompts"),
    [
        ("intfloat/multilingual-e5-small", E5_PROMPTS),
        ("intfloat/e5-base-v2", E5_PROMPTS),
        ("intfloat/multilingual-e5-large-instruct", {}),
        ("someone/multilingual-e5-small", {}),
        ("BAAI/bge-small-en-v1.5", ENGLISH),
        ("BAAI/bge-m3", {}),
        ("mixedbread-ai/mxbai-embed-large-v1", ENGLISH),
        ("Snowflake/snowflake-arctic-embed-m-v1.5", ENGLISH),
        ("nomic-ai/nomic-embed-text-v1.5", {"query": "search_query: ", "document": "search_document: "}),
        ("sentence-transformers/all-MiniLM-L6-v2", {}),
        ("/hub/models--intfloat--e5-small/snapshots/0a1b", E5_PROMPTS),
        ("/hub/models--someone--e5-small/snapshots/0a1b", {}),
    ],
)  # fmt: skip
def test_well_known_models_are_told_by_their_names(place, prompts):
    assert known_prompts(place) == prompts


def test_a_folder_is_told_by_its_name_unless_it_was_saved_here(tmp_path):
    folder = tmp_path / "multilingual-e5-small"
    folder.mkdir()
    assert known_prompts(str(folder)) == E5_PROMPTS
    (folder / "recomp_config.json").write_text("{}")
    assert known_prompts(str(folder)) == {}


def test_documents_may_be_called_passages():
    assert by_role({"query": "q: ", "passage": "p: "}) == {"query": "q: ", "document": "p: "}
    # sentence-transformers writes an empty "document" beside the "passage" of a model.
    assert by_role({"query": "", "document": "", "passage": "p: "}) == {"document": "p: "}
    assert by_role(None) == by_role({"query": None}) == {}


@pytest.mark.parametrize("stated", [["q"], "q", {"query": 3}, {"query": "q" * 3_000}])
def test_prompts_of_another_form_are_refused(stated):
    with pytest.raises(ValueError, match="prompt"):
        by_role(stated)


def test_a_wish_goes_first_then_the_files_then_the_name(caplog):
    caplog.set_level(logging.INFO, logger="recomp_core.models.encoders.prompts")
    e5 = "intfloat/e5-small"
    assert choose_prompts({"query": "x "}, {"query": "y "}, e5) == {"query": "x "}
    assert choose_prompts({}, {"query": "y "}, e5) == {}
    assert not caplog.messages
    assert choose_prompts(None, {"query": "y "}, e5) == {"query": "y "}
    assert choose_prompts(None, {}, e5) == E5_PROMPTS
    assert choose_prompts(None, {}, None) == {}
    assert caplog.messages[1] == (
        "'query: ' is put before each query of intfloat/e5-small: models of its family need it"
    )


def loaded(folder, backend, **settings):
    if backend == "onnx":
        pytest.importorskip("onnxruntime", reason='needs pip install "recomp[onnx]"')
    return load_compressor(folder, backend=backend, device="cpu", **settings)


def vectors(compressor):
    encoder = compressor.scorer.encoder
    return np.stack([encoder.encode_queries(["who"])[0], encoder.encode_sentences(["bob"])[0]])


@pytest.mark.model
@pytest.mark.parametrize("backend", ["torch", "onnx"])
def test_passage_prompts_are_used_by_both_backends(tmp_path, backend):
    folder = save_encoder(tmp_path, prompts={"query": "query: ", "passage": "the tower "})
    compressor = loaded(folder, backend)
    assert compressor.scorer.encoder.prompts == {"query": "query: ", "document": "the tower "}
    off = loaded(folder, backend, prompts={})
    assert off.scorer.encoder.prompts == {}
    by_hand = off.scorer.encoder
    expected = [by_hand.encode_queries(["query: who"])[0], by_hand.encode_sentences(["the tower bob"])[0]]  # fmt: skip
    np.testing.assert_allclose(vectors(compressor), expected, atol=1e-6)
    assert np.abs(vectors(compressor) - vectors(off)).max() > 1e-3


@pytest.mark.model
@pytest.mark.parametrize("backend", ["torch", "onnx"])
def test_a_copy_of_a_well_known_model_gets_its_prompts(tmp_path, backend):
    folder = save_encoder(tmp_path).rename(tmp_path / "multilingual-e5-small")
    compressor = loaded(folder, backend)
    assert compressor.scorer.encoder.prompts == E5_PROMPTS


@pytest.mark.model
@pytest.mark.parametrize("prompts", [{"query": "the tower: "}, {}])
def test_prompts_are_saved_with_a_compressor(tmp_path, prompts):
    folder = save_encoder(tmp_path, prompts={"query": "who "})
    compressor = loaded(folder, "torch", prompts=prompts)
    saved = save_compressor(compressor, tmp_path / "e5-small")
    assert json.loads((saved / "recomp_config.json").read_text())["prompts"] == prompts
    for backend in ("torch", "onnx"):
        again = loaded(saved, backend)
        assert again.scorer.encoder.prompts == prompts
        np.testing.assert_allclose(vectors(again), vectors(compressor), atol=1e-5)


@pytest.mark.model
def test_prompts_of_another_form_are_refused_before_a_model_is_loaded(tmp_path):
    folder = save_contriever_style(tmp_path / "bert")
    for prompts in ("query: ", {"passage": "p"}, {"query": 3}):
        with pytest.raises(ValueError, match="prompt"):
            load_compressor(folder, prompts=prompts)
