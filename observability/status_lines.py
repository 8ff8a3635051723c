"""Status lines: what the process takes, as a log line every so often, for whoever reads logs only."""

from __future__ import annotations

import gc
import logging
import threading
import time

#: More lines a second than this would take the place of others in the queue to Loki.
MAX_LINES_PER_SECOND = 1_000


class StatusLines:
    """Writes one line after the other to `logger`, from a thread of its own, between `every` and `stop`."""

    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def every(self, seconds: float) -> None:
        """Write a line each `seconds` from now on. Raises ValueError for more lines than `MAX_LINES_PER_SECOND`."""
        if not seconds * MAX_LINES_PER_SECOND >= 1:
            raise ValueError(f"a status line every {seconds} s: expected at most {MAX_LINES_PER_SECOND} in a second")
        self.stop()
        self._stopping = threading.Event()
        self._thread = threading.Thread(
            target=self._run, args=(seconds, self._stopping), name="telemetry-status", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Write no more. May be called more than once."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(1)
            self._thread = None

    def _run(self, seconds: float, stopping: threading.Event) -> None:
        due = time.monotonic()
        while not stopping.wait(max(0.0, due - time.monotonic())):
            self._write()
            # What could not be written in time is not made up for.
            due = max(due + seconds, time.monotonic())

    def _write(self) -> None:
        cpu_seconds = time.process_time()
        threads = threading.active_count()
        self._logger.info(
            "Status: %.2f s of CPU time, %s threads",
            cpu_seconds,
            threads,
            extra={"cpu_seconds": round(cpu_seconds, 3), "threads": threads, "gc.pending": gc.get_count()[0]},
        )
