"""What these tests share: a telemetry object whose spans and lines can be looked at, and a real HTTP server to send
to."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor

from observability.light_spans import LightTracerProvider
from observability.logs import LineLogger, LogLine
from observability.metrics import build_registry
from observability.resource import build_resource
from observability.telemetry import Telemetry


class CollectedSpans(SpanProcessor):
    """Keeps every ended span."""

    def __init__(self) -> None:
        self.spans: list[ReadableSpan] = []

    def on_end(self, span: ReadableSpan) -> None:
        self.spans.append(span)


@dataclass
class Visible:
    """A telemetry object and what came out of it."""

    telemetry: Telemetry
    collected: CollectedSpans
    lines: list[LogLine]

    @property
    def spans(self) -> dict[str, ReadableSpan]:
        return {span.name: span for span in self.collected.spans}


@pytest.fixture
def visible() -> Visible:
    resource = build_resource("frontend", "chain", "1.0.0")
    provider = LightTracerProvider(resource=resource, shutdown_on_exit=False)
    collected = CollectedSpans()
    provider.add_span_processor(collected)
    lines: list[LogLine] = []
    telemetry = Telemetry(
        "frontend",
        enabled=True,
        logger=LineLogger("frontend", "INFO", [lines.append]),
        registry=build_registry(),
        tracer_provider=provider,
    )
    return Visible(telemetry, collected, lines)


@dataclass
class Backend:
    """A real HTTP server that remembers what it was sent and answers as it is told."""

    url: str = ""
    requests: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)
    #: (status, body) from (method, path); may be replaced while the server runs.
    answer: Callable[[str, str], tuple[int, bytes]] = lambda method, path: (200, b"{}")


@pytest.fixture
def backend() -> Iterator[Backend]:
    state = Backend()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            state.requests.append((self.command, self.path, dict(self.headers), body))
            status, answer = state.answer(self.command, self.path)
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        do_GET = do_POST = handle_any

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield state
    server.shutdown()
    server.server_close()
    thread.join()
