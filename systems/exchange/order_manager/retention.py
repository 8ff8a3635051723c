"""How long it is kept which id an order with some client_order_id is going to have.

While the order is being placed, and while whoever placed it may be sending it again because no answer came: an hour
after the last attempt, as long as its events. What an attempt has blocked is given back long before, unless the order
was stored; and of a stored order its own row says the same for ever.
"""

from __future__ import annotations

from observability.postgresql import Database
from systems.exchange.order_manager import order_table

KEPT_SECONDS = 3600.0

#: Rows forgotten in one transaction; each takes some milliseconds.
_BATCH = 1_000
#: Batches of one round: one round has to come to an end.
_BATCHES = 50


class ClientOrderIds:
    """Forgets those whose time is over. Several may be at work."""

    def __init__(self, database: Database, *, kept_seconds: float = KEPT_SECONDS) -> None:
        self._database = database
        self._kept_seconds = kept_seconds

    def prune(self) -> int:
        """One round: how many were forgotten. Raises ServiceUnavailable when the database is away."""
        pruned = 0
        for _ in range(_BATCHES):
            with self._database.transaction(traced=False) as transaction:
                batch = order_table.forget_client_order_ids(transaction, self._kept_seconds, _BATCH)
            pruned += batch
            if batch < _BATCH:
                break
        return pruned
