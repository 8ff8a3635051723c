"""Tempo's endpoints for traces by id, tags and their values, and the OTLP receiver: beyond the recorded answers."""

from __future__ import annotations

import base64
import gzip
import json
import time
import zlib
from typing import Any
from urllib.parse import quote

import cramjam
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

#: Long before now: Tempo answers about such spans from its blocks.
OLD = 1_700_000_000


def attribute(key: str, **value: Any) -> dict[str, Any]:
    return {"key": key, "value": value}


def span(trace: int, number: int, parent: int = 0, at: float = OLD, **more: Any) -> dict[str, Any]:
    start = int(at * 1e9) + number
    return {
        "traceId": f"{trace:032x}",
        "spanId": f"{number:016x}",
        **({"parentSpanId": f"{parent:016x}"} if parent else {}),
        "name": f"span {number}",
        "startTimeUnixNano": str(start),
        "endTimeUnixNano": str(start + 1000),
        **more,
    }


def request_of(service: str, *spans: dict[str, Any], **scope: Any) -> dict[str, Any]:
    return {
        "resourceSpans": [
            {
                "resource": {"attributes": [attribute("service.name", stringValue=service)]},
                "scopeSpans": [{"scope": {"name": "library", **scope}, "spans": list(spans)}],
            }
        ]
    }


def send(store: Any, body: Any) -> None:
    answer = store.post("otlp", "/v1/traces", body)
    assert answer.status == 200, answer.text


def spans_by_id(store: Any, trace: int) -> list[dict[str, Any]]:
    answer = store.get("tempo", f"/api/v2/traces/{trace:x}")
    assert answer.status == 200, answer.text
    groups = answer.json["trace"].get("resourceSpans", [])
    return [found for group in groups for scope in group["scopeSpans"] for found in scope["spans"]]


def id_text(encoded: str) -> str:
    return base64.b64decode(encoded).hex().lstrip("0")


def tag_names(store: Any, **parameters: Any) -> dict[str, list[str]]:
    answer = store.get("tempo", "/api/v2/search/tags", **parameters)
    assert answer.status == 200, answer.text
    return {scope["name"]: scope["tags"] for scope in answer.json["scopes"]}


def values(store: Any, tag: str, **parameters: Any) -> list[tuple[str, str]]:
    answer = store.get("tempo", f"/api/v2/search/tag/{quote(tag)}/values", **parameters)
    assert answer.status == 200, answer.text
    return sorted((value.get("type", ""), value.get("value", "")) for value in answer.json["tagValues"])


# -- traces by id


def test_a_server_that_shares_its_clients_id_gets_one_of_its_own_below_it(store: Any) -> None:
    send(store, request_of("caller", span(0xA1, 16), span(0xA1, 32, 16, kind=3)))
    send(store, request_of("called", span(0xA1, 32, 16, kind=2), span(0xA1, 48, 32)))
    found = {
        (one.get("kind", ""), id_text(one["spanId"])): id_text(one.get("parentSpanId", ""))
        for one in spans_by_id(store, 0xA1)
    }
    assert found == {
        ("", "10"): "",
        ("SPAN_KIND_CLIENT", "20"): "10",
        ("SPAN_KIND_SERVER", "1"): "20",
        ("", "30"): "1",
    }


def test_a_trace_is_given_as_protobuf_to_who_asks_for_it(store: Any) -> None:
    sent = span(0xA2, 1, status={"code": 2, "message": "no"}, attributes=[attribute("n", doubleValue="NaN")])
    send(store, request_of("service", sent))
    answer = store.get("tempo", f"/api/traces/{0xA2:x}", {"Accept": "application/protobuf"})
    assert (answer.status, answer.headers["content-type"]) == (200, "application/protobuf")
    (group,) = TracesData.FromString(answer.body).resource_spans
    (stored,) = group.scope_spans[0].spans
    assert (stored.name, stored.status.message) == ("span 1", "no")
    assert stored.attributes[0].value.double_value != stored.attributes[0].value.double_value


def test_an_unknown_trace_is_404_in_version_1_and_empty_in_version_2(store: Any) -> None:
    assert store.get("tempo", "/api/traces/ffff").status == 404
    assert store.get("tempo", "/api/v2/traces/ffff").json["trace"] == {}
    assert store.get("tempo", "/api/v2/traces/ffff", {"Accept": "application/vnd.grafana.llm"}).json == {}


