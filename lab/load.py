"""Runs Locust as a process of its own, because it replaces half of Python's standard library, and reads its results."""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

from lab.end_signals import ends_by_interrupt
from lab.paths import REPOSITORY
from lab.ports import HOST

#: Seconds that users get to finish what they began: so that both sides count the same requests.
FINISH_SECONDS = 15

_PLUGINS = ("loadtest/report.py", "loadtest/metrics.py")
_POLL_SECONDS = 0.1

#: How Locust's log shows what the metrics plugin has to say.
_PLUGIN_WARNING = re.compile(r"/WARNING/loadtest\.metrics: (.+)")


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
    #: Where the load test's own metrics are served, host:port.
    metrics_address: str
    #: Where it announces them to whoever scrapes the lab; None: nowhere.
    targets_directory: Path | None = None


@dataclass(frozen=True)
class LoadResult:
    """What loadtest/report.py left, and what did not go as it should without stopping the load."""

    report: dict[str, Any]
    warnings: list[str]


def run_headless(plan: LoadPlan, on_progress: Callable[[], None]) -> LoadResult:
    """Runs to the end. Calls `on_progress` about ten times a second. Raises LoadFailed."""
    with tempfile.TemporaryDirectory(prefix="lab-load-") as directory:
        report = Path(directory) / "report.json"
        output = Path(directory) / "output.txt"
        # Whoever ends the command ends the load with it.
        with output.open("w") as file, ends_by_interrupt():
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
                env={**_environment(plan), "LOADTEST_REPORT": str(report)},
                # Ctrl-C in a terminal is for this process to pass on: told twice, Locust would not wait for a scrape.
                start_new_session=True,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
            )
            _wait(process, on_progress)
        if not report.exists():
            raise LoadFailed(f"Locust ended with code {process.returncode}:\n{output.read_text()[-2000:]}")
        content = json.loads(report.read_text(encoding="utf-8"))
        warnings = _PLUGIN_WARNING.findall(output.read_text(encoding="utf-8", errors="replace"))
    if not isinstance(content, dict):
        raise LoadFailed("Locust's report is not an object")
    return LoadResult(content, warnings)


def become_web(plan: LoadPlan, port: int) -> NoReturn:
    """Replaces this process by Locust with its web page."""
    command = [*_locust(plan), "--web-host", HOST, "--web-port", str(port)]
    os.chdir(REPOSITORY)
    os.execve(command[0], command, _environment(plan))


def _locust(plan: LoadPlan) -> list[str]:
    return [
        sys.executable,
        "-m",
        "locust",
        "--locustfile",
        ",".join([plan.locustfile, *_PLUGINS]),
        "--host",
        plan.host,
        "--users",
        str(plan.users),
        "--spawn-rate",
        f"{plan.spawn_rate:g}",
    ]


def _environment(plan: LoadPlan) -> dict[str, str]:
    """What Locust's plugins are told. A proxy that is set for the world is not asked for the target."""
    environment = {**os.environ, "LOADTEST_METRICS_ADDRESS": plan.metrics_address}
    if plan.targets_directory is not None:
        environment["LOADTEST_TARGETS_DIR"] = str(plan.targets_directory)
    target = urlsplit(plan.host).hostname or HOST
    for variable in ("NO_PROXY", "no_proxy"):
        environment[variable] = ",".join(filter(None, [target, environment.get(variable)]))
    return environment


def _wait(process: "subprocess.Popen[bytes]", on_progress: Callable[[], None]) -> None:
    try:
        while True:
            try:
                process.wait(timeout=_POLL_SECONDS)
                return
            except subprocess.TimeoutExpired:
                on_progress()
    except KeyboardInterrupt:
        # Cut short, but with results: Locust ends its users and reports at SIGTERM.
        process.terminate()
        try:
            process.wait()
        except KeyboardInterrupt:
            # Not even the last scrape is to be waited for; the metrics plugin tells this signal from the other.
            process.send_signal(signal.SIGINT)
            process.wait()
