"""The abstractive compressor: fill a prompt, summarize, check. It depends on protocols only."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from typing import Literal, get_args

from .._utils.checks import check_choice
from ..errors import BatchError
from ..extractive.recovery import Dropped, DroppedTexts, check_recovery, recovery_of
from ..extractive.sentences import document_sentences
from ..prompts import T5_PROMPT, PromptTemplate
from ..protocols import (
    Candidate,
    Compressor,
    SentenceScorer,
    Splitter,
    Summarizer,
    SummaryGate,
    Verdict,
)
from ..runtime.batching import CONCURRENT, MicroBatcher
from ..runtime.tracing import stream_span, traced
from ..text.joining import Layout, is_blank
from ..text.splitting import SentenceSplitter
from ..types import (
    Compression,
    Document,
    Excerpt,
    Outcome,
    ScoredSentence,
    SummarySentence,
    check_batch,
    excerpt_starts,
    shown_layout,
    with_score,
)
from .attribution import OverlapScorer, link_all
from .streams import LengthLimit, iterate_in_thread

Reads = Literal["excerpt", "sentence"]
"""What a summarizer reads of an extraction, see `AbstractiveCompressor`."""


def check_reads(reads: Reads, extractor: object) -> None:
    """Check that what a summarizer is to read will be there.

    Args:
        reads: See `AbstractiveCompressor`.
        extractor: What picks the sentences, or what it will be made of; None without any.

    Raises:
        ValueError: There is no such choice, or nothing picks single sentences.
    """
    check_choice("reads", reads, get_args(Reads))
    if reads == "sentence" and extractor is None:
        raise ValueError(
            'reads="sentence" needs extractor=, such as load_compressor(top_k=6): it picks and '
            "orders the sentences"
        )


def check_room(summarizer: Summarizer, prompt: str | PromptTemplate | None = None) -> None:
    """Check that a summarizer can read more than the prompt around the documents.

    Args:
        summarizer: Who is asked.
        prompt: The prompt of its compressor; None for the default.

    Raises:
        ValueError: There is no room, whatever the query and the documents.
    """
    limit = summarizer.max_input_tokens
    bare = summarizer.count_tokens(_template(summarizer, prompt).format("", ""))
    if limit is not None and bare >= limit:
        raise ValueError(
            f"the prompt alone takes {bare} tokens, and the model reads {limit}: no document has "
            "room. Give a shorter prompt, fewer max_new_tokens where they share the model's "
            "positions, more max_input_tokens, or a model with more positions"
        )


def _template(summarizer: Summarizer, prompt: str | PromptTemplate | None) -> PromptTemplate:
    if prompt is None:
        prompt = getattr(summarizer, "default_prompt", T5_PROMPT)
    return PromptTemplate(prompt) if isinstance(prompt, str) else prompt


class AbstractiveCompressor:
    """Writes a short summary of the documents for the query, or nothing (paper, section 3.2).

    The summarizer reads documents whole and in order, as many as fit into its `max_input_tokens`;
    if not even the first fits, it is cut. With an extractor it reads first what scores highest, so
    that what does not fit is what matters least.
    `Compression.sources` and `truncated` say what was read. Where a summary is not shorter than
    the documents, the documents stay as they are.

    Args:
        summarizer: A `protocols.Summarizer`: `Seq2SeqSummarizer`, `LLMSummarizer`, or your own.
        prompt: A `PromptTemplate` or its text with the fields {query} and {documents}. By default
            the summarizer's own prompt, or the string that the published checkpoints were trained
            on.
        titles: Whether the prompt shows the documents' titles. By default it does if it numbers the
            documents, as that of language models does (`PromptTemplate.numbered`).
        extractor: An extractive compressor that first picks the sentences for the summarizer to
            read. This is much cheaper, and citations still point into the original documents.
        reads: What the summarizer reads of an extraction: each document's "excerpt", the one with
            the best sentence first, or each "sentence" alone under its document's title, the best
            first. A summarizer that was trained on single sentences chooses better among them.
        gate: Decides whether a summary is prepended, see the module `gates`.
        fallback: The compressor whose result replaces a summary that the gate refuses; by default
            the extractor.
        support_scorer: Finds the source sentences that support each sentence of a summary. By
            default it counts shared words, which needs no model.
        splitter: Cuts texts into sentences.
        recovery: Where what each call leaves out is kept for `read_dropped`: a `DroppedTexts`, or
            the bytes of memory for a new one; None keeps nothing. A summary leaves out all that it
            was made from. A stream has no handle, so nothing is kept of it.

    Raises:
        TypeError: A part has not the method that it needs.
        ValueError: The prompt lacks a field, or single sentences shall be read without an extractor
            that picks them.
    """

    model_name: str | None = None
    """The name that it was loaded by, which traces show; None for one made of parts."""

    def __init__(
        self,
        summarizer: Summarizer,
        *,
        prompt: PromptTemplate | str | None = None,
        titles: bool | None = None,
        extractor: Compressor | None = None,
        reads: Reads = "excerpt",
        gate: SummaryGate | None = None,
        fallback: Compressor | None = None,
        support_scorer: SentenceScorer | None = None,
        splitter: Splitter | None = None,
        recovery: DroppedTexts | int | None = None,
    ) -> None:
        _check_part("summarizer", summarizer, Summarizer)
        for name, part, protocol in (
            ("extractor", extractor, Compressor),
            ("gate", gate, SummaryGate),
            ("fallback", fallback, Compressor),
            ("support_scorer", support_scorer, SentenceScorer),
            ("splitter", splitter, Splitter),
        ):
            if part is not None:
                _check_part(name, part, protocol)
        check_reads(reads, extractor)
        self.summarizer = summarizer
        self.prompt = _template(summarizer, prompt)
        self.titles = self.prompt.numbered if titles is None else titles
        self.extractor = extractor
        self.reads = reads
        self.gate = gate
        self.fallback = extractor if fallback is None else fallback
        self.support_scorer = OverlapScorer() if support_scorer is None else support_scorer
        self.splitter = SentenceSplitter() if splitter is None else splitter
        self.layout = Layout()
        self._threads = MicroBatcher(CONCURRENT)
        self.recovery = check_recovery(recovery)

    def __repr__(self) -> str:
        parts = {"extractor": self.extractor, "gate": self.gate}
        given = "".join(f", {name}={part!r}" for name, part in parts.items() if part is not None)
        return f"AbstractiveCompressor({self.summarizer!r}{given})"

    def compress(self, query: str, documents: Iterable[str | Document]) -> Compression:
        """Summarize the documents retrieved for one query.

        Args:
            query: The question.
            documents: The retrieved documents, best first. No documents, or blank ones, are no
                error: see `Outcome`.

        Returns:
            The text to prepend, with its sources.

        Raises:
            TypeError: One of `documents` is neither a string nor a `Document`.
            ValueError: The query is blank, or it leaves no room for a document in the prompt.
            Exception: The error of the summarizer, the gate or the fallback.
        """
        (result,) = self._compress(check_batch([query], [documents]))
        return _result_or_raise(result)

    def compress_batch(
        self, queries: Sequence[str], documents_lists: Sequence[Iterable[str | Document]]
    ) -> list[Compression]:
        """Summarize many queries' documents, with the same results as one by one.

        Args:
            queries: The questions.
            documents_lists: The documents retrieved for each query, in the same order.

        Returns:
            One compression per query.

        Raises:
            BatchError: A query failed; the error holds the finished results.
            TypeError: As `compress`.
            ValueError: A query is blank, or the lists differ in length.
        """
        return _all_or_raise(self._compress(check_batch(queries, documents_lists)))

    async def acompress(self, query: str, documents: Iterable[str | Document]) -> Compression:
        """Summarize the documents of one query without blocking the event loop.

        Args:
            query: See `compress`.
            documents: See `compress`.

        Returns:
            What `compress` returns.

        Raises:
            TypeError: As `compress`.
            ValueError: As `compress`.
            Exception: As `compress`.
        """
        (result,) = await self._acompress(check_batch([query], [documents]))
        return _result_or_raise(result)

    async def acompress_batch(
        self, queries: Sequence[str], documents_lists: Sequence[Iterable[str | Document]]
    ) -> list[Compression]:
        """Summarize many queries' documents without blocking the event loop.

        Args:
            queries: See `compress_batch`.
            documents_lists: See `compress_batch`.

        Returns:
            One compression per query.

        Raises:
            BatchError: As `compress_batch`.
            TypeError: As `compress_batch`.
            ValueError: As `compress_batch`.
        """
        return _all_or_raise(await self._acompress(check_batch(queries, documents_lists)))

    def read_dropped(
        self, handle: str, query: str | None = None, *, max_tokens: int | None = None
    ) -> Dropped:
        """Read what a call left out, see `DroppedTexts.read_dropped`.

        Args:
            handle: The call's `Compression.handle`.
            query: What to look for: what has most words in common with it comes first. None for
                the order of the documents.
            max_tokens: The most tokens of `Dropped.text`, estimated from the number of characters.

        Returns:
            The sentences; `found` is False for a handle under which nothing is kept (any longer).

        Raises:
            ValueError: The compressor was made without `recovery`, or `max_tokens` is less than 1.
            TypeError: `handle` or `query` is no string.
        """
        return recovery_of(self).read_dropped(handle, query, max_tokens=max_tokens)

    def stream(self, query: str, documents: Iterable[str | Document]) -> Iterator[str]:
        """Summarize the documents of one query piece by piece.

        A gate must see the whole summary: with one, the text comes in one piece. A summary that
        grows as long as the documents ends there, because no piece can be taken back.

        Args:
            query: See `compress`.
            documents: See `compress`.

        Yields:
            The pieces of the text as they are written; joined, they are `compress(…).text`.

        Raises:
            TypeError: As `compress`.
            ValueError: As `compress`.
            Exception: As `compress`.
        """
        inputs = check_batch([query], [documents])
        if self.gate is not None:
            if text := self.compress(*inputs[0]).text:
                yield text
            return
        (job,) = self._prepare(inputs)
        if job.result is not None:
            yield from _whole_text(job.result)
            return
        limit = LengthLimit(len(job.original_text))
        with stream_span(self, job.query, job.documents) as written:
            for piece in self.summarizer.stream(job.prompt):
                if allowed := limit.allow(piece):
                    written(allowed)
                    yield allowed
                if limit.reached:
                    return

    async def astream(self, query: str, documents: Iterable[str | Document]) -> AsyncIterator[str]:
        """Summarize the documents of one query piece by piece, without blocking the event loop.

        Args:
            query: See `compress`.
            documents: See `compress`.

        Yields:
            What `stream` yields.

        Raises:
            TypeError: As `compress`.
            ValueError: As `compress`.
            Exception: As `compress`.
        """
        inputs = check_batch([query], [documents])
        if self.gate is not None:
            if text := (await self.acompress(*inputs[0])).text:
                yield text
            return
        (job,) = await self._aprepare(inputs)
        if job.result is not None:
            for piece in _whole_text(job.result):
                yield piece
            return
        limit = LengthLimit(len(job.original_text))
        with stream_span(self, job.query, job.documents) as written:
            async for piece in self._apieces(job.prompt):
                if allowed := limit.allow(piece):
                    written(allowed)
                    yield allowed
                if limit.reached:
                    return

    # One call prepares the prompts, has them answered, and finishes. A job whose result is known
    # early (nothing to read, a query that is too long) does not go to the summarizer.

    @traced
    def _compress(self, inputs: _Inputs) -> list[Compression | Exception]:
        jobs = self._prepare(inputs)
        open_jobs = [job for job in jobs if job.result is None]
        summaries = self.summarizer.summarize([job.prompt for job in open_jobs])
        return self._finish(jobs, open_jobs, summaries)

    @traced
    async def _acompress(self, inputs: _Inputs) -> list[Compression | Exception]:
        jobs = await self._aprepare(inputs)
        open_jobs = [job for job in jobs if job.result is None]
        prompts = [job.prompt for job in open_jobs]
        asummarize = getattr(self.summarizer, "asummarize", None)
        if asummarize is None:
            summaries = await self._threads.run(partial(self.summarizer.summarize, prompts))
        else:
            summaries = await asummarize(prompts)
        return await self._threads.run(partial(self._finish, jobs, open_jobs, summaries))

    async def _apieces(self, prompt: str) -> AsyncIterator[str]:
        if hasattr(self.summarizer, "astream"):
            async for piece in self.summarizer.astream(prompt):
                yield piece
        else:
            async for piece in iterate_in_thread(self.summarizer.stream(prompt), self._threads):
                yield piece

    def _prepare(self, inputs: _Inputs) -> list[_Job]:
        if self.extractor is None:
            return self._jobs(inputs, [None] * len(inputs))
        return self._jobs(inputs, self.extractor.compress_batch(*_columns(inputs)))

    async def _aprepare(self, inputs: _Inputs) -> list[_Job]:
        extractions: Sequence[Compression | None] = [None] * len(inputs)
        if self.extractor is not None:  # its own batcher puts concurrent calls together
            extractions = await self.extractor.acompress_batch(*_columns(inputs))
        return await self._threads.run(partial(self._jobs, inputs, extractions))

    def _jobs(self, inputs: _Inputs, extractions: Sequence[Compression | None]) -> list[_Job]:
        return [
            self._job(query, documents, extraction)
            for (query, documents), extraction in zip(inputs, extractions, strict=True)
        ]

    def _job(
        self, query: str, documents: tuple[Document, ...], extraction: Compression | None
    ) -> _Job:
        job = _Job(query, documents, extraction, self.layout, self.titles)
        readable = job.readable(self.reads)
        if not readable:
            # No text was given, or the extractor found nothing relevant: nothing to summarize.
            job.result = extraction or job.compression("", Outcome.NOTHING_GIVEN)
            return job
        try:
            self._fit(job, readable)
        except ValueError as error:
            job.result = error
        return job

    def _fit(self, job: _Job, readable: Sequence[_Part]) -> None:
        """Put as many whole documents into the prompt as fit, or the beginning of the first."""
        limit = self.summarizer.max_input_tokens
        shown: list[tuple[str, str]] = []
        for part in readable:
            prompt = self.prompt.fill(job.query, (*shown, self._shown(part.document)))
            if limit is not None and self.summarizer.count_tokens(prompt) > limit:
                break
            job.prompt = prompt
            shown.append(self._shown(part.document))
            job.read.append(part)
        if not job.read:
            job.prompt, cut = self._cut(job.query, readable[0].document, limit or 0)
            job.read.append(replace(readable[0], document=cut))
            job.truncated = True

    def _cut(self, query: str, document: Document, limit: int) -> tuple[str, Document]:
        """Return the prompt with as much of the document as fits, and that part."""
        around = self.summarizer.count_tokens(self.prompt.format(query, ""))
        head = self.prompt.fill(query, [self._shown(replace(document, text=""))])
        room = limit - self.summarizer.count_tokens(head)
        while room > 0:
            cut = replace(document, text=self.summarizer.truncate(document.text, room))
            prompt = self.prompt.fill(query, [self._shown(cut)])
            excess = self.summarizer.count_tokens(prompt) - limit
            if excess <= 0 and not is_blank(cut.text):
                return prompt, cut
            # Tokens merge and split at the seams: a text that fits alone may not fit in the prompt.
            room -= max(excess, 1)
        raise ValueError(
            f"the query and the prompt leave no room for a document: they take {around} of "
            f"{limit} tokens. Shorten the query, or raise max_input_tokens"
        )

    def _shown(self, document: Document) -> tuple[str, str]:
        return (document.title or "" if self.titles else "", document.text)

    def _finish(
        self,
        jobs: Sequence[_Job],
        open_jobs: Sequence[_Job],
        summaries: Sequence[str | Exception],
    ) -> list[Compression | Exception]:
        written: list[tuple[_Job, str]] = []
        for job, summary in zip(open_jobs, summaries, strict=True):
            job.cited = tuple(getattr(summary, "sources", ()))
            if isinstance(summary, Exception):
                job.result = summary
            elif is_blank(summary):
                job.result = job.compression("", Outcome.NOTHING_RELEVANT)
            elif len(summary.strip()) >= len(job.original_text):
                job.result = self._unchanged(job)
            else:
                written.append((job, summary.strip()))
        for (job, _), verdict in zip(written, self._verdicts(written), strict=True):
            job.result = verdict if isinstance(verdict, Exception) else self._settle(job, verdict)
        self._cite([job for job, _ in written])
        return [self._recorded(job.result) for job in jobs if job.result is not None]

    def _recorded(self, result: Compression | Exception) -> Compression | Exception:
        if self.recovery is None or isinstance(result, Exception):
            return result
        return self.recovery.record(result, self.splitter)

    def _verdicts(self, written: Sequence[tuple[_Job, str]]) -> list[Verdict | Exception]:
        candidates = [job.candidate(summary) for job, summary in written]
        if self.gate is None:
            return [Verdict(candidate.summary) for candidate in candidates]
        return _verdicts_of(self.gate.check, candidates)

    def _settle(self, job: _Job, verdict: Verdict) -> Compression | Exception:
        if verdict.fall_back and self.fallback is not None:
            return self._fall_back(job, verdict)
        if is_blank(verdict.summary):
            return job.compression("", Outcome.REFUSED, reason=verdict.reason)
        return job.compression(
            verdict.summary,
            Outcome.COMPRESSED,
            reason=verdict.reason,
            support=job.located(verdict.support),
        )

    def _fall_back(self, job: _Job, verdict: Verdict) -> Compression | Exception:
        try:
            kept = job.extraction if self.fallback is self.extractor else None
            if kept is None:
                assert self.fallback is not None  # noqa: S101 - the caller looked
                kept = self.fallback.compress(job.query, job.documents)
        except Exception as error:
            return error
        # If the fallback kept nothing either, its own outcome says more.
        outcome = Outcome.FELL_BACK if kept.text else kept.outcome
        return replace(kept, outcome=outcome, reason=verdict.reason)

    def _unchanged(self, job: _Job) -> Compression:
        whole = [
            with_score(sentence, 0.0)
            for sentence in document_sentences(job.documents, self.splitter)
        ]
        unchanged = job.compression(
            job.original_text,
            Outcome.UNCHANGED,
            reason="the summary was not shorter than the documents",
        )
        return replace(unchanged, kept=tuple(whole), dropped=())

    def _cite(self, jobs: Sequence[_Job]) -> None:
        """Link the summaries that no gate has linked to their sources."""
        unlinked = [
            (job, job.result)
            for job in jobs
            if isinstance(job.result, Compression)
            and job.result.outcome is Outcome.COMPRESSED
            and not job.result.support
        ]
        links = link_all(
            [job.candidate(result.text) for job, result in unlinked],
            scorer=self.support_scorer,
            splitter=self.splitter,
        )
        for (job, result), support in zip(unlinked, links, strict=True):
            job.result = replace(result, support=job.located(support))


_Inputs = Sequence[tuple[str, tuple[Document, ...]]]


def _columns(inputs: _Inputs) -> tuple[list[str], list[tuple[Document, ...]]]:
    return [query for query, _ in inputs], [documents for _, documents in inputs]


@dataclass(frozen=True)
class _Part:
    """What the summarizer reads of a document.

    Attributes:
        doc_index: The position of the document among those of the call.
        document: The document with the text that is read: the original, its excerpt, or the
            beginning that fits.
        kept: The extracted sentences that the text is made of; none without an extractor.
    """

    doc_index: int
    document: Document
    kept: tuple[ScoredSentence, ...] = ()


@dataclass
class _Job:
    """Holds one query between the steps.

    Attributes:
        query: The question.
        documents: All its documents.
        extraction: What the extractor kept of the documents; None without an extractor.
        layout: What joins the documents.
        titles: Whether the prompt shows titles; then excerpts need none of their own.
        prompt: What the summarizer reads; "" until it is filled.
        read: What stands in the prompt.
        truncated: Whether the last of them was cut.
        cited: Which of them the summary is drawn from, counted from 1, where the summarizer says.
        result: The result or the error; None until it is decided.
        original_text: The text that would be prepended without compressing.
    """

    query: str
    documents: tuple[Document, ...]
    extraction: Compression | None
    layout: Layout
    titles: bool

    def __post_init__(self) -> None:
        self.prompt = ""
        self.read: list[_Part] = []
        self.truncated = False
        self.cited: tuple[int, ...] = ()
        self.result: Compression | Exception | None = None
        # In the layout of the result, so that its text is what its documents make.
        layout = self.layout if self.extraction is None else self.extraction.layout
        self.original_text = layout.join(document.text for document in self.documents)

    def readable(self, reads: Reads) -> list[_Part]:
        """What the summarizer may read, what matters most first."""
        if self.extraction is None:
            return [
                _Part(index, document)
                for index, document in enumerate(self.documents)
                if not is_blank(document.text)
            ]
        shown = self.as_read(self.extraction)
        excerpts: Iterable[Excerpt] = shown.by_document()
        if reads == "sentence":
            alone = [replace(shown, kept=(sentence,)) for sentence in shown.kept]
            excerpts = chain.from_iterable(each.by_document() for each in alone)
        return [
            _Part(excerpt.doc_index, replace(excerpt.document, text=excerpt.text), excerpt.kept)
            for excerpt in sorted(excerpts, key=lambda excerpt: -excerpt.score)
        ]

    def as_read(self, extraction: Compression) -> Compression:
        """The extraction in the layout in which the summarizer reads it."""
        layout = shown_layout(self.documents, extraction.kept, extraction.layout)
        titles = layout.titles and not self.titles
        return replace(extraction, layout=replace(layout, titles=titles))

    def candidate(self, summary: str) -> Candidate:
        return Candidate(self.query, tuple(part.document for part in self.read), summary)

    def compression(
        self,
        text: str,
        outcome: Outcome,
        *,
        reason: str = "",
        support: tuple[SummarySentence, ...] = (),
    ) -> Compression:
        return Compression(
            query=self.query,
            documents=self.documents,
            text=text,
            kept=() if self.extraction is None else self.extraction.kept,
            dropped=() if self.extraction is None else self.extraction.dropped,
            sources=self._sources(),
            outcome=outcome,
            layout=self.layout if self.extraction is None else self.extraction.layout,
            truncated=self.truncated,
            reason=reason,
            support=support,
        )

    def _sources(self) -> tuple[int, ...]:
        """The documents that were read, or those of them that the summary is drawn from."""
        read = [part.doc_index for part in self.read]
        cited = {read[number - 1] for number in self.cited if 0 < number <= len(read)}
        return tuple(sorted(cited or set(read)))

    def located(self, support: Sequence[SummarySentence]) -> tuple[SummarySentence, ...]:
        """Return the sentences with sources in the original documents, not in what was read."""
        return tuple(
            replace(sentence, sources=tuple(map(self._original, sentence.sources)))
            for sentence in support
        )

    def _original(self, source: ScoredSentence) -> ScoredSentence:
        part = self.read[source.doc_index]
        if self.extraction is None:  # the document was read, or its beginning
            return replace(source, doc_index=part.doc_index)
        layout = self.as_read(self.extraction).layout
        starts = excerpt_starts(self.documents, part.doc_index, part.kept, layout)

        def shared(start: int, sentence: ScoredSentence) -> int:
            return min(source.end, start + len(sentence.visible)) - max(source.start, start)

        _, best = max(zip(starts, part.kept, strict=True), key=lambda pair: shared(*pair))
        return replace(best, score=source.score)


def _verdicts_of(
    check: Callable[[Sequence[Candidate]], list[Verdict]], candidates: Sequence[Candidate]
) -> list[Verdict | Exception]:
    """Return a verdict for every candidate; if the whole fails, each gets only its own error."""
    if not candidates:
        return []
    try:
        verdicts = [*check(candidates)]
        if len(verdicts) != len(candidates):
            raise ValueError(
                f"the gate gave {len(verdicts)} verdicts for {len(candidates)} candidates"
            )
        return [*verdicts]
    except Exception as error:
        if len(candidates) == 1:
            return [error]
        return [verdict for candidate in candidates for verdict in _verdicts_of(check, [candidate])]


def _whole_text(result: Compression | Exception) -> Iterator[str]:
    """Yield a result that needs no summarizer."""
    if text := _result_or_raise(result).text:
        yield text


def _result_or_raise(result: Compression | Exception) -> Compression:
    if isinstance(result, Exception):
        raise result
    return result


def _all_or_raise(results: list[Compression | Exception]) -> list[Compression]:
    if any(isinstance(result, Exception) for result in results):
        raise BatchError(results)
    return [result for result in results if isinstance(result, Compression)]


def _check_part(name: str, part: object, protocol: type) -> None:
    if isinstance(part, type) or not isinstance(part, protocol):
        raise TypeError(f"{name}={part!r} is not a {protocol.__name__}: see recomp_core.protocols")
