"""Language models' clients against a server that breaks every rule: each way to misbehave × client.

A client must give a result or the project's own error, which names the endpoint; in time, within
bounded memory, and without the key in the error, in its traceback or in the log.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import gzip
import html
import io
import json
import logging
import os
import resource
import socket
import threading
import time
import traceback
import zlib
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

from trials import Outcome

from recomp_core import Document, LLMSummarizer
from recomp_core.abstractive.compressor import AbstractiveCompressor
from recomp_core.errors import BatchError, BudgetError, EndpointError
from recomp_core.labelling import ChatScorer, CompletionsScorer, EndpointTeacher
from recomp_core.labelling.scorers.end_task import ChatAnswers
from recomp_core.labelling.teachers.base import TeacherRequest
from recomp_core.models.language_models.endpoint import Endpoint
from recomp_core.models.language_models.openai_chat import OpenAIChatModel
from recomp_core.prompts import PromptTemplate
from recomp_core.readers.answer_scores import AnswerRequest
from recomp_core.readers.answerers import PromptReader
from recomp_core.readers.generative import ChatReader
from recomp_core.runtime.budget import Meter

KEY = "sk-TORTURE/+=0123456789abcdefXYZ"
TIMEOUT = 0.6  # of each request, in seconds
PATIENCE = 20.0  # a server's longest misbehaviour
LATE = 10.0  # so much over the deadline is a failure: the machine may be busy
MEMORY = 1.5e9  # bytes more than at the start


class Server:
    """Reads a request and does what the number in its prompt says, then hangs up."""

    def __init__(self, behaviours: Mapping[str, Callable[[Connection], None]]) -> None:
        self.behaviours = behaviours
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.address = f"127.0.0.1:{self.socket.getsockname()[1]}"
        self.closed = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Stop listening, and end what is under way."""
        self.closed.set()
        self.socket.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.socket.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError, ValueError):
            client.settimeout(PATIENCE)
            file = client.makefile("rb")
            first = file.readline()
            if not first:
                return
            path = first.split()[1].decode()
            headers = {}
            while (line := file.readline().strip()) != b"":
                name, _, value = line.partition(b":")
                headers[name.decode().lower()] = value.strip().decode()
            body = json.loads(file.read(int(headers["content-length"])))
            behave = self.behaviours[name_in(body)]
            behave(Connection(client, path, headers, body, self.closed))
            client.shutdown(socket.SHUT_WR)
            with contextlib.suppress(OSError):
                client.settimeout(0.2)
                client.recv(1)


class Connection:
    """One request, and the ways to answer it."""

    def __init__(
        self,
        client: socket.socket,
        path: str,
        headers: Mapping[str, str],
        body: Mapping[str, Any],
        closed: threading.Event,
    ) -> None:
        self.client, self.path, self.headers, self.body = client, path, headers, body
        self.closed = closed
        self.streamed = body.get("stream", False)

    def send(self, data: bytes) -> None:
        self.client.sendall(data)

    def wait(self, seconds: float) -> None:
        if self.closed.wait(seconds):
            raise OSError("the server is closed")

    def drip(self, data: bytes, seconds: float = 0.05) -> None:
        """One byte at a time."""
        for n in range(len(data)):
            self.send(data[n : n + 1])
            self.wait(seconds)

    def head(self, status: object = 200, *headers: str, length: int | None = None) -> bytes:
        kind = "text/event-stream" if self.streamed else "application/json"
        if not any(header.lower().startswith("content-type") for header in headers):
            headers = (f"content-type: {kind}", *headers)
        if length is not None:
            headers = (*headers, f"content-length: {length}")
        return "\r\n".join([f"HTTP/1.1 {status} Fine", *headers, "", ""]).encode("latin-1")

    def reply(self, body: bytes, *headers: str, status: object = 200) -> None:
        self.send(self.head(status, *headers, length=len(body)) + body)

    def content(self, text: Any = "four", **changes: Any) -> dict[str, Any]:
        """What a decent server says, with changes to the choice."""
        if self.path.endswith("/generate"):
            ids = self.body["input_ids"]
            rows = [[-0.5, token, None] for token in ids]
            return {"text": text, "meta_info": {"input_token_logprobs": rows}, **changes}
        if "messages" not in self.body:
            rows = [{str(token): {"logprob": -0.5}} for token in self.body["prompt"]]
            values = [-0.5] * len(self.body["prompt"])
            choice = {"text": text, "prompt_logprobs": rows}
            choice["logprobs"] = {"token_logprobs": values}
            return {"choices": [{**choice, **changes}]}
        top = [{"token": "yes", "logprob": -0.1}, {"token": "no", "logprob": -2.0}]
        logprobs = {"content": [{**top[0], "top_logprobs": top}]}
        message = {"role": "assistant", "content": text}
        part = {"delta" if self.streamed else "message": message}
        choice = {"index": 0, **part, "finish_reason": "stop", "logprobs": logprobs}
        return {"id": "x", "choices": [{**choice, **changes}], "usage": {"prompt_tokens": 9}}

    def encoded(self, content: Any) -> bytes:
        said = content if isinstance(content, bytes) else json.dumps(content).encode()
        return b"data: " + said + b"\n\ndata: [DONE]\n\n" if self.streamed else said

    def say(self, content: Any, *headers: str, status: object = 200) -> None:
        self.reply(self.encoded(content), *headers, status=status)


