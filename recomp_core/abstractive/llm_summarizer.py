"""A summarizer made of any language model: prompts go to a callable, one word means "nothing"."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import regex

from .._utils.checks import check_limit, check_prompts
from ..errors import SummaryError
from ..models.language_models.openai_chat import OpenAIChatModel
from ..models.language_models.reading import (
    CALLED_TOOL,
    ReplyStream,
    is_tool_call,
    plain_reply,
)
from ..models.language_models.structured import SourcedSummary, read_summary, response_format
from ..prompts import NOTHING_RELEVANT_WORD, llm_prompt
from ..runtime.batching import CONCURRENT, MicroBatcher
from ..text.refusals import adds_news, may_mean_nothing, means_nothing
from ..text.splitting import replace_surrogates
from ..text.tokens import approximate_tokens
from .streams import bare_words, iterate_in_thread

if TYPE_CHECKING:
    from ..models.summarizers.local import LocalSummarizer

# What models write around the agreed word: tags, LaTeX, the language of a fence, a label.
_WRAPPING = (
    r"</?[a-z]\w{0,20}>|\\(?:boxed|text\w{0,2}|mathrm)\b|(?:```|~~~)\w{1,20}[ \t\r]{0,9}\n"
    r"|(?:final )?(?:answer|summary|response|output|result) ?[:：]"
)
_PART_END = regex.compile(r"\n|(?<=[.!?]) |(?<=[。！？])")
# What the agreed word says, so that a sentence after it need not say it again.
_LACK = "The documents do not help."
# A longer reply says something, so that a stream is not held for ever.
_LONGEST_NOTHING = 2000  # characters


class LLMSummarizer:
    """A `protocols.Summarizer` around any callable that sends prompts to a language model.

    Args:
        generate: A function `prompts -> texts`, one text per prompt, in order. An exception in the
            place of a text is that prompt's error; a raised exception is the error of every prompt
            of the call.
        empty_word: The word that the prompt tells the model to reply when the documents do not
            help. A reply of this word alone, in any case and with any quotes, marks and label
            around it, becomes "", and so does one without a letter or digit.
        detect_refusals: Whether a reply that says only that the documents do not help ("The
            documents do not contain …", in a language of `text.refusals`) becomes "" too, with the
            word or without it.
        max_input_tokens: The longest prompt that the model takes; None for no limit.
        count_tokens: Counts as the model does (see `TokenCounter`); by default
            `approximate_tokens`.
        agenerate: The asynchronous form of `generate`; by default `generate` in a thread.
        stream: A function `prompt -> iterator of pieces`; by default the whole text is one piece.
        astream: A function `prompt -> asynchronous iterator of pieces`; by default `stream` in a
            thread.
        batch_size: Prompts per call of `generate`; None for all at once.
        structured: Whether a whole reply may be JSON with `summary` and `sources`, see
            `models.language_models.structured`. Streams are plain text.

    Attributes:
        default_prompt: The prompt that goes with the empty word, see `prompts.llm_prompt`.
        local: The model on this machine that it asks; None where it asks something else.

    Raises:
        TypeError: `generate` is not callable, or `detect_refusals` is no bool.
        ValueError: A setting has no such value.
    """

    def __init__(
        self,
        generate: Callable[[list[str]], Sequence[str | Exception]],
        *,
        empty_word: str = NOTHING_RELEVANT_WORD,
        detect_refusals: bool = True,
        max_input_tokens: int | None = None,
        count_tokens: Callable[[str], int] | None = None,
        agenerate: Callable[[list[str]], Awaitable[Sequence[str | Exception]]] | None = None,
        stream: Callable[[str], Iterator[str]] | None = None,
        astream: Callable[[str], AsyncIterator[str]] | None = None,
        batch_size: int | None = 8,
        structured: bool = False,
    ) -> None:
        if not callable(generate):
            raise TypeError(f"generate must be a callable prompts -> texts, got {generate!r}")
        check_replies(empty_word, detect_refusals)
        self.max_input_tokens = check_limit("max_input_tokens", max_input_tokens)
        self.batch_size = check_limit("batch_size", batch_size)
        self.empty_word = empty_word
        self._word = _wrapped(empty_word)
        self._with_reason = _with_reason(empty_word)
        self.detect_refusals = detect_refusals
        self.structured = structured
        self.default_prompt = llm_prompt(empty_word)
        self._generate = generate
        self._agenerate = agenerate
        self._threads = MicroBatcher(CONCURRENT)
        self.local: LocalSummarizer | None = None
        self._holds_streams = False  # for the model does not mark where its reasoning begins
        self._stream = stream
        self._astream = astream
        self._count_tokens = approximate_tokens if count_tokens is None else count_tokens

    def __repr__(self) -> str:
        model = self._generate if self.local is None else self.local
        return f"LLMSummarizer({getattr(model, '__qualname__', None) or repr(model)})"

    @classmethod
    def from_endpoint(
        cls,
        model: str,
        *,
        empty_word: str = NOTHING_RELEVANT_WORD,
        detect_refusals: bool = True,
        max_input_tokens: int | None = None,
        count_tokens: Callable[[str], int] | None = None,
        structured: bool = False,
        **endpoint: Any,
    ) -> LLMSummarizer:
        """Make a summarizer of a model behind an OpenAI-compatible endpoint.

        Args:
            model: The model's name at the endpoint.
            empty_word: See the class.
            detect_refusals: See the class.
            max_input_tokens: See the class.
            count_tokens: See the class.
            structured: Whether to ask for JSON with `summary` and `sources` (`json_schema`), which
                says in `Compression.sources` what a summary is drawn from. An endpoint that does
                not support it is asked for plain text.
            **endpoint: The settings of `OpenAIChatModel`: `base_url`, `api_key_env`, `timeout`, …

        Returns:
            The summarizer.

        Raises:
            ImportError: `openai` is not installed.
            ValueError: A setting has no such value.
        """
        chat = OpenAIChatModel(model, **endpoint)
        chat.response_format = response_format() if structured else None
        return cls(
            chat,
            empty_word=empty_word,
            detect_refusals=detect_refusals,
            max_input_tokens=max_input_tokens,
            count_tokens=count_tokens,
            agenerate=chat.agenerate,
            stream=chat.stream,
            astream=chat.astream,
            batch_size=None,
            structured=structured,
        )

    @classmethod
    def from_local(
        cls,
        model: LocalSummarizer,
        *,
        empty_word: str = NOTHING_RELEVANT_WORD,
        detect_refusals: bool = True,
    ) -> LLMSummarizer:
        """Make a summarizer of a decoder-only model on this machine.

        Args:
            model: See `models.summarizers.loading.load_local_summarizer`.
            empty_word: See the class.
            detect_refusals: See the class.

        Returns:
            The summarizer.

        Raises:
            ValueError: A setting has no such value.
        """
        summarizer = cls(
            model.summarize,
            empty_word=empty_word,
            detect_refusals=detect_refusals,
            max_input_tokens=model.max_input_tokens,
            count_tokens=model.count_tokens,
            stream=model.stream,
            batch_size=None,  # the model makes batches itself
        )
        summarizer.local = model
        return summarizer

    @property
    def chat(self) -> OpenAIChatModel | None:
        """The model behind an endpoint that it asks; None where it asks something else."""
        return self._generate if isinstance(self._generate, OpenAIChatModel) else None

    def count_tokens(self, text: str) -> int:
        """Count the tokens that a text takes in the input.

        Args:
            text: The text.

        Returns:
            Its number of tokens.
        """
        return self._count_tokens(text)

    def truncate(self, text: str, max_tokens: int) -> str:
        """Cut a text to a number of tokens.

        Args:
            text: The text.
            max_tokens: The most tokens that the result may have.

        Returns:
            The longest prefix with at most so many.
        """
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
        """Have the model answer prompts.

        Args:
            prompts: The filled prompts.

        Returns:
            For each prompt, in order, its summary ("" for nothing to say) or its error.
        """
        return [summary for batch in self._batches(prompts) for summary in self._ask(batch)]

    async def asummarize(self, prompts: Sequence[str]) -> list[str | Exception]:
        """Have the model answer prompts without blocking the event loop.

        Args:
            prompts: The filled prompts.

        Returns:
            What `summarize` returns.
        """
        agenerate = self._agenerate
        if agenerate is None:
            return await self._threads.run(partial(self.summarize, prompts))
        return [
            summary
            for batch in self._batches(prompts)
            for summary in await self._aask(agenerate, batch)
        ]

    def stream(self, prompt: str) -> Iterator[str]:
        """Have the model answer one prompt piece by piece.

        The first piece waits until it can no longer be the agreed word, or a sentence that says
        that nothing helps.

        Args:
            prompt: The filled prompt.

        Yields:
            The pieces of the summary as they are written; joined, they are what `summarize`
            returns.

        Raises:
            Exception: The prompt's error.
        """
        if self._stream is None:
            yield from _whole(self.summarize([prompt])[0])
            return
        reply = self._reply_stream()
        try:
            for piece in self._stream(replace_surrogates(prompt)):
                if known := reply.add(piece):
                    yield known
            if known := reply.rest():
                yield known
        finally:
            self._holds_streams = self._holds_streams or reply.unopened

    async def astream(self, prompt: str) -> AsyncIterator[str]:
        """Have the model answer one prompt piece by piece, without blocking the event loop.

        Args:
            prompt: The filled prompt.

        Yields:
            What `stream` yields.

        Raises:
            Exception: The prompt's error.
        """
        if self._astream is None:
            async for piece in iterate_in_thread(self.stream(prompt), self._threads):
                yield piece
            return
        reply = self._reply_stream()
        try:
            async for piece in self._astream(replace_surrogates(prompt)):
                if known := reply.add(piece):
                    yield known
            if known := reply.rest():
                yield known
        finally:
            self._holds_streams = self._holds_streams or reply.unopened

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
        self, agenerate: Callable[[list[str]], Awaitable[object]], batch: list[str]
    ) -> list[str | Exception]:
        try:
            return self._read(batch, await agenerate(batch))
        except Exception as error:
            return [error] * len(batch)

    def _read(self, prompts: Sequence[str], replies: object) -> list[str | Exception]:
        """Return the replies as summaries; raise `SummaryError` unless there is one per prompt."""
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
        read = plain_reply(reply)
        if isinstance(reply, SourcedSummary):
            read = _sourced(read, reply.sources)
        elif self.structured and isinstance(read, str):
            read = read_summary(read, self._means_nothing)
            if isinstance(read, SourcedSummary):  # what was escaped in the JSON is seen only now
                read = _sourced(plain_reply(read), read.sources)
        if isinstance(read, str) and is_tool_call(read):
            return SummaryError(CALLED_TOOL, "malformed")
        return "" if isinstance(read, str) and self._means_nothing(read) else read

    def _reply_stream(self) -> ReplyStream:
        return ReplyStream(
            hold=self._holds_streams,
            may_mean_nothing=self._may_mean_nothing,
            means_nothing=self._means_nothing,
        )

    def _means_nothing(self, text: str) -> bool:
        """Whether a whole reply says that the documents do not help."""
        if len(text) > _LONGEST_NOTHING:
            return False
        if not bare_words(text) or self._word.fullmatch(text):
            return True
        if not self.detect_refusals:
            return False
        reason = self._with_reason and self._with_reason.fullmatch(text)
        if reason and not adds_news(reason["reason"]):
            return True
        parts = _PART_END.split(text)
        others = [part for part in parts if not self._word.fullmatch(part)]
        has_word = len(others) < len(parts)
        return (has_word and _say_nothing(others, means_nothing)) or means_nothing(text)

    def _may_mean_nothing(self, text: str) -> bool:
        """Whether the beginning of a reply may become one that says so."""
        if len(text) > _LONGEST_NOTHING:
            return False
        if not bare_words(text) or self._word.fullmatch(text, partial=True):
            return True
        if not self.detect_refusals:
            return False
        reason = self._with_reason and self._with_reason.fullmatch(text, partial=True)
        if reason and not adds_news(reason["reason"] or ""):
            return True
        *parts, last = _PART_END.split(text)
        others = [part for part in parts if not self._word.fullmatch(part)]
        if not self._word.fullmatch(last, partial=True):
            others.append(last)
        may_have_word = len(others) <= len(parts)
        return (may_have_word and _say_nothing(others, may_mean_nothing)) or may_mean_nothing(text)


def check_replies(empty_word: str = NOTHING_RELEVANT_WORD, detect_refusals: bool = True) -> None:
    """Check the settings that say which replies are empty summaries.

    Args:
        empty_word: See `LLMSummarizer`, as for the next.
        detect_refusals: Whether a refusal is one, too.

    Raises:
        ValueError: The word holds no letter or digit.
        TypeError: `detect_refusals` is no bool.
    """
    if not isinstance(empty_word, str) or not bare_words(empty_word):
        raise ValueError(f"empty_word must hold a letter or digit, got {empty_word!r}"[:200])
    if not isinstance(detect_refusals, bool):
        raise TypeError(f"detect_refusals must be a bool, got {detect_refusals!r}"[:200])


def _wrapped(word: str) -> regex.Pattern[str]:
    """The word alone, with what models write around it."""
    around = rf"(?:{_WRAPPING}|[\W_])*"
    letters = r"[\W_]+".join(map(regex.escape, bare_words(word).split()))
    return regex.compile(f"{around}{letters}{around}", regex.IGNORECASE | regex.FULLCASE)


def _with_reason(word: str) -> regex.Pattern[str] | None:
    """The word in its own capitals and, in the same sentence, why: "IRRELEVANT: all about mills".

    None for a word that has small letters, which a summary may begin with. A reason has no figures.
    """
    if not word.isupper():
        return None
    return regex.compile(
        rf"[\s*_`\"“]*{regex.escape(word)}[*_`\"”]*"
        r"(?:\s*[:(—–]|\s+-|,?\s+(?:because|since|as)\b)(?P<reason>[^\d\n.!?。！？]*)[.!?。！？)*_\s]*"
    )


def _say_nothing(parts: Sequence[str], means: Callable[[str], bool]) -> bool:
    said = "\n".join(parts)
    return not bare_words(said) or means(said) or means(f"{_LACK}\n{said}")


def _sourced(text: str | SummaryError, sources: Sequence[int]) -> str | SummaryError:
    return SourcedSummary(text, sources) if isinstance(text, str) else text


def _whole(summary: str | Exception) -> Iterator[str]:
    if isinstance(summary, Exception):
        raise summary
    if summary:
        yield summary
