"""Engines that are killed in the middle of their work, over a real database."""

from __future__ import annotations

import random
from typing import Any

import pytest

from observability import Telemetry
from observability.postgresql import Database
from observability.redis import Redis
from systems.exchange.events import Publisher
from systems.exchange.matching_engine.orders import IncomingOrder, Side
from tests.integration.exchange.backing import until
from tests.integration.exchange.matching_engine.trading_floor import SYMBOL, store_order
from tests.integration.exchange.running_service import RunningService, running_services
from tests.unit.matching_engine.naive_book import NaiveBook

ENGINE = "systems.exchange.matching_engine"
ORDERS = 240

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def rows(database: Database, table: str) -> list[dict[str, Any]]:
    statements = {
        "orders": "SELECT * FROM orders ORDER BY book_sequence",
        "executions": "SELECT * FROM executions ORDER BY id",
        "outbox": "SELECT * FROM outbox WHERE name = 'trade_executed' ORDER BY id",
        "new": "SELECT * FROM orders WHERE status = 'NEW'",
    }
    with database.transaction() as transaction:
        return transaction.fetch_all(statements[table])  # type: ignore[arg-type]


def leader(engines: list[RunningService]) -> RunningService:
    """The one that trades."""
    return until(lambda: next((engine for engine in engines if engine.answers(f"/book/{SYMBOL}")), None))


def replayed(orders: list[dict[str, Any]]) -> list[tuple[int, int, int, int]]:
    """What one engine that nobody disturbs makes of the orders: (buying order, selling order, price, shares)."""
    book, trades = NaiveBook(), []
    for row in orders:
        side = Side(row["side"])
        order = IncomingOrder(
            row["id"], row["user_id"], side, row["price_cents"], row["quantity"], row["type"] == "limit"
        )
        for fill in book.place(order)[0]:
            buying, selling = row["id"], fill.resting_order_id
            if side is Side.SELL:
                buying, selling = selling, buying
            trades.append((buying, selling, fill.price_cents, fill.quantity))
    return trades


def test_engines_killed_in_the_middle_lose_nothing_and_double_nothing(
    database: Database, redis: Redis, postgresql_url: str, redis_url: str, telemetry: Telemetry
) -> None:
    publisher, generator = Publisher(database, redis, telemetry), random.Random(7)
    with running_services(ENGINE, 2, postgresql_url, redis_url) as engines:
        for number in range(ORDERS):
            if number in (ORDERS // 3, 2 * ORDERS // 3):
                killed = leader(engines)
                killed.kill()
                engines.remove(killed)
                engines.append(RunningService(ENGINE, postgresql_url, redis_url))
            order = store_order(
                database,
                user_id=generator.randint(1, 6),
                side=generator.choice(list(Side)),
                quantity=generator.randint(1, 50),
                price_cents=generator.randint(990, 1010),
                type=generator.choice(["limit", "limit", "limit", "market"]),
            )
            publisher.publish([order])

        until(lambda: not rows(database, "new"), seconds=120)
        checked = leader(engines).get("/check")

    orders, executions = rows(database, "orders"), rows(database, "executions")
    assert checked == {"agrees": True, "differences": {}, "halted": []}
    trades = [(one["buy_order_id"], one["sell_order_id"], one["price_cents"], one["quantity"]) for one in executions]
    assert len(trades) > ORDERS / 4
    assert trades == replayed(orders)
    filled = {order["id"]: 0 for order in orders}
    for buying, selling, _, quantity in trades:
        filled[buying] += quantity
        filled[selling] += quantity
    assert {order["id"]: order["filled"] for order in orders} == filled
    assert [event["payload"]["execution_id"] for event in rows(database, "outbox")] == [one["id"] for one in executions]