def test_what_a_span_holds_comes_back_as_it_was_sent(store: Any) -> None:
    kept = [
        attribute("s", stringValue=""),
        attribute("i", intValue=str(2**63 - 1)),
        attribute("d", doubleValue=1e-7),
        attribute("inf", doubleValue="-Infinity"),
        attribute("b", boolValue=False),
        attribute("bytes", bytesValue="AAE="),
        attribute("list", arrayValue={"values": [{"intValue": "1"}, {"stringValue": "x"}, {"arrayValue": {}}]}),
        attribute("map", kvlistValue={"values": [attribute("k", kvlistValue={})]}),
        attribute("twice", stringValue="a"),
        attribute("twice", intValue="1"),
        {"key": "nothing", "value": {}},
    ]
    sent = span(0xA3, 1, attributes=kept, events=[{"name": "e", "timeUnixNano": "5", "attributes": kept}])
    sent["endTimeUnixNano"] = "7"
    send(store, request_of("service", sent))
    (found,) = spans_by_id(store, 0xA3)
    assert found["attributes"] == kept
    assert found["events"] == [{"name": "e", "timeUnixNano": "5", "attributes": kept}]
    # Even an end before the start.
    assert found["endTimeUnixNano"] == "7"


@pytest.mark.parametrize(
    ("path", "parameters", "message"),
    [
        ("/api/traces/xyz", {}, "trace IDs can only contain hex characters: invalid character 'x' at position 1"),
        ("/api/v2/traces/1", {"mode": "x"}, "invalid value for mode x"),
        ("/api/v2/traces/1", {"start": "x"}, 'invalid start: strconv.ParseInt: parsing "x": invalid syntax'),
        ("/api/v2/traces/1", {"blockStart": "x"}, "invalid value for blockstart: invalid UUID length: 1"),
        ("/api/v2/search/tags", {"scope": "x"}, "invalid scope: x"),
        (
            "/api/search/tags",
            {"end": "5"},
            "error parsing date range: only one of start and end provided: must provide both or neither",
        ),
        (
            "/api/search/tag/name/values",
            {"start": "10", "end": "5"},
            "range specified by start and end exceeds 168h0m0s. received start=10 end=5",
        ),
    ],
)
def test_wrong_requests_are_refused_in_tempos_words(
    store: Any, path: str, parameters: dict[str, str], message: str
) -> None:
    answer = store.get("tempo", path, **parameters)
    assert (answer.status, answer.text) == (400, message)


# -- tags


@pytest.fixture(scope="module")
def tagged(store: Any) -> dict[str, int]:
    """Spans at a time of their own; gives the range's parameters."""
    at = OLD + 500_000
    error = {
        "status": {"code": 2},
        "events": [{"name": "exception", "attributes": [attribute("type", stringValue="E")]}],
    }
    link = {"traceId": f"{0xA1:032x}", "spanId": f"{1:016x}", "attributes": [attribute("why", boolValue=True)]}
    send(store, request_of("shop", span(0xB1, 1, at=at, attributes=[attribute("n", intValue="1")])))
    send(store, request_of("shop", span(0xB1, 2, 1, at=at, attributes=[attribute("n", doubleValue=1.0)], **error)))
    send(
        store,
        request_of(
            "bank", span(0xB2, 3, at=at, attributes=[attribute("m", stringValue="x")], links=[link]), version="7"
        ),
    )
    return {"start": at - 10, "end": at + 10}


def test_tags_are_listed_by_scope(store: Any, tagged: dict[str, int]) -> None:
    names = tag_names(store, **tagged)
    assert len(names.pop("intrinsic")) == 25
    assert names == {"event": ["type"], "link": ["why"], "resource": ["service.name"], "span": ["m", "n"]}
    assert tag_names(store, scope="span", **tagged) == {"span": ["m", "n"]}
    old = store.get("tempo", "/api/search/tags", **tagged).json["tagNames"]
    assert old == ["m", "n", "service.name", "type", "why"]


def test_tags_are_narrowed_by_a_query_and_a_limit(store: Any, tagged: dict[str, int]) -> None:
    narrowed = tag_names(store, scope="span", q='{ resource.service.name = "bank" }', **tagged)
    assert narrowed == {"span": ["m"]}
    assert tag_names(store, scope="span", limit=1, **tagged) == {"span": ["m"]}
    half_typed = tag_names(store, scope="span", q='{ resource.service.name = "bank" && span.n = }', **tagged)
    assert half_typed == {"span": ["m"]}


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("span.n", [("float", "1.0"), ("int", "1")]),
        (".m", [("string", "x")]),
        ("resource.service.name", [("string", "bank"), ("string", "shop")]),
        ("name", [("string", "span 1"), ("string", "span 2"), ("string", "span 3")]),
        ("span:status", [("int", "0"), ("int", "2")]),
        ("event.type", [("string", "E")]),
        ("event:name", [("string", "exception")]),
        ("link.why", [("bool", "true")]),
        ("instrumentation:version", [("string", ""), ("string", "7")]),
        ("rootName", [("string", "span 1"), ("string", "span 3")]),
        ("traceDuration", [("int", "1000"), ("int", "1001")]),
        ("span:parentID", [("string", ""), ("string", "0000000000000001")]),
        ("span.nope", []),
    ],
)
def test_values_of_a_tag_have_types(
    store: Any, tagged: dict[str, int], tag: str, expected: list[tuple[str, str]]
) -> None:
    assert values(store, tag, **tagged) == expected


