"""From a query to the lines that the storage has for it: streams, conditions, and what was looked at on the way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ...deadline import Deadline
from ...matchers import Matcher
from ..chunks import Lines, Metadata, Rows
from ..search import LineConditions
from ..storage import LogStorage, Reader, Stream
from . import syntax
from .stages import compile_line_filter

#: Lines processed between two looks at the deadline.
LINES_PER_CHECK = 1_000


@dataclass
class Work:
    """What a query looked at: lines and bytes of the streams it selected, and lines its line filters left."""

    lines: int = 0
    size_bytes: int = 0
    kept: int = 0


@dataclass
class _Counted(LineConditions):
    work: Work = field(default_factory=Work)

    def accepted(self, lines: Lines, first: int, last: int) -> Rows:
        """See `LineConditions`; counts what is looked at."""
        if last > first:
            self.work.lines += last - first
            self.work.size_bytes += int(lines.ends[last - 1] - lines.starts[first]) + 1 - (last - first)
        return super().accepted(lines, first, last)


class Source:
    """The lines of one storage for one query."""

    def __init__(self, storage: LogStorage, reader: Reader, deadline: Deadline, work: Work) -> None:
        self._storage = storage
        self._reader = reader
        self.deadline = deadline
        self.work = work

    def streams(self, matchers: Sequence[Matcher], start: int, end: int) -> list[Stream]:
        """The streams that the selector accepts and that may have lines in the range."""
        return [
            stream
            for stream in self._storage.streams(start, end)
            if all(matcher.accepts_labels(stream.labels) for matcher in matchers)
        ]

    def blocks(
        self,
        stream: Stream,
        start: int,
        end: int,
        filters: Sequence[syntax.LineFilter],
        newest_first: bool = False,
    ) -> Iterator[Lines]:
        """A stream's lines in [start, end) that pass the line filters. Raises TimedOut."""
        conditions, rest = _conditions(filters, self.work)
        for block in self._storage.blocks(self._reader, stream, start, end, conditions, newest_first):
            kept = block
            for line_filter in rest:
                kept = kept.take(_rows_that_pass(kept, line_filter, self.deadline))
            self.work.kept += len(kept)
            if len(kept):
                yield kept


def _rows_that_pass(block: Lines, line_filter: syntax.LineFilter, deadline: Deadline) -> Rows:
    test = compile_line_filter(line_filter)
    kept = []
    for row in range(len(block)):
        if row % LINES_PER_CHECK == 0:
            deadline.check()
        if test(block.line(row).decode(errors="replace")):
            kept.append(row)
    return np.array(kept, dtype=np.intp)


def _conditions(filters: Sequence[syntax.LineFilter], work: Work) -> tuple[_Counted, list[syntax.LineFilter]]:
    """Filters as the storage takes them, and those that it does not know: addresses and patterns."""
    conditions = _Counted(work=work)
    rest: list[syntax.LineFilter] = []
    for line_filter in filters:
        texts = [piece.text for piece in line_filter.pieces]
        if any(piece.function for piece in line_filter.pieces) or ">" in line_filter.operation:
            rest.append(line_filter)
        elif texts != [""] or line_filter.operation[0] == "!":
            conditions.add(*texts, is_pattern="~" in line_filter.operation, negated=line_filter.operation[0] == "!")
    return conditions, rest


class MetadataCache:
    """Structured metadata of lines, read once for each distinct value in a block."""

    def __init__(self, block: Lines) -> None:
        self._block = block
        self._known: dict[tuple[int, int], Metadata] = {}
        self._codes = list(zip(block.levels.codes.tolist(), block.metadata.codes.tolist(), strict=True))

    def of(self, row: int) -> Mapping[str, str]:
        """A line's structured metadata with its level; not to be changed."""
        codes = self._codes[row]
        found = self._known.get(codes)
        if found is None:
            found = self._known[codes] = self._block.metadata_of(row)
        return found
