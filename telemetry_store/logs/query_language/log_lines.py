"""Log queries: which lines they find, and what their pipelines make of them."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from ...deadline import Deadline
from ...vectors import Labels
from ..storage import LogStorage, Stream
from .labels import Hints, LineLabels
from .reading import LINES_PER_CHECK, MetadataCache, Source, Work
from .stages import Pipeline, compile_pipeline
from .syntax import LogQuery


@dataclass(frozen=True)
class Line:
    """A found line: what is left of its stream's labels, its structured metadata, and the labels that were parsed."""

    time: int
    text: str
    labels: Labels
    metadata: Labels
    parsed: Labels

    @property
    def all_labels(self) -> Labels:
        """All three together."""
        return {**self.labels, **self.metadata, **self.parsed}


def find_lines(
    storage: LogStorage, query: LogQuery, start: int, end: int, limit: int, newest_first: bool, deadline: Deadline
) -> list[Line]:
    """At most `limit` lines in [start, end), in order of time. Raises BadRequest, TimedOut."""
    with storage.reader(deadline) as reader:
        return choose_lines(Source(storage, reader, deadline, Work()), query, start, end, limit, newest_first)


def choose_lines(
    source: Source, query: LogQuery, start: int, end: int, limit: int, newest_first: bool, interval: int = 0
) -> list[Line]:
    """At most `limit` lines in [start, end), in order of time, `interval` nanoseconds or more apart.

    Raises BadRequest for a pipeline that cannot be made, TimedOut.
    """
    pipeline = compile_pipeline(query.stages)
    by_stream = [
        _lines_of(source, stream, pipeline, start, end, newest_first)
        for stream in source.streams(query.matchers, start, end)
    ]
    # Each stream comes in order of time: merging needs no more of each than the limit.
    merged = heapq.merge(*by_stream, key=lambda line: line.time, reverse=newest_first)
    found = list(itertools.islice(merged, limit))
    return _spaced(found, interval) if interval else found


def _spaced(lines: list[Line], interval: int) -> list[Line]:
    """Some of the lines, at least the interval apart: Loki chooses among as many lines as the limit lets it see."""
    chosen: list[Line] = []
    for line in lines:
        if not chosen or abs(line.time - chosen[-1].time) >= interval:
            chosen.append(line)
    return chosen


def _lines_of(
    source: Source, stream: Stream, pipeline: Pipeline, start: int, end: int, newest_first: bool
) -> Iterator[Line]:
    hints = Hints(filters=pipeline.early_filters)
    process, current = pipeline.process, pipeline.current
    needs, cannot_pass = pipeline.needs, pipeline.cannot_pass
    for block in source.blocks(stream, start, end, pipeline.leading, newest_first):
        metadata = MetadataCache(block)
        times = block.times.tolist()
        rows = range(len(block))
        for number, row in enumerate(reversed(rows) if newest_first else rows):
            if number % LINES_PER_CHECK == 0:
                source.deadline.check()
            line = block.line(row).decode(errors="replace")
            if needs and cannot_pass(line, stream.labels, metadata.of(row)):
                continue
            labels = LineLabels(stream.labels, metadata.of(row), hints)
            current.time = times[row]
            text, stays = process(line, labels)
            if not stays:
                continue
            if labels.is_untouched:
                yield Line(times[row], text, labels.base, {}, {})
            else:
                yield Line(times[row], text, labels.stream(), labels.metadata, labels.parsed_with_errors())
