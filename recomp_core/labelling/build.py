"""Build the training data of both compressors from questions, answers and documents."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from .._utils.jsonl import from_line
from ..data.reading import read_questions
from ..prompts import PromptTemplate
from ..readers.answer_scores import AnswerScorer
from .contrastive import ContrastiveLabeller
from .distillation import DistillationLabeller
from .jobs import LabelJob, LabelReport
from .labeller import Labeller
from .run_files import CACHE_FILE, FILES, check_files
from .scorers.cache import CachedScorer, CachedTeacher, ResultCache
from .teachers.base import Teacher


class CannotScoreError(ValueError):
    """A scorer was probed before a long run, and it can't score."""


class LabelledData:
    """What a run left in its folder. Records are read when they are asked for.

    Iterating gives the training records in the order of the questions; `len()` is their number.

    Args:
        folder: Has `examples.jsonl` and the other files of a run; see `jobs`.
        report: What the run did.
        temporary: The folder, if it is to be deleted with this object.

    Attributes:
        folder: As given.
        report: As given.
    """

    def __init__(
        self, folder: Path, report: LabelReport, temporary: tempfile.TemporaryDirectory[str] | None
    ) -> None:
        self.folder = folder
        self.report = report
        self._temporary = temporary  # lives as long as this object

    @property
    def examples(self) -> list[dict[str, Any]]:
        """The training records, in the order of the questions."""
        return list(self._read(FILES["example"]))

    @property
    def unhelpful(self) -> list[dict[str, Any]]:
        """The records of questions that no sentence helps."""
        return list(self._read(FILES["unhelpful"]))

    @property
    def failed(self) -> list[dict[str, Any]]:
        """The questions that failed, with their errors."""
        return list(self._read(FILES["failed"]))

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return self._read(FILES["example"])

    def __len__(self) -> int:
        return self.report.counts["example"]

    def __repr__(self) -> str:
        return f"LabelledData({str(self.folder)!r}: {self.report})"

    def _read(self, name: str) -> Iterator[dict[str, Any]]:
        with (self.folder / name).open("rb") as stream:
            for line in stream:
                yield from_line(line)


def build_contrastive_examples(
    dataset: Any,
    scorer: AnswerScorer,
    encoder: Any,
    *,
    epsilon: float = 0.0,
    num_negatives: int = 5,
    needs_gain: bool = True,
    documents: int | None = None,
    limit: int | None = None,
    output: str | os.PathLike[str] | None = None,
    cache: str | os.PathLike[str] | None = None,
    batch_questions: int = 8,
    overwrite: bool = False,
) -> LabelledData:
    """Build training data of the extractive compressor (paper, section 3.1, steps 1 to 4).

    Args:
        dataset: A path or an iterable of records; see `read_questions`.
        scorer: Says how likely the answer is to the reader after a sentence and the question.
        encoder: The encoder that will be trained; see `ContrastiveLabeller`.
        epsilon: How much lower the score of a negative must be; see `mine`.
        num_negatives: The largest number of hard negatives of a question.
        needs_gain: Whether the positive must be better than no sentence at all.
        documents: The number of documents of each question, from the first; None for all.
        limit: The number of questions, from the first; None for all.
        output: The folder of the labels, in which a later call carries on; None for a temporary
            one.
        cache: The file in which every score is kept; None for one in `output`.
        batch_questions: The number of questions that are labelled together.
        overwrite: Whether to delete the labels in `output` first; the cache stays.

    Returns:
        The records.

    Raises:
        CannotScoreError: The scorer can't work; nothing else was asked.
        ValueError: A setting cannot work, or `output` holds other labels.
    """
    with _Workplace(dataset, output, cache) as place:
        labeller = ContrastiveLabeller(
            place.cached_scorer(scorer),
            encoder,
            epsilon=epsilon,
            num_negatives=num_negatives,
            needs_gain=needs_gain,
        )
        job = LabelJob(place.folder, labeller.identity, overwrite=overwrite)
        return place.run(job, labeller, dataset, documents, limit, batch_questions)


