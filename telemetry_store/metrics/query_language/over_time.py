"""Functions over ranges: *_over_time, changes, resets, deriv, predict_linear, holt_winters.

Sums are compensated (Kahan and Neumaier), as Prometheus' are, so that large values that cancel leave the small ones.
"""

from __future__ import annotations

import numpy as np

from ...refusals import Unprocessable
from ...vectors import Flags, Floats, quantile_of_sorted
from ..samples import Values
from .windows import RangeFunction, Windows

#: Values below this do not overflow, however many of a query are summed up.
_HUGE = 1e290

#: Numbers that quantiles sort at a time.
_SORTED_TOGETHER = 1 << 21


def add_compensated(value: Floats, total: Floats, lost: Floats) -> tuple[Floats, Floats]:
    """The next sum, and what rounding has lost of it so far."""
    following = total + value
    larger = np.abs(total) >= np.abs(value)
    lost = lost + np.where(larger, (total - following) + value, (value - following) + total)
    return following, lost


def _used(windows: Windows) -> Values:
    """The stretch of the flat arrays in which all ranges lie."""
    used = windows.count > 0
    if not used.any():
        return windows.values[:0]
    return windows.values[int(windows.first[used].min()) : int(windows.after.max())]


def _cannot_cancel(windows: Windows) -> bool:
    """Whether no sum can lose digits or overflow: values of one sign, none huge, none without a number."""
    values = _used(windows)
    if not len(values):
        return False
    least, most = float(values.min()), float(values.max())
    return (least > 0 and most < _HUGE) or (most < 0 and least > -_HUGE)


def _plain_sum(windows: Windows) -> Floats:
    """The sum of each range, put together from sums of 1, 2, 4 … neighbours."""
    start = int(windows.first[windows.count > 0].min())
    sums = _used(windows)
    rest = windows.count.copy()
    place = windows.first - start
    total = np.zeros(rest.shape)
    length = 1
    while True:
        odd = (rest & length) > 0
        total[odd] += sums[place[odd]]
        place = place + np.where(odd, length, 0)
        if 2 * length > windows.count.max():
            return total
        sums = sums[:-length] + sums[length:]
        length *= 2


def _sum(windows: Windows) -> tuple[Floats, Flags]:
    if _cannot_cancel(windows):
        return _plain_sum(windows), windows.count > 0
    total, lost = np.zeros(windows.first.shape), np.zeros(windows.first.shape)
    for _, value, here in windows.each():
        following, remainder = add_compensated(value, total, lost)
        total, lost = np.where(here, following, total), np.where(here, remainder, lost)
    return np.where(np.isinf(total), total, total + lost), windows.count > 0


def _average(windows: Windows) -> tuple[Floats, Flags]:
    if _cannot_cancel(windows):
        return _plain_sum(windows) / windows.count, windows.count > 0
    mean, lost = np.zeros(windows.first.shape), np.zeros(windows.first.shape)
    for count, (_, value, here) in enumerate(windows.each(), 1):
        following, remainder = add_compensated(value / count - mean / count, mean, lost)
        # An infinite mean stays what it is, unless NaN or the opposite infinity comes.
        stays = np.isinf(mean) & ~np.isnan(value) & ~(np.isinf(value) & (np.signbit(mean) != np.signbit(value)))
        changes = here & ~stays
        mean, lost = np.where(changes, following, mean), np.where(changes, remainder, lost)
    return np.where(np.isinf(mean), mean, mean + lost), windows.count > 0


def _variance(windows: Windows) -> tuple[Floats, Flags]:
    shape = windows.first.shape
    mean, mean_lost, squares, squares_lost = np.zeros(shape), np.zeros(shape), np.zeros(shape), np.zeros(shape)
    for count, (_, value, here) in enumerate(windows.each(), 1):
        difference = value - (mean + mean_lost)
        following, remainder = add_compensated(difference / count, mean, mean_lost)
        mean, mean_lost = np.where(here, following, mean), np.where(here, remainder, mean_lost)
        following, remainder = add_compensated(difference * (value - (mean + mean_lost)), squares, squares_lost)
        squares, squares_lost = np.where(here, following, squares), np.where(here, remainder, squares_lost)
    return (squares + squares_lost) / windows.count, windows.count > 0


def _deviation(windows: Windows) -> tuple[Floats, Flags]:
    variance, present = _variance(windows)
    return np.sqrt(variance), present


def _extreme(windows: Windows, pick: np.ufunc) -> tuple[Floats, Flags]:
    """The smallest or largest of each range, out of runs of 1, 2, 4 … samples; NaN only where there is nothing else."""
    count = windows.count
    present = count > 0
    result = np.full(count.shape, np.nan)
    if not present.any():
        return result, present
    start, end = int(windows.first[present].min()), int(windows.after.max())
    runs = windows.values[start:end]
    length = 1
    while True:
        # Two runs that overlap cover every range of this length up to the doubled one.
        chosen = present & (count >= length) & (count < 2 * length)
        if chosen.any():
            first, last = windows.first[chosen] - start, windows.after[chosen] - length - start
            result[chosen] = pick(runs[first], runs[last])
        if 2 * length > count.max():
            return result, present
        runs = pick(runs[:-length], runs[length:])
        length *= 2


def _smallest(windows: Windows) -> tuple[Floats, Flags]:
    return _extreme(windows, np.fmin)


def _largest(windows: Windows) -> tuple[Floats, Flags]:
    return _extreme(windows, np.fmax)


def _count(windows: Windows) -> tuple[Floats, Flags]:
    return windows.count.astype(float), windows.count > 0


