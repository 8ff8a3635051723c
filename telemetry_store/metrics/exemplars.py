"""Exemplars in memory, as Prometheus keeps them: the newest so many of all series together.

They are also rows of the database, written by `storage`, so that a restart finds them again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from .exposition import Labels

#: Exemplars kept before the oldest make room (Prometheus: storage.exemplars.max-exemplars).
EXEMPLARS = 100_000


@dataclass(frozen=True)
class StoredExemplar:
    """An exemplar with its time in unix milliseconds."""

    labels: dict[str, str]
    value: float
    time: int


#: (series id, unix milliseconds, value, labels as JSON): a row of the database, and small in memory.
ExemplarRow = tuple[int, int, float, bytes]


def encode_labels(labels: Labels) -> bytes:
    """Labels as they are kept."""
    return msgspec.json.encode(labels)


class Exemplars:
    """A ring of exemplars, in the order in which they came; those of one series rise in time."""

    def __init__(self, limit: int = EXEMPLARS) -> None:
        self._limit = limit
        self._by_series: dict[int, deque[tuple[int, float, bytes]]] = {}
        #: The series of every exemplar, oldest arrival first. Those of forgotten series stay until they are pushed out.
        self._arrivals: deque[int] = deque()

    def is_newer(self, series_id: int, milliseconds: int) -> bool:
        """Whether an exemplar of this time may be added: a target repeats its last one until there is a newer one."""
        kept = self._by_series.get(series_id)
        return not kept or kept[-1][0] < milliseconds

    def add(self, row: ExemplarRow) -> None:
        """Keeps an exemplar that `is_newer`."""
        series_id, milliseconds, value, labels = row
        self._by_series.setdefault(series_id, deque()).append((milliseconds, value, labels))
        self._arrivals.append(series_id)
        if len(self._arrivals) > self._limit:
            oldest = self._by_series.get(self._arrivals.popleft())
            if oldest:
                oldest.popleft()

    def forget(self, series_id: int) -> None:
        """Drops a series' exemplars."""
        self._by_series.pop(series_id, None)

    def forget_before(self, milliseconds: int) -> None:
        """Drops what is older."""
        for kept in self._by_series.values():
            while kept and kept[0][0] < milliseconds:
                kept.popleft()

    def within(self, series_id: int, start: int, end: int) -> list[StoredExemplar]:
        """A series' exemplars in [start, end], unix milliseconds, oldest first."""
        rows: Sequence[tuple[int, float, bytes]] = self._by_series.get(series_id) or ()
        return [
            StoredExemplar(dict(msgspec.json.decode(labels, type=Labels)), value, t)
            for t, value, labels in rows
            if start <= t <= end
        ]
