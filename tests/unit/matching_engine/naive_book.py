"""A book that is evidently right: of each side one list, sorted by price and arrival; cancelling looks through it.

The reference that `OrderBook` is compared with, and the yardstick in `benchmarks/matching_engine.py`.
"""

from __future__ import annotations

from bisect import insort
from dataclasses import dataclass

from systems.exchange.matching_engine.orders import Fill, IncomingOrder, Remainder, Side


@dataclass(slots=True)
class Waiting:
    arrived: int
    order: IncomingOrder
    quantity: int

    def place_in_line(self) -> tuple[int, int]:
        """Sorts better prices first, then those who came first."""
        price_cents = self.order.price_cents
        return (-price_cents if self.order.side is Side.BUY else price_cents, self.arrived)


class NaiveBook:
    """`place` and `cancel` do at once what the real book plans first. `sides`: who trades first stands in front."""

    def __init__(self) -> None:
        self.sides: dict[Side, list[Waiting]] = {Side.BUY: [], Side.SELL: []}
        self._arrived = 0

    def place(self, order: IncomingOrder) -> tuple[list[Fill], int, Remainder | None]:
        """The trades, the shares that leave the market, and why."""
        fills: list[Fill] = []
        left, reason = order.quantity, None if order.rests else Remainder.NO_LIQUIDITY
        others = self.sides[order.side.opposite]
        while left and others and order.side.accepts(order.price_cents, others[0].order.price_cents):
            other = others[0]
            if other.order.user_id == order.user_id:
                reason = Remainder.SELF_TRADE
                break
            quantity = min(left, other.quantity)
            fills.append(Fill(other.order.order_id, other.order.user_id, other.order.price_cents, quantity))
            left -= quantity
            other.quantity -= quantity
            if not other.quantity:
                del others[0]
        if left and reason is None:
            self._arrived += 1
            insort(self.sides[order.side], Waiting(self._arrived, order, left), key=Waiting.place_in_line)
        return fills, left if reason else 0, reason if left else None

    def cancel(self, order_id: int) -> None:
        for side in self.sides.values():
            for place, one in enumerate(side):
                if one.order.order_id == order_id:
                    del side[place]
                    return
