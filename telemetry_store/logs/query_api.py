"""Loki's `query`, `query_range` and `format_query`: what a LogQL query finds, in the shapes of its answers."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ..deadline import Deadline
from ..http_api import JsonAnswer, Parameters, QueryThreads, read_parameters
from ..limits import LOG_QUERY_RANGE_SECONDS, RANGE_POINTS
from ..quoting import format_labels
from ..refusals import BadRequest
from ..times import NANOSECONDS
from ..vectors import Floats, Labels, Vector, format_time, format_value
from .parameters import (
    read_direction,
    read_interval,
    read_limit,
    read_range,
    read_step,
    read_time,
    refuse_beyond_entries,
)
from .query_language.evaluator import evaluate, is_sorted_by_value
from .query_language.log_lines import Line, choose_lines
from .query_language.parser import parse
from .query_language.pretty import pretty
from .query_language.reading import Source, Work
from .query_language.stages import compile_pipeline
from .query_language.syntax import LogQuery, MetricQuery, Query, Variants, range_aggregations
from .query_language.units import format_go_duration
from .statistics import statistics
from .storage import LogStorage

_NO_INSTANT_LOG_QUERY = (
    "log queries are not supported as an instant query type, please change your query to a range query type"
)
_TOO_MANY_POINTS = (
    "exceeded maximum resolution of 11,000 points per time series. Try increasing the value of the step parameter"
)


class QueryApi:
    """The endpoints that take a whole LogQL query."""

    def __init__(self, storage: LogStorage, threads: QueryThreads) -> None:
        self._storage = storage
        self._threads = threads

    def routes(self) -> list[BaseRoute]:
        """The routes of these endpoints."""
        return [
            Route("/loki/api/v1/query", self.query, methods=["GET", "POST"]),
            Route("/loki/api/v1/query_range", self.query_range, methods=["GET", "POST"]),
            Route("/loki/api/v1/format_query", self.format_query, methods=["GET", "POST"]),
        ]

    async def query(self, request: Request) -> Response:
        """Values of one instant."""
        parameters = await read_parameters(request)
        query = _read_query(parameters)
        at = read_time(parameters.get("time"), time.time_ns())
        read_limit(parameters)
        read_direction(parameters)
        metric = _metric_query(query)
        return await self._answer(lambda source: _instant(source, metric, at))

    async def query_range(self, request: Request) -> Response:
        """Lines of a range, or values of many instants."""
        parameters = await read_parameters(request)
        start, end = read_range(parameters)
        step = read_step(parameters, start, end)
        limit = read_limit(parameters)
        newest_first = read_direction(parameters) == "backward"
        interval = read_interval(parameters)
        if end < start:
            raise BadRequest("end timestamp must not be before or equal to start time")
        if (end - start) // step > RANGE_POINTS:
            raise BadRequest(_TOO_MANY_POINTS)
        query = _read_query(parameters)
        _refuse_if_long(query, end - start)
        if isinstance(query, LogQuery):
            refuse_beyond_entries(limit)
            flags = request.headers.get("x-loki-response-encoding-flags", "")
            categorize = "categorize-labels" in [flag.strip() for flag in flags.split(",")]
            log_query = query
            return await self._answer(
                lambda source: _streams(
                    choose_lines(source, log_query, start, end, limit, newest_first, interval), categorize
                )
            )
        metric = _metric_query(query)
        # Loki's front end widens metric queries to whole steps.
        first, last = start - start % step, end + -end % step
        if (last - first) // step > RANGE_POINTS:
            raise BadRequest(_TOO_MANY_POINTS)
        return await self._answer(lambda source: _matrix(source, metric, first, last, step))

    async def format_query(self, request: Request) -> Response:
        """A query as Loki would write it."""
        parameters = await read_parameters(request)
        try:
            query = parse(parameters.get("query"))
        except BadRequest as error:
            return JsonAnswer({"status": "invalid-query", "error": str(error)}, 400)
        return JsonAnswer({"status": "success", "data": pretty(query)})

    async def _answer(self, find: Callable[[Source], dict[str, Any]]) -> Response:
        """What `find` finds in a thread, with statistics of its work."""
        started = time.perf_counter()
        work = Work()

        def run() -> dict[str, Any]:
            deadline = Deadline()
            with self._storage.reader(deadline) as reader:
                return find(Source(self._storage, reader, deadline, work))

        data = await self._threads.run(run)
        entries = data.pop("entries", 0)
        data["stats"] = statistics(work, time.perf_counter() - started, entries)
        return JsonAnswer({"status": "success", "data": data})


def _read_query(parameters: Parameters) -> Query:
    query = parse(parameters.get("query"))
    if isinstance(query, LogQuery):
        compile_pipeline(query.stages)
    elif not isinstance(query, Variants):
        for aggregation in range_aggregations(query):
            compile_pipeline(aggregation.range.query.stages)
    return query


def _refuse_if_long(query: Query, nanoseconds: int) -> None:
    if not isinstance(query, LogQuery | Variants):
        nanoseconds += max((aggregation.range.range for aggregation in range_aggregations(query)), default=0)
    if nanoseconds > LOG_QUERY_RANGE_SECONDS * NANOSECONDS:
        raise BadRequest(
            f"the query time range exceeds the limit (query length: {format_go_duration(nanoseconds)}, limit: 30d1h)"
        )


def _metric_query(query: Query) -> MetricQuery:
    if isinstance(query, LogQuery):
        raise BadRequest(_NO_INSTANT_LOG_QUERY)
    if isinstance(query, Variants):
        raise BadRequest("multi variant queries are disabled for this instance")
    return query


def _instant(source: Source, query: MetricQuery, at: int) -> dict[str, Any]:
    value = evaluate(source, query, np.array([at], dtype=np.int64))
    if not isinstance(value, Vector):
        return {"resultType": "scalar", "result": [_time_of_scalar(at), format_value(value[0])]}
    instant = format_time(at // 1_000_000)
    rows = list(zip(value.labels, value.values[:, 0].tolist(), strict=True))
    if not is_sorted_by_value(query):
        rows.sort(key=lambda row: sorted(row[0].items()))
    result = [{"metric": labels, "value": [instant, format_value(number)]} for labels, number in rows]
    return {"resultType": "vector", "result": result, "entries": len(result)}


def _time_of_scalar(at: int) -> int:
    """The time that Loki gives a number: of its three conversions one is too many, and it overflows."""
    overflown = (at // 1_000_000 * 10**9 + 2**63) % 2**64 - 2**63
    return int(overflown / 10**6)


def _matrix(source: Source, query: MetricQuery, first: int, last: int, step: int) -> dict[str, Any]:
    grid = np.arange(first, last + 1, step, dtype=np.int64)
    value: Vector | Floats = evaluate(source, query, grid)
    if not isinstance(value, Vector):
        value = Vector([{}], value[np.newaxis, :], np.ones((1, len(grid)), dtype=bool))
    instants = [format_time(instant // 1_000_000) for instant in grid.tolist()]
    # Series that `label_replace` has made the same come as one, with all their points.
    rows: dict[tuple[tuple[str, str], ...], list[int]] = {}
    for row, labels in enumerate(value.labels):
        rows.setdefault(tuple(sorted(labels.items())), []).append(row)
    result = []
    for _, same in sorted(rows.items()):
        points = []
        for column in np.flatnonzero(np.any(value.present[same], axis=0)).tolist():
            numbers = value.values[same, column][value.present[same, column]].tolist()
            points += [[instants[column], format_value(number)] for number in numbers]
        result.append({"metric": value.labels[same[0]], "values": points})
    return {"resultType": "matrix", "result": result, "entries": len(result)}


def _streams(lines: list[Line], categorize: bool) -> dict[str, Any]:
    streams: dict[str, tuple[Labels, list[list[Any]]]] = {}
    for line in lines:
        labels = line.labels if categorize else line.all_labels
        values = streams.setdefault(format_labels(labels), (labels, []))[1]
        entry: list[Any] = [str(line.time), line.text]
        if categorize:
            categories = {"structuredMetadata": line.metadata, "parsed": line.parsed}
            entry.append({name: found for name, found in categories.items() if found})
        values.append(entry)
    result = [{"stream": labels, "values": values} for _, (labels, values) in sorted(streams.items())]
    # Grafana reads the answer from front to back: what tells the shape of the values comes before them.
    flags = {"encodingFlags": ["categorize-labels"]} if categorize else {}
    return {"resultType": "streams", **flags, "result": result, "entries": len(lines)}
