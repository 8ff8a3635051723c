"""Redis, every command a span: name and command, never the values.

    redis = Redis("redis://127.0.0.1:6379/0", telemetry)
    redis.get("risk_limits:13", name="GET risk_limits")

Spans have the instrumentation scope `redis`. What a consumer asks over and over (read, acknowledge, claim) makes none.
A Redis that is away is told as `RedisUnavailable`, soon: what it holds can be had elsewhere, more slowly.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from time import perf_counter
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import redis
from opentelemetry.trace import Span, SpanKind, Status, StatusCode
from prometheus_client import Counter, Histogram
from redis.backoff import NoBackoff
from redis.retry import Retry

from observability.errors import ServiceUnavailable
from observability.messages import traceparent
from observability.metrics import ChildCache, exemplar
from observability.telemetry import Telemetry

#: Seconds; Redis is there for answers in far less than a millisecond, and given up after half a second.
_BUCKETS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0)

_LONGEST_WAIT_SECONDS = 1.0


class RedisUnavailable(ServiceUnavailable):
    """Redis gave no answer in time; ends a request with 503 unless the route can do without."""

    def __init__(self, reason: str) -> None:
        super().__init__("redis", reason)


class StreamEntry(NamedTuple):
    """What was read from a stream."""

    stream: str
    id: str
    fields: dict[str, str]


class Redis:
    """One Redis, shared by the threads of a service. Texts go in and come out.

    `timeout_seconds`: for a connection and for each answer.
    """

    def __init__(self, url: str, telemetry: Telemetry, *, timeout_seconds: float = 0.5) -> None:
        self._client = _connect(url, timeout_seconds)
        #: For reads that wait until something happens: any other answer that takes so long would be an error.
        self._patient = _connect(url, _LONGEST_WAIT_SECONDS + timeout_seconds)
        self._tracer = telemetry.tracer_provider.get_tracer("redis")
        self._attributes = _describe(url)
        duration = Histogram(
            "redis_client_operation_duration_seconds",
            "Time a command took, as its caller saw it.",
            ["operation"],
            buckets=_BUCKETS,
            registry=telemetry.registry,
        )
        self._durations = ChildCache(duration.labels)
        self._failures = Counter(
            "redis_client_failures_total", "Commands that Redis gave no answer to.", registry=telemetry.registry
        )

    def get(self, key: str, *, name: str) -> str | None:
        answer = self.run("GET", key, name=name)
        return None if answer is None else str(answer)

    def set(self, key: str, value: str | int, *, name: str, seconds: int | None = None) -> None:
        """`seconds`: how long it is kept; None = until it is changed."""
        self.run("SET", key, value, *(() if seconds is None else ("EX", seconds)), name=name)

    def delete(self, *keys: str, name: str) -> int:
        """How many of them there were."""
        return int(self.run("DEL", *keys, name=name))

    def increment(self, key: str, *, name: str, seconds: int, by: int = 1) -> int:
        """The new value of a counter that is forgotten `seconds` after its first increment."""
        with self._span(name, "INCR"):
            pipeline = self._client.pipeline(transaction=True)
            # Not INCR and then EXPIRE if it was the first: whoever died in between would leave it for ever.
            pipeline.set(key, 0, ex=seconds, nx=True)
            pipeline.incr(key, by)
            return int(pipeline.execute()[1])

    def append(
        self,
        stream: str,
        fields: Mapping[str, str | int],
        *,
        name: str,
        keep: int,
        attributes: Mapping[str, Any] | None = None,
    ) -> str:
        """Add an entry to a stream, of which about the last `keep` entries stay; the entry's id.

        In a trace the entry also gets the field `traceparent`, for whoever reads it to continue (`messages.py`).
        """
        with self._span(name, "XADD", SpanKind.PRODUCER, attributes) as span:
            entry: dict[Any, Any] = dict(fields)
            if sender := traceparent(span):
                entry["traceparent"] = sender
            return str(self._client.xadd(stream, entry, maxlen=keep, approximate=True))

    def run(self, command: str, *arguments: str | int, name: str) -> Any:
        """Any other command, as redis-py answers it."""
        with self._span(name, command):
            return self._client.execute_command(command, *arguments)  # type: ignore[no-untyped-call]

    def create_group(self, stream: str, group: str) -> None:
        """A consumer group that begins with the stream's first entry; nothing when there is one already."""
        with self._translated():
            try:
                self._client.xgroup_create(stream, group, id="0", mkstream=True)
            except redis.ResponseError as error:
                if not str(error).startswith("BUSYGROUP"):
                    raise

    def read_group(
        self, group: str, consumer: str, streams: Sequence[str], *, count: int = 32, wait_seconds: float = 1.0
    ) -> list[StreamEntry]:
        """What nobody of the group has read yet; [] when nothing comes within `wait_seconds` (at most a second)."""
        block_milliseconds = max(1, round(min(wait_seconds, _LONGEST_WAIT_SECONDS) * 1000))
        with self._translated():
            answer: Any = self._patient.xreadgroup(
                group, consumer, dict.fromkeys(streams, ">"), count=count, block=block_milliseconds
            )
        return [_entry(stream, raw) for stream, entries in answer or () for raw in entries]

    def read(self, positions: Mapping[str, str], *, count: int = 32, wait_seconds: float = 1.0) -> list[StreamEntry]:
        """What follows these entries (stream -> id); [] when nothing comes within `wait_seconds` (at most a second)."""
        block_milliseconds = max(1, round(min(wait_seconds, _LONGEST_WAIT_SECONDS) * 1000))
        with self._translated():
            after: dict[Any, Any] = dict(positions)
            answer: Any = self._patient.xread(after, count=count, block=block_milliseconds)
        return [_entry(stream, raw) for stream, entries in answer or () for raw in entries]

    def last_id(self, stream: str) -> str:
        """Of its last entry; "0" when it has none."""
        with self._translated():
            entries: Any = self._client.xrevrange(stream, count=1)
        return str(entries[0][0]) if entries else "0"

    def acknowledge(self, group: str, stream: str, id: str) -> None:
        with self._translated():
            self._client.xack(stream, group, id)

    def claim(
        self, group: str, consumer: str, stream: str, *, idle_seconds: float, count: int = 32
    ) -> list[StreamEntry]:
        """Take over what another consumer of the group has read, and not acknowledged for so long."""
        with self._translated():
            answer: Any = self._client.xautoclaim(
                stream, group, consumer, min_idle_time=round(idle_seconds * 1000), start_id="0-0", count=count
            )
        return [_entry(stream, raw) for raw in answer[1] if raw[1]]

    def check(self) -> None:
        """For a readiness check: raises RedisUnavailable unless it answers."""
        with self._translated():
            self._client.ping()

    def close(self) -> None:
        self._client.close()
        self._patient.close()

    @contextmanager
    def _span(
        self,
        name: str,
        command: str,
        kind: SpanKind = SpanKind.CLIENT,
        attributes: Mapping[str, Any] | None = None,
    ) -> Iterator[Span]:
        described = {**self._attributes, "db.operation.name": command, **(attributes or {})}
        if kind is SpanKind.PRODUCER:
            # With it a service graph takes the span for a call of a database, and never sees who reads the entry.
            del described["db.namespace"]
        span = self._tracer.start_span(name, kind=kind, attributes=described)
        started = perf_counter()
        try:
            with self._translated():
                yield span
        except RedisUnavailable as error:
            span.record_exception(error)
            span.set_status(Status(StatusCode.ERROR, error.message))
            span.set_attribute("error.type", type(error.__cause__).__name__)
            raise
        finally:
            self._durations[command,].observe(perf_counter() - started, exemplar())
            span.end()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except redis.TimeoutError as error:
            self._failures.inc()
            raise RedisUnavailable("it did not answer in time") from error
        except redis.ConnectionError as error:
            self._failures.inc()
            raise RedisUnavailable("the connection failed") from error
        except redis.RedisError as error:
            raise RedisUnavailable(str(error)) from error


def _connect(url: str, timeout_seconds: float) -> redis.Redis:
    return redis.Redis.from_url(
        url,
        decode_responses=True,
        # The older protocol: whoever stands in for Redis knows it.
        protocol=2,
        socket_timeout=timeout_seconds,
        socket_connect_timeout=timeout_seconds,
        # Once more, at once: a pooled connection may have been closed by a Redis that was started anew. Not when it ran
        # out of time: whoever waits has waited long enough.
        retry=Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,)),
    )


def _entry(stream: str, raw: Sequence[Any]) -> StreamEntry:
    return StreamEntry(stream, raw[0], raw[1] or {})


def _describe(url: str) -> dict[str, Any]:
    """The attributes that every span has."""
    parts = urlsplit(url)
    return {
        "db.system.name": "redis",
        # By this name a map of services calls it, wherever it is.
        "peer.service": "redis",
        "db.namespace": parts.path.strip("/") or "0",
        "server.address": parts.hostname or "localhost",
        "server.port": parts.port or 6379,
    }
