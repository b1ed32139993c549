"""A chat API as scorers and teachers ask it. Needs the extra `openai`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from ..errors import EndpointError
from ..models.language_models.endpoint import Endpoint
from ..models.language_models.replies import is_logprob
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
        extra_body: Further fields of each request; thinking is turned off for deepseek.com.
        endpoint: The settings of `Endpoint`, by name.
    """

    def __init__(
        self, model: str, extra_body: Mapping[str, Any] | None, endpoint: Mapping[str, Any]
    ) -> None:
        self.model = model
        self.endpoint = Endpoint(**endpoint)
        self.extra_body = {**thinking_off(self.endpoint.base_url), **(extra_body or {})}

    async def ask(
        self, messages: Sequence[Mapping[str, Any]], **settings: Any
    ) -> list[dict[str, Any]]:
        """Send one request.

        Args:
            messages: The conversation, as the protocol has it.
            settings: Further fields of the request.

        Returns:
            The choices of the reply, at least one.

        Raises:
            EndpointError: The request failed, or the reply has no choices or holds thoughts.
            BudgetError: The budget is spent.
        """
        cleaned = [{**m, "content": replace_surrogates(m["content"])} for m in messages]
        # At temperature 0 some APIs report no probabilities at all.
        body = {"model": self.model, "messages": cleaned, "temperature": 1.0}
        reply = await self.endpoint.post(
            "chat/completions", {**body, **settings, **self.extra_body}
        )
        choices = reply.get("choices")
        if not isinstance(choices, list) or not choices:
            raise self.malformed("it has no choices")
        for choice in choices:
            message = choice.get("message") if isinstance(choice, dict) else None
            text = message.get("content", "") if isinstance(message, dict) else message
            if not isinstance(text, (str, type(None))) or not isinstance(message, dict):
                raise self.malformed("it has a choice without a text", repr(choice))
            if message.get("reasoning_content") or (text or "").lstrip().startswith("<think>"):
                raise self.malformed(
                    "it thinks before it answers: turn that off with extra_body, such as "
                    '{"thinking": {"type": "disabled"}} or '
                    '{"chat_template_kwargs": {"enable_thinking": False}}'
                )
        return choices

    def first_token(self, choice: Mapping[str, Any]) -> dict[str, float]:
        """Read the likeliest first tokens of a reply.

        Args:
            choice: One choice of the reply.

        Returns:
            The tokens with their natural log-probabilities.

        Raises:
            EndpointError: There are no log-probabilities, or none that mean anything.
        """
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
        return self.endpoint.error(
            "malformed", f"the reply of {self.model} can't be used: {what}", said
        )


def text_of(choice: Mapping[str, Any]) -> str:
    """Read the text of one choice.

    Args:
        choice: One choice of a reply.

    Returns:
        What the model wrote; "" if the choice has no text.
    """
    return (choice.get("message") or {}).get("content") or ""
