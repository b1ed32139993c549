"""An endpoint over HTTP: its key, limits, retries and errors. Needs the extra `openai`."""

from __future__ import annotations

import asyncio
import email.utils
import os
import queue
import threading
import time
import weakref
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from ..._utils.checks import check_number, check_url, check_whole, require
from ...errors import BudgetError, EndpointError, Reason
from ...runtime.budget import Meter

if TYPE_CHECKING:
    from pydantic import SecretStr

T = TypeVar("T")
R = TypeVar("R")


class Endpoint:
    """One server that takes and gives JSON. Safe to share between threads and event loops.

    A request is tried again if the server is busy, down, slow or out of order. The pauses grow at
    random, to a minute at most; a server's own Retry-After goes before that, and one that asks for
    more than `longest_pause` is given up. All requests of this package go through here.

    The key is in no repr, log, error or file.

    Args:
        base_url: The address up to and including `/v1` where it has one; None for the environment
            variable OPENAI_BASE_URL, or else OpenAI itself.
        api_key: A string or a pydantic `SecretStr`; None for the variable `api_key_env`. A local
            server that wants no key takes any word.
        api_key_env: The environment variable that holds the key.
        timeout: Seconds until a reply must be whole, for each attempt.
        max_retries: The largest number of further attempts at one request.
        max_concurrency: The largest number of requests under way at one time, over all callers of
            this object.
        requests_per_minute: Attempts are spread over time so that there are no more than this; None
            for no limit.
        meter: Counts attempts and tokens, and ends them when the budget is spent; None for one
            without a budget.

    Raises:
        ImportError: The extra is not installed.
        ValueError: A setting cannot work, or there is no key.
    """

    error_type: type[EndpointError] = EndpointError
    """The class of the errors that this endpoint raises."""

    longest_pause = 600.0
    """The longest Retry-After that is waited for, in seconds."""

    def __init__(
        self,
        *,
        base_url: str | None = None,
        api_key: str | SecretStr | None = None,
        api_key_env: str = "OPENAI_API_KEY",
        timeout: float = 60.0,
        max_retries: int = 5,
        max_concurrency: int = 8,
        requests_per_minute: float | None = None,
        meter: Meter | None = None,
    ) -> None:
        require("openai", "openai", type(self).__name__)
        self.base_url = check_url(base_url)
        self.timeout = check_number("timeout", timeout, above=0, unit="seconds")
        self.max_retries = check_whole("max_retries", max_retries, at_least=0)
        self.max_concurrency = check_whole("max_concurrency", max_concurrency)
        if requests_per_minute is not None:
            check_number("requests_per_minute", requests_per_minute, above=0)
        self.meter = Meter() if meter is None else meter
        self._pace = Pace(requests_per_minute)
        self._api_key = _secret(api_key, api_key_env)
        self._key_place = f"the variable {api_key_env}" if api_key is None else "api_key="
        self._lock = threading.Lock()
        self._connection: Connection | None = None
        # Tests put their own clock here.
        self._sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    @property
    def _name(self) -> str:
        return self.base_url or "the endpoint"

    async def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Send one request. Await it within `each` or `run`.

        Args:
            path: Goes after the base URL; with a slash in front, after the server's root.
            body: The request, JSON values.

        Returns:
            The reply, a JSON object.

        Raises:
            EndpointError: The request failed, and no further attempt is worth it.
            BudgetError: The budget is spent; every attempt counts.
        """
        connection = self._connected()
        if path.startswith("/") and self.base_url:
            parts = urlsplit(self.base_url)
            path = f"{parts.scheme}://{parts.netloc}{path}"
        post = partial(connection.client.post, path, cast_to=object, body=dict(body))
        reply: Any = None
        failure = None
        try:
            reply = await self._with_retries(partial(self._in_slot, connection, post))
        except BudgetError:
            raise
        except Exception as error:
            failure = self._failure(error)
        if failure is not None:
            raise failure  # out here, so that the client's error is not its context
        if not isinstance(reply, dict):
            raise self._error("malformed", f"the reply is no JSON object but {str(reply)[:80]!r}")
        usage = reply.get("usage") or {}
        if isinstance(usage, dict):
            self.meter.add(
                input_tokens=_count(usage.get("prompt_tokens")),
                output_tokens=_count(usage.get("completion_tokens")),
            )
        return reply

    async def _with_retries(self, attempt: Callable[[], Awaitable[R]]) -> R:
        """The result of `attempt()`, which is repeated while its error may pass; or that error."""
        from tenacity import (
            AsyncRetrying,
            RetryCallState,
            retry_if_exception,
            stop_after_attempt,
            wait_random_exponential,
        )

        growing = wait_random_exponential(multiplier=1, max=60)

        def pause(state: RetryCallState) -> float:
            asked = _retry_after(state.outcome.exception() if state.outcome else None)
            return growing(state) if asked is None else asked

        async def once() -> R:  # tenacity awaits only what is declared async
            return await attempt()

        return await AsyncRetrying(
            stop=stop_after_attempt(self.max_retries + 1),
            wait=pause,
            retry=retry_if_exception(self._may_pass),
            sleep=self._sleep,
            reraise=True,
        )(once)

    async def _in_slot(self, connection: Connection, send: Callable[[], Awaitable[R]]) -> R:
        """One attempt, once there is a free place and room in the budget."""
        async with connection.slots:
            await self._pace.wait(self._sleep)
            self.meter.admit()
            return await send()

    def _may_pass(self, error: BaseException) -> bool:
        """Whether another attempt may go better."""
        if not isinstance(error, Exception) or isinstance(error, BudgetError):
            return False
        if getattr(error, "code", None) in ("insufficient_quota", "content_filter"):
            return False
        asked = _retry_after(error)
        if asked is not None and asked > self.longest_pause:
            return False
        status = getattr(error, "status_code", 0)
        return (
            status in (408, 409, 429)
            or status >= 500
            or _reason_of(error) in ("timeout", "unavailable")
        )

    def each(
        self, work: Callable[[T], Coroutine[Any, Any, R]], items: Sequence[T]
    ) -> Iterator[tuple[int, R | Exception]]:
        """Await `work(item)` for all items, at most `max_concurrency` at a time.

        Args:
            work: What to do with an item; it may await `post`.
            items: The items.

        Yields:
            `(position, result)`, as they finish; the result is an exception if `work` raised it.
            Closing the iterator ends what is under way.
        """
        results: queue.SimpleQueue[tuple[int, R | Exception] | None] = queue.SimpleQueue()
        task = self._submit(self._work_off, work, items, results.put)
        try:
            while (result := results.get()) is not None:
                yield result
            task.result()
        finally:
            task.cancel()

    def run(self, work: Callable[[], Coroutine[Any, Any, R]]) -> R:
        """Run one coroutine.

        Args:
            work: Makes the coroutine; it may await `post`.

        Returns:
            Its result.
        """
        task = self._submit(lambda _: work())
        try:
            return task.result()
        finally:
            task.cancel()

    async def _work_off(
        self,
        connection: Connection,
        work: Callable[[T], Coroutine[Any, Any, R]],
        items: Sequence[T],
        put: Callable[[tuple[int, R | Exception] | None], None],
    ) -> None:
        del connection
        waiting = iter(enumerate(items))

        async def worker() -> None:
            for position, item in waiting:
                try:
                    put((position, await work(item)))
                except Exception as error:
                    put((position, error))

        workers = [
            asyncio.ensure_future(worker()) for _ in range(min(self.max_concurrency, len(items)))
        ]
        try:
            await asyncio.gather(*workers)
        finally:
            for task in workers:
                task.cancel()
            put(None)

    def __getstate__(self) -> Any:
        raise TypeError(
            f"{self!r} holds an API key and can't be pickled or copied: build it again from its "
            "settings where you need it"
        )

    def _failure(self, error: Exception) -> EndpointError:
        reason = _reason_of(error)
        what = {
            "filtered": "the provider's filter rejected the prompt",
            "malformed": "the reply can't be read",
            "invalid": "the endpoint rejected the request",
            "unauthorized": f"the API key was rejected: check {self._key_place}",
            "quota": "the quota is used up, or there were too many requests",
            "timeout": f"there was no whole reply within timeout={self.timeout:g} seconds",
            "unavailable": "the endpoint can't be reached, broke off, or is out of order",
        }[reason]
        return self._error(reason, what, "" if reason == "timeout" else _detail_of(error))

    def _error(self, reason: Reason, what: str, detail: str = "") -> EndpointError:
        """A new error. It is never chained: the client's own exceptions may quote the key."""
        detail = detail.replace(self._api_key.get_secret_value(), "[API key]").strip()
        detail = detail if len(detail) <= 300 else detail[:299] + "…"
        return self.error_type(f"{self._name}: {what}" + (f" ({detail})" if detail else ""), reason)

    def _submit(self, work: Callable[..., Coroutine[Any, Any, T]], *arguments: Any) -> Future[T]:
        connection = self._connected()
        return asyncio.run_coroutine_threadsafe(work(connection, *arguments), connection.loop)

    def _connected(self) -> Connection:
        with self._lock:
            # A forked process inherits the object without the thread that serves it.
            if self._connection is None or self._connection.process != os.getpid():
                self._connection = Connection(self._client(), self.max_concurrency)
            return self._connection

    def _client(self) -> Any:
        import openai

        return openai.AsyncOpenAI(
            api_key=self._api_key.get_secret_value(),
            base_url=self.base_url,
            max_retries=0,  # `_with_retries` does that
            timeout=None,
            http_client=_http_client(self.timeout),
        )


