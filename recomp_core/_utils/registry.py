"""Registers things by name: those of this package and those of other packages.

This package's things stand in the registry, one line each. Another package adds its own in its
`pyproject.toml`:

    [project.entry-points."recomp.selectors"]
    middle = "my_package.selectors:Middle"

A thing is imported at the first use of its name. Standard library only.
"""

from __future__ import annotations

import difflib
import sys
from collections.abc import Mapping
from importlib import import_module
from typing import Any


class Registry:
    """The things of one kind, by name.

    Attributes:
        kind: The kind in the singular, for errors, such as "selector".
        group: The group of entry points in which other packages add names, such as
            "recomp.selectors".
        ours: This package's own names, each with its "module:object".

    Args:
        kind: See above.
        group: See above.
        ours: See above.
    """

    def __init__(self, kind: str, group: str, ours: Mapping[str, str]) -> None:
        self.kind = kind
        self.group = group
        self.ours = dict(ours)

    def names(self) -> list[str]:
        """List all names: ours first, then those of other packages, sorted."""
        return [*self.ours, *sorted(self._theirs().keys() - self.ours.keys())]

    def load(self, name: str) -> Any:
        """Import the thing of a name.

        Args:
            name: One of `names()`.

        Returns:
            The registered object.

        Raises:
            ValueError: No thing of this kind has the name.
            ImportError: The object is registered, but it can't be imported.
        """
        target = self.ours.get(name) or self._theirs().get(name)
        if target is None:
            close = difflib.get_close_matches(str(name), self.names(), n=1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            raise ValueError(
                f"there is no {self.kind} {name!r}: choose one of "
                f"{', '.join(map(repr, self.names()))}, or register yours as an entry point of "
                f"the group {self.group!r}{hint}"
            )
        module, _, attribute = target.partition(":")
        try:
            return getattr(import_module(module), attribute)
        except (ImportError, AttributeError) as error:
            raise ImportError(
                f"the {self.kind} {name!r} is registered as {target}, which can't be imported: "
                f"{error}"
            ) from error

    def name_of(self, thing: object) -> str | None:
        """Find the name of an object.

        Args:
            thing: A class or function.

        Returns:
            Its name; None if it is not registered.
        """
        everything = {**self._theirs(), **self.ours}
        return next((name for name, place in everything.items() if _stands_at(thing, place)), None)

    def _theirs(self) -> dict[str, str]:
        from importlib.metadata import entry_points

        return {point.name: point.value for point in entry_points(group=self.group)}


def _stands_at(thing: object, target: str) -> bool:
    """Whether "module:object" means this thing; imports nothing."""
    if target == f"{getattr(thing, '__module__', '')}:{getattr(thing, '__qualname__', '')}":
        return True
    module, _, attribute = target.partition(":")  # a package may register what it exports
    return module in sys.modules and getattr(sys.modules[module], attribute, None) is thing
