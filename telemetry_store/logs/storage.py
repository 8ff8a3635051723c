"""Streams in memory and on disk.

The newest lines of every stream lie in its head in memory, and in a log in the database, from which a restart reads
them again. A thread of this module packs heads that have grown large or old into compressed chunks, each in a step of
its own, and takes them out of the log. Queries read heads and chunks alike, as blocks of lines (`chunks.Lines`).
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import msgspec
import numpy as np

from ..database import Database, insert_rows
from ..deadline import Deadline
from ..packer import Packer
from ..refusals import StorageUnavailable
from .chunk_cache import ChunkCache
from .chunks import CHUNK_BYTES, Lines, PackedLines, sort_and_pack, unpack_dictionary, unpack_numbers
from .chunks import decompress as unpack_text
from .head import Entries, Head
from .ingest import Batch, Labels
from .reading import Chunk, LogSource, Reader, Row, Stream
from .search import LineCondition, LineConditions

_SCHEMA = """
-- Tables of an earlier form.
DROP TABLE IF EXISTS entry;
DROP TABLE IF EXISTS stream;
CREATE TABLE IF NOT EXISTS labels(stream INTEGER PRIMARY KEY, labels TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS append(
    id INTEGER PRIMARY KEY, stream INTEGER NOT NULL, last INTEGER NOT NULL, entries BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS append_stream ON append(stream);
-- Small columns first: those behind a large one are reached only by reading through it.
CREATE TABLE IF NOT EXISTS chunk(
    id INTEGER PRIMARY KEY, stream INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
    count INTEGER NOT NULL, size_bytes INTEGER NOT NULL,
    times BLOB NOT NULL, ends BLOB NOT NULL, levels BLOB NOT NULL, metadata BLOB NOT NULL, text BLOB NOT NULL);
"""

#: Seconds between two looks at the heads, and age at which a head is packed even when it is small.
_LOOK_SECONDS = 2.0
_HEAD_SECONDS = 1800.0

#: Bytes that all heads may take before the largest are packed, whatever their size.
_HEADS_BYTES = 32 * 1024 * 1024

#: Chunks that one transaction of retention deletes, so that ingest waits only briefly.
_CHUNKS_PER_DELETION = 500

_encode_entries = msgspec.msgpack.Encoder().encode
_decode_entries = msgspec.msgpack.Decoder(tuple[list[int], list[bytes], list[str], list[str]]).decode


@dataclass
class _Logged:
    """Lines on their way to the log."""

    stream: Stream
    entries: Entries


class LogStorage(LogSource):
    """Takes batches, gives back lines by stream and time, and forgets what is old."""

    def __init__(self, directory: Path) -> None:
        super().__init__()
        self.lines_received = 0
        self.bytes_received = 0
        #: Held by whoever packs or forgets: one at a time.
        self._maintenance = threading.Lock()
        #: Called with every batch's new lines by stream, in the thread that brings them; they must be quick.
        self.observers: list[Callable[[Stream, Entries], None]] = []
        self._next_stream = 1
        self._next_chunk = 1
        self._heads_bytes = 0
        #: Chunks that no query sees any more and that are still on disk.
        self._doomed: list[int] = []
        self._cache = ChunkCache()
        self.database: Database[list[_Logged]] = Database(directory / "logs.db", _SCHEMA, _write)
        self._load()
        self._packer = Packer("logs", partial(self.checkpoint, everything=False), _LOOK_SECONDS)
        self._packer.start()

    def _load(self) -> None:
        by_id: dict[int, Stream] = {}
        with self.database.reader() as connection:
            for id_, text in connection.execute("SELECT stream, labels FROM labels"):
                by_id[id_] = Stream(id_, msgspec.json.decode(text, type=dict[str, str]))
            chunks: dict[int, list[Chunk]] = {}
            columns = "SELECT stream, id, first, last, count, size_bytes FROM chunk ORDER BY id"
            for id_, *chunk in connection.execute(columns):
                chunks.setdefault(id_, []).append(Chunk(*chunk))
                self._next_chunk = chunk[0] + 1
            for id_, of_stream in chunks.items():
                by_id[id_].chunks = tuple(of_stream)
                by_id[id_].measure()
            rows = connection.execute("SELECT stream, entries FROM append ORDER BY id").fetchall()
        for id_, data in rows:
            stream, entries = by_id[id_], Entries(*_decode_entries(data))
            # A line can be in a chunk and still in the log, when the process ended in between.
            self._extend(stream, entries.take(self._new_rows(stream, entries)))
        for id_, stream in by_id.items():
            self._next_stream = max(self._next_stream, id_ + 1)
            if stream.chunks or len(stream.head):
                self._streams[tuple(sorted(stream.labels.items()))] = stream

    # -- ingest

    def append(self, batch: Batch, size_bytes: int) -> None:
        """Takes a checked batch. Raises Busy or StorageUnavailable, and then takes nothing of it."""
        lines = 0
        with self._lock:
            taken: list[tuple[Labels, Stream, Entries]] = []
            next_stream = self._next_stream
            for labels, entries in batch.items():
                if not len(entries):
                    continue
                lines += len(entries)
                stream = self._streams.get(labels)
                if stream is None:
                    stream = Stream(next_stream, dict(labels))
                    next_stream += 1
                rows = self._new_rows(stream, entries)
                if rows:
                    taken.append((labels, stream, entries if len(rows) == len(entries) else entries.take(rows)))
            if taken:
                self.database.submit([_Logged(stream, entries) for _, stream, entries in taken], size_bytes)
            else:
                self.database.refuse_if_unavailable()
            self._next_stream = next_stream
            for labels, stream, entries in taken:
                self._streams[labels] = stream
                self._extend(stream, entries)
            self.lines_received += lines
            self.bytes_received += size_bytes
            if self._heads_bytes > _HEADS_BYTES:
                self._packer.wake()
        for observe in list(self.observers):
            for _, stream, entries in taken:
                observe(stream, entries)

    def _extend(self, stream: Stream, entries: Entries) -> None:
        if not len(entries):
            return
        if not len(stream.head):
            stream.head_since = time.monotonic()
        before = stream.head.size_bytes
        stream.head.extend(entries)
        stream.widen(entries.times)
        self._heads_bytes += stream.head.size_bytes - before

    def _new_rows(self, stream: Stream, entries: Entries) -> list[int]:
        """The numbers of the lines that the stream does not have yet."""
        rows = stream.head.new_rows(entries)
        if not stream.chunks:
            return rows
        first, last = min(entries.times), max(entries.times)
        known: set[int] = set()
        for chunk in stream.chunks:
            if chunk.first <= last and chunk.last >= first:
                known |= self._rows_in_chunk(chunk, entries)
        return [row for row in rows if row not in known] if known else rows

    def _rows_in_chunk(self, chunk: Chunk, entries: Entries) -> set[int]:
        """The numbers of the lines that the chunk has."""
        lines = self._lines_of(chunk, None)
        times = np.array(entries.times, dtype=np.int64)
        at = np.searchsorted(lines.times, times)
        known = set()
        for row in np.flatnonzero(lines.times[np.minimum(at, len(lines) - 1)] == times).tolist():
            place = int(at[row])
            while place < len(lines) and lines.times[place] == times[row]:
                if lines.line(place) == entries.lines[row] and lines.metadata_text(place) == entries.metadata[row]:
                    known.add(row)
                place += 1
        return known

    # -- packing

    def checkpoint(self, everything: bool = True) -> None:
        """Packs heads into chunks: all of them, or those that are large or old."""
        with self._maintenance:
            for stream in self._choose(everything):
                self._pack(stream)

    def _choose(self, everything: bool) -> list[Stream]:
        now = time.monotonic()
        with self._lock:
            streams = sorted(
                (s for s in self._streams.values() if len(s.head)), key=lambda s: s.head.size_bytes, reverse=True
            )
            surplus = self._heads_bytes - _HEADS_BYTES
            chosen = []
            for stream in streams:
                old = now - stream.head_since > _HEAD_SECONDS
                if everything or old or stream.head.text_bytes >= CHUNK_BYTES or surplus > 0:
                    chosen.append(stream)
                    surplus -= stream.head.size_bytes
        return chosen

    def _pack(self, stream: Stream) -> None:
        def look(connection: sqlite3.Connection) -> tuple[int, int]:
            # Lines of this moment's head are in the log by now, or come into it after what is deleted below.
            newest = connection.execute("SELECT max(id) FROM append").fetchone()[0]
            with self._lock:
                return newest or 0, len(stream.head)

        newest, count = self.database.perform(look)
        head = stream.head
        entries = head.entries.slice(0, count)
        packed = sort_and_pack(entries.times, entries.lines, entries.levels, entries.metadata)
        first_id = self._next_chunk
        self._next_chunk += len(packed)
        self.database.perform(partial(_replace_log, stream=stream.id, newest=newest, first_id=first_id, packed=packed))
        chunks = [Chunk(first_id + number, p.first, p.last, p.count, p.size_bytes) for number, p in enumerate(packed)]
        with self._lock:
            self._replace_head(stream, head.entries.slice(count, len(head)))
            stream.chunks += tuple(chunks)

    def _replace_head(self, stream: Stream, entries: Entries) -> None:
        self._heads_bytes -= stream.head.size_bytes
        stream.head = Head(entries)
        stream.head_since = time.monotonic()
        self._heads_bytes += stream.head.size_bytes

    # -- queries

    def _lines_of(self, chunk: Chunk, deadline: Deadline | None) -> Lines:
        def column(name: str) -> bytes:
            with self.database.reader(deadline) as connection:
                row = connection.execute(f"SELECT {name} FROM chunk WHERE id = ?", (chunk.id,)).fetchone()
            if row is None:
                raise StorageUnavailable("lines that were being read are older than the retention and have just gone")
            data: bytes = row[0]
            return data

        get = partial(self._cache.get, chunk.id)
        return Lines(
            get("times", lambda: unpack_numbers(column("times"))),
            get("ends", lambda: unpack_numbers(column("ends"))),
            lambda: get("text", lambda: unpack_text(column("text"))),
            lambda: get("levels", lambda: unpack_dictionary(column("levels"), chunk.count)),
            lambda: get("metadata", lambda: unpack_dictionary(column("metadata"), chunk.count)),
        )

    # -- retention

    def oldest_time(self) -> float | None:
        """Unix seconds of the oldest chunk's end or of the oldest line in a head, or None when there is nothing."""
        with self._lock:
            times = [c.last for s in self._streams.values() for c in s.chunks]
            times += [min(s.head.entries.times) for s in self._streams.values() if len(s.head)]
        return min(times) / 1e9 if times else None

    def delete_before(self, unix_seconds: float) -> int:
        """Deletes chunks that end before the instant, older lines in heads, and streams left without lines.

        Returns how many lines.
        """
        cutoff = int(unix_seconds * 1e9)
        with self._maintenance:
            deleted, ids, gone = self._forget(cutoff)
            self._cache.drop(ids)
            # What the disk does not let go now goes next time.
            self._doomed += ids
            while self._doomed:
                self.database.perform(partial(_delete_chunks, ids=self._doomed[:_CHUNKS_PER_DELETION]))
                del self._doomed[:_CHUNKS_PER_DELETION]
            if deleted:
                self.database.perform(partial(_delete_logged, cutoff=cutoff, streams=gone))
        return deleted

    def _forget(self, cutoff: int) -> tuple[int, list[int], list[int]]:
        """Takes what is old out of memory; returns how many lines, and the ids of the chunks and streams."""
        deleted, ids, gone = 0, [], []
        with self._lock:
            for labels, stream in list(self._streams.items()):
                if stream.first_time >= cutoff:
                    continue
                old = [chunk for chunk in stream.chunks if chunk.last < cutoff]
                ids += [chunk.id for chunk in old]
                deleted += sum(chunk.count for chunk in old)
                stream.chunks = tuple(chunk for chunk in stream.chunks if chunk.last >= cutoff)
                entries = stream.head.entries
                kept = [row for row, instant in enumerate(entries.times) if instant >= cutoff]
                if len(kept) < len(entries):
                    deleted += len(entries) - len(kept)
                    self._replace_head(stream, entries.take(kept))
                stream.measure()
                if not stream.chunks and not len(stream.head):
                    gone.append(stream.id)
                    del self._streams[labels]
        return deleted, ids, gone

    def close(self) -> None:
        """Writes what is queued and closes the file."""
        self._packer.close(timeout_seconds=10)
        self.database.close()


def _write(connection: sqlite3.Connection, batches: Sequence[list[_Logged]]) -> None:
    """One row of the log for each stream, whatever the number of batches."""
    entries: dict[Stream, Entries] = {}
    for batch in batches:
        for logged in batch:
            # The batches' own lists must stay as they are: a failed write is tried again.
            entries.setdefault(logged.stream, Entries()).extend(logged.entries)
    names = [(stream.id, msgspec.json.encode(stream.labels).decode()) for stream in entries]
    insert_rows(connection, "INSERT OR IGNORE INTO labels(stream, labels)", 2, names)
    rows = [
        (stream.id, max(e.times), _encode_entries((e.times, e.lines, e.levels, e.metadata)))
        for stream, e in entries.items()
    ]
    insert_rows(connection, "INSERT INTO append(stream, last, entries)", 3, rows)


def _replace_log(
    connection: sqlite3.Connection, stream: int, newest: int, first_id: int, packed: Sequence[PackedLines]
) -> None:
    for number, p in enumerate(packed):
        connection.execute(
            "INSERT INTO chunk(id, stream, first, last, count, size_bytes, times, ends, levels, metadata, text) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                first_id + number, stream, p.first, p.last, p.count, p.size_bytes,
                p.times, p.ends, p.levels, p.metadata, p.text,
            ),
        )  # fmt: skip
    connection.execute("DELETE FROM append WHERE stream = ? AND id <= ?", (stream, newest))


def _delete_chunks(connection: sqlite3.Connection, ids: Sequence[int]) -> None:
    connection.execute(f"DELETE FROM chunk WHERE id IN ({','.join('?' * len(ids))})", ids)


def _delete_logged(connection: sqlite3.Connection, cutoff: int, streams: Sequence[int]) -> None:
    connection.execute("DELETE FROM append WHERE last < ?", (cutoff,))
    for stream in streams:
        connection.execute("DELETE FROM labels WHERE stream = ?", (stream,))


__all__ = ["LineCondition", "LineConditions", "LogStorage", "Reader", "Row", "Stream"]
