"""Sends samples and exemplars to a Prometheus by remote write, from a thread of its own.

Whoever hands samples over never waits: requests are encoded, join a bounded queue and leave in order. One that fails is
tried again until it is taken, so a receiver that was away gets what it missed; when the queue is full, the oldest go.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import urllib3

from .exposition import Exemplar, Labels
from .remote_write_encoding import HEADERS, encode

logger = logging.getLogger(__name__)

#: Samples of one request (Prometheus: max_samples_per_send).
SAMPLES_PER_REQUEST = 2_000

#: Compressed bytes that may wait. A thousand series every five seconds are well over an hour of them, and a Prometheus
#: takes no samples that are older than that.
QUEUE_BYTES = 16 * 1024 * 1024

#: Pauses before a request that failed is tried again: the first, and what they double up to (Prometheus: 30 ms, 5 s).
_FIRST_PAUSE_SECONDS = 0.03
_LONGEST_PAUSE_SECONDS = 5.0

_TIMEOUT_SECONDS = 30.0

#: Seconds that the last requests have to be delivered when the process ends.
_GRACE_SECONDS = 3.0


@dataclass
class Count:
    """What became of the samples, or of the exemplars."""

    offered: int = 0
    sent: int = 0
    #: Refused by the receiver for good.
    failed: int = 0
    #: Sent once more, counted each time.
    retried: int = 0
    #: Given up because too many waited.
    dropped: int = 0

    @property
    def pending(self) -> int:
        """Those that wait."""
        return self.offered - self.sent - self.failed - self.dropped


@dataclass(frozen=True)
class _Request:
    body: bytes
    samples: int
    exemplars: int
    #: Unix milliseconds of its newest sample.
    newest: int


class RemoteWriteSender:
    """Brings what `take` is given to one address."""

    def __init__(self, url: str, queue_bytes: int = QUEUE_BYTES) -> None:
        self.url = url
        self.samples, self.exemplars = Count(), Count()
        self.bytes_sent = 0
        self.requests_sent = 0
        self.request_seconds = 0.0
        #: Unix milliseconds of the newest sample handed over, and of the newest delivered.
        self.newest_offered = self.newest_sent = 0
        self._queue_bytes = queue_bytes
        self._queue: deque[_Request] = deque()
        self._queued_bytes = 0
        self._condition = threading.Condition()
        self._closing = False
        self._complaint = ""
        self._pool = urllib3.PoolManager(num_pools=1, maxsize=1)
        self._thread = threading.Thread(target=self._run, name="remote-write", daemon=True)
        self._thread.start()

    def take(self, samples: Sequence[tuple[Labels, float, int]], exemplars: Sequence[Exemplar[Labels]]) -> None:
        """Queues samples, as labels, value and unix milliseconds, and exemplars; returns at once."""
        if not samples:
            return
        newest = max(at for _, _, at in samples)
        # The zeros with which series begin lie before the others. When one comes too late, as after a restart, its
        # whole request is refused: they go by themselves, and the others are not lost with them.
        earlier = [sample for sample in samples if sample[2] < newest]
        current = [sample for sample in samples if sample[2] == newest]
        requests = [*_requests(earlier, ()), *_requests(current, exemplars)]
        with self._condition:
            self.newest_offered = max(self.newest_offered, newest)
            self.samples.offered += len(samples)
            self.exemplars.offered += len(exemplars)
            self._queue += requests
            self._queued_bytes += sum(len(request.body) for request in requests)
            while self._queued_bytes > self._queue_bytes:
                oldest = self._queue.popleft()
                self._queued_bytes -= len(oldest.body)
                self.samples.dropped += oldest.samples
                self.exemplars.dropped += oldest.exemplars
            self._condition.notify()

    def close(self) -> None:
        """Tries to deliver what waits, for a moment."""
        with self._condition:
            self._closing = True
            self._condition.notify()
        self._thread.join(_GRACE_SECONDS)
        self._pool.clear()

    def _run(self) -> None:
        while True:
            with self._condition:
                self._condition.wait_for(lambda: self._queue or self._closing)
                if not self._queue:
                    return
                request = self._queue.popleft()
                self._queued_bytes -= len(request.body)
            if not self._deliver(request):
                return

    def _deliver(self, request: _Request) -> bool:
        """Sends a request until it is taken or refused for good; False when the process ends before that."""
        pause = _FIRST_PAUSE_SECONDS
        while True:
            begin = time.monotonic()
            try:
                response = self._pool.request(
                    "POST",
                    self.url,
                    body=request.body,
                    headers={**HEADERS, "User-Agent": "telemetry_store"},
                    timeout=urllib3.Timeout(_TIMEOUT_SECONDS),
                    retries=False,
                    redirect=False,
                )
                problem = f"status {response.status}: {response.data[:300].decode(errors='replace').strip()}"
                if response.status // 100 == 2:
                    self._count_sent(request, time.monotonic() - begin)
                    return True
                if response.status // 100 != 5:
                    # It will not like them better the next time.
                    self.samples.failed += request.samples
                    self.exemplars.failed += request.exemplars
                    self._complain(f"{request.samples} samples are refused by {self.url}, {problem}")
                    return True
            except (urllib3.exceptions.HTTPError, OSError) as error:
                problem = str(error)
            self._complain(f"{self.url} does not take samples, they wait: {problem}")
            with self._condition:
                if self._condition.wait_for(lambda: self._closing, timeout=pause):
                    return False
                if self._queued_bytes > self._queue_bytes - len(request.body):
                    # Its place is needed for what is newer.
                    self.samples.dropped += request.samples
                    self.exemplars.dropped += request.exemplars
                    return True
            self.samples.retried += request.samples
            self.exemplars.retried += request.exemplars
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)

    def _count_sent(self, request: _Request, seconds: float) -> None:
        self.samples.sent += request.samples
        self.exemplars.sent += request.exemplars
        self.bytes_sent += len(request.body)
        self.requests_sent += 1
        self.request_seconds += seconds
        self.newest_sent = max(self.newest_sent, request.newest)
        if self._complaint:
            self._complaint = ""
            logger.info("%s takes samples again", self.url)

    def _complain(self, problem: str) -> None:
        """Says what is wrong once, until it is well again or something else is."""
        kind = problem.partition(":")[0]
        if kind != self._complaint:
            self._complaint = kind
            logger.warning("%s", problem)


def _requests(samples: Sequence[tuple[Labels, float, int]], exemplars: Sequence[Exemplar[Labels]]) -> list[_Request]:
    parts = [samples[i : i + SAMPLES_PER_REQUEST] for i in range(0, len(samples), SAMPLES_PER_REQUEST)]
    # Exemplars last: a receiver wants to know their series.
    return [
        _Request(
            encode(part, exemplars if last else ()),
            len(part),
            len(exemplars) if last else 0,
            max(at for _, _, at in part),
        )
        for part, last in ((part, part is parts[-1]) for part in parts)
    ]
