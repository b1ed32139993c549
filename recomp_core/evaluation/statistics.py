"""Means with intervals, paired differences, and values that are read off a curve.

Every interval is the percentile interval of 2,000 bootstrap draws of the questions, seeded, so that
the same rows give the same interval. The resampling is our own: all columns of a table and both
sides of a comparison share their draws, and the memory is bounded; `scipy.stats.bootstrap` does
neither.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np

from .measures import find_measure, mean_measures
from .results import Evaluation, Row

DRAWS = 2_000
LEVEL = 0.95
RATES = (0.05, 0.10, 0.20)
"""The compression rates of the tables."""

# These bound the memory of a bootstrap: about 50 MB for the draws, 200 MB for the values.
_CELLS_AT_ONCE = 2_000_000
_VALUES_AT_ONCE = 10_000_000


class Estimate(NamedTuple):
    """A mean with its interval.

    Attributes:
        mean: The mean.
        low: The lower end of the interval.
        high: The upper end of the interval.
        n: How many questions have the value.
    """

    mean: float
    low: float
    high: float
    n: int


class RateEstimate(NamedTuple):
    """A measure at a compression rate.

    Attributes:
        mean: The mean.
        low: The lower end of the interval.
        high: The upper end of the interval.
        n: How many questions have the value.
        rate: The rate that is reached. It is less than the one asked for where the setting that
            keeps the most keeps less than that.
    """

    mean: float
    low: float
    high: float
    n: int
    rate: float


def mean_interval(
    values: Iterable[float | None], seed: int = 0, *, draws: int = DRAWS, level: float = LEVEL
) -> Estimate | None:
    """Compute the mean of the values that are not None.

    Args:
        values: Numbers, and None where a question has no value.
        seed: Of the draws.
        draws: How many bootstrap draws.
        level: The interval's level, in 0…1.

    Returns:
        The mean with its interval; None if there is no value.
    """
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
    """Compute the mean of b − a over the positions that have both.

    The positions are paired: both sides saw the same question.

    Args:
        a: The values of one side, None where a question has none.
        b: The values of the other side, in the same order.
        seed: Of the draws.
        draws: How many bootstrap draws.
        level: The interval's level, in 0…1.

    Returns:
        The mean with its interval; None if no position has both.

    Raises:
        ValueError: The sides are not equally long.
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
    """Compute the sum of the numerators ÷ the sum of the denominators.

    Args:
        numerators: One number for each question.
        denominators: One number for each question; they are drawn together.
        seed: Of the draws.
        draws: How many bootstrap draws.
        level: The interval's level, in 0…1.

    Returns:
        The ratio with its interval; None if the denominators' sum is 0.
    """
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
    """Compute the perplexity of the targets: exp(sum of nats ÷ sum of target tokens).

    Args:
        rows: The rows of one point.
        seed: Of the draws.

    Returns:
        The perplexity over the rows that have both numbers; None if none has.
    """
    both = [(row.nll, row.target_tokens) for row in rows if row.nll is not None]
    sums = [(nll, tokens) for nll, tokens in both if tokens]
    found = ratio_interval([nll for nll, _ in sums], [tokens for _, tokens in sums], seed)
    if found is None:
        return None
    mean, low, high, n = found
    return Estimate(math.exp(mean), math.exp(low), math.exp(high), n)


def aggregate(rows: Iterable[Row], measure: str, seed: int = 0) -> Estimate | None:
    """Aggregate a measure over the rows of one point, in the way that the measure declares.

    Args:
        rows: The rows of one point.
        measure: A measure's name.
        seed: Of the interval.

    Returns:
        The mean, or the perplexity, with its interval; None if no row has the measure.

    Raises:
        ValueError: The measure is not known.
    """
    if find_measure(measure).aggregate == "perplexity":
        return perplexity_interval(rows, seed)
    return mean_interval((row.value(measure) for row in rows), seed)


def percentile(values: Iterable[float | None], q: float) -> float | None:
    """Compute a percentile of the values that are not None, between the two nearest.

    Args:
        values: Numbers, and None where a question has no value.
        q: The percentile, in 0…100.

    Returns:
        The percentile; None if there is no value.
    """
    known = _known(values)
    return float(np.percentile(known, q)) if len(known) else None


