"""The endpoint client, over real sockets on the loopback interface."""

from __future__ import annotations

import asyncio
import copy
import gc
import json
import logging
import multiprocessing
import os
import pickle
import socket
import sys
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import PATIENCE
from openai_server import OpenAIServer, Reply, Request, error, without_environment
from pydantic import SecretStr

pytest.importorskip("openai", reason='needs pip install "recomp[openai]"')

from recomp_core.errors import SummaryError
from recomp_core.models.language_models.openai_chat import OpenAIChatModel

pytestmark = pytest.mark.enable_socket

KEY = "sk-a-secret-that-nobody-may-see"


@pytest.fixture(autouse=True)
def _alone(monkeypatch):
    without_environment(monkeypatch)


def chat(server: OpenAIServer, **settings) -> OpenAIChatModel:
    """Its pauses are written down instead of waited for."""
    settings = {"api_key": KEY, "max_retries": 0, "timeout": PATIENCE, **settings}
    model = OpenAIChatModel("a-model", base_url=server.base_url, **settings)
    model.pauses = pauses = []

    async def sleep(seconds):
        pauses.append(seconds)

    model._sleep = sleep
    return model


def echo(request: Request) -> Reply:
    return Reply(f"reply to {request.prompt}")


# The four ways to ask; each gives the whole reply or raises.


def called(model, prompt):
    return whole(model([prompt]))


def agenerated(model, prompt):
    return whole(asyncio.run(model.agenerate([prompt])))


def streamed(model, prompt):
    return "".join(model.stream(prompt))


def astreamed(model, prompt):
    async def pieces():
        return [piece async for piece in model.astream(prompt)]

    return "".join(asyncio.run(pieces()))


def whole(replies):
    [reply] = replies
    if isinstance(reply, Exception):
        raise reply
    return reply


WAYS = [called, agenerated, streamed, astreamed]


@pytest.mark.parametrize("ask", WAYS)
def test_the_prompt_goes_out_and_the_reply_comes_back(ask):
    with OpenAIServer(Reply("Koechlin and Nouguier drew it.")) as server:
        assert ask(chat(server), "who drew {the} tower?") == "Koechlin and Nouguier drew it."
    [request] = server.requests
    assert request.path == "/v1/chat/completions"
    assert request.headers["authorization"] == f"Bearer {KEY}"
    stream = {"stream": True} if ask in (streamed, astreamed) else {}
    assert request.body == {
        "model": "a-model",
        "messages": [{"role": "user", "content": "who drew {the} tower?"}],
        "max_tokens": 512,
        "temperature": 0.0,
        **stream,
    }


def test_settings_reach_the_request_and_none_is_not_sent():
    body = {"thinking": {"type": "disabled"}, "max_completion_tokens": 9}
    with OpenAIServer() as server:
        called(chat(server, max_new_tokens=None, temperature=None, extra_body=body), "x")
        called(chat(server, max_new_tokens=7, temperature=0.5), "x")
    first, second = (request.body for request in server.requests)
    assert first == {
        "model": "a-model",
        "messages": [{"role": "user", "content": "x"}],
        "thinking": {"type": "disabled"},
        "max_completion_tokens": 9,
    }
    assert (second["max_tokens"], second["temperature"]) == (7, 0.5)


def test_replies_come_in_the_order_of_the_prompts():
    def slower_first(request: Request) -> Reply:
        return Reply(f"reply to {request.prompt}", delay=0.01 * (9 - int(request.prompt)))

    with OpenAIServer(reply_to=slower_first) as server:
        replies = chat(server, max_concurrency=10)([str(number) for number in range(10)])
    assert replies == [f"reply to {number}" for number in range(10)]


def test_no_prompts_no_requests():
    with OpenAIServer() as server:
        assert chat(server)([]) == []
    assert server.requests == []


def test_an_empty_reply_is_a_reply():
    with OpenAIServer(Reply("")) as server:
        assert called(chat(server), "x") == ""
        assert streamed(chat(server), "x") == ""


def test_characters_that_cannot_be_sent_are_replaced():
    with OpenAIServer() as server:
        called(chat(server), "half a pair: \ud83d.")
    assert server.requests[0].prompt == "half a pair: \ufffd."


