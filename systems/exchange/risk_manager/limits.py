"""What a user may do: the limits, and where those of a single user are kept.

PostgreSQL keeps the limits of users who have some of their own; Redis has a copy of everybody's for a minute, so that
an order is checked without asking the database. With Redis away the database is asked, and with both away everybody has
the usual limits: an exchange that keeps to those is better than one that stands still.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from observability import Telemetry
from observability.errors import ServiceUnavailable
from observability.postgresql import Database
from observability.redis import Redis, RedisUnavailable
from systems.exchange.orders import LARGEST_AMOUNT, LARGEST_QUANTITY

#: How long a copy may be older than the database.
_COPY_SECONDS = 60


class Limits(BaseModel):
    """How large an order may be, how far from the last price, and how many may be open."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    max_order_value_cents: Annotated[int, Field(ge=0, le=LARGEST_AMOUNT)]
    max_quantity: Annotated[int, Field(ge=0, le=LARGEST_QUANTITY)]
    price_band_percent: Annotated[int, Field(ge=0, le=100)]
    max_open_orders: Annotated[int, Field(ge=0, le=100_000)]


class LimitStore:
    """The limits of each user."""

    def __init__(self, database: Database, redis: Redis, usual: Limits, telemetry: Telemetry) -> None:
        self._database = database
        self._redis = redis
        self._usual = usual
        self._logger = telemetry.logger

    def read(self, user_id: int) -> Limits:
        """The user's limits; the usual ones when there are no others, or nobody can be asked."""
        try:
            copy = self._redis.get(_key(user_id), name="GET risk_limits")
        except RedisUnavailable as error:
            self._logger.warning(
                "Redis cannot be asked for the limits of user %s, the database is: %s",
                user_id,
                error,
                extra={"user_id": user_id, "error.type": error.type},
            )
            return self._read_original(user_id)
        if copy is not None:
            try:
                return Limits.model_validate_json(copy)
            except ValidationError:
                self._logger.error(
                    "The copy of the limits of user %s in Redis makes no sense, the database is asked",
                    user_id,
                    extra={"user_id": user_id, "error.type": "unreadable_limits"},
                )
        limits = self._read_original(user_id)
        self._copy(user_id, limits)
        return limits

    def write(self, user_id: int, limits: Limits) -> None:
        """From now on. Raises ServiceUnavailable when that cannot be kept."""
        with self._database.transaction() as transaction:
            transaction.execute(
                """
                INSERT INTO risk_limits
                    (user_id, max_order_value_cents, max_quantity, price_band_percent, max_open_orders)
                VALUES (%(user_id)s, %(max_order_value_cents)s, %(max_quantity)s, %(price_band_percent)s,
                        %(max_open_orders)s)
                ON CONFLICT (user_id) DO UPDATE SET
                    max_order_value_cents = excluded.max_order_value_cents,
                    max_quantity = excluded.max_quantity,
                    price_band_percent = excluded.price_band_percent,
                    max_open_orders = excluded.max_open_orders,
                    updated_at = now()
                """,
                {"user_id": user_id, **limits.model_dump()},
            )
        self._copy(user_id, limits)

    def _read_original(self, user_id: int) -> Limits:
        try:
            with self._database.transaction() as transaction:
                row = transaction.fetch_one(
                    """
                    SELECT max_order_value_cents, max_quantity, price_band_percent, max_open_orders
                    FROM risk_limits WHERE user_id = %(user_id)s
                    """,
                    {"user_id": user_id},
                )
        except ServiceUnavailable as error:
            self._logger.warning(
                "Nobody can be asked for the limits of user %s, who has the usual ones meanwhile: %s",
                user_id,
                error,
                extra={"user_id": user_id, "error.type": error.type},
            )
            return self._usual
        return self._usual if row is None else Limits(**row)

    def _copy(self, user_id: int, limits: Limits) -> None:
        try:
            self._redis.set(_key(user_id), limits.model_dump_json(), name="SET risk_limits", seconds=_COPY_SECONDS)
        except RedisUnavailable:
            # Whoever asks next asks the database, and says so.
            return


def usual_limits(settings: Mapping[str, Any]) -> Limits:
    """The limits of everybody who has none of their own. Raises ValueError when the settings make no limits."""
    return Limits(
        max_order_value_cents=settings["RISK_MAX_ORDER_VALUE_CENTS"],
        max_quantity=settings["RISK_MAX_QUANTITY"],
        price_band_percent=settings["RISK_PRICE_BAND_PERCENT"],
        max_open_orders=settings["RISK_MAX_OPEN_ORDERS"],
    )


def _key(user_id: int) -> str:
    return f"risk_limits:{user_id}"
