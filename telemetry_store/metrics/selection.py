"""Matchers -> samples: the index of labels, and series' samples gathered from memory and chunks into flat arrays."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..deadline import Deadline
from ..limits import QUERY_SAMPLES
from ..matchers import Matcher
from ..refusals import Unprocessable
from .chunks import unpack
from .samples import Times, Values, is_stale
from .series import Series

Offsets = npt.NDArray[np.int64]

#: From this part of all series on, one sorting of all serves better than one for every query.
_MANY = 8


@dataclass(frozen=True)
class Selection:
    """Samples of several series, one series after another in the same flat arrays.

    Series number i has its samples at [starts[i], starts[i + 1]), oldest first. Series are sorted by labels.
    """

    labels: list[dict[str, str]]
    starts: Offsets
    #: Unix milliseconds.
    times: Times
    #: Staleness markers among them, until `without_stale`.
    values: Values

    def without_stale(self) -> Selection:
        """The same without staleness markers. Series that lose every sample stay, with none."""
        real = ~is_stale(self.values)
        if real.all():
            return self
        kept = np.concatenate(([0], np.cumsum(real)))
        return Selection(self.labels, kept[self.starts], self.times[real], self.values[real])

    def runs(self) -> Iterator[tuple[dict[str, str], Times, Values]]:
        """Each series with its samples."""
        for number, labels in enumerate(self.labels):
            span = slice(int(self.starts[number]), int(self.starts[number + 1]))
            yield labels, self.times[span], self.values[span]


class LabelIndex:
    """Which series have which labels."""

    def __init__(self) -> None:
        self._by_id: dict[int, Series] = {}
        self._postings: dict[str, dict[str, set[int]]] = {}
        #: Place of every series in the order of labels, once a query has needed it; None after a new series.
        self._places: dict[int, int] | None = None

    def add(self, series: Series) -> None:
        """Makes a series findable."""
        self._by_id[series.id] = series
        self._places = None
        for name, value in series.labels:
            self._postings.setdefault(name, {}).setdefault(value, set()).add(series.id)

    def remove(self, series: Series) -> None:
        """Forgets a series, which must still have the id it was added with."""
        del self._by_id[series.id]
        for name, value in series.labels:
            members = self._postings[name][value]
            members.discard(series.id)
            if not members:
                del self._postings[name][value]
                if not self._postings[name]:
                    del self._postings[name]

    def match(self, matchers: Sequence[Matcher]) -> list[Series]:
        """The series that the matchers accept, sorted by labels."""
        chosen: set[int] | None = None
        # Equality first: it leaves the fewest.
        for matcher in sorted(matchers, key=lambda m: m.operation != "="):
            values = self._postings.get(matcher.name, {})
            if matcher.operation == "=" and matcher.value:
                members = values.get(matcher.value, set())
                chosen = set(members) if chosen is None else chosen & members
            elif matcher.accepts(""):
                # Series without the label pass as well: take away those whose value does not.
                chosen = set(self._by_id) if chosen is None else chosen
                for value, members in values.items():
                    if not matcher.accepts(value):
                        chosen -= members
            else:
                accepted: set[int] = set()
                for value, members in values.items():
                    if matcher.accepts(value):
                        accepted |= members
                chosen = accepted if chosen is None else chosen & accepted
            if not chosen:
                return []
        return self._in_order(chosen if chosen is not None else self._by_id.keys())

    def _in_order(self, ids: Collection[int]) -> list[Series]:
        if len(ids) < len(self._by_id) // _MANY:
            return sorted((self._by_id[id_] for id_ in ids), key=lambda series: series.labels)
        if self._places is None:
            ordered = sorted(self._by_id.values(), key=lambda series: series.labels)
            self._places = {series.id: place for place, series in enumerate(ordered)}
        return [self._by_id[id_] for id_ in sorted(ids, key=self._places.__getitem__)]


@dataclass(frozen=True)
class Recent:
    """What memory has of the chosen series: flat arrays, and which series have older samples in chunks that matter."""

    series: list[Series]
    starts: Offsets
    times: Times
    values: Values
    #: Numbers (in `series`) of those to be looked up in chunks.
    older: list[int]


def read_memory(chosen: list[Series], start: int) -> Recent:
    """Copies what memory has of the series; the caller holds the lock under which they grow."""
    counts = np.array([len(series.times) for series in chosen], dtype=np.int64)
    starts = np.concatenate(([0], np.cumsum(counts)))
    older = [n for n, s in enumerate(chosen) if s.has_older and (not s.times or s.times[0] > start)]
    times = np.frombuffer(b"".join([series.times for series in chosen]), dtype=np.int64)
    values = np.frombuffer(b"".join([series.values for series in chosen]), dtype=np.float64)
    return Recent(chosen, starts, times, values, older)


def select(
    recent: Recent, connection: sqlite3.Connection | None, start: int, end: int, deadline: Deadline
) -> Selection:
    """The samples in [start, end] (unix milliseconds) of the series in memory and, by the connection, in chunks.

    Series without a sample there are left out. Raises Unprocessable when there are too many samples, TimedOut.
    """
    counts = np.diff(recent.starts)
    pieces = [_Piece(np.arange(len(counts)), counts, recent.times, recent.values)]
    if connection is not None and recent.older:
        pieces = [*_read_chunks(recent, connection, start, end, deadline), *pieces]
    chosen = [piece.within(start, end) for piece in pieces]
    deadline.check()
    lengths = np.zeros(len(counts), dtype=np.int64)
    for piece in chosen:
        lengths[piece.series] += piece.counts
    starts = np.concatenate(([0], np.cumsum(lengths)))
    times, values = _gather(chosen, starts)
    present = np.flatnonzero(lengths)
    return Selection(
        [dict(recent.series[number].labels) for number in present.tolist()],
        np.append(starts[present], starts[-1]),
        times,
        values,
    )


@dataclass(frozen=True)
class _Piece:
    """Runs of samples one after another: the number of each one's series, and how many samples it has."""

    series: Offsets
    counts: Offsets
    times: Times
    values: Values

    def within(self, start: int, end: int) -> _Piece:
        return self.where((self.times >= start) & (self.times <= end))

    def where(self, keep: npt.NDArray[np.bool_]) -> _Piece:
        """The samples at which `keep` is true."""
        if keep.all():
            return self
        before = np.concatenate(([0], np.cumsum(keep)))
        ends = np.cumsum(self.counts)
        return _Piece(self.series, before[ends] - before[ends - self.counts], self.times[keep], self.values[keep])


