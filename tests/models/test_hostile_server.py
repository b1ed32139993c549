"""Clients of language models against servers that are hostile or out of order, on raw sockets."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import logging
import socket
import threading
import traceback
import zlib
from urllib.parse import quote

import pytest
from conftest import PATIENCE
from openai_server import OpenAIServer, Reply, error, without_environment

from recomp_core.errors import BudgetError, EndpointError, SummaryError
from recomp_core.runtime.budget import Meter, plausible_tokens

pytest.importorskip("openai", reason='needs pip install "recomp[openai]"')

from recomp_core.labelling.chat_client import ChatClient, text_of
from recomp_core.labelling.teachers.models import EndpointTeacher
from recomp_core.models.language_models import http_client
from recomp_core.models.language_models.endpoint import Endpoint
from recomp_core.models.language_models.openai_chat import OpenAIChatModel
from recomp_core.models.language_models.replies import UnusableReply

pytestmark = pytest.mark.enable_socket

KEY = "sk-live-0123456789abcdef"
SHORT = 0.3  # seconds until a request is given up


@pytest.fixture(autouse=True)
def _alone(monkeypatch):
    without_environment(monkeypatch)


@contextlib.contextmanager
def raw_server(*sent: bytes, pause: float = 0.0, keep: bool = False):
    """Sends the parts to whoever asks, with pauses between, then hangs up unless it is to `keep`.

    Yields its address, and a list that gets "asked" and "closed" as clients ask and hang up.
    """
    listening = socket.create_server(("127.0.0.1", 0))
    closing = threading.Event()
    after = []

    def serve(client):
        with client, contextlib.suppress(OSError):
            client.recv(2**20)
            for part in sent:
                client.sendall(part)
                if closing.wait(pause):
                    return
            if keep:
                after.append("asked")
                client.settimeout(PATIENCE)
                # Who hangs up before it has read everything resets the connection.
                with contextlib.suppress(ConnectionResetError):
                    while client.recv(2**16):
                        pass  # the rest of the request
                after.append("closed")

    def accept():
        with contextlib.suppress(OSError):
            while True:
                client, _ = listening.accept()
                threading.Thread(target=serve, args=(client,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/v1", after
    finally:
        closing.set()
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()


def chat(base_url: str, **settings) -> OpenAIChatModel:
    settings = {"api_key": KEY, "max_retries": 0, "timeout": PATIENCE, **settings}
    return OpenAIChatModel("a-model", base_url=base_url, **settings)


def endpoint(base_url: str, **settings) -> Endpoint:
    settings = {"api_key": KEY, "max_retries": 0, "timeout": PATIENCE, **settings}
    return Endpoint(base_url=base_url, **settings)


def post(to: Endpoint, body=None):
    return to.run(lambda: to.post("chat/completions", body or {"x": 1}))


def called(model):
    (reply,) = model(["x"])
    if isinstance(reply, Exception):
        raise reply
    return reply


def agenerated(model):
    (reply,) = asyncio.run(model.agenerate(["x"]))
    if isinstance(reply, Exception):
        raise reply
    return reply


def streamed(model):
    return "".join(model.stream("x"))


def astreamed(model):
    async def joined():
        return "".join([piece async for piece in model.astream("x")])

    return asyncio.run(joined())


WAYS = [called, agenerated, streamed, astreamed]


# Redirects.


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("ask", [called, streamed])
def test_a_redirect_takes_nothing_to_another_server(ask, status):
    with OpenAIServer() as other:
        place = other.base_url.replace("127.0.0.1", "user:password@localhost")
        headers = {"location": f"{place}/chat?key={KEY}"}
        with OpenAIServer(Reply(status=status, body=b"", headers=headers)) as server:
            with pytest.raises(SummaryError, match=r"redirects to http://localhost:\d+") as caught:
                ask(chat(server.base_url, max_retries=3))
            assert len(server.requests) == 1
        assert other.requests == []
    assert caught.value.reason == "invalid"
    assert "password" not in str(caught.value)
    assert KEY not in str(caught.value)


def test_a_redirect_to_nowhere_is_said():
    with OpenAIServer(Reply(status=307, body=b"")) as server:
        with pytest.raises(SummaryError, match="redirects to nowhere"):
            called(chat(server.base_url))


# Size.

ZEROS = {
    "gzip": lambda: gzip.compress(b" " * 40 * 2**20, 1),
    "deflate": lambda: zlib.compress(b" " * 40 * 2**20, 1),
    "identity": lambda: b" " * 33 * 2**20,
}


@pytest.mark.parametrize("ask", [called, streamed])
@pytest.mark.parametrize(
    ("packing", "status"), [("gzip", 200), ("deflate", 200), ("identity", 200), ("gzip", 500)]
)
def test_a_reply_that_unpacks_to_too_much_is_refused(packing, status, ask):
    body = ZEROS[packing]()
    reply = Reply(body=body, status=status, headers={"content-encoding": packing})
    with OpenAIServer(reply) as server:
        with pytest.raises(SummaryError, match="more than 32 MiB"):
            ask(chat(server.base_url))


async def test_a_packed_body_is_unpacked_piece_by_piece():
    async def body():
        yield gzip.compress(b" " * 9 * 2**20, 9)

    async for piece in http_client.unpacked(body(), "gzip"):
        assert 0 < len(piece) <= 2**20


@pytest.mark.parametrize("size", [1, 7, 2**16])
@pytest.mark.parametrize("filling", [b"", b"\0" * 40])
async def test_all_members_of_a_packed_body_are_unpacked(size, filling):
    packed = b"".join(map(gzip.compress, [b"one ", b"", b"two ", b"three"])) + filling

    async def body(packed):
        for start in range(0, len(packed), size):
            yield packed[start : start + size]

    assert b"".join([p async for p in http_client.unpacked(body(packed), "gzip")]) == (
        b"one two three"
    )
    with pytest.raises(UnusableReply, match="not whole"):
        async for _ in http_client.unpacked(body(packed.rstrip(b"\0")[:-9]), "gzip"):
            pass


@pytest.mark.parametrize("packing", ["br", "zstd", "gzip, gzip", "klingon"])
def test_a_packing_without_a_bound_is_refused(packing):
    with OpenAIServer(Reply(headers={"content-encoding": packing})) as server:
        with pytest.raises(SummaryError, match="packed in a way that was not asked for"):
            called(chat(server.base_url))
    assert server.requests[0].headers["accept-encoding"] == "gzip, deflate"


@pytest.mark.parametrize(
    ("packing", "pack"),
    [
        ("gzip", gzip.compress),
        ("x-gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("deflate", lambda body: zlib.compress(body)[2:-4]),  # as some servers send it
    ],
)
def test_a_packed_reply_is_read(packing, pack):
    body = pack(json.dumps({"choices": [{"message": {"content": "four"}}]}).encode())
    with OpenAIServer(Reply(body=body, headers={"content-encoding": packing})) as server:
        assert called(chat(server.base_url)) == "four"


def test_a_packed_reply_that_is_cut_is_tried_again():
    whole = gzip.compress(b'{"a": 1}')
    packed = {"content-encoding": "gzip"}
    with OpenAIServer(
        Reply(body=whole[:-9], headers=packed), Reply(body=whole, headers=packed)
    ) as s:
        to = endpoint(s.base_url, max_retries=1)
        to._sleep = lambda seconds: asyncio.sleep(0)
        assert post(to) == {"a": 1}


@pytest.mark.parametrize("ask", [called, streamed])
def test_a_reply_of_too_many_parts_is_refused(ask):
    body = b'data: {"choices": [' + b"[]," * 2**20 + b"0]}\n\n"
    body = body if ask is streamed else body[6:]
    with OpenAIServer(Reply(body=body)) as server:
        with pytest.raises(SummaryError, match="lists and objects"):
            ask(chat(server.base_url))


def test_a_server_s_cookies_are_not_kept():
    with OpenAIServer(Reply(headers={"set-cookie": "a=b"})) as server:
        model = chat(server.base_url)
        assert [called(model) for _ in range(2)] == ["a summary"] * 2
    assert "cookie" not in server.requests[1].headers


# Time: a client waits `timeout` seconds for the whole, whatever keeps it waiting.

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
WAITS = {
    "nothing": [b""] * 200,
    "a head in drops": [HEAD[n : n + 1] for n in range(len(HEAD))] * 9,
    "a body in drops": [HEAD + b"content-length: 999\r\n\r\n", *[b" "] * 300],
    "an error in drops": [HEAD.replace(b"200", b"500") + b"\r\n", *[b" "] * 300],
    "informational responses": [b"HTTP/1.1 100 Continue\r\n\r\n"] * 300,
    "early hints": [b"HTTP/1.1 103 Hints\r\nlink: x\r\n\r\n"] * 300,
    "comments": [
        HEAD.replace(b"application/json", b"text/event-stream") + b"\r\n",
        *[b": x\n"] * 300,
    ],
}


@pytest.mark.parametrize("ask", WAYS)
@pytest.mark.parametrize("way", WAITS)
def test_the_deadline_holds_for_the_whole_reply(way, ask):
    with raw_server(*WAITS[way], pause=0.02) as (url, _):
        with pytest.raises(SummaryError, match="no whole reply within timeout=0.3 seconds"):
            ask(chat(url, timeout=SHORT))


def test_a_stream_and_its_beginning_share_one_deadline():
    event = b'data: {"choices": [{"delta": {"content": "on "}}]}\n\n'
    with raw_server(HEAD + b"\r\n", *[event] * 100, pause=0.1) as (url, _):
        pieces = chat(url, timeout=0.5).stream("x")
        with pytest.raises(SummaryError, match="no whole reply within timeout=0.5"):
            list(pieces)


# What is cancelled or closed leaves no connection behind.


async def test_a_cancelled_request_closes_its_connection():
    with raw_server(HEAD + b"content-length: 9\r\n\r\n", keep=True) as (url, after):
        asked = asyncio.create_task(chat(url).agenerate(["x"]))
        await until(lambda: after == ["asked"])
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        await until(lambda: after == ["asked", "closed"])


async def test_a_closed_stream_closes_its_connection():
    event = b'data: {"choices": [{"delta": {"content": "one"}}]}\n\n'
    with raw_server(HEAD + b"\r\n" + event, keep=True) as (url, after):
        model = chat(url)
        pieces = model.stream("x")
        assert next(pieces) == "one"
        pieces.close()
        await until(lambda: after == ["asked", "closed"])
        apieces = model.astream("x")
        assert await anext(apieces) == "one"
        await apieces.aclose()
        await until(lambda: after == ["asked", "closed"] * 2)


async def until(reached):
    for _ in range(PATIENCE * 100):
        if reached():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not come to that")


# Usage.


@pytest.mark.parametrize(
    "reported",
    [None, -1, -(10**6), 10**30, 1.5, float("nan"), float("inf"), True, "7", [7], {}, 0, 1],
)
def test_usage_that_cannot_be_true_is_not_believed(reported):
    assert plausible_tokens(reported, 100) == 100
    usage = {"prompt_tokens": reported, "completion_tokens": reported}
    body = {"choices": [{"message": {"content": "so many words " * 40}}], "usage": usage}
    with OpenAIServer(Reply(body=json.dumps(body).encode())) as server:
        to = endpoint(server.base_url, meter=Meter(max_tokens=200))
        prompt = {"messages": [{"role": "user", "content": "so many words " * 40}]}
        for _ in range(2):
            with contextlib.suppress(BudgetError):
                post(to, prompt)
        assert len(server.requests) <= 2
        with pytest.raises(BudgetError):
            post(to, prompt)
    assert to.meter.usage.input_tokens >= 100
    assert to.meter.usage.output_tokens >= 100


@pytest.mark.parametrize("reported", [25, 100, 5000, 10**7])
def test_usage_that_can_be_true_is_believed(reported):
    assert plausible_tokens(reported, 100) == reported


def test_token_ids_are_counted_where_the_server_counts_nothing():
    with OpenAIServer(Reply(body=b'{"text": "x"}')) as server:
        to = endpoint(server.base_url)
        post(to, {"input_ids": [1] * 50})
        post(to, {"prompt": [1] * 30})
    assert to.meter.usage.input_tokens == 80


def test_what_was_sent_counts_though_the_reply_is_useless():
    with OpenAIServer(Reply(body=b"[]")) as server:
        to = endpoint(server.base_url)
        with pytest.raises(EndpointError):
            post(to, {"prompt": [1] * 30})
    assert to.meter.usage.input_tokens == 30


@pytest.mark.parametrize("number", [-1, 1.5, float("nan"), True])
def test_a_meter_takes_whole_numbers_alone(number):
    meter = Meter()
    for name in ("input_tokens", "output_tokens"):
        with pytest.raises(ValueError, match=name):
            meter.add(**{name: number})
    assert meter.usage.tokens == 0


# Replies that are none.

ODD = [None, [], "x", -1, True, 10**400, float("nan"), [None]]


def replies():
    for value in ODD:
        yield {"choices": value}
        yield {"choices": [value]}
        yield {"choices": [{"message": value, "delta": value}]}
        for name in ("content", "refusal"):
            part = {name: value}
            yield {"choices": [{"message": part, "delta": part, "finish_reason": "stop"}]}
        part = {"content": "x"}
        for name in ("finish_reason", "logprobs"):
            yield {"choices": [{"message": part, "delta": part, name: value}]}
        logprobs = {"content": value, "token_logprobs": value}
        yield {"choices": [{"message": part, "logprobs": logprobs}]}
        token = {
            "token": "yes",
            "logprob": value,
            "top_logprobs": [{"token": "x", "logprob": value}],
        }
        yield {"choices": [{"message": part, "logprobs": {"content": [token]}}]}
        token = {"token": value, "logprob": -1, "top_logprobs": value}
        yield {"choices": [{"message": part, "logprobs": {"content": [token]}}]}
        yield {"choices": [{"message": part}], "usage": value}
        yield {"error": value}
        yield {"error": {"message": value, "code": value, "type": value}}


def test_no_reply_ends_in_a_bare_error():
    """Each client with each odd value in each place: a result, or an error with the address."""
    odd = list(replies())

    def reply_to(request):
        body = json.dumps(odd[int(request.prompt)]).encode()
        if request.body.get("stream"):
            body = b"data: " + body + b"\n\ndata: [DONE]\n\n"
        return Reply(body=body)

    with OpenAIServer(reply_to=reply_to) as server:
        settings = {"base_url": server.base_url, "api_key": KEY, "max_retries": 0}
        model = OpenAIChatModel("a-model", **settings)
        client = ChatClient("a-model", None, settings)
        teacher = EndpointTeacher("a-model", accept_terms=True, **settings)
        prompts = [str(n) for n in range(len(odd))]

        async def first_token(prompt):
            choices = await client.ask([{"role": "user", "content": prompt}])
            assert all(isinstance(text_of(choice), str) for choice in choices)
            return client.first_token(choices[0])

        class Asked:
            def __init__(self, prompt):
                self.prompt = prompt

        results = [
            *model(prompts),
            *model.with_logprobs(prompts),
            *(pieces_or_error(model, prompt) for prompt in prompts),
            *(result for _, result in client.endpoint.each(first_token, prompts)),
            *(result for _, result in teacher.write_each([Asked(p) for p in prompts])),
        ]
    assert len(results) == 5 * len(odd)
    for result in results:
        if isinstance(result, Exception):
            assert isinstance(result, EndpointError), repr(result)
            assert server.base_url in str(result)


def pieces_or_error(model, prompt):
    try:
        return "".join(model.stream(prompt))
    except Exception as failure:
        return failure


@pytest.mark.parametrize(
    "body",
    [
        b"", b"hello", b"<html>502</html>", b"null", b"7", b"[" * 100_000, b'{"a":' * 100_000,
        b'{"choices": ' + b"9" * 10_000 + b"}", b'{"a": "\xff"}', b"\0" * 99,
    ],
    ids=range(10),
)  # fmt: skip
def test_what_is_no_json_object_is_an_error_that_quotes_it(body):
    with OpenAIServer(Reply(body=body)) as server:
        with pytest.raises(EndpointError, match=r"check base_url|can't be read") as caught:
            post(endpoint(server.base_url))
    assert caught.value.reason == "malformed"
    assert server.base_url in str(caught.value)
    assert len(str(caught.value)) < 500


def test_a_byte_order_mark_does_no_harm():
    with OpenAIServer(Reply(body=b'\xef\xbb\xbf{"a": 1}')) as server:
        assert post(endpoint(server.base_url)) == {"a": 1}


def test_a_lone_surrogate_of_a_reply_becomes_a_character():
    body = rb'{"choices": [{"message": {"content": "a\ud800b"}}]}'
    with OpenAIServer(Reply(body=body)) as server:
        assert called(chat(server.base_url)) == "a\ufffdb"


@pytest.mark.parametrize(
    ("error_body", "reason", "attempts"),
    [
        ({"message": "busy", "code": 429}, "quota", 3),
        ({"message": "busy", "code": "503"}, "unavailable", 3),
        ({"message": "busy", "type": "rate_limit_exceeded"}, "quota", 3),
        ({"message": "busy", "type": "overloaded_error"}, "unavailable", 3),
        ({"message": "busy", "code": "insufficient_quota"}, "quota", 1),
        ({"message": "busy", "code": "content_filter"}, "filtered", 1),
        ({"message": "busy", "code": 401}, "unauthorized", 1),
        ({"message": "busy"}, "invalid", 1),
        ("busy", "invalid", 1),
    ],
)
@pytest.mark.parametrize("ask", [called, streamed])
def test_an_error_with_a_status_of_success_is_an_error(ask, error_body, reason, attempts):
    with OpenAIServer(Reply(body=json.dumps({"error": error_body}).encode())) as server:
        model = chat(server.base_url, max_retries=2)
        model._sleep = lambda seconds: asyncio.sleep(0)
        with pytest.raises(SummaryError, match="busy") as caught:
            ask(model)
        assert len(server.requests) == attempts
    assert caught.value.reason == reason


def test_a_pause_until_the_end_of_time_is_none():
    for after in ("Fri, 31 Dec 9999 23:59:59 GMT", "nan", "inf", "-5", "1e400", "", "soon"):
        with OpenAIServer(error(429, "slow", retry_after=after)) as server:
            model = chat(server.base_url, max_retries=1)
            model._sleep = lambda seconds: asyncio.sleep(0)
            with pytest.raises(SummaryError, match="too many requests"):
                called(model)


# The key.

ECHOES = {
    "in a list": lambda form: Reply(body=json.dumps([form]).encode()),
    "in a page": lambda form: Reply(body=f"<p>{form}</p>".encode()),
    "in an error": lambda form: error(401, f"who is {form}?"),
    "in the text": lambda form: Reply(f"the key {form} was sent"),
    "as an ending": lambda form: Reply("text", finish_reason=form),
    "in a refusal": lambda form: Reply(None, refusal=form),
    "in a header": lambda form: Reply(headers={"x-echo": form}),
    "in a redirect": lambda form: Reply(status=308, headers={"location": f"http://a/{form}"}),
}
FORMS = {
    "plain": f"authorization: Bearer {KEY}",
    "URL": "".join(f"%{byte:02x}" for byte in KEY.encode()),
    "JSON": "".join(f"\\u{byte:04x}" for byte in KEY.encode()),
    "apart": " ".join(KEY),
    "twice": quote(quote(f"{KEY}/", safe=""), safe=""),
}


@pytest.mark.parametrize("ask", [called, streamed])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("place", ECHOES)
def test_a_key_that_a_server_quotes_does_not_come_out(place, form, ask, caplog):
    caplog.set_level(logging.DEBUG)
    with OpenAIServer(ECHOES[place](FORMS[form])) as server:
        try:
            told = ask(chat(server.base_url))
        except SummaryError as failure:
            told = "".join(traceback.format_exception(failure)) + repr(failure)
    for text in (told, caplog.text):
        for shown in (KEY, KEY[:10], KEY[12:], "%30%31%32", r"u0030\u0031", "0 1 2 3", "live-012"):
            assert shown not in text.replace("\\\\", "\\")


def test_a_key_in_a_broken_head_does_not_come_out(caplog):
    caplog.set_level(logging.DEBUG)
    with raw_server(f"HTTP/1.1 200 {KEY}\r\nauthorization {KEY}\r\n\r\n".encode()) as (url, _):
        with pytest.raises(SummaryError) as caught:
            called(chat(url))
    assert KEY not in str(caught.value)
    assert KEY not in caplog.text


def test_other_secrets_of_a_request_do_not_come_out(monkeypatch):
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Proxy-Token: token-9876543210\nX-Team: blue")
    monkeypatch.setenv("HTTPS_PROXY", "http://user:pass-5555566666@proxy:3128")
    body = b'["token-9876543210", "pass%2D5555566666", "blue"]'
    with OpenAIServer(Reply(body=body)) as server:
        with pytest.raises(EndpointError, match="blue") as caught:
            post(endpoint(server.base_url))
    assert "9876543210" not in str(caught.value)
    assert "5555566666" not in str(caught.value)


def test_a_word_for_a_key_stays_in_what_a_model_writes():
    for word in ("not-needed", "anything", "EMPTY", "x"):
        with OpenAIServer(Reply(f"it was not needed, {word} and anything EMPTY")) as server:
            model = chat(server.base_url, api_key=word)
            assert (
                called(model) == streamed(model) == f"it was not needed, {word} and anything EMPTY"
            )


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("https://host/v1?key=s3cret", "query or a fragment"),
        ("https://host/v1#s3cret", "query or a fragment"),
        ("user:s3cret@host/v1", "user name or password"),
        ("//user:s3cret@host/v1", "user name or password"),
        ("http://[::1/v1", "begin with http"),
        ("http://host:port/v1", "begin with http"),
        ("http://ho\nst/v1", "begin with http"),
    ],
)
def test_an_address_with_a_secret_or_without_sense_is_refused(monkeypatch, address, words):
    with pytest.raises(ValueError, match=f"base_url .*{words}") as caught:
        chat(address)
    assert "s3cret" not in str(caught.value)
    monkeypatch.setenv("OPENAI_BASE_URL", address)
    with pytest.raises(ValueError, match=f"OPENAI_BASE_URL .*{words}") as caught:
        OpenAIChatModel("m", api_key=KEY)
    assert "s3cret" not in str(caught.value)
