"""Is one system better than another? Paired differences with a verdict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .._utils.notebook import notebook_html
from .measures import find_measure
from .results import Evaluation
from .statistics import Estimate, difference_interval, mean_interval, values_at_rate

FEWEST = 20
"""With fewer questions there is no verdict: so few say little about the others."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """`b` beside `a` in one measure, over the questions for which both have it.

    Attributes:
        a: Label of the first.
        b: Label of the second.
        measure: The measure's name.
        at_rate: The compression rate at which both curves were read; None for single settings.
        n: How many questions both have the measure for.
        mean_a: Mean of the first.
        mean_b: Mean of the second.
        difference: Mean of b − a, paired.
        rate_a: The compression rate that the first reached.
        rate_b: The compression rate that the second reached.
        better: The share of questions where b is better; where neither direction is better
            (`empty`), where its value is higher.
        worse: The share of questions where b is worse, or lower.
        equal: The share of the other questions.
        verdict: The result in words.
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
        """Whether the interval excludes 0, over at least `FEWEST` questions."""
        _, low, high, n = self.difference
        return n >= FEWEST and (low > 0 or high < 0)

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON values."""
        data = {name: getattr(self, name) for name in self.__slots__}
        return {**data, "difference": self.difference._asdict(), "is_shown": self.is_shown}

    def _repr_html_(self) -> str:
        return notebook_html(self)


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
    """Compare two systems of one evaluation, or two evaluations of the same questions.

    Args:
        a: The first evaluation.
        b: The second one; None compares two systems of the first.
        systems: Two names of `a`; or, with `b`, the name in both, or one name of each. By default
            the first system of each.
        settings: The setting of each; None for the first.
        measure: One of `MEASURES`, or the name of a measure that another package adds.
        at_rate: Compare the two curves at this mean compression rate instead, see
            `statistics.read_off`.
        seed: Of the interval.

    Returns:
        The comparison.

    Raises:
        ValueError: There is nothing to pair: no question in common, two questions under one id, a
            measure that neither has, or a curve that does not reach the rate.
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
    upside = find_measure(measure).higher_is_better is not False
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
    about = find_measure(measure)
    found = f"{about.format_difference(mean)} ({about.format_range(low, high)})"
    if n < FEWEST:
        return f"too few questions for a verdict: {found} at n={n}"
    if low <= 0 <= high:
        return f"no difference shown at n={n}: {found}"
    return f"{b} {about.more if mean > 0 else about.less}: {found}"
