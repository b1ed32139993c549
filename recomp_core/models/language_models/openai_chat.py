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
from ..._utils.hashing import content_hash
from ...data.journal import KeptResults
from ...errors import EndpointError, SummaryError
from ...text.splitting import replace_surrogates
from .endpoint import STEP, Connection, Endpoint
from .replies import WHOLE, UnusableReply, is_logprob

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

    kept: KeptResults | None = None
    """Where each whole reply is kept as it comes; one that is there is not asked for again."""

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

    def reply_each(self, prompts: Sequence[str]) -> Iterator[tuple[int, str | Exception]]:
        """Ask for replies, and hand over each as soon as it is there.

        Args:
            prompts: What the model reads.

        Yields:
            `(position, reply)`, in any order; a `SummaryError` for a prompt that ended with it.
        """
        return self.each(self._text, check_prompts(prompts))

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
        del connection
        return await asyncio.gather(*map(self._text, prompts))

    async def _text(self, prompt: str) -> str | Exception:
        key = content_hash("reply", self.base_url, self._request(prompt))
        if self.kept is not None and isinstance(known := self.kept.get(key), str):
            return known
        try:
            text = self._text_of(await self._choice(prompt))
        except Exception as error:
            return error
        if self.kept is not None:
            self.kept.put(key, text)
        return text

    async def _scored_replies(
        self, connection: Connection, prompts: Sequence[str]
    ) -> list[tuple[str, list[float]] | Exception]:
        del connection
        return await asyncio.gather(*map(self._scored_text, prompts))

    async def _scored_text(self, prompt: str) -> tuple[str, list[float]] | Exception:
        try:
            choice = await self._choice(prompt, logprobs=True)
            return self._text_of(choice), self._logprobs_of(choice)
        except Exception as error:
            return error

    async def _choice(self, prompt: str, **settings: Any) -> Mapping[str, Any]:
        """The first choice of the reply."""
        reply = await self.post("chat/completions", {**settings, **self._request(prompt)})
        choices = reply.get("choices")
        if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
            raise self.error("malformed", "the reply has no choices", str(reply))
        choice: Mapping[str, Any] = choices[0]
        return choice

    def _text_of(self, choice: Mapping[str, Any]) -> str:
        message = choice.get("message")
        message = message if isinstance(message, dict) else {}
        text = message.get("content")
        ending = choice.get("finish_reason")
        if error := self._reply_error(text, ending, message.get("refusal")):
            raise error
        return replace_surrogates(str(text))

    def _logprobs_of(self, choice: Mapping[str, Any]) -> list[float]:
        logprobs = choice.get("logprobs")
        tokens = logprobs.get("content") if isinstance(logprobs, dict) else None
        if not isinstance(tokens, list):
            return []
        values: list[Any] = [t.get("logprob") if isinstance(t, dict) else t for t in tokens]
        for value in values:
            if not is_logprob(value):
                raise self.error("malformed", "the reply has no log-probabilities", repr(value))
        return [float(value) for value in values]

    async def _pour(
        self, connection: Connection, prompt: str, put: Callable[[str | None], None]
    ) -> EndpointError | None:
        """Hand each piece of the reply to `put`, None after the last; return what went wrong."""
        loop = asyncio.get_running_loop()
        ends = 0.0

        async def begin() -> tuple[Any, Any]:
            nonlocal ends
            ends = loop.time() + self.timeout
            return await self._begin(connection, self._request(prompt))

        try:
            # A stream keeps its place until it ends.
            async with connection.slots:
                first, chunks = await self._with_retries(partial(self._attempt, begin))
                async with chunks:
                    pour = self._pour_all(first, chunks, put)
                    return await asyncio.wait_for(pour, ends - loop.time())
        except EndpointError as error:
            return error
        except Exception as error:
            return self._failure(error)
        finally:
            put(None)

    async def _begin(self, connection: Connection, body: Mapping[str, Any]) -> tuple[Any, Any]:
        """The first chunk, and the stream of the others."""
        import openai

        chunks = await connection.client.post(
            "chat/completions",
            cast_to=object,
            body={**body, "stream": True},
            stream=True,
            stream_cls=openai.AsyncStream[object],
        )
        try:
            return await anext(chunks), chunks
        except StopAsyncIteration:
            pass
        # No stream came: perhaps an error, in a body of its own.
        await self._read(chunks.response.stream.beginning)
        raise UnusableReply("the endpoint does not stream: ask for the whole reply")

    async def _pour_all(
        self, first: Any, chunks: Any, put: Callable[[str], None]
    ) -> EndpointError | None:
        text, finish_reason, refusal = None, None, ""
        pieces = self._reply_redaction.stream()
        async for chunk in _chain(first, chunks):
            choices = chunk.get("choices") if isinstance(chunk, dict) else None
            for choice in choices[:1] if isinstance(choices, list) else ():
                choice = choice if isinstance(choice, dict) else {}
                delta = choice.get("delta")
                delta = delta if isinstance(delta, dict) else {}
                finish_reason = choice.get("finish_reason") or finish_reason
                refusal += str(delta.get("refusal") or "")
                piece = delta.get("content")
                if piece is None:
                    continue
                if not isinstance(piece, str):
                    return self.error("malformed", "the reply has no text", repr(piece))
                text = piece
                for start in range(0, len(piece), STEP):  # a huge one leaves room for the deadline
                    if known := pieces.add(piece[start : start + STEP]):
                        put(replace_surrogates(known))
                    await asyncio.sleep(0)
        if known := pieces.rest():
            put(replace_surrogates(known))
        broken_off = text is not None and finish_reason is None
        return self._reply_error(text, "broken off" if broken_off else finish_reason, refusal)

    def _request(self, prompt: str) -> dict[str, Any]:
        settings = {
            "model": self.model,
            "messages": [{"role": "user", "content": replace_surrogates(prompt)}],
            "max_tokens": self.max_new_tokens,
            "temperature": self.temperature,
        }
        sent = {name: value for name, value in settings.items() if value is not None}
        return {**sent, **(self.extra_body or {})}

    def _reply_error(self, text: object, ending: object, refusal: object) -> EndpointError | None:
        """Why a reply that ended this way is no summary; None if it is one."""
        if refusal:
            return self.error("refused", "the model refused", str(refusal))
        if ending == "length":
            return self.error(
                "cut",
                f"the reply was cut at max_new_tokens={self.max_new_tokens}: raise it, or, if the "
                "model thinks before it writes, turn that off (see extra_body)",
            )
        if ending == "content_filter":
            return self.error("filtered", "the provider's filter withheld the reply")
        if ending and ending not in WHOLE:
            return self.error("cut", "the reply is not whole", f"finish_reason: {ending}")
        if not isinstance(text, str):
            return self.error("malformed", "the reply has no text")
        return None


async def _chain(first: Any, others: AsyncIterator[Any]) -> AsyncIterator[Any]:
    yield first
    async for other in others:
        yield other


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
