"""Keeps `docker compose up` running: `python -m lab.stacks.compose_runner STATE_DIR CONTAINER,… docker compose …`.

What a container prints goes to its own output file, as on every other stack; what Compose itself says is printed. At
SIGTERM the containers end as docker-compose.yml says, each in its time, and go; their volumes stay.
"""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from types import FrameType
from typing import IO

from lab import output_file
from lab.end_signals import END_SIGNALS
from lab.paths import StateDirectory

#: "frontend-1  | what it printed"
_LINE = re.compile(r"(?P<name>[a-z][a-z0-9-]*?)-\d+\s+\| ?(?P<text>.*)", re.DOTALL)

_POLL_SECONDS = 0.1

#: `up` ends by itself once its containers are gone.
_UP_ENDS_SECONDS = 10.0


def main(arguments: Sequence[str]) -> int:
    """The exit code; never 0 unless somebody asked it to end."""
    directory, named, *compose = arguments
    containers = named.split(",")
    compose += ["--ansi", "never", "--progress", "plain"]
    end = _End()
    # Sessions of their own: a signal that is meant for this process would make Compose end in its own way, and a second
    # one kill the containers.
    up = subprocess.Popen(
        [*compose, "up", "--no-color", *containers],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    if up.stdout is None:
        raise AssertionError("its output is a pipe")
    output = (up.stdout, StateDirectory.choose(directory), containers)
    reader = threading.Thread(target=_distribute, args=output, daemon=True)
    reader.start()
    while up.poll() is None and not end.requested:
        time.sleep(_POLL_SECONDS)
    if not end.requested:
        reader.join(timeout=_UP_ENDS_SECONDS)
        print(f"`docker compose up` has ended with exit code {up.returncode}; why is said above", flush=True)
    # Also after a failed start: nothing of a lab that did not come up stays.
    subprocess.run(
        [*compose, "down", "--remove-orphans"], stdin=subprocess.DEVNULL, start_new_session=True, check=False
    )
    try:
        up.wait(timeout=_UP_ENDS_SECONDS)
    except subprocess.TimeoutExpired:
        up.terminate()
    reader.join(timeout=_UP_ENDS_SECONDS)
    return 0 if end.requested else up.returncode or 1


class _End:
    """Whether somebody asked this process to end."""

    requested = False

    def __init__(self) -> None:
        for number in END_SIGNALS:
            signal.signal(number, self._handle)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        self.requested = True


def _distribute(lines: IO[bytes], directory: StateDirectory, containers: Sequence[str]) -> None:
    files = {name: output_file.open_for_process(directory.output_file(name)) for name in containers}
    for line in lines:
        found = _LINE.fullmatch(line.decode("utf-8", errors="replace"))
        if found and found["name"] in files:
            os.write(files[found["name"]], found["text"].encode())
        else:
            sys.stdout.buffer.write(line)
            sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