def resampled_means(values: np.ndarray, seed: int = 0, *, draws: int = DRAWS) -> np.ndarray:
    """Compute the means of bootstrap draws of questions.

    All columns share the draws. The memory is bounded for any number of questions.

    Args:
        values: Float array (n_questions, n_columns); NaN is a missing value.
        seed: Of the draws.
        draws: How many draws.

    Returns:
        Float array (draws, n_columns): the mean of what a draw has, NaN where it has nothing.
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


# A curve: the settings of a system, from the one that keeps the least to the one that keeps most.


def read_off(
    rates: Sequence[float],
    values: np.ndarray,
    rate: float,
    nothing: np.ndarray | None = None,
) -> tuple[np.ndarray, float] | None:
    """Read each question's value at a rate off a curve, linearly between the two points around.

    This is the same as using the lower setting for a share of the questions and the higher one for
    the others, with the share that gives the mean rate asked for. No measure decides the share.

    Args:
        rates: The mean compression rate of each point.
        values: Float array (n_points, n_questions).
        rate: The rate to read at.
        nothing: Float array (n_questions) of the empty text, which is the point at the rate 0.

    Returns:
        Float array (n_questions), and the rate reached. Beyond the last point they are those of
        the last point. None below the first point if `nothing` is not known: curves are not
        extended.
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
    (low, lower), (high, higher) = points[above - 1], points[above]
    share = (rate - low) / (high - low)
    return (1 - share) * lower + share * higher, rate


def values_at_rate(
    evaluation: Evaluation, system: str, measure: str, rate: float
) -> tuple[dict[str, float], float] | None:
    """Read a measure of every question at a mean compression rate, see `read_off`.

    The empty text's values are those of the system "none" where it was evaluated; without it they
    are known only for measures that declare them (`Measure.of_nothing`).

    Args:
        evaluation: The evaluation.
        system: A system's name.
        measure: A measure's name.
        rate: The mean compression rate, above 0 and at most 1.

    Returns:
        The value by question, of those that have the measure on the system's whole curve, and the
        rate reached. None where the curve does not go so low.

    Raises:
        ValueError: The rate is out of range, or the system or the measure is not known.
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
    """Compute the mean of a measure at a mean compression rate, see `values_at_rate`.

    Args:
        evaluation: The evaluation.
        system: A system's name.
        measure: A measure's name.
        rate: The mean compression rate, above 0 and at most 1.
        seed: Of the interval.

    Returns:
        The mean with its interval; None where the curve does not go so low.

    Raises:
        ValueError: The rate is out of range, or the system or the measure is not known.
    """
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
    value = find_measure(measure).of_nothing
    if value is None:
        return None
    return {question: value for column in columns for question in column}


# What tables are made of.


@dataclass(frozen=True, slots=True)
class PointSummary:
    """One setting of one system over all questions.

    Attributes:
        system: The system's name.
        setting: The system's setting.
        n: How many rows there are.
        errors: How many of them failed in the system.
        reader_errors: How many of them failed in the reader.
        means: The measures that some row has; `Estimate.n` says how many rows have it.
        p50: Median of the seconds of compressing one question.
        p95: Their 95th percentile.
        empty_answerable: The share of empty texts among the questions whose documents hold an
            answer.
        empty_unanswerable: The same among the other questions.
        perplexity: The perplexity of the targets.
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
        """Return it as JSON values; what is not measured is None."""
        data = asdict(self)
        data["means"] = {name: estimate._asdict() for name, estimate in self.means.items()}
        for name in ("empty_answerable", "empty_unanswerable", "perplexity"):
            found = getattr(self, name)
            data[name] = None if found is None else found._asdict()
        return data


def summarize(
    evaluation: Evaluation, *, measures: Sequence[str] | None = None, seed: int = 0
) -> list[PointSummary]:
    """Summarize every point of an evaluation. All means share the draws of questions.

    Args:
        evaluation: The evaluation.
        measures: The names of the measures to take means of; None for all.
        seed: Of the intervals.

    Returns:
        A summary for each setting of each system, in order.

    Raises:
        ValueError: A measure is not known.
    """
    points = list(evaluation.points())
    questions = {row.question: None for row in evaluation.rows}
    place = {question: position for position, question in enumerate(questions)}
    wanted = mean_measures() if measures is None else measures
    names = [*wanted, "empty_answerable", "empty_unanswerable"]
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
