"""An endpoint over HTTP: its key, limits, retries and errors. Needs the extra `openai`."""

from __future__ import annotations

import asyncio
import email.utils
import json
import math
import os
import queue
import random
import re
import threading
import time
import urllib.request
import weakref
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import unquote, urljoin, urlsplit

from ..._utils.checks import check_number, check_url, check_whole, require
from ...errors import BudgetError, EndpointError, Reason
from ...runtime.budget import Meter, plausible_tokens
from ...runtime.redaction import Redaction
from ...text.splitting import replace_surrogates
from .events import error_event
from .http_client import REDACTED_LOG, hardened_client
from .replies import (
    UnusableReply,
    raise_broken_off,
    raise_error_in,
    sent_tokens,
    unusable,
    written_tokens,
)
from .structured import is_unsupported

if TYPE_CHECKING:
    from pydantic import SecretStr

T = TypeVar("T")
R = TypeVar("R")
# An item's position and result, and what says that the result was taken.
_Finished = tuple[int, R | Exception, Callable[[], object]]

# A pause that the server did not ask for, in seconds.
_LONGEST_GROWN_PAUSE = 60

# An error quotes so much of what the server said.
_LONGEST_QUOTE = 300

# Google's way to ask for a pause, in the body of an error.
_RETRY_DELAY = re.compile(r'"retryDelay":\s{0,9}"(\d{1,9}(?:\.\d{1,9})?)s"')

# So many characters of a reply are searched for the key at a time.
STEP = 2**16


def address_of(base_url: str | None) -> str:
    """Find the address that an endpoint is asked at.

    Args:
        base_url: The address that was given; None where none was.

    Returns:
        It, or that of the environment, or OpenAI's.
    """
    return base_url or os.environ.get("OPENAI_BASE_URL") or "https://api.openai.com/v1"


