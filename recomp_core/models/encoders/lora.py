"""LoRA adapters in PEFT's file format, added to the weights of their base when it is loaded.

Only plain LoRA on linear layers, whose sum with the base is exact: W + scale * B @ A. It is written
by hand because the default encoder is such an adapter, of 2.7 MB: PEFT is an extra, is slow to
import, and needs torch, which a start on onnxruntime does not load.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..._utils.checks import check_number, check_whole
from ...errors import ModelLoadError
from ..checkpoints import ADAPTER_CONFIG
from ..folder_checks import check_folder, read_json
from ..tensors import read_tensors

if TYPE_CHECKING:
    import numpy as np

ADAPTER_WEIGHTS = "adapter_model.safetensors"
"""The factors of an adapter, beside its config."""

_PREFIX = "base_model.model."
_FACTORS = {".lora_A.weight": "A", ".lora_B.weight": "B"}

# Entries of an adapter's config that are read here, or that say nothing about the merged weights.
# Any other entry may change them, so it must be empty.
_UNDERSTOOD = {
    "auto_mapping", "base_model_name_or_path", "bias", "exclude_modules", "inference_mode",
    "init_lora_weights", "layers_pattern", "layers_to_transform", "lora_alpha", "lora_dropout",
    "megatron_core", "peft_type", "peft_version", "qalora_group_size", "r", "revision",
    "target_modules", "task_type", "use_rslora",
}  # fmt: skip
# Other initial values change the base's weights too.
_BEGINNINGS = (None, True, False, "gaussian", "orthogonal")


@dataclass(frozen=True)
class LoraAdapter:
    """An adapter's folder, with what its config says.

    Attributes:
        folder: Where the config and the factors are.
        base: The model that it goes on, a hub name or a folder; None where the config does not say.
        revision: The base's revision on the hub; None where the config does not say.
        rank: The size that the two factors share.
        scale: The number that the product of the two factors is multiplied by.
        targets: The last parts of the names of the layers that it changes; empty where the config
            does not list them. A pattern is not read: it could run without end.
    """

    folder: Path
    base: str | None
    revision: str | None
    rank: int
    scale: float
    targets: tuple[str, ...] = ()

    @classmethod
    def read(cls, folder: Path, *, trusted: bool = False) -> LoraAdapter:
        """Read an adapter's config.

        Args:
            folder: A folder in PEFT's format.
            trusted: Whether the content of its files was compared with a known one. Any other
                folder is checked, see `folder_checks.check_folder`.

        Returns:
            The adapter; its weights are read when they are merged.

        Raises:
            ModelLoadError: The adapter is damaged, leads out of its folder, or is more than plain
                LoRA.
        """
        if not trusted:
            check_folder(folder)
        file = folder / ADAPTER_CONFIG
        try:
            config = dict(read_json(file))
            refused = _beyond_plain_lora(config)
            if not refused:
                rank = check_whole("r", config["r"])
                alpha = check_number("lora_alpha", config["lora_alpha"])
                for name in ("base_model_name_or_path", "revision"):
                    if not isinstance(config.get(name), str | None):
                        raise TypeError(f"{name} must be a string, got {config[name]!r}")
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ModelLoadError(
                f"{file} is damaged ({type(error).__name__}: {error}): copy the adapter again"
            ) from error
        if refused:
            raise ModelLoadError(
                f"the adapter {folder} has {', '.join(refused)}: only plain LoRA on linear layers "
                "is added when a model is loaded. Remedy: merge it into its base first (PEFT's "
                "merge_and_unload), and load what that gives"
            )
        if not (folder / ADAPTER_WEIGHTS).is_file():
            raise ModelLoadError(f"{folder} is an adapter, but {ADAPTER_WEIGHTS} is missing")
        scale = alpha / (math.sqrt(rank) if config.get("use_rslora") else rank)
        return cls(
            folder,
            config.get("base_model_name_or_path") or None,
            config.get("revision") or None,
            rank,
            scale,
            _targets(config),
        )

    def merge_into(self, model: Any) -> None:
        """Add the adapter to the weights of a model, all of it or nothing.

        The factors may be stored in half precision; the sum is of float32.

        Args:
            model: A model of transformers, which is changed.

        Raises:
            ModelLoadError: A tensor finds no linear layer of its shape in the model.
        """
        import torch
        from torch import nn

        layers = {
            name: module for name, module in model.named_modules() if type(module) is nn.Linear
        }
        shapes = {name: (layer.out_features, layer.in_features) for name, layer in layers.items()}
        with torch.no_grad():
            for name, delta in self._deltas(shapes):
                weight = layers[name].weight
                weight += torch.from_numpy(delta).to(weight)

    def merge_into_arrays(self, weights: dict[str, np.ndarray]) -> None:
        """Add the adapter to weights in numpy, all of it or nothing.

        Args:
            weights: Float32 arrays by name, such as `encoder.layer.0.output.dense.weight`. Entries
                of the dict are replaced; the arrays are not changed.

        Raises:
            ModelLoadError: A tensor finds no linear layer of its shape among the weights.
        """
        shapes = {
            name.removesuffix(".weight"): (array.shape[0], array.shape[1])
            for name, array in weights.items()
            if name.endswith(".weight") and array.ndim == 2 and "embeddings." not in name
        }
        for name, delta in self._deltas(shapes):
            weights[f"{name}.weight"] = weights[f"{name}.weight"] + delta

    def _deltas(self, shapes: Mapping[str, tuple[int, int]]) -> Iterator[tuple[str, np.ndarray]]:
        """Each adapted layer with what is added to its weight, (out, in).

        `shapes` are those of the weights of the base's linear layers. Every backend takes numpy's
        product, so that their sums are the same to the bit.
        """
        import numpy as np

        for name, a, b in self._paired(shapes):
            yield name, (b @ a) * np.float32(self.scale)

    def _paired(
        self, shapes: Mapping[str, tuple[int, int]]
    ) -> list[tuple[str, np.ndarray, np.ndarray]]:
        """Each adapted layer with its factors A, (rank, in), and B, (out, rank)."""
        factors: dict[str, dict[str, np.ndarray]] = {}
        for key, array in self._arrays().items():
            ending = next((end for end in _FACTORS if key.endswith(end)), None)
            name = key.removeprefix(_PREFIX).removesuffix(ending or "")
            if ending is None or not key.startswith(_PREFIX):
                raise self._misfit(key, "is not a factor of a linear layer")
            if name not in shapes:
                raise self._misfit(key, f"finds no linear layer {name} in the base")
            n_out, n_in = shapes[name]
            shape = (self.rank, n_in) if _FACTORS[ending] == "A" else (n_out, self.rank)
            if array.shape != shape:
                raise self._misfit(key, f"has shape {array.shape}, the base needs {shape}")
            factors.setdefault(name, {})[_FACTORS[ending]] = array
        for name, pair in factors.items():
            if len(pair) < 2:
                raise self._misfit(f"{_PREFIX}{name}", f"has lora_{next(iter(pair))} alone")
        if not factors:
            raise ModelLoadError(f"{self.folder / ADAPTER_WEIGHTS} is empty")
        if missing := sorted(self._wanted(shapes) - factors.keys()):
            raise self._misfit(
                f"{_PREFIX}{missing[0]}",
                f"and {len(missing) - 1} other layers have no factors, though the adapter's config "
                "names them",
            )
        return [(name, pair["A"], pair["B"]) for name, pair in factors.items()]

    def _wanted(self, names: Iterable[str]) -> set[str]:
        """The layers that the config names. A pooler is left out, because nothing reads it."""
        return {
            name
            for name in names
            if not name.startswith("pooler.")
            and any(f".{name}".endswith(f".{target}") for target in self.targets)
        }

    def _arrays(self) -> dict[str, np.ndarray]:
        file = self.folder / ADAPTER_WEIGHTS
        try:
            return read_tensors(file)
        except (OSError, ValueError) as error:
            raise ModelLoadError(f"{file} is damaged ({error}): copy the adapter again") from error

    def _misfit(self, key: str, why: str) -> ModelLoadError:
        return ModelLoadError(
            f"the adapter {self.folder} does not fit its base: {key} {why}. Is the base the model "
            "that it was trained on?"
        )


def is_adapter(folder: Path) -> bool:
    """Tell adapters from whole models.

    Args:
        folder: A folder, or a path where none is.

    Returns:
        Whether it holds an adapter.
    """
    return (folder / ADAPTER_CONFIG).is_file()


def _targets(config: Mapping[str, Any]) -> tuple[str, ...]:
    """The names in `target_modules`, if these alone say what the adapter changes."""
    targets = config.get("target_modules")
    narrowed = any(
        config.get(name) for name in ("exclude_modules", "layers_to_transform", "layers_pattern")
    )
    if narrowed or not isinstance(targets, list):
        return ()
    return tuple(target for target in targets if isinstance(target, str))


def _beyond_plain_lora(config: dict[str, Any]) -> list[str]:
    """What the config says that goes beyond W + scale * B @ A on linear layers."""
    refused = {name: value for name, value in config.items() if name not in _UNDERSTOOD and value}
    if config.get("peft_type", "LORA") != "LORA":
        refused["peft_type"] = config["peft_type"]
    if config.get("bias", "none") != "none":
        refused["bias"] = config["bias"]
    if config.get("init_lora_weights", True) not in _BEGINNINGS:
        refused["init_lora_weights"] = config["init_lora_weights"]
    return [f"{name}={value!r}" for name, value in refused.items()]
