"""What a sender of remote write says about itself, under the names that Prometheus and Tempo have for it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, SummaryMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from .remote_write_sender import SAMPLES_PER_REQUEST, RemoteWriteSender

_PREFIX = "prometheus_remote_storage"

_LABELS = ("remote_name", "url")


class RemoteWriteCollector(Collector):
    """Samples and exemplars sent, refused, tried again, given up and waiting."""

    def __init__(self, sender: RemoteWriteSender) -> None:
        self._sender = sender
        self._labels = (hashlib.sha256(sender.url.encode()).hexdigest()[:6], sender.url)

    def describe(self) -> list[Metric]:
        """Nothing: the registry need not collect to know the names."""
        return []

    def collect(self) -> Iterator[Metric]:
        """The metrics as of now."""
        sender = self._sender
        for kind, count in (("samples", sender.samples), ("exemplars", sender.exemplars)):
            yield CounterMetricFamily(f"{_PREFIX}_{kind}_in", f"All {kind} handed over.", value=count.offered)
            yield self._counter(kind, f"Of the {kind}, those sent.", count.sent)
            yield self._counter(f"{kind}_failed", f"Of the {kind}, those refused for good.", count.failed)
            yield self._counter(f"{kind}_retried", f"Of the {kind}, those sent once more.", count.retried)
            dropped = CounterMetricFamily(
                f"{_PREFIX}_{kind}_dropped", f"Of the {kind}, those given up.", labels=(*_LABELS, "reason")
            )
            dropped.add_metric([*self._labels, "too_old"], count.dropped)
            yield dropped
            yield self._gauge(f"{kind}_pending", f"Of the {kind}, those that wait.", count.pending)
        yield self._counter("bytes", "Bytes sent, compressed.", sender.bytes_sent)
        yield self._gauge("max_samples_per_send", "Samples of one request.", SAMPLES_PER_REQUEST)
        yield GaugeMetricFamily(
            f"{_PREFIX}_highest_timestamp_in_seconds",
            "Time of the newest sample handed over.",
            value=sender.newest_offered // 1000,
        )
        yield self._gauge(
            "queue_highest_sent_timestamp_seconds", "Time of the newest sample sent.", sender.newest_sent // 1000
        )
        durations = SummaryMetricFamily(
            f"{_PREFIX}_sent_batch_duration_seconds", "What a request took.", labels=_LABELS
        )
        durations.add_metric(list(self._labels), sender.requests_sent, sender.request_seconds)
        yield durations

    def _counter(self, name: str, help_: str, value: float) -> Metric:
        metric = CounterMetricFamily(f"{_PREFIX}_{name}", help_, labels=_LABELS)
        metric.add_metric(list(self._labels), value)
        return metric

    def _gauge(self, name: str, help_: str, value: float) -> Metric:
        metric = GaugeMetricFamily(f"{_PREFIX}_{name}", help_, labels=_LABELS)
        metric.add_metric(list(self._labels), value)
        return metric
