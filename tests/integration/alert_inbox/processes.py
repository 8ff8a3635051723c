"""The inbox and Alertmanager as real processes on free ports of the loopback."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

import pytest
import requests

from tests.machine import program


def wait_for(condition: Callable[[], bool], what: str, seconds: float = 30.0) -> None:
    """Returns when the condition holds, or fails the test."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(f"not within {seconds:g} s: {what}")
        time.sleep(0.05)


def answers(address: str) -> bool:
    """Whether somebody answers 200 there."""
    try:
        return requests.get(address, timeout=2).status_code == 200
    except requests.RequestException:
        return False


class Process:
    """A process that is ready inside the `with` block, and gone after it."""

    def __init__(self, command: list[str], environment: dict[str, str], ready: str, log: Path) -> None:
        self._ready = ready
        with log.open("ab") as output:
            self.process = subprocess.Popen(command, env=os.environ | environment, stdout=output, stderr=output)

    def answers(self) -> bool:
        return answers(self._ready)

    def __enter__(self) -> Process:
        wait_for(lambda: self.answers() or self.process.poll() is not None, f"{self._ready} answers")
        assert self.process.poll() is None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.process.terminate()
        self.process.wait(10)


class InboxProcess(Process):
    """`python -m alert_inbox`."""

    def __init__(self, port: int, file: Path) -> None:
        self.port, self.url = port, f"http://127.0.0.1:{port}"
        environment = {"ALERT_INBOX_PORT": str(port), "ALERT_INBOX_FILE": str(file)}
        super().__init__(
            [sys.executable, "-m", "alert_inbox"], environment, f"{self.url}/ready", file.with_suffix(".log")
        )

    def __enter__(self) -> InboxProcess:
        super().__enter__()
        return self


class AlertmanagerProcess(Process):
    """A real Alertmanager with the configuration in `file`. Skips the test where there is none, but in CI."""

    def __init__(self, port: int, file: Path) -> None:
        self.url = f"http://127.0.0.1:{port}"
        command = [
            program("prometheus-alertmanager", "alertmanager", package="prometheus-alertmanager"),
            f"--config.file={file}", f"--storage.path={file.parent / 'alertmanager'}",
            f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address=",
        ]  # fmt: skip
        super().__init__(command, {}, f"{self.url}/-/ready", file.with_suffix(".log"))

    def __enter__(self) -> AlertmanagerProcess:
        super().__enter__()
        return self
