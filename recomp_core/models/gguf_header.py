"""The header of a GGUF file, read with care before a library reads the whole file.

The package `gguf` takes seconds for a vocabulary, and trusts every length. Here only what is needed
to tell what a file holds is kept; the rest is passed over. Standard library only.

The format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

from __future__ import annotations

import mmap
import os
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import ModelLoadError
from .folder_checks import check_numbers

_MAGIC = b"GGUF"
_VERSIONS = (2, 3)
# The sizes of the format's numbers, by their kinds: 8 is a string, 9 an array.
_NUMBERS = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q",
            11: "<q", 12: "<d"}  # fmt: skip
_STRING, _ARRAY = 8, 9
_MOST_FIELDS, _MOST_TENSORS, _MOST_AXES = 10_000, 1 << 17, 4
_LONGEST_NAME = 1 << 16
_LONGEST_TEXT = 1 << 20  # chat templates are a few kilobytes
# Beyond this many numbers in a byte no format stores weights: IQ1_S has 5.1.
_NUMBERS_PER_BYTE = 6

# What the header calls the sizes of a model, and configs of transformers.
_SIZES = {
    "block_count": "num_hidden_layers",
    "context_length": "max_position_embeddings",
    "embedding_length": "hidden_size",
    "feed_forward_length": "intermediate_size",
    "attention.head_count": "num_attention_heads",
    "attention.head_count_kv": "num_key_value_heads",
    "vocab_size": "vocab_size",
}


@dataclass(frozen=True)
class GgufHeader:
    """What a GGUF file says about its model.

    Attributes:
        architecture: Such as "llama" or "qwen3".
        fields: Its numbers and texts by name. Arrays are left out.
        n_tensors: How many tensors it holds.
    """

    architecture: str
    fields: Mapping[str, Any]
    n_tensors: int


def read_header(file: str | os.PathLike[str]) -> GgufHeader:
    """Read the header of a GGUF file, and check what it says of sizes.

    Args:
        file: The file.

    Returns:
        What it says.

    Raises:
        ModelLoadError: It is no GGUF file, is damaged, or has an absurd number.
    """
    path = Path(file)
    try:
        with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as m:
            header = _parse(_Cursor(m))
    except (OSError, ValueError, struct.error) as error:
        raise ModelLoadError(
            f"{path} can't be read as a GGUF file ({error}): download it again"
        ) from error
    prefix = f"{header.architecture}."
    sizes = {
        _SIZES[name.removeprefix(prefix)]: value
        for name, value in header.fields.items()
        if name.removeprefix(prefix) in _SIZES
    }
    check_numbers(sizes, path, header.n_tensors)
    return header


class _Cursor:
    """Reads one thing after the other, never past the end."""

    def __init__(self, data: mmap.mmap) -> None:
        self.data = data
        self.at = 0

    def take(self, size: int) -> bytes:
        self.skip(size)
        return self.data[self.at - size : self.at]

    def skip(self, size: int) -> None:
        if size > len(self.data) - self.at:
            raise ValueError("it ends too early")
        self.at += size

    def number(self, form: str) -> Any:
        return struct.unpack(form, self.take(struct.calcsize(form)))[0]

    def text(self, longest: int) -> str:
        length = self.number("<Q")
        if length > longest:
            raise ValueError(f"it has a text of {length:,} bytes where at most {longest:,} fit")
        return self.take(length).decode(errors="replace")


def _parse(cursor: _Cursor) -> GgufHeader:
    if cursor.take(len(_MAGIC)) != _MAGIC:
        raise ValueError("it does not begin as one")
    version = cursor.number("<I")
    if version not in _VERSIONS:
        raise ValueError(f"its version is {version}, and {_VERSIONS[-1]} is the newest known")
    n_tensors, n_fields = cursor.number("<Q"), cursor.number("<Q")
    if n_fields > _MOST_FIELDS or n_tensors > _MOST_TENSORS:
        raise ValueError(f"it says that it has {n_tensors:,} tensors and {n_fields:,} fields")
    fields = {}
    for _ in range(n_fields):
        name = cursor.text(_LONGEST_NAME)
        value = _value(cursor, cursor.number("<I"))
        if value is not None:
            fields[name] = value
    total = sum(_size_of_tensor(cursor) for _ in range(n_tensors))
    if total > len(cursor.data) * _NUMBERS_PER_BYTE:
        raise ValueError(f"its tensors have {total:,} numbers, and it has {len(cursor.data):,} "
                         "bytes")  # fmt: skip
    architecture = fields.get("general.architecture")
    if not isinstance(architecture, str) or not n_tensors:
        raise ValueError("it holds no model")
    return GgufHeader(architecture, fields, n_tensors)


def _value(cursor: _Cursor, kind: int) -> Any:
    """A number or a text; None for an array, which is passed over."""
    if kind == _STRING:
        return cursor.text(_LONGEST_TEXT)
    if kind != _ARRAY:
        return cursor.number(_form(kind))
    kind, length = cursor.number("<I"), cursor.number("<Q")
    if kind == _STRING:
        for _ in range(length):  # ends at the end of the file at the latest
            cursor.skip(cursor.number("<Q"))
    else:
        cursor.skip(length * struct.calcsize(_form(kind)))
    return None


def _form(kind: int) -> str:
    if kind not in _NUMBERS:
        raise ValueError(f"it has a value of the unknown kind {kind}")
    return _NUMBERS[kind]


def _size_of_tensor(cursor: _Cursor) -> int:
    """How many numbers the next tensor has."""
    cursor.text(_LONGEST_NAME)
    n_axes = cursor.number("<I")
    if n_axes > _MOST_AXES:
        raise ValueError(f"it has a tensor of {n_axes} axes")
    size = 1
    for _ in range(n_axes):
        size *= cursor.number("<Q")
    cursor.skip(4 + 8)  # its kind and its place
    return size
