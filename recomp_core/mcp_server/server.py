"""The tools as a server of the SDK `mcp`, version 1 or 2."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable
from functools import wraps
from importlib import import_module
from typing import Annotated, Any

from .._version import __version__
from .tools import Tools

logger = logging.getLogger(__name__)

_INSTRUCTIONS = (
    "Compresses long texts for a question, so that you read only what helps to answer it. Nothing "
    "leaves the machine, and no text is rewritten unless the server runs a model that writes."
)
# What is refused is the caller's to mend; any other error may quote a text.
_REFUSALS = (ValueError, TypeError)


def create_server(tools: Tools, *, host: str = "127.0.0.1", port: int = 8000) -> Any:
    """Make the server.

    Args:
        tools: What it does.
        host: Where it will listen over HTTP, which decides whose requests it takes.
        port: The port.

    Returns:
        An `MCPServer` of the SDK 2, or a `FastMCP` of the SDK 1, with the tools that can work.
    """
    offered: list[tuple[str, Callable[..., Any]]] = [("Compress texts", tools.compress)]
    if tools.files is not None:
        offered.append(("Compress files", tools.compress_files))
    if tools.keeps_dropped:
        offered.append(("Read what was left out", tools.read_dropped))
    server, tool_error = _made(host, port)
    sdk_types = import_module("mcp.types")
    reads_only = sdk_types.ToolAnnotations.model_validate(
        {"readOnlyHint": True, "idempotentHint": True, "openWorldHint": False}
    )
    for title, function in offered:
        server.add_tool(
            _answering(function, sdk_types.CallToolResult, tool_error),
            title=title,
            description=(inspect.getdoc(function) or "") + _note(tools, function),
            annotations=reads_only,
            structured_output=True,
        )
    return server


def run(server: Any, *, http: bool = False, host: str = "127.0.0.1", port: int = 8000) -> None:
    """Serve until the client leaves, or the process is interrupted.

    Args:
        server: What `create_server` returned, with the same host and port.
        http: Whether to listen over HTTP, at /mcp, instead of talking over standard input and
            output.
        host: The address to listen on.
        port: The port to listen on.
    """
    if not http:
        server.run(transport="stdio")
    elif _is_second():
        server.run(transport="streamable-http", host=host, port=port)
    else:  # the first SDK has them from `create_server`
        server.run(transport="streamable-http")


def _is_second() -> bool:
    try:
        import_module("mcp.server.mcpserver")
    except ModuleNotFoundError:
        return False
    return True


def _made(host: str, port: int) -> tuple[Any, type[Exception]]:
    """A server without tools, and the class of errors whose message the client reads."""
    common: dict[str, Any] = {"instructions": _INSTRUCTIONS, "log_level": "WARNING"}
    if _is_second():
        sdk = import_module("mcp.server.mcpserver")
        server = sdk.MCPServer("recomp", version=__version__, **common)
    else:
        sdk = import_module("mcp.server.fastmcp")
        server = sdk.FastMCP("recomp", host=host, port=port, **common)
    errors = import_module(f"{sdk.__name__}.exceptions")
    return server, errors.ToolError


def _answering(
    function: Callable[..., Any], result_type: Any, tool_error: type[Exception]
) -> Callable[..., Any]:
    """The function as the SDK calls it.

    A model reads the text, programs the structured form: as text, its numbers would take more room
    than compressing saves. Errors reach the client, and the log does not quote them.
    """

    @wraps(function)
    async def answer(**arguments: Any) -> Any:
        try:
            told = await function(**arguments)
        except _REFUSALS as error:
            raise tool_error(str(error)) from None
        except Exception as error:
            name = type(error).__name__
            logger.error("the tool %s failed with %s", function.__name__, name)
            raise tool_error(f"an error within the server ({name})") from None
        text = {"type": "text", "text": told.readable()}
        structured = told.model_dump(mode="json")
        return result_type.model_validate({"content": [text], "structuredContent": structured})

    # The SDK reads the types from here; the function's own are strings.
    signature = inspect.signature(function, eval_str=True)
    returned = Annotated[result_type, signature.return_annotation]
    answer.__signature__ = signature.replace(return_annotation=returned)  # type: ignore[attr-defined]
    return answer


def _note(tools: Tools, function: Callable[..., Any]) -> str:
    if tools.files is None or function != tools.compress_files:
        return ""
    return f"\n\nAllowed folders: {', '.join(map(str, tools.files.roots))}"
