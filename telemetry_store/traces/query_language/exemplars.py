"""Exemplars: some of the spans that a series counts, spread over its time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .fetching import Fetched
from .series import Exemplar, Labels, Series, label_value
from .syntax import Static
from .time_grid import TimeGrid

_PER_BUCKET = 2
_MILLISECOND = 1_000_000


class ExemplarPicker:
    """Picks at most `limit` spans, each of another trace, no more than a few in one part of the time."""

    def __init__(self, grid: TimeGrid, limit: int) -> None:
        self._grid = grid
        self._limit = limit
        self._width = max((grid.end - grid.start) // max(limit // _PER_BUCKET, 1), 1)
        self._taken: dict[int, int] = {}
        self._picked: list[tuple[Labels, Exemplar]] = []

    def observe(
        self,
        fetched: Fetched,
        rows: NDArray[Any],
        series: NDArray[Any],
        labels: Sequence[Labels],
        values: NDArray[np.float64],
    ) -> None:
        """Looks at the spans (rows) of a block, each of a series."""
        if len(self._picked) >= self._limit:
            return
        block = fetched.block
        _, first = np.unique(block.trace[rows], return_index=True)
        positions = []
        for position in first.tolist():
            part = int(block.start[rows[position]] - self._grid.start) // self._width
            if self._taken.get(part, 0) < _PER_BUCKET:
                self._taken[part] = self._taken.get(part, 0) + 1
                positions.append(position)
            if len(self._picked) + len(positions) >= self._limit:
                break
        chosen = rows[positions]
        for position, row, shown in zip(positions, chosen.tolist(), fetched.shown(chosen), strict=True):
            trace_id = block.trace_ids[int(block.trace[row])].hex().lstrip("0")
            about = (
                ("trace:id", Static("string", trace_id)),
                *((str(attribute), label_value(value)) for attribute, value in shown if str(attribute) != "trace:id"),
            )
            exemplar = Exemplar(about, float(values[position]), int(block.start[row]) // _MILLISECOND)
            self._picked.append((labels[int(series[position])], exemplar))

    def attach(self, series: Sequence[Series]) -> None:
        """Gives the picked ones to their series; of several quantiles to the one that is nearest."""
        by_labels: dict[Labels, list[Series]] = {}
        for one in series:
            of = one.labels[:-1] if one.labels[-1][0] == "p" else one.labels
            by_labels.setdefault(of, []).append(one)
        for labels, exemplar in self._picked:
            without_bucket = labels[:-1] if labels and labels[-1][0] == "__bucket" else labels
            candidates = by_labels.get(labels) or by_labels.get(without_bucket) or []
            if candidates:
                point = self._point(exemplar)
                nearest = min(candidates, key=lambda one: abs(exemplar.value - one.values[point]))
                if len(candidates) == 1 and exemplar.value != exemplar.value:
                    exemplar.value = float(nearest.values[point])
                nearest.exemplars.append(exemplar)

    def _point(self, exemplar: Exemplar) -> int:
        times = np.array([exemplar.milliseconds * _MILLISECOND])
        return int(np.clip(self._grid.points(times)[0], 0, self._grid.count - 1))
