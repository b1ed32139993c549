"""Training data of the abstractive compressor: a teacher writes, the reader chooses.

The empty summary wins if none helps (paper, section 3.2).
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from .._utils.jsonl import described
from ..data import Question
from ..errors import EndpointError
from ..prompts import PromptTemplate
from ..readers.answer_scores import AnswerRequest, AnswerScore, AnswerScorer, Kind
from ..runtime.budget import Meter
from .fields import checked, question_fields, raise_budget_error, score_fields
from .labeller import Labelled
from .teachers.base import Teacher, TeacherRequest

# Reasons for which a teacher would fail again; other errors are worth another run.
_FINAL = ("cut", "refused", "filtered")


class DistillationLabeller:
    """Makes records of the target that a summarizer will learn. A `Labeller`.

    The target is the summary with the highest score, the first of equals; or "" if it does not
    beat no context: Score(M, y, [s; x]) <= Score(M, y, [x]). An upper bound beats nothing.

    Args:
        teacher: Writes one summary per prompt.
        scorer: Says how likely the answer is to the reader after a summary and the question.
        prompts: Templates, by name or in a list; None for the teacher's own.
        date: The ISO date that goes into every record; None for today.
        keep_documents: Whether to write the documents into each record.

    Raises:
        TypeError: A prompt is no `PromptTemplate`.
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
        """JSON values that decide the records; the date does not count."""
        return {
            "builder": "distillation",
            "teacher": self.teacher.identity,
            "scorer": self.scorer.identity,
            "prompts": {name: prompt.to_json() for name, prompt in self.prompts.items()},
            "keep_documents": self.keep_documents,
        }

    @property
    def meters(self) -> tuple[Meter, ...]:
        """The meters that count the requests and tokens of a run."""
        return tuple({id(m): m for m in (self.teacher.meter, self.scorer.meter)}.values())

    def requests(self, question: Question) -> list[TeacherRequest]:
        """List what the teacher will be asked for a question.

        Args:
            question: The question.

        Returns:
            One request for each prompt.
        """
        return [
            TeacherRequest(question.query, question.documents, question.answers, prompt)
            for prompt in self.prompts.values()
        ]

    def label(self, questions: Sequence[Question]) -> Iterator[Labelled | Exception]:
        """Label questions.

        Args:
            questions: What to label.

        Yields:
            For each question its record, or the exception that it ended with, in order.
        """
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
        """No context and each different summary; nothing for a question that has failed."""
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
    # The value under an upper bound may be anything, so a bound does not prove that a text helps.
    return score.kind is not Kind.CENSORED and score.value > other.value


def _candidate(
    name: str, text: str | Exception, scores: Mapping[str, AnswerScore]
) -> dict[str, Any]:
    if isinstance(text, Exception):
        return {"prompt": name, "error": described(text)}
    return {"prompt": name, "text": text, **score_fields(scores[text])}


def _raise_if_worth_another_run(texts: Sequence[str | Exception]) -> None:
    """Raise an error that another run may not meet.

    A summary that would be refused again is only one candidate less, unless there is no other.
    """
    raise_budget_error(texts)
    errors = [text for text in texts if isinstance(text, Exception)]
    for error in errors:
        if not isinstance(error, EndpointError) or error.reason not in _FINAL:
            raise error
    if errors and len(errors) == len(texts):
        raise errors[0]


def _stripped(text: str | Exception) -> str | Exception:
    return text.strip() if isinstance(text, str) else text
