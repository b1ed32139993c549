"""Is one better than the other? Paired differences with a verdict, and gates for one's own CI."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

from .results import Evaluation
from .statistics import (
    Estimate,
    difference_interval,
    mean_interval,
    values_at_rate,
)

FEWEST = 20
"""With fewer questions no verdict is given: a bootstrap of so few knows little of the others."""

# What a higher value is called, and whether it is the better one; None where neither is.
_WORDS: Mapping[str, tuple[str, str, bool | None]] = {
    "rate": ("keeps more text", "keeps less text", False),
    "answer_recall": ("keeps more answers", "keeps fewer answers", True),
    "exact_match": ("has more exact matches", "has fewer exact matches", True),
    "f1": ("has the higher F1", "has the lower F1", True),
    "agreement": ("changes fewer of the reader's answers", "changes more of them", True),
    "gold_precision": ("keeps less that is not gold", "keeps more that is not gold", True),
    "gold_recall": ("keeps more of the gold sentences", "keeps less of the gold sentences", True),
    "support": ("is better supported", "is worse supported", True),
    "empty": ("is empty more often", "is empty less often", None),
    "seconds": ("is slower", "is faster", False),
    "tokens_after": ("is longer", "is shorter", False),
    "tokens_before": ("reads more", "reads less", None),
}
_UNITS = {"seconds": "s", "tokens_after": "tokens", "tokens_before": "tokens"}


@dataclass(frozen=True, slots=True)
class Comparison:
    """`b` beside `a` in one measure, over the questions that both have it for.

    a, b: labels. at_rate: the compression rate at which both were read off their curves; None for
    settings as they are. mean_a, mean_b; difference: of b − a, paired. rate_a, rate_b: the rates
    reached. better, worse, equal: the shares of questions where b is so; where a higher value is
    not better in itself (`empty`), "better" is higher. verdict: in words.
    """

    a: str
    b: str
    measure: str
    at_rate: float | None
    n: int
    mean_a: float
    mean_b: float
    difference: Estimate
    rate_a: float | None
    rate_b: float | None
    better: float
    worse: float
    equal: float
    verdict: str

    @property
    def is_shown(self) -> bool:
        """Whether a difference is shown: the interval leaves out 0, over enough questions."""
        _, low, high, n = self.difference
        return n >= FEWEST and (low > 0 or high < 0)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        data = {name: getattr(self, name) for name in self.__slots__}
        return {**data, "difference": self.difference._asdict(), "is_shown": self.is_shown}

    def _repr_html_(self) -> str:
        from .reports.markdown import comparison_cells

        rows = "".join(
            f"<tr><th scope='row' style='text-align:left'>{escape(name)}</th>"
            f"<td>{escape(value)}</td></tr>"
            for name, value in comparison_cells(self)
        )
        return f"<p><strong>{escape(self.verdict)}</strong></p><table>{rows}</table>"


def compare(
    a: Evaluation,
    b: Evaluation | None = None,
    *,
    systems: str | tuple[str, str] | None = None,
    settings: tuple[str | None, str | None] = (None, None),
    measure: str = "answer_recall",
    at_rate: float | None = None,
    seed: int = 0,
) -> Comparison:
    """Two systems of one evaluation, or two evaluations of the same questions.

    systems: two names of `a`; or, with `b`, the name in both, or one of each; by default the first
        of each. settings: of each; None for the first. measure: one of `MEASURES`.
    at_rate: compare the two curves at this mean compression rate instead, see
        `statistics.read_off`.

    Raises `ValueError` if there is nothing to pair: no question in common, a question that is
    another one under the same id, a measure that neither has, a curve that does not reach the rate.
    """
    if b is None and (systems is None or isinstance(systems, str)):
        raise ValueError(
            f"name the two systems to compare, systems=(a, b): there are {', '.join(a.systems)}"
        )
    if isinstance(systems, str):
        systems = (systems, systems)
    other = a if b is None else b
    first, second = (a.systems[0], other.systems[0]) if systems is None else systems
    _check_questions(a, other)
    ours, rate_a = _values(a, first, settings[0], measure, at_rate)
    theirs, rate_b = _values(other, second, settings[1], measure, at_rate)
    common = [question for question in ours if question in theirs]
    if not common:
        raise ValueError(
            f"no question has {measure} in both: {first} has it for {len(ours)}, {second} for "
            f"{len(theirs)}"
        )
    x = [ours[question] for question in common]
    y = [theirs[question] for question in common]
    difference = difference_interval(x, y, seed)
    assert difference is not None  # noqa: S101 - there is a common question
    higher = sum(after > before for before, after in zip(x, y, strict=True)) / len(x)
    lower = sum(after < before for before, after in zip(x, y, strict=True)) / len(x)
    upside = _WORDS[measure][2] is not False
    label_a, label_b = _labels(first, second, settings, at_rate, is_one=b is None)
    return Comparison(
        a=label_a,
        b=label_b,
        measure=measure,
        at_rate=at_rate,
        n=len(common),
        mean_a=sum(x) / len(x),
        mean_b=sum(y) / len(y),
        difference=difference,
        rate_a=rate_a,
        rate_b=rate_b,
        better=higher if upside else lower,
        worse=lower if upside else higher,
        equal=1 - higher - lower,
        verdict=_verdict(label_b, measure, difference),
    )


def _values(
    evaluation: Evaluation, system: str, setting: str | None, measure: str, rate: float | None
) -> tuple[dict[str, float], float | None]:
    if rate is not None:
        found = values_at_rate(evaluation, system, measure, rate)
        if found is None:
            raise ValueError(
                f"{measure} of {system} can't be read off at the rate {rate:g}: it is not measured "
                "on the whole curve, or its cheapest setting keeps more"
            )
        return found
    if setting is not None and setting not in evaluation.settings(system):
        raise ValueError(
            f"{system} has no setting {setting!r}: there are "
            f"{', '.join(map(repr, evaluation.settings(system)))}"
        )
    rows = evaluation.of(system, setting)
    values = {r.question: value for r in rows if (value := r.value(measure)) is not None}
    rates = mean_interval((row.rate for row in rows if row.question in values), draws=1)
    return values, None if rates is None else rates.mean


def _check_questions(a: Evaluation, b: Evaluation) -> None:
    for identity, question in a.questions.items():
        other = b.questions.get(identity)
        if other is not None and (question.query, question.answers) != (other.query, other.answers):
            raise ValueError(
                f"question {identity!r} is {question.query!r} in one and {other.query!r} in the "
                "other, or has other answers: only runs of the same questions can be compared"
            )


def _labels(
    first: str,
    second: str,
    settings: tuple[str | None, str | None],
    rate: float | None,
    *,
    is_one: bool,
) -> tuple[str, str]:
    a, b = first, second
    if rate is None:
        a, b = (
            f"{name} {setting}" if setting else name
            for name, setting in zip((a, b), settings, strict=True)
        )
    return (a, b) if is_one or a != b else (f"{a} (A)", f"{b} (B)")


def _verdict(b: str, measure: str, difference: Estimate) -> str:
    mean, low, high, n = difference
    told = f"{told_difference(measure, mean)} ({told_range(measure, low, high)})"
    if n < FEWEST:
        return f"too few questions for a verdict: {told} at n={n}"
    if low <= 0 <= high:
        return f"no difference shown at n={n}: {told}"
    more, less, _ = _WORDS[measure]
    return f"{b} {more if mean > 0 else less}: {told}"


def told_difference(measure: str, value: float) -> str:
    """A difference with its sign and unit: points for shares."""
    if measure in _UNITS:
        return f"{value:+.4g} {_UNITS[measure]}"
    return f"{100 * value:+.1f} points"


def told_range(measure: str, low: float, high: float) -> str:
    """An interval without its unit."""
    if measure in _UNITS:
        return f"{low:.4g} to {high:.4g}"
    return f"{100 * low:.1f} to {100 * high:.1f}"


# Gates: what a user's own CI demands.
