"""The events that the postprocessor sends to LlamaIndex's instrumentation."""

from __future__ import annotations

from llama_index.core.instrumentation.events.base import BaseEvent
from llama_index.core.schema import NodeWithScore


class CompressionStartEvent(BaseEvent):
    """Retrieved nodes are about to be compressed.

    Attributes:
        query: The query; None if none was given.
        nodes: The nodes as they were retrieved.
    """

    query: str | None
    nodes: list[NodeWithScore]

    @classmethod
    def class_name(cls) -> str:
        """The name of the event."""
        return "CompressionStartEvent"


class CompressionEndEvent(BaseEvent):
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

    nodes: list[NodeWithScore]
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
