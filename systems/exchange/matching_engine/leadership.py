"""One engine trades: the one that holds a lock in the database. A second one waits until the first has gone."""

from __future__ import annotations

import threading
from collections.abc import Callable

from observability import Telemetry
from observability.errors import ServiceUnavailable
from observability.postgresql import Database, HeldLock

#: Any number will do, as long as nobody else locks it.
_LOCK = 0x6D61_7463
_LOOK_SECONDS = 0.5


class Leadership:
    """Whether this process is the one that trades; what it does then is told to `start`."""

    def __init__(self, database: Database, telemetry: Telemetry) -> None:
        self._database = database
        self._logger = telemetry.logger
        self._lock: HeldLock | None = None
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, begin: Callable[[], None], end: Callable[[], None]) -> None:
        """From now on call `begin` whenever this process becomes the one that trades, `end` when it no longer is.

        Both from one thread in the background. A `begin` that the database fails is tried again.
        """
        self._thread = threading.Thread(target=self._run, args=(begin, end), name="leadership", daemon=True)
        self._thread.start()

    def stop(self, timeout_seconds: float = 3.0) -> None:
        """Trade no longer, and let another one. May be called more than once."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join(timeout_seconds)

    def is_held(self) -> bool:
        """Whether this process is the one that trades."""
        lock = self._lock
        return lock is not None and lock.is_held()

    def _run(self, begin: Callable[[], None], end: Callable[[], None]) -> None:
        while not self._stopped.is_set():
            try:
                self._lock = self._database.hold(_LOCK)
                if self._lock is not None:
                    self._lead(self._lock, begin, end)
            except ServiceUnavailable as error:
                self._logger.warning("This engine cannot trade: %s", error.message)
            except Exception as error:
                # Whatever it was: an engine that gives up for ever looks the same as one that waits.
                self._logger.exception("This engine cannot trade: %s", error)
            self._stopped.wait(_LOOK_SECONDS)

    def _lead(self, lock: HeldLock, begin: Callable[[], None], end: Callable[[], None]) -> None:
        self._logger.info("This engine trades from now on")
        try:
            begin()
            while lock.is_held() and not self._stopped.wait(_LOOK_SECONDS):
                pass
        finally:
            self._lock = None
            end()
            lock.release()
            self._logger.warning("This engine trades no longer")
