"""Tensors of safetensors files, without torch."""

from __future__ import annotations

import json
import mmap
import os
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

_LENGTH_BYTES = 8  # of a file's header
_ROWS_AT_ONCE = 64  # looked up; their pages are 4 MB at most
_STORED = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}


def read_shapes(file: str | os.PathLike[str]) -> dict[str, tuple[int, ...]]:
    """Read which tensors a file has, from its header alone.

    Args:
        file: A safetensors file.

    Returns:
        The shape of each tensor, whatever its type, by name.

    Raises:
        OSError: The file is missing or can't be read.
        ValueError: The file is damaged.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(file, "numpy") as tensors:
            return {name: tuple(tensors.get_slice(name).get_shape()) for name in tensors.keys()}  # noqa: SIM118
    except SafetensorError as error:
        raise ValueError(f"{file} is damaged ({error})") from error


def read_tensors(file: str | os.PathLike[str]) -> dict[str, np.ndarray]:
    """Read the floating-point tensors of a file.

    Args:
        file: A safetensors file.

    Returns:
        Float32 arrays by name, whichever floating-point type the file has. Integers, which some
        checkpoints keep beside their weights, are left out.

    Raises:
        OSError: The file is missing or can't be read.
        ValueError: The file is damaged.
    """
    return {name: tensor.rows() for name, tensor in sorted(map_tensors(file).items())}


class MappedTensor:
    """A floating-point tensor that stays in its file until rows of it are looked up.

    Args:
        array: The numbers as they are stored; of bfloat16 its 16 bits.
        dtype: What the file calls their type.

    Attributes:
        shape: The tensor's shape.
    """

    def __init__(self, array: np.ndarray, dtype: str) -> None:
        self._array = array
        self._dtype = dtype
        self.shape: tuple[int, ...] = array.shape

    def rows(self, numbers: np.ndarray | None = None) -> np.ndarray:
        """Look rows up.

        Args:
            numbers: Whole numbers of rows, in an array of any shape; None for all rows.

        Returns:
            Float32 array, the shape of `numbers` and then that of a row.
        """
        import numpy as np

        if numbers is None:
            return self._as_float32(np.array(self._array))
        unique, places = np.unique(numbers, return_inverse=True)
        parts = np.split(unique, range(_ROWS_AT_ONCE, len(unique), _ROWS_AT_ONCE))
        found = np.concatenate([self._few(part) for part in parts])
        return found[places.reshape(numbers.shape)]

    def _few(self, numbers: np.ndarray) -> np.ndarray:
        """Some rows; their pages leave this process again, and stay in the system's cache.

        A page fault maps sixteen pages, so that soon the whole table would count as this process's.
        """
        import numpy as np

        found = self._as_float32(np.array(self._array[numbers]))
        mapped = getattr(self._array, "_mmap", None)
        if mapped is not None and hasattr(mmap, "MADV_DONTNEED"):
            mapped.madvise(mmap.MADV_DONTNEED)
        return found

    def _as_float32(self, found: np.ndarray) -> np.ndarray:
        if self._dtype == "BF16":  # the upper half of a float32
            return (found.astype("<u4") << 16).view("<f4")
        return found.astype("<f4", copy=False)


def map_tensors(file: str | os.PathLike[str]) -> dict[str, MappedTensor]:
    """Map the floating-point tensors of a file into memory: only what is looked up is read.

    Args:
        file: A safetensors file, which must not change any more.

    Returns:
        The tensors by name. Integers are left out.

    Raises:
        OSError: The file is missing or can't be read.
        ValueError: The file is damaged.
    """
    import numpy as np

    read_shapes(file)  # checks the whole header: types, sizes and places
    with open(file, "rb") as stream:
        length = int.from_bytes(stream.read(_LENGTH_BYTES), "little")
        header = json.loads(stream.read(length))
    mapped = {}
    for name, told in header.items():
        stored = _STORED.get(told["dtype"]) if name != "__metadata__" else None
        if stored is not None:
            shape, start = tuple(told["shape"]), _LENGTH_BYTES + length + told["data_offsets"][0]
            array = np.memmap(file, stored, "r", start, shape) if np.prod(shape) else None
            mapped[name] = MappedTensor(
                np.zeros(shape, stored) if array is None else array, told["dtype"]
            )
    return mapped


def write_float16(
    file: str | os.PathLike[str],
    tensors: Iterable[tuple[str, tuple[int, ...], Iterator[np.ndarray]]],
) -> None:
    """Write a safetensors file in float16, of tensors that need not fit into memory.

    Args:
        file: The file to write.
        tensors: Name, shape and consecutive parts of each.
    """
    import numpy as np

    tensors = list(tensors)
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    end = 0
    for name, shape, _ in tensors:
        start, end = end, end + 2 * int(np.prod(shape))
        header[name] = {"dtype": "F16", "shape": list(shape), "data_offsets": [start, end]}
    content = json.dumps(header).encode()
    content += b" " * (-len(content) % _LENGTH_BYTES)  # numbers begin where they can be mapped
    with open(file, "wb") as sink:
        sink.write(len(content).to_bytes(_LENGTH_BYTES, "little") + content)
        for _, _, parts in tensors:
            for part in parts:
                sink.write(part.astype("<f2").tobytes())
