"""What is traded here: six companies that do not exist, the step of their prices, and where trading began.

The first reference price is what a price is measured against while nothing has been traded yet.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Instrument:
    """A company's share. Prices are whole cents and a multiple of `tick_cents`."""

    symbol: str
    company: str
    tick_cents: int
    reference_price_cents: int

    def as_json(self) -> dict[str, str | int]:
        """As routes answer with it."""
        return {
            "symbol": self.symbol,
            "company": self.company,
            "tick_cents": self.tick_cents,
            "reference_price_cents": self.reference_price_cents,
        }


#: By symbol. Ticks and prices differ, so that a mistake in either shows.
INSTRUMENTS = {
    instrument.symbol: instrument
    for instrument in (
        Instrument("ACRN", "Acorn Mills", 1, 4_250),
        Instrument("BRZY", "Breezy Bicycles", 1, 1_280),
        Instrument("KELP", "Kelp Kitchens", 1, 885),
        Instrument("LNTN", "Lantern Works", 5, 12_500),
        Instrument("QUIL", "Quill & Paper", 5, 6_440),
        Instrument("TUBA", "Tuba Telephones", 10, 31_000),
    )
}

#: The short list that metrics and messages draw from.
SYMBOLS = tuple(INSTRUMENTS)
