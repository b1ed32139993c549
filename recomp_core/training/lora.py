"""Low-rank adaptation of an encoder: factors beside its weights, and their two files.

PEFT itself inserts the factors. Its integrations in transformers and sentence-transformers are not
used: each of their versions asks for a newer PEFT than the last, and `models.encoders.lora` reads
what is written here.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from .._utils.checks import require
from ..models.encoders.lora import ADAPTER_WEIGHTS
from .settings import ExportType, LoraSettings

_PREFIX = "base_model.model."


def lora_config(
    lora: LoraSettings, *, targets: list[str] | str, task: str, base: str | None = None
) -> Any:
    """Make the configuration of an adapter.

    Args:
        lora: The settings.
        targets: The names of the layers that are adapted, or "all-linear".
        task: The name of a `peft.TaskType`.
        base: The name or folder of the base model that the adapter will name.

    Returns:
        A `peft.LoraConfig`.
    """
    from peft import LoraConfig, TaskType

    return LoraConfig(
        r=lora.rank,
        lora_alpha=lora.alpha or lora.rank,
        lora_dropout=lora.dropout,
        target_modules=targets,
        task_type=TaskType[task],
        base_model_name_or_path=base,
    )


def add_lora(model: Any, lora: LoraSettings, *, base: str, skip: str, seed: int) -> None:
    """Put factors beside the linear layers of a model, and freeze the rest.

    Args:
        model: A transformers model.
        lora: The settings of the factors.
        base: The name or folder that the adapter's config will give.
        skip: A pattern of names of layers that are left alone.
        seed: The seed of the factors' first values.

    Raises:
        ValueError: `lora.targets` name no layer.
        ImportError: PEFT is not installed.
    """
    require("peft", "train", "lora")
    import torch
    from peft import inject_adapter_in_model
    from torch import nn

    layers = [name for name, module in model.named_modules() if isinstance(module, nn.Linear)]
    wanted = [name for name in layers if not re.search(skip, name)]
    if lora.targets is not None:
        wanted = [name for name in wanted if name.rpartition(".")[2] in lora.targets]
    if not wanted:
        endings = sorted({name.rpartition(".")[2] for name in layers})
        raise ValueError(f"lora targets {lora.targets} name no layer; there are {endings}")
    config = lora_config(lora, targets=wanted, task="FEATURE_EXTRACTION", base=base)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        inject_adapter_in_model(config, model)


def has_lora(model: Any) -> bool:
    """Tell whether a model has factors of `add_lora`.

    Args:
        model: A transformers model.
    """
    return bool(getattr(model, "peft_config", None))


def save_lora(model: Any, folder: str | Path, export_type: ExportType = "float32") -> None:
    """Write `adapter_config.json` and `adapter_model.safetensors`.

    Args:
        model: A transformers model with factors of `add_lora`.
        folder: Where to write; it is made if it is not there.
        export_type: The type of the saved factors.
    """
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
    """Load the factors that `save_lora` wrote.

    Args:
        model: A transformers model with factors of the same shape.
        folder: Where they were written.

    Raises:
        ValueError: The folder holds factors of other layers.
    """
    from peft import set_peft_model_state_dict
    from safetensors.torch import load_file

    tensors = load_file(Path(folder) / ADAPTER_WEIGHTS)
    found = set_peft_model_state_dict(
        model, {name.removeprefix(_PREFIX): value for name, value in tensors.items()}
    )
    if found.unexpected_keys:
        raise ValueError(f"{folder} holds other layers: {found.unexpected_keys[:3]}")
