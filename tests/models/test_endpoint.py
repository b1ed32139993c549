"""Retries, pauses, budgets and order of an endpoint, without waiting."""

import email.utils
import threading
import time

import pytest
from conftest import PATIENCE
from openai_server import OpenAIServer, Reply, error, without_environment

from recomp_core.errors import BudgetError, EndpointError
from recomp_core.runtime.budget import Meter

pytest.importorskip("openai", reason='needs pip install "recomp[openai]"')
from recomp_core.models.language_models.endpoint import Endpoint, Pace

pytestmark = pytest.mark.enable_socket

OK = Reply(body=b'{"ok": true, "usage": {"prompt_tokens": 3, "completion_tokens": 2}}')


@pytest.fixture(autouse=True)
def _environment(monkeypatch):
    without_environment(monkeypatch)


def endpoint_of(server, **settings):
    """Its pauses are written down instead of waited for."""
    endpoint = Endpoint(
        base_url=server.base_url, api_key="secret-key", timeout=PATIENCE, **settings
    )
    endpoint.pauses = []

    async def sleep(seconds):
        endpoint.pauses.append(seconds)

    endpoint._sleep = sleep
    return endpoint


def post(endpoint, path="things", body=None):
    return endpoint.run(lambda: endpoint.post(path, body or {"x": 1}))


def test_a_reply_and_what_it_cost():
    with OpenAIServer(OK) as server:
        endpoint = endpoint_of(server)
        assert post(endpoint)["ok"] is True
        assert post(endpoint, "/root")["ok"] is True
        assert [request.path for request in server.requests] == ["/v1/things", "/root"]
        assert server.requests[0].headers["authorization"] == "Bearer secret-key"
    usage = endpoint.meter.usage
    assert (usage.requests, usage.input_tokens, usage.output_tokens) == (2, 6, 4)


@pytest.mark.parametrize(
    "trouble",
    [error(429, "slow"), error(500, "out"), error(503, "out"), Reply(body=b"{}", cut=True)],
)
def test_trouble_that_passes_is_waited_for_with_growing_pauses(trouble):
    with OpenAIServer(trouble, trouble, OK) as server:
        endpoint = endpoint_of(server)
        assert post(endpoint)["ok"] is True
        assert len(server.requests) == 3
    first, second = endpoint.pauses
    assert 0 <= first <= 1
    assert 0 <= second <= 2
    assert endpoint.meter.usage.requests == 3  # attempts are paid for


def test_retry_after_is_obeyed_in_both_its_forms():
    date = email.utils.formatdate(time.time() + 90, usegmt=True)
    with OpenAIServer(
        error(429, "slow", retry_after="75"), error(429, "slow", retry_after=date), OK
    ) as server:
        endpoint = endpoint_of(server)
        assert post(endpoint)["ok"] is True
    assert endpoint.pauses[0] == 75
    assert endpoint.pauses[1] == pytest.approx(90, abs=10)


def test_a_pause_of_hours_is_no_pause_but_an_end():
    with OpenAIServer(error(429, "come back tomorrow", retry_after="86400")) as server:
        endpoint = endpoint_of(server)
        with pytest.raises(EndpointError) as caught:
            post(endpoint)
    assert caught.value.reason == "quota"
    assert endpoint.pauses == []


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [
        (error(400, "bad"), "invalid"),
        (error(401, "who are you, secret-key?"), "unauthorized"),
        (error(402, "pay"), "quota"),
        (error(404, "no such model"), "invalid"),
        (error(429, "quota", code="insufficient_quota"), "quota"),
        (Reply(body=b'["a list"]'), "malformed"),
    ],
)
def test_trouble_that_does_not_pass_is_not_tried_again(trouble, reason):
    with OpenAIServer(trouble) as server:
        endpoint = endpoint_of(server)
        with pytest.raises(EndpointError) as caught:
            post(endpoint)
        assert len(server.requests) == 1
    assert caught.value.reason == reason
    assert "secret-key" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_at_last_it_gives_up():
    with OpenAIServer(error(500, "out")) as server:
        endpoint = endpoint_of(server, max_retries=3)
        with pytest.raises(EndpointError, match="out of order"):
            post(endpoint)
        assert len(server.requests) == 4


