"""What Prometheus reads. Labels have few values: no path or name that a client chose."""

from __future__ import annotations

from typing import Any

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Metrics:
    """The figures of one application, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        own: dict[str, Any] = {"registry": self.registry}
        self._requests = Counter(
            "recomp_requests", "Requests answered.", ["endpoint", "status"], **own
        )
        self._seconds = Histogram(
            "recomp_request_seconds",
            "Seconds from a request's headers to the end of its answer.",
            ["endpoint"],
            buckets=_SECONDS,
            **own,
        )
        self.under_way = Gauge(
            "recomp_requests_under_way", "Requests being read, waiting or computed.", **own
        )
        self._documents = Counter("recomp_documents", "Documents read.", ["endpoint"], **own)
        self._characters = Counter(
            "recomp_characters", "Characters of documents.", ["endpoint", "side"], **own
        )
        self._outcomes = Counter("recomp_outcomes", "Compressions by outcome.", ["outcome"], **own)

    def answered(self, endpoint: str, status: int, seconds: float) -> None:
        """Count an answer.

        Args:
            endpoint: The endpoint's path; "other" for a path that there is not.
            status: The HTTP status; 499 for a client that left.
            seconds: How long it took.
        """
        self._requests.labels(endpoint, str(status)).inc()
        self._seconds.labels(endpoint).observe(seconds)

    def worked(self, endpoint: str, facts: dict[str, Any]) -> None:
        """Count what was done for a request.

        Args:
            endpoint: The endpoint's path.
            facts: "documents", "characters", "kept_characters" and "outcome", as far as known.
        """
        self._documents.labels(endpoint).inc(facts.get("documents", 0))
        self._characters.labels(endpoint, "given").inc(facts.get("characters", 0))
        if "kept_characters" in facts:
            self._characters.labels(endpoint, "kept").inc(facts["kept_characters"])
        for outcome, count in facts.get("outcomes", {}).items():
            self._outcomes.labels(outcome).inc(count)

    def text(self) -> bytes:
        """Write all figures in Prometheus's text format."""
        return generate_latest(self.registry)
