"""Up to when rows were looked through, so that the next round looks only at those that came since.

until = LookedUntil()
reached = until.reach(transaction, older_than_seconds)      # in the transaction that looks
…                                                           # rows with a time from `until.time` on
until.time = reached                                        # when all of them are done
"""

from __future__ import annotations

from datetime import UTC, datetime

from observability.postgresql import Transaction

#: Nobody's transaction lasts so long: rows have the time of its beginning, and are seen from its end on.
_LONGEST_TRANSACTION_SECONDS = 30.0


class LookedUntil:
    """`time` is the database's; at first everything is to be looked at."""

    def __init__(self) -> None:
        self.time = datetime.fromtimestamp(0, UTC)

    def reach(self, transaction: Transaction, older_than_seconds: float) -> datetime:
        """What `time` may become after a look at rows of that age."""
        row = transaction.fetch_one(
            "SELECT now() - make_interval(secs => %(seconds)s) AS time",
            {"seconds": older_than_seconds + _LONGEST_TRANSACTION_SECONDS},
        )
        assert row is not None
        return row["time"]  # type: ignore[no-any-return]
