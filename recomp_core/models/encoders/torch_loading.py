"""Checkpoints to encoders in torch, by sentence-transformers: the reference backend."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

from ..._utils.checks import check_choice, require
from ...errors import ModelLoadError
from ..checkpoints import (
    ADAPTER_CONFIG,
    ONE_AT_A_TIME,
    CheckpointFiles,
    load_error_message,
)
from ..devices import check_device
from ..folder_checks import MODULES, check_pooling, inside, module_folders, read_json
from ..weights_check import check_weights
from .backends import EncoderRequest, LoadedEncoder
from .lora import ADAPTER_WEIGHTS, LoraAdapter
from .prompts import choose_prompts
from .sentence_transformer import SentenceTransformerEncoder

_CLASSES = {
    "fill-mask": "AutoModelForMaskedLM",
    "sequence-classification": "AutoModelForSequenceClassification",
    "text-generation": "AutoModelForCausalLM",
}


def load_torch(request: EncoderRequest) -> LoadedEncoder:
    """Load an encoder in torch. An `EncoderLoader`.

    Args:
        request: What to load. `compute_type`: only "float32", the default.

    Returns:
        A `SentenceTransformerEncoder`, and how its checkpoint wants to be used.

    Raises:
        ModelLoadError: The checkpoint is missing, damaged or of another kind.
        ValueError: The compute type is another one.
    """
    if request.compute_type is not None:
        check_choice("compute_type", request.compute_type, ("float32", "int8"))
    if request.compute_type == "int8":
        raise ValueError('compute_type="int8" goes with backend="onnx"; torch has "float32"')
    model, plain = load_sentence_transformer(request)
    encoder = SentenceTransformerEncoder(model, batch_size=request.batch_size)
    if plain:
        return LoadedEncoder(encoder, "sentence", "dot")
    similarity = model.similarity_fn_name
    return LoadedEncoder(
        encoder,
        "document" if encoder.can_encode_spans else "title",
        similarity if similarity in ("cosine", "dot") else "cosine",
    )


def load_sentence_transformer(request: EncoderRequest) -> tuple[Any, bool]:
    """Load a `SentenceTransformer` with adapters added to its weights.

    Args:
        request: What to load; `compute_type` and `batch_size` are not looked at.

    Returns:
        The model, for inference; and whether its checkpoint is plain, which means that it says
        nothing about its similarity.

    Raises:
        ModelLoadError: The checkpoint is missing, damaged or of another kind.
        ValueError: The device is not there.
    """
    require("sentence_transformers", "offline", "load_compressor")
    check_device(request.device)
    files = request.files
    files.check_there()
    files.check()
    if files.folder is not None:
        _refuse_other_kinds(files)
    try:
        _check_poolings(files)
        _check_transformers(files)
        plain = not files.has("modules.json")
        model = _sentence_transformer(
            files.place,
            plain=plain,
            device=request.device,
            truncate_dim=request.truncate_dim,
            **files.hub,
        )
        _check_modules(model)
    except Exception as error:
        message = (
            str(error)
            if isinstance(error, ModelLoadError)
            else load_error_message(files.place, files.local_files_only, error)
        )
        if request.adapters:
            message = f"the adapter {request.adapters[0].folder} needs its base, but {message}"
        raise ModelLoadError(message) from error
    for adapter in request.adapters:
        if model.transformers_model is None:
            raise ModelLoadError(
                f"{files.place} has no transformer for the adapter {adapter.folder}"
            )
        adapter.merge_into(model.transformers_model)
        if (adapter.folder / "modules.json").is_file():
            model = _with_files_of(adapter, model, request.truncate_dim)
            plain = False
    own_files = any((adapter.folder / MODULES).is_file() for adapter in request.adapters)
    prompts = choose_prompts(request.prompts, model.prompts, None if own_files else request.place)
    # sentence-transformers takes its own empty "document" for an answer, before "passage".
    model.prompts = {**model.prompts, "query": "", "document": "", **prompts}
    model.eval()
    return model, plain


def _sentence_transformer(source: str, *, plain: bool = False, **settings: Any) -> Any:
    """A `SentenceTransformer`. `plain`: the checkpoint says nothing about its similarity."""
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
    """The merged weights with the pooling, prompts, similarity and tokenizer of the adapter.

    sentence-transformers wrote these files, and it reads folders only. With an adapter's own files
    there it would ask for PEFT, so it reads the folder as if the adapter had been merged before.
    """
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as staging:
        try:
            _check_poolings(CheckpointFiles(adapter.folder))
            modules = read_json(adapter.folder / MODULES)
            for part in module_folders(adapter.folder):
                _copy_files(part, Path(staging) / part.relative_to(adapter.folder))
            merged.transformers_model.save_pretrained(inside(Path(staging), modules[0]["path"]))
            model = _sentence_transformer(
                staging,
                device=str(merged.device),
                truncate_dim=truncate_dim,
                local_files_only=True,
            )
            _check_modules(model)
            return model
        except ModelLoadError:
            raise
        except Exception as error:
            raise ModelLoadError(load_error_message(str(adapter.folder), False, error)) from error


def _copy_files(folder: Path, target: Path) -> None:
    """Copy the files of a folder that was checked, except an adapter's own."""
    target.mkdir(parents=True, exist_ok=True)
    for file in folder.iterdir():
        if file.is_file() and file.name not in (ADAPTER_CONFIG, ADAPTER_WEIGHTS):
            shutil.copyfile(file, target / file.name)


