"""What the gateway answers with, route by route, for `/openapi.json`; tests hold real answers against it.

Answers are passed on as the services give them and are not looked at here: a description that checked each of them
would cost every request what a test has to find out once.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from systems.exchange.accounts import Username
from systems.exchange.orders import OrderType, Side, Status, Symbol


class _Answer(BaseModel):
    # Strict and closed: what is not described here is not to be relied on, and not to be there. Built when the
    # description is asked for, and not at every start.
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, defer_build=True)


class FieldError(_Answer):
    """A field of a body or query that cannot be used."""

    field: str
    message: str


class ErrorDetails(BaseModel):
    """What went wrong, and what to do."""

    # Some errors have more to say, for programs.
    model_config = ConfigDict(strict=True, extra="allow", frozen=True, defer_build=True)

    type: Annotated[str, Field(description="a word from a short list")]
    message: str
    hint: Annotated[str | None, Field(description="what to do")] = None
    trace_id: str | None = None
    fields: Annotated[list[FieldError] | None, Field(description="of status 422")] = None


class Error(_Answer):
    """Every refusal and every failure."""

    error: ErrorDetails


class User(_Answer):
    id: int
    username: Username
    email: str
    created_at: datetime


class UserAnswer(_Answer):
    user: User


class LoggedIn(_Answer):
    token: Annotated[str, Field(description="for the header Authorization: Bearer …")]
    expires_at: datetime
    user: User


class LoggedOut(_Answer):
    logged_out: Literal[True]


class Balance(_Answer):
    """Of one asset: USD in cents, anything else in shares."""

    asset: str
    available: Annotated[int, Field(ge=0)]
    blocked: Annotated[int, Field(ge=0)]


class Wallet(_Answer):
    user_id: int
    balances: Annotated[list[Balance], Field(description="money first")]


class Order(_Answer):
    id: int
    user_id: int
    client_order_id: Annotated[str | None, Field(description="made by the gateway when none was given")]
    symbol: Symbol
    side: Side
    type: OrderType
    price_cents: Annotated[int, Field(ge=1, description="of a market order: the worst price that it may get")]
    quantity: Annotated[int, Field(ge=1)]
    filled: Annotated[int, Field(ge=0)]
    status: Status
    reason: Annotated[str | None, Field(description="why it was cancelled")]
    created_at: datetime
    updated_at: datetime


class OrderInFull(Order):
    """With what has come of it."""

    average_fill_price_cents: Annotated[int | None, Field(ge=1, description="null: it has not traded")]


class OrderAnswer(_Answer):
    order: Order


class OrderInFullAnswer(_Answer):
    order: OrderInFull


NextPage = Annotated[int | None, Field(description="`before` of the next page; null: there is none")]


class Orders(_Answer):
    orders: Annotated[list[OrderInFull], Field(description="newest first")]
    next_before: NextPage


class Position(_Answer):
    symbol: Symbol
    quantity: int
    average_price_cents: Annotated[int | None, Field(description="null: none is held")]
    last_price_cents: int
    market_value_cents: int
    realised_pnl_cents: int
    unrealised_pnl_cents: int


class PositionTotal(_Answer):
    market_value_cents: int
    realised_pnl_cents: int
    unrealised_pnl_cents: int


class Positions(_Answer):
    user_id: int
    positions: list[Position]
    total: PositionTotal


class OwnTrade(_Answer):
    """From the side of whoever asks."""

    id: int
    symbol: Symbol
    side: Side
    order_id: int
    price_cents: int
    quantity: int
    took: Annotated[bool, Field(description="whether one's own order came second")]
    created_at: datetime
    settled_at: datetime | None


class OwnTrades(_Answer):
    executions: Annotated[list[OwnTrade], Field(description="newest first")]
    next_before: NextPage


class MissingPart(_Answer):
    part: Literal["wallet", "orders", "positions"]
    type: str
    message: str


class Overview(_Answer):
    wallet: Wallet | None
    orders: Orders | None
    positions: Positions | None
    missing: Annotated[list[MissingPart], Field(description="what is null, and why")]


class InstrumentAnswer(_Answer):
    symbol: Symbol
    company: str
    tick_cents: Annotated[int, Field(ge=1, description="prices are a multiple of it")]
    reference_price_cents: int
    last_price_cents: int | None


class Instruments(_Answer):
    instruments: list[InstrumentAnswer]


class Quote(_Answer):
    symbol: Symbol
    last_price_cents: int | None
    best_bid_cents: int | None
    best_ask_cents: int | None
    updated_at: datetime | None


Levels = Annotated[
    list[Annotated[list[int], Field(min_length=2, max_length=2)]],
    Field(description="price in cents and shares that wait there, best price first"),
]


class MarketDepth(_Answer):
    symbol: Symbol
    bids: Levels
    asks: Levels
    updated_at: datetime | None


class MarketTrade(_Answer):
    execution_id: int
    price_cents: int
    quantity: int
    taker_side: Side
    created_at: datetime


class MarketTrades(_Answer):
    symbol: Symbol
    trades: Annotated[list[MarketTrade], Field(description="newest first")]


class MarketCandle(_Answer):
    start_unix_seconds: int
    open_cents: int
    high_cents: int
    low_cents: int
    close_cents: int
    quantity: int
    trades: int
    first_execution_id: int
    last_execution_id: int


class Candles(_Answer):
    symbol: Symbol
    candles: list[MarketCandle]


class Description(BaseModel):
    """OpenAPI 3.1."""

    model_config = ConfigDict(extra="allow", defer_build=True)

    openapi: str
