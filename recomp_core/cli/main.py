"""The command `recomp`.

Exit codes: 0 all went well; 1 an error (a model, a file); 2 wrong usage; 3 finished, but some
records could not be read or compressed; 4 `evaluate --fail-under` was not met; 130 interrupted.
What goes wrong is one line on standard error.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from .._version import __version__
from .messages import interruption_note
from .options import EXIT_ERROR, EXIT_INTERRUPTED

if TYPE_CHECKING:
    from collections.abc import Mapping

# The groups of the help, and in them each command's module and its name there.
_GROUPS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "Compress": {
        "compress": (".compress", "compress"),
        "index": (".index", "index"),
        "serve": (".serve", "serve"),
        "mcp": (".mcp", "mcp"),
    },
    "Try it": {
        "example": (".example", "example"),
        "demo": (".demo", "demo"),
        "doctor": (".doctor", "doctor"),
    },
    "Measure": {
        "evaluate": (".evaluate", "evaluate"),
        "compare": (".compare", "compare"),
        "calibrate": (".calibrate", "calibrate"),
    },
    "Train": {
        "label": (".label", "app"),
        "train": (".train", "app"),
    },
}
_COMMANDS = {
    name: (group, *place) for group, commands in _GROUPS.items() for name, place in commands.items()
}

# typer brings its own click, or imports one; what it raises is found by what it exports.
_UsageError: Any = typer.BadParameter.__bases__[0]
_ClickException: Any = _UsageError.__bases__[0]


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
        group, module, attribute = _COMMANDS[cmd_name]
        found = getattr(import_module(module, __package__), attribute)
        if not isinstance(found, typer.Typer):
            function, found = found, typer.Typer(add_completion=False)
            found.command()(function)
        command = typer.main.get_command(found)
        command.name = cmd_name
        command.rich_help_panel = group  # type: ignore[attr-defined]  # where the help shows it
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
    """The entry point: what goes wrong becomes one line on standard error, and an exit code."""
    try:
        code = app(prog_name="recomp", standalone_mode=False)
    except (KeyboardInterrupt, typer.Abort):
        code = EXIT_INTERRUPTED
    except BrokenPipeError:
        # The reader (head, less) has gone: not an error of ours.
        sys.stderr.close()
        sys.exit(0)
    except _ClickException as error:
        code = _say_usage(error)
    except (OSError, ValueError, TypeError, ImportError) as error:
        typer.echo(f"recomp: {error}", err=True)
        code = EXIT_ERROR
    if code == EXIT_INTERRUPTED:
        typer.echo(f"recomp: interrupted{interruption_note()}", err=True)
    sys.exit(code if isinstance(code, int) else 0)


def _say_usage(error: Any) -> int:
    """Say in one line what is wrong with the command line, and where its options stand."""
    message = " ".join(str(error.format_message()).split())
    message = message.replace(": Value error, ", ": ")  # how pydantic names its own kind of error
    path = getattr(getattr(error, "ctx", None), "command_path", "recomp")
    if message:  # without any, the help was shown
        typer.echo(f"{path}: {message.rstrip('.')}; see {path} --help", err=True)
    return int(error.exit_code)


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
