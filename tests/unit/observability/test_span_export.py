"""Our OTLP/JSON against the SDK's own protobuf encoder: the same request in both encodings."""

import base64
import gzip
import json
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans as encode_protobuf
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags, TraceState

from observability.batching import Rejected
from observability.span_export import OtlpJsonSender, encode_spans
from tests.stand_in import StandIn

from .conftest import Visible


def make_spans(visible: Visible) -> list[ReadableSpan]:
    tracer = visible.telemetry.tracer
    remote = SpanContext(
        0x7, 0x8, is_remote=True, trace_flags=TraceFlags(1), trace_state=TraceState([("vendor", "abc")])
    )
    root = tracer.start_span(
        "frontend_get_user",
        kind=SpanKind.SERVER,
        links=[Link(remote, {"why": "retry"})],
        attributes={
            "text": "é",
            "whole": 1,
            "float": 1.0,
            "yes": True,
            "list": ["a", "b"],
            "numbers": [1, 2],
            "large": 2**62,
            "negative": -1,
        },
    )
    try:
        raise RuntimeError("no answer")
    except RuntimeError as error:
        root.record_exception(error)
    root.add_event("cache.miss", {"key": "user:123", "count": 2})
    root.set_status(Status(StatusCode.ERROR, "no answer"))
    root.end()
    with visible.telemetry.span("validate_user_id"), visible.telemetry.span("inner", {"user.id": 123}) as inner:
        inner.set_status(StatusCode.OK)
    return visible.collected.spans


def as_otlp_json(spans: list[ReadableSpan]) -> Any:
    """The SDK's protobuf request, put into OTLP/JSON by its rules: ids in hex, enums as numbers, bytes as base64."""
    request = MessageToDict(encode_protobuf(spans), use_integers_for_enums=True)

    def hex_ids(node: Any) -> Any:
        if isinstance(node, list):
            return [hex_ids(item) for item in node]
        if not isinstance(node, dict):
            return node
        return {
            key: base64.b64decode(value).hex() if key in ("traceId", "spanId", "parentSpanId") else hex_ids(value)
            for key, value in node.items()
        }

    return hex_ids(request)


def test_spans_are_encoded_as_the_sdk_encodes_them(visible: Visible) -> None:
    spans = make_spans(visible)
    expected = as_otlp_json(spans)
    actual = json.loads(encode_spans(spans, expected["resourceSpans"][0]["resource"]))
    for resource_spans in (*expected["resourceSpans"], *actual["resourceSpans"]):
        for scope_spans in resource_spans["scopeSpans"]:
            scope_spans["scope"].pop("version", None)
            for span in scope_spans["spans"]:
                # The SDK writes an unset status as {}, and of the flags only whether the parent was remote.
                span.pop("flags")
                if not span.get("status"):
                    span.pop("status", None)
                for link in span.get("links", ()):
                    link.pop("flags", None)
                    link.pop("traceState", None)
    assert actual == expected


def test_equal_values_of_different_types_stay_apart(visible: Visible) -> None:
    for value in (1, 1.0, True):
        with visible.telemetry.span("s", {"a": value}):
            pass
    request = json.loads(encode_spans(visible.collected.spans, {}))
    spans = request["resourceSpans"][0]["scopeSpans"][0]["spans"]
    assert [span["attributes"][0]["value"] for span in spans] == [
        {"intValue": "1"},
        {"doubleValue": 1.0},
        {"boolValue": True},
    ]


def test_many_different_attributes_do_not_grow_the_memory(visible: Visible) -> None:
    from observability import span_export

    for number in range(span_export._ENCODED_LIMIT + 10):
        span_export._encode_attribute("user.id", number)
    assert len(span_export._encoded) <= span_export._ENCODED_LIMIT


def test_a_batch_leaves_as_one_request_with_headers_and_gzip(visible: Visible, backend: StandIn) -> None:
    sender = OtlpJsonSender(
        backend.url + "/v1/traces",
        visible.telemetry.tracer_provider.resource,  # type: ignore[union-attr]
        headers={"X-Scope-OrgID": "lab"},
        compress=True,
    )
    sender.send(make_spans(visible))
    ((method, path, headers, body),) = backend.requests
    assert (method, path) == ("POST", "/v1/traces")
    assert (headers["Content-Type"], headers["Content-Encoding"], headers["X-Scope-OrgID"]) == (
        "application/json",
        "gzip",
        "lab",
    )
    resource = json.loads(gzip.decompress(body))["resourceSpans"][0]["resource"]
    assert {"key": "service.name", "value": {"stringValue": "frontend"}} in resource["attributes"]


@pytest.mark.parametrize(
    ("status", "error"), [(400, Rejected), (413, Rejected), (429, RuntimeError), (503, RuntimeError)]
)
def test_what_is_refused_for_good_is_told_from_what_may_be_tried_again(
    visible: Visible, backend: StandIn, status: int, error: type[Exception]
) -> None:
    backend.answer = lambda method, path: (status, b"no")
    sender = OtlpJsonSender(backend.url, visible.telemetry.tracer_provider.resource)  # type: ignore[union-attr]
    with pytest.raises(error, match=str(status)):
        sender.send(make_spans(visible))
