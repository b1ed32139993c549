"""`recomp label`, as a user calls it, on tiny models."""

import json

import pytest
import tiny_causal
from lm_server import Speller
from openai_server import OpenAIServer, without_environment
from typer.testing import CliRunner

from recomp_core.cli.main import app

pytestmark = [pytest.mark.model]

ROWS = [
    {
        "id": f"q{n}",
        "query": f"who built tower {n}?",
        "answers": ["Ada Reyes"],
        "documents": [{"title": "Tower", "text": f"Tea at four. Ada Reyes built tower {n}."}],
    }
    for n in range(5)
]


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reader") / "qwen3-tiny"
    tiny_causal.model("llama").save_pretrained(folder)
    tiny_causal.tokenizer("byte-level").save_pretrained(folder)
    return str(folder)


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "questions.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    return path


def recomp(*arguments):
    return CliRunner().invoke(app, ["label", *map(str, arguments)])


def records(folder, name="examples"):
    return [json.loads(line) for line in (folder / f"{name}.jsonl").read_text().splitlines()]


def encoder_of(tmp_path):
    from tiny_bert import save_contriever_style

    return save_contriever_style(tmp_path / "encoder")


def test_contrastive_and_again(tmp_path, source, reader):
    out = tmp_path / "labels"
    arguments = ("contrastive", source, "-o", out, "--model", reader, "--encoder",
                 encoder_of(tmp_path), "--context", "sentence", "--no-needs-gain", "--device", "cpu")  # fmt: skip
    first = recomp(*arguments, "--limit", 3)
    assert first.exit_code == 0, first.output
    assert "3 examples" in first.stderr
    assert len(records(out)) == 3
    second = recomp(*arguments)
    assert "5 examples, 0 unhelpful, 0 failed; 3 were done before" in second.stderr
    record = records(out)[4]
    assert record["id"] == "q4"
    assert record["kind"] == "exact"
    assert {record["positive"]["text"], *(n["text"] for n in record["negatives"])} == {
        "Tea at four.", "Ada Reyes built tower 4."
    }  # fmt: skip
    refused = recomp(*arguments, "--no-resume")
    assert isinstance(refused.exception, ValueError)
    assert "--overwrite" in str(refused.exception)
    other = recomp(*arguments, "--epsilon", 0.5)
    assert "epsilon differ" in str(other.exception)


def test_distillation_by_the_extractive_teacher(tmp_path, source, reader):
    out = tmp_path / "labels"
    done = recomp("distillation", source, "-o", out, "--model", reader, "--device", "cpu")
    assert done.exit_code == 0, done.output
    for record in records(out):
        helpful = [c for c in record["candidates"] if c["score"] > record["no_context"]["score"]]
        assert record["target"] == (helpful[0]["text"] if helpful else "")
        assert record["teacher"]["teacher"] == "extractive"
        assert record["date"]


def test_distillation_by_a_local_teacher_and_its_terms(tmp_path, source, reader):
    arguments = ("distillation", source, "-o", tmp_path / "labels", "--model", reader,
                 "--teacher", "local", "--limit", 1, "--device", "cpu")  # fmt: skip
    done = recomp(*arguments, "--teacher-model", reader)
    assert done.exit_code == 0, done.output
    (record,) = records(tmp_path / "labels")
    assert [c["prompt"] for c in record["candidates"]] == ["summary", "facts", "answer"]
    assert record["teacher"]["licence"] == "Apache-2.0"  # by its name
    refused = recomp(
        *arguments[:3], tmp_path / "other", *arguments[4:], "--teacher-model", "gpt-4o"
    )
    assert "--accept-terms" in str(refused.exception)
    assert not (tmp_path / "other" / "examples.jsonl").exists()


