"""Chat messages to documents, and back: what tools returned is compressed for what was asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..text.joining import is_blank
from ..types import Compression, Document

EMPTIED = "[nothing in this result helps to answer]"
"""What stands in a message of which nothing is kept: providers refuse empty ones."""

_TOOLS = ("tool", "function")

Chat = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Place:
    """Where a text stands in a chat.

    Attributes:
        message: The position of its message.
        part: The position of its part; None if the message's content is the text itself.
        text: The text.
    """

    message: int
    part: int | None
    text: str


def question_in(messages: Chat) -> str:
    """The text of the last message of the user.

    Args:
        messages: The chat.

    Returns:
        The text; "" if there is none.
    """
    for message in reversed(messages):
        if message.get("role") == "user":
            return "\n".join(place.text for place in _texts(0, message))
    return ""


def tool_results(messages: Chat) -> list[Place]:
    """What tools returned in a chat, as far as it is text.

    Args:
        messages: The chat.

    Returns:
        The texts with their places.
    """
    return [
        place
        for number, message in enumerate(messages)
        if message.get("role") in _TOOLS
        for place in _texts(number, message)
        if not is_blank(place.text)
    ]


def as_documents(places: Sequence[Place]) -> list[Document]:
    """Make a document of each text."""
    return [Document(place.text) for place in places]


def with_results(
    messages: Chat, places: Sequence[Place], compression: Compression
) -> list[dict[str, Any]]:
    """Write what was kept of each text into its place.

    Args:
        messages: The chat; it is not changed.
        places: See `tool_results`.
        compression: What became of `as_documents(places)`.

    Returns:
        A copy of the chat with as many messages and parts. No text in it is empty or longer.
    """
    kept = {excerpt.doc_index: excerpt.text for excerpt in compression.by_document()}
    written = [dict(message) for message in messages]
    for index, place in enumerate(places):
        text = kept.get(index, EMPTIED)
        if len(text) >= len(place.text):
            continue
        message = written[place.message]
        if place.part is None:
            message["content"] = text
        else:
            parts = list(message["content"])
            parts[place.part] = {**parts[place.part], "text": text}
            message["content"] = parts
    return written


def _texts(number: int, message: Mapping[str, Any]) -> Iterator[Place]:
    content = message.get("content")
    if isinstance(content, str):
        yield Place(number, None, content)
    elif isinstance(content, list):
        for position, part in enumerate(content):
            if (
                isinstance(part, dict)
                and part.get("type") == "text"
                and isinstance(part.get("text"), str)
            ):
                yield Place(number, position, part["text"])
