"""One trace in the shapes in which Tempo answers: OTLP as canonical protobuf JSON, protobuf, and short for a language
model."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import count
from typing import Any

import msgspec
from google.protobuf import json_format
from opentelemetry.proto.trace.v1 import trace_pb2

from .accepted_forms import message_field
from .ingest import KINDS, STATUS_CODES, Source
from .known_attributes import KNOWN
from .spans import StoredSpan

Json = dict[str, Any]

_KIND_SERVER, _KIND_CLIENT = 2, 3

#: By scope, the attributes that Tempo gives back after the others, each with OTLP's field for the type it must have.
_KNOWN_FIELDS = {
    scope: {name: {str: "stringValue", int: "intValue"}[kind] for name, kind in known.items()}
    for scope, known in KNOWN.items()
}

#: Spans by scope by resource, in order.
Groups = list[tuple[Source, list[tuple[Source, list[StoredSpan]]]]]


def group_spans(spans: Sequence[StoredSpan]) -> Groups:
    """The spans of a trace by resource and scope, in the order in which these first appear; ids told apart."""
    resources: dict[bytes, tuple[Source, dict[bytes, tuple[Source, list[StoredSpan]]]]] = {}
    for span in spans:
        source = span.source.decoded
        _, scopes = resources.setdefault(msgspec.json.encode(source.resource), (source, {}))
        scopes.setdefault(msgspec.json.encode(source.scope), (source, []))[1].append(span)
    groups: Groups = [(resource, list(scopes.values())) for resource, scopes in resources.values()]
    _tell_shared_ids_apart(groups)
    return groups


def _tell_shared_ids_apart(groups: Groups) -> None:
    """Gives server spans that share an id with a client's span one of their own, below the client's, as Tempo does."""
    lists = [spans for _, scopes in groups for _, spans in scopes]
    ids = {span.span_id for spans in lists for span in spans}
    clients = {span.span_id for spans in lists for span in spans if span.kind == _KIND_CLIENT}
    unused = (id_ for number in count(1) if (id_ := number.to_bytes(8, "big")) not in ids)
    new_ids: dict[bytes, bytes] = {}
    for spans in lists:
        for position, span in enumerate(spans):
            if span.kind == _KIND_SERVER and span.span_id in clients:
                new_ids[span.span_id] = next(unused)
                spans[position] = replace(span, span_id=new_ids[span.span_id], parent_id=span.span_id)
    if new_ids:
        for spans in lists:
            for position, span in enumerate(spans):
                parent = new_ids.get(span.parent_id)
                if parent is not None and parent != span.span_id:
                    spans[position] = replace(span, parent_id=parent)


# -- OTLP


def resource_spans(spans: Sequence[StoredSpan]) -> list[Json]:
    """The spans as OTLP in canonical protobuf JSON."""
    return [
        {
            "resource": _without_empty(
                {
                    "attributes": _attributes(_known_last(resource.resource.attributes, _KNOWN_FIELDS["resource"])),
                    "droppedAttributesCount": resource.resource.dropped_attributes_count,
                }
            ),
            "scopeSpans": [
                {"scope": _scope(scope), "spans": [_span(span) for span in scope_spans]}
                for scope, scope_spans in scopes
            ],
        }
        for resource, scopes in group_spans(spans)
    ]


def trace_message(spans: Sequence[StoredSpan]) -> bytes:
    """The spans as a protobuf message with resource spans in field 1: Tempo's Trace and OTLP's TracesData alike."""
    message = json_format.ParseDict({"resourceSpans": resource_spans(spans)}, trace_pb2.TracesData())
    content: bytes = message.SerializeToString()
    return content


def trace_response_message(spans: Sequence[StoredSpan]) -> bytes:
    """Tempo's TraceByIDResponse: the trace as a message in field 1, and empty metrics in field 2."""
    return message_field(1, trace_message(spans)) + message_field(2, b"")


def _without_empty(answer: Json) -> Json:
    return {name: value for name, value in answer.items() if value}


def _base64(id_: bytes) -> str:
    return base64.b64encode(id_).decode()


def _scope(source: Source) -> Json:
    scope = source.scope
    return _without_empty(
        {
            "name": scope.name,
            "version": scope.version,
            "attributes": _attributes(msgspec.to_builtins(scope.attributes)),
            "droppedAttributesCount": scope.dropped_attributes_count,
        }
    )


def _span(span: StoredSpan) -> Json:
    details = span.details
    status = {
        "message": details.get("statusMessage"),
        "code": STATUS_CODES[span.status] if 0 < span.status < len(STATUS_CODES) else span.status,
    }
    return {
        "traceId": _base64(span.trace_id),
        **_without_empty(
            {
                "spanId": _base64(span.span_id),
                "traceState": details.get("traceState"),
                "parentSpanId": _base64(span.parent_id),
                "name": span.name,
                "kind": KINDS[span.kind] if 0 < span.kind < len(KINDS) else span.kind,
                "startTimeUnixNano": _number(span.start),
                "endTimeUnixNano": _number(_end(span)),
                "attributes": _attributes(_known_last(details.get("attributes", ()), _KNOWN_FIELDS["span"])),
                "droppedAttributesCount": details.get("droppedAttributesCount"),
                "events": [_event(event) for event in _events(details)],
                "droppedEventsCount": details.get("droppedEventsCount"),
                "links": [_link(link) for link in _links(details)],
                "droppedLinksCount": details.get("droppedLinksCount"),
            }
        ),
        "status": _without_empty(status),
    }


