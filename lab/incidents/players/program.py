"""Runs somebody's program as a player: for so long and no longer, and with everything that it has started.

What it prints is read so that it never waits for us, and forgotten but for the end.
"""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from typing import IO

from lab import process_group

#: A program that takes longer gets no more time.
PROGRAM_SECONDS = 120.0

_POLL_SECONDS = 0.05
_CHUNK_BYTES = 65_536
#: Of what it printed last, this much is told when it fails.
_TOLD_BYTES = 300


class ProgramStopped(Exception):
    """Somebody has ended the whole, and the program with it."""


def run_program(
    command: Sequence[str],
    environment: Mapping[str, str],
    stop: threading.Event,
    seconds: float = PROGRAM_SECONDS,
) -> str:
    """Runs it to its end; what was wrong with it, or nothing. Raises ProgramStopped."""
    try:
        # A session of its own: Ctrl-C is for us to hear, and what it leaves behind can be found.
        program = subprocess.Popen(
            command,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        return f"it cannot be started: {error}"
    output = _Output(program.stdout)
    try:
        code = _wait(program, stop, seconds)
    finally:
        # Also what it has started and left behind.
        process_group.kill_group(program.pid)
        program.wait()
        output.close()
    if code is None:
        return f"it took longer than {seconds:g} s"
    return f"exit code {code}: {output.end}".rstrip(": ") if code else ""


def _wait(program: subprocess.Popen[bytes], stop: threading.Event, seconds: float) -> int | None:
    """Its exit code; None when its time is over. Raises ProgramStopped."""
    deadline = time.monotonic() + seconds
    while program.poll() is None:
        if stop.wait(_POLL_SECONDS):
            raise ProgramStopped
        if time.monotonic() > deadline:
            return None
    return program.returncode


class _Output:
    """The end of what comes out of a pipe, read by a thread."""

    def __init__(self, pipe: IO[bytes] | None) -> None:
        assert pipe is not None
        self._pipe = pipe
        self._last = b""
        self._thread = threading.Thread(target=self._read, name="program-output", daemon=True)
        self._thread.start()

    @property
    def end(self) -> str:
        """In one line, without what a terminal would take as a command."""
        text = " ".join(self._last.decode(errors="replace").split())
        return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)

    def close(self) -> None:
        # A process that has left the group may hold the other end for ever.
        self._thread.join(timeout=1)
        if not self._thread.is_alive():
            self._pipe.close()

    def _read(self) -> None:
        while some := self._pipe.read1(_CHUNK_BYTES):  # type: ignore[attr-defined]
            self._last = (self._last + some)[-_TOLD_BYTES:]
