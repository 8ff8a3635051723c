"""TraceQL metrics: what a query finds, counted or measured along time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...deadline import Deadline
from ..columns import SpanBlock
from .compare import Comparison
from .conditions import wanted_by
from .exemplars import ExemplarPicker
from .expressions import Expressions
from .fetching import Fetched
from .quantiles import buckets_of, quantile_of
from .search import finds_nothing
from .series import Labels, Series, in_order, label_value, through_stages
from .spansets import PipelineRun
from .syntax import NIL, NUMERIC, Attribute, Compare, MetricsFunction, Query, Static
from .time_grid import TimeGrid
from .vectors import Bools, Constant, Numbers, encoded

_DURATION = Attribute("intrinsic", "span:duration")
_NANOSECONDS = 1e9
_BUCKET = "__bucket"

#: Points of all series together; what has more is cut off, as a response with too many series is.
_MOST_POINTS = 500_000
_MOST_SERIES = 10_000

Key = tuple[Static, ...]
Floats = NDArray[np.float64]


class SeriesMaker:
    """Observes what a metrics query finds in blocks, and makes its series."""

    def __init__(self, query: Query, grid: TimeGrid, exemplars: int, most_series: int = 0) -> None:
        assert isinstance(query.metrics, MetricsFunction)
        self._query = query
        self._metrics = query.metrics
        self._grid = grid
        self._numbers: dict[Labels, int] = {}
        self._measures = _Measures(grid.count)
        self._picker = ExemplarPicker(grid, exemplars)
        limit = most_series or _MOST_SERIES
        #: Series beyond it are left out.
        self.limit = max(min(limit, _MOST_SERIES, _MOST_POINTS // max(grid.count, 1)), 1)
        #: Whether some were.
        self.partial = False

    @property
    def _bucketed(self) -> bool:
        return self._metrics.function in ("histogram_over_time", "quantile_over_time")

    def observe(self, block: SpanBlock, deadline: Deadline) -> None:
        """Counts the spans of a block. Raises TimedOut, BadRequest."""
        fetched = Fetched(block, wanted_by(self._query))
        expressions = Expressions(fetched)
        rows = PipelineRun(expressions, deadline).run(self._query.pipeline).rows
        rows = rows[self._grid.within(block.start[rows])]
        values, types = self._measured(expressions, rows)
        if self._bucketed:
            kept = (types != _FLOAT) & ~np.isnan(values) & (values >= 2)
            rows, values = rows[kept], values[kept]
            types = types[kept]
        if not len(rows):
            return
        labels, series = self._series_of(expressions, rows, values, types)
        points = self._grid.points(block.start[rows])
        cells = series * self._grid.count + points
        order = np.argsort(cells, kind="stable")
        cells, values = cells[order], values[order]
        begins = np.flatnonzero(np.concatenate(([True], cells[1:] != cells[:-1])))
        reduced = _Reduced(values, begins, np.diff(np.append(begins, len(cells))))
        cell_series, cell_points = np.divmod(cells[begins], self._grid.count)
        numbers = np.array([self._number_of(of_series) for of_series in labels])
        cell_numbers = numbers[cell_series]
        kept = cell_numbers >= 0
        self._measures.add(cell_numbers[kept], cell_points[kept], reduced, kept)
        exemplar_values = values_in_seconds(values, order, self._metrics.attribute)
        self._picker.observe(fetched, rows, series, labels, exemplar_values)

    def _number_of(self, labels: Labels) -> int:
        """The row of a series in the measures, -1 for one too many."""
        number = self._numbers.get(labels, -1)
        if number < 0:
            if len(self._numbers) >= self.limit:
                self.partial = True
                return -1
            number = self._numbers[labels] = len(self._numbers)
        return number

    def result(self, deadline: Deadline) -> list[Series]:
        """The series, through all stages of the query. Raises TimedOut."""
        self._measures.reserve(len(self._numbers))
        if self._metrics.function == "quantile_over_time":
            series = self._quantiles(deadline)
        else:
            values = self._values()
            series = [Series(labels, values[number]) for labels, number in self._numbers.items()]
            if not series and not self._metrics.by and not self._bucketed:
                series = [Series(self._labels(()), self._nothing())]
        self._picker.attach(series)
        return in_order(through_stages(series, self._query.stages))

    # -- labels

    def _series_of(
        self, expressions: Expressions, rows: NDArray[Any], values: Floats, types: NDArray[Any]
    ) -> tuple[list[Labels], NDArray[np.int64]]:
        """The labels of the series that the spans belong to, and which of them each belongs to."""
        count = expressions.fetched.block.count
        columns: list[tuple[NDArray[Any], list[Static]]] = []
        for attribute in self._metrics.by:
            vector = encoded(expressions.vector(attribute), count)
            columns.append((vector.codes[rows].astype(np.int64) % (len(vector.values) + 1), vector.statics))
        if self._bucketed:
            bounds = buckets_of(values) / np.where(types == _TIME, _NANOSECONDS, 1.0)
            distinct, codes = np.unique(bounds, return_inverse=True)
            columns.append((codes.astype(np.int64), [Static("float", bound) for bound in distinct.tolist()]))
        combined = np.zeros(len(rows), np.int64)
        for codes, statics in columns:
            # Numbered anew at each step: products of all sizes could not be held.
            _, combined = np.unique(combined * (len(statics) + 1) + codes, return_inverse=True)
        _, first, number = np.unique(combined, return_index=True, return_inverse=True)
        found: dict[Labels, int] = {}
        table = np.zeros(len(first), np.int64)
        for index, row in enumerate(first.tolist()):
            key = tuple(statics[codes[row]] for codes, statics in columns)
            table[index] = found.setdefault(self._labels(key), len(found))
        return list(found), table[number]

    def _labels(self, key: Key) -> Labels:
        names = [str(attribute) for attribute in self._metrics.by]
        labels = [(name, label_value(value)) for name, value in zip(names, key, strict=False) if value != NIL]
        if self._bucketed:
            labels.append((_BUCKET, key[-1]))
        if labels:
            return tuple(labels)
        if names:
            return ((names[0], label_value(NIL)),)
        return (("__name__", Static("string", self._metrics.function)),)

    # -- values

    def _measured(self, expressions: Expressions, rows: NDArray[Any]) -> tuple[Floats, NDArray[Any]]:
        """What is measured at each span (NaN where it is not there), and of which type it is."""
        attribute = self._metrics.attribute
        if attribute is None:
            return np.zeros(len(rows)), np.full(len(rows), _WHOLE)
        vector = expressions.vector(attribute)
        if isinstance(vector, Numbers):
            values = vector.array[rows].astype(np.float64)
            if vector.present is not None:
                values[~vector.present[rows]] = np.nan
            types = np.full(len(rows), _TYPES[vector.type])
        else:
            assert not isinstance(vector, Constant)
            one = encoded(vector, expressions.fetched.block.count)
            numbers = [float(s.value) if s.type in NUMERIC else np.nan for s in one.statics]
            kinds = [_TYPES.get(static.type, _FLOAT) for static in one.statics]
            codes = one.codes[rows]
            values, types = np.array(numbers)[codes], np.array(kinds)[codes]
        return (values, types) if self._bucketed or attribute != _DURATION else (values / _NANOSECONDS, types)

    def _values(self) -> Floats:
        """The values of all series, a row each."""
        measures = self._measures
        match self._metrics.function:
            case "rate":
                seconds = (self._grid.end - self._grid.start if self._grid.instant else self._grid.step) / _NANOSECONDS
                return measures.spans * (1.0 / seconds)
            case "min_over_time":
                return measures.least
            case "max_over_time":
                return measures.greatest
            case "sum_over_time":
                return np.where(measures.numbers > 0, measures.sum, np.nan)
            case "avg_over_time":
                with np.errstate(invalid="ignore", divide="ignore"):
                    return np.where(measures.numbers > 0, measures.sum / measures.numbers, np.nan)
        return measures.spans

    def _nothing(self) -> Floats:
        """The values of a series without labels that counts no span."""
        counts = self._metrics.function in ("rate", "count_over_time")
        return np.zeros(self._grid.count) if counts else np.full(self._grid.count, np.nan)

    def _quantiles(self, deadline: Deadline) -> list[Series]:
        histograms: dict[Labels, list[tuple[float, Floats]]] = {}
        for labels, number in self._numbers.items():
            bucket = (float(labels[-1][1].value), self._measures.spans[number])
            histograms.setdefault(labels[:-1], []).append(bucket)
        series = []
        for labels, histogram in histograms.items():
            histogram.sort(key=lambda bucket: bucket[0])
            filled = np.flatnonzero(np.sum([counts for _, counts in histogram], axis=0)).tolist()
            for quantile in self._metrics.quantiles:
                values = np.zeros(self._grid.count)
                deadline.check()
                for point in filled:
                    values[point] = quantile_of(
                        quantile, [(bound, int(counts[point])) for bound, counts in histogram if counts[point]]
                    )
                series.append(Series((*labels, ("p", Static("float", quantile))), values))
        return series


_WHOLE, _TIME, _FLOAT = 0, 1, 2
_TYPES = {"int": _WHOLE, "duration": _TIME, "float": _FLOAT}


def values_in_seconds(values: Floats, order: NDArray[Any], attribute: Attribute | None) -> Floats:
    """The measured values in the order of the spans again; NaN where a query only counts."""
    result = np.full(len(values), np.nan)
    if attribute is not None:
        result[order] = values
    return result


class _Reduced:
    """Sums and bounds of groups of values that stand together; a value that is not there is NaN."""

    def __init__(self, values: Floats, begins: NDArray[Any], sizes: NDArray[Any]) -> None:
        there = ~np.isnan(values)
        self.spans = sizes
        self.numbers = np.add.reduceat(there, begins, dtype=np.int64)
        self.sum = np.add.reduceat(np.where(there, values, 0.0), begins)
        self.least = np.fmin.reduceat(values, begins)
        self.greatest = np.fmax.reduceat(values, begins)


class _Measures:
    """What is known of each series (a row) at each point (a column)."""

    def __init__(self, count: int) -> None:
        self._count = count
        self.spans = self.numbers = self.sum = self.least = self.greatest = np.zeros((0, count))

    def reserve(self, series: int) -> None:
        """Makes room for so many series, and none beyond."""
        self.spans, self.numbers, self.sum = (
            self._resized(a, series, 0.0) for a in (self.spans, self.numbers, self.sum)
        )
        self.least, self.greatest = (self._resized(a, series, np.nan) for a in (self.least, self.greatest))

    def _resized(self, array: Floats, series: int, empty: float) -> Floats:
        if len(array) >= series:
            return array[:series]
        return np.concatenate((array, np.full((series - len(array), self._count), empty)))

    def add(self, series: NDArray[Any], points: NDArray[Any], reduced: _Reduced, cells: Bools) -> None:
        """Adds groups of values (`cells` of those reduced), each of another series or point."""
        if len(series) and int(series.max()) >= len(self.spans):
            self.reserve(max(int(series.max()) + 1, 2 * len(self.spans)))
        at = (series, points)
        self.spans[at] += reduced.spans[cells]
        self.numbers[at] += reduced.numbers[cells]
        self.sum[at] += reduced.sum[cells]
        self.least[at] = np.fmin(self.least[at], reduced.least[cells])
        self.greatest[at] = np.fmax(self.greatest[at], reduced.greatest[cells])


def evaluate(
    query: Query, blocks: Iterable[SpanBlock], grid: TimeGrid, exemplars: int, most_series: int, deadline: Deadline
) -> tuple[list[Series], int | None]:
    """The series of a metrics query, and the limit on series if it was reached. Raises TimedOut, BadRequest."""
    if finds_nothing(query):
        return [], None
    if isinstance(query.metrics, Compare):
        comparison = Comparison(query, grid)
        for block in blocks:
            deadline.check()
            comparison.observe(block, deadline)
        return in_order(comparison.result()), None
    maker = SeriesMaker(query, grid, 0 if grid.instant else exemplars, most_series)
    for block in blocks:
        deadline.check()
        maker.observe(block, deadline)
    return maker.result(deadline), maker.limit if maker.partial else None
