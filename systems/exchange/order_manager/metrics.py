"""What the order manager counts; requests are counted by `systems.exchange.application`."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter

from systems.exchange.instruments import SYMBOLS
from systems.exchange.orders import ORDER_TYPES, REJECTION_REASONS, SIDES


class OrderMetrics:
    """Created in `registry`, once a process. Every label value is there from the start, at zero."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.placed = Counter(
            "exchange_orders_placed_total", "Orders stored.", ["symbol", "side", "type"], registry=registry
        )
        self.rejected = Counter(
            "exchange_orders_rejected_total", "Orders refused before they were stored.", ["reason"], registry=registry
        )
        self.cancelled = Counter(
            "exchange_orders_cancelled_total", "Orders cancelled, by why.", ["reason"], registry=registry
        )
        for symbol in SYMBOLS:
            for side in SIDES:
                for type in ORDER_TYPES:
                    self.placed.labels(symbol, side, type)
        for reason in REJECTION_REASONS:
            self.rejected.labels(reason)
        self.cancelled.labels("user")
