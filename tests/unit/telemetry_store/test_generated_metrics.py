"""Metrics made from spans: the series of the real Tempo from the same spans, and the rules behind them."""

from __future__ import annotations

import gzip
import json
import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from telemetry_store.metrics.storage import MetricStorage
from telemetry_store.traces import ingest
from telemetry_store.traces.generated_metrics import registry as registries
from telemetry_store.traces.generated_metrics.destinations import OwnStorage
from telemetry_store.traces.generated_metrics.generator import MetricsGenerator
from telemetry_store.traces.generated_metrics.registry import Registry, Sample
from telemetry_store.traces.generated_metrics.span_size import span_size

DATA = Path(__file__).resolve().parents[2] / "data" / "telemetry_store"

#: An instant in unix seconds at which spans arrive.
NOW = 1_795_172_430.0

CLIENT, SERVER, PRODUCER, CONSUMER = "SPAN_KIND_CLIENT", "SPAN_KIND_SERVER", "SPAN_KIND_PRODUCER", "SPAN_KIND_CONSUMER"


def recorded(name: str) -> Any:
    with gzip.open(DATA / name) as file:
        return json.load(file)


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[MetricStorage]:
    storage = MetricStorage(tmp_path)
    yield storage
    storage.close()


@pytest.fixture
def generator(storage: MetricStorage) -> Iterator[MetricsGenerator]:
    """A generator that collects when it is told to."""
    generator = MetricsGenerator([OwnStorage(storage)], interval_seconds=3600)
    yield generator
    generator.close()


def span(span_id: int, kind: str, parent: int = 0, seconds: float = 0.25, trace: int = 1, **attributes: str) -> Any:
    return {
        "traceId": f"{trace:032x}",
        "spanId": f"{span_id:016x}",
        "parentSpanId": f"{parent:016x}" if parent else "",
        "name": f"span {span_id}",
        "kind": kind,
        "startTimeUnixNano": str(int((NOW - seconds) * 1e9)),
        "endTimeUnixNano": str(int(NOW * 1e9)),
        "attributes": [
            {"key": key.replace("_", "."), "value": {"stringValue": value}} for key, value in attributes.items()
        ],
    }


def batch_of(service: str | None, *spans: Any) -> ingest.Batch:
    attributes = [{"key": "service.name", "value": {"stringValue": service}}] if service is not None else []
    request = {"resourceSpans": [{"resource": {"attributes": attributes}, "scopeSpans": [{"spans": list(spans)}]}]}
    return ingest.decode_json(json.dumps(request).encode())


def newest(samples: list[Sample]) -> dict[tuple[tuple[str, str], ...], float]:
    """The values at the collection, by labels without the instance."""
    return {
        tuple(pair for pair in labels if pair[0] != "__metrics_gen_instance"): value
        for labels, value, at in samples
        if at == int(NOW * 1000)
    }


def edges(generator: MetricsGenerator) -> dict[str, float]:
    """Calls by `client > server (connection type)`."""
    found = {}
    for labels, value in newest(generator.registry.collect(int(NOW * 1000))[0]).items():
        named = dict(labels)
        if named["__name__"] == "traces_service_graph_request_total":
            connection = f" ({named['connection_type']})" if "connection_type" in named else ""
            found[f"{named['client']} > {named['server']}{connection}"] = value
    return found


def test_the_same_spans_give_the_series_of_the_real_tempo(generator: MetricsGenerator) -> None:
    for body in recorded("tempo_requests.json.gz"):
        batch = ingest.decode_json(json.dumps(body).encode())
        # Each request arrives at the moment at which its last span ends.
        end = max(row[6] + row[7] for _, rows in batch for row in rows)
        generator.take(batch, end / 1e9)
    generator.service_graphs.expire(math.inf)
    ours = newest(generator.registry.collect(int(NOW * 1000))[0])
    real = {
        tuple(sorted(labels.items())): float(value) for labels, value in recorded("tempo_generated_metrics.json.gz")
    }
    assert ours.keys() == real.keys()
    assert ours == pytest.approx(real, rel=1e-9)


