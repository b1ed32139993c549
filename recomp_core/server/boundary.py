"""What every request passes on its way in and out, as one piece of ASGI middleware.

The key; how many requests are under way; the body and its limits; the deadline; a client that
hangs up; the log and the metrics. What comes through to the application is a whole body of JSON.
"""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import json
import logging
import math
import re
import time
from collections.abc import Awaitable, Callable, Collection, MutableMapping
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from ..runtime.deadline import Deadline
from .bodies import HungUpError, Message, Receive, check_json, discard_body, read_body
from .errors import BUSY, FAILED, LATE, RequestError, error_body, invalid_status
from .logs import error_facts, log
from .metrics import Metrics
from .settings import ServerSettings

Scope = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

LEFT = 499
"""The status under which a client that hung up is counted; nobody reads it."""

_OPEN = ("/health",)  # without a key
_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_LONGEST_WAIT_S = 30


@dataclass
class Exchange:
    """One request and its answer.

    Attributes:
        scope: ASGI's description of it.
        endpoint: Its path if there is such an endpoint, else "other".
        headers: Its headers, names in lower case; of several of one name the last.
        id: What it is called in the log and in the answer.
        deadline: When it has to be answered.
        facts: What the endpoint tells for the log and the metrics.
        status: The status of the answer; 0 before there is one.
        finished: Whether the whole answer was sent.
    """

    scope: Scope
    endpoint: str
    headers: dict[str, str]
    id: str
    deadline: Deadline
    facts: dict[str, Any] = field(default_factory=dict)
    status: int = 0
    finished: bool = False