def _number(number: int | str | None) -> str:
    """A 64-bit number as protobuf's JSON has it; empty for 0, which is left out."""
    return str(int(number)) if number and int(number) else ""


def _end(span: StoredSpan) -> int:
    return int(span.details.get("endTimeUnixNano", span.end))


def _events(details: Mapping[str, Any]) -> list[Json]:
    return sorted(
        details.get("events", ()), key=lambda event: (int(event.get("timeUnixNano", 0)), event.get("name", ""))
    )


def _links(details: Mapping[str, Any]) -> list[Json]:
    return sorted(details.get("links", ()), key=lambda link: (link.get("traceId", ""), link.get("spanId", "")))


def _known_last(attributes: Any, known: Mapping[str, str]) -> list[Json]:
    """The attributes with the known ones of the known type at the end, in their order, the last of each name."""
    found: dict[str, Json] = {}
    others = []
    for attribute in msgspec.to_builtins(attributes):
        name = attribute.get("key", "")
        if known.get(name) in (attribute.get("value") or {}):
            found[name] = attribute
        else:
            others.append(attribute)
    return others + [found[name] for name in known if name in found]


def _attributes(attributes: Sequence[Mapping[str, Any]]) -> list[Json]:
    return [_attribute(attribute) for attribute in attributes]


def _attribute(attribute: Mapping[str, Any]) -> Json:
    answer = {"key": attribute["key"]} if attribute.get("key") else {}
    return {**answer, "value": _value(attribute.get("value"))}


def _value(value: Mapping[str, Any] | None) -> Json:
    for kind, content in (value or {}).items():
        if content is None:
            continue
        if kind == "intValue":
            return {kind: str(content)}
        if kind == "arrayValue":
            return {kind: _without_empty({"values": [_value(item) for item in content.get("values", ())]})}
        if kind == "kvlistValue":
            return {kind: _without_empty({"values": _attributes(content.get("values", ()))})}
        return {kind: content}
    return {}


def _event(event: Mapping[str, Any]) -> Json:
    time, attributes = _number(event.get("timeUnixNano")), _attributes(event.get("attributes", ()))
    return _without_empty({**event, "timeUnixNano": time, "attributes": attributes})


def _link(link: Mapping[str, Any]) -> Json:
    ids = {name: _base64(bytes.fromhex(link.get(name, ""))) for name in ("traceId", "spanId")}
    # Tempo does not keep flags.
    return _without_empty({**link, **ids, "flags": 0, "attributes": _attributes(link.get("attributes", ()))})


# -- for language models


def short_trace(spans: Sequence[StoredSpan]) -> Json:
    """The trace with plain attributes, as Tempo gives it for `application/vnd.grafana.llm`."""
    if not spans:
        return {}
    services = []
    for resource, scopes in group_spans(spans):
        attributes = _plain_attributes(msgspec.to_builtins(resource.resource.attributes))
        name = attributes.pop("service.name", "")
        services.append(
            _without_empty(
                {
                    "serviceName": name if isinstance(name, str) else "",
                    "resource": attributes,
                    "scopes": [
                        _without_empty(
                            {
                                "name": scope.scope.name,
                                "version": scope.scope.version,
                                "spans": [_short_span(span) for span in scope_spans],
                            }
                        )
                        for scope, scope_spans in scopes
                    ],
                }
            )
        )
    return {"trace": {"traceId": spans[0].trace_id.hex(), "services": services}}


def _short_span(span: StoredSpan) -> Json:
    details, end = span.details, _end(span)
    status = (
        STATUS_CODES[span.status] if span.status < len(STATUS_CODES) else str(span.status),
        details.get("statusMessage", "") if span.status else "",
    )
    return {
        "spanId": span.span_id.hex(),
        "name": span.name,
        **_without_empty(
            {
                "parentSpanId": span.parent_id.hex(),
                "kind": (KINDS[span.kind] if span.kind < len(KINDS) else str(span.kind)) if span.kind else "",
                "startTimeUnixNano": _number(span.start),
                "endTimeUnixNano": _number(end),
                "durationMs": (end - span.start) % 2**64 / 1e6 if span.start and end else 0,
                "attributes": _plain_attributes(details.get("attributes", ())),
                "events": [
                    {
                        "name": event.get("name", ""),
                        **_without_empty(
                            {
                                "timeUnixNano": _number(event.get("timeUnixNano")),
                                "attributes": _plain_attributes(event.get("attributes", ())),
                            }
                        ),
                    }
                    for event in _events(details)
                ],
                "links": [
                    {
                        "traceId": link.get("traceId", "").lower(),
                        "spanId": link.get("spanId", "").lower(),
                        **_without_empty({"attributes": _plain_attributes(link.get("attributes", ()))}),
                    }
                    for link in _links(details)
                ],
            }
        ),
        "status": {"code": status[0], "message": status[1]},
    }


def _plain_attributes(attributes: Sequence[Mapping[str, Any]]) -> Json:
    return {attribute.get("key", ""): _plain(attribute.get("value")) for attribute in attributes}


def _plain(value: Mapping[str, Any] | None) -> Any:
    for kind, content in (value or {}).items():
        if content is None:
            continue
        match kind:
            case "intValue":
                return int(content)
            case "bytesValue":
                return base64.b64decode(content).hex()
            case "arrayValue":
                return [_plain(item) for item in content.get("values", ())]
            case "kvlistValue":
                return _plain_attributes(content.get("values", ()))
            case _:
                return content
    return None
