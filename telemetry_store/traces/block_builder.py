"""Rows of spans -> columns, one span after another: what is added stays encoded, whatever block it ends up in."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from .columns import NO_PARENT, Column, key_of
from .ingest import SpanRow
from .parents import parent_rows
from .spans import SpanSource, Value, plain, source_of


class _GrowingColumn:
    """Distinct values so far, and the (row, code) pairs of those that have one."""

    __slots__ = ("code_by_content", "code_by_key", "codes", "last_row", "rows", "values")

    def __init__(self) -> None:
        self.code_by_key: dict[object, int] = {}
        #: Codes by a text, or by what stands in OTLP/JSON, so that most values need not be understood again.
        self.code_by_content: dict[object, int] = {}
        self.values: list[Value] = []
        self.rows = array("i")
        self.codes = array("i")
        self.last_row = -1

    def add(self, row: int, value: str | int) -> None:
        """Adds a plain value."""
        code = self.code_by_content.get(value)
        if code is None:
            code = self.code_by_content[value] = self._code_of(value)
        self.rows.append(row)
        self.codes.append(code)

    def add_any(self, row: int, value: Mapping[str, Any] | None) -> None:
        """Adds an OTLP/JSON value, unless it is of a type that TraceQL does not have."""
        if row == self.last_row:
            # Of several with one name the first counts.
            return
        self.last_row = row
        code = None
        for kind, content in (value or {}).items():
            key = content if kind == "stringValue" else (kind, content)
            try:
                code = self.code_by_content.get(key)
            except TypeError:
                # A list: no key for a mapping.
                break
            if code is None:
                break
        if code is None:
            typed = plain(value)
            if typed is None:
                return
            code = self._code_of(typed)
            if not isinstance(typed, list):
                self.code_by_content[key] = code
        self.rows.append(row)
        self.codes.append(code)

    def _code_of(self, value: Value) -> int:
        code = self.code_by_key.setdefault(key_of(value), len(self.values))
        if code == len(self.values):
            self.values.append(value)
        return code


class BlockBuilder:
    """Spans in the order of their arrival, encoded."""

    def __init__(self) -> None:
        self.count = 0
        self._trace_numbers: dict[bytes, int] = {}
        self._source_numbers: dict[bytes, int] = {}
        self._trace = array("i")
        self._source = array("i")
        self._start = array("q")
        self._duration = array("q")
        self._span_ids = bytearray()
        self._parent_ids = bytearray()
        self._columns: dict[str, _GrowingColumn] = {}
        self._attribute_columns: dict[str, dict[str, _GrowingColumn]] = {"span": {}, "event": {}, "link": {}}
        self._name, self._kind, self._status = map(self._column, ("span:name", "span:kind", "span:status"))
        self._event_row = array("i")
        self._event_time = array("q")
        self._link_row = array("i")

    def add(self, source: bytes, row: SpanRow) -> None:
        """Adds a span; it must not be there already."""
        trace_id, span_id, parent_id, name, kind, status, start, duration, details_json = row
        number = self.count
        self.count += 1
        self._trace.append(self._trace_numbers.setdefault(trace_id, len(self._trace_numbers)))
        self._source.append(self._source_numbers.setdefault(source, len(self._source_numbers)))
        self._start.append(start)
        self._duration.append(duration)
        self._span_ids += span_id
        self._parent_ids += parent_id or bytes(8)
        self._name.add(number, name)
        self._kind.add(number, kind)
        self._status.add(number, status)
        if details_json == b"{}":
            return
        details = orjson.loads(details_json)
        if "statusMessage" in details:
            self._column("span:statusMessage").add(number, details["statusMessage"])
        if "attributes" in details:
            self._attributes("span", number, details["attributes"])
        for event in details.get("events", ()):
            self._add_event(number, start, event)
        for link in details.get("links", ()):
            self._add_link(number, link)

    def _add_event(self, number: int, start: int, event: Mapping[str, Any]) -> None:
        item = len(self._event_row)
        self._event_row.append(number)
        # Whoever sends nonsense times must not make a number that no array holds.
        self._event_time.append(max(-(2**63), min(int(event.get("timeUnixNano", 0)) - start, 2**63 - 1)))
        self._column("event:name").add(item, event.get("name", ""))
        self._attributes("event", item, event.get("attributes", ()))

    def _add_link(self, number: int, link: Mapping[str, Any]) -> None:
        item = len(self._link_row)
        self._link_row.append(number)
        self._column("link:traceID").add(item, link.get("traceId", "").lower())
        self._column("link:spanID").add(item, link.get("spanId", "").lower())
        self._attributes("link", item, link.get("attributes", ()))

    def _column(self, name: str) -> _GrowingColumn:
        column = self._columns.get(name)
        if column is None:
            column = self._columns[name] = _GrowingColumn()
        return column

    def _attributes(self, scope: str, number: int, attributes: Sequence[Mapping[str, Any]]) -> None:
        columns = self._attribute_columns[scope]
        for attribute in attributes:
            name = attribute["key"]
            column = columns.get(name)
            if column is None:
                column = columns[name] = self._column(f"{scope}.{name}")
            column.add_any(number, attribute["value"])

    def columns(self) -> MemoryColumns:
        """All spans added so far, as a block's columns."""
        trace, start = np.array(self._trace, np.int64), np.array(self._start, np.int64)
        trace_start = np.full(len(self._trace_numbers), np.iinfo(np.int64).max)
        np.minimum.at(trace_start, trace, start)
        order = np.lexsort((start, trace, trace_start[trace]))
        ordered_trace = trace[order]
        first_row = np.append(np.flatnonzero(np.diff(ordered_trace, prepend=-1)), self.count)
        ids = b"".join(self._trace_numbers)
        id_array = np.frombuffer(ids, np.uint8).reshape(-1, 16)
        arrays: dict[str, NDArray[Any]] = {
            "first_row": first_row,
            "trace_id": id_array[ordered_trace[first_row[:-1]]],
            "start": start[order],
            "duration": np.array(self._duration, np.int64)[order],
            "span_id": np.frombuffer(bytes(self._span_ids), ">u8").astype(np.uint64)[order],
            "parent_id": np.frombuffer(bytes(self._parent_ids), ">u8").astype(np.uint64)[order],
            "source": np.array(self._source, np.int32)[order],
        }
        new_row = np.empty(self.count, np.int32)
        new_row[order] = np.arange(self.count, dtype=np.int32)
        event_row = new_row[np.array(self._event_row, np.int32)]
        link_row = new_row[np.array(self._link_row, np.int32)]
        orders = {
            "span": order,
            "event": np.argsort(event_row, kind="stable"),
            "link": np.argsort(link_row, kind="stable"),
        }
        arrays["event_row"] = event_row[orders["event"]]
        arrays["event_time"] = np.array(self._event_time, np.int64)[orders["event"]]
        arrays["link_row"] = link_row[orders["link"]]
        columns = {
            name: _ordered(column, orders[name.replace(":", ".").partition(".")[0]])
            for name, column in self._columns.items()
        }
        return MemoryColumns([source_of(source) for source in self._source_numbers], arrays, columns)


