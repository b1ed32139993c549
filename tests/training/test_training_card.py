"""The model card and the plot of a training."""

import datetime
import json
import logging
import re
import struct
import sys

import pytest

from recomp_core import Document, __version__
from recomp_core.training import AbstractiveSettings, ExtractiveSettings, LoraSettings, RunSettings
from recomp_core.training.card import write_card
from recomp_core.training.examples import (
    CandidateSentence,
    ContrastiveExample,
    DistillationExample,
    TrainingData,
)
from recomp_core.training.plot import write_plot

DOCUMENTS = (Document("Tea. Ada did."),)
CANDIDATES = (CandidateSentence(0, 0, 4, -3.0), CandidateSentence(0, 5, 13, -1.0))


def ranked(negatives=(0,)):
    return ContrastiveExample("who?", DOCUMENTS, CANDIDATES, 1, negatives, "exact", ("Ada",))


def written(target, teacher="qwen3", licence="Apache-2.0", date="2026-01-02"):
    return DistillationExample("who?", DOCUMENTS, target, "proxy", ("Ada",), teacher, licence, date)


def data(*examples, sources=("/home/ada/labels/examples.jsonl", "/home/ada/more.jsonl.gz")):
    return TrainingData(examples, sources)


def card(folder, **changes):
    pytest.importorskip("huggingface_hub", reason="it comes with transformers")
    folder.mkdir(exist_ok=True)
    settings = {
        "result_kind": "extractive",
        "base": "facebook/contriever-msmarco",
        "data": data(ranked(), ranked(), ranked(())),
        "held_out": data(ranked()),
        "run": RunSettings(batch_size=64, lora=LoraSettings(8)),
        "own": ExtractiveSettings(context="document", similarity_fn_name="dot"),
        "metrics": {"answer_recall": 0.75, "rate": 0.09876},
        "steps": 1234,
        "seconds": 600.0,
    }
    write_card(folder, **{**settings, **changes})
    return (folder / "README.md").read_text(encoding="utf-8")


def front_matter(text):
    """What a hub reads at the top of the card."""
    yaml = pytest.importorskip("yaml")
    before, front, _ = text.split("---\n", 2)
    assert before == ""
    return yaml.safe_load(front)


def rows(text):
    return re.findall(r"^\| (.*) \|$", text, re.MULTILINE)


def test_an_extractive_card(tmp_path):
    (tmp_path / "README.md").write_text("what the trainer's own card says")
    text = card(tmp_path)
    assert front_matter(text) == {
        "library_name": "sentence-transformers",
        "base_model": "facebook/contriever-msmarco",
        "base_model_relation": "finetune",
        "tags": ["recomp", "sentence-transformers", "feature-extraction", "context-compression"],
    }
    assert "own card" not in text
    for row in [
        "files | labels/examples.jsonl, more.jsonl.gz",
        "questions trained on | 3",
        "questions held out | 1",
        "scores | exact: exact log-probabilities",
        "without a negative | 1",
        "answer recall | 0.7500",
        "rate | 0.0988",
        "batch_size | 64",
        "learning_rate | 2e-05",
        "lora | rank 8, alpha –, dropout 0, targets –",
        "similarity_fn_name | dot",
        "dropout | yes",
    ]:
        assert row in rows(text), row
    assert "on 1 held-out question of" in text
    assert "1,234 steps in 10 minutes" in text
    assert f"recomp {__version__}, torch " in text
    assert datetime.date.today().isoformat() in text
    assert "load_compressor(" in text
    assert "SentenceTransformer(" in text
    assert "mean over its own tokens" in text
    assert "teacher |" not in text


def test_an_abstractive_card_tells_of_teachers_and_empty_targets(tmp_path):
    examples = data(written("Ada did."), written("", date="2026-02-03"), written("Ada did.", "gpt-4o", "OpenAI terms"))  # fmt: skip
    text = card(
        tmp_path,
        result_kind="abstractive",
        base="t5-small",
        data=examples,
        held_out=data(written("", teacher="", licence="", date="")),
        own=AbstractiveSettings(prompt="Q: {query}\n|{documents}"),
    )
    assert front_matter(text)["library_name"] == "transformers"
    assert front_matter(text)["base_model"] == "t5-small"
    assert "AutoModelForSeq2SeqLM" in text
    for row in [
        "empty targets trained on | 1",
        "empty targets held out | 1",
        "qwen3 | Apache-2.0 | 2026-01-02 to 2026-02-03 | 2",
        "gpt-4o | OpenAI terms | 2026-01-02 | 1",
        "not recorded | not recorded | not recorded | 1",
        r'prompt | `"Q: {query}\n\|{documents}"`',
    ]:
        assert row in rows(text), row


