"""Readers and teachers from a folder or the hub; never with code of theirs."""

from __future__ import annotations

import os
from typing import Any

from ..errors import ModelLoadError
from ..models.encoders.loading import ONE_AT_A_TIME, explained, looks_like_path


def load_causal(source: str | os.PathLike[str], **settings: Any) -> tuple[Any, Any]:
    """A causal language model and its tokenizer; `settings` as in `load_span_reader`."""
    return _load("AutoModelForCausalLM", "causal language model", source, **settings)


def load_span_reader(source: str | os.PathLike[str], **settings: Any) -> tuple[Any, Any]:
    """An extractive question-answering model and its tokenizer.

    source: a hub name or a folder. settings: device; dtype, such as "bfloat16", by default float32;
    revision; local_files_only. Raises `ModelLoadError` with the remedy.
    """
    return _load("AutoModelForQuestionAnswering", "question-answering model", source, **settings)


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
        tokenizer = transformers.AutoTokenizer.from_pretrained(
            source, trust_remote_code=False, **hub
        )
    except Exception as error:
        raise ModelLoadError(explained(source, local_files_only, error)) from error
    if missing := sorted(report["missing_keys"]):
        # transformers fills them with random numbers.
        raise ModelLoadError(f"{source} is no {kind}: it lacks {', '.join(missing[:3])}")
    return model.to(device or "cpu").eval(), tokenizer