FAILURES = {
    "key turned down": (error(401, "bad key"), "unauthorized", "bad key"),
    "key not allowed": (error(403, "not yours"), "unauthorized", "not yours"),
    "unknown model": (error(404, "no model a-model"), "invalid", "no model a-model"),
    "prompt too long": (error(400, "context length is 4096"), "invalid", "length is 4096"),
    "prompt filtered": (error(400, "policy", "content_filter"), "filtered", "policy"),
    "no money": (error(402, "Insufficient Balance"), "quota", "Insufficient Balance"),
    "no quota": (error(429, "enough", "insufficient_quota"), "quota", "enough"),
    "out of order": (error(500, "oops"), "unavailable", "oops"),
    "overloaded": (error(503, "later"), "unavailable", "later"),
    "silent": (Reply(delay=PATIENCE), "timeout", "timeout=0.3"),
    "dripping": (Reply(delay=PATIENCE, drip=True), "timeout", "timeout=0.3"),
    "broken connection": (Reply(cut=True), "unavailable", "closed connection"),
    "nonsense": (Reply(body=b"{nonsense"), "malformed", ""),
    "a web page": (
        Reply(body=b"<html>", headers={"content-type": "text/html"}),
        "malformed",
        "",
    ),
    "no choices": (Reply(body=b'{"choices": []}'), "malformed", ""),
    "choices of no kind": (Reply(body=b'data: {"choices": [5]}\n\n'), "malformed", ""),
    "no text": (Reply(None), "malformed", "no text"),
    "too long": (Reply("The tower was", "length"), "cut", "max_new_tokens=512"),
    "given up": (Reply("The tower was", "abort"), "cut", "abort"),
    "filtered": (Reply("The tower", "content_filter"), "filtered", "filter"),
    "refused": (Reply(None, refusal="I can't help."), "refused", "I can't help."),
}


@pytest.mark.parametrize(("reply", "reason", "words"), FAILURES.values(), ids=FAILURES)
def test_what_is_no_whole_reply_is_an_error_with_its_reason(reply, reason, words):
    with OpenAIServer(reply) as server:
        model = chat(server, timeout=0.3 if reason == "timeout" else PATIENCE)
        for ask in (called, streamed):
            with pytest.raises(SummaryError) as caught:
                ask(model, "x")
            assert caught.value.reason == reason
            assert words in str(caught.value)
            assert f"a-model at {server.base_url}" in str(caught.value)
    assert len(server.requests) == 2


@pytest.mark.parametrize("ask", [agenerated, astreamed])
def test_the_asynchronous_ways_give_the_same_errors(ask):
    with OpenAIServer(Reply("cut", "length")) as server, pytest.raises(SummaryError) as caught:
        ask(chat(server), "x")
    assert caught.value.reason == "cut"


def events(*chunks, done=True) -> Reply:
    """A stream of just these events."""
    sent = [b"data: " + json.dumps(chunk).encode() + b"\n\n" for chunk in chunks]
    return Reply(body=b"".join(sent) + b"data: [DONE]\n\n" * done)


def chunk(content, ending=None, index=0, **delta):
    delta = {"content": content, **delta}
    return {"choices": [{"index": index, "delta": delta, "finish_reason": ending}]}


def test_a_stream_that_ends_without_its_end_was_cut():
    words = [chunk("The"), chunk(" tower"), chunk(" was")]
    with OpenAIServer(events(*words, done=False)) as server:
        pieces = chat(server).stream("x")
        assert [next(pieces) for _ in range(3)] == ["The", " tower", " was"]
        with pytest.raises(SummaryError, match=r"not whole \(broken off\)") as caught:
            next(pieces)
    assert caught.value.reason == "cut"


@pytest.mark.parametrize("filler", ["null", "None", "FINISH_REASON_UNSPECIFIED"])
def test_what_says_nothing_of_the_end_is_no_end(filler):
    words = [chunk("The", filler), chunk(" tower", filler)]
    with OpenAIServer(events(*words, done=False)) as server:
        with pytest.raises(SummaryError) as caught:
            streamed(chat(server), "x")
    assert caught.value.reason == "cut"
    for end in [[], [chunk("", "stop")], [chunk("", "stop"), chunk("", filler)]]:
        with OpenAIServer(events(*words, *end, done=not end)) as server:
            assert streamed(chat(server), "x") == "The tower"
    with OpenAIServer(events(*words, chunk("", "length"), chunk("", filler))) as server:
        with pytest.raises(SummaryError, match="cut"):
            streamed(chat(server), "x")


