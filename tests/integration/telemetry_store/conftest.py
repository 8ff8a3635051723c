"""A telemetry store as a process of its own, on free ports, with a small client."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import urllib3

REPOSITORY = Path(__file__).resolve().parents[3]

#: Longest wait for anything in these tests.
PATIENCE_SECONDS = 20.0


@dataclass
class Answer:
    """An HTTP answer with its body read."""

    status: int
    headers: urllib3.HTTPHeaderDict
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()


@dataclass
class Store:
    """A running store: `get` and `post` take the API's name (prometheus, loki, tempo, otlp) and a path."""

    data_directory: Path
    targets_file: Path
    arguments: tuple[str, ...]
    module: str = "telemetry_store"
    process: subprocess.Popen[str] = field(init=False)
    urls: dict[str, str] = field(init=False)
    _http: urllib3.PoolManager = field(default_factory=lambda: urllib3.PoolManager(retries=False, timeout=30))

    def start(self) -> None:
        """Starts the process and waits until it says where it listens."""
        self.process = subprocess.Popen(
            [
                sys.executable, "-m", self.module, "--prometheus-port", "0", "--loki-port", "0",
                "--tempo-port", "0", "--otlp-port", "0", "--data-dir", str(self.data_directory),
                "--targets-file", str(self.targets_file), "--scrape-interval", "0.2", *self.arguments,
            ],
            cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line.startswith("telemetry_store ready: "), line
        self.urls = dict(part.split("=", 1) for part in line.split()[2:])

    def get(self, api: str, path: str, headers: dict[str, str] | None = None, **parameters: Any) -> Answer:
        """Sends a GET."""
        query = "?" + urlencode(parameters, doseq=True) if parameters else ""
        return self.request("GET", api, path + query, headers=headers)

    def post(self, api: str, path: str, body: bytes | object, kind: str = "application/json", **headers: str) -> Answer:
        """Sends a POST; anything but bytes goes as JSON. Headers are spelled with underscores."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.request("POST", api, path, content, {"Content-Type": kind, **names})

    def request(
        self, method: str, api: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> Answer:
        """Sends any request."""
        response = self._http.request(method, self.urls[api] + path, body=body, headers=headers or {})
        return Answer(response.status, response.headers, response.data)

    def kill(self) -> None:
        """Ends the process without a word."""
        self.process.kill()
        self._reap()

    def stop(self) -> int:
        """Asks the process to end; returns its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self._reap()

    def _reap(self) -> int:
        code = self.process.wait(PATIENCE_SECONDS)
        assert self.process.stdout is not None
        self.process.stdout.close()
        self._http.clear()
        return code

    def vector(self, query: str) -> dict[str, float]:
        """A PromQL instant query: values by their labels as text."""
        answer = self.get("prometheus", "/api/v1/query", query=query)
        assert answer.status == 200, answer.text
        return {
            json.dumps(row["metric"], sort_keys=True): float(row["value"][1]) for row in answer.json["data"]["result"]
        }

    def lines(self, query: str, **parameters: Any) -> list[str]:
        """The lines of a LogQL query, newest first."""
        answer = self.get("loki", "/loki/api/v1/query_range", query=query, **parameters)
        assert answer.status == 200, answer.text
        values = [value for stream in answer.json["data"]["result"] for value in stream["values"]]
        return [line for _, line in sorted(values, reverse=True)]


@pytest.fixture
def start_store(tmp_path: Path) -> Iterator[Callable[..., Store]]:
    """Starts stores that end with the test; data lasts for ever unless arguments say otherwise. Further arguments by
    name are those of `Store`."""
    running: list[Store] = []

    def start(*arguments: str, name: str = "store", **more: Any) -> Store:
        targets = tmp_path / f"{name}-targets.json"
        if not targets.exists():
            targets.write_text("[]")
        lasting = ("--retention-hours", "0", "--retention-megabytes", "0")
        store = Store(tmp_path / name, targets, (*lasting, *arguments), **more)
        store.start()
        running.append(store)
        return store

    yield start
    for store in running:
        if store.process.poll() is None:
            store.stop()


@pytest.fixture(scope="module")
def store_of(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Store]]:
    """Starts a store with these arguments for all tests of a file; who asks for it ends it."""
    running: list[Store] = []

    def start(*arguments: str) -> Store:
        directory = tmp_path_factory.mktemp("store")
        targets = directory / "targets.json"
        targets.write_text("[]")
        lasting = ("--retention-hours", "0", "--retention-megabytes", "0")
        store = Store(directory / "data", targets, (*lasting, *arguments))
        store.start()
        running.append(store)
        return store

    yield start
    for store in running:
        if store.process.poll() is None:
            store.stop()


@pytest.fixture(scope="module")
def store(store_of: Callable[..., Store]) -> Iterator[Store]:
    """One store for all tests of a file."""
    store = store_of()
    yield store
    assert store.stop() == 0


def poll(condition: Callable[[], Any], seconds: float = PATIENCE_SECONDS) -> Any:
    """The condition's value as soon as it is true; fails when it is not in time."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"not within {seconds} s, last: {value!r}"
        time.sleep(0.02)


@pytest.fixture(name="poll")
def poll_fixture() -> Callable[..., Any]:
    """`poll(condition, seconds)`: asks until the condition is true."""
    return poll


def span(number: int, trace: int = 1, **more: Any) -> dict[str, Any]:
    """An OTLP/JSON span with ids that count up."""
    now = time.time_ns()
    return {
        "traceId": f"{trace:032x}", "spanId": f"{number:016x}", "name": f"span {number}", "kind": 2,
        "startTimeUnixNano": str(now), "endTimeUnixNano": str(now + 5_000_000), **more,
    }  # fmt: skip


def request_of(*spans: dict[str, Any], service: str = "frontend") -> dict[str, Any]:
    """An OTLP/JSON request of spans of one service."""
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": service}}]}
    return {
        "resourceSpans": [{"resource": resource, "scopeSpans": [{"scope": {"name": "test"}, "spans": list(spans)}]}]
    }


def push_of(*lines: str, **labels: str) -> dict[str, Any]:
    """A Loki push of lines of this moment."""
    now = time.time_ns()
    return {"streams": [{"stream": labels, "values": [[str(now + i), line] for i, line in enumerate(lines)]}]}


@pytest.fixture
def otlp() -> tuple[Callable[..., dict[str, Any]], Callable[..., dict[str, Any]]]:
    """(span, request_of): makers of OTLP/JSON."""
    return span, request_of


@pytest.fixture(name="push_of")
def push_fixture() -> Callable[..., dict[str, Any]]:
    """Maker of Loki pushes."""
    return push_of
