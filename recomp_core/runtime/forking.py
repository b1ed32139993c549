"""What holds a lock, a connection or threads has to begin anew in a forked process."""

from __future__ import annotations

import logging
import os
import sys
import threading
import weakref
from functools import cache
from typing import Any, Protocol

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


class ForkSafeLock:
    """A `threading.Lock` that is free in a forked process, whoever held it in the parent."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        tell_after_fork(self)

    def after_fork(self) -> None:
        """Free again."""
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *raised: Any) -> None:
        self._lock.release()


class _TorchThreads:
    """Those that torch works with. In a forked process all but one stayed in the parent, and to
    wait for them would be to wait for ever.
    """

    def __init__(self) -> None:
        self._stayed_behind = 0

    def after_fork(self) -> None:
        # At once, in the one thread that is here: all that it starts take over its number.
        torch = sys.modules.get("torch")
        if torch is not None and (threads := torch.get_num_threads()) > 1:
            torch.set_num_threads(1)
            self._stayed_behind = threads - 1

    def warn(self) -> None:
        if self._stayed_behind:
            self._stayed_behind = 0
            logger.warning(
                "this process was forked after a model was loaded in torch, whose threads stayed "
                "behind: it goes on with one. Load the model after the fork for all of them"
            )


_TORCH = _TorchThreads()


def torch_works_here() -> None:
    """To be called where a model of torch is taken in, and before it computes: a process that is
    forked afterwards goes on with one thread, and at its own first such call logs so.
    """
    tell_after_fork(_TORCH)
    _TORCH.warn()


@cache
def _watch_forks() -> None:
    if hasattr(os, "register_at_fork"):  # not on Windows, which does not fork
        os.register_at_fork(after_in_child=_in_child)


def _in_child() -> None:
    for one in list(_TOLD):
        one.after_fork()
