"""The instants at which a metrics query has points. All times in unix nanoseconds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...times import NANOSECONDS

_MILLISECOND = NANOSECONDS // 1000
_SIZES = (3600, 300, 60, 15, 5, 1)
_WANTED_POINTS = 240


@dataclass(frozen=True)
class TimeGrid:
    """Points every `step` in (start, end]; each stands for the step before it. An instant query has one, at the end."""

    start: int
    end: int
    step: int
    instant: bool = False

    @classmethod
    def aligned(cls, start: int, end: int, step: int) -> TimeGrid:
        """The grid on whole multiples of the step, so that a refresh has the same points; one more comes before."""
        first = start - start % step
        last = end + -end % step
        return cls(first - step if first > step else first, last, step)

    @property
    def count(self) -> int:
        """How many points there are."""
        return 1 if self.instant else (self.end - self.start) // self.step

    def within(self, times: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which instants belong to a point."""
        return (times > self.start) & (times <= self.end)

    def points(self, times: NDArray[np.int64]) -> NDArray[np.int64]:
        """The number of the point that each instant (within the grid) belongs to."""
        if self.instant:
            return np.zeros(len(times), np.int64)
        return (times - self.start - 1) // self.step

    def milliseconds(self, point: int) -> int:
        """When a point is."""
        return (self.end if self.instant else self.start + (point + 1) * self.step) // _MILLISECOND


def default_step(start: int, end: int) -> int:
    """The step of a request that names none: a round one with about as many points as a screen shows."""
    wanted = (end - start) // _WANTED_POINTS
    if end - start < 60 * NANOSECONDS:
        return max(wanted // (50 * _MILLISECOND), 1) * 50 * _MILLISECOND
    for seconds in _SIZES:
        size = seconds * NANOSECONDS
        if wanted > size:
            return wanted // size * size
    return NANOSECONDS
