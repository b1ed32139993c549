"""How likely an answer is, asked of an API that reports only what it generated itself.

There are three methods; the kind of a scorer says what its values are:

- "prefix": The answer is put into the model's mouth token by token, and before each token the model
  is asked for its next one. The score is exact while every token is among the likeliest that the
  API reports; at a token that is not, the least likely of those bounds it from above ("censored").
- "samples": The model answers k times at temperature 1. How often it is right estimates the
  probability of the answer, in any of its wordings ("estimate").
- "judge": The model is asked whether the answer follows, and the probabilities of its yes and no
  are compared ("proxy").
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from ..._utils.checks import check_choice, check_limit, check_whole
from ...models.language_models.endpoint import EndpointUser
from ...readers.answer_scores import (
    AnswerPrompt,
    AnswerRequest,
    Answers,
    AnswerScore,
    AnswerScorer,
    BaseScorer,
    Kind,
    Pair,
    PairScorer,
)
from ...readers.loading import load_tokenizer
from ...text.answers import exact_match
from ..chat_client import ChatClient
from ..settings import ScorerSettings
from .cache import KeepsReplies

Method = Literal["samples", "prefix", "judge"]

TOP_LOGPROBS = 20  # the most that the protocol allows

# The probability that yes and no must hold together. With less the model is about to write
# something else, such as a refusal, and how they compare says nothing.
_FAIR_SHARE = 0.5

CHAT_PROMPT = AnswerPrompt(
    "{context}\n\nQuestion: {query}\n"
    "Answer with the shortest phrase that answers the question, and nothing else.",
    "Question: {query}\n"
    "Answer with the shortest phrase that answers the question, and nothing else.",
    "{answer}",
)
JUDGE_PROMPT = AnswerPrompt(
    "{context}\n\nQuestion: {query}\nProposed answer: {answers}\n"
    "Judging by the text above, is the proposed answer right? Reply with yes or no alone.",
    "Question: {query}\nProposed answer: {answers}\n"
    "Is the proposed answer right? Reply with yes or no alone.",
    "{answer}",
)
_PROBE = AnswerRequest("Which number comes next: 1, 2, 3, 4?", "Numbers follow on.", ("5",))


def ChatScorer(model: str, *, method: Method = "samples", **settings: Any) -> ChatMethod:  # noqa: N802 - stands for the class of the method
    """Make a scorer for a chat API.

    Args:
        model: The name that the API knows it by.
        method: "samples" for a `SampledChatScorer`, "prefix" for a `PrefixChatScorer`, "judge" for
            a `JudgeChatScorer`; see the module.
        settings: Those of the method's class.

    Returns:
        The scorer.

    Raises:
        ValueError: `method` is none of the three, or a setting cannot work.
        ImportError: The extra `openai` is not installed.
    """
    check_choice("method", method, tuple(_METHODS))
    return _METHODS[method](model, **settings)


class ChatMethod(KeepsReplies, EndpointUser, BaseScorer):
    """What the methods share. An `AnswerScorer`.

    Attributes:
        chat: The model and its endpoint.
        prompt: How a request is written.
    """

    chat: ChatClient
    prompt: AnswerPrompt
    _ability = "it answers as it should"

    def _connect(
        self,
        model: str,
        extra_body: Mapping[str, Any] | None,
        max_completion_tokens: int | None,
        endpoint: dict[str, Any],
    ) -> None:
        self.chat = ChatClient(
            model, extra_body, endpoint, max_completion_tokens=max_completion_tokens
        )
        self.endpoint = self.chat.endpoint

    def _probe(self) -> Mapping[str, Any]:
        """Ask one question whose answer is certain."""
        return self._probe_score(_PROBE).to_dict()


class _WholeRequests(ChatMethod):
    """A method that asks once for all gold answers of a request."""

    def __init__(
        self,
        model: str,
        *,
        prompt: AnswerPrompt,
        extra_body: Mapping[str, Any] | None = None,
        max_completion_tokens: int | None = None,
        **endpoint: Any,
    ) -> None:
        self._connect(model, extra_body, max_completion_tokens, endpoint)
        super().__init__(self.endpoint.meter)
        self.prompt = prompt

    @property
    def identity(self) -> Mapping[str, Any]:
        """JSON values that decide the scores."""
        return {
            "scorer": type(self).__name__,
            "prompt": self.prompt.to_dict(),
            **self.chat.identity,
        }

    def score_each(
        self, requests: Sequence[AnswerRequest]
    ) -> Iterator[tuple[int, AnswerScore | Exception]]:
        """Score all requests, and hand over each result as soon as it is there.

        Args:
            requests: What to score.

        Yields:
            `(position, result)`, in any order.
        """
        return self.endpoint.each(self._ask, requests)

    @abstractmethod
    async def _ask(self, request: AnswerRequest) -> AnswerScore:
        """The score of one request."""


class SampledChatScorer(_WholeRequests):
    """The model answers k times: how often is it right?

    With h of k answers right (exact match with any gold answer) the probability is estimated as
    (h + ½) / (k + 1), which is never 0; the value is its logarithm, and `standard_error` that of
    the logarithm: sqrt((1 - p) / (p (k + 2))). k = 10 tells 1 from ½ and little more.

    Args:
        model: The name that the API knows it by.
        samples: k, asked for in one request if the API honours `n`, in several if it gives fewer.
        max_new_tokens: The length of the longest answer, in tokens; None sends no limit.
        prompt: How a request is written; by default it asks for a short answer.
        settings: `extra_body`, further fields of each request (thinking is turned off for
            deepseek.com); `max_completion_tokens`, sent in the place of `max_tokens`, as OpenAI's
            reasoning models want it; and the settings of `Endpoint`: `base_url`, `api_key_env`,
            `max_concurrency`, `requests_per_minute`, `meter`, …

    Raises:
        ValueError: A setting cannot work.
        ImportError: The extra `openai` is not installed.
    """

    kind = Kind.ESTIMATE

    def __init__(
        self,
        model: str,
        *,
        samples: int = 10,
        max_new_tokens: int | None = 32,
        prompt: AnswerPrompt = CHAT_PROMPT,
        **settings: Any,
    ) -> None:
        super().__init__(model, prompt=prompt, **settings)
        self.samples = check_whole("samples", samples, at_least=2)
        self.max_new_tokens = check_limit("max_new_tokens", max_new_tokens)

    @property
    def identity(self) -> Mapping[str, Any]:
        """JSON values that decide the scores."""
        own = {"samples": self.samples, "max_new_tokens": self.max_new_tokens}
        return {**super().identity, **own}

    async def _ask(self, request: AnswerRequest) -> AnswerScore:
        messages = [{"role": "user", "content": self.prompt.prompt(request)}]
        texts: list[str] = []
        while len(texts) < self.samples:
            wanted = self.samples - len(texts)

            async def ask(wanted: int = wanted) -> list[str]:
                limit = self.max_new_tokens
                choices = await self.chat.ask(messages, n=wanted, max_new_tokens=limit)
                return [self.chat.answer(choice, limit) for choice in choices]

            texts += await self._once([self.identity, messages, wanted], ask)
        right = sum(exact_match(text, request.answers) for text in texts[: self.samples])
        p = (right + 0.5) / (self.samples + 1)
        error = math.sqrt((1 - p) / (p * (self.samples + 2)))
        return AnswerScore(math.log(p), 0, self.kind, standard_error=error)


class JudgeChatScorer(_WholeRequests):
    """The model judges: log P(yes) / (P(yes) + P(no)), by the first token that it would write.

    Args:
        model: The name that the API knows it by.
        prompt: How a request is written; it has `{answers}` too, for all gold answers.
        settings: `extra_body`, `max_completion_tokens` and those of `Endpoint`, as in
            `SampledChatScorer`.

    Raises:
        ValueError: A setting cannot work.
        ImportError: The extra `openai` is not installed.
    """

    kind = Kind.PROXY

    def __init__(self, model: str, *, prompt: AnswerPrompt = JUDGE_PROMPT, **settings: Any) -> None:
        super().__init__(model, prompt=prompt, **settings)

    async def _ask(self, request: AnswerRequest) -> AnswerScore:
        # The answers go in before the other texts, in which something like a field is just text.
        template = AnswerPrompt(
            *(
                text.replace("{answers}", " / ".join(request.answers).replace("{", "("))
                for text in (self.prompt.with_context, self.prompt.without_context)
            )
        )
        choices = await self.chat.ask(
            [{"role": "user", "content": template.prompt(request)}],
            max_new_tokens=1,
            logprobs=True,
            top_logprobs=TOP_LOGPROBS,
        )
        listed = self.chat.first_token(choices[0])
        masses = [_mass(listed, word) for word in ("yes", "no")]
        if sum(math.exp(mass) for mass in masses if mass is not None) < _FAIR_SHARE:
            likeliest = max(listed, key=listed.__getitem__)
            raise self.chat.malformed("it begins with neither yes nor no", repr(likeliest))
        yes, no = (_bound(listed) if mass is None else mass for mass in masses)
        return AnswerScore(yes - _log_add(yes, no), 1, self.kind)


class PrefixChatScorer(ChatMethod, PairScorer):
    """The answer is put into the model's mouth, one token at a time.

    Without a tokenizer the answer is walked through by the tokens that the API lists: at each step
    by the longest that the rest of the answer begins with. The score is that of this way to cut it,
    which is the model's own wherever its tokens are listed. If none is listed the score is
    "censored": a bound for the model's own cut, wherever that left the way.

    Args:
        model: The name that the API knows it by.
        continuation: How the API takes the beginning of its own reply: "prefix" (DeepSeek's beta:
            `"prefix": true` on the last message) or "continue" (vLLM: `continue_final_message`).
        tokenizer: The model's, if it is at hand: the answer is then walked through by its tokens.
        prompt: How a request is written; by default it asks for a short answer.
        answers: Of several gold answers: "best" or "logsum", see `PairScorer`.
        extra_body: Further fields of each request; thinking is turned off for deepseek.com.
        max_completion_tokens: Sent in the place of `max_tokens`, see `ChatClient`.
        endpoint: The settings of `Endpoint`: `base_url`, `api_key_env`, `max_concurrency`, …

    Raises:
        ValueError: A setting cannot work.
        ImportError: The extra `openai` is not installed.
    """

    kind = Kind.CENSORED

    def __init__(
        self,
        model: str,
        *,
        continuation: Literal["prefix", "continue"] = "prefix",
        tokenizer: Any = None,
        prompt: AnswerPrompt = CHAT_PROMPT,
        answers: Answers = "best",
        extra_body: Mapping[str, Any] | None = None,
        max_completion_tokens: int | None = None,
        **endpoint: Any,
    ) -> None:
        check_choice("continuation", continuation, ("prefix", "continue"))
        self._connect(model, extra_body, max_completion_tokens, endpoint)
        PairScorer.__init__(self, prompt=prompt, answers=answers, meter=self.endpoint.meter)
        self.continuation = continuation
        self.tokenizer = tokenizer

    @property
    def identity(self) -> Mapping[str, Any]:
        """JSON values that decide the scores."""
        return {
            **self._shared_identity(),
            **self.chat.identity,
            "continuation": self.continuation,
            "tokenizer": self.tokenizer is not None,
        }

    def _probe(self) -> Mapping[str, Any]:
        """Check that the reply is continued: one that begins again would say "1" and not "5"."""
        counting = "1, 2, 3, 4,"
        question = "Count from 1 to 10, with commas."
        listed = self.endpoint.run(lambda: self._next(question, counting))
        likeliest = max(listed, key=listed.__getitem__)
        if "5" not in likeliest and likeliest.strip():
            raise self.chat.malformed(
                f"the beginning of its reply is not honoured, such as {counting!r}; use "
                'continuation="continue", the beta address, or method="samples"',
                f"it would write {likeliest!r}",
            )
        return super()._probe()

    def _each(self, pairs: Sequence[Pair]) -> Iterator[tuple[int, AnswerScore | Exception]]:
        return self.endpoint.each(self._walk, pairs)

    async def _walk(self, pair: Pair) -> AnswerScore:
        wanted = pair.continuation.strip()
        cuts = self._cuts(wanted)
        total, n_tokens, written, bound = 0.0, 0, "", -math.inf
        while written != wanted:
            listed = await self._next(pair.prompt, written)
            n_tokens += 1
            # If the model's own next token is another one, it is not listed, and not likelier.
            bound = max(bound, total + min(listed.values()))
            token, text = _next_token(listed, written, wanted, cuts)
            if not text:
                return AnswerScore(min(0.0, bound), n_tokens, Kind.CENSORED)
            total += listed[token]
            written += text
        return AnswerScore(min(0.0, total), n_tokens, Kind.EXACT)

    def _cuts(self, answer: str) -> list[int] | None:
        """Where the tokenizer cuts the answer, in characters; None without a tokenizer."""
        if self.tokenizer is None:
            return None
        ids = self.tokenizer(answer, add_special_tokens=False)["input_ids"]
        return [len(self.tokenizer.decode(ids[: n + 1])) for n in range(len(ids))]

    async def _next(self, prompt: str, written: str) -> dict[str, float]:
        """The likeliest next tokens after `written`."""
        messages: list[dict[str, Any]] = [{"role": "user", "content": prompt}]
        settings: dict[str, Any] = {}
        if written:
            messages.append({"role": "assistant", "content": written})
            if self.continuation == "prefix":
                messages[-1]["prefix"] = True
            else:
                settings = {"continue_final_message": True, "add_generation_prompt": False}

        async def ask() -> dict[str, float]:
            choices = await self.chat.ask(
                messages, max_new_tokens=1, logprobs=True, top_logprobs=TOP_LOGPROBS, **settings
            )
            return self.chat.first_token(choices[0])

        return await self._once([self.identity, messages], ask)


def _next_token(
    listed: Mapping[str, float], written: str, wanted: str, cuts: Sequence[int] | None
) -> tuple[str, str]:
    """The listed token that continues the answer, and its text; two empty ones if none does.

    That is the token up to the next of `cuts`, or without cuts the longest; of equals the
    likeliest.
    """
    rest = wanted[len(written) :]
    if cuts is not None:
        rest = rest[: next((cut for cut in cuts if cut > len(written)), 0) - len(written)]
    # Some models begin their reply with a space.
    texts = {token: token if written else token.lstrip() for token in listed}
    good = [t for t, text in texts.items() if text and rest.startswith(text)]
    if cuts is not None:
        good = [token for token in good if texts[token] == rest]
    best = max(good, key=lambda token: (len(texts[token]), listed[token]), default="")
    return best, texts.get(best, "")


_METHODS: dict[str, Any] = {
    "samples": SampledChatScorer,
    "prefix": PrefixChatScorer,
    "judge": JudgeChatScorer,
}


def _mass(listed: Mapping[str, float], word: str) -> float | None:
    """The log-probability of all spellings of a word together, None if none is listed."""
    total = None
    for token, value in listed.items():
        if "".join(filter(str.isalpha, token)).lower() == word:
            total = value if total is None else _log_add(total, value)
    return total


def _bound(listed: Mapping[str, float]) -> float:
    """What the log-probability of a token that is not listed can be at most."""
    least = min(listed.values())
    left = 1.0 - sum(map(math.exp, listed.values()))
    return min(least, math.log(left)) if left > 0 else least


def _log_add(a: float, b: float) -> float:
    return max(a, b) + math.log1p(math.exp(-abs(a - b)))


def build_chat_scorer(settings: ScorerSettings) -> AnswerScorer:
    """Build the scorer "chat", by its method.

    Args:
        settings: `model`, `method` and those of the endpoint count; `samples` for "samples";
            `answers` and `tokenizer` for "prefix".

    Returns:
        The scorer.

    Raises:
        ValueError: No model is named, or a setting cannot work.
        ImportError: The extra `openai` is not installed.
    """
    model = settings.required_model()
    own: dict[str, Any] = settings.reply_settings()
    if settings.method == "samples":
        own |= {"samples": settings.samples}
    elif "max_new_tokens" in own:  # 0, too, which is no limit
        raise ValueError(
            f"max_new_tokens={settings.max_new_tokens}: method={settings.method!r} reads one "
            'token; leave max_new_tokens out, or use method="samples"'
        )
    if settings.method == "prefix":
        own |= {"answers": settings.answers}
        if settings.tokenizer:
            own["tokenizer"] = load_tokenizer(settings.tokenizer)
    return ChatScorer(model, method=settings.method, **own, **settings.endpoint())
