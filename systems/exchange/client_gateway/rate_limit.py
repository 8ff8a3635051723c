"""How often a caller may ask: so many times in each stretch of ten seconds."""

from __future__ import annotations

from typing import Protocol

from observability.errors import RequestError
from systems.exchange.client_gateway.counts import Counts

STRETCH_SECONDS = 10


class Counter(Protocol):
    """The part of a counter that is needed here."""

    def labels(self, scope: str) -> Counter: ...

    def inc(self) -> None: ...


class RateLimit:
    """Safe to use from several threads."""

    def __init__(self, counts: Counts, refused_total: Counter) -> None:
        self._counts = counts
        self._refused_total = refused_total

    def admit(self, scope: str, caller: str, limit: int) -> None:
        """One more request of this caller. Raises RequestError with 429 when it is one too many; its Retry-After is
        when the next stretch begins."""
        count = self._counts.add(f"rate:{scope}:{caller}")
        if count.number <= limit:
            return
        self._refused_total.labels(scope).inc()
        raise RequestError(
            429,
            "rate_limited",
            f"more than {limit} requests in {self._counts.stretch_seconds} seconds",
            f"ask again in {count.wait_seconds} s",
            headers={"Retry-After": str(count.wait_seconds)},
        )
