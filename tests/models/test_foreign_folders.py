"""Folders from strangers: nothing outside them is touched, and what does not fit is an error."""

import json
import os
import shutil
from pathlib import Path

import pytest
from conftest import needs
from tiny_adapters import save_adapter
from tiny_bert import save_contriever_style
from tiny_encoders import save_encoder

from recomp_core import ModelLoadError, load_compressor
from recomp_core.models.folder_checks import check_folder, check_numbers, inside, read_json

QUERY = "model.encoder.layer.0.attention.self.query"
BACKENDS = ["torch", "onnx"]


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    return save_contriever_style(tmp_path_factory.mktemp("plain"))


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    return save_encoder(tmp_path_factory.mktemp("encoder"), dense="Tanh", normalize=True)


@pytest.fixture
def copied(encoder, tmp_path):
    return Path(shutil.copytree(encoder, tmp_path / "copy"))


def edit(file, **changes):
    file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))


def tensors(file, change):
    from safetensors.torch import load_file, save_file

    stored = load_file(file)
    change(stored)
    save_file({k: v.contiguous() for k, v in stored.items()}, file, metadata={"format": "pt"})


def state(folder):
    return {file: file.read_bytes() for file in sorted(Path(folder).rglob("*")) if file.is_file()}


# No path leaves the folder.


def named(encoder, path):
    modules = json.loads((encoder / "modules.json").read_text())
    modules[0]["path"] = path
    (encoder / "modules.json").write_text(json.dumps(modules))


@pytest.mark.model
@pytest.mark.parametrize("kind", ["absolute", "..", "linked", "not a string"])
def test_an_adapter_writes_nothing_where_its_modules_point(plain, tmp_path, kind):
    victim = Path(shutil.copytree(plain, tmp_path / "victim"))
    adapter = save_adapter(
        tmp_path / "adapter",
        {"encoder.layer.0.attention.self.query": (16, 16)},
        base_model_name_or_path=str(plain),
    )
    paths = {"absolute": str(victim), "..": "../victim", "linked": "0", "not a string": 7}
    modules = [
        {"idx": 0, "name": "0", "path": paths[kind], "type": "sentence_transformers.models.Transformer"},
        {"idx": 1, "name": "1", "path": "1", "type": "sentence_transformers.models.Pooling"},
    ]  # fmt: skip
    (adapter / "modules.json").write_text(json.dumps(modules))
    (adapter / "0").symlink_to(victim)
    before = state(tmp_path)
    for backend in ("auto", *BACKENDS):
        with pytest.raises(ModelLoadError, match="outside a model's folder|relative path"):
            load_compressor(adapter, device="cpu", backend=backend)
    assert state(tmp_path) == before


@pytest.mark.model
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    "leave",
    [
        lambda folder, other: named(folder, "../other"),
        lambda folder, other: named(folder, str(other)),
        lambda folder, other: named(folder, "..\\other"),
        lambda folder, other: ((folder / "vocab.txt").unlink(missing_ok=True), (folder / "vocab.txt").symlink_to(other / "vocab.txt")),
        lambda folder, other: (shutil.rmtree(folder / "1_Pooling"), (folder / "1_Pooling").symlink_to(other)),
        lambda folder, other: ((folder / "2_Dense" / "model.safetensors").unlink(), (folder / "2_Dense" / "model.safetensors").symlink_to(other / "model.safetensors")),
        lambda folder, other: (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"a": "../other/model.safetensors"}})),
        lambda folder, other: (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"a": ["b"]}})),
        lambda folder, other: (folder / "router_config.json").write_text(json.dumps({"types": {"../other": "x"}})),
    ],
)  # fmt: skip
def test_no_path_of_a_folder_leaves_it(plain, copied, tmp_path, backend, leave):
    other = Path(shutil.copytree(plain, tmp_path / "other"))
    leave(copied, other)
    with pytest.raises(ModelLoadError, match=r"outside a model's folder|damaged"):
        load_compressor(copied, device="cpu", backend=backend)


@pytest.mark.model
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_snapshot_of_the_hubs_cache_links_to_its_blobs(plain, tmp_path, backend):
    blobs, snapshot = tmp_path / "blobs", tmp_path / "snapshots" / ("0" * 40)
    blobs.mkdir()
    snapshot.mkdir(parents=True)
    for number, file in enumerate(sorted(plain.iterdir())):
        shutil.copy(file, blobs / str(number))
        (snapshot / file.name).symlink_to(Path("..", "..", "blobs", str(number)))
    assert load_compressor(snapshot, device="cpu", backend=backend)
    (snapshot / "vocab.txt").unlink(missing_ok=True)
    (snapshot / "vocab.txt").symlink_to(plain / "vocab.txt")
    with pytest.raises(ModelLoadError, match="leads out of"):
        load_compressor(snapshot, device="cpu", backend=backend)


