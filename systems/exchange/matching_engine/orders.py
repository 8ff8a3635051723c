"""The values an order book is asked with and answers with; none of them changes a book."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Side(StrEnum):
    """Which side of the market an order stands on."""

    BUY = "buy"
    SELL = "sell"

    @property
    def opposite(self) -> Side:
        """The side it trades with."""
        return Side.SELL if self is Side.BUY else Side.BUY

    def accepts(self, limit_cents: int, price_cents: int) -> bool:
        """Whether an order of this side with that limit trades at this price."""
        return price_cents <= limit_cents if self is Side.BUY else price_cents >= limit_cents


class Remainder(StrEnum):
    """Why what an order did not trade leaves the market at once; the reason that its owner is told."""

    NO_LIQUIDITY = "no_liquidity"
    SELF_TRADE = "self_trade"


@dataclass(frozen=True, slots=True)
class IncomingOrder:
    """An order that comes to the market. `quantity` is what it has still to trade.

    `price_cents` is its limit: a buyer pays no more, a seller takes no less. `rests`: whether what does not trade now
    waits in the book (a limit order) or leaves (a market order, whose limit protects it from an empty market).
    """

    order_id: int
    user_id: int
    side: Side
    price_cents: int
    quantity: int
    rests: bool = True


@dataclass(slots=True)
class RestingOrder:
    """An order that waits in a book; `quantity` is what it has still to trade. Only the book changes it."""

    order_id: int
    user_id: int
    side: Side
    price_cents: int
    quantity: int


@dataclass(frozen=True, slots=True)
class Fill:
    """A trade that would take place: so many shares with that resting order, at the price that it waits with."""

    resting_order_id: int
    resting_user_id: int
    price_cents: int
    quantity: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What would happen to an order now: its trades in their sequence, then what becomes of the rest.

    `rests` shares would wait in the book, `cancelled` would leave the market because of `reason`; one of them is 0.
    `own_order_id` is the resting order of the same user that the rest would not trade with. `book_version` is the state
    of the book it was made for.
    """

    order: IncomingOrder
    fills: tuple[Fill, ...]
    rests: int
    cancelled: int
    reason: Remainder | None
    own_order_id: int | None
    book_version: int

    @property
    def traded(self) -> int:
        """Shares that would trade."""
        return sum(fill.quantity for fill in self.fills)

    @property
    def met_order_ids(self) -> list[int]:
        """The resting orders that it depends on: each has to be alive still."""
        return [*(fill.resting_order_id for fill in self.fills), *([self.own_order_id] if self.own_order_id else [])]


@dataclass(frozen=True, slots=True)
class Level:
    """All that waits at one price."""

    price_cents: int
    quantity: int
    orders: int
