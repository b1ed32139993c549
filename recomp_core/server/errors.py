"""An error in the shape that the clients of each protocol read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from uuid import uuid4


class RequestError(Exception):
    """A request that gets no result.

    Attributes:
        status: The HTTP status.
        kind: A word that code can compare, such as "too_large".
        message: What is wrong and how to put it right. It holds nothing of the documents.
        headers: Further headers of the reply.

    Args:
        status: See above.
        kind: See above.
        message: See above.
        headers: See above.
    """

    def __init__(
        self, status: int, kind: str, message: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind
        self.message = message
        self.headers = dict(headers or {})


INVALID, TOO_LARGE, BUSY, LATE, FAILED = "invalid", "too_large", "busy", "timeout", "internal"
"""The kinds that several modules raise."""

# TEI's words for what went wrong.
_TEI_KINDS = {BUSY: "Overloaded", FAILED: "Backend", LATE: "Backend", "unsupported": "Backend"}


def _own(error: RequestError) -> dict[str, Any]:
    return {"error": {"type": error.kind, "message": error.message}}


def _cohere(error: RequestError) -> dict[str, Any]:
    return {"id": str(uuid4()), "message": error.message}


def _jina(error: RequestError) -> dict[str, Any]:
    """`detail` as Jina writes it, `error` as vLLM does, `message` as Cohere's version 1 does."""
    written = {"message": error.message, "type": error.kind, "param": None, "code": error.status}
    return {"detail": error.message, "message": error.message, "error": written}


def _tei(error: RequestError) -> dict[str, Any]:
    """Of a path that Jina and TEI share: each client finds its own fields."""
    kind = _TEI_KINDS.get(error.kind, "Validation")
    return {"detail": error.message, "error": error.message, "error_type": kind}


def _compresr(error: RequestError) -> dict[str, Any]:
    return {"success": False, "error": error.message, "detail": error.message, "code": error.kind}


_SHAPES: tuple[tuple[str, Callable[[RequestError], dict[str, Any]], int], ...] = (
    ("/v2/rerank", _cohere, 400),
    ("/v1/rerank", _jina, 400),
    ("/rerank", _tei, 422),
    ("/api/compress/", _compresr, 422),
    ("", _own, 400),
)


def error_body(path: str, error: RequestError) -> dict[str, Any]:
    """Write an error as the clients of a path read it.

    Args:
        path: The path that was asked for.
        error: The error.

    Returns:
        JSON values.
    """
    return _shape(path)[0](error)


def invalid_status(path: str) -> int:
    """The status of a request that is wrong in itself.

    Args:
        path: The path that was asked for.

    Returns:
        400, or 422 in protocols that have it.
    """
    return _shape(path)[1]


def _shape(path: str) -> tuple[Callable[[RequestError], dict[str, Any]], int]:
    return next((shape, status) for begin, shape, status in _SHAPES if path.startswith(begin))
