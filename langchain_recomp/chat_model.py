"""A LangChain chat model as the summarizer of an abstractive compressor."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator, Sequence
from functools import partial
from typing import Any

from langchain_core.messages import BaseMessage, BaseMessageChunk
from langchain_core.runnables import Runnable, RunnableConfig

from recomp_core import LanguageModelTeacher, LLMSummarizer, SummaryError
from recomp_core.integration import (
    is_unfinished,
    is_unsupported,
    names_ending,
    reply_error,
    sourced,
    summary_of_call,
    summary_schema,
)


def summarizer_from_chat_model(
    chat_model: Runnable[Any, Any],
    *,
    max_concurrency: int | None = 8,
    batch_size: int | None = None,
    structured: bool = False,
    **settings: Any,
) -> LLMSummarizer:
    """Make a summarizer that asks a chat model.

    A reply that is cut, refused, filtered or without text is a `SummaryError`; errors of the
    provider's client stay as they are. The model's runs are children of the run that asks.

    Args:
        chat_model: A chat model, also one with `with_retry()`, `with_fallbacks()` or `bind()`.
            Timeouts and the limit on its output are its own settings.
        max_concurrency: Prompts under way at one time in a batch; None for what the config says.
        batch_size: Prompts per batch; None for all at once.
        structured: Whether to ask for JSON with `summary` and `sources`, by the model's own
            `with_structured_output`; a model that does not support it is asked for plain text.
            Streams are plain text.
        **settings: `empty_word`, `detect_refusals`, `max_input_tokens` and `count_tokens` of
            `LLMSummarizer`.

    Returns:
        The summarizer.

    Raises:
        TypeError: `chat_model` is no chat model.
    """
    if not isinstance(chat_model, Runnable):
        raise TypeError(f"chat_model must be a LangChain chat model, got {chat_model!r:.80}")
    model = _ChatModel(chat_model, max_concurrency, structured)
    return LLMSummarizer(
        model.generate,
        agenerate=model.agenerate,
        stream=model.stream,
        astream=model.astream,
        batch_size=batch_size,
        structured=structured,
        **settings,
    )


def teacher_from_chat_model(
    chat_model: Runnable[Any, Any],
    *,
    name: str | None = None,
    accept_terms: bool = False,
    max_concurrency: int | None = 8,
    structured: bool = False,
    **settings: Any,
) -> LanguageModelTeacher:
    """Make a chat model the teacher of an abstractive compressor, see `recomp_core.labelling`.

    Args:
        chat_model: The model that writes the summaries to train on.
        name: Its name, by which its terms are looked up; by default what the chat model reports.
        accept_terms: See `LanguageModelTeacher`.
        max_concurrency: See `summarizer_from_chat_model`.
        structured: See `summarizer_from_chat_model`; recorded.
        **settings: Those of `LanguageModelTeacher`.

    Returns:
        The teacher.

    Raises:
        TeacherTermsError: The model's terms do not allow to train on its outputs.
        ValueError: The model has no name.
    """
    name = name or _first_text(chat_model, "model_name", "model", "model_id")
    if not name:
        raise ValueError(f"{type(chat_model).__name__} does not say which model it is: give name=")
    return LanguageModelTeacher.reading_by(
        partial(summarizer_from_chat_model, chat_model, max_concurrency=max_concurrency),
        name=name,
        base_url=_first_text(chat_model, "azure_endpoint", "openai_api_base"),
        accept_terms=accept_terms,
        structured=structured,
        **settings,
    )


def _first_text(chat_model: Any, *attributes: str) -> str | None:
    for attribute in attributes:
        if isinstance(found := getattr(chat_model, attribute, None), str) and found:
            return found
    return None


# What a message has beside its text.
_ASIDE = ("tool_calls", "invalid_tool_calls", "tool_call_chunks", "usage_metadata")


class _ChatModel:
    """Prompts to texts; see `LLMSummarizer` for the forms."""

    def __init__(
        self, model: Runnable[Any, Any], max_concurrency: int | None, structured: bool
    ) -> None:
        self.model = model
        self.config = RunnableConfig(max_concurrency=max_concurrency)
        self.structured = _structured(model) if structured else None

    def generate(self, prompts: list[str]) -> list[str | Exception]:
        asked = self.structured or self.model
        replies = asked.batch(prompts, self.config, return_exceptions=True)
        if refused := self._refused(asked, prompts, replies):
            texts = self.model.batch([*refused.values()], self.config, return_exceptions=True)
            self._take(replies, refused, texts)
        return [self._text(reply) for reply in replies]

    async def agenerate(self, prompts: list[str]) -> list[str | Exception]:
        asked = self.structured or self.model
        replies = await asked.abatch(prompts, self.config, return_exceptions=True)
        if refused := self._refused(asked, prompts, replies):
            texts = await self.model.abatch(
                [*refused.values()], self.config, return_exceptions=True
            )
            self._take(replies, refused, texts)
        return [self._text(reply) for reply in replies]

    def _refused(self, asked: Any, prompts: list[str], replies: list[Any]) -> dict[int, str]:
        """The prompts whose form the model refused, by position: text is asked for in its place."""
        if asked is self.model:
            return {}
        return {n: prompts[n] for n, reply in enumerate(replies) if _refuses_the_form(reply)}

    def _take(self, replies: list[Any], refused: dict[int, str], texts: list[Any]) -> None:
        """Put texts in the place of refusals; if one came, the form was what was wrong."""
        for position, text in zip(refused, texts, strict=True):
            replies[position] = text
            if not isinstance(text, Exception):
                self.structured = None

    def stream(self, prompt: str) -> Iterator[str]:
        chunks = []
        for chunk in self.model.stream(prompt):
            chunks.append(chunk)
            yield _text_of([chunk])
        self._check(chunks)

    async def astream(self, prompt: str) -> AsyncIterator[str]:
        chunks = []
        async for chunk in self.model.astream(prompt):
            chunks.append(chunk)
            yield _text_of([chunk])
        self._check(chunks)

    def _text(self, reply: Any) -> str | Exception:
        if isinstance(reply, Exception):
            return reply
        try:
            if isinstance(reply, dict):  # what with_structured_output(include_raw=True) gives
                raw, parsed = reply["raw"], reply["parsed"]
                said = (raw.response_metadata, raw.additional_kwargs)
                summary: str | None = None if parsed is None else sourced(parsed)
                if names_ending(said):
                    summary = _called_summary(raw, summary)
                if summary is None:
                    return self._check([raw])
                text = summary or "nothing"  # an empty summary is a reply, too
                if error := reply_error(self.model.get_name(), text, said, by_tool=True):
                    raise error
                return summary
            return self._check([reply])
        except SummaryError as error:
            return error

    def _check(self, messages: Sequence[BaseMessage]) -> str:
        """The text of a reply, whole or in chunks. Raises `SummaryError` if it is no summary."""
        text = _text_of(messages)
        # A whole message of blocks, or of none, is no empty text; the end of a stream may be one.
        wordless = not text and any(
            message.content or (message.content == [] and not isinstance(message, BaseMessageChunk))
            for message in messages
        )
        said = [
            part
            for message in messages
            for part in (
                message.response_metadata,
                message.additional_kwargs,
                message.content,
                {name: getattr(message, name, None) for name in _ASIDE},
            )
        ]
        if error := reply_error(self.model.get_name(), None if wordless else text, said):
            raise error
        if is_unfinished(said):
            raise SummaryError(f"{self.model.get_name()}: the reply is not whole", "cut")
        return text


def _structured(model: Any) -> Runnable[Any, Any] | None:
    """The model that replies in the form of a summary; None for one that can't."""
    try:
        asked: Runnable[Any, Any] = model.with_structured_output(summary_schema(), include_raw=True)
    except (AttributeError, NotImplementedError, TypeError, ValueError):
        return None
    return asked


def _refuses_the_form(reply: Any) -> bool:
    return isinstance(reply, Exception) and is_unsupported(reply)


def _called_summary(message: Any, parsed: str | None) -> str | None:
    """The summary in tools' calls of which at most the first was parsed; None if there is none.

    Clients close the arguments that a limit cut, so this is for calls that say how they ended.
    """
    calls = [*getattr(message, "tool_calls", ()), *getattr(message, "invalid_tool_calls", ())]
    found = [one for call in calls if (one := summary_of_call(call["args"])) is not None]
    if len(found) < 2:
        return found[0] if parsed is None and found else parsed
    # The summarizer joins them, for it knows which say nothing.
    return "\n".join(json.dumps({"summary": one, "sources": one.sources}) for one in found)


def _text_of(messages: Sequence[BaseMessage]) -> str:
    """The text blocks alone: no thoughts, no tool calls."""
    for message in messages:
        if not isinstance(message, BaseMessage):
            raise SummaryError(
                f"a chat model must reply with messages, got {type(message).__name__}: give the "
                "model itself, without a parser",
                "malformed",
            )
    return "".join(message.text for message in messages)
