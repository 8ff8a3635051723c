"""The order book of one symbol: who waits, at which price, in which sequence; who trades with whom.

    book = OrderBook()
    plan = book.plan(order)     # changes nothing: the database may still refuse it
    book.apply(plan)

Better prices trade first, at the same price the one who came first (price–time priority). What an order does to a book
costs O(log of the prices) for each price it meets and O(1) for each order. One thread at a time.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from systems.exchange.matching_engine.orders import Fill, IncomingOrder, Level, Plan, Remainder, RestingOrder, Side
from systems.exchange.matching_engine.price_queue import PriceQueue
from systems.exchange.matching_engine.prices import Prices


class StalePlan(Exception):
    """The book has changed since the plan was made: make another one."""


class OrderBook:
    """Empty at first. `version` counts its changes."""

    def __init__(self, same_owner: Callable[[int, int], bool] = operator.eq) -> None:
        self.version = 0
        #: Whether two users must not trade with each other, because they are one.
        self.same_owner = same_owner
        self._sides = {Side.BUY: _BookSide(descending=True), Side.SELL: _BookSide(descending=False)}
        self._orders: dict[int, RestingOrder] = {}

    def __len__(self) -> int:
        return len(self._orders)

    def __contains__(self, order_id: int) -> bool:
        return order_id in self._orders

    def __iter__(self) -> Iterator[RestingOrder]:
        """Buyers, then sellers; of each who trades first."""
        for side in self._sides.values():
            for queue in side:
                yield from queue

    def plan(self, order: IncomingOrder) -> Plan:
        """What would happen to the order now. Changes nothing.

        It never trades with an order of the same user: when it meets one, the rest of it leaves the market.
        Raises ValueError for an order that waits in the book already.
        """
        if order.order_id in self._orders:
            raise ValueError(f"order {order.order_id} is in the book already")
        fills: list[Fill] = []
        left, reason = order.quantity, None if order.rests else Remainder.NO_LIQUIDITY
        own_order_id = None
        for resting in self._facing(order):
            if not left:
                break
            if self.same_owner(resting.user_id, order.user_id):
                reason, own_order_id = Remainder.SELF_TRADE, resting.order_id
                break
            quantity = min(left, resting.quantity)
            fills.append(Fill(resting.order_id, resting.user_id, resting.price_cents, quantity))
            left -= quantity
        cancelled = left if reason else 0
        return Plan(
            order=order,
            fills=tuple(fills),
            rests=left - cancelled,
            cancelled=cancelled,
            reason=reason if cancelled else None,
            own_order_id=own_order_id,
            book_version=self.version,
        )

    def apply(self, plan: Plan) -> None:
        """Let it happen. Raises StalePlan when the book has changed since, and changes nothing then."""
        if plan.book_version != self.version:
            raise StalePlan(f"made for version {plan.book_version}, the book has version {self.version}")
        order = plan.order
        opposite = self._sides[order.side.opposite]
        for fill in plan.fills:
            if not opposite.fill(self._orders[fill.resting_order_id], fill.quantity):
                del self._orders[fill.resting_order_id]
        if plan.rests:
            self._append(RestingOrder(order.order_id, order.user_id, order.side, order.price_cents, plan.rests))
        self.version += 1

    def restore(self, order: IncomingOrder) -> None:
        """Put an order back where it waited, behind those that were put back before; nothing trades.

        Raises ValueError for an order that waits in the book already.
        """
        if order.order_id in self._orders:
            raise ValueError(f"order {order.order_id} is in the book already")
        self._append(RestingOrder(order.order_id, order.user_id, order.side, order.price_cents, order.quantity))
        self.version += 1

    def remove(self, order_id: int) -> RestingOrder | None:
        """The order leaves the market; None when it does not wait here."""
        order = self._orders.pop(order_id, None)
        if order is not None:
            self._sides[order.side].remove(order)
            self.version += 1
        return order

    def best(self, side: Side) -> int | None:
        """The best price of a side in cents; None when nobody waits there."""
        return self._sides[side].prices.best()

    def crossed(self) -> bool:
        """Whether two orders that should have traded wait side by side."""
        bid, ask = self.best(Side.BUY), self.best(Side.SELL)
        return bid is not None and ask is not None and bid >= ask

    def levels(self, side: Side, limit: int) -> list[Level]:
        """What waits on a side at its best `limit` prices."""
        return [queue.level() for queue in islice(self._sides[side], limit)]

    def orders(self, side: Side) -> int:
        """How many orders wait on a side."""
        return self._sides[side].orders

    def shares(self, side: Side) -> int:
        """How many shares wait on a side."""
        return self._sides[side].shares

    def _facing(self, order: IncomingOrder) -> Iterable[RestingOrder]:
        """Those the order may trade with, in their sequence."""
        for queue in self._sides[order.side.opposite]:
            if not order.side.accepts(order.price_cents, queue.price_cents):
                return
            yield from queue

    def _append(self, order: RestingOrder) -> None:
        self._orders[order.order_id] = order
        self._sides[order.side].append(order)


class _BookSide:
    """All queues of a side."""

    def __init__(self, *, descending: bool) -> None:
        self.prices = Prices(descending=descending)
        self.orders = 0
        self.shares = 0
        self._queues: dict[int, PriceQueue] = {}

    def __iter__(self) -> Iterator[PriceQueue]:
        return (self._queues[price] for price in self.prices)

    def append(self, order: RestingOrder) -> None:
        queue = self._queues.get(order.price_cents)
        if queue is None:
            queue = self._queues[order.price_cents] = PriceQueue(order.price_cents)
            self.prices.add(order.price_cents)
        queue.append(order)
        self.orders += 1
        self.shares += order.quantity

    def remove(self, order: RestingOrder) -> None:
        queue = self._queues[order.price_cents]
        queue.remove(order.order_id)
        self.orders -= 1
        self.shares -= order.quantity
        self._drop_if_empty(queue)

    def fill(self, order: RestingOrder, quantity: int) -> int:
        """What the order has still to trade after it."""
        queue = self._queues[order.price_cents]
        left = queue.fill(order.order_id, quantity).quantity
        self.shares -= quantity
        if not left:
            self.orders -= 1
            self._drop_if_empty(queue)
        return left

    def _drop_if_empty(self, queue: PriceQueue) -> None:
        if not len(queue):
            del self._queues[queue.price_cents]
            self.prices.remove(queue.price_cents)
