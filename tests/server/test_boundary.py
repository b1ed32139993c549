"""What every request passes: the key, the bound of the queue, the body, the deadline, the log."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
import time

import pytest
from conftest import needs, shared_words
from server_clients import (
    FRUIT,
    QUERY,
    TOWER,
    Held,
    Words,
    app_of,
    client_of,
    listening,
    wait_until,
)

from recomp_core.server.bodies import MAX_DEPTH, MAX_VALUES, check_json
from recomp_core.server.errors import RequestError

pytestmark = [needs("fastapi", "serve"), needs("httpx", "test")]

BODY = {"query": QUERY, "documents": [TOWER]}
PATHS = ("/v2/rerank", "/v1/rerank", "/rerank", "/v1/compress", "/api/compress/question-specific/")
JSON = {"content-type": "application/json"}


def message_of(path, reply):
    """The message of an error, at the place where the clients of a path look for it."""
    content = reply.json()
    if path == "/v2/rerank":
        return content["message"]
    if path == "/v1/rerank":
        assert content["detail"] == content["message"] == content["error"]["message"]
        return content["detail"]
    if path == "/rerank":
        assert content["error_type"]
        assert content["detail"] == content["error"]
        return content["error"]
    if path == "/v1/compress":
        return content["error"]["message"]
    assert content["success"] is False
    return content["error"]


# The key


@pytest.mark.parametrize("path", PATHS)
async def test_a_wrong_key_in_each_protocol(path):
    client = client_of(api_key="sesame")
    for headers in ({}, {"authorization": "Bearer wrong"}, {"authorization": "sesame"},
                    {"x-api-key": "wrong"}, {"authorization": "Bearer sesame2"}):  # fmt: skip
        reply = await client.post(path, json=BODY, headers=headers)
        assert reply.status_code == 401
        assert reply.headers["www-authenticate"] == "Bearer"
        told = message_of(path, reply)
        assert "the key is missing or wrong" in told
        assert "sesame" not in told


@pytest.mark.parametrize(
    "headers", [{"authorization": "Bearer sesame"}, {"authorization": "bearer sesame"},
                {"x-api-key": "sesame"}]
)  # fmt: skip
async def test_the_right_key(headers):
    client = client_of(api_key="sesame")
    assert (await client.post("/v2/rerank", json=BODY, headers=headers)).status_code == 200


async def test_health_needs_no_key_and_the_rest_does():
    client = client_of(api_key="sesame")
    assert (await client.get("/health")).json()["status"] == "ok"
    for path in ("/metrics", "/docs", "/openapi.json", "/nowhere"):
        assert (await client.get(path)).status_code == 401


def test_a_blank_key_is_refused():
    with pytest.raises(ValueError, match="api_key is blank"):
        app_of(api_key=" ")


@pytest.mark.parametrize(
    ("origin", "key", "status"),
    [
        ("https://evil.example", None, 403),
        ("http://127.0.0.1.evil.example:8080", None, 403),
        ("null", None, 403),
        ("http://[", None, 403),
        ("http://localhost:8080", None, 200),
        ("http://127.0.0.1:8080", None, 200),
        ("https://own.example", "sesame", 200),
    ],
)
async def test_pages_of_other_sites_are_refused_where_there_is_no_key(origin, key, status):
    headers = {"origin": origin, "authorization": "Bearer sesame"}
    reply = await client_of(api_key=key).post("/v2/rerank", json=BODY, headers=headers)
    assert reply.status_code == status


# The body


@pytest.mark.parametrize("path", PATHS)
async def test_a_body_that_is_too_large_in_each_protocol(path):
    client = client_of(max_body_mb=0.001)
    reply = await client.post(path, json={"query": QUERY, "documents": [TOWER * 100]})
    assert reply.status_code == 413
    assert "larger than the 1,000 bytes" in message_of(path, reply)
    assert (await client.post("/v2/rerank", json=BODY)).status_code == 200


@pytest.mark.enable_socket
def test_50_megabytes_are_refused_with_a_message_and_the_server_lives_on():
    import httpx

    def body():  # in pieces, without a Content-Length
        yield b'{"query": "who", "documents": ["'
        for _ in range(50):
            yield b"x" * 1_000_000
        yield b'"]}'

    with listening(app_of()) as (url, _), httpx.Client(timeout=60) as client:
        for content in (body(), b"".join(body())):
            reply = client.post(f"{url}/v2/rerank", content=content, headers=JSON)
            assert reply.status_code == 413
            assert "larger than the 4,000,000 bytes" in reply.json()["message"]
        assert client.post(f"{url}/v2/rerank", json=BODY).status_code == 200


@pytest.mark.enable_socket
def test_a_content_length_that_lies_and_a_client_that_asks_first():
    import socket

    with listening(app_of(timeout_s=0.5)) as (url, _):
        port = int(url.rpartition(":")[2])
        for headers, told in (
            ("Content-Length: 10", b"413"),  # a body of 10 bytes that is too large as it says
            ("Content-Length: 99999999\r\nExpect: 100-continue", b"413"),
            ("Content-Length: 1000", b"408"),  # it never arrives
        ):
            with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
                head = f"POST /v2/rerank HTTP/1.1\r\nHost: x\r\n{headers}\r\n"
                connection.sendall(f"{head}Content-Type: application/json\r\n\r\n".encode())
                if told == b"413" and "Expect" not in headers:
                    connection.sendall(b'{"query": ')
                    told = b"400"  # cut short, as it said
                assert told in connection.recv(4096).split(b"\r\n")[0]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"[" * 1_000_000, "more than 32 levels deep"),
        (b'{"query": ' * 100_000, "more than 32 levels deep"),
        (b"[" + b"0," * 300_000 + b"0]", "more than 200,000 values"),
        (b'{"query": "who", "documents": ["a"', "the body is not JSON"),
        (b"", "required"),
        (b'"text"', "valid dictionary"),
        (b'{"query": "\xff"}', "not UTF-8 (byte 11)"),
        ('{"query": "who"}'.encode("utf-16-le"), "NUL"),
    ],
)  # fmt: skip
async def test_json_that_is_none_or_too_much(path, body, told):
    if told == "more than 200,000 values":
        body = body[:700_000]
    reply = await client_of().post(path, content=body, headers=JSON)
    assert reply.status_code in (400, 413, 422)
    assert told in message_of(path, reply)


def test_brackets_within_strings_are_not_counted():
    deep = [json.dumps({"a": text}) for text in ("[" * 99, '\\"[' * 99, "\\\\[" * 9, '"[{,' * 99)]
    for text in deep:
        check_json(text.encode(), 400)
    for text in ("[" * (MAX_DEPTH + 1), '["\\\\",' * (MAX_DEPTH + 1), '["\\"]",' * (MAX_DEPTH + 1)):
        with pytest.raises(RequestError, match="levels deep"):
            check_json(text.encode(), 400)
    check_json(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH, 400)
    with pytest.raises(RequestError, match="values"):
        check_json(b'"",' * (MAX_VALUES + 1), 400)


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ({"content-type": "text/plain"}, "must be JSON"),
        ({}, "must be JSON"),
        ({**JSON, "content-encoding": "gzip"}, "without Content-Encoding"),
    ],
)
async def test_other_kinds_of_bodies(headers, told):
    reply = await client_of().post("/v2/rerank", content=b"{}", headers=headers)
    assert reply.status_code == 415
    assert told in reply.json()["message"]


@pytest.mark.parametrize("path", ["/v2/rerank", "/v1/rerank", "/rerank", "/v1/compress"])
async def test_10_000_documents(path):
    reply = await client_of().post(path, json={"query": QUERY, "documents": ["a"] * 10_000})
    assert reply.status_code in (400, 422)
    assert "10,000 documents are more than the 1,000" in message_of(path, reply)


async def test_10_000_wrong_documents_are_one_problem():
    reply = await client_of().post("/v2/rerank", json={"query": QUERY, "documents": [3] * 10_000})
    assert reply.json()["message"].count("must be a string") == 1


async def test_a_document_that_is_too_long():
    client = client_of(max_characters=50)
    reply = await client.post("/v2/rerank", json={"query": QUERY, "documents": [FRUIT, TOWER]})
    assert "document 1 has 68 characters, more than the 50" in reply.json()["message"]


async def test_a_question_that_is_too_long():
    reply = await client_of().post("/v2/rerank", json={**BODY, "query": "who " * 20_000})
    assert "query: string should have at most 50000" in reply.json()["message"]


@pytest.mark.parametrize("path", ["/v2/rerank", "/nowhere", "/rerank/x"])
async def test_what_is_not_there(path):
    reply = await client_of().get(path)
    assert reply.status_code in (404, 405)
    assert "/openapi.json" in reply.text


# The queue and the deadline


@pytest.mark.parametrize("path", PATHS[:4])
async def test_a_full_queue_in_each_protocol(path):
    scorer = Held()
    app = app_of(scorer, max_requests=2)
    client = client_of(app=app)
    waiting = [asyncio.ensure_future(client.post("/v2/rerank", json=BODY)) for _ in range(2)]
    await asyncio.to_thread(scorer.entered.wait)
    reply = await client.post(path, json=BODY)
    assert reply.status_code == 429
    assert int(reply.headers["retry-after"]) >= 1
    assert "2 requests are under way" in message_of(path, reply)
    assert (await client.get("/health")).status_code == 200
    scorer.go.set()
    assert [it.status_code for it in await asyncio.gather(*waiting)] == [200, 200]
    assert (await client.post(path, json=BODY)).status_code == 200


async def test_a_deadline_that_passes():
    scorer = Held()
    client = client_of(scorer, timeout_s=0.2)
    try:
        reply = await client.post("/v2/rerank", json=BODY)
        assert reply.status_code == 504
        assert "0.2 s had passed" in reply.json()["message"]
        reply = await client.post("/v1/compress", json=BODY)
        assert reply.status_code == 200
        assert reply.json()["outcome"] == "timed_out"
        assert reply.json()["text"] == TOWER
        long = {"query": QUERY, "documents": [TOWER * 1_000]}  # more than one batch
        reply = await client.post("/v1/compress", json=long)
        assert reply.json()["outcome"] == "timed_out"
        assert (await client.post("/v2/rerank", json=long)).status_code == 504
    finally:
        scorer.go.set()


@pytest.mark.enable_socket
def test_who_hangs_up_leaves_the_queue():
    import httpx

    scorer = Held()
    app = app_of(scorer, max_requests=2)
    with listening(app) as (url, _):
        first = threading.Thread(
            target=lambda: httpx.post(f"{url}/v2/rerank", json=BODY, timeout=60)
        )
        first.start()
        assert scorer.entered.wait(60)
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(f"{url}/v2/rerank", json={**BODY, "query": "impatient"}, timeout=0.3)

        def left():
            reply = httpx.get(f"{url}/metrics")
            return 'recomp_requests_total{endpoint="/v2/rerank",status="499"} 1.0' in reply.text

        wait_until(left)  # and its place is free again
        scorer.go.set()
        first.join(60)
        assert httpx.post(f"{url}/v2/rerank", json=BODY, timeout=60).status_code == 200
    assert "impatient" not in scorer.queries


async def test_who_does_not_read_the_answer_leaves_its_place():
    app = app_of(timeout_s=0.2)
    messages = [{"type": "http.request", "body": json.dumps(BODY).encode(), "more_body": False}]
    forever = asyncio.Event()

    async def receive():
        if not messages:
            await forever.wait()
        return messages.pop()

    async def send(message):
        await forever.wait()

    scope = {"type": "http", "method": "POST", "path": "/v2/rerank", "raw_path": b"/v2/rerank",
             "query_string": b"", "headers": [(b"content-type", b"application/json")],
             "http_version": "1.1", "scheme": "http", "root_path": ""}  # fmt: skip
    await app(scope, receive, send)
    lines = (await client_of(app=app).get("/metrics")).text.splitlines()
    assert 'recomp_requests_total{endpoint="/v2/rerank",status="499"} 1.0' in lines
    assert "recomp_requests_under_way 0.0" in lines


async def test_nothing_is_mixed_up_between_concurrent_callers():
    scorer = Words()
    client = client_of(scorer)

    async def one(number):
        name, other = f"n{number}", f"n{number + 1}"
        documents = [
            f"The {other} is here. Nobody knows.",
            f"It was {name} who came. Then he left.",
        ]
        question = f"{name} who came"
        if number % 2:
            body = {"query": question, "documents": documents, "settings": {"top_k": 1}}
            reply = (await client.post("/v1/compress", json=body)).json()
            assert reply["text"] == f"It was {name} who came."
        else:
            body = {"query": question, "documents": documents, "return_documents": True}
            reply = (await client.post("/v1/rerank", json=body)).json()
            assert [it["document"]["text"] for it in reply["results"]] == documents[::-1]

    await asyncio.gather(*(one(number) for number in range(100)))
    assert sum(scorer.batches) == 100
    assert len(scorer.batches) < 100  # they shared batches


# The log and the metrics


class Fails:
    def score(self, tasks):
        raise RuntimeError(f"no score for {tasks[0].documents[0].text!r}")


async def test_an_error_within_is_told_without_the_documents(caplog):
    caplog.set_level(logging.DEBUG)
    client = client_of(Fails())
    for path in PATHS[:4]:
        headers = {"x-request-id": "abc-1"}
        reply = await client.post(path, json=BODY, headers=headers)
        assert reply.status_code == 500
        assert reply.headers["x-request-id"] == "abc-1"
        assert "abc-1" in message_of(path, reply)
        assert "tower" not in reply.text
    assert (await client.get("/health")).status_code == 200
    failed = [record.facts for record in caplog.records if record.getMessage() == "failed"]
    assert failed[0]["error"] == "RuntimeError"
    assert failed[0]["through"][-1].endswith(" score")


async def test_no_log_holds_a_text_or_a_key(caplog):
    from recomp_core.server.logs import JsonLines

    caplog.set_level(logging.DEBUG)
    secret = "Zanzibar"
    requests = [
        {"query": f"who saw {secret}", "documents": [f"Bob saw {secret}. He left."]},
        {"query": f"who saw {secret}", "documents": [{"text": 3, secret: secret}]},
        {"query": "", "documents": [secret], secret: [secret]},
    ]
    for scorer in (shared_words, Fails()):
        client = client_of(scorer, api_key=f"key-{secret}")
        for path in (*PATHS, f"/{secret}"):
            for body in requests:
                for key in (f"key-{secret}", f"wrong-{secret}"):
                    headers = {"authorization": f"Bearer {key}", "x-request-id": f"{secret} \n"}
                    await client.post(path, json=body, headers=headers, params={"q": secret})
        await client.post(PATHS[0], content=f'{{"{secret}'.encode(), headers=JSON)
        headers = {"authorization": f"Bearer key-{secret}"}
        metrics = (await client.get("/metrics", headers=headers)).text
        assert secret not in metrics
    records = [r for r in caplog.records if not r.name.startswith("http")]  # the client's own
    lines = [JsonLines().format(record) for record in records]
    assert len(lines) > 50
    assert not [line for line in lines if secret in line]
    assert all(json.loads(line)["event"] for line in lines)


async def test_metrics_count_requests_documents_and_outcomes():
    client = client_of()
    body = {"query": QUERY, "documents": [TOWER, FRUIT], "settings": {"top_k": 1}}
    kept = (await client.post("/v1/compress", json=body)).json()["text"]
    await client.post("/v1/compress", json={})
    await client.get("/some/path")
    reply = await client.get("/metrics")
    assert reply.headers["content-type"].startswith("text/plain")
    lines = set(reply.text.splitlines())
    assert {
        'recomp_requests_total{endpoint="/v1/compress",status="200"} 1.0',
        'recomp_requests_total{endpoint="/v1/compress",status="400"} 1.0',
        'recomp_requests_total{endpoint="other",status="404"} 1.0',
        'recomp_documents_total{endpoint="/v1/compress"} 2.0',
        f'recomp_characters_total{{endpoint="/v1/compress",side="given"}} {len(TOWER + FRUIT)}.0',
        f'recomp_characters_total{{endpoint="/v1/compress",side="kept"}} {len(kept)}.0',
        'recomp_outcomes_total{outcome="compressed"} 1.0',
        "recomp_requests_under_way 0.0",
    } <= lines


def test_two_applications_have_figures_of_their_own():
    app_of()
    app_of()


async def test_the_description_names_every_endpoint():
    description = (await client_of().get("/openapi.json")).json()
    assert {*PATHS, "/api/compress/question-specific/batch", "/health", "/metrics"} == {
        *description["paths"]
    }
    settings = description["components"]["schemas"]["RequestSettings"]["properties"]
    assert "Keep at most this many sentences" in settings["top_k"]["description"]
    assert not {"model", "store", "tokenizer", "selector"} & set(settings)


# The stop


@pytest.mark.enable_socket
def test_at_a_stop_requests_under_way_finish_and_new_ones_are_refused():
    import httpx

    scorer = Held()
    replies = []
    with listening(app_of(scorer)) as (url, server):
        asking = threading.Thread(
            target=lambda: replies.append(httpx.post(f"{url}/v2/rerank", json=BODY, timeout=60))
        )
        asking.start()
        assert scorer.entered.wait(60)
        server.should_exit = True

        def refused():
            try:
                httpx.get(f"{url}/health", timeout=5)
            except httpx.TransportError:
                return True
            return False

        wait_until(refused)
        assert not replies
        time.sleep(0.05)
        scorer.go.set()
        asking.join(60)
    assert replies[0].status_code == 200
    assert replies[0].json()["results"][0]["index"] == 0
