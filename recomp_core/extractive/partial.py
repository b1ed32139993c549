"""Compression until a deadline: documents are scored in small groups, in their order.

Python can't interrupt a forward pass. So a thread scores groups of documents that each take about
an eighth of the time, and records the scores after each group. The caller waits until the deadline
and no longer, and takes the scores that are there; the thread stops after its current group.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from ..runtime.deadline import Deadline
from ..text.joining import is_blank
from ..text.units import Span
from ..types import (
    Compression,
    Document,
    Outcome,
    ScoredSentence,
    ScoringTask,
    Sentence,
    assemble,
)
from .selection import All, Selector, TokenBudget, select, token_budgets

# A group of documents takes about this part of the given time. It is at most so many times as long
# as the group before, because the speed that was measured is a rough guide.
_GROUP = 1 / 8
_GROWTH = 4


# Texts have more tokens than one for so many characters, but for long runs of spaces and the like.
_CHARACTERS_OF_A_TOKEN = 8

CHOOSING_S = 0.02
"""How long choosing may take in any case, in seconds: in a shorter time nothing could be kept."""


class Scored(NamedTuple):
    """What a scorer made of a task.

    Attributes:
        sentences: The sentences.
        scores: Their scores.
        cuts: What it did not read of them.
    """

    sentences: Sequence[Sentence] = ()
    scores: Sequence[float] = ()
    cuts: tuple[str, ...] = ()


class Progress:
    """Holds the scores of one query's documents as they arrive.

    Args:
        query: The question.
        documents: All its documents.
        deadline: When the caller stops waiting.

    Attributes:
        given: The indices of the documents to score: those that are not blank.
        sentences: All sentences of each document split so far, by its index.
        scored: The sentences of each document scored so far, each with its score, by its index.
        chosen: What a prefilter chose of each document that was split ahead; None without one.
        parts: See `ScoringTask.parts`.
        cuts: What the scorer did not read.
        error: The exception that scoring raised, or None.
        abandoned: Whether the caller has left.
    """

    def __init__(self, query: str, documents: tuple[Document, ...], deadline: Deadline) -> None:
        self.query = query
        self.documents = documents
        self.deadline = deadline
        self.given = [n for n, document in enumerate(documents) if not is_blank(document.text)]
        self.sentences: dict[int, list[Sentence]] = {}
        self.scored: dict[int, list[tuple[Sentence, float]]] = {}
        self.chosen: dict[int, list[Sentence]] | None = None
        self.parts: Mapping[int, Sequence[Span]] = {}
        self.cuts: list[str] = []
        self.error: Exception | None = None
        self.abandoned = False

    def add(self, reached: Sequence[int], sentences: Sequence[Sentence]) -> None:
        """Note the sentences of documents that are about to be scored.

        Args:
            reached: The documents' indices.
            sentences: All their sentences.
        """
        self.sentences.update({n: [] for n in reached})
        for sentence in sentences:
            self.sentences[sentence.doc_index].append(sentence)

    @property
    def split(self) -> list[Sentence]:
        """All sentences of the documents that are split so far."""
        return [sentence for its in self.sentences.values() for sentence in its]

    def choose(self, task: ScoringTask) -> None:
        """Note what a prefilter chose of the documents that are split.

        Args:
            task: What it chose.
        """
        self.parts = task.parts
        self.chosen = {n: [] for n in self.sentences}
        for sentence in task.sentences:
            self.chosen[sentence.doc_index].append(sentence)

    def size(self, position: int) -> int:
        """About how many characters of a document are read.

        Args:
            position: The document's index.

        Returns:
            The number, at least 1.
        """
        if self.chosen is None or position not in self.chosen:
            return len(self.documents[position].text)
        return 1 + sum(len(sentence.text) for sentence in self.chosen[position])

    @property
    def is_wanted(self) -> bool:
        """Whether to score more: nothing failed, and somebody still waits."""
        return self.error is None and not self.abandoned and self.deadline.left > 0

    @property
    def characters(self) -> int:
        """The length of all documents, in characters."""
        return sum(len(document.text) for document in self.documents)


def score_in_groups(
    batch: Sequence[Progress],
    tasks_of: Callable[[Progress, Sequence[int]], ScoringTask],
    score: Callable[[Sequence[ScoringTask]], Sequence[Scored | Exception]],
    *,
    by_document: bool,
) -> None:
    """Score until everything is scored, or nobody waits any longer.

    The queries take turns, one document each, so that at the deadline the first documents of all
    of them are scored.

    Args:
        batch: The queries; their `scored` and `error` are filled.
        tasks_of: Makes a task of some documents of a query, given by index.
        score: Takes tasks and returns for each what the scorer made of it, or its error.
        by_document: Whether a document's scores do not depend on the query's other documents.
            Otherwise all documents of a query are scored together, and it has all scores or none.
    """
    turns = deque((progress, deque(progress.given)) for progress in batch if progress.given)
    slice_s = min((p.deadline.timeout_s for p in batch), default=0.0) * _GROUP
    room = 0.0  # characters; the speed is not known yet, so the first group is one document
    while turns:
        group: dict[Progress, list[int]] = {}
        characters = 0
        while turns and (not group or characters < room):
            progress, left = turns.popleft()
            if not progress.is_wanted:
                continue
            reached = [left.popleft()] if by_document else list(left)
            group.setdefault(progress, []).extend(reached)
            characters += sum(map(progress.size, reached))
            if by_document and left:
                turns.append((progress, left))
        if not group:
            return
        clock = batch[0].deadline.clock
        started = clock()
        tasks: dict[Progress, ScoringTask] = {}
        for progress, reached in group.items():
            try:
                tasks[progress] = tasks_of(progress, reached)
            except Exception as error:
                progress.error = error
        for progress, result in zip(tasks, score(list(tasks.values())), strict=True):
            _record(progress, group[progress], result)
        elapsed = clock() - started
        speed = characters / elapsed if elapsed > 0 else math.inf  # characters per second
        room = min(speed * slice_s, _GROWTH * characters)


def _record(progress: Progress, reached: Sequence[int], result: Scored | Exception) -> None:
    if isinstance(result, Exception):
        progress.error = result
        return
    by_document: dict[int, list[tuple[Sentence, float]]] = {n: [] for n in reached}
    for sentence, score in zip(result.sentences, result.scores, strict=True):
        by_document[sentence.doc_index].append((sentence, score))
    progress.cuts.extend(result.cuts)
    progress.scored.update(by_document)


def late_after(deadline: Deadline) -> Callable[[], bool]:
    """Make a function that tells when choosing has to end.

    Args:
        deadline: The call's deadline.

    Returns:
        The function. Choosing begins when it is first called, and has at least `CHOOSING_S`.
    """
    ends: list[Deadline] = []

    def is_late() -> bool:
        if not ends:
            ends.append(deadline.at_least(CHOOSING_S))
        return ends[0].left <= 0

    return is_late


def chosen_late(
    compression: Compression, unread: Sequence[int], deadline: Deadline, selector: Selector
) -> Compression:
    """Make the result of a call whose deadline came while it chose among scored sentences.

    Args:
        compression: What was chosen until then: the best sentences.
        unread: The indices of the documents that were not scored.
        deadline: The deadline.
        selector: The compressor's selector.

    Returns:
        The compression with `Outcome.TIMED_OUT`; all documents if nothing was chosen.
    """
    given = [n for n, document in enumerate(compression.documents) if not is_blank(document.text)]
    reason = _so_far(compression, unread, deadline)
    if not compression.kept:
        kept, came = _whole(compression, given, deadline, selector)
        return _late(compression, kept, f"{reason}, and no sentence was chosen; they {came}")
    reason += f" and {len(compression.kept)} sentences chosen; the others are left out"
    return replace(compression, outcome=Outcome.TIMED_OUT, reason=reason)


def timed_out(
    compression: Compression,
    unread: Sequence[int],
    deadline: Deadline,
    selector: Selector | None = None,
) -> Compression:
    """Make the result of a call whose deadline came before all documents were scored.

    If nothing was kept of the scored documents, the others come whole, as far as a `TokenBudget`
    among the selector's policies lets them, and as far as their tokens can be counted in
    `CHOOSING_S`: unread documents may help. Each is kept as one sentence with the score 0.0.

    Args:
        compression: The result of the documents that were scored.
        unread: The indices of the others.
        deadline: The deadline.
        selector: The compressor's selector, whose token budgets hold here too.

    Returns:
        A compression with `Outcome.TIMED_OUT` and a reason that says how many were scored.
    """
    reason = _so_far(compression, unread, deadline)
    if compression.text:
        reason += "; the others are left out"
        return replace(compression, outcome=Outcome.TIMED_OUT, reason=reason)
    kept, came = _whole(compression, unread, deadline, selector)
    read_all = len(unread) == sum(not is_blank(d.text) for d in compression.documents)
    return _late(compression, kept, f"{reason}; {'they' if read_all else 'the others'} {came}")


def _so_far(compression: Compression, unread: Sequence[int], deadline: Deadline) -> str:
    given = sum(not is_blank(document.text) for document in compression.documents)
    limit = f"{deadline.timeout_s:g} s had passed"
    return f"{limit} with {given - len(unread)} of {given} documents scored"


def _whole(
    compression: Compression, wanted: Sequence[int], deadline: Deadline, selector: Selector | None
) -> tuple[tuple[ScoredSentence, ...], str]:
    """Whole documents, as far as the budgets and the time let them come, and that in words."""
    documents, layout = compression.documents, compression.layout
    whole = tuple(
        ScoredSentence(text, n, 0, len(text), 0.0)
        for n, text in ((n, documents[n].text) for n in wanted)
    )
    budgets = token_budgets(selector)
    text = assemble(documents, whole, layout)
    if all(_fits(text, budget) for budget in budgets):
        return whole, "come as they are"
    kept, _ = select(documents, whole, All(*budgets), layout, is_late=late_after(deadline))
    return kept, f"come as they are, {len(kept)} of {len(whole)}, as far as max_tokens and time go"


def _fits(text: str, budget: TokenBudget) -> bool:
    # A much longer text does not fit, and counting it would take time.
    longest = _CHARACTERS_OF_A_TOKEN * budget.max_tokens
    return len(text) <= longest and budget.count_tokens(text) <= budget.max_tokens


def _late(compression: Compression, kept: tuple[ScoredSentence, ...], reason: str) -> Compression:
    return replace(
        compression,
        text=assemble(compression.documents, kept, compression.layout),
        kept=kept,
        sources=tuple(sentence.doc_index for sentence in kept),
        outcome=Outcome.TIMED_OUT,
        reason=reason,
    )
