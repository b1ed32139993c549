"""BERT-like checkpoints to encoders on onnxruntime. Loads neither torch nor transformers."""

from __future__ import annotations

import os
import sys
from copy import copy
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast, get_args

from ..._utils.checks import check_choice, require
from ...errors import ModelLoadError
from ..checkpoints import CheckpointFiles, load_error_message, looks_like_path
from .backends import EncoderRequest, LoadedEncoder, UnsupportedModelError
from .bert_folder import BertFolder
from .bert_tokenizer import read_tokenizer
from .onnx_encoder import OnnxEncoder
from .onnx_graph import ComputeType


def load_onnx(request: EncoderRequest) -> LoadedEncoder:
    """Load an encoder on onnxruntime. An `EncoderLoader`.

    Args:
        request: What to load. `compute_type`: "float32" (the default) or "int8". `device`: only the
            CPU.

    Returns:
        An `OnnxEncoder`, and how its checkpoint wants to be used.

    Raises:
        ModelLoadError: The checkpoint is missing, damaged, or only torch can take it.
        ImportError: The extra `onnx` is missing.
        ValueError: The compute type is another one.
    """
    try:
        return try_onnx(request)
    except UnsupportedModelError as error:
        require("onnxruntime", "onnx", 'backend="onnx"')
        require("onnx", "onnx", 'backend="onnx"')
        raise ModelLoadError(
            f'backend="onnx" can\'t take {request.place}: {error}. Use backend="torch"'
        ) from error


def try_onnx(request: EncoderRequest) -> LoadedEncoder:
    """Load an encoder on onnxruntime, or say why another backend has to.

    Args:
        request: See `load_onnx`.

    Returns:
        See `load_onnx`.

    Raises:
        UnsupportedModelError: onnxruntime is missing, the device is not the CPU, or the model is
            one that only torch can take, or damaged in a way that torch explains better.
        ModelLoadError: An adapter does not fit its base.
        ValueError: The compute type is another one.
    """
    if request.compute_type is not None:
        check_choice("compute_type", request.compute_type, get_args(ComputeType))
    if missing := [name for name in ("onnxruntime", "onnx") if find_spec(name) is None]:
        raise UnsupportedModelError(f"{missing[0]} is not installed")
    if not _is_cpu(request.device):
        raise UnsupportedModelError(f"the device is {request.device or 'an accelerator'}")
    try:
        folder = _read_folder(request)
        folder.check_tensors()
        encoder = OnnxEncoder(
            folder,
            read_tokenizer(
                folder.settings, folder.tokenizer_config, folder.max_length, folder.shape.words
            ),
            load_torch_model=partial(_torch_model, replace(request, files=copy(request.files))),
            compute_type=cast("ComputeType", request.compute_type or "float32"),
            truncate_dim=request.truncate_dim,
            batch_size=request.batch_size,
        )
    except (ModelLoadError, UnsupportedModelError, MemoryError):
        raise
    except Exception as error:  # a model that torch can load is loaded, whatever this was
        raise UnsupportedModelError(f"{type(error).__name__}: {error}") from error
    if folder.plain:
        return LoadedEncoder(encoder, "sentence", "dot")
    return LoadedEncoder(
        encoder,
        "document" if encoder.can_encode_spans else "title",
        "dot" if folder.similarity == "dot" else "cosine",
    )


def _torch_model(request: EncoderRequest) -> Any:
    """The same model as a `SentenceTransformer`."""
    from .torch_loading import load_sentence_transformer

    return load_sentence_transformer(replace(request, device="cpu"))[0]


def _read_folder(request: EncoderRequest) -> BertFolder:
    """What the checkpoint's files say; a hub model is downloaded first, without pickled weights."""
    if request.files.folder is not None:
        return BertFolder.read(request.files, request.adapters, prompts=request.prompts)
    if looks_like_path(request.place):
        raise UnsupportedModelError("it is not there")
    try:
        # The small files first: the weights of a model of another kind are not downloaded twice.
        downloaded = _download(request, "*.json", "vocab.txt", revision=request.revision)
        folder = BertFolder.read(
            CheckpointFiles(downloaded),
            request.adapters,
            prompts=request.prompts,
            name=request.place,
        )
        # By its commit, so that the weights go with what was read.
        _download(request, "*.safetensors", revision=downloaded.name)
    except UnsupportedModelError:
        raise
    except Exception as error:
        message = load_error_message(request.place, request.local_files_only, error)
        raise UnsupportedModelError(message) from error
    return folder


def _download(request: EncoderRequest, *patterns: str, revision: str | None) -> Path:
    from huggingface_hub import snapshot_download

    return Path(
        snapshot_download(
            request.place,
            revision=revision,
            allow_patterns=list(patterns),
            ignore_patterns=["onnx/*", "openvino/*"],
            cache_dir=os.getenv("SENTENCE_TRANSFORMERS_HOME"),
            local_files_only=request.local_files_only,
        )
    )


def _is_cpu(device: str | None) -> bool:
    """Whether that device, or the one that torch would choose, is the CPU.

    Torch is asked only if there may be another: importing it takes seconds.
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
