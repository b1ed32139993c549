"""Token budgets and units: what is too long is divided, and what did not fit is named."""

from __future__ import annotations

from collections.abc import Sequence

from ..text.splitting import divided
from ..text.units import STRUCTURAL, Unit
from ..types import Document, ScoredSentence, Sentence
from .selection import Selector, TokenBudget, token_budgets

# Parts take at most this share of the budget each, so that they fit with what they stand under.
_PART_OF_BUDGET = 2
# A smaller budget holds no part that says anything.
_SMALLEST_BUDGET = 8


def fitted(
    documents: Sequence[Document], sentences: tuple[Sentence, ...], selector: Selector
) -> tuple[Sentence, ...]:
    """Divide the sentences that a token budget can't hold.

    Args:
        documents: The documents.
        sentences: Their sentences.
        selector: The policy, whose token budgets count.

    Returns:
        The sentences; the parts of a divided one take at most half of the budget each, so that they
        fit with what they stand under.
    """
    budget = _smallest(selector)
    if budget is None or budget.max_tokens < _SMALLEST_BUDGET:
        return sentences
    if not any(_is_too_long(sentence, budget) for sentence in sentences):
        return sentences
    found: list[Sentence] = []
    for sentence in sentences:
        if sentence.kind in STRUCTURAL or not _is_too_long(sentence, budget):
            found.append(sentence)
            continue
        text = documents[sentence.doc_index].text
        unit = Unit(sentence.start, sentence.end, sentence.kind, sentence.path, sentence.markup)
        limit = max(1, budget.max_tokens // _PART_OF_BUDGET)
        found += (
            Sentence.of_unit(text, sentence.doc_index, part)
            for part in divided(text, unit, limit, budget.count_tokens)
        )
    return tuple(found)


def unfit_reason(
    scored: Sequence[ScoredSentence], kept: Sequence[ScoredSentence], selector: Selector
) -> str:
    """Say what did not fit into a token budget although it scored best.

    Args:
        scored: All sentences with scores.
        kept: Those that were kept.
        selector: The policy.

    Returns:
        What the best sentence is and how long it is, if it was left out for its length; else "".
    """
    budget = _smallest(selector)
    if budget is None or not scored:
        return ""
    best = max(scored, key=lambda sentence: sentence.score)
    if any((s.doc_index, s.start) == (best.doc_index, best.start) for s in kept):
        return ""
    tokens = budget.count_tokens(best.visible)
    if tokens <= budget.max_tokens:
        return ""
    return (
        f"the best sentence did not fit: {tokens} tokens at {best.start}:{best.end} of document "
        f"{best.doc_index}, and max_tokens is {budget.max_tokens}"
    )


def _smallest(selector: Selector) -> TokenBudget | None:
    return min(token_budgets(selector), key=lambda budget: budget.max_tokens, default=None)


def _is_too_long(sentence: Sentence, budget: TokenBudget) -> bool:
    # Usual tokenizers have at most one token a byte, so that short sentences need no counting.
    size = len(sentence.text) if sentence.text.isascii() else 3 * len(sentence.text)
    return size > budget.max_tokens and budget.count_tokens(sentence.visible) > budget.max_tokens
