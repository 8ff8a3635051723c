"""The market data service's own metrics; `feed.py` says when they change."""

from __future__ import annotations

from datetime import datetime

from prometheus_client import CollectorRegistry, Gauge

from systems.exchange.market_data_service.board import Board


class MarketDataMetrics:
    """Created in `registry`, once a process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._last_price_cents = Gauge(
            "exchange_last_price_cents", "Price of the last trade, in cents.", ["symbol"], registry=registry
        )
        self._spread_cents = Gauge(
            "exchange_spread_cents", "Best ask less best bid, in cents.", ["symbol"], registry=registry
        )
        self._updated_timestamp_seconds = Gauge(
            "exchange_market_data_updated_timestamp_seconds",
            "When the change took place that a symbol's depth was last told of, in Unix seconds.",
            ["symbol"],
            registry=registry,
        )

    def tell(self, board: Board) -> None:
        """What the board says now."""
        symbol, bid, ask = board.symbol, board.best_bid_cents, board.best_ask_cents
        if board.last_price_cents is not None:
            self._last_price_cents.labels(symbol).set(board.last_price_cents)
        if bid is not None and ask is not None:
            self._spread_cents.labels(symbol).set(ask - bid)
        if board.updated_at is not None:
            self._updated_timestamp_seconds.labels(symbol).set(datetime.fromisoformat(board.updated_at).timestamp())
