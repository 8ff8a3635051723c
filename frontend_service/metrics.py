"""The four metrics of the frontend service.

Where each is counted: requests, durations and errors by `observability.flask`, active users in `visitors.py`.
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

#: Seconds; from a cache hit (a few milliseconds) to the time-outs of a backend that does not answer.
_REQUEST_BUCKETS = (0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class FrontendMetrics:
    """Created in `registry`, once a process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.requests_total = Counter(
            "frontend_requests_total", "Requests answered.", ["method", "endpoint", "status"], registry=registry
        )
        self.request_duration_seconds = Histogram(
            "frontend_request_duration_seconds",
            "Time from request to answer.",
            ["endpoint"],
            buckets=_REQUEST_BUCKETS,
            registry=registry,
        )
        self.active_users = Gauge(
            "frontend_active_users",
            "Distinct visitors, real and simulated, seen in the last 30 seconds.",
            registry=registry,
            # Every worker process knows the visitors of all (`visitors.py`).
            multiprocess_mode="livemax",
        )
        self.errors_total = Counter("frontend_errors_total", "Error answers, by type.", ["type"], registry=registry)
