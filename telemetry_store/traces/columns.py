"""Spans as columns: for each attribute and intrinsic its distinct values, and which span has which.

So a condition is judged once per distinct value and spread over the spans by `take`. A block holds whole traces. Where
its columns lie (in memory, in packed blobs) its `ColumnSource` knows: `block_builder` and `packing` have one each.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from .spans import SpanSource, Value

Int32s = NDArray[np.int32]
Int64s = NDArray[np.int64]

#: Scopes that attributes are grouped by.
SCOPES = ("span", "resource", "instrumentation", "event", "link")

#: In place of the distance to the parent: it has none, or it has not arrived.
NO_PARENT = 2**31 - 1


class Column:
    """The values of one attribute or intrinsic.

    `values` holds the distinct ones, typed (True is not 1, and 1 is not 1.0; status and kind are OTLP's numbers), and
    perhaps some that no span of this block has. `codes` has one index into them per span (or per event, per link), -1
    where there is none: a table of results with one more entry at its end can be indexed by it directly. Codes are read
    only when somebody asks for them, so a block without a fitting value costs little.
    """

    def __init__(self, values: Sequence[Value], codes: Int32s | Callable[[], Int32s]) -> None:
        self.values = values
        self._codes = codes

    @property
    def codes(self) -> Int32s:
        """The index of each one's value, -1 for none."""
        if callable(self._codes):
            self._codes = self._codes()
        return self._codes


class ColumnSource(Protocol):
    """Where a block's columns lie.

    Arrays of whole numbers, one entry per span unless said otherwise: `start` `duration` `span_id` `parent_id` (uint64,
    0 for none) `parent` (how many rows further the parent stands, or NO_PARENT) `source` (index into `sources`),
    `first_row` (per trace, and the count at the end), `trace_id` (16 bytes per trace), `event_row` `event_time` (per
    event: its span's row, and nanoseconds since the span's start), `link_row` (per link).
    Columns: `span:name` `span:kind` `span:status` `span:statusMessage` `event:name` `link:traceID` `link:spanID`, and
    attributes as `span.…` `event.…` `link.…`.
    """

    @property
    def sources(self) -> Sequence[SpanSource]:
        """Resources and scopes of the spans."""

    @property
    def attribute_names(self) -> Mapping[str, Collection[str]]:
        """Names of attributes by scope (span, event, link)."""

    def array(self, name: str) -> NDArray[Any]:
        """One of the arrays."""

    def column(self, name: str) -> Column | None:
        """One of the columns, or None when no span has it."""


class SpanBlock:
    """Some spans of whole traces: grouped by trace, traces by their start, spans by start within a trace."""

    def __init__(self, columns: ColumnSource, newest: int, hidden_traces: Collection[int] = ()) -> None:
        """A view of the columns. No trace of them starts after `newest` (unix nanoseconds); `hidden_traces` are numbers
        of those that another block holds more completely."""
        self.newest = newest
        self._columns = columns
        self._derived: dict[str, Column] = {}
        self._kept: NDArray[np.intp] | None = None
        if hidden_traces:
            shown = np.ones(len(self._array_of_traces) - 1, np.bool_)
            shown[list(hidden_traces)] = False
            self._kept_traces = np.flatnonzero(shown)
            self._kept = np.flatnonzero(np.repeat(shown, np.diff(self._array_of_traces)))

    @cached_property
    def _array_of_traces(self) -> Int64s:
        return self._columns.array("first_row").astype(np.int64)

    # -- one entry per span

    def _array(self, name: str) -> NDArray[Any]:
        array = self._columns.array(name)
        return array if self._kept is None else array[self._kept]

    @property
    def count(self) -> int:
        """How many spans there are."""
        return int(self.first_row[-1])

    @cached_property
    def start(self) -> Int64s:
        """Unix nanoseconds."""
        return self._array("start").astype(np.int64, copy=False)

    @cached_property
    def duration(self) -> Int64s:
        """Nanoseconds."""
        return self._array("duration").astype(np.int64, copy=False)

    @cached_property
    def span_ids(self) -> NDArray[np.uint64]:
        """Span ids as big-endian numbers (`format(id, '016x')` is the usual text)."""
        return self._array("span_id")

    @cached_property
    def parent_ids(self) -> NDArray[np.uint64]:
        """Ids of the parents, 0 for none, whether they have arrived or not."""
        return self._array("parent_id")

    @property
    def has_parent_id(self) -> NDArray[np.bool_]:
        """Whether a span names a parent; one that does not is a root."""
        return np.not_equal(self.parent_ids, 0)

    @cached_property
    def trace(self) -> Int32s:
        """The number of each span's trace within this block, rising."""
        return np.repeat(np.arange(self.trace_count, dtype=np.int32), np.diff(self.first_row))

    @cached_property
    def parent(self) -> Int32s:
        """The row of each span's parent, -1 where there is none or it has not arrived. Parents may form cycles.

        Where a client's and a server's span share one id, the kind of the child tells which is meant; of more than two
        with one id none is, as in Tempo.
        """
        distance = self._columns.array("parent")
        rows = np.where(distance == NO_PARENT, -1, np.arange(len(distance)) + distance).astype(np.int32)
        return rows if self._kept is None else _moved(rows[self._kept], self._kept, len(rows))

    # -- one entry per trace

    @property
    def trace_count(self) -> int:
        """How many traces there are."""
        return len(self.first_row) - 1

    @cached_property
    def first_row(self) -> Int64s:
        """The first row of each trace, and the count of spans at the end."""
        if self._kept is None:
            return self._array_of_traces
        lengths = np.diff(self._array_of_traces)[self._kept_traces]
        return np.concatenate(([0], np.cumsum(lengths)))

    @cached_property
    def trace_ids(self) -> list[bytes]:
        """The id of each trace, 16 bytes."""
        packed = self._columns.array("trace_id").tobytes()
        ids = [packed[position : position + 16] for position in range(0, len(packed), 16)]
        return ids if self._kept is None else [ids[number] for number in self._kept_traces]

    @cached_property
    def trace_start(self) -> Int64s:
        """Unix nanoseconds of each trace's first start."""
        return self.start[self.first_row[:-1]]

    @cached_property
    def trace_end(self) -> Int64s:
        """Unix nanoseconds of each trace's last end."""
        if not self.trace_count:
            return np.zeros(0, np.int64)
        return np.maximum.reduceat(self.start + self.duration, self.first_row[:-1])

    @cached_property
    def root(self) -> Int32s:
        """The row of each trace's root (as in Tempo the last of its spans without a parent's id), -1 for none."""
        roots = np.flatnonzero(~self.has_parent_id)
        # Tempo orders a trace by resource: spans of a source stand together, the source whose first started first.
        source = self.trace[roots].astype(np.int64) * len(self.sources) + self.source[roots]
        sources, dense = np.unique(source, return_inverse=True)
        began = np.full(len(sources), np.iinfo(np.int64).max)
        every = self.trace.astype(np.int64) * len(self.sources) + self.source
        place = np.minimum(np.searchsorted(sources, every), max(len(sources) - 1, 0))
        known = sources[place] == every if len(sources) else np.zeros(len(every), np.bool_)
        np.minimum.at(began, place[known], self.start[known])
        ordered = roots[np.lexsort((self.start[roots], began[dense]))]
        result = np.full(self.trace_count, -1, np.int32)
        result[self.trace[ordered]] = ordered
        return result

    def touches(self, start: int, end: int) -> bool:
        """Whether a span lies in [start, end], unix nanoseconds."""
        return bool(((self.start <= end) & (self.start + self.duration >= start)).any())

    # -- columns

    @property
    def sources(self) -> Sequence[SpanSource]:
        """Resources and scopes of the spans."""
        return self._columns.sources

    @cached_property
    def source(self) -> Int32s:
        """Index into `sources` of each span."""
        return self._array("source").astype(np.int32)

    def intrinsic(self, name: str) -> Column:
        """An intrinsic of every span: span:name, span:kind, span:status, span:statusMessage, instrumentation:name,
        instrumentation:version, and `service` for the service's name."""
        if name == "service":
            return self._of_sources(name, lambda source: source.service_name)
        if name == "instrumentation:name":
            return self._of_sources(name, lambda source: source.decoded.scope.name)
        if name == "instrumentation:version":
            return self._of_sources(name, lambda source: source.decoded.scope.version)
        return self._stored(name)

    def attribute(self, scope: str, name: str) -> Column:
        """An attribute of the spans (`span`), their resources (`resource`) or scopes (`instrumentation`)."""
        if scope == "resource":
            return self._of_sources(f"resource.{name}", lambda source: source.resource.get(name))
        if scope == "instrumentation":
            return self._of_sources(f"instrumentation.{name}", lambda source: source.scope_attributes.get(name))
        return self._stored(f"{scope}.{name}")

    def attribute_names(self, scope: str) -> Collection[str]:
        """Names of the attributes that some span has in this scope (span, resource, instrumentation, event, link)."""
        if scope == "resource":
            return {name for source in self.sources for name in source.resource}
        if scope == "instrumentation":
            return {name for source in self.sources for name in source.scope_attributes}
        return self._columns.attribute_names.get(scope, ())

    def events(self, name: str) -> tuple[Int32s, Column]:
        """An intrinsic (`event:name`) or attribute (`event.exception.type`) of the events, one code per event, and the
        row of each event's span; a span's events stand together, as they were sent."""
        return self._items("event_row", name)

    @cached_property
    def event_times(self) -> tuple[Int32s, Int64s]:
        """Of every event its span's row, and the nanoseconds since that span's start."""
        rows, kept = self._item_rows("event_row")
        return rows, self._columns.array("event_time")[kept].astype(np.int64, copy=False)

    def links(self, name: str) -> tuple[Int32s, Column]:
        """An intrinsic (`link:traceID`, `link:spanID`: text in hexadecimal) or attribute (`link.…`) of the links, one
        code per link, and the row of each link's span."""
        return self._items("link_row", name)

    # -- how they are found

    def _stored(self, name: str) -> Column:
        column = self._derived.get(name)
        if column is None:
            column = self._columns.column(name)
            if column is None:
                column = Column((), lambda: np.full(self.count, -1, np.int32))
            elif self._kept is not None:
                column = _taken(column, self._kept)
            self._derived[name] = column
        return column

    def _of_sources(self, name: str, value_of: Callable[[SpanSource], Value | None]) -> Column:
        column = self._derived.get(name)
        if column is None:
            numbers: dict[object, int] = {}
            values: list[Value] = []
            table = np.full(len(self.sources) + 1, -1, np.int32)
            for index, source in enumerate(self.sources):
                value = value_of(source)
                if value is not None:
                    number = table[index] = numbers.setdefault(key_of(value), len(values))
                    if number == len(values):
                        values.append(value)
            column = self._derived[name] = Column(values, lambda: table[self.source])
        return column

    def _items(self, row_array: str, name: str) -> tuple[Int32s, Column]:
        rows, kept = self._item_rows(row_array)
        column = self._columns.column(name)
        if column is None:
            return rows, Column((), lambda: np.full(len(rows), -1, np.int32))
        return rows, column if self._kept is None else _taken(column, kept)

    def _item_rows(self, row_array: str) -> tuple[Int32s, Any]:
        rows = self._columns.array(row_array).astype(np.int32)
        if self._kept is None:
            return rows, slice(None)
        moved = _moved(rows, self._kept, int(self._array_of_traces[-1]))
        kept = np.flatnonzero(moved >= 0)
        return moved[kept], kept


def key_of(value: Value) -> object:
    """What tells a value from others: 1, 1.0, True and "1" are four values; NaN is one."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return (list, *(key_of(item) for item in value))
    return (type(value), None if isinstance(value, float) and math.isnan(value) else value)


def _taken(column: Column, kept: NDArray[np.intp]) -> Column:
    return Column(column.values, lambda: column.codes[kept])


def _moved(rows: Int32s, kept: NDArray[np.intp], count: int) -> Int32s:
    """Where the rows stand when only the kept ones of `count` are left; -1 for none."""
    new_row = np.full(count + 1, -1, np.int32)
    new_row[kept] = np.arange(len(kept), dtype=np.int32)
    return new_row[rows]
