"""Labels become compressors (paper, sections 3.1 and 3.2).

    from recomp_core.training import train_extractive

    train_extractive("labels", output="my-compressor", lora="rank=16")
    load_compressor("my-compressor")

Needs the extra `train`. Importing this loads no model's library.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        from importlib import import_module

        return getattr(import_module(_LAZY[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
