"""An argument by which the model says what it looks for: added for the model, taken out again."""

from __future__ import annotations

from typing import Any

from langchain_core.tools import BaseTool, Tool
from pydantic import BaseModel

DESCRIPTION = (
    "What you look for in this tool's result, as a full question. Only the parts of the result "
    "that answer it are kept."
)


def with_parameter(tool: Any, name: str) -> Any:
    """Add the argument to what the model is told of a tool.

    Args:
        tool: A tool; it is not changed.
        name: The argument's name.

    Returns:
        A copy with the optional argument; the tool itself if it has one of that name, takes a bare
        string, or is a provider's own.
    """
    if not isinstance(tool, BaseTool) or takes(tool, name):
        return tool
    if isinstance(tool, Tool) and not tool.args_schema:
        return tool
    schema: Any = tool.tool_call_schema
    if isinstance(schema, type) and issubclass(schema, BaseModel):
        schema = schema.model_json_schema()
    if not isinstance(schema, dict):  # a model of pydantic 1
        return tool
    properties = {
        **schema.get("properties", {}),
        name: {"type": "string", "description": DESCRIPTION},
    }
    asking = {"title": tool.name, "type": "object", **schema, "properties": properties}
    return tool.model_copy(update={"args_schema": asking})


def without_parameter(tool: BaseTool | None, args: dict[str, Any], name: str) -> dict[str, Any]:
    """Take the argument out of a call.

    Args:
        tool: The tool that is called, as it was given; None for one that the agent does not know.
        args: The arguments of the call; they are not changed.
        name: The argument's name.

    Returns:
        The arguments that the tool expects.
    """
    if name not in args or (tool is not None and takes(tool, name)):
        return args
    return {key: value for key, value in args.items() if key != name}


def takes(tool: BaseTool, name: str) -> bool:
    """Say whether a tool itself has an argument.

    Args:
        tool: The tool.
        name: The argument's name.

    Returns:
        Whether it has.
    """
    schema: Any = tool.tool_call_schema
    if isinstance(schema, dict):
        return name in schema.get("properties", {})
    return name in (getattr(schema, "model_fields", None) or getattr(schema, "__fields__", {}))
