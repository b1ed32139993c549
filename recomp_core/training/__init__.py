"""Training: labels become compressors (paper, sections 3.1 and 3.2).

It may import the integration and all rooms below it, and nothing of labelling or evaluation. It
needs the extra `train`; importing it loads no library of models.

Example:
    >>> from recomp_core.training import train_extractive
    >>> train_extractive("labels", output="my-compressor", lora="rank=16")  # doctest: +SKIP
    >>> load_compressor("my-compressor")  # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._utils.lazy import lazy_names

if TYPE_CHECKING:
    from .abstractive import train_abstractive
    from .examples import (
        ContrastiveExample,
        DistillationExample,
        TrainingData,
        TrainingDataError,
        read_contrastive,
        read_distillation,
    )
    from .extractive import train_extractive
    from .runs import TrainingPlan, TrainingResult
    from .settings import AbstractiveSettings, ExtractiveSettings, LoraSettings, RunSettings

_WHERE = {
    ".abstractive": ("train_abstractive",),
    ".examples": (
        "ContrastiveExample",
        "DistillationExample",
        "TrainingData",
        "TrainingDataError",
        "read_contrastive",
        "read_distillation",
    ),
    ".extractive": ("train_extractive",),
    ".runs": ("TrainingPlan", "TrainingResult"),
    ".settings": ("AbstractiveSettings", "ExtractiveSettings", "LoraSettings", "RunSettings"),
}
_LAZY = {name: module for module, names in _WHERE.items() for name in names}

__all__ = [
    "AbstractiveSettings",
    "ContrastiveExample",
    "DistillationExample",
    "ExtractiveSettings",
    "LoraSettings",
    "RunSettings",
    "TrainingData",
    "TrainingDataError",
    "TrainingPlan",
    "TrainingResult",
    "read_contrastive",
    "read_distillation",
    "train_abstractive",
    "train_extractive",
]


__getattr__, __dir__ = lazy_names(__name__, _LAZY, __all__)
