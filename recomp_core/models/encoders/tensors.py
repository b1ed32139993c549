"""Tensors of safetensors files as float32 arrays, without torch."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


def read_tensors(file: str | os.PathLike[str]) -> dict[str, np.ndarray]:
    """Read the floating-point tensors of a file.

    Args:
        file: A safetensors file.

    Returns:
        Float32 arrays by name, whichever floating-point type the file has. Integers, which some
        checkpoints keep beside their weights, are left out.

    Raises:
        OSError: The file is missing or can't be read.
        safetensors.SafetensorError: The file is damaged.
    """
    from safetensors import deserialize

    with open(file, "rb") as stream:
        content = stream.read()
    tensors = {}
    for name, tensor in sorted(deserialize(content)):
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
