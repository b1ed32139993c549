"""How likely is an answer, asked of an API that tells only what it generated itself.

Three methods; what each one's value is, is said by its kind:

- "prefix": the answer is put into the model's mouth token by token, and before each token the model
  is asked for its next one. Exact while every token is among the likeliest that the API reports;
  where one is not, the least likely of those bounds it from above ("censored").
- "samples": the model answers k times at temperature 1, and how often it is right estimates the
  probability of the answer, in any of its wordings ("estimate").
- "judge": the model is asked whether the answer follows, and the probabilities of its yes and no
  are compared ("proxy").
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from ..._utils.checks import check_choice, check_whole
from ...errors import EndpointError
from ...models.language_models.endpoint import Endpoint
from ...readers.answer_scores import (
    AnswerPrompt,
    AnswerRequest,
    Answers,
    AnswerScore,
    Capabilities,
    Kind,
    Pair,
    PairScorer,
    in_order,
)
from ...runtime.budget import Meter
from ...text.answers import exact_match
from ...text.splitting import replace_surrogates

Method = Literal["samples", "prefix", "judge"]

TOP_LOGPROBS = 20  # the most that the protocol allows
# DeepSeek at temperature 0 gives 0 to the token that it takes and -9999 to all others.
_IMPOSSIBLE = -9000.0

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
    """A scorer for a chat API. `method`: see the module; `settings`: see the method's class."""
    check_choice("method", method, tuple(_METHODS))
    return _METHODS[method](model, **settings)


def thinking_off(base_url: str | None) -> dict[str, Any]:
    """What keeps a provider's models from thinking before they write, which costs time and money
    and leaves no log-probabilities.
    """
    host = urlsplit(base_url or "").hostname or ""
    is_deepseek = host == "deepseek.com" or host.endswith(".deepseek.com")
    return {"thinking": {"type": "disabled"}} if is_deepseek else {}


class _Chat:
    """A chat model that is asked for log-probabilities or samples."""

    def __init__(
        self, model: str, extra_body: Mapping[str, Any] | None, endpoint: dict[str, Any]
    ) -> None:
        self.model = model
        self.endpoint = Endpoint(**endpoint)
        self.extra_body = {**thinking_off(self.endpoint.base_url), **(extra_body or {})}

    async def ask(self, messages: Sequence[Mapping[str, Any]], **settings: Any) -> list[dict]:
        """The choices of the reply. Raises `EndpointError`, for thoughts in it too."""
        cleaned = [{**m, "content": replace_surrogates(m["content"])} for m in messages]
        # At temperature 0 some APIs report no probabilities at all.
        body = {"model": self.model, "messages": cleaned, "temperature": 1.0}
        reply = await self.endpoint.post(
            "chat/completions", {**body, **settings, **self.extra_body}
        )
        choices = reply.get("choices")
        if not isinstance(choices, list) or not choices:
            raise self.malformed("the reply has no choices")
        for choice in choices:
            message = choice.get("message") or {}
            text = message.get("content") or ""
            if message.get("reasoning_content") or text.lstrip().startswith("<think>"):
                raise self.malformed(
                    "it thinks before it answers: turn that off with extra_body, such as "
                    '{"thinking": {"type": "disabled"}} or '
                    '{"chat_template_kwargs": {"enable_thinking": False}}'
                )
        return choices

    def first_token(self, choice: Mapping[str, Any]) -> dict[str, float]:
        """The likeliest first tokens with their log-probabilities.

        Raises `EndpointError` if there are none, or none that mean anything.
        """
        try:
            token = choice["logprobs"]["content"][0]
            listed = {t["token"]: float(t["logprob"]) for t in token["top_logprobs"]}
            listed.setdefault(token["token"], float(token["logprob"]))
        except (KeyError, IndexError, TypeError, ValueError):
            raise self.malformed(
                "it has no log-probabilities of what it wrote: the API does not support logprobs "
                'and top_logprobs; use method="samples"'
            ) from None
        others = sorted(listed.values())[:-1]
        if not others or not all(math.isfinite(value) for value in listed.values()):
            raise self.malformed('top_logprobs is not honoured; use method="samples"')
        if all(value <= _IMPOSSIBLE for value in others):
            raise self.malformed(
                "it gives 0 to the token that it took and nothing to all others, as DeepSeek's API "
                "does at temperature 0: these are no log-probabilities; temperature 1.0 was sent, "
                'so leave extra_body without one, or use method="samples"'
            )
        return listed

    def malformed(self, what: str) -> EndpointError:
        """The error of a reply that can't be used."""
        return EndpointError(f"{self.model}: the reply can't be used: {what}", "malformed")


