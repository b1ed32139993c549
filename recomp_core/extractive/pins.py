"""Pinned units: what holds a number, a date or the like stays, where its document is kept.

It works on what a selector has chosen, so every selector honours it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from ..text.joining import Layout
from ..text.pins import Finder
from ..text.units import STRUCTURAL
from ..types import Document, ScoredSentence, assemble
from .selection import All, InTurn, Selector, place_of, select, token_budgets
from .structure import Structure, folded_text


class Pinned(NamedTuple):
    """A selection with its pinned sentences.

    Attributes:
        kept: The kept sentences, in document order.
        dropped: The others, in document order.
        note: What did not fit, or was not looked for, in words; "" for nothing.
    """

    kept: tuple[ScoredSentence, ...]
    dropped: tuple[ScoredSentence, ...]
    note: str


def with_pins(
    documents: Sequence[Document],
    kept: Sequence[ScoredSentence],
    dropped: Sequence[ScoredSentence],
    find: Finder,
    selector: Selector,
    layout: Layout,
    outline: bool = False,
    is_late: Callable[[], bool] | None = None,
) -> Pinned:
    """Keep the pinned sentences of the documents of which a selector keeps something.

    They come on top of what was chosen. Only a token budget limits them: where they don't all fit,
    the best chosen sentence of each document comes first, then the pinned ones by score, then the
    others.

    Args:
        documents: The documents.
        kept: What a selector keeps, in document order.
        dropped: What it does not keep, in document order.
        find: Tells which texts hold something pinned.
        selector: The selector, whose token budgets hold.
        layout: What joins the kept sentences.
        outline: Whether a pinned sentence brings what it stands under.
        is_late: See `select`.

    Returns:
        The selection with them.
    """
    reached = {sentence.doc_index for sentence in kept}
    said = {_said(documents, sentence) for sentence in kept}
    pinned: list[ScoredSentence] = []
    for sentence in dropped:
        candidate = sentence.doc_index in reached and sentence.kind not in STRUCTURAL
        if candidate and find(sentence.visible):
            same = _said(documents, sentence)
            if same not in said:
                said.add(same)
                pinned.append(sentence)
    note = _gave_up(find)
    if not pinned:
        return Pinned(tuple(kept), tuple(dropped), note)
    sentences = sorted((*kept, *dropped), key=place_of)
    wanted = {*map(place_of, kept), *map(place_of, pinned)}
    if outline:
        structure = Structure(documents, sentences)
        places = set(map(place_of, pinned))
        for position, sentence in enumerate(sentences):
            if place_of(sentence) in places:
                wanted.update(place_of(sentences[n]) for n in structure.above(position))
    whole = [sentence for sentence in sentences if place_of(sentence) in wanted]
    budgets = token_budgets(selector)
    text = assemble(documents, whole, layout) if budgets else ""
    if any(budget.count_tokens(text) > budget.max_tokens for budget in budgets):
        pinned = [s for s in whole if s.kind not in STRUCTURAL and find(s.visible)]
        first = InTurn(_by_need(kept, pinned))
        within = All(first, *budgets)
        found, _ = select(documents, sentences, within, layout, (0, 0), outline, is_late)
        # Without the time to choose again, what was chosen stays.
        whole = list(kept if is_late is not None and is_late() else found)
    places = set(map(place_of, whole))
    missing = [sentence for sentence in pinned if place_of(sentence) not in places]
    if missing:
        limit = min(budget.max_tokens for budget in budgets)
        worst = missing[0]
        note = "; ".join(filter(None, (
            f"{len(missing)} of {len(pinned)} pinned sentences did not fit into max_tokens="
            f"{limit}, the first at {worst.start}:{worst.end} of document {worst.doc_index}",
            note,
        )))  # fmt: skip
    rest = tuple(sentence for sentence in sentences if place_of(sentence) not in places)
    return Pinned(tuple(whole), rest, note)


def _by_need(
    kept: Sequence[ScoredSentence], pinned: Sequence[ScoredSentence]
) -> list[ScoredSentence]:
    """The best of each document, then what is pinned, then the others, each best first."""
    ranked = sorted(kept, key=_score, reverse=True)
    content = [sentence for sentence in ranked if sentence.kind not in STRUCTURAL] or ranked
    best: dict[int, ScoredSentence] = {}
    for sentence in content:
        best.setdefault(sentence.doc_index, sentence)
    firsts = set(map(place_of, best.values()))
    others = [sentence for sentence in ranked if place_of(sentence) not in firsts]
    # What stands in two of these lists has its first turn.
    turns = (*best.values(), *sorted(pinned, key=_score, reverse=True), *others)
    return list({place_of(sentence): sentence for sentence in turns}.values())


def _said(documents: Sequence[Document], sentence: ScoredSentence) -> tuple[str, str]:
    # The same words under different headings say different things.
    return folded_text(sentence.visible), sentence.heading(documents[sentence.doc_index])


def _gave_up(find: Finder) -> str:
    if not find.given_up:
        return ""
    return f"pinned patterns took too long and were left out: {', '.join(find.given_up)[:200]}"


def _score(sentence: ScoredSentence) -> float:
    return sentence.score
