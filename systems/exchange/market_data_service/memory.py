"""What Redis keeps of the boards: a board's snapshot, and the last price by itself for whoever needs only that.

A Redis that is away costs nothing but the way over the database at the next start.
"""

from __future__ import annotations

import orjson

from observability import Telemetry
from observability.redis import Redis, RedisUnavailable
from systems.exchange.market_data_service.board import Board


class BoardMemory:
    """Never raises for Redis' sake."""

    def __init__(self, redis: Redis, telemetry: Telemetry) -> None:
        self._redis = redis
        self._logger = telemetry.logger

    def keep(self, board: Board) -> None:
        """Remember the board as it is."""
        try:
            self._redis.set(
                f"market_data:{board.symbol}", orjson.dumps(board.snapshot()).decode(), name="SET market_data"
            )
            if board.last_price_cents is not None:
                self._redis.set(f"last_price:{board.symbol}", board.last_price_cents, name="SET last_price")
        except RedisUnavailable as error:
            self._logger.warning("%s is not kept: %s", board.symbol, error, extra={"exchange.symbol": board.symbol})

    def recall(self, symbol: str) -> Board | None:
        """The board as it was kept; None when there is none, or Redis is away."""
        try:
            text = self._redis.get(f"market_data:{symbol}", name="GET market_data")
        except RedisUnavailable as error:
            self._logger.warning("%s is read from the database: %s", symbol, error, extra={"exchange.symbol": symbol})
            return None
        if text is None:
            return None
        try:
            return Board.restore(symbol, orjson.loads(text))
        except (KeyError, TypeError, ValueError) as error:
            # Another version may have kept it.
            self._logger.warning(
                "What Redis has of %s cannot be read: %r", symbol, error, extra={"exchange.symbol": symbol}
            )
            return None
