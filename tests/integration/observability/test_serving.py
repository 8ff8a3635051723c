"""Real server processes: several workers share their metrics, end with their parent, and deliver what is left at
the end."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psutil
import pytest

ROOT = Path(__file__).parents[3]

APP = """
import os
import time
from pathlib import Path
from prometheus_client import Counter, Histogram
from observability import setup
from observability.flask import create_flask_app

def create_app():
    telemetry = setup("frontend", namespace="chain", version="1.0.0")
    app = create_flask_app(
        __name__, telemetry, span_names={"/": "frontend_home_request"},
        requests_total=Counter("frontend_requests_total", "r", ["method", "endpoint", "status"],
        registry=telemetry.registry), request_duration_seconds=Histogram("frontend_request_duration_seconds", "d",
        ["endpoint"], registry=telemetry.registry),
    )
    @app.get("/")
    def home():
        telemetry.logger.info("Home page requested")
        return {"pid": os.getpid()}
    @app.get("/held")
    def held():
        Path("held").touch()
        while Path("held").exists():
            time.sleep(0.01)
        return {}
    return app
"""

MAIN = """
import sys
from observability.serving import serve
serve("served_app:create_app", sys.argv[3], int(sys.argv[1]), workers=int(sys.argv[2]), threads=2)
"""


def until(condition: Callable[[], Any], seconds: float = 20) -> Any:
    deadline = time.monotonic() + seconds
    while not (result := condition()):
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.02)
    return result


def get(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return response.status, response.read().decode()
    except OSError:
        return 0, ""


class Sink:
    """Takes what is sent to Loki and to the OTLP endpoint."""

    def __init__(self) -> None:
        self.spans: list[str] = []
        self.lines: list[str] = []
        sink = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                for resource in body.get("resourceSpans", ()):
                    sink.spans += [span["name"] for scope in resource["scopeSpans"] for span in scope["spans"]]
                for stream in body.get("streams", ()):
                    sink.lines += [json.loads(value[1])["message"] for value in stream["values"]]
                self.send_response(204 if self.path.startswith("/loki") else 200)
                self.end_headers()

            def log_message(self, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


class Served:
    def __init__(self, directory: Path, sink: Sink, workers: int, host: str = "127.0.0.1", **environ: str) -> None:
        (directory / "served_app.py").write_text(APP)
        (directory / "served_main.py").write_text(MAIN)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self.process = subprocess.Popen(
            [sys.executable, "served_main.py", str(port), str(workers), host],
            cwd=directory,
            env={
                **os.environ,
                "PYTHONPATH": f"{ROOT}{os.pathsep}{directory}",
                "OTEL_EXPORTER_OTLP_ENDPOINT": sink.url,
                "LOKI_URL": sink.url,
                "LOG_CONSOLE": "false",
                **environ,
            },
        )
        until(lambda: get(self.url + "/health")[0] == 200)

    def workers(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)


@pytest.fixture
def sink() -> Iterator[Sink]:
    sink = Sink()
    yield sink
    sink.close()


@pytest.fixture
def start(tmp_path: Path, sink: Sink) -> Iterator[Callable[..., Served]]:
    started: list[Served] = []

    def start(workers: int, **environ: str) -> Served:
        started.append(Served(tmp_path, sink, workers, **environ))
        return started[-1]

    yield start
    for served in started:
        served.process.kill()
        served.process.wait()


def test_several_workers_add_their_metrics_up(start: Callable[..., Served]) -> None:
    served = start(workers=2)
    pids: set[int] = set()

    def both_have_answered() -> bool:
        pids.add(json.loads(get(served.url)[1])["pid"])
        asked.append(1)
        return len(pids) == 2

    asked: list[int] = []
    until(both_have_answered)
    lines = get(served.url + "/metrics")[1].splitlines()
    assert f'frontend_requests_total{{endpoint="/",method="GET",status="200"}} {float(len(asked))}' in lines
    # They are one service of one version.
    assert [line for line in lines if line.startswith("lab_service_info{")] == ['lab_service_info{version="1.0.0"} 1.0']


@pytest.mark.skipif(sys.platform != "linux", reason="processes are measured through /proc")
def test_several_workers_are_measured_together(start: Callable[..., Served]) -> None:
    served = start(workers=2)
    workers = [
        worker for worker in served.workers() if worker.cmdline() and "resource_tracker" not in worker.cmdline()[-1]
    ]
    assert len(workers) == 2

    def measured() -> dict[str, float]:
        lines = get(served.url + "/metrics")[1].splitlines()
        return {line.split()[0]: float(line.split()[1]) for line in lines if line.startswith("process_")}

    # A worker counts from its first metric on.
    until(lambda: measured().get("process_resident_memory_bytes", 0) > 1.5 * workers[0].memory_info().rss)
    found = measured()
    memory = sum(worker.memory_info().rss for worker in workers)
    assert found["process_resident_memory_bytes"] == pytest.approx(memory, rel=0.1)
    cpu = sum(worker.cpu_times().user + worker.cpu_times().system for worker in workers)
    assert found["process_cpu_seconds_total"] == pytest.approx(cpu, abs=0.5)
    assert found["process_open_fds"] > 10


@pytest.mark.slow
def test_what_an_earlier_run_left_behind_is_not_counted(start: Callable[..., Served], tmp_path: Path) -> None:
    directory = tmp_path / "metrics"
    first = start(workers=2, PROMETHEUS_MULTIPROC_DIR=str(directory))
    assert get(first.url)[0] == 200
    first.process.kill()
    until(lambda: get(first.url)[0] == 0)
    assert list(directory.glob("*.db"))
    second = start(workers=2, PROMETHEUS_MULTIPROC_DIR=str(directory))
    lines = get(second.url + "/metrics")[1].splitlines()
    assert {line.rpartition(" ")[2] for line in lines if line.startswith("frontend_requests_total{")} == {"0.0"}


def test_a_worker_that_dies_among_several_is_replaced(start: Callable[..., Served]) -> None:
    served = start(workers=2)
    first = json.loads(get(served.url)[1])["pid"]
    os.kill(first, signal.SIGKILL)

    def replaced() -> bool:
        pids = {process.pid for process in served.workers()}
        return first not in pids and len(pids) >= 2 and get(served.url)[0] == 200

    until(replaced)


def test_workers_do_not_outlive_a_parent_that_was_killed(start: Callable[..., Served]) -> None:
    served = start(workers=2)
    workers = served.workers()
    assert workers
    served.process.kill()
    until(lambda: not any(psutil.pid_exists(worker.pid) and worker.status() != "zombie" for worker in workers))


def test_one_worker_is_the_process_that_was_started(start: Callable[..., Served]) -> None:
    served = start(workers=1)
    assert json.loads(get(served.url)[1])["pid"] == served.process.pid
    assert served.workers() == []


def test_a_request_that_is_under_way_is_answered_before_the_service_ends(
    start: Callable[..., Served], tmp_path: Path
) -> None:
    served = start(workers=1)
    with ThreadPoolExecutor(1) as visitors:
        answer = visitors.submit(get, served.url + "/held")
        until((tmp_path / "held").exists)
        served.process.terminate()
        until(lambda: get(served.url + "/health")[0] == 0)
        (tmp_path / "held").unlink()
        assert answer.result()[0] == 200
    assert served.process.wait(20) == 0


def test_a_service_that_is_still_starting_ends_when_asked(tmp_path: Path) -> None:
    (tmp_path / "served_app.py").write_text("def create_app():\n    print('starting', flush=True)\n    input()\n")
    (tmp_path / "served_main.py").write_text(MAIN)
    with subprocess.Popen(
        [sys.executable, "served_main.py", "0", "1", "127.0.0.1"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == b"starting\n"
        process.terminate()
        assert process.wait(20) == 0


def test_what_is_queued_is_delivered_when_the_service_is_stopped(start: Callable[..., Served], sink: Sink) -> None:
    served = start(workers=1, OTEL_BSP_SCHEDULE_DELAY="60000", LOKI_SCHEDULE_DELAY="60")
    for _ in range(5):
        assert get(served.url)[0] == 200
    assert (sink.spans, sink.lines) == ([], [])
    served.process.terminate()
    served.process.wait(20)
    assert sink.spans == ["frontend_home_request"] * 5
    assert sink.lines == ["Home page requested"] * 5


def serve_once(directory: Path, port: int, host: str = "127.0.0.1") -> subprocess.CompletedProcess[str]:
    (directory / "served_app.py").write_text(APP)
    (directory / "served_main.py").write_text(MAIN)
    return subprocess.run(
        [sys.executable, "served_main.py", str(port), "1", host],
        cwd=directory,
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{directory}"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_a_port_in_use_is_one_line_and_exit_status_1(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = serve_once(tmp_path, port)
    assert result.returncode == 1
    assert f"127.0.0.1:{port}: Address already in use" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_service_does_not_share_the_port_of_another(start: Callable[..., Served], tmp_path: Path) -> None:
    served = start(workers=1)
    result = serve_once(tmp_path, int(served.url.rpartition(":")[2]))
    assert result.returncode == 1
    assert "Address already in use" in result.stderr
    assert get(served.url + "/health")[0] == 200


def test_an_address_that_is_not_of_this_machine_is_one_line_and_exit_status_1(tmp_path: Path) -> None:
    result = serve_once(tmp_path, 8001, "192.0.2.1")
    assert result.returncode == 1
    assert result.stderr.startswith("cannot serve served_app:create_app on 192.0.2.1:8001: ")
    assert len(result.stderr.splitlines()) == 1


def test_a_host_may_be_given_by_its_name(start: Callable[..., Served]) -> None:
    served = start(workers=1, host="localhost")
    assert get(served.url + "/health")[0] == 200
