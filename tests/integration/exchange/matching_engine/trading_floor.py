"""Orders in a real database, and an engine that is handed the events about them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from observability import Telemetry
from observability.postgresql import Database
from observability.redis import Redis
from systems.exchange.events import Event, Handler, Publisher, outbox
from systems.exchange.instruments import SYMBOLS
from systems.exchange.matching_engine.engine import HALTED, MatchingEngine
from systems.exchange.matching_engine.metrics import EngineMetrics
from systems.exchange.matching_engine.orders import Side

SYMBOL = SYMBOLS[0]


def store_order(
    database: Database,
    user_id: int,
    side: Side,
    quantity: int,
    price_cents: int,
    *,
    type: str = "limit",
    symbol: str = SYMBOL,
) -> Event:
    """As the order manager does it: the row, and the event that tells of it."""
    with database.transaction() as transaction:
        row = transaction.fetch_one(
            """INSERT INTO orders (id, user_id, symbol, side, type, price_cents, quantity)
               VALUES (nextval('order_ids'), %(user_id)s, %(symbol)s, %(side)s, %(type)s, %(price_cents)s, %(quantity)s)
               RETURNING id AS order_id, user_id, symbol, side, type, price_cents, quantity, filled""",
            {
                "user_id": user_id,
                "symbol": symbol,
                "side": side,
                "type": type,
                "price_cents": price_cents,
                "quantity": quantity,
            },
        )
        assert row is not None
        return outbox.add(transaction, "orders", "order_created", row)


def cancel_order(database: Database, order_id: int) -> Event:
    """Likewise."""
    with database.transaction() as transaction:
        hit = transaction.execute(
            """UPDATE orders SET status = 'CANCELLED', reason = 'user'
               WHERE id = %(order_id)s AND status IN ('NEW', 'OPEN', 'PARTIALLY_FILLED')""",
            {"order_id": order_id},
        )
        assert hit == 1
        return outbox.add(transaction, "orders", "order_cancelled", {"order_id": order_id, "symbol": SYMBOL})


def new_engine(
    database: Database, redis: Redis, telemetry: Telemetry, *, leads: Callable[[], bool] = lambda: True
) -> MatchingEngine:
    """An engine that has read its books."""
    publisher = Publisher(database, redis, telemetry)
    metrics = EngineMetrics(telemetry.registry, halted=HALTED)
    engine = MatchingEngine(SYMBOLS, publisher, metrics, telemetry, leads=leads)
    with database.transaction() as transaction:
        for symbol in SYMBOLS:
            engine.load(transaction, symbol)
    return engine


class TradingFloor:
    """Hands events to an engine as a consumer does: a transaction each, then what follows from it."""

    def __init__(self, database: Database, engine: MatchingEngine) -> None:
        self.database = database
        self.engine = engine

    def deliver(self, event: Event) -> None:
        handler: Handler = self.engine.process_order if event.name == "order_created" else self.engine.remove_order
        with self.database.transaction() as transaction:
            after_commit = handler(event, transaction)
        if after_commit is not None:
            after_commit()

    def place(self, user_id: int, side: Side, quantity: int, price_cents: int, *, type: str = "limit") -> int:
        event = store_order(self.database, user_id, side, quantity, price_cents, type=type)
        self.deliver(event)
        return int(event.payload["order_id"])

    def buy(self, user_id: int, quantity: int, price_cents: int, *, type: str = "limit") -> int:
        return self.place(user_id, Side.BUY, quantity, price_cents, type=type)

    def sell(self, user_id: int, quantity: int, price_cents: int, *, type: str = "limit") -> int:
        return self.place(user_id, Side.SELL, quantity, price_cents, type=type)

    def rows(self) -> list[tuple[int, str, int, str | None]]:
        """(order, status, filled, reason), in the sequence in which they were placed."""
        with self.database.transaction() as transaction:
            rows = transaction.fetch_all("SELECT id, status, filled, reason FROM orders ORDER BY id")
        return [(row["id"], row["status"], row["filled"], row["reason"]) for row in rows]

    def executions(self) -> list[dict[str, Any]]:
        with self.database.transaction() as transaction:
            return transaction.fetch_all(
                """SELECT price_cents, quantity, buy_order_id, sell_order_id, buyer_id, seller_id, taker_side
                   FROM executions ORDER BY id"""
            )

    def told(self, stream: str) -> list[tuple[str, dict[str, Any]]]:
        """(event, payload) of what the engine told others."""
        with self.database.transaction() as transaction:
            rows = transaction.fetch_all(
                "SELECT name, payload FROM outbox WHERE stream = %(stream)s ORDER BY id", {"stream": stream}
            )
        return [(row["name"], row["payload"]) for row in rows]

    def book(self) -> list[tuple[int, int]]:
        """(order, shares it has still to trade)."""
        return [(order.order_id, order.quantity) for order in self.engine.books[SYMBOL]]
