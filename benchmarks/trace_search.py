"""What taking and searching traces costs: ingest per core, searches, tag values and traces by id, as the data grows.

    .venv/bin/python -m benchmarks.trace_search [--traces 1000 10000 100000] [--rounds 3]

Every trace has ten spans with eight attributes. Each size gets a store of its own, filled over HTTP in batches of a
hundred spans; CPU is the whole store process's, memory its highest.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import orjson

from benchmarks.store import RunningStore, running_store, seconds_of

SPANS_PER_TRACE = 10
TRACES_PER_BATCH = 10
#: The traces start evenly over this much of the past.
COVERED_SECONDS = 3000

SERVICES = ("frontend", "backend", "database")


def bodies(traces: int, begin: float) -> Iterator[tuple[bytes, str]]:
    """OTLP/JSON bodies, each with the id of one of its traces."""
    dice = random.Random(traces)
    for first in range(0, traces, TRACES_PER_BATCH):
        spans: dict[str, list[dict[str, Any]]] = {service: [] for service in SERVICES}
        for number in range(first, min(first + TRACES_PER_BATCH, traces)):
            trace_id = f"{dice.getrandbits(128):032x}"
            start = int((begin + number * COVERED_SECONDS / traces) * 1e9)
            ids = [f"{dice.getrandbits(64):016x}" for _ in range(SPANS_PER_TRACE)]
            for place, span_id in enumerate(ids):
                # The first calls the next three, they the others.
                parent = "" if place == 0 else ids[(place - 1) // 3]
                spans[SERVICES[min((place + 2) // 3, 2)]].append(_span(dice, trace_id, span_id, parent, start, place))
        groups = [
            {
                "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": service}}]},
                "scopeSpans": [{"scope": {"name": "benchmark"}, "spans": listed}],
            }
            for service, listed in spans.items()
        ]
        yield orjson.dumps({"resourceSpans": groups}), trace_id


def _span(dice: random.Random, trace_id: str, span_id: str, parent: str, start: int, place: int) -> dict[str, Any]:
    status = 500 if dice.random() < 0.02 else dice.choice((200, 200, 201, 404))
    return {
        "traceId": trace_id,
        "spanId": span_id,
        "parentSpanId": parent,
        "name": f"operation {place}",
        "kind": 1 + place % 3,
        "startTimeUnixNano": str(start + place * 1_000_000),
        "endTimeUnixNano": str(start + place * 1_000_000 + dice.randrange(10_000, 500_000_000)),
        "status": {"code": 2} if status == 500 else {},
        "attributes": [
            {"key": "http.request.method", "value": {"stringValue": dice.choice(("GET", "POST"))}},
            {"key": "http.route", "value": {"stringValue": f"/items/{dice.randrange(20)}"}},
            {"key": "http.response.status_code", "value": {"intValue": status}},
            {"key": "url.full", "value": {"stringValue": f"http://shop/items/{dice.randrange(100_000)}"}},
            {"key": "user.id", "value": {"intValue": dice.randrange(5_000)}},
            {"key": "db.rows", "value": {"intValue": dice.randrange(100)}},
            {"key": "cache.hit", "value": {"boolValue": dice.random() < 0.5}},
            {"key": "load", "value": {"doubleValue": round(dice.random(), 2)}},
        ],
    }


def fill(store: RunningStore, traces: int, begin: float) -> tuple[list[str], float]:
    """Sends the traces; returns some of their ids and the store's CPU seconds per span, packing included."""
    before = store.cpu_seconds()
    ids = []
    for body, trace_id in bodies(traces, begin):
        store.post("otlp", "/v1/traces", body, {"Content-Type": "application/json"})
        ids.append(trace_id)
    # What is still being packed belongs to the cost.
    used = store.cpu_seconds()
    while True:
        time.sleep(3)
        now = store.cpu_seconds()
        if now - used < 0.1:
            break
        used = now
    return ids, (used - before) / (traces * SPANS_PER_TRACE)


def requests(begin: float, trace_ids: list[str]) -> dict[str, tuple[str, dict[str, Any]]]:
    """What is asked, by what it shows."""
    around = {"start": int(begin) - 60, "end": int(begin) + COVERED_SECONDS + 60}

    def search(query: str) -> tuple[str, dict[str, Any]]:
        return "/api/search", {**around, "q": query, "limit": 20}

    def metrics(query: str) -> tuple[str, dict[str, Any]]:
        return "/api/metrics/query_range", {**around, "q": query, "step": "60s"}

    return {
        "search: no match": search('{ span.http.route = "/nothing" }'),
        "search: rare (one user, status 500)": search("{ span.user.id = 77 && span.http.response.status_code = 500 }"),
        "search: common, newest 20": search('{ resource.service.name = "backend" }'),
        "search: regular expression": search('{ span.url.full =~ ".*/items/777.*" && status = error }'),
        "search: structure": search('{ resource.service.name = "frontend" && status = error } >> { status = error }'),
        "search: pipeline": search("{ status = error } | count() > 3"),
        "metrics: rate by service": metrics("{ } | rate() by (resource.service.name)"),
        "metrics: p99 of errors": metrics("{ status = error } | quantile_over_time(duration, .99)"),
        "tags": ("/api/v2/search/tags", around),
        "tag values": ("/api/v2/search/tag/span.http.route/values", around),
        "tag values, narrowed": (
            "/api/v2/search/tag/span.http.route/values",
            {**around, "q": '{ resource.service.name = "backend" && status = error }'},
        ),
        "trace by id": (f"/api/v2/traces/{trace_ids[len(trace_ids) // 2]}", {}),
    }


def measure(traces: int, rounds: int) -> dict[str, str]:
    """One column of the table."""
    begin = time.time() - COVERED_SECONDS - 60
    with running_store() as store:
        ids, seconds_per_span = fill(store, traces, begin)
        column = {
            "ingest and packing, µs of CPU a span": f"{seconds_per_span * 1e6:.1f}",
            "peak memory of ingest, MB": f"{store.peak_megabytes():.0f}",
        }
        for name, (path, parameters) in requests(begin, ids).items():
            ask = partial(store.get, "tempo", path, **parameters)
            taken = [seconds_of(ask) for _ in range(rounds)]
            column[name] = f"{taken[0] * 1000:.0f} / {statistics.median(taken[1:] or taken) * 1000:.0f} ms"
        column["peak memory, MB"] = f"{store.peak_megabytes():.0f}"
        column["memory at the end, MB"] = f"{store.memory_megabytes():.0f}"
    return column


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--traces", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    columns = {traces: measure(traces, options.rounds) for traces in options.traces}
    print("first time / again, over HTTP")
    print(f"{'':40}" + "".join(f"{f'{traces:,} traces':>20}" for traces in columns))
    for name in next(iter(columns.values())):
        print(f"{name:40}" + "".join(f"{column[name]:>20}" for column in columns.values()))


if __name__ == "__main__":
    main()