class Boundary:
    """An ASGI application around another, see the module.

    Args:
        app: The application.
        settings: The limits.
        metrics: Where the figures go.
        endpoints: The paths that are measured by their names.
        api_key: The key that clients must send; None to serve everybody.
    """

    def __init__(
        self,
        app: App,
        *,
        settings: ServerSettings,
        metrics: Metrics,
        endpoints: Collection[str],
        api_key: str | None = None,
    ) -> None:
        self.app = app
        self.settings = settings
        self.metrics = metrics
        self.endpoints = frozenset(endpoints)
        self._key = None if api_key is None else _digest(api_key)
        self._under_way = 0
        self._mean_s = 0.0  # how long a request took of late

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request.

        Args:
            scope: ASGI's description of the connection.
            receive: ASGI's function for the client's messages.
            send: ASGI's function for the answer.
        """
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.monotonic()
        exchange = self._exchange(scope)
        sends = _noting(exchange, send)
        try:
            await self._serve(exchange, receive, sends)
        except HungUpError:
            exchange.status = LEFT
        except RequestError as error:
            await _send_error(exchange, error, sends)
        except Exception as error:  # the server lives on, and the message may quote a document
            log("failed", logging.ERROR, id=exchange.id, **error_facts(error))
            if not exchange.status:
                told = f"an error within the server, which its log has under {exchange.id}"
                await _send_error(exchange, RequestError(500, FAILED, told), sends)
        finally:
            self._note(exchange, time.monotonic() - started)

    async def _serve(self, exchange: Exchange, receive: Receive, send: Send) -> None:
        path, posts = exchange.scope["path"], exchange.scope["method"] == "POST"
        refusal = self._refusal(exchange, path)
        if refusal is None and not posts:
            await self.app(exchange.scope, receive, send)
            return
        if refusal is None and self._under_way >= self.settings.max_requests:
            refusal = self._busy()
        if refusal is not None:
            if "expect" not in exchange.headers:
                await _in_time(discard_body(receive), exchange.deadline)
            raise refusal
        self._under_way += 1
        self.metrics.under_way.set(self._under_way)
        started = time.monotonic()
        try:
            await self._answer(exchange, receive, send)
        finally:
            self._under_way -= 1
            self.metrics.under_way.set(self._under_way)
            self._mean_s += (time.monotonic() - started - self._mean_s) / 8

    async def _answer(self, exchange: Exchange, receive: Receive, send: Send) -> None:
        reading = read_body(receive, exchange.headers, self.settings.max_body)
        body = await _in_time(reading, exchange.deadline)
        check_json(body, invalid_status(exchange.scope["path"]))
        messages = [{"type": "http.request", "body": body, "more_body": False}]

        async def replay() -> Message:
            return messages.pop() if messages else await receive()

        answering = asyncio.ensure_future(self.app(exchange.scope, replay, send))
        leaving = asyncio.ensure_future(_left(receive))
        try:
            # Who does not read the answer would hold a place for ever: it has as much time again.
            time_s = exchange.deadline.left + self.settings.timeout_s
            await asyncio.wait(
                {answering, leaving}, timeout=time_s, return_when=asyncio.FIRST_COMPLETED
            )
            if not answering.done() and not exchange.finished:
                raise HungUpError
            await answering
        finally:
            await _end(leaving)
            await _end(answering)

    def _exchange(self, scope: Scope) -> Exchange:
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1")
            for name, value in scope["headers"]
        }
        path = scope["path"]
        given = headers.get("x-request-id", "")
        exchange = Exchange(
            scope,
            endpoint=path if path in self.endpoints else "other",
            headers=headers,
            id=given if _ID.fullmatch(given) else uuid4().hex,
            deadline=Deadline(self.settings.timeout_s),
        )
        scope.setdefault("state", {})["exchange"] = exchange
        return exchange

    def _refusal(self, exchange: Exchange, path: str) -> RequestError | None:
        if path not in _OPEN and not self._has_key(exchange.headers):
            return RequestError(
                401,
                "unauthorized",
                "the key is missing or wrong: send it as Authorization: Bearer KEY",
                {"www-authenticate": "Bearer"},
            )
        if exchange.scope["method"] != "POST" or exchange.endpoint == "other":
            return None
        # Browsers name the page that sends a request, and a page can't know the key.
        if self._key is None and not _is_own_page(exchange.headers.get("origin")):
            return RequestError(
                403,
                "forbidden",
                "a page of another site sent this: without a key only pages of this machine may",
            )
        kind = exchange.headers.get("content-type", "").partition(";")[0].strip().lower()
        # Pages of other sites can send what is not JSON without asking first.
        if kind != "application/json":
            return RequestError(
                415, "invalid", "the body must be JSON: send Content-Type: application/json"
            )
        if exchange.headers.get("content-encoding", "identity").lower() != "identity":
            return RequestError(415, "invalid", "the body must be sent without Content-Encoding")
        return None

    def _has_key(self, headers: dict[str, str]) -> bool:
        if self._key is None:
            return True
        scheme, _, bearer = headers.get("authorization", "").partition(" ")
        given = bearer.strip() if scheme.lower() == "bearer" else headers.get("x-api-key", "")
        return hmac.compare_digest(_digest(given), self._key)

    def _busy(self) -> RequestError:
        wait_s = min(max(math.ceil(self._mean_s), 1), _LONGEST_WAIT_S)
        return RequestError(
            429,
            BUSY,
            f"{self.settings.max_requests} requests are under way: try again in {wait_s} s",
            {"retry-after": str(wait_s)},
        )

    def _note(self, exchange: Exchange, seconds: float) -> None:
        self.metrics.answered(exchange.endpoint, exchange.status, seconds)
        self.metrics.worked(exchange.endpoint, exchange.facts)
        level = logging.DEBUG if exchange.endpoint in ("/health", "/metrics") else logging.INFO
        log(
            "request",
            level,
            id=exchange.id,
            method=exchange.scope["method"] if exchange.endpoint != "other" else "other",
            endpoint=exchange.endpoint,
            status=exchange.status,
            seconds=round(seconds, 4),
            **exchange.facts,
        )


def _is_own_page(origin: str | None) -> bool:
    if origin is None:
        return True
    try:
        name = urlsplit(origin).hostname or ""
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _digest(key: str) -> bytes:
    """Of one length for all keys, so that comparing takes one time for all."""
    return sha256(key.encode("utf-8", "surrogatepass")).digest()


def _noting(exchange: Exchange, send: Send) -> Send:
    async def noting(message: Message) -> None:
        if message["type"] == "http.response.start":
            exchange.status = message["status"]
            message["headers"] = [
                *message.get("headers", ()), (b"x-request-id", exchange.id.encode())
            ]  # fmt: skip
        elif message["type"] == "http.response.body" and not message.get("more_body", False):
            exchange.finished = True
        await send(message)

    return noting


async def _send_error(exchange: Exchange, error: RequestError, send: Send) -> None:
    content = error_body(exchange.scope["path"], error)
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    headers = {"content-type": "application/json", "content-length": str(len(body))}
    if error.status in (408, 413) or "expect" in exchange.headers:
        headers["connection"] = "close"  # what is left of the body is not read
    await send(
        {
            "type": "http.response.start",
            "status": error.status,
            "headers": [(n.encode(), v.encode()) for n, v in (headers | error.headers).items()],
        }
    )
    await send({"type": "http.response.body", "body": body})


async def _in_time(reading: Any, deadline: Deadline) -> Any:
    try:
        return await asyncio.wait_for(reading, deadline.left)
    except (asyncio.TimeoutError, TimeoutError):
        raise RequestError(
            408, LATE, f"the body did not arrive within {deadline.timeout_s:g} s"
        ) from None


async def _left(receive: Receive) -> None:
    """Wait until the client hangs up, or the answer is sent."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _end(task: asyncio.Future[Any]) -> None:
    if not task.cancel():  # it has ended already
        if not task.cancelled():
            task.exception()  # asked for, so that asyncio does not log it
        return
    with suppress(asyncio.CancelledError, Exception):
        await task