def test_a_new_series_begins_with_nought_in_the_minute_before(generator: MetricsGenerator) -> None:
    generator.take(batch_of("shop", span(1, SERVER)), NOW)
    first = [(at, value) for labels, value, at in generator.registry.collect(int(NOW * 1000))[0] if is_calls(labels)]
    second = [
        (at, value) for labels, value, at in generator.registry.collect(int(NOW * 1000) + 5)[0] if is_calls(labels)
    ]
    assert first == [(1_795_172_399_000, 0.0), (1_795_172_430_000, 1.0)]
    assert second == [(1_795_172_430_005, 1.0)]


def is_calls(labels: tuple[tuple[str, str], ...]) -> bool:
    return ("__name__", "traces_spanmetrics_calls_total") in labels


def test_a_bucket_has_the_newest_trace_as_exemplar_once(generator: MetricsGenerator) -> None:
    generator.take(batch_of("shop", span(1, SERVER, trace=0xAB), span(2, SERVER, seconds=0.2501, trace=0xCD)), NOW)
    _, exemplars = generator.registry.collect(int(NOW * 1000))
    assert [(e.labels, dict(e.series)["le"]) for e in exemplars if ("span_name", "span 2") in e.series] == [
        ((("traceID", "cd"),), "0.256")
    ]
    assert generator.registry.collect(int(NOW * 1000) + 15_000)[1] == []


def test_exemplars_come_every_fifteen_seconds_at_most(generator: MetricsGenerator) -> None:
    counts = []
    for seconds in (0, 5, 10, 15):
        generator.take(batch_of("shop", span(1, SERVER)), NOW)
        counts.append(len(generator.registry.collect(int(NOW + seconds) * 1000)[1]))
    assert counts == [1, 0, 0, 1]


@pytest.mark.parametrize("order", [1, -1])
def test_a_client_and_a_server_span_make_an_edge_in_either_order(generator: MetricsGenerator, order: int) -> None:
    batches = [batch_of("shop", span(1, CLIENT)), batch_of("stock", span(2, SERVER, parent=1))]
    for batch in batches[::order]:
        generator.take(batch, NOW)
    assert edges(generator) == {"shop > stock": 1}


def test_a_producer_and_a_consumer_make_an_edge_over_messages(generator: MetricsGenerator) -> None:
    generator.take(batch_of("shop", span(1, PRODUCER)), NOW)
    generator.take(batch_of("mail", span(2, CONSUMER, parent=1)), NOW)
    assert edges(generator) == {"shop > mail (messaging_system)": 1}


def test_what_waits_too_long_gets_a_virtual_node_where_something_names_it(generator: MetricsGenerator) -> None:
    generator.take(
        batch_of(
            "shop",
            span(1, SERVER),
            span(2, CLIENT, peer_service="payments"),
            span(3, CLIENT),
            span(4, SERVER, parent=99),
        ),
        NOW,
    )
    generator.service_graphs.expire(NOW + 9)
    assert edges(generator) == {}
    generator.service_graphs.expire(NOW + 10)
    assert edges(generator) == {"user > shop (virtual_node)": 1, "shop > payments (virtual_node)": 1}
    assert generator.service_graphs.expired_edges == 2


@pytest.mark.parametrize(
    ("attributes", "node"),
    [
        ({"db_name": "orders"}, "orders"),
        ({"db_system": "postgresql"}, "postgresql"),
        ({"db_name": "orders", "db_namespace": "public"}, "public"),
        ({"db_name": "orders", "server_address": "db1"}, "db1"),
        ({"db_name": "orders", "network_peer_address": "10.0.0.1", "network_peer_port": "5432"}, "10.0.0.1:5432"),
        ({"db_name": "orders", "peer_service": "store", "server_address": "db1"}, "store"),
    ],
)
def test_a_call_of_a_database_is_an_edge_by_itself(
    generator: MetricsGenerator, attributes: dict[str, str], node: str
) -> None:
    generator.take(batch_of("shop", span(1, CLIENT, **attributes)), NOW)
    assert edges(generator) == {f"shop > {node} (database)": 1}


def test_spans_outside_of_the_last_half_minute_are_not_counted(generator: MetricsGenerator) -> None:
    generator.take(batch_of("shop", span(1, SERVER)), NOW + 31)
    generator.take(batch_of("shop", span(1, SERVER)), NOW - 31)
    assert generator.spans_outside_slack == 2
    assert generator.registry.collect(int(NOW * 1000)) == ([], [])


