"""The extractive compressor: split, score, select. It depends on protocols, not on a model."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import get_args

from .._utils.checks import check_choice
from ..protocols import Splitter
from ..runtime.batching import CONCURRENT, Batching, Call, MicroBatcher
from ..runtime.deadline import Deadline, check_timeout
from ..runtime.tracing import traced
from ..text.joining import INVISIBLE, Layout
from ..text.pins import Pins
from ..text.splitting import SentenceSplitter
from ..text.units import STRUCTURAL
from ..types import (
    Compression,
    Document,
    Injections,
    Outcome,
    Outline,
    Queries,
    ScoredSentence,
    ScoringTask,
    Sentence,
    assemble,
    check_batch_of_several,
    with_score,
)
from .evidence import LexicalEvidence, check_weight
from .fitting import fitted, unfit_reason
from .flags import with_flags, without_flagged
from .partial import Progress, Scored, chosen_late, late_after, score_in_groups, timed_out
from .pins import with_pins
from .prefilter import Prefilter
from .recovery import Dropped, DroppedSentence, DroppedTexts, check_recovery, recovery_of
from .scoring import (
    CrossEncoderScorer,
    DualEncoderScorer,
    FunctionScorer,
    Scorable,
    as_scorer,
    checked_scores,
)
from .selection import Place, Selector, TopK, check_selector, place_of, select
from .sentences import Known, document_sentences, document_units
from .several import merged
from .structure import Structure, folded_text

logger = logging.getLogger(__name__)

DEFAULT_SELECTOR = TopK(2)

# Of a time limit this share, but not more seconds than that, is for choosing.
_CHOOSING_SHARE = 0.1
_CHOOSING_AT_MOST_S = 0.15
# When this share of it has passed, no more documents are split before something is scored.
_SPLITTING_SHARE = 0.5


class ExtractiveCompressor:
    """Keeps the sentences of the retrieved documents that help the query (paper, section 3.1).

    Args:
        scorer: A `protocols.SentenceScorer`, or what `as_scorer` makes one of: an encoder, a
            sentence-transformers model, a cross-encoder, a function `(query, sentences) -> scores`.
        selector: Decides which of the scored sentences stay; by default the two best of all
            documents.
        splitter: Cuts a text into sentences, see `protocols.Splitter`.
        separator: Joins kept sentences with a gap between them, see `Layout`.
        elision: Marks such a gap, see `Layout`.
        document_separator: Joins the parts of different documents, see `Layout`.
        expand: How many neighbours (before, after) come along with each chosen sentence.
        outline: "headings": a chosen sentence brings what it can't be understood without: the
            nearest headings that tell its place from others, its table's header row, its list's
            lead-in, its question, its keys. "none": it comes alone.
        titles: Whether the text of a document begins with "[its title] " where that is needed to
            tell it from another document, see `Layout`.
        lexical_weight: What the words that a sentence has in common with the query count beside its
            score, from 0, nothing, to 1, everything; see `lexical.blend`. None for the default: 0.1
            for a dual encoder with cosines, 0 for other scorers. In a script that the encoder can't
            read they count more.
        prefilter: Of more sentences for one query than these, the scorer reads a quarter of this
            number: what has the most words in common with the query, so that the cost of a call is
            bounded. The other sentences are dropped, and `Compression.reason` says how many were
            read. 0 for no limit; None for the default: see `prefilter.Prefilter`.
        timeout_s: Seconds that a call may take, queueing included; None for no limit. When they
            have passed, the call returns the best so far with `Outcome.TIMED_OUT`. The last tenth
            of the time, at most 0.15 s, is for choosing among what was scored. A thread does the
            work of such calls; it stops after its current group of documents. A scorer that hangs
            keeps the thread, and later calls with a limit still return on time.
        batching: How concurrent calls are put together, see `Batching`. By default they share
            batches, one at a time. A plain function sees one query at a time: each of its calls has
            a thread.
        recovery: Where what each call drops is kept for `read_dropped`: a `DroppedTexts`, or the
            bytes of memory for a new one; None keeps nothing.
        pin: What is never dropped where its document is kept, that is where the selector keeps
            something of it: "numbers", "dates", "ids", "urls", and regular expressions. Only a
            token budget limits it, and `Compression.reason` says what did not fit.
        injections: What becomes of sentences that look like orders to the model that reads them,
            such as "ignore all previous instructions": "flag" gives them `flags`, "drop" also
            keeps none of them, "off" does not look for them. See `text.injections`.

    Raises:
        TypeError: A part has not the method that it needs.
        ValueError: A setting has no such value.
    """

    model_name: str | None = None
    """The name that it was loaded by, which traces show; None for one made of parts."""

    def __init__(
        self,
        scorer: Scorable,
        *,
        selector: Selector | None = None,
        splitter: Splitter | None = None,
        separator: str | None = None,
        elision: str = "",
        document_separator: str = "\n",
        expand: tuple[int, int] = (0, 0),
        outline: Outline = "headings",
        titles: bool = True,
        lexical_weight: float | None = None,
        prefilter: int | None = None,
        timeout_s: float | None = None,
        batching: Batching | None = None,
        recovery: DroppedTexts | int | None = None,
        pin: Sequence[str] | None = None,
        injections: Injections = "flag",
    ) -> None:
        check_choice("outline", outline, get_args(Outline))
        check_choice("injections", injections, get_args(Injections))
        self.scorer = as_scorer(scorer)
        self.selector = check_selector(DEFAULT_SELECTOR if selector is None else selector)
        self.splitter = SentenceSplitter() if splitter is None else splitter
        if not isinstance(self.splitter, Splitter):
            raise TypeError(f"{splitter!r} is not a splitter: it has no split(text)")
        self.layout = Layout(separator, elision, document_separator, titles)
        self.expand = check_expand(expand)
        self.outline: Outline = outline
        self.evidence = LexicalEvidence(self.scorer, check_weight(lexical_weight))
        self._prefilter = Prefilter(self.scorer, prefilter)
        self.timeout_s = check_timeout(timeout_s)
        if batching is None:
            batching = CONCURRENT if isinstance(self.scorer, FunctionScorer) else Batching()
        elif not isinstance(batching, Batching):
            raise TypeError(f"batching must be a Batching, got {batching!r}")
        self._batcher = MicroBatcher(batching)
        self.recovery = check_recovery(recovery)
        self.pins = Pins(pin)
        self.injections: Injections = injections

    def __repr__(self) -> str:
        return f"ExtractiveCompressor({self.scorer!r}, selector={self.selector!r})"

    @property
    def batching(self) -> Batching:
        """How concurrent calls are put together."""
        return self._batcher.batching

    def compress(
        self,
        query: str | Sequence[str],
        documents: Iterable[str | Document],
        *,
        timeout_s: float | None = None,
    ) -> Compression:
        """Compress the documents retrieved for one query.

        Args:
            query: The question; or a list of several, such as sub-questions or the turns of a
                conversation. The selector then chooses for each of them, and a token budget holds
                for all together: where it is too small, they take turns. `Compression.queries` and
                `ScoredSentence.queries` say what was kept for which.
            documents: The retrieved documents, best first or in any order. No documents, or blank
                ones, are no error: see `Outcome`.
            timeout_s: Seconds that this call may take, instead of the compressor's `timeout_s`;
                `math.inf` for no limit.

        Returns:
            The kept and the dropped sentences, and the text to prepend.

        Raises:
            TypeError: One of `documents` is neither a string nor a `Document`, or a query is no
                string.
            ValueError: A query is blank, there are none or too many, or the scorer gives no finite
                score per sentence.
        """
        return self.compress_batch([query], [documents], timeout_s=timeout_s)[0]

    @traced
    def compress_batch(
        self,
        queries: Sequence[str | Sequence[str]],
        documents_lists: Sequence[Iterable[str | Document]],
        *,
        timeout_s: float | None = None,
    ) -> list[Compression]:
        """Compress many queries' documents together, with the same results as one by one.

        A text that stands in several lists is split and encoded once. All arguments are checked
        before anything is computed; errors name the position.

        Args:
            queries: The questions; each may be a list, see `compress`.
            documents_lists: The documents retrieved for each query, in the same order.
            timeout_s: Seconds for all of them together, see `compress`.

        Returns:
            One compression per query.

        Raises:
            TypeError: As `compress`.
            ValueError: As `compress`, or the lists differ in length.
        """
        deadline = self._deadline(timeout_s)
        inputs = check_batch_of_several(queries, documents_lists)
        if deadline is None:
            return self._finished(inputs, self._compress(_each_query(inputs)))
        with self._in_time(_each_query(inputs), deadline) as (call, batch):
            call.wait(_for_scoring(deadline))
            return self._finished(inputs, self._results_so_far(call, batch))

    async def acompress(
        self,
        query: str | Sequence[str],
        documents: Iterable[str | Document],
        *,
        timeout_s: float | None = None,
    ) -> Compression:
        """Compress without blocking the event loop; calls that wait at one time share a batch.

        The arguments are checked at once. A call that is cancelled leaves the queue.

        Args:
            query: See `compress`.
            documents: See `compress`.
            timeout_s: See `compress`.

        Returns:
            What `compress` returns.

        Raises:
            QueueFullError: More calls wait than `batching` allows.
            TypeError: As `compress`.
            ValueError: As `compress`.
        """
        return (await self.acompress_batch([query], [documents], timeout_s=timeout_s))[0]

    @traced
    async def acompress_batch(
        self,
        queries: Sequence[str | Sequence[str]],
        documents_lists: Sequence[Iterable[str | Document]],
        *,
        timeout_s: float | None = None,
    ) -> list[Compression]:
        """Compress many queries' documents without blocking the event loop, see `acompress`.

        A large batch is done in parts, and other calls get their turn between them.

        Args:
            queries: See `compress_batch`.
            documents_lists: See `compress_batch`.
            timeout_s: See `compress_batch`.

        Returns:
            One compression per query.

        Raises:
            QueueFullError: More calls wait than `batching` allows.
            TypeError: As `compress_batch`.
            ValueError: As `compress_batch`.
        """
        deadline = self._deadline(timeout_s)
        inputs = check_batch_of_several(queries, documents_lists)
        if deadline is not None:
            with self._in_time(_each_query(inputs), deadline) as (call, batch):
                await call.finished(_for_scoring(deadline))
                return self._finished(inputs, self._results_so_far(call, batch))
        sizes = [sum(len(document.text) for document in documents) for _, documents in inputs]
        with self._batcher.submit(self._compress_each, inputs, sizes) as call:
            await call.finished()
            return [_result_or_raise(result) for result in call.results]

    def read_dropped(
        self, handle: str, query: str | None = None, *, max_tokens: int | None = None
    ) -> Dropped:
        """Read what a call dropped, see `DroppedTexts.read_dropped`.

        Args:
            handle: The call's `Compression.handle`.
            query: What to look for: what this compressor scores best for it comes first. None for
                the order of the documents.
            max_tokens: The most tokens of `Dropped.text`, estimated from the number of characters.

        Returns:
            The sentences; `found` is False for a handle under which nothing is kept (any longer).

        Raises:
            ValueError: The compressor was made without `recovery`, or `max_tokens` is less than 1.
            TypeError: `handle` or `query` is no string.
        """
        return recovery_of(self).read_dropped(
            handle, query, max_tokens=max_tokens, score=self._score_dropped
        )

    def _score_dropped(self, query: str, dropped: Sequence[DroppedSentence]) -> list[float]:
        # Each with what it stands under, which is all that is left of its document.
        titles = [" › ".join(filter(None, (s.title, s.heading))) or None for s in dropped]
        documents = tuple(
            Document(sentence.text, title) for sentence, title in zip(dropped, titles, strict=True)
        )
        sentences = tuple(
            Sentence(sentence.text, number, 0, len(sentence.text), markup=sentence.markup)
            for number, sentence in enumerate(dropped)
        )
        (scored,) = self._score([self._prefilter.task(query, documents, sentences)])
        blended = self.evidence.blend(query, documents, scored.sentences, scored.scores)
        scores = {sentence.doc_index: sentence.score for sentence in blended}
        lowest = min(scores.values(), default=0.0)
        return [scores.get(number, lowest) for number in range(len(dropped))]

    def _finished(self, inputs: _Given, results: list[Compression]) -> list[Compression]:
        """The results of whole calls, of those of single queries."""
        if any(not isinstance(query, str) for query, _ in inputs):
            single = iter(results)
            results = [
                next(single)
                if isinstance(query, str)
                else self._merge(query, [next(single) for _ in query])
                for query, _ in inputs
            ]
        drops = self.injections == "drop"
        if self.injections != "off":
            results = [with_flags(result, drops) for result in results]
        if self.recovery is None:
            return results
        return [
            self.recovery.record(result, self.splitter, flagged=not drops) for result in results
        ]

    def _merge(self, queries: Queries, results: Sequence[Compression]) -> Compression:
        merged_result = merged(queries, results, self.selector, outline=self.brings_outline)
        if not self.pins or not merged_result.kept:
            return merged_result
        dropped: Sequence[ScoredSentence] = merged_result.dropped
        if self.injections == "drop":
            dropped = without_flagged(dropped)
        kept, rest, note = with_pins(
            merged_result.documents, merged_result.kept, dropped, self.pins.finder(),
            self.selector, self.layout, self.brings_outline,
        )  # fmt: skip
        if len(dropped) < len(merged_result.dropped):
            places = set(map(place_of, (*kept, *rest)))
            orders = [s for s in merged_result.dropped if place_of(s) not in places]
            rest = tuple(sorted((*rest, *orders), key=place_of))
        return replace(
            merged_result,
            text=assemble(merged_result.documents, kept, self.layout),
            kept=kept,
            dropped=rest,
            reason="; ".join(filter(None, (merged_result.reason, note))),
        )

    def _deadline(self, timeout_s: float | None) -> Deadline | None:
        timeout_s = self.timeout_s if timeout_s is None else check_timeout(timeout_s)
        return None if timeout_s is None else Deadline(timeout_s)

    @property
    def lexical_weight(self) -> float:
        """What words in common with the query count beside the scorer's score, 0…1."""
        return self.evidence.weight

    @property
    def prefilter(self) -> int:
        """Of more sentences than these the scorer reads a quarter of so many; 0 for no limit."""
        return self._prefilter.most

    @property
    def brings_outline(self) -> bool:
        """Whether a chosen sentence brings its headings and the like."""
        return self.outline == "headings"

    def _compress(self, inputs: _Inputs) -> list[Compression]:
        every = (document for _, documents in inputs for document in documents)
        known = document_units(every, self.splitter)
        batch = [
            (query, documents, self._sentences(documents, known=known))
            for query, documents in inputs
        ]
        tasks = self._tasks(
            [(query, documents, _offered(sentences)) for query, documents, sentences in batch]
        )
        return [
            self._select(query, documents, sentences, scored)
            for (query, documents, sentences), scored in zip(batch, self._score(tasks), strict=True)
        ]

    def _tasks(
        self, offered: Sequence[tuple[str, tuple[Document, ...], tuple[Sentence, ...]]]
    ) -> list[ScoringTask]:
        """What is scored, of what could be scored for each query."""
        tasks = [self._prefilter.task(*one) for one in offered]
        read, given = sum(len(t.sentences) for t in tasks), sum(len(its) for _, _, its in offered)
        if read < given:
            logger.info("prefilter=%d: %d of %d sentences are scored", self.prefilter, read, given)
        return tasks

    def _sentences(
        self,
        documents: tuple[Document, ...],
        reached: Sequence[int] | None = None,
        known: Known | None = None,
    ) -> tuple[Sentence, ...]:
        """The sentences of some documents, each small enough for the budget."""
        sentences = document_sentences(documents, self.splitter, reached, known=known)
        return fitted(documents, sentences, self.selector)

    def _compress_each(self, inputs: _Given) -> list[Compression | Exception]:
        """Call `compress_batch`, also a subclass's, so that an input that fails, fails alone."""
        no_limit = {} if self.timeout_s is None else {"timeout_s": math.inf}
        queries, documents_lists = [query for query, _ in inputs], [given for _, given in inputs]
        try:
            return [*self.compress_batch(queries, documents_lists, **no_limit)]
        except Exception as error:
            if len(inputs) == 1:
                return [error]
        half = len(inputs) // 2
        return [*self._compress_each(inputs[:half]), *self._compress_each(inputs[half:])]

    # With a deadline, a thread scores in groups, and the caller takes the scores that are there.

    @contextmanager
    def _in_time(
        self, inputs: _Inputs, deadline: Deadline
    ) -> Iterator[tuple[Call, list[Progress]]]:
        batch = [Progress(query, documents, deadline) for query, documents in inputs]
        sizes = [progress.characters for progress in batch]
        try:
            with self._batcher.submit(self._compress_in_time, batch, sizes) as call:
                yield call, batch
        finally:
            for progress in batch:
                progress.abandoned = True

    def _compress_in_time(self, batch: Sequence[Progress]) -> list[Compression | Exception | None]:
        def task_of(progress: Progress, reached: Sequence[int]) -> ScoringTask:
            new = [n for n in reached if n not in progress.sentences]
            sentences = self._sentences(progress.documents, new)
            progress.add(new, sentences)
            offered = _offered(sentences)
            if progress.chosen is not None:
                chosen = (s for n in reached for s in progress.chosen.get(n, ()))
                offered = (*chosen, *offered)
            parts = {n: progress.parts[n] for n in reached if n in progress.parts}
            return ScoringTask(progress.query, progress.documents, offered, parts)

        self._choose_ahead(batch)

        by_document = getattr(
            self.scorer,
            "by_document",
            isinstance(self.scorer, (DualEncoderScorer, CrossEncoderScorer)),
        )
        score_in_groups(batch, task_of, self._score_each, by_document=by_document)
        # A caller who no longer waits has taken the scores already.
        return [
            _result_of(partial(self._current_result, p, partial(getattr, p, "abandoned")))
            if p.is_wanted
            else p.error
            for p in batch
        ]

    def _choose_ahead(self, batch: Sequence[Progress]) -> None:
        """Split what may have many sentences, and choose which of them are scored."""
        large = [p for p in batch if self._prefilter.chooses(p.characters)]
        # Several queries about the same documents share what is split.
        split: dict[int, Progress] = {}
        for progress in large:
            first = split.setdefault(id(progress.documents), progress)
            try:
                if first is progress:
                    self._split_ahead(progress)
            except Exception as error:
                progress.error = error
            progress.sentences, progress.error = dict(first.sentences), first.error
        large = [progress for progress in large if progress.error is None]
        tasks = self._tasks([(p.query, p.documents, _offered(p.split)) for p in large])
        for progress, task in zip(large, tasks, strict=True):
            progress.choose(task)

    def _split_ahead(self, progress: Progress) -> None:
        enough = _SPLITTING_SHARE * progress.deadline.left
        for n in progress.given:
            if not progress.is_wanted or progress.deadline.left < enough:
                return
            progress.add([n], self._sentences(progress.documents, [n]))

    def _results_so_far(self, call: Call, batch: Sequence[Progress]) -> list[Compression]:
        results = []
        for progress, result in zip(batch, list(call.results), strict=True):
            if progress.error is not None:
                raise progress.error
            if result is None:
                progress.abandoned = True  # the thread may be choosing too, and need not go on
                result = self._current_result(progress, late_after(progress.deadline))
            results.append(_result_or_raise(result))
        return results

    def _current_result(self, progress: Progress, is_late: Callable[[], bool]) -> Compression:
        stopped = False

        def stops() -> bool:
            nonlocal stopped
            stopped = stopped or is_late()
            return stopped

        scored = dict(progress.scored)  # a copy: the thread may still add to it
        read = [n for n in progress.given if n in scored]
        pairs = [pair for n in read for pair in scored[n]]
        compression = self._select(
            progress.query,
            progress.documents,
            [sentence for n in read for sentence in progress.sentences[n]],
            Scored(
                [sentence for sentence, _ in pairs],
                [score for _, score in pairs],
                tuple(dict.fromkeys(progress.cuts)),
            ),
            stops,
        )
        unread = [n for n in progress.given if n not in scored]
        if stopped:
            return chosen_late(compression, unread, progress.deadline, self.selector)
        if not unread:
            return compression
        return timed_out(compression, unread, progress.deadline, self.selector)

    def _score_each(self, tasks: Sequence[ScoringTask]) -> list[Scored | Exception]:
        try:
            return [*self._score(tasks)]
        except Exception as error:
            if len(tasks) == 1:
                return [error]
        return [result for task in tasks for result in self._score_each([task])]

    def _score(self, tasks: Sequence[ScoringTask]) -> list[Scored]:
        """What the scorer makes of each task."""
        asked = [task for task in tasks if task.sentences]
        scores = self.scorer.score(asked) if asked else []
        if len(scores) != len(asked):
            raise ValueError(f"the scorer gave scores for {len(scores)} of {len(asked)} queries")
        cuts = getattr(scores, "notes", None) or [()] * len(asked)
        found = zip(scores, cuts, strict=True)
        return [_scored(task, *next(found)) if task.sentences else Scored() for task in tasks]

    def _select(
        self,
        query: str,
        documents: tuple[Document, ...],
        sentences: Sequence[Sentence],
        scored: Scored,
        is_late: Callable[[], bool] | None = None,
    ) -> Compression:
        """Choose among all sentences.

        scored: Those that the scorer scored, in order. is_late: See `select`.
        """
        kept: tuple[ScoredSentence, ...] = ()
        dropped: tuple[ScoredSentence, ...] = ()
        reasons: tuple[str, ...] = ()
        if not scored.sentences:
            outcome = Outcome.NOTHING_GIVEN
        else:
            unread = _unread(sentences, scored.sentences)
            blended = self.evidence.blend(query, documents, scored.sentences, scored.scores)
            refused: list[ScoredSentence] = []
            if self.injections == "drop":
                blended, sentences, refused = _without_orders(blended, sentences)
            ranked = _with_structure(documents, sentences, blended)
            kept, dropped = select(
                documents, ranked, self.selector, self.layout, self.expand, self.brings_outline,
                is_late, unread,
            )  # fmt: skip
            unpinned = ""
            if self.pins and kept:
                kept, dropped, unpinned = with_pins(
                    documents, kept, dropped, self.pins.finder(), self.selector, self.layout,
                    self.brings_outline, is_late,
                )  # fmt: skip
            if refused:
                dropped = tuple(sorted((*dropped, *refused), key=place_of))
            chosen = self._chosen_reason(len(scored.sentences), len(unread))
            reasons = (chosen, unfit_reason(blended, kept, self.selector), unpinned)
            if not kept:
                outcome = Outcome.NOTHING_RELEVANT
            elif not dropped:
                outcome = Outcome.UNCHANGED
            else:
                outcome = Outcome.COMPRESSED
        return Compression(
            query=query,
            documents=documents,
            text=assemble(documents, kept, self.layout),
            kept=kept,
            dropped=dropped,
            sources=_sources(kept, dropped),
            outcome=outcome,
            layout=self.layout,
            truncated=bool(scored.cuts),
            reason="; ".join(note for note in (*reasons, *scored.cuts) if note),
        )

    def _chosen_reason(self, read: int, unread: int) -> str:
        if not unread:
            return ""
        return (
            f"{read} of {read + unread} sentences were scored, chosen by the words that they share "
            f"with the query (prefilter={self.prefilter})"
        )


