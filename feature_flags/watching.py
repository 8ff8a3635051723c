"""Watches the flag file from a thread, and loads flagd's provider once there is something to read."""

from __future__ import annotations

import logging
import threading
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from feature_flags.flags import FeatureFlags

if TYPE_CHECKING:
    from feature_flags.flagd_file import FlagdFile

#: Between two looks at the file; a change must be in effect well within a second.
POLL_SECONDS = 0.25

_CLOSE_WITHIN_SECONDS = 1.0

_logger = logging.getLogger("feature_flags")


class _Version(NamedTuple):
    """What tells one content of the file from the next."""

    #: As a float: so coarsely the provider compares it, too.
    modified_seconds: float
    inode: int
    size_bytes: int


class WatchedFlags(FeatureFlags):
    """The flags of one file.

    No file: every flag is off. A file that cannot be used: the flags stay as they were, and one line says so until it
    has been mended.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        self._closed = False
        self._news = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="flag-file", daemon=True)
        self._file: FlagdFile | None = None
        self._version: _Version | None = None
        self._reported = False

    def start(self) -> None:
        """Begin to watch. Returns at once."""
        self._thread.start()

    def close(self) -> None:
        """Watch no longer; the flags stay as they are. May be called more than once."""
        self._closed = True
        self._news.set()
        if self._thread.is_alive() and threading.current_thread() is not self._thread:
            self._thread.join(_CLOSE_WITHIN_SECONDS)

    def _watch(self) -> None:
        while not self._closed:
            try:
                self._look()
            except Exception as error:
                self._report(f"{type(error).__name__}: {error}")
            self._news.wait(POLL_SECONDS)
            self._news.clear()
        self._let_go()

    def _look(self) -> None:
        version = self._version_now()
        if version is None:
            self._let_go()
            self._reported = False
            self.apply({})
            return
        while self._file is None or self._would_be_overlooked(version):
            self._let_go()
            self._version = version
            self._file = self._open()
            # flagd reads the file first and its time later: a change between the two it would never notice.
            version = self._version_now() or version
        self._version = version
        state = self._file.state()
        if state.values is not None:
            self.apply(state.values)
        if state.problem:
            self._report(state.problem)
        elif self._reported:
            self._reported = False
            # As loud as what it takes back: a service that sets up no logging shows nothing below a warning.
            _logger.warning("%s can be used again", self._path)

    def _open(self) -> FlagdFile:
        # Here and not above: grpc, which comes with it, takes 0.3 s and 18 MB in each service.
        from feature_flags.flagd_file import FlagdFile

        return FlagdFile(self._path, POLL_SECONDS, on_news=self._news.set)

    def _would_be_overlooked(self, version: _Version) -> bool:
        """flagd reads a file again when it is younger than what it read. One that is older may be put in its place."""
        known = self._version
        return known is not None and version != known and version.modified_seconds <= known.modified_seconds

    def _version_now(self) -> _Version | None:
        try:
            status = self._path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        return _Version(status.st_mtime, status.st_ino, status.st_size)

    def _let_go(self) -> None:
        if self._file is not None:
            self._file.close()
        self._file = self._version = None

    def _report(self, problem: str) -> None:
        if not self._reported:
            self._reported = True
            _logger.warning("%s cannot be used, and what it said before stays in effect: %s", self._path, problem)
