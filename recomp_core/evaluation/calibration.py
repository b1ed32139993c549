"""Calibration: the setting that keeps the promised share of the answers, found on your questions.

    calibration = calibrate("questions.jsonl", keep=0.95, confidence=0.9)
    save_compressor(compressor, "my-compressor", calibration=calibration)

A rule (`top_p`, `min_score`, `top_k`, `max_tokens`) is a family of settings from the thriftiest to
the most cautious. A question whose documents hold an answer needs some caution: that of the
thriftiest setting from which on, whatever more caution is added, some document's kept sentences
still hold an answer. So a setting loses exactly the answers of the questions that need more, and
with more caution it never loses more, whatever happens at joints between sentences.

The promise, `guarantee="confidence"`: with probability `confidence` over the draw of the questions,
the chosen setting keeps at least the share `keep` of the answers of all questions of the same kind.
Each setting is tested by the exact binomial tail: if it lost more than 1 - keep of all answers, n
questions would show l lost ones or fewer with a probability of at most P(Bin(n, 1 - keep) ≤ l).
Testing goes from the most cautious setting on and ends with the first that fails at 1 - confidence
(fixed-sequence testing, Angelopoulos et al. 2021, "Learn then Test", section 2; since losses only
grow on the way, no correction for many tests is needed, and it is the upper confidence bound of
Bates et al. 2021, "Distribution-free, risk-controlling prediction sets", with the bound of Clopper
and Pearson). All settings with up to l losses pass, where l is the most for which that tail is at
most 1 - confidence. So the setting chosen is an order statistic: of the n needs, ascending, the one
at rank n - l.

`guarantee="average"`: over all draws of the questions together, the chosen setting keeps on average
at least `keep` of the answers (Angelopoulos et al. 2022, "Conformal risk control"; for a loss of 0
or 1 this is split-conformal prediction). The rank is ⌈(n + 1) · keep⌉. It takes fewer questions and
cuts more, but a single calibration falls short of `keep` about half of the time.

Both hold for questions drawn independently from those that will come; the needs are computed
without a grid, so nothing is lost between settings. No model is loaded before it is needed.
"""

from __future__ import annotations

import logging
import math
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date as dates
from html import escape
from itertools import islice
from statistics import fmean
from typing import TYPE_CHECKING, Any, cast

from ..layout import is_blank
from ..metrics import contains_answer
from ..questions import BadRecord, Question
from ..selection import Selector, TopP, select
from ..tokens import TokenCounter
from ..types import Compression, ScoredSentence, assemble
from .caution import Family, Rule
from .promises import Guarantee, allowed_losses, check_promise, choose, kept_at_least

if TYPE_CHECKING:
    from ..extractive import ExtractiveCompressor

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Case:
    """A question of the calibration with its scored sentences.

    answerable: whether a document holds an answer; None where the question has no answers. needed:
    the caution that it needs, if it is answerable. before: what the compressor made of it.
    """

    question: Question
    sentences: tuple[ScoredSentence, ...]
    before: Compression
    answerable: bool | None
    needed: float = math.inf


def _cases(
    questions: Iterable[Question],
    compressor: ExtractiveCompressor,
    family: Family,
    batch_questions: int,
) -> Iterator[Case]:
    """Scored in batches, as they come."""
    from tqdm import tqdm

    bar = tqdm(unit=" questions", disable=None, file=sys.stderr)
    with bar:
        remaining = iter(questions)
        while batch := list(islice(remaining, batch_questions)):
            compressions = compressor.compress_batch(
                [question.query for question in batch], [question.documents for question in batch]
            )
            for question, compression in zip(batch, compressions, strict=True):
                yield _case(question, compression, family, compressor)
                bar.update()


def _case(
    question: Question, compression: Compression, family: Family, compressor: ExtractiveCompressor
) -> Case:
    sentences = tuple(
        sorted((*compression.kept, *compression.dropped), key=lambda s: (s.doc_index, s.start))
    )
    if not question.answers:
        return Case(question, sentences, compression, None)
    answerable = any(contains_answer(d.text, question.answers) for d in question.documents)
    case = Case(question, sentences, compression, answerable)
    if not answerable:
        return case
    needed = family.needed(
        question.documents, sentences, question.answers, compressor.layout, compressor.expand
    )
    return replace(case, needed=needed)


