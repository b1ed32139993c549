"""The options of what a language model may reply and how it is read, as commands pass them on."""

import json

import pytest
import tiny_causal
from openai_server import OpenAIServer, Reply, without_environment
from typer.main import get_command
from typer.testing import CliRunner

from recomp_core.cli.main import app

REFUSAL = "The documents do not say who built it."
QUESTION = {
    "query": "who built the tower?",
    "answers": ["Ada Reyes"],
    "documents": ["Tea at four. Ada Reyes built the tower. Bananas are yellow."],
}


def recomp(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "questions.jsonl"
    path.write_text(json.dumps(QUESTION) + "\n")
    return path


# How a reply is read.


@pytest.mark.parametrize("command", ["compress", "serve", "mcp", "demo"])
def test_a_command_has_the_options(command):
    group = get_command(app)
    parameters = group.get_command(None, command).params
    flags = {flag for own in parameters for flag in (*own.opts, *own.secondary_opts)}
    assert {"--empty-word", "--detect-refusals", "--no-detect-refusals"} <= flags
    assert all(own.default is None for own in parameters if own.name == "detect_refusals")


@pytest.mark.model
def test_a_refusal_is_written_out_where_it_is_asked_for(tmp_path, source, monkeypatch):
    tiny_causal.always_replying(monkeypatch, REFUSAL)
    tower = tmp_path / "tower.txt"
    tower.write_text(QUESTION["documents"][0])
    place = tiny_causal.save_checkpoint(tmp_path / "model")
    asked = ("compress", "-m", place, "--device", "cpu", "-q", QUESTION["query"], tower)
    for flags, text in (
        ((), ""),
        (("--detect-refusals",), ""),
        (("--no-detect-refusals",), REFUSAL + "\n"),
        (("--no-detect-refusals", "--empty-word", REFUSAL), ""),
    ):
        done = recomp(*asked, *flags)
        assert (done.exit_code, done.stdout) == (0, text), done.output
    records = ("compress", "-m", place, "--device", "cpu", source, "-o", tmp_path / "out.jsonl")
    assert recomp(*records).exit_code == 0
    refused = recomp(*records, "--no-detect-refusals")  # the lines of another setting
    assert "other settings" in str(refused.exception)


@pytest.mark.model
def test_a_model_that_does_not_reply_is_wrong_usage(tmp_path):
    from tiny_seq2seq import checkpoint

    (tmp_path / "a.txt").write_text("Ada built it.")
    done = recomp("compress", "-m", checkpoint("t5"), "--empty-word", "NIX", "-q", "who?",
                  tmp_path / "a.txt")  # fmt: skip
    assert done.exit_code == 2
    assert "--empty-word" in done.output


# How long a reply may be.

LIMITS = [
    ({}, "max_tokens"),
    ({"max-new-tokens": 9}, "max_tokens"),
    ({"max-new-tokens": 0}, None),
    ({"max-completion-tokens": 9}, "max_completion_tokens"),
    ({"max-new-tokens": 5, "max-completion-tokens": 9}, "max_completion_tokens"),
    ({"extra-body": '{"max_completion_tokens": 9}'}, "max_completion_tokens"),
    ({"max-new-tokens": 5, "extra-body": '{"max_tokens": 9}'}, "max_tokens"),
    ({"max-completion-tokens": 5, "extra-body": '{"max_tokens": 9}'}, "max_tokens"),
]


@pytest.fixture
def server(monkeypatch):
    pytest.importorskip("openai", reason='needs pip install "recomp[openai]"')
    without_environment(monkeypatch)
    monkeypatch.setenv("OPENAI_API_KEY", "any")
    with OpenAIServer(Reply("Ada Reyes")) as found:
        yield found


def options(flags, prefix=""):
    return [word for name, value in flags.items() for word in (f"--{prefix}{name}", value)]


def check_limits(requests, flags, sent):
    assert requests
    for request in requests:
        limits = {name: value for name, value in request.body.items() if name.startswith("max_")}
        assert list(limits) == ([] if sent is None else [sent])
        assert not flags or set(limits.values()) <= {9}


@pytest.mark.enable_socket
@pytest.mark.parametrize(("flags", "sent"), LIMITS)
def test_label_sends_one_limit_or_none(tmp_path, source, server, flags, sent):
    done = recomp("label", "distillation", source, "-o", tmp_path / "labels",
                  "--scorer", "chat", "--method", "samples", "--model", "reader",
                  "--base-url", server.base_url, *options(flags),
                  "--teacher", "endpoint", "--teacher-model", "teacher",
                  "--teacher-base-url", server.base_url, *options(flags, "teacher-"))  # fmt: skip
    assert done.exit_code == 0, (done.output, done.exception)
    assert {request.body["model"] for request in server.requests} == {"reader", "teacher"}
    check_limits(server.requests, flags, sent)


@pytest.mark.model
@pytest.mark.enable_socket
@pytest.mark.parametrize(("flags", "sent"), LIMITS)
def test_evaluate_sends_one_limit_or_none(source, server, encoder, flags, sent):
    done = recomp("evaluate", source, "-m", encoder, "--baselines", "none", "--device", "cpu",
                  "--reader", "reader", "--base-url", server.base_url, "--json",
                  *options(flags))  # fmt: skip
    assert done.exit_code == 0, (done.output, done.exception)
    check_limits(server.requests, flags, sent)


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    from tiny_bert import save_contriever_style

    return save_contriever_style(tmp_path_factory.mktemp("encoder"))
