"""Tempo's endpoints that evaluate TraceQL: search and metrics."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ..deadline import Deadline
from ..http_api import JsonAnswer, Parameters, QueryThreads, read_parameters
from ..refusals import BadRequest
from .metrics_parameters import check_length, count, instant_grid, range_grid
from .parameters import duration, time_range, unsigned
from .query_language.metrics import evaluate
from .query_language.parser import parse, parse_unchecked
from .query_language.search import search
from .query_language.syntax import Query
from .query_language.time_grid import TimeGrid
from .query_language.validation import validate
from .search_answers import instant_answer, series_answer, summary_answer, trace_answer
from .storage import TraceStorage
from .tag_search import parse_tags, search_by_tags

#: Answers of a search, and spans shown of each, where the request does not say.
_DEFAULT_LIMIT = 20
_DEFAULT_SPANS_PER_SET = 3
_MOST_SPANS_PER_SET = 100
_LARGEST_LIMIT = 262_144

#: Exemplars of a metrics query at most (Tempo: max_exemplars).
_MOST_EXEMPLARS = 100

#: Parameters that are no tags in the oldest way to ask, which has each tag as a parameter of its own.
_NO_TAGS = frozenset(("q", "tags", "minDuration", "maxDuration", "limit", "spss", "start", "end"))

Json = dict[str, Any]


def query_routes(storage: TraceStorage, threads: QueryThreads) -> list[BaseRoute]:
    """The routes of this module."""
    api = _QueryApi(storage, threads)
    return [
        Route("/api/search", api.search),
        Route("/api/metrics/query_range", api.query_range),
        Route("/api/metrics/query", api.query_instant),
    ]


class _QueryApi:
    def __init__(self, storage: TraceStorage, threads: QueryThreads) -> None:
        self._storage = storage
        self._threads = threads

    async def search(self, request: Request) -> Response:
        parameters = await read_parameters(request)
        start, end = time_range(parameters)
        shortest, longest = duration(parameters, "minDuration"), duration(parameters, "maxDuration")
        if shortest and longest is not None and shortest > longest:
            raise BadRequest("invalid maxDuration: must be greater than minDuration")
        limit = unsigned(parameters, "limit", _DEFAULT_LIMIT)
        if limit <= 0:
            raise BadRequest("invalid limit: must be a positive number")
        if limit > _LARGEST_LIMIT:
            raise BadRequest(f"limit {limit} exceeds max limit {_LARGEST_LIMIT}")
        spans_per_set = unsigned(parameters, "spss", 0) or _DEFAULT_SPANS_PER_SET
        if spans_per_set > _MOST_SPANS_PER_SET:
            raise BadRequest(f"spans per span set exceeds {_MOST_SPANS_PER_SET}. received {spans_per_set}")
        text = parameters.get("q")
        if text and parameters.get("tags"):
            raise BadRequest("invalid request: can't specify tags and q in the same query")

        def find() -> list[Json]:
            deadline = Deadline()
            if text:
                query = _parsed(text, "invalid TraceQL query: ")
                blocks = self._storage.blocks(start, end, deadline)
                found = search(query, blocks, start, end, limit, spans_per_set, deadline)
                return [trace_answer(trace) for trace in found]
            tags = parse_tags(parameters.get("tags"))
            blocks = self._storage.blocks(start, end, deadline)
            traces = search_by_tags(tags, shortest, longest, blocks, start, end, limit, deadline)
            return [summary_answer(trace) for trace in traces]

        answers = await self._threads.run(find)
        return JsonAnswer({"traces": answers, "metrics": {"inspectedTraces": len(answers)}})

    async def query_range(self, request: Request) -> Response:
        parameters = await read_parameters(request)

        def find() -> Json:
            grid = range_grid(parameters)
            query = parse_unchecked(_query_text(parameters))
            return self._metrics(query, grid, parameters)

        return JsonAnswer(await self._threads.run(find))

    async def query_instant(self, request: Request) -> Response:
        parameters = await read_parameters(request)

        def find() -> Json:
            grid = instant_grid(parameters)
            return self._metrics(_parsed(_query_text(parameters), "compiling query: "), grid, parameters)

        return JsonAnswer(await self._threads.run(find))

    def _metrics(self, query: Query, grid: TimeGrid, parameters: Parameters) -> Json:
        deadline = Deadline()
        try:
            validate(query)
        except BadRequest as error:
            raise BadRequest(f"compiling query: {error}") from None
        if query.metrics is None:
            raise BadRequest("not a metrics query")
        check_length(grid)
        blocks = self._storage.blocks(grid.start, grid.end, deadline)
        exemplars = _exemplars(query, count(parameters, "exemplars"))
        most_series = 0 if grid.instant else count(parameters, "maxSeries")
        series, limit = evaluate(query, blocks, grid, exemplars, most_series, deadline)
        shown = [instant_answer(one) if grid.instant else series_answer(one, grid) for one in series]
        answer: Json = {"series": shown, "metrics": {"inspectedTraces": 0}}
        if limit is not None:
            answer["status"] = "PARTIAL"
            answer["message"] = (
                f"Response exceeds maximum series limit of {limit}, a partial response is returned. "
                "Warning: the accuracy of each individual value is not guaranteed."
            )
        return answer


def _query_text(parameters: Parameters) -> str:
    return parameters.get("q") or parameters.get("query")


def _parsed(text: str, prefix: str) -> Query:
    try:
        return parse(text)
    except BadRequest as error:
        raise BadRequest(f"{prefix}{error}") from None


def _exemplars(query: Query, asked: int) -> int:
    """How many exemplars are wanted: the query's own hint counts before the parameter, and 0 of that is all."""
    hint = query.hint("exemplars", "int") or query.hint("exemplars", "bool")
    if hint is not None and hint.type == "int":
        wanted = max(int(hint.value), 0)
    elif hint is not None and not hint.value:
        wanted = 0
    else:
        wanted = asked or _MOST_EXEMPLARS
    return min(wanted, _MOST_EXEMPLARS)
