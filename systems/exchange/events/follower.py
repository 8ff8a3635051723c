"""Follows events without keeping a record of it: for what is told to whoever listens, or kept in memory only.

Nothing is written, so an event costs no transaction; and each process gets every event. What happened before the start
is passed by, but for the last seconds: whoever reads at its start how things are has them twice, rather than not.
Handlers have to bear that, and the same event twice whenever a process starts anew.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from observability import Telemetry
from observability.postgresql import Database, Transaction
from observability.redis import Redis, StreamEntry
from systems.exchange.events import outbox
from systems.exchange.events.consumer import AfterCommit, Consumer
from systems.exchange.events.event import Event

Listener = Callable[[Event], None]

_REPLAYED_SECONDS = 10.0
_BATCH = 32


class Follower(Consumer):
    """Handles every event of the streams from now on; otherwise like `Consumer`.

        follower = Follower(database, redis, telemetry, group="market-data-service", streams=["market_data"],
                            handlers={"market_data": ("update_market_data", update)})
        follower.start()

    `group` is only what metrics and log lines call it.
    """

    def __init__(
        self,
        database: Database,
        redis: Redis,
        telemetry: Telemetry,
        *,
        group: str,
        streams: Sequence[str],
        handlers: Mapping[str, tuple[str, Listener]],
    ) -> None:
        self._listeners = {name: listener for name, (_, listener) in handlers.items()}
        #: Of those that may still be looked for in the outbox.
        self._known: set[int] = set()
        #: Stream in Redis -> the last entry read.
        self._positions: dict[str, str] = {}
        super().__init__(
            database,
            redis,
            telemetry,
            group=group,
            streams=streams,
            handlers={name: (span_name, _no_transaction) for name, (span_name, _) in handlers.items()},
        )

    def _begin(self) -> None:
        with self._database.transaction(traced=False) as transaction:
            self._settled_id = outbox.newest_id_of_age(transaction, _REPLAYED_SECONDS)

    def _join(self) -> None:
        for key in self._keys:
            # A Redis that was started anew gives larger ids than the one before: they are times.
            self._positions.setdefault(key, self._redis.last_id(key))

    def _next_entries(self, wait_seconds: float) -> list[StreamEntry]:
        positions = {key: self._positions[key] for key in self._keys}
        entries = self._redis.read(positions, count=_BATCH, wait_seconds=wait_seconds)
        self._positions |= {entry.stream: entry.id for entry in entries}
        return entries

    def _acknowledge(self, key: str, entry_id: str) -> None:
        """Nobody keeps account."""

    def _missed(self, transaction: Transaction, age_seconds: float, limit: int) -> list[Event]:
        self._known = {id for id in self._known if id > self._settled_id}
        return outbox.since(
            transaction,
            self._streams,
            list(self._listeners),
            after=self._settled_id,
            known=sorted(self._known),
            age_seconds=age_seconds,
            limit=limit,
        )

    def _process(self, event: Event) -> tuple[bool, AfterCommit | None]:
        if event.id <= self._settled_id or event.id in self._known:
            return False, None
        self._listeners[event.name](event)
        self._known.add(event.id)
        return True, None


def _no_transaction(event: Event, transaction: Transaction) -> None:
    raise AssertionError("a listener is called without a transaction")
