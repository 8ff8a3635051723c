"""Valid bodies of every receiver, cut off, with bits flipped, in the wrong encoding, or as bombs: never a 5xx, never a
hang, nothing stored by halves, and the receiver goes on to take what is right."""

from __future__ import annotations

import contextlib
import gzip
import json
import socket
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

import cramjam
import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from telemetry_store.logs.protobuf_push import push_request_class
from tests.integration.telemetry_store import mutations
from tests.integration.telemetry_store.chain_data import ChainData

PROTOBUF, JSON = "application/x-protobuf", "application/json"


@dataclass(frozen=True)
class Receiver:
    """Where something is taken, and a body that it takes, before compression."""

    name: str
    api: str
    path: str
    kind: str
    body: bytes
    snappy: bool = False

    def send(self, store: Any, body: bytes, **headers: str) -> Any:
        return store.post(self.api, self.path, body, self.kind, **headers)

    def send_content(self, store: Any, content: bytes) -> Any:
        """Sends content that is damaged inside a compression that is whole."""
        if not self.snappy:
            return self.send(store, content)
        return self.send(store, bytes(cramjam.snappy.compress_raw(content)), Content_Encoding="snappy")


def receivers() -> list[Receiver]:
    data = ChainData(time.time())
    spans, lines = data.spans(), data.lines()
    traces = ExportTraceServiceRequest()
    span = traces.resource_spans.add().scope_spans.add().spans.add(trace_id=b"t" * 16, span_id=b"s" * 8, name="damaged")
    span.start_time_unix_nano = span.end_time_unix_nano = time.time_ns()
    span.attributes.add(key="a").value.array_value.values.add().int_value = 5
    span.events.add(name="event", time_unix_nano=5)
    span.links.add(trace_id=b"u" * 16, span_id=b"v" * 8)
    push = push_request_class()()
    stream = push.streams.add(labels='{service="damaged", level="warn"}')
    entry = stream.entries.add(line=b"damaged line")
    entry.timestamp.GetCurrentTime()
    entry.structured_metadata.add(name="trace_id", value="abc")
    logs = ExportLogsServiceRequest()
    record = (
        logs.resource_logs.add().scope_logs.add().log_records.add(time_unix_nano=time.time_ns(), severity_text="WARN")
    )
    record.body.string_value = "damaged"
    record.attributes.add(key="a").value.double_value = 0.5
    metrics = ExportMetricsServiceRequest()
    metric = metrics.resource_metrics.add().scope_metrics.add().metrics.add(name="damaged", unit="s")
    point = metric.histogram.data_points.add(time_unix_nano=time.time_ns(), count=3, sum=4.5)
    metric.histogram.aggregation_temporality = 2
    point.bucket_counts.extend([1, 1, 1])
    point.explicit_bounds.extend([0.5, 1.0])
    write = bytes(cramjam.snappy.decompress_raw(data.samples()))
    some_lines = json.dumps({"streams": lines["streams"][:2]}).encode()
    some_spans = json.dumps({"resourceSpans": spans["resourceSpans"][:1]}).encode()
    return [
        Receiver("remote write", "prometheus", "/api/v1/write", PROTOBUF, write[:5000], snappy=True),
        Receiver("push in JSON", "loki", "/loki/api/v1/push", JSON, some_lines),
        Receiver("push in protobuf", "loki", "/loki/api/v1/push", PROTOBUF, push.SerializeToString(), snappy=True),
        Receiver("spans in JSON", "otlp", "/v1/traces", JSON, some_spans),
        Receiver("spans in protobuf", "otlp", "/v1/traces", PROTOBUF, traces.SerializeToString()),
        Receiver("OTLP lines", "loki", "/otlp/v1/logs", PROTOBUF, logs.SerializeToString()),
        Receiver("OTLP metrics", "prometheus", "/api/v1/otlp/v1/metrics", PROTOBUF, metrics.SerializeToString()),
    ]  # fmt: skip


RECEIVERS = receivers()
each_receiver = pytest.mark.parametrize("receiver", RECEIVERS, ids=lambda receiver: receiver.name)