def test_a_character_may_come_in_two_chunks():
    halves = [chunk("a \ud83d"), chunk("\ude80 b"), chunk("\ud83d", "stop")]
    with OpenAIServer(events(*halves)) as server:
        assert streamed(chat(server), "x") == "a \U0001f680 b\ufffd"


@pytest.mark.parametrize("ask", [called, streamed])
def test_an_ending_may_be_a_mapping_that_names_it(ask):
    with OpenAIServer(Reply("Bob did.", finish_reason={"type": "stop", "matched": 7})) as server:
        assert ask(chat(server), "x") == "Bob did."
    with OpenAIServer(Reply("Bob", finish_reason={"type": "length", "length": 9})) as server:
        with pytest.raises(SummaryError, match="raise the limit"):
            ask(chat(server), "x")


@pytest.mark.parametrize(
    "sent",
    [
        [chunk("Bob"), chunk(" did.")],
        [chunk("Bob"), chunk(" did.", "")],
        [chunk("Ann", index=1), chunk("Bob"), chunk(" did.", "stop"), chunk("!", "stop", index=1)],
        [chunk([]), chunk("Bob did."), chunk([], "stop")],
        [chunk([{"type": "text", "text": "Bob did."}]), chunk("", "stop")],
        [chunk("Bob did.", "stop"), {"choices": [], "usage": {"completion_tokens": 2}}],
        [chunk([{"text": "hm", "thought": True}]), chunk("Bob did.", "stop")],
    ],
    ids=["no ending", "an empty one", "two choices", "no blocks", "blocks", "usage", "thought"],
)
def test_the_pieces_of_a_stream(sent):
    with OpenAIServer(events(*sent)) as server:
        assert streamed(chat(server), "x") == "Bob did."


TOOL = {"tool_calls": [{"index": 0, "function": {"name": "f", "arguments": "{}"}}]}
WRITTEN = {"usage": {"prompt_tokens": 80, "completion_tokens": 260}, "choices": []}
THOUGHT_ABOUT = {"usage": {"completion_tokens_details": {"reasoning_tokens": 9}}, "choices": []}


@pytest.mark.parametrize(
    ("sent", "reason", "words"),
    [
        ([chunk("", "stop"), THOUGHT_ABOUT], "malformed", "reasoning"),
        ([chunk("", "stop"), WRITTEN], "malformed", "no text, though the model wrote"),
        ([chunk(""), chunk(" ")], "cut", "broken off"),
        ([chunk([]), chunk([], "stop")], "malformed", "no text"),
        ([chunk(5)], "malformed", "no text (5)"),
        ([chunk([{"type": "refusal", "refusal": "Never."}], "stop")], "refused", "Never."),
        ([chunk(None, **TOOL), chunk(None, "tool_calls")], "malformed", "called a tool"),
        ([chunk("", **TOOL), chunk("", "stop")], "malformed", "called a tool"),
        ([chunk("Bob"), {"error": True, "message": "slow", "code": 429}], "quota", "(slow)"),
        ([chunk("Bob"), {"error": "gone", "status": 502}], "unavailable", "(gone)"),
    ],
)
def test_a_stream_that_is_no_reply_says_why_and_names_the_model_once(sent, reason, words):
    with OpenAIServer(events(*sent)) as server, pytest.raises(SummaryError) as caught:
        streamed(chat(server), "x")
    assert caught.value.reason == reason
    assert words in str(caught.value)
    assert str(caught.value).count("a-model at") == 1
    assert "max_new_tokens" not in str(caught.value)


def test_an_error_amid_a_stream_need_not_be_json():
    begun = events(chunk("Bob"), done=False).body
    sent = Reply(body=begun + b"event: error\ndata: the upstream is overloaded\n\n")
    with OpenAIServer(sent) as server, pytest.raises(SummaryError, match="upstream is") as caught:
        streamed(chat(server), "x")
    assert caught.value.reason == "unavailable"


