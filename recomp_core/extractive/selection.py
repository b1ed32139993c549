"""Which of the scored sentences stay: small policies that need no model. Pure.

One greedy walk serves them all: sentences are offered from the best score down (of equal scores,
the earlier first), and the policy admits each one or not, seeing what would come out.

    TopK(2)                                   the two best
    TopP(0.6)                                 as many as make up 0.6 of the probability
    Threshold(0.3)                            all that score at least 0.3: may be none
    TokenBudget(200, count_tokens)            as many of the best as fit
    TopK(5) & Threshold(0.3)                  both

A policy of your own is any object with `admits(draft) -> bool`. If it admits nothing more once it
has refused a sentence, say so with `is_prefix = True`, and it is not asked about the rest.
"""

from __future__ import annotations

import itertools
import math
import numbers
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from ..text.joining import Layout
from ..types import Document, ScoredSentence, assemble


class Ranking:
    """All scores of a call, from the best down."""

    def __init__(self, scores: Sequence[float]) -> None:
        self.scores = scores
        self._sums: dict[float, list[float]] = {}

    def mass_above(self, rank: int, temperature: float) -> float:
        """How much of softmax(scores / temperature) lies on what ranks before `rank`: 0…1."""
        if temperature not in self._sums:
            best = self.scores[0]
            weights = [math.exp((score - best) / temperature) for score in self.scores]
            self._sums[temperature] = [0.0, *itertools.accumulate(weights)]
        sums = self._sums[temperature]
        return sums[rank] / sums[-1]


class Draft:
    """The selection as it would be if the sentence on offer were admitted.

    sentence: the one on offer. rank: its place among all, 0 for the best; ranking: all scores.
    size: how many sentences would then have been admitted, this one included.
    text: the whole text that would come out, neighbours (see `select`) and joints included.
    """

    def __init__(
        self,
        documents: Sequence[Document],
        sentences: Sequence[ScoredSentence],
        layout: Layout,
        sentence: ScoredSentence,
        admitted: list[int],
        group: Sequence[int],
        size: int,
        ranking: Ranking,
        rank: int,
    ) -> None:
        self.sentence = sentence
        self.size = size
        self.ranking = ranking
        self.rank = rank
        self._documents = documents
        self._sentences = sentences
        self._layout = layout
        # The list only grows, so its beginning stays what it was when the sentence was on offer: no
        # copy for each, which would take time quadratic in their number.
        self._admitted = admitted
        self._n_admitted = len(admitted)
        self._group = group

    @property
    def text(self) -> str:
        positions = sorted({*self._admitted[: self._n_admitted], *self._group})
        kept = [self._sentences[position] for position in positions]
        return assemble(self._documents, kept, self._layout)


@runtime_checkable
class Selector(Protocol):
    """Decides on one sentence at a time, best first."""

    def admits(self, draft: Draft) -> bool:
        """Whether `draft.sentence` stays."""


class _Combinable:
    """`a & b` admits what both admit."""

    # Whether what it admits is the beginning of the ranking: after one refusal come only others.
    is_prefix = False

    def __init_subclass__(cls) -> None:
        # What a subclass admits instead is something else.
        if "admits" in vars(cls) and "is_prefix" not in vars(cls):
            cls.is_prefix = False

    def __and__(self, other: Selector) -> All:
        return All(self, other)  # type: ignore[arg-type]


@dataclass(frozen=True)
class TopK(_Combinable):
    """The `k` best sentences of all documents together (paper, section 3.1)."""

    k: int
    is_prefix = True

    def __post_init__(self) -> None:
        if isinstance(self.k, bool) or not isinstance(self.k, numbers.Integral) or self.k < 1:
            raise ValueError(f"TopK needs a whole number of at least 1, got k={self.k!r}")

    def admits(self, draft: Draft) -> bool:
        return draft.size <= self.k


