"""How a setting is declared: once, with its name, type, default, help and place in the command.

    @declaration
    class Limits:
        top_k: Annotated[Int | None, Setting("Keep at most this many sentences.")] = None

A pydantic model that inherits a declaration has its fields, and type checkers see them; `Int`,
`Float`, `Name` and `Checked` tell pydantic how to check a value without importing it here. Plain
dataclasses may carry a `Setting` too. `cli.options` makes options of declarations, and the tables
in `docs/settings.md` are written from them. Standard library only.
"""

from __future__ import annotations

import dataclasses
import inspect
import os
import sys
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

if sys.version_info >= (3, 11):
    from typing import dataclass_transform
else:
    from typing_extensions import dataclass_transform

_Class = TypeVar("_Class", bound=type)


@dataclass_transform(kw_only_default=True)
def declaration(cls: _Class) -> _Class:
    """Mark a class whose annotations declare settings, so that type checkers see its fields.

    Args:
        cls: The class; pydantic models inherit its annotations and defaults as fields.

    Returns:
        The class itself, unchanged.
    """
    return cls


@dataclass(frozen=True, slots=True)
class Checked:
    """Metadata of an annotation: pydantic passes each value through a function.

    Attributes:
        check: From the value to the value to keep; raises `ValueError` for one that cannot work.
    """

    check: Callable[[Any], Any]

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> dict[str, Any]:
        """The schema that pydantic asks metadata for."""
        function = {"type": "no-info", "function": self.check}
        return {"type": "function-after", "function": function, "schema": handler(source)}


class _Strict:
    """Metadata of an annotation: pydantic converts nothing, so that True or "3" is no number."""

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> dict[str, Any]:
        """The schema that pydantic asks metadata for."""
        return {**handler(source), "strict": True}


Int = Annotated[int, _Strict()]
"""A whole number, no bool."""

Float = Annotated[float, _Strict()]
"""A number, no bool."""

Name = Annotated[str | os.PathLike[str], Checked(os.fspath)]
"""A name or a folder; kept as a string, which can be written down."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What a declaration says of a setting, as metadata of its annotation.

    Attributes:
        help: One sentence for the command's help and the table of settings.
        unset: What None stands for, in a few words.
        flags: The names of the command's option; by default `--name-of-the-setting`.
        minimum: The least value that the command takes.
        maximum: The largest value that the command takes.
        in_command: Whether the command has an option for it.
    """

    help: str
    unset: str = ""
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


def declared_settings(declared_by: type) -> dict[str, DeclaredSetting]:
    """The settings that a class declares or inherits.

    Args:
        declared_by: A class, some of whose annotations carry a `Setting`.

    Returns:
        By name: the class's own in the order of their declaration, then those that it inherits.
    """
    hints = get_type_hints(declared_by, include_extras=True)
    names = dict.fromkeys(
        name for cls in declared_by.__mro__ for name in inspect.get_annotations(cls)
    )
    found = {}
    for name in names:
        for setting in _metadata(hints[name]):
            if isinstance(setting, Setting):
                found[name] = DeclaredSetting(
                    name, plain_type(hints[name]), _default(declared_by, name), setting
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


def _default(declared_by: type, name: str) -> Any:
    fields = getattr(declared_by, "__dataclass_fields__", None) or getattr(
        declared_by, "model_fields", {}
    )
    if name not in fields:
        return getattr(declared_by, name, dataclasses.MISSING)
    field = fields[name]
    if field.default_factory not in (None, dataclasses.MISSING):
        return field.default_factory()
    default = field.default
    return dataclasses.MISSING if type(default).__name__ == "PydanticUndefinedType" else default
