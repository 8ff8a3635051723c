"""The endpoints that evaluate PromQL: `query`, `query_range`, `query_exemplars`. Source: Prometheus HTTP API v1."""

from __future__ import annotations

import time

import promql_parser as promql
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ..deadline import Deadline
from ..http_api import QueryThreads, read_parameters
from ..limits import RANGE_POINTS
from ..refusals import BadRequest, Unprocessable
from ..vectors import Vector, format_time, format_value
from .parameters import parse_step, read_deadline, read_range, read_time, success
from .query_language.evaluator import Scalar, Text, Value, evaluate, select_range
from .query_language.parser import matchers_of, parse
from .samples import Times
from .storage import MetricStorage


class QueryApi:
    """Queries of one storage."""

    def __init__(self, storage: MetricStorage, threads: QueryThreads) -> None:
        self._storage = storage
        self._threads = threads

    def routes(self) -> list[BaseRoute]:
        """The endpoints."""
        both = ["GET", "POST"]
        return [
            Route("/api/v1/query", self.query, methods=both),
            Route("/api/v1/query_range", self.query_range, methods=both),
            Route("/api/v1/query_exemplars", self.query_exemplars, methods=both),
        ]

    async def query(self, request: Request) -> Response:
        """The value of an expression at one instant."""
        parameters = await read_parameters(request)
        at = read_time(parameters, "time", time.time_ns() // 1_000_000)
        deadline = read_deadline(parameters)
        tree = parse(parameters.get("query"))
        if isinstance(tree, promql.MatrixSelector):
            found = await self._threads.run(select_range, self._storage, tree, at, deadline)
            result = [
                {
                    "metric": labels,
                    "values": [[format_time(int(t)), format_value(v)] for t, v in zip(times, values, strict=True)],
                }
                for labels, times, values in found
            ]
            return success({"resultType": "matrix", "result": result})
        value, _ = await self._threads.run(evaluate, self._storage, tree, at, at, 1, deadline)
        instant = format_time(at)
        if isinstance(value, Text):
            return success({"resultType": "string", "result": [instant, value.value]})
        if isinstance(value, Scalar):
            return success({"resultType": "scalar", "result": [instant, format_value(value.values[0])]})
        rows = sorted(zip(value.labels, value.values, strict=True), key=lambda row: sorted(row[0].items()))
        return success(
            {
                "resultType": "vector",
                "result": [{"metric": labels, "value": [instant, format_value(row[0])]} for labels, row in rows],
            }
        )

    async def query_range(self, request: Request) -> Response:
        """The values of an expression at a grid of instants."""
        parameters = await read_parameters(request)
        start, end = read_time(parameters, "start"), read_time(parameters, "end")
        if end < start:
            raise BadRequest('invalid parameter "end": end timestamp must not be before start time')
        step = parse_step(parameters.get("step"))
        if (end - start) // step > RANGE_POINTS:
            raise BadRequest(
                "exceeded maximum resolution of 11,000 points per timeseries. "
                "Try decreasing the query resolution (?step=XX)"
            )
        tree = parse(parameters.get("query"))
        if isinstance(tree, (promql.MatrixSelector, promql.StringLiteral)):
            kind = "range vector" if isinstance(tree, promql.MatrixSelector) else "string"
            raise BadRequest(
                f'invalid parameter "query": invalid expression type "{kind}" for range query, '
                "must be Scalar or instant Vector"
            )
        deadline = read_deadline(parameters)

        def work() -> list[dict[str, object]]:
            value, grid = evaluate(self._storage, tree, start, end, step, deadline)
            return _matrix(value, grid, deadline)

        return success({"resultType": "matrix", "result": await self._threads.run(work)})

    async def query_exemplars(self, request: Request) -> Response:
        """The exemplars of the series that an expression selects."""
        parameters = await read_parameters(request)
        start, end = read_range(parameters)
        if end < start:
            raise BadRequest('invalid parameter "end": end timestamp must not be before start timestamp')
        found: dict[tuple[tuple[str, str], ...], dict[str, object]] = {}
        for selector in _vector_selectors(parse(parameters.get("query"))):
            for labels, exemplars in self._storage.exemplars(matchers_of(selector), start, end):
                found[tuple(sorted(labels.items()))] = {
                    "seriesLabels": labels,
                    "exemplars": [
                        {"labels": e.labels, "value": format_value(e.value), "timestamp": format_time(e.time)}
                        for e in exemplars
                    ],
                }
        return success([found[key] for key in sorted(found)])


def _matrix(value: Value, grid: Times, deadline: Deadline) -> list[dict[str, object]]:
    instants = [format_time(int(instant)) for instant in grid]
    if isinstance(value, Scalar):
        points = [[t, format_value(v)] for t, v in zip(instants, value.values, strict=True)]
        return [{"metric": {}, "values": points}]
    if not isinstance(value, Vector):
        raise Unprocessable("a range query has no value for a string")
    result: list[dict[str, object]] = []
    for row in sorted(range(len(value.labels)), key=lambda number: sorted(value.labels[number].items())):
        deadline.check()
        values = value.values[row].tolist()
        columns = value.present[row].nonzero()[0].tolist()
        result.append(
            {"metric": value.labels[row], "values": [[instants[c], format_value(values[c])] for c in columns]}
        )
    return result


def _vector_selectors(tree: promql.Expr) -> list[promql.VectorSelector]:
    """Every selector in a tree."""
    if isinstance(tree, promql.VectorSelector):
        return [tree]
    if isinstance(tree, promql.MatrixSelector):
        return [tree.vector_selector]
    parts: list[promql.Expr] = list(tree.args) if isinstance(tree, promql.Call) else []
    for name in ("expr", "lhs", "rhs"):
        part = getattr(tree, name, None)
        if isinstance(part, promql.Expr):
            parts.append(part)
    return [selector for part in parts for selector in _vector_selectors(part)]
