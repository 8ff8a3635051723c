"""Spans to an OTLP endpoint, as OTLP/JSON over HTTP.

OTLP has two encodings of the same messages. The SDK ships the protobuf one; its Python encoder is the largest
single cost of tracing (docs/performance.md), while JSON leaves through orjson's C code. Real Tempo, the
OpenTelemetry Collector and our own store take both, so JSON is the default here, and
`OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf` selects the SDK's exporter.
"""

from __future__ import annotations

import base64
import gzip
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
import urllib3
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, Status, StatusCode, format_span_id, format_trace_id

from observability.batching import Rejected

# OTLP numbers span kinds from 1 where the API numbers them from 0.
_KIND_OFFSET = 1
_STATUS_CODES = {StatusCode.OK: 1, StatusCode.ERROR: 2}
_HEAD = (
    '{"traceId":"%032x","spanId":"%016x","name":%s,"kind":%d,"startTimeUnixNano":"%d","endTimeUnixNano":"%d","flags":%d'
)
_RETRYABLE_STATUS = frozenset((429, 502, 503, 504))


class OtlpJsonSender:
    """Sends batches of ended spans to `endpoint` (the full URL, ending in /v1/traces).

    `resource` is the one that most spans carry.
    """

    def __init__(
        self,
        endpoint: str,
        resource: Resource,
        *,
        headers: Mapping[str, str] | None = None,
        timeout_seconds: float = 10.0,
        compress: bool = False,
    ) -> None:
        self._endpoint = endpoint
        self._headers = {"Content-Type": "application/json", **(headers or {})}
        if compress:
            self._headers["Content-Encoding"] = "gzip"
        self._compress = compress
        # urllib3 and not requests: the requests instrumentation must not trace the delivery of traces.
        self._pool = urllib3.connection_from_url(
            endpoint, timeout=urllib3.Timeout(connect=min(1.0, timeout_seconds), read=timeout_seconds)
        )
        self._path = urllib3.util.parse_url(endpoint).request_uri
        self._resource = resource
        self._encoded_resource = _encode_resource(resource)

    def send(self, spans: list[ReadableSpan]) -> None:
        """Send the spans as one request.

        Raises `Rejected` when the endpoint refuses them for good, urllib3.exceptions.HTTPError or RuntimeError when
        it is away or overloaded.
        """
        body = self._encode(spans)
        if self._compress:
            body = gzip.compress(body, compresslevel=1)
        response = self._pool.urlopen("POST", self._path, body=body, headers=self._headers, retries=False)
        if response.status == 200:
            return
        reason = f"{self._endpoint} answered {response.status}: {response.data[:200]!r}"
        if response.status in _RETRYABLE_STATUS or response.status >= 500:
            raise RuntimeError(reason)
        raise Rejected(reason)

    def _encode(self, spans: list[ReadableSpan]) -> bytes:
        usual = self._resource
        if all(span._resource is usual for span in spans):
            return encode_spans(spans, self._encoded_resource)
        by_resource: dict[int, list[ReadableSpan]] = {}
        for span in spans:
            by_resource.setdefault(id(span._resource), []).append(span)
        return _request(
            _encode_resource_spans(group, _encode_resource(group[0]._resource)) for group in by_resource.values()
        )


def encode_spans(spans: Sequence[ReadableSpan], resource: Mapping[str, Any]) -> bytes:
    """An ExportTraceServiceRequest in OTLP/JSON: ids in hex, 64-bit integers as strings. `resource` is already encoded.

    Every span is told under that resource. Put together from text, because most of a span is text already: names and
    attributes repeat from span to span and are kept encoded. As a tree of dicts through orjson it takes twice as long.
    """
    return _request((_encode_resource_spans(spans, resource),))


def _request(resource_spans: Iterable[str]) -> bytes:
    return f'{{"resourceSpans":[{",".join(resource_spans)}]}}'.encode()


def _encode_resource(resource: Resource) -> dict[str, Any]:
    return {"attributes": _encode_attributes(resource.attributes)}


def _encode_resource_spans(spans: Sequence[ReadableSpan], resource: Mapping[str, Any]) -> str:
    # By identity: a tracer's spans share one scope object, and its hash is as expensive as a span.
    by_scope: dict[int, tuple[InstrumentationScope | None, list[str]]] = {}
    for span in spans:
        scope = span._instrumentation_scope
        entry = by_scope.get(id(scope))
        if entry is None:
            entry = by_scope[id(scope)] = (scope, [])
        entry[1].append(_encode_span(span))
    scopes = ",".join(
        f'{{"scope":{_dumps(_describe_scope(scope))},"spans":[{",".join(encoded)}]}}'
        for scope, encoded in by_scope.values()
    )
    return f'{{"resource":{_dumps(resource)},"scopeSpans":[{scopes}]}}'


