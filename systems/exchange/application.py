"""What every service of the exchange has in common: how it becomes visible, and how its requests are counted."""

from __future__ import annotations

import atexit
from collections.abc import Callable, Mapping
from multiprocessing.util import Finalize

from flask import Flask
from prometheus_client import Counter, Histogram

from observability import Telemetry, setup
from observability.flask import create_flask_app
from observability.operations import Check

#: Seconds; from an answer out of memory to the time-outs of what a service waits for.
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0, 2.5, 5.0)


def start_telemetry(service: str, environ: Mapping[str, str]) -> Telemetry:
    """The service as part of the exchange. Raises ValueError that names the variable that cannot be used."""
    return setup(service, namespace="exchange", version="1.0.0", environ=environ)


def create_exchange_app(
    import_name: str,
    telemetry: Telemetry,
    *,
    span_names: Mapping[str, str],
    readiness: Mapping[str, Check] | None = None,
) -> Flask:
    """A Flask app as `create_flask_app` makes it, counting into `http_requests_total`,
    `http_request_duration_seconds` and `http_errors_total`; the arguments are its."""
    registry = telemetry.registry
    return create_flask_app(
        import_name,
        telemetry,
        span_names=span_names,
        requests_total=Counter(
            "http_requests_total", "Requests answered.", ["method", "endpoint", "status"], registry=registry
        ),
        request_duration_seconds=Histogram(
            "http_request_duration_seconds",
            "Time from request to answer.",
            ["endpoint"],
            buckets=_BUCKETS,
            registry=registry,
        ),
        errors_total=Counter("http_errors_total", "Errors answered, by their type.", ["type"], registry=registry),
        readiness=readiness,
    )


def stop_at_end(stop: Callable[[], None]) -> None:
    """Call it when the process ends, before its telemetry and its flags do."""
    # A worker process of the server ends through multiprocessing, which does not run atexit's functions.
    Finalize(None, stop, exitpriority=20)
    atexit.register(stop)
