"""What can be known before a deadline: documents are scored in small groups, in their order.

A forward pass can't be interrupted from Python. So scoring goes on in a thread, in groups that take
about an eighth of the time each, and what is known is written down after every one. The caller
waits until the deadline and no longer, and takes what is there; the thread stops after the group.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace

from ..runtime.deadline import Deadline
from ..text.joining import is_blank
from ..types import Compression, Document, Outcome, ScoredSentence, ScoringTask, assemble
from .selection import All, Selector, TokenBudget, select

# A group of documents takes about this part of the time that was given, and is at most so many
# times as long as the one before: how fast it goes is known only so well.
_GROUP = 1 / 8
_GROWTH = 4


class Progress:
    """One query's documents on their way to scores, as far as they got.

    given: which documents there are to score, by index: those that are not blank.
    scored: for each document that was reached, by index, its sentences with their scores.
    error: what scoring raised, if it did.
    """

    def __init__(self, query: str, documents: tuple[Document, ...], deadline: Deadline) -> None:
        self.query = query
        self.documents = documents
        self.deadline = deadline
        self.given = [n for n, document in enumerate(documents) if not is_blank(document.text)]
        self.scored: dict[int, list[ScoredSentence]] = {}
        self.error: Exception | None = None
        self.abandoned = False

    @property
    def is_wanted(self) -> bool:
        """Whether anything can still come of it: it did not fail, and somebody waits for it."""
        return self.error is None and not self.abandoned and self.deadline.left > 0

    @property
    def characters(self) -> int:
        return sum(len(document.text) for document in self.documents)


def score_in_groups(
    batch: Sequence[Progress],
    tasks_of: Callable[[Progress, Sequence[int]], ScoringTask],
    score: Callable[[Sequence[ScoringTask]], Sequence[list[ScoredSentence] | Exception]],
    *,
    by_document: bool,
) -> None:
    """Score until all is scored, or until nobody waits for more.

    The queries take turns, a document each, so that what is known at the deadline is of the first
    documents of all of them.

    tasks_of: some documents of a query, by index, as a task.
    score: tasks to their sentences with scores, or the error that befell a task.
    by_document: whether a document's scores do not depend on the query's other documents. Otherwise
        all documents of a query are scored together: known is all or nothing.
    """
    turns = deque((progress, deque(progress.given)) for progress in batch if progress.given)
    slice_s = min((p.deadline.timeout_s for p in batch), default=0.0) * _GROUP
    room = 0.0  # characters; how fast it goes is not known yet, so one document is the first group
    while turns:
        group: dict[Progress, list[int]] = {}
        characters = 0
        while turns and (not group or characters < room):
            progress, left = turns.popleft()
            if not progress.is_wanted:
                continue
            reached = [left.popleft()] if by_document else list(left)
            group.setdefault(progress, []).extend(reached)
            characters += sum(len(progress.documents[n].text) for n in reached)
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
            _write_down(progress, group[progress], result)
        elapsed = clock() - started
        speed = characters / elapsed if elapsed > 0 else math.inf  # characters per second
        room = min(speed * slice_s, _GROWTH * characters)


def _write_down(
    progress: Progress, reached: Sequence[int], result: list[ScoredSentence] | Exception
) -> None:
    if isinstance(result, Exception):
        progress.error = result
        return
    by_document: dict[int, list[ScoredSentence]] = {n: [] for n in reached}
    for sentence in result:
        by_document[sentence.doc_index].append(sentence)
    progress.scored.update(by_document)


def cut_short(
    known: Compression, unread: Sequence[int], timeout_s: float, selector: Selector | None = None
) -> Compression:
    """What stands in for the compression that the deadline cut short.

    known: what comes of the documents that were scored; `unread` are the others, by index. If
    nothing was kept of the former, the latter come whole, as far as a `TokenBudget` among the
    selector's policies lets them: what nobody has looked at may help. Each of them is then kept as
    one sentence with the score 0.0.
    """
    read = sum(not is_blank(document.text) for document in known.documents) - len(unread)
    reason = f"{timeout_s:g} s had passed with {read} of {read + len(unread)} documents scored; "
    if known.text:
        return replace(known, outcome=Outcome.TIMED_OUT, reason=f"{reason}the others are left out")
    kept = tuple(
        ScoredSentence(text, n, 0, len(text), 0.0)
        for n, text in ((n, known.documents[n].text) for n in unread)
    )
    if budgets := _budgets(selector):
        kept, _ = select(known.documents, kept, All(*budgets), known.layout)
    return replace(
        known,
        text=assemble(known.documents, kept, known.layout),
        kept=kept,
        sources=tuple(sentence.doc_index for sentence in kept),
        outcome=Outcome.TIMED_OUT,
        reason=f"{reason}{'the others' if read else 'they'} come as they are",
    )


def _budgets(selector: Selector | None) -> list[TokenBudget]:
    parts = selector.selectors if isinstance(selector, All) else (selector,)
    return [part for part in parts if isinstance(part, TokenBudget)]