def test_a_connection_that_served_a_stream_serves_again():
    with OpenAIServer(Reply("Bob did.")) as server:
        model = chat(server)
        assert [streamed(model, "x") for _ in range(3)] == ["Bob did."] * 3
        [pool] = [model._connection.client._client._transport._pool]
        assert len(pool.connections) == 1


def test_an_error_amid_a_stream_is_the_streams_error():
    body = b'data: {"error": {"message": "overloaded"}}\n\n'
    with OpenAIServer(Reply(body=body)) as server, pytest.raises(SummaryError) as caught:
        streamed(chat(server), "x")
    assert caught.value.reason == "unavailable"
    assert "overloaded" in str(caught.value)


@pytest.mark.parametrize("ask", WAYS)
def test_nobody_listens(ask):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        base_url = f"http://127.0.0.1:{unused.getsockname()[1]}/v1"
    model = OpenAIChatModel("a-model", base_url=base_url, api_key=KEY, max_retries=0)
    with pytest.raises(SummaryError) as caught:
        ask(model, "x")
    assert caught.value.reason == "unavailable"


def test_one_bad_prompt_costs_the_others_nothing():
    def one_bad(request: Request) -> Reply:
        return error(400, "too long") if request.prompt == "bad" else echo(request)

    with OpenAIServer(reply_to=one_bad) as server:
        first, second, third = chat(server)(["a", "bad", "b"])
    assert (first, third) == ("reply to a", "reply to b")
    assert isinstance(second, SummaryError)
    assert second.reason == "invalid"


@pytest.mark.parametrize("ask", [called, streamed])
@pytest.mark.parametrize(
    "trouble",
    [
        error(500, "oops", retry_after_ms="1"),
        error(429, "slow", retry_after_ms="1"),
        Reply(cut=True, status=503, headers={"retry-after-ms": "1"}),
    ],
    ids=["500", "429", "503 and cut"],
)
def test_what_passes_is_tried_again(ask, trouble):
    with OpenAIServer(trouble, Reply("at last")) as server:
        assert ask(chat(server, max_retries=1), "x") == "at last"
    assert len(server.requests) == 2


@pytest.mark.parametrize("ask", [called, streamed])
@pytest.mark.parametrize("ending", ["error", "network_error", "insufficient_system_resource"])
def test_a_reply_that_trouble_ended_is_tried_again(ask, ending):
    with OpenAIServer(Reply("", finish_reason=ending), Reply("at last")) as server:
        model = chat(server, max_retries=1)
        assert ask(model, "x") == "at last"
    assert len(server.requests) == 2
    assert len(model.pauses) == 1
    with OpenAIServer(Reply("", finish_reason=ending)) as server:
        with pytest.raises(SummaryError, match=f"broke the reply off .{ending}.") as caught:
            ask(chat(server, max_retries=1), "x")
    assert caught.value.reason == "unavailable"


def test_what_a_broken_off_reply_cost_counts():
    body = {"choices": [{"message": {"content": "Bob"}, "finish_reason": "error"}],
            "usage": {"prompt_tokens": 5, "completion_tokens": 2}}  # fmt: skip
    with OpenAIServer(Reply(body=json.dumps(body).encode())) as server:
        model = chat(server, max_retries=1)
        with pytest.raises(SummaryError):
            called(model, "x")
    usage = model.meter.usage
    assert (usage.requests, usage.input_tokens, usage.output_tokens) == (2, 10, 4)


GONE = {"error": {"code": 502, "message": "gone"}}


@pytest.mark.parametrize(
    "begun",
    [
        [chunk("", role="assistant"), GONE],
        [chunk(None, reasoning_content="hm"), chunk("<think>ho"), GONE],
        [chunk("", "error")],
    ],
)
def test_a_stream_is_tried_again_as_long_as_nothing_of_it_was_passed_on(begun):
    with OpenAIServer(events(*begun), Reply("at last")) as server:
        assert streamed(chat(server, max_retries=1), "x") == "at last"
    assert len(server.requests) == 2


def test_a_stream_that_has_begun_is_not_begun_again():
    with OpenAIServer(events(chunk("Bob"), GONE), Reply("at last")) as server:
        pieces = chat(server, max_retries=1).stream("x")
        assert next(pieces) == "Bob"
        with pytest.raises(SummaryError, match="gone") as caught:
            next(pieces)
    assert caught.value.reason == "unavailable"
    assert len(server.requests) == 1


