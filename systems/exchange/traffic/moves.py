"""What every trader does now and then: comes in, places an order, puts right what it was refused for."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from systems.exchange.instruments import Instrument
from systems.exchange.traffic.asking import Answer, Ask, Asking, Trader

DOLLARS = 100
#: So many of the newest stay when there are too many open.
_ORDERS_KEPT = 20


def enter(trader: Trader, cents: int) -> Generator[Ask, Answer, None]:
    """Come in, with so much money the first time; later, take back what an earlier run has left lying in the books."""
    while not (yield from trader.come_in()):
        pass
    wallet = yield from trader.ask("GET", "/wallet")
    if not wallet.ok:
        return
    if wallet.json["balances"]:
        yield from take_back(trader, keep=0)
    else:
        yield from pay_in(trader, cents)


def pay_in(trader: Trader, cents: int) -> Asking:
    """Money from elsewhere."""
    return (yield from trader.ask("POST", "/wallet/add-funds", {"amount_cents": cents}))


def place(trader: Trader, symbol: str, side: str, quantity: int, price_cents: int | None) -> Asking:
    """A limit order, or a market order when there is no price."""
    ticket: dict[str, Any] = {"symbol": symbol, "side": side, "quantity": quantity}
    ticket |= {"type": "market"} if price_cents is None else {"type": "limit", "price_cents": price_cents}
    return (yield from trader.ask("POST", "/v1/order", ticket))


def take_back(trader: Trader, *, keep: int) -> Generator[Ask, Answer, None]:
    """Cancel all open orders but the newest."""
    listed = yield from trader.ask("GET", "/v1/orders?status=open&limit=200")
    for order in open_orders(listed)[keep:]:
        yield from trader.ask("DELETE", f"/v1/order/{order['id']}")


def put_right(
    trader: Trader, refused: Answer, *, cents: int, symbol: str | None = None, shares: int = 0
) -> Generator[Ask, Answer, None]:
    """Bring what a refusal says is missing, shares only of `symbol`, or make room for another order."""
    match refusal_of(refused):
        case "insufficient_funds":
            yield from pay_in(trader, cents)
        case "insufficient_shares" if symbol is not None:
            yield from trader.ask("POST", "/wallet/add-shares", {"symbol": symbol, "quantity": shares})
        case "too_many_open_orders":
            yield from take_back(trader, keep=_ORDERS_KEPT)


def refusal_of(answer: Answer) -> str | None:
    """The error's type; None for an answer that has none."""
    error = answer.json.get("error") if isinstance(answer.json, dict) else None
    return error.get("type") if isinstance(error, dict) else None


def last_price(quote: Answer, instrument: Instrument) -> float:
    """The reference price while nobody has traded, or nobody knows."""
    found = quote.json.get("last_price_cents") if quote.ok and isinstance(quote.json, dict) else None
    return float(found or instrument.reference_price_cents)


def on_tick(price: float, instrument: Instrument) -> int:
    """The price that can be asked for nearest to this one."""
    return max(round(price / instrument.tick_cents), 1) * instrument.tick_cents


def open_orders(listed: Answer) -> list[dict[str, Any]]:
    """Of an answer that lists orders; the newest first."""
    return list(listed.json.get("orders", ())) if listed.ok and isinstance(listed.json, dict) else []
