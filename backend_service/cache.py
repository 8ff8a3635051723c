"""A cache with a time to live for each entry and room for a bounded number: the least recently used goes first.

What is cached, under which key and for how long, is decided in `catalog.py`.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

Value = TypeVar("Value")


class CacheUnavailable(Exception):
    """The store behind the cache cannot be reached."""

    def __init__(self) -> None:
        super().__init__("its store cannot be reached")


class TtlLruCache(Generic[Value]):
    """Safe to use from several threads.

    cache = TtlLruCache(max_entries=1000, ttl_seconds=30)
    cache.put("user:123", user)
    cache.get("user:123")    # the user, or None once 30 seconds have passed
    """

    def __init__(self, *, max_entries: int, ttl_seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._max_entries = max_entries
        self._ttl_seconds = ttl_seconds
        self._clock = clock
        #: key -> (value, when it expires, when somebody last asked for it), the least recently used first
        self._entries: OrderedDict[str, tuple[Value, float, float]] = OrderedDict()
        self._lock = threading.Lock()
        self._reachable = True
        self._round_seconds: float | None = None

    def get(self, key: str) -> Value | None:
        """The value, which now counts as used; None when there is none or its time is over.

        Raises CacheUnavailable while it is disconnected.
        """
        with self._lock:
            if not self._reachable:
                raise CacheUnavailable
            entry = self._entries.get(key)
            if entry is None:
                return None
            value, expires_at, _ = entry
            now = self._clock()
            if now >= expires_at:
                del self._entries[key]
                return None
            self._entries[key] = (value, expires_at, now)
            self._entries.move_to_end(key)
            return value

    def put(self, key: str, value: Value) -> None:
        """Keep the value for the time to live, in place of an older one. The caller must not change it afterwards.

        Raises CacheUnavailable while it is disconnected.
        """
        with self._lock:
            if not self._reachable:
                raise CacheUnavailable
            before = self._entries.get(key)
            # What was never asked for comes because somebody asks now; what is there is brought up to date.
            asked_at = before[2] if before else self._clock()
            self._entries[key] = (value, self._expires_at(), asked_at)
            self._entries.move_to_end(key)
            if len(self._entries) > self._max_entries:
                self._entries.popitem(last=False)

    def discard(self, key: str) -> None:
        """Forget the entry, if there is one."""
        with self._lock:
            self._entries.pop(key, None)

    def disconnect(self) -> None:
        """Lose the store with all that is in it, until `reconnect`."""
        with self._lock:
            self._reachable = False
            self._entries.clear()

    def reconnect(self) -> None:
        """Reach an empty store again."""
        with self._lock:
            self._reachable = True

    def expire_in_rounds(self, round_seconds: float | None) -> None:
        """From now on all entries, those included that it holds, expire together every so often; None = each at its
        own time."""
        with self._lock:
            self._round_seconds = round_seconds
            if round_seconds is not None:
                latest = self._expires_at()
                for key, (value, expires_at, asked_at) in self._entries.items():
                    self._entries[key] = (value, min(expires_at, latest), asked_at)

    def expired_keys(self) -> list[str]:
        """Keys whose time is over and that nobody has asked for since, but somebody did not long before."""
        with self._lock:
            now = self._clock()
            # Without a limit whatever was wanted once would be brought up to date for ever, and more of it each time.
            lately = now - 2 * (self._round_seconds or self._ttl_seconds)
            return [
                key
                for key, (_, expires_at, asked_at) in self._entries.items()
                if now >= expires_at and asked_at >= lately
            ]

    def _expires_at(self) -> float:
        now = self._clock()
        if self._round_seconds is None:
            return now + self._ttl_seconds
        return (now // self._round_seconds + 1) * self._round_seconds

    def __len__(self) -> int:
        """Entries held, those included whose time is over but that nobody has asked for since."""
        return len(self._entries)
