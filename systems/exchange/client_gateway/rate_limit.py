"""How often a caller may ask: a count for each caller and stretch of ten seconds.

Redis counts, so that the gateway's worker processes count together; without Redis each counts for itself.
"""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Protocol

from observability.errors import RequestError
from observability.redis import RedisUnavailable

WINDOW_SECONDS = 10
#: Without Redis: callers of one stretch that are remembered at the same time.
_MAX_CALLERS = 10_000


class Counts(Protocol):
    """The part of Redis that is needed here."""

    def increment(self, key: str, *, name: str, seconds: int) -> int: ...


class Counter(Protocol):
    """The part of a counter that is needed here."""

    def labels(self, scope: str) -> Counter: ...

    def inc(self) -> None: ...


class RateLimit:
    """Safe to use from several threads."""

    def __init__(self, redis: Counts, refused_total: Counter, clock: Callable[[], float] = time.time) -> None:
        self._redis = redis
        self._refused_total = refused_total
        self._clock = clock
        self._own = _OwnCounts()

    def admit(self, scope: str, caller: str, limit: int) -> None:
        """One more request of this caller. Raises RequestError with 429 when it is one too many; its Retry-After is
        when the next stretch begins."""
        now = self._clock()
        stretch = int(now // WINDOW_SECONDS)
        key = f"rate:{scope}:{caller}:{stretch}"
        try:
            # Twice the stretch: clocks of two gateways may differ.
            count = self._redis.increment(key, name="INCR rate_limit", seconds=2 * WINDOW_SECONDS)
        except RedisUnavailable:
            count = self._own.increment(stretch, key)
        if count <= limit:
            return
        self._refused_total.labels(scope).inc()
        wait_seconds = max(1, math.ceil((stretch + 1) * WINDOW_SECONDS - now))
        raise RequestError(
            429,
            "rate_limited",
            f"more than {limit} requests in {WINDOW_SECONDS} seconds",
            f"ask again in {wait_seconds} s",
            headers={"Retry-After": str(wait_seconds)},
        )


class _OwnCounts:
    """Counts of the present stretch, in this process."""

    def __init__(self) -> None:
        self._stretch = 0
        self._counts: OrderedDict[str, int] = OrderedDict()
        self._lock = threading.Lock()

    def increment(self, stretch: int, key: str) -> int:
        with self._lock:
            if stretch != self._stretch:
                self._stretch, self._counts = stretch, OrderedDict()
            count = self._counts[key] = self._counts.get(key, 0) + 1
            self._counts.move_to_end(key)
            if len(self._counts) > _MAX_CALLERS:
                self._counts.popitem(last=False)
            return count
