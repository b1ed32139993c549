"""What a scorer of answers is asked, and what it replies: Score(M, y, [s; x]) (paper, section 3.1).

Standard library only. The scorers themselves are in modules of their own.
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
    """What the value of a score is. One data set holds scores of one kind."""

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

    Attributes:
        query: The question.
        context: A sentence or a summary; "" for none.
        answers: The gold answers, at least one; none of them blank.
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

    Attributes:
        value: For the kinds exact, censored and estimate a natural log-probability, summed over
            `n_tokens` tokens; for proxies see the scorer. Always finite.
        n_tokens: The number of scored tokens; 0 where it is not known.
        kind: What `value` is.
        answer: The gold answer that was scored; "" for several together.
        standard_error: That of `value`, for estimates.
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
        """The score as JSON values, without what is not known."""
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
        """Make the score that `to_dict` wrote.

        Args:
            data: JSON values.

        Returns:
            The score.
        """
        return cls(**{**data, "kind": Kind(data["kind"])})


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a probe of a scorer found, before a long run.

    Attributes:
        usable: Whether it can score at all.
        kind: The kind that its scores will have.
        reason: What it will do; or why it can't score, with the remedy.
        details: Figures and names that the probe saw, JSON values.
    """

    usable: bool
    kind: Kind
    reason: str
    details: Mapping[str, Any] = field(default_factory=dict)


@runtime_checkable
class AnswerScorer(Protocol):
    """A reader that can say how likely an answer is to it.

    Attributes:
        meter: Counts what the scorer has used; may be replaced by one with a budget before scoring.
    """

    @property
    def kind(self) -> Kind:
        """The weakest kind that its scores may have: the kind of the data set."""

    meter: Meter

    @property
    def identity(self) -> Mapping[str, Any]:
        """JSON values that decide its scores: class, model, prompt, settings. No keys, no speed."""

    def capabilities(self) -> Capabilities:
        """Ask the model once, cheaply, whether this can work.

        Returns:
            What the probe found; an error of the model is a reason, and is not raised.
        """

    def score(self, requests: Sequence[AnswerRequest]) -> list[AnswerScore | Exception]:
        """Score all requests.

        Args:
            requests: What to score.

        Returns:
            For each request its score, or the exception that it ended with; in order.
        """

    def score_each(
        self, requests: Sequence[AnswerRequest]
    ) -> Iterator[tuple[int, AnswerScore | Exception]]:
        """Score all requests, and hand over each result as soon as it is there.

        Args:
            requests: What to score.

        Yields:
            `(position, result)`, in any order; the results are those of `score`.
        """


