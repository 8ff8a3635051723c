"""Whatever comes to the market: the book does what a sorted list does."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from systems.exchange.matching_engine.book import OrderBook
from systems.exchange.matching_engine.depth import depth, depth_after
from systems.exchange.matching_engine.orders import IncomingOrder, Level, Side
from tests.unit.matching_engine.naive_book import NaiveBook, Waiting

SIDES = st.sampled_from(Side)
#: Few users, prices and shares: orders have to meet.
USERS, PRICES, QUANTITIES = st.integers(1, 4), st.integers(100, 108), st.integers(1, 12)


class Market(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.book, self.naive = OrderBook(), NaiveBook()
        self.orders = self.entered = self.left = 0

    @rule(user_id=USERS, side=SIDES, price_cents=PRICES, quantity=QUANTITIES, rests=st.booleans())
    def place(self, user_id: int, side: Side, price_cents: int, quantity: int, rests: bool) -> None:
        self.orders += 1
        order = IncomingOrder(self.orders, user_id, side, price_cents, quantity, rests)
        before = list(self.book)
        plan = self.book.plan(order)
        announced = {side: depth_after(self.book, plan, side, 3) for side in Side}
        assert list(self.book) == before
        self.book.apply(plan)
        assert announced == {side: depth(self.book, side, 3) for side in Side}
        assert (list(plan.fills), plan.cancelled, plan.reason) == self.naive.place(order)
        self.entered += quantity
        # A trade takes shares of both sides away.
        self.left += 2 * plan.traded + plan.cancelled

    @precondition(lambda self: self.orders)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        order_id = data.draw(st.integers(1, self.orders))
        removed = self.book.remove(order_id)
        self.naive.cancel(order_id)
        self.left += removed.quantity if removed else 0

    @rule()
    def restart(self) -> None:
        restored = OrderBook()
        for one in sorted(self._waiting(), key=lambda one: one.arrived):
            order = one.order
            restored.restore(IncomingOrder(order.order_id, order.user_id, order.side, order.price_cents, one.quantity))
        self.book = restored

    @invariant()
    def the_same_orders_wait_in_the_same_sequence(self) -> None:
        waiting = self._waiting()
        assert [(order.order_id, order.quantity) for order in self.book] == [
            (one.order.order_id, one.quantity) for one in waiting
        ]
        assert len(self.book) == len(waiting)

    @invariant()
    def nobody_waits_beside_somebody_to_trade_with(self) -> None:
        assert not self.book.crossed()

    @invariant()
    def no_share_is_made_or_lost(self) -> None:
        assert self.entered - self.left == sum(self.book.shares(side) for side in Side)

    @invariant()
    def depth_is_what_waits(self) -> None:
        for side in Side:
            assert self.book.levels(side, 3) == _levels(self.naive.sides[side])[:3]

    def _waiting(self) -> list[Waiting]:
        return [one for side in Side for one in self.naive.sides[side]]


def _levels(waiting: list[Waiting]) -> list[Level]:
    prices = dict.fromkeys(one.order.price_cents for one in waiting)
    at = {price: [one.quantity for one in waiting if one.order.price_cents == price] for price in prices}
    return [Level(price, sum(quantities), len(quantities)) for price, quantities in at.items()]


TestMarket = pytest.mark.slow(Market.TestCase)
TestMarket.settings = settings(max_examples=40, stateful_step_count=30, deadline=None, derandomize=True)
