"""Counts in stretches of time: how many of a key there were since the present stretch began.

Redis counts, so that the gateway's worker processes, and several gateways, count together; without Redis each process
counts for itself.
"""

from __future__ import annotations

import contextlib
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from observability.redis import RedisUnavailable

#: Without Redis: keys of one stretch that are remembered at the same time.
_MAX_KEYS = 10_000


class SharedCounts(Protocol):
    """The part of Redis that is needed here."""

    def increment(self, key: str, *, name: str, seconds: int, by: int = 1) -> int: ...

    def delete(self, *keys: str, name: str) -> int: ...


@dataclass(frozen=True)
class Count:
    """What was counted. `number` is with the one at hand; `wait_seconds` until counting begins anew, at least 1."""

    number: int
    wait_seconds: int
    stretch: int
    key: str
    #: Whether Redis has counted, and not this process alone.
    is_shared: bool


class Counts:
    """Safe to use from several threads. `name` is the last word of the spans' names: `INCR rate_limit`."""

    def __init__(
        self, redis: SharedCounts, name: str, *, stretch_seconds: int, clock: Callable[[], float] = time.time
    ) -> None:
        self.stretch_seconds = stretch_seconds
        self._redis = redis
        self._name = name
        self._clock = clock
        self._own = _OwnCounts()

    def add(self, key: str) -> Count:
        """One more."""
        now = self._clock()
        stretch = int(now // self.stretch_seconds)
        key = f"{key}:{stretch}"
        is_shared = True
        try:
            number = self._change(key, 1)
        except RedisUnavailable:
            is_shared = False
            number = self._own.change(stretch, key, 1)
        wait_seconds = max(1, math.ceil((stretch + 1) * self.stretch_seconds - now))
        return Count(number, wait_seconds, stretch, key, is_shared)

    def take_back(self, count: Count) -> None:
        """One less: it was counted too soon."""
        if not count.is_shared:
            self._own.change(count.stretch, count.key, -1)
            return
        with contextlib.suppress(RedisUnavailable):
            self._change(count.key, -1)

    def forget(self, count: Count) -> None:
        """None at all, of this key."""
        if not count.is_shared:
            self._own.forget(count.key)
            return
        with contextlib.suppress(RedisUnavailable):
            self._redis.delete(count.key, name=f"DEL {self._name}")

    def _change(self, key: str, by: int) -> int:
        # Twice the stretch: clocks of two gateways may differ.
        return self._redis.increment(key, name=f"INCR {self._name}", seconds=2 * self.stretch_seconds, by=by)


class _OwnCounts:
    """Counts of the present stretch, in this process."""

    def __init__(self) -> None:
        self._stretch = 0
        self._counts: OrderedDict[str, int] = OrderedDict()
        self._lock = threading.Lock()

    def change(self, stretch: int, key: str, by: int) -> int:
        with self._lock:
            if stretch > self._stretch:
                self._stretch, self._counts = stretch, OrderedDict()
            count = self._counts[key] = self._counts.get(key, 0) + by
            self._counts.move_to_end(key)
            if len(self._counts) > _MAX_KEYS:
                self._counts.popitem(last=False)
            return count

    def forget(self, key: str) -> None:
        with self._lock:
            self._counts.pop(key, None)
