"""Prints, as JSON, which metrics somebody registers, and their labels: `services`, or `load_test`.

Processes of their own, because making the services starts threads and instruments libraries, and Locust changes how
threads work.
"""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.metrics import MetricWrapperBase

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
                (family, tuple(sorted({label for sample in family.samples for label in sample.labels} - {"le"})))
                for family in collector.collect()
            ]
        for family, labels in families:
            for suffix in _SUFFIXES.get(family.type, ("_info",) if family.type == "info" else ("",)):
                yield family.name + suffix, (*labels, "le") if suffix == "_bucket" else labels


def services() -> dict[str, list[str]]:
    from docs.reference import SERVICES
    from observability import setup

    metrics: dict[str, list[str]] = {}
    for module in SERVICES:
        telemetry = setup(module.removesuffix("_service"), namespace="chain", version="1.0.0", environ=QUIET)
        importlib.import_module(f"{module}.app").create_app(QUIET, telemetry=telemetry)
        for name, labels in of_registry(telemetry.registry):
            metrics[name] = [*labels, *TARGET_LABELS]
        telemetry.shutdown()
    return metrics


def load_test() -> dict[str, list[str]]:
    from locust.env import Environment

    from loadtest.metrics import LoadMetrics

    environment = Environment()
    environment.stats.log_request("GET", "/user/[id]", 1, 1)
    registry = CollectorRegistry()
    registry.register(LoadMetrics(environment, set()))
    return {name: [*labels, *TARGET_LABELS] for name, labels in of_registry(registry)}


if __name__ == "__main__":
    print(json.dumps({"services": services, "load_test": load_test}[sys.argv[1]]()))
