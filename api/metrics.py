"""What the service counts: by route template, method and status; nothing about anybody."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram


class Metrics:
    """One application's counters, in a registry of their own, so that two applications in a process do not mix."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "passport_requests", "Requests answered", ["method", "route", "status"], registry=self.registry
        )
        self.seconds = Histogram(
            "passport_request_seconds", "Time to answer", ["method", "route"], registry=self.registry
        )
