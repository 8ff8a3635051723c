"""OTLP/HTTP bodies -> checked batches of spans. JSON and protobuf; a request is taken as a whole or not at all.

JSON is decoded and checked against the schema below in one pass outside the interpreter; nothing is done per attribute.
"""

from __future__ import annotations

import math
import re
from typing import Annotated, Any

import msgspec
from google.protobuf.message import DecodeError
from msgspec import UNSET, Meta, Struct, UnsetType
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1 import common_pb2
from opentelemetry.proto.trace.v1 import trace_pb2

from ..refusals import BadRequest


def _up_to(largest: str) -> str:
    """A regular expression for the whole numbers up to this one; zeros may stand before them."""
    shorter = f"[0-9]{{1,{len(largest) - 1}}}"
    smaller = [
        f"{largest[:place]}[0-{int(digit) - 1}][0-9]{{{len(largest) - place - 1}}}"
        for place, digit in enumerate(largest)
        if digit != "0"
    ]
    return f"0*({'|'.join([shorter, *smaller, largest])})"


#: 64-bit numbers stand in OTLP/JSON as strings, and many senders write plain numbers.
Int64 = (
    Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
    | Annotated[str, Meta(pattern=f"^({_up_to(str(2**63 - 1))}|-{_up_to(str(2**63))})$")]
)
UnixNano = Annotated[int, Meta(ge=0, le=2**63 - 1)] | Annotated[str, Meta(pattern=f"^{_up_to(str(2**64 - 1))}$")]
TraceId = Annotated[str, Meta(pattern=r"^([0-9a-fA-F]{32})?$")]
SpanId = Annotated[str, Meta(pattern=r"^([0-9a-fA-F]{16})?$")]
#: JSON has no words for some numbers, and none for bytes.
Double = float | Annotated[str, Meta(pattern=r"^(NaN|[-+]?Infinity|[-+]?[0-9]+(\.[0-9]*)?([eE][-+]?[0-9]+)?)$")]
Base64 = Annotated[str, Meta(pattern=r"^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$")]
Count = Annotated[int, Meta(ge=0, le=2**32 - 1)]

#: OTLP's enumerations by their numbers.
STATUS_CODES = ("STATUS_CODE_UNSET", "STATUS_CODE_OK", "STATUS_CODE_ERROR")
KINDS = tuple(f"SPAN_KIND_{kind}" for kind in ("UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"))
_LARGEST = 2**63 - 1

#: Levels of lists and maps in an attribute's value (protobuf's own limit allows about as many), and how each begins.
_DEEPEST = 30
_NESTED = b'Value":{"values":['


class AnyValue(Struct, gc=False, rename="camel", omit_defaults=True):
    """OTLP's AnyValue: one of these is set, or none for an empty value."""

    string_value: str | UnsetType | None = UNSET
    bool_value: bool | UnsetType | None = UNSET
    int_value: Int64 | UnsetType | None = UNSET
    double_value: Double | UnsetType | None = UNSET
    array_value: ArrayValue | UnsetType | None = UNSET
    kvlist_value: KeyValueList | UnsetType | None = UNSET
    bytes_value: Base64 | UnsetType | None = UNSET


class ArrayValue(Struct, gc=False):
    """A list of values."""

    values: list[AnyValue] = []


class KeyValue(Struct, gc=False):
    """One attribute."""

    key: str = ""
    value: AnyValue | None = None


class KeyValueList(Struct, gc=False):
    """A map of values."""

    values: list[KeyValue] = []


class Event(Struct, gc=False, rename="camel", omit_defaults=True):
    """Something that happened within a span, such as an exception."""

    time_unix_nano: UnixNano = 0
    name: str = ""
    attributes: list[KeyValue] = []
    dropped_attributes_count: Count = 0


class Link(Struct, gc=False, rename="camel", omit_defaults=True):
    """A reference to a span of this or another trace."""

    trace_id: TraceId = ""
    span_id: SpanId = ""
    trace_state: str = ""
    attributes: list[KeyValue] = []
    dropped_attributes_count: Count = 0
    flags: Count = 0


class Details(Struct, gc=False, rename="camel", omit_defaults=True):
    """What is kept of a span beside the columns by which it is found."""

    attributes: list[KeyValue] = []
    dropped_attributes_count: Count = 0
    events: list[Event] = []
    dropped_events_count: Count = 0
    links: list[Link] = []
    dropped_links_count: Count = 0
    trace_state: str = ""
    flags: Count = 0
    status_message: str = ""
    #: Only of a span that ended before it started.
    end_time_unix_nano: UnixNano = 0