@pytest.mark.parametrize("name", ["/etc", "../x", "a/../../x", "C:\\x", "..\\x", "a\0b", 3, None])
def test_a_path_that_leaves(tmp_path, name):
    with pytest.raises(ModelLoadError, match="as a path|names the path"):
        inside(tmp_path, name)


def test_a_path_that_stays(tmp_path):
    assert inside(tmp_path, "1_Pooling/config.json") == tmp_path / "1_Pooling" / "config.json"
    assert inside(tmp_path, "") == tmp_path


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no pipes")
@pytest.mark.parametrize("name", ["config.json", "modules.json", "model.safetensors", "x.json"])
def test_a_pipe_is_no_file_of_a_model(tmp_path, name):
    os.mkfifo(tmp_path / name)
    with pytest.raises(ModelLoadError, match="neither a file nor a folder"):
        check_folder(tmp_path)


def test_a_link_that_leads_to_itself(tmp_path):
    (tmp_path / "config.json").symlink_to("config.json")
    with pytest.raises(ModelLoadError, match="leads nowhere"):
        check_folder(tmp_path)


@pytest.mark.model
@pytest.mark.parametrize(
    "passed",
    [{"model_args": {"weights_only": False}}, {"model_kwargs": {"offload_folder": "/tmp/x"}},
     {"model_args": {"attn_implementation": "someone/kernels"}}, {"tokenizer_args": {"vocab_file": "/etc/passwd"}},
     {"config_args": {"num_hidden_layers": 10**6}}, {"tokenizer_name_or_path": "someone/else"},
     {"model_args": 3}],
)  # fmt: skip
def test_a_module_hands_nothing_to_transformers_that_decides_what_is_loaded(copied, passed):
    edit(copied / "sentence_bert_config.json", **passed)
    with pytest.raises(ModelLoadError, match="can't decide how|is no object"):
        load_compressor(copied, device="cpu", backend="torch")


# Tensors are those of the architecture.


def drop(name):
    return lambda stored: stored.pop(name)


def rename(stored):
    for name in [name for name in stored if "layer.1." in name]:
        stored[name.replace("layer.1.", "layer.7.")] = stored.pop(name)


def cut(stored):
    stored["embeddings.word_embeddings.weight"] = stored["embeddings.word_embeddings.weight"][:5]


def transpose(stored):
    name = "encoder.layer.1.intermediate.dense.weight"
    stored[name] = stored[name].T


@pytest.mark.model
@pytest.mark.parametrize("backend", ["auto", *BACKENDS])
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (drop("encoder.layer.1.output.dense.weight"), "layer.1.output.dense.weight"),
        (drop("embeddings.LayerNorm.bias"), "embeddings.LayerNorm.bias"),
        (rename, "16 (weights are missing|of its weights)"),
        (cut, r"word_embeddings.weight.*\(5, 16\).*\(23, 16\)"),
        (transpose, r"intermediate.dense.weight.*\(16, 32\).*\(32, 16\)"),
    ],
)
def test_tensors_that_are_missing_or_misshapen_are_listed(
    plain, tmp_path, backend, change, message
):
    folder = Path(shutil.copytree(plain, tmp_path / "copy"))
    tensors(folder / "model.safetensors", change)
    with pytest.raises(ModelLoadError, match=message):
        load_compressor(folder, device="cpu", backend=backend)


@pytest.mark.model
@pytest.mark.parametrize("backend", ["auto", *BACKENDS])
def test_layers_that_the_config_does_not_have_are_not_left_out(plain, tmp_path, backend):
    folder = Path(shutil.copytree(plain, tmp_path / "copy"))
    edit(folder / "config.json", num_hidden_layers=1)
    with pytest.raises(
        ModelLoadError, match=r"16 (of its )?weights are .*encoder\.layer\.1\..*config"
    ):
        load_compressor(folder, device="cpu", backend=backend)


@pytest.mark.model
def test_modules_that_make_no_vector_are_refused_at_once(copied):
    modules = json.loads((copied / "modules.json").read_text())
    (copied / "modules.json").write_text(json.dumps(modules[:1]))
    with pytest.raises(ModelLoadError, match="sentence_embedding.*lacks a pooling"):
        load_compressor(copied, device="cpu")


MODES = ["cls_token", "mean_tokens", "max_tokens", "mean_sqrt_len_tokens"]


def pool(folder, said):
    config = {"word_embedding_dimension": 16, **said}
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(config))


