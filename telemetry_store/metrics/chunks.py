"""The packed form of samples: one chunk holds a stretch of time of many series of one metric.

Series of one target are scraped at the same instants, so a chunk keeps each distinct run of timestamps (a clock) once.
Values that are whole numbers, as counters are, are kept as differences in as few bytes as hold them all; the others as
they are. A query decodes a chunk in a handful of passes over arrays, however many series it has.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import cramjam
import msgspec
import numpy as np
import numpy.typing as npt

from .samples import Times, Values

#: Series of one chunk. More would make a query for few of them decode what it does not want.
SERIES_OF_A_CHUNK = 128

#: Whole numbers beyond this are not all distinct as floats.
_WHOLE = 2.0**53

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Run:
    """Samples of one series, oldest first: (series id, unix milliseconds, values)."""

    series: int
    times: Times
    values: Values


@dataclass(frozen=True)
class Chunk:
    """A packed chunk with what finds it: the ids of its series, each one's newest time, and the time it covers."""

    series: npt.NDArray[np.int64]
    last_times: Times
    first: int
    last: int
    content: bytes


class _Narrow(msgspec.Struct, array_like=True):
    """Whole numbers in as few bytes each as hold them all."""

    width: int
    content: bytes

    def numbers(self) -> npt.NDArray[np.signedinteger]:
        """The numbers."""
        return np.frombuffer(self.content, dtype=f"<i{self.width}")


class _Header(msgspec.Struct, array_like=True):
    """What stands before a chunk's arrays: per series how many samples, which clock, and whether they are whole."""

    counts: bytes
    clock_of: bytes
    whole: bytes
    clock_lengths: bytes
    clock_firsts: bytes
    clocks: _Narrow
    firsts: bytes
    differences: _Narrow
    raw: bytes


def pack(runs: Iterable[Run]) -> Iterator[Chunk]:
    """The runs of one metric as chunks. Runs without samples are left out."""
    waiting: list[Run] = []
    for run in runs:
        if len(run.times):
            waiting.append(run)
        if len(waiting) == SERIES_OF_A_CHUNK:
            yield _pack(waiting)
            waiting = []
    if waiting:
        yield _pack(waiting)


def _pack(runs: Sequence[Run]) -> Chunk:
    clocks: dict[bytes, int] = {}
    clock_of = np.array([clocks.setdefault(run.times.tobytes(), len(clocks)) for run in runs], dtype=np.int32)
    distinct = [np.frombuffer(clock, dtype=np.int64) for clock in clocks]
    whole = np.array([_is_whole(run.values) for run in runs], dtype=bool)
    integers = [run.values.astype(np.int64) for run, is_whole in zip(runs, whole, strict=True) if is_whole]
    others = [run.values for run, is_whole in zip(runs, whole, strict=True) if not is_whole]
    header = _Header(
        counts=np.array([len(run.times) for run in runs], dtype=np.int64).tobytes(),
        clock_of=clock_of.tobytes(),
        whole=whole.tobytes(),
        clock_lengths=np.array([len(clock) for clock in distinct], dtype=np.int64).tobytes(),
        clock_firsts=np.array([clock[0] for clock in distinct], dtype=np.int64).tobytes(),
        clocks=_narrow([np.diff(clock, prepend=clock[:1]) for clock in distinct]),
        firsts=np.array([values[0] for values in integers], dtype=np.int64).tobytes(),
        differences=_narrow([np.diff(values, prepend=values[:1]) for values in integers]),
        raw=_planes(np.concatenate(others)) if others else b"",
    )
    return Chunk(
        np.array([run.series for run in runs], dtype=np.int64),
        np.array([run.times[-1] for run in runs], dtype=np.int64),
        min(int(run.times[0]) for run in runs),
        max(int(run.times[-1]) for run in runs),
        bytes(cramjam.zstd.compress(msgspec.msgpack.encode(header), 3)),
    )


def unpack(content: bytes) -> tuple[Counts, Times, Values]:
    """A chunk's samples, series after series: how many each has, and all times and values one after another."""
    header = msgspec.msgpack.decode(bytes(cramjam.zstd.decompress(content)), type=_Header)
    counts = np.frombuffer(header.counts, dtype=np.int64)
    whole = np.frombuffer(header.whole, dtype=bool)
    times = _unpack_times(header, counts)
    of_whole = counts[whole]
    integers = _summed(header.differences, np.frombuffer(header.firsts, dtype=np.int64), of_whole)
    if whole.all():
        return counts, times, integers.astype(np.float64)
    raw = _from_planes(header.raw).view(np.float64)
    if not whole.any():
        return counts, times, raw
    values = np.empty(int(counts.sum()))
    is_whole = np.repeat(whole, counts)
    values[is_whole] = integers
    values[~is_whole] = raw
    return counts, times, values


def _unpack_times(header: _Header, counts: Counts) -> Times:
    lengths = np.frombuffer(header.clock_lengths, dtype=np.int64)
    clocks = _summed(header.clocks, np.frombuffer(header.clock_firsts, dtype=np.int64), lengths)
    if len(lengths) == 1:
        return np.tile(clocks, len(counts))
    if len(lengths) == len(counts):
        return clocks
    clock_of = np.frombuffer(header.clock_of, dtype=np.int32)
    starts = np.cumsum(lengths) - lengths
    places = np.repeat(starts[clock_of] - (np.cumsum(counts) - counts), counts)
    return clocks[places + np.arange(len(places))]


def _summed(differences: _Narrow, firsts: npt.NDArray[np.int64], lengths: Counts) -> npt.NDArray[np.int64]:
    """Runs of whole numbers from their first ones and the differences between neighbours (0 for each run's first)."""
    numbers = differences.numbers()
    if not len(numbers):
        return np.zeros(0, dtype=np.int64)
    sums = np.cumsum(numbers, dtype=np.int64)
    # What earlier runs summed up to is taken off, the own first number put on.
    sums += np.repeat(firsts - sums[np.cumsum(lengths) - lengths], lengths)
    return sums


def _is_whole(values: Values) -> bool:
    """Whether the values come back exactly from whole numbers: -0.0 does not, nor do NaN and infinities."""
    if not (np.abs(values) < _WHOLE).all():
        return False
    return bool((np.trunc(values) == values).all() and not np.signbit(values[values == 0]).any())


def _narrow(runs: Sequence[npt.NDArray[np.int64]]) -> _Narrow:
    numbers = np.concatenate(runs) if runs else np.zeros(0, dtype=np.int64)
    reach = max(int(numbers.max(initial=0)), -int(numbers.min(initial=0)))
    width = next(width for width in (1, 2, 4, 8) if reach < 2 ** (8 * width - 1))
    return _Narrow(width, numbers.astype(f"<i{width}").tobytes())


def _planes(numbers: npt.NDArray[np.generic]) -> bytes:
    # Neighbours share their upper bytes: set apart by place, they compress to almost nothing.
    return np.ascontiguousarray(numbers).view(np.uint8).reshape(-1, 8).T.tobytes()


def _from_planes(raw: bytes) -> npt.NDArray[np.uint8]:
    planes = np.frombuffer(raw, dtype=np.uint8).reshape(8, -1)
    return np.ascontiguousarray(planes.T).reshape(-1)
