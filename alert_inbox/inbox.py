"""The newest notifications: in memory for readers, and in a file of JSON lines that outlives the process.

Bounded in number and in bytes, so a storm of alerts fills neither memory nor disk.
"""

from __future__ import annotations

import os
import sys
import threading
from collections import deque
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import orjson

MAX_NOTIFICATIONS = 1000
MAX_BYTES = 32 * 1024 * 1024


class Inbox:
    """Safe to use from several threads, but by one process alone: nobody else may write the file.

    inbox = Inbox(Path("inbox.jsonl"))
    inbox.add(message)
    inbox.newest(10)      # the newest first, each with `receivedAt`

    Raises OSError when the file cannot be read or written at the start. Later a failing disk costs only the copy on it:
    `failure` says why, and the next notification tries to write everything again.
    """

    def __init__(self, file: Path, *, max_notifications: int = MAX_NOTIFICATIONS, max_bytes: int = MAX_BYTES) -> None:
        self._file = file
        self._max_notifications = max_notifications
        self._max_bytes = max_bytes
        #: JSON lines without their line ends, the oldest first.
        self._lines: deque[bytes] = deque()
        self._bytes = 0
        self._lines_in_file = 0
        self._lock = threading.Lock()
        #: Why the file is behind; None when it is not.
        self.failure: str | None = None
        file.parent.mkdir(parents=True, exist_ok=True)
        for line in file.read_bytes().split(b"\n") if file.exists() else ():
            # A process that was killed while it wrote leaves a torn last line.
            if _readable(line):
                self._keep(line)
        # Without torn lines and those that there is no room for.
        self._write_all()

    def __len__(self) -> int:
        return len(self._lines)

    def add(self, message: dict[str, Any]) -> None:
        """Keep the message, with the time as `receivedAt`; the oldest make room."""
        received_at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        line = orjson.dumps({"receivedAt": received_at, **message})
        with self._lock:
            self._keep(line)
            try:
                # Appending forever would let the file grow; writing it anew each time would be slow.
                if self.failure or self._lines_in_file >= 2 * self._max_notifications:
                    self._write_all()
                else:
                    with self._file.open("ab") as file:
                        file.write(line + b"\n")
                    self._lines_in_file += 1
                self.failure = None
            except OSError as error:
                self.failure = f"{self._file} cannot be written: {error.strerror or error}"
                print(self.failure, file=sys.stderr, flush=True)

    def newest(self, limit: int) -> list[dict[str, Any]]:
        """Up to `limit` notifications, the newest first."""
        with self._lock:
            lines = list(islice(reversed(self._lines), limit))
        return [orjson.loads(line) for line in lines]

    def _keep(self, line: bytes) -> None:
        self._lines.append(line)
        self._bytes += len(line)
        while len(self._lines) > self._max_notifications or self._bytes > self._max_bytes:
            self._bytes -= len(self._lines.popleft())

    def _write_all(self) -> None:
        # Aside and then renamed: whoever is killed in between leaves the old file.
        new = self._file.with_name(f"{self._file.name}.new")
        new.write_bytes(b"".join(line + b"\n" for line in self._lines))
        os.replace(new, self._file)
        self._lines_in_file = len(self._lines)


def _readable(line: bytes) -> bool:
    try:
        return isinstance(orjson.loads(line), dict)
    except orjson.JSONDecodeError:
        return False
