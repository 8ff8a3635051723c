"""Loki's `query` and `query_range`: what a LogQL query finds, in the shapes of its answers."""

from __future__ import annotations

import time

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ..deadline import Deadline
from ..http_api import JsonAnswer, QueryThreads, read_parameters
from ..limits import LOG_QUERY_RANGE_SECONDS, RANGE_POINTS
from ..quoting import format_labels
from ..refusals import BadRequest
from ..times import NANOSECONDS
from ..vectors import Labels, Vector, format_time, format_value
from .parameters import read_direction, read_limit, read_range, read_step, read_time
from .query_language.evaluator import Line, evaluate, find_lines
from .query_language.parser import LogQuery, parse
from .storage import LogStorage


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
        ]

    async def query(self, request: Request) -> Response:
        parameters = await read_parameters(request)
        query = parse(parameters.get("query"))
        at = read_time(parameters.get("time"), time.time_ns())
        read_limit(parameters)
        read_direction(parameters)
        if isinstance(query, LogQuery):
            raise BadRequest(
                "log queries are not supported as an instant query type, please change your query to a range query type"
            )
        vector, _ = await self._threads.run(evaluate, self._storage, query, at, at, 1, Deadline())
        result = [
            {"metric": labels, "value": [format_time(at // 1_000_000), format_value(values[0])]}
            for labels, values in _sorted(vector)
        ]
        return _success({"resultType": "vector", "result": result, "stats": {}})

    async def query_range(self, request: Request) -> Response:
        parameters = await read_parameters(request)
        start, end = read_range(parameters)
        step = read_step(parameters, start, end)
        limit = read_limit(parameters)
        newest_first = read_direction(parameters) == "backward"
        if end <= start:
            raise BadRequest("end timestamp must not be before or equal to start time")
        query = parse(parameters.get("query"))
        if end - start > LOG_QUERY_RANGE_SECONDS * NANOSECONDS:
            minutes, seconds = divmod((end - start) // NANOSECONDS, 60)
            raise BadRequest(
                "the query time range exceeds the limit "
                f"(query length: {minutes // 60}h{minutes % 60}m{seconds}s, limit: 30d1h)"
            )
        if isinstance(query, LogQuery):
            lines = await self._threads.run(
                find_lines, self._storage, query, start, end, limit, newest_first, Deadline()
            )
            flags = request.headers.get("x-loki-response-encoding-flags", "")
            return _success(_streams(lines, "categorize-labels" in flags.split(",")))
        # Loki's front end widens metric queries to whole steps.
        first, last = start - start % step, end + -end % step
        if (last - first) // step > RANGE_POINTS:
            raise BadRequest(
                "exceeded maximum resolution of 11,000 points per time series. "
                "Try increasing the value of the step parameter"
            )
        vector, grid = await self._threads.run(evaluate, self._storage, query, first, last, step, Deadline())
        instants = [format_time(int(instant) // 1_000_000) for instant in grid]
        result = []
        for row, labels in sorted(enumerate(vector.labels), key=lambda item: format_labels(item[1])):
            points = [
                [instants[column], format_value(vector.values[row, column])]
                for column in vector.present[row].nonzero()[0]
            ]
            result.append({"metric": labels, "values": points})
        return _success({"resultType": "matrix", "result": result, "stats": {}})


def _success(data: dict[str, object]) -> Response:
    return JsonAnswer({"status": "success", "data": data})


def _sorted(vector: Vector) -> list[tuple[Labels, list[float]]]:
    rows = [(labels, list(vector.values[row])) for row, labels in enumerate(vector.labels)]
    return sorted(rows, key=lambda row: format_labels(row[0]))


def _streams(lines: list[Line], categorize: bool) -> dict[str, object]:
    streams: dict[str, tuple[Labels, list[list[object]]]] = {}
    for line in lines:
        labels = line.labels if categorize else line.labels | line.metadata
        values = streams.setdefault(format_labels(labels), (labels, []))[1]
        entry: list[object] = [str(line.time), line.text]
        if categorize:
            entry.append({"structuredMetadata": line.metadata})
        values.append(entry)
    result = [{"stream": labels, "values": values} for _, (labels, values) in sorted(streams.items())]
    # Grafana reads the answer from front to back: what tells the shape of the values comes before them.
    flags = {"encodingFlags": ["categorize-labels"]} if categorize else {}
    return {"resultType": "streams", **flags, "result": result, "stats": {}}
