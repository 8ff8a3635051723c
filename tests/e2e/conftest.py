"""A whole lab for the end-to-end tests: booted as a user boots it, on free ports, with a state directory of its own.

`lab` is shared by a test session and has no generated traffic, so that counts can be compared;
`fresh_lab` boots another for tests that break something for good.
"""

import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from lab.manifest import discover
from lab.paths import REPOSITORY, STATE_DIR_VARIABLE, StateDirectory
from lab.port_check import is_free
from lab.process_group import RUN_ID_VARIABLE
from lab.run_state import RunState, read_run_state
from lab.stacks.choice import DEFAULT_STACK, choose_stack
from lab.stacks.stack import StackOptions
from lab.telemetry_client import TelemetryClient

#: Tests run in up to four worker processes; with these no two of them can want the same port at the same time, because
#: no two ports of a lab are 19, 38 or 57 apart by the last two digits.
_OF_WORKER = 19 * (int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 4)
#: Keeps the shifted ports above everybody's favourites and below the range that connections are given theirs from.
OFFSETS = range(9_000 + _OF_WORKER, 23_000, 100)


@pytest.fixture(scope="session", name="wait_for")
def wait_for_fixture() -> Callable[..., Any]:
    """wait_for(condition, what, timeout_seconds): the condition's first true value, or a failed test."""

    def wait_for(condition: Callable[[], Any], what: str, timeout_seconds: float = 20.0) -> Any:
        deadline = time.monotonic() + timeout_seconds
        while time.monotonic() < deadline:
            value = condition()
            if value:
                return value
            time.sleep(0.05)
        pytest.fail(f"not within {timeout_seconds:g} s: {what}")

    return wait_for


@dataclass
class BootedLab:
    """A running lab and the ways to reach it."""

    state_dir: Path
    port_offset: int
    stack: str = DEFAULT_STACK
    telemetry: TelemetryClient | None = None
    #: What `lab up` has printed.
    said: str = ""

    def environment(self) -> dict[str, str]:
        """In which `python3 lab …` means this lab."""
        return {**os.environ, STATE_DIR_VARIABLE: str(self.state_dir)}

    def run(self, *arguments: str, timeout: float = 120.0) -> "subprocess.CompletedProcess[str]":
        """`python3 lab …` on this lab."""
        return subprocess.run(
            [sys.executable, str(REPOSITORY / "lab"), *arguments],
            capture_output=True,
            text=True,
            env=self.environment(),
            timeout=timeout,
            check=False,
        )

    def up(self, *options: str) -> None:
        result = self.run("up", "--detach", "--stack", self.stack, "--port-offset", str(self.port_offset), *options)
        assert result.returncode == 0, result.stdout + result.stderr
        self.said = result.stdout
        self.telemetry = TelemetryClient.from_backends(self.state().backends)

    def down(self) -> None:
        if self.telemetry is not None:
            self.telemetry.close()
        result = self.run("down")
        assert result.returncode == 0, result.stdout + result.stderr

    def state(self) -> RunState:
        state = read_run_state(StateDirectory(self.state_dir))
        assert state is not None
        return state

    def status(self) -> dict[str, Any]:
        content = json.loads(self.run("status", "--json").stdout)
        assert isinstance(content, dict)
        return content

    def url(self, process_name: str, path: str = "") -> str:
        return f"{self.state().process(process_name).url}{path}"

    def pid(self, process_name: str) -> int:
        identity = self.state().process(process_name).identity
        assert identity is not None
        return identity.pid


def free_offset(stack: str = DEFAULT_STACK) -> int:
    systems = list(discover().values())
    for offset in random.sample(OFFSETS, len(OFFSETS)):
        options = StackOptions(systems, StateDirectory(Path("unused")), offset)
        specs = choose_stack(stack, options).processes()
        if all(is_free(port) for spec in specs for port in spec.ports):
            return offset
    pytest.fail("no free range of ports")


def boot(state_dir: Path, *options: str, stack: str = DEFAULT_STACK) -> Iterator[BootedLab]:
    booted = BootedLab(state_dir, free_offset(stack), stack)
    try:
        booted.up(*options)
    except BaseException:
        # It may be about to stand, and would sit on its ports for the rest of the tests.
        booted.run("down")
        raise
    run_id = booted.state().run_id
    try:
        yield booted
    finally:
        booted.down()
    assert survivors(run_id) == [], "processes were left behind"


@contextlib.contextmanager
def kept_down(lab: BootedLab, service: str) -> Iterator[None]:
    """Kills a service and sits on its port without listening: connections to it are refused, and each attempt of the
    supervisor to start it again fails, until this ends."""
    process = lab.state().process(service)
    assert process.identity is not None
    assert process.url is not None
    port = int(process.url.rpartition(":")[2])
    with socket.socket() as seat:
        seat.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        os.killpg(process.identity.pid, signal.SIGKILL)
        deadline = time.monotonic() + 10
        while True:
            try:
                seat.bind(("127.0.0.1", port))
                break
            except OSError:
                assert time.monotonic() < deadline, f"port {port} does not become free"
        # From here on nobody shares it.
        seat.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
        yield


def survivors(run_id: str) -> list[str]:
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(RUN_ID_VARIABLE) == run_id and process.status() != psutil.STATUS_ZOMBIE:
                found.append(f"{process.pid} {' '.join(process.cmdline())}")
        except (psutil.Error, OSError):
            continue
    return found


@pytest.fixture(scope="package")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BootedLab]:
    yield from boot(tmp_path_factory.mktemp("lab"), "--no-traffic")


@pytest.fixture
def fresh_lab(tmp_path: Path) -> Iterator[BootedLab]:
    yield from boot(tmp_path / "lab", "--no-traffic")
