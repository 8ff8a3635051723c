"""An event, and how it looks as an entry of a Redis stream."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson


@dataclass(frozen=True)
class Event:
    """Something that has happened. `traceparent` is whom its handlers continue the trace of."""

    id: int
    stream: str
    name: str
    payload: dict[str, Any]
    traceparent: str | None
    created_at: datetime

    def as_entry(self) -> dict[str, str | int]:
        """The fields of a stream's entry, but for `traceparent`: that is the publishing span's."""
        return {
            "event_id": self.id,
            "name": self.name,
            "payload": orjson.dumps(self.payload).decode(),
            "created_at": self.created_at.isoformat(),
        }

    @classmethod
    def of_entry(cls, stream: str, fields: Mapping[str, str]) -> Event:
        """Raises KeyError or ValueError when the fields are not an event's."""
        return cls(
            int(fields["event_id"]),
            stream,
            fields["name"],
            orjson.loads(fields["payload"]),
            fields.get("traceparent"),
            datetime.fromisoformat(fields["created_at"]),
        )


def redis_key(stream: str) -> str:
    """Where a stream is in Redis."""
    return f"events:{stream}"
