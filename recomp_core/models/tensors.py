"""Tensors of safetensors files, without torch."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


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
    from safetensors import SafetensorError, deserialize

    with open(file, "rb") as stream:
        content = stream.read()
    tensors = {}
    try:
        stored = sorted(deserialize(content))
    except SafetensorError as error:
        raise ValueError(f"{file} is damaged ({error})") from error
    for name, tensor in stored:
        array = _as_float32(tensor["data"], tensor["dtype"])
        if array is not None:
            tensors[name] = array.reshape(tensor["shape"])
    return tensors


def _as_float32(data: bytes, dtype: str) -> np.ndarray | None:
    import numpy as np

    if dtype == "BF16":  # the upper half of a float32
        bits = np.frombuffer(data, dtype="<u2").astype("<u4") << 16
        return bits.view("<f4")
    stored = {"F64": "<f8", "F32": "<f4", "F16": "<f2"}.get(dtype)
    if stored is None:
        return None
    return np.frombuffer(data, dtype=stored).astype("<f4", copy=False)
