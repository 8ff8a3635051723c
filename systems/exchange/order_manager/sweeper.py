"""Ends cancellations that a crash, or a wallet service that was away, has left in the middle, and gives back what
cancelled orders have still blocked."""

from __future__ import annotations

from observability import Telemetry
from observability.errors import RequestError
from observability.postgresql import Database
from systems.exchange.looked_until import LookedUntil
from systems.exchange.order_manager import order_table
from systems.exchange.order_manager.cancellation import Cancellation

_ORDERS_A_ROUND = 100


class Sweeper:
    """Looks for orders that have been CANCELLING for long, and for cancelled ones with a hold, and finishes both.

    Several may be at work: whatever one does has been done for the other.
    """

    def __init__(
        self,
        database: Database,
        cancellation: Cancellation,
        telemetry: Telemetry,
        *,
        patience_seconds: float = 10.0,
    ) -> None:
        self._database = database
        self._cancellation = cancellation
        self._telemetry = telemetry
        #: A cancellation that is under way takes less, so that it is not disturbed.
        self._patience_seconds = patience_seconds
        #: Nothing is blocked any more for orders that were cancelled before.
        self._given_back = LookedUntil()

    def sweep(self) -> int:
        """One round: how many orders were brought to their end. Raises RequestError when the database is away."""
        with self._database.transaction(traced=False) as transaction:
            cancelling = order_table.find_left_cancelling(transaction, self._patience_seconds, _ORDERS_A_ROUND)
            blocked = order_table.find_left_blocked(
                transaction, self._given_back.time, self._patience_seconds, _ORDERS_A_ROUND
            )
            reached = self._given_back.reach(transaction, self._patience_seconds)
        finished = sum(self._finish(order) for order in cancelling)
        if not self._cancellation.gives_back:
            return finished
        given_back = sum(self._give_back(order) for order in blocked)
        if given_back == len(blocked) < _ORDERS_A_ROUND:
            self._given_back.time = reached
        return finished + given_back

    def _give_back(self, order: order_table.Row) -> bool:
        with self._telemetry.span("give_back", {"exchange.order.id": order["id"]}):
            try:
                self._cancellation.give_back(order["id"])
            except RequestError as error:
                self._telemetry.logger.warning(
                    "What order %s has blocked waits: %s",
                    order["id"],
                    error,
                    extra={"order_id": order["id"], "user_id": order["user_id"], "error.type": error.type},
                )
                return False
        return True

    def _finish(self, order: order_table.Row) -> bool:
        fields = {"order_id": order["id"], "user_id": order["user_id"]}
        with self._telemetry.span("finish_cancellation", {"exchange.order.id": order["id"]}):
            try:
                self._cancellation.finish(order)
            except RequestError as error:
                self._telemetry.logger.warning(
                    "The cancellation of order %s waits: %s",
                    order["id"],
                    error,
                    extra={**fields, "error.type": error.type},
                )
                return False
        self._telemetry.logger.warning(
            "The cancellation of order %s had been left in the middle, and is finished", order["id"], extra=fields
        )
        return True
