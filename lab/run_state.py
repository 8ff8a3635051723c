"""What a running lab says about itself in `.lab/run.json`, so that other invocations of `lab` can find it.

The supervisor is its only writer; the lock beside it says whether that supervisor lives.
"""

import fcntl
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, TextIO

from lab.paths import StateDirectory

Phase = Literal["starting", "running", "stopping", "failed"]
ProcessPhase = Literal["waiting", "starting", "ready", "backing_off", "failed", "stopped"]


@dataclass
class ProcessIdentity:
    """A process id alone can be given to another process later; with the time of creation it is unique."""

    pid: int
    #: Unix seconds, as psutil reports it.
    create_time: float


@dataclass
class ProcessState:
    """One supervised process. Addresses are None for a process that does not serve HTTP."""

    name: str
    #: "backend" for a part of the telemetry stack, "service" for a part of a system, "backing" for what services keep
    #: things in.
    role: str
    system: str | None
    url: str | None
    example_url: str | None
    health_url: str | None
    ready_urls: list[str]
    #: Somebody else starts and ends it: it has no identity here.
    watched_only: bool = False
    #: How long it may take to end before it is killed.
    stop_grace_seconds: float = 0.0
    phase: ProcessPhase = "waiting"
    identity: ProcessIdentity | None = None
    #: Unix seconds of the latest start.
    started_at: float | None = None
    restarts: int = 0
    #: Why it is not running, or why it ran into trouble last.
    message: str | None = None


@dataclass
class RunState:
    """One run of `lab up`."""

    run_id: str
    supervisor: ProcessIdentity
    stack: str
    systems: list[str]
    port_offset: int
    #: Name of the API -> base address: prometheus, loki, tempo, otlp_http, and what else the stack has.
    backends: dict[str, str]
    started_at: float
    phase: Phase = "starting"
    message: str | None = None
    #: What is different from what one may expect of this stack, a sentence each.
    notes: list[str] = field(default_factory=list)
    processes: list[ProcessState] = field(default_factory=list)

    def process(self, name: str) -> ProcessState:
        for process in self.processes:
            if process.name == name:
                return process
        raise KeyError(name)


def write_run_state(directory: StateDirectory, state: RunState) -> None:
    write_json_atomically(directory.run_file, asdict(state))


def read_run_state(directory: StateDirectory) -> RunState | None:
    """The latest run's state, or None when there is none, or none that can be understood."""
    try:
        content = json.loads(directory.run_file.read_text(encoding="utf-8"))
        return _run_state(content)
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError):
        # Another version's file, or a damaged one: what it describes can no longer be known.
        return None


def _run_state(content: dict[str, Any]) -> RunState:
    processes = []
    for item in content.pop("processes"):
        identity = item.pop("identity")
        processes.append(ProcessState(**item, identity=ProcessIdentity(**identity) if identity else None))
    return RunState(**{**content, "supervisor": ProcessIdentity(**content["supervisor"])}, processes=processes)


def write_json_atomically(path: Path, content: Any, mode: int = 0o600) -> None:
    """A reader sees the old content or the new, never half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        os.fchmod(descriptor, mode)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(content, file, indent=2)
            file.write("\n")
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def wait_for_lock(path: Path) -> TextIO:
    """Waits until nobody else holds this lock; closing the file gives it back. Raises OSError."""
    file = path.open("a")
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
    except BaseException:
        file.close()
        raise
    return file


class AlreadyRunning(RuntimeError):
    """Another process supervises this state directory."""


@contextmanager
def supervisor_lock(directory: StateDirectory) -> Iterator[None]:
    """Held for a supervisor's whole life; the kernel frees it however the supervisor ends.

    Raises AlreadyRunning when another process holds it."""
    directory.create()
    with directory.lock_file.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning from None
        yield


def supervisor_is_alive(directory: StateDirectory) -> bool:
    if not directory.lock_file.exists():
        return False
    try:
        with supervisor_lock(directory):
            return False
    except AlreadyRunning:
        return True
