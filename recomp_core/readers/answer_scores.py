"""How likely is the answer after `[s; x]`? What is asked of a scorer, and what it replies.

Standard library only. The scorers themselves stand in modules of their own.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any, Literal, Protocol, TypeVar, get_args, runtime_checkable

from .._utils.checks import check_choice
from ..runtime.budget import Meter

T = TypeVar("T")
Answers = Literal["best", "logsum"]


class Kind(str, Enum):
    """What the value of a score is. Kinds are never mixed in one data set."""

    EXACT = "exact"
    """The sum of the natural log-probabilities of the answer's tokens."""
    CENSORED = "censored"
    """An upper bound of that sum: some token was not among those that the endpoint reports."""
    ESTIMATE = "estimate"
    """An estimate of the log-probability of the answer, with its standard error."""
    PROXY = "proxy"
    """Another quantity that ranks texts by how much they help, such as exact match."""

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True)
class AnswerRequest:
    """How likely are `answers` to a reader that sees `context` and then `query`?

    context: a sentence or a summary; "" for none. answers: the gold ones, at least one.
    Raises `TypeError` or `ValueError`.
    """

    query: str
    context: str
    answers: tuple[str, ...]

    def __post_init__(self) -> None:
        if isinstance(self.answers, str):
            raise TypeError(f"answers must be a list of strings, got {self.answers!r}")
        object.__setattr__(self, "answers", tuple(self.answers))
        for text in (self.query, self.context, *self.answers):
            if not isinstance(text, str):
                raise TypeError(f"query, context and answers must be strings, got {text!r}")
        if not self.answers or not all(answer.strip() for answer in self.answers):
            raise ValueError(
                f"a question needs gold answers that are not blank, got {self.answers!r}"
            )


@dataclass(frozen=True, slots=True)
class AnswerScore:
    """What a scorer says of one request; higher is better.

    value: for the kinds exact, censored and estimate a natural log-probability, summed over
        `n_tokens` tokens (0 where they are not known); for proxies see the scorer.
    answer: the gold answer that it is of, "" if of several.
    standard_error: of `value`, for estimates.
    """

    value: float
    n_tokens: int
    kind: Kind
    answer: str = ""
    standard_error: float | None = None

    def __post_init__(self) -> None:
        if not math.isfinite(self.value):
            raise ValueError(f"a score must be a finite number, got {self.value!r}")

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON values, without what is not known."""
        data: dict[str, Any] = {
            "value": self.value,
            "n_tokens": self.n_tokens,
            "kind": str(self.kind),
        }
        if self.answer:
            data["answer"] = self.answer
        if self.standard_error is not None:
            data["standard_error"] = self.standard_error
        return data

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> AnswerScore:
        """The inverse of `to_dict`."""
        return cls(**{**data, "kind": Kind(data["kind"])})


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a probe of a scorer found, before a long run.

    usable: whether it can score at all. reason: why not, with the remedy, or what it will do.
    details: figures and names that the probe saw, JSON values.
    """

    usable: bool
    kind: Kind
    reason: str
    details: Mapping[str, Any] = field(default_factory=dict)


@runtime_checkable
class AnswerScorer(Protocol):
    """A reader that can say how likely an answer is to it: Score(M, y, [s; x]), section 3.1."""

    @property
    def kind(self) -> Kind:
        """The weakest kind that its scores may have: that of the data set."""

    meter: Meter
    """What it used so far; may be set to one with a budget before scoring."""

    @property
    def identity(self) -> Mapping[str, Any]:
        """JSON values that decide its scores: class, model, prompt, settings. No keys, no speed."""

    def capabilities(self) -> Capabilities:
        """Ask the model once, cheaply, whether this can work. Raises nothing of the model's."""

    def score(self, requests: Sequence[AnswerRequest]) -> list[AnswerScore | Exception]:
        """For each request its score or the error that befell it, in order."""

    def score_each(
        self, requests: Sequence[AnswerRequest]
    ) -> Iterator[tuple[int, AnswerScore | Exception]]:
        """The same as `(position, result)`, each as soon as it is there, in any order."""


@dataclass(frozen=True, slots=True)
class AnswerPrompt:
    """How `[s; x]` is written for a reader, and where its answer begins.

    with_context, without_context: templates with `{context}` and `{query}`; they should not end
        with a space. answer: a template with `{answer}`; the space before an answer stands here,
        since a model's tokens carry their space in front.
    """

    with_context: str = "{context}\n\nQuestion: {query}\nAnswer:"
    without_context: str = "Question: {query}\nAnswer:"
    answer: str = " {answer}"

    def __post_init__(self) -> None:
        for name, fields in (
            ("with_context", ("{context}", "{query}")),
            ("without_context", ("{query}",)),
            ("answer", ("{answer}",)),
        ):
            template = getattr(self, name)
            if not isinstance(template, str):
                raise TypeError(f"{name} must be a string, got {template!r}")
            if missing := [field for field in fields if field not in template]:
                raise ValueError(f"{name} lacks {', '.join(missing)}: {template!r}")

    def prompt(self, request: AnswerRequest) -> str:
        """What the reader sees."""
        template = self.with_context if request.context.strip() else self.without_context
        return _filled(template, {"{context}": request.context, "{query}": request.query})

    def continuation(self, answer: str) -> str:
        """What is scored after it."""
        return self.answer.replace("{answer}", answer)

    def to_dict(self) -> dict[str, str]:
        return {name: getattr(self, name) for name in ("with_context", "without_context", "answer")}


