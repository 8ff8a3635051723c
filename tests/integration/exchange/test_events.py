"""Events: none is lost and each counts once, whoever dies."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from opentelemetry.trace import SpanKind, StatusCode

from observability.postgresql import Database, Transaction
from observability.redis import Redis
from systems.exchange.events import AfterCommit, Consumer, Event, Follower, Publisher, outbox
from systems.exchange.events import consumer as consumer_module
from tests.integration.exchange.backing import RedisServer, Watched, until

ADD = "INSERT INTO wallets (user_id, asset, available) VALUES (%(number)s, 'USD', 1)"


class Exchange:
    """A database, a Redis, and services around them."""

    def __init__(self, postgresql_url: str, server: RedisServer) -> None:
        self.watched = Watched()
        self.server = server
        self.database = Database(postgresql_url, self.watched.of("test"), connections=8)
        self.publisher = Publisher(
            self.database, Redis(server.url, telemetry := self.watched.of("order-manager")), telemetry
        )
        self.sender = telemetry
        self._postgresql_url = postgresql_url
        self._consumers: list[Consumer] = []

    def add(self, *numbers: int) -> list[Event]:
        """Events as in an order's transaction, and not yet published."""
        with self.database.transaction() as transaction:
            return [outbox.add(transaction, "orders", "order_created", {"order_id": number}) for number in numbers]

    def send(self, *numbers: int) -> None:
        self.publisher.publish(self.add(*numbers))

    def consume(self, handler: Callable[..., AfterCommit | None] | None = None) -> Consumer:
        """One more service with a consumer of the group `engine`."""
        telemetry = self.watched.of("engine")
        consumer = Consumer(
            Database(self._postgresql_url, telemetry),
            Redis(self.server.url, telemetry),
            telemetry,
            group="engine",
            streams=["orders"],
            handlers={"order_created": ("process_order", handler or store)},
        )
        consumer.start()
        self._consumers.append(consumer)
        return consumer

    def follow(self, listener: Callable[[Event], None]) -> Follower:
        """One more service that only listens; it has begun."""
        telemetry = self.watched.of("listener")
        follower = Follower(
            Database(self._postgresql_url, telemetry),
            Redis(self.server.url, telemetry),
            telemetry,
            group="listener",
            streams=["orders"],
            handlers={"order_created": ("tell_order", listener)},
        )
        follower.start()
        self._consumers.append(follower)
        until(lambda: follower._redis_is_ready)
        return follower

    def stored(self) -> list[int]:
        """What the handlers have written, in order."""
        with self.database.transaction(traced=False) as transaction:
            return [row["user_id"] for row in transaction.fetch_all("SELECT user_id FROM wallets ORDER BY id")]

    def unacknowledged(self) -> int:
        redis = Redis(self.server.url, self.watched.of("looking"))
        try:
            return int(redis.run("XPENDING", "events:orders", "engine", name="XPENDING")["pending"])
        finally:
            redis.close()

    def end(self) -> None:
        for consumer in self._consumers:
            consumer.stop()


def store(event: Event, transaction: Transaction) -> None:
    """A handler that leaves a trace: twice would be refused."""
    transaction.execute(ADD, {"number": event.payload["order_id"]})


