"""What the postprocessor tells LlamaIndex's instrumentation."""

from __future__ import annotations

from llama_index.core.instrumentation.events.base import BaseEvent
from llama_index.core.schema import NodeWithScore


class CompressionStartEvent(BaseEvent):
    """Retrieved nodes are about to be compressed.

    query: None if none was given.
    nodes: as they were retrieved.
    """

    query: str | None
    nodes: list[NodeWithScore]

    @classmethod
    def class_name(cls) -> str:
        return "CompressionStartEvent"


class CompressionEndEvent(BaseEvent):
    """What came out. An error that was raised ends the span and sends no such event.

    nodes: as they go on to the LLM.
    outcome: the value of a `recomp_core.Outcome`, "failed" if the originals were passed through.
    reason: the error, where the outcome is "failed", or what a gate had to say.
    sentences_kept, sentences_dropped: how many.
    characters_before, characters_after: length of all nodes' texts, without metadata.
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
        return "CompressionEndEvent"
