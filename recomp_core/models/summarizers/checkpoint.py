"""Encoder-decoder checkpoints, from a folder or the hub. Code in their folders never runs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ..._utils.checks import check_choice, require
from ..._utils.files import CONFIG_FILE
from ...errors import ModelLoadError
from ..checkpoints import (
    ADAPTER_CONFIG,
    ONE_AT_A_TIME,
    CheckpointFiles,
    as_checkpoint_files,
    load_error_message,
)
from ..folder_checks import check_peft_config
from ..tensors import read_shapes
from ..weights_check import check_report, check_weights

ComputeType = Literal["float32", "bfloat16", "int8"]
Quantization = Literal["8bit", "4bit"]

# The number formats of each backend, the default first.
_COMPUTE_TYPES: dict[str, tuple[ComputeType, ...]] = {
    "torch": ("float32", "bfloat16"),
    "ctranslate2": ("int8", "float32", "bfloat16"),
}


def check_compute_type(
    backend: str, compute_type: ComputeType | None, quantization: Quantization | None
) -> ComputeType:
    """Check how a summarizer is to compute.

    Args:
        backend: "torch" or "ctranslate2".
        compute_type: The number format; None for the backend's default.
        quantization: A quantization by bitsandbytes, or None.

    Returns:
        The number format.

    Raises:
        ValueError: They don't go together, or one of them is unknown.
    """
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


def is_seq2seq(
    source: str | os.PathLike[str] | CheckpointFiles,
    *,
    revision: str | None = None,
    local_files_only: bool = False,
) -> bool:
    """Tell by its config whether a checkpoint writes text from text.

    Args:
        source: A folder, a hub name, or a checkpoint whose files were inspected before.
        revision: A branch, tag or commit on the hub.
        local_files_only: Whether to look only at what was downloaded before.

    Returns:
        True for an encoder-decoder model that writes, and for a LoRA adapter on one. False for any
        other, and for what is not there or can't be read.
    """
    try:
        _locate(as_checkpoint_files(source, revision=revision, local_files_only=local_files_only))
    except ModelLoadError:
        return False
    return True


@dataclass(frozen=True)
class Checkpoint:
    """An encoder-decoder checkpoint on this machine.

    Attributes:
        source: The folder or hub name that the user gave.
        config: The model's config, of transformers.
        folder: The folder of the whole model.
        adapter: The folder of the LoRA adapter on it; None without one.
    """

    source: str
    config: Any
    folder: Path
    adapter: Path | None

    @property
    def folders(self) -> tuple[Path, ...]:
        """The folders in which to look for a file, that of the adapter first."""
        return (self.adapter, self.folder) if self.adapter else (self.folder,)

    def load_model(
        self,
        compute_type: ComputeType,
        *,
        device: str | None = None,
        quantization: Quantization | None = None,
    ) -> Any:
        """Load the model for inference, with the adapter merged into it.

        Args:
            compute_type: The number format of the weights.
            device: Such as "cpu" or "cuda:0"; None takes an accelerator if there is one.
            quantization: "8bit" or "4bit" by bitsandbytes, or None.

        Returns:
            A model of transformers, on its device.

        Raises:
            ModelLoadError: A file is missing or damaged.
            ValueError: The device is not there.
        """
        import torch
        from transformers import AutoModelForSeq2SeqLM

        device = device or _accelerator()
        if device.startswith("cuda") and not torch.cuda.is_available():
            raise ValueError(f"device={device!r}, but torch sees no CUDA device here")
        check_weights(
            "AutoModelForSeq2SeqLM", str(self.folder), config=self.config, local_files_only=True
        )
        with ONE_AT_A_TIME, explaining(self.source):
            model, report = AutoModelForSeq2SeqLM.from_pretrained(
                self.folder,
                # "auto" would load a bfloat16 checkpoint as such, which is slow on a CPU.
                dtype=getattr(torch, compute_type),
                trust_remote_code=False,
                local_files_only=True,
                output_loading_info=True,
                **(_bitsandbytes(quantization, device) if quantization else {}),
            )
            check_report(str(self.folder), report)
            if self.adapter:
                model = merged(model, self.adapter)
        return (model if quantization else model.to(device)).eval()

    def load_tokenizer(self) -> Any:
        """Load the tokenizer.

        Returns:
            A tokenizer of transformers.

        Raises:
            ModelLoadError: A file is missing or damaged.
            ImportError: The tokenizer needs the extra `sentencepiece`.
        """
        from transformers import AutoTokenizer

        folder = next(
            (f for f in self.folders if (f / "tokenizer_config.json").is_file()), self.folder
        )
        if not (folder / "tokenizer.json").is_file() and any(folder.glob("*.model")):
            for package in ("sentencepiece", "google.protobuf"):
                require(package, "sentencepiece", f"the tokenizer of {self.source}")
        with explaining(self.source):
            tokenizer = AutoTokenizer.from_pretrained(
                folder, trust_remote_code=False, local_files_only=True
            )
            names = tokenizer.vocab_files_names.values()
            if names and not any((folder / name).is_file() for name in names):
                # transformers would make one that knows the special tokens only.
                raise ValueError(f"the tokenizer is missing: none of {', '.join(names)} is there")
        return tokenizer

    def deciding_files(self) -> Iterator[Path]:
        """List the files that decide what the model writes: configs, weights, tokenizer.

        Yields:
            Paths, in a fixed order.
        """
        for folder in self.folders:
            suffixes = {".json", ".txt", ".model", ".safetensors"}
            if not any(folder.glob("*.safetensors")):
                suffixes.add(".bin")
            for file in sorted(folder.iterdir()):
                if file.suffix in suffixes and file.name != CONFIG_FILE:
                    yield file


def find_checkpoint(
    source: str | os.PathLike[str] | CheckpointFiles,
    *,
    revision: str | None = None,
    local_files_only: bool = False,
) -> Checkpoint:
    """Find an encoder-decoder checkpoint, and download it if need be.

    Args:
        source: A folder, a hub name, or a checkpoint whose files were inspected before. Also of a
            LoRA adapter.
        revision: A branch, tag or commit on the hub.
        local_files_only: Whether to look only at what was downloaded before.

    Returns:
        The checkpoint's folders and config.

    Raises:
        ModelLoadError: It is missing, damaged or of another kind. The message names the remedy.
    """
    files = as_checkpoint_files(source, revision=revision, local_files_only=local_files_only)
    base, config = _locate(files)
    with explaining(files.place, files.local_files_only):
        folder = local_folder(base)
        adapter = None if base.place == files.place else local_folder(files)
        return Checkpoint(files.place, config, folder, adapter)


def _locate(files: CheckpointFiles) -> tuple[CheckpointFiles, Any]:
    """The base model of a checkpoint (itself, unless it is an adapter), and its config.

    Raises `ModelLoadError` for anything that does not write text from text.
    """
    files.check_there()
    files.check()
    with explaining(files.place, files.local_files_only):
        base = files.adapter_base or files
        if base is not files:
            base.check_there(f", the base model of the adapter {files.place}")
            base.check()
            if base.has(ADAPTER_CONFIG):
                raise ModelLoadError(
                    f"the base {base.place} of the adapter {files.place} is an adapter too: merge "
                    "it into its own base first"
                )
        base.check_numbers()
        is_sentence_transformer = base.json("modules.json") is not None
        config = base.auto_config
        if refusal := _refusal(config, is_sentence_transformer=is_sentence_transformer):
            raise ModelLoadError(f"{files.place} {refusal}")
    return base, config


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


def local_folder(files: CheckpointFiles) -> Path:
    """Find a folder with a checkpoint's files; without pickled weights if there are others.

    It is local from here on. Asked for a name on the hub, transformers would have a service convert
    `pytorch_model.bin` there.

    Args:
        files: A checkpoint in a folder or on the hub.

    Returns:
        The folder.
    """
    if files.folder is not None:
        return files.folder
    from huggingface_hub import snapshot_download

    def fetch(*patterns: str) -> Path:
        return Path(
            snapshot_download(
                files.place, allow_patterns=patterns, ignore_patterns="*/*", **files.hub
            )
        )

    folder = fetch("*.json", "*.txt", "*.model", "*.safetensors")
    if any(folder.glob("*.safetensors")):
        return folder
    return fetch("pytorch_model*.bin", "adapter_model.bin")


def merged(model: Any, adapter: Path) -> Any:
    """Merge a LoRA adapter into a model.

    Args:
        model: A model of transformers.
        adapter: The folder of the adapter, in PEFT's format.

    Returns:
        The model with the adapter's weights added.

    Raises:
        ModelLoadError: The adapter's config has a pattern or an absurd number.
        ValueError: A tensor of the adapter is missing.
        FileNotFoundError: The adapter has no weights.
        ImportError: PEFT is missing.
    """
    require("peft", "lora", f"the adapter {adapter}")
    from peft import PeftModel, get_peft_model_state_dict

    names = ("adapter_model.safetensors", "adapter_model.bin")
    if not any((adapter / name).is_file() for name in names):
        # peft would look for a repository of the folder's name on the hub.
        raise FileNotFoundError(f"neither {names[0]} nor {names[1]} is there")
    check_peft_config(adapter)
    adapted = PeftModel.from_pretrained(model, str(adapter))
    stored = _names_of_tensors(adapter)
    if missing := sorted(get_peft_model_state_dict(adapted).keys() - stored):
        # PEFT would fill them with random numbers.
        raise ValueError(f"{len(missing)} of the adapter's weights are missing: {missing[:3]}")
    return adapted.merge_and_unload()


def _names_of_tensors(adapter: Path) -> set[str]:
    if (file := adapter / "adapter_model.safetensors").is_file():
        return set(read_shapes(file))
    import torch

    return set(torch.load(adapter / "adapter_model.bin", map_location="meta", weights_only=True))


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
def explaining(source: str, local_files_only: bool = False) -> Iterator[None]:
    """Turn any error with a checkpoint's files into one that names the remedy.

    Args:
        source: The folder or hub name.
        local_files_only: Whether the hub was left alone.

    Yields:
        Nothing.

    Raises:
        ModelLoadError: The block failed.
    """
    try:
        yield
    except (ModelLoadError, ImportError, MemoryError):
        raise
    except Exception as error:
        raise ModelLoadError(load_error_message(source, local_files_only, error)) from error