def _ordered(column: _GrowingColumn, order: NDArray[np.intp]) -> Column:
    rows, codes = np.array(column.rows, np.int32), np.array(column.codes, np.int32)

    def read() -> NDArray[np.int32]:
        all_codes = np.full(len(order), -1, np.int32)
        all_codes[rows] = codes
        return all_codes[order]

    return Column(list(column.values), read)


class MemoryColumns:
    """A block's columns in memory."""

    def __init__(
        self, sources: Sequence[SpanSource], arrays: dict[str, NDArray[Any]], columns: Mapping[str, Column]
    ) -> None:
        self.sources = sources
        self.arrays = arrays
        self.columns = columns
        self.attribute_names = {
            scope: {name.partition(".")[2] for name in columns if name.startswith(f"{scope}.")}
            for scope in ("span", "event", "link")
        }

    def array(self, name: str) -> NDArray[Any]:
        """One of the arrays."""
        if name == "parent" and name not in self.arrays:
            self.arrays[name] = self._distances_to_parents()
        return self.arrays[name]

    def _distances_to_parents(self) -> NDArray[np.int32]:
        arrays, kind = self.arrays, self.columns["span:kind"]
        first_row = arrays["first_row"]
        trace = np.repeat(np.arange(len(first_row) - 1, dtype=np.int32), np.diff(first_row))
        parents = parent_rows(
            trace, arrays["span_id"], arrays["parent_id"], np.array(kind.values).astype(np.int64)[kind.codes]
        )
        return np.where(parents < 0, NO_PARENT, parents - np.arange(len(parents))).astype(np.int32)

    def column(self, name: str) -> Column | None:
        """One of the columns, or None when no span has it."""
        return self.columns.get(name)