def _check_poolings(files: CheckpointFiles) -> None:
    for part in files.module_folders():
        name = (part / "config.json").as_posix()
        if isinstance(config := files.json(name), dict):
            check_pooling(config, Path(files.place, name))


def _check_transformers(files: CheckpointFiles) -> None:
    """Check that every transformer in a checkpoint has the tensors that its config says."""
    for part in files.module_folders():
        config = files.json((part / "config.json").as_posix())
        if not isinstance(config, dict) or "model_type" not in config:
            continue  # of a module that is no transformer: it loads its own tensors strictly
        files.check_numbers(part.as_posix())
        said = files.json((part / "sentence_bert_config.json").as_posix()) or {}
        task = said.get("transformer_task", "feature-extraction")
        check_weights(
            _CLASSES.get(task, "AutoModel"),
            files.place,
            subfolder="" if part == Path() else part.as_posix(),
            encoder_only="pooler" not in str(said),
            **files.hub,
        )


def _check_modules(model: Any) -> None:
    """Check that the modules of a model fit each other, and its tokenizer fits its words.

    Raises `ValueError`. What does not fit would fail with the first text, or with a longer one.
    """
    size: int | None = None
    for module in model:
        needed = getattr(module, "in_features", None)
        if size is not None and needed is not None and needed != size:
            raise ValueError(f"its {type(module).__name__} reads {needed} numbers, and gets {size}")
        own = getattr(module, "get_embedding_dimension", None)
        size = getattr(module, "out_features", None) or (own() if own else None) or size
    try:
        model.encode("?", show_progress_bar=False)
    except KeyError as error:
        raise ValueError(
            f"its modules leave {error} out: modules.json lacks a pooling, or has one too many"
        ) from error
    transformer = getattr(model, "transformers_model", None)
    if transformer is None or not hasattr(model.tokenizer, "get_vocab"):
        return
    words = transformer.get_input_embeddings()
    rows = getattr(words, "num_embeddings", None)
    largest = max(model.tokenizer.get_vocab().values(), default=-1)
    if rows is None or largest < 0:
        return
    if largest >= rows:
        raise ValueError(f"its tokenizer has the token {largest}, its weights {rows} words")
    special = model.tokenizer.num_special_tokens_to_add()
    length = model.max_seq_length
    if length is not None and not special < length:
        raise ValueError(f"max_seq_length={length} leaves no room beside {special} special tokens")
    positions = getattr(getattr(transformer, "embeddings", None), "position_embeddings", None)
    if (most := getattr(positions, "num_embeddings", None)) and length and length > most:
        raise ValueError(f"max_seq_length={length}, and its weights have {most} positions")


def _refuse_other_kinds(files: CheckpointFiles) -> None:
    """Say at once what a folder holds if it can't be an encoder of sentences."""
    if files.has("modules.json"):
        return
    folder = files.place
    if not files.has("config.json"):
        raise ModelLoadError(
            f"{folder} holds no model: neither modules.json nor config.json is there"
        )
    try:
        config = files.json("config.json")
        architectures = [str(name) for name in config.get("architectures") or ()]
    except (OSError, ValueError, AttributeError, TypeError) as error:
        file = Path(folder) / "config.json"
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
