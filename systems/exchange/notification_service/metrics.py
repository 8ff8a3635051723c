"""What the notification service counts. Events are counted where they are consumed (`systems/exchange/events`)."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge

#: Why a connection ended, from the service's side.
END_REASONS = ("left", "refused", "unavailable", "too_slow", "token_expired", "misused", "full", "shutdown")


class NotificationMetrics:
    """Created in `registry`, once a process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.websockets = Gauge("exchange_websockets", "Connections whose token was accepted.", registry=registry)
        self.ended_total = Counter(
            "exchange_websockets_ended_total", "Connections that ended, by why.", ["reason"], registry=registry
        )
        for reason in END_REASONS:
            self.ended_total.labels(reason)
        self.messages_total = Counter(
            "exchange_notifications_total", "Messages put into the queues of clients.", ["type"], registry=registry
        )
        for type in ("fill", "order_closed", "market_data"):
            self.messages_total.labels(type)
