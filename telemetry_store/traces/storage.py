"""Traces in memory and on disk.

What arrives is written to a log and kept in memory, the head. From time to time a checkpoint packs the traces to which
nothing came for a while into a block of compressed columns, and leaves the rest to the head and the log. So memory
holds a bounded number of spans, a restart replays only the log, and a search reads only the columns that it names.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

import cramjam
import msgspec

from ..database import Database
from ..deadline import Deadline
from ..packer import Packer
from ..refusals import Busy, Refusal
from . import block_table
from .block_table import PackedBlock, hide, pack_block, read_summaries, write_block, write_hidden
from .columns import SpanBlock
from .head import ArrivingTrace, Head, Rows
from .ingest import Batch, SpanRow
from .packing import BlockSummary, ColumnCache
from .view import TraceView, read_live_rows

_SCHEMA = (
    block_table.SCHEMA
    + """
CREATE TABLE IF NOT EXISTS append(id INTEGER PRIMARY KEY, spans BLOB NOT NULL);
"""
)

#: Spans of a block, about.
_BLOCK_SPANS = 16_384

#: A trace to which nothing came for so long is taken as complete, and packed together with others like it once they
#: have this many spans: smaller blocks would cost every query more than they spare memory.
_IDLE_SECONDS = 10.0
_FEWEST_SPANS = _BLOCK_SPANS // 2

#: From this many spans in the head on the ones idle longest are packed, complete or not, until half are left …
_HEAD_SPANS = 49_152

#: … and when packing cannot keep up, senders are held up, and then refused for a while.
_CROWDED_SPANS = 2 * _HEAD_SPANS
_HEAD_LIMIT = 4 * _HEAD_SPANS

#: Spans packed and written in one transaction.
_STEP_SPANS = 4 * _BLOCK_SPANS

#: Seconds between two looks at whether there is something to pack.
_LOOK_SECONDS = 2.0

#: Unpacked columns that are kept for the next query.
_CACHE_BYTES = 96 * 1024 * 1024

_encode_batch = msgspec.msgpack.Encoder().encode
_decode_batch = msgspec.msgpack.Decoder(Batch).decode


@dataclass(frozen=True)
class _Logged:
    """A batch with its number in the log."""

    number: int
    batch: Batch


@dataclass(frozen=True)
class _Packing:
    """What a checkpoint takes out of the head: traces with the count of their spans so far."""

    head: Head
    traces: list[tuple[bytes, ArrivingTrace, int]]
    #: Everything logged up to this number is either in `traces` or in `rest`.
    logged: int
    rest: list[tuple[bytes, SpanRow]]


class TraceStorage:
    """Takes batches, gives back traces as columns and by id, and forgets what is old."""

    def __init__(self, directory: Path) -> None:
        self.spans_received = 0
        self.bytes_received = 0
        self._lock = threading.Lock()
        self._cache = ColumnCache(_CACHE_BYTES)
        self._packing = threading.Lock()
        self._packer = Packer("traces", self.checkpoint_if_due, _LOOK_SECONDS)
        self.database: Database[_Logged] = Database(directory / "traces.db", _SCHEMA, self._write)
        self._head = Head(self._lock)
        self._logged = 0
        with self.database.reader() as connection:
            self._summaries = {summary.id: summary for summary in read_summaries(connection)}
            for number, spans in connection.execute("SELECT id, spans FROM append ORDER BY id"):
                self._head.add(_unpack_batch(spans))
                self._logged = number
        self._next_block = max(self._summaries, default=0) + 1
        self._packer.start()

    # -- ingest

    def append(self, batch: Batch, size_bytes: int) -> None:
        """Takes a checked batch. Raises Busy or StorageUnavailable, and then takes nothing of it."""
        if not batch:
            return
        with self._lock:
            if self._head.count > _HEAD_LIMIT:
                raise Busy("too many spans are waiting to be packed; try again in a moment")
            self.database.submit(_Logged(self._logged + 1, batch), size_bytes)
            self._logged += 1
            self._head.add(batch)
            crowded = self._head.count > _HEAD_SPANS
        if crowded:
            self._packer.wake()
        self.spans_received += sum(len(spans) for _, spans in batch)
        self.bytes_received += size_bytes

    @property
    def is_crowded(self) -> bool:
        """Whether packing should catch up before more spans come."""
        return self._head.count > _CROWDED_SPANS

    def _write(self, connection: sqlite3.Connection, batches: Sequence[_Logged]) -> None:
        connection.executemany(
            "INSERT INTO append(id, spans) VALUES (?, ?)", [(b.number, _pack_batch(b.batch)) for b in batches]
        )

    # -- queries

    @contextlib.contextmanager
    def reader(self, deadline: Deadline) -> Iterator[TraceView]:
        """A view of every span acknowledged so far."""
        with self.database.reader(deadline) as connection:
            with self._lock:
                # Fixes what the connection sees at the same moment as the blocks and the head.
                connection.execute("SELECT 1 FROM block LIMIT 1").fetchone()
                view = TraceView(connection, self._summaries, self._head, self._cache, deadline)
            yield view

    def blocks(self, start: int, end: int, deadline: Deadline) -> Iterator[SpanBlock]:
        """Blocks with spans in [start, end] (unix nanoseconds), newest first; see `TraceView.blocks`."""
        with self.reader(deadline) as view:
            yield from view.blocks(start, end)

    # -- checkpoints

    def checkpoint_if_due(self) -> None:
        """Packs traces that seem complete when there are enough of them, and others when memory is short."""
        while not self._packer.closing and self._pack(self._due):
            pass

    def checkpoint(self, trace_ids: Collection[bytes] | None = None) -> None:
        """Packs these traces, or everything."""
        while self._pack(lambda head: [id_ for id_ in head.traces if trace_ids is None or id_ in trace_ids]):
            pass

    def _due(self, head: Head) -> list[bytes]:
        by_age = sorted(head.traces.items(), key=lambda item: item[1].last_arrival)
        latest = time.monotonic() - _IDLE_SECONDS
        idle = [(trace_id, len(trace.rows)) for trace_id, trace in by_age if trace.last_arrival <= latest]
        if head.count > _HEAD_SPANS:
            excess = head.count - _HEAD_SPANS // 2
            chosen = []
            for trace_id, trace in by_age:
                if excess <= 0:
                    break
                excess -= len(trace.rows)
                chosen.append(trace_id)
            return chosen
        return [trace_id for trace_id, _ in idle] if sum(count for _, count in idle) >= _FEWEST_SPANS else []

    def _pack(self, choose: Callable[[Head], list[bytes]]) -> bool:
        """Packs some of the traces that are chosen; returns whether there were any."""
        with self._packing:
            packing = self._take(choose)
            if packing is None:
                return False
            blocks, hidden = self._make_blocks(packing)
            self._replace(packing, blocks, hidden)
        return True

    def _take(self, choose: Callable[[Head], list[bytes]]) -> _Packing | None:
        with self._lock:
            head = self._head
            taken: dict[bytes, int] = {}
            spans = 0
            for trace_id in choose(head):
                taken[trace_id] = len(head.traces[trace_id].rows)
                spans += taken[trace_id]
                if spans >= _STEP_SPANS:
                    break
            if not taken:
                return None
            traces = [(trace_id, head.traces[trace_id], count) for trace_id, count in taken.items()]
            rest = [span for trace_id, trace in head.traces.items() if trace_id not in taken for span in trace.rows]
            return _Packing(head, traces, self._logged, rest)

    def _make_blocks(self, packing: _Packing) -> tuple[list[PackedBlock], dict[int, BlockSummary]]:
        """New blocks with the taken traces, and the summaries of older ones in which some of these are hidden now."""
        hidden: dict[int, BlockSummary] = {}
        traces: list[tuple[bytes, Rows]] = []
        with self.database.reader() as connection:
            ids = [trace_id for trace_id, _, _ in packing.traces]
            places = block_table.find_places(connection, ids) if self._summaries else {}
            for trace_id, trace, count in packing.traces:
                rows = read_live_rows(connection, self._summaries, places.get(trace_id, ()))
                rows |= dict.fromkeys(islice(trace.rows, count))
                traces.append((trace_id, rows))
                for block, number in places.get(trace_id, ()):
                    summary = hidden.get(block) or self._summaries.get(block)
                    if summary is not None:
                        hidden[block] = hide(summary, [number])
        # Old and new apart: retention deletes whole blocks.
        traces.sort(key=lambda item: min(row[6] for _, row in item[1]))
        blocks = []
        for group in _groups(traces):
            blocks.append(pack_block(self._next_block, group, time.time_ns()))
            self._next_block += 1
        return blocks, hidden

    def _replace(self, packing: _Packing, blocks: Sequence[PackedBlock], hidden: dict[int, BlockSummary]) -> None:
        """Writes the blocks, and leaves to log and head what is not in them."""
        given_up = False

        def write(connection: sqlite3.Connection) -> None:
            if given_up:
                # The disk refused writes for so long that these traces are packed again, in another block.
                return
            # Whatever was submitted before this task is in the log by now.
            for block in blocks:
                write_block(connection, block)
            for summary in hidden.values():
                write_hidden(connection, summary)
            connection.execute("DELETE FROM append WHERE id <= ?", (packing.logged,))
            if packing.rest:
                rest = (packing.logged, _pack_batch(_as_batch(packing.rest)))
                connection.execute("INSERT INTO append(id, spans) VALUES (?, ?)", rest)

        try:
            self.database.perform(write)
        except Refusal:
            given_up = True
            raise
        with self._lock:
            self._summaries = {**self._summaries, **hidden, **{block.summary.id: block.summary for block in blocks}}
            traces = dict(packing.head.traces)
            for trace_id, trace, count in packing.traces:
                del traces[trace_id]
                if len(trace.rows) > count:
                    kept = traces[trace_id] = ArrivingTrace()
                    kept.rows, kept.last_arrival = dict.fromkeys(islice(trace.rows, count, None)), trace.last_arrival
            self._head = Head(self._lock, traces)

    # -- retention

    def oldest_time(self) -> float | None:
        """Unix seconds before which there is nothing left to delete; None when there is nothing at all."""
        with self._lock:
            times = [summary.expires for summary in self._summaries.values()]
            times += [_newest_start(trace.rows) for trace in self._head.traces.values() if trace.rows]
        return min(times) / 1e9 if times else None

    def delete_before(self, unix_seconds: float) -> int:
        """Deletes blocks and arriving traces all of whose spans started before the instant; returns how many spans."""
        cutoff = int(unix_seconds * 1e9)
        deleted = 0
        with self._packing:
            old = self._take(lambda head: [i for i, t in head.traces.items() if _newest_start(t.rows) < cutoff])
            while old is not None:
                deleted += sum(count for _, _, count in old.traces)
                self._replace(old, (), {})
                old = self._take(lambda head: [i for i, t in head.traces.items() if _newest_start(t.rows) < cutoff])
            with self._lock:
                gone = [summary for summary in self._summaries.values() if summary.expires < cutoff]
                self._summaries = {id_: s for id_, s in self._summaries.items() if s.expires >= cutoff}
            try:
                # One at a time, so that ingest waits only briefly. Nobody sees them any more.
                while gone:
                    id_ = gone[-1].id
                    self.database.perform(partial(block_table.delete_block, id_=id_))
                    deleted += gone.pop().spans
            finally:
                with self._lock:
                    self._summaries = {**self._summaries, **{summary.id: summary for summary in gone}}
        return deleted

    def close(self) -> None:
        """Writes what is queued and closes the file."""
        self._packer.close(timeout_seconds=30)
        self.database.close()


def _newest_start(rows: Rows) -> int:
    return max(row[6] for _, row in rows)


def _groups(traces: Sequence[tuple[bytes, Rows]]) -> Iterator[list[tuple[bytes, Rows]]]:
    """The traces in groups of about a block's size, all of them alike."""
    spans = sum(len(rows) for _, rows in traces)
    size = spans / max(1, round(spans / _BLOCK_SPANS))
    group: list[tuple[bytes, Rows]] = []
    count = 0
    for trace in traces:
        group.append(trace)
        count += len(trace[1])
        if count >= size:
            yield group
            group, count = [], 0
    if group:
        yield group


def _as_batch(rows: Iterable[tuple[bytes, SpanRow]]) -> Batch:
    by_source: dict[bytes, list[SpanRow]] = {}
    for source, row in rows:
        by_source.setdefault(source, []).append(row)
    return list(by_source.items())


def _pack_batch(batch: Batch) -> bytes:
    return bytes(cramjam.lz4.compress_block(_encode_batch(batch)))


def _unpack_batch(content: bytes) -> Batch:
    return _decode_batch(bytes(cramjam.lz4.decompress_block(content)))


__all__ = ["TraceStorage", "TraceView"]
