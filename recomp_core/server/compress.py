"""The compression protocols: ours, and Compresr's, which LiteLLM's guardrail `compresr` posts."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Annotated, Any, Literal, get_type_hints

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field, create_model, model_validator

from .._utils.settings import declared_settings
from ..integration.fields import CompressorSettings
from ..text.pins import PIN_NAMES
from ..types import Compression, Document
from .engine import LAYOUT, REQUEST_SETTINGS, Engine
from .errors import INVALID, RequestError, invalid_status
from .messages import as_documents, question_in, tool_results, with_results
from .settings import ServerSettings
from .wire import (
    Documents,
    Query,
    Wire,
    WireResponse,
    aside,
    check_size,
    exchange_of,
    note,
)

# With fewer tokens the best sentence may not fit, and a worse one would take its place.
_FEWEST = 32

_LONGEST_JOINT = 100  # characters; it stands between all documents


def _request_settings() -> type[BaseModel]:
    """The settings of a request, as `integration.fields` declares them."""
    hints = get_type_hints(CompressorSettings, include_extras=True)
    declared = declared_settings(CompressorSettings)
    fields: dict[str, Any] = {}
    for name in REQUEST_SETTINGS:
        if name == "pin":  # patterns of others could take long
            hints[name] = tuple[Literal[PIN_NAMES], ...] | None  # type: ignore[valid-type]
        checks: dict[str, Any] = {}
        if name in LAYOUT:
            checks = {"strict": True} if name == "titles" else {"max_length": _LONGEST_JOINT}
        described = Field(None, description=declared[name].setting.help, **checks)
        fields[name] = (hints[name], described)
    return create_model(
        "RequestSettings", __config__=ConfigDict(extra="forbid"), __module__=__name__, **fields
    )


RequestSettings = _request_settings()


class Compress(BaseModel):
    """`POST /v1/compress`. Unknown fields are errors, so that no setting is lost by a typo."""

    model_config = ConfigDict(extra="forbid", protected_namespaces=())

    query: Query | None = Field(
        None, strict=True, description="The question; with messages by default the user's last one."
    )
    documents: Documents | None = None
    messages: Annotated[list[dict[str, Any]], Field(fail_fast=True)] | None = Field(
        None, description="A chat, whose tool results are the documents."
    )
    settings: RequestSettings | None = None  # type: ignore[valid-type]
    model: str | None = Field(None, description="Any name; the server's own model compresses.")

    @model_validator(mode="after")
    def _one_of_both(self) -> Compress:
        if (self.documents is None) == (self.messages is None):
            raise ValueError("give documents, or messages")
        if self.query is None and self.messages is None:
            raise ValueError("give query, the question to compress for")
        return self


class CompresrInput(Wire):
    """A context and the question to compress it for."""

    context: str
    query: Query | None = None


class _Ratio(Wire):
    target_compression_ratio: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = Field(
        None, description="Up to 1 the share to remove; above 1 how many times shorter."
    )


class CompresrRequest(CompresrInput, _Ratio):
    """Compresr's single form."""


class CompresrBatch(_Ratio):
    """Compresr's batch."""

    inputs: Annotated[list[CompresrInput], Field(fail_fast=True)] = Field(min_length=1)


