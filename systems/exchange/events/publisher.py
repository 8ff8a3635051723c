"""Sends events on their fast way, after they were committed."""

from __future__ import annotations

import time
from collections.abc import Iterable

from prometheus_client import Counter

from observability import Telemetry
from observability.metrics import ChildCache
from observability.postgresql import Database
from observability.redis import Redis, RedisUnavailable
from systems.exchange.events.event import Event, redis_key
from systems.exchange.events.retention import KEPT_IN_REDIS

#: So long nobody waits for a Redis that has just not answered.
_PAUSE_SECONDS = 1.0


class Publisher:
    """Publishes events over Redis. What cannot be published is in the outbox all the same, where consumers look."""

    def __init__(self, database: Database, redis: Redis, telemetry: Telemetry) -> None:
        self._redis = redis
        self._logger = telemetry.logger
        published = Counter(
            "exchange_events_published_total",
            "Events sent over Redis, or left in the outbox because it was away (published, left).",
            ["name", "outcome"],
            registry=telemetry.registry,
        )
        self._published = ChildCache(published.labels)
        self._away_until = 0.0

    def publish(self, events: Iterable[Event]) -> None:
        """Never raises, and takes at most the time of one answer that does not come."""
        for event in events:
            if time.monotonic() >= self._away_until and self._send(event):
                self._published[event.name, "published"].inc()
            else:
                self._published[event.name, "left"].inc()

    def _send(self, event: Event) -> bool:
        try:
            self._redis.append(
                redis_key(event.stream),
                event.as_entry(),
                name=f"PUBLISH {event.name}",
                keep=KEPT_IN_REDIS,
                attributes={
                    "messaging.system": "redis",
                    "messaging.destination.name": event.stream,
                    "messaging.operation.type": "send",
                    "messaging.message.id": str(event.id),
                },
            )
        except RedisUnavailable as error:
            self._away_until = time.monotonic() + _PAUSE_SECONDS
            self._logger.warning(
                "Events stay in the outbox for now: %s",
                error.message,
                extra={"event.id": event.id, "event.name": event.name, "error.type": error.type},
            )
            return False
        return True
