"""Names and folders to summarizers, in torch or CTranslate2."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, Literal, get_args

from ..._utils.checks import check_choice, require
from ...errors import ModelLoadError
from ..checkpoints import CheckpointFiles
from .causal import CausalSummarizer, ChatTurns
from .checkpoint import ComputeType, Quantization, check_compute_type, find_checkpoint
from .local import GenerationSettings, LocalSummarizer
from .seq2seq import Seq2SeqSummarizer
from .unread import unread_summarizer

Backend = Literal["torch", "ctranslate2"]


def load_local_summarizer(
    source: str | os.PathLike[str] | CheckpointFiles,
    *,
    backend: Backend = "torch",
    compute_type: ComputeType | None = None,
    quantization: Quantization | None = None,
    device: str | None = None,
    revision: str | None = None,
    local_files_only: bool = False,
    check: Callable[[LocalSummarizer], None] | None = None,
    **settings: Any,
) -> LocalSummarizer:
    """Load any checkpoint that transformers' `AutoModelForSeq2SeqLM` or `…ForCausalLM` loads.

    Weights are read from safetensors, from a GGUF file or, as plain tensors, from
    `pytorch_model.bin`.

    Args:
        source: A hub name, a folder, a GGUF file, or a checkpoint whose files were inspected
            before; also of a LoRA adapter, which is merged into its base model.
        backend: "torch", or "ctranslate2", which converts the checkpoint once and keeps the
            conversion in the Hugging Face cache home, under `recomp/ctranslate2`.
        compute_type: With torch "float32" (the default) or "bfloat16"; with CTranslate2 "int8" (the
            default: a quarter of the memory), "float32" or "bfloat16".
        quantization: "8bit" or "4bit" by bitsandbytes; torch on a CUDA device only.
        device: Such as "cpu" or "cuda:0"; by default an accelerator if there is one.
        revision: A branch, tag or commit on the hub.
        local_files_only: Whether to look only at what was downloaded before.
        check: Called before the weights are read, with the same summarizer without them, which
            counts and cuts but can't write. What it raises ends the loading.
        **settings: See `GenerationSettings`.

    Returns:
        A summarizer of the class of the backend and of the kind of model. A decoder-only model's
        returns replies as they are: see `abstractive.loading.load_summarizer`.

    Raises:
        ModelLoadError: The checkpoint is missing, damaged or of another kind. The message names the
            remedy.
        ImportError: An extra is missing.
        ValueError: A setting can't work.
    """
    GenerationSettings(**settings)  # raises before anything is loaded
    compute_type = check_compute_type(backend, compute_type, quantization)
    _check_quantization(quantization, device)
    if backend == "ctranslate2":
        require("ctranslate2", "ct2", 'backend="ctranslate2"')
    checkpoint = find_checkpoint(
        source, decoder_only=True, revision=revision, local_files_only=local_files_only
    )
    decoder_only = checkpoint.kind == "decoder-only"
    tokenizer = checkpoint.load_tokenizer()
    if decoder_only:
        try:  # before the weights are read
            ChatTurns(tokenizer, checkpoint.source)
        except ValueError as error:
            raise ModelLoadError(str(error)) from error
    unread = unread_summarizer(checkpoint.config, tokenizer, **settings)
    if check is not None:
        check(unread)
    if backend == "ctranslate2":
        from .ctranslate2 import CTranslate2CausalSummarizer, CTranslate2Summarizer, load_converted

        converted = load_converted(checkpoint, tokenizer, compute_type, device)
        converted_class = CTranslate2CausalSummarizer if decoder_only else CTranslate2Summarizer
        return converted_class(converted, tokenizer, **settings)
    model = checkpoint.load_model(compute_type, device=device, quantization=quantization)
    torch_class = CausalSummarizer if decoder_only else Seq2SeqSummarizer
    return torch_class(model, tokenizer, **settings)


def _check_quantization(quantization: Quantization | None, device: str | None) -> None:
    import torch

    if quantization is None:
        return
    check_choice("quantization", quantization, get_args(Quantization))
    if not torch.cuda.is_available() or (device or "cuda").startswith("cpu"):
        raise ValueError(
            f"quantization={quantization!r} needs a CUDA device, and this machine has "
            f"{torch.cuda.device_count()}, device={device!r}: on a CPU use "
            'backend="ctranslate2", compute_type="int8"'
        )
    require("bitsandbytes", "bitsandbytes", f"quantization={quantization!r}")
