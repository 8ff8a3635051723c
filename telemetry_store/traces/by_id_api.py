"""Tempo's trace by id: version 1 and 2, as JSON and as protobuf."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ..deadline import Deadline
from ..http_api import JsonAnswer, QueryThreads, read_parameters
from ..refusals import BadRequest
from .answers import resource_spans, trace_message, trace_response_message
from .parameters import time_range
from .storage import StoredSpan, TraceStorage


def by_id_routes(storage: TraceStorage, threads: QueryThreads) -> list[BaseRoute]:
    """The routes of this module."""
    api = _ByIdApi(storage, threads)
    return [
        Route("/api/traces/{trace_id}", api.trace),
        Route("/api/v2/traces/{trace_id}", api.trace_v2),
    ]


class _ByIdApi:
    def __init__(self, storage: TraceStorage, threads: QueryThreads) -> None:
        self._storage = storage
        self._threads = threads

    async def trace(self, request: Request) -> Response:
        spans = await self._spans(request)
        if not spans:
            response = Response(status_code=404)
            return response
        if "protobuf" in request.headers.get("accept", ""):
            return Response(await self._threads.run(trace_message, spans), media_type="application/protobuf")
        return JsonAnswer({"batches": await self._threads.run(resource_spans, spans)})

    async def trace_v2(self, request: Request) -> Response:
        spans = await self._spans(request)
        if "protobuf" in request.headers.get("accept", ""):
            return Response(await self._threads.run(trace_response_message, spans), media_type="application/protobuf")
        groups = await self._threads.run(resource_spans, spans)
        return JsonAnswer({"trace": {"resourceSpans": groups} if groups else {}, "metrics": {}})

    async def _spans(self, request: Request) -> list[StoredSpan]:
        trace_id = _trace_id(request.path_params["trace_id"])
        parameters = await read_parameters(request)
        # A trace is given whole, whatever range is named; the range only has to make sense.
        time_range(parameters)

        def read() -> list[StoredSpan]:
            with self._storage.reader(Deadline()) as connection:
                return self._storage.trace(connection, trace_id)

        return await self._threads.run(read)


def _trace_id(text: str) -> bytes:
    for position, character in enumerate(text, 1):
        if character not in "0123456789abcdefABCDEF":
            raise BadRequest(
                f"trace IDs can only contain hex characters: invalid character '{character}' at position {position}"
            )
    if len(text) > 32:
        raise BadRequest("trace IDs can't be larger than 128 bits")
    return bytes.fromhex(text.zfill(32))
