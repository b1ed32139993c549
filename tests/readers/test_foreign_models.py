"""Language models and span readers from strangers: their tensors, sizes, paths and adapters."""

import json
import shutil

import pytest
import tiny_causal
import tiny_reader
from tiny_bert import save_contriever_style

from recomp_core import ModelLoadError
from recomp_core.models.folder_checks import check_peft_config
from recomp_core.models.tensors import read_shapes
from recomp_core.readers.loading import load_causal, load_span_reader, load_tokenizer

pytestmark = pytest.mark.model

LOADERS = {"causal": load_causal, "spans": load_span_reader}


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    tiny_causal.tokenizer("byte-level").save_pretrained(folder / "causal")
    tiny_causal.model("llama").save_pretrained(folder / "causal")
    tiny_reader.tokenizer().save_pretrained(folder / "spans")
    tiny_reader.bert().save_pretrained(folder / "spans")
    return folder


@pytest.fixture(params=[*LOADERS])
def model(request, saved, tmp_path):
    """A folder and its loader."""
    return shutil.copytree(saved / request.param, tmp_path / "model"), LOADERS[request.param]


def edit(file, **changes):
    file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))


def change(folder, with_tensors):
    from safetensors.torch import load_file, save_file

    stored = load_file(folder / "model.safetensors")
    with_tensors(stored)
    save_file(stored, folder / "model.safetensors", metadata={"format": "pt"})


def test_the_untouched_model_loads(model):
    folder, load = model
    assert load(folder)


def test_missing_and_misshapen_tensors_are_listed(model):
    folder, load = model
    names = read_shapes(folder / "model.safetensors")
    name = next(
        n for n in names if n.endswith(("0.mlp.up_proj.weight", "0.intermediate.dense.weight"))
    )

    def cut(stored):
        stored[name] = stored[name][:-1].clone()

    change(folder, cut)
    with pytest.raises(ModelLoadError, match=r"1 weights have another shape, such as .*must be"):
        load(folder)
    change(folder, lambda stored: stored.pop(name))
    with pytest.raises(ModelLoadError, match="1 weights are missing, such as .*weight"):
        load(folder)


@pytest.mark.parametrize("size", [0, -1, 2.5, 10**6, 10**9, "x", True])
def test_a_number_of_layers_that_the_weights_do_not_have(model, size):
    folder, load = model
    edit(folder / "config.json", num_hidden_layers=size)
    with pytest.raises(ModelLoadError, match="num_hidden_layers"):
        load(folder)


@pytest.mark.parametrize("name", ["vocab_size", "hidden_size", "intermediate_size"])
def test_a_size_that_would_fill_the_memory(model, name):
    folder, load = model
    edit(folder / "config.json", **{name: 2**23})
    with pytest.raises(ModelLoadError, match=r"its config describes a model of|it is damaged"):
        load(folder)


def test_a_link_leads_out(model, tmp_path):
    folder, load = model
    (folder / "tokenizer.json").rename(tmp_path / "elsewhere.json")
    (folder / "tokenizer.json").symlink_to(tmp_path / "elsewhere.json")
    for use in (load, load_tokenizer):
        with pytest.raises(ModelLoadError, match="leads out of"):
            use(folder)


def test_a_tokenizer_that_is_no_json(model):
    folder, _ = model
    (folder / "tokenizer.json").write_text("{")
    with pytest.raises(ModelLoadError, match="can't be loaded"):
        load_tokenizer(folder)


@pytest.mark.parametrize(
    "wrong",
    [
        {"target_modules": "(a+)+$"}, {"target_modules": ["(a|a)*$"]}, {"target_modules": [5]},
        {"exclude_modules": ".*"}, {"layers_pattern": "(x+)+"}, {"rank_pattern": {"(a+)+": 4}},
        {"rank_pattern": {"query": 10**9}}, {"alpha_pattern": {"^q": 1}}, {"rank_pattern": 5},
        {"r": 10**9}, {"r": 0}, {"r": True}, {"r": "4"}, {"peft_type": "EVIL"},
        {"megatron_config": {"a": 1}, "megatron_core": "os"},
    ],
)  # fmt: skip
def test_a_config_that_peft_must_not_read(tmp_path, wrong):
    config = {"peft_type": "LORA", "r": 4, "target_modules": ["q", "v"], **wrong}
    (tmp_path / "adapter_config.json").write_text(json.dumps(config))
    with pytest.raises(ModelLoadError, match="names of layers and no patterns"):
        check_peft_config(tmp_path)


@pytest.mark.parametrize("fine", [{}, {"target_modules": "all-linear"}, {"layers_pattern": None},
                                  {"rank_pattern": {"layers.0.q_proj": 8}}])  # fmt: skip
def test_a_config_that_peft_may_read(tmp_path, fine):
    config = {"peft_type": "LORA", "r": 4, "target_modules": ["q", "v"], **fine}
    (tmp_path / "adapter_config.json").write_text(json.dumps(config))
    check_peft_config(tmp_path)


def test_an_adapter_on_a_causal_model(saved, tmp_path):
    peft = pytest.importorskip("peft", reason='needs pip install "recomp[lora]"')
    import torch
    from safetensors.torch import load_file, save_file

    base, tokenizer = load_causal(saved / "causal")
    ids = tokenizer("the tower", return_tensors="pt")["input_ids"]
    with torch.inference_mode():
        before = base(ids).logits
    config = peft.LoraConfig(task_type="CAUSAL_LM", target_modules=["q_proj"], r=2)
    adapted = peft.get_peft_model(base, config)
    for name, weights in adapted.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weights, generator=torch.Generator().manual_seed(0))
    adapted.save_pretrained(str(tmp_path / "adapter"))
    edit(
        tmp_path / "adapter" / "adapter_config.json", base_model_name_or_path=str(saved / "causal")
    )
    with torch.inference_mode():
        expected = adapted.eval()(ids).logits
        found = load_causal(tmp_path / "adapter")[0](ids).logits
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)
    assert not torch.allclose(found, before, atol=1e-3)

    file = tmp_path / "adapter" / "adapter_model.safetensors"
    factors = load_file(file)
    factors.pop(next(name for name in factors if "lora_A" in name))
    save_file(factors, file)
    with pytest.raises(ModelLoadError, match="1 of the adapter's weights are missing"):
        load_causal(tmp_path / "adapter")


def test_an_encoder_is_no_reader(tmp_path):
    folder = save_contriever_style(tmp_path / "bert")
    with pytest.raises(ModelLoadError, match="2 weights are missing, such as qa_outputs"):
        load_span_reader(folder)
