"""Mining: which sentence helps a reader most, and which ones only look as if they did.

These are pure functions of numbers, without a model or a text (paper, section 3.1).
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from .._utils.checks import check_number, check_whole


@dataclass(frozen=True, slots=True)
class Mined:
    """The mined candidates of one question.

    Attributes:
        positive: The position of the positive.
        negatives: The positions of the hard negatives, the closest to the query first.
    """

    positive: int
    negatives: tuple[int, ...]


def mine(
    scores: Sequence[float],
    similarities: Sequence[float],
    *,
    epsilon: float = 0.0,
    num_negatives: int = 5,
    bounds: Sequence[bool] | None = None,
    texts: Sequence[Hashable] | None = None,
) -> Mined | None:
    """Mine the positive and the hard negatives of one question. Of equals the first counts.

    Args:
        scores: Score(M, y, [s; x]) of each candidate sentence s; the positive is the argmax.
        similarities: The similarity of each candidate to the query, under the encoder that will be
            trained. The hard negatives are the `num_negatives` most similar of those with
            `score + epsilon < positive's score`.
        epsilon: How much lower the score of a negative must be.
        num_negatives: The largest number of negatives.
        bounds: Which scores are only upper bounds; None for none. A bound that is low enough proves
            a negative, one that is not proves nothing, and no bound can make a positive.
        texts: The text of each candidate; if given, equal texts are a negative once.

    Returns:
        The positions of the positive and the negatives; None if there can be no positive.

    Raises:
        ValueError: The lists do not match, a score is not finite, or a setting cannot work.
    """
    check_mining(epsilon, num_negatives)
    for name, values in (("similarities", similarities), ("bounds", bounds), ("texts", texts)):
        if values is not None and len(values) != len(scores):
            raise ValueError(f"got {len(scores)} scores but {len(values)} {name}")
    for value in (*scores, *similarities):
        if not math.isfinite(value):
            raise ValueError(f"scores and similarities must be finite numbers, got {value!r}")
    known = [n for n in range(len(scores)) if not (bounds and bounds[n])]
    if not known:
        return None
    positive = max(known, key=lambda n: scores[n])
    pool = [n for n in range(len(scores)) if scores[n] + epsilon < scores[positive]]
    pool.sort(key=lambda n: -similarities[n])  # stable: of equals the first stays first
    seen: set[Hashable] = set() if texts is None else {texts[positive]}
    negatives: list[int] = []
    for n in pool:
        if len(negatives) == num_negatives:
            break
        if texts is not None:
            if texts[n] in seen:
                continue
            seen.add(texts[n])
        negatives.append(n)
    return Mined(positive, tuple(negatives))


def check_mining(epsilon: float, num_negatives: int) -> None:
    """Check the settings of `mine`.

    Args:
        epsilon: How much lower the score of a negative must be.
        num_negatives: The largest number of negatives.

    Raises:
        ValueError: A setting cannot work.
    """
    check_number("epsilon", epsilon, at_least=0)
    check_whole("num_negatives", num_negatives, at_least=0)
