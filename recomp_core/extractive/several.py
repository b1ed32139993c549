"""Several queries about the same documents: sub-questions, or the turns of a conversation.

Each query has its own compression; this module merges them to one text under one budget.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import replace

from ..text.joining import Layout
from ..text.units import STRUCTURAL
from ..types import Compression, Document, Outcome, Queries, ScoredSentence, assemble
from .selection import All, InTurn, Place, Selector, place_of, select, token_budgets
from .structure import folded_text


def choose_shared(
    documents: Sequence[Document],
    chosen: Sequence[Sequence[ScoredSentence]],
    sentences: Sequence[ScoredSentence],
    selector: Selector,
    layout: Layout,
    outline: bool,
) -> list[ScoredSentence]:
    """Choose from what several queries chose, so that a token budget holds for all together.

    Where not all of it fits, the queries take turns, that with the best sentence first, and each
    has its best one that is still left.

    Args:
        documents: The documents.
        chosen: What was chosen for each query.
        sentences: All sentences, in document order.
        selector: The selector, whose token budgets hold.
        layout: What joins the kept sentences.
        outline: Whether a kept sentence brings what it stands under.

    Returns:
        The sentences to keep, in document order.
    """
    wanted = {place_of(sentence) for its in chosen for sentence in its}
    whole = [sentence for sentence in sentences if place_of(sentence) in wanted]
    budgets = token_budgets(selector)
    text = assemble(documents, whole, layout) if budgets else ""
    if all(budget.count_tokens(text) <= budget.max_tokens for budget in budgets):
        return whole
    within = All(InTurn(_turns(chosen)), *budgets)
    kept, _ = select(documents, sentences, within, layout, (0, 0), outline)
    return list(kept)


def merged(
    queries: Queries,
    results: Sequence[Compression],
    selector: Selector,
    *,
    outline: bool,
) -> Compression:
    """Merge the compressions of several queries about the same documents.

    Args:
        queries: The queries.
        results: The compression of the same documents for each.
        selector: The selector, whose token budgets hold for the whole text.
        outline: Whether a kept sentence brings what it stands under.

    Returns:
        One compression: `queries` holds the queries, and the `queries` of each kept sentence say
        for which of them it was chosen. A sentence has the best of its scores.
    """
    documents, layout = results[0].documents, results[0].layout
    chosen = _said_once(documents, [_whole_or_parts(result.kept) for result in results])
    best: dict[Place, ScoredSentence] = {}
    for result in results:
        for sentence in (*result.kept, *result.dropped):
            known = best.get(place_of(sentence))
            if known is None or (sentence.end, sentence.score) > (known.end, known.score):
                best[place_of(sentence)] = sentence
    sentences = _whole_or_parts(sorted(best.values(), key=place_of))
    kept = choose_shared(documents, chosen, sentences, selector, layout, outline)
    wanted_by: dict[Place, tuple[int, ...]] = {}
    for number, its in enumerate(chosen):
        for sentence in its:
            place = place_of(sentence)
            wanted_by[place] = (*wanted_by.get(place, ()), number)
    kept = [replace(s, queries=wanted_by.get(place_of(s), ())) for s in kept]
    places = set(map(place_of, kept))
    dropped = [sentence for sentence in sentences if place_of(sentence) not in places]
    return Compression(
        query="\n".join(queries),
        documents=documents,
        text=assemble(documents, kept, layout),
        kept=tuple(kept),
        dropped=tuple(dropped),
        sources=_sources(results, places),
        outcome=_outcome(results, kept, dropped),
        layout=layout,
        truncated=any(result.truncated for result in results),
        reason="; ".join(dict.fromkeys(result.reason for result in results if result.reason)),
        queries=tuple(queries),
    )


def _turns(chosen: Sequence[Sequence[ScoredSentence]]) -> list[ScoredSentence]:
    ranked = [
        deque(sorted((s for s in its if s.kind not in STRUCTURAL), key=_score, reverse=True))
        for its in chosen
    ]
    waiting = deque(sorted(filter(None, ranked), key=lambda its: its[0].score, reverse=True))
    turns: dict[Place, ScoredSentence] = {}
    while waiting:
        its = waiting.popleft()
        while its and place_of(its[0]) in turns:
            its.popleft()
        if its:
            best = its.popleft()
            turns[place_of(best)] = best
            waiting.append(its)
    return list(turns.values())


def _score(sentence: ScoredSentence) -> float:
    return sentence.score


def _said_once(
    documents: Sequence[Document], chosen: Sequence[Sequence[ScoredSentence]]
) -> list[list[ScoredSentence]]:
    """What was chosen, where several queries chose the same words in the same place."""
    firsts: dict[tuple[str, str], ScoredSentence] = {}
    once = []
    for its in chosen:
        places: dict[Place, ScoredSentence] = {}
        for sentence in its:
            first = sentence
            if sentence.kind not in STRUCTURAL:
                heading = sentence.heading(documents[sentence.doc_index])
                first = firsts.setdefault((folded_text(sentence.visible), heading), sentence)
            places[place_of(first)] = sentence if place_of(first) == place_of(sentence) else first
        once.append([places[place] for place in sorted(places)])
    return once


def _whole_or_parts(sentences: Sequence[ScoredSentence]) -> list[ScoredSentence]:
    """Sentences without those within another: after a time limit, whole documents stand beside."""
    found: list[ScoredSentence] = []
    for sentence in sentences:
        last = found[-1] if found else None
        if last is None or last.doc_index != sentence.doc_index or sentence.start >= last.end:
            found.append(sentence)
    return found


def _sources(results: Sequence[Compression], places: set[Place]) -> tuple[int, ...]:
    kept = {doc_index for doc_index, _ in places}
    # A document that says again what is kept is a source too, see `Compression.sources`.
    again = {n for result in results if result.kept for n in result.sources}
    return tuple(sorted(kept | {n for n in again if not _has_own(results, n)}))


def _has_own(results: Sequence[Compression], doc_index: int) -> bool:
    return any(s.doc_index == doc_index for result in results for s in result.kept)


def _outcome(
    results: Sequence[Compression],
    kept: Sequence[ScoredSentence],
    dropped: Sequence[ScoredSentence],
) -> Outcome:
    outcomes = {result.outcome for result in results}
    if Outcome.TIMED_OUT in outcomes:
        return Outcome.TIMED_OUT
    if outcomes == {Outcome.NOTHING_GIVEN}:
        return Outcome.NOTHING_GIVEN
    if not kept:
        return Outcome.NOTHING_RELEVANT
    return Outcome.COMPRESSED if dropped else Outcome.UNCHANGED
