"""How a setting is declared: once, with its name, type, default, help and place in the command.

    class Limits:
        top_k: Annotated[int | None, Setting("Keep at most this many sentences.")] = None

Dataclasses and pydantic models are declarations alike. The adapters inherit such a model's fields,
`cli.options` makes options of it, and the table in `docs/settings.md` is written from it. Standard
library only.
"""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints


@dataclass(frozen=True, slots=True)
class Setting:
    """What a declaration says of a setting, as metadata of its annotation.

    Attributes:
        help: One line for the command's help and the table of settings.
        flags: The names of the command's option; by default `--name-of-the-setting`.
        minimum: The least value that the command takes.
        maximum: The largest value that the command takes.
        in_command: Whether the command has an option for it.
    """

    help: str
    flags: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    in_command: bool = True


@dataclass(frozen=True, slots=True)
class DeclaredSetting:
    """A setting as its class declares it.

    Attributes:
        name: The field's name.
        type: Its type without metadata, such as `int | None`.
        default: Its default; `dataclasses.MISSING` if it has none.
        setting: What the declaration says of it.
    """

    name: str
    type: Any
    default: Any
    setting: Setting


def declared_settings(declaration: type) -> dict[str, DeclaredSetting]:
    """The settings that a class declares or inherits.

    Args:
        declaration: A dataclass or pydantic model, some of whose annotations carry a `Setting`.

    Returns:
        By name, in the order of the declaration.
    """
    found = {}
    for name, hint in get_type_hints(declaration, include_extras=True).items():
        for setting in _metadata(hint):
            if isinstance(setting, Setting):
                found[name] = DeclaredSetting(
                    name, plain_type(hint), _default(declaration, name), setting
                )
    return found


def plain_type(hint: Any) -> Any:
    """A type without `Annotated` metadata, at any depth.

    Args:
        hint: A type annotation.

    Returns:
        The type as the standard library knows it: `StrictInt | None` becomes `int | None`.
    """
    origin = get_origin(hint)
    if origin is Annotated:
        return plain_type(get_args(hint)[0])
    if origin in (Union, types.UnionType):
        return Union[tuple(plain_type(part) for part in get_args(hint))]  # noqa: UP007
    if origin in (tuple, list):
        return origin[tuple(plain_type(part) for part in get_args(hint))]
    return hint


def choices_of(hint: Any) -> tuple[str, ...]:
    """The values that a `Literal` type allows.

    Args:
        hint: A plain type, also a `Literal` or None.

    Returns:
        The values as strings; empty for a type that is no `Literal`.
    """
    for part in (hint, *get_args(hint)):
        if get_origin(part) is Literal:
            return tuple(map(str, get_args(part)))
    return ()


def _metadata(hint: Any) -> Iterator[Any]:
    if get_origin(hint) is Annotated:
        _, *metadata = get_args(hint)
        yield from metadata


def _default(declaration: type, name: str) -> Any:
    fields = getattr(declaration, "model_fields", None)
    if fields is not None:
        field = fields[name]
        return dataclasses.MISSING if field.is_required() else field.default
    if dataclasses.is_dataclass(declaration):  # with slots, the class attribute is a descriptor
        return next(f.default for f in dataclasses.fields(declaration) if f.name == name)
    return getattr(declaration, name, dataclasses.MISSING)
