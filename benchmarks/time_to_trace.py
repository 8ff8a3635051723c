"""From `python3 lab up --detach` in a clean clone to a first complete trace from Tempo's API: first run, and warm.

    .venv/bin/python -m benchmarks.time_to_trace [--without-uv]

The first run makes the environment (the packages may come from a local cache: the first column of the output says so).
"""

from __future__ import annotations

import argparse
import os
import subprocess
import tempfile
import time
from pathlib import Path

import requests

from benchmarks.chain import ROOT
from benchmarks.running_lab import running_lab


def seconds_to_first_trace(repository: Path, user: int) -> tuple[float, float]:
    """Seconds from the command to its return, and to the complete trace."""
    started = time.monotonic()
    with running_lab(repository) as lab:
        ready = time.monotonic() - started
        answer = requests.get(f"{lab.url('frontend')}/user/{user}", timeout=10)
        while not lab.complete(answer.headers["X-Trace-Id"]):
            time.sleep(0.02)
        return ready, time.monotonic() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--without-uv", action="store_true", help="as on a machine that has no uv, with an empty cache")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        clone = Path(directory) / "glasshouse"
        subprocess.run(["git", "clone", "-q", str(ROOT), str(clone)], check=True)
        # The bare interpreter, not this environment's: the clone has to make its own.
        os.environ["LAB_PYTHON"] = os.path.realpath(os.sys.executable)  # type: ignore[attr-defined]
        if options.without_uv:
            os.environ["PATH"] = "/usr/bin:/bin"
            os.environ["UV_CACHE_DIR"] = str(Path(directory) / "cache")
        for run in ("first run", "warm", "warm again"):
            ready, complete = seconds_to_first_trace(clone, 123)
            print(f"{run:12} ready after {ready:5.1f} s, first complete trace after {complete:5.1f} s", flush=True)


if __name__ == "__main__":
    main()
