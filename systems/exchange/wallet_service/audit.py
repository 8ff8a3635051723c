"""Whether wallets are what their transactions add up to.

What a look costs does not grow with all that has ever happened. For each wallet there is a checkpoint, the sum of its
transactions up to one of them; only later ones are added (`look`). So that what has been added once cannot be changed
unnoticed, the transactions below the checkpoints are added again, some at a time, round after round (`look_back`).
"""

from __future__ import annotations

from dataclasses import dataclass

from observability.postgresql import Database, Transaction

#: User and asset.
Wallet = tuple[int, str]

#: Wallets looked at in one transaction.
_WALLETS = 2_000
#: New transactions of one wallet that are added in one look. More than this in a minute are for the next one.
_NEW_TRANSACTIONS = 20_000
#: Old transactions, and wallets, that one round adds again: some ten milliseconds.
_OLD_TRANSACTIONS = 5_000
_OLD_WALLETS = 50

_LOOK = """
    WITH looked_at AS (
        SELECT id, user_id, asset, available, blocked FROM wallets WHERE id > %(after)s ORDER BY id LIMIT %(wallets)s
    ), added AS (
        SELECT looked_at.id, user_id, asset, later.last_id, later.number,
            looked_at.available AS has_available, looked_at.blocked AS has_blocked,
            coalesce(checkpoint.available, 0) + later.available AS available,
            coalesce(checkpoint.blocked, 0) + later.blocked AS blocked
        FROM looked_at LEFT JOIN wallet_checkpoints AS checkpoint USING (user_id, asset) CROSS JOIN LATERAL (
            SELECT count(*) AS number, max(id) AS last_id, coalesce(sum(available_delta), 0)::bigint AS available,
                coalesce(sum(blocked_delta), 0)::bigint AS blocked
            FROM (
                SELECT id, available_delta, blocked_delta FROM transactions
                WHERE user_id = looked_at.user_id AND asset = looked_at.asset
                    AND id > coalesce(checkpoint.transaction_id, 0)
                ORDER BY id LIMIT %(transactions)s
            ) AS page
        ) AS later
    ), kept AS (
        INSERT INTO wallet_checkpoints (user_id, asset, transaction_id, available, blocked)
        SELECT user_id, asset, last_id, available, blocked FROM added WHERE last_id IS NOT NULL
        ON CONFLICT (user_id, asset) DO UPDATE SET
            transaction_id = excluded.transaction_id, available = excluded.available, blocked = excluded.blocked
        WHERE wallet_checkpoints.transaction_id < excluded.transaction_id
    ), differing AS (
        SELECT user_id, asset FROM added
        WHERE number < %(transactions)s AND (has_available, has_blocked) <> (available, blocked)
    )
    SELECT (SELECT count(*) FROM added) AS looked_at, (SELECT max(id) FROM added) AS last_id,
        (SELECT array_agg(user_id ORDER BY user_id, asset) FROM differing) AS users,
        (SELECT array_agg(asset ORDER BY user_id, asset) FROM differing) AS assets
"""
#: A wallet is never taken away.
_GONE = """
    SELECT user_id, asset FROM wallet_checkpoints AS checkpoint
    WHERE NOT EXISTS (SELECT FROM wallets WHERE user_id = checkpoint.user_id AND asset = checkpoint.asset)
"""
_NEXT = """
    SELECT user_id, asset, transaction_id, available, blocked FROM wallet_checkpoints
    WHERE (user_id, asset) > (%(user_id)s, %(asset)s) ORDER BY user_id, asset LIMIT 1
"""
_ADD_AGAIN = """
    SELECT count(*) AS number, max(id) AS last_id, coalesce(sum(available_delta), 0)::bigint AS available,
        coalesce(sum(blocked_delta), 0)::bigint AS blocked
    FROM (
        SELECT id, available_delta, blocked_delta FROM transactions
        WHERE user_id = %(user_id)s AND asset = %(asset)s AND id > %(after)s AND id <= %(up_to)s
        ORDER BY id LIMIT %(limit)s
    ) AS page
"""


@dataclass
class _Again:
    """A wallet whose transactions are being added again, up to a checkpoint as it was when that began."""

    wallet: Wallet
    up_to: int
    expected: tuple[int, int]
    after: int = 0
    available: int = 0
    blocked: int = 0


class Audit:
    """One thread at a time. Several may be at work."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._again: _Again | None = None
        self._last: Wallet = (0, "")
        #: Wallets whose old transactions were not what they had been when they were last added again.
        self._rewritten: set[Wallet] = set()

    def look(self) -> set[Wallet]:
        """The wallets that are not what their transactions add up to. Raises ServiceUnavailable when the database is
        away."""
        differing = set(self._rewritten)
        after = 0
        while True:
            with self._database.transaction(traced=False) as transaction:
                # Wallets, checkpoints and transactions of one moment: it is one statement.
                row = transaction.fetch_one(
                    _LOOK, {"after": after, "wallets": _WALLETS, "transactions": _NEW_TRANSACTIONS}
                )
                assert row is not None, "a SELECT without FROM has a row"
                differing |= set(zip(row["users"] or (), row["assets"] or (), strict=True))
                if row["looked_at"] < _WALLETS:
                    differing |= {(gone["user_id"], gone["asset"]) for gone in transaction.fetch_all(_GONE)}
                    return differing
            after = row["last_id"]

    def look_back(self) -> None:
        """Add some old transactions again; what was found out is told by `look`. Likewise."""
        left = _OLD_TRANSACTIONS
        with self._database.transaction(traced=False) as transaction:
            for _ in range(_OLD_WALLETS):
                self._again = self._again or self._next(transaction)
                if self._again is None or left <= 0:
                    return
                left -= self._add(transaction, self._again, left)

    def _next(self, transaction: Transaction) -> _Again | None:
        """None when all were looked at: the next round begins anew."""
        row = transaction.fetch_one(_NEXT, {"user_id": self._last[0], "asset": self._last[1]})
        if row is None:
            self._last = (0, "")
            return None
        self._last = (row["user_id"], row["asset"])
        return _Again(self._last, row["transaction_id"], (row["available"], row["blocked"]))

    def _add(self, transaction: Transaction, again: _Again, limit: int) -> int:
        """How many there were."""
        user_id, asset = again.wallet
        row = transaction.fetch_one(
            _ADD_AGAIN,
            {"user_id": user_id, "asset": asset, "after": again.after, "up_to": again.up_to, "limit": limit},
        )
        assert row is not None, "an aggregate has a row"
        again.available += row["available"]
        again.blocked += row["blocked"]
        if row["number"] == limit:
            again.after = row["last_id"]
            return limit
        if (again.available, again.blocked) == again.expected:
            self._rewritten.discard(again.wallet)
        else:
            self._rewritten.add(again.wallet)
        self._again = None
        return int(row["number"])