class ChatAnswers:
    """Prompts to a chat model's answers: the reader of an `EndTaskScorer`.

    model, extra_body, endpoint: as in `ChatMethod`. max_new_tokens: of an answer.
    """

    def __init__(
        self,
        model: str,
        *,
        max_new_tokens: int = 32,
        extra_body: Mapping[str, Any] | None = None,
        **endpoint: Any,
    ) -> None:
        # Greedy, as far as a chat API goes.
        self._chat = _Chat(model, {"temperature": 0, **(extra_body or {})}, endpoint)
        self.max_new_tokens = check_whole("max_new_tokens", max_new_tokens)

    def __call__(self, prompts: Sequence[str]) -> list[str | Exception]:
        """The answer to each prompt, or its error, in order."""
        return in_order(self._chat.endpoint.each(self._answer, prompts))

    async def _answer(self, prompt: str) -> str:
        messages = [{"role": "user", "content": prompt}]
        choices = await self._chat.ask(messages, max_tokens=self.max_new_tokens)
        return (choices[0].get("message") or {}).get("content") or ""


class ChatMethod:
    """What the methods have in common. An `AnswerScorer`.

    model: the name that the API knows it by. prompt: see `AnswerPrompt`; by default one that asks
    for a short answer. extra_body: further fields of each request, as in `OpenAIChatModel`;
    thinking is turned off for deepseek.com. endpoint: the settings of `models.endpoint.Endpoint`:
    base_url, api_key_env, max_concurrency, requests_per_minute, meter …
    """

    chat: _Chat

    @property
    def meter(self) -> Meter:
        """That of the endpoint."""
        return self.chat.endpoint.meter

    @meter.setter
    def meter(self, meter: Meter) -> None:
        self.chat.endpoint.meter = meter

    if TYPE_CHECKING:  # each method has its own

        @property
        def kind(self) -> Kind: ...
        @property
        def identity(self) -> Mapping[str, Any]: ...
        def score(self, requests: Sequence[AnswerRequest]) -> list[AnswerScore | Exception]: ...
        def score_each(
            self, requests: Sequence[AnswerRequest]
        ) -> Iterator[tuple[int, AnswerScore | Exception]]: ...

    def capabilities(self) -> Capabilities:
        """Ask one question whose answer is certain."""
        try:
            score = self._probe()
        except Exception as error:
            return Capabilities(False, self.kind, str(error))
        return Capabilities(True, self.kind, "it answers as it should", score.to_dict())

    def _probe(self) -> AnswerScore:
        (result,) = self.score([_PROBE])
        if isinstance(result, Exception):
            raise result
        return result


