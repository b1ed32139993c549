"""All that a framework adapter may import besides `recomp_core` itself.

fields      the settings, declared once, for the adapter's class to inherit
metadata    a compression as plain facts for a document's metadata
recovery    what every framework's tool for dropped texts says and does

Imports `persistence` and what stands below it; names load their modules when they are asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._utils.lazy import lazy_names

if TYPE_CHECKING:
    from .._utils.json_values import as_json
    from .._utils.settings import Int, Setting, declaration
    from ..extractive.indexing import Indexer, IndexReport
    from ..models.language_models.finish_reasons import names_ending, reply_error
    from ..models.language_models.reading import is_unfinished
    from ..models.language_models.structured import (
        is_unsupported,
        sourced,
        summary_of_call,
        summary_schema,
    )
    from ..persistence.factory import (
        SUMMARY_SETTINGS,
        compressor_from_encoder,
        compressor_from_settings,
        compressor_from_summarizer,
        pop_settings,
        resolve_compressor,
    )
    from ..persistence.limits import LIMITS, with_limits
    from ..runtime.batching import CONCURRENT
    from ..runtime.timeout import with_timeout
    from ..runtime.tracing import model_name
    from ..store.keys import named_model
    from ..text.division import approximate_tokens
    from ..text.joining import Layout
    from ..text.splitting import replace_surrogates
    from .fields import (
        ADAPTER_SETTINGS,
        COMPRESSOR_SETTINGS,
        INDEXER_SETTINGS,
        AdapterSettings,
        CompressorSettings,
        IndexerSettings,
    )
    from .metadata import copied, reason_facts, remade, source_facts, span_facts, summary_facts
    from .recovery import DROPPED_TOOL, read_dropped_reply

_WHERE = {
    "as_json": ".._utils.json_values",
    "Int": ".._utils.settings",
    "Setting": ".._utils.settings",
    "declaration": ".._utils.settings",
    "IndexReport": "..extractive.indexing",
    "Indexer": "..extractive.indexing",
    "names_ending": "..models.language_models.finish_reasons",
    "reply_error": "..models.language_models.finish_reasons",
    "is_unfinished": "..models.language_models.reading",
    "is_unsupported": "..models.language_models.structured",
    "sourced": "..models.language_models.structured",
    "summary_of_call": "..models.language_models.structured",
    "summary_schema": "..models.language_models.structured",
    "SUMMARY_SETTINGS": "..persistence.factory",
    "compressor_from_encoder": "..persistence.factory",
    "compressor_from_settings": "..persistence.factory",
    "compressor_from_summarizer": "..persistence.factory",
    "pop_settings": "..persistence.factory",
    "resolve_compressor": "..persistence.factory",
    "LIMITS": "..persistence.limits",
    "with_limits": "..persistence.limits",
    "CONCURRENT": "..runtime.batching",
    "with_timeout": "..runtime.timeout",
    "model_name": "..runtime.tracing",
    "named_model": "..store.keys",
    "approximate_tokens": "..text.division",
    "Layout": "..text.joining",
    "replace_surrogates": "..text.splitting",
    "ADAPTER_SETTINGS": ".fields",
    "COMPRESSOR_SETTINGS": ".fields",
    "INDEXER_SETTINGS": ".fields",
    "AdapterSettings": ".fields",
    "CompressorSettings": ".fields",
    "IndexerSettings": ".fields",
    "copied": ".metadata",
    "reason_facts": ".metadata",
    "remade": ".metadata",
    "source_facts": ".metadata",
    "span_facts": ".metadata",
    "summary_facts": ".metadata",
    "DROPPED_TOOL": ".recovery",
    "read_dropped_reply": ".recovery",
}

__all__ = [
    "ADAPTER_SETTINGS",
    "COMPRESSOR_SETTINGS",
    "CONCURRENT",
    "DROPPED_TOOL",
    "INDEXER_SETTINGS",
    "LIMITS",
    "SUMMARY_SETTINGS",
    "AdapterSettings",
    "CompressorSettings",
    "IndexReport",
    "Indexer",
    "IndexerSettings",
    "Int",
    "Layout",
    "Setting",
    "approximate_tokens",
    "as_json",
    "compressor_from_encoder",
    "compressor_from_settings",
    "compressor_from_summarizer",
    "copied",
    "declaration",
    "is_unfinished",
    "is_unsupported",
    "model_name",
    "named_model",
    "names_ending",
    "pop_settings",
    "read_dropped_reply",
    "reason_facts",
    "remade",
    "replace_surrogates",
    "reply_error",
    "resolve_compressor",
    "source_facts",
    "sourced",
    "span_facts",
    "summary_facts",
    "summary_of_call",
    "summary_schema",
    "with_limits",
    "with_timeout",
]


__getattr__, __dir__ = lazy_names(__name__, _WHERE, __all__)
