"""The page's server on this machine: Streamlit, without anything that would use the network."""

from __future__ import annotations

import socket
from pathlib import Path

from .._utils.checks import require
from .models import Models
from .session import Session

PAGE = Path(__file__).with_name("page.py")
APP = Path(__file__).with_name("app.py")
MAX_UPLOAD = 5  # megabytes

# Streamlit runs the page as a script without arguments in this process, and takes its session here.
_served: list[Models] = []


def put(shown: Session | Models) -> None:
    """Set what the page shows.

    Args:
        shown: A session, or one with the models beside it.
    """
    _served[:] = [Models(shown) if isinstance(shown, Session) else shown]


def served() -> Models:
    """Return what the page shows: the bundled encoder, if nothing else was put.

    Returns:
        The models.
    """
    if not _served:
        from ..persistence.factory import compressor_from_settings

        put(Session(compressor_from_settings()))
    return _served[0]


def serve(
    shown: Session | Models,
    *,
    host: str = "127.0.0.1",
    port: int = 7860,
    open_browser: bool = True,
) -> None:
    """Serve the page until it is interrupted.

    Args:
        shown: What the page shows: a session, or one with the models beside it.
        host: The address to listen on; 127.0.0.1 admits this machine alone. The page has no
            password. It answers only where it is called by this machine's address or name.
        port: The port to listen on.
        open_browser: Whether to show the page in the user's browser.

    Raises:
        ImportError: Streamlit is missing.
        OSError: The port is not free.
    """
    require("streamlit", "demo", "the demo")
    _check_port(host, port)
    from streamlit.web.cli import main

    put(shown)
    main(["run", str(APP), *flags(host, port, open_browser)], standalone_mode=False)


def flags(host: str, port: int, open_browser: bool) -> list[str]:
    """Write Streamlit's settings as arguments, which take precedence over the user's own files.

    Args:
        host: The address to listen on.
        port: The port to listen on.
        open_browser: Whether to show the page in the user's browser.

    Returns:
        The arguments.
    """
    shown = "localhost" if host in ("", "0.0.0.0", "::") else host  # noqa: S104 - compared only
    settings = {
        "server.address": host,
        # Without it, Streamlit asks a server in the network for this machine's address.
        "browser.serverAddress": f"[{shown}]" if ":" in shown else shown,
        "server.port": port,
        "server.headless": not open_browser,
        "server.showEmailPrompt": False,
        "server.fileWatcherType": "none",
        "server.maxUploadSize": MAX_UPLOAD,
        "browser.gatherUsageStats": False,
        "client.toolbarMode": "minimal",
        "client.showErrorDetails": "none",
        "logger.hideWelcomeMessage": True,
        "runner.magicEnabled": False,
    }
    return [f"--{name}={str(value).lower()}" for name, value in settings.items()]


def _check_port(host: str, port: int) -> None:
    """Raise `OSError` if the port is not free."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except (OSError, OverflowError) as error:
            raise OSError(
                f"can't listen on {host}:{port} ({error}): give another --port or --host"
            ) from error
