"""A server on the loopback interface that speaks OpenAI's protocol, and misbehaves as it is told.

    with OpenAIServer(Reply("a summary")) as server:
        OpenAIChatModel("any", base_url=server.base_url, api_key="any")

Knows `/v1/chat/completions` and `/v1/completions`, whole and streamed. Every request is recorded.
"""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Reply:
    """What the server does with one request.

    text, finish_reason, refusal: what the model says; streamed word by word if that was asked for.
    choice: further fields of the choice, `logprobs` for one.
    status, headers: of the response. body: sent as it is, in place of all that the model says.
    delay: seconds before anything is sent; with `drip` blank lines are sent meanwhile.
    gate: an event that must be set before more than the first part of a stream is sent.
    cut: the connection breaks after half of the body.
    """

    text: str | None = "a summary"
    finish_reason: str | None = "stop"
    refusal: str | None = None
    choice: Mapping[str, Any] = field(default_factory=dict)
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    delay: float = 0.0
    drip: bool = False
    gate: threading.Event | None = None
    cut: bool = False


def error(status: int, message: str, code: str | None = None, **headers: str) -> Reply:
    """An error as the protocol has it. `retry_after="1"` becomes the header `retry-after: 1`."""
    body = {"error": {"message": message, "type": "error", "code": code, "param": None}}
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status=status, body=json.dumps(body).encode(), headers=names)


@dataclass(frozen=True)
class Request:
    """What a client sent."""

    path: str
    headers: Mapping[str, str]
    body: Mapping[str, Any]

    @property
    def prompt(self) -> str:
        if "messages" in self.body:
            return self.body["messages"][-1]["content"]
        return self.body["prompt"]


class OpenAIServer:
    """Gives `replies` in turn, the last one for good; or what `reply_to(request)` says.

    requests: all that came, in the order of their arrival.
    most_at_once: the largest number of requests that were being answered at one time.
    """

    def __init__(self, *replies: Reply, reply_to: Callable[[Request], Reply] | None = None) -> None:
        self.requests: list[Request] = []
        self.most_at_once = 0
        self._at_once = 0
        self._replies = list(replies) or [Reply()]
        self._reply_to = reply_to or self._in_turn
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.owner = self

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    def __enter__(self) -> OpenAIServer:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()

    def answer(self, request: Request, send: Callable[[Reply], None]) -> None:
        with self._lock:
            self.requests.append(request)
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            send(self._reply_to(request))
        finally:
            with self._lock:
                self._at_once -= 1

    def wait(self, seconds: float) -> bool:
        """Sleep, but not beyond the end of the server; whether it ends."""
        return self._closing.wait(seconds)

    def _in_turn(self, _: Request) -> Reply:
        with self._lock:
            return self._replies.pop(0) if len(self._replies) > 1 else self._replies[0]


class HoldingServer(OpenAIServer):
    """Holds what comes from request number `least` on, until a client has been killed."""

    def __init__(self, least: int, reply_to: Callable[[Request], Reply]) -> None:
        self._least, self._killed = least, threading.Event()
        super().__init__(reply_to=lambda request: self._held(request, reply_to))

    def kill(self, process: subprocess.Popen, folder: Path) -> None:
        """Kill a client that waits for held requests and has written to `folder` what it could."""
        seen, since = None, time.monotonic()
        until = since + 120
        while len(self.requests) < self._least or time.monotonic() < since + 1:
            assert time.monotonic() < until, f"{len(self.requests)} requests and no end of writing"
            if seen != (now := (len(self.requests), _written(folder))):
                seen, since = now, time.monotonic()
            time.sleep(0.02)
        process.kill()
        process.wait()
        self._killed.set()

    def _held(self, request: Request, reply_to: Callable[[Request], Reply]) -> Reply:
        if len(self.requests) >= self._least:
            while not self._killed.wait(0.05) and not self.wait(0):
                pass
        return reply_to(request)


