"""The rows of orders: what the order manager reads and writes of them, each inside a transaction of its caller.

The row is where races end. Whoever changes it says in the statement which states it may be changed from: the matching
engine fills only what is open, a cancellation begins only with what is open, and one of the two comes first.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from observability.postgresql import Transaction
from systems.exchange.orders import STATUSES, NewOrder
from systems.exchange.pages_of_rows import Page

Row = dict[str, Any]


@dataclass(frozen=True)
class Reservation:
    """The id a new order is going to have, how many the user has open, and the order if it is there already."""

    order_id: int
    open_orders: int
    order: Row | None = None


def reserve(transaction: Transaction, user_id: int) -> Reservation:
    """An id for an order without a client_order_id."""
    row = transaction.fetch_one(
        """
        SELECT nextval('order_ids') AS order_id, count(*) AS open_orders
        FROM orders
        WHERE user_id = %(user_id)s AND status IN ('NEW', 'OPEN', 'PARTIALLY_FILLED')
        """,
        {"user_id": user_id},
    )
    assert row is not None, "an aggregate has a row"
    return Reservation(row["order_id"], row["open_orders"])


def reserve_for(
    transaction: Transaction, user_id: int, client_order_id: str, *, spoiled_id: int | None = None
) -> Reservation:
    """The id of the order with this client_order_id: the same whoever asks, how often and how late.

    `spoiled_id` is one whose hold was closed before the order was stored. It cannot be stored any more, so that it is
    replaced; unless there is an order by now.
    """
    if spoiled_id is not None:
        transaction.execute(
            """
            UPDATE client_order_ids SET order_id = nextval('order_ids')
            WHERE user_id = %(user_id)s AND client_order_id = %(client_order_id)s AND order_id = %(spoiled_id)s
            AND NOT EXISTS (SELECT FROM orders WHERE id = %(spoiled_id)s)
            """,
            {"user_id": user_id, "client_order_id": client_order_id, "spoiled_id": spoiled_id},
        )
    reserved = transaction.fetch_one(
        """
        INSERT INTO client_order_ids (user_id, client_order_id, order_id)
        SELECT %(user_id)s, %(client_order_id)s, coalesce(max(id), nextval('order_ids'))
        FROM orders WHERE user_id = %(user_id)s AND client_order_id = %(client_order_id)s
        ON CONFLICT (user_id, client_order_id) DO UPDATE SET used_at = now()
        RETURNING order_id, xmax = 0 AND NOT EXISTS (SELECT FROM orders WHERE id = order_id) AS is_new
        """,
        {"user_id": user_id, "client_order_id": client_order_id},
    )
    assert reserved is not None, "an insert with DO UPDATE returns a row"
    order_id = reserved["order_id"]
    # A row that was there before is locked now, and xmax says so. Where there was none, there is an order only if the
    # row has been forgotten, long after.
    if not reserved["is_new"]:
        order = find(transaction, order_id, user_id)
        if order is not None:
            return Reservation(order_id, 0, order)
    return Reservation(order_id, reserve(transaction, user_id).open_orders)


def forget_client_order_ids(transaction: Transaction, unused_seconds: float, limit: int) -> int:
    """Those that nobody has used in that time, the oldest first: how many there were. Stored orders know their own."""
    return transaction.execute(
        """
        DELETE FROM client_order_ids USING (
            SELECT user_id, client_order_id FROM client_order_ids
            WHERE used_at < now() - make_interval(secs => %(seconds)s)
            ORDER BY used_at
            LIMIT %(limit)s
            FOR UPDATE SKIP LOCKED
        ) AS unused
        WHERE client_order_ids.user_id = unused.user_id
        AND client_order_ids.client_order_id = unused.client_order_id
        """,
        {"seconds": unused_seconds, "limit": limit},
    )


def insert(transaction: Transaction, order_id: int, order: NewOrder, price_cents: int) -> Row | None:
    """The stored order. None when its hold is not open any more, or when it is stored already.

    The hold's row is locked until the commit: whoever gives its money back (the wallet service) comes before, and then
    there is no order, or after, and then it finds the order.
    """
    return transaction.fetch_one(
        """
        INSERT INTO orders (id, user_id, client_order_id, symbol, side, type, price_cents, quantity)
        SELECT holds.order_id, holds.user_id, %(client_order_id)s, %(symbol)s, %(side)s, %(type)s,
               %(price_cents)s, %(quantity)s
        FROM holds
        WHERE holds.order_id = %(order_id)s AND holds.user_id = %(user_id)s AND holds.closed_at IS NULL
        FOR UPDATE
        ON CONFLICT DO NOTHING
        RETURNING *
        """,
        {
            "order_id": order_id,
            "user_id": order.user_id,
            "client_order_id": order.client_order_id,
            "symbol": order.symbol,
            "side": order.side,
            "type": order.type,
            "price_cents": price_cents,
            "quantity": order.quantity,
        },
    )


def find(transaction: Transaction, order_id: int, user_id: int) -> Row | None:
    """The order, if it is this user's."""
    return transaction.fetch_one(
        "SELECT * FROM orders WHERE id = %(order_id)s AND user_id = %(user_id)s",
        {"order_id": order_id, "user_id": user_id},
    )


