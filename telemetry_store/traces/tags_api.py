"""Tempo's endpoints for the names and values of tags."""

from __future__ import annotations

from collections.abc import Iterable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ..deadline import Deadline
from ..http_api import JsonAnswer, Parameters, QueryThreads, read_parameters
from ..refusals import BadRequest
from .parameters import time_range
from .query_language.evaluator import Trace, matches, operands, values_of
from .query_language.parser import KINDS, STATUSES, Attribute, Intrinsic, SpanFilter, parse
from .storage import StoredSpan, TraceStorage, Value

#: Spans that a look-up of tag names or values reads at most, newest first.
_TAG_SPANS = 50_000

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


def tag_routes(storage: TraceStorage, threads: QueryThreads) -> list[BaseRoute]:
    """The routes of this module."""
    api = _TagsApi(storage, threads)
    return [
        Route("/api/search/tags", api.tags),
        Route("/api/v2/search/tags", api.tags_v2),
        Route("/api/search/tag/{tag:path}/values", api.tag_values),
        Route("/api/v2/search/tag/{tag:path}/values", api.tag_values_v2),
    ]


class _TagsApi:
    def __init__(self, storage: TraceStorage, threads: QueryThreads) -> None:
        self._storage = storage
        self._threads = threads

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
        start, end = time_range(parameters)
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
        start, end = time_range(parameters)
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
