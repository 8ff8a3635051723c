"""The checks of `lab doctor`: each looks at one thing that the lab needs and says what to do when it is missing.

A check answers with Findings and never raises for what it was made to find.
"""

import os
import shutil
import socket
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import psutil

from lab import bootstrap, process_group
from lab.manifest import System
from lab.paths import StateDirectory
from lab.port_check import conflicts
from lab.ports import HOST
from lab.run_state import RunState, read_run_state, supervisor_is_alive
from lab.stacks.choice import DEFAULT_STACK, choose_stack
from lab.stacks.compose import ComposeStack
from lab.stacks.docker import find_docker
from lab.stacks.native import NativeStack
from lab.stacks.programs import SERVER_PROGRAMS, find_server
from lab.stacks.stack import StackOptions, StackUnavailable

Verdict = Literal["ok", "warn", "fail"]

MINIMUM_PYTHON = (3, 11)
#: The retention of the store, with room for what it rewrites.
DISK_WARN_BYTES = 3 * 10**9
DISK_FAIL_BYTES = 300 * 10**6
#: What a whole lab takes, by stack; and what a browser wants beside it.
MEMORY_NEEDED_BYTES = {"embedded": 400 * 10**6, "native": 1200 * 10**6, "compose": 1600 * 10**6}
MEMORY_FOR_A_BROWSER_BYTES = 400 * 10**6
#: Telemetry from before this cannot be today's.
EARLIEST_SANE_UNIX_SECONDS = 1_735_689_600  # 2025-01-01
#: Spans of one trace are laid on one time line: two clocks must not differ by more.
CLOCK_STEP_SECONDS = 0.5

#: Programs that some verbs can use -> for what. Those of the stacks are looked for where the stacks are.
OPTIONAL_PROGRAMS = {
    "uv": "installs the packages faster",
    "chromium": "the browser tests",
    "promtool": "the tests of the rules",
    "wrk": "the benchmarks",
}


@dataclass(frozen=True)
class Finding:
    """What one check found. `advice` is empty when there is nothing to do."""

    check: str
    verdict: Verdict
    found: str
    advice: str = ""


def examine(
    directory: StateDirectory, systems: Sequence[System], port_offset: int = 0, stack: str = DEFAULT_STACK
) -> list[Finding]:
    """All checks of what `lab up` of these systems, with this stack and offset, needs, in the order in which trouble
    would show."""
    checks: list[Callable[[], list[Finding]]] = [
        check_python,
        check_environment,
        lambda: check_state(directory),
        lambda: check_ports(directory, systems, port_offset, stack),
        check_loopback,
        lambda: check_disk(directory),
        lambda: check_memory(stack),
        check_clock,
        lambda: check_native_stack(chosen=stack == NativeStack.name),
        lambda: check_compose_stack(chosen=stack == ComposeStack.name),
        check_programs,
    ]
    return [finding for check in checks for finding in check()]