def name_in(body: Mapping[str, Any]) -> str:
    """The name of the wanted behaviour, which stands between two «»."""
    text = "".join(str(message["content"]) for message in body.get("messages", ()))
    ids = body.get("prompt") or body.get("input_ids")
    if ids:
        text = bytes(ids).decode()
    return text.partition("«")[2].partition("»")[0]


Behaviours = dict[str, Callable[[Connection], None]]


def transport() -> Behaviours:
    """Below JSON: what HTTP itself can suffer."""
    good = lambda c: c.encoded(c.content())  # noqa: E731
    rules: Behaviours = {
        "well": lambda c: c.reply(good(c)),
        "closes at once": lambda c: c.send(b""),
        "never answers": lambda c: c.wait(PATIENCE),
        "garbage": lambda c: c.send(os.urandom(4096)),
        "another protocol": lambda c: c.send(b"SSH-2.0-OpenSSH_9.6\r\n"),
        "no headers": lambda c: c.send(good(c)),
        "head cut": lambda c: c.send(c.head()[:20]),
        "head alone": lambda c: (c.send(c.head(length=500)), c.wait(PATIENCE)),
        "head drips": lambda c: c.drip(c.head(length=2), 0.1),
        "body drips": lambda c: (c.send(c.head(length=10**6)), c.drip(b" " * 1000, 0.05)),
        "body drips without length": lambda c: (c.send(c.head()), c.drip(b"\n" * 1000, 0.05)),
        "body cut": lambda c: c.send(c.head(length=len(good(c))) + good(c)[:9]),
        "length too large": lambda c: c.send(c.head(length=len(good(c)) + 99) + good(c)),
        "length too small": lambda c: c.send(c.head(length=len(good(c)) - 5) + good(c)),
        "length negative": lambda c: c.send(c.head(length=-1) + good(c)),
        "length huge": lambda c: c.send(c.head(length=10**18) + good(c)),
        "length a word": lambda c: c.send(c.head(200, "content-length: many") + good(c)),
        "two lengths": lambda c: c.send(c.head(200, "content-length: 3", length=9) + good(c)),
        "no length": lambda c: c.send(c.head() + good(c)),
        "chunks": lambda c: c.send(c.head(200, "transfer-encoding: chunked") + chunked(good(c))),
        "chunks cut": lambda c: c.send(
            c.head(200, "transfer-encoding: chunked") + chunked(good(c))[:-9]
        ),
        "chunks of garbage": lambda c: c.send(
            c.head(200, "transfer-encoding: chunked") + b"zz\r\n{}\r\n"
        ),
        "a chunk without end": lambda c: c.send(
            c.head(200, "transfer-encoding: chunked") + b"ffffffffffff\r\n{}"
        ),
        "a chunk size without end": lambda c: flood(
            c, c.head(200, "transfer-encoding: chunked"), b"0" * 65536
        ),
        "chunks and length": lambda c: c.send(
            c.head(200, "transfer-encoding: chunked", length=3) + chunked(good(c))
        ),
        "headers without end": lambda c: flood(c, c.head()[:-2], b"x-more: 1\r\n" * 4096),
        "a header without end": lambda c: flood(c, c.head()[:-2] + b"x-long: ", b"y" * 65536),
        "informational flood": lambda c: flood(c, b"", b"HTTP/1.1 100 Go\r\n\r\n" * 1000),
        "early hints flood": lambda c: flood(c, b"", b"HTTP/1.1 103 H\r\nlink: a\r\n\r\n" * 1000),
        "a header of control characters": lambda c: c.send(c.head(200, "x: \x00\x01") + good(c)),
        "a header of bytes": lambda c: c.reply(good(c), "x-name: \xff\xfe\xe9"),
        "cookies": lambda c: c.reply(good(c), *[f"set-cookie: a{n}=b" for n in range(99)]),
        "switching protocols": lambda c: c.reply(b"", status=101),
        "a type that is wrong": lambda c: c.reply(good(c), "content-type: text/html"),
        "a type that is none": lambda c: c.reply(good(c), "content-type: ;;;"),
        "a charset that is none": lambda c: c.reply(
            good(c), "content-type: application/json; charset=klingon"
        ),
        "a page": lambda c: c.reply(b"<html>" + b"<p>502</p>" * 1000, "content-type: text/html"),
        "an empty body": lambda c: c.reply(b""),
        "no content": lambda c: c.reply(b"", status=204),
        "gzip": lambda c: c.reply(gzip.compress(good(c)), "content-encoding: gzip"),
        "deflate": lambda c: c.reply(zlib.compress(good(c)), "content-encoding: deflate"),
        "gzip cut": lambda c: c.reply(gzip.compress(good(c))[:-12], "content-encoding: gzip"),
        "gzip that is none": lambda c: c.reply(good(c), "content-encoding: gzip"),
        "brotli that is none": lambda c: c.reply(good(c), "content-encoding: br"),
        "zstd that is none": lambda c: c.reply(good(c), "content-encoding: zstd"),
        "packed many times": lambda c: c.reply(good(c), "content-encoding: gzip, gzip, gzip, br"),
        "packing unknown": lambda c: c.reply(good(c), "content-encoding: klingon"),
    }
    places = ("http://other.invalid/v1", "//other.invalid", "/elsewhere", "ftp://a", "", "http://[")
    for status in (301, 302, 303, 304, 307, 308):
        for place in places:
            rules[f"redirect {status} to {place!r}"] = lambda c, s=status, p=place: c.reply(
                b"", f"location: {p}", status=s
            )
        rules[f"redirect {status} to nowhere"] = lambda c, s=status: c.reply(b"", status=s)
    bodies = (b"", b"null", b"[1]", b'{"error": null}', b'{"error": {"message": ["odd"]}}', b"\xff")
    for status in (100, 199, 206, 299, 300, 400, 401, 402, 403, 404, 405, 408, 409, 413, 418, 422,
                   425, 429, 451, 499, 500, 501, 502, 503, 504, 520, 529, 599, 600, 700, 999, "000",
                   "99", "2000", "abc"):  # fmt: skip
        for number, body in enumerate(bodies):
            rules[f"status {status}, body {number}"] = lambda c, s=status, b=body: c.reply(
                b, status=s
            )
    for after in ("-5", "1e400", "nan", "inf", "999999999999", "soon", "", "0", "\xff",
                  "Fri, 31 Dec 9999 23:59:59 GMT", "Thu, 01 Jan 0001 00:00:00 -2359"):  # fmt: skip
        rules[f"retry after {after!r}"] = lambda c, a=after: c.reply(
            b"{}", f"retry-after: {a}", status=429
        )
        rules[f"retry after {after!r} ms"] = lambda c, a=after: c.reply(
            b"{}", f"retry-after-ms: {a}", status=503
        )
    return rules


