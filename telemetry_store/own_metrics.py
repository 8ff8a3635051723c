"""The store's own counters, under the real servers' names where they have one, read when they are scraped."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from .logs.storage import LogStorage
from .metrics.storage import MetricStorage
from .traces.storage import TraceStorage


class StoreCollector(Collector):
    """What the three storages have counted so far."""

    def __init__(self, metrics: MetricStorage, logs: LogStorage, traces: TraceStorage) -> None:
        self._metrics, self._logs, self._traces = metrics, logs, traces

    def describe(self) -> list[Metric]:
        """Nothing: the registry need not collect to know the names."""
        return []

    def collect(self) -> Iterator[Metric]:
        """The metrics as of now."""
        metrics, logs, traces = self._metrics, self._logs, self._traces
        for name, help_, value in (
            ("prometheus_tsdb_head_samples_appended", "Samples stored.", metrics.samples_appended),
            (
                "prometheus_tsdb_out_of_order_samples",
                "Samples left out because a newer one was there.",
                metrics.samples_out_of_order,
            ),
            ("prometheus_tsdb_exemplar_exemplars_appended", "Exemplars stored.", metrics.exemplars_appended),
            ("loki_distributor_lines_received", "Log lines taken.", logs.lines_received),
            ("loki_distributor_bytes_received", "Bytes of pushes taken.", logs.bytes_received),
            ("tempo_distributor_spans_received", "Spans taken.", traces.spans_received),
            ("tempo_distributor_bytes_received", "Bytes of OTLP requests taken.", traces.bytes_received),
        ):
            yield CounterMetricFamily(name, help_, value=value)
        yield GaugeMetricFamily("prometheus_tsdb_head_series", "Series known.", value=metrics.count_series())
        size = GaugeMetricFamily("telemetry_store_database_size_bytes", "Bytes on disk.", labels=["signal"])
        pending = GaugeMetricFamily("telemetry_store_pending_bytes", "Bytes waiting to be written.", labels=["signal"])
        failing = GaugeMetricFamily(
            "telemetry_store_disk_failing", "1 while the disk refuses writes.", labels=["signal"]
        )
        dropped = CounterMetricFamily(
            "telemetry_store_dropped_batches",
            "Batches that could not be written because of their content.",
            labels=["signal"],
        )
        for signal, storage in (("metrics", metrics), ("logs", logs), ("traces", traces)):
            database = storage.database
            size.add_metric([signal], database.size_bytes())
            pending.add_metric([signal], database.pending_bytes)
            failing.add_metric([signal], float(database.failure is not None))
            dropped.add_metric([signal], database.dropped_batches)
        yield from (size, pending, failing, dropped)


def create_registry(metrics: MetricStorage, logs: LogStorage, traces: TraceStorage) -> CollectorRegistry:
    """A registry with the store's counters and those of its process."""
    registry = CollectorRegistry()
    registry.register(StoreCollector(metrics, logs, traces))
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    return registry
