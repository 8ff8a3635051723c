"""What consumers say of themselves."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import Counter, Gauge, Histogram

from observability import Telemetry
from observability.metrics import ChildCache

#: Seconds; over Redis it takes milliseconds, by way of the outbox seconds, after an outage minutes.
_BUCKETS = (0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
#: handled: now; repeated: had been before; failed: put aside, tried again; failed_after_commit: handled, but not what
#: follows from it.
_OUTCOMES = ("handled", "repeated", "failed", "failed_after_commit")


class ConsumerMetrics:
    """Of one consumer, once a process; everything begins at zero."""

    def __init__(self, telemetry: Telemetry, group: str, names: Iterable[str]) -> None:
        handled = Counter(
            "exchange_events_handled_total",
            "Events, by what became of them (handled, repeated, failed, failed_after_commit).",
            ["group", "name", "outcome"],
            registry=telemetry.registry,
        )
        self._group = group
        self._handled = ChildCache(handled.labels)
        for name in names:
            for outcome in _OUTCOMES:
                handled.labels(group, name, outcome)
        self.lag_seconds = Histogram(
            "exchange_event_lag_seconds",
            "Time from an event's creation until it was handled.",
            ["group"],
            buckets=_BUCKETS,
            registry=telemetry.registry,
        ).labels(group)
        self.waiting = Gauge(
            "exchange_events_waiting",
            "Events that should have been handled by now, and were not.",
            ["group"],
            multiprocess_mode="max",
            registry=telemetry.registry,
        ).labels(group)

    def count(self, name: str, outcome: str) -> None:
        self._handled[self._group, name, outcome].inc()
