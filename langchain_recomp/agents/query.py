"""What a tool was called for: the question by which its result is compressed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from langchain_core.messages import HumanMessage

if TYPE_CHECKING:
    from langgraph.prebuilt.tool_node import ToolCallRequest

QueryMode: TypeAlias = Literal["both", "tool_call", "user", "parameter"]
"""Where the question comes from, see `RecompMiddleware`."""

# Encoders read a few hundred tokens of a question; a pasted page is cut before they get it.
_LONGEST = 4_000


def make_query(
    mode: QueryMode | Callable[[ToolCallRequest], str],
    request: ToolCallRequest,
    query_arg: str | None,
    param_name: str,
) -> str:
    """Make the question of a tool call.

    Args:
        mode: Where it comes from.
        request: The call, with the arguments as the model gave them.
        query_arg: The argument that holds the tool's query; None for all that are strings.
        param_name: The argument by which the model says what it looks for.

    Returns:
        The question; "" where there is none.

    Raises:
        TypeError: A function gave something else than a string.
    """
    if callable(mode):
        made = mode(request)
        if not isinstance(made, str):
            raise TypeError(f"query must return a string, got {type(made).__name__}")
        return made.strip()[:_LONGEST]
    args = request.tool_call["args"]
    if mode == "parameter" and (said := _stripped(args.get(param_name))):
        return said[:_LONGEST]
    user, call = user_question(messages_of(request.state)), _call_query(args, query_arg, param_name)
    if mode == "user":
        return user or call
    if mode == "tool_call":
        return call or user
    return _joined(call, user)


def user_question(messages: Sequence[Any]) -> str:
    """Find the last question of the user.

    Args:
        messages: A conversation.

    Returns:
        The text of the last message of the user that has any; "" without one. Summaries of the
        conversation, which LangChain writes as such a message too, are passed over.
    """
    for message in reversed(messages):
        if not isinstance(message, HumanMessage) or message.additional_kwargs.get("lc_source"):
            continue
        if text := str(message.text).strip():
            return text[:_LONGEST]
    return ""


def messages_of(state: Any) -> Sequence[Any]:
    """Find the messages in the state of an agent.

    Args:
        state: The messages, or a mapping or an object that has them as `messages`.

    Returns:
        The messages; empty where there are none.
    """
    found = state
    if isinstance(state, Mapping):
        found = state.get("messages")
    elif not isinstance(state, (list, tuple)):
        found = getattr(state, "messages", None)
    return found if isinstance(found, (list, tuple)) else ()


def _call_query(args: Mapping[str, Any], query_arg: str | None, param_name: str) -> str:
    """The tool's query; without one, all strings that the model gave."""
    if query_arg is not None and (query := _stripped(args.get(query_arg))):
        return query[:_LONGEST]
    own = [value for name, value in args.items() if name != param_name]
    return " ".join(_strings(own, depth=4))[:_LONGEST]


def _strings(value: Any, depth: int) -> Iterator[str]:
    if text := _stripped(value):
        yield text
    elif depth and isinstance(value, (list, tuple)):
        for item in value:
            yield from _strings(item, depth - 1)
    elif depth and isinstance(value, Mapping):
        for item in value.values():
            yield from _strings(item, depth - 1)


def _joined(call: str, user: str) -> str:
    """The tool's query first: it is short, and an encoder cuts at the end."""
    if call.casefold() in user.casefold():
        return user
    return call if user.casefold() in call.casefold() else f"{call}\n{user}"


def _stripped(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""
