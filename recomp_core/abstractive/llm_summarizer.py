"""Any language model as a summarizer: a callable from prompts to texts, and one agreed word."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from typing import Any

from .._utils.checks import check_limit, check_prompts
from ..errors import SummaryError
from ..models.language_models.openai_chat import OpenAIChatModel
from ..prompts import NOTHING_RELEVANT_WORD, llm_prompt
from ..text.splitting import replace_surrogates
from ..text.tokens import approximate_tokens


class LLMSummarizer:
    """A `protocols.Summarizer` around any callable that sends prompts to a language model.

    generate: `prompts -> texts`, one text per prompt, in order. An exception in the place of a
        text is that prompt's error; one that is raised is the error of every prompt of the call.
    empty_word: what the prompt tells the model to reply when the documents do not help. A reply
        that is this word and nothing more, whatever its case, quotes and punctuation, becomes "".
    max_input_tokens: the longest prompt that the model takes; None for no limit.
    count_tokens: the model's own count (see `TokenCounter`); `approximate_tokens` by default.
    agenerate, stream, astream: the asynchronous and the streaming forms, if the model has them:
        `async prompts -> texts`, `prompt -> iterator of pieces` and `prompt -> asynchronous
        iterator`. By default `generate` in a thread, and its whole text as one piece.
    batch_size: prompts per call of `generate`; None for all at once.

    `default_prompt` is the prompt that goes with it: see `prompts.llm_prompt`.
    Raises `TypeError` or `ValueError` for settings that cannot work.
    """

    def __init__(
        self,
        generate: Callable[[list[str]], Sequence[str | Exception]],
        *,
        empty_word: str = NOTHING_RELEVANT_WORD,
        max_input_tokens: int | None = None,
        count_tokens: Callable[[str], int] | None = None,
        agenerate: Callable[[list[str]], Awaitable[Sequence[str | Exception]]] | None = None,
        stream: Callable[[str], Iterator[str]] | None = None,
        astream: Callable[[str], AsyncIterator[str]] | None = None,
        batch_size: int | None = 8,
    ) -> None:
        if not callable(generate):
            raise TypeError(f"generate must be a callable prompts -> texts, got {generate!r}")
        if not isinstance(empty_word, str) or not _bare(empty_word):
            raise ValueError(f"empty_word must hold a letter or digit, got {empty_word!r}")
        self.max_input_tokens = check_limit("max_input_tokens", max_input_tokens)
        self.batch_size = check_limit("batch_size", batch_size)
        self.empty_word = empty_word
        self.default_prompt = llm_prompt(empty_word)
        self._generate = generate
        self._agenerate = agenerate
        self._stream = stream
        self._astream = astream
        self._count_tokens = count_tokens or approximate_tokens

    @classmethod
    def from_endpoint(
        cls,
        model: str,
        *,
        empty_word: str = NOTHING_RELEVANT_WORD,
        max_input_tokens: int | None = None,
        count_tokens: Callable[[str], int] | None = None,
        **endpoint: Any,
    ) -> LLMSummarizer:
        """Around a model behind an OpenAI-compatible endpoint.

        endpoint: the settings of `OpenAIChatModel`: `base_url`, `api_key_env`, `timeout`, …
        """
        chat = OpenAIChatModel(model, **endpoint)
        return cls(
            chat,
            empty_word=empty_word,
            max_input_tokens=max_input_tokens,
            count_tokens=count_tokens,
            agenerate=chat.agenerate,
            stream=chat.stream,
            astream=chat.astream,
            batch_size=None,
        )

    def count_tokens(self, text: str) -> int:
        """How many tokens `text` takes in the input."""
        return self._count_tokens(text)

    def truncate(self, text: str, max_tokens: int) -> str:
        """The longest prefix of `text` of at most `max_tokens` tokens."""
        if self.count_tokens(text) <= max_tokens:
            return text
        fits, too_long = 0, len(text)
        while too_long - fits > 1:
            middle = (fits + too_long) // 2
            if self.count_tokens(text[:middle]) <= max_tokens:
                fits = middle
            else:
                too_long = middle
        return text[:fits]

    def summarize(self, prompts: Sequence[str]) -> list[str | Exception]:
        """For each prompt its summary, "" for nothing to say, or its error, in order."""
        return [summary for batch in self._batches(prompts) for summary in self._ask(batch)]

    async def asummarize(self, prompts: Sequence[str]) -> list[str | Exception]:
        """`summarize` without blocking the event loop."""
        agenerate = self._agenerate
        if agenerate is None:
            return await asyncio.to_thread(self.summarize, prompts)
        return [
            summary
            for batch in self._batches(prompts)
            for summary in await self._aask(agenerate, batch)
        ]

    def stream(self, prompt: str) -> Iterator[str]:
        """The summary in pieces as they are written; joined they are what `summarize` gives.

        The first piece waits until it can no longer be the agreed word. Raises the prompt's error.
        """
        if self._stream is None:
            yield from _whole(self.summarize([prompt])[0])
            return
        opening = _Opening(self.empty_word)
        for piece in self._stream(replace_surrogates(prompt)):
            if known := opening.add(piece):
                yield known
        if known := opening.rest():
            yield known

    async def astream(self, prompt: str) -> AsyncIterator[str]:
        """`stream` without blocking the event loop."""
        if self._astream is None:
            pieces = self.stream(prompt)
            while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
                yield piece
            return
        opening = _Opening(self.empty_word)
        async for piece in self._astream(replace_surrogates(prompt)):
            if known := opening.add(piece):
                yield known
        if known := opening.rest():
            yield known

    def _batches(self, prompts: Sequence[str]) -> Iterator[list[str]]:
        clean = [replace_surrogates(prompt) for prompt in check_prompts(prompts)]
        size = self.batch_size or len(clean) or 1
        return (clean[first : first + size] for first in range(0, len(clean), size))

    def _ask(self, batch: list[str]) -> list[str | Exception]:
        try:
            return self._read(batch, self._generate(batch))
        except Exception as error:
            return [error] * len(batch)

    async def _aask(
        self, agenerate: Callable[[list[str]], Awaitable[Any]], batch: list[str]
    ) -> list[str | Exception]:
        try:
            return self._read(batch, await agenerate(batch))
        except Exception as error:
            return [error] * len(batch)

    def _read(self, prompts: Sequence[str], replies: object) -> list[str | Exception]:
        """The replies as summaries. Raises `SummaryError` if they are not one per prompt."""
        if not isinstance(replies, (list, tuple)) or len(replies) != len(prompts):
            got = len(replies) if isinstance(replies, (list, tuple)) else type(replies).__name__
            raise SummaryError(
                f"generate must return a list of one text per prompt: for {len(prompts)} prompts "
                f"it returned {got}",
                "malformed",
            )
        return [self._summary(reply) for reply in replies]

    def _summary(self, reply: object) -> str | Exception:
        if isinstance(reply, Exception):
            return reply
        if not isinstance(reply, str):
            return SummaryError(
                f"generate must return texts, but one of them is a {type(reply).__name__}",
                "malformed",
            )
        return "" if _bare(reply) == _bare(self.empty_word) else reply


class _Opening:
    """The beginning of a streamed reply, held back as long as it could be the agreed word."""

    def __init__(self, empty_word: str) -> None:
        self._word = _bare(empty_word)
        self._held = ""
        self._open = False

    def add(self, piece: str) -> str:
        """What may be passed on now that `piece` is known."""
        self._held += piece
        self._open = self._open or not self._word.startswith(_bare(self._held))
        return self._release() if self._open else ""

    def rest(self) -> str:
        """What is left at the end, unless it is the agreed word."""
        return "" if _bare(self._held) == self._word else self._release()

    def _release(self) -> str:
        released, self._held = self._held, ""
        return released


def _bare(text: str) -> str:
    """Letters and digits only, case folded, one space between words."""
    return " ".join(re.findall(r"[^\W_]+", text.casefold()))


def _whole(summary: str | Exception) -> Iterator[str]:
    if isinstance(summary, Exception):
        raise summary
    if summary:
        yield summary
