"""The command `recomp demo`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from ..integration.fields import IndexerSettings
from .messages import set_up_messages
from .options import Verbose, takes_settings, wrong_usage

_LOCAL = ("127.0.0.1", "localhost", "::1")


@takes_settings("encoder", IndexerSettings, only=("model", "device", "lang"))
def demo(
    *,
    encoder: dict[str, Any],
    tokenizer: Annotated[
        str | None,
        typer.Option(
            help="The reader model's tokenizer, to count and pay with; default: the encoder's."
        ),
    ] = None,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Where the page is served.")] = 7860,
    host: Annotated[
        str, typer.Option(help="Who is let in: 127.0.0.1, this machine alone; 0.0.0.0, everybody.")
    ] = "127.0.0.1",
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Open the page in the browser.")
    ] = True,
    verbose: Verbose = False,
) -> None:
    """Try a compressor on a local page: paste, move the sliders, see what is kept.

    Nothing leaves this machine, and the page needs no network.
    """
    set_up_messages(verbose)
    from .._utils.checks import require
    from ..demo.serving import serve
    from ..demo.session import Session
    from ..persistence.factory import compressor_from_settings, load_token_counter

    require("streamlit", "demo", "recomp demo")
    count_tokens = None if tokenizer is None else load_token_counter(tokenizer)
    with wrong_usage(encoder):
        compressor = compressor_from_settings(**encoder)
    session = Session(
        compressor, count_tokens=count_tokens, model=encoder["model"], tokenizer=tokenizer
    )
    session.warm_up()
    if host not in _LOCAL:
        typer.echo(f"recomp: anyone who reaches {host}:{port} can use the page", err=True)
    typer.echo(f"recomp: the page is on http://{_shown(host)}:{port} (Ctrl+C ends it)", err=True)
    serve(session, host=host, port=port, open_browser=browser)


def _shown(host: str) -> str:
    if host in ("0.0.0.0", "::"):  # noqa: S104 - as a browser reaches it
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host
