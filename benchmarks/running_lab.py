"""A whole lab for a benchmark: booted with `python3 lab up --detach` on shifted ports, with a state directory of
its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from benchmarks.chain import ROOT, memory_of
from lab.paths import StateDirectory
from lab.run_state import read_run_state
from lab.telemetry_client import TelemetryClient, TelemetryError

PORT_OFFSET = 21_000
SPANS_OF_A_CACHE_MISS = 10


@dataclass
class RunningLab:
    """The lab and where to reach it."""

    repository: Path
    environ: dict[str, str]
    state_directory: Path
    status: dict[str, Any]
    telemetry: TelemetryClient

    def url(self, name: str) -> str:
        return str(self._process(name)["url"])

    def pid(self, name: str) -> int:
        return int(self._process(name)["pid"])

    def memory_megabytes(self) -> float:
        """Of the supervisor and everything below it, shared pages counted once where the system tells."""
        supervisor = psutil.Process(int(self.status["supervisor"]["pid"]))
        return sum(memory_of(process) for process in (supervisor, *supervisor.children(recursive=True)))

    def refresh(self) -> None:
        """Processes that were started anew have other ids."""
        self.status = json.loads(run_lab(self.repository, self.environ, "status", "--json"))

    def memory_by_process(self) -> dict[str, float]:
        """Name -> megabytes with everything below it; likewise."""
        return {name: sum(memory_of(process) for process in tree) for name, tree in self._trees().items()}

    def cpu_seconds_by_process(self) -> dict[str, float]:
        """Name -> user and system time so far, of it and those below it that live."""
        seconds = {}
        for name, tree in self._trees().items():
            times = [process.cpu_times() for process in tree]
            seconds[name] = sum(each.user + each.system for each in times)
        return seconds

    def _trees(self) -> dict[str, list[psutil.Process]]:
        supervisor = psutil.Process(int(self.status["supervisor"]["pid"]))
        trees = {"supervisor": [supervisor]}
        for process in self.status["processes"]:
            parent = psutil.Process(int(process["pid"]))
            trees[process["name"]] = [parent, *parent.children(recursive=True)]
        return trees

    def _process(self, name: str) -> dict[str, Any]:
        (found,) = (process for process in self.status["processes"] if process["name"] == name)
        return dict(found)

    def complete(self, trace_id: str) -> bool:
        """Whether the trace of a cache miss can be fetched with all its spans."""
        try:
            return len(self.telemetry.trace(trace_id)) >= SPANS_OF_A_CACHE_MISS
        except TelemetryError:
            return False


def run_lab(repository: Path, environ: dict[str, str], *arguments: str) -> str:
    """`python3 lab …`; its standard output. Raises RuntimeError with what it said when it fails."""
    program = os.environ.get("LAB_PYTHON", sys.executable)
    result = subprocess.run(
        [program, "lab", *arguments], cwd=repository, env=environ, capture_output=True, text=True, check=False
    )
    if result.returncode:
        raise RuntimeError(result.stdout + result.stderr)
    return result.stdout


@contextmanager
def running_lab(
    repository: Path = ROOT,
    *options: str,
    traffic: bool = False,
    settings: Mapping[str, str] = {},
    port_offset: int = PORT_OFFSET,
) -> Iterator[RunningLab]:
    """A lab, unless told otherwise without generated traffic, ended at the end of the block. `settings` are its
    services', as environment variables."""
    with tempfile.TemporaryDirectory() as state_directory:
        environ = {**os.environ, **settings, "LAB_STATE_DIR": state_directory}
        silence = [] if traffic else ["--no-traffic"]
        run_lab(repository, environ, "up", "--detach", *silence, "--port-offset", str(port_offset), *options)
        try:
            status = json.loads(run_lab(repository, environ, "status", "--json"))
            state = read_run_state(StateDirectory(Path(state_directory)))
            assert state is not None
            with TelemetryClient.from_backends(state.backends) as client:
                yield RunningLab(repository, environ, Path(state_directory), status, client)
        finally:
            run_lab(repository, environ, "down")
