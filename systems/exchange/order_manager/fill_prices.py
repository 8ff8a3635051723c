"""At which price orders have traded: the average of their executions, for a list of orders."""

from __future__ import annotations

from collections.abc import Sequence

from observability.postgresql import Transaction
from systems.exchange.order_manager.order_table import Row

#: Halves of a cent are rounded up.
_OF_ORDERS = """
    SELECT order_id, floor(sum(price_cents * quantity) / sum(quantity) + 0.5)::bigint AS price_cents
    FROM (
        SELECT buy_order_id AS order_id, price_cents, quantity FROM executions WHERE buy_order_id = ANY(%(order_ids)s)
        UNION ALL
        SELECT sell_order_id, price_cents, quantity FROM executions WHERE sell_order_id = ANY(%(order_ids)s)
    ) AS fills
    GROUP BY order_id
"""


class FillPrices:
    """Looks them up. `batch`: for so many orders at a time; None = for all of a list in one query."""

    def __init__(self) -> None:
        self.batch: int | None = None

    def of(self, transaction: Transaction, orders: Sequence[Row]) -> dict[int, int]:
        """Order id -> average price in cents, of those that have traded."""
        traded = [order["id"] for order in orders if order["filled"]]
        size = self.batch or max(1, len(traded))
        found: dict[int, int] = {}
        for first in range(0, len(traded), size):
            rows = transaction.fetch_all(_OF_ORDERS, {"order_ids": traded[first : first + size]})
            found.update((row["order_id"], row["price_cents"]) for row in rows)
        return found
