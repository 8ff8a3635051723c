"""`compare()`: which values the selected spans have more often than the others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...deadline import Deadline
from ..columns import SpanBlock
from .conditions import Condition, Wanted, wanted_by
from .expressions import Expressions
from .fetching import OWN_COLUMNS, Fetched
from .series import Series, label_value
from .spansets import PipelineRun
from .syntax import NIL, Attribute, Compare, Query, Static
from .time_grid import TimeGrid
from .vectors import encoded

_META = "__meta_type"

#: Values of one attribute that are counted, and points of all series; more of them say nothing.
_MOST_VALUES = 1_000
_MOST_POINTS = 1_000_000

#: Intrinsics that are compared.
_INTRINSICS = (
    "trace:rootService", "trace:rootName", "span:name", "span:kind", "span:status", "span:statusMessage",
    "instrumentation:name", "instrumentation:version",
)  # fmt: skip


class Comparison:
    """Counts, for each attribute, how often the selected spans and the others have each value."""

    def __init__(self, query: Query, grid: TimeGrid) -> None:
        assert isinstance(query.metrics, Compare)
        self._query = query
        self._compare = query.metrics
        self._grid = grid
        self._series = 0
        self._counts: dict[tuple[str, Attribute], dict[Static, NDArray[np.float64]]] = {}

    def observe(self, block: SpanBlock, deadline: Deadline) -> None:
        """Counts the spans of a block. Raises TimedOut, BadRequest."""
        expressions = Expressions(Fetched(block, wanted_by(self._query)))
        rows = PipelineRun(expressions, deadline).run(self._query.pipeline).rows
        starts = block.start[rows]
        rows = rows[self._grid.within(starts)]
        if not len(rows):
            return
        selected = expressions.truth(self._compare.selection.condition)[rows]
        if self._compare.start and self._compare.end:
            starts = block.start[rows]
            selected &= (starts > self._compare.start) & (starts <= self._compare.end)
        points = self._grid.points(block.start[rows])
        for attribute in _attributes(block):
            deadline.check()
            everything = Fetched(block, Wanted(second=[Condition(attribute)], every_span=True))
            vector = encoded(everything.vector(attribute), block.count)
            codes = vector.codes[rows]
            statics = vector.statics
            for kind, mask in (("baseline", ~selected), ("selection", selected)):
                there = mask & (codes >= 0)
                if there.any():
                    self._count(kind, attribute, statics, codes[there], points[there])

    def _count(
        self, kind: str, attribute: Attribute, statics: list[Static], codes: NDArray[Any], points: NDArray[Any]
    ) -> None:
        counts = self._counts.setdefault((kind, attribute), {})
        width = self._grid.count
        cells, numbers = np.unique(codes.astype(np.int64) * width + points, return_counts=True)
        total = counts.setdefault(NIL, np.zeros(width))
        np.add.at(total, cells % width, numbers)
        for cell, number in zip(cells.tolist(), numbers.tolist(), strict=True):
            static = statics[cell // width]
            if static == NIL:
                continue
            values = counts.get(static)
            if values is None:
                if len(counts) > _MOST_VALUES or self._series * width > _MOST_POINTS:
                    continue
                self._series += 1
                values = counts[static] = np.zeros(width)
            values[cell % width] += number

    def result(self) -> list[Series]:
        """The series: for each attribute its most frequent values and the total, of both kinds."""
        series = []
        for (kind, attribute), counts in self._counts.items():
            values = [(static, numbers) for static, numbers in counts.items() if static != NIL]
            values.sort(key=lambda item: -item[1].sum())
            for static, numbers in values[: self._compare.top]:
                series.append(_series(kind, attribute, static, numbers))
            series.append(_series(f"{kind}_total", attribute, NIL, counts[NIL]))
        return series


def _series(kind: str, attribute: Attribute, value: Static, numbers: NDArray[np.float64]) -> Series:
    return Series(((_META, Static("string", kind)), (str(attribute), label_value(value))), numbers)


def _attributes(block: SpanBlock) -> Iterator[Attribute]:
    for name in _INTRINSICS:
        yield Attribute("intrinsic", name)
    # Attributes of events and links are not compared.
    for scope in ("resource", "span", "instrumentation"):
        for name in sorted({*block.attribute_names(scope), *OWN_COLUMNS.get(scope, ())}):
            yield Attribute(scope, name)
