"""`recomp train`, as a user calls it."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

import recomp_core.training
from recomp_core import load_compressor
from recomp_core.cli.main import app
from recomp_core.training import TrainingPlan, TrainingResult
from recomp_core.training.runs import RUN_SUFFIX


def recomp(*arguments):
    return CliRunner().invoke(app, ["train", *map(str, arguments)])


@pytest.fixture
def calls(monkeypatch):
    """What the functions behind the commands were called with."""
    found = []

    def fake(name):
        def train(examples, *, output, dry_run=False, **settings):
            found.append((name, examples, {"output": output, "dry_run": dry_run, **settings}))
            if dry_run:
                return TrainingPlan(9, 1, 30, 4_000, 23_000_000, 1_000_000, 2**30, {"examples": 10})
            return TrainingResult(output, {"answer_recall": 0.75, "rate": 0.1}, 30, 12.3)

        monkeypatch.setattr(recomp_core.training, f"train_{name}", train, raising=False)

    fake("extractive")
    fake("abstractive")
    return found


# What is always said: where to, and how the command itself goes about it.
PLAIN = {
    "output": Path("out"), "dry_run": False, "merge": True, "export_type": "float32",
    "resume": True, "resume_incomplete": False, "overwrite": False,
}  # fmt: skip


@pytest.mark.parametrize(
    ("command", "base"), [("extractive", {}), ("abstractive", {"base": "t5-small"})]
)
def test_only_what_was_given_is_passed_on(calls, command, base):
    done = recomp(command, "labels", "-o", "out", *(f"--base={name}" for name in base.values()))
    assert done.exit_code == 0, done.output
    assert calls == [(command, "labels", PLAIN | base)]
    assert done.stdout == ""
    assert done.stderr == (
        "recomp: out: 30 steps in 12 s; held out: answer_recall 0.750, rate 0.100\n"
    )


COMMON = (
    "--base b --preset recomp --epochs 2.5 --max-steps 7 --batch-size 8 "
    "--gradient-accumulation-steps 2 --learning-rate 3e-4 --weight-decay 0.1 --warmup-steps 0.2 "
    "--seed 3 --precision bfloat16 --lora rank=8,alpha=16 --adapter-only --freeze-embeddings "
    "--no-dropout --gradient-checkpointing --export-type bfloat16 --held-out 0.1 "
    "--max-held-out 50 --evals 4 --patience 2 --report-to tensorboard --device cpu --no-resume "
    "--overwrite"
)
GIVEN = {
    "base": "b", "preset": "recomp", "epochs": 2.5, "max_steps": 7, "batch_size": 8,
    "gradient_accumulation_steps": 2, "learning_rate": 3e-4, "weight_decay": 0.1,
    "warmup_steps": 0.2, "seed": 3, "precision": "bfloat16", "lora": "rank=8,alpha=16",
    "merge": False, "freeze_embeddings": True, "dropout": False, "gradient_checkpointing": True,
    "export_type": "bfloat16", "held_out": 0.1, "max_held_out": 50, "evals": 4, "patience": 2,
    "report_to": "tensorboard", "device": "cpu", "resume": False, "overwrite": True,
}  # fmt: skip
EXTRACTIVE = (
    "--loss candidates --listwise-weight 0.5 --teacher-temperature 2 --scale 1 --positive-gap 0.3 "
    "--context title --similarity dot --max-tokens 100 --max-query-tokens 50 --documents 4 "
    "--rate 0.06"
)
GIVEN_EXTRACTIVE = {
    "loss": "candidates", "listwise_weight": 0.5, "teacher_temperature": 2.0, "scale": 1.0,
    "positive_gap": 0.3, "context": "title", "similarity_fn_name": "dot", "max_tokens": 100,
    "max_query_tokens": 50, "documents": 4, "rate": 0.06,
}  # fmt: skip
ABSTRACTIVE = "--titles --max-input-tokens 256 --max-target-tokens 64 --num-beams 2"
GIVEN_ABSTRACTIVE = {
    "titles": True, "max_input_tokens": 256, "max_target_tokens": 64, "num_beams": 2,
}  # fmt: skip


@pytest.mark.parametrize(
    ("command", "own", "given"),
    [
        ("extractive", EXTRACTIVE, GIVEN_EXTRACTIVE),
        ("abstractive", ABSTRACTIVE, GIVEN_ABSTRACTIVE),
    ],
)
def test_every_option_has_its_setting(calls, command, own, given):
    done = recomp(command, "one", "two.jsonl", "-o", "out", *COMMON.split(), *own.split())
    assert done.exit_code == 0, done.output
    ((_, examples, settings),) = calls
    assert examples == ["one", "two.jsonl"]
    assert settings == {**PLAIN, **GIVEN, **given}


def test_a_prompt_with_its_places(calls):
    recomp(
        "abstractive", "labels", "-o", "out", "-b", "t5", "--prompt", "Q: {query} D: {documents}"
    )
    assert calls[0][2]["prompt"] == "Q: {query} D: {documents}"


def test_every_setting_of_the_library_has_its_option():
    """But for those that nobody asked a shell for."""
    import inspect
    from dataclasses import fields

    from recomp_core.cli.train import abstractive, extractive
    from recomp_core.training import AbstractiveSettings, ExtractiveSettings, RunSettings

    for command, own in ((extractive, ExtractiveSettings), (abstractive, AbstractiveSettings)):
        options = set(inspect.signature(command).parameters)
        options |= {"similarity_fn_name"} if "similarity" in options else set()
        wanted = {f.name for kind in (RunSettings, own) for f in fields(kind)}
        assert wanted - options == {"max_grad_norm"}


@pytest.mark.parametrize("command", ["extractive", "abstractive"])
def test_a_dry_run_is_told_to_standard_output(calls, command):
    done = recomp(command, "labels", "-o", "out", "--base", "b", "--dry-run")
    assert done.exit_code == 0, done.output
    assert "30 steps of about 4,000 tokens" in done.stdout
    assert "1,000,000 of 23,000,000 weights are trained" in done.stdout
    assert done.stderr == ""


def test_of_several_processes_one_speaks(calls, monkeypatch):
    monkeypatch.setenv("RANK", "1")
    done = recomp("extractive", "labels", "-o", "out")
    assert done.exit_code == 0
    assert done.output == ""
    assert len(calls) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("extractive", "-o", "out"),
        ("extractive", "labels"),
        ("extractive", "labels", "-o", "out", "--loss", "triplet"),
        ("extractive", "labels", "-o", "out", "--precision", "float16"),
        ("extractive", "labels", "-o", "out", "--batch-size", "0"),
        ("extractive", "labels", "-o", "out", "--num-beams", "2"),
        ("abstractive", "labels", "-o", "out", "--preset", "paper"),
    ],
)
def test_wrong_usage(calls, arguments):
    assert recomp(*arguments).exit_code == 2
    assert calls == []


@pytest.mark.parametrize(
    ("arguments", "option", "message"),
    [
        ("extractive --learning-rate -1", "--learning-rate", "more than 0, got -1.0"),
        ("extractive --rate 3", "--rate", "less than 1, got 3.0"),
        ("extractive --held-out 2 --rate 0.2", "--held-out", "less than 1, got 2.0"),
        ("extractive --lora rank=x", "--lora", "rank must be a number, got 'x'"),
        ("extractive --lora rank=0", "--lora", "rank must be a whole number of at least 1"),
        ("extractive --lora size=3", "--lora", "write it like rank=16"),
        ("abstractive --base b --prompt hello", "--prompt", "lacks {query}, {documents}"),
        ("abstractive --epochs 2", "--base", "such as t5-small, or give --preset recomp"),
        ("abstractive --preset recomp --epochs 0", "--epochs", "more than 0, got 0.0"),
    ],
)
def test_a_value_that_cannot_work_is_wrong_usage(calls, arguments, option, message):
    command, *options = arguments.split()
    done = CliRunner().invoke(
        app, ["train", command, "labels", "-o", "out", *options], standalone_mode=False
    )
    error = done.exception
    assert getattr(error, "exit_code", None) == 2, done.output
    assert error.param_hint == option
    assert message in str(error)
    assert calls == []


# With real models of a few thousand weights


def rows(n=12):
    """Who built each tower, and a sentence that says nothing."""
    text = "bananas are yellow. bob built the tower."
    span = {"doc_index": 0, "start": 20, "end": 40}
    other = {"doc_index": 0, "start": 0, "end": 19}
    return [
        {
            "query": f"who built the tower {number}?",
            "answers": ["bob"],
            "documents": [{"text": text}],
            "kind": "exact",
            "candidates": [{**other, "score": -5.0}, {**span, "score": -1.0}],
            "positive": {**span, "score": -1.0},
            "negatives": [{**other, "score": -5.0}],
            "target": "bob built the tower." if number % 3 else "",
            "teacher": {"teacher": "extractive", "licence": "Apache-2.0"},
            "date": "2026-01-02",
        }
        for number in range(n)
    ]


@pytest.fixture
def labels(tmp_path):
    folder = tmp_path / "labels"
    folder.mkdir()
    (folder / "examples.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows()))
    return folder


QUICK = ("--max-steps", 2, "--batch-size", 4, "--evals", 1, "--held-out", 0.3, "--device", "cpu")


@pytest.mark.model
def test_an_encoder_from_labels_to_sentences(tmp_path, labels):
    pytest.importorskip("datasets", reason='needs pip install "recomp[train]"')
    from tiny_bert import save_contriever_style

    base = save_contriever_style(tmp_path / "tiny-base")
    out = tmp_path / "out"
    arguments = ("extractive", labels, "-o", out, "--base", base, *QUICK)
    planned = recomp(*arguments, "--dry-run")
    assert planned.exit_code == 0, planned.output
    assert "2 steps of about" in planned.stdout
    assert not out.exists()
    assert not out.with_name(out.name + RUN_SUFFIX).exists()

    done = recomp(*arguments)
    assert done.exit_code == 0, done.output
    assert f"recomp: {out}: 2 steps in" in done.stderr
    compressor = load_compressor(out, device="cpu")
    assert (compressor.scorer.context, compressor.scorer.similarity_fn_name) == ("sentence", "dot")
    assert compressor.compress("who built the tower?", ["bob. bananas."]).kept
    card = (out / "README.md").read_text()
    assert "| files | labels/examples.jsonl |" in card
    assert "`tiny-base` (a local folder)" in card
    assert str(tmp_path) not in card
    assert (out / "training.png").read_bytes()[:4] == b"\x89PNG"


@pytest.mark.model
def test_a_summarizer_from_labels_to_summaries(tmp_path, labels):
    pytest.importorskip("accelerate", reason='needs pip install "recomp[train]"')
    import tiny_seq2seq

    out = tmp_path / "out"
    done = recomp("abstractive", labels, "-o", out, "--base", tiny_seq2seq.checkpoint("t5"),
                  "--max-input-tokens", 100, "--max-target-tokens", 12, *QUICK)  # fmt: skip
    assert done.exit_code == 0, done.output
    assert f"recomp: {out}: 2 steps in" in done.stderr
    compressor = load_compressor(out, device="cpu")
    assert compressor.compress("who built the tower?", ["bob built it."]).outcome
    card = (out / "README.md").read_text()
    assert "| extractive | Apache-2.0 | 2026-01-02 | 12 |" in card
    assert str(tmp_path) not in card


@pytest.mark.model
def test_bad_labels_are_named_with_file_and_line(tmp_path, labels):
    pytest.importorskip("datasets", reason='needs pip install "recomp[train]"')
    from tiny_bert import save_contriever_style

    with (labels / "examples.jsonl").open("a") as stream:
        stream.write("{broken\n")
    done = recomp("extractive", labels, "-o", tmp_path / "out", "--base",
                  save_contriever_style(tmp_path / "base"), *QUICK)  # fmt: skip
    assert "examples.jsonl, line 13: not JSON" in str(done.exception)
    assert not (tmp_path / "out").exists()
