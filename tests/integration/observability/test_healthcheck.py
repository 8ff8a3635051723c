"""A container's health check, as the process that the container engine starts."""

import http.server
import subprocess
import sys
import threading

import pytest


class Service(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response({"/health": 200, "/moved": 302, "/ready": 503}.get(self.path, 404))
        self.end_headers()

    def log_message(self, *arguments):
        pass


@pytest.fixture(scope="module")
def address():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Service)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def check(*arguments: str) -> tuple[int, str]:
    command = [sys.executable, "-m", "observability.healthcheck", *arguments]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    return answer.returncode, answer.stderr.strip()


def test_a_service_that_answers_is_well(address):
    assert check(f"{address}/health") == (0, "")


@pytest.mark.parametrize(("path", "status"), [("/ready", 503), ("/moved", 302), ("/", 404)])
def test_any_other_answer_is_not(address, path, status):
    assert check(f"{address}{path}") == (1, f"{address}{path}: status {status}")


def test_no_answer_is_not():
    code, message = check("http://127.0.0.1:1/health")

    assert code == 1
    assert message.startswith("http://127.0.0.1:1/health: ")


@pytest.mark.parametrize("arguments", [(), ("127.0.0.1:8001",), ("http://a", "http://b")])
def test_wrong_use_says_what_is_right(arguments):
    assert check(*arguments) == (1, "usage: python -m observability.healthcheck http://127.0.0.1:PORT/health")
