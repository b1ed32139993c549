"""What a long run has asked for, and where it must stop. Standard library only."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from .._utils.checks import check_limit
from ..errors import BudgetError


@dataclass(frozen=True, slots=True)
class Usage:
    """requests: asked for, further attempts included; tokens: read and written by the model."""

    requests: int = 0
    input_tokens: int = 0
    output_tokens: int = 0

    @property
    def tokens(self) -> int:
        return self.input_tokens + self.output_tokens


class Meter:
    """Counts requests and tokens, and keeps them within a budget. Safe to share between threads.

    max_requests: a hard limit. max_tokens: no request begins once this many were read and written,
        so that the total exceeds it by at most what was under way. None for no limit.
    """

    def __init__(self, *, max_requests: int | None = None, max_tokens: int | None = None) -> None:
        self.max_requests = check_limit("max_requests", max_requests)
        self.max_tokens = check_limit("max_tokens", max_tokens)
        self._lock = threading.Lock()
        self._usage = Usage()

    @property
    def usage(self) -> Usage:
        """What was used so far."""
        return self._usage

    def admit(self, requests: int = 1) -> None:
        """Count requests that are about to be made. Raises `BudgetError` if there is no room."""
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
        """Count the tokens of a request that came back."""
        with self._lock:
            used = self._usage
            self._usage = Usage(
                used.requests, used.input_tokens + input_tokens, used.output_tokens + output_tokens
            )

    def __repr__(self) -> str:
        return (
            f"Meter({self.usage}, max_requests={self.max_requests}, max_tokens={self.max_tokens})"
        )
