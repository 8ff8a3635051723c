"""Spans to an OTLP endpoint, as OTLP/JSON over HTTP.

OTLP has two encodings of the same messages. The SDK ships the protobuf one; its Python encoder is the largest
single cost of tracing (docs/performance.md), while JSON leaves through orjson's C code. Real Tempo, the
OpenTelemetry Collector and our own store take both, so JSON is the default here, and
`OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf` selects the SDK's exporter.
"""

from __future__ import annotations

import base64
import gzip
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
import urllib3
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import StatusCode, format_span_id, format_trace_id

from observability.batching import Rejected

# OTLP numbers span kinds from 1 where the API numbers them from 0.
_KIND_OFFSET = 1
_STATUS_CODES = {StatusCode.OK: 1, StatusCode.ERROR: 2}
_RETRYABLE_STATUS = frozenset((429, 502, 503, 504))


class OtlpJsonSender:
    """Sends batches of ended spans to `endpoint` (the full URL, ending in /v1/traces)."""

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
        self._pool = urllib3.PoolManager(
            num_pools=1, retries=False, timeout=urllib3.Timeout(connect=min(1.0, timeout_seconds), read=timeout_seconds)
        )
        self._resource = {"attributes": _encode_attributes(resource.attributes)}

    def send(self, spans: list[ReadableSpan]) -> None:
        """Send the spans as one request.

        Raises `Rejected` when the endpoint refuses them for good, urllib3.exceptions.HTTPError or RuntimeError when
        it is away or overloaded.
        """
        body = encode_spans(spans, self._resource)
        if self._compress:
            body = gzip.compress(body, compresslevel=1)
        response = self._pool.request("POST", self._endpoint, body=body, headers=self._headers)
        if response.status == 200:
            return
        reason = f"{self._endpoint} answered {response.status}: {response.data[:200]!r}"
        if response.status in _RETRYABLE_STATUS or response.status >= 500:
            raise RuntimeError(reason)
        raise Rejected(reason)


def encode_spans(spans: Sequence[ReadableSpan], resource: Mapping[str, Any]) -> bytes:
    """An ExportTraceServiceRequest in OTLP/JSON: ids in hex, 64-bit integers as strings. `resource` is already
    encoded."""
    by_scope: dict[int, tuple[Any, list[dict[str, Any]]]] = {}
    for span in spans:
        scope = span.instrumentation_scope
        entry = by_scope.get(id(scope))
        if entry is None:
            entry = by_scope[id(scope)] = (scope, [])
        entry[1].append(_encode_span(span))
    request = {
        "resourceSpans": [
            {
                "resource": resource,
                "scopeSpans": [
                    {"scope": {"name": scope.name, "version": scope.version or ""} if scope else {}, "spans": encoded}
                    for scope, encoded in by_scope.values()
                ],
            }
        ]
    }
    return orjson.dumps(request)


def _encode_span(span: ReadableSpan) -> dict[str, Any]:
    context = span.context
    encoded: dict[str, Any] = {
        "traceId": format_trace_id(context.trace_id),
        "spanId": format_span_id(context.span_id),
        "name": span.name,
        "kind": span.kind.value + _KIND_OFFSET,
        "startTimeUnixNano": str(span.start_time),
        "endTimeUnixNano": str(span.end_time),
        "flags": int(context.trace_flags),
    }
    if span.parent is not None:
        encoded["parentSpanId"] = format_span_id(span.parent.span_id)
    if context.trace_state:
        encoded["traceState"] = context.trace_state.to_header()
    if span.attributes:
        encoded["attributes"] = _encode_attributes(span.attributes)
    if span.dropped_attributes:
        encoded["droppedAttributesCount"] = span.dropped_attributes
    if span.events:
        encoded["events"] = [
            {
                "timeUnixNano": str(event.timestamp),
                "name": event.name,
                "attributes": _encode_attributes(event.attributes or {}),
            }
            for event in span.events
        ]
    if span.links:
        encoded["links"] = [
            {
                "traceId": format_trace_id(link.context.trace_id),
                "spanId": format_span_id(link.context.span_id),
                "attributes": _encode_attributes(link.attributes or {}),
            }
            for link in span.links
        ]
    status = span.status
    if status.status_code is not StatusCode.UNSET:
        encoded["status"] = {"code": _STATUS_CODES[status.status_code]}
        if status.description:
            encoded["status"]["message"] = status.description
    return encoded


#: Most attributes repeat from span to span (methods, ports, routes): encoded once, then only looked up.
_encoded_attributes: dict[tuple[str, type, Any], orjson.Fragment] = {}
_ENCODED_ATTRIBUTES_LIMIT = 4096
_HASHABLE = frozenset((str, int, bool, float))


def _encode_attributes(attributes: Mapping[str, Any]) -> list[Any]:
    encoded: list[Any] = []
    for key, value in attributes.items():
        kind = type(value)
        if kind not in _HASHABLE:
            encoded.append({"key": key, "value": _encode_value(value)})
            continue
        # The type belongs to the key: 1, 1.0 and True are equal, but not the same attribute.
        fragment = _encoded_attributes.get((key, kind, value))
        if fragment is None:
            fragment = orjson.Fragment(orjson.dumps({"key": key, "value": _encode_value(value)}))
            if len(_encoded_attributes) >= _ENCODED_ATTRIBUTES_LIMIT:
                _encoded_attributes.clear()
            _encoded_attributes[key, kind, value] = fragment
        encoded.append(fragment)
    return encoded


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
