"""From `python3 lab up --detach` to ready, and to the first result that one can look at; CPU and memory of the lab.

    git worktree add /tmp/before COMMIT
    .venv/bin/python -m benchmarks.start [--before /tmp/before] [--rounds 4] [--lab chain --lab exchange …]

The first result is a complete trace (chain), and an order that has traded (exchange). CPU is that of the command and
of everything it started, until all is ready. Memory is taken a quarter of a minute later, with traffic, pages that
processes share counted once. With `--before`, a checkout with an environment of its own, the two take turns.

State directories are kept from round to round, and a round before all others is left out: it makes the database, and
compiles what was not compiled yet.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TypeVar

import psutil
import requests

from benchmarks.chain import ROOT, memory_of
from benchmarks.running_lab import SPANS_OF_A_CACHE_MISS
from lab.paths import StateDirectory
from lab.run_state import RunState, read_run_state

PORT_OFFSET = 19_000
_LABS = {"chain": ["chain"], "exchange": ["exchange"], "both": ["exchange", "chain"]}
_POLL_SECONDS = 0.02
_PATIENCE_SECONDS = 120.0
_SETTLING_SECONDS = 15.0
_TRADED = re.compile(r"^exchange_fills_total\{[^}]*\} [1-9]", re.MULTILINE)
_SPAN = '"spanId"'

_Answer = TypeVar("_Answer")


@dataclass(frozen=True)
class Start:
    """How one start went."""

    ready_seconds: float
    first_result_seconds: float
    cpu_seconds: float
    megabytes: float


def start(repository: Path, directory: StateDirectory, systems: Sequence[str]) -> Start:
    """Start a lab, look into it, and end it again."""
    environ = {**os.environ, "LAB_STATE_DIR": str(directory.root)}
    command = [str(repository / ".venv/bin/python"), "lab"]
    words = [*command, "up", *systems, "--detach", "--port-offset", str(PORT_OFFSET)]
    ended_before = _cpu_of_ended_children()
    began = time.monotonic()
    up = subprocess.Popen(words, cwd=repository, env=environ, stdout=subprocess.DEVNULL)
    try:
        state = _until(up, lambda: _running(directory))
        ready_seconds = time.monotonic() - began
        up.wait()
        cpu_seconds = _cpu_of_ended_children() - ended_before + sum(map(_cpu_of, _processes(state)))
        for system in systems:
            _FIRST_RESULTS[system](up, state)
        first_result_seconds = time.monotonic() - began
        time.sleep(_SETTLING_SECONDS)
        return Start(ready_seconds, first_result_seconds, cpu_seconds, sum(map(memory_of, _processes(state))))
    finally:
        subprocess.run([*command, "down"], cwd=repository, env=environ, stdout=subprocess.DEVNULL, check=True)


def _until(up: subprocess.Popen[bytes], ask: Callable[[], _Answer | None]) -> _Answer:
    """The first answer. Raises RuntimeError when the command fails or patience ends."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while (answer := ask()) is None:
        if up.poll() or time.monotonic() > deadline:
            raise RuntimeError(f"{' '.join(map(str, up.args))}: no result")  # type: ignore[arg-type]
        time.sleep(_POLL_SECONDS)
    return answer


def _running(directory: StateDirectory) -> RunState | None:
    state = read_run_state(directory)
    return state if state is not None and state.phase == "running" else None


def _await_trace(up: subprocess.Popen[bytes], state: RunState) -> None:
    user = requests.get(f"{_url(state, 'frontend')}/user/{time.time_ns() % 900 + 1}", timeout=10)
    trace = f"{state.backends['tempo']}/api/traces/{user.headers['X-Trace-Id']}"
    _until(up, lambda: requests.get(trace, timeout=10).text.count(_SPAN) >= SPANS_OF_A_CACHE_MISS or None)


def _await_trade(up: subprocess.Popen[bytes], state: RunState) -> None:
    metrics = f"{_url(state, 'matching-engine')}/metrics"
    _until(up, lambda: _TRADED.search(requests.get(metrics, timeout=10).text))


_FIRST_RESULTS = {"chain": _await_trace, "exchange": _await_trade}


def _url(state: RunState, name: str) -> str:
    (found,) = (process.url for process in state.processes if process.name == name)
    return str(found)


def _processes(state: RunState) -> list[psutil.Process]:
    supervisor = psutil.Process(state.supervisor.pid)
    return [supervisor, *supervisor.children(recursive=True)]


def _cpu_of(process: psutil.Process) -> float:
    """Its own, and that of its children that have ended."""
    times = process.cpu_times()
    return times.user + times.system + times.children_user + times.children_system


def _cpu_of_ended_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--before", type=Path, help="a checkout to compare with")
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--lab", dest="labs", action="append", choices=_LABS, help="default: all three")
    options = parser.parse_args()
    checkouts = {**({"before": options.before.resolve()} if options.before else {}), "now": ROOT}
    print("| lab | | ready | first result | CPU | memory |")
    print("|---|---|---|---|---|---|")
    for lab in options.labs or _LABS:
        with tempfile.TemporaryDirectory() as scratch:
            rounds: dict[str, list[Start]] = {name: [] for name in checkouts}
            for _ in range(options.rounds + 1):
                for name, repository in checkouts.items():
                    rounds[name].append(start(repository, StateDirectory(Path(scratch) / name), _LABS[lab]))
        counted = {name: starts[1:] for name, starts in rounds.items()}
        for name, starts in counted.items():
            ready, result, cpu, megabytes = (_median(starts, one.name) for one in fields(Start))
            print(f"| {lab} | {name} | {ready:.1f} s | {result:.1f} s | {cpu:.1f} s | {megabytes:.0f} MB |", flush=True)
        if options.before:
            ratios = [
                f"{_median(counted['now'], one.name) / _median(counted['before'], one.name):.2f}"
                for one in fields(Start)
            ]
            print(f"| {lab} | ratio | {' | '.join(ratios)} |", flush=True)


def _median(starts: Sequence[Start], field: str) -> float:
    return float(statistics.median(getattr(one, field) for one in starts))


if __name__ == "__main__":
    main()
