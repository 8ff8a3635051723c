from __future__ import annotations

from itertools import count

import pytest

from systems.exchange.matching_engine.book import OrderBook, StalePlan
from systems.exchange.matching_engine.orders import Fill, IncomingOrder, Level, Plan, Remainder, Side

ALICE, BOB, CAROL = 1, 2, 3


class Market:
    """A book whose orders are numbered as they come: the first one is order 1."""

    def __init__(self) -> None:
        self.book = OrderBook()
        self._ids = count(1)

    def place(self, user_id: int, side: Side, quantity: int, price_cents: int, *, rests: bool = True) -> Plan:
        plan = self.book.plan(IncomingOrder(next(self._ids), user_id, side, price_cents, quantity, rests))
        self.book.apply(plan)
        return plan

    def buy(self, user_id: int, quantity: int, price_cents: int, *, rests: bool = True) -> Plan:
        return self.place(user_id, Side.BUY, quantity, price_cents, rests=rests)

    def sell(self, user_id: int, quantity: int, price_cents: int, *, rests: bool = True) -> Plan:
        return self.place(user_id, Side.SELL, quantity, price_cents, rests=rests)

    def contents(self) -> list[tuple[int, Side, int, int]]:
        """(order, side, price, shares): buyers, then sellers, who trades first at the front."""
        return [(order.order_id, order.side, order.price_cents, order.quantity) for order in self.book]


@pytest.fixture
def market() -> Market:
    return Market()


def test_an_order_that_meets_nobody_waits(market: Market) -> None:
    plan = market.buy(ALICE, 10, 1000)
    assert (plan.fills, plan.rests, plan.cancelled) == ((), 10, 0)
    assert market.contents() == [(1, Side.BUY, 1000, 10)]


def test_prices_that_do_not_meet_do_not_trade(market: Market) -> None:
    market.buy(ALICE, 10, 1000)
    market.sell(BOB, 10, 1001)
    assert market.contents() == [(1, Side.BUY, 1000, 10), (2, Side.SELL, 1001, 10)]


def test_a_trade_takes_place_at_the_price_of_whoever_waited(market: Market) -> None:
    market.sell(ALICE, 10, 1000)
    assert market.buy(BOB, 10, 1050).fills == (Fill(1, ALICE, 1000, 10),)
    assert market.contents() == []


def test_better_prices_trade_first(market: Market) -> None:
    market.sell(ALICE, 5, 1002)
    market.sell(ALICE, 5, 1000)
    market.sell(ALICE, 5, 1001)
    assert [fill.price_cents for fill in market.buy(BOB, 12, 1002).fills] == [1000, 1001, 1002]
    market.buy(BOB, 5, 900)
    market.buy(BOB, 5, 902)
    assert [fill.price_cents for fill in market.sell(CAROL, 10, 900).fills] == [902, 900]


def test_at_the_same_price_whoever_came_first_trades_first(market: Market) -> None:
    market.sell(ALICE, 5, 1000)
    market.sell(BOB, 5, 1000)
    assert market.buy(CAROL, 7, 1000).fills == (Fill(1, ALICE, 1000, 5), Fill(2, BOB, 1000, 2))
    assert market.contents() == [(2, Side.SELL, 1000, 3)]


def test_whoever_traded_in_part_keeps_the_place_in_the_queue(market: Market) -> None:
    market.sell(ALICE, 5, 1000)
    market.sell(BOB, 5, 1000)
    market.buy(CAROL, 2, 1000)
    assert market.buy(CAROL, 4, 1000).fills == (Fill(1, ALICE, 1000, 3), Fill(2, BOB, 1000, 1))


def test_what_is_left_of_an_order_waits_at_its_own_price(market: Market) -> None:
    market.sell(ALICE, 4, 1000)
    plan = market.buy(BOB, 10, 1010)
    assert (plan.traded, plan.rests) == (4, 6)
    assert market.contents() == [(2, Side.BUY, 1010, 6)]


def test_a_market_order_takes_what_is_there_and_does_not_wait(market: Market) -> None:
    market.sell(ALICE, 4, 1000)
    plan = market.buy(BOB, 10, 1010, rests=False)
    assert (plan.traded, plan.rests, plan.cancelled, plan.reason) == (4, 0, 6, Remainder.NO_LIQUIDITY)
    assert market.contents() == []


def test_a_market_order_stops_at_its_protective_limit(market: Market) -> None:
    market.sell(ALICE, 4, 1000)
    market.sell(ALICE, 4, 1100)
    plan = market.buy(BOB, 8, 1050, rests=False)
    assert (plan.traded, plan.cancelled) == (4, 4)
    assert market.contents() == [(2, Side.SELL, 1100, 4)]


