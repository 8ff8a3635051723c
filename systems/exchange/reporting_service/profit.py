"""What a user's shares have brought and what they are worth: exact, in cents.

Shares have an average cost: what was paid for all that ever came in, by their number. Shares brought from elsewhere
come in at the instrument's first reference price, as nobody knows what was paid for them. Selling realises the
difference between the price and the average cost; what is still held has the difference between its value and its cost.
Realised and unrealised profit add up to money received + value - money paid, to the cent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from systems.exchange.instruments import INSTRUMENTS


@dataclass(frozen=True)
class Turnover:
    """All that a user has done in one symbol. `last_price_cents` is None while nobody has traded it."""

    symbol: str
    bought: int
    paid_cents: int
    sold: int
    received_cents: int
    brought: int
    last_price_cents: int | None


@dataclass(frozen=True)
class Position:
    """What has become of it."""

    symbol: str
    quantity: int
    average_price_cents: int | None
    last_price_cents: int
    market_value_cents: int
    realised_pnl_cents: int
    unrealised_pnl_cents: int

    def as_json(self) -> dict[str, Any]:
        """As the route answers with it."""
        return dict(vars(self))


def position_of(turnover: Turnover) -> Position:
    """`average_price_cents` is what the held shares cost on average, rounded; None when none is held."""
    reference_price_cents = INSTRUMENTS[turnover.symbol].reference_price_cents
    last_price_cents = turnover.last_price_cents or reference_price_cents
    came_in = turnover.bought + turnover.brought
    cost_cents = turnover.paid_cents + turnover.brought * reference_price_cents
    quantity = came_in - turnover.sold
    # Rounded once, and what is held costs the rest, so that not a cent is lost between the two.
    cost_of_sold_cents = _rounded(cost_cents * turnover.sold, came_in) if came_in else 0
    cost_of_held_cents = cost_cents - cost_of_sold_cents
    market_value_cents = quantity * last_price_cents
    return Position(
        symbol=turnover.symbol,
        quantity=quantity,
        average_price_cents=_rounded(cost_of_held_cents, quantity) if quantity else None,
        last_price_cents=last_price_cents,
        market_value_cents=market_value_cents,
        realised_pnl_cents=turnover.received_cents - cost_of_sold_cents,
        unrealised_pnl_cents=market_value_cents - cost_of_held_cents,
    )


def _rounded(numerator: int, denominator: int) -> int:
    """The quotient of two numbers that are not negative, halves rounded up."""
    return (2 * numerator + denominator) // (2 * denominator)
