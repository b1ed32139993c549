"""Whether a folder of a foreign checkpoint is safe to hand to a library that loads it.

Standard library only. Nothing here opens a weight.
"""

from __future__ import annotations

import json
import math
import os
import stat
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from ..errors import ModelLoadError

MODULES = "modules.json"
"""Names the modules of a sentence-transformers model, and the folder of each."""

_ROUTER = "router_config.json"  # names further modules within a module
_TEMPLATES = "additional_chat_templates"
_MOST_FOLDERS = 100
# Vocabularies are a few dozen megabytes, everything else is kilobytes.
_MOST_JSON_BYTES = 256 << 20

# Numbers of a config that decide how large a model is built. Each is at least 1.
_LAYERS = {
    "num_hidden_layers", "num_layers", "num_decoder_layers", "n_layer", "n_layers",
    "encoder_layers", "decoder_layers", "num_hidden_groups", "inner_group_num",
}  # fmt: skip
_SIZES = {
    "hidden_size", "d_model", "n_embd", "dim", "embedding_size", "num_attention_heads",
    "num_key_value_heads", "n_head", "n_heads", "num_heads", "encoder_attention_heads",
    "decoder_attention_heads", "intermediate_size", "d_ff", "d_kv", "head_dim", "hidden_dim",
    "encoder_ffn_dim", "decoder_ffn_dim", "vocab_size", "max_position_embeddings", "n_positions",
    "num_labels", "relative_attention_num_buckets",
}  # fmt: skip
_FLAGS = {"is_decoder", "is_encoder_decoder", "tie_word_embeddings"}
_UNLIMITED = -1  # what XLNet has for max_position_embeddings
_LARGEST_SIZE = 1 << 24  # twice the longest context, and 16 times the largest vocabulary
_LARGEST = {"num_labels": 100_000}
_MOST_LAYERS = 1000
_LARGEST_RANK = 4096

# What a module's config may hand on to transformers. Others decide what is read and from where:
# `weights_only` would allow a pickle, `offload_folder` would write.
_PASSED_ON = {
    "max_seq_length", "do_lower_case", "transformer_task", "modality_config", "module_output_name",
    "unpad_inputs", "query_length", "document_length", "processing_kwargs",
    "padding_side", "truncation_side", "model_max_length", "use_fast", "add_eos_token",
    "add_bos_token", "use_cache", "dtype", "torch_dtype", "query_expansion",
}  # fmt: skip
_FOR_TRANSFORMERS = {
    "model_args", "model_kwargs", "tokenizer_args", "processor_kwargs", "config_args",
    "config_kwargs",
}  # fmt: skip
_TRANSFORMER_CONFIGS = {
    f"sentence_{kind}_config.json"
    for kind in ("bert", "roberta", "distilbert", "camembert", "albert", "xlm-roberta", "xlnet")
}


def read_json(file: Path) -> Any:
    """Read a JSON file.

    Args:
        file: The file, in UTF-8.

    Returns:
        Its content.

    Raises:
        OSError: The file can't be read.
        ValueError: The file is no JSON, is nested too deeply, or is too large.
    """
    with file.open("rb") as stream:
        content = stream.read(_MOST_JSON_BYTES + 1)
    if len(content) > _MOST_JSON_BYTES:
        raise ValueError(f"it has more than {_MOST_JSON_BYTES >> 20} MiB")
    try:
        return json.loads(content.decode())
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def inside(folder: Path, name: object) -> Path:
    """Find a file or folder that a foreign file names.

    Args:
        folder: The folder that it must be in.
        name: A relative path, with slashes.

    Returns:
        The path, which may not exist.

    Raises:
        ModelLoadError: The name is no relative path, or leads out of the folder.
    """
    if not isinstance(name, str) or "\0" in name:
        raise ModelLoadError(f"{folder} names {name!r} as a path: only a relative path can be one")
    paths = PurePosixPath(name), PureWindowsPath(name)
    if any(path.anchor or ".." in path.parts for path in paths):
        raise ModelLoadError(
            f"{folder} names the path {name!r}, which leaves the folder: nothing outside a "
            "model's folder is read"
        )
    found = folder / name
    _check_target(folder, found)
    return found