def _gather(pieces: Sequence[_Piece], starts: Offsets) -> tuple[Times, Values]:
    """All samples, series after series; pieces come in the order of time of every single series."""
    if len(pieces) == 1:
        return pieces[0].times, pieces[0].values
    times, values = np.empty(int(starts[-1]), dtype=np.int64), np.empty(int(starts[-1]))
    free = starts[:-1].copy()
    for piece in pieces:
        before = np.cumsum(piece.counts) - piece.counts
        places = np.repeat(free[piece.series] - before, piece.counts)
        places += np.arange(len(places))
        times[places], values[places] = piece.times, piece.values
        free[piece.series] += piece.counts
    return times, values


def _read_chunks(
    recent: Recent, connection: sqlite3.Connection, start: int, end: int, deadline: Deadline
) -> Iterable[_Piece]:
    number_of = {recent.series[number].id: number for number in recent.older}
    wanted = np.array(sorted(number_of), dtype=np.int64)
    numbers = np.array([number_of[id_] for id_ in wanted.tolist()], dtype=np.int64)
    # Samples can be in a chunk and still in memory: what memory begins with ends what is read from chunks.
    # That is what was copied: memory may have been trimmed since.
    begins, ends = recent.starts[numbers], recent.starts[numbers + 1]
    first_in_memory = np.full(len(numbers), 2**62, dtype=np.int64)
    first_in_memory[ends > begins] = recent.times[begins[ends > begins]]
    loaded = len(recent.times)
    for metric in sorted({recent.series[number].metric for number in recent.older}):
        # By id: what is packed later is later in every single series, though not from series to series.
        rows = connection.execute(
            "SELECT series, last, samples FROM chunk WHERE metric = ? AND last >= ? AND first <= ? ORDER BY id",
            (metric, start, end),
        )
        for ids, last, content in rows:
            deadline.check()
            members = np.frombuffer(ids, dtype=np.int64)
            places = np.minimum(np.searchsorted(wanted, members), len(wanted) - 1)
            chosen = wanted[places] == members
            if not chosen.any():
                continue
            piece = _Piece(numbers[places], *unpack(content))
            ends_before = first_in_memory[places]
            if not chosen.all() or last >= int(ends_before.min()):
                limits = np.where(chosen, ends_before, np.iinfo(np.int64).min)
                piece = piece.where(piece.times < np.repeat(limits, piece.counts))
                # A series that is not asked for has no sample left; its place must not be another's.
                piece = _Piece(piece.series[chosen], piece.counts[chosen], piece.times, piece.values)
            loaded += len(piece.times)
            if loaded > QUERY_SAMPLES:
                raise Unprocessable("query processing would load too many samples into memory in query execution")
            yield piece
