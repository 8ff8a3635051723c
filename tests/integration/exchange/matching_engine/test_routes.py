"""What can be asked of a running engine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from observability import Telemetry
from observability.postgresql import Database
from observability.redis import Redis
from systems.exchange.events import Publisher
from systems.exchange.instruments import SYMBOLS
from systems.exchange.matching_engine.app import create_app
from systems.exchange.matching_engine.orders import Side
from tests.integration.exchange.backing import Watched, until
from tests.integration.exchange.matching_engine.trading_floor import SYMBOL, store_order


@pytest.fixture
def engine(postgresql_url: str, redis_url: str, exchange_telemetry: Watched) -> Iterator[FlaskClient]:
    app = create_app(
        {"EXCHANGE_DATABASE_URL": postgresql_url, "EXCHANGE_REDIS_URL": redis_url},
        telemetry=exchange_telemetry.of("matching-engine"),
    )
    yield app.test_client()
    app.extensions["leadership"].stop()


def test_the_book_and_whether_it_is_right_can_be_asked_for(
    engine: FlaskClient, database: Database, redis: Redis, telemetry: Telemetry, exchange_telemetry: Watched
) -> None:
    sell, buy = store_order(database, 1, Side.SELL, 5, 1001), store_order(database, 1, Side.BUY, 4, 999)
    Publisher(database, redis, telemetry).publish([sell, buy])
    selling = sell.payload["order_id"]

    def book_with_both() -> dict[str, Any] | None:
        answer = engine.get(f"/book/{SYMBOL}")
        return answer.json if answer.status_code == 200 and answer.json["orders"] == 2 else None

    book = until(book_with_both)
    assert book is not None
    assert (book["bids"], book["asks"], book["halted"]) == ([[999, 4]], [[1001, 5]], False)
    exchange_telemetry.spans.clear()
    assert engine.get("/check").json == {"agrees": True, "differences": {}, "halted": []}
    # However many orders there are: each symbol's rows may take their time.
    assert len(exchange_telemetry.named("SET statement_timeout")) == len(SYMBOLS)

    with database.transaction() as transaction:
        transaction.execute("UPDATE orders SET quantity = 6 WHERE id = %(id)s", {"id": selling})
    assert engine.get("/check").json["differences"] == {
        SYMBOL: [f"order {selling} has 6 shares to trade in the database, 5 in the book"]
    }

    unknown = engine.get("/book/NOPE")
    assert (unknown.status_code, unknown.json["error"]["hint"]) == (404, f"one of: {', '.join(SYMBOLS)}")


def test_an_engine_that_waits_for_its_turn_says_so_and_takes_over(
    engine: FlaskClient, postgresql_url: str, redis_url: str, exchange_telemetry: Watched, database: Database
) -> None:
    until(lambda: engine.get("/check").status_code == 200)
    second = create_app(
        {"EXCHANGE_DATABASE_URL": postgresql_url, "EXCHANGE_REDIS_URL": redis_url},
        telemetry=exchange_telemetry.of("matching-engine"),
    )
    waiting = second.test_client()
    refused = waiting.get(f"/book/{SYMBOL}")
    assert (refused.status_code, refused.json["error"]["type"]) == (503, "engine_not_trading")
    assert waiting.get("/ready").status_code == 200

    engine.application.extensions["leadership"].stop()
    until(lambda: waiting.get("/check").status_code == 200)
    second.extensions["leadership"].stop()
