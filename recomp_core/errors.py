"""What can go wrong beyond bad input. Standard library only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from .types import Compression


class ModelLoadError(OSError):
    """A model that is not there, is of the wrong kind, or is not what it was when it was saved."""


class BatchError(RuntimeError):
    """Some queries of a batch failed; `results` holds what the others gave.

    results: for each query, in order, its `Compression` or the exception that befell it.
    """

    def __init__(self, results: Sequence[Compression | Exception]) -> None:
        self.results = list(results)
        failed = [n for n, result in enumerate(self.results) if isinstance(result, Exception)]
        first = self.results[failed[0]]
        super().__init__(
            f"{len(failed)} of {len(self.results)} queries failed, the first at position "
            f"{failed[0]}: {type(first).__name__}: {first}"
        )


Reason = Literal[
    "cut",
    "refused",
    "filtered",
    "malformed",
    "invalid",
    "unauthorized",
    "quota",
    "timeout",
    "unavailable",
]


class EndpointError(RuntimeError):
    """An endpoint gave nothing that can be used.

    reason: "cut" (by the limit on its length, or on its way), "refused" by the model, "filtered" by
        the provider, "malformed" (not what the protocol says), "invalid" (the endpoint turned the
        request down: unknown model, prompt too long), "unauthorized", "quota" (used up, or too many
        requests), "timeout" or "unavailable".
    """

    def __init__(self, message: str, reason: Reason) -> None:
        super().__init__(message, reason)
        self.reason: Reason = reason

    def __str__(self) -> str:
        return str(self.args[0])


class SummaryError(EndpointError):
    """No summary came back."""


class BudgetError(RuntimeError):
    """A run has used up the requests or tokens that it was given; nothing finished is lost."""
