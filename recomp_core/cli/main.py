"""The command `recomp`.

Exit codes: 0 all went well; 1 an error (a model, a file); 2 wrong usage; 3 finished, but some
records could not be read or compressed; 4 `evaluate --fail-under` was not met; 130 interrupted.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from .._version import __version__
from .options import EXIT_ERROR, EXIT_INTERRUPTED

if TYPE_CHECKING:
    from collections.abc import Mapping

# In the order of the help: the module of each command, and its name there.
_COMMANDS: Mapping[str, tuple[str, str]] = {
    "compress": (".compress", "compress"),
    "example": (".example", "example"),
    "label": (".label", "app"),
    "train": (".train", "app"),
    "evaluate": (".evaluate", "evaluate"),
    "compare": (".compare", "compare"),
    "calibrate": (".calibrate", "calibrate"),
    "demo": (".demo", "demo"),
    "index": (".index", "index"),
    "mcp": (".mcp", "mcp"),
}


class LazyCommands(TyperGroup):
    """Imports a command when it is asked for: the others' options cost its start nothing."""

    def list_commands(self, ctx: Any) -> list[str]:
        """List the commands.

        Args:
            ctx: The context of the call.

        Returns:
            Their names, in the order of the help.
        """
        del ctx
        return list(_COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Import a command.

        Args:
            ctx: The context of the call.
            cmd_name: Its name.

        Returns:
            The command; None if there is none of that name.
        """
        del ctx
        if cmd_name not in _COMMANDS:
            return None
        module, attribute = _COMMANDS[cmd_name]
        found = getattr(import_module(module, __package__), attribute)
        if not isinstance(found, typer.Typer):
            function, found = found, typer.Typer(add_completion=False)
            found.command()(function)
        command = typer.main.get_command(found)
        command.name = cmd_name
        return command


app = typer.Typer(
    name="recomp",
    cls=LazyCommands,
    help="Compress retrieved documents before they reach the prompt.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


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
