"""Low-rank adaptation of an encoder: factors beside its weights, and their two files.

PEFT itself puts the factors in. Its integration in transformers and sentence-transformers is left
aside: each version of theirs asks for a newer PEFT than the last, and what is written here is what
`models.delta` reads.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from .._utils.checks import require
from ..models.encoders.lora import ADAPTER_WEIGHTS
from .settings import ExportType, LoraSettings

_PREFIX = "base_model.model."


def add_lora(model: Any, lora: LoraSettings, *, base: str, skip: str, seed: int) -> None:
    """Put factors beside the linear layers of `model`, a transformers model, and freeze the rest.

    base: the name or folder that the adapter's config will give. skip: a pattern of names of layers
    that are left alone. seed: of the factors' first values. Raises `ValueError` if `lora.targets`
    name no layer.
    """
    require("peft", "train", "lora")
    import torch
    from peft import LoraConfig, TaskType, inject_adapter_in_model
    from torch import nn

    layers = [name for name, module in model.named_modules() if isinstance(module, nn.Linear)]
    wanted = [name for name in layers if not re.search(skip, name)]
    if lora.targets is not None:
        wanted = [name for name in wanted if name.rpartition(".")[2] in lora.targets]
    if not wanted:
        endings = sorted({name.rpartition(".")[2] for name in layers})
        raise ValueError(f"lora targets {lora.targets} name no layer; there are {endings}")
    config = LoraConfig(
        r=lora.rank,
        lora_alpha=lora.alpha or lora.rank,
        lora_dropout=lora.dropout,
        target_modules=wanted,
        task_type=TaskType.FEATURE_EXTRACTION,
        base_model_name_or_path=base,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        inject_adapter_in_model(config, model)


def has_lora(model: Any) -> bool:
    """Whether `add_lora` was here."""
    return bool(getattr(model, "peft_config", None))


def save_lora(model: Any, folder: str | Path, export_type: ExportType = "float32") -> None:
    """Write `adapter_config.json` and `adapter_model.safetensors`."""
    import torch
    from peft import get_peft_model_state_dict
    from safetensors.torch import save_file

    Path(folder).mkdir(parents=True, exist_ok=True)
    dtype = getattr(torch, export_type)
    tensors = {
        _PREFIX + name: value.detach().to("cpu", dtype).contiguous()
        for name, value in get_peft_model_state_dict(model, save_embedding_layers=False).items()
    }
    save_file(tensors, Path(folder) / ADAPTER_WEIGHTS, metadata={"format": "pt"})
    config = model.peft_config["default"]
    config.inference_mode = True
    config.save_pretrained(str(folder))
    config.inference_mode = False


def load_lora(model: Any, folder: str | Path) -> None:
    """Put the factors that `save_lora` wrote into `model`, which has some of the same shape."""
    from peft import set_peft_model_state_dict
    from safetensors.torch import load_file

    tensors = load_file(Path(folder) / ADAPTER_WEIGHTS)
    found = set_peft_model_state_dict(
        model, {name.removeprefix(_PREFIX): value for name, value in tensors.items()}
    )
    if found.unexpected_keys:
        raise ValueError(f"{folder} holds other layers: {found.unexpected_keys[:3]}")
