"""What the exchange has to come to, written so plainly that it can be seen to be right: lists, and no thought of speed.

Money and shares move in the same moments as in the exchange: when an order is placed or cancelled, and when the wallet
service hears of a trade. Orders trade when the matching engine hears of them.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import NamedTuple

USD = "USD"
LIVE = ("NEW", "OPEN", "PARTIALLY_FILLED")


@dataclass
class Order:
    """An order as it has to be; `sequence` is its place in the book, once it has one."""

    id: int
    user_id: int
    symbol: str
    side: str
    type: str
    price_cents: int
    quantity: int
    filled: int = 0
    status: str = "NEW"
    sequence: int | None = None

    @property
    def remaining(self) -> int:
        return self.quantity - self.filled

    @property
    def asset(self) -> str:
        """What it blocks."""
        return USD if self.side == "buy" else self.symbol

    def blocks(self, shares: int) -> int:
        """How much of that for so many shares."""
        return shares * self.price_cents if self.side == "buy" else shares

    def accepts(self, price_cents: int) -> bool:
        return price_cents <= self.price_cents if self.side == "buy" else price_cents >= self.price_cents


class Trade(NamedTuple):
    buy_order_id: int
    sell_order_id: int
    quantity: int
    price_cents: int


@dataclass
class Wallet:
    available: int = 0
    blocked: int = 0


class ReferenceExchange:
    """The exchange."""

    def __init__(self) -> None:
        self.wallets: dict[tuple[int, str], Wallet] = {}
        self.deposits: Counter[str] = Counter()
        self.orders: dict[int, Order] = {}
        self.unsettled: Counter[Trade] = Counter()
        #: Orders that the engine has ended, of which the wallet service has not heard.
        self.unreleased: set[int] = set()
        self._sequence = 0

    def wallet(self, user_id: int, asset: str) -> Wallet:
        return self.wallets.setdefault((user_id, asset), Wallet())

    def deposit(self, user_id: int, asset: str, amount: int) -> None:
        self.wallet(user_id, asset).available += amount
        self.deposits[asset] += amount

    def can_pay(self, order: Order) -> bool:
        wallet = self.wallets.get((order.user_id, order.asset), Wallet())
        return wallet.available >= order.blocks(order.quantity)

    def block(self, order: Order) -> None:
        amount = order.blocks(order.quantity)
        wallet = self.wallet(order.user_id, order.asset)
        wallet.available -= amount
        wallet.blocked += amount

    def release(self, order: Order) -> None:
        """What the order has not used."""
        amount = order.blocks(self.unused(order))
        wallet = self.wallet(order.user_id, order.asset)
        wallet.available += amount
        wallet.blocked -= amount

    def place(self, order: Order) -> None:
        self.block(order)
        self.orders[order.id] = order

    def match(self, order_id: int) -> None:
        """The engine hears of the order."""
        order = self.orders[order_id]
        if order.status != "NEW":
            return
        self._sequence += 1
        order.sequence = self._sequence
        order.status = "OPEN"
        for other in self._opposite(order):
            if not order.remaining or not order.accepts(other.price_cents):
                break
            if self.same_owner(order, other):
                order.status = "CANCELLED"
                break
            self._trade(order, other)
        if order.remaining and order.type == "market":
            order.status = "CANCELLED"
        if order.status == "CANCELLED":
            self.unreleased.add(order_id)

    def best_price_cents(self, symbol: str, side: str) -> int | None:
        """Of the other side, for an order of this one."""
        best = self._opposite(Order(0, 0, symbol, side, "market", 0, 1))
        return best[0].price_cents if best else None

    def begin_cancelling(self, order_id: int) -> None:
        self.orders[order_id].status = "CANCELLING"

    def end_cancelling(self, order_id: int) -> None:
        order = self.orders[order_id]
        order.status = "CANCELLED"
        self.release(order)

    def settle(self, trade: Trade) -> None:
        """The wallet service hears of the trade."""
        assert self.unsettled[trade] > 0, f"a trade that never was: {trade}"
        self.unsettled[trade] -= 1
        buy, sell = self.orders[trade.buy_order_id], self.orders[trade.sell_order_id]
        cost = trade.quantity * trade.price_cents
        buyers_money = self.wallet(buy.user_id, USD)
        buyers_money.blocked -= buy.blocks(trade.quantity)
        buyers_money.available += self.saved_cents(buy, trade)
        self.wallet(buy.user_id, buy.symbol).available += trade.quantity
        self.wallet(sell.user_id, sell.symbol).blocked -= trade.quantity
        self.wallet(sell.user_id, USD).available += cost

    def close(self, order_id: int) -> None:
        """The wallet service hears that the engine has ended the order."""
        if order_id in self.unreleased:
            self.unreleased.remove(order_id)
            self.release(self.orders[order_id])

    def book(self, symbol: str) -> list[int]:
        """Who waits: the buyers, best first, then the sellers."""
        buyers = self._opposite(Order(0, 0, symbol, "sell", "limit", 0, 1))
        sellers = self._opposite(Order(0, 0, symbol, "buy", "limit", 0, 1))
        return [order.id for order in (*buyers, *sellers)]

    def _opposite(self, order: Order) -> list[Order]:
        """Who waits on the other side, who trades first in front: by price, then by time."""
        waiting = [
            other
            for other in self.orders.values()
            if other.symbol == order.symbol
            and other.side != order.side
            and other.status in ("OPEN", "PARTIALLY_FILLED")
        ]
        sign = 1 if order.side == "buy" else -1
        return sorted(waiting, key=lambda other: (sign * other.price_cents, self.precedence(other)))

    def _trade(self, order: Order, other: Order) -> None:
        quantity = min(order.remaining, other.remaining)
        for one in (order, other):
            one.filled += quantity
            one.status = "FILLED" if not one.remaining else "PARTIALLY_FILLED"
        buy, sell = (order, other) if order.side == "buy" else (other, order)
        self.unsettled[Trade(buy.id, sell.id, quantity, self.price_cents(order, other))] += 1

    # The rules of the market, one by one, so that a test can get one of them wrong.

    def price_cents(self, order: Order, other: Order) -> int:
        """At which a newcomer trades with one who waited."""
        return other.price_cents

    def precedence(self, order: Order) -> int:
        """At one price the smallest comes first."""
        return order.sequence or 0

    def same_owner(self, order: Order, other: Order) -> bool:
        """Whether they must not trade with each other."""
        return order.user_id == other.user_id

    def unused(self, order: Order) -> int:
        """Shares of an order that are not traded, and never will be."""
        return order.remaining

    def saved_cents(self, buy: Order, trade: Trade) -> int:
        """What the buyer had blocked for it, and did not have to pay."""
        return buy.blocks(trade.quantity) - trade.quantity * trade.price_cents
