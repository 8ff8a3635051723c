"""Cancelling an order: no more fills, then the money back, then the end of it.

The first step is the one that counts: from CANCELLING on the matching engine fills no more. Each later step can be done
again, and is, by `sweeper.py`, when a crash has come in between.
"""

from __future__ import annotations

from observability import Telemetry
from observability.errors import RequestError
from observability.postgresql import Database
from systems.exchange.events import Publisher, outbox
from systems.exchange.order_manager import order_table
from systems.exchange.order_manager.metrics import OrderMetrics
from systems.exchange.order_manager.neighbours import Wallets
from systems.exchange.order_manager.order_table import Row

#: Of orders that their owner has cancelled; the matching engine cancels with reasons of its own.
REASON = "user"


class Cancellation:
    """Cancels orders."""

    def __init__(
        self, database: Database, publisher: Publisher, wallets: Wallets, metrics: OrderMetrics, telemetry: Telemetry
    ) -> None:
        self._database = database
        self._publisher = publisher
        self._wallets = wallets
        self._metrics = metrics
        self._logger = telemetry.logger
        #: Whether a cancelled order's money is given back. What is not is found by the sweeper, once it is again.
        self.gives_back = True

    def cancel(self, order_id: int, user_id: int) -> Row:
        """The cancelled order; one that was cancelled before, too. Raises RequestError: 404 when the user has no such
        order, 409 when it is filled already."""
        with self._database.transaction() as transaction:
            order = order_table.find(transaction, order_id, user_id)
            if order is None:
                raise unknown_order(order_id)
            if order["status"] not in ("CANCELLING", "CANCELLED"):
                # Not what was read a moment ago decides, but what the row is now.
                order = order_table.begin_cancelling(transaction, order_id) or order_table.find(
                    transaction, order_id, user_id
                )
                assert order is not None, "orders are never deleted"
        if order["status"] == "CANCELLED":
            return order
        if order["status"] != "CANCELLING":
            raise RequestError(
                409,
                "order_filled" if order["status"] == "FILLED" else "order_ended",
                f"order {order_id} is {order['status']} already: there is nothing left to cancel",
            )
        return self.finish(order)

    def finish(self, order: Row) -> Row:
        """Bring an order that is CANCELLING to its end: the order as it then is."""
        order_id = order["id"]
        self.give_back(order_id)
        with self._database.transaction() as transaction:
            cancelled = order_table.end_cancelling(transaction, order_id, REASON)
            if cancelled is None:
                # A request beside this one, or the sweeper, has been faster.
                ended = order_table.find(transaction, order_id, order["user_id"])
                assert ended is not None, "orders are never deleted"
                return ended
            event = outbox.add(transaction, "orders", "order_cancelled", order_table.as_event(cancelled))
        self._publisher.publish([event])
        self._metrics.cancelled.labels(REASON).inc()
        self._logger.info(
            "Order %s cancelled with %s of %s shares traded",
            order_id,
            cancelled["filled"],
            cancelled["quantity"],
            extra={"order_id": order_id, "user_id": cancelled["user_id"], "symbol": cancelled["symbol"]},
        )
        return cancelled

    def give_back(self, order_id: int) -> None:
        """What an order that trades no more has blocked. Raises ServiceUnavailable when that is not certain."""
        if self.gives_back:
            self._wallets.unblock(order_id)


def unknown_order(order_id: int) -> RequestError:
    """Another's order is as unknown as one that does not exist."""
    return RequestError(404, "unknown_order", f"there is no order {order_id} of this user")
