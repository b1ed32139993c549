"""A point in time after which nobody waits any more. Standard library only."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from .._utils.checks import check_number


class Deadline:
    """A moment on a monotonic clock, `timeout_s` seconds from now."""

    def __init__(self, timeout_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.timeout_s = timeout_s
        self.clock = clock
        self._end = clock() + timeout_s

    @property
    def left(self) -> float:
        """Seconds, 0.0 when it has passed."""
        return max(0.0, self._end - self.clock())


def check_timeout(timeout_s: float | None) -> float | None:
    """The timeout itself, None for no limit. Raises `ValueError` unless it is a positive number."""
    if timeout_s is None or timeout_s == math.inf:
        return None
    return check_number("timeout_s", timeout_s, above=0, unit="seconds")