class _Status(Struct, gc=False):
    message: str = ""
    code: int | str = 0


class _Span(Struct, gc=False, rename="camel"):
    trace_id: str = ""
    span_id: str = ""
    trace_state: str = ""
    parent_span_id: str = ""
    flags: Count = 0
    name: str | None = ""
    kind: int | str = 0
    start_time_unix_nano: UnixNano = 0
    end_time_unix_nano: UnixNano = 0
    attributes: list[KeyValue] | None = None
    dropped_attributes_count: Count = 0
    events: list[Event] | None = None
    dropped_events_count: Count = 0
    links: list[Link] | None = None
    dropped_links_count: Count = 0
    status: _Status | None = None


class Resource(Struct, gc=False, rename="camel", omit_defaults=True):
    """Who sent the spans."""

    attributes: list[KeyValue] = []
    dropped_attributes_count: Count = 0


class Scope(Struct, gc=False, rename="camel", omit_defaults=True):
    """Which instrumentation made the spans."""

    name: str = ""
    version: str = ""
    attributes: list[KeyValue] = []
    dropped_attributes_count: Count = 0


class Source(Struct, gc=False, rename="camel", omit_defaults=True):
    """What the spans of one group have in common: stored once and referred to."""

    resource: Resource = msgspec.field(default_factory=Resource)
    scope: Scope = msgspec.field(default_factory=Scope)
    resource_schema_url: str = ""
    scope_schema_url: str = ""


class _ScopeSpans(Struct, gc=False, rename="camel"):
    scope: Scope | None = None
    spans: list[_Span] | None = None
    schema_url: str = ""


class _ResourceSpans(Struct, gc=False, rename="camel"):
    resource: Resource | None = None
    scope_spans: list[_ScopeSpans] | None = None
    schema_url: str = ""


class _Request(Struct, gc=False, rename="camel"):
    resource_spans: list[_ResourceSpans] | None = None


#: (trace id, span id, parent id or empty, name, kind, status code, start and duration in nanoseconds, details as JSON)
SpanRow = tuple[bytes, bytes, bytes, str, int, int, int, int, bytes]

#: One request: spans by their source (as JSON).
Batch = list[tuple[bytes, list[SpanRow]]]

_request_decoder = msgspec.json.Decoder(_Request)
_encode = msgspec.json.Encoder().encode


def decode_json(body: bytes) -> Batch:
    """The spans of an OTLP/JSON request. Raises BadRequest."""
    try:
        request = _request_decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        # Its expression would only puzzle.
        reason = re.sub(r"`str` matching regex '.*'", "`str` of another form", str(error))
        raise BadRequest(f"invalid OTLP/JSON: {reason}") from None
    return _collect(request)


def decode_protobuf(body: bytes) -> Batch:
    """The spans of an OTLP/protobuf request. Raises BadRequest."""
    try:
        message = ExportTraceServiceRequest.FromString(body)
    except DecodeError as error:
        raise BadRequest(f"invalid OTLP/protobuf: {error}") from None
    return _collect(_request_of(message))


def _collect(request: _Request) -> Batch:
    batch: Batch = []
    for resource_spans in request.resource_spans or ():
        resource = resource_spans.resource or Resource()
        for scope_spans in resource_spans.scope_spans or ():
            if scope_spans.spans:
                source = Source(
                    resource, scope_spans.scope or Scope(), resource_spans.schema_url, scope_spans.schema_url
                )
                batch.append((_encode_checked(source), [_row(span) for span in scope_spans.spans]))
    return batch


def _encode_checked(content: Source | Details) -> bytes:
    """The content as JSON. Raises BadRequest when lists or maps are nested in it deeper than readers can follow."""
    encoded = _encode(content)
    # Counting bytes is cheap; only many lists make it worth a look at how they lie in one another.
    if encoded.count(_NESTED) > _DEEPEST and _depth(msgspec.to_builtins(content)) > 3 * _DEEPEST:
        raise BadRequest(f"attribute values are nested deeper than {_DEEPEST} levels")
    return encoded


def _depth(value: object) -> int:
    deepest = 0
    waiting: list[tuple[object, int]] = [(value, 0)]
    while waiting:
        part, depth = waiting.pop()
        deepest = max(deepest, depth)
        children = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
        waiting += [(child, depth + 1) for child in children]
    return deepest


