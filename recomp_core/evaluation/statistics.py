"""Means with intervals, paired differences, and what is read off a curve.

Questions are what is drawn: every interval is the percentile interval of 2,000 bootstrap draws of
the questions, seeded, so that the same rows give the same interval.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np

from .results import MEASURES, Evaluation, Row

DRAWS = 2_000
LEVEL = 0.95
RATES = (0.05, 0.10, 0.20)
"""The compression rates that tables are written for."""

# What an empty text is worth without asking anybody: it holds no answer and no gold sentence.
OF_NOTHING = {"answer_recall": 0.0, "gold_recall": 0.0}

# These bound the memory of a bootstrap: about 50 MB for the draws, 200 MB for the values.
_CELLS_AT_ONCE = 2_000_000
_VALUES_AT_ONCE = 10_000_000


class Estimate(NamedTuple):
    """A mean with its interval, over `n` questions."""

    mean: float
    low: float
    high: float
    n: int


class RateEstimate(NamedTuple):
    """A measure at a compression rate. `rate`: the rate that is reached, at most the one asked for:
    less where the system's dearest setting keeps less than that.
    """

    mean: float
    low: float
    high: float
    n: int
    rate: float


def mean_interval(
    values: Iterable[float | None], seed: int = 0, *, draws: int = DRAWS, level: float = LEVEL
) -> Estimate | None:
    """The mean of the values that are there, with its interval; None if there is none."""
    known = _known(values)
    if not len(known):
        return None
    low, high = _bounds(resampled_means(known[:, None], seed, draws=draws), level)
    return Estimate(float(known.mean()), float(low[0]), float(high[0]), len(known))


def difference_interval(
    a: Sequence[float | None],
    b: Sequence[float | None],
    seed: int = 0,
    *,
    draws: int = DRAWS,
    level: float = LEVEL,
) -> Estimate | None:
    """The mean of b − a over the positions that have both: paired, as both saw the same question.

    Raises `ValueError` if they are not equally long.
    """
    if len(a) != len(b):
        raise ValueError(f"pairs need equally many values, got {len(a)} and {len(b)}")
    pairs = ((x, y) for x, y in zip(a, b, strict=True) if x is not None and y is not None)
    return mean_interval((y - x for x, y in pairs), seed, draws=draws, level=level)


def ratio_interval(
    numerators: Sequence[float],
    denominators: Sequence[float],
    seed: int = 0,
    *,
    draws: int = DRAWS,
    level: float = LEVEL,
) -> Estimate | None:
    """Sum of the numerators ÷ sum of the denominators, drawn in pairs; None if that is 0."""
    pairs = np.asarray([numerators, denominators], dtype=float).T  # (n, 2)
    total = pairs[:, 1].sum() if pairs.size else 0.0
    if not total:
        return None
    means = resampled_means(pairs, seed, draws=draws)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = means[:, :1] / means[:, 1:]
    low, high = _bounds(np.where(np.isfinite(ratios), ratios, np.nan), level)
    return Estimate(float(pairs[:, 0].sum() / total), float(low[0]), float(high[0]), len(pairs))


def perplexity_interval(rows: Iterable[Row], seed: int = 0) -> Estimate | None:
    """exp(sum of nats ÷ sum of target tokens) over the rows that have both; None if none has."""
    both = [(row.nll, row.target_tokens) for row in rows if row.nll is not None]
    sums = [(nll, tokens) for nll, tokens in both if tokens]
    found = ratio_interval([nll for nll, _ in sums], [tokens for _, tokens in sums], seed)
    if found is None:
        return None
    mean, low, high, n = found
    return Estimate(math.exp(mean), math.exp(low), math.exp(high), n)


def percentile(values: Iterable[float | None], q: float) -> float | None:
    """The q-th percentile (0…100) of the values that are there, between the two nearest."""
    known = _known(values)
    return float(np.percentile(known, q)) if len(known) else None


def resampled_means(values: np.ndarray, seed: int = 0, *, draws: int = DRAWS) -> np.ndarray:
    """Means of bootstrap draws: (n_questions, n_columns) to (draws, n_columns).

    All columns see the same draws. NaN is a missing value: a draw's mean is over what it has, and
    NaN where it has nothing. Memory is bounded whatever the number of questions.
    """
    n = len(values)
    known = ~np.isnan(values)
    whole = bool(known.all())
    filled = np.where(known, values, 0.0)
    rng = np.random.default_rng(seed)
    means = np.empty((draws, values.shape[1]))
    at_once = max(1, _CELLS_AT_ONCE // max(1, n))
    for first in range(0, draws, at_once):
        some = min(at_once, draws - first)
        drawn = rng.integers(0, n, (some, n))
        # How often each question was drawn: a product of matrices then does for all columns.
        drawn += np.arange(some)[:, None] * n
        counts = np.bincount(drawn.ravel(), minlength=some * n).reshape(some, n).astype(float)
        sizes = float(n) if whole else counts @ known
        with np.errstate(divide="ignore", invalid="ignore"):
            means[first : first + some] = counts @ filled / sizes
    return means


# A curve: the settings of a system, from the cheapest to the dearest.


def read_off(
    rates: Sequence[float],
    values: np.ndarray,
    rate: float,
    nothing: np.ndarray | None = None,
) -> tuple[np.ndarray, float] | None:
    """Each question's value at `rate`, and the rate reached: linear between the two points around.

    rates: mean compression rate of each point. values: (n_points, n_questions). nothing: the values
        (n_questions) of the empty text, which is the point at the rate 0.

    The same as using the cheaper setting for a share of the questions and the dearer one for the
    others, the share being such that the mean rate is the one asked for; no measure has a say in
    it. Beyond the dearest point its own values are given, with its rate. None below the cheapest
    point where `nothing` is not known: curves are not prolonged.
    """
    order = sorted(range(len(rates)), key=lambda point: rates[point])
    points = [(rates[point], values[point]) for point in order]
    if nothing is not None:
        points.insert(0, (0.0, nothing))
    if not points or rate < points[0][0]:
        return None
    above = next((n for n, (at, _) in enumerate(points) if at >= rate), None)
    if above is None:
        return points[-1][1], points[-1][0]
    if above == 0:
        return points[0][1], points[0][0]
    (low, cheap), (high, dear) = points[above - 1], points[above]
    share = (rate - low) / (high - low)
    return (1 - share) * cheap + share * dear, rate


def values_at_rate(
    evaluation: Evaluation, system: str, measure: str, rate: float
) -> tuple[dict[str, float], float] | None:
    """A measure of every question that has it on the system's whole curve, at a mean compression
    rate, and the rate reached; see `read_off`. None where the curve does not go so low.

    The empty text's values are those of the system "none" where it was evaluated; without it they
    are known for answer recall and gold recall only.
    """
    if not 0 < rate <= 1:
        raise ValueError(f"a compression rate is above 0 and at most 1 (0.1 keeps 10 %): {rate!r}")
    points = [evaluation.of(system, setting) for setting in evaluation.curve(system)]
    rates = [_mean(row.rate for row in rows) for rows in points]
    columns = [
        {row.question: value for row in rows if (value := row.value(measure)) is not None}
        for rows in points
    ]
    nothing = _of_nothing(evaluation, measure, columns)
    if any(at is None for at in rates):
        return None
    everywhere = [
        question
        for question in columns[0]
        if all(question in column for column in columns)
        and (nothing is None or question in nothing)
    ]
    if not everywhere:
        return None
    found = read_off(
        [at for at in rates if at is not None],
        np.array([[column[question] for question in everywhere] for column in columns]),
        rate,
        None if nothing is None else np.array([nothing[question] for question in everywhere]),
    )
    if found is None:
        return None
    values, reached = found
    return dict(zip(everywhere, values.tolist(), strict=True)), reached


def at_rate(
    evaluation: Evaluation, system: str, measure: str, rate: float, seed: int = 0
) -> RateEstimate | None:
    """The mean of `values_at_rate` with its interval; None where there is none."""
    found = values_at_rate(evaluation, system, measure, rate)
    if found is None:
        return None
    values, reached = found
    estimate = mean_interval(values.values(), seed)
    return None if estimate is None else RateEstimate(*estimate, reached)


def _of_nothing(
    evaluation: Evaluation, measure: str, columns: Sequence[Mapping[str, float]]
) -> Mapping[str, float] | None:
    if "none" in evaluation.systems:
        found = {row.question: row.value(measure) for row in evaluation.of("none")}
        if known := {question: value for question, value in found.items() if value is not None}:
            return known
    if measure in OF_NOTHING:
        return {question: OF_NOTHING[measure] for column in columns for question in column}
    return None


# What tables are made of.


@dataclass(frozen=True, slots=True)
class PointSummary:
    """One setting of one system over all questions.

    n: rows; errors, reader_errors: how many of them failed in the system, in the reader.
    means: of the measures that some row has; `Estimate.n` says how many have it.
    p50, p95: seconds of compressing one question.
    empty_answerable, empty_unanswerable: the share of empty texts among the questions whose
        documents hold an answer, and among the others. perplexity: of the targets.
    """

    system: str
    setting: str
    n: int
    errors: int
    reader_errors: int
    means: Mapping[str, Estimate]
    p50: float | None
    p95: float | None
    empty_answerable: Estimate | None
    empty_unanswerable: Estimate | None
    perplexity: Estimate | None

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready; what is not measured is None."""
        data = asdict(self)
        data["means"] = {name: estimate._asdict() for name, estimate in self.means.items()}
        for name in ("empty_answerable", "empty_unanswerable", "perplexity"):
            found = getattr(self, name)
            data[name] = None if found is None else found._asdict()
        return data


