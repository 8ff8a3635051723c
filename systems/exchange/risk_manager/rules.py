"""Whether an order keeps within its owner's limits: pure, the first limit it is beyond is the reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from systems.exchange.orders import OrderType, PriceCents, Quantity, Side, Symbol, UserId
from systems.exchange.risk_manager.limits import Limits


class OrderToCheck(BaseModel):
    """The body of POST /validate: an order, and what its owner has open. A market order has its protective price."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    user_id: UserId
    symbol: Symbol
    side: Side
    type: OrderType
    quantity: Quantity
    price_cents: PriceCents
    open_orders: Annotated[int, Field(ge=0)]


@dataclass(frozen=True)
class Excess:
    """The limit that an order is beyond: a reason from `REJECTION_REASONS`, and the same in a sentence."""

    reason: str
    message: str
    hint: str


def find_excess(order: OrderToCheck, limits: Limits, reference_price_cents: int) -> Excess | None:
    """None for an order that keeps within the limits. The price band is around the reference price, ends included."""
    if order.quantity > limits.max_quantity:
        return Excess(
            "quantity_too_large",
            f"an order may be for {limits.max_quantity} shares at most, and this one is for {order.quantity}",
            "place several smaller orders",
        )
    value_cents = order.quantity * order.price_cents
    if value_cents > limits.max_order_value_cents:
        return Excess(
            "order_value_too_large",
            f"an order may be worth {limits.max_order_value_cents} cents at most, and this one is worth {value_cents}",
            "place several smaller orders",
        )
    # In hundredths of cents: nothing is rounded.
    if abs(order.price_cents - reference_price_cents) * 100 > limits.price_band_percent * reference_price_cents:
        return Excess(
            "price_outside_band",
            f"a price may be {limits.price_band_percent} % away from the last one, {reference_price_cents} cents;"
            f" this one is {order.price_cents}",
            "check the price, or place a market order",
        )
    if order.open_orders >= limits.max_open_orders:
        return Excess(
            "too_many_open_orders",
            f"{limits.max_open_orders} orders may be open at the same time, and {order.open_orders} are",
            "cancel one, or wait until one is filled",
        )
    return None
