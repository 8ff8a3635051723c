"""Flags change what is seen of a service while it runs: the same ones in every service.

Where flags come from is the service's business, and so is what other flags change: see its own `switches.py`. A flag
that names another service leaves this one alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

import flask

from observability.flask import operations_of, request_metrics_of
from observability.http_client import ServiceClient
from observability.telemetry import Telemetry

#: A flag's parameters; empty when it is off.
Value = Mapping[str, Any]


class Flags(Protocol):
    """The part of feature flags that is needed here."""

    def on_change(self, name: str, listener: Callable[[Value], None]) -> None: ...


def follow_flags(flags: Flags, telemetry: Telemetry, app: flask.Flask, clients: Iterable[ServiceClient] = ()) -> None:
    """Let flags change the telemetry of the service from now on; `clients` are all that it calls others with."""
    operations, request_metrics = operations_of(app), request_metrics_of(app)
    clients = tuple(clients)

    def concerns_us(value: Value, otherwise: str) -> bool:
        """Whether the flag is on, and for this service; `otherwise` is the one that a flag means that names none."""
        return bool(value) and value.get("service", otherwise) == telemetry.service

    def set_clock(value: Value) -> None:
        telemetry.clock.shift(value.get("seconds", 15.0) if concerns_us(value, "database") else 0.0)

    def set_sampling(value: Value) -> None:
        telemetry.sample(value.get("share", 0.05) if concerns_us(value, "backend") else 1.0)

    def set_correlation(value: Value) -> None:
        telemetry.logger.correlated = not concerns_us(value, "backend")

    def set_status_lines(value: Value) -> None:
        if concerns_us(value, "backend"):
            telemetry.status_lines.every(1 / value.get("lines_per_second", 200))
        else:
            telemetry.status_lines.stop()

    def set_metrics_endpoint(value: Value) -> None:
        operations.metrics_available = not concerns_us(value, "backend")

    def set_endpoint_labels(value: Value) -> None:
        request_metrics.label_paths(value.get("paths", 300) if concerns_us(value, "frontend") else 0)

    def set_propagation(value: Value) -> None:
        for client in clients:
            client.propagation = not concerns_us(value, "frontend")

    flags.on_change("clock-offset", set_clock)
    flags.on_change("trace-sampling", set_sampling)
    flags.on_change("log-correlation", set_correlation)
    flags.on_change("status-lines", set_status_lines)
    flags.on_change("metrics-endpoint", set_metrics_endpoint)
    flags.on_change("endpoint-labels", set_endpoint_labels)
    flags.on_change("trace-context", set_propagation)
