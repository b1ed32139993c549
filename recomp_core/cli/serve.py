"""The command `recomp serve`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from ..integration.fields import CompressorSettings
from ..server.settings import ServerSettings
from .options import Verbose, takes_settings

KEY_VARIABLE = "RECOMP_API_KEY"
_LOCAL = ("127.0.0.1", "localhost", "::1")


@takes_settings("limits", ServerSettings)
@takes_settings("settings", CompressorSettings)
def serve(
    *,
    host: Annotated[
        str, typer.Option(help="Who is let in: 127.0.0.1, this machine alone; 0.0.0.0, everybody.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port to listen on.")] = 8080,
    api_key_file: Annotated[
        Path | None,
        typer.Option(
            help="A file with the key that clients must send; default: the environment variable "
            f"{KEY_VARIABLE}, and no key where that is not set."
        ),
    ] = None,
    limits: dict[str, Any],
    settings: dict[str, Any],
    verbose: Verbose = False,
) -> None:
    """Serve compression and reranking over HTTP, in the protocols that clients already speak.

    Rerankers send to /v2/rerank (Cohere), /v1/rerank or /rerank (Jina, vLLM, TEI), compressors to
    /v1/compress, and LiteLLM's guardrail compresr to the address itself. /docs describes all.

    The log is one line of JSON per request on standard error; no text is in it.
    """
    from .._utils.checks import require

    for module in ("fastapi", "uvicorn", "prometheus_client"):
        require(module, "serve", "recomp serve")
    from ..persistence.factory import compressor_from_settings
    from ..server.logs import log, set_up_logs
    from ..server.run import listening_socket
    from ..server.run import serve as run

    checked = ServerSettings(**limits)
    key = _key(api_key_file)
    listening_socket(host, port).close()  # a port that is taken is told before the model loads
    set_up_logs(verbose)
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    compressor = compressor_from_settings(**settings)
    compressor.compress("Is the model ready?", ["It is.", "It answers its first question here."])
    if host not in _LOCAL and key is None:
        log("no key: anyone who reaches this address can use the server", 30, host=host, port=port)
    run(compressor, checked, host=host, port=port, api_key=key)


def _key(file: Path | None) -> str | None:
    """The key that clients must send; errors name where it was looked for, never the key."""
    key = os.environ.get(KEY_VARIABLE) if file is None else file.read_text("utf-8")
    if key is None:
        return None
    key = key.strip()
    if not key or not key.isprintable() or not key.isascii():
        where = KEY_VARIABLE if file is None else str(file)
        raise ValueError(f"{where} must hold a key of printable ASCII characters on one line")
    return key
