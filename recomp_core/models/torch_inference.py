"""How every model of transformers is asked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..runtime.forking import torch_works_here


@contextmanager
def inference(model: Any) -> Iterator[None]:
    """No gradients, dropout off, and every module afterwards as it was.

    Not for two threads at one time: what mode a model is in is state of the shared object.
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
