"""Checkpoints to summarizers, from a folder or the hub; never with code of theirs."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ..._utils.checks import check_choice, require
from ..._utils.files import CONFIG_FILE
from ...errors import ModelLoadError
from ..checkpoints import ONE_AT_A_TIME, load_error_message, looks_like_path

ComputeType = Literal["float32", "bfloat16", "int8"]
Quantization = Literal["8bit", "4bit"]

# Of each backend, the default first.
_COMPUTE_TYPES: dict[str, tuple[ComputeType, ...]] = {
    "torch": ("float32", "bfloat16"),
    "ctranslate2": ("int8", "float32", "bfloat16"),
}


def check_compute_type(
    backend: str, compute_type: ComputeType | None, quantization: Quantization | None
) -> ComputeType:
    """The compute type, the backend's default if None. Raises `ValueError`."""
    check_choice("backend", backend, tuple(_COMPUTE_TYPES))
    possible = _COMPUTE_TYPES[backend]
    if compute_type is not None and compute_type not in possible:
        raise ValueError(
            f'with backend="{backend}" compute_type must be one of {", ".join(possible)}, got '
            f"{compute_type!r}"
        )
    if quantization is not None and backend != "torch":
        raise ValueError(
            f'quantization={quantization!r} goes with backend="torch" only: CTranslate2 quantizes '
            'by compute_type="int8"'
        )
    return compute_type or possible[0]


ADAPTER_CONFIG = "adapter_config.json"


def is_seq2seq(
    source: str | os.PathLike[str], *, revision: str | None = None, local_files_only: bool = False
) -> bool:
    """Whether `source` is a checkpoint that writes text from text, by its config, or a LoRA adapter
    on one. False for what is not there or can't be read.
    """
    try:
        _locate(os.fspath(source), revision=revision, local_files_only=local_files_only)
    except ModelLoadError:
        return False
    return True


@dataclass(frozen=True)
class Checkpoint:
    """The folders of an encoder-decoder checkpoint, and of the adapter on it if there is one."""

    source: str
    config: Any
    folder: Path
    adapter: Path | None

    @property
    def folders(self) -> tuple[Path, ...]:
        """Where to look for a file, first the adapter."""
        return (self.adapter, self.folder) if self.adapter else (self.folder,)

    def load_model(
        self,
        compute_type: ComputeType,
        *,
        device: str | None = None,
        quantization: Quantization | None = None,
    ) -> Any:
        """The model, for inference. Raises `ModelLoadError`."""
        import torch
        from transformers import AutoModelForSeq2SeqLM

        device = device or _accelerator()
        if device.startswith("cuda") and not torch.cuda.is_available():
            raise ValueError(f"device={device!r}, but torch sees no CUDA device here")
        with ONE_AT_A_TIME, _explaining(self.source):
            model, report = AutoModelForSeq2SeqLM.from_pretrained(
                self.folder,
                # "auto" would load a bfloat16 checkpoint as such, which is slow on a CPU.
                dtype=getattr(torch, compute_type),
                trust_remote_code=False,
                local_files_only=True,
                output_loading_info=True,
                **(_bitsandbytes(quantization, device) if quantization else {}),
            )
            if missing := sorted(report["missing_keys"]):
                # transformers would fill them with random numbers.
                raise ValueError(f"{len(missing)} weights are missing, such as {missing[0]}")
            if self.adapter:
                model = _merged(model, self.adapter)
        return (model if quantization else model.to(device)).eval()

    def load_tokenizer(self) -> Any:
        """The tokenizer. Raises `ModelLoadError`."""
        from transformers import AutoTokenizer

        folder = next(
            (f for f in self.folders if (f / "tokenizer_config.json").is_file()), self.folder
        )
        if not (folder / "tokenizer.json").is_file() and any(folder.glob("*.model")):
            for package in ("sentencepiece", "google.protobuf"):
                require(package, "sentencepiece", f"the tokenizer of {self.source}")
        with _explaining(self.source):
            tokenizer = AutoTokenizer.from_pretrained(
                folder, trust_remote_code=False, local_files_only=True
            )
            names = tokenizer.vocab_files_names.values()
            if names and not any((folder / name).is_file() for name in names):
                # transformers would make one that knows the special tokens only.
                raise ValueError(f"the tokenizer is missing: none of {', '.join(names)} is there")
        return tokenizer

    def deciding_files(self) -> Iterator[Path]:
        """The files that decide what the model writes: configs, weights, tokenizer."""
        for folder in self.folders:
            suffixes = {".json", ".txt", ".model", ".safetensors"}
            if not any(folder.glob("*.safetensors")):
                suffixes.add(".bin")
            for file in sorted(folder.iterdir()):
                if file.suffix in suffixes and file.name != CONFIG_FILE:
                    yield file


def find_checkpoint(
    source: str | os.PathLike[str], *, revision: str | None = None, local_files_only: bool = False
) -> Checkpoint:
    """The checkpoint that `source` names, downloaded if need be. Raises `ModelLoadError`."""
    source = os.fspath(source)
    hub = {"revision": revision, "local_files_only": local_files_only}
    base, base_hub, config = _locate(source, **hub)
    with _explaining(source, local_files_only):
        folder = _folder(base, **base_hub)
        return Checkpoint(
            source, config, folder, None if base == source else _folder(source, **hub)
        )


