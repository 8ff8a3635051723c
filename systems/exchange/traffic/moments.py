"""When somebody does something. Pure: no clock, all from a seed."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator

#: A trading day in small: busier when it begins and when it ends.
WAVE_SECONDS = 300.0
_WAVE_DEPTH = 0.6
#: The bell rings: so many come quicker, this many times. Before anything can trade, dozens of requests are needed, to
#: sign up, pay in and offer something, and who has just started an exchange wants to see trades.
OPENING_MOMENTS = 60
_OPENING_HASTE = 3.0


def moments(per_second: float, seed: int, *, steady: bool = False) -> Iterator[float]:
    """Seconds from the start, without end, `per_second` on average after the opening; the same for the same arguments.

    Steady ones come at the same rate all the time, from the first. Raises ValueError if the rate is not positive.
    """
    if per_second <= 0:
        raise ValueError(f"expected a rate above 0, not {per_second}")
    random_ = random.Random(f"moments {seed}")
    return (
        _moments(per_second, random_, 0.0, 0) if steady else _moments(per_second, random_, _WAVE_DEPTH, OPENING_MOMENTS)
    )


def _moments(per_second: float, random_: random.Random, depth: float, hasty: int) -> Iterator[float]:
    # A Poisson process whose rate follows the wave, by thinning.
    peak = per_second * (1 + depth)
    now = 0.0
    while True:
        now += random_.expovariate(peak * _OPENING_HASTE if hasty else peak)
        if random_.random() * peak < per_second * (1 + depth * math.cos(2 * math.pi * now / WAVE_SECONDS)):
            hasty = max(0, hasty - 1)
            yield now
