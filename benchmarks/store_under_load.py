"""How long queries take while 2,000 spans, 2,000 log lines and 5,000 samples arrive every second, beside the same
queries of the same store at rest.

.venv/bin/python -m benchmarks.store_under_load [--rounds 15]

The load comes from a process of its own, paced; whether it kept its pace is printed too.
"""

from __future__ import annotations

import argparse
import functools
import json
import multiprocessing
import multiprocessing.synchronize
import statistics
import time
from collections.abc import Mapping

import urllib3

from benchmarks.store import RunningStore, running_store, seconds_of, summary
from benchmarks.store_ingest import JSON, PUSH, WRITE, labels_of, line
from tests.integration.telemetry_store import remote_write_body
from tests.integration.telemetry_store.remote_write_body import Series

#: Items of each kind a second, and requests of each kind that they come in.
SPANS, LINES, SAMPLES, REQUESTS = 2000, 2000, 5000, 20

#: Seconds of such data that the store holds before the first question.
FILL_SECONDS = 60

TRACE = 4242


def samples(at: float) -> bytes:
    """One sample of each of some series."""
    count = SAMPLES // REQUESTS
    return remote_write_body.body(Series(labels_of(n), [(int(at * 1000), at % 1000 + n)]) for n in range(count))


def lines(at: float, number: int) -> bytes:
    count, start = LINES // REQUESTS, int(at * 1e9)
    values = [[str(start + n), line(number * count + n)] for n in range(count)]
    return json.dumps({"streams": [{"stream": {"service": "frontend", "level": "info"}, "values": values}]}).encode()


def spans(at: float, number: int) -> bytes:
    """Traces of ten spans of which the first is the parent."""
    count, start = SPANS // REQUESTS, int(at * 1e9)
    made = []
    for n in range(number * count, (number + 1) * count):
        status = 500 if n % 500 == 0 else 200
        made.append(
            {
                "traceId": f"{n // 10 + 1:032x}",
                "spanId": f"{n + 1:016x}",
                "parentSpanId": f"{n - n % 10 + 1:016x}" if n % 10 else "",
                "name": f"operation {n % 10}",
                "kind": 2,
                "startTimeUnixNano": str(start + n % 10 * 1000),
                "endTimeUnixNano": str(start + 5_000_000 + n % 700 * 100_000),
                "status": {"code": 2 if status == 500 else 0},
                "attributes": [{"key": "http.status_code", "value": {"intValue": str(status)}}],
            }
        )
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "frontend"}}]}
    return json.dumps({"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": made}]}]}).encode()


def send_piece(http: urllib3.PoolManager, urls: Mapping[str, str], at: float, number: int) -> None:
    """A twentieth of a second's data, as of that moment. Raises RuntimeError when it is refused."""
    for api, path, body, headers in (
        ("prometheus", WRITE, samples(at), remote_write_body.HEADERS),
        ("loki", PUSH, lines(at, number), JSON),
        ("otlp", "/v1/traces", spans(at, number), JSON),
    ):
        answer = http.request("POST", urls[api] + path, body=body, headers=headers)
        if answer.status not in (200, 204):
            raise RuntimeError(f"{path}: {answer.status} {answer.data[:300]!r}")


def send_paced(urls: Mapping[str, str], first: int, stop: multiprocessing.synchronize.Event, sent: object) -> None:
    """Sends at the given pace until told to stop; what falls behind is caught up."""
    http = urllib3.PoolManager(retries=False, timeout=60)
    started, number = time.time(), 0
    while not stop.is_set():
        due = started + number / REQUESTS
        time.sleep(max(0.0, due - time.time()))
        send_piece(http, urls, due, first + number)
        number += 1
        sent.value = number / (time.time() - started) / REQUESTS  # type: ignore[attr-defined]


def questions() -> list[tuple[str, str, str, dict[str, object]]]:
    """(name, API, path, parameters) over the last minute, or ten where that is usual."""
    now = time.time()
    metrics: dict[str, object] = {"start": now - 60, "end": now, "step": 5}
    logs: dict[str, object] = {"start": int((now - 60) * 1e9), "end": int(now * 1e9), "limit": 100}
    traces: dict[str, object] = {"start": int(now - 60), "end": int(now) + 1, "limit": 20}
    query_range, log_range = "/api/v1/query_range", "/loki/api/v1/query_range"
    by_service = "sum by (service) (rate(requests_1_total[30s]))"
    count = 'sum by (level) (count_over_time({service="frontend"}[5s]))'
    search = '{service="frontend"} |= "completed" | json | duration_ms > 400'
    return [
        ("PromQL: one instant", "prometheus", "/api/v1/query", {"query": "sum(requests_1_total)"}),
        ("PromQL: rates by service", "prometheus", query_range, {**metrics, "query": by_service}),
        ("PromQL: values of a label", "prometheus", "/api/v1/label/service/values", {}),
        ("LogQL: newest lines", "loki", log_range, {**logs, "query": '{service="frontend"}'}),
        ("LogQL: search in lines", "loki", log_range, {**logs, "query": search}),
        ("LogQL: lines by level", "loki", log_range, {**logs, "query": count, "step": 5}),
        ("Trace by id", "tempo", f"/api/v2/traces/{TRACE:032x}", {}),
        ("TraceQL: slow ones", "tempo", "/api/search", {**traces, "q": "{ duration > 70ms }"}),
        ("TraceQL: errors", "tempo", "/api/search", {**traces, "q": "{ span.http.status_code = 500 }"}),
        ("TraceQL: rate", "tempo", "/api/metrics/query_range", {**traces, "q": "{} | rate()", "step": "5s"}),
    ]


def latencies(store: RunningStore, rounds: int) -> dict[str, list[float]]:
    """Seconds of every answer, by the question's name."""
    found: dict[str, list[float]] = {}
    for _ in range(rounds):
        for name, api, path, parameters in questions():
            ask = functools.partial(store.get, api, path, **parameters)
            found.setdefault(name, []).append(seconds_of(ask))
            time.sleep(0.02)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    with running_store() as store:
        http = urllib3.PoolManager(retries=False, timeout=60)
        now = time.time()
        for number in range(FILL_SECONDS * REQUESTS):
            send_piece(http, store.urls, now - FILL_SECONDS + number / REQUESTS, number)
        store.settle()
        latencies(store, 1)
        idle = latencies(store, options.rounds)
        context = multiprocessing.get_context("spawn")
        stop, pace = context.Event(), context.Value("d", 0.0)
        first = FILL_SECONDS * REQUESTS
        sender = context.Process(target=send_paced, args=(dict(store.urls), first, stop, pace))
        sender.start()
        while not pace.value:
            time.sleep(0.05)
        before, started = store.cpu_seconds(), time.monotonic()
        loaded = latencies(store, options.rounds)
        used = (store.cpu_seconds() - before) / (time.monotonic() - started)
        stop.set()
        sender.join()
        print(f"{'':28} {'at rest':>26}   {'under load':>26}   (milliseconds)")
        print(f"{'':28} {'median':>8} {'p95':>8} {'max':>8}   {'median':>8} {'p95':>8} {'max':>8}    ratio of medians")
        for name, quiet in idle.items():
            ratio = statistics.median(loaded[name]) / statistics.median(quiet)
            print(f"{name:28} {summary(quiet)}   {summary(loaded[name])} {ratio:8.1f}")
        print(f"pace of the load: {pace.value:.0%} of {SPANS} spans, {LINES} lines and {SAMPLES} samples a second")
        print(f"CPU of the store with load and questions: {used:.0%} of a core, {store.memory_megabytes():.0f} MB")


if __name__ == "__main__":
    main()
