"""A BERT-like encoder read from its files, without torch and transformers.

This covers what sentence-transformers makes of most folders: a BERT, pooled by the mean or the
first token, then perhaps dense layers and normalising. Anything that is not understood for certain
is refused with the reason, and another backend takes over. It is written by hand because an encoder
loaded this way starts without torch, and because the graph built from it is 2.4 times as fast.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any, Literal, TypeVar

import numpy as np

from ..._utils.checks import check_number, check_whole
from ..._utils.files import sha256
from ..checkpoints import CheckpointFiles
from ..folder_checks import check_pooling, inside, read_json
from ..tensors import MappedTensor, map_tensors, read_shapes, read_tensors
from ..weights_check import surplus_layers
from .backends import UnsupportedModelError
from .lora import ADAPTER_WEIGHTS, LoraAdapter
from .onnx_graph import BertShape
from .prompts import choose_prompts

Pooling = Literal["mean", "cls"]
T = TypeVar("T")

_WORDS = "embeddings.word_embeddings.weight"
# A larger vocabulary stays in its file, where the rows of a text are looked up: a few hundred.
_MOST_WORDS_IN_MEMORY = 100_000
_OLD_NAMES = {"LayerNorm.gamma": "LayerNorm.weight", "LayerNorm.beta": "LayerNorm.bias"}
_ACTIVATIONS: Mapping[str, Callable[[np.ndarray], np.ndarray]] = {
    "torch.nn.modules.activation.Tanh": np.tanh,
    "torch.nn.modules.linear.Identity": lambda vectors: vectors,
    "torch.nn.modules.activation.ReLU": lambda vectors: np.maximum(vectors, 0),
}
# The settings of a transformer that change nothing.
_PLAIN_SETTINGS: Mapping[str, Any] = {
    "transformer_task": "feature-extraction",
    "modality_config": {"text": {"method": "forward", "method_output_name": "last_hidden_state"}},
    "module_output_name": "token_embeddings",
    "do_lower_case": False,
}


@dataclass(frozen=True)
class BertFolder:
    """What the files of an encoder say.

    Attributes:
        model: The folder with the config and the weights.
        settings: The folder with the tokenizer.
        tokenizer_config: What `tokenizer_config.json` says there; {} without one.
        adapters: LoRA adapters to add to the weights, in this order.
        shape: What the config says about the layers.
        dimension: The size of a token's vector.
        max_length: Tokens of a window, with the special ones around them.
        pooling: How the vectors of a text's tokens become one.
        after: Functions from pooled vectors, (n, size), to the next, (n, size).
        modules: The names of the modules, in order.
        prompts: What is put before a text, by its role ("query", "document").
        similarity: How vectors are compared, as the files say it; None where they do not.
        plain: Whether the checkpoint has no `modules.json`; it then says nothing about similarity.
    """

    model: Path
    settings: Path
    tokenizer_config: Mapping[str, Any]
    adapters: tuple[LoraAdapter, ...]
    shape: BertShape
    dimension: int
    max_length: int
    pooling: Pooling
    after: tuple[Callable[[np.ndarray], np.ndarray], ...]
    modules: tuple[str, ...]
    prompts: Mapping[str, str] = field(default_factory=dict)
    similarity: str | None = None
    plain: bool = False

    @property
    def shown_name(self) -> str:
        """The last adapter's folder, or the end of the model's path, for people."""
        if self.adapters:
            return self.adapters[-1].folder.name
        return "/".join(self.model.parts[-2:])

    @classmethod
    def read(
        cls,
        files: CheckpointFiles,
        adapters: Sequence[LoraAdapter] = (),
        *,
        prompts: Mapping[str, str] | None = None,
        name: str | None = None,
    ) -> BertFolder:
        """Read a folder and the folders of its adapters.

        Args:
            files: The whole model, in a folder.
            adapters: What is added to it. The last one with a `modules.json` of its own says how
                the sum is pooled, split into tokens and compared.
            prompts: What to put before texts, instead of what the files say.
            name: The hub name, where the folder is a download.

        Returns:
            What the files say; weights are not read yet, except those of dense layers.

        Raises:
            UnsupportedModelError: The files name something that is not read here.
            OSError: A file can't be read.
            ValueError: A file is damaged.
        """
        files.check()
        own = _modules(files)
        used, modules = files, own
        for adapter in adapters:
            if (adapter.folder / "modules.json").is_file():
                used = CheckpointFiles(adapter.folder)
                modules = _modules(used)
        files.check_numbers(own[0][1])
        config = _config(files, _inside(own[0][1], "config.json"))
        shape = _shape(config)
        if not files.has("modules.json"):
            _refuse_half_said(Path(files.place), config)
        names = tuple(name for name, _ in modules)
        if names[:2] != ("Transformer", "Pooling"):
            raise UnsupportedModelError(f"it is made of {', '.join(names)}")
        settings = modules[0][1]
        tokenizer_config = _optional(used, _inside(settings, "tokenizer_config.json"))
        transformer = _optional(used, _inside(settings, "sentence_bert_config.json"))
        said = _optional(used, "config_sentence_transformers.json")
        known_as = (name or files.place) if used is files else None
        prompts = choose_prompts(prompts, said.get("prompts"), known_as)
        after = tuple(_after(name, used, path) for name, path in modules[2:])
        _check_fit(shape.hidden, after)
        return cls(
            model=Path(files.place, own[0][1]),
            settings=Path(used.place, settings),
            tokenizer_config=tokenizer_config,
            adapters=tuple(adapters),
            shape=shape,
            dimension=shape.hidden,
            max_length=_max_length(transformer, tokenizer_config, shape.length),
            pooling=_pooling(used, _inside(modules[1][1], "config.json"), prompts),
            after=after,
            modules=names,
            prompts=prompts,
            similarity=said.get("similarity_fn_name"),
            plain=not used.has("modules.json"),
        )

    @cached_property
    def weight_files(self) -> tuple[Path, ...]:
        """The files with the weights.

        Raises:
            UnsupportedModelError: There are only weights in another format.
        """
        index = self.model / "model.safetensors.index.json"
        if (self.model / "model.safetensors").is_file():
            return (self.model / "model.safetensors",)
        if index.is_file():
            names = sorted(set(read_json(index)["weight_map"].values()))
            return tuple(inside(self.model, name) for name in names)
        raise UnsupportedModelError(f"{self.model} has no model.safetensors")

    def check_tensors(self) -> None:
        """Compare names and shapes of the weights with those that the config needs.

        Only headers are read.

        Raises:
            UnsupportedModelError: Some are missing, have another shape, or would be left out.
        """
        shapes: dict[str, tuple[int, ...]] = {}
        for file in self.weight_files:
            shapes.update(read_shapes(file))
        found = _by_names_of_bert(shapes)
        wrong = [
            f"{name} {'is missing' if name not in found else f'has the shape {found[name]}'}"
            f", the config needs {needed}"
            for name, needed in self.shape.tensors()
            if found.get(name) != needed
        ]
        wrong = wrong or [
            f"{name} is of a layer that the config does not have"
            for name in surplus_layers(found, self.shape.layers)
        ]
        if wrong:
            raise UnsupportedModelError(
                f"{len(wrong)} of its weights are not as its config says: {'; '.join(wrong[:3])}"
            )

    @property
    def looks_words_up(self) -> bool:
        """Whether the vectors of words stay in their file, because they are many."""
        return self.shape.words > _MOST_WORDS_IN_MEMORY

    def words(self) -> MappedTensor:
        """Map the vectors of words, (n_words, hidden), into memory.

        Returns:
            The vectors, of which only those that are looked up are read.
        """
        return self._mapped()[_WORDS]

    def _mapped(self) -> dict[str, MappedTensor]:
        stored: dict[str, MappedTensor] = {}
        for file in self.weight_files:
            stored.update(map_tensors(file))
        return _by_names_of_bert(stored)

    def content_hash(self) -> str:
        """Digest all that decides a token's vector: the weights, the adapters, and the shape.

        Returns:
            A SHA-256 in hexadecimal digits.
        """
        parts = [repr(self.shape), *(sha256(file) for file in self.weight_files)]
        parts += [f"{a.scale} {sha256(a.folder / ADAPTER_WEIGHTS)}" for a in self.adapters]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    def after_hash(self) -> str:
        """Digest what is done to pooled vectors.

        Returns:
            A SHA-256 in hexadecimal digits.
        """
        digest = hashlib.sha256()
        for step in self.after:
            if isinstance(step, Dense):
                digest.update(step.activation.encode())
                for array in (step.weight, step.bias):
                    digest.update(b"" if array is None else array.tobytes())
        return digest.hexdigest()

    def weights(self) -> dict[str, np.ndarray]:
        """Read the weights and add the adapters to them.

        Returns:
            Float32 arrays by the names of transformers' `BertModel`; without the vectors of words
            if these are looked up in their file.

        Raises:
            UnsupportedModelError: The weights have other names.
            ModelLoadError: An adapter does not fit its base.
        """
        weights = {
            name: tensor.rows()
            for name, tensor in self._mapped().items()
            if name != _WORDS or not self.looks_words_up
        }
        for adapter in self.adapters:
            adapter.merge_into_arrays(weights)
        return weights


def _by_names_of_bert(stored: Mapping[str, T]) -> dict[str, T]:
    """What is stored under each name, as transformers' `BertModel` calls it."""
    found = [name for name in stored if name.endswith(_WORDS)]
    if len(found) != 1:
        raise UnsupportedModelError(f"its weights have {len(found)} tables of words")
    prefix = found[0].removesuffix(_WORDS)
    renamed = {}
    for name, value in stored.items():
        for old, new in _OLD_NAMES.items():
            name = name.replace(old, new)
        if name.startswith(prefix):
            renamed[name.removeprefix(prefix)] = value
    return renamed


