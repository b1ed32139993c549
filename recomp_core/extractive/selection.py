"""Selectors decide which of the scored sentences stay: small policies that need no model.

One greedy walk serves them all. It offers the sentences from the best score down (of equal scores,
the earlier first), and the policy admits each one or not; it sees the text that would come out.

    TopK(2)                                   the two best
    TopP(0.6)                                 as many as make up 0.6 of the probability
    Threshold(0.3)                            all that score at least 0.3, perhaps none
    TokenBudget(200, count_tokens)            as many of the best as fit
    TopK(5) & Threshold(0.3)                  both

Your own policy is any object with `admits(draft) -> bool`. If it admits nothing more after its
first refusal, set `is_prefix = True`: the walk then stops there. A policy that ranks by more than
the scores has `order(sentences)` too, which returns their positions, best first. The module
`selectors` gives policies names, for saved compressors and commands.
"""

from __future__ import annotations

import itertools
import math
import numbers
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from ..text.joining import Layout
from ..text.units import STRUCTURAL
from ..types import Document, ScoredSentence, assemble
from .fragments import whole_sentences
from .structure import Structure, folded_text
from .token_tally import TokenTally


class Ranking:
    """Holds all scores of a call.

    Args:
        scores: The scores, from the best down.
    """

    def __init__(self, scores: Sequence[float]) -> None:
        self.scores = scores
        self._sums: dict[float, list[float]] = {}

    def mass_above(self, rank: int, temperature: float) -> float:
        """Return the probability of all sentences that rank before one.

        Args:
            rank: The sentence's place, 0 for the best.
            temperature: Divides the scores before the softmax over all sentences.

        Returns:
            The sum of their probabilities, 0…1.
        """
        if temperature not in self._sums:
            best = self.scores[0]
            weights = [math.exp((score - best) / temperature) for score in self.scores]
            self._sums[temperature] = [0.0, *itertools.accumulate(weights)]
        sums = self._sums[temperature]
        return sums[rank] / sums[-1]


