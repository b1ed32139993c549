"""Training data for both compressors, from a black-box language model (paper, section 3).

    from recomp_core.labelling import CausalLMScorer, build_contrastive_examples

    scorer = CausalLMScorer.from_pretrained("Qwen/Qwen3-0.6B")
    encoder = load_compressor("minilm")  # the one to be trained
    data = build_contrastive_examples("questions.jsonl", scorer, encoder, output="labels")

Scorers say how likely an answer is after a sentence and the question; teachers write summaries;
builders make records of both, in runs that lose nothing. Importing this loads no model's library.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lazy import lazy_names

if TYPE_CHECKING:
    from ..meter import Meter
    from ..questions import BadRecord, Question
    from ..questions.reading import read_questions
    from ..questions.retrieval import load_retriever, retrieve
    from .build import (
        CannotScoreError,
        LabelledData,
        build_contrastive_examples,
        build_distillation_examples,
    )
    from .cache import CachedScorer, CachedTeacher, ResultCache
    from .chat_scorer import ChatScorer
    from .completions import CompletionsScorer
    from .contrastive import ContrastiveLabeller
    from .distillation import DistillationLabeller
    from .jobs import LabelJob, LabelReport
    from .local_scorers import CausalLMScorer, Seq2SeqLMScorer
    from .mining import mine
    from .model_teachers import EndpointTeacher, LocalTeacher
    from .policy import DEFAULT_POLICY, TeacherLicence, TeacherPolicy, TeacherTermsError, Terms
    from .reader_scorers import EndTaskScorer, ReaderScorer
    from .scores import (
        AnswerPrompt,
        AnswerRequest,
        AnswerScore,
        AnswerScorer,
        Capabilities,
        Kind,
        PairScorer,
    )
    from .teachers import ExtractiveTeacher, LanguageModelTeacher, Teacher, TeacherRequest

_WHERE = {
    "..meter": ("Meter",),
    ".build": (
        "CannotScoreError",
        "LabelledData",
        "build_contrastive_examples",
        "build_distillation_examples",
    ),
    ".cache": ("CachedScorer", "CachedTeacher", "ResultCache"),
    ".chat_scorer": ("ChatScorer",),
    ".completions": ("CompletionsScorer",),
    ".contrastive": ("ContrastiveLabeller",),
    ".distillation": ("DistillationLabeller",),
    ".jobs": ("LabelJob", "LabelReport"),
    ".local_scorers": ("CausalLMScorer", "Seq2SeqLMScorer"),
    ".mining": ("mine",),
    ".model_teachers": ("EndpointTeacher", "LocalTeacher"),
    ".policy": (
        "DEFAULT_POLICY",
        "TeacherLicence",
        "TeacherPolicy",
        "TeacherTermsError",
        "Terms",
    ),
    "..questions": ("BadRecord", "Question"),
    "..questions.reading": ("read_questions",),
    ".reader_scorers": ("EndTaskScorer", "ReaderScorer"),
    "..questions.retrieval": ("load_retriever", "retrieve"),
    ".scores": (
        "AnswerPrompt",
        "AnswerRequest",
        "AnswerScore",
        "AnswerScorer",
        "Capabilities",
        "Kind",
        "PairScorer",
    ),
    ".teachers": ("ExtractiveTeacher", "LanguageModelTeacher", "Teacher", "TeacherRequest"),
}
_MODULES = {name: module for module, names in _WHERE.items() for name in names}

__all__ = [
    "DEFAULT_POLICY",
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
    "Seq2SeqLMScorer",
    "Teacher",
    "TeacherLicence",
    "TeacherPolicy",
    "TeacherRequest",
    "TeacherTermsError",
    "Terms",
    "build_contrastive_examples",
    "build_distillation_examples",
    "load_retriever",
    "mine",
    "read_questions",
    "retrieve",
]


__getattr__, __dir__ = lazy_names(__name__, _MODULES, __all__)