def _last(windows: Windows) -> tuple[Floats, Flags]:
    return windows.at(windows.after - 1), windows.count > 0


def _present(windows: Windows) -> tuple[Floats, Flags]:
    return np.ones(windows.first.shape), windows.count > 0


def _count_between(windows: Windows, happens: Flags) -> tuple[Floats, Flags]:
    """How often something happens from a sample to the next one within each range; `happens` is one shorter."""
    before = np.concatenate(([0], np.cumsum(happens)))
    last = np.maximum(windows.after - 1, windows.first)
    counted = before.take(last, mode="clip") - before.take(windows.first, mode="clip")
    return counted.astype(float), windows.count > 0


def _changes(windows: Windows) -> tuple[Floats, Flags]:
    values = windows.values
    both_nan = np.isnan(values[1:]) & np.isnan(values[:-1])
    return _count_between(windows, (values[1:] != values[:-1]) & ~both_nan)


def _resets(windows: Windows) -> tuple[Floats, Flags]:
    return _count_between(windows, windows.values[1:] < windows.values[:-1])


def quantile_over_time(windows: Windows, quantile: Floats) -> tuple[Floats, Flags]:
    """The quantile (one per instant) of each range."""
    count = windows.count
    flat_first, flat_count = windows.first.reshape(-1), count.reshape(-1)
    quantiles = np.broadcast_to(quantile, count.shape).reshape(-1)
    result = np.empty(len(flat_count))
    longest = max(int(flat_count.max(initial=0)), 1)
    step = max(1, _SORTED_TOGETHER // longest)
    for start in range(0, len(flat_count), step):
        windows.deadline.check()
        block = slice(start, start + step)
        places = flat_first[block] + np.arange(longest)[:, np.newaxis]
        here = np.arange(longest)[:, np.newaxis] < flat_count[block]
        values = np.where(here, windows.at(places), np.nan)
        ordered = np.sort(values, axis=0)
        result[block] = quantile_of_sorted(quantiles[block], ordered, flat_count[block], here & np.isnan(values))
    return result.reshape(count.shape), count > 0


def _regression(windows: Windows, at: Floats) -> tuple[Floats, Floats, Flags]:
    """Slope, and intercept at an instant (milliseconds, one per range), of the line nearest to each range's samples."""
    shape = windows.first.shape
    sums = [(np.zeros(shape), np.zeros(shape)) for _ in range(4)]
    begin = windows.at(windows.first)
    constant = np.ones(shape, dtype=bool)
    for places, y, here in windows.each():
        constant &= ~here | (y == begin)
        x = (windows.times_at(places) - at) / 1e3
        for number, term in enumerate((x, y, x * y, x * x)):
            total, lost = add_compensated(term, *sums[number])
            sums[number] = (np.where(here, total, sums[number][0]), np.where(here, lost, sums[number][1]))
    sum_x, sum_y, sum_xy, sum_xx = (total + lost for total, lost in sums)
    count = windows.count
    slope = (sum_xy - sum_x * sum_y / count) / (sum_xx - sum_x * sum_x / count)
    intercept = sum_y / count - slope * sum_x / count
    flat = np.where(np.isinf(begin), np.nan, 0.0)
    slope = np.where(constant, flat, slope)
    intercept = np.where(constant, np.where(np.isinf(begin), np.nan, begin), intercept)
    return slope, intercept, count >= 2


def _derivative(windows: Windows) -> tuple[Floats, Flags]:
    slope, _, present = _regression(windows, windows.times_at(windows.first).astype(float))
    return slope, present


def predict_linear(windows: Windows, seconds: Floats) -> tuple[Floats, Flags]:
    """The value that the line nearest to each range has so many seconds after the instant."""
    slope, intercept, present = _regression(windows, windows.instants.astype(float))
    return slope * seconds + intercept, present


def holt_winters(windows: Windows, smoothing: Floats, trend: Floats) -> tuple[Floats, Flags]:
    """Double exponential smoothing of each range. Raises Unprocessable for factors that are not between 0 and 1."""
    used = (windows.count > 0).any(axis=0)
    for name, factor, letter in (("smoothing", smoothing, "sf"), ("trend", trend, "tf")):
        wrong = used & ((factor <= 0) | (factor >= 1))
        if wrong.any():
            got = factor[np.flatnonzero(wrong)[0]]
            raise Unprocessable(f"invalid {name} factor. Expected: 0 < {letter} < 1, got: {got:f}")
    smoothed = np.zeros(windows.first.shape)
    previous = np.zeros(windows.first.shape)
    slope = windows.at(windows.first + 1) - windows.at(windows.first)
    for number, (_, value, here) in enumerate(windows.each()):
        if number == 0:
            smoothed = value
            continue
        if number > 1:
            slope = np.where(here, trend * (smoothed - previous) + (1 - trend) * slope, slope)
        following = smoothing * value + (1 - smoothing) * (smoothed + slope)
        previous, smoothed = np.where(here, smoothed, previous), np.where(here, following, smoothed)
    return smoothed, windows.count >= 2


OVER_TIME: dict[str, RangeFunction] = {
    "avg_over_time": _average,
    "changes": _changes,
    "count_over_time": _count,
    "deriv": _derivative,
    "last_over_time": _last,
    "max_over_time": _largest,
    "min_over_time": _smallest,
    "present_over_time": _present,
    "resets": _resets,
    "stddev_over_time": _deviation,
    "stdvar_over_time": _variance,
    "sum_over_time": _sum,
}
