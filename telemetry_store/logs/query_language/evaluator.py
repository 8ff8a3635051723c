"""LogQL trees -> lines, or values over time. Times are unix nanoseconds; ranges are half open as in Loki.

A log query sees [start, end); a range aggregation at instant t sees (t - range, t].
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ...deadline import Deadline
from ...limits import LOG_QUERY_SERIES
from ...refusals import BadRequest
from ...vectors import AGGREGATIONS, Labels, Vector, aggregate
from ..storage import LineConditions, LogStorage, Reader, Stream
from .parser import LineFilter, LogQuery, MetricQuery, RangeAggregation, VectorAggregation

#: Lines read between two looks at the deadline.
_LINES_PER_CHECK = 2_000


@dataclass(frozen=True)
class Line:
    """A found line: its stream's labels, and its structured metadata with the detected level."""

    time: int
    text: str
    labels: Labels
    metadata: Labels


def line_conditions(filters: tuple[LineFilter, ...]) -> LineConditions:
    """The line filters as the storage takes them."""
    conditions = LineConditions()
    for line_filter in filters:
        conditions.add(
            *line_filter.texts,
            is_pattern=line_filter.operation in ("|~", "!~"),
            negated=line_filter.operation in ("!=", "!~"),
        )
    return conditions


def matching_streams(storage: LogStorage, query: LogQuery, start: int, end: int) -> list[Stream]:
    """The streams that the selector accepts and that may have lines in the range."""
    return [
        stream
        for stream in storage.streams(start, end)
        if all(matcher.accepts_labels(stream.labels) for matcher in query.matchers)
    ]


def find_lines(
    storage: LogStorage, query: LogQuery, start: int, end: int, limit: int, newest_first: bool, deadline: Deadline
) -> list[Line]:
    """At most `limit` lines in [start, end), in order of time. Raises TimedOut."""
    test = line_conditions(query.filters)
    with storage.reader(deadline) as connection:
        by_stream = [
            _lines_of(storage, connection, stream, start, end, test, newest_first, deadline)
            for stream in matching_streams(storage, query, start, end)
        ]
        # Each stream comes in order of time: merging needs no more of each than the limit.
        merged = heapq.merge(*by_stream, key=lambda line: line.time, reverse=newest_first)
        return list(itertools.islice(merged, limit))


def _lines_of(
    storage: LogStorage,
    connection: Reader,
    stream: Stream,
    start: int,
    end: int,
    test: LineConditions,
    newest_first: bool,
    deadline: Deadline,
) -> Iterator[Line]:
    rows = storage.rows(connection, stream, start, end, test, newest_first)
    for number, (time, text, metadata) in enumerate(rows):
        if number % _LINES_PER_CHECK == 0:
            deadline.check()
        yield Line(time, text, stream.labels, metadata)


def evaluate(
    storage: LogStorage, query: MetricQuery, start: int, end: int, step: int, deadline: Deadline
) -> tuple[Vector, np.ndarray]:
    """The query's values at start, start + step, … end, and these instants (unix nanoseconds)."""
    grid = np.arange(start, end + 1, step, dtype=np.int64)
    needed = _label_names_needed(query)
    return _evaluate(storage, query, grid, needed, deadline), grid


def _label_names_needed(query: MetricQuery) -> frozenset[str] | None:
    """The labels that the outcome depends on, or None for all of them."""
    if isinstance(query, VectorAggregation):
        inner = _label_names_needed(query.operand)
        if inner is None and not query.grouping.without and isinstance(query.operand, RangeAggregation):
            # Only a sum of counts stays the same when its parts are counted together.
            return frozenset(query.grouping.names) if query.operation == "sum" else None
        return inner
    return None


def _evaluate(
    storage: LogStorage, query: MetricQuery, grid: np.ndarray, needed: frozenset[str] | None, deadline: Deadline
) -> Vector:
    if isinstance(query, VectorAggregation):
        operand = _evaluate(storage, query.operand, grid, needed, deadline)
        assert query.operation in AGGREGATIONS
        return aggregate(query.operation, operand, query.grouping)
    return _aggregate_range(storage, query, grid, needed, deadline)


def _aggregate_range(
    storage: LogStorage, query: RangeAggregation, grid: np.ndarray, needed: frozenset[str] | None, deadline: Deadline
) -> Vector:
    at = grid - query.offset
    start, end = int(at[0]) - query.range + 1, int(at[-1]) + 1
    test = line_conditions(query.query.filters)
    series: dict[tuple[tuple[str, str], ...], tuple[Labels, list[int], list[int]]] = {}

    def collect(labels: Labels) -> tuple[list[int], list[int]]:
        key = tuple(sorted(labels.items()))
        if key not in series:
            if len(series) >= LOG_QUERY_SERIES and needed is None:
                raise BadRequest(
                    f"maximum number of series ({LOG_QUERY_SERIES}) reached for a single query; consider reducing "
                    "query cardinality by adding more specific stream selectors, reducing the time range, or "
                    "aggregating results with functions like sum(), count() or topk()"
                )
            series[key] = (labels, [], [])
        return series[key][1], series[key][2]

    with storage.reader(deadline) as connection:
        for stream in matching_streams(storage, query.query, start, end):
            deadline.check()
            if needed is not None and needed <= stream.labels.keys():
                for block in storage.blocks(connection, stream, start, end, test):
                    times, sizes = collect({name: stream.labels[name] for name in needed})
                    times += block.times.tolist()
                    sizes += block.sizes.tolist()
                continue
            for line in _lines_of(storage, connection, stream, start, end, test, False, deadline):
                labels = line.labels | line.metadata
                if needed is not None:
                    labels = {name: labels[name] for name in needed if name in labels}
                times, sizes = collect(labels)
                times.append(line.time)
                sizes.append(len(line.text.encode(errors="replace")))

    points = []
    for labels, times, sizes in series.values():
        order = np.argsort(np.array(times, dtype=np.int64), kind="stable")
        sorted_times = np.array(times, dtype=np.int64)[order]
        first = np.searchsorted(sorted_times, at - query.range, side="right")
        last = np.searchsorted(sorted_times, at, side="right")
        counts = (last - first).astype(float)
        if query.operation.startswith("bytes"):
            totals = np.concatenate(([0.0], np.cumsum(np.array(sizes, dtype=float)[order])))
            values = totals[last] - totals[first]
        else:
            values = counts
        if query.operation in ("rate", "bytes_rate"):
            values = values / (query.range / 1e9)
        points.append((labels, values, counts > 0))
    return Vector.of(points, len(grid))
