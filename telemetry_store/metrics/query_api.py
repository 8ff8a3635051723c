"""The endpoints that evaluate PromQL: `query`, `query_range`, `query_exemplars`, `format_query`.

Source: Prometheus HTTP API v1, version 2.42.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ..deadline import Deadline
from ..http_api import JsonAnswer, Parameters, QueryThreads, read_parameters
from ..limits import RANGE_POINTS
from ..refusals import BadRequest, TimedOut
from ..vectors import Vector
from . import answers
from .parameters import parse_step, read_deadline, read_range, read_time, success
from .query_language.evaluator import Scalar, String, evaluate, evaluate_matrix
from .query_language.parser import parse
from .query_language.printer import pretty
from .query_language.syntax import Expression, Type, selectors, type_of
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
            Route("/api/v1/format_query", self.format_query, methods=both),
        ]

    async def query(self, request: Request) -> Response:
        """The value of an expression at one instant."""
        parameters = await read_parameters(request)
        at = read_time(parameters, "time", time.time_ns() // 1_000_000)
        deadline = read_deadline(parameters)
        tree = _parse(parameters)
        return await self._run(lambda: self._instant(tree, at, deadline))

    async def _run(self, work: Callable[[], Response]) -> Response:
        try:
            return await self._threads.run(work)
        except TimedOut:
            raise TimedOut("query timed out in expression evaluation") from None

    def _instant(self, tree: Expression, at: int, deadline: Deadline) -> Response:
        if type_of(tree) is Type.MATRIX:
            found = evaluate_matrix(self._storage, tree, at, deadline)
            return _result("matrix", answers.samples(found, deadline))
        value, _ = evaluate(self._storage, tree, at, at, 1, deadline)
        match value:
            case String():
                return _result("string", [answers.show_instant(at), value.value])
            case Scalar():
                return _result("scalar", answers.scalar(value.values, at))
        return _result("vector", answers.vector(value, at))

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
        deadline = read_deadline(parameters)
        tree = parse(parameters.get("query"))
        kind = type_of(tree)
        if kind in (Type.MATRIX, Type.STRING):
            raise BadRequest(
                f'invalid expression type "{kind.value}" for range query, must be Scalar or instant Vector'
            )

        def work() -> Response:
            value, grid = evaluate(self._storage, tree, start, end, step, deadline)
            if isinstance(value, Scalar):
                return _result("matrix", answers.numbers(value.values, grid))
            assert isinstance(value, Vector)
            return _result("matrix", answers.matrix(value, grid, deadline))

        return await self._run(work)

    async def query_exemplars(self, request: Request) -> Response:
        """The exemplars of the series that an expression selects."""
        parameters = await read_parameters(request)
        start, end = read_range(parameters)
        if end < start:
            raise BadRequest("end timestamp must not be before start timestamp")
        chosen = list(selectors(parse(parameters.get("query"))))
        if not chosen:
            return JsonAnswer({"status": "success"})
        found: dict[tuple[tuple[str, str], ...], dict[str, object]] = {}
        for selector in chosen:
            for labels, exemplars in self._storage.exemplars(selector.matchers, start, end):
                found[tuple(sorted(labels.items()))] = {
                    "seriesLabels": labels,
                    "exemplars": [
                        {
                            "labels": exemplar.labels,
                            "value": answers.show_value(exemplar.value),
                            "timestamp": answers.show_instant(exemplar.time),
                        }
                        for exemplar in exemplars
                    ],
                }
        return success([found[key] for key in sorted(found)])

    async def format_query(self, request: Request) -> Response:
        """An expression as Prometheus prints it: one way of writing, long ones over several lines."""
        return success(pretty(_parse(await read_parameters(request))))


def _parse(parameters: Parameters) -> Expression:
    try:
        return parse(parameters.get("query"))
    except BadRequest as error:
        raise BadRequest(f'invalid parameter "query": {error}') from None


def _result(kind: str, result: object) -> Response:
    return success({"resultType": kind, "result": result})