@pytest.mark.parametrize("command", ["contrastive", "distillation"])
def test_a_dry_run_counts_and_asks_nothing(tmp_path, source, command):
    done = recomp(command, source, "-o", tmp_path / "labels", "--model", "nowhere", "--dry-run")
    assert done.exit_code == 0, done.output
    assert "5 questions, 0 broken records" in done.stdout
    # Two sentences and no context, one answer each.
    assert "scorer: 15 scores" in done.stdout
    assert not (tmp_path / "labels").exists()


def test_a_dry_run_of_a_teacher(tmp_path, source):
    done = recomp("distillation", source, "-o", tmp_path / "labels", "--teacher", "endpoint",
                  "--teacher-model", "qwen3", "--teacher-base-url", "http://localhost/v1",
                  "--dry-run")  # fmt: skip
    assert "teacher: 15 summaries" in done.stdout
    assert "scorer: 20 scores" in done.stdout


@pytest.mark.parametrize(
    ("teacher", "family"),
    [
        (("endpoint", "ft:gpt-4o:org"), "OpenAI"),
        (("endpoint", "mine", "--teacher-base-url", "https://a.openai.azure.com/v1"), "at Azure"),
        (("local", "models/Llama-2-7b-chat-hf"), "Llama 2"),
    ],
)
def test_a_dry_run_refuses_the_teachers_that_a_run_refuses(tmp_path, source, teacher, family):
    name, model, *rest = teacher
    arguments = ("distillation", source, "-o", tmp_path / "labels", "--teacher", name,
                 "--teacher-model", model, *rest)  # fmt: skip
    for done in (recomp(*arguments, "--dry-run"), recomp(*arguments)):
        assert done.exit_code != 0
        assert family in str(done.exception)
        assert "--accept-terms" in str(done.exception)
    accepted = recomp(*arguments, "--dry-run", "--accept-terms")
    assert "teacher: 15 summaries" in accepted.stdout


def test_a_broken_record_is_set_aside_and_the_exit_code_says_so(tmp_path, source, reader):
    with source.open("a") as stream:
        stream.write("{broken\n")
    out = tmp_path / "labels"
    done = recomp("distillation", source, "-o", out, "--model", reader, "--device", "cpu")
    assert done.exit_code == 3
    assert len(records(out)) == 5
    (failed,) = records(out, "failed")
    assert failed["position"] == 5


def test_a_budget_stops_it_and_a_rerun_carries_on(tmp_path, source, reader):
    out = tmp_path / "labels"
    arguments = ("distillation", source, "-o", out, "--model", reader, "--device", "cpu",
                 "--batch-questions", 1)  # fmt: skip
    stopped = recomp(*arguments, "--max-requests", 7)
    assert stopped.exit_code == 3
    assert "max_requests=7" in stopped.stderr
    done = len(records(out))
    assert 0 < done < 5
    recomp(*arguments)
    assert len(records(out)) == 5


def test_documents_from_a_retriever(tmp_path, source, reader, monkeypatch):
    (tmp_path / "mine.py").write_text("def find(query): return ['Found for ' + query]\n")
    monkeypatch.chdir(tmp_path)
    out = tmp_path / "labels"
    done = recomp("distillation", source, "-o", out, "--model", reader, "--device", "cpu",
                  "--retriever", "mine:find", "--limit", 2)  # fmt: skip
    assert done.exit_code == 0, done.output
    assert records(out)[0]["documents"] == [{"text": "Found for who built tower 0?"}]


