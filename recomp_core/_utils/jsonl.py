"""Writes and reads lines of JSON. Standard library only."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from .json_values import parsed, strict


def as_line(content: Mapping[str, Any]) -> bytes:
    """Encode an object as one line of JSON that every strict parser reads.

    Args:
        content: JSON values. What JSON has no form for, `json_values.strict` puts aside.

    Returns:
        The line in UTF-8, with its line break.
    """
    try:
        return _encoded(content)
    except (ValueError, TypeError, RecursionError):  # UnicodeEncodeError is a ValueError
        return _encoded(strict(content))


def from_line(raw: bytes) -> Any:
    """Read a line of JSON, such as `as_line` wrote.

    Args:
        raw: The line.

    Returns:
        The JSON value.

    Raises:
        ValueError: The line is not JSON, or is nested too deeply.
    """
    return parsed(raw)


def described(error: object) -> str:
    """Describe an error for a record or a log.

    Args:
        error: The error.

    Returns:
        The name of its class and its message.
    """
    return f"{type(error).__name__}: {error}"


def _encoded(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content, ensure_ascii=False, allow_nan=False).encode() + b"\n"
