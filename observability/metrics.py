"""Metrics: the registry a service creates its metrics in, exemplars, and the text that Prometheus scrapes.

Which metrics a service has stands in that service's own `metrics.py`. With several worker processes
(`PROMETHEUS_MULTIPROC_DIR` set, see `serving.py`) prometheus-client adds the workers' values up at scrape time,
and `worker_processes.py` what they take of CPU and memory; there are no exemplars then.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from opentelemetry.trace import format_trace_id, get_current_span
from prometheus_client import (
    CollectorRegistry,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.multiprocess import MultiProcessCollector

from observability.worker_processes import WorkerProcesses


def multiprocess() -> bool:
    """Whether several worker processes share their metrics."""
    return "PROMETHEUS_MULTIPROC_DIR" in os.environ


def build_registry() -> CollectorRegistry:
    """A registry with the process's own metrics (CPU, memory, garbage collection) beside the service's."""
    # One more series for each counter and histogram, which nothing in the lab asks for.
    disable_created_metrics()  # type: ignore[no-untyped-call]
    registry = CollectorRegistry()
    if not multiprocess():
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        GCCollector(registry=registry)
    return registry


def expose(registry: CollectorRegistry, accept: str) -> tuple[bytes, str]:
    """The exposition text and its content type: OpenMetrics with exemplars where `accept` asks for it, else
    Prometheus text."""
    encode, content_type = choose_encoder(accept)
    if multiprocess():
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        registry.register(WorkerProcesses(Path(os.environ["PROMETHEUS_MULTIPROC_DIR"])))
    return encode(registry), content_type


def exemplar() -> dict[str, str] | None:
    """The current trace as an exemplar's labels; None outside a sampled trace."""
    context = get_current_span().get_span_context()
    if not context.trace_flags.sampled:
        return None
    return {"trace_id": format_trace_id(context.trace_id)}


class ChildCache:
    """Resolves a metric's children once: `labels()` checks and converts its arguments at every call, which adds up
    on a hot path.

        children = ChildCache(requests_total.labels)
        children["GET", "/user/<id>", "200"].inc()

    The label values must come from a list a reader could write down, or the cache (like the metric) grows without
    bound.
    """

    def __init__(self, labels: Callable[..., Any]) -> None:
        self._labels = labels
        self._children: dict[tuple[str, ...], Any] = {}

    def __getitem__(self, values: tuple[str, ...]) -> Any:
        child = self._children.get(values)
        if child is None:
            child = self._children[values] = self._labels(*values)
        return child
