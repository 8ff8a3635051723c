"""The operational endpoints of an ASGI app: asked over real HTTP messages, without a server."""

import asyncio
import threading
from collections.abc import MutableMapping
from typing import Any

import orjson
import pytest

from observability.asgi import AsgiOperations, Receive, Send

from .conftest import Visible


async def _app(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b"the app's own"})


def _ask(app: AsgiOperations, path: str, method: str = "GET") -> tuple[int, dict[bytes, bytes], bytes]:
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": b""}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    scope = {"type": "http", "path": path, "method": method, "headers": [(b"accept", b"*/*")]}
    # A thread of its own: this one may have a running event loop, the browser's.
    thread = threading.Thread(target=lambda: asyncio.run(app(scope, receive, send)))
    thread.start()
    thread.join()
    start, body = sent
    return start["status"], dict(start["headers"]), body["body"]


@pytest.fixture
def app(visible: Visible) -> AsgiOperations:
    return AsgiOperations(_app, visible.telemetry)


def test_whatever_is_not_operational_is_the_apps(app: AsgiOperations) -> None:
    assert _ask(app, "/stream") == (204, {}, b"the app's own")


def test_health_says_that_the_service_is_alive(app: AsgiOperations) -> None:
    status, headers, body = _ask(app, "/health")
    assert (status, headers[b"content-type"]) == (200, b"application/json")
    assert orjson.loads(body) == {"status": "ok", "service": "frontend"}
    assert _ask(app, "/health", "HEAD")[2] == b""


def test_readiness_is_the_state_of_each_dependency(visible: Visible) -> None:
    def refuse() -> None:
        raise RuntimeError("nobody there")

    status, _, body = _ask(AsgiOperations(_app, visible.telemetry, {"redis": refuse, "postgresql": dict}), "/ready")
    assert status == 503
    assert orjson.loads(body)["dependencies"] == {
        "redis": {"status": "down", "reason": "nobody there"},
        "postgresql": {"status": "up"},
    }


def test_metrics_are_those_of_the_registry(app: AsgiOperations) -> None:
    status, headers, body = _ask(app, "/metrics")
    assert (status, headers[b"content-type"].split(b";")[0]) == (200, b"text/plain")
    assert b"process_cpu_seconds_total" in body


def test_other_methods_are_refused(app: AsgiOperations) -> None:
    status, headers, _ = _ask(app, "/metrics", "POST")
    assert (status, headers[b"allow"]) == (405, b"GET, HEAD")