def test_a_market_order_that_trades_in_full_has_no_reason_to_leave(market: Market) -> None:
    market.sell(ALICE, 4, 1000)
    assert market.buy(BOB, 4, 1050, rests=False).reason is None


def test_nobody_trades_with_themselves_the_rest_of_the_new_order_leaves(market: Market) -> None:
    market.sell(BOB, 3, 999)
    market.sell(ALICE, 5, 1000)
    market.sell(BOB, 5, 1001)
    plan = market.buy(ALICE, 10, 1010)
    assert plan.fills == (Fill(1, BOB, 999, 3),)
    assert (plan.rests, plan.cancelled, plan.reason) == (0, 7, Remainder.SELF_TRADE)
    assert market.contents() == [(2, Side.SELL, 1000, 5), (3, Side.SELL, 1001, 5)]


def test_an_order_that_is_done_before_it_meets_its_own_user_trades_in_full(market: Market) -> None:
    market.sell(BOB, 3, 999)
    market.sell(ALICE, 5, 1000)
    plan = market.buy(ALICE, 3, 1010)
    assert (plan.traded, plan.cancelled, plan.reason) == (3, 0, None)


def test_a_plan_changes_nothing(market: Market) -> None:
    market.sell(ALICE, 5, 1000)
    before, version = market.contents(), market.book.version
    order = IncomingOrder(2, BOB, Side.BUY, 1000, 3)
    assert market.book.plan(order) == market.book.plan(order)
    assert (market.contents(), market.book.version) == (before, version)


def test_a_plan_for_a_book_that_has_changed_is_refused(market: Market) -> None:
    market.sell(ALICE, 5, 1000)
    plan = market.book.plan(IncomingOrder(9, BOB, Side.BUY, 1000, 3))
    market.book.remove(1)
    with pytest.raises(StalePlan):
        market.book.apply(plan)
    assert market.contents() == []


def test_an_order_cannot_come_twice_while_it_waits(market: Market) -> None:
    market.sell(ALICE, 5, 1000)
    again = IncomingOrder(1, ALICE, Side.SELL, 1000, 5)
    with pytest.raises(ValueError, match="order 1 is in the book already"):
        market.book.plan(again)
    with pytest.raises(ValueError, match="order 1 is in the book already"):
        market.book.restore(again)


def test_a_cancelled_order_does_not_trade(market: Market) -> None:
    market.sell(ALICE, 5, 1000)
    market.sell(BOB, 5, 1000)
    removed = market.book.remove(1)
    assert removed is not None
    assert removed.quantity == 5
    assert market.buy(CAROL, 5, 1000).fills == (Fill(2, BOB, 1000, 5),)


def test_cancelling_what_does_not_wait_changes_nothing(market: Market) -> None:
    market.sell(ALICE, 5, 1000)
    version = market.book.version
    assert market.book.remove(7) is None
    assert market.book.version == version


def test_depth_adds_up_what_waits_at_each_price_best_first(market: Market) -> None:
    for quantity, price_cents in ((5, 1000), (3, 1002), (2, 1000), (1, 1005)):
        market.sell(ALICE, quantity, price_cents)
    assert market.book.levels(Side.SELL, 2) == [Level(1000, 7, 2), Level(1002, 3, 1)]
    assert market.book.levels(Side.BUY, 2) == []
    assert (market.book.orders(Side.SELL), market.book.shares(Side.SELL)) == (4, 11)


def test_a_book_put_back_in_sequence_trades_as_before(market: Market) -> None:
    market.sell(ALICE, 5, 1000)
    market.sell(BOB, 5, 1000)
    market.sell(CAROL, 5, 999)
    restored = OrderBook()
    for order_id, user_id, price_cents in ((1, ALICE, 1000), (2, BOB, 1000), (3, CAROL, 999)):
        restored.restore(IncomingOrder(order_id, user_id, Side.SELL, price_cents, 5))
    order = IncomingOrder(9, 4, Side.BUY, 1000, 12)
    assert restored.plan(order).fills == market.book.plan(order).fills


def test_a_book_that_was_put_back_wrongly_says_so() -> None:
    book = OrderBook()
    book.restore(IncomingOrder(1, ALICE, Side.SELL, 1000, 5))
    assert not book.crossed()
    book.restore(IncomingOrder(2, BOB, Side.BUY, 1000, 5))
    assert book.crossed()


def test_users_that_are_one_do_not_trade_with_each_other(market: Market) -> None:
    market.sell(ALICE, 5, 1000)
    market.book.same_owner = lambda one, other: one % 2 == other % 2
    assert market.buy(CAROL, 5, 1000).reason is Remainder.SELF_TRADE
    assert market.buy(BOB, 5, 1000).traded == 5
