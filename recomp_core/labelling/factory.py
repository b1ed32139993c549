"""Plain settings to scorers, teachers and labellers: what the command and other machines speak."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from .._utils.checks import check_choice
from ..persistence.names import UNTRAINED
from ..readers.answer_scores import Answers, AnswerScorer
from ..runtime.budget import Meter
from .labeller import Labeller
from .scorers.cache import CachedScorer, CachedTeacher, ResultCache
from .teachers.base import ExtractiveTeacher, Teacher

SCORERS = ("causal", "seq2seq", "completions", "chat", "reader", "end-task")
TEACHERS = ("endpoint", "local", "extractive")


@dataclass(frozen=True)
class ModelSettings:
    """A model and where it is. Keys are named by their environment variable, never given."""

    model: str | None = None
    base_url: str | None = None
    api_key_env: str = "OPENAI_API_KEY"
    device: str | None = None
    max_concurrency: int = 8
    requests_per_minute: float | None = None

    def endpoint(self) -> dict[str, Any]:
        """Those of `models.endpoint.Endpoint`."""
        return {
            "base_url": self.base_url,
            "api_key_env": self.api_key_env,
            "max_concurrency": self.max_concurrency,
            "requests_per_minute": self.requests_per_minute,
        }

    def named(self, what: str) -> str:
        """The model. Raises `ValueError` if none is named."""
        if not self.model:
            raise ValueError(f"{what} needs a model: name it (--model, --teacher-model)")
        return self.model


@dataclass(frozen=True)
class ScorerSettings(ModelSettings):
    """See `SCORERS` and the classes that they stand for."""

    scorer: str = "causal"
    answers: Answers = "best"
    protocol: Literal["auto", "vllm", "echo", "sglang"] = "auto"
    tokenizer: str | None = None
    method: Literal["samples", "prefix", "judge"] = "samples"
    samples: int = 10
    metric: Literal["exact_match", "token_f1"] = "exact_match"

    def build(self) -> AnswerScorer:
        """The scorer. Raises `ValueError`, `ModelLoadError` or `ImportError`."""
        check_choice("scorer", self.scorer, SCORERS)
        model = self.named(f"scorer {self.scorer!r}")
        if self.scorer == "chat":
            return self._chat(model)
        if self.scorer == "completions":
            from .scorers.completions import CompletionsScorer

            return CompletionsScorer(
                model,
                protocol=self.protocol,
                tokenizer=self.tokenizer,
                answers=self.answers,
                **self.endpoint(),
            )
        if self.scorer == "end-task":
            return self._end_task(model)
        return self._local(model)

    def _local(self, model: str) -> AnswerScorer:
        from ..readers.likelihood import CausalLMScorer, Seq2SeqLMScorer
        from .scorers.reader import ReaderScorer

        classes: Mapping[str, Any] = {
            "causal": CausalLMScorer,
            "seq2seq": Seq2SeqLMScorer,
            "reader": ReaderScorer,
        }
        scorer: AnswerScorer = classes[self.scorer].from_pretrained(
            model, device=self.device, answers=self.answers
        )
        return scorer

    def _chat(self, model: str) -> AnswerScorer:
        from .scorers.chat import ChatScorer

        own: dict[str, Any] = {}
        if self.method == "samples":
            own = {"samples": self.samples}
        elif self.method == "prefix":
            own = {"answers": self.answers}
            if self.tokenizer:
                from transformers import AutoTokenizer

                own["tokenizer"] = AutoTokenizer.from_pretrained(
                    self.tokenizer, trust_remote_code=False
                )
        return ChatScorer(model, method=self.method, **own, **self.endpoint())

    def _end_task(self, model: str) -> AnswerScorer:
        from .scorers.reader import EndTaskScorer

        if self.base_url:
            from .scorers.chat import CHAT_PROMPT, ChatAnswers

            answers = ChatAnswers(model, **self.endpoint())
            return EndTaskScorer(answers, name=model, metric=self.metric, prompt=CHAT_PROMPT)
        from ..readers.generative import LocalReader
        from ..readers.loading import load_causal

        reader = LocalReader(*load_causal(model, device=self.device))
        return EndTaskScorer(reader, name=model, metric=self.metric)


@dataclass(frozen=True)
class TeacherSettings(ModelSettings):
    """See `TEACHERS` and the classes that they stand for."""

    teacher: str = "extractive"
    accept_terms: bool = False
    max_sentences: int = 2

    def build(self) -> Teacher | None:
        """The teacher; None for the extractive one, which needs a scorer. Raises as
        `ScorerSettings.build` does, and `TeacherTermsError`.
        """
        check_choice("teacher", self.teacher, TEACHERS)
        if self.teacher == "extractive":
            return None
        from .teachers.models import EndpointTeacher, LocalTeacher

        model = self.named(f"teacher {self.teacher!r}")
        if self.teacher == "local":
            return LocalTeacher.from_pretrained(
                model, device=self.device, accept_terms=self.accept_terms
            )
        return EndpointTeacher(model, accept_terms=self.accept_terms, **self.endpoint())


def labeller_from_settings(
    builder: Literal["contrastive", "distillation"],
    *,
    scorer: Mapping[str, Any],
    teacher: Mapping[str, Any] | None = None,
    encoder: Mapping[str, Any] | None = None,
    cache: str | None = None,
    date: str | None = None,
    epsilon: float = 0.0,
    num_negatives: int = 5,
    needs_gain: bool = True,
    max_requests: int | None = None,
    max_tokens: int | None = None,
) -> Labeller:
    """A labeller, with a cache and a budget.

    scorer, teacher: fields of `ScorerSettings` and `TeacherSettings`. encoder: arguments of
    `compressor_from_settings`, "model" and "context" among them; the model is "minilm" where none
    is given: what shall be trained. cache: a file.
    """
    meter = Meter(max_requests=max_requests, max_tokens=max_tokens)
    # First, for its terms may forbid all that follows.
    of_teacher = TeacherSettings(**(teacher or {}))
    writer = of_teacher.build() if builder == "distillation" else None
    own: AnswerScorer = ScorerSettings(**scorer).build()
    own.meter = meter
    kept = ResultCache(cache) if cache else None
    asked = CachedScorer(own, kept) if kept else own
    if builder == "contrastive":
        from ..persistence.factory import compressor_from_settings
        from .contrastive import ContrastiveLabeller

        return ContrastiveLabeller(
            asked,
            compressor_from_settings(**_untrained_unless_given(encoder)),
            epsilon=epsilon,
            num_negatives=num_negatives,
            needs_gain=needs_gain,
        )
    from .distillation import DistillationLabeller

    writer = writer or ExtractiveTeacher(asked, max_sentences=of_teacher.max_sentences)
    writer.meter = meter
    return DistillationLabeller(CachedTeacher(writer, kept) if kept else writer, asked, date=date)


def _untrained_unless_given(encoder: Mapping[str, Any] | None) -> dict[str, Any]:
    """The encoder's settings. Hard negatives are what *it* confuses, so by default it is the one
    that a training begins with, not the trained one that ships.
    """
    settings = dict(encoder or {})
    if settings.get("model") is None:
        settings["model"] = UNTRAINED
    return settings
