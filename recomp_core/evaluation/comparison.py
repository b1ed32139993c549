"""Is one better than the other? Paired differences with a verdict, and gates for one's own CI."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any, Literal

from .results import MEASURES, Evaluation
from .statistics import (
    Estimate,
    at_rate,
    difference_interval,
    mean_interval,
    percentile,
    perplexity_interval,
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
        from .markdown import comparison_cells

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

_GATE = re.compile(
    r"\s*(?P<measure>\w+)(?:\.(?P<statistic>\w+))?\s*(?P<operator><=|>=|=)\s*"
    r"(?P<value>\d*\.?\d+(?:e[+-]?\d+)?)(?P<percent>\s*%)?"
    r"(?:\s*@\s*rate\s*=\s*(?P<rate>\d*\.?\d+)(?P<rate_percent>\s*%)?)?\s*",
    re.IGNORECASE,
)
_STATISTICS = ("mean", "p50", "p95")


@dataclass(frozen=True, slots=True)
class Gate:
    """One demand on a system; see `Gate.parse` for how it is written.

    value: the least, or with `at_most` the most. relative: `value` is a share of what the same
    measure is for all documents.
    """

    text: str
    measure: str
    value: float
    at_most: bool = False
    relative: bool = False
    statistic: Literal["mean", "p50", "p95"] = "mean"
    rate: float | None = None

    @classmethod
    def parse(cls, text: str) -> Gate:
        """A gate as it is written on the command line.

        answer_recall=0.9@rate=0.1   at least 0.9, read off the curve at the compression rate 0.1
        answer_recall=90%@rate=0.1   at least 90 % of what all documents hold
        f1=0.5, f1>=0.5              at the system's own setting
        rate<=0.1, seconds.p95<=0.2, perplexity<=12

        Raises `ValueError` with what is wrong and how it should be.
        """
        match = _GATE.fullmatch(text)
        if match is None:
            raise ValueError(
                f"the gate {text!r} can't be read: write it as answer_recall=0.9@rate=0.1, "
                "answer_recall=90%@rate=0.1, f1>=0.5, rate<=0.1 or seconds.p95<=0.2"
            )
        measure = match["measure"]
        if measure not in (*MEASURES, "perplexity"):
            raise ValueError(
                f"the gate {text!r} is of no measure: choose among {', '.join(MEASURES)}, "
                "perplexity"
            )
        statistic = match["statistic"] or "mean"
        if statistic not in _STATISTICS:
            raise ValueError(
                f"the gate {text!r} asks for {statistic}: there are {', '.join(_STATISTICS)}"
            )
        rate = None
        if match["rate"] is not None:
            rate = float(match["rate"]) / (100 if match["rate_percent"] else 1)
            if not 0 < rate <= 1:
                raise ValueError(f"the gate {text!r}: a rate is above 0 and at most 1")
            if statistic != "mean" or measure == "perplexity":
                raise ValueError(f"the gate {text!r}: only means can be read off at a rate")
        return cls(
            text=text.strip(),
            measure=measure,
            value=float(match["value"]) / (100 if match["percent"] else 1),
            at_most=match["operator"] == "<=",
            relative=bool(match["percent"]),
            statistic=statistic,  # type: ignore[arg-type]
            rate=rate,
        )


@dataclass(frozen=True, slots=True)
class GateVerdict:
    """Whether a system passed. found, wanted: None where not measured; then `why` says it."""

    gate: Gate
    system: str
    passed: bool
    found: float | None
    wanted: float | None
    why: str = ""

    def __str__(self) -> str:
        verdict = "passed" if self.passed else "FAILED"
        head = f"{verdict}: {self.gate.text} of {self.system}"
        if self.found is None or self.wanted is None:
            return f"{head}: {self.why}"
        bound = "at most" if self.gate.at_most else "at least"
        told = f"{head}: {self.found:.4g}, {bound} {self.wanted:.4g} wanted"
        return told if self.passed else f"{told}, off by {abs(self.found - self.wanted):.2g}"

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "gate": self.gate.text,
            "system": self.system,
            "passed": self.passed,
            "found": self.found,
            "wanted": self.wanted,
            "why": self.why,
        }


def check_gates(
    evaluation: Evaluation,
    gates: Iterable[str | Gate],
    system: str | None = None,
    *,
    seed: int = 0,
) -> list[GateVerdict]:
    """A verdict for each gate, on `system` or else the first one. What is not measured fails.

    The means themselves decide, not their intervals. Raises `ValueError` for a gate that can't be
    read, or for a system that is not there.
    """
    parsed = [gate if isinstance(gate, Gate) else Gate.parse(gate) for gate in gates]
    name = evaluation.systems[0] if system is None else system
    evaluation.settings(name)
    return [_judged(evaluation, name, gate, seed) for gate in parsed]


def _judged(evaluation: Evaluation, system: str, gate: Gate, seed: int) -> GateVerdict:
    found = _found(evaluation, system, gate, seed)
    if found is None:
        where = "" if gate.rate is None else f" at the rate {gate.rate:g}"
        why = f"{gate.measure} is not measured{where}"
        return GateVerdict(gate, system, passed=False, found=None, wanted=None, why=why)
    wanted = gate.value
    if gate.relative:
        whole = _of_all_documents(evaluation, gate)
        if whole is None:
            why = f'{gate.measure} of all documents is not known: add the baseline "all"'
            return GateVerdict(gate, system, passed=False, found=found, wanted=None, why=why)
        wanted *= whole
    # Rounding must not fail a gate that is met exactly.
    slack = 1e-9 * max(1.0, abs(wanted))
    passed = found <= wanted + slack if gate.at_most else found >= wanted - slack
    return GateVerdict(gate, system, passed=passed, found=found, wanted=wanted)


def _found(evaluation: Evaluation, system: str, gate: Gate, seed: int) -> float | None:
    if gate.rate is not None:
        read = at_rate(evaluation, system, gate.measure, gate.rate, seed)
        return None if read is None else read.mean
    rows = evaluation.of(system)
    if gate.measure == "perplexity":
        estimate = perplexity_interval(rows, seed)
    else:
        values = [row.value(gate.measure) for row in rows]
        if gate.statistic != "mean":
            return percentile(values, float(gate.statistic[1:]))
        estimate = mean_interval(values, draws=1)
    return None if estimate is None else estimate.mean


def _of_all_documents(evaluation: Evaluation, gate: Gate) -> float | None:
    whole = Gate(gate.text, gate.measure, gate.value, statistic=gate.statistic)
    if "all" in evaluation.systems:
        return _found(evaluation, "all", whole, 0)
    if gate.measure == "answer_recall":
        # A question is answerable exactly if all documents together hold an answer.
        seen = {row.question: row.answerable for row in evaluation.rows if not row.error}
        estimate = mean_interval((known for known in seen.values()), draws=1)
        return None if estimate is None else estimate.mean
    return None