def test_a_slow_attempt_is_tried_again():
    # With more than one retry: on a busy machine the second attempt may be slow, too.
    with OpenAIServer(Reply(delay=PATIENCE, drip=True), Reply("at last")) as server:
        assert called(chat(server, max_retries=5, timeout=0.5), "x") == "at last"
    assert len(server.requests) >= 2


def test_retries_end():
    with OpenAIServer(error(429, "slow", retry_after_ms="1")) as server:
        with pytest.raises(SummaryError) as caught:
            called(chat(server, max_retries=2), "x")
    assert caught.value.reason == "quota"
    assert len(server.requests) == 3


def test_retry_after_is_obeyed():
    with OpenAIServer(error(429, "slow", retry_after="75"), Reply()) as server:
        model = chat(server, max_retries=1)
        called(model, "x")
    assert model.pauses == [75]


def test_a_pause_of_minutes_is_not_waited_for():
    with OpenAIServer(error(429, "slow", retry_after="121")) as server:
        model = chat(server, max_retries=1)
        with pytest.raises(SummaryError) as caught:
            called(model, "x")
    assert caught.value.reason == "quota"
    assert model.pauses == []
    assert len(server.requests) == 1


def test_what_is_hopeless_is_not_tried_again():
    with OpenAIServer(error(401, "bad key")) as server:
        with pytest.raises(SummaryError):
            called(chat(server, max_retries=3), "x")
    assert len(server.requests) == 1


# Concurrency. The barrier lets nobody pass until three requests are under way.


def three_at_once():
    barrier = threading.Barrier(3)

    def meet(request: Request) -> Reply:
        barrier.wait(PATIENCE)
        return Reply(delay=0.02)

    return meet


def test_as_many_requests_at_once_as_allowed_and_no_more():
    with OpenAIServer(reply_to=three_at_once()) as server:
        assert chat(server, max_concurrency=3)(["x"] * 9) == ["a summary"] * 9
    assert server.most_at_once == 3


def test_one_limit_for_all_threads_event_loops_and_streams():
    with OpenAIServer(reply_to=three_at_once()) as server, ThreadPoolExecutor(6) as pool:
        model = chat(server, max_concurrency=3)
        asked = [
            pool.submit(ask, model, "x")
            for ask in (called, agenerated, streamed, astreamed, called, agenerated)
        ]
        assert [future.result() for future in asked] == ["a summary"] * 6
    assert server.most_at_once == 3


def test_one_model_serves_one_event_loop_after_another():
    with OpenAIServer(reply_to=echo) as server:
        model = chat(server)
        assert [agenerated(model, prompt) for prompt in "ab"] == ["reply to a", "reply to b"]
        assert [astreamed(model, prompt) for prompt in "ab"] == ["reply to a", "reply to b"]


async def test_calling_works_where_an_event_loop_runs():
    with OpenAIServer(reply_to=echo) as server:
        assert chat(server)(["a"]) == ["reply to a"]


async def test_agenerate_does_not_block_the_event_loop():
    went_on = threading.Event()

    def once_the_loop_goes_on(_: Request) -> Reply:
        return Reply("free" if went_on.wait(PATIENCE / 2) else "blocked")

    async def go_on():
        went_on.set()

    with OpenAIServer(reply_to=once_the_loop_goes_on) as server:
        replies, _ = await asyncio.gather(chat(server).agenerate(["x"]), go_on())
    assert replies == ["free"]


async def test_a_cancelled_request_frees_its_place():
    def hold(request: Request) -> Reply:
        return Reply(delay=PATIENCE if request.prompt == "held" else 0)

    with OpenAIServer(reply_to=hold) as server:
        model = chat(server, max_concurrency=1)
        held = asyncio.create_task(model.agenerate(["held"]))
        while not server.requests:
            await asyncio.sleep(0.01)
        held.cancel()
        assert await asyncio.wait_for(model.agenerate(["free"]), PATIENCE / 2) == ["a summary"]
        with pytest.raises(asyncio.CancelledError):
            await held


# Streaming. The server sends one word and holds the others until the gate opens.


def test_pieces_come_as_they_are_written():
    gate = threading.Event()
    with OpenAIServer(Reply("one two three", gate=gate)) as server:
        pieces = chat(server).stream("x")
        assert next(pieces) == "one"
        gate.set()
        assert list(pieces) == [" two", " three"]


