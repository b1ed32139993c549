"""Scorers on language models of this machine, by name; the scorers are in `readers.likelihood`."""

from __future__ import annotations

from ...readers.answer_scores import AnswerScorer
from ...readers.likelihood import CausalLMScorer, Seq2SeqLMScorer
from ..settings import ScorerSettings


def build_causal_scorer(settings: ScorerSettings) -> AnswerScorer:
    """Build the scorer "causal", a `CausalLMScorer`.

    Args:
        settings: `model`, `device` and `answers` count.

    Returns:
        The scorer.

    Raises:
        ValueError: No model is named.
        ModelLoadError: The model can't be loaded.
    """
    return CausalLMScorer.from_pretrained(
        settings.required_model(), device=settings.device, answers=settings.answers
    )


def build_seq2seq_scorer(settings: ScorerSettings) -> AnswerScorer:
    """Build the scorer "seq2seq", a `Seq2SeqLMScorer`.

    Args:
        settings: `model`, `device` and `answers` count.

    Returns:
        The scorer.

    Raises:
        ValueError: No model is named.
        ModelLoadError: The model can't be loaded.
    """
    return Seq2SeqLMScorer.from_pretrained(
        settings.required_model(), device=settings.device, answers=settings.answers
    )
