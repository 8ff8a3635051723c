"""What the engine does with each event: an order that comes, and one that was cancelled.

    lock the order's row -> plan (pure) -> lock those it would trade with -> write all of it, and the events that tell
    of it -> commit -> change the book -> publish

The book changes after the commit, so a transaction that fails leaves it as it was. One that may have been committed all
the same (the connection was lost in the middle of it) leaves a doubt: the symbol's book is then read from the database
again before anything else happens to it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from time import monotonic, perf_counter

from observability import Telemetry
from observability.postgresql import Transaction
from systems.exchange.events import AfterCommit, Event, Publisher, outbox
from systems.exchange.instruments import SYMBOLS
from systems.exchange.matching_engine import ledger
from systems.exchange.matching_engine.book import OrderBook
from systems.exchange.matching_engine.books import Books
from systems.exchange.matching_engine.comparison import differences, differences_from_book
from systems.exchange.matching_engine.depth import Depth, depth, depth_after
from systems.exchange.matching_engine.ledger import Execution
from systems.exchange.matching_engine.metrics import EngineMetrics
from systems.exchange.matching_engine.orders import IncomingOrder, Plan, Side

#: Why an order leaves the market when its symbol's book cannot be trusted.
HALTED = "halted"
#: Prices of each side that others are told of.
DEPTH_LEVELS = 10
#: A halted symbol is looked at again after this time, at the next event about it.
_LOOK_AGAIN_SECONDS = 10.0


class NotLeading(Exception):
    """This engine is not the one that trades (any more)."""


class MatchingEngine:
    """Trades the symbols of `books`. Its handlers are for one thread.

    `leads` says whether this engine is still the one that trades.
    """

    def __init__(
        self,
        symbols: Iterable[str],
        publisher: Publisher,
        metrics: EngineMetrics,
        telemetry: Telemetry,
        *,
        leads: Callable[[], bool],
    ) -> None:
        self.books = Books(symbols, metrics.tell_book)
        self._publisher = publisher
        self._metrics = metrics
        self._telemetry = telemetry
        self._logger = telemetry.logger
        self._tracer = telemetry.tracer_provider.get_tracer("orderbook")
        self._leads = leads
        #: Whether all books are compared with the database before each order.
        self.verifies_books = False
        #: Symbols whose book may not be what the database says.
        self._in_doubt: set[str] = set()
        #: Symbols that are not traded -> when to look again.
        self._halted: dict[str, float] = {}

    @property
    def halted(self) -> list[str]:
        """Symbols that are not traded, because their orders and executions do not agree."""
        return sorted(self._halted)

    def load(self, transaction: Transaction, symbol: str) -> None:
        """Read the symbol's book from the database, and trade it only if that agrees with itself."""
        ledger.take_time(transaction)
        stored = ledger.waiting_orders(transaction, symbol)
        book = self.books.replace(symbol, (one.order for one in stored))
        self._in_doubt.discard(symbol)
        found = differences(stored, crossed=book.crossed())
        self._metrics.book_differences.labels(symbol).set(len(found))
        if found:
            self._halted[symbol] = monotonic() + _LOOK_AGAIN_SECONDS
            self._logger.error(
                "%s is not traded: its orders and its executions do not agree: %s",
                symbol,
                "; ".join(found[:5]),
                extra={"exchange.symbol": symbol, "differences": len(found)},
            )
        elif self._halted.pop(symbol, None):
            self._logger.warning("%s is traded again", symbol, extra={"exchange.symbol": symbol})

    def process_order(self, event: Event, transaction: Transaction) -> AfterCommit | None:
        """`order_created`: match the order with those that wait, let the rest wait or leave."""
        started = perf_counter()
        symbol, order_id = event.payload["symbol"], event.payload["order_id"]
        self._prepare(transaction, symbol)
        order = ledger.lock_new_order(transaction, order_id)
        if order is None:
            self._logger.info("Order %s is not matched: it was cancelled", order_id, extra={"order_id": order_id})
            return None
        if symbol in self._halted:
            return self._refuse(transaction, symbol, order)
        if self.verifies_books:
            self._verify_books(transaction)
        plan = self._plan(transaction, symbol, order)
        # From here to the end of the commit nobody knows what the database will say.
        self._in_doubt.add(symbol)
        ledger.record_arrival(transaction, plan)
        executions = ledger.record_fills(transaction, symbol, plan)
        events = self._tell(transaction, symbol, plan, executions)

        def after_commit() -> None:
            with self._tracer.start_as_current_span("add_order", attributes=_describe(symbol, plan)):
                self.books.apply(symbol, plan)
            self._in_doubt.discard(symbol)
            self._metrics.count(symbol, plan)
            self._telemetry.observe(self._metrics.matching_duration["add"], perf_counter() - started)
            self._log(symbol, plan)
            self._publisher.publish(events)

        return after_commit

    def remove_order(self, event: Event, transaction: Transaction) -> AfterCommit | None:
        """`order_cancelled`: the order waits no longer."""
        started = perf_counter()
        symbol, order_id = event.payload["symbol"], event.payload["order_id"]
        self._prepare(transaction, symbol)
        # Its row says so already, whatever becomes of this transaction.
        with self._tracer.start_as_current_span("remove_order", attributes={"exchange.symbol": symbol}):
            removed = self.books.remove(symbol, order_id)
        events = [self._market_data(transaction, symbol, self._depth(symbol), ())]

        def after_commit() -> None:
            self._telemetry.observe(self._metrics.matching_duration["remove"], perf_counter() - started)
            self._logger.info(
                "Order %s is out of the book" if removed else "Order %s was not in the book",
                order_id,
                extra={"order_id": order_id, "exchange.symbol": symbol},
            )
            self._publisher.publish(events)

        return after_commit

    def _prepare(self, transaction: Transaction, symbol: str) -> None:
        if not self._leads():
            raise NotLeading("another engine may have taken over")
        if symbol in self._in_doubt or self._halted.get(symbol, math.inf) < monotonic():
            self.load(transaction, symbol)

    def _verify_books(self, transaction: Transaction) -> None:
        with self._telemetry.span("verify_books"):
            for symbol in SYMBOLS:
                rows = ledger.waiting_orders(transaction, symbol)
                for difference in differences_from_book(rows, self.books.view(symbol, levels=0).orders):
                    # Most often a cancellation that is on its way.
                    self._logger.debug("%s", difference, extra={"exchange.symbol": symbol})

    def _plan(self, transaction: Transaction, symbol: str, order: IncomingOrder) -> Plan:
        """A plan whose orders are all alive, and locked."""
        attributes: dict[str, str | int] = {"exchange.symbol": symbol, "exchange.order.id": order.order_id}
        while True:
            with self._tracer.start_as_current_span("match_order", attributes=attributes) as span:
                plan = self.books[symbol].plan(order)
                span.set_attribute("exchange.order.fills", len(plan.fills))
            met = plan.met_order_ids
            if not met:
                return plan
            alive = ledger.lock_resting_orders(transaction, met)
            gone = [order_id for order_id in met if order_id not in alive]
            if not gone:
                return plan
            # They were cancelled a moment ago, and the event that says so is on its way.
            for order_id in gone:
                self.books.remove(symbol, order_id)

    def _tell(self, transaction: Transaction, symbol: str, plan: Plan, executions: Sequence[Execution]) -> list[Event]:
        trades = [_trade(symbol, plan.order, execution) for execution in executions]
        events = outbox.add_all(transaction, "trades", "trade_executed", trades)
        if plan.reason:
            events.append(self._close(transaction, symbol, plan.order, plan.reason, plan.cancelled))
        book = self.books[symbol]
        sides = {side: depth_after(book, plan, side, DEPTH_LEVELS) for side in Side}
        events.append(self._market_data(transaction, symbol, sides, executions, plan.order.side))
        return events

    def _market_data(
        self,
        transaction: Transaction,
        symbol: str,
        sides: dict[Side, Depth],
        executions: Sequence[Execution],
        taker_side: Side | None = None,
    ) -> Event:
        payload = {
            "symbol": symbol,
            "bids": sides[Side.BUY],
            "asks": sides[Side.SELL],
            "trades": [
                {
                    "execution_id": execution.execution_id,
                    "price_cents": execution.fill.price_cents,
                    "quantity": execution.fill.quantity,
                    "taker_side": taker_side,
                    "created_at": execution.created_at.isoformat(),
                }
                for execution in executions
            ],
        }
        return outbox.add(transaction, "market_data", "market_data", payload)

    def _close(self, transaction: Transaction, symbol: str, order: IncomingOrder, reason: str, remaining: int) -> Event:
        payload = {
            "order_id": order.order_id,
            "user_id": order.user_id,
            "symbol": symbol,
            "reason": reason,
            "remaining": remaining,
        }
        return outbox.add(transaction, "trades", "order_closed", payload)

    def _refuse(self, transaction: Transaction, symbol: str, order: IncomingOrder) -> AfterCommit:
        ledger.refuse(transaction, order.order_id, HALTED)
        events = [self._close(transaction, symbol, order, HALTED, order.quantity)]

        def after_commit() -> None:
            self._metrics.cancelled[HALTED].inc()
            self._logger.warning(
                "Order %s is cancelled: %s is not traded",
                order.order_id,
                symbol,
                extra={"order_id": order.order_id, "exchange.symbol": symbol},
            )
            self._publisher.publish(events)

        return after_commit

    def _depth(self, symbol: str) -> dict[Side, Depth]:
        book: OrderBook = self.books[symbol]
        return {side: depth(book, side, DEPTH_LEVELS) for side in Side}

    def _log(self, symbol: str, plan: Plan) -> None:
        order = plan.order
        self._logger.info(
            "Order %s traded %d of %d shares",
            order.order_id,
            plan.traded,
            order.quantity,
            extra={
                "order_id": order.order_id,
                "exchange.symbol": symbol,
                "fills": len(plan.fills),
                "resting_quantity": plan.rests,
                "cancelled_quantity": plan.cancelled,
                **({"reason": plan.reason} if plan.reason else {}),
            },
        )


def _trade(symbol: str, order: IncomingOrder, execution: Execution) -> dict[str, object]:
    fill = execution.fill
    buyer, seller = (order.order_id, order.user_id), (fill.resting_order_id, fill.resting_user_id)
    if order.side is Side.SELL:
        buyer, seller = seller, buyer
    return {
        "execution_id": execution.execution_id,
        "symbol": symbol,
        "price_cents": fill.price_cents,
        "quantity": fill.quantity,
        "buy_order_id": buyer[0],
        "sell_order_id": seller[0],
        "buyer_id": buyer[1],
        "seller_id": seller[1],
        "taker_side": order.side,
    }


def _describe(symbol: str, plan: Plan) -> dict[str, str | int]:
    return {
        "exchange.symbol": symbol,
        "exchange.order.id": plan.order.order_id,
        "exchange.order.fills": len(plan.fills),
        "exchange.order.resting_quantity": plan.rests,
    }
