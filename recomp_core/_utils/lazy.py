"""Imports the modules of a package at the first use of their names. Standard library only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def lazy_names(
    package: str, where: Mapping[str, str], listed: list[str]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Build the `__getattr__` and `__dir__` of a package (PEP 562).

    Args:
        package: The name of the package.
        where: The module of each name, relative to the package, such as ".page".
        listed: The names that `dir` lists.

    Returns:
        The two functions.
    """

    def get(name: str) -> Any:
        if name in where:
            return getattr(import_module(where[name], package), name)
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    return get, lambda: sorted(listed)
