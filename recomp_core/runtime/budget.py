"""Counts the requests and tokens of a long run and keeps them within a budget.

Standard library only. Written by hand: rate limiters count requests per time, not the tokens that a
whole run may use.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

from .._utils.checks import check_limit, check_whole
from ..errors import BudgetError


@dataclass(frozen=True, slots=True)
class Usage:
    """What a run has used so far.

    Attributes:
        requests: The number of requests, retries included.
        input_tokens: The tokens that the model read.
        output_tokens: The tokens that the model wrote.
    """

    requests: int = 0
    input_tokens: int = 0
    output_tokens: int = 0

    @property
    def tokens(self) -> int:
        """The tokens that the model read and wrote."""
        return self.input_tokens + self.output_tokens


class Meter:
    """Counts requests and tokens and keeps them within a budget; threads may share it.

    Attributes:
        max_requests: The largest number of requests; None for no limit.
        max_tokens: No request begins after this many tokens were read and written; None for no
            limit. The total can exceed it by the tokens of the requests then under way.

    Args:
        max_requests: See above.
        max_tokens: See above.

    Raises:
        ValueError: A limit is neither None nor a whole number of at least 1.
    """

    def __init__(self, *, max_requests: int | None = None, max_tokens: int | None = None) -> None:
        self.max_requests = check_limit("max_requests", max_requests)
        self.max_tokens = check_limit("max_tokens", max_tokens)
        self._lock = threading.Lock()
        self._usage = Usage()

    @property
    def usage(self) -> Usage:
        """What the run has used so far."""
        return self._usage

    def admit(self, requests: int = 1) -> None:
        """Count requests before they are sent.

        Args:
            requests: How many.

        Raises:
            BudgetError: The budget has no room for them.
        """
        with self._lock:
            used = self._usage
            if self.max_requests is not None and used.requests + requests > self.max_requests:
                raise BudgetError(f"the budget of max_requests={self.max_requests} is used up")
            if self.max_tokens is not None and used.tokens >= self.max_tokens:
                raise BudgetError(
                    f"the budget of max_tokens={self.max_tokens} is used up: {used.tokens} were "
                    "read and written"
                )
            self._usage = Usage(used.requests + requests, used.input_tokens, used.output_tokens)

    def add(self, *, input_tokens: int = 0, output_tokens: int = 0) -> None:
        """Count the tokens of a finished request.

        Args:
            input_tokens: The tokens that the model read.
            output_tokens: The tokens that the model wrote.

        Raises:
            ValueError: A number is negative or not whole; what was counted stays counted.
        """
        check_whole("input_tokens", input_tokens, at_least=0)
        check_whole("output_tokens", output_tokens, at_least=0)
        with self._lock:
            used = self._usage
            self._usage = Usage(
                used.requests, used.input_tokens + input_tokens, used.output_tokens + output_tokens
            )

    def __repr__(self) -> str:
        return (
            f"Meter({self.usage}, max_requests={self.max_requests}, max_tokens={self.max_tokens})"
        )


# No model reads or writes as many tokens in one request.
_MOST_TOKENS = 10_000_000


def plausible_tokens(reported: object, estimated: int) -> int:
    """Check what a server says of the tokens that it read or wrote.

    Args:
        reported: The number that it gave, or whatever came in its place.
        estimated: An estimate from the text itself.

    Returns:
        The server's number if it can be true: whole, at least a quarter of the estimate, and no
        more than any model takes. Otherwise the estimate.
    """
    if not isinstance(reported, int) or isinstance(reported, bool):
        return estimated
    return reported if estimated // 4 <= reported <= _MOST_TOKENS else estimated
