"""The outbox: events in the database, committed with what they tell of, or not at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from observability.messages import traceparent
from observability.postgresql import Transaction
from systems.exchange.events.event import Event

_ADD = """
    INSERT INTO outbox (stream, name, payload, traceparent)
    SELECT %(stream)s, %(name)s, payload::jsonb, %(traceparent)s
    FROM unnest(%(payloads)s::text[]) WITH ORDINALITY AS event (payload, place)
    ORDER BY place
    RETURNING id, created_at
"""
_CLAIM = """
    INSERT INTO processed_events (consumer_group, event_id)
    SELECT %(group)s, id FROM outbox WHERE id = %(event_id)s
    ON CONFLICT DO NOTHING
"""
_SUBSCRIBE = """
    INSERT INTO event_subscriptions (consumer_group, stream, name)
    SELECT %(group)s, stream, name FROM unnest(%(streams)s::text[]) AS stream, unnest(%(names)s::text[]) AS name
    ON CONFLICT DO NOTHING
"""
_UNSUBSCRIBE = """
    DELETE FROM event_subscriptions
    WHERE consumer_group = %(group)s AND NOT (stream = ANY(%(streams)s) AND name = ANY(%(names)s))
"""
_MISSED = """
    SELECT id, stream, name, payload, traceparent, created_at
    FROM outbox
    WHERE id > %(after)s AND stream = ANY(%(streams)s) AND name = ANY(%(names)s)
        AND created_at < clock_timestamp() - make_interval(secs => %(age_seconds)s)
        AND NOT EXISTS (
            SELECT FROM processed_events WHERE consumer_group = %(group)s AND event_id = outbox.id
        )
    ORDER BY id
    LIMIT %(limit)s
"""
_SINCE = """
    SELECT id, stream, name, payload, traceparent, created_at
    FROM outbox
    WHERE id > %(after)s AND NOT id = ANY(%(known)s) AND stream = ANY(%(streams)s) AND name = ANY(%(names)s)
        AND created_at < clock_timestamp() - make_interval(secs => %(age_seconds)s)
    ORDER BY id
    LIMIT %(limit)s
"""
_NEWEST_OF_AGE = """
    SELECT coalesce(max(id), 0) AS id FROM outbox
    WHERE created_at < clock_timestamp() - make_interval(secs => %(age_seconds)s)
"""
_NEWEST = "SELECT coalesce(max(id), 0) AS id FROM outbox"


def add(transaction: Transaction, stream: str, name: str, payload: Mapping[str, Any]) -> Event:
    """Write an event into the transaction; publish what is returned after the commit."""
    (event,) = add_all(transaction, stream, name, [payload])
    return event


def add_all(transaction: Transaction, stream: str, name: str, payloads: Sequence[Mapping[str, Any]]) -> list[Event]:
    """Likewise for any number of them, in this sequence: one statement."""
    if not payloads:
        return []
    sender = traceparent()
    rows = transaction.fetch_all(
        _ADD,
        {
            "stream": stream,
            "name": name,
            "payloads": [orjson.dumps(dict(payload)).decode() for payload in payloads],
            "traceparent": sender,
        },
    )
    return [
        Event(row["id"], stream, name, dict(payload), sender, row["created_at"])
        for row, payload in zip(sorted(rows, key=lambda row: row["id"]), payloads, strict=True)
    ]


def claim(transaction: Transaction, group: str, event: Event) -> bool:
    """Whether the group has not processed the event yet. From now on it has, if the transaction is committed; another
    consumer of the group waits here until that is known. What is in the outbox no more was processed long ago."""
    return transaction.execute(_CLAIM, {"group": group, "event_id": event.id}) == 1


def subscribe(transaction: Transaction, group: str, streams: Sequence[str], names: Sequence[str]) -> None:
    """From now on the group wants these events, and no others: each is kept until the group has processed it."""
    wanted = {"group": group, "streams": list(streams), "names": list(names)}
    transaction.execute(_UNSUBSCRIBE, wanted)
    transaction.execute(_SUBSCRIBE, wanted)


def missed(
    transaction: Transaction,
    group: str,
    streams: Sequence[str],
    names: Sequence[str],
    *,
    after: int,
    age_seconds: float,
    limit: int,
) -> list[Event]:
    """Events of that age that the group has not processed, of those with an id above `after`; oldest first."""
    rows = transaction.fetch_all(
        _MISSED,
        {
            "group": group,
            "streams": list(streams),
            "names": list(names),
            "after": after,
            "age_seconds": age_seconds,
            "limit": limit,
        },
    )
    return [Event(**row) for row in rows]


def newest_id(transaction: Transaction) -> int:
    """The largest id there is; smaller ones may still turn up, of transactions that take their time."""
    row = transaction.fetch_one(_NEWEST)
    return int(row["id"]) if row else 0


def newest_id_of_age(transaction: Transaction, age_seconds: float) -> int:
    """The largest id of an event that is as old as that. Reads all of them: for the start of a service."""
    row = transaction.fetch_one(_NEWEST_OF_AGE, {"age_seconds": age_seconds})
    return int(row["id"]) if row else 0


def since(
    transaction: Transaction,
    streams: Sequence[str],
    names: Sequence[str],
    *,
    after: int,
    known: Sequence[int],
    age_seconds: float,
    limit: int,
) -> list[Event]:
    """Events of that age with an id above `after`, but for the `known` ones; oldest first."""
    rows = transaction.fetch_all(
        _SINCE,
        {
            "after": after,
            "known": list(known),
            "streams": list(streams),
            "names": list(names),
            "age_seconds": age_seconds,
            "limit": limit,
        },
    )
    return [Event(**row) for row in rows]
