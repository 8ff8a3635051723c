"""A journal of answers: what was sent to whom, to be looked at later."""

from __future__ import annotations

import logging
import mmap
import threading
from dataclasses import dataclass

_KILOBYTE = 1024
#: Answers between two lines of the log.
_REPORT_EVERY = 20


@dataclass(frozen=True)
class Page:
    """One answer, in memory of its own."""

    path: str
    memory: mmap.mmap


class Journal:
    """Keeps a page of memory for each answer, as long as it is open and there is room."""

    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger
        self._page_kilobytes = 0
        self._limit_kilobytes = 0
        self._pages: list[Page] = []
        self._lock = threading.Lock()

    def open(self, *, page_kilobytes: int, limit_megabytes: float) -> None:
        """Keep answers from now on; those kept before stay."""
        with self._lock:
            self._page_kilobytes = page_kilobytes
            self._limit_kilobytes = int(limit_megabytes * 1024)

    def close(self) -> None:
        """Keep nothing, and give the memory back to the system."""
        with self._lock:
            self._page_kilobytes = 0
            pages, self._pages = self._pages, []
        for page in pages:
            page.memory.close()

    @property
    def is_open(self) -> bool:
        """Whether answers are kept."""
        return self._page_kilobytes > 0

    def note(self, path: str, body: bytes) -> None:
        """Keep an answer; nothing once there is no more room."""
        with self._lock:
            size = self._page_kilobytes
            if not size or self._kilobytes() + size > self._limit_kilobytes:
                return
            # A mapping of its own goes back to the system as soon as it is closed; the heap would keep it.
            memory = mmap.mmap(-1, size * _KILOBYTE)
            # Filled to its end: memory that nobody has written to is not there yet.
            memory.write((body * (len(memory) // max(1, len(body)) + 1))[: len(memory)])
            self._pages.append(Page(path, memory))
            held = len(self._pages)
        if held % _REPORT_EVERY == 0:
            self._logger.info("Journal holds %s answers", held, extra={"journal.answers": held})

    def kilobytes(self) -> int:
        """What the journal takes now."""
        with self._lock:
            return self._kilobytes()

    def _kilobytes(self) -> int:
        return sum(len(page.memory) for page in self._pages) // _KILOBYTE
