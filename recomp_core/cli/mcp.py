"""The command `recomp mcp`."""

from __future__ import annotations

import logging
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer

from ..integration.fields import CompressorSettings
from .messages import set_up_messages
from .options import Verbose, takes_settings, wrong_usage

_LOCAL = ("127.0.0.1", "localhost", "::1")
DEFAULT_TOKENS = 500
_LIMITS = ("top_k", "top_p", "min_score", "max_tokens", "selector")


class Transport(str, Enum):
    """How the client talks to the server."""

    stdio = "stdio"
    http = "http"


@takes_settings("settings", CompressorSettings)
def mcp(
    *,
    root: Annotated[
        list[Path] | None,
        typer.Option(
            help="A folder whose files the client may have compressed; repeat it for more. Without "
            "one there is no tool for files."
        ),
    ] = None,
    transport: Annotated[
        Transport,
        typer.Option(help="stdio, for a client that starts the server; http, at /mcp."),
    ] = Transport.stdio,
    host: Annotated[str, typer.Option(help="With http: the address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="With http: the port.")] = 8000,
    timeout: Annotated[
        float, typer.Option(help="Seconds that a call may take; then the best so far comes out.")
    ] = 60.0,
    recovery: Annotated[
        int,
        typer.Option(
            min=0,
            help="Memory for what calls leave out, in bytes, which the tool read_dropped returns; "
            "0 keeps nothing.",
        ),
    ] = 16_000_000,
    settings: dict[str, Any],
    verbose: Verbose = False,
) -> None:
    """Serve agents over the Model Context Protocol: compress texts and files for a question.

        recomp mcp --root docs

    A call may give max_tokens or top_k. One that gives neither keeps what the options here say, by
    default 500 tokens.
    """
    set_up_messages(verbose)
    logging.getLogger("recomp_core").propagate = False  # the SDK shows what reaches the root
    from .._utils.checks import require

    require("mcp", "mcp", "recomp mcp")
    if root and host not in _LOCAL and transport is Transport.http:
        raise typer.BadParameter(
            f"whoever reaches {host} could read the files below {root[0]}: serve files at "
            "127.0.0.1 only",
            param_hint="--root",
        )
    from ..extractive.compressor import DEFAULT_SELECTOR
    from ..mcp_server import AllowedFiles, Tools, create_server, run
    from ..persistence.factory import compressor_from_settings

    try:
        files = AllowedFiles(root) if root else None
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--root") from None
    with wrong_usage(settings):
        compressor = compressor_from_settings(**settings, recovery=recovery or None)
    # Two sentences are little for an agent; a model that was saved with other limits keeps them.
    unlimited = all(settings[name] is None for name in _LIMITS) and (
        getattr(compressor, "selector", None) == DEFAULT_SELECTOR
    )
    tools = Tools(
        compressor,
        files=files,
        max_tokens=DEFAULT_TOKENS if unlimited else None,
        timeout_s=timeout,
    )
    if transport is Transport.http:
        typer.echo(f"recomp: http://{host}:{port}/mcp", err=True)
    run(
        create_server(tools, host=host, port=port),
        http=transport is Transport.http,
        host=host,
        port=port,
    )
