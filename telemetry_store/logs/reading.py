"""Reading streams: heads and chunks as blocks of lines in order of time, for queries and tails alike."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from operator import itemgetter

import numpy as np

from ..deadline import Deadline
from .chunks import Lines, Metadata, merge
from .head import Head
from .ingest import Labels
from .search import LineConditions

#: Later and earlier than every line.
_NEVER = (2**63 - 1, -(2**63))

#: (unix nanoseconds, line, structured metadata with `detected_level`)
Row = tuple[int, str, Metadata]


@dataclass(frozen=True)
class Chunk:
    """What memory knows of a chunk."""

    id: int
    first: int
    last: int
    count: int
    size_bytes: int


@dataclass(eq=False)
class Stream:
    """One stream and the span of time in which it has lines (unix nanoseconds)."""

    id: int
    labels: dict[str, str]
    first_time: int = _NEVER[0]
    last_time: int = _NEVER[1]
    head: Head = field(default_factory=Head)
    #: When the oldest line of the head came, by the monotonic clock.
    head_since: float = 0.0
    #: Oldest made first.
    chunks: tuple[Chunk, ...] = ()

    def measure(self) -> None:
        """Works out the span again."""
        times = self.head.entries.times
        self.first_time = min([*(c.first for c in self.chunks), *times], default=_NEVER[0])
        self.last_time = max([*(c.last for c in self.chunks), *times], default=_NEVER[1])

    def widen(self, times: Sequence[int]) -> None:
        """Extends the span to these times."""
        self.first_time = min(self.first_time, *times)
        self.last_time = max(self.last_time, *times)


@dataclass(frozen=True)
class Part:
    """A stream as one query sees it: so many lines of its head, and its chunks."""

    head: Head
    count: int
    chunks: tuple[Chunk, ...]


@dataclass(frozen=True)
class Extent:
    """A chunk or a head, by its span of time (unix nanoseconds), lines, and bytes as Loki counts them."""

    first: int
    last: int
    count: int
    size_bytes: int
    is_packed: bool

    def part_within(self, start: int, end: int) -> float:
        """How much of its span lies within [start, end], from 0 to 1."""
        if start > self.last or end < self.first:
            return 0.0
        if self.first == self.last:
            return 1.0
        whole = self.last - self.first
        return (whole - max(0, start - self.first) - max(0, self.last - end)) / whole


class Reader:
    """One consistent view of all streams, for one query."""

    def __init__(self, parts: dict[int, Part], deadline: Deadline) -> None:
        self.deadline = deadline
        self._parts = parts

    def part(self, stream: Stream) -> Part:
        """The stream as it was when the query began."""
        return self._parts.get(stream.id) or Part(Head(), 0, ())


class LogSource:
    """Streams that can be read. What holds chunks says how to get at their lines."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._streams: dict[Labels, Stream] = {}

    def _lines_of(self, chunk: Chunk, deadline: Deadline | None) -> Lines:
        raise NotImplementedError

    def streams(self, start: int, end: int) -> list[Stream]:
        """The streams that may have lines in [start, end], unix nanoseconds."""
        with self._lock:
            return [s for s in self._streams.values() if s.first_time <= end and s.last_time >= start]

    @contextlib.contextmanager
    def reader(self, deadline: Deadline) -> Iterator[Reader]:
        """A view that has every line acknowledged so far, and that later ones do not change."""
        with self._lock:
            parts = {s.id: Part(s.head, len(s.head), s.chunks) for s in self._streams.values()}
        yield Reader(parts, deadline)

    def blocks(
        self,
        reader: Reader,
        stream: Stream,
        start: int,
        end: int,
        conditions: LineConditions,
        newest_first: bool = False,
    ) -> Iterator[Lines]:
        """A stream's lines in [start, end) that fulfil the conditions, in blocks that do not overlap in time.

        Oldest or newest block first; within a block always by time, lines of one instant in the order they came.
        Nothing is unpacked before it is asked for. Raises TimedOut.
        """
        part = reader.part(stream)
        sources: list[_Source] = [
            _Source(chunk.first, chunk.last, partial(self._lines_of, chunk, reader.deadline))
            for chunk in part.chunks
            # As in Loki, a chunk of nothing but empty lines counts as empty.
            if chunk.first < end and chunk.last >= start and chunk.size_bytes
        ]
        if part.count:
            head = part.head.block(part.count)
            first, last = int(head.times[0]), int(head.times[-1])
            is_empty = int(head.ends[-1]) + 1 == part.count and not head.size_bytes
            if first < end and last >= start and not is_empty:
                sources.append(_Source(first, last, lambda: head))
        for low, high, active in _sweep(sources, start, end, newest_first):
            reader.deadline.check()
            found = [source.between(start, end, low, high, conditions) for source in active]
            block = merge([lines for lines in found if len(lines)] or found[:1])
            if len(block):
                yield block

    def rows(
        self,
        reader: Reader,
        stream: Stream,
        start: int,
        end: int,
        conditions: LineConditions,
        newest_first: bool = False,
    ) -> Iterator[Row]:
        """A stream's lines in [start, end) by time; lines of one instant in the order they came (or its reverse)."""
        for block in self.blocks(reader, stream, start, end, conditions, newest_first):
            times = block.times.tolist()
            for row in reversed(range(len(block))) if newest_first else range(len(block)):
                yield times[row], block.line(row).decode(errors="replace"), block.metadata_of(row)

    def extents(self, stream: Stream) -> list[Extent]:
        """What a stream consists of: each chunk, and its head."""
        with self._lock:
            head, count, chunks = stream.head, len(stream.head), stream.chunks
        extents = [Extent(chunk.first, chunk.last, chunk.count, chunk.size_bytes, True) for chunk in chunks]
        if count:
            lines = head.block(count)
            extents.append(Extent(int(lines.times[0]), int(lines.times[-1]), count, lines.size_bytes, False))
        return extents


class _Source:
    """A chunk or a head while a query passes over it: searched once, when its lines are first needed."""

    def __init__(self, first: int, last: int, load: Callable[[], Lines]) -> None:
        self.first = first
        self.last = last
        self._load = load
        self._found: Lines | None = None

    def between(self, start: int, end: int, low: int, high: int, conditions: LineConditions) -> Lines:
        """The lines in [low, high) that fulfil the conditions, of a query over [start, end)."""
        if self._found is None:
            lines = self._load()
            first, last = np.searchsorted(lines.times, (start, end)).tolist()
            self._found = lines.take(conditions.accepted(lines, first, last))
        found = self._found
        first, last = np.searchsorted(found.times, (low, high)).tolist()
        return found.take(np.arange(first, last))


def _sweep(
    sources: Sequence[_Source], start: int, end: int, newest_first: bool
) -> Iterator[tuple[int, int, list[_Source]]]:
    """Spans [low, high) of time in order, each with the sources that have lines in it, oldest made first."""
    edges = sorted({max(s.first, start) for s in sources} | {min(s.last + 1, end) for s in sources})
    spans = list(pairwise(edges))
    waiting = sorted(enumerate(sources), key=lambda s: s[1].last if newest_first else -s[1].first)
    active: list[tuple[int, _Source]] = []
    for low, high in reversed(spans) if newest_first else spans:
        # Sources come in as soon as they reach into the span and go as soon as they no longer do.
        while waiting and waiting[-1][1].first < high and waiting[-1][1].last >= low:
            active.append(waiting.pop())
        active = [source for source in active if source[1].first < high and source[1].last >= low]
        if active:
            yield low, high, [source for _, source in sorted(active, key=itemgetter(0))]
