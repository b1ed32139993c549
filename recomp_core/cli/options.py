"""Options that several commands share, and options made of declared settings."""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import typer

from .._utils.settings import DeclaredSetting, Setting, choices_of, declared_settings

Documents = Annotated[
    int | None, typer.Option(min=1, help="Take only the first documents of each question.")
]
Retriever = Annotated[
    str | None,
    typer.Option(help="Retrieve the documents: module:object of a LangChain or LlamaIndex one."),
]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Log what happens.")]

EXIT_ERROR, EXIT_PARTLY, EXIT_INTERRUPTED = 1, 3, 130
"""Exit codes, see `cli.main`."""


class EngineName(str, Enum):
    """Where records are worked on: in this process, or by Ray."""

    local = "local"
    ray = "ray"


# What typer reads from a word of the shell.
_SHELL_TYPES = (bool, int, float, str, Path)

_Command = TypeVar("_Command", bound=Callable[..., None])


def takes_settings(
    parameter: str,
    declaration: type,
    *,
    only: Collection[str] | None = None,
    without: Collection[str] = (),
    unset: bool = False,
    choices: bool = False,
    prefix: str = "",
) -> Callable[[_Command], _Command]:
    """Give a command one option for each setting that a class declares.

        @app.command()
        @takes_settings("settings", CompressorSettings)
        def compress(files: list[str], settings: dict[str, Any]) -> None: ...

    Args:
        parameter: The command's parameter that receives the settings, a dict by name. Its place in
            the signature is that of the options in the help.
        declaration: A dataclass or pydantic model whose annotations carry a `Setting`.
        only: The settings to take; None for all that have a place in the command.
        without: Settings to leave out.
        unset: Whether an option that is not given is None instead of the setting's default.
        choices: Whether the command itself shows the words of a `Literal` and refuses others as
            wrong usage; otherwise the code that uses the setting checks it.
        prefix: Goes before the options' names, such as "teacher_" for `--teacher-model`; settings
            that declare their flags keep them.

    Returns:
        A decorator; the decorated function has the signature that typer reads.
    """
    settings = {
        name: declared
        for name, declared in declared_settings(declaration).items()
        if name not in without and (declared.setting.in_command if only is None else name in only)
    }

    def decorate(command: _Command) -> _Command:
        hints = get_type_hints(command, include_extras=True)
        parameters: list[inspect.Parameter] = []
        for own in inspect.signature(command).parameters.values():
            if own.name == parameter:
                parameters += [
                    _option(declared, unset, choices, prefix) for declared in settings.values()
                ]
            else:
                annotation = hints.get(own.name, own.annotation)
                parameters.append(own.replace(annotation=annotation, kind=own.KEYWORD_ONLY))

        def run(**given: Any) -> None:
            values = {name: given.pop(prefix + name) for name in settings}
            plain = {n: v.value if isinstance(v, Enum) else v for n, v in values.items()}
            command(**given, **{parameter: plain})

        run.__name__ = command.__name__
        run.__doc__ = command.__doc__
        run.__module__ = command.__module__
        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {own.name: own.annotation for own in parameters}
        return run  # type: ignore[return-value]

    return decorate


@contextmanager
def wrong_usage(settings: Mapping[str, Any]) -> Iterator[None]:
    """Report settings that cannot work as wrong usage, which names the option.

    What can't be loaded stays an error of the work: it is an `OSError` or an `ImportError`.

    Args:
        settings: The command's settings by name; None stands for not given.

    Raises:
        typer.BadParameter: A `ValueError` or `TypeError` was raised within.
    """
    try:
        yield
    except (ValueError, TypeError) as error:
        message = str(error)
        hint = _option_in(message, {n: v for n, v in settings.items() if v is not None})
        raise typer.BadParameter(message, param_hint=hint) from error


def _option_in(message: str, given: Mapping[str, Any]) -> str | None:
    """The option that a message is about: the first that it names, or whose value it shows."""
    for found in (
        {name: re.search(rf"\b{name}\b", message) for name in given},
        {name: re.search(rf"(?<![\w.]){re.escape(repr(value))}(?![\w.])", message)
         for name, value in given.items()},
    ):  # fmt: skip
        places = {name: match.start() for name, match in found.items() if match}
        if places:
            return f"--{min(places, key=lambda name: places[name]).replace('_', '-')}"
    return None


def _option(
    declared: DeclaredSetting, unset: bool, choices: bool, prefix: str
) -> inspect.Parameter:
    setting = declared.setting
    name = prefix + declared.name
    flags = setting.flags or (f"--{name.replace('_', '-')}",)
    default = None if unset else declared.default
    kind = _choice_type(declared) if choices else None
    kind = kind or _shell_type(declared.type)
    if bool in (declared.type, *get_args(declared.type)) and not setting.flags:
        flags = (f"{flags[0]}/--no-{flags[0].removeprefix('--')}",)
    option = typer.Option(*flags, min=setting.minimum, max=setting.maximum, help=_help(setting))
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        default=inspect.Parameter.empty if default is dataclasses.MISSING else default,
        annotation=Annotated[kind | None if unset else kind, option],
    )


def _help(setting: Setting) -> str:
    if not setting.unset:
        return setting.help
    return f"{setting.help.removesuffix('.')}; default: {setting.unset}."


def _choice_type(declared: DeclaredSetting) -> Any:
    """An enumeration of the words of a `Literal`, which typer shows and checks."""
    words = choices_of(declared.type)
    if not words:
        return None
    enumeration: Any = Enum  # mypy reads the functional form with literal names only
    kind = enumeration(declared.name, {word: word for word in words})
    return kind | None if type(None) in get_args(declared.type) else kind


def _shell_type(hint: Any) -> Any:
    """The type that a shell's word is read as; text for what a shell has no form for."""
    if choices_of(hint):
        literal = next(p for p in (hint, *get_args(hint)) if get_origin(p) is Literal)
        return str if literal is hint else str | None
    if get_origin(hint) is Union:
        parts = [part for part in get_args(hint) if part is not type(None)]
        if get_origin(parts[0]) not in (None, tuple):  # a sequence: an option for each
            return list[str] | None
        readable = parts[0] in _SHELL_TYPES or get_origin(parts[0]) is not None
        kind = parts[0] if readable and str not in parts else str
        return kind | None if type(None) in get_args(hint) else kind
    return hint
