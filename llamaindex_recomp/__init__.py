"""RECOMP for LlamaIndex: compress what was retrieved before the LLM reads it.

    from llamaindex_recomp import RecompNodePostprocessor

    query_engine = index.as_query_engine(
        similarity_top_k=5, node_postprocessors=[RecompNodePostprocessor(top_k=3)]
    )

`RecompNodePostprocessor.from_llm(llm)` has a language model write a summary instead.
`compress_tool(tool, compressor)` compresses what a tool returns to an agent.

Put it last among the postprocessors. When nothing is relevant, the LLM is asked with an empty
context: see `on_empty`.
"""

from __future__ import annotations

try:
    from .embedding import EmbeddingEncoder
    from .events import CompressionEndEvent, CompressionStartEvent
    from .ingest import RecompNodeIndexer
    from .llm import summarizer_from_llm, teacher_from_llm
    from .postprocessor import RecompNodePostprocessor
    from .recovery import dropped_tool
    from .tools import compress_tool
except ModuleNotFoundError as error:
    if not (error.name or "").startswith("llama_index"):
        raise
    raise ImportError(
        'llamaindex_recomp needs llama-index-core: pip install "recomp[llamaindex]"'
    ) from error

__all__ = [
    "CompressionEndEvent",
    "CompressionStartEvent",
    "EmbeddingEncoder",
    "RecompNodeIndexer",
    "RecompNodePostprocessor",
    "compress_tool",
    "dropped_tool",
    "summarizer_from_llm",
    "teacher_from_llm",
]
