"""Logs as lines of JSON. They tell what happened and how long it took, never what was sent."""

from __future__ import annotations

import json
import logging
import traceback
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

logger = logging.getLogger("recomp_core.server")


class JsonLines(logging.Formatter):
    """Writes a record as one line of JSON: time, level, event, and its `facts`.

    An exception is told by its type and the places in the code that it came through. Its message
    stays out: it may quote a document.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Write a record.

        Args:
            record: The record.

        Returns:
            The line.
        """
        time = datetime.fromtimestamp(record.created, timezone.utc)
        line: dict[str, Any] = {
            "time": time.isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
            **getattr(record, "facts", {}),
        }
        if record.exc_info and record.exc_info[1] is not None:
            line |= error_facts(record.exc_info[1])
        return json.dumps(line, ensure_ascii=False)


def error_facts(error: BaseException) -> dict[str, Any]:
    """Say where an error came from, without its message.

    Args:
        error: The error.

    Returns:
        Its type and the calls that it came through, innermost last.
    """
    frames = traceback.extract_tb(error.__traceback__)
    through = [f"{Path(f.filename).name}:{f.lineno} {f.name}" for f in frames]
    return {"error": type(error).__name__, "through": through[-12:]}


def log(event: str, level: int = logging.INFO, **facts: Any) -> None:
    """Log an event.

    Args:
        event: What happened.
        level: One of logging's levels.
        **facts: What is to know about it; nothing that a client wrote.
    """
    logger.log(level, event, extra={"facts": facts})


def set_up_logs(verbose: bool = False) -> None:
    """Send the server's own log, and the warnings of what it runs on, to standard error.

    It is for a process that is the server's own.

    Args:
        verbose: Whether to log more of what the library does.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines())
    for name, level in (
        ("recomp_core", logging.INFO if verbose else logging.WARNING),
        ("recomp_core.server", logging.INFO),
        ("uvicorn", logging.WARNING),
        ("asyncio", logging.WARNING),
    ):
        logging.getLogger(name).setLevel(level)
    for name in ("recomp_core", "uvicorn", "asyncio"):
        logging.getLogger(name).addHandler(handler)
        logging.getLogger(name).propagate = False
