"""Spans on disk, one row each: the columns by which they are found, and the rest as JSON."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ..database import Database, insert_rows
from ..deadline import Deadline
from .block_builder import BlockBuilder
from .columns import SpanBlock
from .ingest import Batch, KeyValue, SpanRow
from .spans import SpanSource, StoredSpan, Value, plain, plain_attributes, source_of

_SCHEMA = """
CREATE TABLE IF NOT EXISTS source(id INTEGER PRIMARY KEY, content BLOB NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS span(
    id INTEGER PRIMARY KEY, trace BLOB NOT NULL, span BLOB NOT NULL, parent BLOB NOT NULL, source INTEGER NOT NULL,
    name TEXT NOT NULL, kind INTEGER NOT NULL, status INTEGER NOT NULL,
    start INTEGER NOT NULL, duration INTEGER NOT NULL, details BLOB NOT NULL);
-- Finds a trace by its id, and makes a batch that is sent twice count once.
CREATE UNIQUE INDEX IF NOT EXISTS span_identity ON span(trace, span);
CREATE INDEX IF NOT EXISTS span_start ON span(start);
"""

_COLUMNS = "trace, span, parent, source, name, kind, status, start, duration, details"

#: Rows that one transaction of retention deletes, so that ingest waits only briefly.
_ROWS_PER_DELETION = 10_000

#: How far before a range a span may have started and still be found in it; one broken clock must not make every search
#: a walk over everything.
_LONGEST_NANOSECONDS = 24 * 3600 * 10**9


class TraceStorage:
    """Takes batches, gives back spans by trace id and by time, and forgets what is old."""

    def __init__(self, directory: Path) -> None:
        self.spans_received = 0
        self.bytes_received = 0
        self._lock = threading.Lock()
        self._source_ids: dict[bytes, int] = {}
        self._sources: dict[int, SpanSource] = {}
        self.database: Database[Batch] = Database(directory / "traces.db", _SCHEMA, self._write)
        with self.database.reader() as connection:
            for id_, content in connection.execute("SELECT id, content FROM source"):
                self._source_ids[content] = id_
                self._sources[id_] = source_of(content)
            self._next_source = max(self._sources, default=0) + 1
            longest = connection.execute("SELECT max(duration) FROM span").fetchone()[0] or 0
            self._longest = min(longest, _LONGEST_NANOSECONDS)
            self._first = connection.execute("SELECT min(start) FROM span").fetchone()[0]

    # -- ingest

    def append(self, batch: Batch, size_bytes: int) -> None:
        """Queues a checked batch. Raises Busy or StorageUnavailable, and then takes nothing of it."""
        if not batch:
            return
        self.database.submit(batch, size_bytes)
        self.spans_received += sum(len(spans) for _, spans in batch)
        self.bytes_received += size_bytes

    def _source_id(self, content: bytes) -> int:
        with self._lock:
            id_ = self._source_ids.get(content)
            if id_ is None:
                id_ = self._next_source
                self._next_source += 1
                self._source_ids[content] = id_
                self._sources[id_] = source_of(content)
            return id_

    def _write(self, connection: sqlite3.Connection, batches: Sequence[Batch]) -> None:
        rows = []
        for batch in batches:
            for source, spans in batch:
                id_ = self._source_id(source)
                connection.execute("INSERT OR IGNORE INTO source(id, content) VALUES (?, ?)", (id_, source))
                # One trace's spans side by side make neighbours of them on disk.
                rows += [(*span[:3], id_, *span[3:]) for span in spans]
        insert_rows(connection, f"INSERT OR IGNORE INTO span({_COLUMNS})", 10, rows)
        if rows:
            self._longest = min(max(self._longest, *(row[8] for row in rows)), _LONGEST_NANOSECONDS)
            first = min(row[7] for row in rows)
            self._first = first if self._first is None else min(self._first, first)

    # -- queries

    def reader(self, deadline: Deadline) -> contextlib.AbstractContextManager[sqlite3.Connection]:
        """A connection that sees every span acknowledged so far."""
        self.database.settle()
        return self.database.reader(deadline)

    def trace(self, connection: sqlite3.Connection, trace_id: bytes) -> list[StoredSpan]:
        """The spans of a trace by start time; empty when there is no such trace."""
        rows = connection.execute(f"SELECT {_COLUMNS} FROM span WHERE trace = ? ORDER BY start, id", (trace_id,))
        return [self._span(row) for row in rows]

    def spans(
        self,
        connection: sqlite3.Connection,
        start: int,
        end: int,
        condition: str = "",
        parameters: Sequence[object] = (),
    ) -> Iterator[StoredSpan]:
        """Spans that touch [start, end), newest first; the condition is SQL on the columns, from a trusted place."""
        clause = f" AND ({condition})" if condition else ""
        rows = connection.execute(
            f"SELECT {_COLUMNS} FROM span WHERE start >= ? AND start < ? AND start + duration >= ?{clause} "
            "ORDER BY start DESC",
            (max(start - self._longest, -(2**63)), end, start, *parameters),
        )
        return (self._span(row) for row in rows)

    def blocks(self, start: int, end: int, deadline: Deadline) -> Iterator[SpanBlock]:
        """The traces with spans in [start, end] (unix nanoseconds) in blocks, newest first; blocks hold others too."""
        with self.reader(deadline) as connection:
            ids = connection.execute(
                "SELECT trace FROM span WHERE start >= ? AND start <= ? AND start + duration >= ? "
                "GROUP BY trace ORDER BY min(start) DESC",
                (max(start - self._longest, -(2**63)), end, start),
            ).fetchall()
            for position in range(0, len(ids), 1000):
                builder = BlockBuilder()
                for (trace_id,) in ids[position : position + 1000]:
                    deadline.check()
                    for span in self.trace(connection, trace_id):
                        row: SpanRow = (
                            span.trace_id,
                            span.span_id,
                            span.parent_id,
                            span.name,
                            span.kind,
                            span.status,
                            span.start,
                            span.duration,
                            span.details_json,
                        )
                        builder.add(span.source.content, row)
                yield SpanBlock(builder.columns())

    def sources(self) -> list[SpanSource]:
        """Every resource and scope that the store knows."""
        with self._lock:
            return list(self._sources.values())

    def _span(self, row: tuple[Any, ...]) -> StoredSpan:
        return StoredSpan(row[0], row[1], row[2], self._sources[row[3]], *row[4:])

    # -- retention

    def oldest_time(self) -> float | None:
        """Unix seconds of the oldest span, or None when there is none."""
        return None if self._first is None else self._first / 1e9

    def delete_before(self, unix_seconds: float) -> int:
        """Deletes spans that started before the instant; returns how many."""
        cutoff = int(unix_seconds * 1e9)
        if self._first is None or self._first >= cutoff:
            return 0
        deleted = self.database.perform_in_steps(lambda connection: _delete(connection, cutoff), _ROWS_PER_DELETION)
        self.database.perform(self._refresh)
        return deleted

    def _refresh(self, connection: sqlite3.Connection) -> None:
        # In the writer's thread, as every other change of it.
        self._first = connection.execute("SELECT min(start) FROM span").fetchone()[0]

    def close(self) -> None:
        """Writes what is queued and closes the file."""
        self.database.close()


def _delete(connection: sqlite3.Connection, cutoff: int) -> int:
    return connection.execute(
        "DELETE FROM span WHERE id IN (SELECT id FROM span WHERE start < ? ORDER BY start LIMIT ?)",
        (cutoff, _ROWS_PER_DELETION),
    ).rowcount


__all__ = ["KeyValue", "SpanSource", "StoredSpan", "TraceStorage", "Value", "plain", "plain_attributes"]