_Inputs = Sequence[tuple[str, tuple[Document, ...]]]
_Given = Sequence[tuple[str | Queries, tuple[Document, ...]]]


def _each_query(inputs: _Given) -> _Inputs:
    """Each query alone with its documents."""
    return [
        (one, documents)
        for query, documents in inputs
        for one in ((query,) if isinstance(query, str) else query)
    ]


def _scored(task: ScoringTask, scores: Sequence[float], cuts: Sequence[str]) -> Scored:
    return Scored(task.sentences, checked_scores(task, scores), tuple(cuts))


def _offered(sentences: Sequence[Sentence]) -> tuple[Sentence, ...]:
    """The sentences that a scorer scores: not those that tell what others are about."""
    content = tuple(sentence for sentence in sentences if sentence.kind not in STRUCTURAL)
    return content or tuple(sentences)


def _unread(sentences: Sequence[Sentence], scored: Sequence[Sentence]) -> set[Place]:
    """Where the sentences begin that could be scored and were not: a prefilter left them out."""
    if len(scored) == len(sentences):
        return set()
    places = {
        (sentence.doc_index, sentence.start)
        for sentence in sentences
        if sentence.kind not in STRUCTURAL
    }
    return places.difference((sentence.doc_index, sentence.start) for sentence in scored)


