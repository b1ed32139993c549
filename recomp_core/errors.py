"""Errors other than those of bad arguments. Standard library only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from .types import Compression


class ModelLoadError(OSError):
    """A model is missing, is of the wrong kind, or was changed after it was saved."""


class BatchError(RuntimeError):
    """Some queries of a batch failed; `results` holds the compressions of the others.

    Attributes:
        results: One item per query, in order: its `Compression`, or the exception that it raised.

    Args:
        results: The same; at least one item must be an exception.
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
"""Why an endpoint returned nothing usable; see `EndpointError`."""


class EndpointError(RuntimeError):
    """An endpoint returned nothing usable.

    Attributes:
        reason: Why, as a word that code can compare.

            - `"cut"`: the reply ended early, at the limit on its length or in transit.
            - `"refused"`: the model refused to answer.
            - `"filtered"`: the provider filtered the reply.
            - `"malformed"`: the reply does not follow the protocol.
            - `"invalid"`: the endpoint rejected the request, as for an unknown model or a prompt
              that is too long.
            - `"unauthorized"`: the endpoint rejected the key.
            - `"quota"`: the quota is used up, or there were too many requests.
            - `"timeout"`: no reply came in time.
            - `"unavailable"`: the endpoint could not be reached, or it failed.

    Args:
        message: What went wrong and how to fix it.
        reason: See above.
    """

    def __init__(self, message: str, reason: Reason) -> None:
        super().__init__(message, reason)
        self.reason: Reason = reason

    def __str__(self) -> str:
        return str(self.args[0])


class SummaryError(EndpointError):
    """An endpoint returned no summary."""


class BudgetError(RuntimeError):
    """A run used up its budget of requests or tokens; its finished results are kept."""
