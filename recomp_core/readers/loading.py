"""Readers and teachers from a folder or the hub; code in a repository is never run."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, TypeVar

from .._utils.checks import require
from ..errors import ModelLoadError
from ..models.checkpoints import ADAPTER_CONFIG, ONE_AT_A_TIME, CheckpointFiles
from ..models.summarizers.checkpoint import (
    adapted,
    explaining,
    find_checkpoint,
    forget_quantization,
    local_folder,
)
from ..models.weights_check import check_report, check_weights

T = TypeVar("T", bound="Pretrained")


class Pretrained:
    """A class that is made of a model and its tokenizer, and can load both.

    A subclass says in `_load` how, and its `__init__` takes `(model, tokenizer, **settings)`.
    """

    @classmethod
    def from_pretrained(
        cls: type[T],
        source: str | os.PathLike[str],
        *,
        device: str | None = None,
        dtype: str | None = None,
        revision: str | None = None,
        local_files_only: bool = False,
        **settings: Any,
    ) -> T:
        """Load the model and its tokenizer.

        Args:
            source: A hub name or a folder.
            device: Where the model runs, such as "cuda"; None for the CPU, or for an accelerator
                if there is one and the model is an encoder-decoder model.
            dtype: The type of its weights, such as "bfloat16"; None for float32.
            revision: A branch, tag or commit on the hub.
            local_files_only: Whether to look only at what was downloaded before.
            settings: Those of the class.

        Returns:
            An instance of the class.

        Raises:
            ModelLoadError: The model is not there, damaged, or of another kind.
        """
        model, tokenizer = cls._load(
            source,
            device=device,
            dtype=dtype,
            revision=revision,
            local_files_only=local_files_only,
        )
        return cls(model, tokenizer, **settings)  # type: ignore[call-arg]

    @classmethod
    def _load(cls, source: str | os.PathLike[str], **settings: Any) -> tuple[Any, Any]:
        """Model and tokenizer; the settings are those of `load_causal`."""
        raise NotImplementedError


def load_causal(
    source: str | os.PathLike[str],
    *,
    check: Callable[[Any, Any], object] | None = None,
    **settings: Any,
) -> tuple[Any, Any]:
    """Load a causal language model and its tokenizer.

    Args:
        source: A hub name or a folder.
        check: Called with the model's config and its tokenizer before the weights are read. What
            it raises ends the loading.
        settings: `device`, `dtype`, `revision` and `local_files_only` of `from_pretrained`.

    Returns:
        The model, in evaluation mode, and its tokenizer.

    Raises:
        ModelLoadError: The model is not there, damaged, or of another kind.
    """
    return _load("AutoModelForCausalLM", source, check=check, **settings)


def load_span_reader(source: str | os.PathLike[str], **settings: Any) -> tuple[Any, Any]:
    """Load an extractive question-answering model and its tokenizer.

    Args:
        source: A hub name or a folder.
        settings: `device`, `dtype`, `revision` and `local_files_only` of `from_pretrained`.

    Returns:
        The model, in evaluation mode, and its tokenizer.

    Raises:
        ModelLoadError: The model is not there, damaged, or of another kind.
    """
    return _load("AutoModelForQuestionAnswering", source, **settings)


def load_seq2seq(
    source: str | os.PathLike[str],
    *,
    device: str | None = None,
    dtype: str | None = None,
    **hub: Any,
) -> tuple[Any, Any]:
    """Load an encoder-decoder language model and its tokenizer.

    Args:
        source: A hub name or a folder, also of an adapter.
        device: Where the model runs; None for an accelerator if there is one.
        dtype: The type of its weights, such as "bfloat16"; None for float32.
        hub: `revision` and `local_files_only` of `from_pretrained`.

    Returns:
        The model, in evaluation mode, and its tokenizer.

    Raises:
        ModelLoadError: The model is not there, damaged, or of another kind.
    """
    checkpoint = find_checkpoint(source, **hub)
    compute_type: Any = dtype or "float32"
    model = checkpoint.load_model(compute_type, device=device)
    return model, checkpoint.load_tokenizer()


def load_tokenizer(source: str | os.PathLike[str], **hub: Any) -> Any:
    """Load a tokenizer.

    Args:
        source: A hub name or a folder.
        hub: `revision` and `local_files_only` of `from_pretrained`.

    Returns:
        The tokenizer of transformers.

    Raises:
        ModelLoadError: It is not there, or damaged.
    """
    from transformers import AutoTokenizer

    files = CheckpointFiles(source, **hub)
    files.check()
    with explaining(files.place, files.local_files_only):
        return AutoTokenizer.from_pretrained(
            files.where, trust_remote_code=False, **files.from_gguf, **files.hub
        )


def _load(
    auto_class: str,
    source: str | os.PathLike[str],
    *,
    device: str | None = None,
    dtype: str | None = None,
    revision: str | None = None,
    local_files_only: bool = False,
    check: Callable[[Any, Any], object] | None = None,
) -> tuple[Any, Any]:
    import torch
    import transformers

    files = CheckpointFiles(source, revision=revision, local_files_only=local_files_only)
    source = files.place
    files.check_there()
    files.check()
    with explaining(source, local_files_only):
        base = files.adapter_base or files
        base.check_there(f", the base model of the adapter {source}")
        base.check()
        base.check_numbers()
        if base is not files and base.has(ADAPTER_CONFIG):
            raise ModelLoadError(f"the base {base.place} of the adapter {source} is one too")
        if base.gguf is not None:
            require("gguf", "gguf", f"the GGUF file {base.gguf}")
        own = files if files.has("tokenizer_config.json") else base
        config = base.auto_config
    tokenizer = load_tokenizer(own.place, **own.hub)
    if check is not None:
        check(config, tokenizer)
    with explaining(source, local_files_only):
        if base.gguf is None:
            check_weights(auto_class, base.place, **base.hub)
        with ONE_AT_A_TIME:
            model, report = getattr(transformers, auto_class).from_pretrained(
                base.where,
                # "auto" would load a bfloat16 checkpoint as such, which is slow on a CPU.
                dtype=getattr(torch, dtype or "float32"),
                trust_remote_code=False,
                output_loading_info=True,
                **base.from_gguf,
                **base.hub,
            )
            check_report(base.place, report)
            if base.gguf is not None:
                forget_quantization(model)
            if base is not files:
                model = adapted(model, local_folder(files)).merge_and_unload()
    return model.to(device or "cpu").eval(), tokenizer
