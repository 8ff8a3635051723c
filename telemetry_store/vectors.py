"""Labelled series over a grid of instants, and what PromQL and LogQL both do with them: group, aggregate, format.

How a language finds its values, and which operations it has, is in its own `evaluator`; operations between two vectors
are in `vector_matching`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from .limits import QUERY_SAMPLES
from .refusals import Unprocessable

Labels = dict[str, str]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.intp]


@dataclass
class Vector:
    """Series (rows) by instants (columns). Where `present` is false there is no sample; a present value may be NaN."""

    labels: list[Labels]
    values: Floats
    present: Flags

    @classmethod
    def empty(cls, points: int) -> Vector:
        """No series at all."""
        return cls([], np.zeros((0, points)), np.zeros((0, points), dtype=bool))

    @classmethod
    def of(cls, rows: Iterable[tuple[Labels, Floats, Flags]], points: int) -> Vector:
        """The rows that have a sample at all."""
        kept = [row for row in rows if row[2].any()]
        if not kept:
            return cls.empty(points)
        return cls([row[0] for row in kept], np.array([row[1] for row in kept]), np.array([row[2] for row in kept]))

    @property
    def points(self) -> int:
        """How many instants the grid has."""
        return int(self.values.shape[1])

    def where(self, keep: Flags) -> Vector:
        """The samples at which `keep` is true; series without any are left out."""
        return Vector(self.labels, self.values, self.present & keep).without_empty()

    def without_empty(self) -> Vector:
        """The series that have a sample at all."""
        rows: Flags = np.any(self.present, axis=1)
        if rows.all():
            return self
        return self.take(np.flatnonzero(rows))

    def take(self, rows: Sequence[int] | Numbers) -> Vector:
        """The rows with these numbers, in this order."""
        return Vector([self.labels[row] for row in rows], self.values[rows], self.present[rows])

    def merged(self, refusal: str) -> Vector:
        """Rows of the same labels as one. Raises Unprocessable with the text when two have a sample at one instant."""
        keys = [frozenset(labels.items()) for labels in self.labels]
        if len(set(keys)) == len(keys):
            return self
        first: dict[frozenset[tuple[str, str]], int] = {}
        values, present = self.values.copy(), self.present.copy()
        for row, key in enumerate(keys):
            kept = first.setdefault(key, row)
            if kept != row:
                if (present[kept] & present[row]).any():
                    raise Unprocessable(refusal)
                values[kept] = np.where(present[row], values[row], values[kept])
                present[kept] |= present[row]
        return Vector(self.labels, values, present).take(list(first.values()))


@dataclass(frozen=True)
class Grouping:
    """`by (names)`, or `without (names)`."""

    names: tuple[str, ...] = ()
    without: bool = False

    def of(self, labels: Labels) -> Labels:
        """The labels of the group to which a series belongs."""
        if self.without:
            return {n: v for n, v in labels.items() if n not in self.names and n != "__name__"}
        return {n: labels[n] for n in sorted(set(self.names)) if labels.get(n)}

    def key(self, labels: Labels) -> Hashable:
        """What is equal for two series exactly when they belong to one group."""
        if self.without:
            return frozenset(self.of(labels).items())
        return tuple([labels.get(name, "") for name in self.names])


@dataclass(frozen=True)
class Groups:
    """Rows in order of their groups: group number i has the rows order[starts[i]:starts[i + 1]]."""

    labels: list[Labels]
    order: Numbers
    starts: Numbers


def group_rows(labels: Sequence[Labels], grouping: Grouping) -> Groups:
    """The groups in order of first appearance, with the numbers of the rows in each, rising."""
    number_of: dict[Hashable, int] = {}
    groups: list[Labels] = []
    members: list[list[int]] = []
    for row, series in enumerate(labels):
        key = grouping.key(series)
        number = number_of.get(key)
        if number is None:
            number = number_of[key] = len(groups)
            groups.append(grouping.of(series))
            members.append([])
        members[number].append(row)
    order = np.array([row for rows in members for row in rows], dtype=np.intp)
    return Groups(groups, order, np.cumsum([0, *map(len, members)], dtype=np.intp))


# -- aggregations that give one number per group: (values, present, starts of groups) -> groups by instants


def _sum(values: Floats, present: Flags, starts: Numbers) -> Floats:
    # -0.0 changes no sum, not even one of negative zeros.
    result: Floats = np.add.reduceat(np.where(present, values, -0.0), starts, axis=0)
    return result


def _count(values: Floats, present: Flags, starts: Numbers) -> Floats:
    result: Floats = np.add.reduceat(present, starts, axis=0, dtype=np.float64)
    return result


def _group(values: Floats, present: Flags, starts: Numbers) -> Floats:
    return np.ones((len(starts), values.shape[1]))


def _smallest(values: Floats, present: Flags, starts: Numbers) -> Floats:
    # fmin leaves NaN out, unless there is nothing else: as Prometheus does.
    result: Floats = np.fmin.reduceat(np.where(present, values, np.nan), starts, axis=0)
    return result


def _largest(values: Floats, present: Flags, starts: Numbers) -> Floats:
    result: Floats = np.fmax.reduceat(np.where(present, values, np.nan), starts, axis=0)
    return result


def _members(starts: Numbers, rows: int) -> Iterable[tuple[Numbers, Numbers]]:
    """(groups, rows): first every group with its first row, then those that have a second one with that, and so on."""
    sizes = np.diff(starts, append=rows)
    for number in range(int(sizes.max(initial=0))):
        groups = np.flatnonzero(sizes > number)
        yield groups, starts[groups] + number


def running_mean(mean: Floats, value: Floats, count: Floats) -> Floats:
    """The next mean after one more value, as Prometheus averages: no overflow, and an infinite mean stays."""
    following: Floats = mean + (value / count - mean / count)
    stays = np.isinf(mean) & ~np.isnan(value) & ~(np.isinf(value) & (np.signbit(mean) != np.signbit(value)))
    return np.where(stays, mean, following)


def _average(values: Floats, present: Flags, starts: Numbers) -> Floats:
    mean = np.zeros((len(starts), values.shape[1]))
    count = np.zeros_like(mean)
    for groups, rows in _members(starts, len(values)):
        here, value = present[rows], values[rows]
        count[groups] += here
        before = mean[groups]
        following = np.where(count[groups] == 1, value, running_mean(before, value, count[groups]))
        mean[groups] = np.where(here, following, before)
    return mean


def _variance(values: Floats, present: Flags, starts: Numbers) -> Floats:
    mean = np.zeros((len(starts), values.shape[1]))
    squares = np.zeros_like(mean)
    count = np.zeros_like(mean)
    for groups, rows in _members(starts, len(values)):
        here, value = present[rows], values[rows]
        first = here & (count[groups] == 0)
        count[groups] += here
        difference = value - mean[groups]
        following = np.where(first, value, mean[groups] + difference / count[groups])
        grown = squares[groups] + difference * (value - following)
        squares[groups] = np.where(here & ~first, grown, squares[groups])
        mean[groups] = np.where(here, following, mean[groups])
    result: Floats = squares / count
    return result


def _deviation(values: Floats, present: Flags, starts: Numbers) -> Floats:
    result: Floats = np.sqrt(_variance(values, present, starts))
    return result


_ONE_NUMBER: dict[str, Callable[[Floats, Flags, Numbers], Floats]] = {
    "sum": _sum,
    "avg": _average,
    "count": _count,
    "group": _group,
    "min": _smallest,
    "max": _largest,
    "stddev": _deviation,
    "stdvar": _variance,
}

#: Every aggregation; those after the first eight take a parameter.
AGGREGATIONS = (*_ONE_NUMBER, "topk", "bottomk", "quantile", "count_values")


def aggregate(
    operation: str, vector: Vector, grouping: Grouping, parameter: Floats | float | str | None = None
) -> Vector:
    """One series per group; for topk and bottomk the chosen series as they are, best first within their group.

    The parameter is k or the quantile (one number, or one per instant), or the label of count_values.
    KeyError for an operation that `AGGREGATIONS` does not have. Raises Unprocessable when the result is too large.
    """
    if not vector.labels:
        return vector
    with np.errstate(all="ignore"):
        if operation == "count_values":
            return _count_values(vector, grouping, str(parameter))
        groups = group_rows(vector.labels, grouping)
        values, present = vector.values[groups.order], vector.present[groups.order]
        if operation in ("topk", "bottomk"):
            return _extremes(vector, groups, _per_instant(parameter, vector.points), operation == "topk")
        somewhere: Flags = np.logical_or.reduceat(present, groups.starts[:-1], axis=0)
        if operation == "quantile":
            result = _quantiles(values, present, groups, _per_instant(parameter, vector.points))
        else:
            result = _ONE_NUMBER[operation](values, present, groups.starts[:-1])
        return Vector(groups.labels, result, somewhere).without_empty()


def _per_instant(parameter: Floats | float | str | None, points: int) -> Floats:
    assert isinstance(parameter, (float, int, np.ndarray))
    return np.broadcast_to(np.asarray(parameter, dtype=np.float64), (points,))


def _extremes(vector: Vector, groups: Groups, count: Floats, largest: bool) -> Vector:
    chosen = np.zeros_like(vector.present)
    kept: list[int] = []
    for start, end in zip(groups.starts[:-1].tolist(), groups.starts[1:].tolist(), strict=True):
        rows = groups.order[start:end]
        values, present = vector.values[rows], vector.present[rows]
        # Best first, NaN after all numbers, absent last; equal ones in their order.
        usual = np.where(present, -values if largest else values, 0.0)
        order = _order(usual, present)
        ranks = np.empty_like(order)
        np.put_along_axis(ranks, order, np.arange(len(rows))[:, np.newaxis], axis=0)
        limit = np.trunc(count)
        chosen[rows] = present & (ranks < limit)
        kept += rows[order[:, 0]].tolist() if vector.points == 1 else rows.tolist()
        # Which of equals is the last to be chosen, Prometheus leaves to its heap.
        sizes = present.sum(axis=0)
        for column in np.flatnonzero((limit >= 1) & (limit < sizes)):
            last = int(limit[column])
            inside, outside = values[order[last - 1 : last + 1, column], column]
            if inside == outside or math.isnan(inside):
                here = rows[present[:, column]]
                chosen[rows, column] = False
                chosen[here[_heap_choice(vector.values[here, column].tolist(), last, largest)], column] = True
    return Vector(vector.labels, vector.values, chosen).take(kept).without_empty()


def _order(values: Floats, present: Flags) -> Numbers:
    """Per column the rows by value, NaN after all numbers, absent last; equal ones in their order."""
    if (present & np.isnan(values)).any():
        return np.lexsort((values, present & np.isnan(values), ~present), axis=0)
    # Without NaN one key will do, in columns that lie together.
    key = np.ascontiguousarray(np.where(present, values, np.nan).T)
    return np.argsort(key, axis=1, kind="stable").T


def _heap_choice(values: Sequence[float], count: int, largest: bool) -> list[int]:
    """The places of the `count` best values as a heap with the worst on top chooses them, by Go's container/heap."""

    def worse(a: int, b: int) -> bool:
        x, y = values[a], values[b]
        return math.isnan(x) or (x < y if largest else x > y)

    heap: list[int] = []
    top = math.nan
    for place, value in enumerate(values):
        if place >= count:
            if (value <= top if largest else value >= top) or (math.isnan(value) and not math.isnan(top)):
                continue
            heap[0] = heap[-1]
            heap.pop()
            parent = 0
            while (child := 2 * parent + 1) < len(heap):
                if child + 1 < len(heap) and worse(heap[child + 1], heap[child]):
                    child += 1
                if not worse(heap[child], heap[parent]):
                    break
                heap[parent], heap[child] = heap[child], heap[parent]
                parent = child
        heap.append(place)
        child = len(heap) - 1
        while child and worse(heap[child], heap[(child - 1) // 2]):
            parent = (child - 1) // 2
            heap[parent], heap[child] = heap[child], heap[parent]
            child = parent
        top = values[heap[0]]
    return heap


def _quantiles(values: Floats, present: Flags, groups: Groups, quantile: Floats) -> Floats:
    starts = groups.starts
    result = np.empty((len(groups.labels), values.shape[1]))
    for number, (start, end) in enumerate(zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True)):
        here = present[start:end]
        ordered = np.sort(np.where(here, values[start:end], np.nan), axis=0)
        result[number] = quantile_of_sorted(quantile, ordered, here.sum(axis=0), (here & np.isnan(values[start:end])))
    return result


def quantile_of_sorted(quantile: Floats, ordered: Floats, count: Numbers, is_nan: Flags) -> Floats:
    """The quantile of each column: `count` values, of which the NaN count as the smallest.

    `ordered` has the others of each column in rising order, then anything; `is_nan` tells how many are NaN (its sum).
    """
    nans = is_nan.sum(axis=0)
    rank = quantile * (count - 1)
    lower = np.maximum(0, np.floor(rank))
    upper = np.minimum(count - 1, lower + 1)
    weight = rank - np.floor(rank)
    inside = (quantile >= 0) & (quantile <= 1) & (count > 0)
    columns = np.arange(ordered.shape[1])

    def value_at(index: Floats) -> Floats:
        place = np.where(inside, index, 0).astype(np.intp) - nans
        taken: Floats = np.where(place < 0, np.nan, ordered[np.clip(place, 0, len(ordered) - 1), columns])
        return taken

    between = value_at(lower) * (1 - weight) + value_at(upper) * weight
    outside = np.where(quantile < 0, -np.inf, np.where(quantile > 1, np.inf, np.nan))
    return np.where(inside, between, np.where(count > 0, outside, np.nan))


def _count_values(vector: Vector, grouping: Grouping, label: str) -> Vector:
    counted = grouping if grouping.without else Grouping((*grouping.names, label))
    rows: dict[Hashable, tuple[Labels, Floats]] = {}
    for series, values, present in zip(vector.labels, vector.values, vector.present, strict=True):
        columns = np.flatnonzero(present)
        distinct, which = np.unique(values[columns], return_inverse=True, equal_nan=True)
        for number, value in enumerate(distinct.tolist()):
            labels = dict(sorted({**series, label: format_value(value)}.items()))
            row = rows.setdefault(counted.key(labels), (counted.of(labels), np.zeros(vector.points)))
            row[1][columns[which == number]] += 1
        if len(rows) * vector.points > QUERY_SAMPLES:
            raise Unprocessable("query processing would load too many samples into memory in query execution")
    return Vector.of([(labels, counts, counts > 0) for labels, counts in rows.values()], vector.points)


# -- formatting


def format_value(value: float) -> str:
    """The number as Go's strconv prints it with format 'f': shortest digits, never an exponent."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    text = repr(float(value))
    if "e" in text:
        text = format(Decimal(text), "f")
    return text[:-2] if text.endswith(".0") else text


def format_time(milliseconds: int) -> int | float:
    """Unix seconds for a JSON answer: whole where they are whole."""
    return milliseconds // 1000 if milliseconds % 1000 == 0 else milliseconds / 1000
