"""Nothing is paid for twice: requests are counted at the server, over reruns and kills."""

import json
import os
import subprocess
import sys
import threading
from collections import Counter

import pytest
from openai_server import HoldingServer, OpenAIServer, Reply, error, without_environment
from typer.testing import CliRunner

from recomp_core.cli.main import app
from recomp_core.labelling.build import build_contrastive_examples
from recomp_core.labelling.scorers.cache import CachedScorer, ResultCache
from recomp_core.labelling.scorers.chat import ChatScorer
from recomp_core.readers.answer_scores import AnswerRequest

pytest.importorskip("openai", reason='needs pip install "recomp[openai]"')

CONCURRENCY = 8  # the default of --max-concurrency


pytestmark = pytest.mark.enable_socket


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    without_environment(monkeypatch)
    monkeypatch.setenv("OPENAI_API_KEY", "any")


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "questions.jsonl"
    rows = [
        {"query": f"who built tower {n}?", "answers": [f"Ada {n}", "Ada"],
         "documents": [f"Tea at four. Ada {n} built it. Rain came."]}
        for n in range(6)
    ]  # fmt: skip
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def said(text, *others):
    """A reply with the likeliest first tokens, as the protocol has them."""
    top = [{"token": text, "logprob": -0.1}, *({"token": t, "logprob": -3.0} for t in others)]
    logprobs = {"content": [{**top[0], "top_logprobs": top}]}
    return Reply(text=text, choice={"logprobs": logprobs})


def answer(request):
    """A yes to the judge; the next word to a beginning; one answer at a time."""
    if request.body.get("logprobs"):
        written = request.body["messages"][-1]
        if written["role"] == "assistant":
            return said(" 5" if written["content"].endswith("4,") else "da", "x")
        return said("Yes", "No") if "yes or no" in request.prompt else said("A", "B")
    return Reply(text="Ada 1")


def arguments(source, output, server, *more):
    where = ("--base-url", server.base_url, "--teacher-base-url", server.base_url)
    return ("label", "distillation", source, "-o", output, "--teacher", "endpoint", *where,
            "--teacher-model", "any", "--scorer", "chat", "--model", "any", *more)  # fmt: skip


@pytest.mark.parametrize("method", ["judge", "samples"])
def test_a_second_run_asks_nothing(tmp_path, source, method):
    with OpenAIServer(reply_to=answer) as server:
        given = arguments(source, tmp_path / "labels", server, "--method", method)
        first = CliRunner().invoke(app, list(map(str, given)))
        assert first.exit_code == 0, first.output
        asked = len(server.requests)
        examples = (tmp_path / "labels" / "examples.jsonl").read_bytes()
        again = CliRunner().invoke(app, [*map(str, given), "--overwrite"])
        assert again.exit_code == 0, again.output
        assert len(server.requests) == asked > 0
        assert (tmp_path / "labels" / "examples.jsonl").read_bytes() == examples


SUMMARY = '{"summary": "Ada built it.", "sources": [1]}'


@pytest.mark.parametrize("knows_json", [True, False])
def test_a_second_run_of_a_teacher_that_writes_json_asks_nothing(tmp_path, source, knows_json):
    def structured(request):
        if "response_format" not in request.body:
            return answer(request)
        if knows_json:
            return Reply(text=SUMMARY)
        return error(400, "response_format json_schema is not supported by this model")

    def run(*more):
        given = arguments(source, out, server, "--method", "judge", *more)
        return CliRunner().invoke(app, list(map(str, given)))

    out = tmp_path / "labels"
    with OpenAIServer(reply_to=structured) as server:
        # The budget ends the first run.
        assert run("--structured", "--max-requests", 9, "--batch-questions", 1).exit_code == 3
        done = run("--structured")
        assert done.exit_code == 0, done.output
        formed = [r for r in server.requests if "response_format" in r.body]
        if knows_json:
            asked_twice = Counter(r.prompt for r in formed).most_common(1)[0][1]
            assert (len(formed), asked_twice) == (18, 1)  # three prompts of six questions
        else:
            assert 0 < len(formed) <= 2 * CONCURRENCY  # both runs had to find out
        records = [json.loads(line) for line in (out / "examples.jsonl").open()]
        written = {c["text"] for record in records for c in record["candidates"]}
        assert written == {"Ada built it." if knows_json else "Ada 1"}

        asked = len(server.requests)
        assert run("--structured").exit_code == 0
        examples = (out / "examples.jsonl").read_bytes()
        assert run("--structured", "--overwrite").exit_code == 0
        assert (out / "examples.jsonl").read_bytes() == examples
        assert len(server.requests) == asked

        other = run()
        assert "teacher differ" in str(other.exception)
        assert len(server.requests) == asked


def test_a_run_that_was_begun_without_json_goes_on_without_it(tmp_path, source):
    def run(*more):
        given = arguments(source, tmp_path / "labels", server, "--method", "judge", *more)
        return CliRunner().invoke(app, list(map(str, given)))

    with OpenAIServer(reply_to=answer) as server:
        assert run("--limit", 2).exit_code == 0
        begun = (tmp_path / "labels" / "run.json").read_text()
        assert "structured" not in begun
        asked = len(server.requests)
        assert "teacher differ" in str(run("--structured").exception)
        assert len(server.requests) == asked
        done = run("--no-structured")
        assert "6 examples, 0 unhelpful, 0 failed; 2 were done before" in done.stderr
        assert (tmp_path / "labels" / "run.json").read_text() == begun


def test_a_second_build_asks_nothing(tmp_path, source):
    def build():
        chat = ChatScorer("any", method="judge", base_url=server.base_url)
        return build_contrastive_examples(
            str(source), chat, lambda _, texts: [1.0] * len(texts), output=tmp_path / "labels"
        )

    with OpenAIServer(reply_to=answer) as server:
        first = build()
        asked = len(server.requests)
        assert len(build()) == len(first)
        assert len(server.requests) == asked > 0


@pytest.mark.parametrize("method", ["samples", "prefix"])
def test_replies_of_an_unfinished_score_are_kept(tmp_path, method):
    """A score takes several replies: those that came before an end are not asked for again."""
    request = AnswerRequest("who?", "Ada came.", ("Ada",))
    ended = threading.Event()

    def end_at_the_last(asked):
        if len(server.requests) == 2 and not ended.is_set():
            ended.set()
            return Reply(status=400, body=b"{}")
        return answer(asked)

    def scored():
        settings = {"samples": 3} if method == "samples" else {}
        chat = ChatScorer("any", method=method, base_url=server.base_url, **settings)
        with ResultCache(tmp_path / "cache.sqlite") as cache:
            (result,) = CachedScorer(chat, cache).score([request])
            return result

    with OpenAIServer(reply_to=end_at_the_last) as server:
        assert isinstance(scored(), Exception)
        assert not isinstance(scored(), Exception)
        bodies = Counter(json.dumps(asked.body, sort_keys=True) for asked in server.requests)
        assert sorted(bodies.values())[-2:] == [1, 2]  # only the one that failed came twice


def test_a_kill_costs_what_was_under_way(tmp_path, source):
    with HoldingServer(20, answer) as server:
        given = arguments(source, tmp_path / "labels", server, "--method", "judge")
        command = [sys.executable, "-m", "recomp_core", *map(str, given)]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
        server.kill(process, tmp_path)
        done = CliRunner().invoke(app, list(map(str, given)))
        assert done.exit_code == 0, done.output
        bodies = Counter(json.dumps(asked.body, sort_keys=True) for asked in server.requests)
        assert 0 < sum(bodies.values()) - len(bodies) <= CONCURRENCY