def test_values_are_narrowed_by_a_query(store: Any, tagged: dict[str, int]) -> None:
    assert values(store, "span.n", q="{ status = error }", **tagged) == [("float", "1.0")]
    assert values(store, "name", q='{ event:name = "exception" }', **tagged) == [("string", "span 2")]
    assert values(store, "status", q="{ span.n = 1 }", **tagged) == [("keyword", "unset")]
    # Unreadable, or of more than one selector: nothing is narrowed.
    for query in ("{ nonsense", "{ status = error } >> { }", "{ .n = 1 }"):
        assert len(values(store, "name", q=query, **tagged)) == 3


def test_recent_spans_are_described_in_the_languages_words(store: Any) -> None:
    now = time.time()
    send(store, request_of("now", span(0xB3, 1, at=now, attributes=[attribute("http.route", stringValue="/x")])))
    around = {"start": int(now) - 60, "end": int(now) + 60}
    assert values(store, "status", **around) == [("keyword", word) for word in ("error", "ok", "unset")]
    assert values(store, "span.http.route", **around) == [("string", "/x")]


# -- the receiver

BODY = request_of("packed", span(0xC1, 1))
JSON = json.dumps(BODY).encode()


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", gzip.compress(JSON)),
        ("deflate", zlib.compress(JSON)),
        ("zstd", bytes(cramjam.zstd.compress(JSON))),
        ("snappy", bytes(cramjam.snappy.compress(JSON))),
        ("lz4", bytes(cramjam.lz4.compress(JSON))),
    ],
)
def test_bodies_may_be_compressed(store: Any, encoding: str, body: bytes) -> None:
    answer = store.post("otlp", "/v1/traces", body, Content_Encoding=encoding)
    assert (answer.status, answer.json) == (200, {"partialSuccess": {}})


@pytest.mark.parametrize(
    ("encoding", "body", "status", "message"),
    [
        ("gzip", b"no", 400, "gzip: invalid header"),
        ("gzip", gzip.compress(JSON)[:30], 400, "unexpected EOF"),
        ("zstd", b"no", 400, "invalid input: magic number mismatch"),
        ("br", b"no", 400, "unsupported Content-Encoding: br"),
        *(
            (name, packed, 413, "decompressed request body too large: the limit is 16777216 bytes")
            for name, packed in (
                ("gzip", gzip.compress(bytes(20_000_000))),
                ("zstd", bytes(cramjam.zstd.compress(bytes(20_000_000)))),
            )
        ),
    ],
    ids=["not gzip", "cut off", "not zstd", "unknown", "gzip bomb", "zstd bomb"],
)
def test_broken_compression_is_refused(store: Any, encoding: str, body: bytes, status: int, message: str) -> None:
    answer = store.post("otlp", "/v1/traces", body, Content_Encoding=encoding)
    assert (answer.status, answer.json["message"]) == (status, message)


def test_protobuf_and_json_say_the_same(store: Any) -> None:
    message = ExportTraceServiceRequest()
    group = message.resource_spans.add()
    added = group.scope_spans.add().spans.add()
    added.trace_id, added.span_id, added.name, added.kind = (0xC2).to_bytes(16, "big"), bytes([0] * 7 + [1]), "one", 2
    added.start_time_unix_nano, added.end_time_unix_nano = OLD * 10**9, OLD * 10**9 + 5
    answer = store.post("otlp", "/v1/traces", message.SerializeToString(), "application/x-protobuf")
    assert (answer.status, answer.body) == (200, b"\n\x00")
    (found,) = spans_by_id(store, 0xC2)
    assert (found["name"], found["kind"], found["endTimeUnixNano"]) == ("one", "SPAN_KIND_SERVER", f"{OLD}000000005")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("spanId", "0" * 16),
        ("kind", "SPAN_KIND_X"),
        ("startTimeUnixNano", "soon"),
        ("attributes", [attribute("a", bytesValue="!!")]),
        ("attributes", [attribute("a", doubleValue="x")]),
        ("attributes", [attribute("a", intValue="99999999999999999999")]),
    ],
)
def test_spans_that_make_no_sense_are_refused_and_nothing_of_their_request_is_kept(
    store: Any, name: str, value: Any
) -> None:
    answer = store.post("otlp", "/v1/traces", request_of("s", span(0xC3, 1), {**span(0xC3, 2), name: value}))
    assert (answer.status, answer.json["code"]) == (400, 3), answer.text
    assert spans_by_id(store, 0xC3) == []


def test_logs_and_metrics_have_no_place_on_this_port(store: Any) -> None:
    for path in ("/v1/logs", "/v1/metrics", "/"):
        answer = store.post("otlp", path, b"{}")
        assert (answer.status, answer.text) == (404, "404 page not found\n")
