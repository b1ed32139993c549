"""Selectors by name: the registry, their written form, and the form of a command or config.

A selector of another package needs no change here. It is a class, best a frozen dataclass, that
its package registers in `pyproject.toml`:

    [project.entry-points."recomp.selectors"]
    middle = "my_package.selectors:Middle"

It is then saved and loaded with a compressor as `{"type": "middle", **its fields}`, and
`parse_selector("middle:width=3")` makes one. A class whose fields are no plain values writes and
reads itself: see `SelfWritten`.
"""

from __future__ import annotations

import dataclasses
import inspect
import numbers
from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

from .._utils.registry import Registry
from .selection import All, Selector, check_selector

SELECTORS = Registry(
    "selector",
    "recomp.selectors",
    {
        "top_k": "recomp_core.extractive.selection:TopK",
        "top_p": "recomp_core.extractive.selection:TopP",
        "threshold": "recomp_core.extractive.selection:Threshold",
        "token_budget": "recomp_core.extractive.selection:TokenBudget",
        "all": "recomp_core.extractive.selection:All",
        "no_near_duplicates": "recomp_core.extractive.diversity:NoNearDuplicates",
        "mmr": "recomp_core.extractive.diversity:MMR",
    },
)
"""The names of all selectors: those of this package, and those that other packages register."""

# Selectors that need what a text of names and numbers can't hold, with the remedy.
_NOT_FROM_TEXT = {
    "token_budget": "it needs a function that counts tokens; give max_tokens instead",
    "all": 'join the selectors with "&" instead: "top_k:k=5 & threshold:min_score=0.3"',
}


@runtime_checkable
class SelfWritten(Protocol):
    """A selector that writes and reads its settings itself."""

    def to_dict(self) -> Mapping[str, object]:
        """Return the settings by name, without "type".

        Returns:
            Strings, numbers, booleans, None, selectors, and lists of these.
        """

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Selector:
        """Make the selector that `to_dict` wrote.

        Args:
            data: The settings by name. Selectors among them are made already; lists are tuples.

        Returns:
            The selector.
        """


def selector_to_dict(selector: Selector) -> dict[str, Any]:
    """Write a registered selector as JSON-ready data, as in `recomp_config.json`.

    Args:
        selector: An instance of a registered class: a dataclass, or one that is `SelfWritten`.

    Returns:
        `{"type": its name, **its settings}`.

    Raises:
        ValueError: The class is not registered, or a setting has no written form.
    """
    kind = type(selector)
    name = SELECTORS.name_of(kind)
    if name is None:
        raise ValueError(
            f"the selector {selector!r} can't be saved: TopK, TopP, Threshold, TokenBudget and "
            "their combinations can; pass your own to load_compressor(..., selector=), or register "
            f"it as an entry point of the group {SELECTORS.group!r}"
        )
    if isinstance(selector, SelfWritten):
        settings = selector.to_dict()
    elif dataclasses.is_dataclass(selector):
        settings = {
            field.name: _as_declared(field, getattr(selector, field.name))
            for field in dataclasses.fields(selector)
            if field.init
        }
    else:
        raise ValueError(
            f"the selector {selector!r} can't be saved: make {kind.__name__} a dataclass, or give "
            "it to_dict() and from_dict(data)"
        )
    return {
        "type": name,
        **{key: _written(f"{kind.__name__}'s {key}", value) for key, value in settings.items()},
    }


def selector_from_dict(data: Mapping[str, Any]) -> Selector:
    """Make the selector that `selector_to_dict` wrote.

    Args:
        data: `{"type": its name, **its settings}`.

    Returns:
        The selector.

    Raises:
        ValueError: The type is missing or not registered, or the settings do not fit it.
        ImportError: The type is registered, but its module can't be imported.
    """
    if not isinstance(data, Mapping) or not isinstance(data.get("type"), str):
        raise ValueError(f'a selector is written as {{"type": "top_k", "k": 2}}, got {data!r}')
    name = data["type"]
    kind = SELECTORS.load(name)
    try:
        settings = {key: _read(value) for key, value in data.items() if key != "type"}
        if hasattr(kind, "from_dict"):
            return check_selector(kind.from_dict(settings))
    except (KeyError, AttributeError, RecursionError) as error:
        raise ValueError(
            f"the settings of the selector {name!r} do not fit it: {type(error).__name__} {error}"
        ) from error
    _check_settings(name, kind, settings)
    return check_selector(kind(**settings))


