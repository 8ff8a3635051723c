"""How a service makes itself visible: metrics, logs and traces, in one small package.

    telemetry.py      one call: resource, tracer, logger, registry; returns `Telemetry`
    flask.py          a Flask app that is traced, counted, logged, and answers /health, /ready and /metrics
    operations.py     those three               request_metrics.py        the counter and the histogram of requests
    http_client.py    calls to another service, each attempt a span, always with a time-out
    postgresql.py, redis.py   statements and commands as spans     messages.py    the trace told in a message
    serving.py        runs the app with granian, in one or several worker processes
    asgi.py, asgi_serving.py   the same for apps that keep connections open     binding.py     takes a server's address
    metrics.py        registry, exemplars, exposition        logs.py, loki.py         JSON lines, batched to Loki
    tracing.py        provider and spans                     span_export.py           OTLP/JSON
    batching.py       the bounded queue behind logs and spans    self_metrics.py      what the pipeline says of itself
    clock.py          the time on spans and lines    status_lines.py      how the process is, as log lines
    switches.py       which flags change what of all that
    settings.py       a service's settings as one table          healthcheck.py       asks a service how it is

A service that has no PostgreSQL or Redis loads nothing of them. It imports nothing else of the lab. This folder also
holds the configuration of the real backends.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from observability.settings import Setting as Setting
    from observability.settings import read_settings as read_settings
    from observability.settings import serving_settings as serving_settings
    from observability.telemetry import Telemetry as Telemetry
    from observability.telemetry import setup as setup

_HOMES = {
    "Setting": "observability.settings",
    "read_settings": "observability.settings",
    "serving_settings": "observability.settings",
    "Telemetry": "observability.telemetry",
    "setup": "observability.telemetry",
}


def __getattr__(name: str) -> Any:
    # Loaded on first use: the parent of several workers only reads settings, and must stay small and
    # free of prometheus-client, which fixes its multiprocess mode when it is imported.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value
