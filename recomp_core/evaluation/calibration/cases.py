"""The questions of a calibration with their scored sentences, each with the caution it needs."""

from __future__ import annotations

import logging
import math
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

from ...data import BadRecord, Question
from ...text.answers import contains_answer
from ...text.joining import is_blank
from ...types import Compression, ScoredSentence
from .setting_families import Family

if TYPE_CHECKING:
    from ...extractive.compressor import ExtractiveCompressor

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Case:
    """A question of the calibration with its scored sentences.

    Attributes:
        question: The question.
        sentences: Its sentences with their scores, in document order.
        before: What the compressor made of it with its own selector.
        answerable: Whether a document holds an answer; None if the question has no answers.
        needed: The caution that it needs, if it is answerable.
    """

    question: Question
    sentences: tuple[ScoredSentence, ...]
    before: Compression
    answerable: bool | None
    needed: float = math.inf


def usable(
    questions: Iterable[Question | BadRecord], left_out: dict[str, int]
) -> Iterator[Question]:
    """Keep the questions with documents, each once.

    Args:
        questions: The questions and the broken records.
        left_out: Counts what is left out, by reason.

    Yields:
        The usable questions.
    """
    seen = set()
    for question in questions:
        if isinstance(question, BadRecord):
            why = "broken records"
            logger.warning("record %s is left out: %s", question.id, question.error)
        elif all(is_blank(document.text) for document in question.documents):
            why = "questions without documents"
        elif question.digest in seen:
            why = "repetitions"
        else:
            seen.add(question.digest)
            yield question
            continue
        left_out[why] = left_out.get(why, 0) + 1


def scored_cases(
    questions: Iterable[Question],
    compressor: ExtractiveCompressor,
    family: Family,
    batch_questions: int,
) -> Iterator[Case]:
    """Score questions in batches.

    Args:
        questions: The questions.
        compressor: Scores their sentences.
        family: The settings that are chosen from.
        batch_questions: How many questions are scored together.

    Yields:
        The questions with their scored sentences, in order.
    """
    from tqdm import tqdm

    bar = tqdm(unit=" questions", disable=None, file=sys.stderr)
    with bar:
        remaining = iter(questions)
        while batch := list(islice(remaining, batch_questions)):
            compressions = compressor.compress_batch(
                [question.query for question in batch], [question.documents for question in batch]
            )
            for question, compression in zip(batch, compressions, strict=True):
                yield _case(question, compression, family, compressor)
                bar.update()


def _case(
    question: Question, compression: Compression, family: Family, compressor: ExtractiveCompressor
) -> Case:
    sentences = tuple(
        sorted((*compression.kept, *compression.dropped), key=lambda s: (s.doc_index, s.start))
    )
    if not question.answers:
        return Case(question, sentences, compression, None)
    answerable = any(contains_answer(d.text, question.answers) for d in question.documents)
    case = Case(question, sentences, compression, answerable)
    if not answerable:
        return case
    needed = family.needed(
        question.documents, sentences, question.answers, compressor.layout, compressor.expand,
        compressor.brings_outline,
    )  # fmt: skip
    return replace(case, needed=needed)