def _without_orders(
    scored: Sequence[ScoredSentence], sentences: Sequence[Sentence]
) -> tuple[list[ScoredSentence], list[Sentence], list[ScoredSentence]]:
    """Scored and all sentences without those that look like orders, and these."""
    clean = without_flagged(sentences)
    places = {(sentence.doc_index, sentence.start) for sentence in clean}
    known = {place_of(sentence): sentence for sentence in scored}
    refused = [
        known.get((sentence.doc_index, sentence.start)) or with_score(sentence, 0.0)
        for sentence in sentences
        if (sentence.doc_index, sentence.start) not in places
    ]
    return [sentence for sentence in scored if place_of(sentence) in places], clean, refused


def _with_structure(
    documents: Sequence[Document],
    sentences: Sequence[Sentence],
    scored: Sequence[ScoredSentence],
) -> Sequence[ScoredSentence]:
    """All sentences with scores: a heading has the best score of what stands under it."""
    if len(scored) == len(sentences):
        return scored
    by_place = {(sentence.doc_index, sentence.start): sentence for sentence in scored}
    known = {
        position: by_place[place].score
        for position, sentence in enumerate(sentences)
        if (place := (sentence.doc_index, sentence.start)) in by_place
    }
    scores = Structure(documents, sentences).scores(known)
    return [
        by_place.get((sentence.doc_index, sentence.start)) or with_score(sentence, score)
        for sentence, score in zip(sentences, scores, strict=True)
    ]