class Endpoint:
    """One server that takes and gives JSON. Safe to share between threads and event loops.

    A request is tried again if the server is busy, down, slow or out of order, or breaks its reply
    off; a stream as long as nothing of it was handed over. The pauses grow at random, to a minute
    at most; a server's own Retry-After goes before that, and one that asks for more than
    `longest_pause` is given up. All requests of this package go through here.

    A redirect is not followed, for the request holds documents; a reply of more than 32 MiB is
    refused. The key is in no repr, log, error or file: where a server quotes it, in whatever
    encoding, `[API key]` stands in its place.

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
        check_url(os.environ.get("OPENAI_BASE_URL") or None, "the variable OPENAI_BASE_URL")
        self._api_key = _secret(api_key, api_key_env)
        secrets = [self._api_key.get_secret_value(), *_secrets_of_environment()]
        self._redaction = Redaction(secrets)
        self._reply_redaction = Redaction(filter(_is_no_word, secrets))
        self._key_place = f"the variable {api_key_env}" if api_key is None else "api_key="
        self._lock = threading.Lock()
        self._connection: Connection | None = None
        # Tests put their own clock here.
        self._sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    @property
    def _name(self) -> str:
        return address_of(self.base_url)

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
        return await self._post(path, body, self._reply)

    async def post_formed(
        self, path: str, body: Mapping[str, Any], form: Mapping[str, Any]
    ) -> tuple[dict[str, Any], bool]:
        """Send one request for a reply in a form, or for text where that is not supported.

        Args:
            path: See `post`.
            body: The request without the form. One that has a form of its own is sent as it is.
            form: The value of its `response_format`.

        Returns:
            The reply, and whether the form may be asked for again.

        Raises:
            EndpointError: The request failed.
            BudgetError: The budget is spent.
        """
        if "response_format" in body:
            return await self.post(path, body), True
        with suppress(_FormRefused):
            formed = {"response_format": form, **body}
            return await self._post(path, formed, self._formed_reply), True
        return await self.post(path, body), False

    async def _post(
        self, path: str, body: Mapping[str, Any], send: Callable[..., Awaitable[dict[str, Any]]]
    ) -> dict[str, Any]:
        connection = self._connected()
        if path.startswith("/"):
            parts = urlsplit(str(connection.client.base_url))
            path = f"{parts.scheme}://{parts.netloc}{path}"
        sent = dict(body)
        post = partial(send, connection, path, sent)
        try:
            return await self._with_retries(partial(self._in_slot, connection, post))
        except (BudgetError, _FormRefused):
            raise
        except Exception as error:
            failure = self._failure(error)
            if failure.reason == "malformed":  # the server has read what was sent
                self.meter.add(input_tokens=sent_tokens(sent))
        raise failure  # out here, so that the client's error is not its context

    async def _reply(
        self, connection: Connection, path: str, body: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Send a request once, and read the reply without the key.

        Raises:
            Exception: Anything; `_failure` makes the endpoint's error of it.
        """
        response = await connection.client.post(path, cast_to=connection.response, body=body)
        reply = await self._read(response.content)
        usage = reply.get("usage")
        usage = usage if isinstance(usage, dict) else {}
        self.meter.add(
            input_tokens=plausible_tokens(usage.get("prompt_tokens"), sent_tokens(body)),
            output_tokens=plausible_tokens(usage.get("completion_tokens"), written_tokens(reply)),
        )
        raise_broken_off(reply)
        return reply

    async def _formed_reply(
        self, connection: Connection, path: str, body: Mapping[str, Any]
    ) -> dict[str, Any]:
        """The same of a request for a form, which its own error says is not supported."""
        try:
            return await self._reply(connection, path, body)
        except Exception as error:
            if not is_unsupported(_own_error(error)):
                raise
        raise _FormRefused("")

    async def _read(self, content: bytes) -> dict[str, Any]:
        """The JSON object of a reply."""
        text = await self._without_key(content.decode("utf-8-sig"))
        try:
            reply = json.loads(error_event(text) or text)
        except (ValueError, RecursionError):
            raise UnusableReply("the reply is no JSON: check base_url", text) from None
        raise_error_in(reply)
        if not isinstance(reply, dict):
            raise UnusableReply("the reply is no JSON object: check base_url", text)
        return reply

    async def _without_key(self, text: str) -> str:
        """The text without the key, in steps, so that a huge one leaves room for the deadline."""
        for start in range(0, len(text), STEP):
            # A key that lies over the border is found in the overlap.
            if self._reply_redaction.finds(text[start : start + STEP + 4096]):
                return self._reply_redaction(text)
            await asyncio.sleep(0)
        return text

    async def _with_retries(self, attempt: Callable[[], Awaitable[R]]) -> R:
        """The result of `attempt()`, which is repeated while its error may pass; or that error."""
        # By hand: around a stream, tenacity kept the thread of a model alive that was dropped.
        for number in range(self.max_retries):
            try:
                return await attempt()
            except Exception as error:
                if not self._may_pass(error):
                    raise
                asked = _retry_after(error)
            growing = random.uniform(0, min(_LONGEST_GROWN_PAUSE, 2**number))  # noqa: S311 - no secret
            await self._sleep(growing if asked is None else asked)
        return await attempt()

    async def _in_slot(self, connection: Connection, send: Callable[[], Awaitable[R]]) -> R:
        """One attempt, once there is a free place."""
        async with connection.slots:
            return await self._attempt(send)

    async def _attempt(self, send: Callable[[], Awaitable[R]]) -> R:
        """One attempt, once there is room in the budget; `timeout` counts for the whole of it.

        The client's own timeouts count from byte to byte, and some endpoints send blank lines while
        they queue.
        """
        await self._pace.wait(self._sleep)
        self.meter.admit()
        return await asyncio.wait_for(send(), self.timeout)

    def _may_pass(self, error: BaseException) -> bool:
        """Whether another attempt may go better."""
        if not isinstance(error, Exception) or isinstance(error, (BudgetError, _FormRefused)):
            return False
        error = _own_error(error)
        asked = _retry_after(error)
        if asked is not None and asked > self.longest_pause:
            return False
        told = _told_by(error)
        status = 0 if told is None else told.status_code
        advice = _headers_of(error).get("x-should-retry")
        if status and advice in ("true", "false"):
            return advice == "true"
        return (
            status in (408, 409, 425, 429)
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
            Closing the iterator ends what is under way. No more is asked for than can be lost: the
            place of a result is free once the next one is wanted, so that whoever saves each
            result, however slowly, loses `max_concurrency` of them at most.
        """
        results: queue.SimpleQueue[_Finished[R] | None] = queue.SimpleQueue()
        task = self._submit(self._work_off, work, items, results.put)
        try:
            while (finished := results.get()) is not None:
                position, result, is_taken = finished
                yield position, result
                with suppress(RuntimeError):  # the loop was closed
                    is_taken()
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
        put: Callable[[_Finished[R] | None], None],
    ) -> None:
        del connection
        loop = asyncio.get_running_loop()
        waiting = iter(enumerate(items))

        async def worker() -> None:
            for position, item in waiting:
                result: R | Exception
                try:
                    result = await work(item)
                except Exception as error:
                    result = error
                taken = asyncio.Event()
                put((position, result, partial(loop.call_soon_threadsafe, taken.set)))
                await taken.wait()

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
        error = _own_error(error)
        if 300 <= _status_of(error) < 400:
            return self.error("invalid", _redirect_of(error))
        reason = _reason_of(error)
        if _is_timeout(error):
            what = f"there was no whole reply within timeout={self.timeout:g} seconds"
            return self.error(reason, what)
        what = {
            "filtered": "the provider's filter rejected the prompt",
            "malformed": "the reply can't be read",
            "invalid": "the endpoint rejected the request",
            "unauthorized": f"the API key was rejected: check {self._key_place}",
            "quota": "the quota is used up, or there were too many requests",
            "timeout": "the provider ran out of time",
            "unavailable": "the endpoint can't be reached, broke off, or is out of order",
        }[reason]
        if isinstance(error, UnusableReply):
            return self.error(reason, error.what or what, error.said)
        return self.error(reason, what, _detail_of(error))

    def error(self, reason: Reason, what: str, detail: str = "") -> EndpointError:
        """Make an error of this endpoint that holds no key.

        Raise it outside of `except`: the client's own exceptions may quote the key, and must not
        become its context.

        Args:
            reason: Why nothing usable came, see `EndpointError`.
            what: What went wrong, and the remedy.
            detail: What the server said. A long text is cut.

        Returns:
            The error; it begins with the endpoint's name.
        """
        # Cut first, for it may be megabytes; what is cut amid a key lies far behind the next cut.
        said = _cut(" ".join(self._redaction(detail[: 20 * _LONGEST_QUOTE]).split()))
        what = _cut(self._reply_redaction(what), 3 * _LONGEST_QUOTE)
        message = f"{self._name}: {what}" + (f" ({said})" if said else "")
        return self.error_type(replace_surrogates(message), reason)

    def _submit(self, work: Callable[..., Coroutine[Any, Any, T]], *arguments: Any) -> Future[T]:
        connection = self._connected()
        return asyncio.run_coroutine_threadsafe(work(connection, *arguments), connection.loop)

    def _connected(self) -> Connection:
        with self._lock:
            # A forked process inherits the object without the thread that serves it.
            if self._connection is None or self._connection.process != os.getpid():
                client, response = self._client()
                self._connection = Connection(client, response, self.max_concurrency)
            return self._connection

    def _client(self) -> tuple[Any, type[Any]]:
        """The client, and the class of its responses."""
        import openai

        http_client, response = hardened_client()
        client = openai.AsyncOpenAI(
            api_key=self._api_key.get_secret_value(),
            base_url=self.base_url,
            max_retries=0,  # `_with_retries` does that
            timeout=None,  # `_attempt` does that
            http_client=http_client,
        )
        REDACTED_LOG.add(self._redaction)
        return client, response


class _FormRefused(UnusableReply):
    """The form of a reply is not supported: another attempt goes no better, whatever its status."""


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
        response: The class of its responses.
        max_concurrency: The largest number of requests under way at one time.
    """

    def __init__(self, client: Any, response: type[Any], max_concurrency: int) -> None:
        self.process = os.getpid()
        self.client = client
        self.response = response
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
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()


async def _close(client: Any) -> None:
    """End the requests that nobody waits for any more, and then close the connections."""
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
    await client.close()


def _own_error(error: Exception) -> Exception:
    """What went wrong in the HTTP client, which openai 2 wraps."""
    return error.__cause__ if isinstance(error.__cause__, UnusableReply) else error


def _is_timeout(error: Exception) -> bool:
    """Whether it is the client's own limit of time that was reached."""
    import openai

    return isinstance(error, (openai.APITimeoutError, asyncio.TimeoutError))


def _status_of(error: BaseException) -> int:
    status = getattr(error, "status_code", 0)
    return status if isinstance(status, int) else 0


def _told_by(error: BaseException) -> UnusableReply | None:
    """What the server says in an error, read as one that comes with a status of success."""
    if isinstance(error, UnusableReply):
        return error
    if (status := _status_of(error)) < 400:
        return None
    said: Any = _text_of(error)
    with suppress(ValueError, RecursionError):
        said = json.loads(said)
    return unusable(said, status)


def _reason_of(error: Exception) -> Reason:
    import openai

    if (told := _told_by(error)) is not None:
        return told.reason
    if _status_of(error) >= 300:
        return "invalid"
    if _is_timeout(error):
        return "timeout"
    if isinstance(error, openai.APIResponseValidationError):
        return "malformed"
    # openai 2 lets the transport's errors through when a stream breaks off.
    if isinstance(error, openai.APIError) or type(error).__module__.startswith("httpx"):
        return "unavailable"
    return "malformed"


def _redirect_of(error: Any) -> str:
    """What a redirect says: the host that it leads to, and nothing else of the address."""
    with suppress(Exception):  # the address may be anything
        target = urlsplit(urljoin(str(error.request.url), error.response.headers["location"]))
        return (
            f"the endpoint redirects to {target.scheme}://{target.hostname}"
            + (f":{target.port}" if target.port else "")
            + ", which got nothing: the request holds your texts; if you trust that server, give "
            "its address as base_url"
        )
    return "the endpoint redirects to nowhere: check base_url"


def _detail_of(error: Exception) -> str:
    """What the endpoint or the transport said."""
    cause = error.__cause__ or error
    said = str(cause)
    body = getattr(cause, "body", None)
    # Some versions of the client take up the words of errors in OpenAI's own form alone.
    if body and said == f"Error code: {_status_of(cause)}":
        said = f"{said} - {body}"
    return f"{type(cause).__name__}: {said[: 20 * _LONGEST_QUOTE].strip()}".removesuffix(": ")


def _cut(text: str, length: int = _LONGEST_QUOTE) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"


def _headers_of(error: BaseException | None) -> Mapping[str, str]:
    return getattr(getattr(error, "response", None), "headers", None) or {}


def _text_of(error: BaseException | None) -> str:
    """The body of an error, "" if it did not come."""
    with suppress(Exception):
        return str(error.response.text)  # type: ignore[union-attr]
    return ""


def _retry_after(error: BaseException | None) -> float | None:
    """How many seconds the server asks to wait; None if it does not say."""
    headers = _headers_of(error)
    with suppress(KeyError, ValueError):
        return _seconds(headers["retry-after-ms"]) / 1000
    with suppress(KeyError, ValueError):
        return _seconds(headers["retry-after"])
    # A date may lie beyond what the clock of this machine can tell.
    with suppress(KeyError, TypeError, ValueError, OverflowError, OSError):
        date = email.utils.parsedate_to_datetime(headers["retry-after"])
        return max(0.0, date.timestamp() - time.time())
    delay = _RETRY_DELAY.search(_text_of(error))
    return float(delay.group(1)) if delay else None


def _seconds(told: str) -> float:
    """A pause. Raises `ValueError` for what is none."""
    seconds = float(told)
    if math.isnan(seconds):
        raise ValueError(told)
    return max(0.0, seconds)


def _secrets_of_environment() -> list[str]:
    """What else goes out with a request and nobody may see: headers, and passwords of proxies."""
    found = [os.environ.get("OPENAI_ADMIN_KEY", "")]
    for line in os.environ.get("OPENAI_CUSTOM_HEADERS", "").splitlines():
        name, _, value = line.partition(":")
        if re.search("auth|key|token|secret|pass|cookie", name.lower()):
            found += value.split()[-1:]
    for proxy in urllib.request.getproxies().values():
        with suppress(ValueError):
            found.append(unquote(urlsplit(proxy).password or ""))
    return found


def _is_no_word(secret: str) -> bool:
    """Whether a secret can't be a word, as a local server takes for a key.

    A word such as "not-needed" must not be taken out of what a model writes.
    """
    letters = [c for c in secret if c.isalnum()]
    return len(letters) >= 20 or (len(letters) >= 8 and any(c.isdigit() for c in letters))


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