def build_distillation_examples(
    dataset: Any,
    teacher: Teacher,
    prompts: Mapping[str, PromptTemplate] | Sequence[PromptTemplate] | None,
    scorer: AnswerScorer,
    *,
    documents: int | None = None,
    limit: int | None = None,
    output: str | os.PathLike[str] | None = None,
    cache: str | os.PathLike[str] | None = None,
    batch_questions: int = 8,
    overwrite: bool = False,
) -> LabelledData:
    """Build training data of the abstractive compressor (paper, section 3.2).

    Args:
        dataset: A path or an iterable of records; see `read_questions`.
        teacher: Writes the summaries.
        prompts: Templates, by name or in a list; None for the teacher's own.
        scorer: Says how likely the answer is to the reader after a summary and the question.
        documents: The number of documents of each question, from the first; None for all.
        limit: The number of questions, from the first; None for all.
        output: The folder of the labels, in which a later call carries on; None for a temporary
            one.
        cache: The file in which every summary and score is kept; None for one in `output`.
        batch_questions: The number of questions that are labelled together.
        overwrite: Whether to delete the labels in `output` first; the cache stays.

    Returns:
        The records.

    Raises:
        CannotScoreError: The scorer can't work; nothing else was asked.
        ValueError: A setting cannot work, or `output` holds other labels.
    """
    with _Workplace(dataset, output, cache) as place:
        cached = place.cached_teacher(teacher)
        labeller = DistillationLabeller(cached, place.cached_scorer(scorer), prompts=prompts)
        job = LabelJob(place.folder, labeller.identity, overwrite=overwrite)
        labeller.date = job.date
        return place.run(job, labeller, dataset, documents, limit, batch_questions)


def check_scorer(scorer: AnswerScorer) -> None:
    """Probe a scorer before a long run.

    Args:
        scorer: The scorer.

    Raises:
        CannotScoreError: It can't score; the message says why.
    """
    found = scorer.capabilities()
    if not found.usable:
        asked = scorer.scorer if isinstance(scorer, CachedScorer) else scorer
        raise CannotScoreError(f"{type(asked).__name__} can't label: {found.reason}")


class _Workplace:
    """The folder and the cache of a run."""

    def __init__(
        self,
        dataset: Any,
        output: str | os.PathLike[str] | None,
        cache: str | os.PathLike[str] | None,
    ) -> None:
        self._temporary = tempfile.TemporaryDirectory("recomp-labels") if output is None else None
        self.folder = Path(self._temporary.name if self._temporary else output or "")
        self._cache_path = Path(cache) if cache else self.folder / CACHE_FILE
        self._cache: ResultCache | None = None
        check_files(self.folder, self._cache_path, dataset)

    def __enter__(self) -> _Workplace:
        return self

    def __exit__(self, *_: object) -> None:
        if self._cache is not None:
            self._cache.close()

    def cached_scorer(self, scorer: AnswerScorer) -> AnswerScorer:
        cached = CachedScorer(scorer, self._opened())
        check_scorer(cached)
        return cached

    def cached_teacher(self, teacher: Teacher) -> Teacher:
        return CachedTeacher(teacher, self._opened())

    def run(
        self,
        job: LabelJob,
        labeller: Labeller,
        dataset: Any,
        documents: int | None,
        limit: int | None,
        batch_questions: int,
    ) -> LabelledData:
        questions = read_questions(dataset, documents=documents, limit=limit)
        total = len(dataset) if isinstance(dataset, Sequence) and not _is_path(dataset) else None
        if total is not None and limit is not None:
            total = min(total, limit)
        report = job.run(labeller, questions, batch_questions=batch_questions, total=total)
        return LabelledData(self.folder, report, self._temporary)

    def _opened(self) -> ResultCache:
        if self._cache is None:
            self._cache = ResultCache(self._cache_path)
        return self._cache


def _is_path(value: Any) -> bool:
    return isinstance(value, (str, os.PathLike))