def contents() -> Behaviours:
    """JSON that is none, or not what the protocol says."""
    deep = 200_000
    raw = {
        "no JSON": b"hello", "half JSON": b'{"choices": [', "a list": b"[1, 2]", "a number": b"7",
        "null": b"null", "a text": b'"four"', "true": b"true", "empty": b"{}",
        "BOM": b"\xef\xbb\xbf{}",
        "NaN": b"NaN", "deep lists": b"[" * deep, "deep objects": b'{"a":' * deep,
        "deep and closed": b'{"choices":' + b"[" * 900 + b"]" * 900 + b"}",
        "a huge integer": b'{"choices": ' + b"9" * 100_000 + b"}",
        "not UTF-8": b'{"a": "\xff\xfe"}',
        "UTF-16": '{"choices": []}'.encode("utf-16"), "nulls": b"\0" * 1000,
        "a huge exponent": b'{"choices": 1e999999}', "two objects": b"{}{}",
        "keys twice": b'{"choices": 1, "choices": []}',
    }  # fmt: skip
    rules: Behaviours = {f"JSON: {name}": lambda c, b=body: c.say(b) for name, body in raw.items()}
    odd: tuple[Any, ...] = (
        None, [], {}, "", "x", 0, -1, 1.5, True, 10**400, float("nan"), float("inf"), [None], [[]],
        ["a"], [{}], {"a": 1}, [1, 2], "\ud800", "x" * 100_000,
    )  # fmt: skip
    for value in odd:
        said = f"{value!r:.20}"
        rules[f"choices: {said}"] = lambda c, v=value: c.say({"choices": v, "text": v})
        rules[f"choice: {said}"] = lambda c, v=value: c.say({"choices": [v], "meta_info": v})
        rules[f"message: {said}"] = lambda c, v=value: c.say(
            c.content(**{"delta" if c.streamed else "message": v})
        )
        rules[f"content: {said}"] = lambda c, v=value: c.say(c.content(v))
        rules[f"finish_reason: {said}"] = lambda c, v=value: c.say(c.content(finish_reason=v))
        rules[f"index: {said}"] = lambda c, v=value: c.say(c.content(index=v))
        rules[f"refusal: {said}"] = lambda c, v=value: c.say(
            c.content(**{"delta" if c.streamed else "message": {"content": "a", "refusal": v}})
        )
        rules[f"logprobs: {said}"] = lambda c, v=value: c.say(
            c.content(logprobs=v, prompt_logprobs=v, meta_info=v)
        )
        rules[f"logprobs' content: {said}"] = lambda c, v=value: c.say(
            c.content(
                logprobs={"content": v, "token_logprobs": v},
                prompt_logprobs=[v] * 99,
                meta_info={"input_token_logprobs": v},
            )
        )
        rules[f"a logprob: {said}"] = lambda c, v=value: c.say(
            c.content(
                logprobs={
                    "content": [
                        {
                            "token": "yes",
                            "logprob": v,
                            "top_logprobs": [{"token": "no", "logprob": v}],
                        }
                    ],
                    "token_logprobs": [v] * len(c.body.get("prompt", ())),
                },
                prompt_logprobs=[{str(t): {"logprob": v}} for t in c.body.get("prompt", ())],
                meta_info={"input_token_logprobs": [[v, t] for t in c.body.get("input_ids", ())]},
            )
        )
        rules[f"a token: {said}"] = lambda c, v=value: c.say(
            c.content(logprobs={"content": [{"token": v, "logprob": -1, "top_logprobs": [v]}]})
        )
        rules[f"usage: {said}"] = lambda c, v=value: c.say({**c.content(), "usage": v})
        rules[f"prompt_tokens: {said}"] = lambda c, v=value: c.say(
            {**c.content(), "usage": {"prompt_tokens": v, "completion_tokens": v}}
        )
        rules[f"error: {said}"] = lambda c, v=value: c.say({"error": v})
        rules[f"error's message: {said}"] = lambda c, v=value: c.say({"error": {"message": v}})
        rules[f"error's code: {said}"] = lambda c, v=value: c.say(
            {"error": {"message": "odd", "code": v, "type": v}}, status=400
        )
    for code in (429, "429", 503, "rate_limit_exceeded", "content_filter", "insufficient_quota"):
        rules[f"error {code!r} with status 200"] = lambda c, v=code: c.say(
            {"error": {"message": "busy", "code": v}}
        )
    rules["more choices"] = lambda c: c.say(
        {**c.content(), "choices": c.content().get("choices", [{}]) * 500}
    )
    return rules


