"""What a checkpoint does with series: what to pack into which chunk, and what memory keeps afterwards."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from .chunks import SERIES_OF_A_CHUNK, Chunk, Run, pack
from .series import Series

#: Samples of one series in one chunk. More would make a query for a short while decode a long one.
_SAMPLES = 1024

#: Packed samples stay in memory for so long as well, so that the usual dashboard needs no disk …
_RECENT_MILLISECONDS = 15 * 60 * 1000

#: … unless they are more than this.
_RECENT_SAMPLES = 4_000_000


def by_metric(series: Iterable[Series]) -> dict[str, list[tuple[Series, int]]]:
    """Series with samples that are in no chunk yet, each with how many it has in memory."""
    waiting: dict[str, list[tuple[Series, int]]] = {}
    for one in series:
        if len(one.times) > one.packed:
            waiting.setdefault(one.metric, []).append((one, len(one.times)))
    return waiting


def unpacked_runs(waiting: Iterable[tuple[Series, int]]) -> list[Run]:
    """Copies of what is to be packed; series that begin together stand together."""
    runs = [
        Run(one.id, np.array(one.times[one.packed : count]), np.array(one.values[one.packed : count]))
        for one, count in waiting
    ]
    runs.sort(key=lambda run: int(run.times[0]))
    return runs


def pack_runs(runs: Sequence[Run]) -> Iterator[Chunk]:
    """One metric's runs as chunks, in an order in which the samples of every single series rise."""
    for begin in range(0, len(runs), SERIES_OF_A_CHUNK):
        group = runs[begin : begin + SERIES_OF_A_CHUNK]
        longest = max(len(run.times) for run in group)
        for start in range(0, longest, _SAMPLES):
            piece = slice(start, start + _SAMPLES)
            yield from pack(Run(run.series, run.times[piece], run.values[piece]) for run in group)


def trim(series: Sequence[Series], now_milliseconds: int) -> None:
    """Takes packed samples out of memory once they are no longer recent, or too many."""
    horizon = now_milliseconds - _RECENT_MILLISECONDS
    if sum(one.packed for one in series) > _RECENT_SAMPLES:
        horizon = max((one.last_time for one in series), default=0) + 1
    for one in series:
        if one.packed and one.times[0] < horizon and drop_packed_before(one, horizon):
            one.has_older = True


def drop_packed_before(series: Series, milliseconds: int) -> int:
    """Takes packed samples older than the instant out of memory; returns how many."""
    count = min(int(np.searchsorted(np.frombuffer(series.times, dtype=np.int64), milliseconds)), series.packed)
    # The view on the array is gone by now: an array that is looked at cannot shrink.
    if count:
        del series.times[:count]
        del series.values[:count]
        series.packed -= count
    return count
