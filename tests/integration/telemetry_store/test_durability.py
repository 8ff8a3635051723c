"""What survives: an orderly end, a kill in the middle of ingest, and a disk that refuses writes."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
import urllib3


def test_an_orderly_end_keeps_everything(start_store: Callable[..., Any], push_of: Any, otlp: Any, poll: Any) -> None:
    span, request_of = otlp
    store = start_store()
    address = store.urls["prometheus"].removeprefix("http://")
    store.targets_file.write_text(json.dumps([{"targets": [address]}]))
    poll(lambda: store.vector("up"))
    instant = time.time()
    samples = store.get("prometheus", "/api/v1/query", query="up[1m]", time=instant).json
    assert store.post("loki", "/loki/api/v1/push", push_of("kept", service="a")).status == 204
    assert store.post("otlp", "/v1/traces", request_of(span(1, trace=7))).status == 200
    assert store.stop() == 0
    store.targets_file.write_text("[]")
    store.start()
    assert store.lines('{service="a"}') == ["kept"]
    assert store.get("tempo", f"/api/traces/{7:x}").status == 200
    assert store.get("prometheus", "/api/v1/query", query="up[1m]", time=instant).json == samples


def test_what_was_acknowledged_a_second_before_a_kill_is_there(
    start_store: Callable[..., Any], push_of: Any, otlp: Any
) -> None:
    span, request_of = otlp
    store = start_store()
    for round_ in range(4):
        acknowledged: list[tuple[float, int]] = []
        stop = threading.Event()

        def send(store: Any = store, round_: int = round_, stop: Any = stop, acknowledged: Any = acknowledged) -> None:
            number = round_ * 100_000
            while not stop.is_set():
                number += 1
                try:
                    line = store.post("loki", "/loki/api/v1/push", push_of(f"line {number}", service="a"))
                    trace = store.post("otlp", "/v1/traces", request_of(span(number, trace=number)))
                except urllib3.exceptions.HTTPError:
                    return
                if (line.status, trace.status) == (204, 200):
                    acknowledged.append((time.monotonic(), number))

        sender = threading.Thread(target=send)
        sender.start()
        deadline = time.monotonic() + 1.7
        while time.monotonic() < deadline:
            time.sleep(0.01)
        killed = time.monotonic()
        store.kill()
        stop.set()
        sender.join()
        store.start()
        expected = [number for at, number in acknowledged if at < killed - 1.0]
        assert expected, "nothing was acknowledged in time"
        kept = set(store.lines(f'{{service="a"}} |~ "line {round_}?"', limit=5000))
        assert [n for n in expected if f"line {n}" not in kept] == []
        missing = [
            n
            for n in expected[:: max(len(expected) // 50, 1)]
            if store.get("tempo", f"/api/traces/{n:x}").status != 200
        ]
        assert missing == []


def test_samples_survive_a_kill(start_store: Callable[..., Any], poll: Any) -> None:
    store = start_store()
    address = store.urls["prometheus"].removeprefix("http://")
    store.targets_file.write_text(json.dumps([{"targets": [address]}]))
    poll(lambda: sum(store.vector("scrape_samples_scraped").values()) > 0)
    instant = time.time()
    poll(lambda: time.time() > instant + 1.2)
    before = store.get("prometheus", "/api/v1/query", query="up[1m]", time=instant).json
    store.kill()
    store.targets_file.write_text("[]")
    store.start()
    assert store.get("prometheus", "/api/v1/query", query="up[1m]", time=instant).json == before


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs Linux: a limit on file size is set for the process")
def test_a_disk_that_is_full_refuses_senders_and_leaves_old_data_readable(
    start_store: Callable[..., Any], push_of: Any, poll: Any
) -> None:
    resource = pytest.importorskip("resource")
    store = start_store()
    assert store.post("loki", "/loki/api/v1/push", push_of("old", service="a")).status == 204
    assert store.lines('{service="a"}') == ["old"]
    # Python ignores SIGXFSZ: a write beyond the limit fails as it does on a full disk.
    largest = sum(file.stat().st_size for file in store.data_directory.iterdir())
    resource.prlimit(store.process.pid, resource.RLIMIT_FSIZE, (largest // 2, -1))
    bulk = [f"{number} " + "x" * 2000 for number in range(200)]

    def refused() -> Any:
        answer = store.post("loki", "/loki/api/v1/push", push_of(*bulk, service="b"))
        return answer if answer.status == 503 else None

    answer = poll(refused)
    assert "data is not being taken" in answer.text
    assert answer.headers["Retry-After"] == "1"
    assert store.lines('{service="a"}') == ["old"]
    resource.prlimit(store.process.pid, resource.RLIMIT_FSIZE, (-1, -1))
    poll(lambda: store.post("loki", "/loki/api/v1/push", push_of("new", service="a")).status == 204)
    assert store.lines('{service="a"}') == ["new", "old"]
    # What was acknowledged while the disk was filling up has been written in the end.
    assert store.lines('{service="b"}', limit=5000)


def test_a_batch_that_is_sent_twice_counts_once(start_store: Callable[..., Any], push_of: Any, otlp: Any) -> None:
    span, request_of = otlp
    store = start_store()
    push, request = push_of("once", service="a"), request_of(span(1, trace=9), span(2, trace=9))
    for _ in range(3):
        assert store.post("loki", "/loki/api/v1/push", push).status == 204
        assert store.post("otlp", "/v1/traces", request).status == 200
    assert store.lines('{service="a"}') == ["once"]
    (batch,) = store.get("tempo", f"/api/traces/{9:x}").json["batches"]
    assert [s["name"] for s in batch["scopeSpans"][0]["spans"]] == ["span 1", "span 2"]