async def test_pieces_come_as_they_are_written_asynchronously():
    gate = threading.Event()
    with OpenAIServer(Reply("one two three", gate=gate)) as server:
        pieces = chat(server).astream("x")
        assert await anext(pieces) == "one"
        gate.set()
        assert [piece async for piece in pieces] == [" two", " three"]


async def test_an_abandoned_stream_frees_its_place():
    held = Reply("one two", gate=threading.Event())
    with OpenAIServer(held, Reply("next"), held, Reply("next")) as server:
        model = chat(server, max_concurrency=1, timeout=PATIENCE)
        pieces = model.stream("x")
        assert next(pieces) == "one"
        pieces.close()
        assert await asyncio.wait_for(model.agenerate(["x"]), PATIENCE / 2) == ["next"]
        apieces = model.astream("x")
        assert await anext(apieces) == "one"
        await apieces.aclose()
        assert await asyncio.wait_for(model.agenerate(["x"]), PATIENCE / 2) == ["next"]
        held.gate.set()


# The life of a connection.


def test_a_model_that_is_dropped_ends_its_requests_silently(caplog, started_threads):
    with OpenAIServer(Reply("one two", gate=threading.Event())) as server:
        pieces = chat(server).stream("x")
        assert next(pieces) == "one"
        [thread] = [t for t in started_threads if t.name == "recomp-language-model"]
        del pieces
        gc.collect()
        thread.join(PATIENCE)
    assert not thread.is_alive()
    assert caplog.text == ""


def test_nothing_is_started_before_the_first_request(started_threads):
    OpenAIChatModel("a-model", api_key=KEY)
    assert started_threads == []


def test_the_thread_ends_with_the_model(started_threads):
    with OpenAIServer() as server:
        model = chat(server)
        called(model, "x")
        [thread] = [t for t in started_threads if t.name == "recomp-language-model"]
        del model
        gc.collect()
        thread.join(PATIENCE)
    assert not thread.is_alive()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_process_connects_anew():
    def ask_again(model, results):
        results.put(model(["child"]))

    with OpenAIServer(reply_to=echo) as server:
        model = chat(server)
        called(model, "parent")
        context = multiprocessing.get_context("fork")
        results = context.SimpleQueue()
        child = context.Process(target=ask_again, args=(model, results), daemon=True)
        child.start()
        child.join(10)
        assert child.exitcode == 0
        assert results.get() == ["reply to child"]
        assert called(model, "parent") == "reply to parent"


# The key.


@pytest.mark.parametrize("ask", WAYS)
def test_an_endpoint_that_quotes_the_key_is_not_quoted(ask, caplog):
    caplog.set_level(logging.DEBUG)
    with OpenAIServer(error(401, f"Incorrect API key provided: {KEY}")) as server:
        with pytest.raises(SummaryError) as caught:
            ask(chat(server), "x")
    assert "Incorrect API key provided: [API key]" in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert KEY not in "".join(traceback.format_exception(caught.value))
    assert KEY not in repr(caught.value) + repr(vars(caught.value))
    assert KEY not in caplog.text
    assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"


def test_a_refusal_that_quotes_the_key_is_not_quoted():
    with OpenAIServer(Reply(None, refusal=f"never, {KEY}")) as server:
        with pytest.raises(SummaryError, match=r"never, \[API key\]"):
            called(chat(server), "x")


def test_a_long_message_is_cut_and_the_key_in_it_is_not():
    def after(request: Request) -> Reply:
        return error(401, "y" * int(request.prompt) + KEY + "z" * 300)

    with OpenAIServer(reply_to=after) as server:
        failures = chat(server)([str(length) for length in range(200, 301, 5)])
    for failure in failures:
        assert str(failure).endswith("…)")
        assert len(str(failure)) < 500
        assert KEY[:5] not in str(failure)


def test_the_key_is_not_shown_nor_written():
    with OpenAIServer() as server:
        model = chat(server)
        called(model, "x")  # the connection is there, too
    assert repr(model) == f"OpenAIChatModel('a-model', base_url='{server.base_url}')"
    for shown in (repr(model), str(model), f"{model}", repr(vars(model))):
        assert KEY not in shown
    for write in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="API key"):
            write(model)


