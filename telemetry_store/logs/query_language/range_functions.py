"""Range aggregations of one series: samples by time and windows of them -> one number a window, all windows at once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from ...deadline import Deadline
from ...times import NANOSECONDS
from .syntax import RangeAggregation

Floats = npt.NDArray[np.float64]
Times = npt.NDArray[np.int64]
Places = npt.NDArray[np.intp]

#: Samples in all windows together up to which sums are added up window by window, which is more exact.
_EXACT = 20_000_000


class Windows:
    """The samples [first, last) of each window; all of them have one at least."""

    def __init__(self, times: Times, values: Floats, first: Places, last: Places, deadline: Deadline) -> None:
        self.times = times
        self.values = values
        self.first = first
        self.last = last
        self.deadline = deadline
        self.counts = (last - first).astype(float)

    def reduce(self, operation: np.ufunc, values: Floats) -> Floats:
        """A ufunc over each window."""
        self.deadline.check()
        bounds = np.empty(2 * len(self.first), dtype=np.intp)
        bounds[0::2], bounds[1::2] = self.first, self.last
        # One value more, because a bound may lie behind the last one.
        result: Floats = operation.reduceat(np.append(values, 0.0), bounds)[0::2]
        return result

    def sums(self, values: Floats) -> Floats:
        """The sum of each window."""
        if int(self.counts.sum()) <= _EXACT or not np.isfinite(values).all():
            return self.reduce(np.add, values)
        totals = np.concatenate(([0.0], np.cumsum(values)))
        return totals[self.last] - totals[self.first]


def function_of(aggregation: RangeAggregation) -> Callable[[Windows], Floats]:
    """What the aggregation does with windows."""
    seconds = aggregation.range.range / NANOSECONDS
    unwraps = aggregation.range.unwrap is not None
    match aggregation.operation:
        case "rate":
            return lambda w: (w.sums(w.values) if unwraps else w.counts) / seconds
        case "bytes_rate":
            return lambda w: w.sums(w.values) / seconds
        case "count_over_time":
            return lambda w: w.counts
        case "bytes_over_time" | "sum_over_time":
            return lambda w: w.sums(w.values)
        case "avg_over_time":
            return lambda w: w.sums(w.values) / w.counts
        case "max_over_time":
            return lambda w: w.reduce(np.fmax, w.values)
        case "min_over_time":
            return lambda w: w.reduce(np.fmin, w.values)
        case "stdvar_over_time":
            return _variance
        case "stddev_over_time":
            return lambda w: np.sqrt(_variance(w))
        case "first_over_time":
            return lambda w: w.values[w.first]
        case "last_over_time":
            return lambda w: w.values[w.last - 1]
        case "quantile_over_time":
            quantile = aggregation.parameter or 0.0
            return lambda w: _quantiles(w, quantile)
        case "rate_counter":
            return lambda w: _counter_rate(w, aggregation.range.range)
        case _:
            return lambda w: np.ones(len(w.first))


def _variance(windows: Windows) -> Floats:
    # Around the mean of all, so that squares of large numbers do not eat up small differences.
    finite = windows.values[np.isfinite(windows.values)]
    moved = windows.values - (finite.mean() if len(finite) else 0.0)
    mean = windows.sums(moved) / windows.counts
    variance = windows.sums(moved * moved) / windows.counts - mean * mean
    constant = windows.reduce(np.maximum, moved) == windows.reduce(np.minimum, moved)
    return np.where(constant, 0.0, np.maximum(variance, 0.0))


def _quantiles(windows: Windows, quantile: float) -> Floats:
    if not 0 <= quantile <= 1:
        return np.full(len(windows.first), -np.inf if quantile < 0 else np.inf if quantile > 1 else np.nan)
    results = np.empty(len(windows.first))
    for number, (first, last) in enumerate(zip(windows.first.tolist(), windows.last.tolist(), strict=True)):
        if number % 64 == 0:
            windows.deadline.check()
        values = np.sort(windows.values[first:last])
        rank = quantile * (len(values) - 1)
        lower = int(rank)
        upper = min(len(values) - 1, lower + 1)
        weight = rank - lower
        results[number] = values[lower] * (1 - weight) + values[upper] * weight
    return results


def _counter_rate(windows: Windows, range_nanoseconds: int) -> Floats:
    """Loki's extrapolated increase; that it takes nanoseconds for milliseconds in one place is its own slip."""
    values, first, last = windows.values, windows.first, windows.last
    falls = np.zeros(len(values))
    falls[1:] = np.where(values[1:] < values[:-1], values[:-1], 0.0)
    totals = np.cumsum(falls)
    increase = values[last - 1] - values[first] + (totals[last - 1] - totals[first])
    sampled = (windows.times[last - 1] - windows.times[first]) / 1000
    between = sampled / (windows.counts - 1)
    to_start = np.full(len(first), range_nanoseconds // 1_000_000 / 1000)
    to_zero = sampled * (values[first] / increase)
    counts_from_zero = (increase > 0) & (values[first] >= 0) & (to_zero < to_start)
    to_start = np.where(counts_from_zero, to_zero, to_start)
    threshold = between * 1.1
    extended = sampled + np.where(to_start < threshold, to_start, between / 2)
    extended += np.where(threshold > 0, 0.0, between / 2)
    rate = increase * (extended / sampled) / (range_nanoseconds / NANOSECONDS)
    return np.where(windows.counts < 2, 0.0, rate)