def check_folder(folder: Path, read: Callable[[Path], Any] = read_json) -> None:
    """Check that what a loader finds in a folder lies in it, before any of it is read.

    Looked at are the folder itself and those of its modules. Symbolic links may lead only to other
    files of the folder, or to the blobs beside a snapshot of the hub's cache.

    Args:
        folder: The folder of a model or adapter.
        read: Reads a JSON file of the folder.

    Raises:
        ModelLoadError: A link or a path that a file names leaves the folder; something is neither a
            file nor a folder; or a module's config hands settings to transformers that decide
            what is loaded.
    """
    for part in module_folders(folder, read):
        try:
            entries = sorted(os.scandir(part), key=lambda entry: entry.name)
        except OSError as error:
            raise ModelLoadError(f"{part} can't be read ({error})") from error
        for entry in entries:
            file = Path(entry.path)
            if entry.is_symlink():
                _check_target(folder, file)
            _check_kind(file)
            if entry.name.endswith(".index.json"):
                for name in _shards(file, read):
                    inside(part, name)
            if entry.name in _TRANSFORMER_CONFIGS:
                _check_passed_on(file, read)


def check_numbers(config: Mapping[str, Any], file: Path | str, n_tensors: int | None) -> None:
    """Check the numbers of a config that decide how large a model is built.

    Args:
        config: What the config says, with the configs of a model's parts in it.
        file: Where it stands, for the error.
        n_tensors: How many tensors the checkpoint has; None if that is not known. A layer has at
            least one.

    Raises:
        ModelLoadError: A number is not a whole number, not finite, or too small or too large.
    """

    def refuse(name: str, value: object, wanted: str) -> ModelLoadError:
        return ModelLoadError(f"{file} says {name}={str(value)[:40]}: it must be {wanted}")

    for name, value in config.items():
        if isinstance(value, Mapping):
            if name != "id2label":
                check_numbers(value, file, n_tensors)
        elif isinstance(value, float) and not math.isfinite(value):
            raise refuse(name, value, "a finite number")
        elif name in _LAYERS | _SIZES:
            most = _LARGEST.get(name, _LARGEST_SIZE)
            if name in _LAYERS:
                # An ALBERT has fewer tensors than layers.
                most = min(_MOST_LAYERS, max(n_tensors or _MOST_LAYERS, 64))
            for number in value if isinstance(value, list) else [value]:
                if number is None or (number == _UNLIMITED and "position" in name):
                    continue
                if type(number) is not int or not 1 <= number <= most:
                    raise refuse(name, number, f"a whole number from 1 to {most}")
        elif name in _FLAGS and not isinstance(value, bool | None):
            raise refuse(name, value, "true or false")
        elif "attn_implementation" in name and "/" in str(value):
            raise refuse(name, value, "a name without a slash, which would be code from the hub")


def check_pooling(config: Mapping[str, Any], file: Path | str) -> None:
    """Check that a pooling has a mode.

    sentence-transformers takes the mean where all modes are false, whatever the model was trained
    with.

    Args:
        config: What the config of a module says; one that names no mode is no pooling, or one that
            leaves it to the default.
        file: Where it stands, for the error.

    Raises:
        ModelLoadError: It names modes, and chooses none.
    """
    modes = [name for name in config if name.startswith("pooling_mode_")]
    if config.get("pooling_mode") is not None:
        modes = ["pooling_mode"]
    if modes and not any(config[name] for name in modes):
        said = ", ".join(f"{name}={json.dumps(config[name])}" for name in modes)
        example = (
            '"pooling_mode": "mean"' if len(modes) == 1 else '"pooling_mode_mean_tokens": true'
        )
        raise ModelLoadError(
            f"{file} chooses no pooling ({said}): set what the model was trained with, such as "
            f"{example}, or download the model again"
        )


def check_peft_config(adapter: Path) -> None:
    """Check the config of an adapter before PEFT reads it.

    PEFT runs strings in it as regular expressions over the names of a model's layers, imports a
    module that it names, and builds layers of the size that it says.

    Args:
        adapter: The folder of an adapter in PEFT's format.

    Raises:
        ModelLoadError: It is damaged, holds a pattern, or has an absurd number.
    """
    file = adapter / "adapter_config.json"
    config = _content(file)
    if not isinstance(config, Mapping):
        raise ModelLoadError(f"{file} is damaged: it is no object")
    patterns = [
        config.get(name) for name in ("target_modules", "exclude_modules", "layers_pattern")
    ]
    ranks = [config.get("r", 8)]
    for name in ("rank_pattern", "alpha_pattern"):
        numbers = config.get(name) or {}
        patterns += list(numbers) if isinstance(numbers, Mapping) else [numbers]
        ranks += numbers.values() if name == "rank_pattern" and isinstance(numbers, Mapping) else []
    names = [name for part in patterns for name in (part if isinstance(part, list) else [part])]
    wrong = [name for name in names if name is not None and not _is_plain(name)]
    wrong += [rank for rank in ranks if type(rank) is not int or not 1 <= rank <= _LARGEST_RANK]
    wrong += [config[name] for name in ("megatron_config",) if config.get(name)]
    if config.get("peft_type", "LORA") != "LORA":
        wrong.append(config["peft_type"])
    if wrong:
        raise ModelLoadError(
            f"{file} has {str(wrong[0])[:80]!r}: an adapter must be LoRA, of rank 1 to "
            f"{_LARGEST_RANK}, with names of layers and no patterns. Merge it into its base first "
            "(PEFT's merge_and_unload), and load what that gives"
        )


