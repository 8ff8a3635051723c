"""What the engine reads and writes in the database: all of its SQL.

An order's row decides, not the book: it is locked before anything trades, and a fill hits it only while it is alive.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from observability.postgresql import Transaction
from systems.exchange.matching_engine.orders import Fill, IncomingOrder, Plan, Side

_ALIVE = ("OPEN", "PARTIALLY_FILLED")


class OutOfStep(Exception):
    """A row is not as it was when it was locked: the transaction must not be committed."""


@dataclass(frozen=True)
class Execution:
    """A trade as it stands in the database."""

    execution_id: int
    fill: Fill
    created_at: datetime


@dataclass(frozen=True)
class StoredOrder:
    """An order's row as it bears on its book; `executed` is what the executions add up to."""

    order: IncomingOrder
    filled: int
    executed: int


def lock_new_order(transaction: Transaction, order_id: int) -> IncomingOrder | None:
    """The order, if it is still to be matched; None when it was cancelled, or matched before."""
    row = transaction.fetch_one(
        """SELECT id, user_id, side, type, price_cents, quantity - filled AS remaining FROM orders
           WHERE id = %(order_id)s AND status = 'NEW' FOR UPDATE""",
        {"order_id": order_id},
        name="SELECT FROM orders FOR UPDATE",
    )
    return _order(row, rests=row["type"] == "limit") if row else None


def lock_resting_orders(transaction: Transaction, order_ids: Sequence[int]) -> dict[int, int]:
    """Shares that each has still to trade; one that was cancelled is missing. None of them changes until the end."""
    rows = transaction.fetch_all(
        """SELECT id, quantity - filled AS remaining FROM orders
           WHERE id = ANY(%(order_ids)s) AND status = ANY(%(alive)s) ORDER BY id FOR UPDATE""",
        {"order_ids": list(order_ids), "alive": list(_ALIVE)},
        name="SELECT FROM orders FOR UPDATE",
    )
    return {row["id"]: row["remaining"] for row in rows}


def record_arrival(transaction: Transaction, plan: Plan) -> None:
    """The new order's row: what it traded, what became of the rest, and its place in the sequence.

    Raises OutOfStep when the row refuses.
    """
    order = plan.order
    if plan.cancelled:
        status = "CANCELLED"
    elif not plan.rests:
        status = "FILLED"
    else:
        status = "PARTIALLY_FILLED" if plan.fills else "OPEN"
    hit = transaction.execute(
        """UPDATE orders SET filled = filled + %(traded)s, status = %(status)s, reason = %(reason)s,
               book_sequence = nextval('book_sequences'), updated_at = now()
           WHERE id = %(order_id)s AND status = 'NEW' AND filled + %(traded)s <= quantity""",
        {"order_id": order.order_id, "traded": plan.traded, "status": status, "reason": plan.reason},
    )
    if hit != 1:
        raise OutOfStep(f"order {order.order_id} cannot take {plan.traded} shares")


def record_fills(transaction: Transaction, symbol: str, plan: Plan) -> list[Execution]:
    """The trades, and what they do to the orders that waited. Raises OutOfStep when one of those refuses."""
    if not plan.fills:
        return []
    order, fills = plan.order, plan.fills
    resting = [fill.resting_order_id for fill in fills]
    quantities = [fill.quantity for fill in fills]
    hit = transaction.execute(
        """UPDATE orders SET filled = filled + fill.quantity, updated_at = now(),
               status = CASE WHEN filled + fill.quantity = orders.quantity THEN 'FILLED' ELSE 'PARTIALLY_FILLED' END
           FROM unnest(%(order_ids)s::bigint[], %(quantities)s::bigint[]) AS fill (order_id, quantity)
           WHERE orders.id = fill.order_id AND status = ANY(%(alive)s) AND filled + fill.quantity <= orders.quantity""",
        {"order_ids": resting, "quantities": quantities, "alive": list(_ALIVE)},
    )
    if hit != len(fills):
        raise OutOfStep(f"{len(fills) - hit} of {len(fills)} orders cannot trade with order {order.order_id}")
    buys = order.side is Side.BUY
    own, others = [order.order_id] * len(fills), [order.user_id] * len(fills)
    users = [fill.resting_user_id for fill in fills]
    rows = transaction.fetch_all(
        """INSERT INTO executions
               (symbol, price_cents, quantity, buy_order_id, sell_order_id, buyer_id, seller_id, taker_side)
           SELECT %(symbol)s, trade.*, %(taker_side)s FROM unnest(
               %(prices)s::bigint[], %(quantities)s::bigint[], %(buy_orders)s::bigint[], %(sell_orders)s::bigint[],
               %(buyers)s::bigint[], %(sellers)s::bigint[]
           ) AS trade
           RETURNING id, buy_order_id, sell_order_id, created_at""",
        {
            "symbol": symbol,
            "prices": [fill.price_cents for fill in fills],
            "quantities": quantities,
            "buy_orders": own if buys else resting,
            "sell_orders": resting if buys else own,
            "buyers": others if buys else users,
            "sellers": users if buys else others,
            "taker_side": order.side,
        },
    )
    by_order = {row["sell_order_id" if buys else "buy_order_id"]: row for row in rows}
    return [
        Execution(by_order[fill.resting_order_id]["id"], fill, by_order[fill.resting_order_id]["created_at"])
        for fill in fills
    ]


def refuse(transaction: Transaction, order_id: int, reason: str) -> None:
    """The order leaves the market before it was matched."""
    transaction.execute(
        """UPDATE orders SET status = 'CANCELLED', reason = %(reason)s, updated_at = now()
           WHERE id = %(order_id)s AND status = 'NEW'""",
        {"order_id": order_id, "reason": reason},
        name="UPDATE orders SET status = CANCELLED",
    )


def take_time(transaction: Transaction) -> None:
    """What follows in the transaction may take as long as a book with very many orders does."""
    transaction.fetch_one("SELECT set_config('statement_timeout', '120s', true)", name="SET statement_timeout")


def waiting_orders(transaction: Transaction, symbol: str) -> list[StoredOrder]:
    """Those that wait in the symbol's book, in the sequence in which they came."""
    rows = transaction.fetch_all(
        """SELECT id, user_id, side, price_cents, filled, quantity - filled AS remaining, executed.shares AS executed
           FROM orders LEFT JOIN LATERAL (
               SELECT sum(quantity) AS shares FROM executions
               WHERE (side = 'buy' AND buy_order_id = orders.id) OR (side = 'sell' AND sell_order_id = orders.id)
           ) AS executed ON true
           WHERE symbol = %(symbol)s AND status = ANY(%(alive)s) ORDER BY book_sequence""",
        {"symbol": symbol, "alive": list(_ALIVE)},
    )
    return [StoredOrder(_order(row), row["filled"], int(row["executed"] or 0)) for row in rows]


def _order(row: dict[str, Any], *, rests: bool = True) -> IncomingOrder:
    return IncomingOrder(
        row["id"], row["user_id"], Side(row["side"]), row["price_cents"], row["remaining"], rests=rests
    )
