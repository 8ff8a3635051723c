"""Forgetting: by age, and oldest first when the data directory has grown too large."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from typing import Protocol

from .refusals import Refusal

logger = logging.getLogger(__name__)

#: Seconds between two looks at age and size.
INTERVAL_SECONDS = 20.0

#: When the directory is too large, the oldest data goes in slices of this part of the time covered …
_SLICE = 0.05

#: … but never what is newer than this many seconds: it may still be arriving.
_PROTECTED_SECONDS = 60.0


class Container(Protocol):
    """What retention needs of a durable container."""

    def size_bytes(self) -> int:
        """Bytes on disk."""

    def shrink(self) -> None:
        """Gives the space of deleted rows back."""


class Storage(Protocol):
    """What retention needs of a signal's storage."""

    @property
    def database(self) -> Container:
        """The durable container."""

    def oldest_time(self) -> float | None:
        """Unix seconds of the oldest item."""

    def delete_before(self, unix_seconds: float) -> int:
        """Deletes what is older; returns how much."""


class Retention:
    """Keeps age and size of all signals within bounds; 0 means unbounded."""

    def __init__(self, storages: Sequence[Storage], hours: float, megabytes: float) -> None:
        self._storages = storages
        self._seconds = hours * 3600
        self._bytes = megabytes * 1024 * 1024

    def size_bytes(self) -> int:
        """Bytes of all database files."""
        return sum(storage.database.size_bytes() for storage in self._storages)

    def apply(self, now: float | None = None) -> None:
        """Deletes what is too old, then the oldest of all signals alike until the size fits."""
        now = time.time() if now is None else now
        if self._seconds:
            self._delete_before(now - self._seconds)
        if not self._bytes:
            return
        previous = None
        while self.size_bytes() > self._bytes:
            oldest = min((t for s in self._storages if (t := s.oldest_time()) is not None), default=now)
            newest = now - _PROTECTED_SECONDS
            if oldest >= newest or oldest == previous:
                return
            previous = oldest
            # At least a second, so that this ends.
            before = min(max(oldest + (now - oldest) * _SLICE, oldest + 1.0), newest)
            self._delete_before(before)

    def _delete_before(self, unix_seconds: float) -> None:
        for storage in self._storages:
            oldest = storage.oldest_time()
            if oldest is not None and oldest < unix_seconds and storage.delete_before(unix_seconds):
                storage.database.shrink()

    async def run(self) -> None:
        """Applies the bounds from time to time until cancelled."""
        while True:
            await asyncio.sleep(INTERVAL_SECONDS)
            try:
                await asyncio.to_thread(self.apply)
            except Refusal as refusal:
                logger.warning("retention waits: %s", refusal)
            except Exception:
                logger.exception("retention failed")
