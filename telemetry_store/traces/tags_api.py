"""Tempo's endpoints for the names and values of tags.

Tempo answers from recent spans in one way and from older ones in blocks in another; here what a request asks for tells
which of the two it gets (see `_Request.recent`). All spans of the time range are looked at in any case.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ..deadline import Deadline
from ..http_api import JsonAnswer, Parameters, QueryThreads, read_parameters
from ..limits import TRACE_SEARCH_RANGE_SECONDS
from ..refusals import BadRequest
from ..times import NANOSECONDS, format_go_duration
from .accepted_forms import LANGUAGE_MODEL, PROTOBUF, answer_form, message_field
from .query_language.parser import parse_attribute
from .query_language.syntax import Attribute
from .storage import TraceStorage
from .tag_filter import TagFilter
from .tag_values import TagValue, Wanted, tag_names, tag_values

#: Tempo answers requests that reach into this much of the past from recent spans, too (query_backend_after).
_RECENT_SECONDS = 15 * 60

#: Bytes of names or values in an answer (Tempo: max_bytes_per_tag_values_query).
_ANSWER_BYTES = 1_000_000

_INTRINSICS = (
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

_SCOPES = ("event", "instrumentation", "link", "resource", "span")
#: Scopes that the parameter may name, the first two for all of them.
_KNOWN_SCOPES = ("", "none", "intrinsic", "trace", *_SCOPES)

#: What recent spans answer for these without a look at any.
_RECENT_VALUES: dict[str, tuple[TagValue, ...]] = {
    **dict.fromkeys(("status", "span:status"), tuple(("keyword", word) for word in ("ok", "error", "unset"))),
    **dict.fromkeys(
        ("kind", "span:kind"),
        tuple(("keyword", word) for word in ("client", "server", "producer", "consumer", "internal", "unspecified")),
    ),
    **dict.fromkeys(("duration", "span:duration", "traceDuration"), ()),
}
_RECENT_OLD_VALUES = {"status.code": ("unset", "ok", "error"), "error": ("true",)}

#: What the older endpoint means by these names; any other is an attribute of whatever scope.
_OLD_NAMES = {
    "name": Attribute("intrinsic", "span:name"),
    "status.code": Attribute("intrinsic", "span:status"),
    **dict.fromkeys(("rootName", "root.name"), Attribute("intrinsic", "trace:rootName")),
    **dict.fromkeys(("rootServiceName", "root.service.name"), Attribute("intrinsic", "trace:rootService")),
    "trace:id": Attribute("intrinsic", "trace:id"),
    "span:id": Attribute("intrinsic", "span:id"),
    **{name: Attribute("span", name) for name in ("http.method", "http.url", "http.status_code")},
}


def tag_routes(storage: TraceStorage, threads: QueryThreads) -> list[BaseRoute]:
    """The routes of this module."""
    api = _TagsApi(storage, threads)
    return [
        Route("/api/search/tags", api.tags),
        Route("/api/v2/search/tags", api.tags_v2),
        Route("/api/search/tag/{tag:path}/values", api.tag_values),
        Route("/api/v2/search/tag/{tag:path}/values", api.tag_values_v2),
    ]


@dataclass(frozen=True)
class _Request:
    """What all four endpoints are asked. Times in unix nanoseconds."""

    start: int
    end: int
    limit: int
    query: str
    scope: str
    #: Whether the request reaches into the recent past, or names no range.
    recent: bool

    @classmethod
    async def read(cls, request: Request) -> _Request:
        """The request's parameters. Raises BadRequest in Tempo's words."""
        parameters = await read_parameters(request)
        start, end = _range(parameters)
        limit = parameters.get("limit")
        return cls(
            start * NANOSECONDS if start else -(2**63),
            (end + 1) * NANOSECONDS - 1 if end else 2**63 - 1,
            int(limit) if re.fullmatch("[0-9]{1,9}", limit, re.ASCII) else 0,
            parameters.get("q"),
            parameters.get("scope"),
            not end or end >= time.time() - _RECENT_SECONDS,
        )

    def wanted(self, tag_filter: TagFilter) -> Wanted:
        """Whose tags these are."""
        return Wanted(self.start, self.end, tag_filter, self.recent)


class _TagsApi:
    def __init__(self, storage: TraceStorage, threads: QueryThreads) -> None:
        self._storage = storage
        self._threads = threads

    async def tags(self, request: Request) -> Response:
        asked = await _Request.read(request)
        names = await self._threads.run(self._names, asked)
        if asked.scope != "intrinsic":
            # Intrinsics are no tags to the older endpoint, unless it is asked for them.
            names.pop("intrinsic", None)
        listed = sorted(_limited(sorted(set().union(*names.values())), asked.limit))
        if answer_form(request) == PROTOBUF:
            return Response(b"".join(message_field(1, name.encode()) for name in listed), media_type=PROTOBUF)
        return JsonAnswer({"tagNames": listed, "metrics": {}})

    async def tags_v2(self, request: Request) -> Response:
        asked = await _Request.read(request)
        names = await self._threads.run(self._names, asked)
        scopes = {scope: _limited(sorted(tags), asked.limit) for scope, tags in sorted(names.items()) if tags}
        if answer_form(request) == PROTOBUF:
            messages = [
                message_field(1, scope.encode()) + b"".join(message_field(2, tag.encode()) for tag in tags)
                for scope, tags in scopes.items()
            ]
            return Response(b"".join(message_field(1, message) for message in messages), media_type=PROTOBUF)
        return JsonAnswer({"scopes": [{"name": scope, "tags": tags} for scope, tags in scopes.items()], "metrics": {}})

    def _names(self, asked: _Request) -> dict[str, set[str]]:
        if asked.scope not in _KNOWN_SCOPES:
            raise BadRequest(f"invalid scope: {asked.scope}")
        everything = asked.scope in ("", "none")
        names: dict[str, set[str]] = {}
        if everything or asked.scope == "intrinsic":
            names["intrinsic"] = set(_INTRINSICS)
        scopes = [scope for scope in _SCOPES if everything or scope == asked.scope]
        if scopes:
            deadline = Deadline()
            with self._storage.reader(deadline) as view:
                blocks = view.blocks(asked.start, asked.end)
                names |= tag_names(blocks, scopes, asked.wanted(TagFilter(asked.query)), deadline)
        return names

    async def tag_values(self, request: Request) -> Response:
        tag = _tag(request)
        asked = await _Request.read(request)
        attribute = _OLD_NAMES.get(tag, Attribute("", tag))
        values = {text for _, text in await self._threads.run(self._values, asked, attribute, TagFilter(""))}
        if asked.recent:
            values |= set(_RECENT_OLD_VALUES.get(tag, ()))
        listed = sorted(_limited(sorted(values), asked.limit))
        if answer_form(request) == PROTOBUF:
            return Response(b"".join(message_field(1, value.encode()) for value in listed), media_type=PROTOBUF)
        return JsonAnswer({"tagValues": listed, "metrics": {}})

    async def tag_values_v2(self, request: Request) -> Response:
        tag = _tag(request)
        try:
            attribute = parse_attribute(tag)
        except BadRequest as error:
            raise BadRequest(f"please provide a valid tagName: {error}") from None
        asked = await _Request.read(request)
        if asked.recent and tag in _RECENT_VALUES:
            values = list(_RECENT_VALUES[tag])
        else:
            values = await self._threads.run(self._values, asked, attribute, TagFilter(asked.query))
        form = answer_form(request)
        if form == PROTOBUF:
            messages = [
                b"".join(message_field(number, text.encode()) for number, text in ((1, kind), (2, value)) if text)
                for kind, value in values
            ]
            return Response(b"".join(message_field(1, message) for message in messages), media_type=PROTOBUF)
        if form == LANGUAGE_MODEL:
            by_type: dict[str, list[str]] = {}
            for kind, value in values:
                by_type.setdefault(kind, []).append(value)
            answer = JsonAnswer({"tagValues": by_type})
            answer.headers["Content-Type"] = f"{LANGUAGE_MODEL}+json"
            return answer
        return JsonAnswer({"tagValues": [_without_empty(*value) for value in values], "metrics": {}})

    def _values(self, asked: _Request, attribute: Attribute, tag_filter: TagFilter) -> list[TagValue]:
        deadline = Deadline()
        with self._storage.reader(deadline) as view:
            blocks = view.blocks(asked.start, asked.end)
            found = tag_values(blocks, attribute, asked.wanted(tag_filter), deadline)
            return list(_bounded(islice(found, asked.limit or None)))


def _tag(request: Request) -> str:
    tag: str = request.path_params["tag"]
    if tag in ("", ".", ".."):
        raise HTTPException(404)
    return tag


def _limited(names: list[str], limit: int) -> list[str]:
    return names[:limit] if limit else names


def _bounded(values: Iterable[TagValue]) -> Iterable[TagValue]:
    size = 0
    for value in values:
        size += len(value[0]) + len(value[1])
        if size >= _ANSWER_BYTES:
            return
        yield value


def _without_empty(kind: str, text: str) -> dict[str, str]:
    # Go leaves an empty field out.
    return {name: value for name, value in (("type", kind), ("value", text)) if value}


def _range(parameters: Parameters) -> tuple[int, int]:
    """Start and end in unix seconds, 0 for none."""
    if not parameters.get("start") and not parameters.get("end"):
        return 0, 0
    start, end = _seconds(parameters, "start"), _seconds(parameters, "end")
    if start is None or end is None:
        raise BadRequest("error parsing date range: only one of start and end provided: must provide both or neither")
    if end < start or end - start > TRACE_SEARCH_RANGE_SECONDS:
        longest = format_go_duration(TRACE_SEARCH_RANGE_SECONDS * NANOSECONDS)
        raise BadRequest(f"range specified by start and end exceeds {longest}. received start={start} end={end}")
    return start, end


def _seconds(parameters: Parameters, name: str) -> int | None:
    text = parameters.get(name)
    if not re.fullmatch(r"[0-9]{1,19}(?:\.[0-9]{0,9})?", text, re.ASCII):
        return None
    # Longer whole numbers are nanoseconds.
    return int(text) // NANOSECONDS if text.isdigit() and len(text) > 10 else int(float(text))
