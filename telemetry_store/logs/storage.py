"""Log lines on disk, one row each, and the index of streams in memory. Lines are kept exactly as they came."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import msgspec

from ..database import Database, insert_rows
from ..deadline import Deadline
from .ingest import Batch, Entry, Labels

_SCHEMA = """
CREATE TABLE IF NOT EXISTS stream(id INTEGER PRIMARY KEY, labels TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS entry(
    id INTEGER PRIMARY KEY, stream INTEGER NOT NULL, time INTEGER NOT NULL, digest INTEGER NOT NULL,
    line TEXT NOT NULL, metadata TEXT);
-- Finds a stream's lines by time, and makes a batch that is sent twice count once.
CREATE UNIQUE INDEX IF NOT EXISTS entry_identity ON entry(stream, time, digest);
"""

#: Rows that one transaction of retention deletes, so that ingest waits only briefly.
_ROWS_PER_DELETION = 20_000

#: (unix nanoseconds, line, structured metadata as JSON or None)
Row = tuple[int, str, str | None]


@dataclass
class Stream:
    """One stream and the span of time in which it has lines (unix nanoseconds)."""

    id: int
    labels: dict[str, str]
    first_time: int
    last_time: int

    def widen(self, entries: Sequence[Entry]) -> None:
        """Extends the span to the entries."""
        times = [entry[0] for entry in entries]
        self.first_time = min(self.first_time, *times)
        self.last_time = max(self.last_time, *times)


@dataclass
class LineConditions:
    """What SQLite can check about a line itself: pieces it must and must not contain."""

    containing: list[str] = field(default_factory=list)
    lacking: list[str] = field(default_factory=list)

    def sql(self) -> tuple[str, list[str]]:
        """The conditions as SQL to append to a WHERE clause, and their parameters."""
        clause = " AND instr(line, ?) > 0" * len(self.containing) + " AND instr(line, ?) = 0" * len(self.lacking)
        return clause, [*self.containing, *self.lacking]


class LogStorage:
    """Takes batches, gives back lines by stream and time, and forgets what is old."""

    def __init__(self, directory: Path) -> None:
        self.lines_received = 0
        self.bytes_received = 0
        self._lock = threading.Lock()
        self._streams: dict[Labels, Stream] = {}
        self._next_stream = 1
        self.database: Database[Batch] = Database(directory / "logs.db", _SCHEMA, self._write)
        self._load_streams()

    def _load_streams(self) -> None:
        with self.database.reader() as connection:
            for id_, labels in connection.execute("SELECT id, labels FROM stream").fetchall():
                # Two look-ups at the ends of the index, instead of a walk over all lines.
                first, last = connection.execute(
                    "SELECT (SELECT min(time) FROM entry WHERE stream = ?1), "
                    "(SELECT max(time) FROM entry WHERE stream = ?1)",
                    (id_,),
                ).fetchone()
                if first is None:
                    first, last = 2**63 - 1, -(2**63)
                pairs = msgspec.json.decode(labels, type=dict[str, str])
                self._streams[tuple(sorted(pairs.items()))] = Stream(id_, pairs, first, last)
                self._next_stream = max(self._next_stream, id_ + 1)

    # -- ingest

    def append(self, batch: Batch, size_bytes: int) -> None:
        """Queues a checked batch. Raises Busy or StorageUnavailable, and then takes nothing of it."""
        self.database.submit(batch, size_bytes)
        lines = 0
        with self._lock:
            for labels, entries in batch:
                lines += len(entries)
                if entries:
                    self._stream(labels).widen(entries)
            self.lines_received += lines
            self.bytes_received += size_bytes

    def _stream(self, labels: Labels) -> Stream:
        stream = self._streams.get(labels)
        if stream is None:
            stream = Stream(self._next_stream, dict(labels), 2**63 - 1, -(2**63))
            self._next_stream += 1
            self._streams[labels] = stream
        return stream

    def _write(self, connection: sqlite3.Connection, batches: Sequence[Batch]) -> None:
        rows = []
        for batch in batches:
            for labels, entries in batch:
                if not entries:
                    continue
                with self._lock:
                    stream = self._stream(labels)
                    stream.widen(entries)
                connection.execute(
                    "INSERT INTO stream(id, labels) VALUES (?, ?) "
                    "ON CONFLICT(labels) DO UPDATE SET id = excluded.id WHERE id <> excluded.id",
                    (stream.id, msgspec.json.encode(stream.labels).decode()),
                )
                rows += [(stream.id, time, digest, line, metadata) for time, line, metadata, digest in entries]
        insert_rows(connection, "INSERT OR IGNORE INTO entry(stream, time, digest, line, metadata)", 5, rows)

    # -- queries

    def streams(self, start: int, end: int) -> list[Stream]:
        """The streams that may have lines in [start, end], unix nanoseconds."""
        with self._lock:
            return [s for s in self._streams.values() if s.first_time <= end and s.last_time >= start]

    def rows(
        self,
        connection: sqlite3.Connection,
        stream: Stream,
        start: int,
        end: int,
        conditions: LineConditions,
        newest_first: bool = False,
    ) -> Iterator[Row]:
        """A stream's lines in [start, end) by time; lines of one instant in the order they came (or its reverse)."""
        clause, parameters = conditions.sql()
        order = "DESC" if newest_first else "ASC"
        return connection.execute(
            f"SELECT time, line, metadata FROM entry WHERE stream = ? AND time >= ? AND time < ?{clause} "
            f"ORDER BY time {order}, id {order}",
            (stream.id, start, end, *parameters),
        )

    def times(
        self, connection: sqlite3.Connection, stream: Stream, start: int, end: int, conditions: LineConditions
    ) -> list[tuple[int, int]]:
        """(unix nanoseconds, bytes of the line) of a stream's lines in [start, end), by time."""
        clause, parameters = conditions.sql()
        return connection.execute(
            "SELECT time, length(CAST(line AS BLOB)) FROM entry "
            f"WHERE stream = ? AND time >= ? AND time < ?{clause} ORDER BY time",
            (stream.id, start, end, *parameters),
        ).fetchall()

    def reader(self, deadline: Deadline) -> contextlib.AbstractContextManager[sqlite3.Connection]:
        """A connection that sees every line acknowledged so far."""
        self.database.settle()
        return self.database.reader(deadline)

    # -- retention

    def oldest_time(self) -> float | None:
        """Unix seconds of the oldest line, or None when there is none."""
        with self._lock:
            times = [s.first_time for s in self._streams.values() if s.first_time <= s.last_time]
        return min(times) / 1e9 if times else None

    def delete_before(self, unix_seconds: float) -> int:
        """Deletes lines older than the instant, and streams left without lines; returns how many lines."""
        cutoff = int(unix_seconds * 1e9)
        deleted = 0
        with self._lock:
            streams = [s for s in self._streams.values() if s.first_time < cutoff]
        for stream in streams:
            delete = partial(_delete, stream_id=stream.id, cutoff=cutoff)
            deleted += self.database.perform_in_steps(delete, _ROWS_PER_DELETION)
            self.database.perform(partial(self._refresh, stream=stream, cutoff=cutoff))
        return deleted

    def _refresh(self, connection: sqlite3.Connection, stream: Stream, cutoff: int) -> None:
        first = connection.execute("SELECT min(time) FROM entry WHERE stream = ?", (stream.id,)).fetchone()[0]
        with self._lock:
            if first is not None:
                stream.first_time = first
            elif stream.last_time < cutoff:
                connection.execute("DELETE FROM stream WHERE id = ?", (stream.id,))
                self._streams.pop(tuple(sorted(stream.labels.items())), None)

    def close(self) -> None:
        """Writes what is queued and closes the file."""
        self.database.close()


def _delete(connection: sqlite3.Connection, stream_id: int, cutoff: int) -> int:
    return connection.execute(
        "DELETE FROM entry WHERE id IN (SELECT id FROM entry WHERE stream = ? AND time < ? LIMIT ?)",
        (stream_id, cutoff, _ROWS_PER_DELETION),
    ).rowcount
