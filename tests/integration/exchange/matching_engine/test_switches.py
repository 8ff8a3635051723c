"""What each flag changes in the engine: while it is on, and that nothing of it is left afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from flask.testing import FlaskClient

from feature_flags import FixedFlags
from observability import Telemetry
from observability.postgresql import Database
from observability.redis import Redis
from systems.exchange.events import Publisher
from systems.exchange.matching_engine.app import create_app
from systems.exchange.matching_engine.orders import Side
from tests.integration.exchange.backing import Watched, until
from tests.integration.exchange.matching_engine.trading_floor import store_order

ALICE, BOB, CAROL = 1, 2, 3


@dataclass
class Engine:
    """A running engine with flags to set, and somebody who places orders."""

    flags: FixedFlags
    client: FlaskClient
    database: Database
    publisher: Publisher
    watched: Watched

    def place(self, user_id: int, side: Side, quantity: int = 5) -> tuple[str, str | None]:
        """Status and reason of the order, once the engine has handled it."""
        event = store_order(self.database, user_id, side, quantity, 1000)
        self.publisher.publish([event])
        parameters = {"order_id": event.payload["order_id"]}

        def outcome() -> tuple[str, str | None] | None:
            with self.database.transaction() as transaction:
                row = transaction.fetch_one("SELECT status, reason FROM orders WHERE id = %(order_id)s", parameters)
            assert row is not None
            return None if row["status"] == "NEW" else (row["status"], row["reason"])

        found = until(outcome)
        assert found is not None
        return found

    def sources(self) -> list[object]:
        """Which way the orders came."""
        spans = self.watched.named("process_order")
        return [dict(span.attributes or {})["exchange.event.source"] for span in spans]


@pytest.fixture
def engine(
    postgresql_url: str,
    redis_url: str,
    exchange_telemetry: Watched,
    database: Database,
    redis: Redis,
    telemetry: Telemetry,
) -> Iterator[Engine]:
    flags = FixedFlags()
    app = create_app(
        {"EXCHANGE_DATABASE_URL": postgresql_url, "EXCHANGE_REDIS_URL": redis_url},
        telemetry=exchange_telemetry.of("matching-engine"),
        flags=flags,
    )
    client = app.test_client()
    until(lambda: client.get("/check").status_code == 200)
    yield Engine(flags, client, database, Publisher(database, redis, telemetry), exchange_telemetry)
    app.extensions["leadership"].stop()


def test_accounts_can_be_taken_for_one(engine: Engine) -> None:
    engine.place(ALICE, Side.SELL)
    engine.flags.set("account-groups", {"groups": 2})
    assert engine.place(CAROL, Side.BUY) == ("CANCELLED", "self_trade")
    engine.flags.set("account-groups")
    assert engine.place(CAROL, Side.BUY) == ("FILLED", None)


def test_books_can_be_compared_with_the_database_at_every_order(engine: Engine) -> None:
    engine.flags.set("book-verification", {"on": True})
    engine.place(ALICE, Side.SELL)
    engine.flags.set("book-verification")
    engine.place(BOB, Side.BUY)
    assert len(engine.watched.named("verify_books")) == 1


@pytest.mark.slow
def test_orders_of_a_stream_that_nobody_writes_come_late_and_all_the_same(engine: Engine) -> None:
    def source_of_a_trade() -> list[object]:
        engine.place(ALICE, Side.SELL)
        assert engine.place(BOB, Side.BUY) == ("FILLED", None)
        return engine.sources()[-1:]

    engine.flags.set("order-stream", {"generation": ":v2"})
    # What is being read at this moment may still come the fast way.
    until(lambda: source_of_a_trade() == ["outbox"], seconds=40)
    engine.flags.set("order-stream")
    until(lambda: source_of_a_trade() == ["stream"], seconds=40)