def _row(span: _Span) -> SpanRow:
    trace_id = _id(span.trace_id, 16, "trace")
    span_id = _id(span.span_id, 8, "span")
    parent_id = _id(span.parent_span_id, 8, "parent span") if span.parent_span_id else b""
    start, end = int(span.start_time_unix_nano), int(span.end_time_unix_nano)
    if start > _LARGEST or end > _LARGEST:
        raise BadRequest(f"span {span.span_id}: time {max(start, end)} is not a 64-bit number of unix nanoseconds")
    status = span.status
    details = Details(
        span.attributes or [],
        span.dropped_attributes_count,
        span.events or [],
        span.dropped_events_count,
        span.links or [],
        span.dropped_links_count,
        span.trace_state,
        span.flags,
        status.message if status else "",
        end if end < start else 0,
    )
    return (
        trace_id,
        span_id,
        parent_id if any(parent_id) else b"",
        span.name or "",
        _enumeration(span.kind, KINDS, "span kind"),
        _enumeration(status.code, STATUS_CODES, "status code") if status else 0,
        start,
        # Clocks step back at times.
        max(end - start, 0),
        _encode_checked(details),
    )


def _id(text: str, size: int, kind: str) -> bytes:
    try:
        id_ = bytes.fromhex(text)
    except ValueError:
        raise BadRequest(f"{kind} id {text[:40]!r} is not hexadecimal") from None
    if len(id_) != size or (kind != "parent span" and not any(id_)):
        bits = len(id_) * 8 if any(id_) else 0
        wanted = f"{size * 8} bit" + (" and not all zero" if kind == "span" else "")
        raise BadRequest(f"{kind} ids must be {wanted}, received {bits} bits")
    return id_


def _enumeration(value: int | str, names: tuple[str, ...], kind: str) -> int:
    if type(value) is int:
        if 0 <= value < 2**31:
            return value
    elif value in names:
        return names.index(value)
    raise BadRequest(f"{str(value)[:40]!r} is not a {kind}")


# -- protobuf -> the same structures


def _request_of(message: Any) -> _Request:
    return _Request(
        [
            _ResourceSpans(
                Resource(_attributes(group.resource.attributes), group.resource.dropped_attributes_count),
                [
                    _ScopeSpans(
                        Scope(
                            scope.scope.name,
                            scope.scope.version,
                            _attributes(scope.scope.attributes),
                            scope.scope.dropped_attributes_count,
                        ),
                        [_span(span) for span in scope.spans],
                        scope.schema_url,
                    )
                    for scope in group.scope_spans
                ],
                group.schema_url,
            )
            for group in message.resource_spans
        ]
    )


def _span(span: trace_pb2.Span) -> _Span:
    return _Span(
        span.trace_id.hex(),
        span.span_id.hex(),
        span.trace_state,
        span.parent_span_id.hex(),
        span.flags,
        span.name,
        span.kind,
        span.start_time_unix_nano,
        span.end_time_unix_nano,
        _attributes(span.attributes),
        span.dropped_attributes_count,
        [
            Event(event.time_unix_nano, event.name, _attributes(event.attributes), event.dropped_attributes_count)
            for event in span.events
        ],
        span.dropped_events_count,
        [
            Link(
                link.trace_id.hex(),
                link.span_id.hex(),
                link.trace_state,
                _attributes(link.attributes),
                link.dropped_attributes_count,
                link.flags,
            )
            for link in span.links
        ],
        span.dropped_links_count,
        _Status(span.status.message, span.status.code),
    )


def _attributes(attributes: Any) -> list[KeyValue]:
    return [KeyValue(attribute.key, _value(attribute.value)) for attribute in attributes]


def _value(value: common_pb2.AnyValue) -> AnyValue:
    kind = value.WhichOneof("value")
    match kind:
        case "string_value":
            return AnyValue(string_value=value.string_value)
        case "int_value":
            return AnyValue(int_value=value.int_value)
        case "bool_value":
            return AnyValue(bool_value=value.bool_value)
        case "double_value":
            number = value.double_value
            # JSON has no word for these: OTLP/JSON writes them as strings.
            finite = math.isfinite(number)
            return AnyValue(
                double_value=number if finite else {"nan": "NaN", "inf": "Infinity"}.get(str(number), "-Infinity")
            )
        case "array_value":
            return AnyValue(array_value=ArrayValue([_value(item) for item in value.array_value.values]))
        case "kvlist_value":
            return AnyValue(kvlist_value=KeyValueList(_attributes(value.kvlist_value.values)))
        case "bytes_value":
            return AnyValue(bytes_value=msgspec.to_builtins(value.bytes_value))
        case _:
            return AnyValue()
