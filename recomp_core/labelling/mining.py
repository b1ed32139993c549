"""Which sentence helps a reader most, and which ones only look as if they did (paper, section 3.1).

Pure functions of numbers: no model, no text.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from .._utils.checks import check_number, check_whole


@dataclass(frozen=True, slots=True)
class Mined:
    """Positions among the candidates. `negatives`: the closest to the query first."""

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
    """The positive and the hard negatives of one question, or None if there can be no positive.

    scores: Score(M, y, [s; x]) of each candidate sentence s; the positive is the argmax.
    similarities: of each to the query, under the encoder that is to be trained. Hard negatives are
        the `num_negatives` most similar of those with `score + epsilon < positive's score`.
    bounds: which scores are only upper bounds. A bound that lies low enough proves a negative; one
        that does not proves nothing, and none can make a positive.
    texts: where given, a text that occurs several times is a negative once.

    Of equals the first counts. Raises `ValueError` for lists that do not match, a score that is not
    finite, or a setting that cannot work.
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
    """Raise `ValueError` for settings that cannot work."""
    check_number("epsilon", epsilon, at_least=0)
    check_whole("num_negatives", num_negatives, at_least=0)
