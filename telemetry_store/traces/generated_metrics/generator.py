"""Takes arriving spans aside and hands the metrics made of them to their destinations, at an interval.

Spans only join a queue on their way through; everything else happens in a thread of the generator's own.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Sequence

from ...limits import GENERATED_QUEUE_SPANS
from ...refusals import Refusal
from ..ingest import Batch
from .arriving_spans import ArrivingSpan, resource_of
from .destinations import Destination
from .registry import Registry
from .service_graphs import LATENCY_BOUNDS, ServiceGraphs
from .span_metrics import SpanMetrics

logger = logging.getLogger(__name__)

#: Spans that ended longer ago than this, or end so far in the future, are not counted (Tempo: 30 s).
SLACK_NANOSECONDS = 30 * 10**9

#: Seconds between two looks at edges that wait too long, and at series that nothing feeds.
_EXPIRY_SECONDS = 2.0
_STALE_LOOK_SECONDS = 300.0


class MetricsGenerator:
    """Makes span metrics and service graphs of the spans that `offer` brings."""

    def __init__(
        self,
        destinations: Sequence[Destination],
        interval_seconds: float,
        service_graph_bounds: Sequence[float] = LATENCY_BOUNDS,
    ) -> None:
        """`service_graph_bounds` are the upper bounds of the service graph's buckets in seconds."""
        self.spans_received = 0
        self.spans_outside_slack = 0
        self.spans_dropped = 0
        self.collections = 0
        self.failed_collections = 0
        self.registry = Registry()
        self.service_graphs = ServiceGraphs(self.registry, service_graph_bounds)
        self.span_metrics = SpanMetrics(self.registry)
        self._destinations = tuple(destinations)
        self._interval = interval_seconds
        self._batches: deque[Batch] = deque()
        self._queued = 0
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="metrics-generator", daemon=True)
        self._thread.start()

    def offer(self, batch: Batch) -> None:
        """Queues a batch that was stored; drops it when too many spans wait already."""
        count = sum(len(rows) for _, rows in batch)
        with self._lock:
            if self._queued + count > GENERATED_QUEUE_SPANS:
                self.spans_dropped += count
                return
            self._batches.append(batch)
            self._queued += count
        self._wake.set()

    def take(self, batch: Batch, now: float) -> None:
        """Counts the spans of a batch, at an instant in unix seconds."""
        earliest, latest = int(now * 1e9) - SLACK_NANOSECONDS, int(now * 1e9) + SLACK_NANOSECONDS
        for source, rows in batch:
            resource, service = resource_of(source)
            for row in rows:
                self.spans_received += 1
                if not earliest <= row[6] + row[7] <= latest:
                    self.spans_outside_slack += 1
                    continue
                span = ArrivingSpan(resource, service, row)
                self.service_graphs.take(span, now)
                self.span_metrics.take(span, now)

    def collect(self, milliseconds: int) -> None:
        """Hands every destination a sample of every series."""
        samples, exemplars = self.registry.collect(milliseconds)
        if not samples:
            return
        self.collections += 1
        for destination in self._destinations:
            try:
                destination.take(samples, exemplars)
            except Refusal as refusal:
                self.failed_collections += 1
                logger.warning("generated metrics were not taken: %s", refusal)

    def close(self) -> None:
        """Counts what is queued, writes a last time and ends."""
        self._closing = True
        self._wake.set()
        self._thread.join(timeout=10)

    def _run(self) -> None:
        started = time.monotonic()
        collect_at, expire_at = started + self._interval, started + _EXPIRY_SECONDS
        stale_at = started + _STALE_LOOK_SECONDS
        while not self._closing:
            self._wake.wait(max(0.0, min(collect_at, expire_at) - time.monotonic()))
            try:
                self._take_queued()
                now = time.monotonic()
                if now >= expire_at:
                    expire_at = now + _EXPIRY_SECONDS
                    self.service_graphs.expire(time.time())
                if now >= collect_at:
                    collect_at += self._interval * (1 + (now - collect_at) // self._interval)
                    self.collect(time.time_ns() // 1_000_000)
                if now >= stale_at:
                    stale_at = now + _STALE_LOOK_SECONDS
                    self._end_stale()
            except Exception:
                logger.exception("generating metrics failed")
        self._take_queued()
        self.collect(time.time_ns() // 1_000_000)

    def _take_queued(self) -> None:
        self._wake.clear()
        while self._batches:
            batch = self._batches.popleft()
            with self._lock:
                self._queued -= sum(len(rows) for _, rows in batch)
            self.take(batch, time.time())

    def _end_stale(self) -> None:
        if self.registry.remove_stale(time.time()):
            self.service_graphs.forget()
            self.span_metrics.forget()
