"""Metrics made from spans, sent to a real Prometheus: as in the store's own storage, and through its absence."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.telemetry_store.conftest import Store, poll, request_of, span
from tests.integration.telemetry_store.prometheus_comparison import Prometheus, ask, difference
from tests.machine import free_port

EVERYTHING = '{__name__=~"traces_.+"}'


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Prometheus]:
    server = Prometheus.receiver(tmp_path)
    yield server
    server.stop()


def sending_store(start_store: Callable[..., Store], url: str, *more: str) -> Store:
    address = f"{url}/api/v1/write"
    return start_store("--generated-metrics-remote-write", address, "--generated-metrics-interval", "0.5", *more)


def send_calls(store: Store, first: int, count: int) -> None:
    """Calls from the frontend to the backend, each two spans of one trace, some of them failed."""
    for number in range(first, first + count):
        status = {"code": 2} if number % 5 == 0 else {}
        client = span(2 * number, trace=number, name="GET", kind=3, status=status)
        server = span(2 * number + 1, trace=number, name="call", parentSpanId=client["spanId"], status=status)
        for service, each in (("frontend", client), ("backend", server)):
            assert store.post("otlp", "/v1/traces", request_of(each, service=service)).status == 200


def own_metric(store: Store, api: str, name: str) -> float:
    """The sum of a metric's samples on the store's own page."""
    lines = store.get(api, "/metrics").text.splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith((f"{name} ", f"{name}{{")))


def calls(url: str) -> float:
    _, answer = ask(url, "/api/v1/query", {"query": "sum(traces_spanmetrics_calls_total)"})
    return sum(float(row["value"][1]) for row in answer["data"]["result"])


@pytest.mark.slow
def test_a_real_prometheus_gets_the_series_values_and_exemplars_of_the_stores_own_storage(
    start_store: Callable[..., Store], receiver: Prometheus
) -> None:
    store = sending_store(start_store, receiver.url)
    begin = time.time()
    ours = store.urls["prometheus"]
    for round_ in range(3):
        send_calls(store, 1 + 10 * round_, 10)
        # A series begins at zero, without an exemplar: what comes with the next collection has some.
        poll(lambda expected=20 * (round_ + 1): calls(ours) == expected)
    poll(lambda: own_metric(store, "prometheus", "prometheus_remote_storage_samples_pending") == 0)
    # Every sample, the zeros with which series begin among them, up to a moment that both have reached.
    end = time.time() - 0.2
    poll(lambda: own_metric(store, "prometheus", "prometheus_remote_storage_highest_timestamp_in_seconds") > end)
    poll(lambda: own_metric(store, "prometheus", "prometheus_remote_storage_samples_pending") == 0)
    asked = {"query": f"{EVERYTHING}[{round((end - begin + 130) * 1000)}ms]", "time": f"{end:.3f}"}
    theirs = ask(receiver.url, "/api/v1/query", asked)
    assert difference(ask(ours, "/api/v1/query", asked), theirs, ordered=False) is None
    series = theirs[1]["data"]["result"]
    assert len(series) > 50
    assert {"0"} < {value for row in series for _, value in row["values"]}
    exemplars = {"query": EVERYTHING, "start": f"{begin - 1:.3f}", "end": f"{end:.3f}"}
    kept, sent = (
        sorted(ask(url, "/api/v1/query_exemplars", exemplars)[1]["data"], key=json.dumps)
        for url in (ours, receiver.url)
    )
    assert sent == kept
    assert sum(len(each["exemplars"]) for each in sent) >= 2
    failed = [own_metric(store, "tempo", f"prometheus_remote_storage_{kind}_failed_total") for kind in KINDS]
    assert failed == [0, 0]


KINDS = ("samples", "exemplars")


@pytest.mark.slow
def test_a_prometheus_that_was_away_gets_what_it_missed_and_nobody_waits_for_it(
    start_store: Callable[..., Store], tmp_path: Path
) -> None:
    port = free_port()
    # No Prometheus API of its own: metrics go to the real one only.
    store = sending_store(start_store, f"http://127.0.0.1:{port}", "--apis", "tempo")
    begin = time.monotonic()
    send_calls(store, 1, 20)
    assert time.monotonic() - begin < 60
    poll(lambda: own_metric(store, "tempo", "prometheus_remote_storage_samples_retried_total") > 0)
    waiting = own_metric(store, "tempo", "prometheus_remote_storage_samples_pending")
    assert waiting > 0
    started = time.time()
    server = Prometheus.receiver(tmp_path, port)
    poll(lambda: calls(server.url) == 40)
    poll(lambda: own_metric(store, "tempo", "prometheus_remote_storage_samples_pending") == 0)
    # From before its start: the first collection, and the zeros with which its series begin.
    _, answer = ask(server.url, "/api/v1/query", {"query": "traces_spanmetrics_calls_total[5m]"})
    for row in answer["data"]["result"]:
        (_, zero), (at, first), *_ = row["values"]
        assert zero == "0"
        assert float(first) > 0
        assert at < started
    server.stop()


@pytest.mark.slow
def test_a_store_that_starts_again_loses_no_more_than_the_zeros_of_its_series(
    start_store: Callable[..., Store], receiver: Prometheus
) -> None:
    store = sending_store(start_store, receiver.url)
    send_calls(store, 1, 5)
    poll(lambda: calls(receiver.url) == 10)
    assert store.stop() == 0
    store.start()
    send_calls(store, 101, 10)
    # It counts from the beginning, in the same series; the zeros lie before what Prometheus has of them already.
    poll(lambda: calls(receiver.url) == 20)
    poll(lambda: own_metric(store, "prometheus", "prometheus_remote_storage_samples_pending") == 0)
    lost = own_metric(store, "prometheus", "prometheus_remote_storage_samples_failed_total")
    assert lost < own_metric(store, "prometheus", "tempo_metrics_generator_registry_active_series")
