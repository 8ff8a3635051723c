"""The workbench as a process, in front of a real telemetry store or of a server that behaves badly."""

import contextlib
import json
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.browser import running_workbench
from tests.integration.telemetry_store.conftest import Store
from tests.machine import free_port

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
#: When everything that the store holds has happened, in seconds.
THEN = int(time.time()) - 30


def make_store(directory: Path) -> Store:
    """Its ports stay the same when it is started again."""
    ports = {api: free_port() for api in ("prometheus", "loki", "tempo", "otlp")}
    options = [word for api, port in ports.items() for word in (f"--{api}-port", str(port))]
    return Store(directory / "data", directory / "targets.json", (*options, "--generated-metrics-interval", "0"))


def fill(store: Store) -> None:
    nano = THEN * 10**9
    lines = [[str(nano + number), f'{{"message": "line {number} ü <b>", "level": "info"}}'] for number in range(200)]
    pushed = store.post("loki", "/loki/api/v1/push", {"streams": [{"stream": {"service": "shop"}, "values": lines}]})
    assert pushed.status == 204, pushed.text
    spans = [
        {
            "traceId": TRACE,
            "spanId": f"{number:016x}",
            "parentSpanId": "" if number == 1 else f"{1:016x}",
            "name": f"step {number}",
            "kind": 2 if number == 1 else 1,
            "startTimeUnixNano": str(nano + number),
            "endTimeUnixNano": str(nano + number + 10**6),
        }
        for number in range(1, 51)
    ]
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]}
    body = {"resourceSpans": [{"resource": resource, "scopeSpans": [{"scope": {"name": "test"}, "spans": spans}]}]}
    assert store.post("otlp", "/v1/traces", body).status == 200


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    made = make_store(tmp_path_factory.mktemp("store"))
    made.start()
    fill(made)
    yield made
    made.stop()


@pytest.fixture
def own_store(tmp_path: Path) -> Iterator[Store]:
    """One that the test may kill: it ends with the test, however that ends."""
    made = make_store(tmp_path)
    made.start()
    yield made
    if made.process.poll() is None:
        # Stopped or not.
        made.kill()


def environment(store: Store) -> dict[str, str]:
    return {f"WORKBENCH_{api.upper()}_URL": store.urls[api] for api in ("prometheus", "loki", "tempo")}


@pytest.fixture(scope="module")
def origin(store: Store) -> Iterator[str]:
    """Where the workbench is that asks `store`."""
    with running_workbench(environment(store)) as address:
        yield address


#: Gets a connection and what was asked on it, and does with it what it wants; `ended` is set when the test is over.
Behaviour = Callable[[Any, bytes, threading.Event], None]


@dataclass
class BadServer:
    """A server whose answers are up to the test. What it saw is in `asked`; `left` counts connections that the other
    side has closed."""

    behaviour: Behaviour
    asked: list[bytes] = field(default_factory=list)
    left: int = 0
    url: str = ""


@pytest.fixture
def bad_server() -> Iterator[Callable[[Behaviour], BadServer]]:
    """bad_server(behaviour): a server that does that, until the test is over."""
    ended = threading.Event()
    with contextlib.ExitStack() as stack:

        def make(behaviour: Behaviour) -> BadServer:
            told = BadServer(behaviour)

            class Handler(socketserver.BaseRequestHandler):
                def handle(self) -> None:
                    received = b""
                    while piece := self.request.recv(65536):
                        received += piece
                        if b"\r\n\r\n" in received:
                            told.asked.append(received)
                            received = b""
                            with contextlib.suppress(OSError):
                                told.behaviour(self.request, told.asked[-1], ended)
                    told.left += 1

            server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
            server.daemon_threads = True
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
            thread.start()
            stack.callback(thread.join)
            stack.callback(server.shutdown)
            stack.callback(server.server_close)
            told.url = "http://{}:{}".format(*server.server_address)
            return told

        yield make
        ended.set()


def answer(body: object, status: str = "200 OK") -> bytes:
    content = json.dumps(body).encode()
    return (
        f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n".encode()
        + content
    )
