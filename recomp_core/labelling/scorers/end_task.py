"""What a reader's own answer is worth, as the paper scores question answering (section 3.1)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal

from ..._utils.checks import check_choice, check_limit
from ...models.language_models.reading import plain_reply
from ...models.language_models.reply_settings import check_extra_body
from ...models.torch_batches import run_with_bisection
from ...protocols import Reader
from ...readers.answer_scores import (
    AnswerPrompt,
    AnswerRequest,
    AnswerScore,
    AnswerScorer,
    BaseScorer,
    Kind,
    in_order,
)
from ...runtime.budget import Meter
from ...text.answers import exact_match, token_f1
from ...text.tokens import approximate_tokens
from ..chat_client import ChatClient
from ..settings import ScorerSettings
from .cache import KeepsReplies, ResultCache
from .chat import CHAT_PROMPT


class EndTaskScorer(KeepsReplies, BaseScorer):
    """What the reader's own answer is worth: 0…1. An `AnswerScorer` of the kind "proxy".

    Args:
        reader: A `protocols.Reader`, or any function `prompts -> texts`.
        name: The name of its model, for the data set.
        metric: "exact_match" or "token_f1".
        prompt: How a request is written; None for `AnswerPrompt()`.
        batch_size: The number of prompts per call.
        meter: Counts what is used, tokens approximately; None for one without a budget.

    Raises:
        TypeError: `reader` is no reader.
        ValueError: `metric` is none of the two.
    """

    kind = Kind.PROXY

    def __init__(
        self,
        reader: Reader | Callable[[list[str]], Sequence[str | Exception]],
        *,
        name: str,
        metric: Literal["exact_match", "token_f1"] = "exact_match",
        prompt: AnswerPrompt | None = None,
        batch_size: int = 32,
        meter: Meter | None = None,
    ) -> None:
        if not isinstance(reader, Reader) and not callable(reader):
            raise TypeError(f"{reader!r} is no reader: it has no answer(prompts)")
        check_choice("metric", metric, ("exact_match", "token_f1"))
        super().__init__(meter)
        self.reader = reader
        self.name = name
        self.metric = metric
        self.prompt = prompt or AnswerPrompt()
        self.batch_size = batch_size
        self._ability = f"{metric} of its answers"

    def keep_in(self, cache: ResultCache) -> None:
        """Have a reader behind an endpoint keep each of its replies.

        Args:
            cache: Where they are kept.
        """
        if isinstance(self.reader, KeepsReplies):
            self.reader.keep_in(cache)

    @property
    def identity(self) -> Mapping[str, Any]:
        """JSON values that decide the scores."""
        return {
            "scorer": type(self).__name__,
            "model": self.name,
            "metric": self.metric,
            "prompt": self.prompt.to_dict(),
        }

    def score_each(
        self, requests: Sequence[AnswerRequest]
    ) -> Iterator[tuple[int, AnswerScore | Exception]]:
        """Score all requests, batch by batch; equal prompts are asked once.

        Args:
            requests: What to score.

        Yields:
            `(position, result)`, in any order.
        """
        users: dict[str, list[int]] = {}
        for position, request in enumerate(requests):
            users.setdefault(self.prompt.prompt(request), []).append(position)
        prompts = list(users)
        for first in range(0, len(prompts), self.batch_size):
            batch = prompts[first : first + self.batch_size]
            for prompt, answer in run_with_bisection(self._answers, batch):
                for position in users[prompt]:
                    yield position, self._value(answer, requests[position].answers)

    def _answers(self, prompts: list[str]) -> list[str | Exception]:
        self.meter.admit(len(prompts))
        self.meter.add(input_tokens=sum(map(approximate_tokens, prompts)))
        if isinstance(self.reader, Reader):
            return [answer.text for answer in self.reader.answer(prompts)]
        return list(self.reader(prompts))

    def _value(self, answer: str | Exception, gold: Sequence[str]) -> AnswerScore | Exception:
        if isinstance(answer, Exception):
            return answer
        answer = plain_reply(answer)
        if isinstance(answer, Exception):
            return answer
        measure = exact_match if self.metric == "exact_match" else token_f1
        return AnswerScore(float(measure(answer, gold)), 0, self.kind)


class ChatAnswers(KeepsReplies):
    """A function from prompts to a chat model's answers: a reader of an `EndTaskScorer`.

    Args:
        model: The name that the API knows it by.
        max_new_tokens: The length of the longest answer, in tokens; None sends no limit.
        max_completion_tokens: Sent in the place of `max_tokens`, see `ChatClient`.
        extra_body: Further fields of each request; thinking is turned off for deepseek.com.
        endpoint: The settings of `Endpoint`: `base_url`, `api_key_env`, `max_concurrency`, …
    """

    def __init__(
        self,
        model: str,
        *,
        max_new_tokens: int | None = 32,
        max_completion_tokens: int | None = None,
        extra_body: Mapping[str, Any] | None = None,
        **endpoint: Any,
    ) -> None:
        # Greedy, as far as a chat API can be.
        self._chat = ChatClient(
            model,
            {"temperature": 0, **(check_extra_body(extra_body) or {})},
            endpoint,
            max_completion_tokens=max_completion_tokens,
        )
        self.max_new_tokens = check_limit("max_new_tokens", max_new_tokens)

    def __call__(self, prompts: Sequence[str]) -> list[str | Exception]:
        """Ask the model for answers.

        Args:
            prompts: What the model reads.

        Returns:
            For each prompt the answer, or the exception that it ended with; in order.
        """
        return in_order(self._chat.endpoint.each(self._answer, prompts))

    async def _answer(self, prompt: str) -> str:
        messages = [{"role": "user", "content": prompt}]

        async def ask() -> str:
            choices = await self._chat.ask(messages, max_new_tokens=self.max_new_tokens)
            return self._chat.answer(choices[0], self.max_new_tokens)

        decisive = [self._chat.model, self._chat.extra_body, self.max_new_tokens, messages]
        if self._chat.max_completion_tokens is not None:
            decisive.append(self._chat.max_completion_tokens)
        return await self._once(decisive, ask)


def build_end_task_scorer(settings: ScorerSettings) -> AnswerScorer:
    """Build the scorer "end-task": of a chat API with `base_url`, else of a local causal model.

    Args:
        settings: `model`, `metric`, `device` and those of the endpoint count.

    Returns:
        The scorer.

    Raises:
        ValueError: No model is named.
        ModelLoadError: The model can't be loaded.
        ImportError: The extra `openai` is not installed, with `base_url`.
    """
    model = settings.required_model()
    if settings.base_url:
        answers = ChatAnswers(model, **settings.reply_settings(), **settings.endpoint())
        return EndTaskScorer(answers, name=model, metric=settings.metric, prompt=CHAT_PROMPT)
    from ...readers.generative import LocalReader
    from ...readers.loading import load_causal

    loaded = load_causal(model, device=settings.device)
    reader = LocalReader(*loaded, **settings.local_reply_settings())
    return EndTaskScorer(reader, name=model, metric=settings.metric)
