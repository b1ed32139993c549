"""The events that the postprocessor sends to LlamaIndex's instrumentation.

They are events of a reranker, so that tools which trace LlamaIndex show what went in and came out.
"""

from __future__ import annotations

from llama_index.core.instrumentation.events.rerank import ReRankEndEvent, ReRankStartEvent


class CompressionStartEvent(ReRankStartEvent):
    """Retrieved nodes are about to be compressed.

    Attributes:
        query: The query; None if none was given.
        nodes: The nodes as they were retrieved.
        top_n: The setting `top_k`, how many sentences to keep; without it, the number of nodes.
        model_name: The name of what compresses.
    """

    @classmethod
    def class_name(cls) -> str:
        """The name of the event."""
        return "CompressionStartEvent"


class CompressionEndEvent(ReRankEndEvent):
    """Nodes were compressed. An error that is raised ends the span and sends no such event.

    Attributes:
        nodes: The nodes as they go on to the LLM.
        outcome: The value of a `recomp_core.Outcome`, "failed" if the originals were passed
            through.
        reason: The error, where the outcome is "failed", or what a gate reported.
        sentences_kept: How many sentences were kept.
        sentences_dropped: How many sentences were dropped.
        characters_before: The length of all nodes' texts before, without metadata.
        characters_after: The same after compressing.
    """

    outcome: str
    reason: str | None = None
    sentences_kept: int = 0
    sentences_dropped: int = 0
    characters_before: int
    characters_after: int

    @classmethod
    def class_name(cls) -> str:
        """The name of the event."""
        return "CompressionEndEvent"
