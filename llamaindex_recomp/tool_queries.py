"""The query that a tool was given, without what LlamaIndex's tool puts around it."""

from __future__ import annotations

import re
from dataclasses import replace

from llama_index.core.instrumentation.span import active_span_id
from llama_index.core.schema import QueryBundle

_TOOL_CALL = re.compile(r"\w+\.a?call-")
_ARGUMENT = re.compile(r"\n\w+ is ")


def without_argument_name(query_bundle: QueryBundle | None) -> QueryBundle | None:
    """Take out of a query the argument's name that `RetrieverTool` puts before it.

    The name makes the query resemble other sentences: "input is who built it?". It is taken out
    only within a tool's call, so that a text of the user's own is never changed.

    Args:
        query_bundle: The query as a postprocessor receives it; it is not changed.

    Returns:
        The query that the tool was given; the same object where no tool put anything around it.
    """
    if query_bundle is None or not _TOOL_CALL.match(active_span_id.get() or ""):
        return query_bundle
    query = _unwrapped(query_bundle.query_str)
    return replace(query_bundle, query_str=query) if query.strip() else query_bundle


def _unwrapped(text: str) -> str:
    # `RetrieverTool` writes two lines: the positional arguments, and "<name> is <value>, …". What
    # follows a comma may be part of the first value, so it stays.
    if not text.endswith("\n"):
        return text
    if argument := _ARGUMENT.match(text):
        return text[argument.end() : -1]
    return text.removesuffix("\n\n")
