"""The abstractive compressor: fit into a prompt, summarize, check. Depends on protocols only."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..errors import BatchError
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
from ..text.joining import Layout, is_blank
from ..text.splitting import SentenceSplitter
from ..types import Compression, Document, Outcome, ScoredSentence, SummarySentence, check_batch
from .attribution import OverlapScorer, link_all


class AbstractiveCompressor:
    """Writes a short summary of the retrieved documents for the query, or nothing (paper,
    section 3.2).

    summarizer: a `protocols.Summarizer`: `Seq2SeqSummarizer`, `LLMSummarizer`, or your own.
    prompt: a `PromptTemplate` or its text with the fields {query} and {documents}; by default the
        summarizer's own, or the string that the published checkpoints were trained on.
    titles: whether a document's title is put on a line before it.
    extractor: an extractive compressor that first picks the sentences which the summarizer reads:
        much cheaper, and citations still point into the original documents.
    gate: decides whether a summary is prepended; see `gates`.
    fallback: the compressor whose result stands in for a summary that the gate refuses; by default
        the extractor.
    support_scorer: finds for every sentence of a summary the source sentences that support it; by
        default by shared words, which needs no model. splitter: text to sentences.

    Documents are read whole and in order as far as they fit into the summarizer's
    `max_input_tokens`; if not even the first fits, it is cut. `Compression.sources` and `truncated`
    say so. A summary that is not shorter than the documents is set aside for the documents
    themselves. Raises `TypeError` or `ValueError` for settings that cannot work.
    """

    def __init__(
        self,
        summarizer: Summarizer,
        *,
        prompt: PromptTemplate | str | None = None,
        titles: bool = False,
        extractor: Compressor | None = None,
        gate: SummaryGate | None = None,
        fallback: Compressor | None = None,
        support_scorer: SentenceScorer | None = None,
        splitter: Splitter | None = None,
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
        if prompt is None:
            prompt = getattr(summarizer, "default_prompt", T5_PROMPT)
        self.summarizer = summarizer
        self.prompt = PromptTemplate(prompt) if isinstance(prompt, str) else prompt
        self.titles = titles
        self.extractor = extractor
        self.gate = gate
        self.fallback = fallback or extractor
        self.support_scorer = support_scorer or OverlapScorer()
        self.splitter = splitter or SentenceSplitter()
        self.layout = Layout()

    def compress(self, query: str, documents: Iterable[str | Document]) -> Compression:
        """Summarize the documents retrieved for one query.

        Raises `ValueError` for a blank query, `TypeError` for anything among `documents` that is
        neither a string nor a `Document`, and what the summarizer says is wrong with the prompt.
        """
        (result,) = self._compress(check_batch([query], [documents]))
        if isinstance(result, Exception):
            raise result
        return result

    def compress_batch(
        self, queries: Sequence[str], documents_lists: Sequence[Iterable[str | Document]]
    ) -> list[Compression]:
        """Summarize many queries' documents; the same results as one by one.

        Raises `BatchError`, which holds the finished results, if any query failed.
        """
        return _all_sound(self._compress(check_batch(queries, documents_lists)))

    async def acompress(self, query: str, documents: Iterable[str | Document]) -> Compression:
        """`compress` without blocking the event loop."""
        (result,) = await self._acompress(check_batch([query], [documents]))
        if isinstance(result, Exception):
            raise result
        return result

    async def acompress_batch(
        self, queries: Sequence[str], documents_lists: Sequence[Iterable[str | Document]]
    ) -> list[Compression]:
        """`compress_batch` without blocking the event loop."""
        return _all_sound(await self._acompress(check_batch(queries, documents_lists)))

    def stream(self, query: str, documents: Iterable[str | Document]) -> Iterator[str]:
        """The compressed text in pieces as they are written; joined they are `compress(…).text`.

        With a gate, which must see the whole, in one piece. A summary that grows as long as the
        documents ends there, as it cannot be taken back.
        """
        inputs = check_batch([query], [documents])
        if self.gate is not None:
            if text := self.compress(*inputs[0]).text:
                yield text
            return
        (job,) = self._prepare(inputs)
        if job.result is not None:
            yield from _known(job.result)
            return
        limit = _Limit(len(job.original_text))
        for piece in self.summarizer.stream(job.prompt):
            if allowed := limit.allow(piece):
                yield allowed
            if limit.reached:
                return

    async def astream(self, query: str, documents: Iterable[str | Document]) -> AsyncIterator[str]:
        """`stream` without blocking the event loop."""
        inputs = check_batch([query], [documents])
        if self.gate is not None:
            if text := (await self.acompress(*inputs[0])).text:
                yield text
            return
        (job,) = await self._aprepare(inputs)
        if job.result is not None:
            for piece in _known(job.result):
                yield piece
            return
        limit = _Limit(len(job.original_text))
        async for piece in self._apieces(job.prompt):
            if allowed := limit.allow(piece):
                yield allowed
            if limit.reached:
                return

    # One call: prepare the prompts, have them answered, finish. A job whose result is known early
    # (nothing to read, a query that is too long) is not sent to the summarizer.

    def _compress(self, inputs: _Inputs) -> list[Compression | Exception]:
        jobs = self._prepare(inputs)
        open_jobs = [job for job in jobs if job.result is None]
        summaries = self.summarizer.summarize([job.prompt for job in open_jobs])
        return self._finish(jobs, open_jobs, summaries)

    async def _acompress(self, inputs: _Inputs) -> list[Compression | Exception]:
        jobs = await self._aprepare(inputs)
        open_jobs = [job for job in jobs if job.result is None]
        prompts = [job.prompt for job in open_jobs]
        asummarize = getattr(self.summarizer, "asummarize", None)
        if asummarize is None:
            summaries = await asyncio.to_thread(self.summarizer.summarize, prompts)
        else:
            summaries = await asummarize(prompts)
        return await asyncio.to_thread(self._finish, jobs, open_jobs, summaries)

    async def _apieces(self, prompt: str) -> AsyncIterator[str]:
        if hasattr(self.summarizer, "astream"):
            async for piece in self.summarizer.astream(prompt):
                yield piece
        else:
            pieces = self.summarizer.stream(prompt)
            while (next_piece := await asyncio.to_thread(next, pieces, None)) is not None:
                yield next_piece

    def _prepare(self, inputs: _Inputs) -> list[_Job]:
        if self.extractor is None:
            return self._jobs(inputs, [None] * len(inputs))
        return self._jobs(inputs, self.extractor.compress_batch(*_columns(inputs)))

    async def _aprepare(self, inputs: _Inputs) -> list[_Job]:
        extractions: Sequence[Compression | None] = [None] * len(inputs)
        if self.extractor is not None:  # which puts concurrent calls together
            extractions = await self.extractor.acompress_batch(*_columns(inputs))
        return await asyncio.to_thread(self._jobs, inputs, extractions)

    def _jobs(self, inputs: _Inputs, extractions: Sequence[Compression | None]) -> list[_Job]:
        return [
            self._job(query, documents, extraction)
            for (query, documents), extraction in zip(inputs, extractions, strict=True)
        ]

    def _job(
        self, query: str, documents: tuple[Document, ...], extraction: Compression | None
    ) -> _Job:
        job = _Job(query, documents, extraction, self.layout)
        if extraction is None:
            readable = [
                (index, document)
                for index, document in enumerate(documents)
                if not is_blank(document.text)
            ]
        else:
            readable = [
                (excerpt.doc_index, replace(excerpt.document, text=excerpt.text))
                for excerpt in extraction.by_document()
            ]
        if not readable:
            # Nothing given, or nothing relevant to the extractor: nothing to summarize.
            job.result = extraction or job.compression("", Outcome.NOTHING_GIVEN)
            return job
        try:
            self._fit(job, readable)
        except ValueError as error:
            job.result = error
        return job

    def _fit(self, job: _Job, readable: Sequence[tuple[int, Document]]) -> None:
        """Put as many whole documents into the prompt as fit, or the beginning of the first."""
        limit = self.summarizer.max_input_tokens
        texts: list[str] = []
        for index, document in readable:
            text = self._titled(document)
            prompt = self.prompt.format(job.query, "\n".join((*texts, text)))
            if limit is not None and self.summarizer.count_tokens(prompt) > limit:
                break
            job.prompt = prompt
            texts.append(text)
            job.read.append((index, document))
        if not job.read:
            index, document = readable[0]
            job.prompt, document = self._cut(job.query, document, limit or 0)
            job.read.append((index, document))
            job.truncated = True

    def _cut(self, query: str, document: Document, limit: int) -> tuple[str, Document]:
        """The prompt with the beginning of the document that fits, and that beginning."""
        around = self.summarizer.count_tokens(self.prompt.format(query, ""))
        head = self._titled(replace(document, text=""))
        room = limit - around - self.summarizer.count_tokens(head)
        while room > 0:
            cut = replace(document, text=self.summarizer.truncate(document.text, room))
            prompt = self.prompt.format(query, self._titled(cut))
            excess = self.summarizer.count_tokens(prompt) - limit
            if excess <= 0 and not is_blank(cut.text):
                return prompt, cut
            # Tokens merge and split at the seams: what fits alone may not fit in the prompt.
            room -= max(excess, 1)
        raise ValueError(
            f"the query and the prompt leave no room for a document: they take {around} of "
            f"{limit} tokens. Shorten the query, or raise max_input_tokens"
        )

    def _titled(self, document: Document) -> str:
        return (
            f"{document.title}\n{document.text}"
            if self.titles and document.title
            else document.text
        )

    def _finish(
        self,
        jobs: Sequence[_Job],
        open_jobs: Sequence[_Job],
        summaries: Sequence[str | Exception],
    ) -> list[Compression | Exception]:
        written: list[tuple[_Job, str]] = []
        for job, summary in zip(open_jobs, summaries, strict=True):
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
        return [job.result for job in jobs if job.result is not None]

    def _verdicts(self, written: Sequence[tuple[_Job, str]]) -> list[Verdict | Exception]:
        candidates = [job.candidate(summary) for job, summary in written]
        if self.gate is None:
            return [Verdict(candidate.summary) for candidate in candidates]
        return _each(self.gate.check, candidates)

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
        # Where the fallback kept nothing either, its own outcome says more.
        outcome = Outcome.FELL_BACK if kept.text else kept.outcome
        return replace(kept, outcome=outcome, reason=verdict.reason)

    def _unchanged(self, job: _Job) -> Compression:
        whole = [
            ScoredSentence(document.text[start:end], index, start, end, 0.0)
            for index, document in enumerate(job.documents)
            for start, end in self.splitter.split(document.text)
        ]
        unchanged = job.compression(
            job.original_text,
            Outcome.UNCHANGED,
            reason="the summary was not shorter than the documents",
        )
        return replace(unchanged, kept=tuple(whole), dropped=())

    def _cite(self, jobs: Sequence[_Job]) -> None:
        """Link the summaries that no gate has linked yet to their sources."""
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


@dataclass
class _Job:
    """One query on its way.

    extraction: what the extractor kept of the documents, if there is one.
    read: what the summarizer reads: (doc_index, document), the document's text being the original,
        its excerpt, or the beginning that fitted.
    result: known from the moment when it is decided.
    """

    query: str
    documents: tuple[Document, ...]
    extraction: Compression | None
    layout: Layout

    def __post_init__(self) -> None:
        self.prompt = ""
        self.read: list[tuple[int, Document]] = []
        self.truncated = False
        self.result: Compression | Exception | None = None
        self.original_text = self.layout.join(document.text for document in self.documents)

    def candidate(self, summary: str) -> Candidate:
        return Candidate(self.query, tuple(document for _, document in self.read), summary)

    def compression(self, text: str, outcome: Outcome, **facts: Any) -> Compression:
        return Compression(
            query=self.query,
            documents=self.documents,
            text=text,
            kept=() if self.extraction is None else self.extraction.kept,
            dropped=() if self.extraction is None else self.extraction.dropped,
            sources=tuple(index for index, _ in self.read),
            outcome=outcome,
            layout=self.layout if self.extraction is None else self.extraction.layout,
            truncated=self.truncated,
            **facts,
        )

    def located(self, support: Sequence[SummarySentence]) -> tuple[SummarySentence, ...]:
        """The same with sources in the original documents instead of what was read."""
        return tuple(
            replace(sentence, sources=tuple(map(self._original, sentence.sources)))
            for sentence in support
        )

    def _original(self, source: ScoredSentence) -> ScoredSentence:
        doc_index, _ = self.read[source.doc_index]
        if self.extraction is None:  # what was read is the document, or its beginning
            return replace(source, doc_index=doc_index)
        kept = [sentence for sentence in self.extraction.kept if sentence.doc_index == doc_index]
        starts = self.extraction.layout.starts(
            self.documents[doc_index].text, [(sentence.start, sentence.end) for sentence in kept]
        )

        def shared(start: int, sentence: ScoredSentence) -> int:
            return min(source.end, start + len(sentence.text)) - max(source.start, start)

        _, best = max(zip(starts, kept, strict=True), key=lambda pair: shared(*pair))
        return replace(best, score=source.score)


class _Limit:
    """Lets a stream's pieces through without the white space at either end, up to a length."""

    def __init__(self, length: int) -> None:
        self._left = length
        self._held = ""
        self._begun = False

    @property
    def reached(self) -> bool:
        return self._left <= 0

    def allow(self, piece: str) -> str:
        piece = self._held + piece
        if not self._begun:
            piece = piece.lstrip()
        solid = piece.rstrip()
        self._held = piece[len(solid) :]
        self._begun = self._begun or bool(solid)
        allowed = solid[: self._left]
        self._left -= len(allowed)
        return allowed


def _each(
    check: Callable[[Sequence[Candidate]], list[Verdict]], candidates: Sequence[Candidate]
) -> list[Verdict | Exception]:
    """A verdict for every candidate; where the whole fails, each meets only its own error."""
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
        return [verdict for candidate in candidates for verdict in _each(check, [candidate])]


def _known(result: Compression | Exception) -> Iterator[str]:
    """A result that needs no summarizer, as a stream."""
    if isinstance(result, Exception):
        raise result
    if result.text:
        yield result.text


def _all_sound(results: list[Compression | Exception]) -> list[Compression]:
    if any(isinstance(result, Exception) for result in results):
        raise BatchError(results)
    return [result for result in results if isinstance(result, Compression)]


def _check_part(name: str, part: object, protocol: type) -> None:
    if isinstance(part, type) or not isinstance(part, protocol):
        raise TypeError(f"{name}={part!r} is no {protocol.__name__}: see recomp_core.protocols")
