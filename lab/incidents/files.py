"""The files of an incident, in the lab's state directory: what everybody may know, and what nobody may before the end.

    incident/status.json   what a player may know
    incident/truth.json    what really happens; for `report`, after the answer
    incident/report.json   the score, once there is one
    incident/watcher.log   what the process that watches has printed; it may tell the truth

The folder is its owner's alone. That keeps classmates out; a program of the same user could open it, and would cheat.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from lab.paths import StateDirectory
from lab.private_folder import Held, PrivateFolder


class IncidentRunning(RuntimeError):
    """There is one already."""


class IncidentFiles:
    """Of the one incident of a lab: the one that runs, else the last."""

    def __init__(self, state_dir: StateDirectory) -> None:
        self._files = PrivateFolder(state_dir.root / "incident")
        self.folder = self._files.path
        self.log = self.folder / "watcher.log"

    @contextmanager
    def held(self) -> Iterator[None]:
        """For as long as an incident runs. The kernel lets go however the process ends. Raises IncidentRunning."""
        try:
            with self._files.held():
                yield
        except Held:
            raise IncidentRunning from None

    def is_running(self) -> bool:
        return self._files.is_held()

    def forget(self) -> None:
        """Everything but the lock, of an incident that has ended."""
        self._files.remove("status.json", "truth.json", "report.json")

    def remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def status(self) -> dict[str, Any] | None:
        return self._files.read("status.json")

    def write_status(self, content: Mapping[str, Any]) -> None:
        self._files.write("status.json", content)

    def truth(self) -> dict[str, Any] | None:
        return self._files.read("truth.json")

    def write_truth(self, content: Mapping[str, Any]) -> None:
        self._files.write("truth.json", content)

    def report(self) -> dict[str, Any] | None:
        return self._files.read("report.json")

    def write_report(self, content: Mapping[str, Any]) -> None:
        self._files.write("report.json", content)

    def open_log(self) -> int:
        return self._files.open_log(self.log.name)


def refusal(state_dir: StateDirectory) -> str | None:
    """Why nobody may look at what is on, or change it; None when no incident runs."""
    if IncidentFiles(state_dir).is_running():
        return (
            "an incident runs, and what is on is for its player to find out. "
            "Answer it (python3 lab incident answer), or end it: python3 lab incident stop"
        )
    return None
