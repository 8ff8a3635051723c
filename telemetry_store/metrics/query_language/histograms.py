"""histogram_quantile over classic buckets. Source: Prometheus 2's `bucketQuantile`."""

from __future__ import annotations

import math

import numpy as np

from ...deadline import Deadline
from ...vectors import Flags, Floats, Labels, Vector


def histogram_quantile(quantiles: Floats, buckets: Vector, deadline: Deadline) -> list[tuple[Labels, Floats, Flags]]:
    """The quantile at each instant of every histogram in the vector: one row per set of labels without `le`."""
    histograms: dict[tuple[tuple[str, str], ...], list[tuple[float, int]]] = {}
    for row, labels in enumerate(buckets.labels):
        bound = _bound(labels.get("le", ""))
        if bound is not None:
            key = tuple(sorted((n, v) for n, v in labels.items() if n not in ("le", "__name__")))
            histograms.setdefault(key, []).append((bound, row))
    rows = []
    for key, members in histograms.items():
        deadline.check()
        members.sort()
        bounds = np.array([bound for bound, _ in members])
        numbers = [row for _, row in members]
        values, present = buckets.values[numbers], buckets.present[numbers]
        here: Flags = np.any(present, axis=0)
        complete: Flags = np.all(present, axis=0)
        answer: Floats = np.full(len(quantiles), math.nan)
        # Nearly always every bucket has a sample at every instant; the others are worked out one by one.
        answer[complete] = _quantiles(quantiles[complete], bounds, values[:, complete])
        for column in np.flatnonzero(here & ~complete):
            some = present[:, column]
            answer[column] = _quantiles(
                quantiles[column : column + 1], bounds[some], values[some, column : column + 1]
            )[0]
        rows.append((dict(key), answer, here))
    return rows


def _bound(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _quantiles(quantiles: Floats, bounds: Floats, counts: Floats) -> Floats:
    """Quantiles for bounds in rising order and cumulative counts (buckets by instants)."""
    points = len(quantiles)
    if not math.isinf(bounds[-1]) or bounds[-1] < 0:
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
    return _outside(quantiles, np.where((total == 0) | np.isnan(total), math.nan, answer))


def _outside(quantiles: Floats, answer: Floats) -> Floats:
    """Quantiles below 0 and above 1 are infinite, whatever the histogram."""
    answer = np.where(quantiles < 0, -math.inf, np.where(quantiles > 1, math.inf, answer))
    return np.where(np.isnan(quantiles), math.nan, answer)
