"""Prints, as JSON, which metrics a load test registers, and their labels.

A process of its own, because Locust changes how threads work.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.metrics import MetricWrapperBase

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


def load_test() -> dict[str, list[str]]:
    from locust.env import Environment

    from loadtest.metrics import LoadMetrics

    environment = Environment()
    environment.stats.log_request("GET", "/user/[id]", 1, 1)
    registry = CollectorRegistry()
    registry.register(LoadMetrics(environment, set()))
    return {name: [*labels, *TARGET_LABELS, "system"] for name, labels in of_registry(registry)}


if __name__ == "__main__":
    print(json.dumps(load_test()))
