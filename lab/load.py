"""Runs Locust as a process of its own, because it replaces half of Python's standard library, and reads its results."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

from lab.paths import REPOSITORY
from lab.ports import HOST

#: Seconds that users get to finish what they began: so that both sides count the same requests.
FINISH_SECONDS = 15

_REPORT_PLUGIN = "loadtest/report.py"
_POLL_SECONDS = 0.1


class LoadFailed(RuntimeError):
    """Locust ended without results; the message has what it printed."""


@dataclass(frozen=True)
class LoadPlan:
    """What load to put on what."""

    #: A Locust file, relative to the repository.
    locustfile: str
    #: Where users enter, such as http://127.0.0.1:8001.
    host: str
    users: int
    spawn_rate: float
    duration_seconds: int


def run_headless(plan: LoadPlan, on_progress: Callable[[], None]) -> dict[str, Any]:
    """The report that loadtest/report.py leaves. Calls `on_progress` about ten times a second. Raises LoadFailed."""
    with tempfile.TemporaryDirectory(prefix="lab-load-") as directory:
        report = Path(directory) / "report.json"
        output = Path(directory) / "output.txt"
        with output.open("w") as file:
            process = subprocess.Popen(
                [
                    *_locust(plan),
                    "--headless",
                    "--only-summary",
                    "--run-time",
                    f"{plan.duration_seconds}s",
                    "--stop-timeout",
                    str(FINISH_SECONDS),
                    "--loglevel",
                    "WARNING",
                ],
                cwd=REPOSITORY,
                env={**_environment(plan.host), "LOADTEST_REPORT": str(report)},
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
            )
            _wait(process, on_progress)
        if not report.exists():
            raise LoadFailed(f"Locust ended with code {process.returncode}:\n{output.read_text()[-2000:]}")
        content = json.loads(report.read_text(encoding="utf-8"))
    if not isinstance(content, dict):
        raise LoadFailed("Locust's report is not an object")
    return content


def become_web(plan: LoadPlan, port: int) -> NoReturn:
    """Replaces this process by Locust with its web page."""
    command = [*_locust(plan), "--web-host", HOST, "--web-port", str(port)]
    os.chdir(REPOSITORY)
    os.execve(command[0], command, _environment(plan.host))


def _locust(plan: LoadPlan) -> list[str]:
    return [
        sys.executable,
        "-m",
        "locust",
        "--locustfile",
        f"{plan.locustfile},{_REPORT_PLUGIN}",
        "--host",
        plan.host,
        "--users",
        str(plan.users),
        "--spawn-rate",
        f"{plan.spawn_rate:g}",
    ]


def _environment(host: str) -> dict[str, str]:
    """A proxy that is set for the world is not asked for the target."""
    environment = dict(os.environ)
    target = urlsplit(host).hostname or HOST
    for variable in ("NO_PROXY", "no_proxy"):
        environment[variable] = ",".join(filter(None, [target, environment.get(variable)]))
    return environment


def _wait(process: "subprocess.Popen[bytes]", on_progress: Callable[[], None]) -> None:
    # Whoever ends the command ends the load with it.
    previous = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        while True:
            try:
                process.wait(timeout=_POLL_SECONDS)
                return
            except subprocess.TimeoutExpired:
                on_progress()
    except KeyboardInterrupt:
        # Cut short, but with results: Locust ends its users and reports at SIGTERM and at Ctrl-C alike.
        process.terminate()
        process.wait()
    finally:
        signal.signal(signal.SIGTERM, previous)