def events() -> Behaviours:
    """Streams of events, to clients that asked for one and to those that did not."""

    def event(c: Connection, text: str | None = "four", ending: str | None = None) -> bytes:
        return b"data: " + json.dumps(c.content(text, finish_reason=ending)).encode() + b"\n\n"

    done = b"data: [DONE]\n\n"
    rules: Behaviours = {
        "comments": lambda c: c.reply(b": ping\n\n" * 50 + event(c, ending="stop") + done),
        "CRLF": lambda c: c.reply((event(c, ending="stop") + done).replace(b"\n", b"\r\n")),
        "CR": lambda c: c.reply((event(c, ending="stop") + done).replace(b"\n", b"\r")),
        "no DONE": lambda c: c.reply(event(c, ending="stop")),
        "no end": lambda c: c.reply(event(c)),
        "DONE alone": lambda c: c.reply(done),
        "more after DONE": lambda c: c.reply(event(c, ending="stop") + done + event(c) * 9),
        "garbage after DONE": lambda c: c.reply(event(c, ending="stop") + done + b"\xff" * 999),
        "never ends after DONE": lambda c: flood(
            c, c.head() + event(c, ending="stop") + done, b": x\n\n" * 100, 0.01
        ),
        "an error amid": lambda c: c.reply(
            event(c) + b'data: {"error": {"message": "overloaded"}}\n\n'
        ),
        "an error event": lambda c: c.reply(b'event: error\ndata: {"message": "odd"}\n\n'),
        "an error at first": lambda c: c.reply(b'data: {"error": {"code": 503}}\n\n'),
        "no JSON amid": lambda c: c.reply(event(c) + b"data: {{{\n\n"),
        "not UTF-8 amid": lambda c: c.reply(event(c) + b"data: \xff\xfe\n\n"),
        "lists": lambda c: c.reply(b"data: [1]\n\ndata: 7\n\ndata: null\n\n"),
        "empty data": lambda c: c.reply(b"data:\n\n" * 5 + done),
        "unknown fields": lambda c: c.reply(b"wat: 7\nid: 3\nretry: x\n\n" + event(c) + done),
        "hangs amid": lambda c: (c.send(c.head() + event(c)), c.wait(PATIENCE)),
        "closes amid": lambda c: c.send(c.head(length=10**6) + event(c)),
        "drips": lambda c: (c.send(c.head()), c.drip(event(c) * 9, 0.02)),
        "split letters": lambda c: (
            c.send(c.head()),
            c.drip(event(c, "für 漢字 😀", "stop").replace(b"\\u", b"\\u") + done, 0.0005),
        ),
        "pieces without end": lambda c: flood(c, c.head(), event(c, "on and on ") * 50, 0.005),
        "blanks without end": lambda c: flood(c, c.head(), b"\n" * 1000, 0.005),
        "comments without end": lambda c: flood(c, c.head(), b": x\n" * 1000, 0.005),
    }
    return {f"stream: {name}": rule for name, rule in rules.items()}


