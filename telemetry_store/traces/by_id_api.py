"""Tempo's trace by id: version 1 and 2, as JSON, as protobuf, and short for language models."""

from __future__ import annotations

import re
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ..deadline import Deadline
from ..http_api import JsonAnswer, Parameters, QueryThreads, read_parameters
from ..refusals import BadRequest
from .accepted_forms import LANGUAGE_MODEL, PROTOBUF, answer_form
from .spans import StoredSpan
from .storage import TraceStorage
from .trace_answers import resource_spans, short_trace, trace_message, trace_response_message

#: Which of Tempo's components are asked; here there is one answer for all.
_MODES = ("", "all", "ingesters", "blocks", "external")


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
            return Response(status_code=404)
        if answer_form(request) == PROTOBUF:
            return Response(await self._threads.run(trace_message, spans), media_type=PROTOBUF)
        return JsonAnswer({"batches": await self._threads.run(resource_spans, spans)})

    async def trace_v2(self, request: Request) -> Response:
        spans = await self._spans(request)
        form = answer_form(request)
        if form == PROTOBUF:
            return Response(await self._threads.run(trace_response_message, spans), media_type=PROTOBUF)
        if form == LANGUAGE_MODEL:
            answer = JsonAnswer(await self._threads.run(short_trace, spans))
            answer.headers["Content-Type"] = f"{LANGUAGE_MODEL}+json"
            return answer
        groups = await self._threads.run(resource_spans, spans)
        return JsonAnswer({"trace": {"resourceSpans": groups} if groups else {}, "metrics": {}})

    async def _spans(self, request: Request) -> list[StoredSpan]:
        trace_id = parse_trace_id(request.path_params["trace_id"])
        _check(await read_parameters(request))

        def read() -> list[StoredSpan]:
            with self._storage.reader(Deadline()) as view:
                return view.trace(trace_id)

        return await self._threads.run(read)


def parse_trace_id(text: str) -> bytes:
    """The 16 bytes of a trace id; zeros at its front may be left out. Raises BadRequest."""
    for position, character in enumerate(text, 1):
        if character not in "0123456789abcdefABCDEF":
            raise BadRequest(
                f"trace IDs can only contain hex characters: invalid character '{character}' at position {position}"
            )
    if len(text) > 32:
        raise BadRequest("trace IDs can't be larger than 128 bits")
    return bytes.fromhex(text.zfill(32))


def _check(parameters: Parameters) -> None:
    """Raises BadRequest for what Tempo refuses. A trace is given whole, whatever range or blocks are named."""
    mode = parameters.get("mode")
    if mode not in _MODES:
        raise BadRequest(f"invalid value for mode {mode}")
    if mode == "ingesters":
        return
    for name, shown in (("blockStart", "blockstart"), ("blockEnd", "blockEnd")):
        text = parameters.get(name)
        if text:
            _check_uuid(text, shown)
    start, end = _integer(parameters, "start"), _integer(parameters, "end")
    if start and end and end <= start:
        raise BadRequest(f"http parameter start must be before end. received start={start} end={end}")


def _check_uuid(text: str, name: str) -> None:
    try:
        UUID(text)
    except ValueError:
        why = f"invalid UUID length: {len(text)}" if len(text) not in (32, 36, 38, 45) else "invalid UUID format"
        raise BadRequest(f"invalid value for {name}: {why}") from None


def _integer(parameters: Parameters, name: str) -> int:
    text = parameters.get(name)
    if not text:
        return 0
    if not re.fullmatch(r"[+-]?[0-9]+", text, re.ASCII):
        raise BadRequest(f'invalid {name}: strconv.ParseInt: parsing "{text}": invalid syntax')
    # Longer texts are out of range in any case.
    number = int(text[:25])
    if not -(2**63) <= number < 2**63:
        raise BadRequest(f'invalid {name}: strconv.ParseInt: parsing "{text}": value out of range')
    return number
