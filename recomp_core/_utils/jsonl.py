"""Lines of JSON. Standard library only."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def as_line(content: Mapping[str, Any]) -> bytes:
    """One line of JSON; whatever a text holds."""
    try:
        return json.dumps(content, ensure_ascii=False).encode() + b"\n"
    except UnicodeEncodeError:  # a lone surrogate has no UTF-8, but JSON can escape it
        return json.dumps(content).encode() + b"\n"


def described(error: object) -> str:
    """An error in one line of a record or a log."""
    return f"{type(error).__name__}: {error}"
