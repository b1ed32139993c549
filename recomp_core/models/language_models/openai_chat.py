"""A language model behind an endpoint that speaks OpenAI's protocol. Needs the extra `openai`."""

from __future__ import annotations

import asyncio
import json
import queue
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from ..._utils.checks import check_limit, check_prompts, require
from ...errors import EndpointError, SummaryError
from ...text.splitting import replace_surrogates
from .endpoint import Connection, Endpoint

if TYPE_CHECKING:
    from pydantic import SecretStr

T = TypeVar("T")


class OpenAIChatModel(Endpoint):
    """A chat model of OpenAI or of any server with the same protocol (DeepSeek, vLLM, …).

    Called with prompts it returns, in order, the reply to each or the `SummaryError` that it ended
    with; `agenerate`, `stream` and `astream` are the other ways to ask. A reply that is cut,
    refused or filtered is an error. It is safe to share between threads and event loops. Retries
    are those of `Endpoint`; a Retry-After of more than 2 minutes is not waited for.

    Args:
        model: The name that the endpoint knows it by.
        base_url: The endpoint's address, up to and including `/v1` where it has one; None for the
            environment variable OPENAI_BASE_URL, or else OpenAI itself.
        api_key: A string or a pydantic `SecretStr`; None for the variable `api_key_env`. It is in
            no repr, log, error or file. A local server that wants no key takes any word.
        api_key_env: The environment variable that holds the key.
        timeout: Seconds until a reply must be whole, streamed or not, for each attempt.
        max_retries: The largest number of further attempts at one request.
        max_concurrency: The largest number of requests under way at one time, over all callers of
            this object.
        max_new_tokens: The length of the longest reply, in tokens, sent as `max_tokens`; None sends
            none.
        temperature: None sends none, as reasoning models demand.
        extra_body: Further fields of the request. DeepSeek's models think by default, which costs
            time, uses up `max_new_tokens` and makes `temperature` void: turn it off with
            `{"thinking": {"type": "disabled"}}`. Qwen's thoughts on vLLM may be in the reply
            itself: `{"chat_template_kwargs": {"enable_thinking": False}}`. OpenAI's reasoning
            models want `{"max_completion_tokens": 2048}` and `max_new_tokens=None`.

    Raises:
        ImportError: The extra is not installed.
        ValueError: A setting cannot work, or there is no key.
        TypeError: `extra_body` can't be sent as JSON.
    """

    error_type = SummaryError
    longest_pause = 120.0

    def __init__(
        self,
        model: str,
        *,
        base_url: str | None = None,
        api_key: str | SecretStr | None = None,
        api_key_env: str = "OPENAI_API_KEY",
        timeout: float = 60.0,
        max_retries: int = 2,
        max_concurrency: int = 8,
        max_new_tokens: int | None = 512,
        temperature: float | None = 0.0,
        extra_body: Mapping[str, Any] | None = None,
    ) -> None:
        require("openai", "openai", "OpenAIChatModel")
        self.model = _check_name(model)
        super().__init__(
            base_url=base_url,
            api_key=api_key,
            api_key_env=api_key_env,
            timeout=timeout,
            max_retries=max_retries,
            max_concurrency=max_concurrency,
        )
        self.max_new_tokens = check_limit("max_new_tokens", max_new_tokens)
        self.temperature = temperature
        self.extra_body = _check_json("extra_body", extra_body)

    @property
    def _name(self) -> str:
        return f"{self.model} at {self.base_url}" if self.base_url else self.model

    def __call__(self, prompts: Sequence[str]) -> list[str | Exception]:
        """Ask for replies.

        Args:
            prompts: What the model reads.

        Returns:
            For each prompt the reply, or the `SummaryError` that it ended with; in order.
        """
        task = self._submit(self._replies, check_prompts(prompts))
        try:
            return task.result()
        finally:
            task.cancel()

    def with_logprobs(self, prompts: Sequence[str]) -> list[tuple[str, list[float]] | Exception]:
        """Ask for replies with the log-probabilities of their tokens.

        Args:
            prompts: What the model reads.

        Returns:
            For each prompt the reply and its log-probabilities, which are empty if the endpoint
            gave none; or the `SummaryError` that it ended with; in order.
        """
        task = self._submit(self._scored_replies, check_prompts(prompts))
        try:
            return task.result()
        finally:
            task.cancel()

    async def agenerate(self, prompts: Sequence[str]) -> list[str | Exception]:
        """Ask for replies without blocking the event loop; can be cancelled.

        Args:
            prompts: What the model reads.

        Returns:
            For each prompt the reply, or the `SummaryError` that it ended with; in order.
        """
        return await asyncio.wrap_future(self._submit(self._replies, check_prompts(prompts)))

    def stream(self, prompt: str) -> Iterator[str]:
        """Ask for one reply in pieces.

        Args:
            prompt: What the model reads.

        Yields:
            The pieces of the reply as they come.

        Raises:
            SummaryError: The reply failed, perhaps after some pieces.
        """
        pieces: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        task = self._submit(self._pour, prompt, pieces.put)
        try:
            while (piece := pieces.get()) is not None:
                yield piece
            if failure := task.result():
                raise failure
        finally:
            task.cancel()

    async def astream(self, prompt: str) -> AsyncIterator[str]:
        """Ask for one reply in pieces without blocking the event loop.

        Args:
            prompt: What the model reads.

        Yields:
            The pieces of the reply as they come.

        Raises:
            SummaryError: The reply failed, perhaps after some pieces.
        """
        loop = asyncio.get_running_loop()
        pieces: asyncio.Queue[str | None] = asyncio.Queue()

        def put(piece: str | None) -> None:
            with suppress(RuntimeError):  # the caller's loop may have been closed meanwhile
                loop.call_soon_threadsafe(pieces.put_nowait, piece)

        task = self._submit(self._pour, prompt, put)
        try:
            while (piece := await pieces.get()) is not None:
                yield piece
            if failure := await asyncio.wrap_future(task):
                raise failure
        finally:
            task.cancel()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.model!r}, base_url={self.base_url!r})"

    # What follows runs on the event loop of the connection.

    async def _replies(
        self, connection: Connection, prompts: Sequence[str]
    ) -> list[str | Exception]:
        return await asyncio.gather(*(self._reply(connection, prompt) for prompt in prompts))

    async def _reply(self, connection: Connection, prompt: str) -> str | Exception:
        try:
            return self._text_of(await self._completion(connection, prompt))
        except Exception as error:
            return self._failure(error)

    async def _scored_replies(
        self, connection: Connection, prompts: Sequence[str]
    ) -> list[tuple[str, list[float]] | Exception]:
        return await asyncio.gather(*(self._scored_reply(connection, p) for p in prompts))

    async def _scored_reply(
        self, connection: Connection, prompt: str
    ) -> tuple[str, list[float]] | Exception:
        try:
            completion = await self._completion(connection, prompt, logprobs=True)
            text = self._text_of(completion)
            if isinstance(text, Exception):
                return text
            tokens = getattr(completion.choices[0].logprobs, "content", None) or []
            return text, [float(token.logprob) for token in tokens]
        except Exception as error:
            return self._failure(error)

    async def _completion(self, connection: Connection, prompt: str, **settings: Any) -> Any:
        complete = partial(connection.complete, **settings, **self._request(prompt))
        return await self._with_retries(partial(self._in_slot, connection, complete))

    async def _pour(
        self, connection: Connection, prompt: str, put: Callable[[str | None], None]
    ) -> EndpointError | None:
        """Hand each piece of the reply to `put`, None after the last; return what went wrong."""
        begin = partial(connection.complete, stream=True, **self._request(prompt))
        try:
            # A stream keeps its place until it ends.
            async with connection.slots, await self._with_retries(begin) as chunks:
                return await asyncio.wait_for(self._pour_all(chunks, put), self.timeout)
        except Exception as error:
            return self._failure(error)
        finally:
            put(None)

    async def _pour_all(self, chunks: Any, put: Callable[[str], None]) -> EndpointError | None:
        text, finish_reason, refusal = None, None, ""
        async for chunk in chunks:
            for choice in chunk.choices[:1]:
                finish_reason = choice.finish_reason or finish_reason
                refusal += choice.delta.refusal or ""
                if isinstance(piece := choice.delta.content, str):
                    text = piece
                    if piece:
                        put(piece)
        broken_off = text is not None and finish_reason is None
        return self._reply_error(text, "broken off" if broken_off else finish_reason, refusal)

    def _request(self, prompt: str) -> dict[str, Any]:
        settings = {
            "model": self.model,
            "messages": [{"role": "user", "content": replace_surrogates(prompt)}],
            "max_tokens": self.max_new_tokens,
            "temperature": self.temperature,
            "extra_body": self.extra_body,
        }
        return {name: value for name, value in settings.items() if value is not None}

    def _text_of(self, completion: Any) -> str | EndpointError:
        if not completion.choices:
            return self._error("malformed", "the reply has no choices")
        choice = completion.choices[0]
        text = choice.message.content
        return self._reply_error(text, choice.finish_reason, choice.message.refusal) or str(text)

    def _reply_error(
        self, text: object, finish_reason: str | None, refusal: str | None
    ) -> EndpointError | None:
        """Why a reply that ended this way is no summary; None if it is one."""
        if refusal:
            return self._error("refused", "the model refused", refusal)
        if finish_reason == "length":
            return self._error(
                "cut",
                f"the reply was cut at max_new_tokens={self.max_new_tokens}: raise it, or, if the "
                "model thinks before it writes, turn that off (see extra_body)",
            )
        if finish_reason == "content_filter":
            return self._error("filtered", "the provider's filter withheld the reply")
        if finish_reason and finish_reason not in _WHOLE:
            return self._error("cut", "the reply is not whole", f"finish_reason: {finish_reason}")
        if not isinstance(text, str):
            return self._error("malformed", "the reply has no text")
        return None


# How a whole reply ends: "stop" in the protocol, the others on some servers.
_WHOLE = ("stop", "eos", "eos_token", "end_turn", "stop_sequence")


def _check_name(model: object) -> str:
    if not isinstance(model, str) or not model.strip():
        raise ValueError(f"model must be the name of a model, got {model!r}")
    return model


def _check_json(name: str, value: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """A copy of `value`. Raises `TypeError` or `ValueError` if it cannot be sent."""
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise TypeError(f"{name} must be a mapping, got {value!r}")
    try:
        copied: dict[str, Any] = json.loads(json.dumps(dict(value)))
    except TypeError as error:
        raise TypeError(f"{name} can't be sent as JSON: {error}") from error
    return copied
