"""The five metrics of the backend service.

Where each is counted: requests and their durations by `observability.flask`, the cache and the database calls in
`catalog.py`, processing times in `routes.py`.
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram

#: Seconds; from a cache hit (about a millisecond) to the time-outs of a database that does not answer.
_REQUEST_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
#: Seconds; business logic is computing only, so far shorter than a request.
_PROCESSING_BUCKETS = (0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.1)


class BackendMetrics:
    """Created in `registry`, once a process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.requests_total = Counter(
            "backend_requests_total", "Requests answered.", ["method", "endpoint", "status"], registry=registry
        )
        self.request_duration_seconds = Histogram(
            "backend_request_duration_seconds",
            "Time from request to answer.",
            ["endpoint"],
            buckets=_REQUEST_BUCKETS,
            registry=registry,
        )
        self.database_calls_total = Counter(
            "backend_database_calls_total",
            "Calls to the database service, by outcome (success, not_found, error, unavailable).",
            ["operation", "status"],
            registry=registry,
        )
        self.cache_operations_total = Counter(
            "backend_cache_operations_total", "Cache lookups (hit, miss).", ["operation"], registry=registry
        )
        self.processing_time_seconds = Histogram(
            "backend_processing_time_seconds",
            "Time the business logic took, without cache and database.",
            ["operation"],
            buckets=_PROCESSING_BUCKETS,
            registry=registry,
        )
