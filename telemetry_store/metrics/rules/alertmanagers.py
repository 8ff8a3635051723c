"""Sends alerts to Alertmanagers, each by a thread of its own: a slow one holds up neither rules nor the others.

Source: Alertmanager's API v2, `POST /api/v2/alerts`.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Mapping, Sequence

import orjson
import urllib3

from ...times import format_rfc3339
from .alerting import Alert
from .template_functions import table_link

logger = logging.getLogger(__name__)

#: Alerts that wait for one Alertmanager before the oldest make room, and alerts of one request (both as Prometheus).
QUEUE_CAPACITY = 10_000
_BATCH = 64

_TIMEOUT_SECONDS = 10.0

#: Pauses before a request that failed is tried again. After the last the alerts are given up: those that still matter
#: are sent anew every minute.
_RETRY_SECONDS = (1.0, 5.0, 15.0)

#: Seconds that the last alerts have to be delivered when the process ends.
_GRACE_SECONDS = 2.0


class Alertmanager:
    """One Alertmanager and the alerts that it is to get."""

    def __init__(self, url: str, retry_seconds: Sequence[float] = _RETRY_SECONDS) -> None:
        #: Where alerts go: the URL given, completed.
        self.url = url.rstrip("/") + "/api/v2/alerts"
        self.sent = self.errors = self.dropped = 0
        self._retry_seconds = retry_seconds
        self._queue: deque[dict[str, object]] = deque()
        self._condition = threading.Condition()
        self._closing = False
        self._complained = False
        self._pool = urllib3.PoolManager(num_pools=1, maxsize=1)
        self._thread = threading.Thread(target=self._run, name="alertmanager", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Alerts in the queue."""
        return len(self._queue)

    def send(self, alerts: Sequence[dict[str, object]]) -> None:
        """Queues alerts in the API's form; returns at once."""
        with self._condition:
            self._queue.extend(alerts)
            while len(self._queue) > QUEUE_CAPACITY:
                self._queue.popleft()
                self.dropped += 1
            self._condition.notify()

    def end(self) -> None:
        """Ends when everything is delivered or has failed once more; does not wait for that."""
        with self._condition:
            self._closing = True
            self._condition.notify()

    def close(self) -> None:
        """Tries to deliver what waits, for a moment."""
        self.end()
        self._thread.join(_GRACE_SECONDS)
        self._pool.clear()

    def _run(self) -> None:
        while True:
            with self._condition:
                self._condition.wait_for(lambda: self._queue or self._closing)
                if not self._queue:
                    return
                batch = [self._queue.popleft() for _ in range(min(_BATCH, len(self._queue)))]
            self._deliver(batch)

    def _deliver(self, batch: list[dict[str, object]]) -> None:
        body = orjson.dumps(batch)
        error = ""
        for last_or_pause in (*self._retry_seconds, None):
            pause = last_or_pause
            try:
                response = self._pool.request(
                    "POST",
                    self.url,
                    body=body,
                    headers={"Content-Type": "application/json", "User-Agent": "telemetry_store"},
                    timeout=urllib3.Timeout(_TIMEOUT_SECONDS),
                    retries=False,
                    redirect=False,
                )
                if response.status // 100 == 2:
                    self.sent += len(batch)
                    self._complained = False
                    return
                error = f"status {response.status}: {response.data[:200].decode(errors='replace').strip()}"
                if response.status // 100 == 4:
                    # It will not like them better the next time.
                    pause = None
            except (urllib3.exceptions.HTTPError, OSError) as caught:
                error = str(caught)
            self.errors += 1
            if pause is None:
                break
            with self._condition:
                if self._condition.wait_for(lambda: self._closing, timeout=pause):
                    break
        self.dropped += len(batch)
        if not self._complained:
            self._complained = True
            logger.warning("%d alerts are not delivered to %s: %s", len(batch), self.url, error)


class Notifier:
    """Hands alerts to every Alertmanager."""

    def __init__(self, urls: Sequence[str], external_labels: Mapping[str, str], external_url: str) -> None:
        self.alertmanagers = [Alertmanager(url) for url in urls]
        self._external_labels = dict(external_labels)
        self._external_url = external_url

    def send(self, expression: str, alerts: Sequence[Alert]) -> None:
        """Queues alerts that the expression raised."""
        if not self.alertmanagers:
            return
        generator = self._external_url + table_link(expression)
        bodies = [alert_body(alert, self._external_labels, generator) for alert in alerts]
        for alertmanager in self.alertmanagers:
            alertmanager.send(bodies)

    def close(self) -> None:
        """Tries to deliver what waits, for a moment."""
        for alertmanager in self.alertmanagers:
            alertmanager.end()
        for alertmanager in self.alertmanagers:
            alertmanager.close()


def alert_body(alert: Alert, external_labels: Mapping[str, str], generator_url: str) -> dict[str, object]:
    """An alert as the API takes it. It ends when it resolved, or when it must be taken for resolved."""
    return {
        "labels": {**external_labels, **alert.labels},
        "annotations": alert.annotations,
        "startsAt": format_rfc3339(alert.fired_at),
        "endsAt": format_rfc3339(alert.resolved_at or alert.valid_until),
        "generatorURL": generator_url,
    }