def summarize(
    evaluation: Evaluation, *, measures: Sequence[str] = MEASURES, seed: int = 0
) -> list[PointSummary]:
    """A summary of every point, in order. All means see the same draws of questions."""
    points = list(evaluation.points())
    questions = {row.question: None for row in evaluation.rows}
    place = {question: position for position, question in enumerate(questions)}
    names = [*measures, "empty_answerable", "empty_unanswerable"]
    found = []
    for system, setting, rows, estimates in _estimated(points, place, names, seed):
        answerable, unanswerable = (estimates.pop(name, None) for name in names[-2:])
        seconds = [row.seconds for row in rows]
        found.append(
            PointSummary(
                system=system,
                setting=setting,
                n=len(rows),
                errors=sum(bool(row.error) for row in rows),
                reader_errors=sum(bool(row.reader_error) for row in rows),
                means=estimates,
                p50=percentile(seconds, 50),
                p95=percentile(seconds, 95),
                empty_answerable=answerable,
                empty_unanswerable=unanswerable,
                perplexity=perplexity_interval(rows, seed),
            )
        )
    return found


def _estimated(
    points: Sequence[tuple[str, str, tuple[Row, ...]]],
    place: Mapping[str, int],
    names: Sequence[str],
    seed: int,
) -> Iterator[tuple[str, str, tuple[Row, ...], dict[str, Estimate]]]:
    """Some points at a time: as many as one set of draws can serve without filling the memory."""
    at_once = max(1, _VALUES_AT_ONCE // (max(len(place), DRAWS) * len(names)))
    for first in range(0, len(points), at_once):
        some = points[first : first + at_once]
        values = np.full((len(place), len(some) * len(names)), np.nan)
        for number, (_, _, rows) in enumerate(some):
            for row in rows:
                for column, name in enumerate(names):
                    value = _value(row, name)
                    if value is not None:
                        values[place[row.question], number * len(names) + column] = value
        sizes = (~np.isnan(values)).sum(0)
        lows, highs = _bounds(resampled_means(values, seed), LEVEL)
        for number, (system, setting, rows) in enumerate(some):
            estimates = {}
            for column, name in enumerate(names, start=number * len(names)):
                if n := int(sizes[column]):
                    mean = float(np.nanmean(values[:, column]))
                    estimates[name] = Estimate(mean, float(lows[column]), float(highs[column]), n)
            yield system, setting, rows, estimates


def _value(row: Row, name: str) -> float | None:
    if name in ("empty_answerable", "empty_unanswerable"):
        wanted = name == "empty_answerable"
        known = row.empty is not None and row.answerable is wanted
        return float(bool(row.empty)) if known else None
    return row.value(name)


def _bounds(means: np.ndarray, level: float) -> tuple[np.ndarray, np.ndarray]:
    """The percentile interval of each column of (draws, n_columns)."""
    edges = [50 * (1 - level), 50 * (1 + level)]
    with_values = ~np.isnan(means).all(0)
    result = np.full((2, means.shape[1]), np.nan)
    if with_values.any():
        some = means[:, with_values]
        percentiles = np.nanpercentile if np.isnan(some).any() else np.percentile
        result[:, with_values] = percentiles(some, edges, axis=0)
    return result[0], result[1]


def _known(values: Iterable[float | None]) -> np.ndarray:
    return np.array([float(value) for value in values if value is not None], dtype=float)


def _mean(values: Iterable[float | None]) -> float | None:
    known = _known(values)
    return float(known.mean()) if len(known) else None