@dataclass(frozen=True, slots=True)
class Pair:
    """A prompt and the continuation that is scored after it."""

    prompt: str
    continuation: str


class PairScorer(ABC):
    """What scorers of a prompt and a continuation have in common. An `AnswerScorer`.

    prompt: see `AnswerPrompt`. answers: of several gold answers "best" takes the likeliest,
        "logsum" the log of the sum of their probabilities. meter: counts what is used.
    """

    kind = Kind.EXACT

    def __init__(
        self,
        *,
        prompt: AnswerPrompt | None = None,
        answers: Answers = "best",
        meter: Meter | None = None,
    ) -> None:
        check_choice("answers", answers, get_args(Answers))
        self.prompt = prompt or AnswerPrompt()
        self.answers = answers
        self.meter = meter or Meter()

    @property
    @abstractmethod
    def identity(self) -> Mapping[str, Any]:
        """See `AnswerScorer`; begin with `self._shared_identity()`."""

    @abstractmethod
    def capabilities(self) -> Capabilities:
        """See `AnswerScorer`."""

    @abstractmethod
    def _each(self, pairs: Sequence[Pair]) -> Iterator[tuple[int, AnswerScore | Exception]]:
        """`(position, score or error)` of each of these different pairs, in any order."""

    def _shared_identity(self) -> dict[str, Any]:
        return {
            "scorer": type(self).__name__,
            "prompt": self.prompt.to_dict(),
            "answers": self.answers,
        }

    def score(self, requests: Sequence[AnswerRequest]) -> list[AnswerScore | Exception]:
        """For each request its score or the error that befell it, in order."""
        return in_order(self.score_each(requests))

    def score_each(
        self, requests: Sequence[AnswerRequest]
    ) -> Iterator[tuple[int, AnswerScore | Exception]]:
        """`(position, score or error)` as they come; what several requests share is asked once."""
        pairs: dict[Pair, int] = {}
        wanted: list[list[int]] = []
        users: dict[int, list[int]] = defaultdict(list)
        for position, request in enumerate(requests):
            prompt = self.prompt.prompt(request)
            needs = []
            for answer in dict.fromkeys(request.answers):
                pair = Pair(prompt, self.prompt.continuation(answer))
                needs.append(pairs.setdefault(pair, len(pairs)))
            for need in needs:
                users[need].append(position)
            wanted.append(needs)
        found: dict[int, AnswerScore | Exception] = {}
        for number, result in self._each(list(pairs)):
            found[number] = result
            for position in users[number]:
                if all(need in found for need in wanted[position]):
                    answers = dict.fromkeys(requests[position].answers)
                    results = [found[need] for need in wanted[position]]
                    yield position, _combined(answers, results, self.answers)


def in_order(results: Iterable[tuple[int, T]]) -> list[T]:
    """Results that came as `(position, result)`, by position."""
    return [result for _, result in sorted(results, key=lambda found: found[0])]


def combine(scores: Sequence[AnswerScore], answers: Answers) -> AnswerScore:
    """The score of several gold answers from those of each.

    "best" is the highest (of equal ones the first); it is only as good as its own kind: an upper
    bound below an exact score does not make the exact one doubtful. "logsum" is the log of the sum
    of the probabilities, as weak as the weakest.
    """
    best = max(scores, key=lambda score: score.value)
    if answers == "best" or len(scores) == 1:
        return best
    total = best.value + math.log(sum(math.exp(s.value - best.value) for s in scores))
    kinds = {score.kind for score in scores}
    kind = next(k for k in (Kind.PROXY, Kind.ESTIMATE, Kind.CENSORED, Kind.EXACT) if k in kinds)
    return AnswerScore(total, best.n_tokens, kind)


def _combined(
    answers: Iterable[str], results: Sequence[AnswerScore | Exception], how: Answers
) -> AnswerScore | Exception:
    scores = []
    for answer, result in zip(answers, results, strict=True):
        if isinstance(result, Exception):
            return result
        scores.append(replace(result, answer=answer))
    return combine(scores, how)


def _filled(template: str, values: Mapping[str, str]) -> str:
    """One pass over the template, so that braces in the values are just text."""
    (first, value), *rest = values.items()
    parts = template.split(first)
    return value.join(_filled(part, dict(rest)) for part in parts) if rest else value.join(parts)
