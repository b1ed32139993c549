"""Checks of what was given and of what is installed. Standard library only."""

from __future__ import annotations

from collections.abc import Sequence


def check_choice(name: str, value: object, choices: Sequence[str]) -> None:
    """Raise `ValueError` unless `value` is one of `choices`."""
    if value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(map(repr, choices))}, got {value!r}")


def require(module: str, extra: str, what: str) -> None:
    """Raise `ImportError` with the line that mends it unless `module` can be imported."""
    from importlib.util import find_spec

    if find_spec(module) is None:
        raise ImportError(f'{what} needs {module}: pip install "recomp[{extra}]"')
