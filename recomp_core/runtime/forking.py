"""Resets locks, connections and threads in a forked process. Standard library only."""

from __future__ import annotations

import logging
import os
import sys
import threading
import weakref
from functools import cache
from typing import Protocol

logger = logging.getLogger(__name__)


class Forkable(Protocol):
    """An object that a forked process must reset."""

    def after_fork(self) -> None:
        """Drop what belongs to the parent; called in the child before anything else runs there."""


_REGISTERED: weakref.WeakSet[Forkable] = weakref.WeakSet()


def tell_after_fork(one: Forkable) -> None:
    """Call `one.after_fork()` in every process that is forked from now on.

    Args:
        one: The object. It is held weakly: registering does not keep it alive.
    """
    _watch_forks()
    _REGISTERED.add(one)


class ForkSafeLock:
    """A `threading.Lock` that is free in a forked process even if the parent held it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        tell_after_fork(self)

    def after_fork(self) -> None:
        """Free the lock."""
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *raised: object) -> None:
        self._lock.release()


class _TorchThreads:
    """The threads of torch: all but one stay in the parent, and a child must not wait for them."""

    def __init__(self) -> None:
        self._stayed_behind = 0

    def after_fork(self) -> None:
        # Now, in the only thread of the child: the threads that it starts take over its number.
        torch = sys.modules.get("torch")
        if torch is not None and (threads := torch.get_num_threads()) > 1:
            torch.set_num_threads(1)
            self._stayed_behind = threads - 1

    def warn(self) -> None:
        if self._stayed_behind:
            self._stayed_behind = 0
            logger.warning(
                "this process was forked after torch loaded a model, and torch's threads stayed in "
                "the parent: torch now uses one thread. Load the model after the fork to use more"
            )


_TORCH = _TorchThreads()


def torch_works_here() -> None:
    """Prepare torch for forks; call it when a torch model is loaded, and before it computes.

    A process that is forked later uses one thread of torch, and its first call of this function
    logs a warning.
    """
    tell_after_fork(_TORCH)
    _TORCH.warn()


@cache
def _watch_forks() -> None:
    if hasattr(os, "register_at_fork"):  # Windows has no forks
        os.register_at_fork(after_in_child=_in_child)


def _in_child() -> None:
    for one in list(_REGISTERED):
        one.after_fork()