@pytest.mark.model
@pytest.mark.parametrize("backend", ["auto", *BACKENDS])
@pytest.mark.parametrize(
    ("said", "message"),
    [
        (
            {f"pooling_mode_{mode}": False for mode in MODES},
            r'_cls_token=false, pooling_mode_mean_.*\): set .*"pooling_mode_mean_tokens": true',
        ),
        ({"pooling_mode_mean_tokens": None}, r"\(pooling_mode_mean_tokens=null\): set"),
        ({"pooling_mode": [], "pooling_mode_cls_token": True}, r'\(pooling_mode=\[\]\).*"mean"'),
    ],
    ids=["all false", "null", "an empty list"],
)
def test_a_pooling_without_a_mode_is_refused(copied, backend, said, message):
    pool(copied, said)
    with pytest.raises(ModelLoadError, match=r"1_Pooling.config\.json chooses no.*" + message):
        load_compressor(copied, device="cpu", backend=backend)


@pytest.mark.model
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_pooling_without_a_mode_is_refused_in_the_hubs_cache(
    copied, tmp_path, monkeypatch, backend
):
    import huggingface_hub.constants

    pool(copied, {"pooling_mode_mean_tokens": False})
    cache = tmp_path / "cache"
    shutil.move(copied, cache / "models--someone--model" / "snapshots" / ("0" * 40))
    refs = cache / "models--someone--model" / "refs"
    refs.mkdir()
    (refs / "main").write_text("0" * 40)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(cache))
    with pytest.raises(ModelLoadError, match="chooses no pooling"):
        load_compressor("someone/model", device="cpu", backend=backend, local_files_only=True)


@pytest.mark.model
@pytest.mark.parametrize("backend", BACKENDS)
def test_an_adapter_s_own_pooling_without_a_mode_is_refused(copied, plain, tmp_path, backend):
    adapter = save_adapter(
        tmp_path / "adapter",
        {QUERY.removeprefix("model."): (16, 16)},
        base_model_name_or_path=str(plain),
    )
    for file in sorted(copied.iterdir()):
        if file.is_dir() or (file.suffix == ".json" and file.name != "config.json"):
            shutil.move(file, adapter / file.name)
    load_compressor(adapter, device="cpu", backend=backend)
    pool(adapter, {"pooling_mode_mean_tokens": False})
    with pytest.raises(ModelLoadError, match=r"adapter.1_Pooling.config\.json chooses no pooling"):
        load_compressor(adapter, device="cpu", backend=backend)


@pytest.mark.model
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("said", [{}, {"pooling_mode": "mean", "pooling_mode_mean_tokens": False}])
def test_a_pooling_that_names_no_mode_is_the_mean(copied, backend, said):
    pool(copied, said)
    assert load_compressor(copied, device="cpu", backend=backend).scorer.encoder.can_encode_spans


@pytest.mark.model
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_pooler_that_nothing_reads_may_be_missing(plain, tmp_path, backend):
    folder = Path(shutil.copytree(plain, tmp_path / "copy"))

    def change(stored):
        for name in [name for name in stored if name.startswith("pooler.")]:
            del stored[name]
        stored["cls.predictions.bias"] = stored["embeddings.LayerNorm.bias"].clone()

    tensors(folder / "model.safetensors", change)
    assert load_compressor(folder, device="cpu", backend=backend)


@pytest.mark.model
@pytest.mark.parametrize("backend", BACKENDS)
def test_an_adapter_with_missing_factors(plain, tmp_path, backend):
    layers = {f"encoder.layer.{n}.attention.self.query": (16, 16) for n in range(2)}
    adapter = save_adapter(
        tmp_path / "adapter", layers, base_model_name_or_path=str(plain), target_modules=["query"]
    )
    assert load_compressor(adapter, device="cpu", backend=backend)
    gone = [f"base_model.model.encoder.layer.1.attention.self.query.lora_{f}.weight" for f in "AB"]
    tensors(adapter / "adapter_model.safetensors", lambda stored: [stored.pop(n) for n in gone])
    with pytest.raises(ModelLoadError, match=r"does not fit its base: .*layer.1.*have no factors"):
        load_compressor(adapter, device="cpu", backend=backend)


@needs("onnxruntime", "onnx")
@pytest.mark.parametrize("wrong", [{"r": 10**9}, {"r": 2.0}, {"r": True}, {"lora_alpha": "4"},
                                   {"lora_alpha": float("nan")}, {"base_model_name_or_path": 5}])  # fmt: skip
def test_an_adapters_numbers(plain, tmp_path, wrong):
    layers = {"encoder.layer.0.attention.self.query": (16, 16)}
    settings = {"base_model_name_or_path": str(plain), **wrong}
    adapter = save_adapter(tmp_path / "adapter", layers, **settings)
    with pytest.raises(ModelLoadError, match="is damaged|does not fit"):
        load_compressor(adapter, device="cpu", backend="onnx")