@pytest.mark.enable_socket
def test_a_chat_api_by_its_key_s_name(tmp_path, source, monkeypatch):
    pytest.importorskip("openai", reason='needs pip install "recomp[openai]"')
    without_environment(monkeypatch)
    monkeypatch.setenv("MY_KEY", "secret-key")
    judge = Speller()
    judge.TOKENS = ("Yes", "no", "No")
    with OpenAIServer(reply_to=judge) as server:
        done = recomp("distillation", source, "-o", tmp_path / "labels", "--scorer", "chat",
                      "--method", "judge", "--model", "m", "--base-url", server.base_url,
                      "--api-key-env", "MY_KEY")  # fmt: skip
        assert done.exit_code == 0, done.output
        assert server.requests[0].headers["authorization"] == "Bearer secret-key"
    for file in (tmp_path / "labels").iterdir():
        assert b"secret-key" not in file.read_bytes()
    assert records(tmp_path / "labels")[0]["kind"] == "proxy"
    missing = recomp("distillation", source, "-o", tmp_path / "other", "--scorer", "chat",
                     "--model", "m", "--base-url", "http://127.0.0.1:9/v1")  # fmt: skip
    assert "OPENAI_API_KEY" in str(missing.exception)


@pytest.mark.parametrize("limit", [0, 7])
def test_a_scorer_that_reads_one_token_takes_no_limit(limit, tmp_path, source, monkeypatch):
    pytest.importorskip("openai", reason='needs pip install "recomp[openai]"')
    monkeypatch.setenv("OPENAI_API_KEY", "any-key")
    wrong = recomp("distillation", source, "-o", tmp_path / "x", "--scorer", "chat", "--method",
                   "judge", "--model", "m", "--base-url", "http://127.0.0.1:9/v1",
                   "--max-new-tokens", limit)  # fmt: skip
    said = str(wrong.exception)
    assert f"max_new_tokens={limit}: method='judge' reads one token" in said
    assert "leave max_new_tokens out" in said


def test_what_is_wrong_is_said_before_anything_is_loaded(tmp_path, source):
    # No such model is there to be loaded.
    missing = recomp(
        "contrastive", tmp_path / "none.jsonl", "-o", tmp_path / "x", "--model", "./no"
    )
    assert "no file" in str(missing.exception)
    refused = recomp("distillation", source, "-o", tmp_path / "x", "--model", "./no", "--teacher",
                     "local", "--teacher-model", "gpt-4o")  # fmt: skip
    assert "OpenAI" in str(refused.exception)
    assert not (tmp_path / "x").exists()


def test_a_scorer_without_a_model(tmp_path, source):
    done = recomp("contrastive", source, "-o", tmp_path / "labels")
    assert "--model" in str(done.exception)


@pytest.mark.slow
@pytest.mark.enable_socket
def test_by_ray_the_same_as_here(tmp_path, source, reader):
    ray = pytest.importorskip("ray", reason='needs pip install "recomp[ray]"')
    arguments = (
        "distillation",
        source,
        "--model",
        reader,
        "--device",
        "cpu",
        "--batch-questions",
        1,
    )
    recomp(*arguments, "-o", tmp_path / "here")
    try:
        done = recomp(*arguments, "-o", tmp_path / "there", "--engine", "ray", "--workers", 2)
    finally:
        ray.shutdown()
    assert done.exit_code == 0, done.output
    assert records(tmp_path / "there") == records(tmp_path / "here")
    assert len(records(tmp_path / "there")) == 5


@pytest.mark.parametrize("encoder", [None, {}, {"model": None, "context": None, "device": "cpu"}])
def test_by_default_the_untrained_encoder_is_to_be_trained(encoder, monkeypatch):
    import recomp_core.persistence.factory as settings
    from recomp_core.labelling.factory import labeller_from_settings
    from recomp_core.persistence.names import UNTRAINED

    class AskedError(Exception):
        pass

    def compressor_from_settings(model=None, **_):
        raise AskedError(model)

    monkeypatch.setattr(settings, "compressor_from_settings", compressor_from_settings)
    scorer = {"scorer": "completions", "model": "m", "base_url": "http://127.0.0.1:9/v1"}
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    with pytest.raises(AskedError, match=f"^{UNTRAINED}$"):
        labeller_from_settings("contrastive", scorer=scorer, encoder=encoder)
    with pytest.raises(AskedError, match="^mine$"):
        labeller_from_settings("contrastive", scorer=scorer, encoder={"model": "mine"})
