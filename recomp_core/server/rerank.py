"""The rerank protocols: Cohere's version 2; Jina's, vLLM's and Cohere's version 1; TEI's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal
from uuid import uuid4

from fastapi import APIRouter, Request
from pydantic import Field, model_validator

from ..types import Document
from .engine import Engine
from .relevance import Ranked
from .settings import ServerSettings
from .wire import Documents, Positive, Query, Wire, WireResponse, check_size, exchange_of

Share = Annotated[float, Field(ge=0, le=1)]

_DEFAULT_THRESHOLD = 0.1  # Cohere's


class RelevantSpans(Wire):
    """Whether and how a reply shows which parts of a document are relevant."""

    mode: Literal["enabled", "disabled"]
    threshold: Share | None = None
    max_spans: Positive | None = None


class CohereRerank(Wire):
    """Cohere's `POST /v2/rerank`. Documents are read whole, whatever `max_tokens_per_doc` says."""

    query: Query
    documents: Documents
    model: str | None = Field(None, description="Any name; the server's own model ranks.")
    top_n: Positive | None = None
    relevant_spans: RelevantSpans | None = None


class JinaRerank(Wire):
    """`POST /v1/rerank` as Jina, vLLM and Cohere's version 1 have it."""

    query: Query
    documents: Documents
    model: str | None = Field(None, description="Any name; the server's own model ranks.")
    top_n: Positive | None = None
    return_documents: bool | None = None


class Rerank(Wire):
    """`POST /rerank`: with `documents` as Jina and vLLM have it, with `texts` as TEI does."""

    query: Query
    documents: Documents | None = None
    texts: Documents | None = None
    model: str | None = Field(None, description="Any name; the server's own model ranks.")
    top_n: Positive | None = None
    return_documents: bool | None = None
    raw_scores: bool | None = Field(None, description="With texts: the scorer's own scores.")
    return_text: bool | None = Field(None, description="With texts: send them back.")

    @model_validator(mode="after")
    def _one_of_both(self) -> Rerank:
        if (self.documents is None) == (self.texts is None):
            raise ValueError("give documents, or texts")
        return self


def rerank_routes(engine: Engine, settings: ServerSettings) -> APIRouter:
    """Make the endpoints that rank documents.

    Args:
        engine: What ranks them.
        settings: The limits.

    Returns:
        The endpoints.
    """
    routes = APIRouter(tags=["rerank"])

    async def ranked(request: Request, query: str, documents: Sequence[Document]) -> list[Ranked]:
        check_size(request, documents, settings)
        return await engine.rank(query, documents, exchange_of(request).deadline)

    @routes.post("/v2/rerank")
    async def rerank_as_cohere(body: CohereRerank, request: Request) -> WireResponse:
        """Rank documents as Cohere's version 2 does, with `relevant_spans` if asked for.

        `start` and `end` count code points: `document[start:end]` is the span.
        """
        results = await ranked(request, body.query, body.documents)
        return WireResponse(
            {
                "id": str(uuid4()),
                "results": [
                    _cohere_result(it, body.relevant_spans) for it in results[: body.top_n]
                ],
                "meta": {"api_version": {"version": "2"}},
            }
        )

    @routes.post("/v1/rerank")
    async def rerank_as_jina(body: JinaRerank, request: Request) -> WireResponse:
        """Rank documents as Jina, vLLM and Cohere's version 1 do."""
        return await _as_jina(body, body.documents, request)

    @routes.post("/rerank")
    async def rerank_as_jina_or_tei(body: Rerank, request: Request) -> WireResponse:
        """Rank `documents` as Jina and vLLM do, or `texts` as Text Embeddings Inference does."""
        if body.texts is None:
            return await _as_jina(body, body.documents or [], request)
        results = await ranked(request, body.query, body.texts)
        return WireResponse(
            [
                {
                    "index": it.index,
                    "score": it.raw_score if body.raw_scores else it.score,
                    **({"text": body.texts[it.index].text} if body.return_text else {}),
                }
                for it in results
            ]
        )

    async def _as_jina(
        body: JinaRerank | Rerank, documents: Sequence[Document], request: Request
    ) -> WireResponse:
        results = await ranked(request, body.query, documents)
        with_text = body.return_documents is not False
        return WireResponse(
            {
                "id": str(uuid4()),
                "model": body.model,
                "results": [
                    {
                        "index": it.index,
                        "relevance_score": it.score,
                        **({"document": {"text": documents[it.index].text}} if with_text else {}),
                    }
                    for it in results[: body.top_n]
                ],
            }
        )

    return routes


def _cohere_result(ranked: Ranked, wanted: RelevantSpans | None) -> dict[str, Any]:
    result: dict[str, Any] = {"index": ranked.index, "relevance_score": ranked.score}
    if wanted is not None and wanted.mode == "enabled":
        threshold = _DEFAULT_THRESHOLD if wanted.threshold is None else wanted.threshold
        spans = [span for span in ranked.spans if span.score >= threshold][: wanted.max_spans]
        if spans:
            result["relevant_spans"] = [
                {"start": span.start, "end": span.end, "score": span.score} for span in spans
            ]
    return result