@dataclass(frozen=True)
class TopP(_Combinable):
    """The fewest of the best sentences that make up `p` of the probability, at least one.

    Probabilities are softmax(scores / temperature) over all sentences of the call: few sentences
    where the encoder is sure, more where it is not. A dual encoder that was trained by contrast
    with scale s knows what these mean at the temperature 1 / s; 0.05 is that of cosine encoders.
    """

    p: float
    temperature: float = 0.05
    is_prefix = True

    def __post_init__(self) -> None:
        for name, value, most in (("p", self.p, 1.0), ("temperature", self.temperature, math.inf)):
            good = isinstance(value, numbers.Real) and not isinstance(value, bool)
            if not good or not 0 < value <= most or math.isinf(value):
                bounds = "above 0, at most 1" if name == "p" else "above 0"
                raise ValueError(f"TopP needs a number {bounds}, got {name}={value!r}")

    def admits(self, draft: Draft) -> bool:
        return draft.ranking.mass_above(draft.rank, self.temperature) < self.p


@dataclass(frozen=True)
class Threshold(_Combinable):
    """Every sentence that scores at least `min_score`; none, if no sentence does.

    The scale is the scorer's: cosine lies in -1…1, an inner product has no bounds.
    """

    min_score: float
    is_prefix = True

    def __post_init__(self) -> None:
        value = self.min_score
        if isinstance(value, bool) or not isinstance(value, numbers.Real) or math.isnan(value):
            raise ValueError(f"Threshold needs a number, got min_score={self.min_score!r}")

    def admits(self, draft: Draft) -> bool:
        return draft.sentence.score >= self.min_score


@dataclass(frozen=True)
class TokenBudget(_Combinable):
    """As many of the best sentences as fit into `max_tokens`, a hard cap.

    `count_tokens` counts the whole text as the reader model will (`TokenCounter(name)` or any
    `str -> int`), joints and elision marks included. A sentence that does not fit is passed over
    and the next best is tried.
    """

    max_tokens: int
    count_tokens: Callable[[str], int]

    def __post_init__(self) -> None:
        value = self.max_tokens
        if isinstance(value, bool) or not isinstance(value, numbers.Integral) or value < 1:
            raise ValueError(
                f"TokenBudget needs a whole number of at least 1, got max_tokens={value!r}"
            )
        if not callable(self.count_tokens):
            raise TypeError(
                "TokenBudget needs count_tokens, a function from text to a number of tokens, "
                f"got {self.count_tokens!r}"
            )

    def admits(self, draft: Draft) -> bool:
        return self.count_tokens(draft.text) <= self.max_tokens

    def to_dict(self) -> dict[str, Any]:
        """Write the settings, the counter by its name; see `selectors.SelfWritten`.

        Returns:
            The settings by name.

        Raises:
            ValueError: `count_tokens` is no `TokenCounter`: other functions have no name.
        """
        from ..text.tokens import TokenCounter

        counter = self.count_tokens
        if not isinstance(counter, TokenCounter):
            raise ValueError(
                f"TokenBudget's count_tokens {counter!r} can't be saved: use "
                "TokenCounter(name_or_path), which is saved by name"
            )
        return {
            "max_tokens": int(self.max_tokens),
            "tokenizer": counter.name_or_path,
            "local_files_only": counter.local_files_only,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> TokenBudget:
        """Make the budget that `to_dict` wrote.

        Args:
            data: The settings by name.

        Returns:
            The budget, with a `TokenCounter`.
        """
        from ..text.tokens import TokenCounter

        return cls(data["max_tokens"], TokenCounter(data["tokenizer"], data["local_files_only"]))


class All(_Combinable):
    """Admits what every one of `selectors` admits."""

    def __init__(self, *selectors: Selector) -> None:
        flat: list[Selector] = []
        for selector in selectors:
            flat.extend(selector.selectors if isinstance(selector, All) else (selector,))
        for selector in flat:
            check_selector(selector)
        self.selectors: tuple[Selector, ...] = tuple(flat)
        self.is_prefix = all(_is_prefix(selector) for selector in flat)

    def admits(self, draft: Draft) -> bool:
        return all(selector.admits(draft) for selector in self.selectors)

    def to_dict(self) -> dict[str, Any]:
        """Return the selectors as a setting; see `selectors.SelfWritten`.

        Returns:
            `{"selectors": […]}`.
        """
        return {"selectors": self.selectors}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> All:
        """Make the combination that `to_dict` wrote.

        Args:
            data: The selectors as a setting.

        Returns:
            The combination.
        """
        return cls(*data["selectors"])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, All) and self.selectors == other.selectors

    def __hash__(self) -> int:
        return hash(self.selectors)

    def __repr__(self) -> str:
        return " & ".join(map(repr, self.selectors))