class EndpointUser:
    """Something that asks an endpoint. Its meter is the endpoint's.

    Attributes:
        endpoint: What it asks.
    """

    endpoint: Endpoint

    @property
    def meter(self) -> Meter:
        """The meter of the endpoint."""
        return self.endpoint.meter

    @meter.setter
    def meter(self, meter: Meter) -> None:
        self.endpoint.meter = meter


class Pace:
    """Spreads requests evenly over time. Use it on one event loop.

    Args:
        per_minute: The largest number of requests a minute; None for no limit.
        clock: Returns the time in seconds.
    """

    def __init__(
        self, per_minute: float | None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.gap = 60 / per_minute if per_minute else 0.0
        self.clock = clock
        self._next = 0.0

    async def wait(self, sleep: Callable[[float], Awaitable[None]]) -> None:
        """Wait until the next request may start.

        Args:
            sleep: Waits for a number of seconds.
        """
        if self.gap:
            now = self.clock()
            start = max(now, self._next)
            self._next = start + self.gap
            if start > now:
                await sleep(start - now)


class Connection:
    """The client on an event loop of its own, in a daemon thread, as long as this object lives.

    Connections belong to the event loop that opened them. One loop for all callers means one pool
    of connections and one limit, on all threads and event loops of the callers.

    Args:
        client: An `openai.AsyncOpenAI`.
        max_concurrency: The largest number of requests under way at one time.
    """

    def __init__(self, client: Any, max_concurrency: int) -> None:
        self.process = os.getpid()
        self.client = client
        self.complete = client.chat.completions.create
        self.slots = asyncio.Semaphore(max_concurrency)
        self.loop = asyncio.new_event_loop()
        threading.Thread(
            target=_serve, args=(self.loop, client), name="recomp-language-model", daemon=True
        ).start()
        stop = weakref.finalize(self, self.loop.call_soon_threadsafe, self.loop.stop)
        stop.atexit = False


def _serve(loop: asyncio.AbstractEventLoop, client: Any) -> None:
    loop.run_forever()
    loop.run_until_complete(_close(client))
    loop.close()


async def _close(client: Any) -> None:
    """End the requests that nobody waits for any more, and then close the connections."""
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
    await client.close()


def _http_client(timeout: float) -> Any:
    """The client's own HTTP client, with `timeout` over the whole of each attempt.

    Its own timeouts count from byte to byte, and some endpoints send blank lines while they queue.
    """
    import openai

    default_client: Any = openai.DefaultAsyncHttpxClient
    # openai 2 is built on httpx, openai 3 on httpx2.
    httpx = import_module(default_client.__mro__[1].__module__.partition(".")[0])

    class HttpClient(default_client):
        async def send(self, request: Any, **settings: Any) -> Any:
            try:
                return await asyncio.wait_for(super().send(request, **settings), timeout)
            except asyncio.TimeoutError:
                raise httpx.ReadTimeout("", request=request) from None

    return HttpClient(timeout=None)


_REASONS: Mapping[int, Reason] = {
    401: "unauthorized",
    402: "quota",
    403: "unauthorized",
    408: "timeout",
    429: "quota",
}


def _reason_of(error: Exception) -> Reason:
    import openai

    status = getattr(error, "status_code", 0)
    if getattr(error, "code", None) == "content_filter":
        return "filtered"
    if status >= 400:
        return _REASONS.get(status, "invalid" if status < 500 else "unavailable")
    if isinstance(error, (openai.APITimeoutError, asyncio.TimeoutError)):
        return "timeout"
    if isinstance(error, openai.APIResponseValidationError):
        return "malformed"
    # openai 2 lets the transport's errors through when a stream breaks off.
    if isinstance(error, openai.APIError) or type(error).__module__.startswith("httpx"):
        return "unavailable"
    return "malformed"


def _detail_of(error: Exception) -> str:
    """What the endpoint or the transport said, in one line."""
    cause = error.__cause__ or error
    return f"{type(cause).__name__}: {' '.join(str(cause).split())}".removesuffix(": ")


def _retry_after(error: BaseException | None) -> float | None:
    """How many seconds the server asks to wait; None if it does not say."""
    headers = getattr(getattr(error, "response", None), "headers", None) or {}
    with suppress(KeyError, ValueError):
        return max(0.0, float(headers["retry-after-ms"]) / 1000)
    with suppress(KeyError, ValueError):
        return max(0.0, float(headers["retry-after"]))
    with suppress(KeyError, TypeError, ValueError):
        date = email.utils.parsedate_to_datetime(headers["retry-after"])
        return max(0.0, date.timestamp() - time.time())
    return None


def _count(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _secret(api_key: str | SecretStr | None, variable: str) -> SecretStr:
    """The key, wrapped. Raises `ValueError` that never shows it."""
    from pydantic import SecretStr

    key = os.environ.get(variable, "") if api_key is None else api_key
    text = (key.get_secret_value() if isinstance(key, SecretStr) else key).strip()
    if not text:
        raise ValueError(
            f"no API key: set the environment variable {variable}, name another with api_key_env=, "
            "or give api_key= (any word for a local server that wants none)"
        )
    if not (text.isascii() and text.isprintable()) or " " in text:
        raise ValueError(
            "the API key holds a space, a line break or a character beyond ASCII, which no key "
            f"has: check {variable if api_key is None else 'api_key'}"
        )
    return SecretStr(text)
