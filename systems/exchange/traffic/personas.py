"""What each kind of trader does, for ever or until they leave. All follows from the random numbers they are given.

Prices are decided with the answers of the market: nobody here knows more than a user of the page.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from systems.exchange.instruments import INSTRUMENTS
from systems.exchange.traffic.asking import Answer, Script, Trader
from systems.exchange.traffic.moves import DOLLARS, enter, last_price, on_tick, open_orders, place, put_right

#: What a market maker is worth at the start, and brings again when it has run out.
_MAKER_CASH_CENTS = 2_000_000 * DOLLARS
_MAKER_SHARES = 5_000
#: How far a market maker's idea of a price goes from one quote to the next.
_DRIFT = 0.002
_HALF_SPREAD = 0.0025
#: More than these per symbol, and the oldest is taken back.
_QUOTES_PER_SYMBOL = 4
#: An investor waits for so many orders at the same time, for the oldest ones no longer.
_PATIENCE = 10


def market_maker(trader: Trader, random_: random.Random, symbols: Sequence[str]) -> Script:
    """Always ready to buy a little below and to sell a little above its idea of the price, which wanders."""
    fair = {symbol: float(INSTRUMENTS[symbol].reference_price_cents) for symbol in symbols}
    quotes: dict[str, list[int]] = {symbol: [] for symbol in symbols}
    yield from enter(trader, _MAKER_CASH_CENTS)
    while True:
        symbol = random_.choice(symbols)
        instrument = INSTRUMENTS[symbol]
        quote = yield from trader.ask("GET", f"/market/quotes/{symbol}")
        fair[symbol] = _wander(fair[symbol], last_price(quote, instrument), random_)
        for side, sign in (("buy", -1), ("sell", 1)):
            price = on_tick(fair[symbol] * (1 + sign * _HALF_SPREAD * random_.uniform(0.6, 1.6)), instrument)
            placed = yield from place(trader, symbol, side, 10 * random_.randint(2, 15), price)
            if placed.ok:
                quotes[symbol].append(placed.json["order"]["id"])
            else:
                yield from put_right(trader, placed, cents=_MAKER_CASH_CENTS, symbol=symbol, shares=_MAKER_SHARES)
        while len(quotes[symbol]) > _QUOTES_PER_SYMBOL:
            yield from trader.ask("DELETE", f"/v1/order/{quotes[symbol].pop(0)}")


def day_trader(trader: Trader, random_: random.Random, symbols: Sequence[str]) -> Script:
    """In and out all day, with market orders more often than not."""
    held: dict[str, int] = dict.fromkeys(symbols, 0)
    yield from enter(trader, 50_000 * DOLLARS)
    while True:
        symbol = random_.choice(symbols)
        instrument = INSTRUMENTS[symbol]
        quote = yield from trader.ask("GET", f"/market/quotes/{symbol}")
        side = "sell" if held[symbol] and random_.random() < 0.55 else "buy"
        quantity = held[symbol] if side == "sell" else random_.randint(1, 40)
        if random_.random() < 0.6:
            placed = yield from place(trader, symbol, side, quantity, None)
        else:
            away = random_.uniform(-0.004, 0.002) * (1 if side == "buy" else -1)
            price = on_tick(last_price(quote, instrument) * (1 + away), instrument)
            placed = yield from place(trader, symbol, side, quantity, price)
        if not placed.ok:
            yield from put_right(trader, placed, cents=50_000 * DOLLARS)
        if random_.random() < 0.5:
            yield from trader.ask("GET", "/v1/orders?limit=20")
        else:
            overview = yield from trader.ask("GET", "/v1/overview")
            held.update(_available(overview, symbols))
            # What has been lying around is not going to trade.
            for order in _open_orders(overview)[3:]:
                yield from trader.ask("DELETE", f"/v1/order/{order['id']}")


def investor(trader: Trader, random_: random.Random, symbols: Sequence[str]) -> Script:
    """Looks at what there is, buys a little below the price, and keeps it."""
    yield from enter(trader, 100_000 * DOLLARS)
    while True:
        yield from trader.ask("GET", "/reports/positions")
        symbol = random_.choice(symbols)
        yield from trader.ask("GET", f"/market/candles/{symbol}?limit=30")
        quote = yield from trader.ask("GET", f"/market/quotes/{symbol}")
        instrument = INSTRUMENTS[symbol]
        price = on_tick(last_price(quote, instrument) * random_.uniform(0.99, 1.002), instrument)
        placed = yield from place(trader, symbol, "buy", random_.randint(5, 25), price)
        if not placed.ok:
            yield from put_right(trader, placed, cents=50_000 * DOLLARS)
        listed = yield from trader.ask("GET", "/v1/orders?status=open")
        for order in open_orders(listed)[_PATIENCE:]:
            yield from trader.ask("DELETE", f"/v1/order/{order['id']}")
        yield from trader.ask("GET", "/reports/executions?limit=20")


def newcomer(trader: Trader, random_: random.Random, symbols: Sequence[str]) -> Script:
    """Signs up, tries everything once, and leaves."""
    if not (yield from trader.register()).ok or not (yield from trader.log_in()).ok:
        return
    yield from trader.ask("POST", "/wallet/add-funds", {"amount_cents": random_.randint(20, 90) * 100 * DOLLARS})
    symbol = random_.choice(symbols)
    instrument = INSTRUMENTS[symbol]
    quote = yield from trader.ask("GET", f"/market/quotes/{symbol}")
    # Too low to trade at once: there is something to cancel.
    price = on_tick(last_price(quote, instrument) * 0.96, instrument)
    placed = yield from place(trader, symbol, "buy", random_.randint(1, 10), price)
    yield from trader.ask("GET", "/v1/orders")
    yield from trader.ask("GET", "/reports/positions")
    if placed.ok:
        yield from trader.ask("DELETE", f"/v1/order/{placed.json['order']['id']}")
    if random_.random() < 0.5:
        yield from place(trader, symbol, "buy", random_.randint(1, 5), None)
        yield from trader.ask("GET", "/wallet")
    yield from trader.ask("POST", "/auth/logout")


def _wander(fair: float, last: float, random_: random.Random) -> float:
    # Drawn towards what is paid, so that two makers do not part for ever.
    return (fair + 0.2 * (last - fair)) * (1 + random_.gauss(0, _DRIFT))


def _available(overview: Answer, symbols: Sequence[str]) -> dict[str, int]:
    wallet = overview.json.get("wallet") if overview.ok else None
    balances = {each["asset"]: each["available"] for each in (wallet or {}).get("balances", ())}
    return {symbol: balances.get(symbol, 0) for symbol in symbols}


def _open_orders(overview: Answer) -> list[dict[str, Any]]:
    return open_orders(Answer(overview.status, overview.json and overview.json.get("orders")))
