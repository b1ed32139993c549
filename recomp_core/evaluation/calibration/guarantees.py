"""Promises about a share of answers, from how many of some questions' answers were lost. Pure
arithmetic; what is promised, and why it holds, is said in `calibration`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import islice
from typing import Literal, get_args

from ..._utils.checks import check_choice

Guarantee = Literal["confidence", "average"]

# Tails that are equal to the allowed error in exact arithmetic must not fail by the last bit.
_ROUNDING = 1 + 1e-12


def allowed_losses(
    n: int, keep: float, confidence: float = 0.9, *, guarantee: Guarantee = "confidence"
) -> int:
    """How many of `n` answers a setting may lose and still be promised to keep `keep` of all.

    -1: not even a setting that loses none can be promised; see `questions_needed`. Raises
    `ValueError` for shares that are not between 0 and 1.
    """
    check_promise(keep, confidence, guarantee)
    if guarantee == "average":
        # (losses + 1) / (n + 1) ≤ 1 - keep, in the decimals that the user wrote.
        return math.floor((1 - Fraction(repr(float(keep)))) * (n + 1)) - 1
    tail = 0.0
    for losses, term in enumerate(_binomial_terms(n, 1 - keep)):
        tail += term
        if tail > (1 - confidence) * _ROUNDING:
            return losses - 1
    return n


def questions_needed(
    keep: float, confidence: float = 0.9, *, guarantee: Guarantee = "confidence"
) -> int:
    """How many questions with an answer in their documents the promise takes at least: 45 for 0.95
    with the confidence 0.9, since 0.95⁴⁵ ≤ 0.1.
    """
    check_promise(keep, confidence, guarantee)
    if guarantee == "average":
        n = math.ceil(1 / (1 - Fraction(repr(float(keep))))) - 1
        return max(1, n)
    n = max(1, math.floor(math.log(1 - confidence) / math.log(keep)))
    while allowed_losses(n, keep, confidence) < 0:
        n += 1
    return n


def kept_at_least(
    n: int, losses: int, confidence: float = 0.9, *, guarantee: Guarantee = "confidence"
) -> float:
    """The largest share that can be promised of a setting with at most `losses` of `n` lost.

    With a confidence it is the lower bound of Clopper and Pearson, one-sided.
    """
    if losses >= n:
        return 0.0
    if guarantee == "average":
        return (n - losses) / (n + 1)
    low, high = 0.0, 1.0
    while (middle := (low + high) / 2) not in (low, high):
        tail = sum(islice(_binomial_terms(n, 1 - middle), losses + 1))
        low, high = (middle, high) if tail <= 1 - confidence else (low, middle)
    return low


def _binomial_terms(n: int, probability: float) -> Iterator[float]:
    """P(Bin(n, probability) = k) for k = 0, 1, …, n, in logarithms: large n do not underflow."""
    log_odds = math.log(probability) - math.log1p(-probability)
    log_term = n * math.log1p(-probability)
    for k in range(n + 1):
        if k:
            log_term += math.log((n - k + 1) / k) + log_odds
        yield math.exp(log_term)


def check_promise(keep: float, confidence: float, guarantee: str) -> None:
    """Raise `ValueError` for what can't be promised."""
    for name, value in (("keep", keep), ("confidence", confidence)):
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < 1:
            raise ValueError(f"{name} must be a share between 0 and 1, as 0.95, got {value!r}")
    check_choice("guarantee", guarantee, get_args(Guarantee))


def choose(
    needs: Iterable[float],
    keep: float,
    confidence: float = 0.9,
    *,
    guarantee: Guarantee = "confidence",
) -> float:
    """The least caution that keeps the promise: of the needs, ascending, an order statistic.

    needs: of the questions whose documents hold an answer, see `Family.needed`. Raises `ValueError`
    where they are too few, with how many it takes, and where no setting suffices.
    """
    ascending = sorted(needs)
    n = len(ascending)
    allowed = allowed_losses(n, keep, confidence, guarantee=guarantee)
    if allowed < 0:
        raise ValueError(_too_few(n, keep, confidence, guarantee))
    chosen = ascending[n - 1 - allowed]
    if math.isinf(chosen):
        lost = sum(map(math.isinf, ascending))
        raise ValueError(
            f"no setting of this rule keeps enough: {lost} of {n} answers are lost at its most "
            f"cautious, {allowed} may be; take another rule, or a higher temperature"
        )
    return chosen


def _too_few(n: int, keep: float, confidence: float, guarantee: Guarantee) -> str:
    wanted = questions_needed(keep, confidence, guarantee=guarantee)
    promise = f"keep={keep}"
    ways = []
    if guarantee == "confidence":
        promise += f" with confidence {confidence}"
    if n:
        possible = math.floor(1000 * kept_at_least(n, 0, confidence, guarantee=guarantee)) / 1000
        if possible > 0:
            ways.append(f"promise keep={possible:g}")
        average = questions_needed(keep, guarantee="average")
        if guarantee == "confidence" and average <= n:
            ways.append('take guarantee="average"')
    return (
        f"{promise} takes at least {wanted} questions whose documents hold an answer, and there "
        f"are {n}: {', or '.join(['give more questions', *ways])}"
    )
