"""The price an order's price is measured against: the last one traded, as the market data service tells it."""

from __future__ import annotations

from observability.redis import Redis, RedisUnavailable
from systems.exchange.instruments import INSTRUMENTS


class LastPrices:
    """Read from Redis; while nothing has been traded, or Redis is away, the instrument's first reference price."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    def read_cents(self, symbol: str) -> int:
        """Of a symbol that is traded here."""
        try:
            text = self._redis.get(f"last_price:{symbol}", name="GET last_price")
        except RedisUnavailable:
            # `limits.py` has just said so.
            text = None
        return int(text) if text else INSTRUMENTS[symbol].reference_price_cents
