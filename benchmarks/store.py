"""A telemetry store for a benchmark: started on free ports with an empty directory, asked over HTTP, and weighed."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

import psutil
import urllib3

from benchmarks.chain import ROOT, memory_of


@dataclass
class RunningStore:
    """The process and the addresses of its four APIs, by name."""

    process: psutil.Process
    urls: Mapping[str, str]
    _http: urllib3.PoolManager = field(default_factory=lambda: urllib3.PoolManager(retries=False, timeout=120))

    def get(self, api: str, path: str, **parameters: object) -> bytes:
        """The body of a GET. Raises RuntimeError when it is not answered with 200."""
        return self._request("GET", api, path + "?" + urlencode(parameters), None, {})

    def post(self, api: str, path: str, body: bytes, headers: Mapping[str, str]) -> None:
        """Sends a POST. Raises RuntimeError when it is refused."""
        self._request("POST", api, path, body, headers)

    def _request(self, method: str, api: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> bytes:
        answer = self._http.request(method, self.urls[api] + path, body=body, headers=headers)
        if answer.status not in (200, 204):
            raise RuntimeError(f"{method} {path[:200]}: {answer.status} {answer.data[:300]!r}")
        return answer.data

    def settle(self) -> None:
        """Returns when everything sent is written: a query waits for that."""
        self.get("prometheus", "/api/v1/query", query="up")
        self.get("loki", "/loki/api/v1/labels")
        self.get("tempo", "/api/v2/search/tags")

    def cpu_seconds(self) -> float:
        """User and system time of the process so far."""
        times = self.process.cpu_times()
        return times.user + times.system

    def memory_megabytes(self) -> float:
        """Memory that the process has now."""
        return memory_of(self.process)

    def peak_megabytes(self) -> float:
        """The most memory that it held at one time. Linux only."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))) / 1024


@contextmanager
def running_store(*arguments: str) -> Iterator[RunningStore]:
    """A store that keeps everything for ever, ended and forgotten at the end of the block."""
    with tempfile.TemporaryDirectory() as directory:
        ports = [part for name in ("prometheus", "loki", "tempo", "otlp") for part in (f"--{name}-port", "0")]
        lasting = ["--retention-hours", "0", "--retention-megabytes", "0"]
        command = [
            sys.executable,
            "-m",
            "telemetry_store",
            "--data-dir",
            str(Path(directory) / "data"),
            *ports,
            *lasting,
        ]
        process = subprocess.Popen(
            [*command, *arguments], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        assert process.stdout is not None
        try:
            ready = process.stdout.readline()
            if "ready" not in ready:
                raise RuntimeError("the telemetry store did not start")
            yield RunningStore(psutil.Process(process.pid), dict(part.split("=", 1) for part in ready.split()[2:]))
        finally:
            process.terminate()
            process.wait(30)
            process.stdout.close()


def seconds_of(ask: Callable[[], object]) -> float:
    """How long it takes."""
    started = time.perf_counter()
    ask()
    return time.perf_counter() - started


def percentile(values: Sequence[float], part: float) -> float:
    """The value that this part of the values does not exceed."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * part), len(ordered) - 1)]


def summary(seconds: Sequence[float]) -> str:
    """Median, p95 and the longest, in milliseconds."""
    parts = (statistics.median(seconds), percentile(seconds, 0.95), max(seconds))
    return " ".join(f"{part * 1000:8.1f}" for part in parts)
