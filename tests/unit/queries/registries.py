"""Prints, as JSON, which metrics the services and the load test register, and their labels.

A process of its own, because making the services starts threads and instruments libraries.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.metrics import MetricWrapperBase

from docs.reference import SERVICES
from observability import setup

#: Nothing is sent anywhere, and nobody visits.
QUIET = {"OTEL_TRACES_EXPORTER": "none", "LOKI_URL": "", "LOG_CONSOLE": "false", "TRAFFIC_RPS": "0"}

#: What Prometheus adds to every sample of a target.
TARGET_LABELS = ("job", "service", "instance")

_SUFFIXES = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum"), "summary": ("", "_count", "_sum")}


def of_registry(registry: CollectorRegistry) -> Iterator[tuple[str, tuple[str, ...]]]:
    for collector in registry._collector_to_names:
        if isinstance(collector, MetricWrapperBase):
            families = [(family, tuple(collector._labelnames)) for family in collector.describe()]
        else:
            families = [
                (family, tuple(sorted({label for sample in family.samples for label in sample.labels})))
                for family in collector.collect()
            ]
        for family, labels in families:
            for suffix in _SUFFIXES.get(family.type, ("_info",) if family.type == "info" else ("",)):
                yield family.name + suffix, (*labels, "le") if suffix == "_bucket" else labels


def services() -> dict[str, list[str]]:
    metrics: dict[str, list[str]] = {}
    for module in SERVICES:
        telemetry = setup(module.removesuffix("_service"), namespace="chain", version="1.0.0", environ=QUIET)
        importlib.import_module(f"{module}.app").create_app(QUIET, telemetry=telemetry)
        for name, labels in of_registry(telemetry.registry):
            metrics[name] = [*labels, *TARGET_LABELS]
        telemetry.shutdown()
    return metrics


if __name__ == "__main__":
    print(json.dumps(services()))
