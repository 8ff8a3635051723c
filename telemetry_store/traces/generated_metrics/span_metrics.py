"""Calls, latency and size of spans by service, name, kind and status. Source: Tempo's span metrics, its defaults."""

from __future__ import annotations

import math

from ..ingest import KINDS, STATUS_CODES
from .arriving_spans import ArrivingSpan
from .registry import Counter, Histogram, Registry, labels_of
from .span_size import span_size

#: Upper bounds of the latency's buckets in seconds.
LATENCY_BOUNDS = (*(0.002 * 2**power for power in range(14)), math.inf)

#: Combinations whose series are remembered; a name that always changes must not fill memory.
_REMEMBERED = 50_000

_Key = tuple[str | None, str, int, int]


class SpanMetrics:
    """Feeds the span metrics of a registry."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._known: dict[_Key, tuple[Counter, Histogram, Counter] | None] = {}

    def take(self, span: ArrivingSpan, now: float) -> None:
        """Counts a span."""
        row = span.row
        key = (span.service, row[3], row[4], row[5])
        try:
            series = self._known[key]
        except KeyError:
            series = self._series(key, now)
        if series is None:
            return
        calls, latency, size = series
        calls.add(1, now)
        latency.observe(span.seconds, span.trace_id, now)
        size.add(span_size(row, span.details), now)

    def _series(self, key: _Key, now: float) -> tuple[Counter, Histogram, Counter] | None:
        service, name, kind, status = key
        labels = labels_of(
            (
                ("service", service or ""),
                ("span_name", name),
                # A number that OTLP has no word for stands as it is.
                ("span_kind", KINDS[kind] if kind < len(KINDS) else str(kind)),
                ("status_code", STATUS_CODES[status] if status < len(STATUS_CODES) else str(status)),
            )
        )
        series = None
        if labels is not None:
            series = (
                self._registry.counter("traces_spanmetrics_calls_total", labels, now),
                self._registry.histogram("traces_spanmetrics_latency", labels, LATENCY_BOUNDS, now),
                self._registry.counter("traces_spanmetrics_size_total", labels, now),
            )
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        self._known[key] = series
        return series

    def forget(self) -> None:
        """Looks every series up again: some have ended."""
        self._known.clear()
