"""What compressing saves, and when it pays. Pure arithmetic, per question.

tokens saved    s = tokens of all documents − tokens of the compressed text, mean
money saved     s × price / 1,000,000                     price: per million input tokens
machine         t × cost / 3,600                          t: seconds of compressing, p50
pays in money   if price ≥ 1,000,000 × t × cost / (3,600 × s)
pays in time    if the reader takes in fewer than s / t tokens a second
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from .._utils.checks import check_number
from .results import Evaluation
from .statistics import percentile


@dataclass(frozen=True, slots=True)
class BreakEven:
    """When compressing pays; None where it never does, or where a number is missing.

    Attributes:
        price_per_million: The price of the reader's input tokens above which it pays in money.
        tokens_per_second: The speed at which the reader takes in a prompt below which it pays in
            time.
    """

    price_per_million: float | None
    tokens_per_second: float | None


@dataclass(frozen=True, slots=True)
class Costs:
    """What one setting of one system costs and saves.

    Attributes:
        system: The system's name.
        setting: The system's setting.
        n: How many questions were compressed.
        tokens_before: Mean tokens of all documents.
        tokens_after: Mean tokens of the compressed text.
        seconds: Median time of compressing one question.
        saved_per_question: Mean saving, in the money of the price; None without a price.
        net_per_question: The same less the cost of the machine; None without both prices.
        break_even: When compressing pays.
    """

    system: str
    setting: str
    n: int
    tokens_before: float
    tokens_after: float
    seconds: float | None
    saved_per_question: float | None
    net_per_question: float | None
    break_even: BreakEven

    @property
    def tokens_saved(self) -> float:
        """Mean tokens that the reader does not have to read."""
        return self.tokens_before - self.tokens_after

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {**asdict(self), "tokens_saved": self.tokens_saved}


def break_even(
    seconds: float, tokens_saved: float, *, machine_per_hour: float | None = None
) -> BreakEven:
    """Compute when compressing pays.

    Args:
        seconds: Time of compressing one question.
        tokens_saved: Tokens that the reader does not have to read, of one question.
        machine_per_hour: Cost of the machine that compresses; without it the price is None.

    Returns:
        The price and the speed at which saving and cost are equal.

    Raises:
        ValueError: A number is negative.
    """
    for name, value in (("seconds", seconds), ("machine_per_hour", machine_per_hour)):
        if value is not None:
            check_number(name, value, at_least=0)
    if tokens_saved <= 0:
        return BreakEven(None, None)
    price = None
    if machine_per_hour is not None:
        price = 1_000_000 * seconds * machine_per_hour / (3_600 * tokens_saved)
    return BreakEven(price, tokens_saved / seconds if seconds else None)


def costs_of(
    evaluation: Evaluation,
    system: str,
    setting: str | None = None,
    *,
    price_per_million: float | None = None,
    machine_per_hour: float | None = None,
) -> Costs | None:
    """Compute what a system saves.

    Args:
        evaluation: The evaluation.
        system: The system's name.
        setting: The system's setting; None for its first.
        price_per_million: Price of the reader's input tokens; None for what `evaluate` got.
        machine_per_hour: Cost of the machine that compresses; None for what `evaluate` got.

    Returns:
        The costs; None if nothing was compressed.

    Raises:
        ValueError: The evaluation counted characters, but prices are of tokens; or there is no such
            system.
    """
    if evaluation.about.get("tokenizer", "characters") == "characters":
        raise ValueError(
            "the evaluation counted characters, but a reader's price and speed are of tokens: give "
            "evaluate count_tokens, the name of the reader's tokenizer"
        )
    if price_per_million is None:
        price_per_million = evaluation.about.get("price_per_million")
    if machine_per_hour is None:
        machine_per_hour = evaluation.about.get("machine_per_hour")
    sizes = [
        (row.tokens_before, row.tokens_after)
        for row in evaluation.of(system, setting)
        if row.tokens_before is not None and row.tokens_after is not None
    ]
    if not sizes:
        return None
    before = sum(size for size, _ in sizes) / len(sizes)
    after = sum(size for _, size in sizes) / len(sizes)
    seconds = percentile([row.seconds for row in evaluation.of(system, setting)], 50)
    saved = net = None
    if price_per_million is not None:
        saved = (before - after) * price_per_million / 1_000_000
        if machine_per_hour is not None and seconds is not None:
            net = saved - seconds * machine_per_hour / 3_600
    return Costs(
        system=system,
        setting=evaluation.settings(system)[0] if setting is None else setting,
        n=len(sizes),
        tokens_before=before,
        tokens_after=after,
        seconds=seconds,
        saved_per_question=saved,
        net_per_question=net,
        break_even=(
            BreakEven(None, None)
            if seconds is None
            else break_even(seconds, before - after, machine_per_hour=machine_per_hour)
        ),
    )
