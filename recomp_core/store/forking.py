"""What holds a lock or a connection has to begin anew in a forked process."""

from __future__ import annotations

import os
import weakref
from typing import Protocol


class Forkable(Protocol):
    """Told in the child, before anything else runs there."""

    def after_fork(self) -> None:
        """Let go of what is the parent's."""


_TOLD: weakref.WeakSet[Forkable] = weakref.WeakSet()


def tell_after_fork(one: Forkable) -> None:
    """Call `one.after_fork()` in every process that is forked from now on, as long as it lives."""
    _TOLD.add(one)


def _in_child() -> None:
    for one in list(_TOLD):
        one.after_fork()


if hasattr(os, "register_at_fork"):  # not on Windows, which does not fork
    os.register_at_fork(after_in_child=_in_child)
