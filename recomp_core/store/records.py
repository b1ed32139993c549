"""The bytes that a store keeps: the vectors of a passage's sentences, or the spans of a text.

A record is a head and a body. The head holds a checksum over key and body, so a record that was
torn, changed, or stored under another key is noticed. Vectors are kept in one of these types:

    float32   the vectors as they are
    float16   each vector divided by its largest component, and that component as float32: small
              and large vectors keep the same eleven bits
    int8      the same with whole numbers from -127 to 127
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

DType = Literal["float16", "int8", "float32"]
DTYPES: tuple[DType, ...] = get_args(DType)
"""The types in which vectors can be kept."""

# The crc32 of the key and of everything after it; the kind of content; the count; the dimension.
_CHECK = struct.Struct("<I")
_HEAD = struct.Struct("<B3xII")
_BODY_AT = _CHECK.size + _HEAD.size
_SPANS = len(DTYPES)

# Every float16 as float32, by its bits: looking them up is twice as fast as converting them.
_HALVES = np.arange(1 << 16, dtype=np.uint16).view(np.float16).astype(np.float32)

# The largest absolute value of a component, and how components are written.
_STEPS = {"float16": 1.0, "int8": 127.0, "float32": None}
_WRITTEN = {"float16": "<f2", "int8": "<i1", "float32": "<f4"}


@dataclass(frozen=True, slots=True)
class Packed:
    """The vectors of one passage as they are kept.

    Attributes:
        values: Array (n_sentences, dim) in the type of the store.
        scales: Float32 array (n_sentences,), the factor of each row; None for float32.
    """

    values: np.ndarray
    scales: np.ndarray | None

    @property
    def dim(self) -> int:
        """The dimension of the vectors."""
        return int(self.values.shape[1])


def pack(vectors: np.ndarray, dtype: DType) -> Packed:
    """Convert vectors to the type of the store.

    Args:
        vectors: Float32 array (n_sentences, dim), all finite.
        dtype: The type of the store.

    Returns:
        The converted vectors.
    """
    steps = _STEPS[dtype]
    if steps is None:
        return Packed(np.ascontiguousarray(vectors, dtype="<f4"), None)
    largest = np.abs(vectors).max(axis=1, initial=0.0)
    scales = np.where(largest > 0, largest / steps, 1).astype("<f4")
    # A largest component near the end of float32's range may have no finite quotient.
    scales = np.where(scales > 0, scales, np.finfo(np.float32).tiny).astype("<f4")
    values = vectors / scales[:, None]
    if dtype == "int8":
        values = np.clip(np.rint(values), -127, 127)
    return Packed(values.astype(_WRITTEN[dtype]), scales)


def unpacked(parts: Sequence[Packed]) -> np.ndarray:
    """Convert vectors back to float32.

    Args:
        parts: The vectors of some passages, all of one type.

    Returns:
        Float32 array (n, dim), one passage after the other.
    """
    values = np.concatenate([part.values for part in parts])
    if values.dtype == np.float16:
        vectors = _HALVES.take(values.view(np.uint16))
    else:
        vectors = values.astype(np.float32)
    if parts[0].scales is not None:
        vectors *= np.concatenate([part.scales for part in parts])[:, None]
    return vectors


def vectors_record(key: bytes, packed: Packed, dtype: DType) -> bytes:
    """Write the record of a passage's vectors.

    Args:
        key: The key under which it is kept.
        packed: The vectors.
        dtype: The type of the store.

    Returns:
        The record.
    """
    body = packed.values.tobytes()
    if packed.scales is not None:
        body = packed.scales.tobytes() + body
    return _record(key, DTYPES.index(dtype), len(packed.values), packed.dim, body)


def read_vectors(key: bytes, record: bytes, dtype: DType) -> Packed | None:
    """Read the record of a passage's vectors.

    Args:
        key: The key under which it was kept.
        record: The record.
        dtype: The type of the store.

    Returns:
        The vectors; None if the record is damaged or something else.
    """
    head = _head(key, record)
    if head is None or head[0] != DTYPES.index(dtype):
        return None
    _, n, dim = head
    scales = None
    at = _BODY_AT
    if _STEPS[dtype] is not None:
        scales = np.frombuffer(record, "<f4", n, at)
        at += 4 * n
    values = np.frombuffer(record, _WRITTEN[dtype], n * dim, at).reshape(n, dim)
    return Packed(values, scales)


def spans_record(key: bytes, spans: Sequence[tuple[int, int]]) -> bytes:
    """Write the record of a text's spans.

    Args:
        key: The key under which it is kept.
        spans: Starts and ends, in characters of the text.

    Returns:
        The record.
    """
    return _record(key, _SPANS, len(spans), 0, spans_bytes(spans))


def read_spans(key: bytes, record: bytes) -> list[tuple[int, int]] | None:
    """Read the record of a text's spans.

    Args:
        key: The key under which it was kept.
        record: The record.

    Returns:
        Starts and ends, in characters of the text; None if the record is damaged or something else.
    """
    head = _head(key, record)
    if head is None or head[0] != _SPANS:
        return None
    edges = iter(struct.unpack_from(f"<{2 * head[1]}I", record, _BODY_AT))
    return list(zip(edges, edges, strict=True))


def spans_bytes(spans: Sequence[tuple[int, int]]) -> bytes:
    """Write starts and ends as unsigned numbers of four bytes.

    Args:
        spans: Starts and ends.

    Returns:
        Eight bytes for each span.
    """
    return struct.pack(f"<{2 * len(spans)}I", *(edge for span in spans for edge in span))


def _record(key: bytes, kind: int, n: int, dim: int, body: bytes) -> bytes:
    rest = _HEAD.pack(kind, n, dim) + body
    return _CHECK.pack(zlib.crc32(rest, zlib.crc32(key))) + rest


def _head(key: bytes, record: bytes) -> tuple[int, int, int] | None:
    """Kind, count and dimension of a record that is whole; None for any other."""
    if len(record) < _BODY_AT:
        return None
    (expected,) = _CHECK.unpack_from(record)
    if zlib.crc32(memoryview(record)[_CHECK.size :], zlib.crc32(key)) != expected:
        return None
    kind, n, dim = _HEAD.unpack_from(record, _CHECK.size)
    return kind, n, dim