def large() -> Behaviours:
    """Replies that would fill the memory."""
    spaces = gzip.compress(b" " * 2**20, 9) * 1  # one member
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join(packer.compress(b" " * 2**20) for _ in range(1024)) + packer.flush()
    flat = zlib.compressobj(9)
    flate = b"".join(flat.compress(b" " * 2**20) for _ in range(1024)) + flat.flush()
    lists = b'{"choices": [' + b"[]," * (10 * 2**20) + b"0]}"
    return {
        "gzip of 1 GB": lambda c: c.reply(bomb, "content-encoding: gzip"),
        "deflate of 1 GB": lambda c: c.reply(flate, "content-encoding: deflate"),
        "gzip of gzip": lambda c: c.reply(gzip.compress(bomb), "content-encoding: gzip, gzip"),
        "an error of 1 GB": lambda c: c.reply(bomb, "content-encoding: gzip", status=500),
        "gzip members": lambda c: c.reply(spaces * 500, "content-encoding: gzip"),
        "a body without end": lambda c: flood(c, c.head(), b" " * 2**20),
        "an error without end": lambda c: flood(c, c.head(500), b"x" * 2**20),
        "a line without end": lambda c: flood(c, c.head() + b"data: ", b"x" * 2**20),
        "a text of 30 MB": lambda c: c.say(c.content("y" * 30_000_000)),
        "lists in 31 MB": lambda c: c.say(lists),
        "escapes in 31 MB": lambda c: c.say(c.content("%41" * 10_000_000)),
        "backslashes in 31 MB": lambda c: c.say(c.content("\\" * 15_000_000)),
    }


