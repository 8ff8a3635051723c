"""Packed blocks as rows: what is known of each, its blobs, and which trace is where."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import msgspec
import numpy as np

from ..database import insert_rows
from .block_builder import BlockBuilder
from .ingest import SpanRow
from .packing import BlockSummary, TraceRows, pack_columns, pack_contents, unpack_content

SCHEMA = """
CREATE TABLE IF NOT EXISTS block(
    id INTEGER PRIMARY KEY, first INTEGER NOT NULL, last INTEGER NOT NULL, newest INTEGER NOT NULL,
    spans INTEGER NOT NULL, traces INTEGER NOT NULL, expires INTEGER NOT NULL, names BLOB NOT NULL,
    hidden BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS block_column(
    block INTEGER NOT NULL, name TEXT NOT NULL, content BLOB NOT NULL, PRIMARY KEY(block, name));
-- The exact spans of some traces, from the one with this number on.
CREATE TABLE IF NOT EXISTS content(
    block INTEGER NOT NULL, first_trace INTEGER NOT NULL, spans BLOB NOT NULL, PRIMARY KEY(block, first_trace));
-- Where a trace is. One that got more spans after it was packed is in several blocks, hidden in all but the newest.
CREATE TABLE IF NOT EXISTS trace(
    id BLOB NOT NULL, block INTEGER NOT NULL, number INTEGER NOT NULL, PRIMARY KEY(id, block)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS trace_block ON trace(block);
"""

_IDS_PER_STATEMENT = 500

#: Where a trace is: block and number in it.
Place = tuple[int, int]


@dataclass(frozen=True)
class PackedBlock:
    """A block ready to be written."""

    summary: BlockSummary
    columns: list[tuple[str, bytes]]
    contents: list[tuple[int, bytes]]
    trace_ids: list[bytes]


def pack_block(id_: int, traces: Sequence[tuple[bytes, TraceRows]], now: int) -> PackedBlock:
    """A block of whole traces, packed. `now` (unix nanoseconds) is when what claims to be newer expires."""
    builder = BlockBuilder()
    for _, rows in traces:
        for source, row in rows:
            builder.add(source, row)
    columns = builder.columns()
    start, first_row = columns.arrays["start"], columns.arrays["first_row"]
    ids = columns.arrays["trace_id"].tobytes()
    trace_ids = [ids[position : position + 16] for position in range(0, len(ids), 16)]
    rows_of = dict(traces)
    summary = BlockSummary(
        id_,
        int(start.min()),
        int((start + columns.arrays["duration"]).max()),
        int(start[first_row[:-1]].max()),
        builder.count,
        len(traces),
        min(int(start.max()), now),
        columns.attribute_names,
    )
    contents = list(pack_contents([(trace_id, rows_of[trace_id]) for trace_id in trace_ids]))
    return PackedBlock(summary, list(pack_columns(columns)), contents, trace_ids)


def write_block(connection: sqlite3.Connection, block: PackedBlock) -> None:
    """Writes a new block."""
    summary = block.summary
    names = msgspec.msgpack.encode({scope: sorted(names) for scope, names in summary.attribute_names.items()})
    connection.execute(
        "INSERT INTO block(id, first, last, newest, spans, traces, expires, names, hidden) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, x'')",
        (
            summary.id,
            summary.first,
            summary.last,
            summary.newest,
            summary.spans,
            summary.traces,
            summary.expires,
            names,
        ),
    )
    id_ = summary.id
    insert_rows(connection, "INSERT INTO block_column", 3, [(id_, *column) for column in block.columns])
    insert_rows(connection, "INSERT INTO content", 3, [(id_, *content) for content in block.contents])
    # In the index's order, which is quicker.
    places = sorted((trace_id, id_, number) for number, trace_id in enumerate(block.trace_ids))
    insert_rows(connection, "INSERT INTO trace", 3, places)


def write_hidden(connection: sqlite3.Connection, summary: BlockSummary) -> None:
    """Writes which traces of a block are hidden."""
    hidden = np.array(sorted(summary.hidden), np.int32).tobytes()
    connection.execute("UPDATE block SET hidden = ? WHERE id = ?", (hidden, summary.id))


def hide(summary: BlockSummary, numbers: Iterable[int]) -> BlockSummary:
    """The summary with more of its traces hidden."""
    return replace(summary, hidden=summary.hidden | frozenset(numbers))


def read_summaries(connection: sqlite3.Connection) -> list[BlockSummary]:
    """What is known of all blocks."""
    rows = connection.execute(
        "SELECT id, first, last, newest, spans, traces, expires, names, hidden FROM block ORDER BY id"
    )
    summaries = []
    for *numbers, names, hidden in rows:
        id_, first, last, newest, spans, traces, expires = numbers
        hidden_traces = frozenset(np.frombuffer(hidden, np.int32).tolist())
        names_by_scope = msgspec.msgpack.decode(names)
        summaries.append(BlockSummary(id_, first, last, newest, spans, traces, expires, names_by_scope, hidden_traces))
    return summaries


def read_column(connection: sqlite3.Connection, block: int, name: str) -> bytes | None:
    """A column's blob, or None when the block does not have it."""
    row = connection.execute("SELECT content FROM block_column WHERE block = ? AND name = ?", (block, name)).fetchone()
    return row[0] if row else None


def find_places(connection: sqlite3.Connection, trace_ids: Sequence[bytes]) -> dict[bytes, list[Place]]:
    """Every place of each of the traces that is in some block, hidden ones among them."""
    places: dict[bytes, list[Place]] = {}
    for position in range(0, len(trace_ids), _IDS_PER_STATEMENT):
        ids = trace_ids[position : position + _IDS_PER_STATEMENT]
        marks = ",".join("?" * len(ids))
        for id_, *place in connection.execute(f"SELECT id, block, number FROM trace WHERE id IN ({marks})", ids):
            places.setdefault(id_, []).append((place[0], place[1]))
    return places


def read_rows(connection: sqlite3.Connection, place: Place) -> list[tuple[bytes, SpanRow]]:
    """The spans of the trace at a place, exactly as they came."""
    block, number = place
    row = connection.execute(
        "SELECT first_trace, spans FROM content WHERE block = ? AND first_trace <= ? ORDER BY first_trace DESC LIMIT 1",
        (block, number),
    ).fetchone()
    return unpack_content(row[1], number - row[0]) if row else []


def delete_block(connection: sqlite3.Connection, id_: int) -> None:
    """Deletes a block with all its traces."""
    for table, column in (("block", "id"), ("block_column", "block"), ("content", "block"), ("trace", "block")):
        connection.execute(f"DELETE FROM {table} WHERE {column} = ?", (id_,))
