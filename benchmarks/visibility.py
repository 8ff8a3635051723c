"""How long after its answer a request is visible in each signal, and how much memory the whole lab takes.

.venv/bin/python -m benchmarks.visibility [--requests 20] [--load-seconds 20]
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import requests

from benchmarks.chain import ROOT, drive
from benchmarks.running_lab import RunningLab, running_lab


def seconds_until(condition: Callable[[], bool]) -> float:
    started = time.monotonic()
    while not condition():
        time.sleep(0.01)
    return time.monotonic() - started


def visible_after(lab: RunningLab, user: int) -> dict[str, float]:
    """Seconds from the answer until trace, log line and metric show the request."""
    frontend = lab.url("frontend")
    answered = 'frontend_requests_total{endpoint="/user/<id>",status="200"}'

    def counted() -> float:
        return sum(sample.value for sample in lab.telemetry.query(answered))

    before = counted()
    trace_id = requests.get(f"{frontend}/user/{user}", timeout=10).headers["X-Trace-Id"]
    started = time.monotonic()
    line = seconds_until(lambda: bool(lab.telemetry.logs(f'{{service="frontend"}} |= "{trace_id}"')))
    seconds_until(lambda: lab.complete(trace_id))
    trace = time.monotonic() - started
    seconds_until(lambda: counted() > before)
    return {"log line": line, "trace": trace, "metric": time.monotonic() - started}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=20)
    parser.add_argument("--load-seconds", type=float, default=20)
    options = parser.parse_args()
    with running_lab() as lab:
        print(f"memory idle: {lab.memory_megabytes():.0f} MB")
        seen = [visible_after(lab, user) for user in range(1, options.requests + 1)]
        for signal in seen[0]:
            values = sorted(each[signal] for each in seen)
            print(f"{signal:8} visible after {statistics.median(values):.2f} s (median), {values[-1]:.2f} s (slowest)")
        load = drive(lab.url("frontend"), options.load_seconds)
        print(f"memory after {load.requests} requests in {load.seconds:.0f} s: {lab.memory_megabytes():.0f} MB")
        if options.load_seconds:
            subprocess.run(
                [sys.executable, "lab", "load", "--users", "50", "--spawn-rate", "25", "--duration", "20s"],
                cwd=ROOT,
                env=lab.environ,
                check=False,
            )
            print(f"memory after 50 users for 20 s: {lab.memory_megabytes():.0f} MB")


if __name__ == "__main__":
    main()