def echoes() -> Behaviours:
    """The key, quoted wherever a server can quote it."""
    bearer = f"Bearer {KEY}"
    pieces = [KEY[n : n + 5] for n in range(0, len(KEY), 5)]
    forms = {
        "plain": KEY, "header": f"authorization: {bearer}", "URL": quote(KEY, safe=""),
        "URL of all": "".join(f"%{byte:02x}" for byte in KEY.encode()),
        "URL twice": quote(quote(KEY, safe=""), safe=""),
        "JSON": "".join(f"\\u{ord(c):04x}" for c in KEY), "slashes": KEY.replace("/", "\\/"),
        "HTML": "".join(f"&#x{ord(c):x};" for c in KEY), "HTML decimal": html.escape(
            "".join(f"&#{ord(c)};" for c in KEY)),
        "base64": base64.b64encode(bearer.encode()).decode(),
        "base64 of a user": base64.b64encode(f"user:{KEY}".encode()).decode(),
        "base64url": base64.urlsafe_b64encode(KEY.encode()).decode(),
        "hex": KEY.encode().hex(), "HEX": KEY.encode().hex(" ").upper(),
        "lines": "\n".join(pieces), "spaces": " ".join(KEY), "quotes": "' + '".join(pieces),
        "tags": "<wbr>".join(pieces), "upper": KEY.upper(), "a part": KEY[:20], "list": str([*KEY]),
    }  # fmt: skip
    rules: Behaviours = {}
    for name, form in forms.items():
        line = " ".join(form.split())
        rules[f"key in an error: {name}"] = lambda c, f=form: c.reply(
            json.dumps({"error": {"message": f"who is {f}?"}}).encode(), status=401
        )
        rules[f"key in a page: {name}"] = lambda c, f=form: c.reply(f"<p>{f}</p>".encode())
        rules[f"key in a list: {name}"] = lambda c, f=form: c.say([f"{f}"])
        rules[f"key in the text: {name}"] = lambda c, f=form: c.say(c.content(f"four {f} four"))
        rules[f"key in the end: {name}"] = lambda c, f=form: c.say(c.content(finish_reason=f))
        rules[f"key in a refusal: {name}"] = lambda c, f=form: c.say(
            c.content(**{"delta" if c.streamed else "message": {"refusal": f, "content": None}})
        )
        rules[f"key in a logprob: {name}"] = lambda c, f=form: c.say(
            c.content(
                logprobs={"content": [{"token": f, "logprob": f, "top_logprobs": [f]}]},
                prompt_logprobs=[{f: f}] * 99,
                meta_info={f: f},
            )
        )
        rules[f"key in a header: {name}"] = lambda c, f=line: c.reply(
            c.encoded(c.content()), f"x-echo: {f}"
        )
        rules[f"key in a bad header: {name}"] = lambda c, f=line: c.send(
            f"HTTP/1.1 200 {f}\r\n{f}\r\n\r\n".encode()
        )
        rules[f"key in the status: {name}"] = lambda c, f=line: c.send(
            f"HTTP/1.1 500 {f}\r\ncontent-length: 0\r\n\r\n".encode()
        )
        rules[f"key in a redirect: {name}"] = lambda c, f=line: c.reply(
            b"", f"location: http://other.invalid/{f}", status=307
        )
        rules[f"key in pieces: {name}"] = lambda c, f=form: c.reply(
            b"".join(
                b"data: " + json.dumps(c.content(f[n : n + 3], finish_reason=None)).encode()
                + b"\n\n"
                for n in range(0, len(f), 3)
            )
            + b"data: [DONE]\n\n"
        )  # fmt: skip
    return rules


def chunked(body: bytes) -> bytes:
    return b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)


def flood(c: Connection, begin: bytes, more: bytes, pause: float = 0.0) -> None:
    c.send(begin)
    ends = time.monotonic() + PATIENCE
    while time.monotonic() < ends:
        c.send(more)
        c.wait(pause)


class Bytes:
    """A tokenizer whose tokens are bytes."""

    is_fast = True
    bos_token_id = eos_token_id = None

    def __call__(self, text: Any, **_: Any) -> dict[str, Any]:
        if isinstance(text, str):
            return {"input_ids": list(text.encode())}
        return {"input_ids": [list(one.encode()) for one in text]}

    def decode(self, ids: Any, **_: Any) -> str:
        return bytes(ids).decode(errors="replace")


Way = Callable[[str], Any]


