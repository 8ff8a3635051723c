"""Everything that somebody who looks at a lab can see of it: what it emits, and what it answers."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import requests

from lab.faults.catalogue import Fault
from lab.paths import StateDirectory
from lab.telemetry_client import TelemetryClient, TraceNotFound
from tests.e2e.conftest import BootedLab

_MOST_TRACES = 150
_LINES_A_PAGE = 5000

#: Pages and answers of each service, some of them errors.
_PATHS = {
    "frontend": ("/", "/user/123", "/user/999999", "/user/nobody", "/product/5", "/product/17", "/nothing"),
    "backend": ("/api/user/123", "/api/user/999999", "/api/product/5", "/api/product/17", "/nothing"),
    "database": ("/db/user/123", "/db/user/999999", "/db/product/5", "/db/query?table=users&limit=1", "/nothing"),
    "client-gateway": ("/", "/v1/orders", "/nothing"),
    "order-manager": ("/orders/user/1", "/orders/user/nobody"),
    "wallet-service": ("/balance/1", "/balance/nobody"),
    "reporting-service": ("/positions/1", "/positions/nobody"),
    "risk-manager": ("/limits/1", "/nothing"),
    "user-service": ("/me", "/nothing"),
    "matching-engine": ("/book/ACRN", "/book/NOPE", "/check", "/nothing"),
    "market-data-service": ("/instruments", "/quotes/ACRN", "/depth/ACRN", "/candles/ACRN", "/quotes/NOPE"),
    "notification-service": ("/nothing",),
    "workbench": ("/", "/api/lab"),
}
_OF_EVERY_SERVICE = ("/health", "/ready", "/metrics")


def everything_since(lab: BootedLab, began_unix_seconds: float) -> Iterator[tuple[str, str]]:
    """(where it is seen, its text)"""
    assert lab.telemetry is not None
    yield from _lines(lab.telemetry, began_unix_seconds)
    yield from _spans(lab.telemetry, began_unix_seconds)
    yield from _series(lab.telemetry, began_unix_seconds)
    yield from _answers(lab)
    for path in sorted(StateDirectory(lab.state_dir).logs.iterdir()):
        yield f"what {path.name} says", path.read_text(encoding="utf-8", errors="replace")


def _lines(telemetry: TelemetryClient, began: float) -> Iterator[tuple[str, str]]:
    begin = int(began * 1e9)
    while True:
        lines = telemetry.logs('{service=~".+"}', begin, time.time_ns(), limit=_LINES_A_PAGE)
        for line in lines:
            yield "a log line", f"{dict(line.labels)} {line.line}"
        if len(lines) < _LINES_A_PAGE:
            return
        begin = lines[-1].time_unix_nano


def _spans(telemetry: TelemetryClient, began: float) -> Iterator[tuple[str, str]]:
    found = telemetry.search_traces(q="{ }", start=int(began), end=int(time.time()) + 1, limit=_MOST_TRACES)
    failed = telemetry.search_traces(q="{ status = error }", start=int(began), end=int(time.time()) + 1, limit=50)
    for trace_id in {trace["traceID"] for trace in [*found, *failed]}:
        try:
            spans = telemetry.trace(trace_id)
        except TraceNotFound:
            continue
        for span in spans:
            yield "a span", repr(span)


def _series(telemetry: TelemetryClient, began: float) -> Iterator[tuple[str, str]]:
    with requests.Session() as session:
        session.trust_env = False
        answer = session.get(
            f"{telemetry.prometheus_url}/api/v1/series",
            params={"match[]": '{__name__!=""}', "start": began, "end": time.time()},
            timeout=20,
        )
        for labels in answer.json()["data"]:
            yield "a series", json.dumps(labels)
        yield "descriptions of metrics", session.get(f"{telemetry.prometheus_url}/api/v1/metadata", timeout=20).text


def _answers(lab: BootedLab) -> Iterator[tuple[str, str]]:
    here = [process.name for process in lab.state().processes if process.name in _PATHS]
    asked = [(name, path) for name in here for path in _PATHS[name]]
    asked += [(name, path) for name in here if name != "workbench" for path in _OF_EVERY_SERVICE]

    def answer(asked: tuple[str, str]) -> tuple[str, str]:
        name, path = asked
        with requests.Session() as session:
            session.trust_env = False
            try:
                response = session.get(lab.url(name, path), timeout=5)
            except requests.RequestException as error:
                return f"{name} {path}", str(error)
            return f"{name} {path}", f"{dict(response.headers)} {response.text}"

    # Side by side, because under some faults each takes long.
    with ThreadPoolExecutor(4) as threads:
        yield from threads.map(answer, asked)


def telling_words(fault: Fault) -> list[str]:
    """What would give the fault away, whichever way its words are joined."""
    return [fault.name, fault.flag, fault.truth.kind, fault.title]
