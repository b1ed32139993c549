"""Checkpoints that write text, from a folder or the hub. Code in their folders never runs."""

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
from ..devices import check_device
from ..folder_checks import check_peft_config
from ..tensors import read_shapes
from ..weights_check import check_report, check_weights

WriterKind = Literal["encoder-decoder", "decoder-only"]
ComputeType = Literal["float32", "bfloat16", "int8"]
Quantization = Literal["8bit", "4bit"]

_AUTO_CLASSES: dict[WriterKind, str] = {
    "encoder-decoder": "AutoModelForSeq2SeqLM",
    "decoder-only": "AutoModelForCausalLM",
}

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
    """Tell by its config whether a checkpoint is an encoder-decoder model that writes text.

    Args:
        source: A folder, a hub name, or a checkpoint whose files were inspected before.
        revision: A branch, tag or commit on the hub.
        local_files_only: Whether to look only at what was downloaded before.

    Returns:
        True for an encoder-decoder model that writes, and for a LoRA adapter on one. False for any
        other, and for what is not there or can't be read.
    """
    files = as_checkpoint_files(source, revision=revision, local_files_only=local_files_only)
    return writer_kind(files) == "encoder-decoder"


def writer_kind(files: CheckpointFiles) -> WriterKind | None:
    """Tell by its config what kind of language model a checkpoint is.

    Args:
        files: The checkpoint; also of a LoRA adapter.

    Returns:
        The kind; None for what writes no text, is not there or can't be read.

    Raises:
        ImportError: It is a GGUF file, and the extra `gguf` is missing.
    """
    try:
        return _locate(files, decoder_only=True)[2]
    except ModelLoadError:
        if files.gguf is not None:  # nothing else could be made of it
            raise
        return None


@dataclass(frozen=True)
class Checkpoint:
    """The checkpoint of a language model on this machine.

    Attributes:
        source: The folder or hub name that the user gave.
        config: The model's config, of transformers.
        kind: "encoder-decoder" or "decoder-only".
        folder: The folder of the whole model.
        gguf: The name of the file in it that holds the model; None for other formats.
        adapter: The folder of the LoRA adapter on it; None without one.
    """

    source: str
    config: Any
    kind: WriterKind
    folder: Path
    gguf: str | None
    adapter: Path | None

    @property
    def folders(self) -> tuple[Path, ...]:
        """The folders in which to look for a file, that of the adapter first.

        A GGUF file is whole: what lies beside it is no part of the model.
        """
        own = () if self.gguf else (self.folder,)
        return (self.adapter, *own) if self.adapter else own

    @property
    def _from_gguf(self) -> dict[str, str]:
        return {"gguf_file": self.gguf} if self.gguf else {}

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
        import transformers

        check_device(device)
        device = device or _accelerator()
        name = _AUTO_CLASSES[self.kind]
        if self.gguf is None:
            check_weights(name, str(self.folder), config=self.config, local_files_only=True)
        with ONE_AT_A_TIME, explaining(self.source):
            model, report = getattr(transformers, name).from_pretrained(
                self.folder,
                **self._from_gguf,
                # "auto" would load a bfloat16 checkpoint as such, which is slow on a CPU.
                dtype=getattr(torch, compute_type),
                trust_remote_code=False,
                local_files_only=True,
                output_loading_info=True,
                **(_bitsandbytes(quantization, device) if quantization else {}),
            )
            check_report(str(self.folder), report)
            if self.gguf is not None:
                forget_quantization(model)
            if self.adapter:
                model = adapted(model, self.adapter).merge_and_unload()
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

        found = [f for f in self.folders if (f / "tokenizer_config.json").is_file()]
        if self.gguf and not found:
            with explaining(self.source):
                return AutoTokenizer.from_pretrained(
                    self.folder, trust_remote_code=False, local_files_only=True, **self._from_gguf
                )
        folder = next(iter(found), self.folder)
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

    def load_generation_config(self) -> Any:
        """Load the generation config.

        Returns:
            That of transformers; for a GGUF file, the one that the model's config makes.

        Raises:
            ModelLoadError: Its file is damaged.
        """
        from transformers import GenerationConfig

        if self.gguf:
            return GenerationConfig.from_model_config(self.config)
        # Before transformers 4.25 the generation config was a part of the config.
        names = ("generation_config.json", "config.json")
        name = next(name for name in names if (self.folder / name).is_file())
        with explaining(self.source):
            return GenerationConfig.from_pretrained(
                self.folder, config_file_name=name, local_files_only=True
            )

    def deciding_files(self) -> Iterator[Path]:
        """List the files that decide what the model writes: configs, weights, tokenizer.

        Yields:
            Paths, in a fixed order.
        """
        if self.gguf:
            yield self.folder / self.gguf
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
    decoder_only: bool = False,
    revision: str | None = None,
    local_files_only: bool = False,
) -> Checkpoint:
    """Find the checkpoint of a language model, and download it if need be.

    Args:
        source: A folder, a hub name, or a checkpoint whose files were inspected before. Also of a
            LoRA adapter.
        decoder_only: Whether a decoder-only model will do, too.
        revision: A branch, tag or commit on the hub.
        local_files_only: Whether to look only at what was downloaded before.

    Returns:
        The checkpoint's folders and config.

    Raises:
        ModelLoadError: It is missing, damaged or of another kind. The message names the remedy.
        ImportError: It is a GGUF file, and the extra `gguf` is missing.
    """
    files = as_checkpoint_files(source, revision=revision, local_files_only=local_files_only)
    base, config, kind = _locate(files, decoder_only=decoder_only)
    with explaining(files.place, files.local_files_only):
        folder = local_folder(base)
        adapter = None if base.place == files.place else local_folder(files)
        gguf = None if base.gguf is None else base.gguf.name
        return Checkpoint(files.place, config, kind, folder, gguf, adapter)


