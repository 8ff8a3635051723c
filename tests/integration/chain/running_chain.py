"""The three real services on free ports, and a receiver for the telemetry they send."""

from __future__ import annotations

import gzip
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypeVar

import requests

ROOT = Path(__file__).parents[3]
TIERS = ("database", "backend", "frontend")

Result = TypeVar("Result")


def until(condition: Callable[[], Result], seconds: float = 40) -> Result:
    """The condition's first true result; fails when there is none in time."""
    deadline = time.monotonic() + seconds
    while not (result := condition()):
        assert time.monotonic() < deadline, f"did not happen within {seconds} s"
        time.sleep(0.02)
    return result


@dataclass(frozen=True)
class Span:
    """The parts of an exported span that the tests look at."""

    service: str
    name: str
    kind: int
    trace_id: str
    span_id: str
    parent_span_id: str
    attributes: dict[str, Any]
    status: int
    events: tuple[str, ...]


class Receiver:
    """Takes OTLP/JSON spans and Loki pushes over HTTP, and keeps them."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.lines: list[dict[str, Any]] = []
        self.streams: list[dict[str, str]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                if self.path == "/v1/traces":
                    receiver.spans.extend(_spans_of(json.loads(body)))
                else:
                    receiver._take_streams(json.loads(body)["streams"])
                self.send_response(200 if self.path == "/v1/traces" else 204)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def _take_streams(self, streams: list[dict[str, Any]]) -> None:
        for stream in streams:
            self.streams.append(stream["stream"])
            self.lines.extend(json.loads(value[1]) for value in stream["values"])

    def trace(self, trace_id: str, spans: int) -> list[Span]:
        """The trace, once it has this many spans."""
        return until(lambda: found if len(found := self._trace(trace_id)) >= spans else [])

    def _trace(self, trace_id: str) -> list[Span]:
        return [span for span in self.spans if span.trace_id == trace_id]

    def lines_of(self, trace_id: str, lines: int) -> list[dict[str, Any]]:
        """The trace's log lines, once there are this many, in order of time."""
        found = until(
            lambda: (
                found
                if len(found := [line for line in self.lines if line.get("trace_id") == trace_id]) >= lines
                else []
            )
        )
        return sorted(found, key=lambda line: line["timestamp"])

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def _spans_of(request: dict[str, Any]) -> Iterator[Span]:
    for resource_spans in request["resourceSpans"]:
        resource = _attributes(resource_spans["resource"])
        for scope_spans in resource_spans["scopeSpans"]:
            for span in scope_spans["spans"]:
                yield Span(
                    service=resource["service.name"],
                    name=span["name"],
                    kind=span["kind"],
                    trace_id=span["traceId"],
                    span_id=span["spanId"],
                    parent_span_id=span.get("parentSpanId", ""),
                    attributes=_attributes(span),
                    status=span.get("status", {}).get("code", 0),
                    events=tuple(event["name"] for event in span.get("events", ())),
                )


def _attributes(holder: dict[str, Any]) -> dict[str, Any]:
    return {pair["key"]: next(iter(pair["value"].values()), None) for pair in holder.get("attributes", ())}


@dataclass
class Chain:
    """The running services. `urls` and `ports` by tier."""

    receiver: Receiver
    settings: dict[str, str]
    ports: dict[str, int]
    log: Any
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def url(self, tier: str, path: str = "") -> str:
        return f"http://127.0.0.1:{self.ports[tier]}{path}"

    def get(self, path: str, tier: str = "frontend", **headers: str) -> requests.Response:
        return requests.get(
            self.url(tier, path), headers={k.replace("_", "-"): v for k, v in headers.items()}, timeout=15
        )

    def metrics(self, tier: str) -> str:
        accept = "application/openmetrics-text; version=1.0.0"
        return requests.get(self.url(tier, "/metrics"), headers={"Accept": accept}, timeout=10).text

    def start(self, tier: str, **settings: str) -> None:
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "SERVICE_"))},
            "OTEL_EXPORTER_OTLP_ENDPOINT": self.receiver.url,
            "LOKI_URL": self.receiver.url,
            "LOG_CONSOLE": "false",
            "SERVICE_PORT": str(self.ports[tier]),
            "BACKEND_SERVICE_URL": self.url("backend"),
            "DATABASE_SERVICE_URL": self.url("database"),
            **self.settings,
            **settings,
        }
        self.processes[tier] = subprocess.Popen(
            [sys.executable, "-m", f"{tier}_service"], cwd=ROOT, env=environment, stdout=self.log, stderr=self.log
        )

    def wait_until_ready(self, tier: str) -> None:
        def ready() -> bool:
            assert self.processes[tier].poll() is None, f"{tier} has ended"
            try:
                return requests.get(self.url(tier, "/ready"), timeout=5).ok
            except requests.ConnectionError:
                return False

        until(ready)

    def stop(self, tier: str, how: signal.Signals = signal.SIGTERM) -> None:
        process = self.processes.pop(tier)
        process.send_signal(how)
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise
        # Its worker process notices within a moment when the parent was killed.
        until(lambda: not self._listens(tier))

    def _listens(self, tier: str) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.ports[tier])) == 0


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for free in sockets:
            free.bind(("127.0.0.1", 0))
        return [free.getsockname()[1] for free in sockets]
    finally:
        for free in sockets:
            free.close()


@contextmanager
def run_chain(log_path: Path, **settings: str) -> Iterator[Chain]:
    receiver = Receiver()
    with log_path.open("wb") as log:
        chain = Chain(receiver, settings, dict(zip(TIERS, free_ports(3), strict=True)), log)
        try:
            for tier in TIERS:
                chain.start(tier)
            for tier in TIERS:
                chain.wait_until_ready(tier)
            yield chain
        finally:
            for tier in list(chain.processes):
                chain.stop(tier)
            receiver.close()
    # What a service writes there is a warning or a traceback that nobody caught.
    assert log_path.read_text().splitlines() == []
