"""Whatever happens, in whatever sequence: the exchange is where the reference is, and not a cent or share is lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, event, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from systems.exchange.events import Event
from systems.exchange.instruments import INSTRUMENTS
from systems.exchange.order_manager.market_price import protective_price_cents
from tests.integration.exchange.orders.in_process import lost_connection, lost_time
from tests.integration.exchange.orders.reference_exchange import LIVE, USD, Order, ReferenceExchange, Trade
from tests.integration.exchange.orders.small_exchange import SmallExchange

SYMBOL = "BRZY"
USERS = st.sampled_from((13, 14, 15))
SIDES = st.sampled_from(("buy", "sell"))
QUANTITIES = st.integers(1, 6)
#: Few, so that orders meet; the last one is beyond what the risk manager allows.
PRICES = st.sampled_from((1_279, 1_280, 1_281, 1_279, 1_280, 1_281, 1_600))
#: Of the first reference price 1,280.
HIGHEST_PRICE_CENTS = 1_536


#: What has to occur: what never happens is not tested.
OFTEN = {
    "trade": 20,
    "several trades of one order": 2,
    "partly filled on arrival": 5,
    "partly filled while waiting": 5,
    "better price than its limit": 5,
    "cancelled when partly filled": 2,
    "self-trade prevented": 5,
    "rest of a market order cancelled": 2,
}


class AnySequence(RuleBasedStateMachine):
    """Users do what they like, events come when they like, and services fail between any two steps."""

    exchange: SmallExchange
    make_reference: type[ReferenceExchange] = ReferenceExchange
    #: Of all runs of this machine.
    happened: Counter[str]

    def __init__(self) -> None:
        super().__init__()
        self.reference = self.make_reference()
        #: client_order_id -> the order it stands for, and what was asked for.
        self.named: dict[str, tuple[int, dict[str, Any]]] = {}
        #: Holds of orders that were never stored.
        self.orphans: list[Order] = []
        #: Orders whose cancellation has given its money back.
        self.released: set[int] = set()
        #: Ids of events that have come to whom they are for.
        self.delivered: set[int] = set()

    @initialize()
    def begin(self) -> None:
        self.exchange.forget_everything()
        # Enough for most of what follows, and for one of them soon too little.
        for user_id, shares in ((13, 40), (14, 40), (15, 5)):
            self.deposit(user_id, USD, shares * 1_300)
            self.deposit(user_id, SYMBOL, shares)
        # There is a market from the beginning, with two at the same price.
        for user_id, side, quantity, price_cents in (
            (13, "sell", 4, 1_281),
            (14, "sell", 5, 1_281),
            (14, "buy", 5, 1_279),
            (15, "buy", 2, 1_279),
        ):
            self.place_limit_order(user_id, side, quantity, price_cents, is_named=False, is_heard_of=True)

    @rule(user_id=USERS, amount=st.integers(1, 20_000))
    def deposit_money(self, user_id: int, amount: int) -> None:
        self.deposit(user_id, USD, amount)

    @rule(user_id=USERS, amount=st.integers(1, 8))
    def bring_shares(self, user_id: int, amount: int) -> None:
        self.deposit(user_id, SYMBOL, amount)

    def deposit(self, user_id: int, asset: str, amount: int) -> None:
        self.exchange.deposit(user_id, asset, amount)
        self.reference.deposit(user_id, asset, amount)

    @rule(
        user_id=USERS,
        side=SIDES,
        quantity=QUANTITIES,
        price_cents=PRICES,
        is_named=st.booleans(),
        is_heard_of=st.booleans(),
    )
    def place_limit_order(
        self, user_id: int, side: str, quantity: int, price_cents: int, is_named: bool, is_heard_of: bool
    ) -> None:
        asked: dict[str, Any] = {
            "user_id": user_id,
            "symbol": SYMBOL,
            "side": side,
            "type": "limit",
            "quantity": quantity,
            "price_cents": price_cents,
        }
        if is_named:
            asked["client_order_id"] = f"order-{len(self.named)}"
        self.place(asked, price_cents)
        if is_heard_of:
            self.deliver_orders()

    @precondition(lambda self: self.reference.best_price_cents(SYMBOL, "buy"))
    @rule(user_id=USERS, quantity=st.integers(1, 12), better_cents=st.integers(0, 2))
    def buy_from_whoever_waits(self, user_id: int, quantity: int, better_cents: int) -> None:
        """Which may be the same user."""
        best = self.reference.best_price_cents(SYMBOL, "buy") or 0
        self.place_limit_order(user_id, "buy", quantity, best + better_cents, is_named=False, is_heard_of=True)

    @precondition(lambda self: self.reference.best_price_cents(SYMBOL, "sell"))
    @rule(user_id=USERS, quantity=st.integers(1, 12), better_cents=st.integers(0, 2))
    def sell_to_whoever_waits(self, user_id: int, quantity: int, better_cents: int) -> None:
        best = self.reference.best_price_cents(SYMBOL, "sell") or 0
        self.place_limit_order(user_id, "sell", quantity, best - better_cents, is_named=False, is_heard_of=True)

    @rule(user_id=USERS, side=SIDES, quantity=st.integers(1, 12), is_heard_of=st.booleans())
    def place_market_order(self, user_id: int, side: str, quantity: int, is_heard_of: bool) -> None:
        best = self.reference.best_price_cents(SYMBOL, side)
        self.exchange.quote = {"best_ask_cents" if side == "buy" else "best_bid_cents": best}
        asked = {"user_id": user_id, "symbol": SYMBOL, "side": side, "type": "market", "quantity": quantity}
        if best is None:
            assert refusal(self.exchange.place(**asked)) == "no_reference_price"
        else:
            self.place(asked, protective_price_cents("buy" if side == "buy" else "sell", best, INSTRUMENTS[SYMBOL]))
            if is_heard_of:
                self.deliver_orders()

    def place(self, asked: dict[str, Any], price_cents: int) -> None:
        order = Order(0, asked["user_id"], SYMBOL, asked["side"], asked["type"], price_cents, asked["quantity"])
        answer = self.exchange.place(**asked)
        if price_cents > HIGHEST_PRICE_CENTS:
            assert refusal(answer) == "price_outside_band"
        elif not self.reference.can_pay(order):
            assert refusal(answer) == ("insufficient_funds" if order.asset == USD else "insufficient_shares")
        else:
            assert answer.status_code == 201, answer.json
            assert answer.json is not None
            order.id = answer.json["order"]["id"]
            assert order.id not in self.reference.orders
            self.reference.place(order)
            if "client_order_id" in asked:
                self.named[asked["client_order_id"]] = order.id, asked

    @precondition(lambda self: self.named)
    @rule(data=st.data())
    def place_the_same_order_again(self, data: st.DataObject) -> None:
        order_id, asked = self.named[data.draw(st.sampled_from(sorted(self.named)))]
        answer = self.exchange.place(**asked)
        assert answer.status_code == 200, answer.json
        assert answer.json is not None
        assert answer.json["order"]["id"] == order_id

    @rule(user_id=USERS, side=SIDES, quantity=QUANTITIES)
    def fail_between_payment_and_storing(self, user_id: int, side: str, quantity: int) -> None:
        order = Order(0, user_id, SYMBOL, side, "limit", 1_280, quantity)
        if not self.reference.can_pay(order):
            return
        self.exchange.wallet_line.after = lost_time
        answer = self.exchange.place(
            user_id=user_id, symbol=SYMBOL, side=side, type="limit", quantity=quantity, price_cents=1_280
        )
        self.exchange.wallet_line.mend()
        assert answer.status_code == 503
        self.reference.block(order)
        self.orphans.append(order)

    @rule()
    def sweep_wallets(self) -> None:
        assert self.exchange.sweep_wallets() == len(self.orphans)
        while self.orphans:
            self.reference.release(self.orphans.pop())

    @precondition(lambda self: self.reference.orders)
    @rule(data=st.data(), wallets_are_away=st.booleans(), answer_is_lost=st.booleans())
    def cancel_any(self, data: st.DataObject, wallets_are_away: bool, answer_is_lost: bool) -> None:
        order_id = data.draw(st.sampled_from(sorted(self.reference.orders)))
        self.cancel(self.reference.orders[order_id], wallets_are_away, answer_is_lost)

    @precondition(lambda self: self.partly_filled())
    @rule(data=st.data(), wallets_are_away=st.booleans(), answer_is_lost=st.booleans())
    def cancel_one_that_is_partly_filled(
        self, data: st.DataObject, wallets_are_away: bool, answer_is_lost: bool
    ) -> None:
        order_id = data.draw(st.sampled_from(self.partly_filled()))
        self.cancel(self.reference.orders[order_id], wallets_are_away, answer_is_lost)

    def partly_filled(self) -> list[int]:
        return [order.id for order in self.reference.orders.values() if order.status == "PARTIALLY_FILLED"]

    def cancel(self, order: Order, wallets_are_away: bool, answer_is_lost: bool) -> None:
        if wallets_are_away:
            self.exchange.wallet_line.before = lost_connection
        elif answer_is_lost:
            self.exchange.wallet_line.after = lost_connection
        answer = self.exchange.cancel(order.id, order.user_id)
        self.exchange.wallet_line.mend()
        if order.status == "FILLED":
            assert refusal(answer) == "order_filled"
        elif order.status == "CANCELLED":
            assert answer.status_code == 200
        else:
            if order.filled and order.status in LIVE:
                self.count("cancelled when partly filled")
            was_released = order.id in self.released
            self.reference.begin_cancelling(order.id)
            if wallets_are_away:
                assert answer.status_code == 503
            elif answer_is_lost:
                # The money is back, and the order manager does not know.
                assert answer.status_code == 503
                if not was_released:
                    self.reference.release(order)
                    self.released.add(order.id)
            else:
                assert answer.status_code == 200, answer.json
                self.end(order)

    @rule()
    def sweep_orders(self) -> None:
        cancelling = [order for order in self.reference.orders.values() if order.status == "CANCELLING"]
        # Those of which a trade is not settled yet still have a hold: they may be looked at, too, for nothing.
        waiting = sum(order.status == "CANCELLED" and order.filled > 0 for order in self.reference.orders.values())
        assert len(cancelling) <= self.exchange.sweep_orders() <= len(cancelling) + waiting
        for order in cancelling:
            self.end(order)

    def end(self, order: Order) -> None:
        if order.id in self.released:
            order.status = "CANCELLED"
        else:
            self.reference.end_cancelling(order.id)
            self.released.add(order.id)

    @rule(data=st.data())
    def deliver_some_event(self, data: st.DataObject) -> None:
        if waiting := self.waiting():
            self.deliver(data.draw(st.sampled_from(waiting)))

    @rule()
    def deliver_what_waits(self) -> None:
        """What comes of it waits for the next time."""
        for told in self.waiting():
            self.deliver(told)

    def deliver_orders(self) -> None:
        """The engine hears of all new orders."""
        for told in self.waiting():
            if told.name == "order_created":
                self.deliver(told)

    @precondition(lambda self: self.delivered)
    @rule(data=st.data())
    def deliver_an_event_again(self, data: st.DataObject) -> None:
        event_id = data.draw(st.sampled_from(sorted(self.delivered)))
        self.deliver(next(told for told in self.exchange.events() if told.id == event_id))

    def waiting(self) -> list[Event]:
        """Events that have not come to whom they are for."""
        return [told for told in self.exchange.events(*EVENTS) if told.id not in self.delivered]

    def deliver(self, told: Event) -> None:
        group = EVENTS[told.name]
        self.exchange.deliver(group, told)
        if told.id in self.delivered:
            return
        self.delivered.add(told.id)
        payload = told.payload
        if told.name == "order_created":
            self.match(self.reference.orders[payload["order_id"]])
        elif told.name == "trade_executed":
            self.reference.settle(
                Trade(payload["buy_order_id"], payload["sell_order_id"], payload["quantity"], payload["price_cents"])
            )
        elif told.name == "order_closed":
            self.reference.close(payload["order_id"])

    def match(self, order: Order) -> None:
        filled_before = {other.id: other.filled for other in self.reference.orders.values()}
        was_new = order.status == "NEW"
        self.reference.match(order.id)
        if not was_new:
            return
        met = [
            each for each in self.reference.orders.values() if each.filled > filled_before[each.id] and each != order
        ]
        for other in met:
            self.count("trade")
            if other.remaining:
                self.count("partly filled while waiting")
            if other.price_cents != order.price_cents:
                self.count("better price than its limit")
        if len(met) > 1:
            self.count("several trades of one order")
        if met and order.remaining:
            self.count("partly filled on arrival")
        if order.status == "CANCELLED":
            self.count("rest of a market order cancelled" if order.type == "market" else "self-trade prevented")

    def count(self, what: str) -> None:
        self.happened[what] += 1
        event(what)

    @rule()
    def kill_the_engine(self) -> None:
        self.exchange.start_engine()

    @invariant()
    def everybody_has_what_they_should(self) -> None:
        expected = {key: (wallet.available, wallet.blocked) for key, wallet in self.reference.wallets.items()}
        found = self.exchange.wallets()
        # A wallet that nothing was ever put into need not be there.
        assert {key: found.get(key, (0, 0)) for key in expected} == expected
        assert all(amounts == (0, 0) for key, amounts in found.items() if key not in expected)
        # Nothing is lost, and nothing is made up.
        total: Counter[str] = Counter()
        for (_, asset), amounts in found.items():
            total[asset] += sum(amounts)
        assert total == self.reference.deposits

    @invariant()
    def wallets_are_the_sum_of_their_changes_and_what_they_have_blocked_is_held(self) -> None:
        assert not self.exchange.rows(
            """
            SELECT wallets.*, changes.*, held.* FROM wallets
            FULL JOIN (
                SELECT user_id, asset, sum(available_delta) AS available, sum(blocked_delta) AS blocked
                FROM transactions GROUP BY user_id, asset
            ) AS changes USING (user_id, asset)
            LEFT JOIN (
                SELECT user_id, asset, sum(remaining) AS remaining FROM holds GROUP BY user_id, asset
            ) AS held USING (user_id, asset)
            WHERE (wallets.available, wallets.blocked) IS DISTINCT FROM (changes.available, changes.blocked)
            OR wallets.blocked <> coalesce(held.remaining, 0)
            """
        )

    @invariant()
    def orders_are_where_they_should_be(self) -> None:
        rows = self.exchange.rows("SELECT id, status, filled FROM orders")
        assert {row["id"]: (row["status"], row["filled"]) for row in rows} == {
            order.id: (order.status, order.filled) for order in self.reference.orders.values()
        }
        # One that was cancelled is in the book until the engine hears of that, and does not trade.
        waiting = [
            order_id
            for order_id in self.exchange.engine.books.view(SYMBOL, 10).orders
            if self.reference.orders[order_id].status in LIVE
        ]
        assert waiting == self.reference.book(SYMBOL)


#: Who handles what.
EVENTS = {
    "order_created": "matching-engine",
    "order_cancelled": "matching-engine",
    "trade_executed": "wallet-service",
    "order_closed": "wallet-service",
}


def refusal(answer: Any) -> str:
    assert answer.status_code == 409, answer.json
    return str(answer.json["error"]["type"])


@pytest.fixture
def machine(small_exchange: SmallExchange) -> Iterator[type[AnySequence]]:
    AnySequence.exchange, AnySequence.happened = small_exchange, Counter()
    yield AnySequence
    del AnySequence.exchange, AnySequence.happened


def run(machine: type[AnySequence], **more: Any) -> None:
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        machine,
        settings=settings(
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
            **more,
        ),
    )


#: The same sequences every time.
REPEATABLE: dict[str, Any] = {"derandomize": True, "database": None}


@pytest.mark.slow
def test_money_and_shares_add_up_whatever_happens(machine: type[AnySequence]) -> None:
    run(machine, max_examples=10)


@pytest.mark.slow
def test_what_can_happen_happens_and_everything_adds_up(machine: type[AnySequence]) -> None:
    run(machine, max_examples=12, **REPEATABLE)
    assert {what: machine.happened[what] for what, number in OFTEN.items() if machine.happened[what] < number} == {}


class TradesAtTheNewcomersPrice(ReferenceExchange):
    """And not at the price of the one who waited."""

    def price_cents(self, order: Order, other: Order) -> int:
        return order.price_cents


class ServesTheLastFirst(ReferenceExchange):
    """Of those who wait at the same price."""

    def precedence(self, order: Order) -> int:
        return -super().precedence(order)


class GivesBackEverything(ReferenceExchange):
    """Of a cancelled order, also what it has traded."""

    def unused(self, order: Order) -> int:
        return order.quantity


class TradesWithItself(ReferenceExchange):
    """When a user's two orders meet."""

    def same_owner(self, order: Order, other: Order) -> bool:
        return False


class KeepsTheDifference(ReferenceExchange):
    """Between a buyer's limit and the better price at which the order has traded."""

    def saved_cents(self, buy: Order, trade: Trade) -> int:
        return 0


@pytest.mark.slow
@pytest.mark.parametrize(
    "wrong",
    [TradesAtTheNewcomersPrice, ServesTheLastFirst, GivesBackEverything, TradesWithItself, KeepsTheDifference],
)
def test_a_reference_that_is_wrong_in_one_thing_is_found_out(
    machine: type[AnySequence], wrong: type[ReferenceExchange]
) -> None:
    against = type("Against" + wrong.__name__, (machine,), {"make_reference": wrong})
    with pytest.raises(AssertionError):
        # The first sequence that shows it will do: nobody has to understand it.
        run(against, max_examples=20, phases=[Phase.generate], **REPEATABLE)
