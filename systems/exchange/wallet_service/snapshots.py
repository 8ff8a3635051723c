"""Reads of balances, of which some may stay open: for who reads on from the same moment later."""

from __future__ import annotations

import random
from contextlib import ExitStack, suppress
from typing import Any

from observability.errors import ServiceUnavailable
from observability.postgresql import Database
from systems.exchange.wallet_service import ledger


class Snapshots:
    """Reads balances; a share of the reads keeps its connection, until `keep(0)`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._share = 0.0
        self._kept: list[ExitStack] = []

    def keep(self, share: float) -> None:
        """From now on keep the connection of this share of the reads; 0 gives all of them back."""
        self._share = share
        while not share and self._kept:
            # The server has long closed those that did nothing.
            with suppress(ServiceUnavailable):
                self._kept.pop().close()

    def balances(self, user_id: int) -> list[dict[str, Any]]:
        """What the user has; [] for who has no wallet."""
        with ExitStack() as reading:
            transaction = reading.enter_context(self._database.transaction())
            found = ledger.balances(transaction, user_id)
            if self._share and random.random() < self._share:
                self._kept.append(reading.pop_all())
            return found
