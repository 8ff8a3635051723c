"""Telemetry leaves in batches, off the request's thread: a bounded queue and one background thread.

Log lines (`loki.py`) and spans (`span_export.py`) both travel through a `BatchSender`. What a batch looks like
on the wire is the `send` function's business, not this module's.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from observability.self_metrics import PipelineMetrics

Item = TypeVar("Item")

#: The pipeline reports on itself here, and only to the console: its own failures must not feed the pipeline.
_logger = logging.getLogger("observability.pipeline")

_FIRST_RETRY_SECONDS = 0.25
_LONGEST_RETRY_SECONDS = 5.0


class Rejected(Exception):
    """The backend will never take this batch (a 4xx): sending it again would not help."""


class BatchSender(Generic[Item]):
    """Collects items and hands them to `send` every `delay_seconds`, at most `batch_size` at a time.

    `put` never blocks and never raises. When the backend is away, up to `queue_size` items wait; past that the
    oldest make room, because in an outage the newest telemetry is what somebody will look for. Each item that does
    not arrive is counted in `metrics`, by reason.

        sender = BatchSender("spans", send, metrics=metrics)
        sender.put(span)
        sender.shutdown(timeout_seconds=2)

    `send` gets a non-empty list and returns when the backend has taken it. It raises `Rejected` for a batch that
    can never be taken (dropped), any other exception for a backend that is away (tried again with backoff).
    """

    def __init__(
        self,
        signal: str,
        send: Callable[[list[Item]], None],
        *,
        metrics: PipelineMetrics,
        delay_seconds: float = 0.2,
        batch_size: int = 512,
        queue_size: int = 8192,
    ) -> None:
        self._signal = signal
        self._send = send
        self._delay_seconds = delay_seconds
        self._batch_size = batch_size
        # deque's own append and popleft are atomic, so the request's thread takes no lock.
        self._queue: deque[Item] = deque(maxlen=queue_size)
        self._queue_size = queue_size
        self._emitted = metrics.emitted.labels(signal)
        self._sent = metrics.sent.labels(signal)
        self._dropped_queue_full = metrics.dropped.labels(signal, "queue_full")
        self._dropped_rejected = metrics.dropped.labels(signal, "rejected")
        self._dropped_shutdown = metrics.dropped.labels(signal, "shutdown")
        self._stopping = threading.Event()
        self._deadline = float("inf")
        self._finished = False
        # One flush at a time: the background thread's, or that of `flush`.
        self._flushing = threading.Lock()
        self._pending: list[Item] = []
        self._away = False
        self._thread = threading.Thread(target=self._run, name=f"telemetry-{signal}", daemon=True)
        self._thread.start()

    def put(self, item: Item) -> None:
        """Queue one item. Never blocks, never raises."""
        if len(self._queue) >= self._queue_size:
            self._emitted.inc()
            self._dropped_queue_full.inc()
        self._queue.append(item)

    def flush(self, timeout_seconds: float = 5.0) -> bool:
        """Send all that is queued now. True when everything was taken within the time."""
        deadline = time.monotonic() + timeout_seconds
        if not self._flushing.acquire(timeout=timeout_seconds):
            return False
        try:
            while self._queue or self._pending:
                if not self._send_next_batch() and time.monotonic() + _FIRST_RETRY_SECONDS > deadline:
                    return False
                if time.monotonic() > deadline:
                    return not (self._queue or self._pending)
        finally:
            self._flushing.release()
        return True

    def begin_shutdown(self, timeout_seconds: float = 2.0) -> None:
        """Start to send what is queued, for at most `timeout_seconds`, without waiting: `shutdown` waits."""
        if not self._stopping.is_set():
            self._deadline = time.monotonic() + timeout_seconds
            self._stopping.set()

    def shutdown(self, timeout_seconds: float = 2.0) -> None:
        """Send what is queued, for at most `timeout_seconds`, and stop. What is left is counted as dropped."""
        self.begin_shutdown(timeout_seconds)
        if self._finished:
            return
        self._finished = True
        self._thread.join(max(0.0, self._deadline - time.monotonic()))
        left = len(self._queue) + len(self._pending)
        if left:
            self._emitted.inc(len(self._queue))
            self._dropped_shutdown.inc(left)
            _logger.warning("%d %s were not delivered before the end", left, self._signal)

    def _run(self) -> None:
        retry_seconds = _FIRST_RETRY_SECONDS
        wait_seconds = self._delay_seconds
        while not self._stopping.wait(wait_seconds):
            wait_seconds = self._delay_seconds
            with self._flushing:
                # Only what waits now: under load something new has always come by the time a batch is gone, and
                # the thread would send one tiny batch after the other instead of collecting.
                waiting = len(self._queue) + len(self._pending)
                while waiting > 0:
                    waiting -= self._batch_size
                    if not self._send_next_batch():
                        # Jitter keeps several services from knocking at a returning backend in step.
                        wait_seconds = retry_seconds * random.uniform(0.8, 1.2)
                        retry_seconds = min(retry_seconds * 2, _LONGEST_RETRY_SECONDS)
                        break
                    retry_seconds = _FIRST_RETRY_SECONDS
        with self._flushing:
            while (self._queue or self._pending) and time.monotonic() < self._deadline:
                if not self._send_next_batch():
                    time.sleep(_FIRST_RETRY_SECONDS / 5)

    def _send_next_batch(self) -> bool:
        """Send one batch; False when the backend is away and the batch has to be tried again."""
        if not self._pending:
            queue = self._queue
            self._pending = [queue.popleft() for _ in range(min(self._batch_size, len(queue)))]
            self._emitted.inc(len(self._pending))
        batch = self._pending
        try:
            self._send(batch)
        except Rejected as error:
            self._dropped_rejected.inc(len(batch))
            _logger.error("%d %s were refused: %s", len(batch), self._signal, error)
        except Exception as error:
            if not self._away:
                _logger.warning("%s cannot be delivered for now, trying again: %s", self._signal, error)
            self._away = True
            return False
        else:
            self._sent.inc(len(batch))
            if self._away:
                _logger.warning("%s are delivered again", self._signal)
            self._away = False
        self._pending = []
        return True
