"""histogram_quantile over classic buckets. Source: Prometheus 2's `bucketQuantile`."""

from __future__ import annotations

import math

import numpy as np

from ...deadline import Deadline
from ...times import parse_float
from ...vectors import Flags, Floats, Labels, Vector


def histogram_quantile(quantiles: Floats, buckets: Vector, deadline: Deadline) -> Vector:
    """The quantile at each instant of every histogram in the vector: one row per set of labels without `le`."""
    histograms: dict[frozenset[tuple[str, str]], tuple[Labels, list[tuple[float, int]]]] = {}
    for row, labels in enumerate(buckets.labels):
        bound = _bound(labels.get("le", ""))
        if bound is not None:
            others = {name: value for name, value in labels.items() if name != "le"}
            # Histograms of different names are different ones, though the result has no name.
            key = frozenset(others.items())
            others.pop("__name__", None)
            histograms.setdefault(key, (others, []))[1].append((bound, row))
    rows = []
    for labels, members in histograms.values():
        deadline.check()
        members.sort()
        bounds = np.array([bound for bound, _ in members])
        numbers = [row for _, row in members]
        values, present = buckets.values[numbers], buckets.present[numbers]
        here: Flags = np.any(present, axis=0)
        answer: Floats = np.full(len(quantiles), math.nan)
        # Nearly always every bucket has a sample at every instant: one pattern.
        for pattern, columns in _patterns(present):
            answer[columns] = _quantiles(quantiles[columns], bounds[pattern], values[pattern][:, columns])
        rows.append((labels, answer, here))
    return Vector.of(rows, len(quantiles))


def _patterns(present: Flags) -> list[tuple[Flags, Flags]]:
    """Which buckets are there together, and at which instants."""
    complete: Flags = np.all(present, axis=0)
    found = [(np.ones(len(present), dtype=bool), complete)] if complete.any() else []
    if not complete.all():
        distinct, which = np.unique(present[:, ~complete], axis=1, return_inverse=True)
        columns = np.flatnonzero(~complete)
        for number in range(distinct.shape[1]):
            if distinct[:, number].any():
                chosen = np.zeros(present.shape[1], dtype=bool)
                chosen[columns[which.reshape(-1) == number]] = True
                found.append((distinct[:, number], chosen))
    return found


def _bound(text: str) -> float | None:
    if text.lower() in ("+inf", "inf", "+infinity", "infinity"):
        return math.inf
    if text.lower() in ("-inf", "-infinity"):
        return -math.inf
    return parse_float(text)


def _quantiles(quantiles: Floats, bounds: Floats, counts: Floats) -> Floats:
    """Quantiles for bounds in rising order and cumulative counts (buckets by instants)."""
    points = len(quantiles)
    if bounds[-1] != math.inf:
        return _outside(quantiles, np.full(points, math.nan))
    # Two spellings of one bound are one bucket.
    starts = np.flatnonzero(np.concatenate(([True], bounds[1:] != bounds[:-1])))
    bounds = bounds[starts]
    counts = np.add.reduceat(counts, starts, axis=0)
    # Buckets are scraped one after another: a later one may lag behind by a few.
    counts = np.maximum.accumulate(counts, axis=0)
    if len(bounds) < 2:
        return _outside(quantiles, np.full(points, math.nan))
    total = counts[-1]
    rank = quantiles * total
    reached = counts[:-1] >= rank
    bucket = np.where(reached.any(axis=0), reached.argmax(axis=0), len(bounds) - 1)
    columns = np.arange(points)
    upper = bounds[bucket]
    before = np.maximum(bucket - 1, 0)
    lower = np.where(bucket > 0, bounds[before], 0.0)
    below = np.where(bucket > 0, counts[before, columns], 0.0)
    within = counts[bucket, columns] - below
    answer = lower + (upper - lower) * ((rank - below) / within)
    answer = np.where((bucket == 0) & (bounds[0] <= 0), bounds[0], answer)
    answer = np.where(bucket == len(bounds) - 1, bounds[-2], answer)
    return _outside(quantiles, np.where(total == 0, math.nan, answer))


def _outside(quantiles: Floats, answer: Floats) -> Floats:
    """Quantiles below 0 and above 1 are infinite, whatever the histogram."""
    answer = np.where(quantiles < 0, -math.inf, np.where(quantiles > 1, math.inf, answer))
    return np.where(np.isnan(quantiles), math.nan, answer)
