"""A span of OpenTelemetry for every compression, in a program that records traces.

The attributes are those of OpenInference for a reranker, and own ones that begin with "recomp.".
Queries and texts are recorded only where the environment asks for content; docs/observability.md
lists all of it. Without OpenTelemetry, one look into `sys.modules` is all that a call costs: a
program that records traces has loaded it.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from inspect import iscoroutinefunction
from typing import Any, TypeVar, cast

from .._version import __version__
from ..text.splitting import replace_surrogates
from ..types import Compression, Document

MOST_DOCUMENTS = 20
"""How many documents, in and out, a span names: SDKs keep 128 attributes of a span by default."""

_KIND = "openinference.span.kind"
_OPT_IN = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
_HIDE_INPUTS, _HIDE_OUTPUTS = "OPENINFERENCE_HIDE_INPUTS", "OPENINFERENCE_HIDE_OUTPUTS"

# What a compressor asks of another, such as its extractor, belongs to its own span.
_within_span: ContextVar[bool] = ContextVar("recomp_within_span", default=False)

_Method = TypeVar("_Method", bound=Callable[..., Any])


def traced(method: _Method) -> _Method:
    """Record a span for each call of a compressor's method.

    A call with several queries gets one span around those of the single compressions.

    Args:
        method: A method, or a coroutine function, that returns a compression, or a list of
            compressions and of exceptions in their place.

    Returns:
        The method; its results and errors are the same.
    """
    if iscoroutinefunction(method):

        @wraps(method)
        async def arun(self: Any, *args: Any, **kwargs: Any) -> Any:
            tracer = _tracer()
            if tracer is None:
                return await method(self, *args, **kwargs)
            with _call_span(tracer, self) as record:
                result = await method(self, *args, **kwargs)
                record(result)
            return result

        return cast("_Method", arun)

    @wraps(method)
    def run(self: Any, *args: Any, **kwargs: Any) -> Any:
        tracer = _tracer()
        if tracer is None:
            return method(self, *args, **kwargs)
        with _call_span(tracer, self) as record:
            result = method(self, *args, **kwargs)
            record(result)
        return result

    return cast("_Method", run)


@contextmanager
def stream_span(
    compressor: object, query: str, documents: Sequence[Document]
) -> Iterator[Callable[[str], None]]:
    """Record a span while a text is written piece by piece.

    Args:
        compressor: What writes.
        query: The query.
        documents: All documents of the call.

    Yields:
        A function that takes each piece.
    """
    tracer = _tracer()
    if tracer is None:
        yield _ignore
        return
    # It does not become the current span: between two pieces the caller's own code runs.
    span = tracer.start_span("recomp.stream", attributes={_KIND: "RERANKER"})
    pieces: list[str] = []
    try:
        yield pieces.append
    except Exception as error:
        _note_error(span, error)
        raise
    finally:
        text = "".join(pieces)
        _set(
            span,
            {
                **_input_facts(compressor, query, documents),
                **({"output.value": text} if _shows(_HIDE_OUTPUTS) else {}),
                "recomp.characters.after": len(text),
            },
        )
        span.end()


def model_name(compressor: object) -> str:
    """Name what a compressor computes with, as traces show it.

    Args:
        compressor: Any compressor.

    Returns:
        The name under which it was loaded, the name of its model, or that of a class.
    """
    named = getattr(compressor, "model_name", None)
    if isinstance(named, str):
        return named
    part = getattr(compressor, "summarizer", None) or getattr(compressor, "scorer", compressor)
    for holder in (getattr(part, "encoder", None), part):
        # Not by getattr: a property may load the model.
        values = getattr(holder, "__dict__", {})
        for attribute in ("embed_model", "embeddings", "llm", "model"):
            if name := _name_of(values.get(attribute)):
                return name
    return type(part).__name__


def _name_of(model: object) -> str | None:
    names = ("model_name", "model", "model_id", "name_or_path")
    found = (getattr(model, name, None) for name in names)
    return next((name for name in (model, *found) if isinstance(name, str) and name), None)


def _tracer() -> Any:
    """The tracer; None where nothing is to be recorded."""
    trace = sys.modules.get("opentelemetry.trace")
    get_provider = getattr(trace, "get_tracer_provider", None)
    if trace is None or get_provider is None or _within_span.get():
        return None
    provider = get_provider()
    if isinstance(provider, trace.ProxyTracerProvider):  # nobody has set one
        return None
    return provider.get_tracer("recomp_core", __version__)


@contextmanager
def _call_span(tracer: Any, compressor: object) -> Iterator[Callable[[Any], None]]:
    started_ns = time.time_ns()
    token = _within_span.set(True)
    try:
        with tracer.start_as_current_span(
            "recomp.compress",
            attributes={_KIND: "RERANKER"},
            record_exception=False,
            set_status_on_exception=False,
        ) as span:

            def record(result: Any) -> None:
                if not span.is_recording():
                    return
                results = result if isinstance(result, list) else [result]
                if len(results) == 1:
                    _note(span, compressor, results[0])
                    return
                span.update_name("recomp.compress_batch")
                _set(span, {_KIND: "CHAIN", "recomp.queries": len(results)})
                for one in results:
                    part = tracer.start_span(
                        "recomp.compress", start_time=started_ns, attributes={_KIND: "RERANKER"}
                    )
                    _note(part, compressor, one)
                    part.end()

            try:
                yield record
            except Exception as error:
                _note_error(span, error)
                raise
    finally:
        _within_span.reset(token)


def _note(span: Any, compressor: object, result: Compression | Exception) -> None:
    if isinstance(result, Exception):
        _note_error(span, result)
        return
    facts = {
        **_input_facts(compressor, result.query, result.documents),
        **_output_documents(result),
        "recomp.outcome": result.outcome.value,
        "recomp.documents.after": len(result.sources),
        "recomp.sentences.kept": len(result.kept),
        "recomp.sentences.dropped": len(result.dropped),
        "recomp.characters.after": len(result.text),
        "recomp.truncated": result.truncated,
    }
    if _shows(_HIDE_OUTPUTS):
        facts["output.value"] = result.text
        facts["recomp.reason"] = result.reason
    _set(span, facts)


def _note_error(span: Any, error: Exception) -> None:
    # Without its message, which may quote what the user gave.
    from opentelemetry.trace import Status, StatusCode

    name = type(error).__qualname__
    _set(span, {"error.type": name})
    span.set_status(Status(StatusCode.ERROR, name))
    if _shows(_HIDE_INPUTS) and _shows(_HIDE_OUTPUTS):
        span.record_exception(error)


def _input_facts(
    compressor: object, query: str, documents: Sequence[Document]
) -> dict[str, str | int | float | bool]:
    # The documents come first: where an SDK keeps fewer attributes, it drops the oldest.
    shown = _shows(_HIDE_INPUTS)
    facts: dict[str, str | int | float | bool] = {}
    for number, document in enumerate(documents[:MOST_DOCUMENTS]):
        facts |= _document_facts("input", number, _id_of(document, number), None)
        if shown:
            facts[f"reranker.input_documents.{number}.document.content"] = document.text
    facts["reranker.model_name"] = model_name(compressor)
    if (top_k := _top_k(getattr(compressor, "selector", None))) is not None:
        facts["reranker.top_k"] = top_k
    if shown:
        facts["reranker.query"] = facts["input.value"] = query
    facts["recomp.documents.before"] = len(documents)
    facts["recomp.characters.before"] = sum(len(document.text) for document in documents)
    return facts


def _output_documents(result: Compression) -> dict[str, str | int | float | bool]:
    shown = _shows(_HIDE_OUTPUTS)
    facts: dict[str, str | int | float | bool] = {}
    if not result.is_excerpt:  # a summary: it has no document of its own
        return {"reranker.output_documents.0.document.content": result.text} if shown else {}
    for number, excerpt in enumerate(result.by_document()[:MOST_DOCUMENTS]):
        place = _id_of(excerpt.document, excerpt.doc_index)
        facts |= _document_facts("output", number, place, excerpt.score)
        if shown:
            facts[f"reranker.output_documents.{number}.document.content"] = excerpt.text
    return facts


def _document_facts(
    way: str, number: int, place: str, score: float | None
) -> dict[str, str | int | float | bool]:
    prefix = f"reranker.{way}_documents.{number}.document"
    facts: dict[str, str | int | float | bool] = {f"{prefix}.id": place}
    return facts if score is None else {**facts, f"{prefix}.score": float(score)}


def _id_of(document: Document, position: int) -> str:
    return document.id or str(position)


def _top_k(selector: object) -> int | None:
    """How many sentences a selector keeps; None without such a limit."""
    for part in (selector, *getattr(selector, "selectors", ())):
        if isinstance(k := getattr(part, "k", None), int):
            return k
    return None


def _set(span: Any, facts: dict[str, Any]) -> None:
    for name, value in facts.items():
        # Exporters write UTF-8, which has no form for lone surrogates.
        span.set_attribute(name, replace_surrogates(value) if isinstance(value, str) else value)


def _shows(hide: str) -> bool:
    """Whether content may be recorded: it is asked for, and not hidden by another variable."""
    wanted = os.environ.get(_OPT_IN, "").strip().lower()
    hidden = os.environ.get(hide, "").strip().lower()
    return wanted in ("true", "1", "span_only", "span_and_event") and hidden not in ("true", "1")


def _ignore(piece: str) -> None:
    del piece
