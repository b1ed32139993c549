"""Who writes the summaries that the abstractive compressor learns from (paper, section 3.2)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ..._utils.chunking import chunks
from ...abstractive.llm_summarizer import LLMSummarizer
from ...errors import BudgetError
from ...prompts import NOTHING_RELEVANT_WORD, TEACHER_PROMPTS, PromptTemplate
from ...protocols import Splitter, Summarizer
from ...readers.answer_scores import AnswerRequest, AnswerScore, AnswerScorer, in_order
from ...runtime.budget import Meter
from ...text.splitting import SentenceSplitter
from ...text.tokens import approximate_tokens
from ...types import Document
from .terms import DEFAULT_POLICY, TeacherLicence, TeacherPolicy


@dataclass(frozen=True, slots=True)
class TeacherRequest:
    """What a teacher is asked. `answers` are for those that look them up, never in the prompt."""

    query: str
    documents: tuple[Document, ...]
    answers: tuple[str, ...]
    template: PromptTemplate

    @property
    def prompt(self) -> str:
        """The filled template; the documents' texts are joined with a line break."""
        return self.template.format(self.query, "\n".join(d.text for d in self.documents))

    @property
    def asked(self) -> list[Any]:
        """All that may decide what is written, as JSON values."""
        gold = [document.metadata.get("gold_sentences") for document in self.documents]
        return [self.prompt, [d.text for d in self.documents], self.answers, gold]


class Teacher(Protocol):
    """Writes a summary for each request."""

    name: str
    meter: Meter
    prompts: Mapping[str, PromptTemplate]
    """The templates that it should be asked with, by name."""

    @property
    def licence(self) -> TeacherLicence:
        """What is recorded of it."""

    @property
    def identity(self) -> Mapping[str, Any]:
        """JSON values that decide what it writes."""

    def write(self, requests: Sequence[TeacherRequest]) -> list[str | Exception]:
        """For each request its summary, "" for nothing to say, or the error; in order."""

    def write_each(
        self, requests: Sequence[TeacherRequest]
    ) -> Iterator[tuple[int, str | Exception]]:
        """The same as `(position, result)`, each as soon as it is there, in any order."""


class Teaching:
    """What teachers have in common."""

    prompts: Mapping[str, PromptTemplate] = TEACHER_PROMPTS

    def __init__(self, name: str, licence: TeacherLicence, meter: Meter | None) -> None:
        self.name = name
        self.licence = licence
        self.meter = meter or Meter()

    def write(self, requests: Sequence[TeacherRequest]) -> list[str | Exception]:
        """For each request its summary, "" for nothing to say, or the error; in order."""
        return in_order(self.write_each(requests))

    def write_each(
        self, requests: Sequence[TeacherRequest]
    ) -> Iterator[tuple[int, str | Exception]]:
        """The same as `(position, result)`, each as soon as it is there, in any order."""
        raise NotImplementedError


class LanguageModelTeacher(Teaching):
    """Any language model: a `protocols.Summarizer`, or a function `prompts -> texts`.

    A model of LangChain or LlamaIndex: `langchain_recomp.teacher_from_chat_model`,
    `llamaindex_recomp.teacher_from_llm`. An encoder-decoder model: `load_summarizer(…)`.

    name: of the model, by which its terms are looked up. accept_terms: you state to have the right
        to train on its outputs; see `policy`. empty_word: the reply that means "nothing helps".
    settings: JSON values that decide what it writes, such as the temperature; recorded.
    batch_size: prompts per call. Tokens are counted approximately (`approximate_tokens`).

    A raised exception is tried again prompt by prompt. Raises `TeacherTermsError`.
    """

    def __init__(
        self,
        model: Summarizer | Callable[[list[str]], Sequence[str | Exception]],
        *,
        name: str,
        empty_word: str = NOTHING_RELEVANT_WORD,
        accept_terms: bool = False,
        policy: TeacherPolicy = DEFAULT_POLICY,
        settings: Mapping[str, Any] | None = None,
        batch_size: int = 8,
        meter: Meter | None = None,
    ) -> None:
        super().__init__(name, policy.check(name, accept_terms=accept_terms), meter)
        self.settings = dict(settings or {})
        self.batch_size = batch_size
        self.empty_word = empty_word
        self._summarizer = (
            model
            if isinstance(model, Summarizer)
            else LLMSummarizer(model, empty_word=empty_word, batch_size=batch_size)
        )

    @property
    def identity(self) -> Mapping[str, Any]:
        """JSON values that decide what it writes."""
        return {
            "teacher": self.name,
            "empty_word": self.empty_word,
            "settings": self.settings,
        }

    def write_each(
        self, requests: Sequence[TeacherRequest]
    ) -> Iterator[tuple[int, str | Exception]]:
        """`(position, summary or error)` batch by batch."""
        for chunk in chunks(enumerate(requests), self.batch_size):
            admitted = []
            for position, request in chunk:
                try:
                    self.meter.admit()
                    admitted.append((position, request.prompt))
                except BudgetError as error:
                    yield position, error
            texts = self._written([prompt for _, prompt in admitted])
            for (position, prompt), text in zip(admitted, texts, strict=True):
                self._count(prompt, text)
                yield position, text

    def _written(self, prompts: list[str]) -> list[str | Exception]:
        texts = self._summarizer.summarize(prompts) if prompts else []
        if len(prompts) > 1 and all(isinstance(text, Exception) for text in texts):
            # One prompt may have brought the whole call down.
            return [self._summarizer.summarize([prompt])[0] for prompt in prompts]
        return texts

    def _count(self, prompt: str, text: str | Exception) -> None:
        written = approximate_tokens(text) if isinstance(text, str) else 0
        self.meter.add(input_tokens=approximate_tokens(prompt), output_tokens=written)


class ExtractiveTeacher(Teaching):
    """Sentences of the documents themselves: no language model, no terms, no cost.

    The gold sentences where a document's metadata has `gold_sentences` that stand in its text; or
    else the sentences that `scorer` holds to help most, each better than no context; in document
    order, joined with a space. "" where there is none.

    scorer: None for gold sentences alone. max_sentences: at most so many.
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
        self.splitter = splitter or SentenceSplitter()

    @property
    def identity(self) -> Mapping[str, Any]:
        """JSON values that decide what it writes."""
        return {
            "teacher": self.name,
            "max_sentences": self.max_sentences,
            "scorer": self.scorer.identity if self.scorer else None,
            "splitter": repr(self.splitter),
        }

    def write_each(
        self, requests: Sequence[TeacherRequest]
    ) -> Iterator[tuple[int, str | Exception]]:
        """`(position, summary or error)`, in order."""
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
        texts = dict.fromkeys(
            document.text[start:end]
            for document in request.documents
            for start, end in self.splitter.split(document.text)
        )
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
