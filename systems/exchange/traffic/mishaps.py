"""What goes wrong with people: a user who mistypes and overreaches, and one who forgets what is under way.

With them every reason for which an order is refused occurs now and then, and so do refusals of other requests: 401,
404, 409 and 422. None of it is an error of the exchange.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any

from systems.exchange.instruments import INSTRUMENTS, Instrument
from systems.exchange.traffic.asking import Answer, Ask, Script, Trader
from systems.exchange.traffic.moves import (
    DOLLARS,
    enter,
    last_price,
    on_tick,
    place,
    put_right,
    refusal_of,
    take_back,
)

#: Small enough for a thousand shares of anything to be too expensive.
_CASH_CENTS = 500 * DOLLARS
#: Of the price: orders that are not meant to trade.
_TOO_LITTLE = 0.93
#: So often the forgetful one tries again before looking why.
_INSISTENCE = 3
_KEPT = 35


def clumsy_trader(trader: Trader, random_: random.Random, symbols: Sequence[str]) -> Script:
    """One mishap after the other, in the order in which chance has it."""
    yield from enter(trader, _CASH_CENTS)
    while True:
        symbol = random_.choice(symbols)
        instrument = INSTRUMENTS[symbol]
        quote = yield from trader.ask("GET", f"/market/quotes/{symbol}")
        price_cents = on_tick(last_price(quote, instrument), instrument)
        yield from random_.choice(_MISHAPS)(Moment(trader, random_, instrument, price_cents))


def forgetful_trader(trader: Trader, random_: random.Random, symbols: Sequence[str]) -> Script:
    """Bids too little, again and again, and never looks what has become of it before there are too many."""
    yield from enter(trader, 10_000 * DOLLARS)
    refused = 0
    while True:
        symbol = random_.choice(symbols)
        instrument = INSTRUMENTS[symbol]
        quote = yield from trader.ask("GET", f"/market/quotes/{symbol}")
        low_price_cents = on_tick(last_price(quote, instrument) * _TOO_LITTLE, instrument)
        placed = yield from place(trader, symbol, "buy", 1, low_price_cents)
        if refusal_of(placed) != "too_many_open_orders":
            yield from put_right(trader, placed, cents=10_000 * DOLLARS)
            continue
        refused += 1
        if refused >= _INSISTENCE:
            yield from take_back(trader, keep=_KEPT)
            refused = 0


@dataclass(frozen=True)
class Moment:
    """When somebody wants to trade this at this price, and it goes wrong."""

    trader: Trader
    random_: random.Random
    instrument: Instrument
    price_cents: int

    @property
    def symbol(self) -> str:
        return self.instrument.symbol

    @property
    def low_price_cents(self) -> int:
        return on_tick(self.price_cents * _TOO_LITTLE, self.instrument)

    def own_order(self, price_cents: int | None) -> Generator[Ask, Answer, int | None]:
        """Buys one share: the order's id. None when that did not work, as even the clumsy can run out of money."""
        placed = yield from place(self.trader, self.symbol, "buy", 1, price_cents)
        if placed.ok:
            order_id: int = placed.json["order"]["id"]
            return order_id
        yield from put_right(self.trader, placed, cents=_CASH_CENTS)
        return None


def _forgotten_password(now: Moment) -> Script:
    yield from now.trader.log_in(password="was it this one?")
    yield from now.trader.log_in()


def _second_account(now: Moment) -> Script:
    """Signs up under a name that is taken: its own."""
    yield from now.trader.register()


def _too_many_shares(now: Moment) -> Script:
    yield from place(now.trader, now.symbol, "buy", 900_000, now.price_cents)


def _too_much_money(now: Moment) -> Script:
    dearest = max(INSTRUMENTS.values(), key=lambda each: each.reference_price_cents)
    yield from place(
        now.trader, dearest.symbol, "buy", now.random_.randint(8_000, 9_900), dearest.reference_price_cents
    )


def _zero_too_many(now: Moment) -> Script:
    yield from place(now.trader, now.symbol, "buy", now.random_.randint(1, 9), 10 * now.price_cents)


def _more_than_there_is(now: Moment) -> Script:
    yield from place(now.trader, now.symbol, "buy", now.random_.randint(1_000, 2_000), now.price_cents)


def _shares_of_nobody(now: Moment) -> Script:
    yield from place(now.trader, now.symbol, "sell", now.random_.randint(1_000, 2_000), now.price_cents)


def _nonsense(now: Moment) -> Script:
    """What no order can be."""
    order = {"symbol": now.symbol, "side": "buy", "type": "limit", "quantity": 1, "price_cents": now.price_cents}
    wrong: dict[str, Any] = now.random_.choice(
        ({"quantity": 0}, {"quantity": "a few"}, {"price_cents": None}, {"symbol": "ACRM"}, {"side": "short"})
    )
    yield from now.trader.ask("POST", "/v1/order", {**order, **wrong})


def _same_id_twice(now: Moment) -> Script:
    """Gives two different orders the same client_order_id, and then takes the first one back."""
    order = {"symbol": now.symbol, "side": "buy", "type": "limit", "price_cents": now.low_price_cents}
    order["client_order_id"] = f"mine-{now.random_.getrandbits(64):x}"
    placed = yield from now.trader.ask("POST", "/v1/order", {**order, "quantity": 1})
    if placed.ok:
        yield from now.trader.ask("POST", "/v1/order", {**order, "quantity": 2})
        yield from now.trader.ask("DELETE", f"/v1/order/{placed.json['order']['id']}")
    else:
        yield from put_right(now.trader, placed, cents=_CASH_CENTS)


def _too_late(now: Moment) -> Script:
    """Wants an order back that has traded; sells what it has bought."""
    order_id = yield from now.own_order(None)
    if order_id:
        yield from now.trader.ask("DELETE", f"/v1/order/{order_id}")
        yield from place(now.trader, now.symbol, "sell", 1, None)


def _wrong_number(now: Moment) -> Script:
    """Wants to see, or to take back, the order of somebody else: the one before its own."""
    order_id = yield from now.own_order(now.low_price_cents)
    if order_id:
        yield from now.trader.ask(now.random_.choice(("GET", "DELETE")), f"/v1/order/{order_id - 1}")
        yield from now.trader.ask("DELETE", f"/v1/order/{order_id}")


def _taken_back_twice(now: Moment) -> Script:
    order_id = yield from now.own_order(now.low_price_cents)
    if order_id:
        yield from now.trader.ask("DELETE", f"/v1/order/{order_id}")
        yield from now.trader.ask("DELETE", f"/v1/order/{order_id}")


#: All equally likely.
_MISHAPS: tuple[Callable[[Moment], Script], ...] = (
    _forgotten_password,
    _second_account,
    _too_many_shares,
    _too_much_money,
    _zero_too_many,
    _more_than_there_is,
    _shares_of_nobody,
    _nonsense,
    _same_id_twice,
    _too_late,
    _wrong_number,
    _taken_back_twice,
)