def _locate(
    files: CheckpointFiles, *, decoder_only: bool
) -> tuple[CheckpointFiles, Any, WriterKind]:
    """The base model of a checkpoint (itself, unless it is an adapter), its config and kind.

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
        kind = _kind_of(config, from_gguf=base.gguf is not None)
        if is_sentence_transformer or kind is None or (kind == "decoder-only" and not decoder_only):
            told = _refusal(config, kind, is_sentence_transformer=is_sentence_transformer)
            raise ModelLoadError(f"{files.place} {told}")
    return base, config, kind


def _kind_of(config: Any, *, from_gguf: bool) -> WriterKind | None:
    from transformers.models.auto.modeling_auto import (
        MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
        MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES,
    )

    classes = config.architectures or []
    if (
        config.is_encoder_decoder
        and config.model_type in MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES
        and not any(cls.endswith(_WITHOUT_WRITER) for cls in classes)
    ):
        return "encoder-decoder"
    if from_gguf and not classes:  # which transformers does not say
        return "decoder-only" if config.model_type in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES else None
    if set(classes) & set(MODEL_FOR_CAUSAL_LM_MAPPING_NAMES.values()):
        return "decoder-only"
    return None


def _refusal(config: Any, kind: WriterKind | None, *, is_sentence_transformer: bool) -> str:
    """What a checkpoint is that can't be what is needed, and what to use instead."""
    name = ", ".join(config.architectures or []) or config.model_type
    remedy = "for summaries give an encoder-decoder checkpoint such as T5 or BART"
    if is_sentence_transformer:
        return f"is a sentence-transformers model: it makes an extractive compressor; {remedy}"
    if kind == "decoder-only":
        return f"is a decoder-only language model ({name}): only encoder-decoder models do here"
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
    if files.gguf is not None:
        return files.gguf.parent
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


def adapted(model: Any, adapter: Path, *, trainable: bool = False) -> Any:
    """Put a LoRA adapter on a model.

    Args:
        model: A model of transformers.
        adapter: The folder of the adapter, in PEFT's format.
        trainable: Whether its factors shall be trained on.

    Returns:
        A `peft.PeftModel` with the adapter's factors beside the model's weights.

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
    found = PeftModel.from_pretrained(model, str(adapter), is_trainable=trainable)
    stored = _names_of_tensors(adapter)
    if missing := sorted(get_peft_model_state_dict(found).keys() - stored):
        # PEFT would fill them with random numbers.
        raise ValueError(f"{len(missing)} of the adapter's weights are missing: {missing[:3]}")
    return found


def _names_of_tensors(adapter: Path) -> set[str]:
    if (file := adapter / "adapter_model.safetensors").is_file():
        return set(read_shapes(file))
    import torch

    return set(torch.load(adapter / "adapter_model.bin", map_location="meta", weights_only=True))


def forget_quantization(model: Any) -> None:
    """Make an ordinary model of one whose weights transformers has turned into floating numbers.

    Args:
        model: A model that was loaded from a GGUF file; it is changed.
    """
    for owner, name in ((model, "hf_quantizer"), (model.config, "quantization_config")):
        if hasattr(owner, name):
            delattr(owner, name)
    model.is_quantized = False


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