def test_spans_that_wait_are_bounded(generator: MetricsGenerator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("telemetry_store.traces.generated_metrics.service_graphs.MAX_WAITING", 3)
    generator.take(batch_of("shop", *(span(number, CLIENT) for number in range(1, 6))), NOW)
    assert generator.service_graphs.dropped_spans == 2


def test_past_the_bound_new_series_count_as_overflow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registries, "GENERATED_SERIES", 2)
    registry = Registry()
    for number in range(5):
        registry.counter("calls", (("name", str(number)),), NOW).add(1, NOW)
    values = {
        dict(labels).get("name", "overflow"): value
        for labels, value in newest(registry.collect(int(NOW * 1000))[0]).items()
    }
    assert values == {"0": 1, "1": 1, "overflow": 3}


def test_a_series_that_nothing_feeds_ends_and_begins_anew(generator: MetricsGenerator) -> None:
    generator.take(batch_of("shop", span(1, SERVER)), NOW)
    generator.registry.collect(int(NOW * 1000))
    assert generator.registry.remove_stale(NOW + 15 * 60) is False
    assert generator.registry.remove_stale(NOW + 15 * 60 + 1) is True
    assert generator.registry.collect(int(NOW * 1000)) == ([], [])


def test_spans_without_a_service_are_counted_but_draw_no_edges(generator: MetricsGenerator) -> None:
    generator.take(batch_of(None, span(1, SERVER)), NOW)
    generator.service_graphs.expire(math.inf)
    assert edges(generator) == {}
    calls = [dict(labels) for labels in newest(generator.registry.collect(int(NOW * 1000))[0]) if is_calls(labels)]
    assert [labels.get("service") for labels in calls] == [None]


def test_offered_spans_reach_the_storage(storage: MetricStorage) -> None:
    generator = MetricsGenerator([OwnStorage(storage)], interval_seconds=0.05)
    offered = batch_of("shop", span(1, SERVER))
    moved = [(source, [(*row[:6], time.time_ns(), *row[7:]) for row in rows]) for source, rows in offered]
    generator.offer(moved)
    generator.close()
    assert storage.count_series() == 1 + 1 + 17


def test_empty_values_of_attributes_are_no_obstacle(generator: MetricsGenerator) -> None:
    odd = span(1, CLIENT)
    odd["attributes"] = [{"key": "db.name", "value": {"arrayValue": None}}, {"key": "peer.service", "value": None}, {}]
    generator.take(batch_of("shop", odd), NOW)
    generator.service_graphs.expire(math.inf)
    assert edges(generator) == {}


def test_a_spans_size_is_that_of_its_protobuf() -> None:
    nested = AnyValue(kvlist_value=KeyValueList(values=[KeyValue(key="k", value=AnyValue(bool_value=True))]))
    values = [
        AnyValue(string_value="x" * 300),
        AnyValue(string_value="ü" * 100),
        AnyValue(string_value=""),
        AnyValue(int_value=-1),
        AnyValue(int_value=2**40),
        AnyValue(double_value=0.5),
        AnyValue(bytes_value=b"12345"),
        AnyValue(array_value=ArrayValue(values=[AnyValue(int_value=1), nested])),
        AnyValue(),
    ]
    attributes = [KeyValue(key=f"key{number}" * 10, value=value) for number, value in enumerate(values)]
    whole = Span(
        trace_id=bytes(range(1, 17)), span_id=bytes(range(1, 9)), parent_span_id=bytes(range(2, 10)),
        trace_state="a=b", name="größe", kind=Span.SPAN_KIND_CLIENT, start_time_unix_nano=1, end_time_unix_nano=3,
        attributes=attributes, dropped_attributes_count=300, dropped_events_count=1, dropped_links_count=2, flags=257,
        events=[Span.Event(time_unix_nano=2, name="e", attributes=attributes, dropped_attributes_count=1)],
        links=[Span.Link(trace_id=bytes(range(1, 17)), span_id=bytes(range(1, 9)), trace_state="c", flags=1)],
        status=Status(code=Status.STATUS_CODE_ERROR, message="no"),
    )  # fmt: skip
    bare = Span(trace_id=bytes(range(1, 17)), span_id=bytes(range(1, 9)), status=Status())
    for message in (whole, bare):
        request = ingest.ExportTraceServiceRequest()
        request.resource_spans.add().scope_spans.add().spans.append(message)
        ((_, (row,)),) = ingest.decode_protobuf(request.SerializeToString())
        assert span_size(row, json.loads(row[8])) == message.ByteSize()
