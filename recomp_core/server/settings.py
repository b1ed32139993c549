"""The server's limits, declared once: the command makes options of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from .._utils.checks import check_number, check_whole
from .._utils.settings import Float, Int, Setting, declaration


@declaration
@dataclass(frozen=True)
class ServerSettings:
    """What one request may ask for, and how many may be under way.

    Raises:
        ValueError: A limit is no number, or too small.
    """

    max_requests: Annotated[
        Int,
        Setting(
            "How many requests may be under way: being read, waiting or computed. One more is "
            "refused with status 429.",
            minimum=1,
        ),
    ] = 128
    timeout_s: Annotated[
        Float,
        Setting(
            "Seconds that a request may take, reading its body and waiting included.",
            flags=("--timeout",),
        ),
    ] = 30.0
    max_body_mb: Annotated[
        Float, Setting("The largest body of a request, in megabytes (of 1,000,000 bytes).")
    ] = 4.0
    max_documents: Annotated[Int, Setting("The most documents of one request.", minimum=1)] = 1_000
    max_characters: Annotated[
        Int,
        Setting("The most characters of one document. Reading it can't be interrupted.", minimum=1),
    ] = 500_000

    def __post_init__(self) -> None:
        for name in ("max_requests", "max_documents", "max_characters"):
            check_whole(name, getattr(self, name))
        check_number("timeout_s", self.timeout_s, above=0, below=86_400, unit="seconds")
        check_number("max_body_mb", self.max_body_mb, above=0, below=1_000, unit="megabytes")

    @property
    def max_body(self) -> int:
        """The largest body, in bytes."""
        return int(self.max_body_mb * 1_000_000)