class Draft:
    """Shows a selector the selection as it would be with the offered sentence.

    `select` makes the drafts.

    Attributes:
        documents: All documents.
        sentence: The offered sentence.
        group: The positions, among all sentences, of it and what comes along with it.
        rank: Its place among all sentences, 0 for the best.
        ranking: The scores of all sentences.
        size: The number of admitted sentences, this one included and neighbours left out.
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
        tallies: Mapping[int, TokenTally],
        new: Sequence[int],
    ) -> None:
        self.sentence = sentence
        self.size = size
        self.ranking = ranking
        self.rank = rank
        self.documents = documents
        self._sentences = sentences
        self._layout = layout
        # The list only grows, so its first part stays as it was at the time of the offer. A copy
        # for each draft would take time quadratic in the number of sentences.
        self._admitted = admitted
        self._n_admitted = len(admitted)
        self.group = group
        self._tallies = tallies
        self._new = new

    def fits(self, max_tokens: int, count_tokens: Callable[[str], int]) -> bool:
        """Tell whether the whole text has at most so many tokens.

        Args:
            max_tokens: The most tokens.
            count_tokens: Counts the tokens of a text.

        Returns:
            Whether it fits. For a budget among the selector's policies that is mostly a sum of the
            parts' tokens; `select` counts the whole text at the end.
        """
        tally = self._tallies.get(id(count_tokens))
        if tally is None:
            return count_tokens(self.text) <= max_tokens
        return tally.fits(self._new, max_tokens, lambda: self.text)

    @property
    def text(self) -> str:
        """The whole text that would come out, neighbours (see `select`) and joints included."""
        positions = sorted({*self._admitted[: self._n_admitted], *self.group})
        kept = [self._sentences[position] for position in positions]
        return assemble(self.documents, kept, self._layout)

    def admitted(self, first: int = 0) -> list[ScoredSentence]:
        """Return the sentences that are in the selection already, in the order of admission.

        Args:
            first: How many of them to leave out, from the first.

        Returns:
            The sentences, with those that came along.
        """
        places = self._admitted[first : self._n_admitted]
        return [self._sentences[place] for place in places]


@runtime_checkable
class Selector(Protocol):
    """Decides on one sentence at a time, best first."""

    def admits(self, draft: Draft) -> bool:
        """Decide whether the offered sentence stays.

        Args:
            draft: The sentence, its rank, and the selection with it.

        Returns:
            Whether it stays.
        """


class _Combinable:
    """Makes `a & b` a selector that admits what both admit."""

    # Whether it admits the first sentences of the ranking: after one refusal come only others.
    is_prefix = False

    def __init_subclass__(cls) -> None:
        # A subclass that decides differently does not inherit the promise.
        if "admits" in vars(cls) and "is_prefix" not in vars(cls):
            cls.is_prefix = False

    def __and__(self, other: Selector) -> All:
        return All(self, other)  # type: ignore[arg-type]


@dataclass(frozen=True)
class TopK(_Combinable):
    """Keeps the best sentences of all documents together (paper, section 3.1).

    Attributes:
        k: How many sentences to keep.

    Raises:
        ValueError: `k` is not a whole number of at least 1.
    """

    k: int
    is_prefix = True

    def __post_init__(self) -> None:
        if isinstance(self.k, bool) or not isinstance(self.k, numbers.Integral) or self.k < 1:
            raise ValueError(f"TopK needs a whole number of at least 1, got k={self.k!r}")

    def admits(self, draft: Draft) -> bool:
        """Admit the first `k` offers.

        Args:
            draft: See `Selector.admits`.

        Returns:
            Whether the offered sentence stays.
        """
        return draft.size <= self.k


@dataclass(frozen=True)
class TopP(_Combinable):
    """Keeps the fewest of the best sentences that make up `p` of the probability, at least one.

    Probabilities are softmax(scores / temperature) over all sentences of the call: few sentences
    stay where the encoder is sure, more where it is not. For a dual encoder that was trained by
    contrast with scale s, the natural temperature is 1 / s; cosine encoders usually have 0.05.

    Attributes:
        p: The probability to make up, above 0 and at most 1.
        temperature: Divides the scores before the softmax, above 0.

    Raises:
        ValueError: A number is out of its bounds.
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
        """Admit until the better sentences make up `p`.

        Args:
            draft: See `Selector.admits`.

        Returns:
            Whether the offered sentence stays.
        """
        return draft.ranking.mass_above(draft.rank, self.temperature) < self.p


@dataclass(frozen=True)
class Threshold(_Combinable):
    """Keeps every sentence that scores at least `min_score`; none, if no sentence does.

    Attributes:
        min_score: The lowest score to keep, on the scorer's scale: a cosine lies in -1…1, an inner
            product has no bounds.

    Raises:
        ValueError: `min_score` is not a number.
    """

    min_score: float
    is_prefix = True

    def __post_init__(self) -> None:
        value = self.min_score
        if isinstance(value, bool) or not isinstance(value, numbers.Real) or math.isnan(value):
            raise ValueError(f"Threshold needs a number, got min_score={self.min_score!r}")

    def admits(self, draft: Draft) -> bool:
        """Admit scores of at least `min_score`.

        Args:
            draft: See `Selector.admits`.

        Returns:
            Whether the offered sentence stays.
        """
        return draft.sentence.score >= self.min_score