def _describe_scope(scope: InstrumentationScope | None) -> dict[str, str]:
    return {"name": scope.name, "version": scope.version or ""} if scope else {}


def _encode_span(span: ReadableSpan) -> str:
    # The private fields: the properties in front of them would cost as much as the text.
    context, parent, attributes = span._context, span._parent, span._attributes
    assert context is not None
    trace_id, span_id, _, flags, trace_state, _ = context
    parts = [
        _HEAD
        % (
            trace_id,
            span_id,
            _text(span._name),
            span._kind.value + _KIND_OFFSET,
            span._start_time,
            span._end_time,
            flags,
        )
    ]
    if parent is not None:
        parts.append(f'"parentSpanId":"{parent.span_id:016x}"')
    if trace_state:
        parts.append(f'"traceState":{_dumps(trace_state.to_header())}')
    if attributes:
        texts = []
        for key, value in attributes.items():
            # Strings and numbers apart, and the type with the number: 1, 1.0 and True are equal, but not the same.
            kind = type(value)
            text = _encoded.get((key, value) if kind is str else (key, kind, value) if kind in _NUMBERS else None)
            texts.append(text or _encode_attribute(key, value))
        parts.append(f'"attributes":[{",".join(texts)}]')
        if span.dropped_attributes:
            parts.append(f'"droppedAttributesCount":{span.dropped_attributes}')
    if span._events:
        parts.append(f'"events":{_dumps([_encode_event(event) for event in span._events])}')
    if span._links:
        parts.append(f'"links":{_dumps([_encode_link(link) for link in span._links])}')
    if span._status.status_code is not StatusCode.UNSET:
        parts.append(f'"status":{_dumps(_encode_status(span._status))}')
    return ",".join(parts) + "}"


def _encode_event(event: Event) -> dict[str, Any]:
    return {
        "timeUnixNano": str(event.timestamp),
        "name": event.name,
        "attributes": _encode_attributes(event.attributes or {}),
    }


def _encode_link(link: Link) -> dict[str, Any]:
    return {
        "traceId": format_trace_id(link.context.trace_id),
        "spanId": format_span_id(link.context.span_id),
        "attributes": _encode_attributes(link.attributes or {}),
    }


def _encode_status(status: Status) -> dict[str, Any]:
    encoded: dict[str, Any] = {"code": _STATUS_CODES[status.status_code]}
    if status.description:
        encoded["message"] = status.description
    return encoded


def _dumps(value: Any) -> str:
    return orjson.dumps(value).decode()


#: Most names and attributes repeat from span to span (methods, ports, routes): encoded once, then only looked up.
#: Keys are (attribute, string), (attribute, type, number), or a name alone.
_encoded: dict[Any, str] = {}
_ENCODED_LIMIT = 4096
_NUMBERS = frozenset((int, bool, float))


def _encode_attribute(key: str, value: Any) -> str:
    text = _dumps({"key": key, "value": _encode_value(value)})
    kind = type(value)
    if kind is str:
        _remember((key, value), text)
    elif kind in _NUMBERS:
        _remember((key, kind, value), text)
    return text


def _text(text: str) -> str:
    """The text as JSON."""
    return _encoded.get(text) or _remember(text, _dumps(text))


def _remember(key: Any, text: str) -> str:
    if len(_encoded) >= _ENCODED_LIMIT:
        _encoded.clear()
    _encoded[key] = text
    return text


def _encode_attributes(attributes: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "value": _encode_value(value)} for key, value in attributes.items()]


def _encode_value(value: Any) -> dict[str, Any]:
    # By exact type, most frequent first: bool is an int to isinstance.
    kind = type(value)
    if kind is str:
        return {"stringValue": value}
    if kind is int:
        return {"intValue": str(value)}
    if kind is bool:
        return {"boolValue": value}
    if kind is float:
        return {"doubleValue": value}
    if kind is bytes:
        return {"bytesValue": base64.b64encode(value).decode()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return {"arrayValue": {"values": [_encode_value(item) for item in value]}}
    if isinstance(value, Mapping):
        return {"kvlistValue": {"values": _encode_attributes(value)}}
    return {"stringValue": str(value)}
