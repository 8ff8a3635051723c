"""rate, increase and irate over runs of samples. Source: Prometheus 2's `extrapolatedRate` and `instantValue`.

Each takes (times, values, instants, window) in milliseconds, staleness markers already left out, and returns a value
and whether there is one at each instant.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ...vectors import Flags, Floats
from ..samples import Times, Values

RangeFunction = Callable[[Times, Values, Times, int], tuple[Floats, Flags]]

#: A gap to the range's edge is taken as covered when it is at most this many times the usual gap between samples.
_COVERED_GAP = 1.1


def _bounds(times: Times, at: Times, window: int) -> tuple[Times, Times]:
    """Numbers of the first sample in each range, and of the one after the last."""
    return np.searchsorted(times, at - window, side="left"), np.searchsorted(times, at, side="right")


def _nothing(at: Times) -> tuple[Floats, Flags]:
    return np.zeros(len(at)), np.zeros(len(at), dtype=bool)


def increase(times: Times, values: Values, at: Times, window: int) -> tuple[Floats, Flags]:
    """The growth of a counter over each range, extrapolated towards the range's edges; a fall is a reset."""
    if len(times) < 2:
        return _nothing(at)
    first, after = _bounds(times, at, window)
    count = after - first
    present = count >= 2
    # Ranges with too few samples are worked out on the first two and then left out.
    a = np.where(present, first, 0)
    b = np.where(present, after - 1, 1)
    falls = np.where(values[1:] < values[:-1], values[:-1], 0.0)
    regained = np.concatenate(([0.0], np.cumsum(falls)))
    growth = values[b] - values[a] + (regained[b] - regained[a])

    sampled = (times[b] - times[a]) / 1000
    to_start = (times[a] - (at - window)) / 1000
    to_end = (at - times[b]) / 1000
    usual_gap = sampled / np.maximum(count - 1, 1)
    # A counter cannot have been below zero: no further back than to where it would have been zero.
    to_zero = sampled * (values[a] / growth)
    to_start = np.where((growth > 0) & (values[a] >= 0) & (to_zero < to_start), to_zero, to_start)
    covered = sampled.copy()
    covered += np.where(to_start < usual_gap * _COVERED_GAP, to_start, usual_gap / 2)
    covered += np.where(to_end < usual_gap * _COVERED_GAP, to_end, usual_gap / 2)
    return growth * (covered / sampled), present


def rate(times: Times, values: Values, at: Times, window: int) -> tuple[Floats, Flags]:
    """Per-second `increase`."""
    growth, present = increase(times, values, at, window)
    return growth / (window / 1000), present


def irate(times: Times, values: Values, at: Times, window: int) -> tuple[Floats, Flags]:
    """Per-second growth between the last two samples of each range."""
    if len(times) < 2:
        return _nothing(at)
    first, after = _bounds(times, at, window)
    present = after - first >= 2
    b = np.where(present, after - 1, 1)
    last, previous = values[b], values[b - 1]
    growth = np.where(last < previous, last, last - previous)
    return growth / ((times[b] - times[b - 1]) / 1000), present


RATES: dict[str, RangeFunction] = {"rate": rate, "increase": increase, "irate": irate}
