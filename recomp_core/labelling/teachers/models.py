"""Teachers that are language models: behind an OpenAI-compatible endpoint, or on this machine."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from ..._utils.checks import check_limit, check_whole
from ...abstractive.llm_summarizer import LLMSummarizer
from ...errors import EndpointError, Reason
from ...models.language_models.endpoint import Endpoint, EndpointUser, address_of
from ...models.language_models.reading import problem_of_choice, text_of_choice
from ...models.language_models.reply_settings import (
    check_completion_tokens,
    check_extra_body,
    given_settings,
    limit_fields,
    told_limit,
)
from ...models.language_models.structured import response_format
from ...models.summarizers.causal import CausalSummarizer
from ...models.summarizers.unread import unread_summarizer
from ...prompts import NOTHING_RELEVANT_WORD
from ...readers.answer_scores import AnswerScorer
from ...readers.loading import load_causal
from ...text.splitting import replace_surrogates
from ..chat_client import thinking_off
from .base import BaseTeacher, LanguageModelTeacher, Teacher, TeacherRequest
from .settings import TeacherSettings
from .terms import DEFAULT_POLICY, TeacherPolicy, name_of_folder

# More than any model has: what its positions leave for the prompt is the limit.
_ALL_POSITIONS = 1 << 30

_MAX_NEW_TOKENS = 256


class EndpointTeacher(EndpointUser, BaseTeacher):
    """A chat model behind an OpenAI-compatible endpoint. Needs the extra `openai`.

    A reply that is cut, refused or filtered is an `EndpointError` with that reason.

    Args:
        model: The name that the endpoint knows it by. With the endpoint's host it decides which
            terms apply.
        accept_terms: Whether you state that you have the right to train on its outputs; recorded.
        policy: The terms of language models.
        empty_word: The reply that means "nothing helps".
        detect_refusals: Whether a reply that says so in a sentence means it, too; see
            `LLMSummarizer`.
        temperature: None sends none.
        max_new_tokens: The length of the longest summary, in tokens; None sends no limit.
        max_completion_tokens: The same with the model's reasoning in it, sent in the place of
            `max_tokens`, as OpenAI's reasoning models want it.
        extra_body: Further fields of each request; thinking is turned off for deepseek.com. If it
            has a limit of its own, no other is sent.
        structured: Whether to ask for JSON with `summary` and `sources`, so that the summary comes
            without words around it. An endpoint that does not support it is asked for plain text.
        endpoint: The settings of `Endpoint`: `base_url`, `api_key_env`, `max_concurrency`,
            `requests_per_minute`, `meter`, …

    Raises:
        TeacherTermsError: The model's terms restrict training on its outputs.
        ValueError: A setting cannot work.
        TypeError: `extra_body` can't be sent.
        ImportError: The extra is not installed.
    """

    def __init__(
        self,
        model: str,
        *,
        accept_terms: bool = False,
        policy: TeacherPolicy = DEFAULT_POLICY,
        empty_word: str = NOTHING_RELEVANT_WORD,
        detect_refusals: bool = True,
        temperature: float | None = 0.0,
        max_new_tokens: int | None = _MAX_NEW_TOKENS,
        max_completion_tokens: int | None = None,
        extra_body: Mapping[str, Any] | None = None,
        structured: bool = False,
        **endpoint: Any,
    ) -> None:
        address = address_of(endpoint.get("base_url"))
        licence = policy.check(model, base_url=address, accept_terms=accept_terms)
        self.endpoint = Endpoint(**endpoint)
        super().__init__(model, licence, self.endpoint.meter)
        self.temperature = temperature
        self.max_new_tokens = check_limit("max_new_tokens", max_new_tokens)
        self.max_completion_tokens = check_completion_tokens(max_completion_tokens)
        own = check_extra_body(extra_body) or {}
        self.extra_body = {**thinking_off(self.endpoint.base_url), **own}
        # It recognises the word for "nothing" in quotes, with a full stop, in a code fence.
        self._read = LLMSummarizer(
            list, empty_word=empty_word, detect_refusals=detect_refusals, structured=structured
        )
        self._form = response_format() if structured else None  # None once it was refused

    @property
    def identity(self) -> Mapping[str, Any]:
        """JSON values that decide what it writes."""
        return {
            "teacher": self.name,
            "temperature": self.temperature,
            "max_new_tokens": self.max_new_tokens,
            "empty_word": self._read.empty_word,
            "extra_body": self.extra_body,
            **given_settings(None, self.max_completion_tokens, None),
            **({} if self._read.detect_refusals else {"detect_refusals": False}),
            **({"structured": True} if self._read.structured else {}),
        }

    def write_each(
        self, requests: Sequence[TeacherRequest]
    ) -> Iterator[tuple[int, str | Exception]]:
        """Write all summaries, and hand over each as soon as it is there.

        Args:
            requests: What to write.

        Yields:
            `(position, result)`, in any order.
        """
        for position, text in self.endpoint.each(self._ask, requests):
            yield position, self._read.summarize([text])[0] if isinstance(text, str) else text

    @property
    def _limits(self) -> tuple[int | None, int | None, dict[str, Any]]:
        return self.max_new_tokens, self.max_completion_tokens, self.extra_body

    async def _ask(self, request: TeacherRequest) -> str:
        body: dict[str, Any] = {
            "model": self.name,
            "messages": [{"role": "user", "content": replace_surrogates(request.prompt)}],
            **limit_fields(*self._limits),
            **({} if self.temperature is None else {"temperature": self.temperature}),
            **self.extra_body,
        }
        reply = await self._formed_reply(body)
        choices = reply.get("choices")
        choice = choices[0] if isinstance(choices, list) and choices else None
        message = choice.get("message") if isinstance(choice, dict) else None
        if not isinstance(choice, dict) or not isinstance(message, dict):
            raise self._error("malformed", "has no message", str(reply))
        text = text_of_choice(choice)
        if problem := problem_of_choice(text, choice, reply.get("usage")):
            what = f"can't be used: {problem.told(told_limit(*self._limits))}"
            raise self._error(problem.reason, what, problem.said)
        return replace_surrogates(text or "")

    async def _formed_reply(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """The reply, in the form that is asked for where the endpoint supports it."""
        if self._form is None:
            return await self.endpoint.post("chat/completions", body)
        reply, formed = await self.endpoint.post_formed("chat/completions", body, self._form)
        if not formed:
            self._form = None
        return reply

    def _error(self, reason: Reason, what: str, said: str = "") -> EndpointError:
        return self.endpoint.error(reason, f"the reply of {self.name} {what}", said)


class LocalTeacher(LanguageModelTeacher):
    """A causal chat model of transformers on this machine.

    It writes greedily, and with its chat template if it has one, see `CausalSummarizer`. A summary
    that is cut at `max_new_tokens` is an error.

    Args:
        model: As transformers loads it.
        tokenizer: The model's.
        name: The name of the model, by which its terms are looked up.
        max_new_tokens: The length of the longest summary, in tokens.
        settings: Those of `LanguageModelTeacher`.

    Raises:
        TeacherTermsError: The model's terms restrict training on its outputs.
        ValueError: The chat template can't work, or the model has too few positions.
    """

    def __init__(
        self,
        model: Any,
        tokenizer: Any,
        *,
        name: str,
        max_new_tokens: int = _MAX_NEW_TOKENS,
        **settings: Any,
    ) -> None:
        self.max_new_tokens = check_whole("max_new_tokens", max_new_tokens)
        writer = CausalSummarizer(
            model, tokenizer, max_new_tokens=max_new_tokens, max_input_tokens=_ALL_POSITIONS
        )
        own = {"max_new_tokens": max_new_tokens, **settings.pop("settings", {})}
        super().__init__(writer.summarize, name=name, settings=own, **settings)

    @classmethod
    def from_pretrained(
        cls,
        source: str | os.PathLike[str],
        *,
        name: str | None = None,
        device: str | None = None,
        dtype: str | None = None,
        revision: str | None = None,
        local_files_only: bool = False,
        **settings: Any,
    ) -> LocalTeacher:
        """Load the model and its tokenizer; its terms are looked up before anything is loaded.

        Args:
            source: A hub name or a folder.
            name: The name of the model; None for the last part of `source`.
            device: Where the model runs, such as "cuda"; None for the CPU.
            dtype: The type of its weights, such as "bfloat16"; None for float32.
            revision: A branch, tag or commit on the hub.
            local_files_only: Whether to look only at what was downloaded before.
            settings: Those of the class.

        Returns:
            The teacher.

        Raises:
            TeacherTermsError: The model's terms restrict training on its outputs.
            ModelLoadError: The model is not there, damaged, or of another kind.
            ValueError: See the class; it is found before the weights are read.
        """
        name = name or name_of_folder(source)
        accepted = {k: v for k, v in settings.items() if k == "accept_terms"}
        settings.get("policy", DEFAULT_POLICY).check(name, **accepted)
        hub: dict[str, Any] = {"revision": revision, "local_files_only": local_files_only}
        limits = {
            "max_new_tokens": settings.get("max_new_tokens", _MAX_NEW_TOKENS),
            "max_input_tokens": _ALL_POSITIONS,
        }
        model, tokenizer = load_causal(
            source, check=partial(unread_summarizer, **limits), device=device, dtype=dtype, **hub
        )
        return cls(model, tokenizer, name=name, **settings)


def build_endpoint_teacher(
    settings: TeacherSettings, scorer: Callable[[], AnswerScorer]
) -> Teacher:
    """Build the teacher "endpoint", an `EndpointTeacher`.

    Args:
        settings: `model`, `accept_terms`, `structured` and those of the endpoint count.
        scorer: Not asked.

    Returns:
        The teacher.

    Raises:
        TeacherTermsError: The model's terms restrict training on its outputs.
        ValueError: No model is named, or a setting cannot work.
        ImportError: The extra `openai` is not installed.
    """
    del scorer
    return EndpointTeacher(
        settings.required_model(),
        accept_terms=settings.accept_terms,
        detect_refusals=settings.detect_refusals,
        structured=settings.structured,
        **settings.reply_settings(),
        **settings.endpoint(),
    )


def build_local_teacher(settings: TeacherSettings, scorer: Callable[[], AnswerScorer]) -> Teacher:
    """Build the teacher "local", a `LocalTeacher`.

    Args:
        settings: `model`, `device` and `accept_terms` count.
        scorer: Not asked.

    Returns:
        The teacher.

    Raises:
        TeacherTermsError: The model's terms restrict training on its outputs.
        ValueError: No model is named, or a setting is for an endpoint.
        ModelLoadError: The model can't be loaded.
    """
    del scorer
    if settings.structured:
        raise ValueError(
            "structured is for a teacher behind an endpoint: give teacher='endpoint' (--teacher "
            "endpoint), or leave structured out"
        )
    return LocalTeacher.from_pretrained(
        settings.required_model(),
        device=settings.device,
        accept_terms=settings.accept_terms,
        detect_refusals=settings.detect_refusals,
        **settings.local_reply_settings(),
    )
