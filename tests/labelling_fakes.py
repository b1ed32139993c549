"""Ten-line scorers and teachers whose answers can be worked out by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from recomp_core.labelling.teachers.terms import TeacherLicence
from recomp_core.prompts import TEACHER_PROMPTS
from recomp_core.readers.answer_scores import AnswerRequest, AnswerScore, Capabilities, Kind
from recomp_core.runtime.budget import Meter


class TableScorer:
    """Scores a context by looking it up; an exception in the table is that context's error."""

    def __init__(
        self,
        table: Mapping[str, float | Exception | AnswerScore],
        *,
        kind: Kind = Kind.EXACT,
        default: float | None = None,
    ) -> None:
        self.table, self.kind, self.default = table, kind, default
        self.meter = Meter()
        self.asked: list[AnswerRequest] = []

    @property
    def identity(self) -> Mapping[str, Any]:
        return {"scorer": "table"}

    def capabilities(self) -> Capabilities:
        return Capabilities(True, self.kind, "a table")

    def score(self, requests: Sequence[AnswerRequest]) -> list[AnswerScore | Exception]:
        return [self._one(request) for request in requests]

    def score_each(self, requests):
        return enumerate(map(self._one, requests))

    def _one(self, request: AnswerRequest) -> AnswerScore | Exception:
        try:
            self.meter.admit()
        except Exception as error:
            return error
        self.asked.append(request)
        found = (
            self.table[request.context]
            if self.default is None
            else self.table.get(request.context, self.default)
        )
        if isinstance(found, (Exception, AnswerScore)):
            return found
        return AnswerScore(found, 1, self.kind, request.answers[0])


class WrittenTeacher:
    """Writes what a function of the request says."""

    prompts = TEACHER_PROMPTS

    def __init__(self, write: Callable[[Any], str | Exception], name: str = "written") -> None:
        self._write, self.name = write, name
        self.meter = Meter()
        self.licence = TeacherLicence.unknown(name)

    @property
    def identity(self) -> Mapping[str, Any]:
        return {"teacher": self.name}

    def write(self, requests):
        return [self._write(request) for request in requests]

    def write_each(self, requests):
        return enumerate(self.write(requests))


def by_words(query: str, sentences: list[str]) -> list[float]:
    """A similarity that can be counted: the share of a sentence's words that the query has."""
    wanted = set(query.lower().split())
    return [
        len(wanted & set(words)) / max(len(words), 1)
        for words in (s.lower().strip(".").split() for s in sentences)
    ]
