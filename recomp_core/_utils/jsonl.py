"""Writes lines of JSON. Standard library only."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def as_line(content: Mapping[str, Any]) -> bytes:
    """Encode an object as one line of JSON.

    Args:
        content: JSON values. A text may hold lone surrogates, which become escapes.

    Returns:
        The line in UTF-8, with its line break.
    """
    try:
        return json.dumps(content, ensure_ascii=False).encode() + b"\n"
    except UnicodeEncodeError:  # UTF-8 can't encode a lone surrogate, but JSON can escape it
        return json.dumps(content).encode() + b"\n"


def described(error: object) -> str:
    """Describe an error for a record or a log.

    Args:
        error: The error.

    Returns:
        The name of its class and its message.
    """
    return f"{type(error).__name__}: {error}"
