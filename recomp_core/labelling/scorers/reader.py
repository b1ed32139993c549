"""Scores from readers that do not give the likelihood of a text: span readers, and any reader's
end-task measure, as the paper uses for question answering (section 3.1).
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal

import numpy as np

from ..._utils.checks import check_choice
from ...errors import BudgetError
from ...models.torch_batches import run_with_bisection
from ...protocols import Reader
from ...readers.answer_scores import (
    AnswerPrompt,
    AnswerRequest,
    Answers,
    AnswerScore,
    Capabilities,
    Kind,
    in_order,
)
from ...readers.fingerprint import weights_fingerprint
from ...readers.loading import load_span_reader
from ...readers.span_model import SpanModel, Window
from ...runtime.budget import Meter
from ...text.answers import contains_answer, exact_match, normalize_answer, token_f1
from ...text.splitting import replace_surrogates
from ...text.tokens import approximate_tokens

_AT_ONCE = 512  # requests whose tokens are held at a time


class ReaderScorer:
    """An extractive question-answering model: the log-probability of the best span of the context
    that is a gold answer. An `AnswerScorer` that needs no generative model.

    model, tokenizer: any `AutoModelForQuestionAnswering` with its fast tokenizer.
    max_length, stride: of the windows through which a long context is read, in tokens.
    max_answer_tokens: the longest span.
    floor: the least log-probability. Where no span is a gold answer, and where there is no context,
        the score is the floor; so it is for spans that the reader holds for less likely.
    answers: "best" for the likeliest span, "logsum" for all spans that are gold answers together.
    batch_tokens: per pass, padding included; see `torch_batches.token_budget`.
    meter: counts what is used.

    A span's probability is the softmax of start + end logit over all spans of all windows and "no
    answer", the first token's logits, of which the least over the windows counts (as SQuAD 2.0's
    evaluation does). A span is a gold answer if both are the same once normalised
    (`metrics.normalize_answer`). The kind is "proxy": these are probabilities of places in a
    context, not of a text, and the floor stands for all that the reader can't see.
    """

    kind = Kind.PROXY

    def __init__(
        self,
        model: Any,
        tokenizer: Any,
        *,
        max_length: int = 384,
        stride: int = 128,
        max_answer_tokens: int = 30,
        floor: float = math.log(1e-4),
        answers: Answers = "best",
        batch_tokens: int | None = None,
        meter: Meter | None = None,
    ) -> None:
        if not math.isfinite(floor) or floor >= 0:
            raise ValueError(f"floor must be a finite log-probability below 0, got {floor!r}")
        check_choice("answers", answers, ("best", "logsum"))
        self._reading = SpanModel(
            model, tokenizer, max_length=max_length, stride=stride, batch_tokens=batch_tokens
        )
        self.model = model
        self.tokenizer = tokenizer
        self.max_length = max_length
        self.stride = stride
        self.max_answer_tokens = max_answer_tokens
        self.floor = floor
        self.answers = answers
        self.meter = meter or Meter()

    @classmethod
    def from_pretrained(
        cls,
        source: str | os.PathLike[str],
        *,
        device: str | None = None,
        revision: str | None = None,
        local_files_only: bool = False,
        **settings: Any,
    ) -> ReaderScorer:
        """Load `source`, a hub name or a folder. Raises `ModelLoadError`."""
        model, tokenizer = load_span_reader(
            source, device=device, revision=revision, local_files_only=local_files_only
        )
        return cls(model, tokenizer, **settings)

    @property
    def identity(self) -> Mapping[str, Any]:
        """JSON values that decide the scores."""
        return {
            "scorer": type(self).__name__,
            "model": weights_fingerprint(self.model),
            "max_length": self.max_length,
            "stride": self.stride,
            "max_answer_tokens": self.max_answer_tokens,
            "floor": self.floor,
            "answers": self.answers,
        }

    def capabilities(self) -> Capabilities:
        """Score one question."""
        (result,) = self.score([AnswerRequest("Who came?", "Ann came.", ("Ann",))])
        usable = isinstance(result, AnswerScore)
        reason = "log-probabilities of spans" if usable else f"it can't score: {result}"
        return Capabilities(usable, self.kind, reason)

    def score(self, requests: Sequence[AnswerRequest]) -> list[AnswerScore | Exception]:
        """For each request its score or the error that befell it, in order."""
        return in_order(self.score_each(requests))

    def score_each(
        self, requests: Sequence[AnswerRequest]
    ) -> Iterator[tuple[int, AnswerScore | Exception]]:
        """`(position, result)` as they come. The model reads only contexts that hold an answer."""
        to_read = []
        for position, request in enumerate(requests):
            if not contains_answer(request.context, request.answers):
                yield position, self._at_floor()
                continue
            try:
                self.meter.admit()
                to_read.append((position, request))
            except BudgetError as error:
                yield position, error
        for first in range(0, len(to_read), _AT_ONCE):
            for (position, _), result in run_with_bisection(
                self._scores, to_read[first : first + _AT_ONCE]
            ):
                yield position, result

    def _at_floor(self) -> AnswerScore:
        return AnswerScore(self.floor, 0, self.kind)

    def _scores(self, numbered: list[tuple[int, AnswerRequest]]) -> list[AnswerScore]:
        requests = [request for _, request in numbered]
        read = self._reading.read([r.query for r in requests], [r.context for r in requests])
        lengths = [len(window.features["input_ids"]) for own in read for window in own]
        self.meter.add(input_tokens=sum(lengths))
        return [self._score(*pair) for pair in zip(requests, read, strict=True)]

    def _score(self, request: AnswerRequest, windows: Sequence[Window]) -> AnswerScore:
        wanted = {normalize_answer(answer): answer for answer in reversed(request.answers)}
        wanted.pop("", None)
        context = replace_surrogates(request.context)
        nothing = min(window.nothing for window in windows)
        spans = [window.spans(self.max_answer_tokens) for window in windows]
        total = _logsumexp(np.concatenate([[nothing], *(values.ravel() for values in spans)]))
        found = [
            (float(values[first, last]) - total, last - first + 1, answer)
            for window, values in zip(windows, spans, strict=True)
            for first, last, answer in _matches(window, context, wanted, self.max_answer_tokens)
        ]
        if not found:
            return self._at_floor()
        value, n_tokens, answer = max(found, key=lambda span: span[0])
        if self.answers == "logsum":
            value, answer = _logsumexp(np.asarray([span[0] for span in found])), ""
        return AnswerScore(max(float(value), self.floor), n_tokens, self.kind, answer)


def _matches(
    window: Window, context: str, wanted: Mapping[str, str], max_tokens: int
) -> Iterator[tuple[int, int, str]]:
    """`(first token, last token, answer)` of every span whose normalised text is wanted."""
    offsets = window.offsets
    # Normalising every span would take long; its letters must at least be as many as an
    # answer's, and at most those and an article of three for each gap between its words.
    sizes = [len(normalize_answer("x" + context[a:b]).replace(" ", "")) - 1 for a, b in offsets]
    least = min((len(key.replace(" ", "")) for key in wanted), default=0)
    most = max((len(key.replace(" ", "")) + 3 * key.count(" ") + 6 for key in wanted), default=0)
    for first in range(len(offsets)):
        size = 0
        for last in range(first, min(first + max_tokens, len(offsets))):
            size += max(sizes[last], 0)
            if size > most:
                break
            if size >= least:
                text = normalize_answer(context[offsets[first][0] : offsets[last][1]])
                if text in wanted:
                    yield first, last, wanted[text]


class EndTaskScorer:
    """What the reader's own answer is worth: 0…1. An `AnswerScorer` of the kind "proxy".

    reader: a `protocols.Reader`, or any function `prompts -> texts`. name: of its model, for the
        data set. metric: "exact_match" or "token_f1". prompt: see `AnswerPrompt`.

    Tokens are counted approximately.
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
        self.reader = reader
        self.name = name
        self.metric = metric
        self.prompt = prompt or AnswerPrompt()
        self.batch_size = batch_size
        self.meter = meter or Meter()

    @property
    def identity(self) -> Mapping[str, Any]:
        """JSON values that decide the scores."""
        return {
            "scorer": type(self).__name__,
            "model": self.name,
            "metric": self.metric,
            "prompt": self.prompt.to_dict(),
        }

    def capabilities(self) -> Capabilities:
        """Ask one question."""
        (result,) = self.score([AnswerRequest("Who came?", "Ann came.", ("Ann",))])
        usable = isinstance(result, AnswerScore)
        reason = f"{self.metric} of its answers" if usable else f"it does not answer: {result}"
        return Capabilities(usable, self.kind, reason)

    def score(self, requests: Sequence[AnswerRequest]) -> list[AnswerScore | Exception]:
        """For each request its score or the error that befell it, in order."""
        return in_order(self.score_each(requests))

    def score_each(
        self, requests: Sequence[AnswerRequest]
    ) -> Iterator[tuple[int, AnswerScore | Exception]]:
        """`(position, result)` batch by batch; equal prompts are asked once."""
        users: dict[str, list[int]] = {}
        for position, request in enumerate(requests):
            users.setdefault(self.prompt.prompt(request), []).append(position)
        prompts = list(users)
        for first in range(0, len(prompts), self.batch_size):
            for prompt, answer in run_with_bisection(
                self._answers, prompts[first : first + self.batch_size]
            ):
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
        measure = exact_match if self.metric == "exact_match" else token_f1
        return AnswerScore(float(measure(answer, gold)), 0, self.kind)


def _logsumexp(values: np.ndarray) -> float:
    top = float(values.max())
    return top + math.log(float(np.exp(values - top).sum()))
