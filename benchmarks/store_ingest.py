"""What it costs the telemetry store to take one sample, one log line and one span, in each encoding: CPU of the whole
process, from the socket to the disk.

.venv/bin/python -m benchmarks.store_ingest [--seconds 4]

Bodies are made beforehand; each encoding gets a store of its own. `k/s` is what one core takes.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cramjam
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from benchmarks.store import RunningStore, running_store
from telemetry_store.logs.protobuf_push import push_request_class
from tests.integration.telemetry_store import remote_write_body
from tests.integration.telemetry_store.remote_write_body import Series

JSON = {"Content-Type": "application/json"}
PROTOBUF = {"Content-Type": "application/x-protobuf"}

#: Ids and times count up from here.
START_NANOSECONDS = int(time.time() - 3600) * 10**9


@dataclass(frozen=True)
class Encoding:
    """One way in: `body(number, count)` is the number-th request, with `count` items in it."""

    name: str
    api: str
    path: str
    headers: dict[str, str]
    body: Callable[[int, int], bytes]
    batch: int


# -- samples


def labels_of(number: int) -> dict[str, str]:
    return {
        "__name__": f"requests_{number % 20}_total",
        "service": f"service-{number % 10}",
        "endpoint": f"/endpoint/{number % 50}",
        "instance": f"host-{number}:8000",
        "job": "chain",
    }


def remote_write(number: int, count: int) -> bytes:
    """One sample of each of `count` series."""
    at = START_NANOSECONDS // 10**6 + number * 1000
    return remote_write_body.body(Series(labels_of(n), [(at, float(number + n))]) for n in range(count))


def backfill(number: int, count: int) -> bytes:
    """A hundred samples of each of `count / 100` series, of the last weeks."""
    at = START_NANOSECONDS // 10**6 - 60 * 86_400_000 + number * 100_000
    return remote_write_body.body(
        Series(labels_of(n), [(at + s * 1000, float(s)) for s in range(100)]) for n in range(count // 100)
    )


def otlp_metrics(number: int, count: int) -> bytes:
    """One data point of each of `count` series of a gauge."""
    request = ExportMetricsServiceRequest()
    resource = request.resource_metrics.add()
    resource.resource.attributes.add(key="service.name").value.string_value = "frontend"
    metrics = resource.scope_metrics.add().metrics
    for n in range(count):
        metric = metrics.add(name=f"load_{n % 20}")
        point = metric.gauge.data_points.add(time_unix_nano=START_NANOSECONDS + number * 10**9, as_double=n + number)
        point.attributes.add(key="endpoint").value.string_value = f"/endpoint/{n}"
    return request.SerializeToString()


# -- log lines


def line(number: int) -> str:
    """A line of about 200 bytes, as the services write them."""
    fields = {
        "level": "info",
        "message": f"User {number} request completed",
        "service": "frontend",
        "trace_id": f"{number:032x}",
        "span_id": f"{number:016x}",
        "endpoint": "/user/<id>",
        "duration_ms": number % 500,
    }
    return json.dumps(fields)


def push_json(number: int, count: int) -> bytes:
    first = number * count
    values = [[str(START_NANOSECONDS + (first + n) * 1000), line(first + n)] for n in range(count)]
    return json.dumps({"streams": [{"stream": {"service": "frontend", "level": "info"}, "values": values}]}).encode()


def push_protobuf(number: int, count: int) -> bytes:
    push = push_request_class()()
    stream = push.streams.add(labels='{service="frontend", level="info"}')
    for n in range(number * count, (number + 1) * count):
        entry = stream.entries.add(line=line(n).encode())
        entry.timestamp.FromNanoseconds(START_NANOSECONDS + n * 1000)
    return bytes(cramjam.snappy.compress_raw(push.SerializeToString()))


def otlp_logs(number: int, count: int) -> bytes:
    request = ExportLogsServiceRequest()
    resource = request.resource_logs.add()
    resource.resource.attributes.add(key="service.name").value.string_value = "frontend"
    records = resource.scope_logs.add().log_records
    for n in range(number * count, (number + 1) * count):
        record = records.add(time_unix_nano=START_NANOSECONDS + n * 1000, severity_text="INFO", severity_number=9)
        record.body.string_value = line(n)
        record.attributes.add(key="endpoint").value.string_value = "/user/<id>"
    return request.SerializeToString()


# -- spans

#: Eight attributes, as a server span of the services has.
ATTRIBUTES: dict[str, str | int] = {
    "http.method": "GET", "http.route": "/user/<id>", "http.status_code": 200, "http.flavor": "1.1",
    "net.host.name": "127.0.0.1", "net.host.port": 8001, "user_agent.original": "benchmark", "user.id": 123,
}  # fmt: skip


def spans_json(number: int, count: int) -> bytes:
    attributes = [
        {"key": key, "value": {"intValue": str(value)} if isinstance(value, int) else {"stringValue": value}}
        for key, value in ATTRIBUTES.items()
    ]
    spans = [
        {
            "traceId": f"{n // 10 + 1:032x}",
            "spanId": f"{n + 1:016x}",
            "parentSpanId": f"{n:016x}" if n % 10 else "",
            "name": f"span {n % 10}",
            "kind": 2,
            "startTimeUnixNano": str(START_NANOSECONDS + n * 10_000),
            "endTimeUnixNano": str(START_NANOSECONDS + n * 10_000 + 5_000_000),
            "attributes": attributes,
        }
        for n in range(number * count, (number + 1) * count)
    ]
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "frontend"}}]}
    return json.dumps({"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": spans}]}]}).encode()


def spans_protobuf(number: int, count: int) -> bytes:
    request = ExportTraceServiceRequest()
    resource = request.resource_spans.add()
    resource.resource.attributes.add(key="service.name").value.string_value = "frontend"
    spans = resource.scope_spans.add().spans
    for n in range(number * count, (number + 1) * count):
        start = START_NANOSECONDS + n * 10_000
        span = spans.add(
            name=f"span {n % 10}", kind=2, start_time_unix_nano=start, end_time_unix_nano=start + 5_000_000
        )
        span.trace_id, span.span_id = (n // 10 + 1).to_bytes(16), (n + 1).to_bytes(8)
        if n % 10:
            span.parent_span_id = n.to_bytes(8)
        for key, value in ATTRIBUTES.items():
            content = span.attributes.add(key=key).value
            if isinstance(value, int):
                content.int_value = value
            else:
                content.string_value = value
    return request.SerializeToString()


WRITE, PUSH = "/api/v1/write", "/loki/api/v1/push"
OTLP_METRICS, OTLP_LOGS = "/api/v1/otlp/v1/metrics", "/otlp/v1/logs"
ENCODINGS = (
    Encoding(
        "samples, remote write, 1 of a series", "prometheus", WRITE, remote_write_body.HEADERS, remote_write, 1000
    ),
    Encoding(
        "samples, remote write, 100 of a series", "prometheus", WRITE, remote_write_body.HEADERS, backfill, 10_000
    ),
    Encoding("samples, OTLP/protobuf", "prometheus", OTLP_METRICS, PROTOBUF, otlp_metrics, 1000),
    Encoding("lines, JSON push", "loki", PUSH, JSON, push_json, 100),
    Encoding("lines, JSON push", "loki", PUSH, JSON, push_json, 20),
    Encoding("lines, protobuf push", "loki", PUSH, PROTOBUF, push_protobuf, 100),
    Encoding("lines, OTLP/protobuf", "loki", OTLP_LOGS, PROTOBUF, otlp_logs, 100),
    Encoding("spans, OTLP/JSON", "otlp", "/v1/traces", JSON, spans_json, 100),
    Encoding("spans, OTLP/JSON", "otlp", "/v1/traces", JSON, spans_json, 20),
    Encoding("spans, OTLP/protobuf", "otlp", "/v1/traces", PROTOBUF, spans_protobuf, 100),
)


def requests(encoding: Encoding, first: int, count: int) -> Iterator[bytes]:
    for number in range(first, first + count):
        yield encoding.body(number, encoding.batch)


def cost(store: RunningStore, encoding: Encoding, seconds: float) -> tuple[float, int]:
    """(CPU seconds of an item, items sent) over about so many seconds of sending."""
    for body in requests(encoding, 0, 20):
        store.post(encoding.api, encoding.path, body, encoding.headers)
    store.settle()
    before, sent, number, sending = store.cpu_seconds(), 0, 20, 0.0
    while sending < seconds:
        bodies = list(requests(encoding, number, 50))
        number += 50
        started = time.monotonic()
        for body in bodies:
            store.post(encoding.api, encoding.path, body, encoding.headers)
        sending += time.monotonic() - started
        sent += 50 * encoding.batch
    store.settle()
    return (store.cpu_seconds() - before) / sent, sent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=4)
    options = parser.parse_args()
    print(f"{'':42} in a batch   µs of CPU      k/s   items sent")
    for encoding in ENCODINGS:
        with running_store() as store:
            seconds, sent = cost(store, encoding, options.seconds)
        print(f"{encoding.name:42} {encoding.batch:10,} {seconds * 1e6:11.2f} {1e-3 / seconds:8.1f} {sent:12,}")


if __name__ == "__main__":
    main()
