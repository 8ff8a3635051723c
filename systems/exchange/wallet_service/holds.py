"""Holds: what orders have blocked, so that nobody spends it twice.

A hold is made before its order is stored. What the order needs of it, is told by the database: everything while the
order lives, then only what executions that are not settled yet will take. The hold's row is locked while that is asked,
and by whoever stores the order, so that a hold is never given back under an order that comes to be at that moment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from observability import Telemetry
from observability.errors import RequestError
from observability.postgresql import Database, Transaction
from systems.exchange.events import Event
from systems.exchange.looked_until import LookedUntil
from systems.exchange.orders import OPEN_STATUSES
from systems.exchange.wallet_service import ledger
from systems.exchange.wallet_service.bodies import USD, FundsToBlock
from systems.exchange.wallet_service.ledger import Movement, TooLittle
from systems.exchange.wallet_service.metrics import WalletMetrics

_ADD = """
    INSERT INTO holds (order_id, user_id, asset, initial, remaining)
    VALUES (%(order_id)s, %(user_id)s, %(asset)s, %(amount)s, %(amount)s)
    ON CONFLICT DO NOTHING
"""
_FIND = "SELECT order_id, user_id, asset, initial, remaining, closed_at FROM holds WHERE order_id = %(order_id)s"
_LOCK = """
    SELECT order_id, user_id, asset, initial, remaining, closed_at FROM holds WHERE order_id = %(order_id)s FOR UPDATE
"""
_REDUCE = """
    UPDATE holds
    SET remaining = remaining - %(amount)s, closed_at = CASE WHEN remaining = %(amount)s THEN now() END
    WHERE order_id = %(order_id)s AND remaining >= %(amount)s AND closed_at IS NULL
"""
_FIND_ORDER = "SELECT status, side, price_cents FROM orders WHERE id = %(order_id)s"
_UNSETTLED_OF_BUY = """
    SELECT coalesce(sum(quantity), 0)::bigint AS quantity FROM executions
    WHERE buy_order_id = %(order_id)s AND settled_at IS NULL
"""
_UNSETTLED_OF_SELL = """
    SELECT coalesce(sum(quantity), 0)::bigint AS quantity FROM executions
    WHERE sell_order_id = %(order_id)s AND settled_at IS NULL
"""
_ABANDONED = """
    SELECT order_id FROM holds
    WHERE closed_at IS NULL
        AND created_at >= %(since)s AND created_at < now() - make_interval(secs => %(age_seconds)s)
        AND NOT EXISTS (SELECT FROM orders WHERE id = holds.order_id)
    ORDER BY created_at
    LIMIT %(limit)s
