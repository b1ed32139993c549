"""The events of a stream over HTTP, as the protocol of language models has them.

They are read here, because the client of openai keeps of an error among them only its message, and
raises its own error where one is no JSON: what the provider said would be lost.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing, suppress
from typing import Any, NamedTuple

from .replies import UnusableReply, raise_broken_off, raise_error_in, unusable

DONE = object()
"""What stands for the event that says that the stream has ended."""

# A carriage return at the end may be the first half of a line break.
_BREAK = re.compile(rb"\r\n|\n|\r(?=.)", re.DOTALL)

_LONGEST_REST = 0.2  # seconds


class Event(NamedTuple):
    """One event.

    Attributes:
        name: Its name; "" for none.
        data: Its data.
    """

    name: str
    data: str


class EventReader:
    """Takes a stream apart. An event that is not whole at the end of the stream is none."""

    def __init__(self) -> None:
        self._held: list[bytes] = []
        self._encoding = "utf-8-sig"  # the stream may begin with a byte order mark
        self._name = ""
        self._data: list[str] = []

    def feed(self, piece: bytes) -> Iterator[Event]:
        """Take the next piece of the stream.

        Args:
            piece: The piece, which may end anywhere.

        Yields:
            The events that end in it.
        """
        self._held.append(piece)
        if b"\n" not in piece and b"\r" not in piece and self._held[0][-1:] != b"\r":
            return  # a long line is looked through once, not again for each of its pieces
        *lines, rest = _BREAK.split(b"".join(self._held))
        self._held = [rest]
        for line in lines:
            if line:
                self._take(line.decode(self._encoding, "replace"))
                self._encoding = "utf-8"
                continue
            if self._data:
                yield Event(self._name, "\n".join(self._data))
            self._name, self._data = "", []

    def _take(self, line: str) -> None:
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            self._name = value
        elif field in ("data", "error"):
            self._data.append(value)
        if field == "error":  # no field of the protocol, but one of llama.cpp's server
            self._name = "error"


async def json_events(body: AsyncGenerator[bytes, None]) -> AsyncGenerator[Any, None]:
    """Read the events of a stream.

    Args:
        body: The stream as it comes; it is closed at the end.

    Yields:
        The JSON of each event, and `DONE` if the stream says that it has ended.

    Raises:
        UnusableReply: An event is an error, ends the reply with one, or is no JSON.
    """
    reader = EventReader()
    async with aclosing(body):
        async for piece in body:
            for event in reader.feed(piece):
                if event.data.lstrip().startswith("[DONE]"):
                    yield DONE
                    # Only a connection that is read to its end serves again.
                    with suppress(Exception):
                        await asyncio.wait_for(_rest(body), _LONGEST_REST)
                    return
                if not _is_sign_of_life(event):
                    yield _value_of(event)


def error_event(text: str) -> str | None:
    """Look for an error that came as an event, where a whole reply was asked for.

    Args:
        text: What came.

    Returns:
        The data of the event; None for none.
    """
    if not text.lstrip().startswith((":", "data:", "event:", "id:", "retry:")):
        return None
    events = EventReader().feed(f"{text.lstrip()}\n\n".encode())
    return next((e.data for e in events if e.name == "error" or '"error"' in e.data), None)


async def _rest(body: AsyncIterator[bytes]) -> None:
    async for _ in body:
        pass


def _is_sign_of_life(event: Event) -> bool:
    """Whether an event says nothing of the reply: an empty one, or "ping" with the time."""
    data = event.data.lstrip()
    if event.name in ("", "message"):
        return not data
    return event.name != "error" and not data.startswith(("{", "["))


def _value_of(event: Event) -> Any:
    """The JSON of an event that is no error."""
    try:
        value = json.loads(event.data)
    except (ValueError, RecursionError):
        if event.name == "error":
            raise unusable(event.data) from None
        raise UnusableReply("the reply can't be read", event.data) from None
    if event.name == "error":
        raise unusable(value)
    raise_error_in(value)
    if isinstance(value, dict):
        raise_broken_off(value)
    return value