def _locate(source: str, **hub: Any) -> tuple[str, dict[str, Any], Any]:
    """The base model of `source` (itself, unless it is an adapter), its place on the hub, and its
    config. Raises `ModelLoadError` for anything that does not write text from text.
    """
    from transformers import AutoConfig

    _check_there(source)
    with _explaining(source, hub["local_files_only"]):
        base, base_hub = source, hub
        if adapter := _read_json(source, ADAPTER_CONFIG, **hub):
            base = adapter["base_model_name_or_path"]
            base_hub = {**hub, "revision": adapter.get("revision")}
            _check_there(base, f", the base model of the adapter {source}")
        modules = _read_json(base, "modules.json", **base_hub)
        config = AutoConfig.from_pretrained(base, trust_remote_code=False, **base_hub)
    if refusal := _refusal(config, is_sentence_transformer=modules is not None):
        raise ModelLoadError(f"{source} {refusal}")
    return base, base_hub, config


def _check_there(source: str, role: str = "") -> None:
    if looks_like_path(source) and not os.path.isdir(source):
        raise ModelLoadError(f"there is no folder {source}{role}: give a folder or a hub name")


def _refusal(config: Any, *, is_sentence_transformer: bool) -> str | None:
    """What a checkpoint is if it can't be a summarizer, and what to use instead."""
    from transformers.models.auto.modeling_auto import (
        MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
        MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES,
    )

    classes = config.architectures or []
    name = ", ".join(classes) or config.model_type
    remedy = "for summaries give an encoder-decoder checkpoint such as T5 or BART"
    if is_sentence_transformer:
        return f"is a sentence-transformers model: it makes an extractive compressor; {remedy}"
    if (
        config.is_encoder_decoder
        and config.model_type in MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES
        and not any(cls.endswith(_WITHOUT_WRITER) for cls in classes)
    ):
        return None
    if set(classes) & set(MODEL_FOR_CAUSAL_LM_MAPPING_NAMES.values()):
        return (
            f"is a decoder-only language model ({name}): use LLMSummarizer around it; or {remedy}"
        )
    return f"is an encoder or a classifier ({name}), which writes no text: {remedy}"


# Classes of encoder-decoder types whose checkpoints lack the decoder or its output.
_WITHOUT_WRITER = (
    "EncoderModel",
    "ForQuestionAnswering",
    "ForSequenceClassification",
    "ForTokenClassification",
)


def _read_json(source: str, name: str, **hub: Any) -> Any:
    """A small JSON file of a folder or a hub repository; None if it is not there."""
    from transformers.utils import cached_file

    file = cached_file(
        source,
        name,
        _raise_exceptions_for_missing_entries=False,
        _raise_exceptions_for_connection_errors=False,
        **hub,
    )
    return None if file is None else json.loads(Path(file).read_text(encoding="utf-8"))


def _folder(source: str, **hub: Any) -> Path:
    """A folder with the checkpoint's files; without pickled weights if there are others.

    Local from here on: asked for a name on the hub, transformers would have a service convert
    `pytorch_model.bin` there.
    """
    if os.path.isdir(source):
        return Path(source)
    from huggingface_hub import snapshot_download

    def fetch(*patterns: str) -> Path:
        return Path(
            snapshot_download(source, allow_patterns=patterns, ignore_patterns="*/*", **hub)
        )

    folder = fetch("*.json", "*.txt", "*.model", "*.safetensors")
    if any(folder.glob("*.safetensors")):
        return folder
    return fetch("pytorch_model*.bin", "adapter_model.bin")


def _merged(model: Any, adapter: Path) -> Any:
    require("peft", "lora", f"the adapter {adapter}")
    from peft import PeftModel

    names = ("adapter_model.safetensors", "adapter_model.bin")
    if not any((adapter / name).is_file() for name in names):
        # peft would look for a repository of the folder's name on the hub.
        raise FileNotFoundError(f"neither {names[0]} nor {names[1]} is there")
    return PeftModel.from_pretrained(model, str(adapter)).merge_and_unload()


def _bitsandbytes(quantization: Quantization, device: str) -> dict[str, Any]:
    import torch
    from transformers import BitsAndBytesConfig

    how = (
        BitsAndBytesConfig(load_in_8bit=True)
        if quantization == "8bit"
        else BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_compute_dtype=torch.bfloat16)
    )
    return {"quantization_config": how, "device_map": {"": device}}


def _accelerator() -> str:
    import torch

    return str(
        torch.accelerator.current_accelerator() if torch.accelerator.is_available() else "cpu"
    )


@contextmanager
def _explaining(source: str, local_files_only: bool = False) -> Iterator[None]:
    """Whatever goes wrong with a file becomes a `ModelLoadError` with the remedy."""
    try:
        yield
    except (ModelLoadError, ImportError, MemoryError):
        raise
    except Exception as error:
        raise ModelLoadError(load_error_message(source, local_files_only, error)) from error
