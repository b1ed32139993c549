"""What the requests of all protocols are made of."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypeVar

from fastapi import Request
from fastapi.responses import JSONResponse
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from ..text.joining import is_blank
from ..types import Compression, Document
from .boundary import Exchange
from .errors import TOO_LARGE, RequestError, invalid_status
from .settings import ServerSettings

MAX_QUERY = 50_000
"""The most characters of a question; a call reads all of it."""

# Work that would keep the event loop from other callers for long is done in a thread.
_LARGE = 50_000  # characters

_Result = TypeVar("_Result")


def _query(value: str) -> str:
    if is_blank(value):
        raise ValueError("is blank: without a question nothing can be relevant")
    return value


def _document(value: object) -> object:
    """A document as clients send it: a string, or an object with its text."""
    if isinstance(value, str):
        return Document(value)
    if not isinstance(value, dict) or not isinstance(value.get("text"), str):
        raise ValueError("must be a string, or an object with a string under text")
    for name in ("title", "id"):
        if not isinstance(value.get(name), (str, type(None))):
            raise ValueError(f"{name} must be a string")
    if not isinstance(value.get("metadata"), (dict, type(None))):
        raise ValueError("metadata must be an object")
    return Document(value["text"], value.get("title"), value.get("id"), value.get("metadata") or {})


_TEXT = {"type": "string"}
_DOCUMENT_SCHEMA = {
    "anyOf": [
        _TEXT,
        {
            "type": "object",
            "properties": {"text": _TEXT, "title": _TEXT, "id": _TEXT,
                           "metadata": {"type": "object"}},
            "required": ["text"],
        },
    ]
}  # fmt: skip

Query = Annotated[str, Field(max_length=MAX_QUERY), AfterValidator(_query)]
"""A question."""

Documents = Annotated[
    list[Annotated[Any, BeforeValidator(_document), WithJsonSchema(_DOCUMENT_SCHEMA)]],
    Field(fail_fast=True),
]
"""Documents; what is validated is a list of `types.Document`."""

Positive = Annotated[int, Field(ge=1)]
"""A whole number of at least 1."""


class Wire(BaseModel):
    """A request of another's protocol: fields that are not known here are ignored."""

    model_config = ConfigDict(extra="ignore", strict=True, protected_namespaces=())


class WireResponse(JSONResponse):
    """JSON in UTF-8; as ASCII where a text holds what UTF-8 has no form for."""

    def render(self, content: Any) -> bytes:
        """Write the body.

        Args:
            content: JSON values.

        Returns:
            The body.
        """
        try:
            return super().render(content)
        except UnicodeEncodeError:  # a lone surrogate
            return json.dumps(content, separators=(",", ":"), allow_nan=False).encode()


def exchange_of(request: Request) -> Exchange:
    """The exchange that a request belongs to.

    Args:
        request: FastAPI's request.

    Returns:
        What the boundary made of it.
    """
    exchange: Exchange = request.state.exchange
    return exchange


def check_size(request: Request, documents: Sequence[Document], settings: ServerSettings) -> None:
    """Check how many documents there are and how long they are, and note both for the log.

    Args:
        request: The request.
        documents: Its documents.
        settings: The limits.

    Raises:
        RequestError: There are too many, or one is too long.
    """
    lengths = [len(document.text) for document in documents]
    exchange_of(request).facts |= {"documents": len(lengths), "characters": sum(lengths)}
    status = invalid_status(request.url.path)
    if len(lengths) > settings.max_documents:
        raise RequestError(
            status,
            TOO_LARGE,
            f"{len(lengths):,} documents are more than the {settings.max_documents:,} that this "
            "server takes at a time: send fewer, or start it with a larger --max-documents",
        )
    for position, length in enumerate(lengths):
        if length > settings.max_characters:
            raise RequestError(
                status,
                TOO_LARGE,
                f"document {position} has {length:,} characters, more than the "
                f"{settings.max_characters:,} that this server takes in one: send it in parts, or "
                "start it with a larger --max-characters",
            )


def note(request: Request, *compressions: Compression) -> None:
    """Note what became of the documents, for the log and the metrics.

    Args:
        request: The request.
        *compressions: Its results.
    """
    facts = exchange_of(request).facts
    facts["kept_characters"] = sum(len(compression.text) for compression in compressions)
    outcomes = [compression.outcome.value for compression in compressions]
    facts["outcomes"] = {outcome: outcomes.count(outcome) for outcome in dict.fromkeys(outcomes)}


async def aside(characters: int, function: Callable[[], _Result]) -> _Result:
    """Call a function, in a thread if its work is large.

    Args:
        characters: How much text it works on.
        function: The function.

    Returns:
        Its result.
    """
    return await asyncio.to_thread(function) if characters > _LARGE else function()
