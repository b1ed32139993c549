"""A language model behind an endpoint that speaks OpenAI's protocol. Needs the extra `openai`."""

from __future__ import annotations

import asyncio
import codecs
import queue
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from ..._utils.checks import check_limit, check_prompts, require
from ..._utils.hashing import content_hash
from ...data.journal import KeptResults
from ...errors import EndpointError, SummaryError
from ...text.reasoning import without_reasoning
from ...text.splitting import replace_surrogates
from .endpoint import STEP, Connection, Endpoint
from .events import DONE, json_events
from .finish_reasons import (
    Problem,
    has_reasoning,
    name_of_ending,
    refusal_of,
    says_ending,
    text_of_content,
)
from .reading import ReplyStream, plain_reply, problem_of_choice, text_of_choice
from .replies import UnusableReply, is_logprob
from .reply_settings import check_completion_tokens, check_extra_body, limit_fields, told_limit

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
        max_completion_tokens: The same with the model's reasoning in it, sent under this name in
            the place of `max_tokens`, as OpenAI's reasoning models want it.
        temperature: None sends none, as reasoning models demand.
        extra_body: Further fields of the request. DeepSeek's models think by default, which costs
            time, uses up `max_new_tokens` and makes `temperature` void: turn it off with
            `{"thinking": {"type": "disabled"}}`. Qwen's thoughts on vLLM may be in the reply
            itself, where they are dropped: `{"chat_template_kwargs": {"enable_thinking": False}}`
            saves their cost. If it has a limit of its own (`max_completion_tokens`), no other is
            sent.

    Raises:
        ImportError: The extra is not installed.
        ValueError: A setting cannot work, or there is no key.
        TypeError: `extra_body` can't be sent as JSON.
    """

    response_format: dict[str, Any] | None
    """The form of whole replies, see `structured`; None for plain text. An endpoint that does not
    support it is asked for plain text from then on."""

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
        max_completion_tokens: int | None = None,
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
        self.max_completion_tokens = check_completion_tokens(max_completion_tokens)
        self.temperature = temperature
        self.extra_body = check_extra_body(extra_body)
        self.response_format: dict[str, Any] | None = None
        self._holds_streams = False  # for the model does not mark where its reasoning begins

    @property
    def _name(self) -> str:
        return f"{self.model} at {self.base_url}" if self.base_url else self.model

    @property
    def _limits(self) -> tuple[int | None, int | None, dict[str, Any] | None]:
        return self.max_new_tokens, self.max_completion_tokens, self.extra_body

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
        form = {"response_format": self.response_format} if self.response_format else {}
        key = content_hash("reply", self.base_url, {**form, **self._request(prompt)})
        if self.kept is not None and isinstance(known := self.kept.get(key), str):
            return known
        try:
            text = self._text_of(await self._formed_choice(prompt))
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
            text = self._text_of(choice)
            if without_reasoning(text_of_choice(choice) or "").reasoned:
                raise self.error(
                    "malformed",
                    "the log-probabilities of the reply are those of its reasoning, too: turn that "
                    "off with extra_body",
                )
            return text, self._logprobs_of(choice)
        except Exception as error:
            return error

    async def _formed_choice(self, prompt: str) -> Mapping[str, Any]:
        """The first choice, in the form that was asked for where the endpoint supports it."""
        form = self.response_format  # another thread may find out that it is not supported
        if form is None:
            return await self._choice(prompt)
        body = self._request(prompt)
        reply, formed = await self.post_formed("chat/completions", body, form)
        choice = self._first_choice(reply)
        if not formed:
            self.response_format = None
        return choice

    async def _choice(self, prompt: str, **settings: Any) -> Mapping[str, Any]:
        """The first choice of the reply."""
        body = {**settings, **self._request(prompt)}
        return self._first_choice(await self.post("chat/completions", body))

    def _first_choice(self, reply: Mapping[str, Any]) -> Mapping[str, Any]:
        choices = reply.get("choices")
        if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
            raise self.error("malformed", "the reply has no choices", str(reply))
        return {**choices[0], "usage": reply.get("usage")}

    def _text_of(self, choice: Mapping[str, Any]) -> str:
        text = text_of_choice(choice)
        if problem := problem_of_choice(text, choice):
            raise self._problem_error(problem)
        reply = plain_reply(text or "")
        if isinstance(reply, SummaryError):
            raise self.error(reply.reason, str(reply))
        return replace_surrogates(reply)

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
        """Hand each piece of the reply to `put`, None after the last; return what went wrong.

        As long as no piece was handed over, another attempt may begin again.
        """
        has_begun = False

        def pass_on(piece: str) -> None:
            nonlocal has_begun
            has_begun = True
            put(piece)

        async def attempt() -> EndpointError | None:
            # A stream keeps its place until it ends.
            send = partial(self._stream, connection, self._request(prompt), pass_on)
            try:
                return await self._in_slot(connection, send)
            except Exception as error:
                if has_begun:
                    return self._failure(error)
                raise

        try:
            return await self._with_retries(attempt)
        except Exception as error:
            return error if isinstance(error, EndpointError) else self._failure(error)
        finally:
            put(None)

    async def _stream(
        self, connection: Connection, body: Mapping[str, Any], put: Callable[[str], None]
    ) -> EndpointError | None:
        """Ask once, and hand the pieces of the reply to `put`."""
        import openai

        stream = await connection.client.post(
            "chat/completions",
            cast_to=object,
            body={**body, "stream": True},
            stream=True,
            stream_cls=openai.AsyncStream[object],
        )
        # Not its own chunks: of an error they keep a part of the words.
        chunks = json_events(stream.response.aiter_bytes())
        async with stream, aclosing(chunks):
            async for first in chunks:
                return await self._pour_all(first, chunks, put)
            # No stream came: perhaps an error, in a body of its own.
            await self._read(stream.response.stream.beginning)
        raise UnusableReply("the endpoint does not stream: ask for the whole reply")

    async def _pour_all(
        self, first: Any, chunks: Any, put: Callable[[str], None]
    ) -> EndpointError | None:
        ending: dict[str, Any] = {"finish_reason": None, "refusal": "", "done": False}
        has_text: bool | None = None  # None as long as no text came, not even an empty one
        strange: Any = None  # the first chunk without choices
        has_choices = False
        # The halves of a surrogate pair may come in two chunks.
        characters = codecs.getincrementaldecoder("utf-16-le")("replace")
        without_key = self._reply_redaction.stream()
        reply = ReplyStream(hold=self._holds_streams)

        def pass_on(known: str) -> None:
            if piece := reply.add(known):
                put(piece)

        try:
            async for chunk in _chain(first, chunks):
                piece = _piece_of(chunk, ending)
                if isinstance(chunk, dict) and chunk.get("choices"):
                    has_choices = True
                elif chunk is not DONE and strange is None:
                    strange = chunk
                if piece is None:
                    continue
                piece = characters.decode(piece.encode("utf-16-le", "surrogatepass"))
                has_text = bool(has_text) or bool(piece.strip())
                for start in range(0, len(piece), STEP):  # a huge one leaves room for the deadline
                    if known := without_key.add(piece[start : start + STEP]):
                        pass_on(known)
                    await asyncio.sleep(0)
            if known := without_key.add(characters.decode(b"", final=True)) + without_key.rest():
                pass_on(known)
            # Some servers end a stream without saying how the reply ended.
            is_whole = ending["finish_reason"] or (has_text and ending["done"])
            if has_text is not None and not is_whole:
                return self._problem_error(Problem("cut", "the reply is not whole", "broken off"))
            if strange is not None and not has_choices:
                return self.error("malformed", "the reply has no choices", str(strange))
            seen = None if has_text is None else "text" * has_text
            if problem := problem_of_choice(seen, ending):
                return self._problem_error(problem)
            if known := reply.rest():
                put(known)
        except SummaryError as error:
            return self.error(error.reason, str(error))
        finally:
            self._holds_streams = self._holds_streams or reply.unopened
        return None

    def _request(self, prompt: str) -> dict[str, Any]:
        settings = {
            "model": self.model,
            "messages": [{"role": "user", "content": replace_surrogates(prompt)}],
            **limit_fields(*self._limits),
            "temperature": self.temperature,
        }
        sent = {name: value for name, value in settings.items() if value is not None}
        return {**sent, **(self.extra_body or {})}

    def _problem_error(self, problem: Problem) -> EndpointError:
        """The error of a reply that can't be used."""
        what = problem.told(told_limit(*self._limits))
        return self.error(problem.reason, what, problem.said)