"""
#: In these an order may still need everything that it has blocked. A filled one needs what is not settled yet.
_LIVE_STATUSES = (*OPEN_STATUSES, "FILLED")


class Release(NamedTuple):
    """What was given back."""

    amount: int
    asset: str
    user_id: int
    is_closed: bool


class OrderIsLive(Exception):
    """The order may still need what it has blocked."""

    def __init__(self, order_id: int, status: str) -> None:
        super().__init__(f"order {order_id} is {status}")


class Holds:
    """Blocks and unblocks."""

    def __init__(self, database: Database, metrics: WalletMetrics, telemetry: Telemetry) -> None:
        self._database = database
        self._metrics = metrics
        self._telemetry = telemetry
        self._logger = telemetry.logger
        #: What was blocked before has its order, or was given back.
        self._swept = LookedUntil()

    def block(self, funds: FundsToBlock) -> dict[str, Any]:
        """Make the hold; the one that there is, if it was made before, as it answers the same request.

        Raises RequestError (409): `insufficient_funds`, `insufficient_shares`, `hold_closed`, or `hold_differs` when
        the order has one with other figures.
        """
        values = funds.model_dump()
        with self._refusing(funds), self._database.transaction() as transaction:
            if not transaction.execute(_ADD, values):
                return _same_hold(funds, transaction.fetch_one(_FIND, values))
            movement = Movement(funds.user_id, funds.asset, "block", -funds.amount, funds.amount)
            ledger.move(transaction, [movement], order_id=funds.order_id)
        self._metrics.holds.labels("blocked").inc()
        self._logger.info(
            "Blocked %s %s for order %s",
            funds.amount,
            _unit(funds.asset),
            funds.order_id,
            extra={
                "order_id": funds.order_id,
                "user_id": funds.user_id,
                "asset": funds.asset,
                "amount": funds.amount,
            },
        )
        return _as_json(funds)

    @contextmanager
    def _refusing(self, funds: FundsToBlock) -> Iterator[None]:
        try:
            yield
        except TooLittle as error:
            self._metrics.holds.labels("refused").inc()
            what = "funds" if funds.asset == USD else "shares"
            raise RequestError(
                409,
                f"insufficient_{what}",
                f"the order needs {funds.amount} {_unit(funds.asset)}, and less than that is available",
                hint="see GET /wallet for what is available, and what other orders have blocked",
            ) from error

    def unblock(self, order_id: int) -> dict[str, Any]:
        """Give back what the order does not need (any more). Asked again, it gives nothing back again.

        Raises RequestError: 404 `unknown_hold`, 409 `order_is_live`.
        """
        try:
            with self._database.transaction() as transaction:
                release = release_unneeded(transaction, order_id)
        except OrderIsLive as error:
            raise RequestError(
                409, "order_is_live", f"{error}: it needs what it has blocked", hint="cancel the order first"
            ) from error
        if release is None:
            raise RequestError(404, "unknown_hold", f"nothing was ever blocked for order {order_id}")
        self._tell(order_id, release)
        return {
            "order_id": order_id,
            "asset": release.asset,
            "released": release.amount,
            "closed": release.is_closed,
        }

    def release_closed(self, event: Event, transaction: Transaction) -> Callable[[], None] | None:
        """`order_closed`: the engine has ended the order, and what it did not use is given back."""
        order_id = event.payload["order_id"]
        release = release_unneeded(transaction, order_id)
        return None if release is None else lambda: self._tell(order_id, release)

    def sweep(self, patience_seconds: float, limit: int = 100) -> int:
        """Give back what was blocked for orders that never came; how many there were.

        Raises ServiceUnavailable when the database is away.
        """
        with self._database.transaction(traced=False) as transaction:
            abandoned = transaction.fetch_all(
                _ABANDONED, {"since": self._swept.time, "age_seconds": patience_seconds, "limit": limit}
            )
            reached = self._swept.reach(transaction, patience_seconds)
        swept = sum(self._sweep(row["order_id"]) for row in abandoned)
        if len(abandoned) < limit:
            self._swept.time = reached
        return swept

    def _sweep(self, order_id: int) -> bool:
        try:
            with (
                self._telemetry.span("sweep_hold", {"exchange.order.id": order_id}),
                self._database.transaction() as transaction,
            ):
                release = release_unneeded(transaction, order_id)
        except OrderIsLive:
            # It has come at last.
            return False
        if release is None or not release.amount:
            return False
        self._metrics.holds.labels("swept").inc()
        self._logger.warning(
            "Gave back %s %s: order %s never came",
            release.amount,
            _unit(release.asset),
            order_id,
            extra={"order_id": order_id, "user_id": release.user_id, "asset": release.asset, "amount": release.amount},
        )
        return True

    def _tell(self, order_id: int, release: Release) -> None:
        if not release.amount:
            return
        self._metrics.holds.labels("released").inc()
        self._logger.info(
            "Gave back %s %s of order %s",
            release.amount,
            _unit(release.asset),
            order_id,
            extra={"order_id": order_id, "user_id": release.user_id, "asset": release.asset, "amount": release.amount},
        )


def release_unneeded(transaction: Transaction, order_id: int) -> Release | None:
    """Give back what the order does not need (any more); None when nothing was ever blocked for it.

    Raises OrderIsLive.
    """
    hold = transaction.fetch_one(_LOCK, {"order_id": order_id})
    if hold is None:
        return None
    unneeded = hold["remaining"] - _needed(transaction, order_id) if hold["closed_at"] is None else 0
    if unneeded < 0:
        raise ValueError(f"order {order_id} has {hold['remaining']} left, and needs {-unneeded} more")
    if unneeded:
        reduce(transaction, order_id, unneeded)
        movement = Movement(hold["user_id"], hold["asset"], "unblock", unneeded, -unneeded)
        ledger.move(transaction, [movement], order_id=order_id)
    return Release(unneeded, hold["asset"], hold["user_id"], hold["remaining"] == unneeded)


def reduce(transaction: Transaction, order_id: int, amount: int) -> None:
    """Take this out of a hold; what is empty is closed. Raises ValueError when the hold has less."""
    if not transaction.execute(_REDUCE, {"order_id": order_id, "amount": amount}):
        raise ValueError(f"the hold of order {order_id} has less than {amount} left")


def _needed(transaction: Transaction, order_id: int) -> int:
    # The order first: once it is no longer live, there are no further executions.
    order = transaction.fetch_one(_FIND_ORDER, {"order_id": order_id})
    if order is None:
        return 0
    if order["status"] in _LIVE_STATUSES:
        raise OrderIsLive(order_id, order["status"])
    if order["side"] == "buy":
        unsettled = transaction.fetch_one(_UNSETTLED_OF_BUY, {"order_id": order_id})
    else:
        unsettled = transaction.fetch_one(_UNSETTLED_OF_SELL, {"order_id": order_id})
    quantity = int(unsettled["quantity"]) if unsettled else 0
    return quantity * order["price_cents"] if order["side"] == "buy" else quantity


def _same_hold(funds: FundsToBlock, hold: dict[str, Any] | None) -> dict[str, Any]:
    assert hold is not None
    if (hold["user_id"], hold["asset"], hold["initial"]) != (funds.user_id, funds.asset, funds.amount):
        raise RequestError(
            409,
            "hold_differs",
            f"order {funds.order_id} has blocked something else before",
            hint="each order has an id of its own",
        )
    if hold["closed_at"] is not None:
        raise RequestError(
            409,
            "hold_closed",
            f"what order {funds.order_id} had blocked was given back or used",
            hint="take another order id",
        )
    return _as_json(funds)


def _as_json(funds: FundsToBlock) -> dict[str, Any]:
    return {"order_id": funds.order_id, "asset": funds.asset, "amount": funds.amount, "closed": False}


def _unit(asset: str) -> str:
    return "cents" if asset == USD else f"shares of {asset}"