@pytest.mark.parametrize(
    ("settings", "variable"),
    [({}, "OPENAI_API_KEY"), ({"api_key_env": "DEEPSEEK_API_KEY"}, "DEEPSEEK_API_KEY")],
)
def test_the_key_comes_from_the_environment(monkeypatch, settings, variable):
    monkeypatch.setenv(variable, f" {KEY}\n")
    with OpenAIServer(Reply(), error(401, "no")) as server:
        model = OpenAIChatModel("m", base_url=server.base_url, max_retries=0, **settings)
        called(model, "x")
        with pytest.raises(SummaryError, match=f"check the variable {variable}"):
            called(model, "x")
    assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"


def test_a_given_key_goes_before_the_environment(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "another")
    with OpenAIServer() as server:
        called(chat(server, api_key=SecretStr(KEY)), "x")
    assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"


def test_the_base_url_may_come_from_the_environment(monkeypatch):
    with OpenAIServer(Reply("found")) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        assert called(OpenAIChatModel("m", api_key=KEY), "x") == "found"


@pytest.mark.parametrize("key", [None, "", "  "])
def test_a_missing_key_is_said_at_once(key):
    with pytest.raises(ValueError, match="set the environment variable DEEPSEEK_API_KEY"):
        OpenAIChatModel("m", api_key=key, api_key_env="DEEPSEEK_API_KEY")


@pytest.mark.parametrize("key", ["sk-two words", "sk-two\nlines", "“sk-quoted”"])
def test_a_key_that_cannot_be_one_is_refused_and_not_shown(key):
    with pytest.raises(ValueError, match="API key holds") as caught:
        OpenAIChatModel("m", api_key=key)
    assert "sk-" not in str(caught.value)


# Settings.


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"model": " "}, "model must be"),
        ({"model": None}, "model must be"),
        ({"base_url": "localhost:8000"}, "base_url must begin with http"),
        ({"base_url": "https://"}, "base_url must begin with http"),
        ({"base_url": "https://me:secret@host/v1"}, "user name or password"),
        ({"timeout": 0}, "timeout must be"),
        ({"timeout": float("inf")}, "timeout must be"),
        ({"timeout": None}, "timeout must be"),
        ({"max_retries": -1}, "max_retries must be"),
        ({"max_concurrency": 0}, "max_concurrency must be"),
        ({"max_concurrency": True}, "max_concurrency must be"),
        ({"max_new_tokens": 0}, "max_new_tokens must be"),
        ({"max_new_tokens": 1.5}, "max_new_tokens must be"),
    ],
)
def test_settings_that_cannot_work_are_refused(settings, words):
    with pytest.raises(ValueError, match=words) as caught:
        OpenAIChatModel(**{"model": "m", "api_key": KEY, **settings})
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("extra_body", [["thinking"], {"schema": object()}])
def test_an_extra_body_that_cannot_be_sent_is_refused(extra_body):
    with pytest.raises(TypeError, match="extra_body"):
        OpenAIChatModel("m", api_key=KEY, extra_body=extra_body)


def test_the_extra_body_is_the_callers_own():
    extra_body = {"thinking": {"type": "disabled"}}
    with OpenAIServer() as server:
        model = chat(server, extra_body=extra_body)
        extra_body["thinking"]["type"] = "enabled"
        called(model, "x")
    assert server.requests[0].body["thinking"] == {"type": "disabled"}
    assert extra_body == {"thinking": {"type": "enabled"}}


@pytest.mark.parametrize(
    ("prompts", "words"), [("one prompt", "a list of strings"), (["a", 5], r"prompts\[1\]")]
)
def test_prompts_that_are_none_are_refused(prompts, words):
    with pytest.raises(TypeError, match=words):
        OpenAIChatModel("m", api_key=KEY)(prompts)


def test_the_missing_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "openai", None)
    with pytest.raises(ImportError, match=r'pip install "recomp\[openai\]"'):
        OpenAIChatModel("m", api_key=KEY)


def test_an_error_survives_the_way_between_processes():
    sent = pickle.loads(pickle.dumps(SummaryError("the reply was cut", "cut")))
    assert (str(sent), sent.reason) == ("the reply was cut", "cut")