def test_no_folder_of_the_machine_is_told(tmp_path):
    base = tmp_path / "my-base"
    base.mkdir()
    text = card(tmp_path / "out", base=str(base), run=RunSettings())
    assert str(tmp_path) not in text
    assert "/home" not in text
    assert "`my-base` (a local folder)" in text
    assert "base_model" not in text
    assert "C:" not in card(tmp_path / "out", base="C:\\models\\mine", data=data(ranked(), sources=("C:\\ada\\x.jsonl",)))  # fmt: skip
    teacher = data(written("Ada did.", teacher="/home/ada/teacher"))
    text = card(tmp_path / "out", result_kind="abstractive", data=teacher, held_out=data(), own=AbstractiveSettings())  # fmt: skip
    assert "/home" not in text
    assert "teacher | Apache-2.0 | 2026-01-02 | 1" in rows(text)


def test_the_embedded_encoder_has_a_name_on_the_hub(tmp_path):
    front = front_matter(card(tmp_path, base="minilm"))
    assert front["base_model"] == "sentence-transformers/all-MiniLM-L6-v2"


def test_an_adapter_alone(tmp_path):
    (tmp_path / "adapter_config.json").write_text("{}")
    text = card(tmp_path)
    assert front_matter(text)["base_model_relation"] == "adapter"
    assert front_matter(text)["tags"][-2:] == ["lora", "peft"]
    assert "LoRA adapter alone" in text
    assert 'SentenceTransformer("facebook/contriever-msmarco")' in text
    assert 'PeftModel.from_pretrained(model[0].auto_model, "path/to/this/folder")' in text


def test_where_nothing_is_held_out_there_are_no_figures(tmp_path):
    text = card(tmp_path, held_out=data(), metrics={})
    assert "No question was held out" in text


def test_a_name_that_yaml_would_read_otherwise(tmp_path):
    assert front_matter(card(tmp_path, base='we"ird: na#me'))["base_model"] == 'we"ird: na#me'


def test_what_looks_like_a_template_is_text(tmp_path):
    prompt = "{{ 7 * 6 }} {query} <b> & {documents}"
    text = card(tmp_path, result_kind="abstractive", own=AbstractiveSettings(prompt=prompt))
    assert f"prompt | {prompt}" in rows(text)


# The plot

HISTORY = [
    {"loss": 2.0, "learning_rate": 1e-5, "epoch": 0.5, "step": 10},
    {"eval_answer_recall": 0.5, "eval_rate": 0.1, "eval_loss": 2.1, "eval_runtime": 3.0,
     "eval_samples_per_second": 4.0, "eval_tokens": 812.0, "step": 10},
    {"loss": 1.0, "epoch": 1.0, "step": 20},
    {"eval_answer_recall": 0.6, "eval_rate": 0.1, "eval_loss": 1.4, "eval_runtime": 3.0, "step": 20},
    {"train_runtime": 9.0, "train_loss": 1.5, "step": 20},
]  # fmt: skip


def size(file):
    raw = file.read_bytes()
    assert raw[:8] == b"\x89PNG\r\n\x1a\n"
    return struct.unpack(">II", raw[16:24])


def test_loss_and_shares_are_drawn_and_nothing_else():
    from recomp_core.training.plot import _curves

    losses, figures = _curves(HISTORY)
    assert losses == {"training": [(10, 2.0), (20, 1.0)], "held out": [(10, 2.1), (20, 1.4)]}
    assert figures == {"answer recall": [(10, 0.5), (20, 0.6)], "rate": [(10, 0.1), (20, 0.1)]}


def test_a_plot_of_both_and_of_the_loss_alone(tmp_path):
    pytest.importorskip("matplotlib", reason='needs pip install "recomp[train]"')
    write_plot(HISTORY, tmp_path / "both.png")
    assert size(tmp_path / "both.png") == (1200, 900)
    write_plot(HISTORY[:1], tmp_path / "loss.png")
    assert size(tmp_path / "loss.png") == (1200, 540)
    write_plot([{"loss": float("nan"), "step": 1}], tmp_path / "nan.png")
    assert size(tmp_path / "nan.png") == (1200, 540)


def test_nothing_global_is_touched(tmp_path):
    pytest.importorskip("matplotlib", reason='needs pip install "recomp[train]"')
    import subprocess

    probe = (
        "import sys, json; from pathlib import Path; from recomp_core.training.plot import write_plot; "
        f"write_plot(json.loads({json.dumps(HISTORY)!r}), Path(sys.argv[1])); "
        "print('matplotlib.pyplot' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", probe, str(tmp_path / "x.png")], capture_output=True, text=True, check=True)  # fmt: skip
    assert done.stdout == "False\n"
    assert size(tmp_path / "x.png") == (1200, 900)


def test_nothing_to_draw(tmp_path):
    write_plot([], tmp_path / "none.png")
    write_plot([{"train_loss": 1.0, "step": 3}], tmp_path / "none.png")
    assert not (tmp_path / "none.png").exists()


def test_without_matplotlib_it_says_so_and_goes_on(tmp_path, monkeypatch, caplog):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with caplog.at_level(logging.WARNING):
        write_plot(HISTORY, tmp_path / "none.png")
    assert 'pip install "recomp[train]"' in caplog.text
    assert not (tmp_path / "none.png").exists()
