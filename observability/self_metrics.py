"""What the telemetry pipeline says of itself: how much was emitted, sent and dropped, by signal."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter


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
