"""The teacher that copies sentences of the documents."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ...extractive.sentences import document_sentences
from ...prompts import PromptTemplate
from ...protocols import Splitter
from ...readers.answer_scores import AnswerRequest, AnswerScore, AnswerScorer
from ...store.keys import splitter_identity
from ...text.splitting import SentenceSplitter
from .base import BaseTeacher, Teacher, TeacherRequest
from .settings import TeacherSettings
from .terms import TeacherLicence


class ExtractiveTeacher(BaseTeacher):
    """Sentences of the documents themselves: no language model, no terms, no cost.

    A summary is the gold sentences, if a document's metadata has `gold_sentences` that stand in its
    text; otherwise the sentences that `scorer` finds most helpful, each better than no context.
    They are in document order, joined with a space; "" if there is none.

    Args:
        scorer: Says how much a sentence helps; None for gold sentences alone.
        max_sentences: The largest number of sentences.
        splitter: From documents to sentences; None for a `SentenceSplitter`.
    """

    prompts: Mapping[str, PromptTemplate] = {"extract": PromptTemplate("{query}\n{documents}")}

    def __init__(
        self,
        scorer: AnswerScorer | None = None,
        *,
        max_sentences: int = 2,
        splitter: Splitter | None = None,
    ) -> None:
        licence = TeacherLicence(
            "extractive", "extractive", "allowed", "that of the documents", checked="2026-11-23"
        )
        super().__init__("extractive", licence, None if scorer is None else scorer.meter)
        self.scorer = scorer
        self.max_sentences = max_sentences
        self.splitter = SentenceSplitter() if splitter is None else splitter

    @property
    def identity(self) -> Mapping[str, Any]:
        """JSON values that decide what it writes."""
        return {
            "teacher": self.name,
            "max_sentences": self.max_sentences,
            "scorer": None if self.scorer is None else self.scorer.identity,
            "splitter": splitter_identity(self.splitter) or repr(self.splitter),
        }

    def write_each(
        self, requests: Sequence[TeacherRequest]
    ) -> Iterator[tuple[int, str | Exception]]:
        """Write all summaries.

        Args:
            requests: What to write.

        Yields:
            `(position, result)`, in order.
        """
        for position, request in enumerate(requests):
            try:
                yield position, self._gold(request) or self._best(request)
            except Exception as error:
                yield position, error

    def _gold(self, request: TeacherRequest) -> str:
        found = [
            sentence
            for document in request.documents
            for sentence in document.metadata.get("gold_sentences") or ()
            if sentence in document.text
        ]
        return " ".join(list(dict.fromkeys(found))[: self.max_sentences])

    def _best(self, request: TeacherRequest) -> str:
        if self.scorer is None:
            return ""
        sentences = document_sentences(request.documents, self.splitter, structural=False)
        texts = dict.fromkeys(sentence.text for sentence in sentences)
        contexts = ["", *texts]
        results = self.scorer.score(
            [AnswerRequest(request.query, text, request.answers) for text in contexts]
        )
        values = []
        for result in results:
            if not isinstance(result, AnswerScore):
                raise result
            values.append(result.value)
        none, *rest = values
        helping = [n for n in range(len(rest)) if rest[n] > none]
        best = sorted(sorted(helping, key=lambda n: -rest[n])[: self.max_sentences])
        return " ".join(contexts[n + 1] for n in best)


def build_extractive_teacher(
    settings: TeacherSettings, scorer: Callable[[], AnswerScorer]
) -> Teacher:
    """Build the teacher "extractive", an `ExtractiveTeacher`.

    Args:
        settings: `max_sentences` counts.
        scorer: Builds the scorer that the teacher asks.

    Returns:
        The teacher.
    """
    return ExtractiveTeacher(scorer(), max_sentences=settings.max_sentences)