@dataclass(frozen=True)
class Calibration:
    """A setting, what it promises, and what it costs.

    rule, value: the setting; `selector()` makes it. temperature: of top_p. tokenizer: of
        max_tokens, by name.
    keep, confidence, guarantee: the promise; a confidence of None where it is on average.
    n: questions with documents. n_answerable: those whose documents hold an answer; the promise is
        about these. n_unanswerable: those with answers that no document holds.
    allowed, lost: how many answers of `n_answerable` might be lost, and how many the setting loses.
    bound: what is kept at least, by the promise; somewhat above `keep`.
    rate, rate_interval: mean compression rate of the setting over the n questions, and the 95 %
        bootstrap interval of that mean. unit: what was counted, "characters" or "tokens of" a
        named tokenizer.
    before: the compressor's own selector, for comparison; rate_before, lost_before: its figures.
    empty_answerable, empty_unanswerable: of how many questions nothing is kept.
    left_out: records that were not used, by reason. compressor: the settings that decide scores.
    date: ISO 8601. digest: a hash of the questions, whatever their order.
    """

    rule: Rule
    value: float
    keep: float
    confidence: float | None
    guarantee: Guarantee
    n: int
    n_answerable: int
    n_unanswerable: int
    allowed: int
    lost: int
    bound: float
    rate: float
    rate_interval: tuple[float, float]
    unit: str
    before: str
    rate_before: float
    lost_before: int
    empty_answerable: int
    empty_unanswerable: int
    date: str
    digest: str
    temperature: float | None = None
    tokenizer: str | None = None
    left_out: Mapping[str, int] = field(default_factory=dict)
    compressor: Mapping[str, Any] = field(default_factory=dict)

    def selector(self) -> Selector:
        """The setting as a selector. Raises `ValueError` if its tokens were counted by a function
        that has no name.
        """
        counter = None if self.tokenizer is None else TokenCounter(self.tokenizer)
        if self.rule == "max_tokens" and counter is None:
            raise ValueError(
                f"max_tokens={self.value} was counted by a function without a name: make "
                "TokenBudget(…, count_tokens) yourself, or calibrate with a TokenCounter"
            )
        temperature = TopP.temperature if self.temperature is None else self.temperature
        return Family(self.rule, temperature, counter).selector(self.value)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready; `Calibration.from_dict` gives an equal one back."""
        data = {f.name: getattr(self, f.name) for f in fields(self)}
        return {
            **data,
            "rate_interval": list(self.rate_interval),
            "left_out": dict(self.left_out),
            "compressor": dict(self.compressor),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Calibration:
        """The inverse of `to_dict`. Raises `ValueError` for fields of another version."""
        try:
            low, high = data["rate_interval"]
            return cls(**{**data, "rate_interval": (low, high)})
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(
                f"this is no calibration of this version of recomp ({error}): calibrate again"
            ) from error

    @property
    def promise(self) -> str:
        """What is promised, in words."""
        how = "on average" if self.confidence is None else f"with confidence {self.confidence:g}"
        return (
            f"{self.rule}={self.value:g} keeps at least {_percent(self.keep)} of the answers that "
            f"the documents hold, {how}"
        )

    def facts(self) -> dict[str, str]:
        """The rest, in words, by heading."""
        low, high = self.rate_interval
        kept = 1 - self.lost_before / self.n_answerable
        none = "none" if not self.n_unanswerable else f"{self.empty_unanswerable}"
        facts = {
            "Questions": f"{self.n_answerable} of {self.n} have an answer in their documents",
            "Lost": f"{self.lost} answers on these questions; {self.allowed} were allowed",
            "Bound": f"{_percent(self.bound)} of all such answers "
            + ("are kept on average" if self.confidence is None else "at least are kept"),
            "Rate": f"{_percent(self.rate)} of the {self.unit} "
            f"({_percent(low)} to {_percent(high)})",
            "Before": f"{self.before}: {_percent(self.rate_before)} of the {self.unit}, "
            f"{_percent(kept)} of the answers here",
            "Empty": f"{self.empty_answerable} of {self.n_answerable} with an answer, "
            f"{none} of {self.n_unanswerable} without one in their documents",
        }
        if self.left_out:
            facts["Left out"] = ", ".join(f"{n} {why}" for why, n in self.left_out.items())
        return facts

    def __str__(self) -> str:
        facts = self.facts()
        width = max(map(len, facts))
        return "\n".join([self.promise, *(f"  {k:<{width}}  {v}" for k, v in facts.items())])

    def _repr_html_(self) -> str:
        rows = "".join(
            f'<tr><th scope="row" style="text-align: left">{escape(heading)}</th>'
            f'<td style="text-align: left">{escape(fact)}</td></tr>'
            for heading, fact in self.facts().items()
        )
        return (
            f'<table class="recomp-calibration"><caption style="text-align: left">'
            f"<strong>{escape(self.promise)}</strong></caption><tbody>{rows}</tbody></table>"
        )


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
    """The thriftiest setting of `rule` that keeps the promise, see the module.

    questions: as `read_questions` takes them, with gold answers, and of the kind that will come.
        They must be other questions than those that the compressor was trained on. A record that
        stands there twice counts once.
    compressor: an `ExtractiveCompressor`, or what `load_compressor` takes. Its selector is set
        aside, and never changed.
    keep: the share of the answers. confidence, guarantee: see the module.
    temperature: of top_p; that of the compressor's own `TopP`, if it has one, else 0.05.
    count_tokens: what rates are counted with, and max_tokens; characters without it. A
        `TokenCounter` can be stored.
    limit: read only the first questions. batch_questions: how many are scored together.

    Raises `TypeError` for a compressor that does not rank sentences, `ValueError` for too few
    questions or a rule that can't keep the promise.
    """
    from ..questions.reading import read_questions

    check_promise(keep, confidence, guarantee)
    own = TopP.temperature if temperature is None else temperature
    family = Family(rule, own, count_tokens)
    source = read_questions(cast("Any", questions), limit=limit)  # passes bad ones on
    ranking = _ranking_compressor(compressor)
    if temperature is None and isinstance(ranking.selector, TopP):
        family = replace(family, temperature=ranking.selector.temperature)
    left_out: dict[str, int] = {}
    usable = _usable(source, left_out)
    cases = list(_cases(usable, ranking, family, batch_questions))
    needs = [case.needed for case in cases if case.answerable]
    caution = choose(needs, keep, confidence, guarantee=guarantee)
    return _told(
        cases, family, family.value(caution), ranking,
        keep=keep, confidence=confidence, guarantee=guarantee, left_out=left_out,
    )  # fmt: skip


def load_calibration(name_or_path: str | os.PathLike[str] | None = None) -> Calibration | None:
    """The calibration of a saved compressor; None if it has none.

    Raises `ModelLoadError` if the folder is damaged, or its selector is no longer the one that the
    calibration chose.
    """
    from ..errors import ModelLoadError
    from ..persistence import selector_to_dict
    from ..sources import find_source

    source = find_source(name_or_path)
    data = source.settings.get("calibration")
    if data is None:
        return None
    try:
        calibration = Calibration.from_dict(data)
    except ValueError as error:
        raise ModelLoadError(f"{source.place}: {error}") from error
    chosen = selector_to_dict(calibration.selector())
    if source.settings.get("selector") != chosen:
        raise ModelLoadError(
            f"the selector of {source.place} was changed after it was calibrated: it is "
            f"{source.settings.get('selector')}, the calibration chose {chosen}; calibrate again"
        )
    return calibration


def scoring_settings(compressor: ExtractiveCompressor) -> dict[str, Any]:
    """What decides the scores of a compressor and what stands between its sentences, but for the
    weights: the keys of `recomp_config.json`. The calibration holds for these.
    """
    scorer, layout = compressor.scorer, compressor.layout
    settings = {
        "expand": list(compressor.expand),
        "separator": layout.separator,
        "elision": layout.elision,
        "document_separator": layout.document_separator,
    }
    for part, names in (
        (scorer, ("context", "similarity_fn_name")),
        (compressor.splitter, ("lang",)),
        (getattr(getattr(scorer, "encoder", None), "model", None), ("truncate_dim",)),
    ):
        settings.update({name: getattr(part, name) for name in names if hasattr(part, name)})
    return settings


def _ranking_compressor(compressor: Any) -> ExtractiveCompressor:
    from ..extractive import ExtractiveCompressor

    if compressor is None or isinstance(compressor, (str, os.PathLike)):
        from ..persistence import load_compressor

        compressor = load_compressor(compressor)
    if not isinstance(compressor, ExtractiveCompressor):
        raise TypeError(
            f"only an ExtractiveCompressor can be calibrated, got {type(compressor).__name__}: it "
            "takes scores of sentences to order the settings by"
        )
    return compressor


def _usable(
    questions: Iterable[Question | BadRecord], left_out: dict[str, int]
) -> Iterator[Question]:
    """Those with documents, each once; what is left out is counted by reason."""
    seen = set()
    for question in questions:
        if isinstance(question, BadRecord):
            why = "broken records"
            logger.warning("record %s is left out: %s", question.id, question.error)
        elif all(is_blank(document.text) for document in question.documents):
            why = "questions without documents"
        elif question.digest in seen:
            why = "repetitions"
        else:
            seen.add(question.digest)
            yield question
            continue
        left_out[why] = left_out.get(why, 0) + 1


def _told(
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
    from ..questions.question import content_hash
    from .statistics import mean_interval

    counter = family.count_tokens
    count: Callable[[str], int] = counter or len
    selector, caution = family.selector(value), family.caution(value)
    rates, empty = [], {True: 0, False: 0, None: 0}
    for case in cases:
        documents, layout = case.question.documents, compressor.layout
        kept, _ = select(documents, case.sentences, selector, layout, compressor.expand)
        text = assemble(documents, kept, layout)
        whole = count(case.before.original_text)
        rates.append(count(text) / whole if whole else 0.0)
        empty[case.answerable] += not text
    rate = mean_interval(rates)
    assert rate is not None  # noqa: S101 - `choose` has seen questions
    answerable = [case for case in cases if case.answerable]
    allowed = allowed_losses(len(answerable), keep, confidence, guarantee=guarantee)
    unit = "characters"
    if counter is not None:
        # Of a folder its name: where it lies is this machine's business.
        place = counter.name_or_path if isinstance(counter, TokenCounter) else "the given function"
        unit = f"tokens of {os.path.basename(place.rstrip('/')) if os.path.isdir(place) else place}"
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
        # By what might be lost, which was known beforehand; what ties spared does not raise it.
        bound=kept_at_least(len(answerable), allowed, confidence, guarantee=guarantee),
        rate=rate.mean,
        rate_interval=(rate.low, rate.high),
        unit=unit,
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


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
