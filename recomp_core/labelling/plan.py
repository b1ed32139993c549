"""How much a labelling run would ask, counted without asking."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..data import BadRecord, Question
from ..extractive.sentences import document_sentences
from ..prompts import TEACHER_PROMPTS
from ..readers.answer_scores import AnswerPrompt, AnswerRequest
from ..text.splitting import SentenceSplitter
from ..text.tokens import approximate_tokens
from .teachers.settings import TeacherSettings

_SUMMARY_TOKENS = 60  # the supposed length of a summary that is not written yet


@dataclass
class Plan:
    """How much a run would ask; what the cache holds already is not subtracted.

    Attributes:
        questions: The number of questions to label.
        broken: The number of records that can't be read or have no answers.
        scores: The number of answers to score, each with its context.
        score_tokens: The number of tokens that the scorer would read, by `approximate_tokens`.
        summaries: The number of summaries that a teacher would write.
        summary_tokens: The number of tokens that the teacher would read, by `approximate_tokens`.
    """

    questions: int = 0
    broken: int = 0
    scores: int = 0
    score_tokens: int = 0
    summaries: int = 0
    summary_tokens: int = 0

    def __str__(self) -> str:
        lines = [f"{self.questions:,} questions, {self.broken:,} broken records"]
        if self.summaries:
            lines.append(
                f"teacher: {self.summaries:,} summaries, about {self.summary_tokens:,} tokens in "
                f"and {self.summaries * _SUMMARY_TOKENS:,} out"
            )
        lines.append(f"scorer: {self.scores:,} scores, about {self.score_tokens:,} tokens in")
        return "\n".join(lines)


def plan(settings: Mapping[str, Any], questions: Iterable[Question | BadRecord]) -> Plan:
    """Count what a labeller would ask for these questions. No model is loaded.

    A chat API's methods make several requests of a score: `samples` at most its number, `prefix`
    one for each token of the answer.

    Args:
        settings: The arguments of `labeller_from_settings`.
        questions: The input.

    Returns:
        The counts.

    Raises:
        TeacherTermsError: The teacher's terms restrict training on its outputs.
        ValueError: A setting of the teacher cannot work, or is missing.
    """
    if settings["builder"] == "distillation":
        TeacherSettings(**settings["teacher"]).check_terms()
    counted = Plan()
    for question in questions:
        if isinstance(question, BadRecord) or not question.answers:
            counted.broken += 1
            continue
        counted.questions += 1
        if settings["builder"] == "contrastive":
            _count_sentences(question, settings.get("needs_gain", True), counted)
        else:
            _count_summaries(question, settings["teacher"]["teacher"], counted)
    return counted


def _count_sentences(question: Question, needs_gain: bool, counted: Plan) -> None:
    sentences = document_sentences(question.documents, SentenceSplitter(), structural=False)
    texts = {sentence.text for sentence in sentences}
    for text in [*texts, *([""] if needs_gain else [])]:
        _count_score(question, text, counted)


def _count_summaries(question: Question, teacher: str, counted: Plan) -> None:
    shown = [(document.title or "", document.text) for document in question.documents]
    if teacher == "extractive":
        _count_sentences(question, True, counted)
        return
    for prompt in TEACHER_PROMPTS.values():
        counted.summaries += 1
        counted.summary_tokens += approximate_tokens(prompt.fill(question.query, shown))
        _count_score(question, "x" * 4 * _SUMMARY_TOKENS, counted)
    _count_score(question, "", counted)


def _count_score(question: Question, context: str, counted: Plan) -> None:
    prompt = AnswerPrompt()
    tokens = approximate_tokens(
        prompt.prompt(AnswerRequest(question.query, context, question.answers))
    )
    counted.scores += len(question.answers)
    counted.score_tokens += sum(tokens + approximate_tokens(a) for a in question.answers)
