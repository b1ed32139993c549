"""A model's weights in training: which are trained, with dropout or without, in which precision."""

from __future__ import annotations

from typing import Any

from .settings import Precision


def use_bfloat16(precision: Precision) -> bool:
    """Decide whether forward passes compute in bfloat16.

    Args:
        precision: The setting; "auto" takes bfloat16 on hardware that has it.

    Returns:
        False for float32.
    """
    if precision != "auto":
        return precision == "bfloat16"
    import torch

    if torch.cuda.is_available():
        return torch.cuda.is_bf16_supported(including_emulation=False)
    probes = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(getattr(torch.cpu, name, lambda: False)() for name in probes)


def freeze_embeddings(model: Any) -> None:
    """Exclude the table of token vectors from training.

    Args:
        model: A transformers model.
    """
    model.get_input_embeddings().requires_grad_(False)


def disable_dropout(model: Any) -> None:
    """Set every dropout layer of a model to zero.

    Args:
        model: A torch module.
    """
    import torch

    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0


def count_weights(model: Any) -> tuple[int, int]:
    """Count the weights of a model.

    Args:
        model: A torch module.

    Returns:
        How many weights are trained, and how many there are.
    """
    weights = list(model.parameters())
    return sum(w.numel() for w in weights if w.requires_grad), sum(w.numel() for w in weights)
