"""Handles events, one after the other, in a thread of its own.

They come over Redis, as to one of a consumer group. Every few seconds the outbox is asked for what did not come: Redis
was away, has lost everything, or a consumer died with what it had read. An event whose handler fails is put aside and
tried again, after pauses that grow, for as long as it takes; the events after it go on. While the database is away
nothing can be handled, and everything waits.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from opentelemetry.trace import SpanKind

from observability import Telemetry
from observability.errors import ServiceUnavailable
from observability.messages import continued
from observability.postgresql import Database, Transaction
from observability.redis import Redis, RedisUnavailable, StreamEntry
from systems.exchange.events import outbox
from systems.exchange.events.event import Event, redis_key
from systems.exchange.events.metrics import ConsumerMetrics

#: Called after the commit, with no transaction open: apply to memory, publish.
AfterCommit = Callable[[], None]
Handler = Callable[[Event, Transaction], AfterCommit | None]

#: Over Redis an event takes milliseconds: one of this age took another way.
_MISSED_AGE_SECONDS = 2.0
_LOOK_SECONDS = 2.0
#: With a backlog in Redis the old ones are not missed, they wait their turn; but not for ever.
_LOOK_IN_BACKLOG_SECONDS = 10.0
#: While Redis is away the outbox is the only way.
_LOOK_WITHOUT_REDIS_SECONDS = 0.3
#: Nobody's transaction lasts so long: an event with a smaller id than one of this age is there, or never will be.
_LONGEST_TRANSACTION_SECONDS = 30.0
_LOOK_LIMIT = 500

_CLAIM_SECONDS = 10.0
#: A consumer that has read something and not acknowledged it for so long is dead.
_CLAIM_IDLE_SECONDS = 15.0

_BATCH = 32
_FIRST_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 30.0
_DATABASE_PAUSE_SECONDS = 0.25
#: A handler that the database leaves so often in a row does something that it cannot do.
_INTERRUPTIONS = 3
_WAIT_SECONDS = 0.5

#: What is told of an event on its handler's span, when its payload has it.
_SPAN_ATTRIBUTES = {"order_id": "exchange.order.id", "symbol": "exchange.symbol", "user_id": "user.id"}


@dataclass
class _Failed:
    """An event that was put aside."""

    event: Event
    entry_id: str | None
    attempts: int
    due: float


class Consumer:
    """One of the consumers of `group`.

        consumer = Consumer(database, redis, telemetry, group="wallet-service", streams=["trades"],
                            handlers={"trade_executed": ("settle_trade", settle)})
        consumer.start()

    `handlers`: event name -> (name of the span, handler). A handler works in the transaction that it is given, which
    also notes that the group has processed the event: both happen or neither. Events with other names are passed by.
    """

    def __init__(
        self,
        database: Database,
        redis: Redis,
        telemetry: Telemetry,
        *,
        group: str,
        streams: Sequence[str],
        handlers: Mapping[str, tuple[str, Handler]],
    ) -> None:
        self.group = group
        self._name = f"{socket.gethostname()}-{os.getpid()}-{id(self):x}"
        self._database = database
        self._redis = redis
        self._telemetry = telemetry
        self._logger = telemetry.logger
        self._streams = tuple(streams)
        #: Where they are in Redis; and which stream each place is, wherever they were before.
        self._keys: list[str] = []
        self._stream_of: dict[str, str] = {}
        self._handlers = dict(handlers)
        self._metrics = ConsumerMetrics(telemetry, group, handlers)
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._failed: dict[int, _Failed] = {}
        #: Whether Redis is told what was handled; without, it sends everything again to whoever claims it.
        self.acknowledges = True
        self._has_begun = False
        self._redis_is_ready = False
        self._redis_away_until = 0.0
        self._has_backlog = False
        self._looked_at = self._claimed_at = float("-inf")
        self.follow()
        #: Every event up to this id was processed.
        self._settled_id = 0
        #: When it was asked for -> the newest id.
        self._newest_ids: deque[tuple[float, int]] = deque()

    def start(self) -> None:
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, name=f"events-{self.group}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ends when the event at hand is handled."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(10)
            self._thread = None

    def follow(self, generation: str = "") -> None:
        """Read that generation of the streams from now on; "" is the one that is written. May be called at any time."""
        keys = {redis_key(stream) + generation: stream for stream in self._streams}
        self._stream_of |= keys
        self._keys = list(keys)
        # There may be no group yet.
        self._redis_is_ready = False

    def check(self) -> None:
        """For a readiness check: raises RuntimeError unless events are being handled."""
        if self._thread is None or not self._thread.is_alive():
            raise RuntimeError(f"the consumer of {self.group} does not run")

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                if not self._has_begun:
                    self._begin()
                    self._has_begun = True
                self._turn()
            except Exception as error:
                if not isinstance(error, ServiceUnavailable):
                    self._logger.exception("The consumer of %s failed: %s", self.group, error)
                self._stopping.wait(_DATABASE_PAUSE_SECONDS)

    def _begin(self) -> None:
        """Once, before anything is handled."""
        with self._database.transaction(traced=False) as transaction:
            outbox.subscribe(transaction, self.group, self._streams, list(self._handlers))

    def _turn(self) -> None:
        now = time.monotonic()
        for failed in [failed for failed in self._failed.values() if failed.due <= now]:
            self._handle(failed.event, failed.entry_id, "retry")
        self._look_into_outbox()
        for entry in self._read():
            if self._stopping.is_set():
                return
            self._take(entry)

    # The fast way

    def _read(self) -> list[StreamEntry]:
        """What has come over Redis; waits for something to come."""
        wait_seconds = self._seconds_until_next()
        if time.monotonic() < self._redis_away_until:
            self._stopping.wait(min(wait_seconds, _LOOK_WITHOUT_REDIS_SECONDS))
            return []
        try:
            if not self._redis_is_ready:
                self._join()
                self._become_ready()
            entries = self._next_entries(wait_seconds)
        except RedisUnavailable as error:
            self._lose_redis(error)
            return []
        self._has_backlog = len(entries) >= _BATCH
        return entries

    def _join(self) -> None:
        for key in self._keys:
            self._redis.create_group(key, self.group)

    def _next_entries(self, wait_seconds: float) -> list[StreamEntry]:
        entries = self._claim()
        # What was left by others does not have to wait for what is new.
        wait_seconds = 0.001 if entries else wait_seconds
        return entries + self._redis.read_group(
            self.group, self._name, self._keys, count=_BATCH, wait_seconds=wait_seconds
        )

    def _become_ready(self) -> None:
        if self._redis_away_until:
            self._logger.info("Events of %s come over Redis again", self.group)
            # It may have come back empty.
            self._looked_at = float("-inf")
        self._redis_is_ready = True
        self._redis_away_until = 0.0

    def _lose_redis(self, error: RedisUnavailable) -> None:
        if self._redis_is_ready or not self._redis_away_until:
            self._logger.warning(
                "Events of %s are read from the outbox for now: %s",
                self.group,
                error.message,
                extra={"error.type": error.type},
            )
        # Once more from the beginning: a Redis that was started anew knows no groups.
        self._redis_is_ready = self._has_backlog = False
        self._redis_away_until = time.monotonic() + _LOOK_WITHOUT_REDIS_SECONDS

    def _claim(self) -> list[StreamEntry]:
        if time.monotonic() < self._claimed_at + _CLAIM_SECONDS:
            return []
        self._claimed_at = time.monotonic()
        return [
            entry
            for key in self._keys
            for entry in self._redis.claim(self.group, self._name, key, idle_seconds=_CLAIM_IDLE_SECONDS)
        ]

    def _take(self, entry: StreamEntry) -> None:
        try:
            event = Event.of_entry(self._stream_of[entry.stream], entry.fields)
        except (KeyError, ValueError) as error:
            self._logger.error("An entry of stream %s is no event: %r", entry.stream, error)
            self._acknowledge(entry.stream, entry.id)
            return
        self._handle(event, entry.id, "stream")

    def _acknowledge(self, key: str, entry_id: str) -> None:
        if not self.acknowledges:
            return
        # Who does not hear of it sends it once more, and it is known.
        with suppress(RedisUnavailable):
            self._redis.acknowledge(self.group, key, entry_id)

    # The sure way

    def _look_into_outbox(self) -> None:
        now = time.monotonic()
        without_redis = now < self._redis_away_until or not self._redis_is_ready
        pause_seconds = _LOOK_WITHOUT_REDIS_SECONDS if without_redis else _LOOK_SECONDS
        if now < self._looked_at + (_LOOK_IN_BACKLOG_SECONDS if self._has_backlog else pause_seconds):
            return
        self._looked_at = now
        with self._database.transaction(traced=False) as transaction:
            newest_id = outbox.newest_id(transaction)
            missed = self._missed(
                transaction, _LOOK_WITHOUT_REDIS_SECONDS if without_redis else _MISSED_AGE_SECONDS, _LOOK_LIMIT
            )
        self._metrics.waiting.set(len(missed))
        self._settle(now, newest_id, missed)
        for event in missed:
            if self._stopping.is_set():
                return
            self._handle(event, None, "outbox")

    def _missed(self, transaction: Transaction, age_seconds: float, limit: int) -> list[Event]:
        """Events of that age that were not processed, oldest first."""
        return outbox.missed(
            transaction,
            self.group,
            self._streams,
            list(self._handlers),
            after=self._settled_id,
            age_seconds=age_seconds,
            limit=limit,
        )

    def _settle(self, now: float, newest_id: int, missed: Sequence[Event]) -> None:
        self._newest_ids.append((now, newest_id))
        while self._newest_ids[0][0] < now - _LONGEST_TRANSACTION_SECONDS:
            _, old_id = self._newest_ids.popleft()
            self._settled_id = max(self._settled_id, min(old_id, missed[0].id - 1) if missed else old_id)

    # Handling

    def _handle(self, event: Event, entry_id: str | None, source: str) -> None:
        """Until the event is processed, or put aside."""
        failed = self._failed.get(event.id)
        if failed is not None and source != "retry":
            # It has its own time; what Redis says of it is acknowledged then.
            failed.entry_id = failed.entry_id or entry_id
            return
        if event.name in self._handlers:
            attempts = failed.attempts if failed else 0
            interruptions = 0
            while True:
                try:
                    self._attempt(event, source, attempts + interruptions)
                    break
                except Exception as error:
                    if self._stopping.is_set():
                        return
                    interruptions += 1
                    if interruptions <= _INTERRUPTIONS and _is_interruption(error):
                        self._wait_for_database()
                    else:
                        self._put_aside(event, entry_id, attempts + interruptions, error)
                        return
        self._failed.pop(event.id, None)
        if entry_id is not None:
            self._acknowledge(redis_key(event.stream), entry_id)

    def _attempt(self, event: Event, source: str, attempts: int) -> None:
        span_name, _ = self._handlers[event.name]
        with self._telemetry.tracer.start_as_current_span(
            span_name,
            context=continued(event.traceparent),
            kind=SpanKind.CONSUMER,
            attributes=self._describe(event, source, attempts),
        ) as span:
            is_new, after_commit = self._process(event)
            self._metrics.count(event.name, "handled" if is_new else "repeated")
            if not is_new:
                span.set_attribute("exchange.event.repeated", True)
                return
            lag_seconds = (datetime.now(UTC) - event.created_at).total_seconds()
            self._telemetry.observe(self._metrics.lag_seconds, max(0.0, lag_seconds))
            if after_commit is not None:
                self._call(after_commit, event)

    def _process(self, event: Event) -> tuple[bool, AfterCommit | None]:
        """Whether it had not been processed before, and what follows from it."""
        _, handler = self._handlers[event.name]
        with self._database.transaction() as transaction:
            if not outbox.claim(transaction, self.group, event):
                return False, None
            return True, handler(event, transaction)

    def _call(self, after_commit: AfterCommit, event: Event) -> None:
        try:
            after_commit()
        except Exception as error:
            # What the handler wrote stays written: there is nothing to try again.
            self._metrics.count(event.name, "failed_after_commit")
            self._logger.exception("What follows event %s failed: %s", event.id, error, extra=_fields(event))

    def _wait_for_database(self) -> None:
        """Until it answers, or this consumer is to stop."""
        is_told = False
        while not self._stopping.is_set():
            try:
                self._database.check()
                return
            except ServiceUnavailable as error:
                if not is_told:
                    self._logger.warning("Events of %s wait: %s", self.group, error.message)
                is_told = True
                self._stopping.wait(_DATABASE_PAUSE_SECONDS)

    def _put_aside(self, event: Event, entry_id: str | None, attempts: int, error: Exception) -> None:
        pause_seconds = min(_FIRST_PAUSE_SECONDS * 2 ** (attempts - 1), _LONGEST_PAUSE_SECONDS)
        self._failed[event.id] = _Failed(event, entry_id, attempts, time.monotonic() + pause_seconds)
        self._metrics.count(event.name, "failed")
        self._logger.error(
            "Event %s (%s) was not handled, attempt %s: %s",
            event.id,
            event.name,
            attempts,
            str(error) or type(error).__name__,
            exc_info=error,
            extra={**_fields(event), "attempt": attempts, "retry_in_ms": round(pause_seconds * 1000)},
        )

    def _seconds_until_next(self) -> float:
        """How long nothing but Redis can bring something to do."""
        due = min((failed.due for failed in self._failed.values()), default=float("inf"))
        return max(0.001, min(_WAIT_SECONDS, due - time.monotonic()))

    def _describe(self, event: Event, source: str, attempts: int) -> dict[str, str | int]:
        attributes: dict[str, str | int] = {
            "messaging.system": "redis",
            "messaging.destination.name": event.stream,
            "messaging.operation.type": "process",
            "messaging.message.id": str(event.id),
            "messaging.consumer.group.name": self.group,
            "exchange.event.source": source,
        }
        if attempts:
            attributes["exchange.event.attempt"] = attempts + 1
        for key, name in _SPAN_ATTRIBUTES.items():
            if key in event.payload:
                attributes[name] = event.payload[key]
        return attributes


def _is_interruption(error: Exception) -> bool:
    """Whether it is the database that failed, and not the handler."""
    return isinstance(error, ServiceUnavailable) and error.service == "postgresql"


def _fields(event: Event) -> dict[str, object]:
    """What log lines say of an event."""
    fields: dict[str, object] = {"event.id": event.id, "event.name": event.name}
    if "order_id" in event.payload:
        fields["order_id"] = event.payload["order_id"]
    return fields
