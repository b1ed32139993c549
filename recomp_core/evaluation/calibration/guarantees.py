"""What can be promised of a share of answers, from how many of some questions' answers were lost.

Pure arithmetic; what is promised, and why it holds, is said in `evaluation.calibration`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from fractions import Fraction
from typing import Literal, get_args

from ..._utils.checks import check_choice

Guarantee = Literal["confidence", "average"]

# Tails that are equal to the allowed error in exact arithmetic must not fail by the last bit.
_ROUNDING = 1 + 1e-12


def allowed_losses(
    n: int, keep: float, confidence: float = 0.9, *, guarantee: Guarantee = "confidence"
) -> int:
    """Compute how many answers a setting may lose and still be promised to keep `keep` of all.

    Args:
        n: How many questions have an answer in their documents.
        keep: The share of the answers that is promised.
        confidence: The confidence of the promise.
        guarantee: What the promise is about.

    Returns:
        The number of losses; -1 if not even a setting that loses none can be promised, see
        `questions_needed`.

    Raises:
        ValueError: A share is not between 0 and 1.
    """
    check_promise(keep, confidence, guarantee)
    if guarantee == "average":
        # (losses + 1) / (n + 1) ≤ 1 - keep, in the decimals that the user wrote.
        return math.floor((1 - Fraction(repr(float(keep)))) * (n + 1)) - 1
    import numpy as np
    from scipy.special import bdtr

    tails = bdtr(np.arange(n + 1), n, 1 - keep)  # P(Bin(n, 1 - keep) ≤ losses)
    return int(np.searchsorted(tails, (1 - confidence) * _ROUNDING, side="right")) - 1


def questions_needed(
    keep: float, confidence: float = 0.9, *, guarantee: Guarantee = "confidence"
) -> int:
    """Compute how many questions with an answer in their documents a promise takes.

    Args:
        keep: The share of the answers that is promised.
        confidence: The confidence of the promise.
        guarantee: What the promise is about.

    Returns:
        The least number: 45 for 0.95 with the confidence 0.9, since 0.95⁴⁵ ≤ 0.1.

    Raises:
        ValueError: A share is not between 0 and 1.
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
    """Compute the largest share that can be promised of a setting.

    With a confidence it is the lower bound of Clopper and Pearson, one-sided.

    Args:
        n: How many questions have an answer in their documents.
        losses: How many of the answers the setting loses at most.
        confidence: The confidence of the promise.
        guarantee: What the promise is about.

    Returns:
        The share, in 0…1.
    """
    if losses >= n:
        return 0.0
    if guarantee == "average":
        return (n - losses) / (n + 1)
    from scipy.special import betaincinv

    return float(betaincinv(n - losses, losses + 1, 1 - confidence))


def check_promise(keep: float, confidence: float, guarantee: str) -> None:
    """Check that something can be promised.

    Args:
        keep: The share of the answers.
        confidence: The confidence of the promise.
        guarantee: What the promise is about.

    Raises:
        ValueError: A share is not between 0 and 1, or the guarantee is not known.
    """
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
    """Choose the least caution that keeps the promise: an order statistic of the needs.

    Args:
        needs: What the questions whose documents hold an answer need, see `Family.needed`.
        keep: The share of the answers that is promised.
        confidence: The confidence of the promise.
        guarantee: What the promise is about.

    Returns:
        The caution.

    Raises:
        ValueError: There are too few questions, and the message says how many it takes; or no
            setting keeps enough.
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
