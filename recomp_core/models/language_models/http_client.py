"""The HTTP client of an endpoint, made safe against a server that is hostile or out of order.

It follows no redirect, unpacks no more than a reply can hold, keeps no cookies, and logs no key.
"""

from __future__ import annotations

import logging
import weakref
import zlib
from collections.abc import AsyncIterator
from http.cookiejar import CookieJar, DefaultCookiePolicy
from importlib import import_module
from typing import Any

from ...runtime.redaction import Redaction
from .replies import UnusableReply

# No reply of a language model is longer, unpacked; the log-probabilities of a long prompt take some
# megabytes. A packed reply can unpack to a thousand times its size, and a stream need not end.
LONGEST_REPLY = 32 * 2**20

# Lists and objects in a reply. A long prompt's log-probabilities are some hundred thousand; Python
# takes half a minute and a gigabyte to read the ten million that 32 MiB can hold.
MOST_PARTS = 2**20


def hardened_client() -> tuple[Any, type[Any]]:
    """Make the client.

    Returns:
        What `openai.AsyncOpenAI` takes as `http_client`, and the class of its responses. It has no
        timeout of its own.
    """
    import openai

    default_client: Any = openai.DefaultAsyncHttpxClient
    # openai 2 is built on httpx, openai 3 on httpx2.
    httpx: Any = import_module(default_client.__mro__[1].__module__.partition(".")[0])
    byte_stream: Any = httpx.AsyncByteStream

    class Unpacked(byte_stream):
        def __init__(self, body: Any, packing: str) -> None:
            self.body = body
            self.packing = packing
            self.beginning = b""  # for an error that came in place of a stream

        async def __aiter__(self) -> AsyncIterator[bytes]:
            length = parts = 0
            async for piece in unpacked(self.body, self.packing):
                length += len(piece)
                if length > LONGEST_REPLY:
                    raise UnusableReply(
                        f"the reply has more than {LONGEST_REPLY // 2**20} MiB: check that the "
                        "address is that of a language model"
                    )
                parts += piece.count(b"[") + piece.count(b"{")
                if parts > MOST_PARTS:
                    raise UnusableReply(f"the reply has more than {MOST_PARTS} lists and objects")
                if length == len(piece):
                    self.beginning = piece
                yield piece

        async def aclose(self) -> None:
            await self.body.aclose()

    class HttpClient(default_client):
        async def send(self, request: Any, *, stream: bool = False, **settings: Any) -> Any:
            response = await super().send(request, stream=True, **settings)
            try:
                packing = response.headers.pop("content-encoding", "")
                response.stream = Unpacked(response.stream, packing.strip().lower())
                if not stream:
                    await response.aread()
            except BaseException:
                await response.aclose()
                raise
            return response

    client = HttpClient(
        timeout=None,
        # The request holds documents, and they are for this server alone.
        follow_redirects=False,
        # What zlib unpacks; the unpackers of other formats have no bound in all versions.
        headers={"accept-encoding": "gzip, deflate"},
        # A server could fill the memory with them.
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
    )
    return client, httpx.Response


async def unpacked(body: AsyncIterator[bytes], packing: str) -> AsyncIterator[bytes]:
    """Unpack the body of a response in pieces of at most a megabyte.

    HTTP clients unpack all that has arrived at once.

    Args:
        body: The body as it arrives.
        packing: The header `content-encoding`, "" for none.

    Yields:
        The pieces of what was packed.

    Raises:
        UnusableReply: It can't be unpacked, or ends early.
    """
    if packing in ("", "identity"):
        async for piece in body:
            yield piece
        return
    if packing not in ("gzip", "x-gzip", "deflate"):
        raise UnusableReply("the reply is packed in a way that was not asked for", packing)
    unpacker = zlib.decompressobj(47)  # a header of gzip or zlib
    is_new = True
    async for packed in body:
        while packed:
            if unpacker.eof:
                if packing == "deflate" or not packed.startswith(b"\x1f"):
                    break  # a filling
                unpacker = zlib.decompressobj(31)  # a file of gzip may have several members
            try:
                piece = unpacker.decompress(packed, 2**20)
            except zlib.error:
                if not (is_new and packing == "deflate"):
                    raise UnusableReply(f"the reply is no {packing}") from None
                unpacker = zlib.decompressobj(-15)  # some servers send deflate without a header
                is_new = False
                continue
            is_new = False
            if piece:
                yield piece
            packed = unpacker.unused_data or unpacker.unconsumed_tail
    if not unpacker.eof:
        raise UnusableReply("the packed reply is not whole", reason="unavailable")


class RedactedLog(logging.Filter):
    """Takes secrets out of what the HTTP libraries log, such as a server's headers."""

    _LOGGERS = (
        "openai", "openai._base_client",
        "httpx", "httpcore.connection", "httpcore.http11", "httpcore.http2", "httpcore.proxy",
        "httpx2", "httpcore2.connection", "httpcore2.http11", "httpcore2.http2", "httpcore2.proxy",
    )  # fmt: skip

    _FORMATTER = logging.Formatter()

    def __init__(self) -> None:
        super().__init__()
        self._redactions: weakref.WeakSet[Redaction] = weakref.WeakSet()

    def add(self, redaction: Redaction) -> None:
        """Take more secrets out, as long as their redaction lives.

        Args:
            redaction: Knows the secrets.
        """
        self._redactions.add(redaction)
        for name in self._LOGGERS:
            logging.getLogger(name).addFilter(self)

    def filter(self, record: logging.LogRecord) -> bool:
        """Change a record that holds a secret.

        Args:
            record: Any record.

        Returns:
            True: every record is logged.
        """
        message = record.getMessage()
        raised = self._FORMATTER.formatException(record.exc_info) if record.exc_info else ""
        for redaction in list(self._redactions):
            if redaction.finds(message):
                message = redaction(message)
                record.msg, record.args = message, None
            if raised and redaction.finds(raised):
                raised = redaction(raised)
                record.exc_info, record.exc_text = None, raised
        return True


REDACTED_LOG = RedactedLog()
