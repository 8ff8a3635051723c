"""Tempo's HTTP API over the trace storage, and the OTLP/HTTP receiver. Compared with recorded answers of Tempo 3.0."""

from __future__ import annotations

import time
from collections.abc import Iterable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from ..bodies import read_body
from ..deadline import Deadline
from ..http_api import JsonAnswer, Parameters, QueryThreads, create_app, read_parameters
from ..limits import TRACE_SEARCH_RANGE_SECONDS
from ..refusals import BadRequest, Refusal
from ..times import NANOSECONDS, format_go_duration, parse_go_duration
from . import ingest
from .answers import resource_spans, search_answer, trace_message, trace_response_message, trace_summary
from .query_language.evaluator import Trace, matches, operands, search, values_of
from .query_language.parser import KINDS, STATUSES, Attribute, Intrinsic, SpanFilter, parse
from .storage import StoredSpan, TraceStorage, Value
from .tag_search import parse_tags, trace_test

_JSON = "application/json"
_PROTOBUF = "application/x-protobuf"

#: Bodies from this size are decoded in a thread, so that other requests need not wait.
_LARGE_BODY = 256 * 1024

#: Without a range a search looks at this much of the past.
_RECENT_SECONDS = 3600

#: Spans that a look-up of tag names or values reads at most, newest first.
_TAG_SPANS = 50_000

#: Answers of a search, and spans shown of each, where the request does not say.
_DEFAULT_LIMIT = 20
_DEFAULT_SPANS_PER_SET = 3
_LARGEST_LIMIT = 262_144

_INTRINSIC_TAGS = (
    "duration",
    "event:name",
    "event:timeSinceStart",
    "instrumentation:name",
    "instrumentation:version",
    "kind",
    "link:spanID",
    "link:traceID",
    "name",
    "rootName",
    "rootServiceName",
    "span:duration",
    "span:id",
    "span:kind",
    "span:name",
    "span:parentID",
    "span:status",
    "span:statusMessage",
    "status",
    "statusMessage",
    "trace:duration",
    "trace:id",
    "trace:rootName",
    "trace:rootService",
    "traceDuration",
)
#: Intrinsics whose values are words of the language.
_KEYWORDS = {"span:status": tuple(STATUSES), "span:kind": tuple(KINDS)}

_SCOPES = ("event", "instrumentation", "intrinsic", "link", "resource", "span")


def create_traces_app(storage: TraceStorage) -> Starlette:
    """The application that stands on Tempo's port."""
    api = _Api(storage)
    return create_app(
        [
            Route("/ready", api.ready),
            Route("/api/echo", api.echo),
            Route("/api/status/buildinfo", api.build_info),
            Route("/api/traces/{trace_id}", api.trace),
            Route("/api/v2/traces/{trace_id}", api.trace_v2),
            Route("/api/search", api.search),
            Route("/api/search/tags", api.tags),
            Route("/api/v2/search/tags", api.tags_v2),
            Route("/api/search/tag/{tag:path}/values", api.tag_values),
            Route("/api/v2/search/tag/{tag:path}/values", api.tag_values_v2),
        ],
        _render_error,
    )


def create_otlp_app(storage: TraceStorage) -> Starlette:
    """The application that stands on the OTLP/HTTP port."""
    return create_app(
        [Route("/v1/traces", _Receiver(storage).traces, methods=["POST", "GET", "PUT", "DELETE", "PATCH"])],
        _render_otlp_error,
    )


def _render_error(request: Request, status: int, refusal: Refusal | None, message: str) -> Response:
    return PlainTextResponse(message, status, media_type="text/plain")


# -- OTLP

#: google.rpc.Code by HTTP status, as OTLP's Status bodies carry it.
_RPC_CODES = {400: 3, 413: 3, 429: 8, 500: 13, 503: 14}


def _media_type(request: Request) -> str:
    return request.headers.get("content-type", "").split(";")[0].strip().lower()


def _render_otlp_error(request: Request, status: int, refusal: Refusal | None, message: str) -> Response:
    code = _RPC_CODES.get(status, 2)
    if _media_type(request) == _PROTOBUF:
        text = message.encode()[:60_000]
        length = bytes([len(text)]) if len(text) < 128 else bytes([len(text) & 0x7F | 0x80, *_rest(len(text) >> 7)])
        return Response(bytes([8, code, 18]) + length + text, status, media_type=_PROTOBUF)
    return JsonAnswer({"code": code, "message": message}, status)


def _rest(number: int) -> list[int]:
    return [number] if number < 128 else [number & 0x7F | 0x80, *_rest(number >> 7)]


