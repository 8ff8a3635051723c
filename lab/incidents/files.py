"""The files of an incident, in the lab's state directory: what everybody may know, and what nobody may before the end.

    incident/status.json   what a player may know
    incident/truth.json    what really happens; for `report`, after the answer
    incident/report.json   the score, once there is one
    incident/watcher.log   what the process that watches has printed; it may tell the truth

The folder is its owner's alone. That keeps classmates out; a program of the same user could open it, and would cheat.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from lab.paths import StateDirectory
from lab.run_state import write_json_atomically


class IncidentRunning(RuntimeError):
    """There is one already."""


class IncidentFiles:
    """Of the one incident of a lab: the one that runs, else the last."""

    def __init__(self, state_dir: StateDirectory) -> None:
        self.folder = state_dir.root / "incident"
        self.log = self.folder / "watcher.log"

    @contextmanager
    def held(self) -> Iterator[None]:
        """For as long as an incident runs. The kernel lets go however the process ends. Raises IncidentRunning."""
        self._prepare()
        with (self.folder / "lock").open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise IncidentRunning from None
            yield

    def is_running(self) -> bool:
        if not (self.folder / "lock").exists():
            return False
        try:
            with self.held():
                return False
        except IncidentRunning:
            return True

    def forget(self) -> None:
        """Everything but the lock, of an incident that has ended."""
        for name in ("status.json", "truth.json", "report.json"):
            (self.folder / name).unlink(missing_ok=True)

    def remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def status(self) -> dict[str, Any] | None:
        return self._read("status.json")

    def write_status(self, content: Mapping[str, Any]) -> None:
        self._write("status.json", content)

    def truth(self) -> dict[str, Any] | None:
        return self._read("truth.json")

    def write_truth(self, content: Mapping[str, Any]) -> None:
        self._write("truth.json", content)

    def report(self) -> dict[str, Any] | None:
        return self._read("report.json")

    def write_report(self, content: Mapping[str, Any]) -> None:
        self._write("report.json", content)

    def open_log(self) -> int:
        self._prepare()
        return os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)

    def _prepare(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)

    def _write(self, name: str, content: Mapping[str, Any]) -> None:
        self._prepare()
        write_json_atomically(self.folder / name, dict(content), mode=0o600)

    def _read(self, name: str) -> dict[str, Any] | None:
        try:
            content = json.loads((self.folder / name).read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return None
        return content if isinstance(content, dict) else None


def refusal(state_dir: StateDirectory) -> str | None:
    """Why nobody may look at what is on, or change it; None when no incident runs."""
    if IncidentFiles(state_dir).is_running():
        return (
            "an incident runs, and what is on is for its player to find out. "
            "Answer it (python3 lab incident answer), or end it: python3 lab incident stop"
        )
    return None
