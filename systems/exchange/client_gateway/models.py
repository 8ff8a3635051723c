"""The bodies and queries the gateway takes, beside the order ticket (`systems/exchange/orders.py`)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from systems.exchange.instruments import SYMBOLS
from systems.exchange.orders import LARGEST_ID, STATUSES, Quantity

#: A thousand million dollars at a time.
LARGEST_DEPOSIT_CENTS = 10**11
_LARGEST_PAGE = 200

Symbol = Literal[SYMBOLS]  # type: ignore[valid-type]
OrderFilter = Literal[("open", *STATUSES)]  # type: ignore[valid-type]


class _Body(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Deposit(_Body):
    """Money that is paid in."""

    amount_cents: Annotated[int, Field(ge=1, le=LARGEST_DEPOSIT_CENTS)]


class ShareDeposit(_Body):
    """Shares that are brought from elsewhere."""

    symbol: Symbol
    quantity: Quantity


class Page(BaseModel):
    """Which part of a list, newest first. A query is text: not strict."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    limit: Annotated[int, Field(ge=1, le=_LARGEST_PAGE)] = 50
    before: Annotated[
        int | None, Field(ge=1, le=LARGEST_ID, description="only entries with a smaller id: the next page")
    ] = None


class OrderPage(Page):
    """Which orders of one's own."""

    status: Annotated[OrderFilter | None, Field(description="`open`: those that can still trade")] = None


class Depth(BaseModel):
    """How many."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    limit: Annotated[int, Field(ge=1, le=_LARGEST_PAGE)] = 50
