"""Starts the three services as a benchmark needs them, drives them, and reads what they used."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import requests

ROOT = Path(__file__).parents[1]
SERVICES = ("database_service", "backend_service", "frontend_service")

_WAITRESS = """
import os, sys
from importlib import import_module
from waitress import serve
app = import_module(sys.argv[1] + ".app").create_app()
import logging
logging.getLogger("waitress").setLevel(logging.ERROR)
serve(app, host="127.0.0.1", port=int(os.environ["SERVICE_PORT"]), threads=8)
"""

#: Ids in turn, so that with a cache of one entry every request is a miss.
_WRK_SCRIPT = """
local id = 0
request = function()
  id = id % 900 + 1
  return wrk.format("GET", "/user/" .. id)
end
done = function(summary, latency)
  io.write(string.format("RESULT requests=%d errors=%d p50=%f p99=%f\\n", summary.requests,
    summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.timeout,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
"""


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


@dataclass
class Load:
    """What a round of load saw: latencies in milliseconds."""

    requests: int
    errors: int
    seconds: float
    p50: float
    p99: float
    #: Only of paced load.
    p95: float = 0.0


@dataclass
class Chain:
    """The running services; `url` is the frontend's."""

    url: str
    processes: list[subprocess.Popen[bytes]]

    def cpu_seconds(self) -> float:
        """User and system time of all services with their workers so far."""
        total = 0.0
        for process in self._tree():
            times = process.cpu_times()
            total += times.user + times.system
        return total

    def memory_megabytes(self) -> float:
        """Memory of all services, pages they share counted once where the system tells."""
        return sum(memory_of(process) for process in self._tree())

    def _tree(self) -> Iterator[psutil.Process]:
        for process in self.processes:
            parent = psutil.Process(process.pid)
            yield parent
            yield from parent.children(recursive=True)


def memory_of(process: psutil.Process) -> float:
    """Proportional set size in MB (resident set size where there is none, as on macOS)."""
    info = process.memory_full_info()
    return getattr(info, "pss", info.rss) / 1e6


@contextmanager
def running_chain(environ: Mapping[str, str], server: str = "granian", root: Path = ROOT) -> Iterator[Chain]:
    """The chain on free ports with simulated latency and automatic traffic off. `server` is granian or waitress;
    `root` may be another checkout, to compare with."""
    ports = dict(zip(SERVICES, free_ports(3), strict=True))
    base = {
        **os.environ,
        "PYTHONPATH": str(root),
        "DATABASE_LATENCY_SCALE": "0",
        "CACHE_MAX_ENTRIES": "1",
        "TRAFFIC_RPS": "0",
        "DATABASE_SERVICE_URL": f"http://127.0.0.1:{ports['database_service']}",
        "BACKEND_SERVICE_URL": f"http://127.0.0.1:{ports['backend_service']}",
        **environ,
    }
    processes = []
    try:
        for service, port in ports.items():
            command = ["-c", _WAITRESS, service] if server == "waitress" else ["-m", service]
            processes.append(
                subprocess.Popen(
                    [sys.executable, *command],
                    cwd=root,
                    env={**base, "SERVICE_PORT": str(port)},
                    stdout=subprocess.DEVNULL,
                )
            )
        for port in ports.values():
            wait_until_answering(f"http://127.0.0.1:{port}/health")
        yield Chain(f"http://127.0.0.1:{ports['frontend_service']}", processes)
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(20)


def wait_until_answering(url: str, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{url} does not answer") from None
            time.sleep(0.05)


def drive(url: str, seconds: float, connections: int = 8) -> Load:
    """Load from wrk, as fast as the chain answers. Raises FileNotFoundError with what to install."""
    wrk = shutil.which("wrk")
    if wrk is None:
        raise FileNotFoundError("the benchmark drives its load with wrk: apt install wrk, or brew install wrk")
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(_WRK_SCRIPT)
        script.flush()
        started = time.monotonic()
        output = subprocess.run(
            [wrk, "-t1", f"-c{connections}", f"-d{seconds:g}s", "--latency", "-s", script.name, url],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        elapsed = time.monotonic() - started
    match = re.search(r"RESULT requests=(\d+) errors=(\d+) p50=([\d.]+) p99=([\d.]+)", output)
    if match is None:
        raise RuntimeError(f"wrk said nothing usable:\n{output}")
    requests, errors, p50, p99 = match.groups()
    return Load(int(requests), int(errors), elapsed, float(p50), float(p99))


def drive_paced(url: str, seconds: float, requests_per_second: float, threads: int = 8) -> Load:
    """Requests at a steady rate, each at its time whatever became of those before: load that leaves the machine air."""
    total = int(seconds * requests_per_second)
    durations: list[float] = []
    failed: list[int] = []
    begin = time.monotonic() + 0.2
    numbers = iter(range(total))

    def work() -> None:
        with requests.Session() as session:
            session.trust_env = False
            for number in numbers:
                due = begin + number / requests_per_second
                time.sleep(max(0.0, due - time.monotonic()))
                response = session.get(f"{url}/user/{number % 900 + 1}", timeout=20)
                # From when it was due, so that a stall is seen by all that it held up.
                durations.append((time.monotonic() - due) * 1000)
                if response.status_code != 200:
                    failed.append(response.status_code)

    workers = [threading.Thread(target=work) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    durations.sort()
    return Load(
        len(durations),
        len(failed),
        time.monotonic() - begin,
        durations[len(durations) // 2],
        durations[int(len(durations) * 0.99)],
        durations[int(len(durations) * 0.95)],
    )