def assert_refused_or_taken(receiver: Receiver, answer: Any, body: bytes) -> None:
    said = (receiver.name, body[:200], answer.status, answer.body[:300])
    assert answer.status in (200, 204, 400, 413, 415, 422), said
    assert b"Traceback" not in answer.body, said
    assert b"internal error" not in answer.body, said


@each_receiver
@pytest.mark.parametrize("count", [40, pytest.param(3000, marks=[pytest.mark.slow, pytest.mark.timeout(600)])])
def test_damaged_bodies_are_refused_or_taken(store: Any, receiver: Receiver, count: int) -> None:
    random = Random(f"{receiver.name} {count}")
    for number in range(count):
        content = mutations.flip(receiver.body, random)
        if number % 2:
            answer = receiver.send_content(store, content)
        else:
            whole = (
                bytes(cramjam.snappy.compress_raw(receiver.body)) if receiver.snappy else gzip.compress(receiver.body)
            )
            encoding = "snappy" if receiver.snappy else "gzip"
            answer = receiver.send(store, mutations.flip(whole, random), Content_Encoding=encoding)
        assert_refused_or_taken(receiver, answer, content)
    # What is right is taken as ever, unless a damaged body brought a later sample of the same series.
    if receiver.api != "prometheus":
        assert receiver.send_content(store, receiver.body).status in (200, 204)


@each_receiver
def test_a_body_in_another_encoding_than_it_says_is_refused(store: Any, receiver: Receiver) -> None:
    for encoding in ("gzip", "deflate", "snappy", "zstd", "br", "gzip, gzip", "nonsense"):
        answer = receiver.send(store, b"\xff\xfe" + receiver.body, Content_Encoding=encoding)
        assert_refused_or_taken(receiver, answer, receiver.body)
        assert answer.status >= 400, (encoding, answer.status)


@each_receiver
def test_bombs_are_refused(store: Any, receiver: Receiver) -> None:
    # Twice what any receiver takes, in a few hundred kilobytes.
    content = (b"[[" if receiver.kind == JSON else b"\n\x00") * 32 * 1024 * 1024
    if receiver.snappy:
        bombs = {"snappy": bytes(cramjam.snappy.compress_raw(content))}
    else:
        bombs = {"gzip": gzip.compress(content, 1), "deflate": zlib.compress(content, 1)}
    for encoding, bomb in bombs.items():
        answer = receiver.send(store, bomb, Content_Encoding=encoding)
        assert answer.status in (400, 413), (encoding, answer.status, answer.body[:200])


def test_what_a_snappy_body_claims_to_unpack_to_is_not_believed(store: Any) -> None:
    for receiver in RECEIVERS:
        if receiver.snappy:
            answer = receiver.send(store, b"\xff\xff\xff\xff\x0f" + b"\x00" * 20, Content_Encoding="snappy")
            assert answer.status in (400, 413), (receiver.name, answer.status, answer.body[:200])


# -- HTTP itself


def talk(store: Any, api: str, *pieces: bytes) -> bytes:
    """What the server says to these bytes on a connection of their own, until it closes or says no more."""
    host, port = store.urls[api].removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=0.3) as connection:
        answer = b""
        try:
            for piece in pieces:
                connection.sendall(piece)
            while chunk := connection.recv(65536):
                answer += chunk
        except (TimeoutError, ConnectionError):
            pass
        return answer


@pytest.mark.parametrize(
    "pieces",
    [
        [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200)],
        [b"GET / HTTP/9.9\r\n\r\n"],
        [b"GET " + b"/a" * 100_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n"],
        [b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 20_000 + b"\r\n"],
        [b"POST /v1/traces HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\n"],
        [b"POST /v1/traces HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999\r\n\r\nx"],
        [b"POST /v1/traces HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\nx\r\n"],
        [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(50)],
    ],
    ids=["TLS", "version", "long path", "many headers", "negative length", "huge length", "bad chunks", "HTTP/2"],
)
def test_what_is_not_http_gets_an_error_or_no_answer(store: Any, pieces: list[bytes]) -> None:
    for api in ("prometheus", "loki", "tempo", "otlp"):
        answer = talk(store, api, *pieces)
        assert answer == b"" or 400 <= int(answer.split()[1]) < 500, answer[:200]
        assert store.get("tempo", "/ready").status == 200