def check_python() -> list[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < MINIMUM_PYTHON:
        return [Finding("python", "fail", version, "install Python 3.11 or newer")]
    return [Finding("python", "ok", f"{version} ({sys.executable})")]


def check_environment() -> list[Finding]:
    environment = bootstrap.Environment()
    if not environment.is_current():
        return [Finding("environment", "warn", ".venv is not made from today's uv.lock", "any lab command renews it")]
    with_tests = environment.is_current([bootstrap.DEV_GROUP])
    return [Finding("environment", "ok", f"matches uv.lock, {'with' if with_tests else 'without'} the test tools")]


def check_state(directory: StateDirectory) -> list[Finding]:
    state = read_run_state(directory)
    if supervisor_is_alive(directory):
        pid = f" (supervisor pid {state.supervisor.pid})" if state else ""
        return [Finding("state", "ok", f"a lab is running{pid}; its data is in {directory.root}")]
    if state is not None:
        left = _left_behind(state)
        return [
            Finding(
                "state",
                "warn",
                f"a lab was interrupted and left {left} {'process' if left == 1 else 'processes'} behind",
                "python3 lab down (or just start again: `lab up` cleans up first)",
            )
        ]
    if not _is_writable(directory):
        return [Finding("state", "fail", f"{directory.root} cannot be written", "choose another place: --state-dir")]
    return [Finding("state", "ok", f"no lab is running; state goes to {directory.root}")]


def check_ports(
    directory: StateDirectory, systems: Sequence[System], port_offset: int = 0, stack: str = DEFAULT_STACK
) -> list[Finding]:
    state = read_run_state(directory)
    if state is not None and state.port_offset == port_offset and supervisor_is_alive(directory):
        return [Finding("ports", "ok", "held by the running lab")]
    try:
        specs = choose_stack(stack, StackOptions(systems, directory, port_offset)).processes()
    except StackUnavailable:
        # Why is a finding of its own.
        return []
    except ValueError as error:
        return [Finding("ports", "fail", str(error), "choose another --port-offset")]
    wanted = [(port, spec.name) for spec in specs for port in spec.ports]
    taken = conflicts(wanted)
    if not taken:
        return [Finding("ports", "ok", f"all {len(wanted)} are free")]
    advice = f"stop it, or start with --port-offset {port_offset + 1000}"
    return [Finding("ports", "fail", str(conflict), advice) for conflict in taken]


def check_loopback() -> list[Finding]:
    """A connection over loopback, with data both ways: some sandboxes and firewalls allow the one and not the other."""
    try:
        with socket.create_server((HOST, 0)) as server:
            server.settimeout(2.0)
            answering = threading.Thread(target=_echo_once, args=(server,), daemon=True)
            answering.start()
            with socket.create_connection(server.getsockname(), timeout=2.0) as client:
                client.settimeout(2.0)
                client.sendall(b"ping")
                answer = client.recv(4)
            answering.join(2.0)
    except OSError as error:
        return [Finding("loopback", "fail", f"{HOST}: {error}", "a firewall or sandbox is in the way")]
    if answer != b"ping":
        return [Finding("loopback", "fail", f"{HOST} answers {answer!r} to b'ping'", "a firewall is in the way")]
    proxies = urllib.request.getproxies()
    if proxies.get("http") and not urllib.request.proxy_bypass(HOST):
        return [
            Finding(
                "loopback",
                "warn",
                f"works, but your tools will ask the proxy {proxies['http'].rpartition('@')[2]} for {HOST}",
                f"set NO_PROXY={HOST},localhost for curl and browsers (the lab itself does not need it)",
            )
        ]
    return [Finding("loopback", "ok", f"{HOST} can be reached")]


def check_disk(directory: StateDirectory) -> list[Finding]:
    place = next(path for path in (directory.root, *directory.root.parents) if path.exists())
    free = shutil.disk_usage(place).free
    found = f"{free / 1e9:.1f} GB free at {place}"
    if free < DISK_FAIL_BYTES:
        return [Finding("disk", "fail", found, "make room, or choose another place: --state-dir")]
    if free < DISK_WARN_BYTES:
        return [Finding("disk", "warn", found, "enough to begin; a day of telemetry may take more")]
    return [Finding("disk", "ok", found)]


def check_memory(stack: str = DEFAULT_STACK) -> list[Finding]:
    available = psutil.virtual_memory().available
    needed = MEMORY_NEEDED_BYTES[stack]
    found = f"{available / 1e6:,.0f} MB available"
    if available < needed:
        return [Finding("memory", "fail", found, f"close something: the lab needs about {needed / 1e6:,.0f} MB")]
    if available < needed + MEMORY_FOR_A_BROWSER_BYTES:
        return [Finding("memory", "warn", found, "enough for the lab, little for a browser beside it")]
    return [Finding("memory", "ok", found)]


def check_clock() -> list[Finding]:
    now = time.time()
    if now < EARLIEST_SANE_UNIX_SECONDS:
        shown = time.strftime("%Y-%m-%d", time.gmtime(now))
        return [Finding("clock", "fail", f"the clock says {shown}", "set the clock: timestamps would lie")]
    # The wall clock against the steady one: a virtual machine that catches up, or a daemon that steps the clock.
    wall, steady = time.time(), time.monotonic()
    time.sleep(0.2)
    step = abs((time.time() - wall) - (time.monotonic() - steady))
    if step > CLOCK_STEP_SECONDS:
        return [
            Finding("clock", "warn", f"jumped by {step:.1f} s just now", "let NTP settle before trusting durations")
        ]
    return [Finding("clock", "ok", time.strftime("%Y-%m-%d %H:%M:%S %Z"))]


def check_native_stack(chosen: bool = False) -> list[Finding]:
    """What is not there is no failure: the telemetry store takes its place."""
    searches = [find_server(program.name) for program in SERVER_PROGRAMS]
    found = [f"{search.program.name} {search.version}".strip() for search in searches if search.path]
    missing = [f"{one.program.name} {one.problem} ({one.program.purpose})" for one in searches if not one.path]
    text = "; ".join([f"found: {', '.join(found) or 'none of its servers'}", *missing])
    if chosen and missing:
        advice = "it starts without them: where it can, the telemetry store takes their place"
        return [Finding("native stack", "warn", text, advice)]
    return [Finding("native stack", "ok", text)]


def check_compose_stack(chosen: bool = False) -> list[Finding]:
    try:
        docker = find_docker()
    except StackUnavailable as error:
        if chosen:
            return [Finding("compose stack", "fail", "cannot be started", str(error))]
        return [Finding("compose stack", "ok", f"cannot be started: {error}")]
    return [Finding("compose stack", "ok", f"`{' '.join(docker.compose)}` can be used, with {docker.cpus} CPUs")]


def check_programs() -> list[Finding]:
    found = [name for name in OPTIONAL_PROGRAMS if shutil.which(name)]
    missing = [f"{name} ({purpose})" for name, purpose in OPTIONAL_PROGRAMS.items() if name not in found]
    text = f"found: {', '.join(found) or 'none'}"
    return [Finding("optional programs", "ok", text + (f"; not found: {', '.join(missing)}" if missing else ""))]


def _left_behind(state: RunState) -> int:
    identities = [process.identity for process in state.processes if process.identity is not None]
    return len(process_group.members(identities, [state.run_id]))


def _is_writable(directory: StateDirectory) -> bool:
    place = next(path for path in (directory.root, *directory.root.parents) if path.exists())
    return place.is_dir() and os.access(place, os.W_OK | os.X_OK)


def _echo_once(server: socket.socket) -> None:
    try:
        connection, _ = server.accept()
        with connection:
            connection.settimeout(2.0)
            connection.sendall(connection.recv(4))
    except OSError:
        # The asking side reports that no answer came.
        return
