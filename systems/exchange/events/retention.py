"""How long events are kept.

In the outbox, until every group that wants an event has processed it, and an hour at least: a consumer that was away,
for however long, finds all that it has missed; a group that is new begins with the last hour. What is told to followers
only is kept for that hour. In Redis, which is only the fast way, about the last entries of each stream are kept,
processed or not: those that went out of it too early are found in the outbox.

An event that has left the outbox counts as processed, for whatever Redis may still say of it (`outbox.claim`).
"""

from __future__ import annotations

from observability.postgresql import Database

KEPT_SECONDS = 3600.0
#: Entries of each stream. Some minutes of a busy exchange, some megabytes.
KEPT_IN_REDIS = 10_000

#: Events looked at in one transaction; each takes some milliseconds.
_BATCH = 1_000
#: Batches of one round: one round has to come to an end, and the next one goes on where it stopped.
_BATCHES = 50

_PRUNE = """
    WITH oldest AS (
        SELECT id, stream, name, created_at FROM outbox WHERE id > %(after)s ORDER BY id LIMIT %(limit)s
    ), looked_at AS (
        SELECT id, stream, name FROM oldest
        WHERE created_at < clock_timestamp() - make_interval(secs => %(age_seconds)s)
    ), pruned AS (
        DELETE FROM outbox USING looked_at
        WHERE outbox.id = looked_at.id AND NOT EXISTS (
            SELECT FROM event_subscriptions AS wanted
            WHERE wanted.stream = looked_at.stream AND wanted.name = looked_at.name AND NOT EXISTS (
                SELECT FROM processed_events
                WHERE processed_events.consumer_group = wanted.consumer_group
                    AND processed_events.event_id = looked_at.id
            )
        )
        RETURNING outbox.id, outbox.stream, outbox.name
    ), forgotten AS (
        DELETE FROM processed_events USING pruned, event_subscriptions AS wanted
        WHERE wanted.stream = pruned.stream AND wanted.name = pruned.name
            AND processed_events.consumer_group = wanted.consumer_group AND processed_events.event_id = pruned.id
    )
    SELECT (SELECT count(*) FROM looked_at) AS looked_at, (SELECT max(id) FROM looked_at) AS last_id,
        (SELECT count(*) FROM pruned) AS pruned
"""


class Retention:
    """Forgets events whose time is over. Several may be at work."""

    def __init__(self, database: Database, *, kept_seconds: float = KEPT_SECONDS) -> None:
        self._database = database
        self._kept_seconds = kept_seconds
        #: Looked at up to here. Not always from the beginning: what somebody still wants may be a lot, and in front.
        self._looked_at_id = 0

    def prune(self) -> int:
        """One round: how many events were forgotten. Raises ServiceUnavailable when the database is away."""
        pruned = 0
        for _ in range(_BATCHES):
            with self._database.transaction(traced=False) as transaction:
                row = transaction.fetch_one(
                    _PRUNE, {"after": self._looked_at_id, "age_seconds": self._kept_seconds, "limit": _BATCH}
                )
            assert row is not None, "a SELECT without FROM has a row"
            pruned += row["pruned"]
            if row["looked_at"] < _BATCH:
                self._looked_at_id = 0
                break
            self._looked_at_id = row["last_id"]
        return pruned
