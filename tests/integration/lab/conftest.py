"""Real processes for the tests of `lab`: a throw-away supervisor, free ports, and a check that nothing stays behind."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

from lab.http_probe import probe
from lab.paths import REPOSITORY, STATE_DIR_VARIABLE, StateDirectory
from lab.run_state import RunState, read_run_state

HERE = Path(__file__).parent


def poll(condition: Callable[[], Any], what: str, timeout_seconds: float = 20.0) -> Any:
    deadline = time.monotonic() + timeout_seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    pytest.fail(f"not within {timeout_seconds:g} s: {what}")


@pytest.fixture(name="wait_for")
def wait_for_fixture() -> Callable[..., Any]:
    """wait_for(condition, what, timeout_seconds): the condition's first true value, or a failed test."""
    return poll


def unused_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture
def free_port() -> int:
    return unused_port()


@pytest.fixture
def run_lab(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """run_lab("down"): runs the command with the throw-away lab's state directory."""

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, str(REPOSITORY / "lab"), *arguments],
            capture_output=True,
            text=True,
            env={**os.environ, STATE_DIR_VARIABLE: str(tmp_path / "state"), **environment},
            timeout=60,
            check=False,
        )

    return run


@dataclass
class ThrowawayLab:
    """A supervisor over throw-away services, in a process of its own."""

    root: Path
    plan: dict[str, Any] = field(default_factory=lambda: {"processes": []})
    process: subprocess.Popen[str] | None = None
    ports: dict[str, int] = field(default_factory=dict)

    @property
    def directory(self) -> StateDirectory:
        return StateDirectory(self.root / "state")

    def add(self, name: str, *options: str, depends_on: tuple[str, ...] = ()) -> None:
        port = self.ports[name] = unused_port()
        address = f"http://127.0.0.1:{port}"
        self.plan["processes"].append(
            {
                "name": name,
                "command": [sys.executable, str(HERE / "throwaway_service.py"), "--port", str(port), *options],
                "depends_on": depends_on,
                "ports": [port],
                "url": address,
                "health_url": f"{address}/health",
                "ready_urls": [f"{address}/ready"],
            }
        )

    def start(self) -> None:
        plan_file = self.root / "plan.json"
        plan_file.write_text(json.dumps(self.plan), encoding="utf-8")
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "throwaway_lab.py"), str(self.directory.root), str(plan_file)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        )

    def start_and_wait(self) -> RunState:
        self.start()
        return poll(lambda: self.in_phase("running"), "the lab runs")

    def in_phase(self, phase: str) -> RunState | None:
        state = self.state()
        return state if state is not None and state.phase == phase else None

    def state(self) -> RunState | None:
        return read_run_state(self.directory)

    def pid_of(self, name: str) -> int:
        state = self.state()
        assert state is not None
        identity = state.process(name).identity
        assert identity is not None
        return identity.pid

    def answers(self, name: str) -> bool:
        return probe(f"http://127.0.0.1:{self.ports[name]}/ready", 1.0).ok

    def end(self, number: signal.Signals = signal.SIGINT) -> tuple[int, str]:
        """Sends a signal to the supervisor; its exit code and everything it printed."""
        assert self.process is not None
        self.process.send_signal(number)
        output, _ = self.process.communicate(timeout=30)
        return self.process.returncode, output

    def survivors(self) -> list[str]:
        """Command lines of living processes that belong to this lab."""
        found = []
        for process in psutil.process_iter():
            try:
                if process.status() == psutil.STATUS_ZOMBIE:
                    continue
                environment = process.environ()
            except (psutil.Error, OSError):
                continue
            if environment.get("THROWAWAY_LAB") == str(self.root):
                found.append(f"{process.pid} {' '.join(process.cmdline())}")
        return found


@pytest.fixture
def throwaway_lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ThrowawayLab]:
    monkeypatch.setenv("THROWAWAY_LAB", str(tmp_path))
    lab = ThrowawayLab(tmp_path)
    yield lab
    if lab.process is not None:
        if lab.process.poll() is None:
            lab.process.send_signal(signal.SIGTERM)
        lab.process.wait(timeout=30)
        if lab.process.stdout is not None:
            lab.process.stdout.close()
    left = lab.survivors()
    for line in left:
        os.kill(int(re.match(r"\d+", line)[0]), signal.SIGKILL)  # type: ignore[index]
    assert left == [], "processes were left behind"
