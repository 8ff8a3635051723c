"""OTLP logs at Loki's `/otlp/v1/logs`: what becomes a label, what metadata, and how errors look."""

from __future__ import annotations

import gzip
import json
import time
from typing import Any

import cramjam
import pytest
from google.protobuf.json_format import ParseDict
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

PATH = "/otlp/v1/logs"
PROTOBUF = "application/x-protobuf"


def text(value: str) -> dict[str, Any]:
    return {"stringValue": value}


def attributes(**values: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"key": name.replace("__", "."), "value": value} for name, value in values.items()]


def request_of(service: str, *records: dict[str, Any]) -> dict[str, Any]:
    resource = {"attributes": attributes(service__name=text(service), k8s__pod__name=text("p"), host__name=text("h"))}
    scope = {"name": "logger", "version": "1", "attributes": attributes(team=text("t"))}
    return {"resourceLogs": [{"resource": resource, "scopeLogs": [{"scope": scope, "logRecords": list(records)}]}]}


def record(body: dict[str, Any], **more: Any) -> dict[str, Any]:
    now = time.time_ns()
    return {"timeUnixNano": str(now), "observedTimeUnixNano": str(now + 1), "body": body, **more}


def read(store: Any, service: str) -> list[tuple[dict[str, str], str, dict[str, str]]]:
    answer = store.get(
        "loki",
        "/loki/api/v1/query_range",
        {"X-Loki-Response-Encoding-Flags": "categorize-labels"},
        query=f'{{service_name="{service}"}}',
        direction="forward",
    )
    return [
        (stream["stream"], value[1], value[2]["structuredMetadata"])
        for stream in answer.json["data"]["result"]
        for value in stream["values"]
    ]


def test_attributes_become_labels_and_metadata(store: Any) -> None:
    one = record(
        text("hello"),
        severityNumber=13,
        severityText="WARN",
        attributes=attributes(user__id={"intValue": "42"}, nested={"kvlistValue": {"values": attributes(a=text("b"))}}),
        traceId="0af7651916cd43dd8448eb211c80319c",
        spanId="b7ad6b7169203331",
        flags=1,
    )
    assert store.post("loki", PATH, request_of("labels", one)).status == 204
    ((labels, line, metadata),) = read(store, "labels")
    assert labels == {"service_name": "labels", "k8s_pod_name": "p"}
    assert line == "hello"
    assert metadata == {
        "detected_level": "warn", "severity_number": "13", "severity_text": "WARN", "flags": "1", "user_id": "42",
        "nested_a": "b", "trace_id": "0af7651916cd43dd8448eb211c80319c", "span_id": "b7ad6b7169203331",
        "observed_timestamp": one["observedTimeUnixNano"], "host_name": "h", "scope_name": "logger",
        "scope_version": "1", "team": "t",
    }  # fmt: skip


def test_json_and_protobuf_packed_in_any_way_mean_the_same(store: Any) -> None:
    for number, (kind, encoding) in enumerate(
        [("json", ""), ("json", "gzip"), ("json", "zstd"), ("protobuf", ""), ("protobuf", "lz4")]
    ):
        service = f"packed-{number}"
        request = request_of(service, record({"kvlistValue": {"values": attributes(n={"doubleValue": 1.5})}}))
        body = json.dumps(request).encode()
        if kind == "protobuf":
            body = ParseDict(request, ExportLogsServiceRequest()).SerializeToString()
        pack = {
            "": bytes, "gzip": gzip.compress,
            "zstd": lambda b: bytes(cramjam.zstd.compress(b)), "lz4": lambda b: bytes(cramjam.lz4.compress(b)),
        }[encoding]  # fmt: skip
        answer = store.post(
            "loki", PATH, pack(body), f"application/{'x-' * (kind != 'json')}{kind}", Content_Encoding=encoding
        )
        assert answer.status == 204, answer.text
        ((_, line, metadata),) = read(store, service)
        assert line == '{"n":1.5}'
        assert metadata["team"] == "t"


def test_a_service_is_named_by_what_names_it_first(store: Any) -> None:
    request = request_of("", record(text("x")))
    request["resourceLogs"][0]["resource"]["attributes"] = attributes(k8s__job__name=text("nightly"))
    assert store.post("loki", PATH, request).status == 204
    ((labels, _, _),) = read(store, "nightly")
    assert labels == {"k8s_job_name": "nightly", "service_name": "nightly"}


@pytest.mark.parametrize(
    ("body", "kind", "status", "message"),
    [
        (b"{}", "application/json", 422, "error at least one valid stream is required for ingestion"),
        (b"x", "text/plain", 400, "content type: text/plain is not supported"),
        (b"\xff", PROTOBUF, 400, "proto: "),
        (
            b"[",
            "application/json",
            400,
            "ReadObject: expect { or , or } or n, but found [, error found in #1 byte of ...|[|..., bigger context",
        ),
        (b'{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"traceId":"xyz"}]}]}]}', "application/json", 400, ""),
        (b'{"resourceLogs":{"a":1}}', "application/json", 400, ""),
    ],
)
def test_errors_are_status_messages(store: Any, body: bytes, kind: str, status: int, message: str) -> None:
    answer = store.post("loki", PATH, body, kind)
    assert answer.status == status
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.body[:1] == b"\x12"
    assert message in answer.body.decode(errors="replace")


def test_values_nested_beyond_reason_are_refused(store: Any) -> None:
    value: dict[str, Any] = text("x")
    for _ in range(200):
        value = {"arrayValue": {"values": [value]}}
    assert store.post("loki", PATH, request_of("deep", record(value))).status == 400


def test_an_encoding_that_loki_does_not_take_is_refused(store: Any) -> None:
    answer = store.post("loki", PATH, b"{}", Content_Encoding="br")
    assert answer.status == 400
    assert b"unsupported content encoding br: only gzip, lz4 and zstd are supported" in answer.body
