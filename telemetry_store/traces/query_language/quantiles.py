"""Histograms with power-of-two buckets, and quantiles of them, as Tempo computes both."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def buckets_of(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The upper bound of each value's bucket: the next power of two. Values are whole numbers from 2 on."""
    mantissa, exponent = np.frexp(np.floor(values))
    return np.ldexp(1.0, np.where(mantissa == 0.5, exponent - 1, exponent))


def quantile_of(quantile: float, buckets: Sequence[tuple[float, int]]) -> float:
    """The quantile of a histogram, given as (upper bound, count) by rising bound, without empty ones.

    Within a bucket values are taken to lie evenly by their logarithm. 0 for an empty histogram.
    """
    total = sum(count for _, count in buckets)
    if not total:
        return 0.0
    wanted = max(math.ceil(quantile * total), 1)
    seen = 0
    below: float | None = None
    for bound, count in buckets:
        if seen + count == wanted:
            return bound
        if seen + count > wanted:
            high = math.log2(bound)
            low = math.log2(below) if below is not None else high - 1
            return float(2.0 ** (low + (high - low) * (wanted - seen) / count))
        seen += count
        below = bound
    return buckets[-1][0]