# -- the WebSocket of Loki's tail


class WebSocket:
    """The least of a WebSocket client: shakes hands, sends any bytes, reads frames of text."""

    def __init__(self, store: Any, path: str) -> None:
        host, port = store.urls["loki"].removeprefix("http://").split(":")
        self.connection = socket.create_connection((host, int(port)), timeout=10)
        self.connection.sendall(
            f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        self._buffer = b""
        while b"\r\n\r\n" not in self._buffer:
            self._more()
        head, self._buffer = self._buffer.split(b"\r\n\r\n", 1)
        self.status = int(head.split()[1])

    def _more(self) -> None:
        received = self.connection.recv(65536)
        if not received:
            raise ConnectionError("closed")
        self._buffer += received

    def text(self) -> str:
        """The next message of text."""
        while True:
            while len(self._buffer) < 10:
                self._more()
            kind, size, begin = self._buffer[0] & 15, self._buffer[1] & 127, 2
            if size == 126:
                size, begin = int.from_bytes(self._buffer[2:4]), 4
            elif size == 127:
                size, begin = int.from_bytes(self._buffer[2:10]), 10
            while len(self._buffer) < begin + size:
                self._more()
            payload, self._buffer = self._buffer[begin : begin + size], self._buffer[begin + size :]
            if kind == 1:
                return payload.decode()

    def __enter__(self) -> WebSocket:
        return self

    def __exit__(self, *exception: object) -> None:
        self.connection.close()


TAIL = "/loki/api/v1/tail?query=%7Bjob%3D%22tail%22%7D"


def test_a_tail_shows_lines_as_they_come(store: Any, push_of: Callable[..., Any]) -> None:
    with WebSocket(store, TAIL) as tail:
        assert tail.status == 101
        assert store.post("loki", "/loki/api/v1/push", push_of("live", job="tail", level="info")).status == 204
        (stream,) = json.loads(tail.text())["streams"]
    assert stream["stream"]["job"] == "tail"
    assert [line for _, line, *_ in stream["values"]] == ["live"]


@pytest.mark.parametrize("query", ["", "%7B", "rate(%7Ba%3D%22b%22%7D%5B1m%5D)", "%7Bjob%3D~%22(%22%7D", "x" * 5000])
def test_a_tail_of_a_wrong_query_is_refused(store: Any, query: str) -> None:
    with WebSocket(store, f"/loki/api/v1/tail?query={query}") as tail:
        assert 400 <= tail.status < 500


@pytest.mark.parametrize(
    "rubbish",
    [
        b"\x81\x05hello",
        b"\xff" * 1000,
        b"\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff" + bytes(100),
        b"\x89\xfe\xff\xff" + bytes(70_000),
        b"\x88\x80" + bytes(4),
        b"GET / HTTP/1.1\r\n\r\n" * 100,
    ],
    ids=["no mask", "ones", "endless", "long ping", "close", "HTTP"],
)
def test_rubbish_on_a_tail_ends_that_tail_only(store: Any, push_of: Callable[..., Any], rubbish: bytes) -> None:
    with WebSocket(store, TAIL) as healthy, WebSocket(store, TAIL) as sick:
        assert (healthy.status, sick.status) == (101, 101)
        sick.connection.sendall(rubbish)
        line = f"after {len(rubbish)}"
        assert store.post("loki", "/loki/api/v1/push", push_of(line, job="tail")).status == 204
        seen: list[str] = []
        while line not in seen:
            seen += [text for stream in json.loads(healthy.text())["streams"] for _, text, *_ in stream["values"]]


def test_who_does_not_read_a_tail_holds_up_nobody(store: Any, push_of: Callable[..., Any]) -> None:
    with contextlib.ExitStack() as tails:
        for _ in range(5):
            assert tails.enter_context(WebSocket(store, TAIL)).status == 101
        for number in range(20):
            lines = [f"{number} {n} " + "x" * 1000 for n in range(200)]
            assert store.post("loki", "/loki/api/v1/push", push_of(*lines, job="tail")).status == 204
        assert store.get("loki", "/loki/api/v1/labels").status == 200