class _Receiver:
    def __init__(self, storage: TraceStorage) -> None:
        self._storage = storage
        self._threads = QueryThreads()

    async def traces(self, request: Request) -> Response:
        if request.method != "POST":
            return PlainTextResponse("405 method not allowed, supported: [POST]", 405, media_type="text/plain")
        kind = _media_type(request)
        if kind not in (_JSON, _PROTOBUF):
            return PlainTextResponse(
                "415 unsupported media type, supported: [application/json, application/x-protobuf]",
                415,
                media_type="text/plain",
            )
        self._storage.database.refuse_if_unavailable()
        body = await read_body(request)
        decode = ingest.decode_json if kind == _JSON else ingest.decode_protobuf
        batch = decode(body) if len(body) < _LARGE_BODY else await self._threads.run(decode, body)
        self._storage.append(batch, len(body))
        if kind == _JSON:
            return Response(b'{"partialSuccess":{}}', media_type=_JSON)
        return Response(b"\n\x00", media_type=_PROTOBUF)


# -- Tempo


class _Api:
    def __init__(self, storage: TraceStorage) -> None:
        self._storage = storage
        self._threads = QueryThreads()

    async def ready(self, request: Request) -> Response:
        return PlainTextResponse("ready\n")

    async def echo(self, request: Request) -> Response:
        return PlainTextResponse("echo\n")

    async def build_info(self, request: Request) -> Response:
        return JsonAnswer(
            {"version": "3.0.3", "revision": "", "branch": "", "buildUser": "", "buildDate": "", "goVersion": ""}
        )

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
        _range(parameters)

        def read() -> list[StoredSpan]:
            with self._storage.reader(Deadline()) as connection:
                return self._storage.trace(connection, trace_id)

        return await self._threads.run(read)

    async def search(self, request: Request) -> Response:
        parameters = await read_parameters(request)
        start, end = _range(parameters)
        limit = _unsigned(parameters, "limit", _DEFAULT_LIMIT)
        if limit <= 0:
            raise BadRequest("invalid limit: must be a positive number")
        limit = min(limit, _LARGEST_LIMIT)
        spans_per_set = _unsigned(parameters, "spss", 0) or _DEFAULT_SPANS_PER_SET
        query_text = parameters.get("q")
        minimum, maximum = _duration(parameters, "minDuration"), _duration(parameters, "maxDuration")
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

    async def tags(self, request: Request) -> Response:
        names = await self._tag_names(request)
        if len(names) > 1:
            # Intrinsics are no tags to the older endpoint, unless it is asked for them.
            names.pop("intrinsic", None)
        return JsonAnswer({"tagNames": sorted({name for scope in names.values() for name in scope}), "metrics": {}})

    async def tags_v2(self, request: Request) -> Response:
        names = await self._tag_names(request)
        scopes = [{"name": scope, "tags": sorted(tags)} for scope, tags in names.items() if tags]
        return JsonAnswer({"scopes": scopes, "metrics": {}})

    async def _tag_names(self, request: Request) -> dict[str, set[str]]:
        parameters = await read_parameters(request)
        scope = parameters.get("scope")
        if scope not in ("", "none", *_SCOPES):
            raise BadRequest(f"invalid scope: {scope}")
        start, end = _range(parameters)
        query = _tag_query(parameters)

        def read() -> dict[str, set[str]]:
            names: dict[str, set[str]] = {name: set() for name in _SCOPES if scope in ("", "none", name)}
            if "intrinsic" in names:
                names["intrinsic"].update(_INTRINSIC_TAGS)
            for span in self._recent_spans(start, end, query):
                if "span" in names:
                    names["span"].update(span.attributes)
                if "resource" in names:
                    names["resource"].update(span.source.resource)
                if "instrumentation" in names:
                    names["instrumentation"].update(span.source.scope_attributes)
                for kind in ("event", "link"):
                    if kind in names:
                        for item in span.details.get(f"{kind}s", ()):
                            names[kind].update(attribute["key"] for attribute in item.get("attributes", ()))
            return names

        return await self._threads.run(read)

    async def tag_values(self, request: Request) -> Response:
        tag = request.path_params["tag"]
        operand: Attribute | Intrinsic = Attribute("", tag)
        if tag == "name":
            operand = Intrinsic("span:name", tag)
        elif tag in ("root.name", "root.service.name"):
            operand = Intrinsic("trace:rootName" if tag == "root.name" else "trace:rootService", tag)
        values = await self._values(request, operand)
        return JsonAnswer({"tagValues": sorted({_text(value) for value in values}), "metrics": {}})

    async def tag_values_v2(self, request: Request) -> Response:
        tag = request.path_params["tag"]
        try:
            condition = parse(f"{{{tag} }}").condition
        except BadRequest as error:
            condition = None
            if "must resolve to a boolean" in str(error):
                condition = parse(f"{{{tag} != nil }}").condition
            else:
                text = str(error).removeprefix("invalid TraceQL query: ")
                raise BadRequest(f"please provide a valid tagName: failed to parse identifier {tag}: {text}") from None
        found = operands(condition)
        if len(found) != 1:
            raise BadRequest(f"please provide a valid tagName: failed to parse identifier {tag}")
        operand = found[0]
        if isinstance(operand, Intrinsic) and operand.name in _KEYWORDS:
            words = [{"type": "keyword", "value": word} for word in _KEYWORDS[operand.name]]
            return JsonAnswer({"tagValues": words, "metrics": {}})
        values = await self._values(request, operand)
        return JsonAnswer({"tagValues": [_typed(value) for value in values], "metrics": {}})

    async def _values(self, request: Request, operand: Attribute | Intrinsic) -> Iterable[Value]:
        parameters = await read_parameters(request)
        start, end = _range(parameters)
        query = _tag_query(parameters)
        whole = isinstance(operand, Intrinsic) and operand.name.startswith("trace:")

        def read() -> list[Value]:
            # Keyed by type too: True is not 1.
            values: dict[tuple[type, Value], Value] = {}
            traces: dict[bytes, list[StoredSpan]] = {}
            for span in self._recent_spans(start, end, query):
                if whole:
                    traces.setdefault(span.trace_id, []).append(span)
                    continue
                for value in values_of(operand, span, None):
                    values[type(value), value] = value
            for trace_id, spans in traces.items():
                for value in values_of(operand, spans[0], Trace(trace_id, spans)):
                    values[type(value), value] = value
            return list(values.values())

        return await self._threads.run(read)

    def _recent_spans(self, start: int, end: int, query: SpanFilter) -> Iterable[StoredSpan]:
        deadline = Deadline()
        with self._storage.reader(deadline) as connection:
            for number, span in enumerate(self._storage.spans(connection, start, end)):
                if number >= _TAG_SPANS:
                    break
                if number % 1000 == 0:
                    deadline.check()
                if matches(query.condition, span, None):
                    yield span