def _check_fit(size: int, after: Sequence[Callable[[np.ndarray], np.ndarray]]) -> None:
    """Check that each module reads as many numbers as the one before it gives."""
    for step in after:
        if isinstance(step, Dense):
            bias = (len(step.weight),) if step.bias is None else step.bias.shape
            if (
                step.weight.ndim != 2
                or step.weight.shape[1] != size
                or bias != step.weight.shape[:1]
            ):
                raise UnsupportedModelError(
                    f"a dense layer has the shape {step.weight.shape} and bias {bias}, and reads "
                    f"{size} numbers"
                )
            size = len(step.weight)


def _modules(files: CheckpointFiles) -> list[tuple[str, str]]:
    """Class and folder of each module; a transformer pooled by the mean where nothing is said."""
    listed = files.json("modules.json")
    if listed is None:
        return [("Transformer", ""), ("Pooling", "1_Pooling")]
    modules = []
    for module in listed:
        package, _, name = module["type"].rpartition(".")
        if package.partition(".")[0] != "sentence_transformers":
            raise UnsupportedModelError(f"it has the module {module['type']}")
        modules.append((name, module["path"]))
    return modules


def _inside(folder: str, name: str) -> str:
    """The path of a file in a module's folder; "" is the checkpoint itself."""
    return PurePosixPath(folder, name).as_posix()


