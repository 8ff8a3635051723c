"""What the generator says about itself, under the names that Tempo has for it."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, UnknownMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from .generator import MetricsGenerator

_PREFIX = "tempo_metrics_generator"


class GeneratorCollector(Collector):
    """Spans taken and left out, series, and edges of the service graph."""

    def __init__(self, generator: MetricsGenerator) -> None:
        self._generator = generator

    def describe(self) -> list[Metric]:
        """Nothing: the registry need not collect to know the names."""
        return []

    def collect(self) -> Iterator[Metric]:
        """The metrics as of now."""
        generator, graphs = self._generator, self._generator.service_graphs
        yield CounterMetricFamily(f"{_PREFIX}_spans_received", "Spans looked at.", value=generator.spans_received)
        discarded = CounterMetricFamily(f"{_PREFIX}_spans_discarded", "Spans not counted.", labels=["reason"])
        discarded.add_metric(["outside_metrics_ingestion_slack"], generator.spans_outside_slack)
        discarded.add_metric(["queue_full"], generator.spans_dropped)
        yield discarded
        for name, help_, value in (
            ("collections", "Collections of all series.", generator.collections),
            ("collections_failed", "Collections that a destination did not take.", generator.failed_collections),
        ):
            yield CounterMetricFamily(f"{_PREFIX}_registry_{name}", help_, value=value)
        series = generator.registry.active_series
        yield GaugeMetricFamily(f"{_PREFIX}_registry_active_series", "Series that spans feed.", value=series)
        # Tempo's names of these do not end as a counter's should.
        for name, help_, value in (
            ("edges", "Edges begun.", graphs.edges),
            ("expired_edges", "Edges whose second span did not come.", graphs.expired_edges),
            ("dropped_spans", "Spans for which there was no place to wait.", graphs.dropped_spans),
        ):
            yield UnknownMetricFamily(f"{_PREFIX}_processor_service_graphs_{name}", help_, value=value)