def ways(url: str, timeout: float) -> dict[str, Way]:
    """Each client, as a function of the prompt that raises what went wrong."""
    settings: dict[str, Any] = {
        "base_url": url, "api_key": KEY, "timeout": timeout, "max_retries": 0,
        "max_concurrency": 200,
    }  # fmt: skip
    chat = OpenAIChatModel("m", **settings)
    summarizer = LLMSummarizer.from_endpoint("m", **settings)
    compressor = AbstractiveCompressor(summarizer)
    scorers = {
        f"{method} scorer": ChatScorer("m", method=method, **settings)
        for method in ("samples", "prefix", "judge")
    } | {
        f"completions scorer, {protocol}": CompletionsScorer(
            "m", tokenizer=Bytes(), protocol=protocol, **settings
        )
        for protocol in ("vllm", "echo", "sglang")
    }
    teacher = EndpointTeacher("m", accept_terms=True, **settings)
    template = PromptTemplate("{documents} {query}")
    answers = ChatAnswers("m", **settings)
    reader = PromptReader(chat)
    chat_reader = ChatReader(chat)
    endpoint = Endpoint(**settings)

    def scored(scorer: Any) -> Way:
        return lambda p: only(scorer.score([AnswerRequest(p, "a context", ("four",))]))

    return {
        "endpoint": lambda p: endpoint.run(
            lambda: endpoint.post("chat/completions", {"messages": [{"content": p}]})
        ),
        "chat": lambda p: only(chat([p])),
        "chat, async": lambda p: only(asyncio.run(chat.agenerate([p]))),
        "chat, streamed": lambda p: "".join(chat.stream(p)),
        "chat, async streamed": lambda p: asyncio.run(joined(chat.astream(p))),
        "chat with logprobs": lambda p: only(chat.with_logprobs([p])),
        "summarizer": lambda p: only(summarizer.summarize([p])),
        "summarizer, async": lambda p: only(asyncio.run(summarizer.asummarize([p]))),
        "summarizer, streamed": lambda p: "".join(summarizer.stream(p)),
        "summarizer, async streamed": lambda p: asyncio.run(joined(summarizer.astream(p))),
        "compressor": lambda p: compressor.compress(p, ["a document"]).text,
        "teacher": lambda p: only(
            teacher.write([TeacherRequest(p, (Document("a document"),), (), template)])
        ),
        "answers": lambda p: only(answers([p])),
        "reader": lambda p: only(reader.answer([p], [""])),
        "reader with logprobs": lambda p: chat_reader.answer([p]),
        **{name: scored(scorer) for name, scorer in scorers.items()},
    }


def only(results: Any) -> Any:
    (result,) = results
    if isinstance(result, Exception):
        raise result
    return result


async def joined(pieces: Any) -> str:
    return "".join([piece async for piece in pieces])