@dataclass(frozen=True, slots=True)
class AnswerPrompt:
    """How `[s; x]` is written for a reader, and where its answer begins.

    Attributes:
        with_context: A template with `{context}` and `{query}`; it should not end with a space.
        without_context: A template with `{query}`, for a request without context.
        answer: A template with `{answer}`. The space before an answer belongs here, because a
            model's tokens carry their space in front.
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
        """Write what the reader sees.

        Args:
            request: The question and its context.

        Returns:
            The filled template. Braces in the texts stay as they are.
        """
        template = self.with_context if request.context.strip() else self.without_context
        return _filled(template, {"{context}": request.context, "{query}": request.query})

    def continuation(self, answer: str) -> str:
        """Write what is scored after the prompt.

        Args:
            answer: A gold answer.

        Returns:
            The filled template.
        """
        return self.answer.replace("{answer}", answer)

    def to_dict(self) -> dict[str, str]:
        """The templates by name."""
        return {name: getattr(self, name) for name in ("with_context", "without_context", "answer")}


@dataclass(frozen=True, slots=True)
class Pair:
    """A prompt and the continuation that is scored after it.

    Attributes:
        prompt: What the reader sees.
        continuation: What is scored.
    """

    prompt: str
    continuation: str


class BaseScorer(ABC):
    """What the scorers of this package share. An `AnswerScorer`.

    A subclass has an `identity` and `score_each`; `score` and `capabilities` come from these.

    Args:
        meter: Counts what is used; None for one without a budget.
    """

    kind = Kind.EXACT

    # What `capabilities` says of a scorer that works.
    _ability = "log-probabilities of every token"

    def __init__(self, meter: Meter | None = None) -> None:
        self.meter = Meter() if meter is None else meter

    @property
    @abstractmethod
    def identity(self) -> Mapping[str, Any]:
        """JSON values that decide the scores."""

    @abstractmethod
    def score_each(
        self, requests: Sequence[AnswerRequest]
    ) -> Iterator[tuple[int, AnswerScore | Exception]]:
        """Score all requests, and hand over each result as soon as it is there.

        Args:
            requests: What to score.

        Yields:
            `(position, result)`, in any order.
        """

    def score(self, requests: Sequence[AnswerRequest]) -> list[AnswerScore | Exception]:
        """Score all requests.

        Args:
            requests: What to score.

        Returns:
            For each request its score, or the exception that it ended with; in order.
        """
        return in_order(self.score_each(requests))

    def capabilities(self) -> Capabilities:
        """Score one question, to see whether this can work.

        Returns:
            What the probe found; an error of the model is a reason, and is not raised.
        """
        try:
            details = self._probe()
        except Exception as error:
            return Capabilities(False, self.kind, str(error) or type(error).__name__)
        return Capabilities(True, self.kind, self._ability, details)

    def _probe(self) -> Mapping[str, Any]:
        """Figures of one score. Raises the error that the score ended with."""
        return self._probe_score(AnswerRequest("Who came?", "Ann came.", ("Ann",))).to_dict()

    def _probe_score(self, request: AnswerRequest) -> AnswerScore:
        (result,) = self.score([request])
        if isinstance(result, Exception):
            raise result
        return result


class PairScorer(BaseScorer):
    """What scorers of a prompt and a continuation share. An `AnswerScorer`.

    A subclass has an `identity` and `_each(pairs)`.

    Args:
        prompt: How a request is written; None for `AnswerPrompt()`.
        answers: Of several gold answers "best" takes the likeliest, "logsum" the log of the sum of
            their probabilities.
        meter: Counts what is used; None for one without a budget.
    """

    def __init__(
        self,
        *,
        prompt: AnswerPrompt | None = None,
        answers: Answers = "best",
        meter: Meter | None = None,
    ) -> None:
        check_choice("answers", answers, get_args(Answers))
        super().__init__(meter)
        self.prompt = prompt or AnswerPrompt()
        self.answers = answers

    @property
    @abstractmethod
    def identity(self) -> Mapping[str, Any]:
        """JSON values that decide the scores; begin with `self._shared_identity()`."""

    @abstractmethod
    def _each(self, pairs: Sequence[Pair]) -> Iterator[tuple[int, AnswerScore | Exception]]:
        """`(position, score or error)` of each of these different pairs, in any order."""

    def _shared_identity(self) -> dict[str, Any]:
        return {
            "scorer": type(self).__name__,
            "prompt": self.prompt.to_dict(),
            "answers": self.answers,
        }

    def score_each(
        self, requests: Sequence[AnswerRequest]
    ) -> Iterator[tuple[int, AnswerScore | Exception]]:
        """Score all requests; a pair that several requests share is scored once.

        Args:
            requests: What to score.

        Yields:
            `(position, result)`, each as soon as all answers of its request are scored.
        """
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
    """Sort results by their positions.

    Args:
        results: `(position, result)` in any order.

    Returns:
        The results without their positions.
    """
    return [result for _, result in sorted(results, key=lambda found: found[0])]


def combine(scores: Sequence[AnswerScore], answers: Answers) -> AnswerScore:
    """Make one score of the scores of several gold answers.

    Args:
        scores: The score of each answer, at least one.
        answers: "best" takes the highest, of equal ones the first. It is only as good as its own
            kind: an upper bound below an exact score does not make the exact one doubtful.
            "logsum" takes the log of the sum of the probabilities, as weak as the weakest score.

    Returns:
        The score of all answers.
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
    """Fill a template in one pass, so that braces in the values are just text."""
    (first, value), *rest = values.items()
    parts = template.split(first)
    return value.join(_filled(part, dict(rest)) for part in parts) if rest else value.join(parts)
