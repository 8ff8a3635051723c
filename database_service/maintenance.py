"""Maintenance of the data while it is in use: a job in the background, with transactions like anybody's."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress

from database_service.database import Database
from database_service.dataset import ORDERS
from observability import Telemetry
from observability.errors import RequestError


class OrderTotals:
    """Brings the orders' totals up to date with the products' prices, over and over, a block of orders at a time."""

    def __init__(self, database: Database, telemetry: Telemetry) -> None:
        self._database = database
        self._telemetry = telemetry
        self._stop: Callable[[], None] | None = None

    def start(self, *, orders_per_transaction: int, pause_seconds: float) -> None:
        """Begin in the background; a job that runs already is replaced. What a transaction writes stays locked until
        its end."""
        self.stop()
        stopped = threading.Event()
        self._stop = stopped.set
        threading.Thread(
            target=self._run, args=(stopped, orders_per_transaction, pause_seconds), name="order-totals", daemon=True
        ).start()

    def stop(self) -> None:
        """End the job; a transaction that is under way is committed with what it has done so far."""
        if self._stop:
            self._stop()
            self._stop = None

    def _run(self, stopped: threading.Event, orders_per_transaction: int, pause_seconds: float) -> None:
        first_id = 1
        while not stopped.is_set():
            last_id = min(first_id + orders_per_transaction - 1, ORDERS)
            with self._telemetry.span("update_order_totals", {"order.first_id": first_id, "order.last_id": last_id}):
                self._telemetry.logger.info(
                    "Updating totals of orders %s to %s",
                    first_id,
                    last_id,
                    extra={"db.collection.name": "orders", "order.first_id": first_id, "order.last_id": last_id},
                )
                # No connection or no lock in time: the transaction has been rolled back, and told of it. Next time.
                with suppress(RequestError):
                    self._database.update_order_totals(first_id, last_id, enough=stopped.is_set)
            first_id = 1 if last_id == ORDERS else last_id + 1
            stopped.wait(pause_seconds)