class Log(logging.Handler):
    """All that is logged, as text."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.text = io.StringIO()

    def emit(self, record: logging.LogRecord) -> None:
        self.text.write(logging.Formatter().format(record)[:5000] + "\n")


@contextlib.contextmanager
def logged() -> Iterator[Log]:
    """Log all that the libraries have to say."""
    log, root = Log(), logging.getLogger()
    level = root.level
    root.addHandler(log)
    root.setLevel(logging.DEBUG)
    try:
        yield log
    finally:
        root.removeHandler(log)
        root.setLevel(level)


def attempt(way: Way, name: str, address: str, timeout: float) -> tuple[str | None, float, str]:
    """What went wrong, if anything; how long over the deadline; all that came out."""
    began = time.monotonic()
    told, failure = "", None
    try:
        result = way(f"what «{name}» ?")
        told = str(result)[:10_000] + repr(result)[:10_000]
    except (EndpointError, BudgetError, BatchError) as error:
        told = "".join(traceback.format_exception(error)) + repr(error) + str(vars(error))
        told += repr(error.__cause__) + repr(error.__context__)
        if address not in str(error):
            failure = f"the error names no endpoint: {error}"
    except BaseException as error:
        failure = f"{type(error).__name__}: {error}"[:300]
    late = time.monotonic() - began - timeout
    if late > LATE:
        failure = f"{late:.1f} s over the deadline"
    if found := leak(told):
        failure = f"the key came out: {found}"
    return failure, late, told


def leak(text: str) -> str | None:
    """A form of the key that stands in a text."""
    shown = text.lower()
    forms = [KEY, KEY[:12], quote(KEY, safe="")[:20], KEY.encode().hex()[:24], KEY[12:]]
    forms += [base64.b64encode(b"Bearer " + KEY.encode()).decode()[12:32], " ".join(KEY)[:30]]
    forms += [
        "".join(f"%{byte:02x}" for byte in KEY.encode())[:30],
        "\n".join([KEY[:5], KEY[5:10]]),
    ]
    forms += ["".join(f"&#x{ord(c):x};" for c in KEY)[:50], repr([*KEY])[1:50]]
    return next((form for form in forms if form.lower() in shown), None)


def torture(short: bool) -> Iterator[Outcome]:
    """Try every client with every behaviour.

    Args:
        short: Whether to try a part of the combinations: each behaviour with a few clients.

    Yields:
        One line for each client, then those of the huge replies, the key and the budget.
    """
    os.environ.update(NO_PROXY="*", no_proxy="*")
    rules = {**transport(), **contents(), **events()}
    huge = large()
    quoting = echoes()
    server = Server({**rules, **huge, **quoting})
    url = f"http://{server.address}/v1"
    try:
        clients = ways(url, TIMEOUT)
        yield from every_client(clients, list(rules), server.address, short)
        with logged() as log:
            yield every_echo(clients, list(quoting), server.address, log, short)
        yield every_size(ways(url, 3 * TIMEOUT), list(huge), server.address, short)
        yield budgets(url, list(contents()))
    finally:
        server.close()


def every_client(
    clients: dict[str, Way], names: list[str], address: str, short: bool
) -> Iterator[Outcome]:
    """Every behaviour, of which the short form tries a part with each client."""
    with ThreadPoolExecutor(32) as pool:
        for turn, (client, way) in enumerate(clients.items()):
            attempt(way, "well", address, PATIENCE)  # what is imported at first use takes time
            step = 12 if short else 1
            chosen = [names[0], *names[turn % step :: step]]
            outcome = Outcome(f"{client}: ways to misbehave")
            latest = 0.0
            found = pool.map(lambda name, way=way: attempt(way, name, address, TIMEOUT), chosen)
            for name, (failure, late, _) in zip(chosen, found, strict=True):
                outcome.count(failure and f"{name}: {failure}")
                latest = max(latest, late)
            failure, _, _ = attempt(way, "well", address, 5.0)
            outcome.count(failure and f"afterwards: {failure}")
            outcome.worst = f"{max(0.0, latest):.1f} s over {TIMEOUT} s"
            yield outcome


def every_echo(
    clients: dict[str, Way], names: list[str], address: str, log: Log, short: bool
) -> Outcome:
    """The key wherever a server can put it."""
    outcome = Outcome("the key, quoted by a server")
    pairs = [(client, name) for name in names for client in clients]
    pairs = pairs[:: 12 if short else 1]
    with ThreadPoolExecutor(32) as pool:
        found = pool.map(lambda pair: attempt(clients[pair[0]], pair[1], address, TIMEOUT), pairs)
        for (client, name), (failure, _, _) in zip(pairs, found, strict=True):
            outcome.count(failure and f"{client}, {name}: {failure}")
    found_in_log = leak(log.text.getvalue())
    outcome.count(found_in_log and f"in the log: {found_in_log}")
    return outcome


def every_size(clients: dict[str, Way], names: list[str], address: str, short: bool) -> Outcome:
    """Huge replies, one after the other."""
    outcome = Outcome("huge replies: peak memory")
    before, latest = peak(), 0.0
    chosen = ["chat", "chat, streamed"] if short else list(clients)
    for turn, client in enumerate(chosen):
        for name in names[turn::2] if short else names:
            failure, late, _ = attempt(clients[client], name, address, 3 * TIMEOUT)
            latest = max(latest, late)
            outcome.count(failure and f"{client}, {name}: {failure}")
    grown = peak() - before
    outcome.count(f"{grown / 1e9:.2f} GB" if grown > MEMORY else None)
    outcome.worst = f"{grown / 1e6:.0f} MB, {latest:.1f} s over {3 * TIMEOUT:.1f} s"
    return outcome


def budgets(url: str, names: list[str]) -> Outcome:
    """No reply lowers what is counted."""
    outcome = Outcome("usage that lifts a budget")
    meter = Meter(max_tokens=10**9)
    # These replies all come, and a request that its time limit ended would count nothing.
    endpoint = Endpoint(base_url=url, api_key=KEY, timeout=60.0, max_retries=2, meter=meter)
    for name in names:
        if "usage" in name or "prompt_tokens" in name:
            before = meter.usage
            text = f"«{name}» " + "some words and more " * 100
            body = {"messages": [{"role": "user", "content": text}]}
            failure = "a reply"
            try:
                endpoint.run(lambda body=body: endpoint.post("chat/completions", body))
            except EndpointError as error:
                failure = f"{error.reason}: {error}"
            counted = meter.usage.input_tokens - before.input_tokens
            fair = 50 <= counted <= 5000 and meter.usage.output_tokens >= before.output_tokens
            outcome.count(None if fair else f"{name}: {counted} tokens, {failure}")
    return outcome


def peak() -> float:
    """The most memory that the process had, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024.0
