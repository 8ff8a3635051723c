"""Traces and search results in the shapes in which Tempo answers: OTLP as canonical protobuf JSON, or protobuf."""

from __future__ import annotations

import base64
from typing import Any

import msgspec
from google.protobuf import json_format
from opentelemetry.proto.trace.v1 import trace_pb2

from .ingest import KINDS, STATUS_CODES
from .query_language.evaluator import Found, Trace, shown_value, values_of
from .query_language.parser import Attribute, Intrinsic
from .storage import StoredSpan

#: Tempo's words for a root that has not arrived.
ROOT_NOT_RECEIVED = "<root span not yet received>"

Json = dict[str, Any]


def resource_spans(spans: list[StoredSpan]) -> list[Json]:
    """The spans grouped by resource and scope, as OTLP in canonical protobuf JSON."""
    groups: dict[bytes, tuple[Json, dict[bytes, Json]]] = {}
    for span in spans:
        source = span.source.decoded
        resource = {"attributes": [_attribute(a) for a in msgspec.to_builtins(source.resource.attributes)]}
        group = groups.setdefault(msgspec.json.encode(source.resource), ({"resource": resource, "scopeSpans": []}, {}))
        if source.resource_schema_url:
            group[0]["schemaUrl"] = source.resource_schema_url
        scope_spans = group[1].get(span.source.content)
        if scope_spans is None:
            scope = {
                name: value
                for name, value in (
                    ("name", source.scope.name),
                    ("version", source.scope.version),
                    ("attributes", [_attribute(a) for a in msgspec.to_builtins(source.scope.attributes)]),
                )
                if value
            }
            scope_spans = {"scope": scope, "spans": []}
            if source.scope_schema_url:
                scope_spans["schemaUrl"] = source.scope_schema_url
            group[1][span.source.content] = scope_spans
            group[0]["scopeSpans"].append(scope_spans)
        scope_spans["spans"].append(_span(span))
    return [group for group, _ in groups.values()]


def trace_message(spans: list[StoredSpan]) -> bytes:
    """The spans as a protobuf message with resource spans in field 1: Tempo's Trace and OTLP's TracesData alike."""
    message = json_format.ParseDict({"resourceSpans": resource_spans(spans)}, trace_pb2.TracesData())
    content: bytes = message.SerializeToString()
    return content


def trace_response_message(spans: list[StoredSpan]) -> bytes:
    """Tempo's TraceByIDResponse: the trace as a message in field 1."""
    trace = trace_message(spans)
    length = bytearray()
    rest = len(trace)
    while rest > 0x7F:
        length.append(rest & 0x7F | 0x80)
        rest >>= 7
    length.append(rest)
    return b"\x0a" + bytes(length) + trace


def _base64(id_: bytes) -> str:
    return base64.b64encode(id_).decode()


def _span(span: StoredSpan) -> Json:
    details = span.details
    answer: Json = {"traceId": _base64(span.trace_id), "spanId": _base64(span.span_id)}
    if details.get("traceState"):
        answer["traceState"] = details["traceState"]
    if span.parent_id:
        answer["parentSpanId"] = _base64(span.parent_id)
    if details.get("flags"):
        answer["flags"] = details["flags"]
    answer["name"] = span.name
    if span.kind:
        answer["kind"] = KINDS[span.kind] if span.kind < len(KINDS) else span.kind
    answer["startTimeUnixNano"] = str(span.start)
    answer["endTimeUnixNano"] = str(span.end)
    for name in ("attributes", "droppedAttributesCount"):
        if details.get(name):
            answer[name] = [_attribute(a) for a in details[name]] if name == "attributes" else details[name]
    if details.get("events"):
        answer["events"] = [_event(event) for event in details["events"]]
    if details.get("droppedEventsCount"):
        answer["droppedEventsCount"] = details["droppedEventsCount"]
    if details.get("links"):
        answer["links"] = [_link(link) for link in details["links"]]
    if details.get("droppedLinksCount"):
        answer["droppedLinksCount"] = details["droppedLinksCount"]
    status: Json = {}
    if details.get("statusMessage"):
        status["message"] = details["statusMessage"]
    if span.status:
        status["code"] = STATUS_CODES[span.status] if span.status < len(STATUS_CODES) else span.status
    answer["status"] = status
    return answer


def _attribute(attribute: Json) -> Json:
    return {"key": attribute["key"], "value": _value(attribute["value"])}


def _value(value: Json | None) -> Json:
    for kind, content in (value or {}).items():
        if kind == "intValue":
            return {kind: str(content)}
        if kind == "arrayValue":
            return {kind: {"values": [_value(item) for item in (content or {}).get("values", ())]}}
        if kind == "kvlistValue":
            return {kind: {"values": [_attribute(item) for item in (content or {}).get("values", ())]}}
        return {kind: content}
    return {}


def _event(event: Json) -> Json:
    answer = dict(event, timeUnixNano=str(event.get("timeUnixNano", 0)))
    if "attributes" in event:
        answer["attributes"] = [_attribute(a) for a in event["attributes"]]
    return answer


def _link(link: Json) -> Json:
    answer = dict(link)
    for name in ("traceId", "spanId"):
        if name in link:
            answer[name] = _base64(bytes.fromhex(link[name]))
    if "attributes" in link:
        answer["attributes"] = [_attribute(a) for a in link["attributes"]]
    return answer


def trace_summary(trace: Trace) -> Json:
    """What a search says about a trace as a whole."""
    root = trace.root
    answer: Json = {"traceID": trace.id.hex().lstrip("0")}
    answer["rootServiceName"] = root.source.service_name if root else ROOT_NOT_RECEIVED
    if root:
        answer["rootTraceName"] = root.name
    answer["startTimeUnixNano"] = str(trace.start)
    milliseconds = trace.duration // 1_000_000
    if milliseconds:
        answer["durationMs"] = milliseconds
    return answer


def search_answer(found: Found, operands: list[Attribute | Intrinsic], spans_per_set: int) -> Json:
    """A trace that a TraceQL search found: summary, the selected spans, and a count per service."""
    shown = found.spans[:spans_per_set]
    span_set = {"spans": [_found_span(span, found.trace, operands) for span in shown], "matched": len(found.spans)}
    services: dict[str, Json] = {}
    for span in found.trace.spans:
        stats = services.setdefault(span.source.service_name, {"spanCount": 0})
        stats["spanCount"] += 1
        if span.status == 2:
            stats["errorCount"] = stats.get("errorCount", 0) + 1
    return {**trace_summary(found.trace), "spanSet": span_set, "spanSets": [span_set], "serviceStats": services}


def _found_span(span: StoredSpan, trace: Trace, operands: list[Attribute | Intrinsic]) -> Json:
    answer: Json = {"spanID": span.span_id.hex()}
    attributes = []
    for operand in operands:
        if isinstance(operand, Intrinsic) and operand.name == "span:name":
            answer["name"] = span.name
        elif isinstance(operand, Intrinsic) and operand.name in _NOT_SHOWN:
            continue
        else:
            key = operand.name if isinstance(operand, Attribute) else operand.text.removeprefix("span:")
            attributes += [{"key": key, "value": shown_value(operand, v)} for v in values_of(operand, span, trace)[:1]]
    answer["startTimeUnixNano"] = str(span.start)
    answer["durationNanos"] = str(span.duration)
    if attributes:
        answer["attributes"] = attributes
    return answer


#: Intrinsics that a search answer shows in another place than the span's attributes.
_NOT_SHOWN = frozenset(
    ("span:duration", "span:id", "trace:id", "trace:duration", "trace:rootName", "trace:rootService")
)
