"""A learner's service as a process: started, watched, and ended whatever happens."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from lab import process_group
from lab.exercises.services.versions import FILE_NAME
from lab.paths import REPOSITORY

_TRACEBACK = "Traceback (most recent call last)"
_FRAME = re.compile(r'^\s+File "(?P<file>[^"]+)", line (?P<line>\d+)')

#: Settings of a shell that would make telemetry another than the exercise speaks of.
_NOT_INHERITED = ("OTEL_", "PROMETHEUS_")


def command(folder: Path, name: str, *options: str) -> list[str]:
    """That runs the service in a folder, with the lab's own Python, for as long as this process lives at most."""
    runner = [sys.executable, "-m", "lab.exercises.services.runner", str(folder)]
    return [*runner, "--name", name, "--parent", str(os.getpid()), *options]


def environment(added: Mapping[str, str]) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(_NOT_INHERITED)}
    return {
        **inherited,
        **added,
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": os.pathsep.join(filter(None, [str(REPOSITORY), os.environ.get("PYTHONPATH")])),
        # Everything talks over loopback; a proxy that is set for the world must not be asked.
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
    }


class ServiceProcess:
    """The service of a folder, listening on a free port of this machine until the block ends.

    What it writes is kept in `scratch`, an empty directory."""

    def __init__(self, folder: Path, name: str, scratch: Path, variables: Mapping[str, str]) -> None:
        self._folder = folder
        self._name = name
        self._variables = variables
        self._output, self._errors = scratch / "output", scratch / "errors"
        self._span_file = scratch / "spans"
        self.url = ""

    def __enter__(self) -> Self:
        # Listening before the service does: what is asked too early waits, and nobody else can take the port.
        with socket.create_server(("127.0.0.1", 0)) as listening:
            self.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
            options = ("--socket", str(listening.fileno()), "--span-file", str(self._span_file))
            with self._output.open("wb") as output, self._errors.open("wb") as errors:
                self._child = subprocess.Popen(
                    command(self._folder, self._name, *options),
                    env=environment(self._variables),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=errors,
                    pass_fds=[listening.fileno()],
                    start_new_session=True,
                )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        process_group.kill_group(self._child.pid)
        self._child.wait()

    def has_ended(self, within_seconds: float = 0.0) -> bool:
        try:
            self._child.wait(within_seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def output(self) -> str:
        return _read(self._output)

    def errors(self) -> str:
        return _read(self._errors)

    def spans(self) -> str:
        """JSON lines, as the runner writes them."""
        return _read(self._span_file) if self._span_file.exists() else ""


def last_error(errors: str) -> str:
    """The last error in what a service wrote to standard error, with its place in `app.py`: "`NameError: name 'x' is
    not defined` in line 12 of app.py". Empty when it wrote nothing."""
    lines = errors.rstrip().splitlines()
    begins = [number for number, line in enumerate(lines) if line.startswith(_TRACEBACK)]
    if not begins:
        return f"`{lines[-1].strip()}`" if lines else ""
    place = ""
    for line in lines[begins[-1] + 1 :]:
        frame = _FRAME.match(line)
        if frame is not None and Path(frame["file"]).name == FILE_NAME and "site-packages" not in frame["file"]:
            place = f" in line {frame['line']} of {FILE_NAME}"
        if line and not line[0].isspace():
            return f"`{line.strip()}`{place}"
    return f"`{lines[-1].strip()}`{place}"


def _read(file: Path) -> str:
    return file.read_text(encoding="utf-8", errors="replace")
