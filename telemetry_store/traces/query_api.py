"""Tempo's endpoints that evaluate TraceQL: search and metrics."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ..deadline import Deadline
from ..http_api import JsonAnswer, QueryThreads, read_parameters
from ..refusals import BadRequest
from .answers import search_answer, trace_summary
from .parameters import duration, time_range, unsigned
from .query_language.evaluator import operands, search
from .query_language.parser import SpanFilter, parse
from .storage import TraceStorage
from .tag_search import parse_tags, trace_test

#: Answers of a search, and spans shown of each, where the request does not say.
_DEFAULT_LIMIT = 20
_DEFAULT_SPANS_PER_SET = 3
_LARGEST_LIMIT = 262_144


def query_routes(storage: TraceStorage, threads: QueryThreads) -> list[BaseRoute]:
    """The routes of this module."""
    api = _QueryApi(storage, threads)
    return [Route("/api/search", api.search)]


class _QueryApi:
    def __init__(self, storage: TraceStorage, threads: QueryThreads) -> None:
        self._storage = storage
        self._threads = threads

    async def search(self, request: Request) -> Response:
        parameters = await read_parameters(request)
        start, end = time_range(parameters)
        limit = unsigned(parameters, "limit", _DEFAULT_LIMIT)
        if limit <= 0:
            raise BadRequest("invalid limit: must be a positive number")
        limit = min(limit, _LARGEST_LIMIT)
        spans_per_set = unsigned(parameters, "spss", 0) or _DEFAULT_SPANS_PER_SET
        query_text = parameters.get("q")
        minimum, maximum = duration(parameters, "minDuration"), duration(parameters, "maxDuration")
        if minimum is not None and maximum is not None and maximum <= minimum:
            raise BadRequest("invalid maxDuration: must be greater than minDuration")
        if query_text:
            query = parse(query_text)
            accepts = trace_test({}, None, None)
        else:
            query = SpanFilter(None)
            accepts = trace_test(parse_tags(parameters.get("tags")), minimum, maximum)
        found = await self._threads.run(search, self._storage, query, start, end, limit, Deadline(), accepts)
        if query_text:
            looked_at = operands(query.condition)
            traces = [search_answer(item, looked_at, spans_per_set) for item in found]
        else:
            traces = [trace_summary(item.trace) for item in found]
        return JsonAnswer({"traces": traces, "metrics": {"inspectedTraces": len(found)}})
