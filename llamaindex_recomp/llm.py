"""A LlamaIndex language model as the summarizer of an abstractive compressor."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from functools import partial
from typing import Any

from llama_index.core.base.llms.types import ChatMessage, ChatResponse
from llama_index.core.llms import LLM
from llama_index.core.prompts import PromptTemplate

from recomp_core import LanguageModelTeacher, LLMSummarizer, SummaryError
from recomp_core.integration import (
    is_unfinished,
    is_unsupported,
    reply_error,
    sourced,
    summary_schema,
)

_TEXT = PromptTemplate("{text}")  # so that braces in the documents are text


def summarizer_from_llm(llm: LLM, *, structured: bool = False, **settings: Any) -> LLMSummarizer:
    """Make a summarizer that asks a language model: by `chat` if it has that, else by `complete`.

    A reply that is cut, refused, filtered or without text is a `SummaryError`, as far as the
    provider's response says so; errors of the provider's client stay as they are. The model's
    spans and events are those of any call in LlamaIndex.

    Args:
        llm: A LlamaIndex language model. Timeouts, retries and the limit on its output are its own
            settings.
        structured: Whether to ask for JSON with `summary` and `sources`, by the model's own
            `structured_predict`; a model that calls no functions is asked for plain text, and so is
            one that fails to. Streams are plain text.
        **settings: `empty_word`, `detect_refusals`, `max_input_tokens`, `count_tokens` and
            `batch_size` of `LLMSummarizer`; the asynchronous forms ask for the prompts of a batch
            at the same time.

    Returns:
        The summarizer.

    Raises:
        TypeError: `llm` is no language model of LlamaIndex.
    """
    if not isinstance(llm, LLM):
        raise TypeError(
            f"llm must be a LlamaIndex language model, got {llm!r:.80}: give Settings.llm, or what "
            "resolve_llm returns"
        )
    model = _Model(llm, structured and llm.metadata.is_function_calling_model)
    return LLMSummarizer(
        model.generate,
        agenerate=model.agenerate,
        stream=model.stream,
        astream=model.astream,
        structured=structured,
        **settings,
    )


def teacher_from_llm(
    llm: LLM,
    *,
    name: str | None = None,
    accept_terms: bool = False,
    structured: bool = False,
    **settings: Any,
) -> LanguageModelTeacher:
    """Make a language model the teacher of an abstractive compressor.

    Args:
        llm: The model that writes the summaries to train on.
        name: Its name, by which its terms are looked up; by default what its metadata say.
        accept_terms: See `recomp_core.labelling.LanguageModelTeacher`.
        structured: See `summarizer_from_llm`; recorded.
        **settings: Those of `LanguageModelTeacher`.

    Returns:
        The teacher.

    Raises:
        TeacherTermsError: The model's terms do not allow to train on its outputs.
    """
    return LanguageModelTeacher.reading_by(
        partial(summarizer_from_llm, llm),
        name=name or llm.metadata.model_name,
        base_url=_address_of(llm),
        accept_terms=accept_terms,
        structured=structured,
        **settings,
    )


def _address_of(llm: LLM) -> str | None:
    """Where the model is asked, if it says so in words."""
    found = (getattr(llm, name, None) for name in ("azure_endpoint", "api_base"))
    return next((text for text in found if text and isinstance(text, str)), None)


def _lacks_the_form(error: Exception) -> bool:
    """Whether plain text may come where the form of a summary did not."""
    return isinstance(error, (ValueError, AttributeError)) or is_unsupported(error)


class _Model:
    """Prompts to texts; see `LLMSummarizer` for the forms."""

    def __init__(self, llm: LLM, structured: bool) -> None:
        self.llm = llm
        self.structured = structured

    def generate(self, prompts: list[str]) -> list[str | Exception]:
        return [self._attempt(prompt) for prompt in prompts]

    async def agenerate(self, prompts: list[str]) -> list[str | Exception]:
        return [*await asyncio.gather(*map(self._aattempt, prompts))]

    def stream(self, prompt: str) -> Iterator[str]:
        responses = []
        text = ""
        for response in self._ask("stream_", prompt):
            responses.append(response)
            piece = _piece_of(response, text)
            text += piece
            yield piece
        self._check(responses)

    async def astream(self, prompt: str) -> AsyncIterator[str]:
        responses = []
        text = ""
        async for response in await self._ask("astream_", prompt):
            responses.append(response)
            piece = _piece_of(response, text)
            text += piece
            yield piece
        self._check(responses)

    def _attempt(self, prompt: str) -> str | Exception:
        if self.structured:
            try:
                found = self.llm.structured_predict(summary_schema(), _TEXT, text=prompt)
                if not isinstance(found, str):
                    return sourced(found)
            except Exception as error:
                if not _lacks_the_form(error):
                    return error
        try:
            return self._check([self._ask("", prompt)])
        except Exception as error:
            return error

    async def _aattempt(self, prompt: str) -> str | Exception:
        if self.structured:
            try:
                found = await self.llm.astructured_predict(summary_schema(), _TEXT, text=prompt)
                if not isinstance(found, str):
                    return sourced(found)
            except Exception as error:
                if not _lacks_the_form(error):
                    return error
        try:
            return self._check([await self._ask("a", prompt)])
        except Exception as error:
            return error

    def _ask(self, way: str, prompt: str) -> Any:
        """What the model's method gives; way: "", "a", "stream_" or "astream_"."""
        if self.llm.metadata.is_chat_model:
            return getattr(self.llm, f"{way}chat")([ChatMessage(content=prompt)])
        return getattr(self.llm, f"{way}complete")(prompt)

    def _check(self, responses: list[Any]) -> str:
        """The text of a reply, whole or in chunks, each of which has the text so far.

        Raises:
            SummaryError: The reply is no summary.
        """
        said: list[Any] = []
        text = None
        for response in responses:
            said += [response.raw, response.additional_kwargs]
            if isinstance(response, ChatResponse):
                said += [response.message.additional_kwargs, {"blocks": response.message.blocks}]
            content = _text_of(response)
            text = text if content is None else content
        if error := reply_error(self.llm.class_name(), text, said):
            raise error
        if is_unfinished(said):
            raise SummaryError(f"{self.llm.class_name()}: the reply is not whole", "cut")
        return text or ""


def _text_of(response: Any) -> str | None:
    """The text so far."""
    chats = isinstance(response, ChatResponse)
    text: str | None = response.message.content if chats else response.text
    return text


def _piece_of(response: Any, text: str) -> str:
    """What a response of a stream adds to the text; some models give the whole text alone."""
    if response.delta is not None:
        return str(response.delta)
    whole = _text_of(response) or ""
    return whole[len(text) :] if whole.startswith(text) else ""
