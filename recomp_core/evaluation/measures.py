"""The measures of an evaluation, each declared once: its words, its unit, how it is computed.

Rows, tables, charts, comparisons and gates take their measures from here. To add one, declare it in
a module of its own and register it with one line: here in `REGISTRY`, or, in another package, as an
entry point:

    # my_package/brevity.py
    from recomp_core.evaluation import Measure

    BREVITY = Measure(
        "brevity", "brevity", more="is briefer", less="is longer",
        compute=lambda judged: 1 / (1 + len(judged.text.split())),
    )

    # pyproject.toml
    [project.entry-points."recomp.measures"]
    brevity = "my_package.brevity:BREVITY"

It is then computed for every row, and its values are in `Row.extra`. Answers are compared as
`text.answers` compares them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Literal

from .._utils.registry import Registry
from ..data import Question
from ..protocols import Candidate
from ..text.answers import contains_answer, exact_match, normalize_answer, token_f1
from ..text.joining import is_blank
from ..types import Document
from .spans import Span, gold_scores

SHARE = "%"
"""The unit of a measure that lies in 0…1 and is shown in percent."""


@dataclass(frozen=True)
class Judged:
    """A compressed text beside its question, as a measure sees it.

    Attributes:
        question: The question with its documents; gold sentences are in their metadata.
        text: The compressed text; "" if nothing was kept.
        kept: Where the text stands in the documents; None if it is no excerpt of them.
        gold: Where the gold sentences stand.
        tokens_before: Tokens of all documents, by the evaluation's counter.
        tokens_after: Tokens of the text.
        prediction: The reader's answer to the text; None before it was asked.
        without_compression: The reader's answer to all documents; None if it is not known.
    """

    question: Question
    text: str
    kept: tuple[Span, ...] | None = None
    gold: tuple[Span, ...] = ()
    tokens_before: int = 0
    tokens_after: int = 0
    prediction: str | None = None
    without_compression: str | None = None

    @cached_property
    def answers(self) -> tuple[str, ...]:
        """The gold answers that can be looked for, see `usable_answers`."""
        return usable_answers(self.question.answers)


@dataclass(frozen=True, slots=True)
class Measure:
    """What is known of a measure.

    Attributes:
        name: How gates, comparisons and files call it: letters, digits and underscores.
        label: Its name in tables.
        more: What the better or higher value does, for a verdict: "keeps more answers".
        less: What the lower value does.
        higher_is_better: False where less is better, None where neither is.
        unit: `SHARE` for values in 0…1 that are shown in percent; else the unit's name, or "".
        compute: From a judged text to a number, a bool, or None where it is not defined. None for
            what the run itself measures.
        needs_reader: Whether `compute` needs the reader's answer.
        aggregate: "mean" over the rows that have it; "perplexity": exp of the sum of nats over the
            sum of tokens.
        title: Its name where there is room; the label by default.
        description: A sentence on what it is, for the caption of its chart.
        in_tables: Whether tables of points have a column for it.
        in_curve_tables: Whether there is a table of its values at compression rates.
        chart: "always" draws it over the rate; "fallback" only where no other chart is drawn.
        of_nothing: Its value for the empty text, where that is known without asking anybody.
    """

    name: str
    label: str
    more: str
    less: str
    higher_is_better: bool | None = True
    unit: str = SHARE
    compute: Callable[[Judged], float | None] | None = None
    needs_reader: bool = False
    aggregate: Literal["mean", "perplexity"] = "mean"
    title: str = ""
    description: str = ""
    in_tables: bool = True
    in_curve_tables: bool = False
    chart: Literal["always", "fallback"] | None = None
    of_nothing: float | None = None

    def __post_init__(self) -> None:
        if not self.name.isidentifier():
            raise ValueError(
                f"a measure's name is letters, digits and underscores, got {self.name!r}"
            )
        if not self.title:
            object.__setattr__(self, "title", self.label)

    @property
    def is_share(self) -> bool:
        """Whether its values are shown in percent."""
        return self.unit == SHARE

    def format(self, value: float) -> str:
        """Write a value, a share in percent.

        Args:
            value: A value, or a mean of values.

        Returns:
            One decimal of a percentage, or four digits without the unit.
        """
        return f"{100 * value:.1f} %" if self.is_share else f"{value:.4g}"

    def format_difference(self, value: float) -> str:
        """Write a difference of two values with its sign and unit.

        Args:
            value: The difference.

        Returns:
            Points for shares, else four digits and the unit.
        """
        if self.is_share:
            return f"{100 * value:+.1f} points"
        return f"{value:+.4g} {self.unit}".rstrip()

    def format_range(self, low: float, high: float) -> str:
        """Write an interval without its unit.

        Args:
            low: Its lower end.
            high: Its upper end.

        Returns:
            Both ends, for shares in points.
        """
        if self.is_share:
            return f"{100 * low:.1f} to {100 * high:.1f}"
        return f"{low:.4g} to {high:.4g}"


def usable_answers(answers: Iterable[str]) -> tuple[str, ...]:
    """Keep the answers of which something is left once they are normalised.

    Args:
        answers: Gold answers; "the" and "?" are not usable.

    Returns:
        The usable ones, in order.
    """
    return tuple(answer for answer in answers if normalize_answer(answer))


def support(query: str, documents: Sequence[Document], text: str) -> float | None:
    """Compute the share of a text's sentences that the documents support.

    `SupportGate` judges with its own defaults, whichever gate a system has: some document sentence
    has enough of a sentence's words, and its numbers, dates and names stand in the documents.

    Args:
        query: The question.
        documents: The documents that the text should follow from.
        text: The text to judge.

    Returns:
        A share in 0…1; None for an empty text.
    """
    from ..abstractive.gates import SupportGate

    if is_blank(text):
        return None
    candidate = Candidate(query, tuple(documents), text)
    (verdict,) = SupportGate(policy="flag").check([candidate])
    if not verdict.support:
        return None
    return sum(sentence.supported for sentence in verdict.support) / len(verdict.support)


def _answer_recall(judged: Judged) -> bool | None:
    return contains_answer(judged.text, judged.answers) if judged.answers else None


def _exact_match(judged: Judged) -> bool | None:
    assert judged.prediction is not None  # noqa: S101 - it needs the reader
    return exact_match(judged.prediction, judged.answers) if judged.answers else None


def _f1(judged: Judged) -> float | None:
    assert judged.prediction is not None  # noqa: S101 - it needs the reader
    return token_f1(judged.prediction, judged.answers) if judged.answers else None


def _agreement(judged: Judged) -> float | None:
    assert judged.prediction is not None  # noqa: S101 - it needs the reader
    if judged.without_compression is None:
        return None
    return token_f1(judged.prediction, [judged.without_compression])  # two empty ones agree


def _gold_precision(judged: Judged) -> float | None:
    return None if judged.kept is None else gold_scores(judged.kept, judged.gold)[0]


def _gold_recall(judged: Judged) -> float | None:
    return None if judged.kept is None else gold_scores(judged.kept, judged.gold)[1]


def _support(judged: Judged) -> float | None:
    if judged.kept is not None:  # an excerpt supports itself
        return None if is_blank(judged.text) else 1.0
    return support(judged.question.query, judged.question.documents, judged.text)


_BUILT_IN = (
    Measure(
        "rate", "rate", "keeps more text", "keeps less text",
        higher_is_better=False, title="compression rate",
    ),
    Measure(
        "answer_recall", "answer recall", "keeps more answers", "keeps fewer answers",
        compute=_answer_recall, in_curve_tables=True, chart="always", of_nothing=0.0,
        description="The share of questions whose compressed text still holds a gold answer.",
    ),
    Measure(
        "exact_match", "exact match", "has more exact matches", "has fewer exact matches",
        compute=_exact_match, needs_reader=True, in_curve_tables=True, chart="fallback",
        description="The share of questions that the reader answers exactly.",
    ),
    Measure(
        "f1", "F1", "has the higher F1", "has the lower F1",
        compute=_f1, needs_reader=True, title="F1 of the reader", in_curve_tables=True,
        chart="always",
        description="The words that the reader's answer to the compressed text shares with a gold "
        "answer.",
    ),
    Measure(
        "agreement", "agreement", "changes fewer of the reader's answers", "changes more of them",
        compute=_agreement, needs_reader=True, title="agreement of the reader",
        in_curve_tables=True, chart="always",
        description="F1 of the reader's answer to the compressed text against its own answer to "
        "all documents.",
    ),
    Measure(
        "gold_precision", "gold precision", "keeps less that is not gold",
        "keeps more that is not gold", compute=_gold_precision,
    ),
    Measure(
        "gold_recall", "gold recall", "keeps more of the gold sentences",
        "keeps less of the gold sentences", compute=_gold_recall, in_curve_tables=True,
        chart="fallback", of_nothing=0.0,
        description="Of the characters of the gold sentences, the share that was kept.",
    ),
    Measure(
        "support", "support", "is better supported", "is worse supported",
        compute=_support, chart="fallback",
        description="Of the sentences of the compressed text, the share that the documents "
        "support.",
    ),
    Measure(
        "empty", "empty", "is empty more often", "is empty less often",
        higher_is_better=None, compute=lambda judged: is_blank(judged.text), title="nothing kept",
    ),
    Measure("seconds", "seconds", "is slower", "is faster",
            higher_is_better=False, unit="s", in_tables=False),
    Measure("tokens_after", "tokens after", "is longer", "is shorter",
            higher_is_better=False, unit="tokens", in_tables=False),
    Measure("tokens_before", "tokens before", "reads more", "reads less",
            higher_is_better=None, unit="tokens", in_tables=False),
    Measure("perplexity", "perplexity", "finds the targets less likely",
            "finds the targets more likely", higher_is_better=False, unit="", in_tables=False,
            aggregate="perplexity"),
)  # fmt: skip
_BY_NAME = {measure.name: measure for measure in _BUILT_IN}

MEASURES = tuple(measure.name for measure in _BUILT_IN if measure.aggregate == "mean")
"""The measures that are fields of a `Row`, in the order of the tables."""

REGISTRY = Registry(
    "measure",
    "recomp.measures",
    {
        # A further measure of this package: "name": "recomp_core.evaluation.module:MEASURE".
    },
)
"""The measures beyond `_BUILT_IN`: those of this package, and those that other packages add."""


def all_measures() -> tuple[Measure, ...]:
    """List every measure: ours first, then those that were added.

    Returns:
        The measures in the order of the tables.

    Raises:
        ImportError: A registered measure can't be imported.
        TypeError: What is registered is no `Measure`.
        ValueError: A measure is registered under another name than its own.
    """
    return (*_BUILT_IN, *added_measures())


def added_measures() -> tuple[Measure, ...]:
    """List the measures that are no fields of a `Row`: their values are in `Row.extra`.

    Returns:
        The measures by name, those of other packages last.

    Raises:
        ImportError: A registered measure can't be imported.
        TypeError: What is registered is no `Measure`.
        ValueError: A measure is registered under another name than its own.
    """
    return _added(tuple(sys.path))


def mean_measures() -> tuple[str, ...]:
    """List the names of all measures whose mean is taken.

    Returns:
        `MEASURES`, and those that were added.
    """
    return tuple(measure.name for measure in all_measures() if measure.aggregate == "mean")


def find_measure(name: str) -> Measure:
    """Find a measure by its name.

    Args:
        name: The name of one of `all_measures`.

    Returns:
        The measure.

    Raises:
        ValueError: No measure has that name.
    """
    if name in _BY_NAME:
        return _BY_NAME[name]
    for measure in added_measures():
        if measure.name == name:
            return measure
    raise ValueError(f"no measure {name!r}: choose among {', '.join(mean_measures())}")


@cache  # packages are searched once: rows ask for measures in great numbers
def _added(path: tuple[str, ...]) -> tuple[Measure, ...]:
    del path  # where packages are found decides what is registered
    found = []
    for name in REGISTRY.names():
        if name in _BY_NAME:
            continue  # ours keep their names
        measure = REGISTRY.load(name)
        if not isinstance(measure, Measure):
            raise TypeError(
                f"the measure {name!r} must be registered as a recomp_core.evaluation.Measure, got "
                f"{type(measure).__name__}"
            )
        if measure.name != name:
            raise ValueError(
                f"the measure {measure.name!r} is registered as {name!r}: give both one name"
            )
        found.append(measure)
    return tuple(found)