def parse_selector(text: str) -> Selector:
    """Make a selector from one line of text, as a command or a config file holds it.

    Args:
        text: `"name"` or `"name:setting=value,setting=value"`; several of these with `&` between
            them admit what all admit. Values that look like numbers or booleans become such.

    Returns:
        The selector.

    Raises:
        ValueError: The text has another form, the name is not registered, or the settings do not
            fit the selector.
        ImportError: The name is registered, but its module can't be imported.

    Example:
        `parse_selector("top_k:k=5 & threshold:min_score=0.3")` is `TopK(5) & Threshold(0.3)`.
    """
    parts = [_parse_one(part.strip(), text) for part in text.split("&")]
    return parts[0] if len(parts) == 1 else All(*parts)


def _parse_one(part: str, text: str) -> Selector:
    name, colon, listed = part.partition(":")
    name = name.strip()
    if remedy := _NOT_FROM_TEXT.get(name):
        raise ValueError(f"the selector {text!r}: {name} can't be made from text: {remedy}")
    settings: dict[str, object] = {}
    for pair in listed.split(",") if colon else ():
        key, equals, value = (piece.strip() for piece in pair.partition("="))
        if not key or not equals or not value or key in settings or key == "type":
            raise ValueError(
                f"the selector {text!r}: {pair.strip()!r} must be a setting and its value, each "
                'setting once: write "top_k:k=2" or "top_p:p=0.6,temperature=0.1"'
            )
        settings[key] = _parse_value(value)
    return selector_from_dict({"type": name, **settings})


def _parse_value(text: str) -> object:
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    for number in (int, float):
        try:
            return number(text)
        except ValueError:
            continue
    return text


def _check_settings(name: str, kind: type, settings: Mapping[str, object]) -> None:
    """Raise `ValueError` for settings that the constructor does not take, or that it misses."""
    parameters = inspect.signature(kind).parameters.values()
    named = {p.name: p for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)}
    takes_any = any(p.kind is p.VAR_KEYWORD for p in parameters)
    if (unknown := settings.keys() - named.keys()) and not takes_any:
        raise ValueError(
            f"the selector {name!r} has no setting {', '.join(sorted(unknown))}: it has "
            f"{', '.join(named) or 'none'}"
        )
    missing = [key for key, p in named.items() if p.default is p.empty and key not in settings]
    if missing:
        raise ValueError(
            f"the selector {name!r} needs a value for {', '.join(missing)}: "
            f'"{name}:{",".join(f"{key}=…" for key in missing)}"'
        )


def _as_declared(field: dataclasses.Field[Any], value: object) -> object:
    # `Threshold(1)` is written as 1.0: the same selector is always the same text.
    is_number = isinstance(value, numbers.Real) and not isinstance(value, bool)
    return float(value) if is_number and field.type in (float, "float") else value  # type: ignore[arg-type]


def _written(what: str, value: object) -> Any:
    """A setting's value as JSON holds it; NumPy's numbers as Python's."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Real):
        return float(value)
    if isinstance(value, (list, tuple)):
        return [_written(what, item) for item in value]
    if isinstance(value, Selector):
        return selector_to_dict(value)
    raise ValueError(
        f"{what} can't be saved: {value!r} is not a string, number, boolean, None, selector or "
        "list of these; give its class to_dict() and from_dict(data)"
    )


def _read(value: object) -> object:
    if isinstance(value, list):
        return tuple(_read(item) for item in value)
    return selector_from_dict(value) if isinstance(value, Mapping) else value
