"""Inference with models of transformers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..runtime.forking import torch_works_here


@contextmanager
def inference(model: Any) -> Iterator[None]:
    """Run a block without gradients and without dropout.

    Afterwards every module is in its former mode. Two threads must not use it on one model at the
    same time, because a model's mode is state of the shared object.

    Args:
        model: A `torch.nn.Module`.

    Yields:
        Nothing.
    """
    import torch

    torch_works_here()
    training = [module for module in model.modules() if module.training]
    model.eval()
    try:
        with torch.inference_mode():
            yield
    finally:
        for module in training:
            module.training = True
