"""What one part of the torture suite found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Outcome:
    """One line of the table.

    Attributes:
        name: What was tried, in a few words.
        tried: How often.
        survived: How often it went as promised.
        worst: The worst figure that was seen, with its unit, or empty.
        failures: What went wrong, each in one line.
    """

    name: str
    tried: int = 0
    survived: int = 0
    worst: str = ""
    failures: list[str] = field(default_factory=list)

    def count(self, failure: str | None = None) -> None:
        """Counts one attempt.

        Args:
            failure: What went wrong, None if nothing did.
        """
        self.tried += 1
        if failure is None:
            self.survived += 1
        else:
            self.failures.append(failure)

    def attempt(self, what: str, check: Callable[[], object]) -> None:
        """Counts one check, which fails by an exception.

        Args:
            what: Names the attempt in a failure.
            check: Called once.
        """
        try:
            check()
        except Exception as error:  # a failure is a result here, whatever its class
            self.count(f"{what}: {type(error).__name__}: {error}"[:500])
        else:
            self.count()
