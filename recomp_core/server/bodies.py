"""Reads a request's body within its limits, and measures its JSON before anything parses it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from .errors import INVALID, TOO_LARGE, RequestError

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]

MAX_DEPTH = 32
"""How deep the lists and objects of a body may stand in one another."""

MAX_VALUES = 200_000
"""About how many values a body may have, single numbers of a list included."""

# A client that sends too much reads the answer only when it has sent everything. So much is read
# and thrown away for it.
_DISCARDED = 128_000_000

_NOT_MARKS = bytes(set(range(256)) - set(b"[]{},"))


class HungUpError(Exception):
    """The client left before it had its answer."""


async def read_body(receive: Receive, headers: Mapping[str, str], limit: int) -> bytes:
    """Read a body, whatever its headers say of its length.

    Args:
        receive: ASGI's function for the client's messages.
        headers: The request's headers, names in lower case.
        limit: The most bytes.

    Returns:
        The body.

    Raises:
        RequestError: It is longer. Nothing of it is kept by then.
        HungUpError: The client left.
    """
    too_large = RequestError(
        413,
        TOO_LARGE,
        f"the body is larger than the {limit:,} bytes that this server takes: send fewer or "
        "shorter documents at a time, or start it with a larger --max-body-mb",
    )
    told = headers.get("content-length", "")
    # Who waits to be asked for the body need not send it.
    if told.isdecimal() and len(told) < 20 and int(told) > limit and "expect" in headers:
        raise too_large
    kept = bytearray()
    size = 0
    async for piece in _pieces(receive):
        size += len(piece)
        if size <= limit:
            kept += piece
        else:
            kept.clear()
            if size > _DISCARDED:
                break
    if size > limit:
        raise too_large
    return bytes(kept)


async def discard_body(receive: Receive) -> None:
    """Read a body and keep nothing of it.

    Args:
        receive: ASGI's function for the client's messages.

    Raises:
        HungUpError: The client left.
    """
    size = 0
    async for piece in _pieces(receive):
        size += len(piece)
        if size > _DISCARDED:
            return


async def _pieces(receive: Receive) -> Any:
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise HungUpError
        yield message.get("body", b"")
        more = message.get("more_body", False)


def check_json(body: bytes, status: int) -> None:
    """Check that a body is UTF-8, not nested too deeply and not of too many values.

    It takes time linear in the body's length and builds no values; what else is wrong, the parser
    says.

    Args:
        body: The body.
        status: The status of a refusal.

    Raises:
        RequestError: One of these is not so.
    """
    try:
        body.decode()
    except UnicodeDecodeError as error:
        raise RequestError(
            status, INVALID, f"the body is not UTF-8 (byte {error.start}): send JSON in UTF-8"
        ) from None
    if b"\0" in body:  # also what tells UTF-16 from UTF-8 to Python's parser
        raise RequestError(status, INVALID, "the body holds a NUL byte: send JSON in UTF-8")
    marks = _marks_outside_strings(body, status)
    depth = 0
    for mark in marks[:MAX_VALUES]:
        if mark in b"[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise RequestError(
                    status, INVALID, f"the JSON is nested more than {MAX_DEPTH} levels deep"
                )
        elif mark in b"]}":
            depth -= 1
    if len(marks) > MAX_VALUES:
        raise _too_many(status)


def _marks_outside_strings(body: bytes, status: int) -> bytes:
    """The brackets and commas of JSON that are no part of a string."""
    bare = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    # A value costs hundreds of bytes when it is parsed: all are counted before.
    if bare.count(b'"') > 2 * MAX_VALUES:
        raise _too_many(status)
    return b"".join(bare.split(b'"')[::2]).translate(None, _NOT_MARKS)


def _too_many(status: int) -> RequestError:
    return RequestError(
        status, TOO_LARGE, f"the JSON has more than {MAX_VALUES:,} values: send fewer at a time"
    )
