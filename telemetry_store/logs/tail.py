"""Lines as they arrive, for somebody who follows a query. How they reach the client is in `tail_api`."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from ..matchers import Matcher
from .head import Entries, Head
from .reading import LogSource, Stream

#: Lines that wait for one client before further ones are dropped, and drops of which it is told one by one.
WAITING_LINES = 5_000
_DROPS_TOLD = 100


class Arrivals(LogSource):
    """Lines that came since the last look, readable like the storage itself, so that any query works on them."""

    def add(self, stream: Stream, entries: Entries) -> None:
        """Adds lines of one of the storage's streams."""
        key = tuple(sorted(stream.labels.items()))
        mine = self._streams.get(key)
        if mine is None:
            mine = self._streams[key] = Stream(stream.id, stream.labels, head=Head())
        mine.head.extend(entries)
        mine.widen(entries.times)

    def span(self) -> tuple[int, int] | None:
        """The first and the last instant, or None when nothing came."""
        streams = self._streams.values()
        return (min(s.first_time for s in streams), max(s.last_time for s in streams)) if streams else None


class Follower:
    """Collects what arrives in the streams that a selector accepts. `wake` is called when there is something."""

    def __init__(self, matchers: Sequence[Matcher], wake: Callable[[], None]) -> None:
        self._matchers = matchers
        self._wake = wake
        self._lock = threading.Lock()
        self._accepted: dict[int, bool] = {}
        self._arrivals = Arrivals()
        self._waiting = 0
        self._dropped: list[tuple[int, dict[str, str]]] = []

    def observe(self, stream: Stream, entries: Entries) -> None:
        """Takes lines that were just stored, or drops them when the client is too slow."""
        accepted = self._accepted.get(stream.id)
        if accepted is None:
            accepted = all(matcher.accepts_labels(stream.labels) for matcher in self._matchers)
            self._accepted[stream.id] = accepted
        if not accepted:
            return
        with self._lock:
            room = WAITING_LINES - self._waiting
            if room > 0:
                self._arrivals.add(stream, entries if len(entries) <= room else entries.slice(0, room))
                self._waiting += min(room, len(entries))
            for time in entries.times[max(room, 0) :]:
                if len(self._dropped) < _DROPS_TOLD:
                    self._dropped.append((time, stream.labels))
        self._wake()

    def take(self) -> tuple[Arrivals, list[tuple[int, dict[str, str]]]]:
        """What arrived since the last call, and what was dropped: instants and labels."""
        with self._lock:
            taken = self._arrivals, self._dropped
            self._arrivals, self._waiting, self._dropped = Arrivals(), 0, []
        return taken
