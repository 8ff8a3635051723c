"""The matching engine's own metrics. Where each is counted: books and trades in `engine.py`."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from observability.metrics import ChildCache
from systems.exchange.instruments import SYMBOLS
from systems.exchange.matching_engine.book import OrderBook
from systems.exchange.matching_engine.orders import Plan, Remainder, Side

#: Seconds; a millisecond of statements when nothing trades, up to what a caller would call lost.
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class EngineMetrics:
    """Created in `registry`, once a process. `halted`: the reason of an order that comes while nothing is traded."""

    def __init__(self, registry: CollectorRegistry, *, halted: str) -> None:
        self.fills_total = Counter("exchange_fills_total", "Trades.", ["symbol"], registry=registry)
        self.traded_shares_total = Counter(
            "exchange_traded_shares_total", "Shares that changed hands.", ["symbol"], registry=registry
        )
        self.traded_cents_total = Counter(
            "exchange_traded_cents_total", "Money that changed hands, in cents.", ["symbol"], registry=registry
        )
        cancelled_total = Counter(
            "exchange_orders_cancelled_total", "Orders that left the market, by reason.", ["reason"], registry=registry
        )
        self.cancelled = {reason: cancelled_total.labels(reason) for reason in (*Remainder, halted)}
        matching_duration_seconds = Histogram(
            "exchange_matching_duration_seconds",
            "Time from taking an event to the changed book, with its transaction (add, remove).",
            ["operation"],
            buckets=_BUCKETS,
            registry=registry,
        )
        self.matching_duration = {
            operation: matching_duration_seconds.labels(operation) for operation in ("add", "remove")
        }
        book_orders = Gauge(
            "exchange_book_orders", "Orders that wait in a book.", ["symbol", "side"], registry=registry
        )
        book_shares = Gauge(
            "exchange_book_shares", "Shares that wait in a book.", ["symbol", "side"], registry=registry
        )
        self.book_differences = Gauge(
            "exchange_book_differences",
            "Disagreements between a symbol's orders and its executions; above 0 it is not traded.",
            ["symbol"],
            registry=registry,
        )
        self.leading = Gauge("exchange_engine_leading", "1 for the engine that trades.", registry=registry)
        self._orders, self._shares = ChildCache(book_orders.labels), ChildCache(book_shares.labels)
        # A counter that appears with its first event has not risen, as Prometheus sees it: these begin at 0.
        for symbol in SYMBOLS:
            self.fills_total.labels(symbol)
            self.traded_shares_total.labels(symbol)
            self.traded_cents_total.labels(symbol)
            self.book_differences.labels(symbol)
            self.tell_book(symbol, OrderBook())

    def tell_book(self, symbol: str, book: OrderBook) -> None:
        """What waits in the book now."""
        for side in Side:
            self._orders[symbol, side].set(book.orders(side))
            self._shares[symbol, side].set(book.shares(side))

    def count(self, symbol: str, plan: Plan) -> None:
        """What happened to an order."""
        if plan.fills:
            self.fills_total.labels(symbol).inc(len(plan.fills))
            self.traded_shares_total.labels(symbol).inc(plan.traded)
            self.traded_cents_total.labels(symbol).inc(sum(fill.price_cents * fill.quantity for fill in plan.fills))
        if plan.reason:
            self.cancelled[plan.reason].inc()
