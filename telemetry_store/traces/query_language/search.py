"""Searches blocks for the traces of a query, newest first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...deadline import Deadline
from ..columns import SpanBlock
from .conditions import wanted_by
from .expressions import Expressions
from .fetching import Fetched
from .spansets import PipelineRun
from .syntax import FALSE, Attribute, Query, SpansetFilter, Static
from .vectors import Bools

#: Tempo's words for a root that has not arrived.
ROOT_NOT_RECEIVED = "<root span not yet received>"

_ERROR = 2


@dataclass
class FoundSpan:
    """A span of an answer, with the attributes that the query looked at."""

    span_id: str
    start: int
    duration: int
    attributes: list[tuple[Attribute, Static]]


@dataclass
class FoundSet:
    """A set of spans: how many it has, the first of them, and what was computed of it."""

    matched: int
    spans: list[FoundSpan]
    attributes: list[tuple[str, Static]]


@dataclass
class FoundTrace:
    """A trace that a search found. Times in nanoseconds; `services` has the spans and errors of each service."""

    trace_id: str
    root_service: str
    root_name: str
    start: int
    duration: int
    services: dict[str, tuple[int, int]]
    sets: list[FoundSet]


def filter_rows(query: Query, block: SpanBlock, deadline: Deadline) -> Bools:
    """Which spans of a block a query finds. Raises TimedOut, BadRequest."""
    result = np.zeros(block.count, np.bool_)
    expressions = Expressions(Fetched(block, wanted_by(query)))
    result[PipelineRun(expressions, deadline).run(query.pipeline).rows] = True
    return result


def search(
    query: Query, blocks: Iterable[SpanBlock], start: int, end: int, limit: int, spans_per_set: int, deadline: Deadline
) -> list[FoundTrace]:
    """At most `limit` traces that touch [start, end] and have sets of spans that the query leaves, newest first.

    Raises TimedOut, BadRequest.
    """
    found: list[FoundTrace] = []
    if finds_nothing(query):
        return found
    for block in blocks:
        deadline.check()
        if enough(found, limit, block):
            break
        found += _in_block(query, block, start, end, limit, spans_per_set, deadline)
        found = newest_first(found)[:limit]
    return found


def newest_first(found: list[FoundTrace]) -> list[FoundTrace]:
    """The traces by their start, the newest first."""
    return sorted(found, key=lambda trace: trace.start, reverse=True)


def enough(found: list[FoundTrace], limit: int, block: SpanBlock) -> bool:
    """Whether so many traces have been found (newest first) that this block and older ones have none to add."""
    return len(found) >= limit and block.newest <= found[limit - 1].start


def finds_nothing(query: Query) -> bool:
    """Whether the query is plainly false, as those that Grafana sends to check a query's syntax."""
    return all(isinstance(e, SpansetFilter) and e.condition == FALSE for e in query.pipeline.elements)


def _in_block(
    query: Query, block: SpanBlock, start: int, end: int, limit: int, spans_per_set: int, deadline: Deadline
) -> list[FoundTrace]:
    fetched = Fetched(block, wanted_by(query))
    sets = PipelineRun(Expressions(fetched), deadline).run(query.pipeline)
    touches = (block.trace_start <= end) & (block.trace_end >= start)
    sets = sets.only(touches[sets.trace]) if sets.count else sets
    if not sets.count:
        return []
    traces = np.unique(sets.trace)
    newest = traces[np.argsort(-block.trace_start[traces], kind="stable")[:limit]]
    sets = sets.only(np.flatnonzero(np.isin(sets.trace, newest)))
    shown = [
        np.arange(first, min(first + spans_per_set, last))
        for first, last in zip(sets.bounds[:-1], sets.bounds[1:], strict=True)
    ]
    rows = sets.rows[np.concatenate(shown)]
    attributes = fetched.shown(rows)
    spans = [
        FoundSpan(format(span_id, "016x"), began, lasted, shown_attributes)
        for span_id, began, lasted, shown_attributes in zip(
            block.span_ids[rows].tolist(),
            block.start[rows].tolist(),
            block.duration[rows].tolist(),
            attributes,
            strict=True,
        )
    ]
    by_trace: dict[int, list[FoundSet]] = {}
    ends = np.cumsum([len(taken) for taken in shown]).tolist()
    lasts = [int(sets.rows[taken].max()) for taken in shown]
    # Of the sets of a trace those come first whose shown spans are complete first.
    for number in sorted(range(sets.count), key=lambda number: lasts[number]):
        computed = [(name, values[number]) for name, values in sets.attributes.items()]
        of_set = spans[ends[number] - len(shown[number]) : ends[number]]
        found = FoundSet(int(sets.sizes[number]), of_set, computed)
        _add(by_trace.setdefault(int(sets.trace[number]), []), found)
    return [summary(block, trace, by_trace[trace]) for trace in newest.tolist()]


def _add(sets: list[FoundSet], found: FoundSet) -> None:
    """Of sets that `by()` does not tell apart, the one with the most spans stays."""
    identity = [attribute for attribute in found.attributes if attribute[0].startswith("by")]
    for index, other in enumerate(sets):
        if [attribute for attribute in other.attributes if attribute[0].startswith("by")] == identity:
            if found.matched > other.matched:
                sets[index] = found
            return
    sets.append(found)


def summary(block: SpanBlock, trace: int, sets: list[FoundSet]) -> FoundTrace:
    """What an answer says of a trace as a whole."""
    rows = slice(int(block.first_row[trace]), int(block.first_row[trace + 1]))
    service, status = block.intrinsic("service"), block.intrinsic("span:status")
    services: dict[str, tuple[int, int]] = {}
    for code, status_code in zip(service.codes[rows].tolist(), status.codes[rows].tolist(), strict=True):
        name: Any = service.values[code]
        spans, errors = services.get(name, (0, 0))
        failed = status_code >= 0 and status.values[status_code] == _ERROR
        services[name] = (spans + 1, errors + failed)
    root = int(block.root[trace])
    names = block.intrinsic("span:name")
    return FoundTrace(
        block.trace_ids[trace].hex().lstrip("0"),
        str(service.values[service.codes[root]]) if root >= 0 else ROOT_NOT_RECEIVED,
        str(names.values[names.codes[root]]) if root >= 0 else "",
        int(block.trace_start[trace]),
        int(block.trace_end[trace] - block.trace_start[trace]),
        services,
        sets,
    )
