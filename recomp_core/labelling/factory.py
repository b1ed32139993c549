"""From plain settings to a labeller, as the command and other machines build it."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any, Literal

from ..persistence.names import UNTRAINED
from ..readers.answer_scores import AnswerScorer
from ..runtime.budget import Meter
from .labeller import Labeller
from .scorers.cache import CachedScorer, CachedTeacher, ResultCache
from .settings import LabelSettings, ScorerSettings
from .teachers.settings import TeacherSettings


def labeller_from_settings(
    builder: Literal["contrastive", "distillation"],
    *,
    scorer: Mapping[str, Any],
    teacher: Mapping[str, Any] | None = None,
    encoder: Mapping[str, Any] | None = None,
    cache: str | None = None,
    date: str | None = None,
    **settings: Any,
) -> Labeller:
    """Build a labeller.

    Args:
        builder: "contrastive" for a `ContrastiveLabeller`, "distillation" for a
            `DistillationLabeller`.
        scorer: Fields of `ScorerSettings`.
        teacher: Fields of `TeacherSettings`; None for its defaults.
        encoder: The arguments of `compressor_from_settings`, "model" and "context" among them. The
            model is the encoder that will be trained; "minilm" if none is given.
        cache: The file of the `ResultCache`; None for no cache.
        date: The ISO date of the records of a `DistillationLabeller`; None for today.
        settings: Fields of `LabelSettings`.

    Returns:
        The labeller.

    Raises:
        ValueError: A setting cannot work, or nothing has a name that was given.
        TeacherTermsError: The teacher's terms restrict training on its outputs.
        ModelLoadError: A model can't be loaded.
        ImportError: An extra is not installed.
    """
    own = LabelSettings(**settings)
    meter = Meter(max_requests=own.max_requests, max_tokens=own.max_tokens)

    @functools.cache
    def kept() -> ResultCache | None:  # made last, so that an error leaves no file behind
        return ResultCache(cache) if cache else None

    @functools.cache
    def asked() -> AnswerScorer:
        built = ScorerSettings(**scorer).build()
        built.meter = meter
        return built if (found := kept()) is None else CachedScorer(built, found)

    if builder == "contrastive":
        from ..persistence.factory import compressor_from_settings
        from .contrastive import ContrastiveLabeller

        return ContrastiveLabeller(
            asked(),
            compressor_from_settings(**_untrained_unless_given(encoder)),
            epsilon=own.epsilon,
            num_negatives=own.num_negatives,
            needs_gain=own.needs_gain,
        )
    from .distillation import DistillationLabeller

    # The teacher comes first, because its terms may forbid all that follows.
    writer = TeacherSettings(**(teacher or {})).build(asked)
    writer.meter = meter
    reader = asked()
    cached = writer if (found := kept()) is None else CachedTeacher(writer, found)
    return DistillationLabeller(cached, reader, date=date)


def _untrained_unless_given(encoder: Mapping[str, Any] | None) -> dict[str, Any]:
    """The settings of the encoder that will be trained.

    Hard negatives are what it confuses, so the default is the encoder with which a training begins,
    not the trained one that this package ships.
    """
    settings = dict(encoder or {})
    if settings.get("model") is None:
        settings["model"] = UNTRAINED
    return settings
