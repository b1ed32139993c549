"""Scores from span readers, which do not give the likelihood of a text."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, get_args

import numpy as np

from ..._utils.checks import check_choice
from ...errors import BudgetError
from ...models.torch_batches import run_with_bisection
from ...readers.answer_scores import (
    AnswerRequest,
    Answers,
    AnswerScore,
    AnswerScorer,
    BaseScorer,
    Kind,
)
from ...readers.fingerprint import weights_fingerprint
from ...readers.loading import Pretrained, load_span_reader
from ...readers.span_model import SpanModel, Window
from ...runtime.budget import Meter
from ...text.answers import contains_answer, normalize_answer
from ...text.splitting import replace_surrogates
from ..settings import ScorerSettings

_AT_ONCE = 512  # requests whose tokens are held at a time


class ReaderScorer(Pretrained, BaseScorer):
    """A span reader: the log-probability of the best span of the context that is a gold answer.

    An `AnswerScorer` that needs no generative model.

    A span's probability is the softmax of its start and end logit, added, over all spans of all
    windows and "no answer", the first token's logits, of which the lowest over the windows counts
    (as in SQuAD 2.0's evaluation). A span is a gold answer if both are the same once normalised
    (`normalize_answer`). The kind is "proxy": these are probabilities of places in a context, not
    of a text, and the floor stands for all that the reader can't see.

    Args:
        model: Any `AutoModelForQuestionAnswering`.
        tokenizer: The model's, a fast one.
        max_length: The length of the windows through which a long context is read, in tokens.
        stride: The number of tokens that two neighbouring windows share.
        max_answer_tokens: The length of the longest span, in tokens.
        floor: The lowest log-probability. It is the score if no span is a gold answer or there is
            no context, and of spans that the reader finds less likely than that.
        answers: "best" for the likeliest span, "logsum" for all spans that are gold answers
            together.
        batch_tokens: The largest number of tokens per pass, padding included; None for what suits
            the model's device, see `torch_batches.token_budget`.
        meter: Counts what is used; None for one without a budget.

    Raises:
        ValueError: `floor` is no log-probability below 0, or `answers` is none of the two.
        TypeError: The tokenizer gives no offsets.
    """

    kind = Kind.PROXY
    _ability = "log-probabilities of spans"

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
        check_choice("answers", answers, get_args(Answers))
        super().__init__(meter)
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

    @classmethod
    def _load(cls, source: str | os.PathLike[str], **settings: Any) -> tuple[Any, Any]:
        return load_span_reader(source, **settings)

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

    def score_each(
        self, requests: Sequence[AnswerRequest]
    ) -> Iterator[tuple[int, AnswerScore | Exception]]:
        """Score all requests. The model reads only contexts that hold an answer.

        Args:
            requests: What to score.

        Yields:
            `(position, result)`, in any order.
        """
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
    # Normalising every span would take long. A span needs at least as many letters as an answer,
    # and at most those and an article of three letters for each gap between its words.
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


def _logsumexp(values: np.ndarray) -> float:
    top = float(values.max())
    return top + math.log(float(np.exp(values - top).sum()))


def build_reader_scorer(settings: ScorerSettings) -> AnswerScorer:
    """Build the scorer "reader", a `ReaderScorer`.

    Args:
        settings: `model`, `device` and `answers` count.

    Returns:
        The scorer.

    Raises:
        ValueError: No model is named.
        ModelLoadError: The model can't be loaded.
    """
    return ReaderScorer.from_pretrained(
        settings.required_model(), device=settings.device, answers=settings.answers
    )
