"""Training data for both compressors, from a black-box language model (paper, section 3).

    from recomp_core.labelling import CausalLMScorer, build_contrastive_examples

    scorer = CausalLMScorer.from_pretrained("Qwen/Qwen3-0.6B")
    encoder = load_compressor("minilm")  # the one to be trained
    data = build_contrastive_examples("questions.jsonl", scorer, encoder, output="labels")

Scorers say how likely an answer is after a sentence and the question, teachers write summaries, and
builders make records of both, in runs that lose nothing. Importing this loads no model's library.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._utils.lazy import lazy_names

if TYPE_CHECKING:
    from ..data import BadRecord, Question
    from ..data.reading import read_questions
    from ..data.retrieval import load_retriever, retrieve
    from ..readers.answer_scores import (
        AnswerPrompt,
        AnswerRequest,
        AnswerScore,
        AnswerScorer,
        Capabilities,
        Kind,
        PairScorer,
    )
    from ..readers.likelihood import CausalLMScorer, Seq2SeqLMScorer
    from ..runtime.budget import Meter
    from .build import (
        CannotScoreError,
        LabelledData,
        build_contrastive_examples,
        build_distillation_examples,
    )
    from .contrastive import ContrastiveLabeller
    from .distillation import DistillationLabeller
    from .factory import labeller_from_settings
    from .jobs import LabelJob, LabelReport
    from .mining import mine
    from .scorers.cache import CachedScorer, CachedTeacher, ResultCache
    from .scorers.chat import ChatScorer
    from .scorers.completions import CompletionsScorer
    from .scorers.end_task import EndTaskScorer
    from .scorers.reader import ReaderScorer
    from .settings import ANSWER_SCORERS, ScorerSettings
    from .teachers.base import LanguageModelTeacher, Teacher, TeacherRequest
    from .teachers.extractive import ExtractiveTeacher
    from .teachers.models import EndpointTeacher, LocalTeacher
    from .teachers.settings import TEACHERS, TeacherSettings
    from .teachers.terms import (
        DEFAULT_POLICY,
        TeacherLicence,
        TeacherPolicy,
        TeacherTermsError,
        Terms,
    )

_WHERE = {
    "..runtime.budget": ("Meter",),
    ".build": (
        "CannotScoreError",
        "LabelledData",
        "build_contrastive_examples",
        "build_distillation_examples",
    ),
    ".scorers.cache": ("CachedScorer", "CachedTeacher", "ResultCache"),
    ".scorers.chat": ("ChatScorer",),
    ".scorers.completions": ("CompletionsScorer",),
    ".contrastive": ("ContrastiveLabeller",),
    ".distillation": ("DistillationLabeller",),
    ".jobs": ("LabelJob", "LabelReport"),
    "..readers.likelihood": ("CausalLMScorer", "Seq2SeqLMScorer"),
    ".mining": ("mine",),
    ".teachers.models": ("EndpointTeacher", "LocalTeacher"),
    ".teachers.terms": (
        "DEFAULT_POLICY",
        "TeacherLicence",
        "TeacherPolicy",
        "TeacherTermsError",
        "Terms",
    ),
    "..data": ("BadRecord", "Question"),
    "..data.reading": ("read_questions",),
    ".scorers.end_task": ("EndTaskScorer",),
    ".scorers.reader": ("ReaderScorer",),
    ".factory": ("labeller_from_settings",),
    ".settings": ("ANSWER_SCORERS", "ScorerSettings"),
    ".teachers.settings": ("TEACHERS", "TeacherSettings"),
    "..data.retrieval": ("load_retriever", "retrieve"),
    "..readers.answer_scores": (
        "AnswerPrompt",
        "AnswerRequest",
        "AnswerScore",
        "AnswerScorer",
        "Capabilities",
        "Kind",
        "PairScorer",
    ),
    ".teachers.base": ("LanguageModelTeacher", "Teacher", "TeacherRequest"),
    ".teachers.extractive": ("ExtractiveTeacher",),
}
_MODULES = {name: module for module, names in _WHERE.items() for name in names}

__all__ = [
    "ANSWER_SCORERS",
    "DEFAULT_POLICY",
    "TEACHERS",
    "AnswerPrompt",
    "AnswerRequest",
    "AnswerScore",
    "AnswerScorer",
    "BadRecord",
    "CachedScorer",
    "CachedTeacher",
    "CannotScoreError",
    "Capabilities",
    "CausalLMScorer",
    "ChatScorer",
    "CompletionsScorer",
    "ContrastiveLabeller",
    "DistillationLabeller",
    "EndTaskScorer",
    "EndpointTeacher",
    "ExtractiveTeacher",
    "Kind",
    "LabelJob",
    "LabelReport",
    "LabelledData",
    "LanguageModelTeacher",
    "LocalTeacher",
    "Meter",
    "PairScorer",
    "Question",
    "ReaderScorer",
    "ResultCache",
    "ScorerSettings",
    "Seq2SeqLMScorer",
    "Teacher",
    "TeacherLicence",
    "TeacherPolicy",
    "TeacherRequest",
    "TeacherSettings",
    "TeacherTermsError",
    "Terms",
    "build_contrastive_examples",
    "build_distillation_examples",
    "labeller_from_settings",
    "load_retriever",
    "mine",
    "read_questions",
    "retrieve",
]


__getattr__, __dir__ = lazy_names(__name__, _MODULES, __all__)
