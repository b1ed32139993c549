"""Admits only browsers that came to this machine's own address, whatever page sent them.

A page elsewhere can send requests to 127.0.0.1, and a name that its owner points there (DNS
rebinding) makes them look like the page's own. The browser says so in `Host` and `Origin`.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any
from urllib.parse import urlsplit

_Message = MutableMapping[str, Any]
_Receive = Callable[[], Awaitable[_Message]]
_Send = Callable[[_Message], Awaitable[None]]
_App = Callable[[MutableMapping[str, Any], _Receive, _Send], Awaitable[None]]

_REFUSAL = b"This page answers at the address of its own machine only.\n"


class OwnHost:
    """An ASGI application around another, which sees only requests to `host` from its own pages.

    It doesn't see their `Origin`: Streamlit would look up this machine's address in the network to
    compare them.

    Args:
        app: The application.
        host: The address that the server listens on.
    """

    def __init__(self, app: _App, host: str) -> None:
        self.app = app
        self.host = host

    async def __call__(
        self, scope: MutableMapping[str, Any], receive: _Receive, send: _Send
    ) -> None:
        """Pass a request on, or refuse it with status 403.

        Args:
            scope: ASGI's description of the connection.
            receive: ASGI's function for the client's messages.
            send: ASGI's function for the answer.
        """
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
        elif is_own_request(_headers(scope), self.host):
            headers = [(name, value) for name, value in scope["headers"] if name != b"origin"]
            await self.app({**scope, "headers": headers}, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})
        else:
            headers = [(b"content-type", b"text/plain; charset=utf-8")]
            await send({"type": "http.response.start", "status": 403, "headers": headers})
            await send({"type": "http.response.body", "body": _REFUSAL})


def is_own_request(headers: Mapping[str, list[str]], host: str) -> bool:
    """Tell whether a request is to this machine, and not from a page of another.

    Args:
        headers: The values of each header, by its name in lower case.
        host: The address that the server listens on.

    Returns:
        Whether there is one `Host`, which is this machine's, and each `Origin` is the same.
    """
    asked = headers.get("host", [])
    if len(asked) != 1 or not _is_own_name(_name(f"//{asked[0]}"), host):
        return False
    return all(
        origin.lower() in (f"http://{asked[0].lower()}", f"https://{asked[0].lower()}")
        for origin in headers.get("origin", [])
    )


def _is_own_name(name: str, host: str) -> bool:
    """Whether no name server decides that `name` is this machine."""
    address, listening = _address(name), _address(host)
    if host == "localhost" or (listening is not None and listening.is_loopback):
        return name == "localhost" or (address is not None and address.is_loopback)
    names = (host.lower(), "localhost", socket.gethostname().lower())
    return address is not None or (bool(name) and name in names)


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None


def _name(url: str) -> str:
    try:
        parts = urlsplit(url)
        return "" if "@" in parts.netloc else (parts.hostname or "")
    except ValueError:
        return ""


def _headers(scope: Mapping[str, Any]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in scope["headers"]:
        found.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
    return found
