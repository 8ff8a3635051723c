"""What becomes of samples that arrive: those in order are taken, and join their series in memory."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from .samples import Times, Values
from .series import Series


def in_order(owners: Sequence[Series], counts: npt.NDArray[np.int64], times: Times) -> npt.NDArray[np.bool_] | None:
    """Which samples are newer than all before them in their series; None when all are."""
    lasts = np.array([one.last_time for one in owners], dtype=np.int64)
    if len({id(one) for one in owners}) == len(owners):
        before = np.empty_like(times)
        before[1:] = times[:-1]
        filled = counts > 0
        before[(np.cumsum(counts) - counts)[filled]] = lasts[filled]
        if (times > before).all():
            return None
    kept = np.zeros(len(times), dtype=bool)
    reached: dict[int, int] = {}
    position = 0
    for one, count in zip(owners, counts.tolist(), strict=True):
        run = times[position : position + count]
        if count:
            last = reached.get(id(one), one.last_time)
            highest = np.maximum.accumulate(np.concatenate(([last], run)))
            kept[position : position + count] = run > highest[:-1]
            reached[id(one)] = int(highest[-1])
        position += count
    return kept


def extend(owners: Sequence[Series], counts: npt.NDArray[np.int64], times: Times, values: Values) -> None:
    """Puts samples that are in order into memory."""
    if len(times) == len(owners) and (counts == 1).all():
        for one, t, value in zip(owners, times.tolist(), values.tolist(), strict=True):
            one.times.append(t)
            one.values.append(value)
            one.last_time = t
            one.first_time = min(one.first_time, t)
        return
    position = 0
    for one, count in zip(owners, counts.tolist(), strict=True):
        if count:
            end = position + count
            one.times.frombytes(times[position:end].tobytes())
            one.values.frombytes(values[position:end].tobytes())
            one.last_time = int(times[end - 1])
            one.first_time = min(one.first_time, int(times[position]))
            position = end
