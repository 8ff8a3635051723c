"""A recording of one telemetry store, replayed into another, is the same there, at another time."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lab.incidents import remote_write
from lab.incidents.recording import RecordingError, read_recording, record
from lab.incidents.replaying import SETTLED_SECONDS, replay
from lab.telemetry_client import TelemetryClient
from tests.integration.telemetry_store.conftest import Store

#: Two hours ago: nothing of it is in the time to which it is moved.
START = float(int(time.time()) - 7_200)
TRACE_ID = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def start_store(tmp_path: Path) -> Iterator[Callable[[str], Store]]:
    running: list[Store] = []

    def start(name: str) -> Store:
        targets = tmp_path / f"{name}-targets.json"
        targets.write_text("[]")
        store = Store(tmp_path / name, targets, ("--retention-hours", "0", "--retention-megabytes", "0"))
        store.start()
        running.append(store)
        return store

    yield start
    for store in running:
        store.stop()


def fill(store: Store) -> None:
    counter = {"__name__": "frontend_requests_total", "service": "frontend", "instance": "127.0.0.1:8001"}
    samples = [(int((START + at) * 1000), float(at)) for at in range(0, 60, 5)]
    body = remote_write.in_snappy(remote_write.encode([(counter, samples)]))
    assert store.post("prometheus", "/api/v1/write", body, "application/x-protobuf").status == 204
    values = [
        [
            str(int((START + at) * 1e9)),
            json.dumps({"timestamp": "2026-01-01T00:00:00.000000Z", "message": f"line {at}"}),
        ]
        for at in range(60)
    ]
    push = {"streams": [{"stream": {"service": "frontend", "level": "info"}, "values": values}]}
    assert store.post("loki", "/loki/api/v1/push", push).status == 204
    span = {
        "traceId": TRACE_ID,
        "spanId": "0123456789abcdef",
        "name": "frontend_get_user",
        "kind": 2,
        "startTimeUnixNano": str(int((START + 30) * 1e9)),
        "endTimeUnixNano": str(int((START + 31) * 1e9)),
    }
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "frontend"}}]}
    spans = {"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": [span]}]}]}
    assert store.post("otlp", "/v1/traces", spans).status == 200


def client_of(store: Store) -> TelemetryClient:
    return TelemetryClient(store.urls["prometheus"], store.urls["loki"], store.urls["tempo"])


def test_a_recording_is_the_same_in_another_store(start_store: Callable[[str], Store], tmp_path: Path) -> None:
    first, second = start_store("first"), start_store("second")
    fill(first)
    with client_of(first) as client:
        record(client, tmp_path / "kept", START, START + 60, {"faults": []})
    recording = read_recording(tmp_path / "kept")
    assert recording.truth == {"faults": []}

    backends = {**second.urls, "otlp_http": second.urls["otlp"]}
    now = time.time()
    done = replay(recording, backends, now)

    shift = done.start - START
    assert done.end == pytest.approx(now - SETTLED_SECONDS)
    assert (done.lines, done.traces) == (60, 1)
    with client_of(second) as client:
        [series] = client.query_range("frontend_requests_total", done.start + 5.1, done.start + 55.1, 5)
        assert series.labels["instance"] == "recording"
        assert [value for _, value in series.points] == [float(at) for at in range(5, 60, 5)]
        # A time of today as one float is exact to a quarter of a microsecond: the first line may be that much earlier.
        lines = client.logs('{service="frontend"}', int(done.start * 1e9) - 1000, int(done.end * 1e9))
        assert [line.fields["message"] for line in lines] == [f"line {at}" for at in range(60)]
        assert lines[0].fields["timestamp"] != "2026-01-01T00:00:00.000000Z"
        [span] = client.trace(TRACE_ID)
        assert span.start_time_unix_nano == pytest.approx((START + 30 + shift) * 1e9, abs=1000)


def test_a_recording_does_not_go_where_something_is(start_store: Callable[[str], Store], tmp_path: Path) -> None:
    with client_of(start_store("only")) as client, pytest.raises(RecordingError, match="exists already"):
        record(client, tmp_path, START, START + 60, {})


def test_a_recording_that_is_not_whole_is_refused_before_anything_is_loaded_and_a_second_one_too(
    start_store: Callable[[str], Store], tmp_path: Path
) -> None:
    store = start_store("only")
    fill(store)
    kept = tmp_path / "kept"
    with client_of(store) as client:
        record(client, kept, START, START + 60, {})
    recording = read_recording(kept)
    backends = {**store.urls, "otlp_http": store.urls["otlp"]}

    for name, wrong, problem in (
        ("traces.jsonl", '{"half', r"traces\.jsonl cannot be read"),
        ("metrics.jsonl", '{"labels": 3}', "has something else in it than `record` writes"),
    ):
        whole = (kept / name).read_text("utf-8")
        (kept / name).write_text(wrong + "\n", "utf-8")
        with pytest.raises(RecordingError, match=problem):
            replay(recording, backends)
        (kept / name).write_text(whole, "utf-8")
    with client_of(store) as client:
        assert client.logs('{service="frontend"}', int((time.time() - 600) * 1e9), int(time.time() * 1e9)) == []

    replay(recording, backends)
    with pytest.raises(RecordingError, match="Load this one into a new lab: python3 lab down, then"):
        replay(recording, backends)
