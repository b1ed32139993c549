"""Names to the things that they stand for: ours, and those that other packages add.

Ours stand in the registry, one line each. A package of yours adds its own in its `pyproject.toml`:

    [project.entry-points."recomp.selectors"]
    middle = "my_package.selectors:Middle"

Nothing is imported until a name is asked for. Standard library only.
"""

from __future__ import annotations

import difflib
import sys
from collections.abc import Mapping
from importlib import import_module
from typing import Any


class Registry:
    """What a kind of name may stand for.

    Args:
        kind: What the names name, in the singular, for errors: "selector".
        group: The group of entry points by which other packages add names: "recomp.selectors".
        ours: This package's own names, each with its "module:object".
    """

    def __init__(self, kind: str, group: str, ours: Mapping[str, str]) -> None:
        self.kind = kind
        self.group = group
        self.ours = dict(ours)

    def names(self) -> list[str]:
        """All names: ours first, then those of other packages, sorted."""
        return [*self.ours, *sorted(self._theirs().keys() - self.ours.keys())]

    def load(self, name: str) -> Any:
        """The thing that a name stands for.

        Args:
            name: One of `names()`.

        Returns:
            The object that the registration points to, imported now.

        Raises:
            ValueError: Nothing of this kind has that name.
            ImportError: The object is registered but can't be imported.
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
        """The name under which an object is registered; None if it is not."""
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
