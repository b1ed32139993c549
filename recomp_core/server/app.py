"""The application: its endpoints, put together."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from fastapi.routing import APIRoute
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.exceptions import HTTPException

from .._version import __version__
from ..protocols import Compressor
from .boundary import Boundary
from .compress import compress_routes
from .engine import Engine
from .errors import INVALID, RequestError, invalid_status
from .metrics import Metrics
from .rerank import rerank_routes
from .settings import ServerSettings

_SHOWN = 3  # problems of a request


def create_app(
    compressor: Compressor,
    settings: ServerSettings | None = None,
    *,
    api_key: str | None = None,
) -> FastAPI:
    """Make the application that `recomp serve` runs; any ASGI server can run it too.

    Args:
        compressor: What compresses and ranks; all callers share its model and its queue.
        settings: The limits; by default those of `ServerSettings`.
        api_key: The key that clients must send; None to serve everybody.

    Returns:
        The application.

    Raises:
        ValueError: The key is blank.
    """
    if api_key is not None and not api_key.strip():
        raise ValueError("api_key is blank: give a key, or None to serve everybody")
    settings = settings or ServerSettings()
    metrics = Metrics()
    engine = Engine(compressor)
    app = FastAPI(
        title="RECOMP",
        version=__version__,
        summary="Compresses retrieved documents and ranks them, for clients of other services too.",
        redoc_url=None,
    )

    @app.get("/health", tags=["operation"])
    async def health() -> dict[str, str]:
        """Say that the server is up; its model is loaded before it listens."""
        return {"status": "ok", "version": __version__}

    @app.get("/metrics", tags=["operation"])
    async def figures() -> Response:
        """Give figures in Prometheus's text format."""
        return Response(metrics.text(), media_type=CONTENT_TYPE_LATEST)

    endpoints = ["/health", "/metrics"]
    for routes in (rerank_routes(engine, settings), compress_routes(engine, settings)):
        app.include_router(routes)
        endpoints += [route.path for route in routes.routes if isinstance(route, APIRoute)]
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _not_served)
    app.add_middleware(
        Boundary,
        settings=settings,
        metrics=metrics,
        endpoints=endpoints,
        api_key=api_key,
    )
    return app


async def _invalid(request: Request, error: Exception) -> Response:
    """Say what is wrong with a request, without what it holds."""
    found = error.errors() if isinstance(error, RequestValidationError) else []
    problems = list(dict.fromkeys(_problem(it["type"], it["loc"], it["msg"]) for it in found))
    told = "; ".join(problems[:_SHOWN])
    if more := len(problems) - _SHOWN:
        told += f" (and {more} more)" if more > 0 else ""
    raise RequestError(invalid_status(request.url.path), INVALID, told) from None


async def _not_served(request: Request, error: Exception) -> Response:
    del request
    status = error.status_code if isinstance(error, HTTPException) else 500
    told = HTTPStatus(status).phrase.lower()
    if status in (404, 405):
        told += ": /openapi.json lists what there is"
    headers = dict(getattr(error, "headers", None) or {})
    raise RequestError(status, "not_found" if status == 404 else INVALID, told, headers) from None


def _problem(kind: str, location: Sequence[Any], message: str) -> str:
    if kind == "json_invalid":
        return f"the body is not JSON (see character {location[-1]})"
    where = ""
    for step in location[1:]:
        if isinstance(step, int):
            where += f"[{step}]"
        elif step.isidentifier():
            where += f".{step}" if where else step
    message = message.removeprefix("Value error, ")
    message = message[:1].lower() + message[1:]
    return f"{where}: {message}" if where else message
