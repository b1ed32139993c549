"""`recomp serve`: its options, its key, its start and its stop."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest
from conftest import PATIENCE, needs
from typer.testing import CliRunner

from recomp_core.cli.main import app
from recomp_core.server.settings import ServerSettings

pytestmark = [needs("fastapi", "serve"), needs("httpx", "test")]


def run(*arguments, **environment):
    return CliRunner().invoke(app, ["serve", *arguments], env={"COLUMNS": "200", **environment})


def test_the_help_names_the_limits_and_the_key():
    shown = run("--help").output
    for option in ("--host", "--port", "--api-key-file", "--max-requests", "--timeout", "--store",
                   "--max-body-mb", "--max-documents", "--max-characters", "--top-k"):  # fmt: skip
        assert option in shown
    assert "RECOMP_API_KEY" in shown
    assert "--api-key " not in shown  # a key in the arguments is seen by every process


@pytest.mark.parametrize(
    ("key", "told"), [("", "must hold a key"), ("  \n", "must hold a key"), ("a\nb", "on one line")]
)
def test_a_key_that_cannot_be_sent(tmp_path, key, told):
    from recomp_core.cli.serve import _key

    file = tmp_path / "key"
    file.write_text(key)
    with pytest.raises(ValueError, match=told) as error:
        _key(file)
    assert str(file) in str(error.value)


def test_the_key_comes_from_a_file_or_the_environment(tmp_path, monkeypatch):
    from recomp_core.cli.serve import KEY_VARIABLE, _key

    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    assert _key(None) is None
    monkeypatch.setenv(KEY_VARIABLE, "from-environment")
    assert _key(None) == "from-environment"
    file = tmp_path / "key"
    file.write_text("from-file\n")
    assert _key(file) == "from-file"
    monkeypatch.setenv(KEY_VARIABLE, "")
    with pytest.raises(ValueError, match=KEY_VARIABLE):
        _key(None)


@pytest.mark.parametrize(
    "limits",
    [{"max_requests": 0}, {"timeout_s": 0.0}, {"timeout_s": float("nan")}, {"max_body_mb": -1.0},
     {"max_documents": 0}, {"max_characters": True}],
)  # fmt: skip
def test_limits_that_cannot_work(limits):
    with pytest.raises(ValueError, match=next(iter(limits))):
        ServerSettings(**limits)


@pytest.mark.enable_socket
def test_a_port_that_is_taken():
    from recomp_core.server.run import listening_socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match=f"can't listen on 127.0.0.1:{port} .* give another"):
            listening_socket("127.0.0.1", port)


SERVER = """
import threading
from recomp_core import Batching, ExtractiveCompressor
from recomp_core.server import ServerSettings, serve
from recomp_core.server.logs import set_up_logs

class Slow:
    def score(self, tasks):
        threading.Event().wait(0.5)
        return [[1.0] * len(task.sentences) for task in tasks]

set_up_logs()
serve(ExtractiveCompressor(Slow(), batching=Batching()), ServerSettings(timeout_s=60.0), port=0)
"""


@pytest.mark.enable_socket
@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGTERM that can be caught")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_process_after_the_request_under_way(number):
    import httpx

    process = subprocess.Popen([sys.executable, "-c", SERVER], stderr=subprocess.PIPE, text=True)
    try:
        started = json.loads(process.stderr.readline())
        assert started["event"] == "listening"
        body = {"query": "who", "documents": ["One. Two."]}
        replies = []
        asking = threading.Thread(
            target=lambda: replies.append(
                httpx.post(f"{started['url']}/rerank", json=body, timeout=PATIENCE)
            )
        )
        asking.start()
        until = time.monotonic() + PATIENCE
        while "recomp_requests_under_way 1.0" not in httpx.get(f"{started['url']}/metrics").text:
            assert time.monotonic() < until
        process.send_signal(number)
        asking.join(PATIENCE)
        assert process.wait(PATIENCE) == 0
    finally:
        process.kill()
    assert replies[0].status_code == 200
    lines = [json.loads(line) for line in process.stderr.read().splitlines()]
    assert lines[-1]["event"] == "stopped"
    assert [line["status"] for line in lines if line["event"] == "request"] == [200]


@pytest.mark.model
@pytest.mark.enable_socket
@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGTERM that can be caught")
def test_the_command_serves_the_bundled_encoder(embedded, tmp_path):
    import httpx

    file = tmp_path / "key"
    file.write_text("sesame\n")
    command = [sys.executable, "-m", "recomp_core", "serve", "--port", "0", "--api-key-file",
               str(file), "--top-k", "1"]  # fmt: skip
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        lines = map(json.loads, process.stderr)
        url = next(line["url"] for line in lines if line["event"] == "listening")
        headers = {"authorization": "Bearer sesame"}
        body = {"query": "who built the tower?",
                "documents": ["Bananas are yellow.", "It is old. Bob built the tower in 1402."]}  # fmt: skip
        assert httpx.post(f"{url}/v1/compress", json=body).status_code == 401
        reply = httpx.post(f"{url}/v1/compress", json=body, headers=headers, timeout=PATIENCE)
        assert reply.json()["text"] == "Bob built the tower in 1402."
        reply = httpx.post(f"{url}/rerank", json=body, headers=headers, timeout=PATIENCE).json()
        assert [it["index"] for it in reply["results"]] == [1, 0]
        assert reply["results"][0]["relevance_score"] > 0.5 > reply["results"][1]["relevance_score"]
    finally:
        process.terminate()
        assert process.wait(PATIENCE) == 0
        process.stderr.close()
