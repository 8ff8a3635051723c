"""A folder of a lab's state directory that is its owner's alone: JSON files, a log, and a lock that a process holds."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lab.run_state import write_json_atomically


class Held(RuntimeError):
    """Another process holds the folder's lock."""


class PrivateFolder:
    """Made at the first writing."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self, name: str) -> dict[str, Any] | None:
        """None without the file, and when it holds no JSON object."""
        try:
            content = json.loads((self.path / name).read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return None
        return content if isinstance(content, dict) else None

    def write(self, name: str, content: Mapping[str, Any]) -> None:
        self._prepare()
        write_json_atomically(self.path / name, dict(content), mode=0o600)

    def remove(self, *names: str) -> None:
        """Those that are there."""
        for name in names:
            (self.path / name).unlink(missing_ok=True)

    def open_log(self, name: str) -> int:
        """The file descriptor of an empty log."""
        self._prepare()
        return os.open(self.path / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Nobody else holds it meanwhile; the kernel lets go however the process ends. Raises Held."""
        self._prepare()
        with (self.path / "lock").open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Held from None
            yield

    def is_held(self) -> bool:
        if not (self.path / "lock").exists():
            return False
        try:
            with self.held():
                return False
        except Held:
            return True

    def _prepare(self) -> None:
        self.path.mkdir(parents=True, exist_ok=True)
        self.path.chmod(0o700)