def test_the_budget_is_exact_whatever_is_under_way():
    with OpenAIServer(OK) as server:
        endpoint = endpoint_of(server, meter=Meter(max_requests=5), max_concurrency=4)
        results = dict(endpoint.each(lambda n: endpoint.post("x", {"n": n}), range(12)))
        assert len(server.requests) == 5
    spent = [isinstance(result, BudgetError) for result in results.values()]
    assert (len(spent), sum(spent)) == (12, 7)


def test_a_token_budget_ends_it_too():
    with OpenAIServer(OK) as server:  # 5 tokens each
        endpoint = endpoint_of(server, meter=Meter(max_tokens=12), max_concurrency=1)
        results = dict(endpoint.each(lambda n: endpoint.post("x", {"n": n}), range(6)))
        assert len(server.requests) == 3  # begun at 0, 5 and 10
    assert sum(isinstance(result, BudgetError) for result in results.values()) == 3


def test_results_come_as_they_finish_and_no_more_run_at_once_than_may():
    slow = threading.Event()

    def reply_to(request):
        if request.body["n"] == 0:
            slow.wait(PATIENCE)
        return OK

    with OpenAIServer(reply_to=reply_to) as server:
        endpoint = endpoint_of(server, max_concurrency=2)
        order = []
        for position, result in endpoint.each(lambda n: endpoint.post("x", {"n": n}), range(6)):
            order.append(position)
            if len(order) == 5:
                slow.set()
            assert result["ok"]
        assert order[-1] == 0
        assert sorted(order) == list(range(6))
        assert server.most_at_once <= 2


def test_no_more_is_asked_for_than_can_be_lost():
    """Whoever saves each result, slowly, would pay for the others again after a kill."""
    asked = []

    async def work(n):
        asked.append(n)
        return n

    with OpenAIServer(OK) as server:
        endpoint = endpoint_of(server, max_concurrency=4)
        for saved, _ in enumerate(endpoint.each(work, range(40))):
            time.sleep(0.005)
            assert len(asked) - saved <= 4
    assert sorted(asked) == list(range(40))


def test_closing_ends_what_is_left():
    closed = threading.Event()

    def reply_to(request):
        if request.body["n"] > 0:
            closed.wait(PATIENCE)
        return OK

    with OpenAIServer(reply_to=reply_to) as server:
        endpoint = endpoint_of(server, max_concurrency=1)
        results = endpoint.each(lambda n: endpoint.post("x", {"n": n}), range(1000))
        next(results)
        results.close()
        closed.set()
        assert len(server.requests) <= 2


async def test_requests_are_spread_over_the_minute():
    now, slept = [100.0], []

    async def sleep(seconds):
        slept.append(seconds)

    pace = Pace(30, clock=lambda: now[0])
    for _ in range(3):
        await pace.wait(sleep)
    assert slept == [2.0, 4.0]  # from the same moment on: at once, after 2 s, after 4 s
    now[0] = 200.0
    await pace.wait(sleep)
    assert len(slept) == 2
    free = Pace(None)
    await free.wait(sleep)
    assert len(slept) == 2


@pytest.mark.parametrize(
    "settings",
    [{"requests_per_minute": 0}, {"timeout": -1}, {"max_retries": -1}, {"base_url": "x"}],
)
def test_settings_that_cannot_work(settings):
    with pytest.raises(ValueError, match=next(iter(settings))):
        Endpoint(**{"base_url": "http://a/v1", "api_key": "k", **settings})


def test_it_is_neither_pickled_nor_copied():
    import copy

    endpoint = Endpoint(base_url="http://a/v1", api_key="secret-key")
    with pytest.raises(TypeError, match="key"):
        copy.copy(endpoint)
    assert "secret-key" not in repr(endpoint)