class _WholeRequests(ChatMethod, ABC):
    """A method that asks once for all gold answers of a request."""

    def __init__(
        self,
        model: str,
        *,
        prompt: AnswerPrompt,
        extra_body: Mapping[str, Any] | None = None,
        **endpoint: Any,
    ) -> None:
        self.chat = _Chat(model, extra_body, endpoint)
        self.prompt = prompt

    @property
    def identity(self) -> Mapping[str, Any]:
        """JSON values that decide the scores."""
        return {
            "scorer": type(self).__name__,
            "model": self.chat.model,
            "prompt": self.prompt.to_dict(),
            "extra_body": self.chat.extra_body,
        }

    def score(self, requests: Sequence[AnswerRequest]) -> list[AnswerScore | Exception]:
        """For each request its score or the error that befell it, in order."""
        return in_order(self.score_each(requests))

    def score_each(
        self, requests: Sequence[AnswerRequest]
    ) -> Iterator[tuple[int, AnswerScore | Exception]]:
        """`(position, result)` as they come."""
        return self.chat.endpoint.each(self._ask, requests)

    @abstractmethod
    async def _ask(self, request: AnswerRequest) -> AnswerScore:
        """The score of one request."""


class SampledChatScorer(_WholeRequests):
    """Answers are sampled: how often is one of them right?

    samples: k, in one request where the API honours `n`, in more where it gives fewer.
    max_new_tokens: of each.

    With h of k right (exact match with any gold answer) the probability is estimated as
    (h + ½) / (k + 1), which is never 0; the value is its logarithm, and `standard_error` that of
    the logarithm: sqrt((1 - p) / (p (k + 2))). k = 10 tells 1 from ½ and little more.
    """

    def __init__(
        self,
        model: str,
        *,
        samples: int = 10,
        max_new_tokens: int = 32,
        prompt: AnswerPrompt = CHAT_PROMPT,
        **settings: Any,
    ) -> None:
        super().__init__(model, prompt=prompt, **settings)
        self.samples = check_whole("samples", samples, at_least=2)
        self.max_new_tokens = check_whole("max_new_tokens", max_new_tokens)

    @property
    def kind(self) -> Kind:
        """An estimate."""
        return Kind.ESTIMATE

    @property
    def identity(self) -> Mapping[str, Any]:
        """JSON values that decide the scores."""
        own = {"samples": self.samples, "max_new_tokens": self.max_new_tokens}
        return {**super().identity, **own}

    async def _ask(self, request: AnswerRequest) -> AnswerScore:
        messages = [{"role": "user", "content": self.prompt.prompt(request)}]
        texts: list[str] = []
        while len(texts) < self.samples:
            choices = await self.chat.ask(
                messages, n=self.samples - len(texts), max_tokens=self.max_new_tokens
            )
            texts += [(choice.get("message") or {}).get("content") or "" for choice in choices]
        right = sum(exact_match(text, request.answers) for text in texts[: self.samples])
        p = (right + 0.5) / (self.samples + 1)
        error = math.sqrt((1 - p) / (p * (self.samples + 2)))
        return AnswerScore(math.log(p), 0, self.kind, standard_error=error)


class JudgeChatScorer(_WholeRequests):
    """The model judges: log P(yes) / (P(yes) + P(no)), by the first token that it would write.

    prompt: has `{answers}` too, for all gold answers.
    """

    def __init__(self, model: str, *, prompt: AnswerPrompt = JUDGE_PROMPT, **settings: Any) -> None:
        super().__init__(model, prompt=prompt, **settings)

    @property
    def kind(self) -> Kind:
        """A proxy."""
        return Kind.PROXY

    async def _ask(self, request: AnswerRequest) -> AnswerScore:
        # Answers are put in before the texts of others, in which a field is just text.
        template = AnswerPrompt(
            *(
                text.replace("{answers}", " / ".join(request.answers).replace("{", "("))
                for text in (self.prompt.with_context, self.prompt.without_context)
            )
        )
        choices = await self.chat.ask(
            [{"role": "user", "content": template.prompt(request)}],
            max_tokens=1,
            logprobs=True,
            top_logprobs=TOP_LOGPROBS,
        )
        listed = self.chat.first_token(choices[0])
        yes, no = (_mass(listed, word) for word in ("yes", "no"))
        if yes is None and no is None:
            likeliest = max(listed, key=listed.__getitem__)
            raise self.chat.malformed(f"it begins with neither yes nor no but with {likeliest!r}")
        # What is not listed is less likely than all that is.
        least = min(listed.values())
        yes, no = least if yes is None else yes, least if no is None else no
        return AnswerScore(yes - _log_add(yes, no), 1, self.kind)


