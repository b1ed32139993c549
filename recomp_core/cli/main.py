"""The command `recomp`.

Exit codes: 0 all went well; 1 an error (a model, a file); 2 wrong usage; 3 finished, but some
records could not be read or compressed; 4 `evaluate --fail-under` was not met; 130 interrupted.
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from .._version import __version__
from .calibrate import calibrate
from .compare import compare
from .compress import compress
from .demo import demo
from .evaluate import evaluate
from .example import example
from .index import index
from .label import app as label_app
from .options import EXIT_ERROR, EXIT_INTERRUPTED
from .train import app as train_app

app = typer.Typer(
    name="recomp",
    help="Compress retrieved documents before they reach the prompt.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

app.command()(compress)
app.command()(example)
app.add_typer(label_app, name="label")
app.add_typer(train_app, name="train")
app.command()(evaluate)
app.command()(compare)
app.command()(calibrate)
app.command()(demo)
app.command()(index)


def main() -> None:
    """The entry point: errors of the work become one line on standard error."""
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)
    except BrokenPipeError:
        # The reader (head, less) has gone: not an error of ours.
        sys.stderr.close()
        sys.exit(0)
    except (OSError, ValueError, TypeError, ImportError) as error:
        typer.echo(f"recomp: {error}", err=True)
        sys.exit(EXIT_ERROR)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"recomp {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    del version