def find_all(transaction: Transaction, user_id: int, statuses: tuple[str, ...], page: Page) -> list[Row]:
    """The user's orders in one of these states, newest first."""
    return transaction.fetch_all(
        """
        SELECT * FROM orders
        WHERE user_id = %(user_id)s AND id < %(before)s AND (%(any_status)s OR status = ANY(%(statuses)s))
        ORDER BY id DESC
        LIMIT %(limit)s
        """,
        {
            "user_id": user_id,
            "before": page.before,
            "any_status": set(statuses) == set(STATUSES),
            "statuses": list(statuses),
            "limit": page.limit,
        },
        name="SELECT FROM orders WHERE user_id = ?",
    )


def begin_cancelling(transaction: Transaction, order_id: int) -> Row | None:
    """The order, which cannot be filled from now on. None when it was not open any more."""
    return transaction.fetch_one(
        """
        UPDATE orders SET status = 'CANCELLING', updated_at = now()
        WHERE id = %(order_id)s AND status IN ('NEW', 'OPEN', 'PARTIALLY_FILLED')
        RETURNING *
        """,
        {"order_id": order_id},
        name="UPDATE orders SET status = CANCELLING",
    )


def end_cancelling(transaction: Transaction, order_id: int, reason: str) -> Row | None:
    """The cancelled order. None when somebody else has ended it."""
    return transaction.fetch_one(
        """
        UPDATE orders SET status = 'CANCELLED', reason = %(reason)s, updated_at = now()
        WHERE id = %(order_id)s AND status = 'CANCELLING'
        RETURNING *
        """,
        {"order_id": order_id, "reason": reason},
        name="UPDATE orders SET status = CANCELLED",
    )


def find_left_cancelling(transaction: Transaction, older_than_seconds: float, limit: int) -> list[Row]:
    """Orders whose cancellation began a while ago and has not ended, the oldest first."""
    return transaction.fetch_all(
        """
        SELECT * FROM orders
        WHERE status = 'CANCELLING' AND updated_at < now() - make_interval(secs => %(seconds)s)
        ORDER BY updated_at
        LIMIT %(limit)s
        """,
        {"seconds": older_than_seconds, "limit": limit},
    )


def find_left_blocked(transaction: Transaction, since: datetime, older_than_seconds: float, limit: int) -> list[Row]:
    """Orders cancelled by their owners since then, and a while ago, whose money is still blocked; settling what they
    have traded takes no time worth speaking of."""
    return transaction.fetch_all(
        """
        SELECT orders.* FROM orders JOIN holds ON holds.order_id = orders.id
        WHERE orders.status = 'CANCELLED' AND orders.reason = 'user' AND holds.closed_at IS NULL
        AND orders.updated_at >= %(since)s AND orders.updated_at < now() - make_interval(secs => %(seconds)s)
        ORDER BY orders.id
        LIMIT %(limit)s
        """,
        {"since": since, "seconds": older_than_seconds, "limit": limit},
    )


def as_json(row: Row) -> dict[str, Any]:
    """An order as routes answer with it."""
    return {
        "id": row["id"],
        "user_id": row["user_id"],
        "client_order_id": row["client_order_id"],
        "symbol": row["symbol"],
        "side": row["side"],
        "type": row["type"],
        "price_cents": row["price_cents"],
        "quantity": row["quantity"],
        "filled": row["filled"],
        "status": row["status"],
        "reason": row["reason"],
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
    }


def as_event(row: Row) -> dict[str, Any]:
    """An order as it stands in the events about it."""
    return {
        "order_id": row["id"],
        "user_id": row["user_id"],
        "symbol": row["symbol"],
        "side": row["side"],
        "type": row["type"],
        "price_cents": row["price_cents"],
        "quantity": row["quantity"],
        "filled": row["filled"],
    }
