"""The families of settings that calibration chooses from, and the caution that a question needs.

It is computed exactly from the ranking, without a grid: see `Family.needed`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from itertools import groupby
from typing import Literal, get_args

from ..._utils.checks import check_choice
from ...extractive.selection import (
    Draft,
    Ranking,
    Selector,
    Threshold,
    TokenBudget,
    TopK,
    TopP,
    select,
)
from ...text.answers import contains_answer
from ...text.joining import Layout, group_by_document
from ...types import Document, ScoredSentence, excerpt_of, titles_differ, titles_in_common

Rule = Literal["top_p", "min_score", "top_k", "max_tokens"]


@dataclass(frozen=True)
class Family:
    """The settings of one rule, ordered by caution: the more caution, the more is kept.

    Attributes:
        rule: Which limit varies.
        temperature: Of `TopP`.
        count_tokens: Of `TokenBudget`.
    """

    rule: Rule = "top_p"
    temperature: float = TopP.temperature
    count_tokens: Callable[[str], int] | None = None

    def __post_init__(self) -> None:
        check_choice("rule", self.rule, get_args(Rule))
        if self.rule == "max_tokens" and self.count_tokens is None:
            raise ValueError(
                "the rule max_tokens needs count_tokens to count with: TokenCounter(name) of the "
                "reader's tokenizer, which the command takes as --tokenizer"
            )
        TopP(1.0, self.temperature)  # raises for a temperature that is out of range

    def selector(self, value: float) -> Selector:
        """Make a setting.

        Args:
            value: The limit's value.

        Returns:
            The selector.
        """
        if self.rule == "top_p":
            return TopP(value, self.temperature)
        if self.rule == "min_score":
            return Threshold(value)
        if self.rule == "top_k":
            return TopK(int(value))
        assert self.count_tokens is not None  # noqa: S101 - checked when it was made
        # `needed` counts every text, and what it promises holds for a budget that does so too.
        return TokenBudget(int(value), self.count_tokens, exact=True)

    def caution(self, value: float) -> float:
        """Compute the caution of a setting.

        Args:
            value: The limit's value.

        Returns:
            The value; its negative where low values keep more.
        """
        return -value if self.rule == "min_score" else value

    def value(self, caution: float) -> float:
        """Find the setting of at least this much caution, in few digits.

        It is rounded towards more caution, so that scores that differ in their last bits between
        machines do not decide.

        Args:
            caution: The caution.

        Returns:
            The limit's value.
        """
        if self.rule == "min_score":
            return _rounded(-caution, 6, ROUND_FLOOR)
        if self.rule == "top_p":
            return min(1.0, float(Decimal(caution).quantize(Decimal("1e-6"), ROUND_CEILING)))
        return int(caution)

    def needed(
        self,
        documents: Sequence[Document],
        sentences: Sequence[ScoredSentence],
        answers: Sequence[str],
        layout: Layout,
        expand: tuple[int, int] = (0, 0),
        outline: bool = False,
    ) -> float:
        """Compute the least caution from which on some document's excerpt always holds an answer.

        Args:
            documents: The question's documents.
            sentences: Their scored sentences, in document order as in `select`.
            answers: The gold answers.
            layout: Joins the kept sentences.
            expand: How many neighbours before and after a chosen sentence are kept too.
            outline: Whether a chosen sentence brings its headings and the like.

        Returns:
            The caution. It is infinite if no setting keeps an answer: even p = 1 does not keep a
            sentence whose probability vanishes beside the others'.
        """
        holders = [
            index
            for index, document in enumerate(documents)
            if contains_answer(document.text, answers)
        ]
        holding = _Holding(documents, holders, answers, layout)
        if self.rule == "max_tokens":
            return self._needed_tokens(holding, documents, sentences, layout, expand, outline)
        walk = _EveryOffer()
        select(documents, sentences, walk, layout, expand, outline)
        return self._needed_rank(holding, sentences, walk)

    def _needed_rank(
        self, holding: _Holding, sentences: Sequence[ScoredSentence], walk: _EveryOffer
    ) -> float:
        """For rules that keep the best: take sentences away, the worst first."""
        groups = walk.groups
        cover = [0] * len(sentences)  # by how many of the chosen a sentence is kept
        for group in groups:
            for position in group:
                cover[position] += 1
        admitted = self.admitted(walk.scores)
        if self.rule != "top_k":  # that one counts what it keeps; the others go by the ranking
            admitted = [admitted[rank] for rank in walk.ranks]
        needed = math.inf
        holding.update(sentence for sentence, n in zip(sentences, cover, strict=True) if n)
        by_caution = groupby(reversed(range(len(groups))), key=admitted.__getitem__)
        for caution, ranks in by_caution:
            if caution < math.inf:
                if not holding.any:
                    break
                needed = caution
            touched = set()
            for position in (position for rank in ranks for position in groups[rank]):
                cover[position] -= 1
                if not cover[position]:
                    touched.add(sentences[position].doc_index)
            left = zip(sentences, cover, strict=True)
            holding.update((sentence for sentence, n in left if n), touched)
        return needed

    def admitted(self, scores: Sequence[float]) -> list[float]:
        """Compute the caution from which on each rank is kept; it never falls.

        This is not defined for max_tokens, whose larger budgets may drop what smaller ones keep.

        Args:
            scores: The scores, falling.

        Returns:
            The caution of each rank.
        """
        if self.rule == "top_k":
            return [rank + 1.0 for rank in range(len(scores))]
        if self.rule == "min_score":
            return [-score for score in scores]
        ranking = Ranking(scores)
        above = (ranking.mass_above(rank, self.temperature) for rank in range(len(scores)))
        # `TopP` keeps what has strictly less than p above it.
        return [math.nextafter(mass, 2) if mass < 1 else math.inf for mass in above]

    def _needed_tokens(
        self,
        holding: _Holding,
        documents: Sequence[Document],
        sentences: Sequence[ScoredSentence],
        layout: Layout,
        expand: tuple[int, int],
        outline: bool,
    ) -> float:
        """For budgets: from the largest one down.

        A larger budget may admit a long sentence in place of the one with the answer. Every text
        that was admitted also fits any budget down to the longest of them, and nothing changes
        before that.
        """
        known: dict[str, int] = {}
        budget = needed = math.inf
        while budget >= 1:
            watched = _WatchedBudget(budget, self.count_tokens, known)
            kept, _ = select(documents, sentences, watched, layout, expand, outline)
            holding.update(kept)
            if not holding.any:
                break
            needed = max(1, watched.longest)
            budget = needed - 1
        return needed


class _Holding:
    """Which of the documents that hold an answer still do while sentences are taken away.

    Each document is examined by itself: an answer that only arises where two documents, or
    sentences of one without an answer, are joined does not count as kept.
    """

    def __init__(
        self,
        documents: Sequence[Document],
        holders: Sequence[int],
        answers: Sequence[str],
        layout: Layout,
    ) -> None:
        self._documents = documents
        self._answers = answers
        self._layout = replace(
            layout,
            titles=layout.titles and titles_differ(documents),
            common=titles_in_common(documents),
        )
        self._held = dict.fromkeys(holders, True)

    @property
    def any(self) -> bool:
        return any(self._held.values())

    def update(self, kept: Iterable[ScoredSentence], touched: Iterable[int] | None = None) -> None:
        """Look again at the documents in `touched` (None: all), of which `kept` is left."""
        wanted = self._held.keys() if touched is None else self._held.keys() & set(touched)
        if not wanted:
            return
        grouped = group_by_document(sentence for sentence in kept if sentence.doc_index in wanted)
        for index in wanted:
            text = excerpt_of(self._documents, index, grouped.get(index, ()), self._layout)
            self._held[index] = contains_answer(text, self._answers)


class _EveryOffer:
    """A selector that admits everything, and remembers in which order and with what beside it."""

    def __init__(self) -> None:
        self.ranks: list[int] = []
        self.groups: list[Sequence[int]] = []
        self.scores: Sequence[float] = ()

    def admits(self, draft: Draft) -> bool:
        self.ranks.append(draft.rank)
        self.groups.append(draft.group)
        self.scores = draft.ranking.scores
        return True


class _WatchedBudget:
    """A `TokenBudget` that remembers the longest text that it admitted."""

    def __init__(
        self, budget: float, count_tokens: Callable[[str], int] | None, known: dict[str, int]
    ) -> None:
        self._budget = budget
        self._count = len if count_tokens is None else count_tokens
        self._known = known
        self.longest = 0

    def admits(self, draft: Draft) -> bool:
        text = draft.text
        if text not in self._known:
            self._known[text] = self._count(text)
        fits = self._known[text] <= self._budget
        if fits:
            self.longest = max(self.longest, self._known[text])
        return fits


def _rounded(value: float, digits: int, rounding: str) -> float:
    exact = Decimal(value)
    if not exact.is_finite() or not exact:
        return value
    return float(exact.quantize(Decimal(1).scaleb(exact.adjusted() - digits + 1), rounding))
