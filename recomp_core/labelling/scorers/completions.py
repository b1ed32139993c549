"""Exact log-probabilities of an answer from a server that returns those of the prompt."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, partial
from typing import Any, Literal

from ..._utils.checks import check_choice
from ..._utils.jsonl import described
from ...errors import EndpointError
from ...models.language_models.endpoint import Endpoint, EndpointUser
from ...models.language_models.replies import is_logprob
from ...readers.answer_scores import (
    AnswerPrompt,
    Answers,
    AnswerScore,
    AnswerScorer,
    Capabilities,
    Pair,
    PairScorer,
)
from ...readers.loading import load_tokenizer
from ...readers.tokenization import Joined, join_all
from ...runtime.budget import Meter
from ..settings import ScorerSettings
from .cache import KeepsReplies

Protocol = Literal["vllm", "echo", "sglang"]
PROTOCOLS: tuple[Protocol, ...] = ("vllm", "echo", "sglang")

# Servers write such numbers for what they can't score; no real log-probability is as low.
_IMPOSSIBLE = -9000.0
_PROBE = Pair("Question: what comes after one, two, three?\nAnswer:", " four")


class CompletionsScorer(KeepsReplies, EndpointUser, PairScorer):
    """A model behind a completions server, scored on token ids. Needs the extra `openai`.

    llama.cpp's server, Ollama and OpenAI's own chat models return no log-probabilities of a prompt:
    see `ChatScorer`. llama-cpp-python (0.3.36) takes no token ids, and the values that it echoes of
    a text are those of the place after each token.

    Args:
        model: The name that the server knows it by.
        tokenizer: The model's, or its name or folder; None if `model` names it too.
        protocol: "vllm" (`prompt_logprobs`), "echo" (OpenAI's `echo` with `logprobs`: SGLang, vLLM
            too) or "sglang" (its own `/generate`). "auto" tries them in this order and stays with
            the first that works.
        prompt: How a request is written; None for `AnswerPrompt()`.
        answers: Of several gold answers: "best" or "logsum", see `PairScorer`.
        meter: Counts what is used; None for one without a budget.
        endpoint: The settings of `Endpoint`: `base_url`, `api_key_env`, `max_concurrency`, …

    Raises:
        ValueError: A setting cannot work.
        ImportError: The extra is not installed.
    """

    def __init__(
        self,
        model: str,
        *,
        tokenizer: Any = None,
        protocol: Protocol | Literal["auto"] = "auto",
        prompt: AnswerPrompt | None = None,
        answers: Answers = "best",
        meter: Meter | None = None,
        **endpoint: Any,
    ) -> None:
        check_choice("protocol", protocol, (*PROTOCOLS, "auto"))
        self.endpoint = Endpoint(meter=meter, **endpoint)
        super().__init__(prompt=prompt, answers=answers, meter=self.endpoint.meter)
        self.model = model
        self._protocol = protocol
        self._given_tokenizer = tokenizer

    @property
    def identity(self) -> Mapping[str, Any]:
        """JSON values that decide the scores; all protocols give the same."""
        return {**self._shared_identity(), "model": self.model}

    @cached_property
    def tokenizer(self) -> Any:
        """The model's tokenizer, loaded when it is needed."""
        given = self.model if self._given_tokenizer is None else self._given_tokenizer
        return load_tokenizer(given) if isinstance(given, str) else given

    @cached_property
    def protocol(self) -> Protocol:
        """The protocol that the server speaks, found by asking.

        Raises:
            EndpointError: None works; the error says why each of them failed.
        """
        if self._protocol != "auto":
            return self._protocol
        (joined,) = join_all(self.tokenizer, [_PROBE])
        failed = []
        for protocol in PROTOCOLS:
            try:
                self.endpoint.run(partial(self._ask, joined, protocol))
            except EndpointError as error:
                if error.reason in ("unauthorized", "quota", "timeout"):
                    raise
                failed.append(f"{protocol}: {error}")
            else:
                return protocol
        raise EndpointError(
            f"{self.model} returns no log-probabilities of a prompt ({'; '.join(failed)}): use a "
            "server that does (vLLM, SGLang), or ChatScorer",
            "invalid",
        )

    def capabilities(self) -> Capabilities:
        """Ask for one score, to see whether this can work.

        Returns:
            What the probe found; an error of the server is a reason, and is not raised.
        """
        try:
            (joined,) = join_all(self.tokenizer, [_PROBE])
            protocol = self.protocol
            score = self.endpoint.run(partial(self._ask, joined, protocol))
        except Exception as error:
            return Capabilities(False, self.kind, str(error) or type(error).__name__)
        return Capabilities(
            True,
            self.kind,
            f"log-probabilities of the prompt's tokens ({protocol})",
            {"protocol": protocol, "probe": score.value},
        )

    def _each(self, pairs: Sequence[Pair]) -> Iterator[tuple[int, AnswerScore | Exception]]:
        protocol = self.protocol
        found = join_all(self.tokenizer, pairs)
        good: list[tuple[int, Joined]] = []
        for position, joined in enumerate(found):
            if isinstance(joined, Joined):
                good.append((position, joined))
            else:
                yield position, joined
        results = self.endpoint.each(lambda row: self._ask(row[1], protocol), good)
        for number, result in results:
            yield good[number][0], result

    async def _ask(self, joined: Any, protocol: Protocol) -> AnswerScore:
        if isinstance(joined, Exception):
            raise joined
        path, body = _REQUESTS[protocol](self.model, joined)

        async def ask() -> float:
            return self._read(await self.endpoint.post(path, body), joined, protocol)

        value = await self._once([self.model, protocol, body], ask)
        return AnswerScore(value, joined.n, self.kind)

    def _read(self, reply: Mapping[str, Any], joined: Joined, protocol: Protocol) -> float:
        """The log-probability of the continuation."""
        logprobs, failure = [], ""
        try:
            logprobs = _READERS[protocol](reply, joined)
        except (KeyError, IndexError, TypeError, AttributeError) as error:
            failure = described(error)
        if failure:
            raise self._malformed(
                f"it has no log-probabilities of the prompt where {protocol!r} puts them; "
                "llama.cpp's server, for one, has none",
                failure,
            )
        if len(logprobs) != joined.n:
            raise self._malformed(
                f"it has log-probabilities of {len(logprobs)} tokens of the answer's {joined.n}: "
                "the server joined or added tokens"
            )
        for value in logprobs:
            if not is_logprob(value) or value <= _IMPOSSIBLE:
                raise self._malformed("it has what can't be log-probabilities", repr(value))
        return min(0.0, float(sum(logprobs)))

    def _malformed(self, what: str, said: str = "") -> EndpointError:
        return self.endpoint.error(
            "malformed", f"the reply of {self.model} can't be used: {what}", said
        )


