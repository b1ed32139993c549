"""Teachers write the summaries that the abstractive compressor learns from (paper, section 3.2)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ..._utils.chunking import chunks
from ...abstractive.llm_summarizer import LLMSummarizer
from ...errors import BudgetError
from ...prompts import NOTHING_RELEVANT_WORD, TEACHER_PROMPTS, PromptTemplate
from ...protocols import Summarizer
from ...readers.answer_scores import in_order
from ...runtime.budget import Meter
from ...text.tokens import approximate_tokens
from ...types import Document
from .terms import DEFAULT_POLICY, TeacherLicence, TeacherPolicy


@dataclass(frozen=True, slots=True)
class TeacherRequest:
    """What a teacher is asked.

    Attributes:
        query: The question.
        documents: What the summary is written from.
        answers: The gold answers, for a teacher that looks them up; never in the prompt.
        template: The form of the prompt.
    """

    query: str
    documents: tuple[Document, ...]
    answers: tuple[str, ...]
    template: PromptTemplate

    @property
    def prompt(self) -> str:
        """The filled template; titles are shown by one that numbers the documents."""
        titled = self.template.numbered
        shown = [(d.title or "" if titled else "", d.text) for d in self.documents]
        return self.template.fill(self.query, shown)

    @property
    def asked(self) -> list[Any]:
        """All that may decide what is written, as JSON values."""
        gold = [document.metadata.get("gold_sentences") for document in self.documents]
        return [self.prompt, [d.text for d in self.documents], self.answers, gold]


class Teacher(Protocol):
    """Writes a summary for each request.

    Attributes:
        name: The name of its model, by which its terms are looked up.
        meter: Counts what the teacher has used; may be replaced by one with a budget.
        prompts: The templates that it should be asked with, by name.
    """

    name: str
    meter: Meter
    prompts: Mapping[str, PromptTemplate]

    @property
    def licence(self) -> TeacherLicence:
        """What is recorded of its terms."""

    @property
    def identity(self) -> Mapping[str, Any]:
        """JSON values that decide what it writes."""

    def write(self, requests: Sequence[TeacherRequest]) -> list[str | Exception]:
        """Write all summaries.

        Args:
            requests: What to write.

        Returns:
            For each request its summary, "" for nothing to say, or the exception that it ended
            with; in order.
        """

    def write_each(
        self, requests: Sequence[TeacherRequest]
    ) -> Iterator[tuple[int, str | Exception]]:
        """Write all summaries, and hand over each as soon as it is there.

        Args:
            requests: What to write.

        Yields:
            `(position, result)`, in any order; the results are those of `write`.
        """


class BaseTeacher(ABC):
    """What the teachers of this package share. A `Teacher`.

    A subclass has an `identity` and `write_each`.

    Args:
        name: The name of its model.
        licence: What is recorded of its terms.
        meter: Counts what is used; None for one without a budget.
    """

    prompts: Mapping[str, PromptTemplate] = TEACHER_PROMPTS

    def __init__(self, name: str, licence: TeacherLicence, meter: Meter | None) -> None:
        self.name = name
        self.licence = licence
        self.meter = Meter() if meter is None else meter

    @property
    @abstractmethod
    def identity(self) -> Mapping[str, Any]:
        """JSON values that decide what it writes."""

    def write(self, requests: Sequence[TeacherRequest]) -> list[str | Exception]:
        """Write all summaries.

        Args:
            requests: What to write.

        Returns:
            For each request its summary, "" for nothing to say, or the exception that it ended
            with; in order.
        """
        return in_order(self.write_each(requests))

    @abstractmethod
    def write_each(
        self, requests: Sequence[TeacherRequest]
    ) -> Iterator[tuple[int, str | Exception]]:
        """Write all summaries, and hand over each as soon as it is there.

        Args:
            requests: What to write.

        Yields:
            `(position, result)`, in any order.
        """


class LanguageModelTeacher(BaseTeacher):
    """Any language model: a `protocols.Summarizer`, or a function `prompts -> texts`.

    A model of LangChain or LlamaIndex: `langchain_recomp.teacher_from_chat_model`,
    `llamaindex_recomp.teacher_from_llm`. An encoder-decoder model: `load_summarizer(…)`.

    If a whole call fails, its prompts are asked again one by one.

    Args:
        model: Writes the summaries.
        name: The name of the model, by which its terms are looked up.
        base_url: The address of its endpoint, whose host may have terms of its own.
        empty_word: The reply that means "nothing helps".
        detect_refusals: Whether a reply that says so in a sentence means it, too; see
            `LLMSummarizer`. A `Summarizer` has this setting itself.
        accept_terms: Whether you state that you have the right to train on its outputs; recorded.
        policy: The terms of language models.
        settings: JSON values that decide what it writes, such as the temperature; recorded.
        batch_size: The number of prompts per call.
        meter: Counts what is used, tokens approximately (`approximate_tokens`); None for one
            without a budget.

    Raises:
        TeacherTermsError: The model's terms restrict training on its outputs.
    """

    def __init__(
        self,
        model: Summarizer | Callable[[list[str]], Sequence[str | Exception]],
        *,
        name: str,
        base_url: str | None = None,
        empty_word: str = NOTHING_RELEVANT_WORD,
        detect_refusals: bool = True,
        accept_terms: bool = False,
        policy: TeacherPolicy = DEFAULT_POLICY,
        settings: Mapping[str, Any] | None = None,
        batch_size: int = 8,
        meter: Meter | None = None,
    ) -> None:
        licence = policy.check(name, base_url=base_url, accept_terms=accept_terms)
        super().__init__(name, licence, meter)
        self.settings = dict(settings or {})
        self.batch_size = batch_size
        self.empty_word = empty_word
        self.detect_refusals = detect_refusals
        self._summarizer = (
            model
            if isinstance(model, Summarizer)
            else LLMSummarizer(
                model,
                empty_word=empty_word,
                detect_refusals=detect_refusals,
                batch_size=batch_size,
            )
        )

    @classmethod
    def reading_by(
        cls,
        summarizer: Callable[..., Summarizer],
        *,
        structured: bool = False,
        settings: Mapping[str, Any] | None = None,
        **others: Any,
    ) -> LanguageModelTeacher:
        """Make a teacher whose summarizer reads replies as the teacher's settings say.

        Args:
            summarizer: Makes the summarizer from `structured` and, where they are given,
                `empty_word` and `detect_refusals`.
            structured: Whether the model is asked for JSON with `summary` and `sources`; recorded
                in `settings`, because it decides what the model writes.
            settings: As in the constructor.
            **others: The other settings of the constructor.

        Returns:
            The teacher.

        Raises:
            TeacherTermsError: The model's terms restrict training on its outputs.
        """
        reading = {
            name: others[name] for name in ("empty_word", "detect_refusals") if name in others
        }
        recorded = {**(settings or {}), **({"structured": True} if structured else {})}
        model = summarizer(structured=structured, **reading)
        return cls(model, settings=recorded, **others)

    @property
    def identity(self) -> Mapping[str, Any]:
        """JSON values that decide what it writes."""
        return {
            "teacher": self.name,
            "empty_word": self.empty_word,
            "settings": self.settings,
            **({} if self.detect_refusals else {"detect_refusals": False}),
        }

    def write_each(
        self, requests: Sequence[TeacherRequest]
    ) -> Iterator[tuple[int, str | Exception]]:
        """Write all summaries, batch by batch.

        Args:
            requests: What to write.

        Yields:
            `(position, result)`, in any order.
        """
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
            # A single prompt may have made the whole call fail.
            return [self._summarizer.summarize([prompt])[0] for prompt in prompts]
        return texts

    def _count(self, prompt: str, text: str | Exception) -> None:
        written = approximate_tokens(text) if isinstance(text, str) else 0
        self.meter.add(input_tokens=approximate_tokens(prompt), output_tokens=written)
