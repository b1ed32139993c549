"""Gates check a summary after generation: is it faithful, and is it worth prepending?

A gate is any object with `check(candidates) -> verdicts`, see `protocols.SummaryGate`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal, get_args

from .._utils.checks import check_choice
from ..protocols import (
    Candidate,
    Reader,
    ReaderAnswer,
    SentenceScorer,
    Splitter,
    SummaryGate,
    Verdict,
)
from ..text.facts import Evidence, missing_claims
from ..text.joining import Layout
from ..text.splitting import SentenceSplitter
from ..types import SummarySentence
from .attribution import OverlapScorer, link_all

Policy = Literal["drop", "fall_back", "empty", "flag"]
"""What `SupportGate` does about a sentence that the documents do not support."""


class SupportGate:
    """Lets through what the documents say: they must entail the summary (paper, section 2).

    A sentence of the summary is supported if some document sentence scores at least `min_score` for
    it, and all its numbers, dates and names stand in the documents or their titles.

    Args:
        scorer: Scores how well a document sentence supports a sentence of the summary:
            `OverlapScorer()` (by shared words, the default), `EntailmentScorer(model)`, or a
            `DualEncoderScorer`.
        min_score: The score that counts as support, on the scorer's scale. Required for a scorer
            without `default_min_score`.
        policy: What to do about an unsupported sentence: "drop" it; "fall_back" to extracted
            sentences; "empty": prepend nothing; "flag": keep everything, and say so in `support`
            and `reason`.
        splitter: Cuts texts into sentences.

    Raises:
        ValueError: There is no such policy, or the scorer needs a `min_score`.
    """

    def __init__(
        self,
        scorer: SentenceScorer | None = None,
        *,
        min_score: float | None = None,
        policy: Policy = "drop",
        splitter: Splitter | None = None,
    ) -> None:
        check_choice("policy", policy, get_args(Policy))
        self.scorer = OverlapScorer() if scorer is None else scorer
        if min_score is None:
            min_score = getattr(self.scorer, "default_min_score", None)
        if isinstance(min_score, bool) or not isinstance(min_score, (int, float)):
            raise ValueError(
                f"SupportGate needs min_score, a number on the scale of {self.scorer!r}, "
                f"got {min_score!r}"
            )
        self.min_score = float(min_score)
        self.policy: Policy = policy
        self.splitter = SentenceSplitter() if splitter is None else splitter

    def check(self, candidates: Sequence[Candidate]) -> list[Verdict]:
        """Check summaries against their documents.

        Args:
            candidates: Summaries with their documents.

        Returns:
            One verdict per candidate, with `support` for every sentence that stays.
        """
        links = link_all(candidates, scorer=self.scorer, splitter=self.splitter)
        return [
            self._verdict(candidate, [self._judged(s, evidence) for s in sentences])
            for candidate, sentences in zip(candidates, links, strict=True)
            for evidence in (_evidence(candidate),)
        ]

    def _judged(self, sentence: SummarySentence, evidence: Evidence) -> SummarySentence:
        missing = missing_claims(sentence.text, evidence)
        best = sentence.sources[0].score if sentence.sources else -math.inf
        return replace(
            sentence, unsupported=missing, supported=not missing and best >= self.min_score
        )

    def _verdict(self, candidate: Candidate, sentences: Sequence[SummarySentence]) -> Verdict:
        bad = [sentence for sentence in sentences if not sentence.supported]
        if not bad:
            return Verdict(candidate.summary, support=tuple(sentences))
        what = f"{len(bad)} of {len(sentences)} sentences not supported: {_complaint(bad[0])}"
        if self.policy == "flag":
            return Verdict(candidate.summary, what, tuple(sentences))
        if self.policy == "drop":
            text, kept = _kept_text(candidate.summary, [s for s in sentences if s.supported])
            return Verdict(text, f"{what}; dropped", kept)
        if self.policy == "fall_back":
            return Verdict("", what, fall_back=True)
        return Verdict("", what)


class UsefulnessGate:
    """Lets a summary through if it makes a reader model surer of its answer than no context.

    This is selective augmentation without gold answers (in training, the paper knows them,
    section 3.2): the reader answers with the summary and without, and its confidence must rise.

    Args:
        reader: A `protocols.Reader`, such as those of the room `readers`.
        margin: By how much confidence (0…1) must rise.
        prompt: A template with {query} and {summary}.
        prompt_without_context: A template with {query}.

    Raises:
        TypeError: The reader has no `answer`.
        ValueError: A template lacks a field.
    """

    def __init__(
        self,
        reader: Reader,
        *,
        margin: float = 0.0,
        prompt: str = "{summary}\n\nQuestion: {query}\nAnswer:",
        prompt_without_context: str = "Question: {query}\nAnswer:",
    ) -> None:
        if isinstance(reader, type) or not isinstance(reader, Reader):
            raise TypeError(f"{reader!r} is not a reader: it has no answer(prompts)")
        for name, template, fields in (
            ("prompt", prompt, ("{query}", "{summary}")),
            ("prompt_without_context", prompt_without_context, ("{query}",)),
        ):
            if missing := [field for field in fields if field not in template]:
                raise ValueError(f"{name} lacks {', '.join(missing)}: {template!r}")
        self.reader = reader
        self.margin = margin
        self.prompt = prompt
        self.prompt_without_context = prompt_without_context

    def check(self, candidates: Sequence[Candidate]) -> list[Verdict]:
        """Ask the reader with each summary and without.

        Args:
            candidates: Summaries with their queries.

        Returns:
            One verdict per candidate; its reason gives both answers and confidences.
        """
        prompts = [self._filled(self.prompt, candidate) for candidate in candidates]
        prompts += [self._filled(self.prompt_without_context, c) for c in candidates]
        answers = self.reader.answer(prompts) if prompts else []
        half = len(candidates)
        return [
            self._verdict(*row)
            for row in zip(candidates, answers[:half], answers[half:], strict=True)
        ]

    def _verdict(
        self, candidate: Candidate, with_it: ReaderAnswer, without: ReaderAnswer
    ) -> Verdict:
        useful = with_it.confidence > without.confidence + self.margin
        reason = (
            f"the reader is {'surer' if useful else 'no surer'} with the summary: "
            f"{with_it.confidence:.2f} for {_short(with_it.text)}, without it "
            f"{without.confidence:.2f} for {_short(without.text)}"
        )
        return Verdict(candidate.summary if useful else "", reason)

    @staticmethod
    def _filled(template: str, candidate: Candidate) -> str:
        # Each field is replaced once, so that braces in the query or the summary stay text.
        head, _, tail = template.partition("{query}")
        parts = (part.replace("{summary}", candidate.summary) for part in (head, tail))
        return candidate.query.join(parts)


class AllGates:
    """Puts several gates in a row: each checks what the one before lets through.

    Args:
        *gates: The gates, in the order in which they check. Put the fast ones first.

    Raises:
        TypeError: One of them has no `check`.
    """

    def __init__(self, *gates: SummaryGate) -> None:
        for gate in gates:
            if isinstance(gate, type) or not isinstance(gate, SummaryGate):
                raise TypeError(f"{gate!r} is not a gate: it has no check(candidates)")
        self.gates = gates

    def check(self, candidates: Sequence[Candidate]) -> list[Verdict]:
        """Check summaries with each gate in turn.

        Args:
            candidates: Summaries with their documents.

        Returns:
            One verdict per candidate: the reasons of all gates, and the support of the last gate
            that gave any for the final summary.
        """
        verdicts = [Verdict(candidate.summary) for candidate in candidates]
        for gate in self.gates:
            standing = [n for n, verdict in enumerate(verdicts) if verdict.summary]
            asked = [replace(candidates[n], summary=verdicts[n].summary) for n in standing]
            for n, later in zip(standing, gate.check(asked), strict=True):
                verdicts[n] = _combined(verdicts[n], later)
        return verdicts


def _combined(earlier: Verdict, later: Verdict) -> Verdict:
    reasons = [reason for reason in (earlier.reason, later.reason) if reason]
    # The links of an earlier gate hold as long as the text is the same.
    unchanged = later.summary == earlier.summary
    support = later.support or (earlier.support if unchanged else ())
    return replace(later, reason="; ".join(reasons), support=support)


def _evidence(candidate: Candidate) -> Evidence:
    titles = (document.title for document in candidate.documents if document.title)
    return Evidence((*(document.text for document in candidate.documents), *titles))


def _kept_text(
    summary: str, kept: Sequence[SummarySentence]
) -> tuple[str, tuple[SummarySentence, ...]]:
    """Return the kept sentences as a text, and the sentences with their places in it."""
    if not kept:
        return "", ()
    spans = [(sentence.start, sentence.end) for sentence in kept]
    layout = Layout()
    moved = tuple(
        replace(sentence, start=start, end=start + len(sentence.text))
        for sentence, start in zip(kept, layout.starts(summary, spans), strict=True)
    )
    return layout.excerpt(summary, spans), moved


def _complaint(sentence: SummarySentence) -> str:
    if sentence.unsupported:
        quoted = ", ".join(f"'{claim}'" for claim in sentence.unsupported)
        return f"{quoted} in no document"
    return f"no document says {_short(sentence.text)}"


def _short(text: str) -> str:
    text = " ".join(text.split())
    return f"'{text if len(text) <= 60 else text[:59] + '…'}'"
