"""PromQL trees -> values over a grid of instants. Times are unix milliseconds.

Each selector is read and searched once for all its series and all instants; every part of the tree is then worked out
for the whole grid at once. Semantics are Prometheus 2.42's: look-back of five minutes, staleness markers, ranges
closed at both ends.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...deadline import Deadline
from ...limits import QUERY_SAMPLES
from ...quoting import quote
from ...refusals import Unprocessable
from ...vector_matching import SAME_LABELS, combine, operate_on_numbers, without_name
from ...vectors import Flags, Floats, Vector, aggregate
from ..samples import Times, is_stale
from ..selection import Selection
from ..storage import MetricStorage
from .functions import absent_labels, call, constant, nameless
from .instant_functions import DATES
from .over_time import OVER_TIME, holt_winters, predict_linear, quantile_over_time
from .printer import show_number
from .rates import RATES
from .syntax import (
    Aggregation,
    Anchor,
    Binary,
    Call,
    Expression,
    Number,
    Parentheses,
    Range,
    Selector,
    Subquery,
    Text,
    Unary,
    bare,
    parts,
    type_of,
)
from .windows import RangeFunction, Windows, apply, positions

#: How long a sample stands for its series when no newer one comes.
LOOKBACK_MILLISECONDS = 5 * 60 * 1000

#: Step of a subquery that names none (Prometheus: the default evaluation interval).
SUBQUERY_STEP_MILLISECONDS = 60 * 1000

#: Functions whose value depends on the instant even when their arguments do not.
_DEPEND_ON_INSTANT = frozenset([*DATES, "predict_linear", "time", "timestamp"])

#: Instants at which a subquery may be evaluated.
_SUBQUERY_POINTS = 2_000_000

TOO_MANY_SAMPLES = "query processing would load too many samples into memory in query execution"


@dataclass
class Scalar:
    """One number per instant."""

    values: Floats


@dataclass
class String:
    """A string constant."""

    value: str


Value = Scalar | Vector | String


def evaluate(
    storage: MetricStorage, tree: Expression, start: int, end: int, step: int, deadline: Deadline
) -> tuple[Value, Times]:
    """The tree's value at start, start + step, … end, and these instants.

    Raises Unprocessable for what has no value, TimedOut.
    """
    grid = np.arange(start, end + 1, step, dtype=np.int64)
    with np.errstate(all="ignore"):
        return _Evaluation(storage, grid, (start, end), deadline).value(tree), grid


def evaluate_matrix(storage: MetricStorage, tree: Expression, at: int, deadline: Deadline) -> Selection:
    """The samples of a range selector or subquery at one instant."""
    grid = np.array([at], dtype=np.int64)
    with np.errstate(all="ignore"):
        return _Evaluation(storage, grid, (at, at), deadline).samples(tree)[0]


def _is_constant(tree: Expression) -> bool:
    """Whether the value is the same at all instants of a query: selectors are held fast by `@`."""
    match tree:
        case Selector():
            return tree.anchor is not None
        case Subquery():
            return tree.anchor is not None
        case Call() if tree.name in _DEPEND_ON_INSTANT:
            return False
        case Aggregation():
            return _is_constant(tree.inner) and (tree.parameter is None or _is_constant(tree.parameter))
    return all(_is_constant(part) for part in parts(tree))


class _Evaluation:
    """Evaluates over one grid; a subquery has a grid of its own."""

    def __init__(self, storage: MetricStorage, grid: Times, query: tuple[int, int], deadline: Deadline) -> None:
        self._storage = storage
        self._grid = grid
        self._points = len(grid)
        self._query = query
        self._deadline = deadline

    def value(self, tree: Expression) -> Value:
        """What a part of the tree stands for."""
        self._deadline.check()
        if self._points > 1 and not isinstance(tree, (Number, Text)) and _is_constant(tree):
            return self._spread(_Evaluation(self._storage, self._grid[:1], self._query, self._deadline).value(tree))
        match tree:
            case Parentheses():
                return self.value(tree.inner)
            case Number():
                return Scalar(np.full(self._points, tree.value))
            case Text():
                return String(tree.value)
            case Selector():
                return self._select(tree)[0]
            case Unary():
                return self._unary(tree)
            case Aggregation():
                return self._aggregate(tree)
            case Call():
                return self._call(tree)
            case Binary():
                return self._binary(tree)
        raise Unprocessable(f"unexpected {type_of(tree).value}")

    def vector(self, tree: Expression) -> Vector:
        """The value of a part that is a vector."""
        value = self.value(tree)
        assert isinstance(value, Vector)
        return value

    def scalar(self, tree: Expression) -> Floats:
        """The value of a part that is a number."""
        value = self.value(tree)
        assert isinstance(value, Scalar)
        return value.values

    def _spread(self, value: Value) -> Value:
        """A value at one instant as the same at all of them."""
        if isinstance(value, Scalar):
            return Scalar(np.repeat(value.values, self._points))
        if isinstance(value, Vector):
            self._refuse_if_large(len(value.labels))
            return Vector(
                value.labels,
                np.repeat(value.values, self._points, axis=1),
                np.repeat(value.present, self._points, axis=1),
            )
        return value

    def _refuse_if_large(self, series: int) -> None:
        if series * self._points > QUERY_SAMPLES:
            raise Unprocessable(TOO_MANY_SAMPLES)

    # -- selectors

    def _reference(self, offset: int, anchor: Anchor | None) -> Times:
        """The instants at which data are looked at. `@` holds the first; what is constant is evaluated there only.

        A range function that is not constant for another reason moves on from there, as it does in Prometheus.
        """
        if anchor is None:
            return self._grid - offset
        at = {"start": self._query[0], "end": self._query[1]}[anchor.at] if isinstance(anchor.at, str) else anchor.at
        reference: Times = self._grid - self._grid[0] + (at - offset)
        return reference

    def _select(self, selector: Selector) -> tuple[Vector, Floats]:
        """The newest sample of each series at each instant, and its time in seconds."""
        at = self._reference(selector.offset, selector.anchor)
        if selector.anchor is not None:
            at = np.full_like(at, at[0])
        found = self._storage.select(selector.matchers, int(at[0]) - LOOKBACK_MILLISECONDS, int(at[-1]), self._deadline)
        self._refuse_if_large(len(found.labels))
        if not found.labels:
            return Vector.empty(self._points), np.zeros((0, self._points))
        last = positions(found, at, "right") - 1
        begun = last >= found.starts[:-1, np.newaxis]
        last = np.maximum(last, 0)
        values, times = found.values[last], found.times[last]
        present = begun & (times >= at - LOOKBACK_MILLISECONDS) & ~is_stale(values)
        rows = np.flatnonzero(present.any(axis=1))
        return Vector(found.labels, values, present).take(rows), times[rows] / 1000

    def samples(self, tree: Expression) -> tuple[Selection, Times, int]:
        """A range vector's samples, the ends of its ranges (one per instant), and their length."""
        tree = bare(tree)
        if isinstance(tree, Range):
            ends = self._reference(tree.selector.offset, tree.selector.anchor)
            # What `@` holds fast has no samples beyond it, though ranges may move on.
            newest = ends[-1] if tree.selector.anchor is None else ends[0]
            found = self._storage.select(tree.selector.matchers, int(ends[0]) - tree.range, int(newest), self._deadline)
            self._refuse_if_large(len(found.labels))
            return found.without_stale(), ends, tree.range
        assert isinstance(tree, Subquery)
        ends = self._reference(tree.offset, tree.anchor)
        step = tree.step or SUBQUERY_STEP_MILLISECONDS
        # Evaluated at multiples of the step, whenever the query is.
        first = -(-(int(ends[0]) - tree.range) // step) * step
        if (int(ends[-1]) - first) // step >= _SUBQUERY_POINTS:
            raise Unprocessable(TOO_MANY_SAMPLES)
        grid = np.arange(first, int(ends[-1]) + 1, step, dtype=np.int64)
        if not len(grid):
            return Selection([], np.zeros(1, dtype=np.int64), grid, np.zeros(0)), ends, tree.range
        inner = _Evaluation(self._storage, grid, self._query, self._deadline).vector(tree.inner)
        self._refuse_if_large(len(inner.labels))
        return _as_selection(inner, grid), ends, tree.range

    # -- functions

    def _over_ranges(self, tree: Call, function: RangeFunction, argument: int = 0) -> Vector:
        found, ends, length = self.samples(tree.arguments[argument])
        values, present = apply(function, found, self._grid, ends, length, self._deadline)
        keeps_name = tree.name == "last_over_time"
        labels = found.labels if keeps_name else [without_name(each) for each in found.labels]
        return _refuse_same_labels(Vector(labels, values, present).without_empty())

    def _call(self, tree: Call) -> Value:
        name, arguments = tree.name, tree.arguments
        function = RATES.get(name) or OVER_TIME.get(name)
        if function is not None:
            return self._over_ranges(tree, function)
        match name:
            case "time":
                return Scalar(self._grid / 1000)
            case "pi":
                return Scalar(np.full(self._points, np.pi))
            case "scalar":
                vector = self.vector(arguments[0])
                alone = vector.present.sum(axis=0) == 1
                only = np.where(vector.present, vector.values, -0.0).sum(axis=0, initial=-0.0)
                return Scalar(np.where(alone, only, np.nan))
            case "timestamp":
                return self._timestamp(bare(arguments[0]))
            case "absent":
                present: Flags = np.any(self.vector(arguments[0]).present, axis=0)
                return self._absence(arguments[0], present)
            case "absent_over_time":
                found, ends, length = self.samples(arguments[0])
                _, there = apply(OVER_TIME["present_over_time"], found, self._grid, ends, length, self._deadline)
                return self._absence(arguments[0], np.any(there, axis=0))
            case "quantile_over_time":
                quantile = self.scalar(arguments[0])
                return self._over_ranges(tree, lambda windows: quantile_over_time(windows, quantile), argument=1)
            case "predict_linear":
                seconds = self.scalar(arguments[1])
                return self._over_ranges(tree, lambda windows: predict_linear(windows, seconds))
            case "holt_winters":
                smoothing, trend = self.scalar(arguments[1]), self.scalar(arguments[2])

                def smooth(windows: Windows) -> tuple[Floats, Flags]:
                    return holt_winters(windows, smoothing, trend)

                return self._over_ranges(tree, smooth)
        return call(name, _Arguments(self, arguments, self._grid, self._deadline))

    def _timestamp(self, tree: Expression) -> Vector:
        if isinstance(tree, Selector):
            vector, times = self._select(tree)
            return nameless(vector, times)
        vector = self.vector(tree)
        return nameless(vector, np.broadcast_to(self._grid / 1000, vector.values.shape))

    def _absence(self, tree: Expression, present: Flags) -> Vector:
        one = constant(np.ones(self._points))
        return Vector([absent_labels(tree)], one.values, one.present).where(~present)

    # -- operators

    def _unary(self, tree: Unary) -> Value:
        operand = self.value(tree.inner)
        if tree.operation == "+":
            return operand
        if isinstance(operand, Scalar):
            return Scalar(-operand.values)
        assert isinstance(operand, Vector)
        labels = [without_name(each) for each in operand.labels]
        return _refuse_same_labels(Vector(labels, -operand.values, operand.present))

    def _aggregate(self, tree: Aggregation) -> Vector:
        parameter: Floats | str | None = None
        if tree.operation == "count_values":
            assert tree.parameter is not None
            text = self.value(tree.parameter)
            assert isinstance(text, String)
            parameter = text.value
            if not parameter.replace("_", "a").isalnum() or not parameter.isascii() or parameter[0].isdigit():
                raise Unprocessable(f"invalid label name {quote(parameter)}")
        elif tree.parameter is not None:
            parameter = self.scalar(tree.parameter)
            if tree.operation in ("topk", "bottomk"):
                wrong = ~(np.abs(parameter) <= 2.0**63)
                if wrong.any():
                    number = float(parameter[np.flatnonzero(wrong)[0]])
                    raise Unprocessable(f"Scalar value {show_number(number)} overflows int64")
        return aggregate(tree.operation, self.vector(tree.inner), tree.grouping, parameter)

    def _binary(self, tree: Binary) -> Value:
        left, right = self.value(tree.left), self.value(tree.right)
        if isinstance(left, Scalar) and isinstance(right, Scalar):
            return Scalar(operate_on_numbers(tree.operation, left.values, right.values))
        a, b = _operand(left), _operand(right)
        result = combine(tree.operation, a, b, tree.matching, tree.as_numbers)
        self._refuse_if_large(len(result.labels))
        return result


@dataclass
class _Arguments:
    """A call's arguments for `functions`."""

    evaluation: _Evaluation
    trees: tuple[Expression, ...]
    instants: Times
    deadline: Deadline

    def __len__(self) -> int:
        return len(self.trees)

    def vector(self, number: int) -> Vector:
        return self.evaluation.vector(self.trees[number])

    def scalar(self, number: int) -> Floats:
        return self.evaluation.scalar(self.trees[number])

    def text(self, number: int) -> str:
        tree = bare(self.trees[number])
        assert isinstance(tree, Text)
        return tree.value


def _operand(value: Value) -> Vector | Floats:
    assert not isinstance(value, String)
    return value.values if isinstance(value, Scalar) else value


def _refuse_same_labels(vector: Vector) -> Vector:
    """The vector. Raises Unprocessable when two series have the same labels, be it at different instants."""
    if len({frozenset(labels.items()) for labels in vector.labels}) < len(vector.labels):
        raise Unprocessable(SAME_LABELS)
    return vector


def _as_selection(vector: Vector, grid: Times) -> Selection:
    counts = vector.present.sum(axis=1)
    return Selection(
        vector.labels,
        np.concatenate(([0], np.cumsum(counts))),
        np.broadcast_to(grid, vector.values.shape)[vector.present],
        vector.values[vector.present],
    )
