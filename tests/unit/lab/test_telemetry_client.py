"""Spans as Tempo's API writes them, in either of its JSON forms; the whole client is used in tests/e2e."""

import base64

from lab.telemetry_client import Span, SpanEvent, hex_id, spans_of

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
SPAN_ID = "b7ad6b7169203331"


def b64(hexadecimal):
    return base64.b64encode(bytes.fromhex(hexadecimal)).decode()


def answer(trace_id, span_id, kind, code):
    return {
        "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "frontend"}}]},
        "scopeSpans": [
            {
                "scope": {"name": "test"},
                "spans": [
                    {
                        "traceId": trace_id,
                        "spanId": span_id,
                        "name": "frontend_get_user",
                        "kind": kind,
                        "startTimeUnixNano": "1000",
                        "endTimeUnixNano": "3000",
                        "attributes": [
                            {"key": "user.id", "value": {"intValue": "123"}},
                            {"key": "ok", "value": {"boolValue": False}},
                            {
                                "key": "tags",
                                "value": {"arrayValue": {"values": [{"stringValue": "a"}, {"doubleValue": 0.5}]}},
                            },
                        ],
                        "events": [{"name": "exception", "timeUnixNano": "2000"}],
                        "status": {"code": code, "message": "boom"},
                    }
                ],
            }
        ],
    }


SPAN = Span(
    trace_id=TRACE_ID,
    span_id=SPAN_ID,
    parent_span_id="",
    name="frontend_get_user",
    kind="server",
    status="error",
    status_message="boom",
    start_time_unix_nano=1000,
    end_time_unix_nano=3000,
    service="frontend",
    attributes={"user.id": 123, "ok": False, "tags": ["a", 0.5]},
    resource={"service.name": "frontend"},
    events=(SpanEvent("exception", 2000, {}),),
)


def test_tempos_own_form_and_otlps_form_give_the_same_spans():
    v1 = {"batches": [answer(b64(TRACE_ID), b64(SPAN_ID), "SPAN_KIND_SERVER", "STATUS_CODE_ERROR")]}
    v2 = {"trace": {"resourceSpans": [answer(TRACE_ID, SPAN_ID, 2, 2)]}}

    assert spans_of(v1) == spans_of(v2) == [SPAN]


def test_an_empty_trace_has_no_spans():
    assert spans_of({}) == spans_of({"trace": {}}) == spans_of({"batches": []}) == []


def test_ids_are_told_apart_by_their_length():
    assert hex_id(SPAN_ID.upper()) == hex_id(b64(SPAN_ID)) == SPAN_ID
    assert hex_id(TRACE_ID) == hex_id(b64(TRACE_ID)) == TRACE_ID
    assert hex_id("") == ""
    assert hex_id("!") == "!"
