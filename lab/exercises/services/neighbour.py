"""A service that a learner's service calls: played here, and it remembers every call."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

from lab.exercises.services.observed import Call


class NeighbourServer:
    """Answers every request with 200 on a free port of this machine until the block ends."""

    def __init__(self) -> None:
        self._calls: list[Call] = []
        calls = self._calls

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                _, trace_id, parent_span_id, *_ = [*self.headers.get("traceparent", "").split("-"), "", "", ""]
                calls.append(Call(self.path, trace_id, parent_span_id))
                self.rfile.read(int(self.headers.get("content-length") or 0))
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            do_POST = do_GET

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def calls(self) -> tuple[Call, ...]:
        return tuple(self._calls)

    def __enter__(self) -> Self:
        # How often it looks whether it is to end: an end should not take half a second.
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