class PrefixChatScorer(ChatMethod, PairScorer):
    """The answer is put into the model's mouth, one token at a time.

    continuation: how the API takes the beginning of its own reply: "prefix" (DeepSeek's beta:
        `"prefix": true` on the last message) or "continue" (vLLM: `continue_final_message`).
    tokenizer: the model's, if it is at hand: the answer is then walked through by its tokens.
    answers: see `PairScorer`.

    Without a tokenizer the answer is walked through by the tokens that the API lists: at each step
    by the longest that the rest of the answer begins with. The score is that of this way to cut it,
    which is the model's own wherever its tokens are listed. Where none is listed the score is
    "censored": a bound for the model's own cut, wherever that left the way.
    """

    def __init__(
        self,
        model: str,
        *,
        continuation: Literal["prefix", "continue"] = "prefix",
        tokenizer: Any = None,
        prompt: AnswerPrompt = CHAT_PROMPT,
        answers: Answers = "best",
        extra_body: Mapping[str, Any] | None = None,
        **endpoint: Any,
    ) -> None:
        check_choice("continuation", continuation, ("prefix", "continue"))
        self.chat = _Chat(model, extra_body, endpoint)
        self.continuation = continuation
        self.tokenizer = tokenizer
        super().__init__(prompt=prompt, answers=answers, meter=self.chat.endpoint.meter)

    @property
    def kind(self) -> Kind:  # type: ignore[override]
        """An upper bound, where it is not exact."""
        return Kind.CENSORED

    @property
    def identity(self) -> Mapping[str, Any]:
        """JSON values that decide the scores."""
        return {
            **self._shared_identity(),
            "model": self.chat.model,
            "continuation": self.continuation,
            "tokenizer": self.tokenizer is not None,
            "extra_body": self.chat.extra_body,
        }

    def _probe(self) -> AnswerScore:
        """A reply that begins anew would say "1" and not "5"."""
        counting = "1, 2, 3, 4,"
        question = "Count from 1 to 10, with commas."
        listed = self.chat.endpoint.run(lambda: self._next(question, counting))
        likeliest = max(listed, key=listed.__getitem__)
        if "5" not in likeliest and likeliest.strip():
            raise self.chat.malformed(
                f"the beginning of its reply is not honoured: after {counting!r} it would write "
                f'{likeliest!r}; use continuation="continue", the beta address, or method="samples"'
            )
        return super()._probe()

    def _each(self, pairs: Sequence[Pair]) -> Iterator[tuple[int, AnswerScore | Exception]]:
        return self.chat.endpoint.each(self._walk, pairs)

    async def _walk(self, pair: Pair) -> AnswerScore:
        wanted = pair.continuation.strip()
        cuts = self._cuts(wanted)
        total, n_tokens, written, bound = 0.0, 0, "", -math.inf
        while written != wanted:
            listed = await self._next(pair.prompt, written)
            n_tokens += 1
            # If the model's own next token is another one, it is not listed, and no likelier.
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
        choices = await self.chat.ask(
            messages, max_tokens=1, logprobs=True, top_logprobs=TOP_LOGPROBS, **settings
        )
        return self.chat.first_token(choices[0])


def _next_token(
    listed: Mapping[str, float], written: str, wanted: str, cuts: Sequence[int] | None
) -> tuple[str, str]:
    """The listed token that goes on with the answer, and its text; two empty ones if none does.

    That is the one up to the next of `cuts`, or else the longest; of equals the likeliest.
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
    found = [value for token, value in listed.items() if token.strip().strip(".").lower() == word]
    total = None
    for value in found:
        total = value if total is None else _log_add(total, value)
    return total


def _log_add(a: float, b: float) -> float:
    return max(a, b) + math.log1p(math.exp(-abs(a - b)))
