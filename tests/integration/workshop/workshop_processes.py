"""The instructor's command as a process, and learners' labs that are no more than a state directory."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from lab.exercises.learner import LEARNER_VARIABLE
from lab.exercises.progress import PROGRESS_FILE_VARIABLE
from lab.faults.catalogue import read_catalogue
from lab.faults.flag_file import FlagFile
from lab.paths import REPOSITORY, STATE_DIR_VARIABLE, StateDirectory
from lab.process_group import identify
from lab.run_state import RunState, supervisor_lock, write_run_state
from lab.workshop.membership import MembershipFiles

_SECONDS = 30.0


def poll(condition: Callable[[], Any], what: str) -> Any:
    deadline = time.monotonic() + _SECONDS
    while not (value := condition()):
        assert time.monotonic() < deadline, f"not within {_SECONDS:g} s: {what}"
        time.sleep(0.05)
    return value


@dataclass
class Workshop:
    """What `lab workshop serve` has printed, and asking it."""

    address: str
    secret: str

    def ask(self, path: str, content: dict[str, Any] | None = None) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.secret}"}
        method = "GET" if content is None else "POST"
        answer = requests.request(method, self.address + path, json=content, headers=headers, timeout=10)
        assert answer.ok, answer.text
        told = answer.json()
        assert isinstance(told, dict)
        return told

    def learner(self, name: str) -> dict[str, Any] | None:
        """As the instructor sees them."""
        return next((one for one in self.ask("/api/instructor/roster")["learners"] if one["name"] == name), None)

    def order(self, to: dict[str, Any], do: str, **more: Any) -> None:
        """Given, and answered by every learner whom it reaches."""
        names = self.ask("/api/instructor/orders", {"to": to, "do": do, **more})["given"]
        for name in names:
            poll(lambda name=name: self.outcome(name) != "waiting", f"an answer of {name}")  # type: ignore[misc]

    def outcome(self, name: str) -> str:
        learner = self.learner(name)
        assert learner is not None
        return str(learner["order"]["state"])


@contextmanager
def served_workshop(state_dir: Path, port: int) -> Iterator[Workshop]:
    """`python3 lab workshop serve` until the block ends; its exit code is 0 then."""
    process = subprocess.Popen(
        [sys.executable, str(REPOSITORY / "lab"), "workshop", "serve", "--port", str(port)],
        env={**os.environ, STATE_DIR_VARIABLE: str(state_dir)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        secret = None
        for line in process.stdout:
            if secret := re.search(r"/instructor#(\S+)$", line):
                break
        assert secret, "the secret address was not printed"
        yield Workshop(f"http://127.0.0.1:{port}", secret[1])
    finally:
        process.terminate()
        process.communicate(timeout=_SECONDS)
    assert process.returncode == 0


@dataclass
class LearnersLab:
    """A lab as far as a workshop sees one: it runs, and has a flag file."""

    directory: StateDirectory

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """`python3 lab workshop …` of this learner."""
        return subprocess.run(
            [sys.executable, str(REPOSITORY / "lab"), "workshop", *arguments],
            capture_output=True,
            text=True,
            env={
                **os.environ,
                STATE_DIR_VARIABLE: str(self.directory.root),
                PROGRESS_FILE_VARIABLE: str(self.directory.root / "progress.json"),
                LEARNER_VARIABLE: "learner",
            },
            timeout=60,
            check=False,
        )

    def on(self) -> set[str]:
        flags = FlagFile(self.directory.flag_file).switched_on()
        return {name for name, fault in read_catalogue().items() if fault.flag in flags}

    @property
    def files(self) -> MembershipFiles:
        return MembershipFiles(self.directory)

    @contextmanager
    def running(self) -> Iterator[None]:
        with supervisor_lock(self.directory):
            state = RunState("run", identify(os.getpid()), "embedded", ["chain"], 0, {}, time.time())
            write_run_state(self.directory, state)
            yield
