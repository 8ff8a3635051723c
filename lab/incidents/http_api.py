"""The incident over HTTP, for programs: a handful of routes, JSON in and out, on this machine only.

    GET  /task      what is asked, since when, and where the telemetry is
    GET  /labels    what there is to choose from; the same in every incident
    POST /answer    {"fault": true, "since": 1700000000.0, "causes": [{"service": …}]}
    POST /act       {"action": "restart", "target": "backend"}

An error is a status of 4xx or 5xx with {"error": "…"}.
"""

from __future__ import annotations

import json
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from lab.faults.flag_file import FlagFileError
from lab.incidents.acting import ActionFailed, ActionRefused
from lab.incidents.answers import AnswerError
from lab.incidents.conduct import TooManyActions
from lab.incidents.game import AnsweredAlready, Game

_MOST_BYTES = 65_536


@contextmanager
def served(game: Game, host: str = "127.0.0.1") -> Iterator[str]:
    """The address at which the game can be played inside the `with` block."""
    server = _Server((host, 0), _handler(game))
    thread = threading.Thread(target=server.serve_forever, args=(0.1,), name="incident-api", daemon=True)
    thread.start()
    try:
        yield f"http://{host}:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        # Who asks and does not wait for the answer is nothing to write about.
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def _handler(game: Game) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Who sends half of a request does not keep a thread for ever.
        timeout = 30

        def do_GET(self) -> None:
            match self.path:
                case "/task":
                    self._send(200, game.as_json())
                case "/labels":
                    self._send(200, game.labels.as_json())
                case _:
                    self._send(404, {"error": "there are GET /task, GET /labels, POST /answer and POST /act"})

        def do_POST(self) -> None:
            content = self._content()
            if content is _REFUSED:
                return
            try:
                match self.path:
                    case "/answer":
                        self._send(200, game.say(content))
                    case "/act":
                        self._send(200, game.act(content))
                    case _:
                        self._send(404, {"error": "there are POST /answer and POST /act"})
            except (AnswerError, ActionRefused) as error:
                self._send(400, {"error": str(error)})
            except (AnsweredAlready, TooManyActions) as error:
                self._send(409, {"error": str(error)})
            except (ActionFailed, FlagFileError) as error:
                self._send(502, {"error": str(error)})

        def _content(self) -> Any:
            # A page in a browser cannot send this type to us without asking first, and is told no.
            if self.headers.get_content_type() != "application/json":
                self._send(415, {"error": "send application/json"})
                return _REFUSED
            length = self.headers.get("Content-Length", "")
            if not re.fullmatch(r"[0-9]{1,9}", length) or int(length) > _MOST_BYTES:
                self.close_connection = True
                self._send(413, {"error": f"send at most {_MOST_BYTES} bytes, with their number in Content-Length"})
                return _REFUSED
            try:
                return json.loads(self.rfile.read(int(length)) or b"{}")
            except (ValueError, RecursionError):
                self._send(400, {"error": "this is not JSON"})
                return _REFUSED

        def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
            """What the server refuses by itself, in our form: a method that there is not, a line that is no request."""
            self.close_connection = True
            self._send(code, {"error": message or HTTPStatus(code).phrase})

        def _send(self, status: int, content: Any) -> None:
            body = json.dumps(content, ensure_ascii=False).encode() + b"\n"
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            return

        def version_string(self) -> str:
            return "incident"

    return Handler


_REFUSED = object()
