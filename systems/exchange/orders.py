"""An order: what may be asked for, which states it goes through, and why one is refused.

The words here are those of the database's rows, of the events and of the metrics' labels.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from systems.exchange.instruments import INSTRUMENTS, SYMBOLS

LARGEST_QUANTITY = 1_000_000
LARGEST_PRICE_CENTS = 100_000_00
#: Of cents or shares in one movement.
LARGEST_AMOUNT = 10**12
LARGEST_ID = 2**63 - 1

Side = Literal["buy", "sell"]
#: A market order trades at once within a protective price, and what is left of it is cancelled.
OrderType = Literal["limit", "market"]
Status = Literal["NEW", "OPEN", "PARTIALLY_FILLED", "FILLED", "CANCELLING", "CANCELLED", "REJECTED"]

SIDES: tuple[Side, ...] = ("buy", "sell")
ORDER_TYPES: tuple[OrderType, ...] = ("limit", "market")
#: States in which an order can still trade or be cancelled. NEW: stored, and not yet seen by the matching engine.
OPEN_STATUSES: tuple[Status, ...] = ("NEW", "OPEN", "PARTIALLY_FILLED")
STATUSES: tuple[Status, ...] = (*OPEN_STATUSES, "FILLED", "CANCELLING", "CANCELLED", "REJECTED")


def _traded(symbol: str) -> str:
    if symbol not in INSTRUMENTS:
        raise ValueError(f"is not traded here; these are: {', '.join(SYMBOLS)}")
    return symbol


Symbol = Annotated[str, AfterValidator(_traded), Field(examples=["ACRN"])]
UserId = Annotated[int, Field(ge=1, le=LARGEST_ID)]
OrderId = Annotated[int, Field(ge=1, le=LARGEST_ID)]
Quantity = Annotated[int, Field(ge=1, le=LARGEST_QUANTITY)]
PriceCents = Annotated[int, Field(ge=1, le=LARGEST_PRICE_CENTS)]
ClientOrderId = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._:-]+$")]

#: Why an order is refused before it is stored: the labels of `exchange_orders_rejected_total`.
REJECTION_REASONS = (
    "order_value_too_large",
    "quantity_too_large",
    "price_outside_band",
    "too_many_open_orders",
    "insufficient_funds",
    "insufficient_shares",
    "no_reference_price",
    "client_order_id_reused",
    "unavailable",
)


class OrderTicket(BaseModel):
    """What a user fills in: the body of the gateway's POST /v1/order."""

    # Strict: "5" and true are not quantities. No unknown fields: a misspelt price must not become a market order.
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    symbol: Symbol
    side: Side
    type: OrderType = "limit"
    quantity: Quantity
    price_cents: Annotated[PriceCents | None, Field(description="of a limit order only")] = None
    client_order_id: Annotated[
        ClientOrderId | None, Field(description="the same one again gives the same order back, never a second one")
    ] = None

    @model_validator(mode="after")
    def _price_fits(self) -> Self:
        if self.type == "market":
            if self.price_cents is not None:
                raise ValueError("a market order has no price_cents: leave it out, or ask for a limit order")
            return self
        if self.price_cents is None:
            raise ValueError("a limit order needs price_cents")
        tick_cents = INSTRUMENTS[self.symbol].tick_cents
        if self.price_cents % tick_cents:
            raise ValueError(f"price_cents of {self.symbol} must be a multiple of {tick_cents}")
        return self


class NewOrder(OrderTicket):
    """A ticket and whose it is: the body of the order manager's POST /order."""

    user_id: UserId