@pytest.fixture
def exchange(postgresql_url: str, any_redis: RedisServer) -> Iterator[Exchange]:
    any_redis.empty()
    exchange = Exchange(postgresql_url, any_redis)
    yield exchange
    exchange.end()


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is looked for in the outbox, so that what arrives has come over Redis."""
    monkeypatch.setattr(consumer_module, "_LOOK_SECONDS", 1000.0)


@pytest.fixture
def attentive(monkeypatch: pytest.MonkeyPatch) -> None:
    """What does not come over Redis is missed at once."""
    monkeypatch.setattr(consumer_module, "_LOOK_SECONDS", 0.05)
    monkeypatch.setattr(consumer_module, "_MISSED_AGE_SECONDS", 0.1)


@pytest.mark.usefixtures("patient")
def test_events_arrive_in_order_and_are_acknowledged(exchange: Exchange) -> None:
    exchange.consume()
    exchange.send(*range(1, 20))

    assert until(lambda: len(exchange.stored()) == 19)
    assert exchange.stored() == list(range(1, 20))
    until(lambda: exchange.unacknowledged() == 0)


@pytest.mark.usefixtures("patient")
def test_the_handler_continues_the_trace_of_whoever_published(exchange: Exchange) -> None:
    exchange.consume()
    with exchange.sender.span("POST /order") as request:
        exchange.send(7)
    (handled,) = until(lambda: exchange.watched.named("process_order"))

    (published,) = exchange.watched.named("PUBLISH order_created")
    assert published.kind is SpanKind.PRODUCER
    assert published.parent is not None
    assert published.parent.span_id == request.get_span_context().span_id
    assert handled.parent is not None
    assert handled.parent.span_id == published.context.span_id
    assert handled.context.trace_id == request.get_span_context().trace_id
    assert handled.kind is SpanKind.CONSUMER
    attributes = dict(handled.attributes or {})
    assert attributes["messaging.system"] == "redis"
    assert attributes["messaging.destination.name"] == "orders"
    assert attributes["exchange.order.id"] == 7
    (insert,) = exchange.watched.named("INSERT INTO wallets")
    assert insert.parent is not None
    assert insert.parent.span_id == handled.context.span_id


@pytest.mark.usefixtures("attentive")
def test_an_event_that_was_never_published_is_found_in_the_outbox(exchange: Exchange) -> None:
    with exchange.sender.span("POST /order") as request:
        exchange.add(7)
    exchange.consume()

    until(lambda: exchange.stored() == [7])
    (handled,) = until(lambda: exchange.watched.named("process_order"))
    assert handled.context.trace_id == request.get_span_context().trace_id
    assert dict(handled.attributes or {})["exchange.event.source"] == "outbox"


@pytest.mark.usefixtures("attentive")
def test_the_same_event_over_both_ways_counts_once(exchange: Exchange) -> None:
    events = exchange.add(7, 8)
    exchange.consume()
    until(lambda: exchange.stored() == [7, 8])

    exchange.publisher.publish(events)
    exchange.publisher.publish(events)

    until(lambda: len(exchange.watched.named("process_order")) == 6)
    assert exchange.stored() == [7, 8]
    until(lambda: exchange.unacknowledged() == 0)


@pytest.mark.slow
def test_a_redis_that_dies_and_comes_back_empty_loses_nothing(exchange: Exchange) -> None:
    exchange.consume()
    exchange.send(1)
    until(lambda: exchange.stored() == [1])

    exchange.server.kill()
    exchange.send(2, 3)
    until(lambda: exchange.stored() == [1, 2, 3])

    # Empty.
    exchange.server.start()
    exchange.add(4)
    until(lambda: exchange.stored() == [1, 2, 3, 4])
    until(lambda: "Events of engine come over Redis again" in [line.message for line in exchange.watched.lines])

    def arrives_over_redis() -> bool:
        exchange.send(len(exchange.stored()) + 1)
        return (
            until(lambda: exchange.watched.named("process_order")[-1]).attributes["exchange.event.source"] == "stream"
        )  # type: ignore[index]

    until(arrives_over_redis)


@pytest.mark.usefixtures("attentive")
def test_a_consumer_that_dies_between_commit_and_acknowledgement_leaves_nothing_undone_or_doubled(
    exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumer_module, "_CLAIM_SECONDS", 0.1)
    monkeypatch.setattr(consumer_module, "_CLAIM_IDLE_SECONDS", 0.1)
    dying = exchange.consume()
    monkeypatch.setattr(dying, "_acknowledge", lambda key, entry_id: dying._stopping.set())
    exchange.send(1, 2)
    until(lambda: exchange.stored() == [1])
    dying.stop()
    # The second one as well, when it was read with the first.
    assert exchange.unacknowledged() in (1, 2)

    exchange.consume()

    until(lambda: exchange.stored() == [1, 2])
    until(lambda: exchange.unacknowledged() == 0)
    assert exchange.stored() == [1, 2]


@pytest.mark.usefixtures("patient")
def test_what_is_not_acknowledged_comes_again_until_it_is_and_counts_once(
    exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumer_module, "_CLAIM_SECONDS", 0.05)
    monkeypatch.setattr(consumer_module, "_CLAIM_IDLE_SECONDS", 0.05)
    consumer = exchange.consume()
    consumer.acknowledges = False
    exchange.send(1)

    until(lambda: len(exchange.watched.named("process_order")) >= 3)
    consumer.acknowledges = True
    until(lambda: exchange.unacknowledged() == 0)
    assert exchange.stored() == [1]
    again = exchange.watched.named("process_order")[1]
    assert dict(again.attributes or {})["exchange.event.repeated"] is True


@pytest.mark.usefixtures("attentive")
def test_two_consumers_of_a_group_share_its_events(exchange: Exchange) -> None:
    handled_by: dict[str, list[int]] = {"one": [], "two": []}
    both = threading.Barrier(2)

    def handler_of(name: str) -> Callable[[Event, Transaction], None]:
        def handle(event: Event, transaction: Transaction) -> None:
            store(event, transaction)
            if not handled_by[name]:
                # Until the other one has got something, too.
                both.wait(10)
            handled_by[name].append(event.payload["order_id"])

        return handle

    exchange.consume(handler_of("one"))
    exchange.consume(handler_of("two"))
    for number in range(1, 31):
        exchange.send(number)

    until(lambda: len(exchange.stored()) == 30)
    assert sorted(exchange.stored()) == list(range(1, 31))
    assert all(handled_by.values())


@pytest.mark.usefixtures("patient")
def test_an_event_that_cannot_be_handled_is_tried_again_and_holds_up_no_other(exchange: Exchange) -> None:
    is_mended = threading.Event()

    def handle(event: Event, transaction: Transaction) -> None:
        store(event, transaction)
        if event.payload["order_id"] == 2 and not is_mended.is_set():
            raise RuntimeError("cannot be handled")

    exchange.consume(handle)
    exchange.send(1, 2, 3)
    until(lambda: exchange.stored() == [1, 3])
    until(lambda: len(told := errors(exchange)) >= 3 and told)
    assert exchange.unacknowledged() == 1

    is_mended.set()
    until(lambda: exchange.stored() == [1, 3, 2])
    until(lambda: exchange.unacknowledged() == 0)
    told = errors(exchange)
    assert told[0][0].endswith("(order_created) was not handled, attempt 1: cannot be handled")
    assert told[0][1]["order_id"] == 2
    pauses = [fields["retry_in_ms"] for _, fields in told]
    assert pauses[:3] == [100, 200, 400]
    failed = exchange.watched.named("process_order")[1]
    assert failed.status.status_code is StatusCode.ERROR
    assert failed.events[0].name == "exception"
    assert dict(exchange.watched.named("process_order")[-1].attributes or {})["exchange.event.attempt"] == len(told) + 1


def errors(exchange: Exchange) -> list[tuple[str, dict[str, Any]]]:
    return [(line.message, dict(line.fields)) for line in exchange.watched.lines if line.level == "error"]


@pytest.mark.usefixtures("patient")
def test_what_follows_from_an_event_happens_after_the_commit_and_may_fail(exchange: Exchange) -> None:
    seen: list[list[int]] = []

    def handle(event: Event, transaction: Transaction) -> AfterCommit:
        store(event, transaction)

        def after_commit() -> None:
            seen.append(exchange.stored())
            raise RuntimeError("too late to matter")

        return after_commit

    exchange.consume(handle)
    exchange.send(1)
    exchange.send(2)

    until(lambda: len(seen) == 2)
    assert seen == [[1], [1, 2]]
    until(lambda: exchange.unacknowledged() == 0)
    assert [message for message, _ in errors(exchange)] == [
        "What follows event 1 failed: too late to matter",
        "What follows event 2 failed: too late to matter",
    ]


@pytest.mark.usefixtures("patient")
def test_events_of_other_names_and_entries_that_are_no_events_are_passed_by(exchange: Exchange) -> None:
    exchange.consume()
    stray = Redis(exchange.server.url, exchange.watched.of("stray"))
    stray.append("events:orders", {"nonsense": 1}, name="XADD", keep=100)
    with exchange.database.transaction() as transaction:
        other = outbox.add(transaction, "orders", "order_renamed", {"order_id": 1})
    exchange.publisher.publish([other])
    exchange.send(2)

    until(lambda: exchange.stored() == [2])
    until(lambda: exchange.unacknowledged() == 0)
    assert [message for message, _ in errors(exchange)] == [
        "An entry of stream events:orders is no event: KeyError('event_id')"
    ]


def test_a_consumer_says_whether_it_runs(exchange: Exchange) -> None:
    consumer = exchange.consume()
    consumer.check()
    consumer.stop()
    with pytest.raises(RuntimeError, match="the consumer of engine does not run"):
        consumer.check()


@pytest.mark.usefixtures("attentive")
def test_metrics_tell_how_many_were_handled_how_late_and_how_many_wait(exchange: Exchange) -> None:
    def refuse(event: Event, transaction: Transaction) -> None:
        if event.payload["order_id"] != 1:
            raise RuntimeError("cannot be handled")

    consumer = exchange.consume(refuse)
    registry = consumer._telemetry.registry
    exchange.send(1, 2, 3)

    def value(metric: str, **labels: str) -> float | None:
        return registry.get_sample_value(metric, {"group": "engine", **labels})

    until(lambda: value("exchange_events_waiting") == 2)
    assert value("exchange_events_handled_total", name="order_created", outcome="handled") == 1
    assert value("exchange_event_lag_seconds_count") == 1
    assert (value("exchange_events_handled_total", name="order_created", outcome="failed") or 0) >= 2


def test_what_needs_no_more_looking_at_is_not_looked_at(exchange: Exchange, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumer_module, "_LOOK_SECONDS", 0.02)
    monkeypatch.setattr(consumer_module, "_LONGEST_TRANSACTION_SECONDS", 0.05)
    consumer = exchange.consume()
    exchange.send(1, 2, 3)

    until(lambda: consumer._settled_id == 3)
    assert exchange.stored() == [1, 2, 3]


@pytest.mark.usefixtures("patient")
def test_each_follower_hears_everything_from_its_start_and_nothing_is_written(exchange: Exchange) -> None:
    heard: dict[str, list[int]] = {"one": [], "two": []}
    for listener in heard.values():
        exchange.follow(lambda event, listener=listener: listener.append(event.payload["order_id"]))  # type: ignore[misc]

    with exchange.sender.span("POST /order") as request:
        exchange.send(1, 2, 3)

    until(lambda: heard == {"one": [1, 2, 3], "two": [1, 2, 3]})
    told = until(lambda: len(spans := exchange.watched.named("tell_order")) == 6 and spans)
    assert {span.context.trace_id for span in told} == {request.get_span_context().trace_id}
    with exchange.database.transaction() as transaction:
        assert transaction.fetch_all("SELECT FROM processed_events") == []


@pytest.mark.usefixtures("attentive")
def test_a_follower_finds_what_was_not_published_and_hears_it_once(exchange: Exchange) -> None:
    heard: list[int] = []
    exchange.follow(lambda event: heard.append(event.payload["order_id"]))
    events = exchange.add(1, 2)
    until(lambda: sorted(heard) == [1, 2])

    exchange.publisher.publish(events)
    exchange.send(3)

    until(lambda: 3 in heard)
    assert sorted(heard) == [1, 2, 3]


@pytest.mark.usefixtures("patient")
def test_what_a_follower_cannot_hear_is_told_again(exchange: Exchange) -> None:
    heard: list[int] = []

    def listen(event: Event) -> None:
        heard.append(event.payload["order_id"])
        if heard == [1]:
            raise RuntimeError("not listening")

    exchange.follow(listen)
    exchange.send(1)
    exchange.send(2)

    until(lambda: len(heard) == 3)
    assert sorted(heard) == [1, 1, 2]


@pytest.mark.slow
def test_a_follower_goes_on_over_a_redis_that_came_back_empty(exchange: Exchange) -> None:
    heard: list[int] = []
    follower = exchange.follow(lambda event: heard.append(event.payload["order_id"]))
    exchange.send(1)
    until(lambda: heard == [1])

    exchange.server.kill()
    exchange.send(2)
    until(lambda: heard == [1, 2])
    exchange.server.start()
    until(lambda: follower._redis_is_ready)
    exchange.send(3)

    until(lambda: heard == [1, 2, 3])