def _written(folder: Path) -> int:
    """The bytes of the files in a folder, some of which come and go."""
    total = 0
    for file in folder.rglob("*"):
        with contextlib.suppress(FileNotFoundError):
            total += file.stat().st_size
    return total


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    owner: OpenAIServer

    def handle_error(self, *_: object) -> None:
        """A client that hung up is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        request = Request(self.path, {k.lower(): v for k, v in self.headers.items()}, body)
        self.server.owner.answer(request, lambda reply: self._send(request, reply))

    def log_message(self, *_: object) -> None:
        """Silence."""

    def _send(self, request: Request, reply: Reply) -> None:
        streamed = reply.body is None and request.body.get("stream", False)
        parts = list(_parts(request, reply, streamed))
        blanks = round(reply.delay / 0.02) if reply.drip else 0
        headers = {
            "content-type": "text/event-stream" if streamed else "application/json",
            "content-length": str(sum(map(len, parts)) + blanks),
            **reply.headers,
        }
        if not reply.drip:
            self.server.owner.wait(reply.delay)
        self.send_response(reply.status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        for _ in range(blanks):
            self.wfile.write(b"\n")
            if self.server.owner.wait(0.02):
                return
        self._write(parts, reply)

    def _write(self, parts: list[bytes], reply: Reply) -> None:
        if reply.cut:
            whole = b"".join(parts)
            self.wfile.write(whole[: len(whole) // 2])
            self.close_connection = True
            return
        for number, part in enumerate(parts):
            if number == 1 and reply.gate is not None:
                reply.gate.wait(60)
            self.wfile.write(part)


def _parts(request: Request, reply: Reply, streamed: bool) -> Iterator[bytes]:
    """The body in the pieces that are sent one by one."""
    if reply.body is not None:
        yield reply.body
        return
    render = _chat if request.path.endswith("/chat/completions") else _completion
    if not streamed:
        yield json.dumps(render(request, reply, reply.text, reply.refusal, False)).encode()
        return
    words = [] if reply.text is None else re.findall(r"\s*\S+|\s+", reply.text) or [""]
    for word in words:
        yield _event(render(request, _unfinished(reply), word, None, True))
    yield _event(render(request, reply, None, reply.refusal, True))
    yield b"data: [DONE]\n\n"


def _unfinished(reply: Reply) -> Reply:
    return Reply(finish_reason=None, choice=reply.choice)


def _event(data: Mapping[str, Any]) -> bytes:
    return b"data: " + json.dumps(data).encode() + b"\n\n"


def _chat(
    request: Request, reply: Reply, text: str | None, refusal: str | None, streamed: bool
) -> dict[str, Any]:
    message = {"role": "assistant", "content": text, "refusal": refusal}
    return {
        "id": "chat",
        "object": "chat.completion.chunk" if streamed else "chat.completion",
        "created": 0,
        "model": request.body["model"],
        "choices": [
            {
                "index": 0,
                "delta" if streamed else "message": message,
                "finish_reason": reply.finish_reason,
                **reply.choice,
            }
        ],
    }


def _completion(
    request: Request, reply: Reply, text: str | None, _refusal: str | None, _streamed: bool
) -> dict[str, Any]:
    choice = {"index": 0, "text": text or "", "finish_reason": reply.finish_reason}
    return {
        "id": "completion",
        "object": "text_completion",
        "created": 0,
        "model": request.body["model"],
        "choices": [{**choice, "logprobs": None, **reply.choice}],
    }


def without_environment(monkeypatch: Any) -> None:
    """No proxy and no setting of the `openai` client from the machine that runs the tests."""
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "*")
    for name in ("API_KEY", "ADMIN_KEY", "BASE_URL", "ORG_ID", "PROJECT_ID", "CUSTOM_HEADERS"):
        monkeypatch.delenv(f"OPENAI_{name}", raising=False)
