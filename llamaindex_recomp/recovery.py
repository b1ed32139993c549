"""A tool with which an agent reads what compressing left out."""

# No annotations of the future: LlamaIndex reads those of the function itself.
from typing import Annotated, Any

from llama_index.core.tools import FunctionTool

from recomp_core.integration import DROPPED_TOOL, read_dropped_reply


def dropped_tool(compressor: Any, *, max_tokens: int = 1_000) -> FunctionTool:
    """Make a tool with which an agent reads what a call of a compressor left out.

    The agent must see the handles: put `node.metadata["recomp"]["handle"]` beside the text that it
    reads; the key is hidden from the LLM otherwise.

    Args:
        compressor: A `RecompNodePostprocessor`, a compressor of the core, or a `DroppedTexts`; one
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

    return FunctionTool.from_defaults(
        read_dropped, name=DROPPED_TOOL.name, description=DROPPED_TOOL.description
    )