def _config(files: CheckpointFiles, name: str) -> dict[str, Any]:
    config = files.json(name)
    if config is None:
        raise UnsupportedModelError(f"it has no {name}")
    return dict(config)


def _optional(files: CheckpointFiles, name: str) -> dict[str, Any]:
    return dict(files.json(name) or {})


def _refuse_half_said(folder: Path, config: Mapping[str, Any]) -> None:
    """A checkpoint without `modules.json` is plain, and was not trained for something else."""
    for name in ("sentence_bert_config.json", "config_sentence_transformers.json", "1_Pooling"):
        if (folder / name).exists():
            raise UnsupportedModelError(f"it has {name}, but no modules.json")
    for name in config.get("architectures") or ():
        if name.endswith(("Classification", "QuestionAnswering", "CausalLM", "LMHeadModel")):
            raise UnsupportedModelError(f"it is a {name}")


def _shape(config: Mapping[str, Any]) -> BertShape:
    refused = {
        "model_type": config.get("model_type") not in ("bert", "xlm-roberta"),
        "position_embedding_type": config.get("position_embedding_type", "absolute") != "absolute",
        "hidden_act": config.get("hidden_act", "gelu") not in ("gelu", "relu"),
        "is_decoder": bool(config.get("is_decoder")),
        "quantization_config": bool(config.get("quantization_config")),
    }
    for name, wrong in refused.items():
        if wrong:
            raise UnsupportedModelError(f"its config has {name}={config.get(name)!r}")
    shape = BertShape(
        layers=check_whole("num_hidden_layers", config["num_hidden_layers"]),
        heads=check_whole("num_attention_heads", config["num_attention_heads"]),
        epsilon=check_number("layer_norm_eps", config.get("layer_norm_eps", 1e-12), at_least=0),
        activation=config.get("hidden_act", "gelu"),
        hidden=check_whole("hidden_size", config["hidden_size"]),
        words=check_whole("vocab_size", config.get("vocab_size", 30522)),
        positions=check_whole("max_position_embeddings", config["max_position_embeddings"]),
        segments=check_whole("type_vocab_size", config.get("type_vocab_size", 2)),
        intermediate=check_whole("intermediate_size", config.get("intermediate_size", 3072)),
        first_position=_first_position(config),
    )
    if shape.length < 1:
        raise UnsupportedModelError(f"its first position is {shape.first_position}")
    if shape.hidden % shape.heads:
        raise UnsupportedModelError(f"{shape.heads} heads don't divide {shape.hidden} numbers")
    return shape