# Numbers are within bounds before anything is built.


SIZES = ["num_hidden_layers", "num_attention_heads", "hidden_size", "intermediate_size",
         "vocab_size", "max_position_embeddings"]  # fmt: skip


@pytest.mark.model
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", SIZES)
@pytest.mark.parametrize("value", [10**6, "2"])
def test_a_size_that_the_weights_do_not_have(plain, tmp_path, backend, name, value):
    folder = Path(shutil.copytree(plain, tmp_path / "copy"))
    edit(folder / "config.json", **{name: value})
    with pytest.raises(
        ModelLoadError, match=r"whole number|its config|another shape|multiple of|don't divide"
    ):
        load_compressor(folder, device="cpu", backend=backend)


@pytest.mark.parametrize("value", [0, -1, 2.0, "2", True, 10**9, [1, 0], float("inf")])
@pytest.mark.parametrize("name", ["num_hidden_layers", "d_model", "encoder_layers", "n_head"])
def test_a_number_of_a_config(name, value):
    with pytest.raises(ModelLoadError, match=f"config.json says {name}="):
        check_numbers({"encoder": {name: value}}, "config.json", 100)


def test_a_config_may_leave_sizes_open():
    config = {"n_inner": None, "hidden_size": 16, "max_position_embeddings": -1, "label": "x",
              "num_hidden_layers": 12, "id2label": {"0": "a"}, "layer_norm_eps": 1e-12}  # fmt: skip
    check_numbers(config, "config.json", 25)  # an ALBERT has fewer tensors than layers
    check_numbers(config, "config.json", None)


@pytest.mark.parametrize("name", ["is_decoder", "is_encoder_decoder"])
def test_a_flag_of_a_config(name):
    with pytest.raises(ModelLoadError, match="must be true or false"):
        check_numbers({name: "perhaps"}, "config.json", 5)


@pytest.mark.parametrize("name", ["layer_norm_eps", "rope_theta"])
def test_a_number_of_a_config_is_finite(name):
    with pytest.raises(ModelLoadError, match="a finite number"):
        check_numbers({name: float("nan")}, "config.json", 5)


def test_attention_is_no_code_from_the_hub():
    with pytest.raises(ModelLoadError, match="code from the hub"):
        check_numbers({"_attn_implementation": "someone/kernels"}, "config.json", 5)


@pytest.mark.model
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", ["config.json", "modules.json", "sentence_bert_config.json",
                                  "tokenizer.json", "tokenizer_config.json", "1_Pooling/config.json"])  # fmt: skip
def test_json_that_is_nested_too_deeply(copied, backend, name):
    (copied / name).write_text("[" * 100_000 + "]" * 100_000)
    with pytest.raises(ModelLoadError):
        load_compressor(copied, device="cpu", backend=backend)


def test_what_json_can_be(tmp_path):
    file = tmp_path / "x.json"
    for content in (b"", b"{", b"\xff", b"[" * 100_000):
        file.write_bytes(content)
        with pytest.raises(ValueError):
            read_json(file)


@pytest.mark.model
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("length", [0, -1, 1, 2, "x", True, 10**9])
def test_a_window_without_room_or_beyond_the_positions(copied, backend, length):
    edit(copied / "sentence_bert_config.json", max_seq_length=length)
    try:
        compressor = load_compressor(copied, device="cpu", backend=backend)
    except ModelLoadError:
        return
    assert length == 10**9
    assert compressor.compress("bob?", ["the tower. " * 50]).kept


@pytest.mark.model
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_token_that_the_weights_do_not_have(copied, backend):
    whole = json.loads((copied / "tokenizer.json").read_text())
    whole["model"]["vocab"]["tower"] = 10**6
    (copied / "tokenizer.json").write_text(json.dumps(whole))
    with pytest.raises(ModelLoadError, match=r"token 1000000|its weights"):
        load_compressor(copied, device="cpu", backend=backend)


@pytest.mark.model
@pytest.mark.parametrize("backend", BACKENDS)
def test_modules_that_do_not_fit_each_other(copied, backend):
    import torch

    file = copied / "2_Dense" / "model.safetensors"
    edit(copied / "2_Dense" / "config.json", in_features=9)
    tensors(file, lambda stored: stored.update({"linear.weight": torch.ones(6, 9)}))
    with pytest.raises(ModelLoadError, match="reads"):
        load_compressor(copied, device="cpu", backend=backend)


@pytest.mark.parametrize("value", [0, -1, 2.0, "2", True, 10**30])
def test_truncate_dim_is_checked(plain, value):
    for backend in ("auto", *BACKENDS):
        with pytest.raises(ValueError, match="truncate_dim must be a whole number"):
            load_compressor(plain, device="cpu", backend=backend, truncate_dim=value)