@dataclass(frozen=True)
class TokenBudget(_Combinable):
    """Keeps as many of the best sentences as fit into `max_tokens`, a hard cap.

    A sentence that does not fit is passed over, and the next best is tried.

    Attributes:
        max_tokens: The most tokens of the whole text, joints and elision marks included.
        count_tokens: Counts a text's tokens as the reader model does: `TokenCounter(name)`, or any
            function `str -> int`.
        exact: Whether the whole text is counted for each sentence. Otherwise sums of the sentences'
            tokens guide, which is much faster for many sentences, and once many in a row did not
            fit, no other is tried (see `token_tally`). The cap holds either way. A calibrated
            budget is exact.

    Raises:
        ValueError: `max_tokens` is not a whole number of at least 1.
        TypeError: `count_tokens` is not callable.
    """

    # Written by hand: tokens of parts do not add up to the tokens of the joined text (they merge
    # and split at the seams), so a knapsack solver or a text splitter over counts of single
    # sentences would break the cap. See `token_tally`.

    max_tokens: int
    count_tokens: Callable[[str], int]
    exact: bool = False

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
        """Admit what leaves the whole text within `max_tokens`.

        Args:
            draft: See `Selector.admits`.

        Returns:
            Whether the offered sentence stays.
        """
        if self.exact:
            return self.count_tokens(draft.text) <= self.max_tokens
        return draft.fits(self.max_tokens, self.count_tokens)

    def to_dict(self) -> dict[str, Any]:
        """Write the settings, the counter by its name; see `selectors.SelfWritten`.

        Returns:
            The settings by name.

        Raises:
            ValueError: `count_tokens` is not a `TokenCounter`: other functions have no name.
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
            **({"exact": True} if self.exact else {}),
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

        counter = TokenCounter(data["tokenizer"], data["local_files_only"])
        return cls(data["max_tokens"], counter, data.get("exact", False))


class All(_Combinable):
    """Keeps what every one of several selectors admits, as `a & b` does.

    Args:
        *selectors: The selectors; those of another `All` among them are taken one by one.

    Attributes:
        selectors: The selectors, none of them an `All`.
        is_prefix: Whether the walk may stop at the first refusal.

    Raises:
        TypeError: One of them has no `admits`.
    """

    def __init__(self, *selectors: Selector) -> None:
        flat: list[Selector] = []
        for selector in selectors:
            flat.extend(selector.selectors if isinstance(selector, All) else (selector,))
        for selector in flat:
            check_selector(selector)
        self.selectors: tuple[Selector, ...] = tuple(flat)
        self.is_prefix = all(_is_prefix(selector) for selector in flat)

    def admits(self, draft: Draft) -> bool:
        """Admit what all selectors admit.

        Args:
            draft: See `Selector.admits`.

        Returns:
            Whether the offered sentence stays.
        """
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


Place = tuple[int, int]
"""Where a sentence begins: the position of its document and its offset there."""


class InTurn:
    """A selector that offers some sentences in a given order, and no others.

    Args:
        turns: The sentences, in order.
    """

    is_prefix = False

    def __init__(self, turns: Sequence[ScoredSentence]) -> None:
        self._turns = {place_of(sentence): turn for turn, sentence in enumerate(turns)}

    def order(self, sentences: Sequence[ScoredSentence]) -> list[int]:
        """Rank sentences by their turn, and all others last.

        Args:
            sentences: The sentences to offer.

        Returns:
            Their positions.
        """
        last = len(self._turns)
        turns = [self._turns.get(place_of(sentence), last) for sentence in sentences]
        return sorted(range(len(sentences)), key=turns.__getitem__)

    def admits(self, draft: Draft) -> bool:
        """Admit what has a turn.

        Args:
            draft: See `Selector.admits`.

        Returns:
            Whether the offered sentence stays.
        """
        return place_of(draft.sentence) in self._turns


def place_of(sentence: ScoredSentence) -> Place:
    """Return where a sentence begins.

    Args:
        sentence: The sentence.

    Returns:
        The position of its document, and its offset there.
    """
    return sentence.doc_index, sentence.start


def select(
    documents: Sequence[Document],
    sentences: Sequence[ScoredSentence],
    selector: Selector,
    layout: Layout,
    expand: tuple[int, int] = (0, 0),
    outline: bool = False,
    is_late: Callable[[], bool] | None = None,
    unread: Collection[Place] = (),
) -> tuple[tuple[ScoredSentence, ...], tuple[ScoredSentence, ...]]:
    """Divide sentences into those that a selector keeps and the others.

    A sentence that stands in several places is offered once, with the best of its scores: chunks
    overlap, and pages are stored twice. One that is cut where its chunk ends is offered as the
    whole that another chunk has. Headings, header rows, questions and keys are not offered.

    Args:
        documents: The documents.
        sentences: All their sentences with scores, in document order.
        selector: The policy.
        layout: What joins the kept sentences.
        expand: How many neighbours (before, after) in its document come along with each admitted
            sentence, each neighbour once.
        outline: Whether an admitted sentence brings what it stands under.
        is_late: Asked before each offer; once it says True, no other sentence is offered.
        unread: Where sentences begin that are not offered, because nothing scored them.

    Returns:
        The kept and the dropped sentences, both in document order.
    """
    # The walk is written by hand: top-k functions of NumPy or torch know scores only. Here a policy
    # sees the text that would come out, joints and neighbours included, and may be anyone's code.
    walk = _Walk(documents, sentences, expand, Structure(documents, sentences) if outline else None)
    tallies = {
        id(budget.count_tokens): TokenTally(documents, sentences, layout, budget.count_tokens)
        for budget in token_budgets(selector)
        if not budget.exact
    }
    wholes = {
        cut: whole
        for cut, whole in whole_sentences(sentences).items()
        if place_of(sentences[whole]) not in unread
    }
    size = 0
    admitted: list[int] = []  # in the order of admission
    order = _order(sentences, selector, unread)
    ranking = Ranking([sentences[position].score for position in order])
    is_prefix = _is_prefix(selector)
    for rank, position in enumerate(order):
        if is_late is not None and is_late():
            break
        # The whole of a cut sentence is offered in its place.
        places = (wholes[position], position) if position in wholes else (position,)
        if any(walk.is_known(place) for place in places):
            continue
        for place, group in walk.offers(places):
            new = [other for other in group if other not in walk.keep]
            draft = Draft(
                documents, sentences, layout, sentences[place], admitted, group, size + 1,
                ranking, rank, tallies, new,
            )  # fmt: skip
            if selector.admits(draft):
                admitted.extend(new)
                walk.admit(place, group)
                for tally in tallies.values():
                    tally.admit(new)
                size += 1
                break
        else:
            for tally in tallies.values():
                tally.refuse(position)
            if is_prefix or any(tally.is_full for tally in tallies.values()):
                break
    kept_places = walk.keep.difference(*(tally.surplus() for tally in tallies.values()))
    kept = tuple(sentence for i, sentence in enumerate(sentences) if i in kept_places)
    dropped = tuple(sentence for i, sentence in enumerate(sentences) if i not in kept_places)
    return kept, dropped


def _order(
    sentences: Sequence[ScoredSentence], selector: Selector, unread: Collection[Place]
) -> list[int]:
    """The positions of the sentences to offer, best first; of equal scores, the earlier first."""
    offered = [i for i, sentence in enumerate(sentences) if sentence.kind not in STRUCTURAL]
    if unread:
        offered = [i for i in offered if place_of(sentences[i]) not in unread]
    if not offered:
        offered = list(range(len(sentences)))  # an outline without a text
    parts = selector.selectors if isinstance(selector, All) else (selector,)
    own = next((part.order for part in parts if hasattr(part, "order")), None)
    if own is not None:
        ranked = [offered[n] for n in own([sentences[i] for i in offered])]
        if sorted(ranked) != offered:
            raise ValueError(f"{selector!r} did not rank each of {len(offered)} sentences once")
        return ranked
    return sorted(offered, key=lambda i: sentences[i].score, reverse=True)


def _is_prefix(selector: Selector) -> bool:
    return getattr(selector, "is_prefix", False)


class _Walk:
    """What a walk over the ranking knows: what it keeps, and what would come along."""

    def __init__(
        self,
        documents: Sequence[Document],
        sentences: Sequence[ScoredSentence],
        expand: tuple[int, int],
        structure: Structure | None,
    ) -> None:
        self._sentences = sentences
        self._documents = documents
        self._expand = expand
        self._structure = structure
        self.keep: set[int] = set()
        self._heard: dict[str, list[str]] = {}

    def is_known(self, position: int) -> bool:
        """Tell whether a sentence is kept already, here or in another place."""
        sentence = self._sentences[position]
        if position in self.keep and sentence.kind == "lead-in":
            return True
        headings = self._heard.get(folded_text(sentence.visible))
        if headings is None:
            return False
        # The same words under different headings say different things.
        heading = sentence.heading(self._documents[sentence.doc_index])
        return not heading or any(not known or known == heading for known in headings)

    def admit(self, position: int, group: Iterable[int]) -> None:
        """Keep a sentence with its group."""
        sentence = self._sentences[position]
        heading = sentence.heading(self._documents[sentence.doc_index])
        self._heard.setdefault(folded_text(sentence.visible), []).append(heading)
        self.keep.update(group)

    def offers(self, places: Sequence[int]) -> Iterator[tuple[int, Sequence[int]]]:
        """Yield sentences with what to offer for each.

        A sentence comes alone where it fits, but not with its neighbours (a token budget).
        """
        for place in places:
            for group in self._groups(place):
                yield place, group

    def _groups(self, position: int) -> Iterator[Sequence[int]]:
        """Yield what to offer for a sentence, the most first, and it alone at last."""
        offered: list[set[int]] = []
        around = self._neighbours(position)
        if self._structure is not None:
            outline = self._structure.above(position)
            following = self._structure.follows(position)
            offered += [{*around, *outline, *following}, {position, *outline, *following}]
            if following:
                offered.append({position, *following})
            offered.append({position, *outline[-1:]})
        offered += [around, {position}]
        tried: list[set[int]] = []
        for group in offered:
            if group not in tried:
                tried.append(group)
                yield sorted(group)

    def _neighbours(self, position: int) -> set[int]:
        before, after = self._expand
        if not before and not after:
            return {position}
        document = self._sentences[position].doc_index
        first, last = max(0, position - before), min(len(self._sentences), position + after + 1)
        return {i for i in range(first, last) if self._sentences[i].doc_index == document}


def token_budgets(selector: Selector | None) -> list[TokenBudget]:
    """Return the token budgets among a selector's policies.

    Args:
        selector: The selector, or None.

    Returns:
        The budgets; none for another policy.
    """
    parts = selector.selectors if isinstance(selector, All) else (selector,)
    return [part for part in parts if isinstance(part, TokenBudget)]


def make_selector(
    *,
    top_k: int | None = None,
    top_p: float | None = None,
    min_score: float | None = None,
    max_tokens: int | None = None,
    count_tokens: Callable[[str], int] | None = None,
) -> Selector | None:
    """Combine the policies for the given limits.

    Args:
        top_k: For `TopK`.
        top_p: For `TopP`.
        min_score: For `Threshold`.
        max_tokens: For `TokenBudget`.
        count_tokens: Counts tokens for `max_tokens`.

    Returns:
        The policy, or None without any limit.

    Raises:
        ValueError: A limit is out of its bounds, or `max_tokens` lacks `count_tokens`.
    """
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
    """Check that an object is a selector.

    Args:
        selector: The object.

    Returns:
        The object itself.

    Raises:
        TypeError: It has no `admits`, or it is a class.
    """
    if not isinstance(selector, Selector) or isinstance(selector, type):
        raise TypeError(
            f"{selector!r} is not a selector: use TopK, TopP, Threshold, TokenBudget, a "
            "combination of them, or an object with admits(draft)"
        )
    return selector