def _first_position(config: Mapping[str, Any]) -> int:
    """RoBERTa's positions begin after that of its padding."""
    if config["model_type"] == "bert":
        return 0
    return check_whole("pad_token_id", config.get("pad_token_id", 1), at_least=0) + 1


def _max_length(
    transformer: Mapping[str, Any], tokenizer: Mapping[str, Any], positions: int
) -> int:
    said = dict(transformer)
    length = said.pop("max_seq_length", None)
    said.pop("unpad_inputs", None)  # how it is computed, not what
    for name, value in said.items():
        if value and value != _PLAIN_SETTINGS.get(name):
            raise UnsupportedModelError(f"its transformer has {name}={value!r}")
    if length is None:
        length = tokenizer.get("model_max_length")
    if length is None:
        return positions
    # A tokenizer without a limit has 10^30, which JSON may write as a float.
    return int(min(check_number("max_seq_length", length, at_least=1), positions))


def _pooling(files: CheckpointFiles, name: str, prompts: Mapping[str, str]) -> Pooling:
    config = _optional(files, name)
    check_pooling(config, Path(files.place, name))
    mode: Any = config.get("pooling_mode")
    if mode is None:
        modes = [
            name for name, value in config.items() if name.startswith("pooling_mode_") and value
        ]
        names = {"pooling_mode_mean_tokens": "mean", "pooling_mode_cls_token": "cls"}
        mode = [names.get(name, name) for name in modes] or "mean"
    if isinstance(mode, (list, tuple)) and len(mode) == 1:
        mode = mode[0]
    if mode not in ("mean", "cls"):
        raise UnsupportedModelError(f"it is pooled by {mode!r}")
    if prompts and not config.get("include_prompt", True):
        raise UnsupportedModelError("it leaves its prompts out when it pools")
    return "mean" if mode == "mean" else "cls"


def _after(name: str, files: CheckpointFiles, path: str) -> Callable[[np.ndarray], np.ndarray]:
    config = _optional(files, _inside(path, "config.json"))
    for key in ("module_input_name", "module_output_name"):
        if config.get(key) not in (None, "sentence_embedding"):
            raise UnsupportedModelError(f"its {name} has {key}={config[key]!r}")
    if name == "Normalize":
        return _normalized
    if name == "Dense":
        return Dense.read(Path(files.place, path), config)
    raise UnsupportedModelError(f"it has the module {name}")


def _normalized(vectors: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.maximum(lengths, np.float32(1e-12))


@dataclass(frozen=True)
class Dense:
    """A linear layer and its activation.

    Attributes:
        weight: Float32 array (out, in).
        bias: Float32 array (out,); None for a layer without one.
        activation: The class of torch that its config names.
    """

    weight: np.ndarray
    bias: np.ndarray | None
    activation: str

    @classmethod
    def read(cls, folder: Path, config: Mapping[str, Any]) -> Dense:
        """Read a layer that sentence-transformers saved.

        Args:
            folder: The module's folder.
            config: Its config.

        Returns:
            The layer.

        Raises:
            UnsupportedModelError: It has another activation, a residual, or no safetensors.
        """
        activation = config.get("activation_function", "torch.nn.modules.activation.Tanh")
        if activation not in _ACTIVATIONS or config.get("use_residual"):
            raise UnsupportedModelError(f"it has a dense layer with {activation}")
        file = folder / "model.safetensors"
        if not file.is_file():
            raise UnsupportedModelError(f"{folder} has no model.safetensors")
        tensors = read_tensors(file)
        bias = tensors.get("linear.bias") if config.get("bias", True) else None
        return cls(tensors["linear.weight"], bias, activation)

    def __call__(self, vectors: np.ndarray) -> np.ndarray:
        """Apply the layer.

        Args:
            vectors: Float array (n, in).

        Returns:
            Float array (n, out).
        """
        product = vectors @ self.weight.T
        return _ACTIVATIONS[self.activation](product if self.bias is None else product + self.bias)
