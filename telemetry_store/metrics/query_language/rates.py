"""rate, increase, delta, irate, idelta. Source: Prometheus 2's `extrapolatedRate` and `instantValue`."""

from __future__ import annotations

import numpy as np

from ...vectors import Flags, Floats
from .windows import Places, RangeFunction, Windows

#: A gap to the range's edge is taken as covered when it is at most this many times the usual gap between samples.
_COVERED_GAP = 1.1


def _add_falls(windows: Windows, growth: Floats) -> Floats:
    """The growth of counters: what they had reached before each reset within a range is added, one after the other."""
    start, end = int(windows.first.min(initial=0)), int(windows.after.max(initial=0))
    values = windows.values[start:end]
    falls = np.flatnonzero(values[1:] < values[:-1])
    if not len(falls):
        return growth
    # A fall between two series lies in no range: it would need samples of both.
    places = falls + start
    following = np.searchsorted(places, windows.first, side="left")
    count = np.searchsorted(places, windows.after - 1, side="left") - following
    amounts = values[falls]
    for number in range(int(count.max(initial=0))):
        here = count > number
        growth[here] += amounts[following[here] + number]
    return growth


def _extrapolated(windows: Windows, counter: bool, per_second: bool) -> tuple[Floats, Flags]:
    count = windows.count
    present = count >= 2
    first, last = windows.first, windows.after - 1
    start_value = windows.at(first)
    growth = windows.at(last) - start_value
    if counter:
        growth = _add_falls(windows, growth)
    first_time, last_time = windows.times_at(first), windows.times_at(last)
    sampled = (last_time - first_time) / 1000
    to_start = (first_time - (windows.ends - windows.range_milliseconds)) / 1000
    to_end = (windows.ends - last_time) / 1000
    usual_gap = sampled / (count - 1)
    if counter:
        # A counter cannot have been below zero: no further back than to where it would have been zero.
        to_zero = sampled * (start_value / growth)
        to_start = np.where((growth > 0) & (start_value >= 0) & (to_zero < to_start), to_zero, to_start)
    covered = sampled + np.where(to_start < usual_gap * _COVERED_GAP, to_start, usual_gap / 2)
    covered += np.where(to_end < usual_gap * _COVERED_GAP, to_end, usual_gap / 2)
    factor = covered / sampled
    if per_second:
        factor /= windows.range_milliseconds / 1000
    return growth * factor, present


def rate(windows: Windows) -> tuple[Floats, Flags]:
    """Per-second growth of a counter over each range, extrapolated towards the range's edges; a fall is a reset."""
    return _extrapolated(windows, counter=True, per_second=True)


def increase(windows: Windows) -> tuple[Floats, Flags]:
    """The growth of a counter over each range, extrapolated likewise."""
    return _extrapolated(windows, counter=True, per_second=False)


def delta(windows: Windows) -> tuple[Floats, Flags]:
    """The difference of a gauge over each range, extrapolated likewise."""
    return _extrapolated(windows, counter=False, per_second=False)


def _last_two(windows: Windows) -> tuple[Flags, Places, Places]:
    return windows.count >= 2, windows.after - 2, windows.after - 1


def irate(windows: Windows) -> tuple[Floats, Flags]:
    """Per-second growth between the last two samples of each range."""
    present, before, last = _last_two(windows)
    value, previous = windows.at(last), windows.at(before)
    growth = np.where(value < previous, value, value - previous)
    return growth / ((windows.times_at(last) - windows.times_at(before)) / 1000), present


def idelta(windows: Windows) -> tuple[Floats, Flags]:
    """The difference between the last two samples of each range."""
    present, before, last = _last_two(windows)
    return windows.at(last) - windows.at(before), present


RATES: dict[str, RangeFunction] = {
    "rate": rate,
    "increase": increase,
    "delta": delta,
    "irate": irate,
    "idelta": idelta,
}
