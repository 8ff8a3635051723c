"""The worst price a market order may get: a market that is empty just now must not cost its owner everything."""

from __future__ import annotations

from systems.exchange.instruments import Instrument
from systems.exchange.orders import LARGEST_PRICE_CENTS, Side

#: How far beyond the best price, or else the last one, a market order may trade.
PROTECTION_PERCENT = 5


def protective_price_cents(side: Side, reference_price_cents: int, instrument: Instrument) -> int:
    """A price on the instrument's ticks, at most the protection away from the reference price, at least one tick."""
    tick_cents = instrument.tick_cents
    if side == "buy":
        highest = min(reference_price_cents * (100 + PROTECTION_PERCENT) // 100, LARGEST_PRICE_CENTS)
        return max(highest // tick_cents * tick_cents, tick_cents)
    # Rounded up: -(-a // b).
    lowest = -(-reference_price_cents * (100 - PROTECTION_PERCENT) // 100)
    return max(-(-lowest // tick_cents) * tick_cents, tick_cents)