def select(
    documents: Sequence[Document],
    sentences: Sequence[ScoredSentence],
    selector: Selector,
    layout: Layout,
    expand: tuple[int, int] = (0, 0),
) -> tuple[tuple[ScoredSentence, ...], tuple[ScoredSentence, ...]]:
    """Kept and dropped sentences, both in document order.

    `sentences` are in document order. `expand=(before, after)` keeps that many neighbours of every
    chosen sentence within its document, each once.
    """
    size = 0
    keep: set[int] = set()
    admitted: list[int] = []  # the same in the order of admission
    scores = [sentence.score for sentence in sentences]
    order = sorted(range(len(scores)), key=scores.__getitem__, reverse=True)  # stable
    ranking = Ranking([scores[position] for position in order])
    is_prefix = _is_prefix(selector)
    for rank, position in enumerate(order):
        # Where the sentence fits but its neighbours do not (a token budget), it comes alone.
        for group in _groups(sentences, position, expand):
            draft = Draft(
                documents, sentences, layout, sentences[position], admitted, group, size + 1,
                ranking, rank,
            )  # fmt: skip
            if selector.admits(draft):
                admitted.extend(i for i in group if i not in keep)
                keep.update(group)
                size += 1
                break
        else:
            if is_prefix:
                break
    kept = tuple(sentence for i, sentence in enumerate(sentences) if i in keep)
    dropped = tuple(sentence for i, sentence in enumerate(sentences) if i not in keep)
    return kept, dropped


def _is_prefix(selector: Selector) -> bool:
    return getattr(selector, "is_prefix", False)


def _groups(
    sentences: Sequence[ScoredSentence], position: int, expand: tuple[int, int]
) -> Iterator[Sequence[int]]:
    """What may come in for a sentence: it with its neighbours, if it has any, and it alone."""
    before, after = expand
    if before or after:
        document = sentences[position].doc_index
        around = range(max(0, position - before), min(len(sentences), position + after + 1))
        neighbourhood = [i for i in around if sentences[i].doc_index == document]
        if len(neighbourhood) > 1:
            yield neighbourhood
    yield (position,)


def make_selector(
    *,
    top_k: int | None = None,
    top_p: float | None = None,
    min_score: float | None = None,
    max_tokens: int | None = None,
    count_tokens: Callable[[str], int] | None = None,
) -> Selector | None:
    """The policies for the limits that were given, combined; None if none was given."""
    policies: list[Selector] = []
    if top_k is not None:
        policies.append(TopK(top_k))
    if top_p is not None:
        policies.append(TopP(top_p))
    if min_score is not None:
        policies.append(Threshold(min_score))
    if max_tokens is not None:
        if count_tokens is None:
            raise ValueError(f"max_tokens={max_tokens} needs count_tokens to count with")
        policies.append(TokenBudget(max_tokens, count_tokens))
    if not policies:
        return None
    return policies[0] if len(policies) == 1 else All(*policies)


def check_selector(selector: object) -> Selector:
    """The selector itself. Raises `TypeError` if it has no `admits`."""
    if not isinstance(selector, Selector) or isinstance(selector, type):
        raise TypeError(
            f"{selector!r} is not a selector: use TopK, TopP, Threshold, TokenBudget, a "
            "combination of them, or an object with admits(draft)"
        )
    return selector
