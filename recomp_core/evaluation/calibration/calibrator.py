"""`calibrate`: finds the setting that keeps the least and still keeps the promise."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date as dates
from statistics import fmean
from typing import Any, cast

from ..._utils.hashing import content_hash
from ...data import BadRecord, Question
from ...data.reading import read_questions
from ...extractive.compressor import ExtractiveCompressor
from ...extractive.selection import Selector, TopP, select
from ...text.answers import contains_answer
from ...text.tokens import TokenCounter
from ...types import assemble
from ..statistics import Estimate, mean_interval
from .cases import Case, scored_cases, usable
from .guarantees import Guarantee, allowed_losses, check_promise, choose, kept_at_least
from .result import Calibration, scoring_settings
from .setting_families import Family, Rule


def calibrate(
    questions: str | os.PathLike[str] | Iterable[Mapping[str, Any] | Question | BadRecord],
    compressor: ExtractiveCompressor | str | os.PathLike[str] | None = None,
    *,
    keep: float = 0.95,
    confidence: float = 0.9,
    guarantee: Guarantee = "confidence",
    rule: Rule = "top_p",
    temperature: float | None = None,
    count_tokens: Callable[[str], int] | None = None,
    limit: int | None = None,
    batch_questions: int = 32,
) -> Calibration:
    """Find the setting of a rule that keeps the least and still keeps the promise.

    See `evaluation.calibration` for what is promised and why it holds.

    Args:
        questions: As `read_questions` takes them, with gold answers, and of the kind that will
            come. They must not be the questions that the compressor was trained on. A record that
            stands there twice counts once.
        compressor: An `ExtractiveCompressor`, or what `load_compressor` takes. Its selector is not
            used, and not changed.
        keep: The share of the answers that is promised.
        confidence: The confidence of the promise.
        guarantee: "confidence", or "average" for a promise over many calibrations.
        rule: Which limit is chosen.
        temperature: Of top_p; None for that of the compressor's own `TopP`, if it has one, else
            0.05.
        count_tokens: Counts tokens for rates and max_tokens; None counts characters. A
            `TokenCounter` can be stored.
        limit: Read only this many questions.
        batch_questions: How many questions are scored together.

    Returns:
        The calibration.

    Raises:
        TypeError: The compressor does not rank sentences.
        ValueError: There are too few questions, or the rule can't keep the promise.
    """
    check_promise(keep, confidence, guarantee)
    own = TopP.temperature if temperature is None else temperature
    family = Family(rule, own, count_tokens)
    source = read_questions(cast("Any", questions), limit=limit)  # passes bad ones on
    ranking = _ranking_compressor(compressor)
    if temperature is None and isinstance(ranking.selector, TopP):
        family = replace(family, temperature=ranking.selector.temperature)
    left_out: dict[str, int] = {}
    cases = list(scored_cases(usable(source, left_out), ranking, family, batch_questions))
    needs = [case.needed for case in cases if case.answerable]
    caution = choose(needs, keep, confidence, guarantee=guarantee)
    return _calibration(
        cases, family, family.value(caution), ranking,
        keep=keep, confidence=confidence, guarantee=guarantee, left_out=left_out,
    )  # fmt: skip


def _ranking_compressor(compressor: Any) -> ExtractiveCompressor:
    if compressor is None or isinstance(compressor, (str, os.PathLike)):
        from ...persistence.compressors import load_compressor

        compressor = load_compressor(compressor)
    if not isinstance(compressor, ExtractiveCompressor):
        raise TypeError(
            f"only an ExtractiveCompressor can be calibrated, got {type(compressor).__name__}: it "
            "takes scores of sentences to order the settings by"
        )
    return compressor


def _calibration(
    cases: Sequence[Case],
    family: Family,
    value: float,
    compressor: ExtractiveCompressor,
    *,
    keep: float,
    confidence: float,
    guarantee: Guarantee,
    left_out: Mapping[str, int],
) -> Calibration:
    counter = family.count_tokens
    count: Callable[[str], int] = len if counter is None else counter
    caution = family.caution(value)
    rate, empty = _rate_and_empty(cases, family.selector(value), compressor, count)
    answerable = [case for case in cases if case.answerable]
    allowed = allowed_losses(len(answerable), keep, confidence, guarantee=guarantee)
    return Calibration(
        rule=family.rule,
        value=value,
        temperature=family.temperature if family.rule == "top_p" else None,
        tokenizer=(
            counter.name_or_path
            if family.rule == "max_tokens" and isinstance(counter, TokenCounter)
            else None
        ),
        keep=keep,
        confidence=confidence if guarantee == "confidence" else None,
        guarantee=guarantee,
        n=len(cases),
        n_answerable=len(answerable),
        n_unanswerable=sum(case.answerable is False for case in cases),
        allowed=allowed,
        lost=sum(case.needed > caution for case in answerable),
        # By the number that was allowed, which was known before; ties that saved some do not count.
        bound=kept_at_least(len(answerable), allowed, confidence, guarantee=guarantee),
        rate=rate.mean,
        rate_interval=(rate.low, rate.high),
        unit=_unit(counter),
        before=repr(compressor.selector),
        rate_before=fmean(case.before.rate(count) for case in cases),
        lost_before=sum(
            not contains_answer(case.before.text, case.question.answers) for case in answerable
        ),
        empty_answerable=empty[True],
        empty_unanswerable=empty[False],
        left_out=dict(left_out),
        compressor=scoring_settings(compressor),
        date=dates.today().isoformat(),
        digest=content_hash(sorted(case.question.digest for case in cases))[:16],
    )


def _rate_and_empty(
    cases: Sequence[Case],
    selector: Selector,
    compressor: ExtractiveCompressor,
    count: Callable[[str], int],
) -> tuple[Estimate, dict[bool | None, int]]:
    """The mean rate of a setting, and of how many questions nothing is kept, by `answerable`."""
    rates = []
    empty: dict[bool | None, int] = {True: 0, False: 0, None: 0}
    for case in cases:
        documents, layout = case.question.documents, compressor.layout
        outline = compressor.brings_outline
        kept, _ = select(
            documents,
            case.sentences,
            selector,
            layout,
            compressor.expand,
            outline,
        )
        text = assemble(documents, kept, layout)
        whole = count(case.before.original_text)
        rates.append(count(text) / whole if whole else 0.0)
        empty[case.answerable] += not text
    rate = mean_interval(rates)
    assert rate is not None  # noqa: S101 - `choose` has seen questions
    return rate, empty


def _unit(counter: Callable[[str], int] | None) -> str:
    if counter is None:
        return "characters"
    # A folder is called by its name: its path means nothing on another machine.
    place = counter.name_or_path if isinstance(counter, TokenCounter) else "the given function"
    return f"tokens of {os.path.basename(place.rstrip('/')) if os.path.isdir(place) else place}"
