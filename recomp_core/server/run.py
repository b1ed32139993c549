"""Runs the application by uvicorn on this machine, until it is told to stop."""

from __future__ import annotations

import math
import signal
import socket
from types import FrameType

from .._utils.checks import require
from ..protocols import Compressor
from .logs import log
from .settings import ServerSettings

# After the last request's own time limit.
_GRACE_S = 5
# Longer than clients keep an idle connection: one that the server closes first may just be sending.
_IDLE_S = 75


def serve(
    compressor: Compressor,
    settings: ServerSettings | None = None,
    *,
    host: str = "127.0.0.1",
    port: int = 8080,
    api_key: str | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM; then requests under way finish, and new ones are refused.

    Args:
        compressor: What compresses and ranks.
        settings: The limits.
        host: The address to listen on; 127.0.0.1 admits this machine alone.
        port: The port to listen on; 0 for any that is free.
        api_key: The key that clients must send; None to serve everybody.

    Raises:
        ImportError: The extra `serve` is missing.
        OSError: The port is not free.
        ValueError: The key is blank.
    """
    for module in ("fastapi", "uvicorn", "prometheus_client"):
        require(module, "serve", "the server")
    import uvicorn

    from .app import create_app

    settings = settings or ServerSettings()
    app = create_app(compressor, settings, api_key=api_key)
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="off",
        ws="none",
        timeout_keep_alive=_IDLE_S,
        timeout_graceful_shutdown=math.ceil(settings.timeout_s) + _GRACE_S,
    )
    with listening_socket(host, port) as listener:
        # uvicorn stops at a signal and then raises it again, for handlers that were there before.
        before = {number: signal.signal(number, _stopped) for number in _SIGNALS}
        try:
            url = f"http://{f'[{host}]' if ':' in host else host}:{listener.getsockname()[1]}"
            log("listening", url=url, key=api_key is not None)
            uvicorn.Server(config).run(sockets=[listener])
            log("stopped")
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def listening_socket(host: str, port: int) -> socket.socket:
    """Open the socket that the server listens on.

    Args:
        host: The address.
        port: The port; 0 for any that is free.

    Returns:
        The socket.

    Raises:
        OSError: The port is not free, or there is no such address.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except (OSError, OverflowError) as error:
        raise OSError(
            f"can't listen on {host}:{port} ({error}): give another --port or --host"
        ) from error


_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def _stopped(number: int, frame: FrameType | None) -> None:
    del number, frame
