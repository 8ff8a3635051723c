"""The orders that wait at one price, first come first."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator

from systems.exchange.matching_engine.orders import Level, RestingOrder


class PriceQueue:
    """Knows its first order and any other by its id, each in constant time.

    A linked list, which an OrderedDict is: in a plain dict the way to the first entry grows with those that were taken
    away before it.
    """

    __slots__ = ("_orders", "price_cents", "quantity")

    def __init__(self, price_cents: int) -> None:
        self.price_cents = price_cents
        #: Shares of all orders together.
        self.quantity = 0
        self._orders: OrderedDict[int, RestingOrder] = OrderedDict()

    def __len__(self) -> int:
        return len(self._orders)

    def __iter__(self) -> Iterator[RestingOrder]:
        return iter(self._orders.values())

    def append(self, order: RestingOrder) -> None:
        """It waits behind all others."""
        self._orders[order.order_id] = order
        self.quantity += order.quantity

    def remove(self, order_id: int) -> RestingOrder:
        """Raises KeyError for an order that is not here."""
        order = self._orders.pop(order_id)
        self.quantity -= order.quantity
        return order

    def fill(self, order_id: int, quantity: int) -> RestingOrder:
        """The order trades so many shares, keeps its place, and leaves with the last one."""
        order = self._orders[order_id]
        order.quantity -= quantity
        self.quantity -= quantity
        if not order.quantity:
            del self._orders[order_id]
        return order

    def level(self) -> Level:
        """As others see it."""
        return Level(self.price_cents, self.quantity, len(self._orders))
