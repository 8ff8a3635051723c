"""Looks, now and then, for holds whose order never came, and whether the wallets still add up."""

from __future__ import annotations

from observability import Telemetry
from observability.postgresql import Database
from systems.exchange.wallet_service.audit import Audit
from systems.exchange.wallet_service.holds import Holds
from systems.exchange.wallet_service.metrics import WalletMetrics

_HOLDS_THAT_DIFFER = """
    SELECT count(*) AS number FROM wallets
    FULL JOIN (
        SELECT user_id, asset, sum(remaining) AS remaining FROM holds WHERE closed_at IS NULL GROUP BY user_id, asset
    ) AS held USING (user_id, asset)
    WHERE coalesce(wallets.blocked, 0) <> coalesce(held.remaining, 0)
"""
#: Every wallet is looked at: so seldom that it does not show.
_CHECK_EVERY_ROUNDS = 12


class Sweeper:
    """Several may be at work: each hold is given back once."""

    def __init__(
        self,
        database: Database,
        holds: Holds,
        metrics: WalletMetrics,
        telemetry: Telemetry,
        *,
        patience_seconds: float = 30.0,
    ) -> None:
        self._database = database
        self._holds = holds
        self._metrics = metrics
        self._logger = telemetry.logger
        #: An order that is on its way takes less, so that its hold is not taken from it.
        self._patience_seconds = patience_seconds
        self._audit = Audit(database)
        self._rounds = 0

    def go_round(self) -> None:
        """All of it, the longest part now and then. Raises ServiceUnavailable when the database is away."""
        self.sweep()
        self._audit.look_back()
        if self._rounds % _CHECK_EVERY_ROUNDS == 0:
            self.check()
        self._rounds += 1

    def sweep(self) -> int:
        """How many holds were given back. Raises ServiceUnavailable when the database is away."""
        return self._holds.sweep(self._patience_seconds)

    def check(self) -> dict[str, int]:
        """How many wallets do not add up: with their transactions, and with the holds. Likewise."""
        wallets = self._audit.look()
        with self._database.transaction(traced=False) as transaction:
            # One snapshot for both sides of the comparison: it is one statement.
            holds = transaction.fetch_one(_HOLDS_THAT_DIFFER) or {}
        found = {"wallets": len(wallets), "holds": int(holds["number"])}
        for check, number in found.items():
            self._metrics.differences.labels(check).set(number)
            if number:
                self._logger.error(
                    "%s wallets do not add up with %s",
                    number,
                    "their transactions" if check == "wallets" else "what orders have blocked",
                    extra={"check": check, "wallets": number},
                )
        return found