async def _chain(first: Any, others: AsyncIterator[Any]) -> AsyncIterator[Any]:
    yield first
    async for other in others:
        yield other


def _piece_of(chunk: Any, ending: dict[str, Any]) -> str | None:
    """The text of a chunk; what it says of the ending goes into `ending`.

    Raises:
        UnusableReply: It has something else in the place of the text.
    """
    if chunk is DONE:
        ending["done"] = True
    if not isinstance(chunk, dict):
        return None
    ending["usage"] = chunk.get("usage") or ending.get("usage")
    choice = _choice_of_chunk(chunk)
    delta = choice.get("delta")
    delta = delta if isinstance(delta, dict) else {}
    if says_ending(name := name_of_ending(choice.get("finish_reason"))):
        ending["finish_reason"] = name
    ending["error"] = choice.get("error") or ending.get("error")
    ending["refusal"] += refusal_of(delta)
    if has_reasoning(delta):
        ending["reasoning"] = "it reasoned"
    for name in ("tool_calls", "function_call"):
        ending[name] = delta.get(name) or ending.get(name)
    content = delta.get("content")
    if content is None or isinstance(content, list):  # which may hold blocks of other kinds alone
        return text_of_content(content)
    if not isinstance(content, str):
        raise UnusableReply("the reply has no text", repr(content))
    return content


def _choice_of_chunk(chunk: Mapping[str, Any]) -> Mapping[str, Any]:
    """The choice of a chunk that the reply is made of; others come if the request says so."""
    choices = chunk.get("choices")
    for choice in choices if isinstance(choices, list) else ():
        if isinstance(choice, dict) and choice.get("index") in (None, 0):
            return choice
    return {}


def _check_name(model: object) -> str:
    if not isinstance(model, str) or not model.strip():
        raise ValueError(f"model must be the name of a model, got {model!r}")
    return model
