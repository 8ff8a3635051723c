"""The traces that are still arriving: in memory, and encoded as columns when a query wants them, each span once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

from .block_builder import BlockBuilder
from .block_table import Place
from .columns import SpanBlock
from .ingest import Batch, SpanRow

#: (source, row) of spans in order of arrival, each once: what is sent again counts once. As in Tempo several spans may
#: share one id, as a client's and a server's do.
Rows = dict[tuple[bytes, SpanRow], None]


class ArrivingTrace:
    """The spans of one trace that are not packed yet."""

    __slots__ = ("last_arrival", "packed", "rows")

    def __init__(self) -> None:
        self.rows: Rows = {}
        #: Those of its spans that are known to be packed already.
        self.packed: Rows = {}
        #: By the monotonic clock.
        self.last_arrival = 0.0


class Head:
    """Traces that are still arriving. A checkpoint leaves what it packs out of the next head; this one stays as it is
    for the queries that began with it."""

    def __init__(self, lock: threading.Lock, traces: dict[bytes, ArrivingTrace] | None = None) -> None:
        """`lock` guards every change of what has arrived."""
        self.traces = traces if traces is not None else {}
        self.count = sum(len(trace.rows) for trace in self.traces.values())
        #: Of packed blocks, the numbers of traces that are in the head as well: it holds them whole.
        self.hidden: dict[int, set[int]] = {}
        self._lock = lock
        self._waiting = [row for trace in self.traces.values() for row in trace.rows]
        self._unchecked = list(self.traces)
        self._encoding = threading.Lock()
        self._builder = BlockBuilder()
        self._block: SpanBlock | None = None

    def add(self, batch: Batch) -> None:
        """Takes the batch's spans that are not here yet. The caller holds the lock."""
        now = time.monotonic()
        before = len(self._waiting)
        for source, rows in batch:
            for row in rows:
                trace = self.traces.get(row[0])
                if trace is None:
                    trace = self.traces[row[0]] = ArrivingTrace()
                    self._unchecked.append(row[0])
                span = source, row
                if span not in trace.rows and span not in trace.packed:
                    trace.rows[span] = None
                    trace.last_arrival = now
                    self._waiting.append(span)
        self.count += len(self._waiting) - before

    def block(
        self, find: Callable[[Sequence[bytes]], dict[bytes, list[Place]]], read: Callable[[bytes], Rows]
    ) -> SpanBlock | None:
        """All its traces, whole, as a block; None when there are none.

        `find` tells where packed parts of traces are, `read` gives the packed part of one.
        """
        with self._encoding:
            self._gather_packed_parts(find, read)
            with self._lock:
                waiting, self._waiting = self._waiting, []
            if waiting:
                for source, row in waiting:
                    self._builder.add(source, row)
                self._block = None
            if self._block is None and self._builder.count:
                columns = self._builder.columns()
                first_rows = columns.arrays["first_row"][:-1]
                self._block = SpanBlock(columns, int(columns.arrays["start"][first_rows].max()))
            return self._block

    def _gather_packed_parts(
        self, find: Callable[[Sequence[bytes]], dict[bytes, list[Place]]], read: Callable[[bytes], Rows]
    ) -> None:
        with self._lock:
            count = len(self._unchecked)
            unchecked = self._unchecked[:count]
        places = find(unchecked) if unchecked else {}
        parts = [(trace_id, read(trace_id)) for trace_id in places]
        # Only now, so that a query which was cut off leaves the rest to the next one.
        with self._lock:
            del self._unchecked[:count]
            for trace_id, rows in parts:
                trace = self.traces[trace_id]
                trace.packed = rows
                self._waiting += [span for span in rows if span not in trace.rows]
                for block, number in places[trace_id]:
                    self.hidden.setdefault(block, set()).add(number)
