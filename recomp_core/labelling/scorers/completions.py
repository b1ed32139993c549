"""Exact log-probabilities of an answer from a server that returns those of the prompt."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, partial
from typing import Any, Literal

from ..._utils.checks import check_choice
from ...errors import EndpointError
from ...models.language_models.endpoint import Endpoint
from ...readers.answer_scores import (
    AnswerPrompt,
    Answers,
    AnswerScore,
    Capabilities,
    Kind,
    Pair,
    PairScorer,
)
from ...readers.tokenization import Joined, join_all
from ...runtime.budget import Meter

Protocol = Literal["vllm", "echo", "sglang"]
PROTOCOLS: tuple[Protocol, ...] = ("vllm", "echo", "sglang")

# Servers write what they can't: no log-probability of a text lies as low.
_IMPOSSIBLE = -9000.0
_PROBE = Pair("Question: what comes after one, two, three?\nAnswer:", " four")


class CompletionsScorer(PairScorer):
    """A model behind a completions server, scored on token ids.

    model: the name that the server knows it by.
    tokenizer: that of the model, or its name or folder; by default `model` itself names it.
    protocol: "vllm" (`prompt_logprobs`), "echo" (OpenAI's `echo` with `logprobs`: SGLang,
        llama-cpp-python, vLLM too) or "sglang" (its own `/generate`). "auto" tries them in this
        order and stays with the first that works.
    endpoint: the settings of `models.endpoint.Endpoint`: base_url, api_key_env, max_concurrency …

    llama.cpp's server, Ollama and OpenAI's own chat models return no log-probabilities of a prompt:
    see `ChatScorer`. Needs the extra `openai`.
    """

    kind = Kind.EXACT

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
    def meter(self) -> Meter:
        """That of the endpoint."""
        return self.endpoint.meter

    @meter.setter
    def meter(self, meter: Meter) -> None:
        self.endpoint.meter = meter

    @property
    def identity(self) -> Mapping[str, Any]:
        """JSON values that decide the scores; the protocols give the same."""
        return {**self._shared_identity(), "model": self.model}

    @cached_property
    def tokenizer(self) -> Any:
        """The model's, loaded when it is needed."""
        given = self.model if self._given_tokenizer is None else self._given_tokenizer
        if not isinstance(given, str):
            return given
        from transformers import AutoTokenizer

        return AutoTokenizer.from_pretrained(given, trust_remote_code=False)

    @cached_property
    def protocol(self) -> Protocol:
        """The one that is spoken. Raises `EndpointError` with what each of them met with."""
        if self._protocol != "auto":
            return self._protocol
        (joined,) = join_all(self.tokenizer, [_PROBE])
        met = []
        for protocol in PROTOCOLS:
            try:
                self.endpoint.run(partial(self._ask, joined, protocol))
            except EndpointError as error:
                if error.reason in ("unauthorized", "quota", "timeout"):
                    raise
                met.append(f"{protocol}: {error}")
            else:
                return protocol
        raise EndpointError(
            f"{self.model} returns no log-probabilities of a prompt ({'; '.join(met)}): use a "
            "server that does (vLLM, SGLang), or ChatScorer",
            "invalid",
        )

    def capabilities(self) -> Capabilities:
        """Ask for one score."""
        try:
            (joined,) = join_all(self.tokenizer, [_PROBE])
            protocol = self.protocol
            score = self.endpoint.run(partial(self._ask, joined, protocol))
        except Exception as error:
            return Capabilities(False, self.kind, str(error))
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
        reply = await self.endpoint.post(path, body)
        try:
            logprobs = _READERS[protocol](reply, joined)
        except (KeyError, IndexError, TypeError, AttributeError) as error:
            raise self._malformed(
                f"it has no log-probabilities of the prompt where {protocol!r} puts them "
                f"({type(error).__name__}: {error}); llama.cpp's server, for one, has none"
            ) from None
        if len(logprobs) != joined.n:
            raise self._malformed(
                f"it has log-probabilities of {len(logprobs)} tokens of the answer's {joined.n}: "
                "the server joined or added tokens"
            )
        for value in logprobs:
            if not isinstance(value, (int, float)) or not math.isfinite(value):
                raise self._malformed(f"it has {value!r} for a log-probability")
            if not _IMPOSSIBLE < value <= 1e-6:
                raise self._malformed(f"it has {value} for a log-probability, which is none")
        return AnswerScore(min(0.0, float(sum(logprobs))), joined.n, self.kind)

    def _malformed(self, what: str) -> EndpointError:
        return EndpointError(f"{self.model}: the reply can't be used: {what}", "malformed")


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
        # Some servers turn down 0; the token that is written then stands behind those we read.
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
        raise IndexError("other tokens than were sent")
    return [row[0] for row in rows]


_REQUESTS = {"vllm": _ask_vllm, "echo": _ask_echo, "sglang": _ask_sglang}
_READERS = {"vllm": _read_vllm, "echo": _read_echo, "sglang": _read_sglang}
