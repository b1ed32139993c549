"""Training data of the abstractive compressor: a teacher writes, the reader chooses, and the empty
summary wins where none helps (paper, section 3.2).
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from ..data import Question
from ..errors import BudgetError, EndpointError
from ..prompts import PromptTemplate
from ..readers.answer_scores import AnswerRequest, AnswerScore, AnswerScorer, Kind
from ..runtime.budget import Meter
from .fields import checked, question_fields, score_fields
from .labeller import Labelled
from .teachers.base import Teacher, TeacherRequest

# What a teacher would do again if it were asked again; other errors are worth another run.
_FINAL = ("cut", "refused", "filtered")


class DistillationLabeller:
    """Questions to records of the target that a summarizer is to learn. A `Labeller`.

    teacher: writes one summary per prompt. prompts: templates, by name or in a list; by default
        the teacher's own. scorer: how likely the reader holds the answer after a
        summary and the question.
    date: ISO date that goes into every record; today by default.
    keep_documents: write the documents into each record.

    The target is the summary with the highest score, the first of equals; or "" if it does not
    beat no context: Score(M, y, [s; x]) <= Score(M, y, [x]). An upper bound beats nothing.
    """

    def __init__(
        self,
        teacher: Teacher,
        scorer: AnswerScorer,
        *,
        prompts: Mapping[str, PromptTemplate] | Sequence[PromptTemplate] | None = None,
        date: str | None = None,
        keep_documents: bool = True,
    ) -> None:
        prompts = prompts or teacher.prompts
        if not isinstance(prompts, Mapping):
            prompts = {str(number): prompt for number, prompt in enumerate(prompts, start=1)}
        for name, prompt in prompts.items():
            if not isinstance(prompt, PromptTemplate):
                raise TypeError(f"prompts[{name!r}] must be a PromptTemplate, got {prompt!r}")
        self.teacher = teacher
        self.scorer = scorer
        self.prompts = dict(prompts)
        self.date = date or datetime.date.today().isoformat()
        self.keep_documents = keep_documents

    @cached_property
    def identity(self) -> Mapping[str, Any]:
        """JSON values that decide the labels; the date is none of them."""
        return {
            "builder": "distillation",
            "teacher": self.teacher.identity,
            "scorer": self.scorer.identity,
            "prompts": {name: prompt.template for name, prompt in self.prompts.items()},
            "keep_documents": self.keep_documents,
        }

    @property
    def meters(self) -> tuple[Meter, ...]:
        """What counts the requests and tokens of a run."""
        return tuple({id(m): m for m in (self.teacher.meter, self.scorer.meter)}.values())

    def requests(self, question: Question) -> list[TeacherRequest]:
        """All that will be asked of the teacher for a question."""
        return [
            TeacherRequest(question.query, question.documents, question.answers, prompt)
            for prompt in self.prompts.values()
        ]

    def label(self, questions: Sequence[Question]) -> Iterator[Labelled | Exception]:
        """A record, or the error that befell it, for each question, in order."""
        written = self._written(questions)
        asked = [self._to_score(*row) for row in zip(questions, written, strict=True)]
        requests = [request for wanted in asked for request in wanted]
        results = iter(self.scorer.score(requests) if requests else ())
        for question, texts, wanted in zip(questions, written, asked, strict=True):
            found = [next(results) for _ in wanted]
            try:
                _raise_if_worth_another_run(texts)
                scores = checked(found)
                by_text = {r.context: score for r, score in zip(wanted, scores, strict=True)}
                yield Labelled("example", self._record(question, texts, by_text))
            except Exception as error:
                yield error

    def _written(self, questions: Sequence[Question]) -> list[list[str | Exception]]:
        """For each question what the teacher wrote to each prompt."""
        requests = [request for question in questions for request in self.requests(question)]
        texts = iter(self.teacher.write(requests) if requests else ())
        return [[_stripped(next(texts)) for _ in self.prompts] for _ in questions]

    def _to_score(
        self, question: Question, texts: Sequence[str | Exception]
    ) -> list[AnswerRequest]:
        """No context and each different summary; nothing for a question that failed already."""
        try:
            _raise_if_worth_another_run(texts)
        except Exception:
            return []
        contexts = dict.fromkeys(["", *(text for text in texts if isinstance(text, str))])
        return [AnswerRequest(question.query, text, question.answers) for text in contexts]

    def _record(
        self,
        question: Question,
        texts: Sequence[str | Exception],
        scores: Mapping[str, AnswerScore],
    ) -> dict[str, Any]:
        none = scores[""]
        best = ""
        for text in texts:
            if isinstance(text, str) and _beats(scores[text], scores[best]):
                best = text
        return {
            **question_fields(question, keep_documents=self.keep_documents),
            "kind": str(self.scorer.kind),
            "target": best,
            "no_context": score_fields(none),
            "candidates": [
                _candidate(name, text, scores)
                for name, text in zip(self.prompts, texts, strict=True)
            ],
            "teacher": self.teacher.licence.to_dict(),
            "date": self.date,
        }


def _beats(score: AnswerScore, other: AnswerScore) -> bool:
    # An upper bound may lie anywhere below: it is no proof that a summary helps.
    return score.kind is not Kind.CENSORED and score.value > other.value


def _candidate(
    name: str, text: str | Exception, scores: Mapping[str, AnswerScore]
) -> dict[str, Any]:
    if isinstance(text, Exception):
        return {"prompt": name, "error": f"{type(text).__name__}: {text}"}
    return {"prompt": name, "text": text, **score_fields(scores[text])}


def _raise_if_worth_another_run(texts: Sequence[str | Exception]) -> None:
    """Raise what a later run may find mended; a summary that is refused for good is a candidate
    less, unless there is no other.
    """
    errors = [text for text in texts if isinstance(text, Exception)]
    for error in errors:
        if isinstance(error, BudgetError):
            raise error
    for error in errors:
        if not isinstance(error, EndpointError) or error.reason not in _FINAL:
            raise error
    if errors and len(errors) == len(texts):
        raise errors[0]


def _stripped(text: str | Exception) -> str | Exception:
    return text.strip() if isinstance(text, str) else text
