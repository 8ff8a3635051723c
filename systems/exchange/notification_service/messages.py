"""What an event means for whom: fills and ends of orders for their owners, market data for everybody who follows it.

The same event may come twice when the service starts anew: messages have the ids to know that by.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from observability.flask import current_trace_id
from systems.exchange.events import Event, Listener


class Listeners(Protocol):
    """The part of the hub that is needed here."""

    def tell(self, user_id: int, message: dict[str, Any]) -> None: ...

    def publish(self, symbol: str, message: dict[str, Any]) -> None: ...


class Notifications:
    """Handlers of events."""

    def __init__(self, listeners: Listeners) -> None:
        self._listeners = listeners

    def handlers(self) -> Mapping[str, tuple[str, Listener]]:
        """Event name -> (name of the span, handler)."""
        return {
            "trade_executed": ("notify_traders", self.trade_executed),
            "order_closed": ("notify_owner", self.order_closed),
            "market_data": ("notify_followers", self.market_data),
        }

    def trade_executed(self, event: Event) -> None:
        trade = event.payload
        for side, owner in (("buy", "buyer_id"), ("sell", "seller_id")):
            self._listeners.tell(
                trade[owner],
                {
                    "type": "fill",
                    "order_id": trade[f"{side}_order_id"],
                    "execution_id": trade["execution_id"],
                    "symbol": trade["symbol"],
                    "side": side,
                    "price_cents": trade["price_cents"],
                    "quantity": trade["quantity"],
                    "trace_id": current_trace_id(),
                },
            )

    def order_closed(self, event: Event) -> None:
        closed = event.payload
        self._listeners.tell(
            closed["user_id"],
            {
                "type": "order_closed",
                "order_id": closed["order_id"],
                "symbol": closed["symbol"],
                "reason": closed["reason"],
                "trace_id": current_trace_id(),
            },
        )

    def market_data(self, event: Event) -> None:
        message = {**event.payload, "type": "market_data"}
        self._listeners.publish(message["symbol"], message)
