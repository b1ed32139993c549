"""Readers and teachers from a folder or the hub; code in a repository is never run."""

from __future__ import annotations

import os
from typing import Any, TypeVar

from ..errors import ModelLoadError
from ..models.checkpoints import ONE_AT_A_TIME, load_error_message, looks_like_path
from ..models.summarizers.checkpoint import find_checkpoint

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


def load_causal(source: str | os.PathLike[str], **settings: Any) -> tuple[Any, Any]:
    """Load a causal language model and its tokenizer.

    Args:
        source: A hub name or a folder.
        settings: `device`, `dtype`, `revision` and `local_files_only` of `from_pretrained`.

    Returns:
        The model, in evaluation mode, and its tokenizer.

    Raises:
        ModelLoadError: The model is not there, damaged, or of another kind.
    """
    return _load("AutoModelForCausalLM", "causal language model", source, **settings)


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
    return _load("AutoModelForQuestionAnswering", "question-answering model", source, **settings)


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
    """
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(source, trust_remote_code=False, **hub)


def _load(
    auto_class: str,
    kind: str,
    source: str | os.PathLike[str],
    *,
    device: str | None = None,
    dtype: str | None = None,
    revision: str | None = None,
    local_files_only: bool = False,
) -> tuple[Any, Any]:
    import torch
    import transformers

    source = os.fspath(source)
    if looks_like_path(source) and not os.path.isdir(source):
        raise ModelLoadError(f"there is no folder {source}: give a folder or a hub name")
    hub = {"revision": revision, "local_files_only": local_files_only}
    try:
        with ONE_AT_A_TIME:
            model, report = getattr(transformers, auto_class).from_pretrained(
                source,
                # "auto" would load a bfloat16 checkpoint as such, which is slow on a CPU.
                dtype=getattr(torch, dtype or "float32"),
                trust_remote_code=False,
                output_loading_info=True,
                **hub,
            )
        tokenizer = load_tokenizer(source, **hub)
    except Exception as error:
        raise ModelLoadError(load_error_message(source, local_files_only, error)) from error
    if missing := sorted(report["missing_keys"]):
        # transformers fills them with random numbers.
        raise ModelLoadError(f"{source} is no {kind}: it lacks {', '.join(missing[:3])}")
    return model.to(device or "cpu").eval(), tokenizer