def compress_routes(engine: Engine, settings: ServerSettings) -> APIRouter:
    """Make the endpoints that compress.

    Args:
        engine: What compresses.
        settings: The limits.

    Returns:
        The endpoints.
    """
    routes = APIRouter(tags=["compress"])

    @routes.post("/v1/compress")
    async def compress(body: Compress, request: Request) -> WireResponse:
        """Compress documents, or the tool results of a chat, for a question.

        The reply is `Compression.to_dict()`; with `messages`, these too, as many and in their
        order, with what was kept. After the server's time limit it holds the best so far, with the
        outcome "timed_out".
        """
        places = tool_results(body.messages or ())
        documents = as_documents(places) if body.documents is None else body.documents
        query = body.query or question_in(body.messages or ())
        if not query.strip():
            raise RequestError(
                400, INVALID, "there is no question: give query, or a message with the role user"
            )
        check_size(request, documents, settings)
        own: dict[str, Any] = (
            {} if body.settings is None else body.settings.model_dump(exclude_none=True)
        )
        compression = await engine.compress(query, documents, exchange_of(request).deadline, own)
        note(request, compression)

        def reply() -> WireResponse:
            content = compression.to_dict()
            if body.messages is not None:
                content["messages"] = with_results(body.messages, places, _excerpt(compression))
            return WireResponse(content)

        return await aside(_characters(documents), reply)

    @routes.post("/api/compress/question-specific/batch")
    async def compress_as_compresr_batch(body: CompresrBatch, request: Request) -> WireResponse:
        """Compress several contexts, each for its own question; as many results, in their order."""
        results = await compresr(request, body.inputs, body.target_compression_ratio)
        before = sum(result["original_tokens"] for result in results)
        after = sum(result["compressed_tokens"] for result in results)
        data = {
            "results": results,
            "total_original_tokens": before,
            "total_compressed_tokens": after,
            "total_tokens_saved": before - after,
            "average_compression_ratio": 1 - after / before if before else 0.0,
            "count": len(results),
        }
        return WireResponse({"success": True, "data": data})

    async def compress_as_compresr(body: CompresrRequest, request: Request) -> WireResponse:
        """Compress one context for a question, as LiteLLM's guardrail `compresr` asks for it."""
        results = await compresr(request, [body], body.target_compression_ratio)
        return WireResponse({"success": True, "data": results[0]})

    path = "/api/compress/question-specific"
    routes.post(f"{path}/")(compress_as_compresr)
    routes.post(path, include_in_schema=False)(compress_as_compresr)

    async def compresr(
        request: Request, inputs: Sequence[CompresrInput], ratio: float | None
    ) -> list[dict[str, Any]]:
        for position, given in enumerate(inputs):
            if given.query is None:
                raise RequestError(
                    invalid_status(request.url.path),
                    INVALID,
                    f"inputs[{position}] has no query, and nothing is relevant to no question",
                )
        check_size(request, [Document(given.context) for given in inputs], settings)
        done = await asyncio.gather(*(one(request, given, ratio) for given in inputs))
        note(request, *(compression for compression, _ in done))
        return [result for _, result in done]

    async def one(
        request: Request, given: CompresrInput, ratio: float | None
    ) -> tuple[Compression, dict[str, Any]]:
        started = time.monotonic()
        size = len(given.context)
        before = await aside(size, lambda: engine.count_tokens(given.context))
        own: dict[str, Any] = {}
        if ratio is not None and before:
            own["max_tokens"] = _kept(before, ratio)
        compression = await engine.compress(
            given.query or "", [Document(given.context)], exchange_of(request).deadline, own
        )
        after = await aside(size, lambda: engine.count_tokens(compression.text))
        return compression, {
            "compressed_context": compression.text,
            "original_tokens": before,
            "compressed_tokens": after,
            "actual_compression_ratio": 1 - after / before if before else 0.0,
            "tokens_saved": before - after,
            "duration_ms": round(1000 * (time.monotonic() - started)),
            "target_compression_ratio": ratio,
        }

    return routes


def _kept(tokens: int, ratio: float) -> int:
    """The tokens to keep at most."""
    share = 1 - ratio if ratio < 1 else 1 / ratio
    return max(_FEWEST, int(tokens * share))


def _excerpt(compression: Compression) -> Compression:
    if not compression.is_excerpt:
        raise RequestError(
            501,
            "unsupported",
            "this server's model writes one summary of all results, which is no text of a single "
            "message: send documents instead of messages",
        )
    return compression


def _characters(documents: Sequence[Document]) -> int:
    return sum(len(document.text) for document in documents)
