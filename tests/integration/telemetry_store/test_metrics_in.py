"""The ways in for metrics besides scraping: remote write, OTLP, and metrics made from spans."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import cramjam
import pytest
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource

from telemetry_store.metrics.remote_write_messages import message_class

VERSION_2 = "application/x-protobuf;proto=io.prometheus.write.v2.Request"


def request_of(*samples: tuple[int, float], name: str, **labels: str) -> bytes:
    label, sample, series = message_class("Label"), message_class("Sample"), message_class("TimeSeries")()
    for key, value in {"__name__": name, **labels}.items():
        series.labels.append(label(name=key.encode(), value=value.encode()).SerializeToString())
    for at, value in samples:
        series.samples.append(sample(timestamp=at, value=value).SerializeToString())
    exemplar = message_class("Exemplar")(value=1.0, timestamp=samples[0][0])
    exemplar.labels.add(name=b"trace_id", value=b"abc")
    series.exemplars.append(exemplar.SerializeToString())
    content: bytes = message_class("WriteRequest")(timeseries=[series.SerializeToString()]).SerializeToString()
    return content


def write(store: Any, content: bytes, kind: str = "application/x-protobuf", encoding: str = "snappy") -> Any:
    body = bytes(cramjam.snappy.compress_raw(content))
    return store.post("prometheus", "/api/v1/write", body, kind, Content_Encoding=encoding)


def test_what_is_written_is_found_with_its_exemplar(store: Any) -> None:
    now = int(time.time() * 1000)
    answer = write(store, request_of((now - 1000, 1.0), (now, 2.0), name="written_total", job="agent"))
    assert (answer.status, answer.body) == (204, b"")
    assert store.vector("written_total") == {'{"__name__": "written_total", "job": "agent"}': 2.0}
    found = store.get("prometheus", "/api/v1/query_exemplars", query="written_total").json["data"]
    assert [exemplar["labels"] for series in found for exemplar in series["exemplars"]] == [{"trace_id": "abc"}]


def test_a_sample_out_of_order_is_a_bad_request_in_plain_text(store: Any) -> None:
    now = int(time.time() * 1000)
    assert write(store, request_of((now, 2.0), name="ordered_total")).status == 204
    answer = write(store, request_of((now - 1, 2.0), name="ordered_total"))
    assert (answer.status, answer.text) == (400, "out of order sample\n")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("kind", "encoding", "text"),
    [
        (
            "application/json",
            "snappy",
            "expected application/x-protobuf as the first (media) part, got application/json content-type\n",
        ),
        (
            "application/x-protobuf",
            "gzip",
            "gzip encoding (compression) is not accepted by this server; only snappy is acceptable\n",
        ),
        (
            "application/x-protobuf;proto=other",
            "snappy",
            (
                "got application/x-protobuf;proto=other content type; unknown type for remote write protobuf message "
                "other, supported: prometheus.WriteRequest, io.prometheus.write.v2.Request\n"
            ),
        ),
    ],
)
def test_other_formats_are_not_supported(store: Any, kind: str, encoding: str, text: str) -> None:
    answer = write(store, b"", kind, encoding)
    assert (answer.status, answer.text) == (415, text)


def test_bodies_that_are_no_snappy_or_no_protobuf_are_bad_requests(store: Any) -> None:
    raw = store.post("prometheus", "/api/v1/write", b"\xff\xff\xff", "application/x-protobuf")
    assert (raw.status, raw.text) == (400, "snappy: corrupt input\n")
    assert (write(store, b"\x0a\xff").status, write(store, b"\x0a\xff").text) == (400, "unexpected EOF\n")
    assert write(store, b"").status == 204


def test_version_2_says_what_it_wrote(store: Any) -> None:
    request = message_class("Request")(symbols=[b"", b"__name__", b"second_version_total"])
    sample = message_class("Sample")(timestamp=int(time.time() * 1000), value=5.0).SerializeToString()
    for references in ([1, 2], [1, 7]):
        series = message_class("TimeSeriesV2")(labels_refs=references, samples=[sample])
        request.timeseries.append(series.SerializeToString())
    answer = write(store, request.SerializeToString(), VERSION_2)
    assert answer.status == 400
    assert answer.text == (
        "parsing labels for series [1 7]: labelRefs 1 (name) = 7 (value) outside of symbols table (size 3)\n"
    )
    assert [answer.headers[f"X-Prometheus-Remote-Write-{kind}-Written"] for kind in ("Samples", "Exemplars")] == [
        "1",
        "0",
    ]
    assert store.vector("second_version_total") == {'{"__name__": "second_version_total"}': 5.0}


def test_the_official_sdk_exports_its_metrics_over_otlp(store: Any) -> None:
    exporter = OTLPMetricExporter(store.urls["prometheus"] + "/api/v1/otlp/v1/metrics")
    reader = PeriodicExportingMetricReader(exporter, export_interval_millis=3_600_000)
    provider = MeterProvider([reader], Resource({"service.name": "shop", "host.name": "h1"}))
    meter = provider.get_meter("test")
    meter.create_counter("checkouts", unit="{checkout}").add(3, {"http.route": "/pay"})
    meter.create_histogram("checkout.duration", unit="s").record(0.3)
    provider.shutdown()
    assert store.vector('checkouts_total{job="shop",http_route="/pay"}') == {
        '{"__name__": "checkouts_total", "http_route": "/pay", "job": "shop"}': 3.0
    }
    assert list(store.vector("histogram_quantile(1, checkout_duration_seconds_bucket)").values()) == [5.0]
    assert [json.loads(labels)["host_name"] for labels in store.vector("target_info")] == ["h1"]


@pytest.mark.parametrize(
    ("kind", "encoding", "body", "text"),
    [
        (
            "text/plain",
            "",
            b"",
            "unsupported content type: text/plain, supported: [application/json, application/x-protobuf]\n",
        ),
        (
            "application/json",
            "zstd",
            b"",
            'unsupported compression: zstd. Only "gzip" or no compression supported\n',
        ),
        ("application/x-protobuf", "gzip", b"no gzip", None),
        ("application/json", "", b"{", None),
    ],
)
def test_otlp_that_cannot_be_read_is_a_bad_request(
    store: Any, kind: str, encoding: str, body: bytes, text: str | None
) -> None:
    answer = store.post("prometheus", "/api/v1/otlp/v1/metrics", body, kind, Content_Encoding=encoding)
    assert answer.status == 400
    assert answer.text == (text or answer.text)


def test_spans_become_metrics(
    start_store: Callable[..., Any], otlp: tuple[Callable[..., Any], Callable[..., Any]], poll: Callable[..., Any]
) -> None:
    span, request_of_spans = otlp
    store = start_store("--generated-metrics-interval", "0.1")
    caller, called = span(1, kind=3), span(2, kind=2, parentSpanId=f"{1:016x}")
    assert store.post("otlp", "/v1/traces", request_of_spans(caller, service="shop")).status == 200
    assert store.post("otlp", "/v1/traces", request_of_spans(called, service="stock")).status == 200
    found = poll(lambda: store.vector('traces_service_graph_request_total{__metrics_gen_instance!=""} > 0'))
    assert list(found.values()) == [1.0]
    assert '"client": "shop"' in next(iter(found))
    assert sum(store.vector("traces_spanmetrics_calls_total").values()) == 2
    own = store.get("prometheus", "/metrics").text
    assert "tempo_metrics_generator_spans_received_total 2.0" in own
    assert "tempo_metrics_generator_processor_service_graphs_edges 1.0" in own


def test_metrics_of_spans_can_be_turned_off(
    start_store: Callable[..., Any], otlp: tuple[Callable[..., Any], Callable[..., Any]]
) -> None:
    span, request_of_spans = otlp
    store = start_store("--generated-metrics-interval", "0")
    assert store.post("otlp", "/v1/traces", request_of_spans(span(1))).status == 200
    assert store.stop() == 0
