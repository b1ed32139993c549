"""Digests of JSON values. Standard library only."""

from __future__ import annotations

import hashlib
import json
from typing import Any


def content_hash(*parts: Any) -> str:
    """Compute the SHA-256 of JSON values.

    Args:
        *parts: The values.

    Returns:
        64 hexadecimal digits.
    """
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