def _tag_query(parameters: Parameters) -> SpanFilter:
    try:
        return parse(parameters.get("q", "{}"))
    except BadRequest:
        # As in Tempo: a filter that is still being typed filters nothing.
        return SpanFilter(None)


def _text(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _typed(value: Value) -> dict[str, str]:
    kind = "bool" if isinstance(value, bool) else {int: "int", float: "float"}.get(type(value), "string")
    text = _text(value)
    # Go leaves an empty field out.
    return {"type": kind, "value": text} if text else {"type": kind}


def _trace_id(text: str) -> bytes:
    for position, character in enumerate(text, 1):
        if character not in "0123456789abcdefABCDEF":
            raise BadRequest(
                f"trace IDs can only contain hex characters: invalid character '{character}' at position {position}"
            )
    if len(text) > 32:
        raise BadRequest("trace IDs can't be larger than 128 bits")
    return bytes.fromhex(text.zfill(32))


def _unsigned(parameters: Parameters, name: str, default: int) -> int:
    text = parameters.get(name)
    if not text:
        return default
    if not (text.isdigit() and text.isascii()):
        raise BadRequest(f'invalid {name}: strconv.ParseUint: parsing "{text}": invalid syntax')
    number = int(text) if len(text) < 20 else 2**32
    if number > 2**32 - 1:
        raise BadRequest(f'invalid {name}: strconv.ParseUint: parsing "{text}": value out of range')
    return number


def _range(parameters: Parameters) -> tuple[int, int]:
    """The request's range in unix nanoseconds: the recent past when it names none."""
    start, end = _unsigned(parameters, "start", 0), _unsigned(parameters, "end", 0)
    if not start and not end:
        now = time.time_ns()
        return now - _RECENT_SECONDS * NANOSECONDS, now + _RECENT_SECONDS * NANOSECONDS
    if start >= end:
        raise BadRequest(f"http parameter start must be before end. received start={start} end={end}")
    if end - start > TRACE_SEARCH_RANGE_SECONDS:
        longest = format_go_duration(TRACE_SEARCH_RANGE_SECONDS * NANOSECONDS)
        raise BadRequest(f"range specified by start and end exceeds {longest}. received start={start} end={end}")
    return start * NANOSECONDS, end * NANOSECONDS


def _duration(parameters: Parameters, name: str) -> int | None:
    text = parameters.get(name)
    if not text:
        return None
    nanoseconds = parse_go_duration(text)
    if nanoseconds is None:
        raise BadRequest(f'invalid {name}: time: invalid duration "{text}"')
    return nanoseconds
