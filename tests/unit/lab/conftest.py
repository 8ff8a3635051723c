"""A server that answers whatever a test wants it to."""

import http.server
import threading
from collections.abc import Callable, Iterator

import pytest


@pytest.fixture
def json_server() -> Iterator[Callable[[bytes, int], str]]:
    """json_server(body, status): the address of a server that answers each GET with that."""
    servers: list[tuple[http.server.ThreadingHTTPServer, threading.Thread]] = []

    def start(body: bytes, status: int = 200) -> str:
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                return

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.02))
        thread.start()
        servers.append((server, thread))
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server, thread in servers:
        server.shutdown()
        server.server_close()
        thread.join(5)
