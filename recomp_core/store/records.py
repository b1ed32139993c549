"""The bytes that a store keeps: the vectors of a passage's sentences, or the units of a text.

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
from itertools import pairwise
from typing import Literal, get_args

import numpy as np

from ..text.units import Kind, Span, Unit

DType = Literal["float16", "int8", "float32"]
DTYPES: tuple[DType, ...] = get_args(DType)
"""The types in which vectors can be kept."""

# The crc32 of the key and of everything after it; the kind of content; the count; the dimension.
_CHECK = struct.Struct("<I")
_HEAD = struct.Struct("<B3xII")
_BODY_AT = _CHECK.size + _HEAD.size
# 3 was for spans, without kinds and paths.
_UNITS = len(DTYPES) + 1

# A unit's kind by its number in a record: add new ones at the end.
KINDS: tuple[Kind, ...] = (
    "sentence", "item", "table", "row", "code", "entry", "answer", "message", "line", "part",
    "heading", "lead-in", "header", "question", "key", "boilerplate",
)  # fmt: skip
"""All kinds of units, in an order that never changes."""
_NUMBERS = {kind: number for number, kind in enumerate(KINDS)}
_MARKUP = 0x100  # beside the kind's number

# Every float16 as float32, by its bits: looking them up is twice as fast as converting them.
_HALVES = np.arange(1 << 16, dtype=np.uint16).view(np.float16).astype(np.float32)

_ONE = 0x3C00  # the bits of 1.0 as float16

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
    has_scales = _STEPS[dtype] is not None
    size = np.dtype(_WRITTEN[dtype]).itemsize
    if (n and not dim) or len(record) != _BODY_AT + 4 * n * has_scales + size * n * dim:
        return None
    scales = np.frombuffer(record, "<f4", n, _BODY_AT) if has_scales else None
    at = _BODY_AT + 4 * n * has_scales
    values = np.frombuffer(record, _WRITTEN[dtype], n * dim, at).reshape(n, dim)
    packed = Packed(values, scales)
    return packed if _are_numbers(packed) else None


def _are_numbers(packed: Packed) -> bool:
    """Whether the vectors are finite, as all that were kept are."""
    values, scales = packed.values, packed.scales
    if scales is None:
        return bool(np.isfinite(values).all())
    if values.dtype == np.float16:
        # By their bits, which is faster: none is larger than 1.
        largest = int((values.view(np.uint16) & 0x7FFF).max(initial=0))
        most = 1.0 if largest <= _ONE else np.inf
    else:
        most = 128.0
    with np.errstate(over="ignore"):
        return bool(np.isfinite(scales * np.float32(most)).all())


def units_record(key: bytes, units: Sequence[Unit]) -> bytes:
    """Write the record of a text's units.

    The body is numbers of four bytes: for each unit its start, its end, its kind and the number of
    its path; then for each distinct path how many spans it has, and these.

    Args:
        key: The key under which it is kept.
        units: The units.

    Returns:
        The record.
    """
    paths: dict[tuple[Span, ...], int] = {}
    numbers: list[int] = []
    for unit in units:
        kind = _NUMBERS[unit.kind] | (_MARKUP if unit.markup else 0)
        numbers += (unit.start, unit.end, kind, paths.setdefault(unit.path, len(paths)))
    for path in paths:
        numbers.append(len(path))
        numbers += (edge for span in path for edge in span)
    body = struct.pack(f"<{len(numbers)}I", *numbers)
    return _record(key, _UNITS, len(units), len(paths), body)


def read_units(key: bytes, record: bytes, length: int) -> tuple[Unit, ...] | None:
    """Read the record of a text's units.

    Args:
        key: The key under which it was kept.
        record: The record.
        length: The length of the text, in characters.

    Returns:
        The units; None if the record is damaged, something else, or can't be of such a text.
    """
    head = _head(key, record)
    if head is None or head[0] != _UNITS or (len(record) - _BODY_AT) % 4:
        return None
    _, n, n_paths = head
    if len(record) < _BODY_AT + 16 * n + 4 * n_paths:
        return None
    numbers = struct.unpack_from(f"<{(len(record) - _BODY_AT) // 4}I", record, _BODY_AT)
    try:
        paths = _read_paths(numbers, 4 * n, n_paths)
        units = tuple([
            Unit(start, end, KINDS[kind & ~_MARKUP], paths[path], bool(kind & _MARKUP))
            for start, end, kind, path in zip(*[iter(numbers[: 4 * n])] * 4, strict=True)
        ])  # fmt: skip
    except (IndexError, ValueError):
        return None
    return units if len(units) == n and _are_of_a_text(units, paths, length) else None


def _read_paths(numbers: Sequence[int], at: int, count: int) -> list[tuple[Span, ...]]:
    paths = []
    for _ in range(count):
        end = at + 1 + 2 * numbers[at]
        edges = iter(numbers[at + 1 : end])
        paths.append(tuple(zip(edges, edges, strict=True)))
        at = end
    if at != len(numbers):
        raise ValueError(f"{len(numbers) - at} numbers are left over")
    return paths


def _are_of_a_text(units: Sequence[Unit], paths: Sequence[tuple[Span, ...]], length: int) -> bool:
    """Whether the units ascend within the text, and each path points into it."""
    edges = [0, *(edge for unit in units for edge in unit[:2]), length]
    return all(a <= b for a, b in pairwise(edges)) and all(
        start <= end <= length for path in paths for start, end in path
    )


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
    if not isinstance(record, bytes) or len(record) < _BODY_AT:
        return None
    (expected,) = _CHECK.unpack_from(record)
    if zlib.crc32(memoryview(record)[_CHECK.size :], zlib.crc32(key)) != expected:
        return None
    kind, n, dim = _HEAD.unpack_from(record, _CHECK.size)
    return kind, n, dim
