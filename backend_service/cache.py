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
        #: key -> (value, when it expires), the least recently used first
        self._entries: OrderedDict[str, tuple[Value, float]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: str) -> Value | None:
        """The value, which now counts as used; None when there is none or its time is over."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                return None
            value, expires_at = entry
            if self._clock() >= expires_at:
                del self._entries[key]
                return None
            self._entries.move_to_end(key)
            return value

    def put(self, key: str, value: Value) -> None:
        """Keep the value for the time to live, in place of an older one. The caller must not change it afterwards."""
        with self._lock:
            self._entries[key] = (value, self._clock() + self._ttl_seconds)
            self._entries.move_to_end(key)
            if len(self._entries) > self._max_entries:
                self._entries.popitem(last=False)

    def __len__(self) -> int:
        """Entries held, those included whose time is over but that nobody has asked for since."""
        return len(self._entries)
