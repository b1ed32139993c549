"""Points in time after which a caller stops waiting. Standard library only."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable

from .._utils.checks import check_number


class Deadline:
    """A moment on a monotonic clock, `timeout_s` seconds from now.

    Attributes:
        timeout_s: How many seconds after its creation the deadline passes.
        clock: The clock, in seconds.

    Args:
        timeout_s: See above.
        clock: See above.
    """

    def __init__(self, timeout_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.timeout_s = timeout_s
        self.clock = clock
        self._end = clock() + timeout_s

    @property
    def left(self) -> float:
        """The seconds that are left; 0.0 after the deadline."""
        return max(0.0, self._end - self.clock())

    def at_least(self, seconds: float) -> Deadline:
        """Make a deadline that does not pass before so many seconds from now.

        Args:
            seconds: The seconds.

        Returns:
            A deadline at the same moment, or later.
        """
        return Deadline(max(self.left, seconds), self.clock)


def check_timeout(timeout_s: float | None) -> float | None:
    """Check that a timeout is a positive number of seconds.

    Args:
        timeout_s: The timeout; None, infinity and what no clock can wait for (more than 292 years)
            stand for no limit.

    Returns:
        The timeout itself; None for no limit.

    Raises:
        ValueError: The timeout is not a number, or not positive.
    """
    if timeout_s is None or timeout_s == math.inf:
        return None
    checked = check_number("timeout_s", timeout_s, above=0, unit="seconds")
    return None if checked > threading.TIMEOUT_MAX else checked
