"""Checkpoints to encoders, by the backend that a user names or that is the fastest at hand."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence

from ..._utils.checks import check_choice, check_limit, check_whole
from ..checkpoints import CheckpointFiles, as_checkpoint_files
from .backends import (
    ENCODER_BACKENDS,
    EncoderLoader,
    EncoderRequest,
    LoadedEncoder,
    UnsupportedModelError,
)
from .lora import LoraAdapter
from .prompts import check_prompts

logger = logging.getLogger(__name__)

AUTO = "auto"
"""The backend that stands for the choice between ours."""


def load_encoder(
    source: str | os.PathLike[str] | CheckpointFiles,
    *,
    backend: str = AUTO,
    compute_type: str | None = None,
    adapters: Sequence[LoraAdapter] = (),
    device: str | None = None,
    revision: str | None = None,
    local_files_only: bool = False,
    truncate_dim: int | None = None,
    batch_size: int = 16,
    prompts: Mapping[str, str] | None = None,
) -> LoadedEncoder:
    """Load an encoder with adapters added to its weights; never run code from its folder.

    Args:
        source: A folder, a hub name, or a checkpoint whose files were inspected before.
        backend: "torch", by sentence-transformers, is the reference. "onnx" is faster on a CPU and
            loads neither torch nor transformers; it takes BERT-like models. "auto" takes onnx where
            onnxruntime is installed, the device is the CPU and the model is one that it knows; else
            it takes torch and logs why. Or the name of a backend that another package registers,
            see `backends`.
        compute_type: "float32", or, with onnx, "int8": faster, with slightly different vectors.
        adapters: LoRA adapters, in the order in which they are added.
        device: Such as "cpu" or "cuda:0"; by default an accelerator if there is one.
        revision: A branch, tag or commit on the hub.
        local_files_only: Whether to look only at what was downloaded before.
        truncate_dim: Keep only so many dimensions of a vector.
        batch_size: Texts per forward pass.
        prompts: What to put before queries and documents, by "query" and "document"; {} for
            nothing. By default what the checkpoint says, or what a well-known model needs.

    Returns:
        The encoder, and how its checkpoint wants to be used.

    Raises:
        ModelLoadError: The checkpoint is missing, damaged or of another kind. The message names the
            remedy.
        ImportError: The backend's extra is missing.
        ValueError: A setting can't work, or no backend has that name.
    """
    files = as_checkpoint_files(source, revision=revision, local_files_only=local_files_only)
    if backend != AUTO and backend not in ENCODER_BACKENDS.ours:
        check_choice("backend", backend, (AUTO, *ENCODER_BACKENDS.names()))
    check_whole("batch_size", batch_size)
    check_limit("truncate_dim", truncate_dim)
    if prompts is not None:
        check_prompts("prompts", prompts)
    request = EncoderRequest(
        files, tuple(adapters), device, truncate_dim, batch_size, compute_type, prompts
    )
    load: EncoderLoader = _load_auto if backend == AUTO else ENCODER_BACKENDS.load(backend)
    return load(request)


def _load_auto(request: EncoderRequest) -> LoadedEncoder:
    """Load by onnx where it is installed and knows the model, else by torch."""
    from .onnx_loading import load_onnx, try_onnx

    if request.compute_type == "int8":
        return load_onnx(request)  # torch has no int8: it would give other vectors than asked for
    try:
        return try_onnx(request)
    except UnsupportedModelError as error:
        from .torch_loading import load_torch

        logger.info("%s is loaded by torch: %s", request.place, error)
        return load_torch(request)
