"""Columns <-> compressed blobs, and the exact content of traces beside them.

A packed block is many small blobs, so that a query reads and unpacks only the columns that it names.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import cramjam
import msgspec
import numpy as np
from numpy.typing import NDArray

from ..refusals import StorageUnavailable
from .block_builder import MemoryColumns
from .columns import Column
from .ingest import SpanRow
from .spans import SpanSource, Value, source_of

#: (source, row) of every span of a trace, in order of arrival.
TraceRows = Collection[tuple[bytes, SpanRow]]

#: Spans of the traces whose content is compressed together: enough to compress well, few enough to read at once.
_SPANS_PER_CONTENT = 100

_ZSTD_LEVEL = 1

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.decode


class _PackedColumn(msgspec.Struct, array_like=True, gc=False):
    values: bytes
    code_type: str
    codes: bytes


class _PackedArray(msgspec.Struct, array_like=True, gc=False):
    type: str
    width: int
    content: bytes


class _PackedContent(msgspec.Struct, array_like=True, gc=False):
    sources: list[bytes]
    #: Per trace its id, and per span its source's index and its row without the trace's id.
    traces: list[tuple[bytes, list[tuple[int, tuple[Any, ...]]]]]


_column_decoder = msgspec.msgpack.Decoder(_PackedColumn)
_array_decoder = msgspec.msgpack.Decoder(_PackedArray)
_content_decoder = msgspec.msgpack.Decoder(_PackedContent)


def compress(content: bytes) -> bytes:
    """The content, smaller."""
    return bytes(cramjam.zstd.compress(content, _ZSTD_LEVEL))


def decompress(content: bytes) -> bytes:
    """What `compress` was given."""
    return bytes(cramjam.zstd.decompress(content))


# -- content of traces


def pack_contents(traces: Sequence[tuple[bytes, TraceRows]]) -> Iterator[tuple[int, bytes]]:
    """(number of its first trace, blob) for groups of the traces, in their order."""
    first, spans = 0, 0
    for number, (_, rows) in enumerate(traces):
        spans += len(rows)
        if spans >= _SPANS_PER_CONTENT or number == len(traces) - 1:
            yield first, _pack_content(traces[first : number + 1])
            first, spans = number + 1, 0


def _pack_content(traces: Sequence[tuple[bytes, TraceRows]]) -> bytes:
    numbers: dict[bytes, int] = {}
    packed = [
        (trace_id, [(numbers.setdefault(source, len(numbers)), row[1:]) for source, row in rows])
        for trace_id, rows in traces
    ]
    return compress(_encode((list(numbers), packed)))


def unpack_content(blob: bytes, index: int) -> list[tuple[bytes, SpanRow]]:
    """The rows of the group's trace at the index."""
    content = _content_decoder.decode(decompress(blob))
    trace_id, rows = content.traces[index]
    return [(content.sources[number], (trace_id, *row)) for number, row in rows]


# -- columns


def pack_columns(columns: MemoryColumns) -> Iterator[tuple[str, bytes]]:
    """(name, blob) of every array and column."""
    yield "sources", compress(_encode([source.content for source in columns.sources]))
    # Found once, when a block is made.
    columns.array("parent")
    for name, array in columns.arrays.items():
        yield f"[{name}]", _pack_array(array)
    for name, column in columns.columns.items():
        yield name, _pack_column(column)


def _narrow(numbers: NDArray[Any]) -> NDArray[Any]:
    """The same whole numbers in the narrowest type that holds them."""
    if len(numbers) and numbers.dtype.kind == "i":
        lowest, highest = numbers.min(), numbers.max()
        for kind in (np.int8, np.int16, np.int32):
            if np.iinfo(kind).min <= lowest and highest <= np.iinfo(kind).max:
                return numbers.astype(kind)
    return numbers


def _pack_array(array: NDArray[Any]) -> bytes:
    array = _narrow(array)
    width = array.shape[1] if array.ndim > 1 else 0
    return _encode(_PackedArray(array.dtype.str, width, compress(array.tobytes())))


def _unpack_array(blob: bytes) -> NDArray[Any]:
    packed = _array_decoder.decode(blob)
    array = np.frombuffer(decompress(packed.content), packed.type)
    return array.reshape(-1, packed.width) if packed.width else array


def _pack_column(column: Column) -> bytes:
    codes = _narrow(column.codes)
    return _encode(_PackedColumn(compress(_encode(column.values)), codes.dtype.str, compress(codes.tobytes())))


