"""Events are forgotten in the end, and none that somebody still wants."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from observability import Telemetry
from observability.postgresql import Database, Transaction
from observability.redis import Redis
from systems.exchange.events import Consumer, Event, Publisher, Retention, outbox, retention
from tests.integration.exchange.backing import until

ORDERS = ("orders", ["order_created", "order_cancelled"])


@pytest.fixture(autouse=True)
def subscriptions(database: Database) -> None:
    """Two groups want orders; what happens to the market, nobody has to process."""
    with database.transaction() as transaction:
        outbox.subscribe(transaction, "engine", [ORDERS[0]], ORDERS[1])
        outbox.subscribe(transaction, "archive", [ORDERS[0]], ORDERS[1])


@pytest.fixture
def hours_ago(database: Database) -> list[Event]:
    """Three orders, and a change of the market, from two hours ago."""
    with database.transaction() as transaction:
        events = [outbox.add(transaction, "orders", "order_created", {"order_id": number}) for number in (1, 2, 3)]
        events.append(outbox.add(transaction, "market_data", "market_data", {"symbol": "ACRN"}))
        transaction.execute("UPDATE outbox SET created_at = created_at - interval '2 hours'")
    return events


def process(database: Database, group: str, events: Sequence[Event]) -> list[bool]:
    """Whether the group had not processed each before."""
    with database.transaction() as transaction:
        return [outbox.claim(transaction, group, event) for event in events]


def kept(database: Database) -> tuple[list[int], int]:
    """Ids in the outbox, and how many records of processing there are."""
    with database.transaction() as transaction:
        events = transaction.fetch_all("SELECT id FROM outbox ORDER BY id")
        records = transaction.fetch_all("SELECT FROM processed_events")
    return [row["id"] for row in events], len(records)


def test_what_every_group_has_processed_goes_after_an_hour_and_its_records_with_it(
    database: Database, hours_ago: list[Event]
) -> None:
    process(database, "engine", hours_ago[:2])
    process(database, "archive", hours_ago[:1])

    # The first order, and what only followers hear of.
    assert Retention(database).prune() == 2

    assert kept(database) == ([hours_ago[1].id, hours_ago[2].id], 1)
    process(database, "archive", hours_ago[1:3])
    assert Retention(database).prune() == 1
    assert kept(database) == ([hours_ago[2].id], 1)


def test_what_is_younger_stays_for_groups_that_are_new(database: Database) -> None:
    with database.transaction() as transaction:
        event = outbox.add(transaction, "orders", "order_created", {"order_id": 1})
    process(database, "engine", [event])
    process(database, "archive", [event])

    assert Retention(database).prune() == 0
    assert process(database, "newcomer", [event]) == [True]


def test_what_nobody_wants_any_more_is_not_kept_for_them(database: Database, hours_ago: list[Event]) -> None:
    process(database, "engine", hours_ago[:3])
    with database.transaction() as transaction:
        outbox.subscribe(transaction, "archive", ["orders"], ["order_cancelled"])

    assert Retention(database).prune() == 4
    assert kept(database) == ([], 0)


def test_what_was_forgotten_counts_as_processed_when_redis_tells_it_again(
    database: Database, hours_ago: list[Event]
) -> None:
    for group in ("engine", "archive"):
        process(database, group, hours_ago[:3])
    Retention(database).prune()

    assert process(database, "engine", hours_ago[:3]) == [False, False, False]
    assert kept(database) == ([], 0)


def test_a_round_comes_past_what_is_still_wanted(
    database: Database, hours_ago: list[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "_BATCH", 2)
    monkeypatch.setattr(retention, "_BATCHES", 1)
    process(database, "engine", hours_ago)
    process(database, "archive", hours_ago[2:])
    rounds = Retention(database)

    # The first two are wanted by one; the other two go; then it begins anew.
    assert [rounds.prune() for _ in range(4)] == [0, 2, 0, 0]
    assert kept(database)[0] == [hours_ago[0].id, hours_ago[1].id]


def test_a_consumer_that_was_away_for_hours_gets_everything(
    database: Database, redis: Redis, telemetry: Telemetry, hours_ago: list[Event]
) -> None:
    process(database, "engine", hours_ago[:3])
    Retention(database).prune()
    handled: list[int] = []

    def handle(event: Event, transaction: Transaction) -> None:
        handled.append(event.payload["order_id"])

    consumer = Consumer(
        database,
        redis,
        telemetry,
        group="archive",
        streams=["orders"],
        handlers={"order_created": ("archive_order", handle)},
    )
    consumer.start()
    until(lambda: handled == [1, 2, 3])
    consumer.stop()
    # order_cancelled is wanted by the engine only, from now on.
    assert Retention(database).prune() == 3
    assert kept(database) == ([], 0)


def test_redis_keeps_about_the_last_entries_of_a_stream(
    database: Database, redis: Redis, telemetry: Telemetry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("systems.exchange.events.publisher.KEPT_IN_REDIS", 50)
    with database.transaction() as transaction:
        events = [outbox.add(transaction, "orders", "order_created", {"order_id": number}) for number in range(300)]

    Publisher(database, redis, telemetry).publish(events)

    # Redis takes whole nodes of a hundred entries away.
    assert 50 <= int(redis.run("XLEN", "events:orders", name="XLEN")) <= 200
