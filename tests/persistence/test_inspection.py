"""A load reads what a checkpoint's files say once, and hands it on."""

import shutil
import sys
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import pytest
from tiny_adapters import save_adapter
from tiny_bert import save_contriever_style
from tiny_encoders import save_encoder

from recomp_core import ExtractiveCompressor, load_compressor, save_compressor
from recomp_core.models.checkpoints import CheckpointFiles, load_error_message
from recomp_core.store import SentenceStore, StoredSplitter

pytestmark = pytest.mark.model

SEQ2SEQ = Path(__file__).parents[1] / "fixtures" / "before_move" / "abstractive"
NOT_OURS = ("codecs", "pathlib", "json", "<frozen")

_counts: list[Counter] = []


def _audit(event, arguments):
    """Counts the files that this package's own code reads, apart from making their digests."""
    if event != "open" or not _counts or arguments[1] != "r":
        return
    frame = sys._getframe(1)
    while frame and frame.f_globals.get("__name__", "").startswith(NOT_OURS):
        frame = frame.f_back
    if frame is None or frame.f_code.co_name == "sha256":
        return
    if frame.f_globals.get("__name__", "").startswith("recomp_core"):
        _counts[-1][Path(str(arguments[0])).name] += 1


@pytest.fixture(scope="module", autouse=True)
def audited():
    sys.addaudithook(_audit)  # can't be removed, so it does nothing outside `counted`
    yield
    _counts.clear()


@contextmanager
def counted(monkeypatch):
    """Opened files by name, `BertFolder` for what it reads, `AutoConfig` for calls from here."""
    from transformers import AutoConfig

    from recomp_core.models.encoders.bert_folder import BertFolder

    counts = Counter()
    read, from_pretrained = BertFolder.read.__func__, AutoConfig.from_pretrained.__func__

    def counted_read(cls, *arguments, **settings):
        counts["BertFolder"] += 1
        return read(cls, *arguments, **settings)

    def counted_config(cls, *arguments, **settings):
        if sys._getframe(1).f_globals["__name__"].startswith("recomp_core"):
            counts["AutoConfig"] += 1
        return from_pretrained(cls, *arguments, **settings)

    init = ExtractiveCompressor.__init__

    def counted_init(self, *arguments, **settings):
        counts["ExtractiveCompressor"] += 1
        init(self, *arguments, **settings)

    with monkeypatch.context() as patch:
        patch.setattr(BertFolder, "read", classmethod(counted_read))
        patch.setattr(AutoConfig, "from_pretrained", classmethod(counted_config))
        patch.setattr(ExtractiveCompressor, "__init__", counted_init)
        _counts.append(counts)
        try:
            yield counts
        finally:
            _counts.pop()


@pytest.mark.parametrize("backend", ["auto", "onnx", "torch"])
def test_a_bert_folder(tmp_path, monkeypatch, backend):
    pytest.importorskip("onnxruntime", reason='needs pip install "recomp[onnx]"')
    folder = save_contriever_style(tmp_path / "bert")
    with counted(monkeypatch) as counts:
        load_compressor(folder, device="cpu", backend=backend)
    assert counts["config.json"] == 1
    assert counts["BertFolder"] == (0 if backend == "torch" else 1)
    assert counts["AutoConfig"] == (backend == "torch")  # to compare the weights with it
    assert max(counts.values()) == 1, counts


@pytest.mark.parametrize("backend", ["onnx", "torch"])
def test_a_sentence_transformers_folder(tmp_path, monkeypatch, backend):
    pytest.importorskip("onnxruntime", reason='needs pip install "recomp[onnx]"')
    folder = save_encoder(tmp_path, normalize=True)
    with counted(monkeypatch) as counts:
        load_compressor(folder, device="cpu", backend=backend)
    assert counts["BertFolder"] == (0 if backend == "torch" else 1)
    assert counts["modules.json"] == 1
    assert counts["AutoConfig"] == (backend == "torch")
    assert counts["ExtractiveCompressor"] == 1


def test_a_seq2seq_folder(tmp_path, monkeypatch):
    folder = shutil.copytree(SEQ2SEQ, tmp_path / "t5")
    (folder / "recomp_config.json").unlink()
    with counted(monkeypatch) as counts:
        load_compressor(folder, device="cpu")
    assert counts["AutoConfig"] == 1
    assert counts["config.json"] == 1
    assert max(counts.values()) == 1, counts


def test_a_saved_summarizer(monkeypatch):
    with counted(monkeypatch) as counts:
        load_compressor(SEQ2SEQ, device="cpu")
    assert counts == {"recomp_config.json": 1, "config.json": 1, "AutoConfig": 1}


def test_a_saved_folder_with_a_store(tmp_path, monkeypatch):
    pytest.importorskip("onnxruntime", reason='needs pip install "recomp[onnx]"')
    bert = save_contriever_style(tmp_path / "bert")
    folder = save_compressor(load_compressor(bert, device="cpu"), tmp_path / "saved")
    with counted(monkeypatch) as counts, SentenceStore(tmp_path / "store") as store:
        compressor = load_compressor(folder, device="cpu", backend="onnx", store=store)
    assert (compressor.scorer.store, type(compressor.splitter)) == (store, StoredSplitter)
    for name in ("recomp_config.json", "modules.json", "BertFolder", "ExtractiveCompressor"):
        assert counts[name] == 1, counts
    assert counts["AutoConfig"] == 0


def test_an_adapter_and_its_base(tmp_path, monkeypatch):
    pytest.importorskip("onnxruntime", reason='needs pip install "recomp[onnx]"')
    bert = save_contriever_style(tmp_path / "bert")
    adapter = save_adapter(
        tmp_path / "adapter",
        {"encoder.layer.0.attention.self.query": (16, 16)},
        settings={"base": str(bert)},
    )
    with counted(monkeypatch) as counts:
        load_compressor(adapter, device="cpu", backend="onnx")
    assert max(counts.values()) == 1, counts


def test_files_are_read_when_they_are_asked_for_and_again_by_a_copy(tmp_path):
    import copy
    import pickle

    files = CheckpointFiles(tmp_path, revision="main", local_files_only=True)
    (tmp_path / "a.json").write_text("1")
    assert (files.json("a.json"), files.json("b.json")) == (1, None)
    assert (files.has("a.json"), files.has("b.json")) == (True, False)
    (tmp_path / "a.json").write_text("2")
    assert files.json("a.json") == 1
    for again in (copy.deepcopy(files), pickle.loads(pickle.dumps(files))):
        assert again.json("a.json") == 2
        assert again.hub == {"revision": "main", "local_files_only": True}
    assert "revision='main'" in repr(files)


def test_an_error_without_words_is_explained_too():
    assert "(ValueError: )" in load_error_message("somebody/something", False, ValueError("  "))
