"""What requests to the wallet service bring."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from systems.exchange.instruments import INSTRUMENTS, SYMBOLS
from systems.exchange.orders import LARGEST_AMOUNT, OrderId, UserId

#: Money, counted in cents.
USD = "USD"


def _kept(asset: str) -> str:
    if asset != USD and asset not in INSTRUMENTS:
        raise ValueError(f"cannot be kept in a wallet; these can: {', '.join((USD, *SYMBOLS))}")
    return asset


Asset = Annotated[str, AfterValidator(_kept), Field(examples=[USD])]
#: Cents, or shares.
Amount = Annotated[int, Field(ge=1, le=LARGEST_AMOUNT)]


class _Body(BaseModel):
    # Strict: "5" and true are not amounts.
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class BalanceUpdate(_Body):
    """What is paid in."""

    asset: Asset
    amount: Amount
    idempotency_key: Annotated[
        str | None, Field(min_length=1, max_length=200, description="with the same key it is paid in once")
    ] = None


class FundsToBlock(_Body):
    """What an order may cost."""

    order_id: OrderId
    user_id: UserId
    asset: Asset
    amount: Amount


class FundsToUnblock(_Body):
    """Whose money or shares are to be given back, as far as the order needs them no more."""

    order_id: OrderId
