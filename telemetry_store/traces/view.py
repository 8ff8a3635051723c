"""What one query sees: the packed blocks and the head at one moment, whatever is packed or deleted meanwhile."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence

from ..deadline import Deadline
from . import block_table
from .block_table import Place
from .columns import SpanBlock
from .head import Head, Rows
from .packing import BlockSummary, ColumnCache, PackedColumns
from .spans import StoredSpan


class TraceView:
    """All traces as of one moment."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        summaries: Mapping[int, BlockSummary],
        head: Head,
        cache: ColumnCache,
        deadline: Deadline,
    ) -> None:
        self._connection = connection
        self._summaries = summaries
        self._head = head
        self._cache = cache
        self._deadline = deadline

    def blocks(self, start: int, end: int) -> Iterator[SpanBlock]:
        """Blocks with spans in [start, end] (unix nanoseconds), the one with the newest trace first.

        Every trace is whole in exactly one block. Blocks hold traces outside the range, too.
        """
        # The head first: it finds out which packed traces it holds more completely.
        head = self._head.block(self._find_places, self._packed_rows)
        blocks = [block for summary in self.summaries(start, end) if (block := self._packed_block(summary))]
        if head is not None and head.trace_count and head.touches(start, end):
            blocks.append(head)
        blocks.sort(key=lambda block: block.newest, reverse=True)
        for block in blocks:
            self._deadline.check()
            yield block

    def summaries(self, start: int, end: int) -> list[BlockSummary]:
        """What is known of the packed blocks that have spans in [start, end]."""
        return [summary for summary in self._summaries.values() if summary.first <= end and summary.last >= start]

    def trace(self, trace_id: bytes) -> list[StoredSpan]:
        """The spans of one trace by start time; empty when there is no such trace."""
        rows = self._packed_rows(trace_id)
        arriving = self._head.traces.get(trace_id)
        if arriving is not None:
            rows |= arriving.rows
        return sorted((StoredSpan.of(source, row) for source, row in rows), key=lambda span: span.start)

    def _packed_block(self, summary: BlockSummary) -> SpanBlock | None:
        hidden = summary.hidden | self._head.hidden.get(summary.id, set())
        if len(hidden) == summary.traces:
            return None

        def read(name: str) -> bytes | None:
            self._deadline.check()
            return block_table.read_column(self._connection, summary.id, name)

        return SpanBlock(PackedColumns(summary, read, self._cache), summary.newest, hidden)

    def _find_places(self, trace_ids: Sequence[bytes]) -> dict[bytes, list[Place]]:
        return block_table.find_places(self._connection, trace_ids) if self._summaries else {}

    def _packed_rows(self, trace_id: bytes) -> Rows:
        places = self._find_places([trace_id]).get(trace_id, ())
        return read_live_rows(self._connection, self._summaries, places)


def read_live_rows(
    connection: sqlite3.Connection, summaries: Mapping[int, BlockSummary], places: Sequence[Place]
) -> Rows:
    """The spans of a trace from the one of its places where it is not hidden."""
    for block, number in places:
        summary = summaries.get(block)
        if summary is not None and number not in summary.hidden:
            return dict.fromkeys(block_table.read_rows(connection, (block, number)))
    return {}
