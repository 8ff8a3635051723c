"""Rubbish at every door: answered with a 4xx in the API's own words, nothing stored by halves, no hang, no 5xx."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable
from typing import Any

import cramjam
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

PUSH, TRACES = "/loki/api/v1/push", "/v1/traces"

#: The store is shared by a file's tests and takes any number of requests.
fuzz = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)


def prune(value: Any, data: st.DataObject) -> Any:
    """The value with one part somewhere replaced by anything."""
    path: list[Any] = []
    here = value
    while isinstance(here, (dict, list)) and here and data.draw(st.integers(0, 5)):
        key = (
            data.draw(st.sampled_from(sorted(here)))
            if isinstance(here, dict)
            else data.draw(st.integers(0, len(here) - 1))
        )
        path.append(key)
        here = here[key]
    copy = json.loads(json.dumps(value))
    target = copy
    for key in path[:-1]:
        target = target[key]
    replacement = data.draw(json_values)
    if not path:
        return replacement
    target[path[-1]] = replacement
    return copy


def dump(value: Any) -> bytes:
    return json.dumps(value).encode()


@fuzz
@given(
    body=st.binary(max_size=200), kind=st.sampled_from(["application/json", "application/x-protobuf", "text/plain", ""])
)
def test_any_bytes_get_an_answer_from_every_receiver(store: Any, body: bytes, kind: str) -> None:
    for api, path in (("loki", PUSH), ("otlp", TRACES)):
        answer = store.post(api, path, body, kind)
        assert answer.status < 500, (api, body, answer.text)


@fuzz
@given(data=st.data())
def test_a_push_with_one_part_exchanged_never_breaks_the_store(store: Any, data: st.DataObject) -> None:
    push = {"streams": [{"stream": {"fuzz": "1"}, "values": [["1795172401000000000", "x", {"a": "b"}], ["1", "y"]]}]}
    body = dump(prune(push, data))
    answer = store.post("loki", PUSH, body)
    assert answer.status in (204, 400, 422), (body, answer.text)
    assert store.get("loki", "/loki/api/v1/query_range", query='{fuzz=~".+"}').status == 200


@fuzz
@given(data=st.data())
def test_an_otlp_request_with_one_part_exchanged_never_breaks_the_store(
    store: Any, otlp: Any, data: st.DataObject
) -> None:
    span, request_of = otlp
    whole = request_of(
        span(
            1,
            trace=77,
            attributes=[{"key": "a", "value": {"arrayValue": {"values": [{"intValue": "1"}]}}}],
            events=[{"timeUnixNano": "5", "name": "exception", "attributes": []}],
            links=[{"traceId": "0" * 31 + "1", "spanId": "0" * 15 + "1"}],
            status={"code": 2, "message": "no"},
        )
    )
    body = dump(prune(whole, data))
    answer = store.post("otlp", TRACES, body)
    assert answer.status in (200, 400), (body, answer.text)
    if answer.status == 400:
        assert answer.json.keys() == {"code", "message"}
    assert store.get("tempo", f"/api/traces/{77:x}").status in (200, 404)
    assert store.get("tempo", "/api/search", q="{ span.a = 1 || event.a = 2 }", start=0, end=600_000).status == 200


@pytest.mark.parametrize(
    "bad",
    [
        {"stream": {"service": "half"}, "values": [["notatime", "x"]]},
        {"stream": {"service": "half"}, "values": [["1795172401000000000", 5]]},
        {"stream": {"bad-label": "half"}, "values": [["1795172401000000000", "x"]]},
        {"stream": {"service": "half"}, "values": [["99999999999999999999", "beyond 64 bits"]]},
        {"stream": ["half"], "values": []},
    ],
)
def test_nothing_of_a_push_is_stored_when_a_part_cannot_be_read(store: Any, push_of: Any, bad: object) -> None:
    push = push_of("good", service="half")
    push["streams"].append(bad)
    answer = store.post("loki", PUSH, push)
    assert answer.status == 400
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert answer.text.endswith("\n")
    assert store.lines('{service="half"}') == []


@pytest.mark.parametrize(
    "bad",
    [
        {"stream": {"service": "long"}, "values": [["1795172401000000000", "x" * 300_000]]},
        {"stream": {"service": "late"}, "values": [["9223372036854775807", "far in the future"]]},
        {"stream": {f"label{number}": "many" for number in range(40)}, "values": [["1795172401000000000", "x"]]},
    ],
    ids=["long", "late", "many"],
)
def test_what_is_too_much_of_a_push_is_refused_and_the_rest_stored_as_in_loki(
    store: Any, push_of: Any, bad: dict[str, Any], request: pytest.FixtureRequest
) -> None:
    name = request.node.callspec.id
    push = push_of("good", service=f"beside {name}")
    push["streams"].append(bad)
    assert store.post("loki", PUSH, push).status == 400
    assert store.lines(f'{{service="beside {name}"}}') == ["good"]
    assert store.lines(f'{{service="{name}"}}') == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"traceId": "zz"},
        {"traceId": "0" * 32},
        {"spanId": ""},
        {"spanId": "00ff"},
        {"startTimeUnixNano": "-5"},
        {"startTimeUnixNano": str(2**64 - 1)},
        {"kind": "SPAN_KIND_NOPE"},
        {"attributes": [{"key": "a", "value": {"intValue": "a lot"}}]},
        {"attributes": {"a": 1}},
        {"status": {"code": 3.5}},
    ],
)
def test_nothing_of_an_otlp_request_is_stored_when_a_span_is_wrong(
    store: Any, otlp: Any, wrong: dict[str, Any]
) -> None:
    span, request_of = otlp
    answer = store.post("otlp", TRACES, request_of(span(1, trace=99), span(2, trace=99, **wrong)))
    assert (answer.status, answer.json["code"]) == (400, 3)
    assert store.get("tempo", f"/api/traces/{99:x}").status == 404


def test_a_protobuf_request_says_in_protobuf_what_is_wrong(store: Any) -> None:
    answer = store.post("otlp", TRACES, b"\xff\xff\xff", "application/x-protobuf")
    assert answer.status == 400
    assert answer.headers["Content-Type"] == "application/x-protobuf"
    assert answer.body.startswith(b"\x08\x03\x12")


@pytest.mark.parametrize(("api", "path"), [("loki", PUSH), ("otlp", TRACES)])
def test_a_body_that_unpacks_to_too_much_is_refused(store: Any, api: str, path: str) -> None:
    bomb = gzip.compress(b"[" * 64 * 1024 * 1024)
    assert len(bomb) < 100_000
    answer = store.post(api, path, bomb, Content_Encoding="gzip")
    assert answer.status == 413
    assert "too large" in answer.text


def test_a_snappy_body_that_unpacks_to_too_much_is_refused(store: Any) -> None:
    bomb = bytes(cramjam.snappy.compress_raw(b"\n" * 64 * 1024 * 1024))
    assert store.post("loki", PUSH, bomb, "application/x-protobuf").status == 413


@pytest.mark.parametrize(("api", "path"), [("loki", PUSH), ("otlp", TRACES)])
def test_a_body_that_is_too_large_is_refused(store: Any, api: str, path: str) -> None:
    assert store.post(api, path, b" " * (17 * 1024 * 1024)).status == 413


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br"])
@pytest.mark.parametrize(("api", "path"), [("loki", PUSH), ("otlp", TRACES)])
def test_a_body_that_is_not_in_its_encoding_is_refused(store: Any, api: str, path: str, encoding: str) -> None:
    assert store.post(api, path, b"{}", Content_Encoding=encoding).status == 400


def test_deeply_nested_json_is_refused(store: Any) -> None:
    deep = b'{"resourceSpans":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    assert store.post("otlp", TRACES, deep).status == 400
    nested: dict[str, Any] = {"stringValue": "x"}
    for depth in range(1, 60):
        nested = {"arrayValue": {"values": [nested]}}
        span = {"traceId": f"{depth:032x}", "spanId": "b" * 16, "attributes": [{"key": "deep", "value": nested}]}
        body = {"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}
        status = store.post("otlp", TRACES, body).status
        assert status == (200 if depth < 30 else 400) or depth in (30, 31)
        assert store.get("tempo", f"/api/traces/{depth:032x}").status == (200 if status == 200 else 404)


ENDPOINTS: list[tuple[str, str, str]] = [
    ("prometheus", "/api/v1/query", "query"),
    ("prometheus", "/api/v1/series", "match[]"),
    ("prometheus", "/api/v1/query_exemplars", "query"),
    ("loki", "/loki/api/v1/query_range", "query"),
    ("loki", "/loki/api/v1/query", "query"),
    ("loki", "/loki/api/v1/series", "match[]"),
    ("tempo", "/api/search", "q"),
    ("tempo", "/api/search", "tags"),
    ("tempo", "/api/v2/search/tags", "q"),
]

pieces = st.sampled_from(
    ["{", "}", "(", ")", "[5m]", "[", "]", "=", "=~", "!=", "|=", "|",
     '"a"', "`b`", "a", ".", "span.a", "sum", "rate", "by", "5", "-", "+", "up",
     "status", "error", "&&", "||", "!", ",", "offset", "1m", ":", "@", "é", "\n",
     "\x00", " "]
)  # fmt: skip


@fuzz
@given(query=st.lists(pieces, max_size=12).map("".join) | st.text(max_size=40))
def test_any_query_gets_an_answer_in_its_apis_shape(store: Any, query: str) -> None:
    for api, path, name in ENDPOINTS:
        answer = store.get(api, path, **{name: query.encode(errors="replace")})
        assert answer.status < 500, (api, path, query, answer.text)
        if api == "prometheus":
            assert answer.json["status"] == ("success" if answer.status == 200 else "error")


@fuzz
@given(
    name=st.sampled_from(
        ["start", "end", "step", "time", "limit", "timeout", "direction", "since", "spss", "minDuration"]
    ),
    value=st.text(max_size=12)
    | st.sampled_from(["-1", "0", "1e400", "NaN", "9" * 30, "1_0", "²", "5y", "-9223372036854775808"]),
)
def test_any_parameter_gets_an_answer(store: Any, name: str, value: str) -> None:
    value_bytes = value.encode(errors="replace")
    for api, path, query in (
        ("prometheus", "/api/v1/query", {"query": "up"}),
        ("prometheus", "/api/v1/query_range", {"query": "up", "start": "0", "end": "10", "step": "1"}),
        ("prometheus", "/api/v1/labels", {}),
        ("loki", "/loki/api/v1/query_range", {"query": '{a="b"}'}),
        ("loki", "/loki/api/v1/query", {"query": 'rate({a="b"}[1m])'}),
        ("loki", "/loki/api/v1/labels", {}),
        ("tempo", "/api/search", {"q": "{}"}),
        ("tempo", "/api/v2/search/tags", {}),
    ):
        answer = store.get(api, path, **{**query, name: value_bytes})
        if answer.status == 503 and name == "timeout":
            assert answer.json["errorType"] == "timeout"
        else:
            assert answer.status < 500, (api, path, name, value, answer.text)


@pytest.mark.parametrize(
    ("api", "path", "name", "query"),
    [
        ("prometheus", "/api/v1/query", "query", "(" * 20_000 + "1" + ")" * 20_000),
        ("prometheus", "/api/v1/query", "query", "(" * 5_000 + "1" + ")" * 5_000),
        ("prometheus", "/api/v1/query", "query", "1" + "+1" * 6_000),
        ("prometheus", "/api/v1/query", "query", "-" * 10_000 + "1"),
        ("loki", "/loki/api/v1/query", "query", "sum(" * 3_000 + 'rate({a="b"}[1m])' + ")" * 3_000),
        ("tempo", "/api/search", "q", "{" + "!" * 9_000 + "true}"),
    ],
)
def test_a_query_that_nests_too_deep_is_refused(store: Any, api: str, path: str, name: str, query: str) -> None:
    answer = (
        store.request("POST", api, path, f"{name}={query}".encode().replace(b"+", b"%2B"), {})
        if api != "tempo"
        else (store.get(api, path, **{name: query}))
    )
    assert answer.status == 400
    assert "limit" in answer.text or "deep" in answer.text


def test_a_hostile_expression_is_answered_in_time(store: Any, push_of: Callable[..., Any]) -> None:
    assert store.post("loki", PUSH, push_of("a" * 50_000, service="regex")).status == 204
    hostile = "(a+)+(a*)*$b|(a|aa)+$c"
    assert store.lines('{service="regex"} |~ `' + hostile + "`") == []
    assert store.get("prometheus", "/api/v1/query", query=f'{{job=~"{hostile}"}}').status == 200
    broken = store.get("loki", "/loki/api/v1/query_range", query='{service=~"("}')
    assert (broken.status, "error parsing regexp" in broken.text) == (400, True)


def test_gzip_and_protobuf_are_taken(store: Any, push_of: Any) -> None:
    body = gzip.compress(dump(push_of("zipped", service="zip")))
    assert store.post("loki", PUSH, body, Content_Encoding="gzip").status == 204
    assert store.lines('{service="zip"}') == ["zipped"]
    message = ExportTraceServiceRequest()
    added = message.resource_spans.add().scope_spans.add().spans.add()
    added.trace_id, added.span_id, added.name = bytes.fromhex("c" * 32), bytes.fromhex("d" * 16), "in protobuf"
    added.start_time_unix_nano = added.end_time_unix_nano = 1_795_172_400_000_000_000
    for key, value in (("text", "x"), ("number", 5), ("part", 0.5), ("flag", True)):
        attribute = added.attributes.add(key=key)
        name = {str: "string_value", int: "int_value", float: "double_value", bool: "bool_value"}[type(value)]
        setattr(attribute.value, name, value)
    # Tempo shows a status on every span.
    added.status.SetInParent()
    content = message.SerializeToString()
    answer = store.post("otlp", TRACES, zlib.compress(content), "application/x-protobuf", Content_Encoding="deflate")
    assert (answer.status, answer.body) == (200, b"\n\x00")
    (batch,) = store.get("tempo", f"/api/traces/{'c' * 32}").json["batches"]
    (found,) = batch["scopeSpans"][0]["spans"]
    assert found["attributes"] == [
        {"key": "text", "value": {"stringValue": "x"}},
        {"key": "number", "value": {"intValue": "5"}},
        {"key": "part", "value": {"doubleValue": 0.5}},
        {"key": "flag", "value": {"boolValue": True}},
    ]
    as_protobuf = store.get("tempo", f"/api/traces/{'c' * 32}", headers={"Accept": "application/protobuf"})
    assert as_protobuf.headers["Content-Type"] == "application/protobuf"
    assert ExportTraceServiceRequest.FromString(as_protobuf.body).resource_spans[0].scope_spans[0].spans[0] == added


def test_a_push_in_lokis_own_encoding_is_taken_with_its_metadata(store: Any) -> None:
    from telemetry_store.logs.protobuf_push import push_request_class

    message = push_request_class()()
    stream = message.streams.add(labels='{service="snappy", level="warn"}')
    entry = stream.entries.add(line=b"caf\xe9")
    entry.timestamp.GetCurrentTime()
    entry.structured_metadata.add(name="trace_id", value="abc")
    body = bytes(cramjam.snappy.compress_raw(message.SerializeToString()))
    assert store.post("loki", PUSH, body, "application/x-protobuf").status == 204
    answer = store.get(
        "loki",
        "/loki/api/v1/query_range",
        query='{service="snappy"}',
        headers={"X-Loki-Response-Encoding-Flags": "categorize-labels"},
    )
    (found,) = answer.json["data"]["result"]
    assert found["stream"] == {"service": "snappy", "level": "warn", "service_name": "snappy"}
    ((_, line, parts),) = found["values"]
    assert line == "caf\ufffd"
    assert parts == {"structuredMetadata": {"trace_id": "abc", "detected_level": "warn"}}
