"""What holds a lock, a connection or threads has to begin anew in a forked process."""

from __future__ import annotations

import logging
import os
import weakref
from functools import cache
from typing import Protocol

logger = logging.getLogger(__name__)


class Forkable(Protocol):
    """Told in the child, before anything else runs there."""

    def after_fork(self) -> None:
        """Let go of what is the parent's."""


_TOLD: weakref.WeakSet[Forkable] = weakref.WeakSet()


def tell_after_fork(one: Forkable) -> None:
    """Call `one.after_fork()` in every process that is forked from now on, as long as it lives."""
    _watch_forks()
    _TOLD.add(one)


def go_on_with_one_thread() -> None:
    """In a child whose parent has used torch: its other threads are not here, and to wait for them
    would be to wait for ever.
    """
    import torch

    if torch.get_num_threads() > 1:
        torch.set_num_threads(1)
        logger.warning(
            "this process was forked after a model was loaded in torch, whose threads stayed "
            "behind: it goes on with one. Load the model after the fork for all of them"
        )


@cache
def _watch_forks() -> None:
    if hasattr(os, "register_at_fork"):  # not on Windows, which does not fork
        os.register_at_fork(after_in_child=_in_child)


def _in_child() -> None:
    for one in list(_TOLD):
        one.after_fork()
