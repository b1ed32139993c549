"""A chat API as scorers and teachers ask it. Needs the extra `openai`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from ..errors import EndpointError, Reason
from ..models.language_models.endpoint import Endpoint
from ..models.language_models.finish_reasons import has_reasoning
from ..models.language_models.reading import plain_reply, problem_of_choice, text_of_choice
from ..models.language_models.replies import is_logprob
from ..models.language_models.reply_settings import (
    check_completion_tokens,
    check_extra_body,
    limit_fields,
    told_limit,
)
from ..text.reasoning import without_reasoning
from ..text.splitting import replace_surrogates

# DeepSeek at temperature 0 gives 0 to the token that it takes and -9999 to all others.
_IMPOSSIBLE = -9000.0


def thinking_off(base_url: str | None) -> dict[str, Any]:
    """Find the request fields that keep a provider's models from thinking before they write.

    Thinking costs time and money, and leaves no log-probabilities.

    Args:
        base_url: The endpoint's address.

    Returns:
        Fields for the request's body; empty for a provider that is not known here.
    """
    host = urlsplit(base_url or "").hostname or ""
    is_deepseek = host == "deepseek.com" or host.endswith(".deepseek.com")
    return {"thinking": {"type": "disabled"}} if is_deepseek else {}


class ChatClient:
    """A chat model that is asked for log-probabilities or samples.

    Args:
        model: The name that the API knows it by.
        extra_body: Further fields of each request; thinking is turned off for deepseek.com. If it
            has a limit on the reply, no other is sent.
        endpoint: The settings of `Endpoint`, by name.
        max_completion_tokens: The limit on the reply with the model's reasoning, sent in the place
            of `max_tokens`, as OpenAI's reasoning models want it; None for none.

    Raises:
        TypeError: `extra_body` can't be sent.
    """

    def __init__(
        self,
        model: str,
        extra_body: Mapping[str, Any] | None,
        endpoint: Mapping[str, Any],
        *,
        max_completion_tokens: int | None = None,
    ) -> None:
        self.model = model
        self.max_completion_tokens = check_completion_tokens(max_completion_tokens)
        own = check_extra_body(extra_body) or {}
        self.endpoint = Endpoint(**endpoint)
        self.extra_body = {**thinking_off(self.endpoint.base_url), **own}

    @property
    def identity(self) -> dict[str, Any]:
        """JSON values that decide what it is asked."""
        own = {"model": self.model, "extra_body": self.extra_body}
        if self.max_completion_tokens is None:
            return own
        return {**own, "max_completion_tokens": self.max_completion_tokens}

    async def ask(
        self,
        messages: Sequence[Mapping[str, Any]],
        *,
        max_new_tokens: int | None = None,
        **settings: Any,
    ) -> list[dict[str, Any]]:
        """Send one request.

        Args:
            messages: The conversation, as the protocol has it.
            max_new_tokens: The length of the longest reply, in tokens; None for no limit.
            settings: Further fields of the request.

        Returns:
            The choices of the reply, at least one, each with the `usage` of the whole.

        Raises:
            EndpointError: The request failed, or the reply has no choices.
            BudgetError: The budget is spent.
        """
        cleaned = [{**m, "content": replace_surrogates(m["content"])} for m in messages]
        limit = limit_fields(max_new_tokens, self.max_completion_tokens, self.extra_body)
        # At temperature 0 some APIs report no probabilities at all.
        body = {"model": self.model, "messages": cleaned, "temperature": 1.0, **limit}
        reply = await self.endpoint.post(
            "chat/completions", {**body, **settings, **self.extra_body}
        )
        choices = reply.get("choices")
        if not isinstance(choices, list) or not choices:
            raise self.malformed("it has no choices")
        for choice in choices:
            message = choice.get("message") if isinstance(choice, dict) else None
            content = message.get("content") if isinstance(message, dict) else None
            if not isinstance(message, dict) or not isinstance(content, (str, list, type(None))):
                raise self.malformed("it has a choice without a text", repr(choice))
        usage = reply.get("usage")
        if len(choices) > 1 and isinstance(usage, dict):
            # Its totals are those of all choices: of one they say nothing.
            usage = {name: part for name, part in usage.items() if isinstance(part, dict)}
        return [{**choice, "usage": usage} for choice in choices]

    def answer(self, choice: Mapping[str, Any], max_new_tokens: int | None = None) -> str:
        """Read the answer of one choice.

        Args:
            choice: One choice of a reply.
            max_new_tokens: The limit that was asked for.

        Returns:
            What the model wrote after its reasoning.

        Raises:
            EndpointError: The answer is cut, filtered or refused, or there is no text, or only
                reasoning or the call of a tool.
        """
        text = text_of_choice(choice)
        if problem := problem_of_choice(text, choice):
            limit = told_limit(max_new_tokens, self.max_completion_tokens, self.extra_body)
            raise self._error(problem.reason, problem.told(limit), problem.said)
        answer = plain_reply(text or "")
        if isinstance(answer, EndpointError):
            raise self.malformed(str(answer))
        return answer

    def first_token(self, choice: Mapping[str, Any]) -> dict[str, float]:
        """Read the likeliest first tokens of a reply.

        Args:
            choice: One choice of the reply.

        Returns:
            The tokens with their natural log-probabilities.

        Raises:
            EndpointError: There are no log-probabilities, or none that mean anything; or the model
                thinks before it answers; or the reply is refused or filtered.
        """
        # It is cut after its first token, and may be an empty one.
        problem = problem_of_choice(text_of_choice(choice), choice)
        if problem and problem.reason not in ("cut", "malformed"):
            raise self._error(problem.reason, problem.what, problem.said)
        if has_reasoning(choice) or without_reasoning(text_of(choice)).reasoned:
            raise self.malformed(
                "it thinks before it answers: turn that off with extra_body, such as "
                '{"thinking": {"type": "disabled"}} or '
                '{"chat_template_kwargs": {"enable_thinking": False}}'
            )
        try:
            token = choice["logprobs"]["content"][0]
            pairs = [(t["token"], t["logprob"]) for t in [token, *token["top_logprobs"]]]
        except (KeyError, IndexError, TypeError):
            pairs = []
        if not pairs or not all(isinstance(text, str) for text, _ in pairs):
            raise self.malformed(
                "it has no log-probabilities of what it wrote: the API does not support logprobs "
                'and top_logprobs; use method="samples"'
            )
        if not all(is_logprob(value) for _, value in pairs):
            raise self.malformed(
                "what it gives as log-probabilities can be none: top_logprobs is not honoured; use "
                'method="samples"',
                repr(pairs),
            )
        listed = {text: float(value) for text, value in pairs}
        others = sorted(listed.values())[:-1]
        if not others:
            raise self.malformed('top_logprobs is not honoured; use method="samples"')
        if all(value <= _IMPOSSIBLE for value in others):
            raise self.malformed(
                "it gives 0 to the token that it took and nothing to all others, as DeepSeek's API "
                "does at temperature 0: these are no log-probabilities; temperature 1.0 was sent, "
                'so leave extra_body without one, or use method="samples"'
            )
        return listed

    def malformed(self, what: str, said: str = "") -> EndpointError:
        """Make the error of a reply that can't be used.

        Args:
            what: What is wrong with the reply, and the remedy.
            said: What the reply says.

        Returns:
            The error.
        """
        return self._error("malformed", what, said)

    def _error(self, reason: Reason, what: str, said: str) -> EndpointError:
        return self.endpoint.error(reason, f"the reply of {self.model} can't be used: {what}", said)


def text_of(choice: Mapping[str, Any]) -> str:
    """Read the text of one choice.

    Args:
        choice: One choice of a reply.

    Returns:
        What the model wrote, with its reasoning; "" if the choice has no text.
    """
    return text_of_choice(choice) or ""