def _is_plain(name: object) -> bool:
    return isinstance(name, str) and all(c.isalnum() or c in "._-" for c in name)


def module_folders(folder: Path, read: Callable[[Path], Any] = read_json) -> Iterator[Path]:
    """Find the folders in which the modules of a sentence-transformers model are.

    Args:
        folder: The model's folder; any other is a single module.
        read: Reads a JSON file of the folder.

    Yields:
        The folder itself, then those within it that are there.

    Raises:
        ModelLoadError: A path leaves the folder, or a file that names them is damaged.
    """
    waiting, seen = [folder], {folder}
    while waiting:
        part = waiting.pop()
        yield part
        named: list[object] = []
        if (file := part / MODULES).is_file() and part == folder:
            named += [module.get("path") for module in _listed(file, read)]
        if (file := part / _ROUTER).is_file():
            _check_target(folder, file)
            named += list(_dict_in(file, "types", read))
        if (part / _TEMPLATES).is_dir():
            named.append(_TEMPLATES)
        for name in named:
            found = inside(part, name)
            if found.is_dir() and found not in seen:
                seen.add(found)
                waiting.append(found)
        if len(seen) > _MOST_FOLDERS:
            raise ModelLoadError(f"{folder} names more than {_MOST_FOLDERS} modules")


def _listed(file: Path, read: Callable[[Path], Any]) -> list[Mapping[str, Any]]:
    _check_target(file.parent, file)
    content = _content(file, read)
    if not isinstance(content, list) or not all(isinstance(part, Mapping) for part in content):
        raise ModelLoadError(f"{file} is damaged: it is no list of modules")
    return content


def _dict_in(file: Path, key: str, read: Callable[[Path], Any]) -> Mapping[str, Any]:
    content = _content(file, read)
    found = content.get(key, {}) if isinstance(content, Mapping) else None
    if not isinstance(found, Mapping):
        raise ModelLoadError(f"{file} is damaged: {key!r} is no object")
    return found


def _shards(file: Path, read: Callable[[Path], Any]) -> set[object]:
    try:
        return set(_dict_in(file, "weight_map", read).values())
    except TypeError as error:
        raise ModelLoadError(f"{file} is damaged ({error})") from error


def _content(file: Path, read: Callable[[Path], Any] = read_json) -> Any:
    try:
        return read(file)
    except (OSError, ValueError) as error:
        raise ModelLoadError(f"{file} is damaged ({error}): download the model again") from error


def _check_passed_on(file: Path, read: Callable[[Path], Any]) -> None:
    config = _content(file, read)
    if not isinstance(config, Mapping):
        raise ModelLoadError(f"{file} is damaged: it is no object")
    passed = dict(config)
    for name in _FOR_TRANSFORMERS & config.keys():
        own = passed.pop(name) or {}
        if not isinstance(own, Mapping):
            raise ModelLoadError(f"{file} is damaged: {name!r} is no object")
        passed.update(own)
    passed.pop("trust_remote_code", None)  # sentence-transformers drops it
    attention = passed.pop("attn_implementation", None)
    refused = [name for name in passed if name not in _PASSED_ON and passed[name] is not None]
    if "/" in str(attention or ""):
        refused.append("attn_implementation")
    if refused:
        raise ModelLoadError(
            f"{file} has {', '.join(map(repr, refused))}: a model's folder can't decide how "
            "transformers loads it"
        )


def _check_target(folder: Path, path: Path) -> None:
    """Check that a path lies in a folder once every link is followed."""
    try:
        root, target = folder.resolve(), path.resolve()
    except (OSError, RuntimeError, ValueError) as error:
        raise ModelLoadError(f"{path} is a link that leads nowhere ({error})") from error
    blobs = root.parent.parent / "blobs"
    if target.is_relative_to(root) or (
        root.parent.name == "snapshots" and target.is_relative_to(blobs)
    ):
        return
    raise ModelLoadError(
        f"{path} leads out of {folder}, to {target}: nothing outside a model's folder is read. "
        "Copy the file into the folder"
    )


def _check_kind(file: Path) -> None:
    try:
        mode = file.stat().st_mode
    except OSError:  # a link to nothing is no file, to every loader
        return
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise ModelLoadError(f"{file} is neither a file nor a folder: a model has no such thing")
