"""Events of the lab: the line that dashboards ask for, and what is said when Loki does not take it."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from lab.events import Event, EventError, record

MOMENT = 1_795_251_491_608_416_190


def test_an_event_is_a_json_line_of_the_stream_lab():
    event = Event('prices "doubled"', "deploy", "backend", MOMENT)
    (stream,) = event.as_push()["streams"]
    ((time_text, line),) = stream["values"]

    assert stream["stream"] == {"service": "lab", "level": "info"}
    assert time_text == str(MOMENT)
    assert json.loads(line) == {
        "timestamp": "2026-11-21T08:58:11.608416Z",
        "level": "info",
        "service": "lab",
        "message": 'prices "doubled"',
        "kind": "deploy",
        "target_service": "backend",
    }


def test_an_event_of_no_service_names_none():
    assert "target_service" not in Event("a note", "note").fields


def test_a_loki_that_is_away_is_named():
    with pytest.raises(EventError, match=r"Loki at http://127\.0\.0\.1:9 cannot be reached"):
        record("http://127.0.0.1:9", Event("a note", "note"))


def test_what_loki_says_against_an_event_is_passed_on():
    class Refusing(BaseHTTPRequestHandler):
        def do_POST(self):
            body = b"entry too far behind\n"
            self.send_response(400)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Refusing) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        with pytest.raises(EventError, match="answered 400: entry too far behind"):
            record(f"http://127.0.0.1:{server.server_port}", Event("a note", "note"))
        thread.join()