def _sources(kept: Sequence[ScoredSentence], dropped: Sequence[ScoredSentence]) -> tuple[int, ...]:
    """The documents of the kept sentences, and those that say the same again."""
    found = {sentence.doc_index for sentence in kept}
    if dropped and kept:
        said = {
            folded_text(sentence.visible) for sentence in kept if sentence.kind not in STRUCTURAL
        }
        beginnings = {text[:1] for text in said}  # few begin like those, and folding takes time
        found.update(
            sentence.doc_index
            for sentence in dropped
            if sentence.doc_index not in found
            and sentence.visible.strip(INVISIBLE)[:1].casefold()[:1] in beginnings
            and folded_text(sentence.visible) in said
        )
    return tuple(sorted(found))


def _for_scoring(deadline: Deadline) -> float:
    """The seconds to wait for scores."""
    left = deadline.left
    return left - min(_CHOOSING_SHARE * left, _CHOOSING_AT_MOST_S)


def _result_or_raise(result: Compression | Exception) -> Compression:
    if isinstance(result, BaseException):
        raise result
    return result


def _result_of(compress: Callable[[], Compression]) -> Compression | Exception:
    try:
        return compress()
    except Exception as error:
        return error


def check_expand(expand: object) -> tuple[int, int]:
    """Check how many neighbours come along with a chosen sentence.

    Args:
        expand: (before, after).

    Returns:
        The same.

    Raises:
        ValueError: They are not two whole numbers ≥ 0.
    """
    if (
        not isinstance(expand, (tuple, list))
        or len(expand) != 2
        or not all(isinstance(n, int) and not isinstance(n, bool) and n >= 0 for n in expand)
    ):
        raise ValueError(
            f"expand must be (before, after), two whole numbers ≥ 0, got {expand!r:.80}"
        )
    return (expand[0], expand[1])
