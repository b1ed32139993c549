"""Nothing is paid for twice: requests are counted at the server, over reruns and kills."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from openai_server import HoldingServer, OpenAIServer, Reply, without_environment

from recomp_core import AbstractiveCompressor, LLMSummarizer
from recomp_core.data.records import RecordJob
from recomp_core.evaluation import evaluate
from recomp_core.readers.answerers import load_answerer

pytest.importorskip("openai", reason='needs pip install "recomp[openai]"')
pytestmark = pytest.mark.enable_socket

CONCURRENCY = 8  # the default of `Endpoint`
QUESTIONS = [
    {"id": str(n), "query": f"who built tower {n}?", "answers": [f"Ada {n}"],
     "documents": [f"Tea {n} is at four. Ada {n} built it."]}
    for n in range(12)
]  # fmt: skip


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    without_environment(monkeypatch)
    monkeypatch.setenv("OPENAI_API_KEY", "any")


def summarizer(url):
    return AbstractiveCompressor(LLMSummarizer.from_endpoint("writer", base_url=url))


def run_evaluation(url, output, **settings):
    """A summarizer and a reader that are both paid for."""
    return evaluate(
        QUESTIONS, {"written": summarizer(url)}, baselines=("all",), output=output,
        reader=load_answerer("reader", base_url=url), **settings,
    )  # fmt: skip


def run_records(url, output):
    source = output.with_name("in.jsonl")
    source.write_text("".join(json.dumps(row) + "\n" for row in QUESTIONS))
    return RecordJob(str(source), output, settings={}).run(summarizer(url))


def answered(request):
    return Reply(text=f"Ada {len(request.prompt) % 7}")


def repetitions(server):
    bodies = Counter(json.dumps(asked.body, sort_keys=True) for asked in server.requests)
    return sum(bodies.values()) - len(bodies)


def rows(evaluation):
    return [(row.question, row.system, row.text, row.prediction) for row in evaluation.rows]


def test_a_second_run_asks_nothing(tmp_path):
    with OpenAIServer(reply_to=answered) as server:
        first = run_evaluation(server.base_url, tmp_path / "rows.jsonl")
        assert repetitions(server) == 0
        asked = len(server.requests)
        again = run_evaluation(server.base_url, tmp_path / "rows.jsonl")
        assert len(server.requests) == asked
        assert rows(again) == rows(first)
        begun_again = run_evaluation(server.base_url, tmp_path / "rows.jsonl", overwrite=True)
        assert rows(begun_again) == rows(first)
        # The summaries are made again, whatever made them may have changed; the answers stay.
        assert len(server.requests) == asked + len(QUESTIONS)


def test_one_failure_costs_one_request(tmp_path):
    def fail_once(request):
        failed = len(server.requests) == 15
        return Reply(status=400, body=b"{}") if failed else answered(request)

    with OpenAIServer(reply_to=fail_once) as server:
        first = run_evaluation(server.base_url, tmp_path / "rows.jsonl")
        assert sum(bool(row.error or row.reader_error) for row in first.rows) == 1
        run_evaluation(server.base_url, tmp_path / "rows.jsonl")
        assert repetitions(server) == 1


@pytest.mark.parametrize("run", [run_evaluation, run_records])
def test_a_kill_costs_what_was_under_way(tmp_path, run):
    least = 20 if run is run_evaluation else 5
    with HoldingServer(least, answered) as server:
        output = tmp_path / "out.jsonl"
        code = (
            f"import sys; sys.path[:0] = {sys.path!r}\n"
            f"from pathlib import Path\nfrom {Path(__file__).stem} import {run.__name__} as run\n"
            f"run({server.base_url!r}, Path({str(output)!r}))"
        )
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        process = subprocess.Popen([sys.executable, "-c", code], env=environment)
        server.kill(process, tmp_path)
        run(server.base_url, output)
        assert 0 < repetitions(server) <= CONCURRENCY


class Paid:
    """A reader that has no way to hand over single answers."""

    def __init__(self, fails):
        self.asked, self.fails = [], fails
        self.identity = {"reader": "paid"}

    def answer(self, questions, contexts):
        if self.asked and self.fails:
            raise KeyboardInterrupt
        self.asked += zip(questions, contexts, strict=True)
        return [f"Ada {len(c)}" for c in contexts]


def test_a_reader_of_whole_batches_loses_the_batch_that_is_under_way(tmp_path):
    questions = [{"query": f"{n}?", "documents": [f"Tower {n}. Tea."]} for n in range(40)]

    def run(reader):
        return evaluate(
            questions, lambda query, documents: documents[0].text[:9], baselines=("all",),
            reader=reader, output=tmp_path / "rows.jsonl", batch_questions=40,
        )  # fmt: skip

    first, second = Paid(fails=True), Paid(fails=False)
    with pytest.raises(KeyboardInterrupt):
        run(first)
    run(second)
    assert first.asked
    assert not set(first.asked) & set(second.asked)
