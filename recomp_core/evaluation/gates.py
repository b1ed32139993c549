"""Gates: what a user's own CI demands of an evaluation."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from .measures import all_measures, find_measure
from .results import Evaluation
from .statistics import aggregate, at_rate, mean_interval, percentile

# Each digit can be read in one way only, so that the time is linear.
_NUMBER = r"(?:\d+(?:\.\d+)?|\.\d+)"
_GATE = re.compile(
    r"\s*(?P<measure>\w+)(?:\.(?P<statistic>\w+))?\s*(?P<operator><=|>=|=)\s*"
    rf"(?P<value>{_NUMBER}(?:e[+-]?\d+)?)(?P<percent>\s*%)?"
    rf"(?:\s*@\s*rate\s*=\s*(?P<rate>{_NUMBER})(?P<rate_percent>\s*%)?)?\s*",
    re.IGNORECASE,
)


_STATISTICS = ("mean", "p50", "p95")


@dataclass(frozen=True, slots=True)
class Gate:
    """One demand on a system; see `Gate.parse` for how it is written.

    Attributes:
        text: The demand as it was written.
        measure: A measure's name.
        value: The least value, or with `at_most` the most.
        at_most: Whether `value` is the most.
        relative: Whether `value` is a share of the same measure of all documents.
        statistic: The mean or a percentile of the rows' values.
        rate: The compression rate at which the curve is read; None for the system's own setting.
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
        """Read a gate as it is written on the command line.

        answer_recall=0.9@rate=0.1   at least 0.9, read off the curve at the compression rate 0.1
        answer_recall=90%@rate=0.1   at least 90 % of what all documents hold
        f1=0.5, f1>=0.5              at the system's own setting
        rate<=0.1, seconds.p95<=0.2, perplexity<=12

        Args:
            text: The gate.

        Returns:
            The gate.

        Raises:
            ValueError: The gate can't be read; the message says how to write it.
        """
        match = _GATE.fullmatch(text)
        if match is None:
            raise ValueError(
                f"the gate {text!r} can't be read: write it as answer_recall=0.9@rate=0.1, "
                "answer_recall=90%@rate=0.1, f1>=0.5, rate<=0.1 or seconds.p95<=0.2"
            )
        measure = match["measure"]
        names = [known.name for known in all_measures()]
        if measure not in names:
            raise ValueError(f"the gate {text!r} is of no measure: choose among {', '.join(names)}")
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
            if statistic != "mean" or find_measure(measure).aggregate != "mean":
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
    """Whether a system meets a gate.

    Attributes:
        gate: The gate.
        system: The system's name.
        passed: Whether the system meets it.
        found: The value; None where it is not measured.
        wanted: The value that is wanted; None where it is not known.
        why: Why a value is missing.
    """

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
        result = f"{head}: {self.found:.4g}, {bound} {self.wanted:.4g} wanted"
        return result if self.passed else f"{result}, off by {abs(self.found - self.wanted):.2g}"

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON values."""
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
    """Check an evaluation against gates. The means decide, not their intervals.

    Args:
        evaluation: The evaluation.
        gates: Gates, or text that `Gate.parse` reads.
        system: The system's name; None for the first.
        seed: Of what is read off a curve.

    Returns:
        A verdict for each gate. What is not measured fails.

    Raises:
        ValueError: A gate can't be read, or there is no such system.
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
    if gate.statistic != "mean":
        return percentile((row.value(gate.measure) for row in rows), float(gate.statistic[1:]))
    estimate = aggregate(rows, gate.measure, seed)
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
