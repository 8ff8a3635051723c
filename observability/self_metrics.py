"""What every service says of itself: its version, and how much telemetry was emitted, sent and dropped, by signal."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge

from observability.metrics import multiprocess


class PipelineMetrics:
    """The pipeline's own counters; `signal` is `logs` or `spans`.

    emitted = sent + dropped + waiting, so a learner can tell from outside whether telemetry is lost.
    """

    def __init__(self, registry: CollectorRegistry | None) -> None:
        self.emitted = Counter(
            "lab_telemetry_emitted_total", "Items handed over for delivery.", ["signal"], registry=registry
        )
        self.sent = Counter(
            "lab_telemetry_sent_total", "Items that a backend has acknowledged.", ["signal"], registry=registry
        )
        self.dropped = Counter(
            "lab_telemetry_dropped_total",
            "Items given up, by reason: queue_full, rejected or shutdown.",
            ["signal", "reason"],
            registry=registry,
        )


class ServiceInfo:
    """The gauge `lab_service_info`, always 1: a version that was not there a minute ago is a deploy."""

    def __init__(self, registry: CollectorRegistry, version: str) -> None:
        self._info = Gauge(
            "lab_service_info",
            "1; the label is the version of the service that runs.",
            ["version"],
            registry=registry,
            # Every worker process is of the same version: they are one service.
            multiprocess_mode="livemax",
        )
        self._version = version
        self._info.labels(version).set(1)

    def tell(self, version: str) -> None:
        """This version runs now, and no other."""
        if version == self._version:
            return
        self._info.labels(self._version).set(0)
        if not multiprocess():
            # What worker processes have written for each other stays, as 0.
            self._info.remove(self._version)
        self._version = version
        self._info.labels(version).set(1)