class _CachedColumn:
    """A column with its values; its codes stay narrow, and packed until somebody asks."""

    def __init__(self, blob: bytes) -> None:
        packed = _column_decoder.decode(blob)
        self.values: list[Value] = _decode(decompress(packed.values))
        self._packed: tuple[str, bytes] | None = (packed.code_type, packed.codes)
        self._codes: NDArray[Any] = np.empty(0)

    def codes(self) -> NDArray[np.int32]:
        """One code per span, event or link."""
        packed = self._packed
        if packed is not None:
            self._codes = np.frombuffer(decompress(packed[1]), packed[0])
            self._packed = None
        return self._codes.astype(np.int32)

    @property
    def size_bytes(self) -> int:
        """About what it holds in memory."""
        return _size_of(self.values) + 100


def _size_of(values: Sequence[Value]) -> int:
    return sum(60 + len(value) if isinstance(value, str) else 40 for value in values)


class ColumnCache:
    """Unpacked columns of packed blocks; the ones longest unused make room."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit = limit_bytes
        self._size = 0
        self._lock = threading.Lock()
        self._entries: OrderedDict[tuple[int, str], tuple[Any, int]] = OrderedDict()

    def get(self, block: int, name: str) -> Any:
        """The entry, or None."""
        with self._lock:
            entry = self._entries.get((block, name))
            if entry is None:
                return None
            self._entries.move_to_end((block, name))
            return entry[0]

    def put(self, block: int, name: str, entry: Any, size_bytes: int) -> None:
        """Keeps the entry for a while."""
        with self._lock:
            replaced = self._entries.pop((block, name), None)
            self._size += size_bytes - (replaced[1] if replaced else 0)
            self._entries[block, name] = (entry, size_bytes)
            while self._size > self._limit and self._entries:
                self._size -= self._entries.popitem(last=False)[1][1]


@dataclass(frozen=True)
class BlockSummary:
    """What is known of a packed block without reading it. Times in unix nanoseconds."""

    id: int
    #: First start and last end of its spans, and the newest start of a trace.
    first: int
    last: int
    newest: int
    spans: int
    traces: int
    #: When all of it is older than this, it may go.
    expires: int
    #: Names of attributes by scope (span, event, link).
    attribute_names: Mapping[str, Collection[str]]
    #: Numbers of traces that a newer block holds, together with what arrived later.
    hidden: frozenset[int] = field(default_factory=frozenset)


class PackedColumns:
    """The columns of a packed block: a `ColumnSource` that reads from the database what is asked for."""

    def __init__(self, summary: BlockSummary, read: Callable[[str], bytes | None], cache: ColumnCache) -> None:
        self._summary = summary
        self._read = read
        self._cache = cache

    @cached_property
    def sources(self) -> Sequence[SpanSource]:
        """Resources and scopes of the spans."""
        sources = self._cache.get(self._summary.id, "sources")
        if sources is None:
            contents: list[bytes] = _decode(decompress(self._blob("sources")))
            sources = [source_of(content) for content in contents]
            self._cache.put(self._summary.id, "sources", sources, 100 * len(sources))
        return sources  # type: ignore[no-any-return]

    @property
    def attribute_names(self) -> Mapping[str, Collection[str]]:
        """Names of attributes by scope."""
        return self._summary.attribute_names

    def array(self, name: str) -> NDArray[Any]:
        """One of the arrays, in whatever whole-number type it was packed."""
        array = self._cache.get(self._summary.id, f"[{name}]")
        if array is None:
            array = _unpack_array(self._blob(f"[{name}]"))
            self._cache.put(self._summary.id, f"[{name}]", array, array.nbytes + 100)
        return array  # type: ignore[no-any-return]

    def column(self, name: str) -> Column | None:
        """One of the columns, or None when no span has it."""
        scope, dot, attribute = name.partition(".")
        if dot and ":" not in scope and attribute not in self._summary.attribute_names.get(scope, ()):
            return None
        column = self._cache.get(self._summary.id, name)
        if column is None:
            blob = self._read(name)
            if blob is None:
                return None
            column = _CachedColumn(blob)
            # Codes are not unpacked yet, but will be.
            self._cache.put(self._summary.id, name, column, column.size_bytes + 2 * self._summary.spans)
        return Column(column.values, column.codes)

    def _blob(self, name: str) -> bytes:
        blob = self._read(name)
        if blob is None:
            raise StorageUnavailable(f"block {self._summary.id} has no {name}")
        return blob
