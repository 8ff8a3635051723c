"""PromQL trees -> values over a grid of instants, by NumPy over each series' samples. Times are unix milliseconds.

Semantics are Prometheus 2's: look-back of five minutes, staleness markers, ranges closed at both ends, and rates that
are extrapolated to the edges of their range.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NoReturn

import numpy as np
import promql_parser as promql

from ...deadline import Deadline
from ...limits import QUERY_SAMPLES
from ...quoting import format_labels
from ...refusals import Unprocessable, Unsupported
from ...vectors import AGGREGATIONS, Flags, Floats, Grouping, Labels, Vector, aggregate
from ..samples import Times, Values, is_stale
from ..storage import MetricStorage
from .histograms import histogram_quantile
from .parser import matchers_of
from .rates import RATES

#: How long a sample stands for its series when no newer one comes.
LOOKBACK_MILLISECONDS = 5 * 60 * 1000


@dataclass
class Scalar:
    """One number per instant."""

    values: Floats


@dataclass
class Text:
    """A string constant."""

    value: str


Value = Scalar | Vector | Text

_ARITHMETIC: dict[str, Callable[[Floats, Floats], Floats]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    # As Go's math.Mod: the sign of the dividend.
    "%": np.fmod,
    "^": np.power,
    "atan2": np.arctan2,
}
_COMPARISON: dict[str, Callable[[Floats, Floats], Flags]] = {
    "==": np.equal,
    "!=": np.not_equal,
    ">": np.greater,
    "<": np.less,
    ">=": np.greater_equal,
    "<=": np.less_equal,
}


def evaluate(
    storage: MetricStorage, tree: promql.Expr, start: int, end: int, step: int, deadline: Deadline
) -> tuple[Value, Times]:
    """The tree's value at start, start + step, … end, and these instants.

    Raises Unsupported for what this store does not evaluate, Unprocessable for what has no value, TimedOut.
    """
    grid = np.arange(start, end + 1, step, dtype=np.int64)
    with np.errstate(all="ignore"):
        return _Evaluation(storage, grid, deadline).value(tree), grid


def select_range(
    storage: MetricStorage, selector: promql.MatrixSelector, at: int, deadline: Deadline
) -> list[tuple[Labels, Times, Values]]:
    """The raw samples of a range selector at one instant."""
    end = at - _offset(selector.vector_selector)
    start = end - _milliseconds(selector.range)
    found = storage.select(matchers_of(selector.vector_selector), start, end, deadline).without_stale()
    return [run for run in found.runs() if len(run[1])]


def _milliseconds(duration: datetime.timedelta) -> int:
    return round(duration / datetime.timedelta(milliseconds=1))


def _offset(selector: promql.VectorSelector) -> int:
    if selector.at is not None:
        raise Unsupported(f"the @ modifier is not supported here: {selector}")
    if selector.matchers.or_matchers:
        raise Unsupported(f"alternatives with `or` between matchers are not supported here: {selector}")
    return _milliseconds(selector.offset) if selector.offset is not None else 0


def _without_name(labels: Labels) -> Labels:
    return {name: value for name, value in labels.items() if name != "__name__"}


class _Evaluation:
    def __init__(self, storage: MetricStorage, grid: Times, deadline: Deadline) -> None:
        self._storage = storage
        self._grid = grid
        self._points = len(grid)
        self._deadline = deadline

    def value(self, tree: promql.Expr) -> Value:
        """What a part of the tree stands for."""
        self._deadline.check()
        if isinstance(tree, promql.ParenExpr):
            return self.value(tree.expr)
        if isinstance(tree, promql.NumberLiteral):
            return Scalar(np.full(self._points, tree.val))
        if isinstance(tree, promql.StringLiteral):
            return Text(tree.val)
        if isinstance(tree, promql.VectorSelector):
            return self._select(tree)
        if isinstance(tree, promql.UnaryExpr):
            operand = self.value(tree.expr)
            if isinstance(operand, Scalar):
                return Scalar(-operand.values)
            return self._vector(
                [(_without_name(labels), -row, here) for labels, row, here in _rows(_as_vector(operand))]
            )
        if isinstance(tree, promql.AggregateExpr):
            return self._aggregate(tree)
        if isinstance(tree, promql.Call):
            return self._call(tree)
        if isinstance(tree, promql.BinaryExpr):
            return self._binary(tree)
        if isinstance(tree, promql.SubqueryExpr):
            raise Unsupported("subqueries are not supported here")
        if isinstance(tree, promql.MatrixSelector):
            raise Unprocessable(
                'invalid expression type "range vector" for range query, must be Scalar or instant Vector'
            )
        raise Unsupported(f"{type(tree).__name__} is not supported here")

    # -- selectors

    def _select(self, selector: promql.VectorSelector) -> Vector:
        at = self._grid - _offset(selector)
        found = self._storage.select(
            matchers_of(selector), int(at[0]) - LOOKBACK_MILLISECONDS, int(at[-1]), self._deadline
        )
        self._refuse_if_large(len(found.labels))
        rows = []
        for labels, times, samples in found.runs():
            position = np.searchsorted(times, at, side="right") - 1
            last = np.maximum(position, 0)
            values = samples[last]
            present = (position >= 0) & (times[last] >= at - LOOKBACK_MILLISECONDS) & ~is_stale(values)
            rows.append((labels, values, present))
        return Vector.of(rows, self._points)

    def _ranges(
        self,
        selector: promql.Expr,
        function: str,
        over_range: Callable[[Times, Values, Times, int], tuple[Floats, Flags]],
    ) -> Vector:
        while isinstance(selector, promql.ParenExpr):
            selector = selector.expr
        if not isinstance(selector, promql.MatrixSelector):
            raise Unsupported(f"subqueries are not supported here: the operand of {function}")
        at = self._grid - _offset(selector.vector_selector)
        window = _milliseconds(selector.range)
        found = self._storage.select(
            matchers_of(selector.vector_selector), int(at[0]) - window, int(at[-1]), self._deadline
        )
        self._refuse_if_large(len(found.labels))
        rows = []
        for labels, times, samples in found.without_stale().runs():
            self._deadline.check()
            values, present = over_range(times, samples, at, window)
            rows.append((_without_name(labels), values, present))
        return self._vector(rows)

    def _refuse_if_large(self, series: int) -> None:
        if series * self._points > QUERY_SAMPLES:
            raise Unprocessable("query processing would load too many samples into memory in query execution")

    def _vector(self, rows: Sequence[tuple[Labels, Floats, Flags]]) -> Vector:
        """The rows as a vector. Without their names two series may become one, which must not have two values."""
        by_labels: dict[tuple[tuple[str, str], ...], tuple[Labels, Floats, Flags]] = {}
        for labels, values, present in rows:
            key = tuple(sorted(labels.items()))
            other = by_labels.get(key)
            if other is not None:
                if (other[2] & present).any():
                    raise Unprocessable("vector cannot contain metrics with the same labelset")
                by_labels[key] = (labels, np.where(present, values, other[1]), present | other[2])
            else:
                by_labels[key] = (labels, values, present)
        return Vector.of(by_labels.values(), self._points)

    # -- aggregations and functions

    def _aggregate(self, tree: promql.AggregateExpr) -> Vector:
        operation = str(tree.op)
        if operation not in AGGREGATIONS:
            raise Unsupported(f"the aggregation {operation} is not supported here")
        modifier = tree.modifier
        grouping = Grouping()
        if modifier is not None:
            names = tuple(modifier.labels)
            grouping = Grouping(names, without=modifier.type == promql.AggModifierType.Without)
        return aggregate(operation, _as_vector(self.value(tree.expr)), grouping)

    def _call(self, tree: promql.Call) -> Value:
        name, arguments = tree.func.name, tree.args
        if name in RATES:
            return self._ranges(arguments[0], name, RATES[name])
        if name == "histogram_quantile":
            quantile = self._scalar(arguments[0])
            return self._vector(
                histogram_quantile(quantile.values, _as_vector(self.value(arguments[1])), self._deadline)
            )
        if name == "time":
            return Scalar(self._grid / 1000)
        if name == "vector":
            values = self._scalar(arguments[0]).values
            return Vector([{}], values[np.newaxis, :], np.ones((1, self._points), dtype=bool))
        if name == "scalar":
            vector = _as_vector(self.value(arguments[0]))
            alone = vector.present.sum(axis=0) == 1
            return Scalar(np.where(alone, np.where(vector.present, vector.values, 0.0).sum(axis=0), np.nan))
        raise Unsupported(f"the function {name}() is not supported here")

    def _scalar(self, tree: promql.Expr) -> Scalar:
        value = self.value(tree)
        if not isinstance(value, Scalar):
            raise Unprocessable(f"expected type scalar, got {type(value).__name__.lower()}")
        return value

    # -- binary operators

    def _binary(self, tree: promql.BinaryExpr) -> Value:
        operation = str(tree.op)
        if operation not in _ARITHMETIC and operation not in _COMPARISON:
            raise Unsupported(f"the operator {operation} is not supported here")
        modifier = tree.modifier
        as_numbers = bool(modifier is not None and modifier.return_bool)
        left, right = self.value(tree.lhs), self.value(tree.rhs)
        if isinstance(left, Scalar) and isinstance(right, Scalar):
            if operation in _ARITHMETIC:
                return Scalar(_ARITHMETIC[operation](left.values, right.values))
            if not as_numbers:
                raise Unprocessable("comparisons between scalars must use BOOL modifier")
            return Scalar(_COMPARISON[operation](left.values, right.values).astype(float))
        if isinstance(left, Scalar) or isinstance(right, Scalar):
            return self._with_scalar(operation, left, right, as_numbers)
        return self._one_to_one(operation, _as_vector(left), _as_vector(right), modifier, as_numbers)

    def _with_scalar(self, operation: str, left: Value, right: Value, as_numbers: bool) -> Vector:
        vector = _as_vector(right if isinstance(left, Scalar) else left)
        a = left.values if isinstance(left, Scalar) else vector.values
        b = right.values if isinstance(right, Scalar) else vector.values
        if operation in _COMPARISON:
            holds = np.atleast_2d(_COMPARISON[operation](a, b))
            if not as_numbers:
                return vector.where(holds) if len(vector.labels) else vector
            values = holds.astype(float)
        else:
            values = np.atleast_2d(_ARITHMETIC[operation](a, b))
        rows = zip(vector.labels, values, vector.present, strict=False)
        return self._vector([(_without_name(labels), row, present) for labels, row, present in rows])

    def _one_to_one(
        self, operation: str, left: Vector, right: Vector, modifier: promql.BinModifier | None, as_numbers: bool
    ) -> Vector:
        matching = modifier.matching if modifier is not None else None
        if modifier is not None and modifier.card != promql.VectorMatchCardinality.OneToOne:
            raise Unsupported("group_left and group_right are not supported here")
        on = matching is not None and matching.type == promql.LabelModifierType.Include
        names = tuple(matching.labels) if matching is not None else ()
        grouping = Grouping(names, without=not on)
        rights = _by_group(right, grouping, "right")
        lefts = _by_group(left, grouping, "left")
        rows = []
        for key, (group, a, here) in lefts.items():
            if key not in rights:
                continue
            _, b, there = rights[key]
            present = here & there
            if operation in _COMPARISON:
                holds = _COMPARISON[operation](a, b)
                if as_numbers:
                    rows.append((group, holds.astype(float), present))
                else:
                    rows.append((group, a, present & holds))
            else:
                rows.append((group, _ARITHMETIC[operation](a, b), present))
        if operation in _COMPARISON and not as_numbers and not on:
            # A comparison that filters keeps the left side's name.
            rows = self._named(rows, left, grouping)
        return self._vector(rows)

    def _named(
        self, rows: list[tuple[Labels, Floats, Flags]], left: Vector, grouping: Grouping
    ) -> list[tuple[Labels, Floats, Flags]]:
        named = []
        for labels, values, present in rows:
            key = tuple(sorted(labels.items()))
            for series, _, here in _rows(left):
                if tuple(sorted(grouping.of(series).items())) == key:
                    name = {"__name__": series["__name__"]} if "__name__" in series else {}
                    named.append((labels | name, values, present & here))
        return named


def _by_group(
    vector: Vector, grouping: Grouping, side: str
) -> dict[tuple[tuple[str, str], ...], tuple[Labels, Floats, Flags]]:
    """The rows by what they match on. Raises Unprocessable when two of them match at one instant."""
    groups: dict[tuple[tuple[str, str], ...], tuple[Labels, Floats, Flags]] = {}
    first: dict[tuple[tuple[str, str], ...], Labels] = {}
    for labels, values, present in _rows(vector):
        group = grouping.of(labels)
        key = tuple(sorted(group.items()))
        other = groups.get(key)
        if other is not None:
            if (other[2] & present).any():
                raise Unprocessable(
                    f"found duplicate series for the match group {format_labels(group)} on the {side} hand-side of the "
                    f"operation: [{format_labels(labels)}, {format_labels(first[key])}];"
                    "many-to-many matching not allowed: matching labels must be unique on one side"
                )
            groups[key] = (group, np.where(present, values, other[1]), present | other[2])
        else:
            groups[key] = (group, values, present)
            first[key] = labels
    return groups


def _rows(vector: Vector) -> list[tuple[Labels, Floats, Flags]]:
    return list(zip(vector.labels, vector.values, vector.present, strict=True))


def _as_vector(value: Value) -> Vector:
    if not isinstance(value, Vector):
        _refuse_type(value)
    return value


def _refuse_type(value: Value) -> NoReturn:
    raise Unprocessable(f"expected type instant vector, got {type(value).__name__.lower()}")
