"""The price an order's price is measured against: the last one traded, as the market data service tells it."""

from __future__ import annotations

from observability.errors import ServiceUnavailable
from observability.postgresql import Database
from observability.redis import Redis, RedisUnavailable
from systems.exchange.instruments import INSTRUMENTS


class LastPrices:
    """Read from Redis, and from the database when Redis is away or has lost it; the instrument's first reference price
    while nothing has been traded. With that alone a Redis that comes back empty would end the trade in whatever has
    become far dearer or cheaper since: every order would be refused, and so none would bring Redis the price."""

    def __init__(self, redis: Redis, database: Database) -> None:
        self._redis = redis
        self._database = database

    def read_cents(self, symbol: str) -> int:
        """Of a symbol that is traded here."""
        try:
            text = self._redis.get(f"last_price:{symbol}", name="GET last_price")
        except RedisUnavailable:
            # `limits.py` has just said so.
            text = None
        return int(text) if text else self._read_original(symbol) or INSTRUMENTS[symbol].reference_price_cents

    def _read_original(self, symbol: str) -> int | None:
        # BETWEEN in the place of =: see the market data service's history.
        try:
            with self._database.transaction() as transaction:
                row = transaction.fetch_one(
                    """SELECT price_cents FROM executions WHERE symbol BETWEEN %(symbol)s AND %(symbol)s
                       ORDER BY symbol DESC, id DESC LIMIT 1""",
                    {"symbol": symbol},
                )
        except ServiceUnavailable:
            # Without the database no order is stored, whatever is said here.
            return None
        return int(row["price_cents"]) if row else None
