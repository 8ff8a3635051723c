"""OTLP metrics become the series that Prometheus 3 makes of them."""

from __future__ import annotations

import gzip
import json
import struct
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from telemetry_store.metrics import otlp
from telemetry_store.metrics.otlp_names import metric_name
from telemetry_store.metrics.pushes import Push
from telemetry_store.refusals import BadRequest

DATA = Path(__file__).resolve().parents[2] / "data" / "telemetry_store"

NOW = 1_795_172_400_000


def recorded() -> list[dict[str, Any]]:
    with gzip.open(DATA / "otlp_metrics.jsonl.gz", "rt") as file:
        return [json.loads(line) for line in file]


def request_of(*metrics: dict[str, Any], **resource: str) -> dict[str, Any]:
    attributes = [{"key": key.replace("_", "."), "value": {"stringValue": value}} for key, value in resource.items()]
    return {"resourceMetrics": [{"resource": {"attributes": attributes}, "scopeMetrics": [{"metrics": list(metrics)}]}]}


def point(**more: Any) -> dict[str, Any]:
    return {"timeUnixNano": str(NOW * 1_000_000), **more}


def samples(push: Push) -> dict[str, float]:
    """Values by the series' labels as text."""
    return {
        " ".join(f"{name}={value}" for name, value in series): value
        for series, value in zip(push.series, push.values.tolist(), strict=True)
    }


def decode(*metrics: dict[str, Any], **resource: str) -> Push:
    return otlp.decode_json(json.dumps(request_of(*metrics, **resource)).encode())


@pytest.mark.parametrize("row", recorded())
def test_a_request_becomes_the_series_of_prometheus(row: dict[str, Any]) -> None:
    body = json.dumps(row["request"]).encode()
    if "error" in row:
        with pytest.raises(BadRequest) as caught:
            otlp.decode_json(body)
        assert str(caught.value) == row["error"]
        return
    push = otlp.decode_json(body)
    bits = [struct.pack(">d", value).hex() for value in push.values.tolist()]
    ours = zip(map(dict, push.series), push.times.tolist(), bits, strict=True)
    examples = ([dict(e.series), dict(e.labels), e.value, e.time] for e in push.exemplars)
    for found, expected in ((ours, row["samples"]), (examples, row["exemplars"])):
        assert Counter(map(as_key, found)) == Counter(map(as_key, expected))


def as_key(row: Any) -> str:
    return json.dumps(row, sort_keys=True)


@pytest.mark.parametrize(
    ("name", "unit", "is_counter", "is_gauge", "expected"),
    [
        ("http.server.request.duration", "s", False, False, "http_server_request_duration_seconds"),
        ("requests", "{request}", True, False, "requests_total"),
        ("requests.total", "1", True, False, "requests_total"),
        ("cpu.utilization", "1", False, True, "cpu_utilization_ratio"),
        ("disk.io", "By/s", True, False, "disk_io_bytes_per_second_total"),
        ("memory.bytes", "By", False, True, "memory_bytes"),
        ("9lives", "", False, True, "_9lives"),
    ],
)
def test_names_tell_unit_and_kind(name: str, unit: str, is_counter: bool, is_gauge: bool, expected: str) -> None:
    assert metric_name(name, unit, is_counter, is_gauge) == expected


def test_a_histogram_becomes_classic_buckets_and_its_resource_a_target() -> None:
    exemplar = {"timeUnixNano": str((NOW - 5) * 1_000_000), "asDouble": 0.3, "traceId": "ab" * 16, "spanId": "cd" * 8}
    data = point(count="6", sum=2.5, explicitBounds=[0.1, 0.5], bucketCounts=["1", "2", "3"], exemplars=[exemplar])
    push = decode(
        {"name": "latency", "unit": "s", "histogram": {"dataPoints": [data], "aggregationTemporality": 2}},
        service_name="shop", service_namespace="eu", service_instance_id="one", host_name="h1",
    )  # fmt: skip
    who = "instance=one job=eu/shop"
    assert samples(push) == {
        f"__name__=latency_seconds_sum {who}": 2.5,
        f"__name__=latency_seconds_count {who}": 6,
        f"__name__=latency_seconds_bucket {who} le=0.1": 1,
        f"__name__=latency_seconds_bucket {who} le=0.5": 3,
        f"__name__=latency_seconds_bucket {who} le=+Inf": 6,
        f"__name__=target_info host_name=h1 {who}": 1,
    }
    assert [(dict(e.series)["le"], dict(e.labels), e.value, e.time) for e in push.exemplars] == [
        ("0.5", {"trace_id": "ab" * 16, "span_id": "cd" * 8}, 0.3, NOW - 5)
    ]


def test_protobuf_says_the_same_as_json() -> None:
    request = ExportMetricsServiceRequest()
    metric = request.resource_metrics.add().scope_metrics.add().metrics.add(name="level", unit="By")
    metric.gauge.data_points.add(time_unix_nano=NOW * 1_000_000, as_int=7)
    in_json = decode({"name": "level", "unit": "By", "gauge": {"dataPoints": [point(asInt="7")]}})
    assert samples(otlp.decode_protobuf(request.SerializeToString())) == samples(in_json) == {"__name__=level_bytes": 7}


def test_exponential_histograms_are_named_and_the_rest_is_taken() -> None:
    exponential = {"name": "e", "exponentialHistogram": {"dataPoints": [point()], "aggregationTemporality": 2}}
    push = decode(exponential, {"name": "level", "gauge": {"dataPoints": [point(asDouble=1.0)]}})
    assert push.errors == ['native histograms are disabled: exponential histogram "e" is left out']
    assert samples(push) == {"__name__=level": 1}


def test_delta_temporality_is_refused() -> None:
    with pytest.raises(BadRequest, match='invalid temporality and type combination for metric "d"'):
        decode({"name": "d", "sum": {"dataPoints": [point(asInt="1")], "aggregationTemporality": 1}})


def test_a_clock_at_nought_makes_no_endless_target_info() -> None:
    push = decode(
        {"name": "level", "gauge": {"dataPoints": [point(asInt="1"), {"asInt": "2", "attributes": []}]}},
        service_name="shop", host_name="h1",
    )  # fmt: skip
    assert len(push.series) == 3


def test_a_request_of_too_many_parts_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(otlp, "PUSHED_PARTS", 13)
    level = {"name": "level", "gauge": {"dataPoints": [point(asInt="1") for _ in range(10)]}}
    assert len(decode(level).series) == 10
    with pytest.raises(BadRequest, match="more than 13 metrics and data points in one request"):
        decode(level, level)


@given(st.binary(max_size=300))
def test_rubbish_is_refused_or_means_something_but_never_breaks(body: bytes) -> None:
    for decode_any in (otlp.decode_json, otlp.decode_protobuf):
        try:
            decode_any(body)
        except BadRequest:
            continue


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b'{"resourceMetrics": 1}',
        b'{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"sum":{"dataPoints":[{"exemplars":[{"traceId":"x"}]}]}}]}]}]}',
        b'{"resourceMetrics": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"resourceMetrics":[{"resource":{"attributes":[{"key":"a","value":'
        + b'{"arrayValue":{"values":[' * 200
        + b"]}}" * 200
        + b"}]}}]}",
    ],
)
def test_json_of_another_shape_is_refused(body: bytes) -> None:
    with pytest.raises(BadRequest):
        otlp.decode_json(body)
