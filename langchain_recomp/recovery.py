"""A tool with which an agent reads what compressing left out."""

from __future__ import annotations

from typing import Annotated, Any

from langchain_core.tools import BaseTool, StructuredTool

from recomp_core.integration import DROPPED_TOOL, read_dropped_reply


def dropped_tool(compressor: Any, *, max_tokens: int = 1_000) -> BaseTool:
    """Make a tool with which an agent reads what a call of a compressor left out.

    The agent must see the handles: put `document.metadata["recomp"]["handle"]` beside the text
    that it reads.

    Args:
        compressor: A `RecompDocumentCompressor`, a compressor of the core, or a `DroppedTexts`; one
            that was made with `recovery`.
        max_tokens: The most tokens of one reply, estimated.

    Returns:
        The tool `read_dropped(handle, query)`. An unknown handle is a reply that says so, no error.

    Raises:
        ValueError: The compressor keeps nothing of what it drops, or `max_tokens` is less than 1.
        TypeError: It is no compressor with `read_dropped`.
    """
    read = read_dropped_reply(compressor, max_tokens)

    def read_dropped(
        handle: Annotated[str, DROPPED_TOOL.handle],
        query: Annotated[str, DROPPED_TOOL.query] = "",
    ) -> str:
        return read(handle, query)

    return StructuredTool.from_function(
        read_dropped, name=DROPPED_TOOL.name, description=DROPPED_TOOL.description
    )