def _ask_vllm(model: str, joined: Joined) -> tuple[str, dict[str, Any]]:
    body = {
        "model": model,
        "prompt": list(joined.ids),
        "prompt_logprobs": 0,  # of the prompt's own tokens, and no others
        "max_tokens": 1,
        "temperature": 0,
    }
    return "completions", body


def _read_vllm(reply: Mapping[str, Any], joined: Joined) -> list[float]:
    rows = reply["choices"][0]["prompt_logprobs"]
    if len(rows) != len(joined.ids):
        raise IndexError(f"{len(rows)} entries for {len(joined.ids)} tokens")
    own = zip(rows[-joined.n :], joined.continuation, strict=True)
    return [row[str(token)]["logprob"] for row, token in own]


def _ask_echo(model: str, joined: Joined) -> tuple[str, dict[str, Any]]:
    body = {
        "model": model,
        "prompt": list(joined.ids),
        "echo": True,
        "logprobs": 1,
        # Some servers reject 0; the token that is written stands behind those that are read.
        "max_tokens": 1,
        "temperature": 0,
    }
    return "completions", body


def _read_echo(reply: Mapping[str, Any], joined: Joined) -> list[float]:
    choice = reply["choices"][0]
    values = choice["logprobs"]["token_logprobs"]
    if len(values) not in (len(joined.ids), len(joined.ids) + 1):
        raise IndexError(f"{len(values)} entries for {len(joined.ids)} tokens and one more")
    return list(values[len(joined.prompt) : len(joined.ids)])


def _ask_sglang(model: str, joined: Joined) -> tuple[str, dict[str, Any]]:
    del model  # the server has one
    body = {
        "input_ids": list(joined.ids),
        "return_logprob": True,
        "logprob_start_len": len(joined.prompt) - 1,
        "sampling_params": {"max_new_tokens": 1, "temperature": 0},
    }
    return "/generate", body


def _read_sglang(reply: Mapping[str, Any], joined: Joined) -> list[float]:
    rows = reply["meta_info"]["input_token_logprobs"][-joined.n :]
    if [row[1] for row in rows] != list(joined.continuation):
        raise IndexError("other tokens than those that were sent")
    return [row[0] for row in rows]


_REQUESTS = {"vllm": _ask_vllm, "echo": _ask_echo, "sglang": _ask_sglang}
_READERS = {"vllm": _read_vllm, "echo": _read_echo, "sglang": _read_sglang}


def build_completions_scorer(settings: ScorerSettings) -> AnswerScorer:
    """Build the scorer "completions", a `CompletionsScorer`.

    Args:
        settings: `model`, `protocol`, `tokenizer`, `answers` and those of the endpoint count.

    Returns:
        The scorer.

    Raises:
        ValueError: No model is named, or a setting cannot work.
        ImportError: The extra `openai` is not installed.
    """
    return CompletionsScorer(
        settings.required_model(),
        protocol=settings.protocol,
        tokenizer=settings.tokenizer,
        answers=settings.answers,
        **settings.endpoint(),
    )
