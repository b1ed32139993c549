"""LoRA adapters in PEFT's format, made up."""

from __future__ import annotations

import json
from pathlib import Path

from recomp_core.persistence.folders import write_folder


def save_adapter(folder, layers, *, rank=2, dtype="float32", settings=None, size=0.5, **config):
    """A made-up adapter on linear layers of these (out, in)."""
    import torch
    from safetensors.torch import save_file

    random = torch.Generator().manual_seed(3)
    tensors = {}
    for name, (n_out, n_in) in layers.items():
        for factor, shape in (("A", (rank, n_in)), ("B", (n_out, rank))):
            values = torch.randn(shape, generator=random) * size
            tensors[f"base_model.model.{name}.lora_{factor}.weight"] = values.to(
                getattr(torch, dtype)
            )

    def save(to):
        save_file(tensors, Path(to) / "adapter_model.safetensors")
        content = {"peft_type": "LORA", "r": rank, "lora_alpha": 2 * rank, "bias": "none", **config}
        (Path(to) / "adapter_config.json").write_text(json.dumps(content))

    if settings is None:
        folder.mkdir()
        save(folder)
    else:
        write_folder(folder, {"kind": "extractive", **settings}, save)
    return folder
