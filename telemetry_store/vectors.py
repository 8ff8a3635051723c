"""Labelled series over a grid of instants, and what PromQL and LogQL both do with them: group, aggregate, format.

How a language finds its values, and which operations it has, is in its own `evaluator`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import numpy.typing as npt

Labels = dict[str, str]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


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

    def where(self, keep: Flags) -> Vector:
        """The samples at which `keep` is true."""
        present = self.present & keep
        rows: Flags = np.any(present, axis=1)
        return Vector(
            [labels for labels, row in zip(self.labels, rows, strict=True) if row], self.values[rows], present[rows]
        )


@dataclass(frozen=True)
class Grouping:
    """`by (names)`, or `without (names)`."""

    names: tuple[str, ...] = ()
    without: bool = False

    def of(self, labels: Labels) -> Labels:
        """The labels of the group to which a series belongs."""
        if self.without:
            return {n: v for n, v in labels.items() if n not in self.names and n != "__name__"}
        return {n: labels[n] for n in self.names if labels.get(n)}


def group_rows(labels: Sequence[Labels], grouping: Grouping) -> list[tuple[Labels, list[int]]]:
    """The groups and the numbers of the rows in each, in order of first appearance."""
    groups: dict[tuple[tuple[str, str], ...], tuple[Labels, list[int]]] = {}
    for row, series in enumerate(labels):
        group = grouping.of(series)
        groups.setdefault(tuple(sorted(group.items())), (group, []))[1].append(row)
    return list(groups.values())


def _sum(values: Floats, present: Flags) -> Floats:
    result: Floats = np.where(present, values, 0.0).sum(axis=0)
    return result


def _average(values: Floats, present: Flags) -> Floats:
    result: Floats = _sum(values, present) / np.maximum(present.sum(axis=0), 1)
    return result


def _count(values: Floats, present: Flags) -> Floats:
    result: Floats = present.sum(axis=0).astype(float)
    return result


def _smallest(values: Floats, present: Flags) -> Floats:
    # fmin leaves NaN out, unless there is nothing else: as Prometheus does.
    result: Floats = np.fmin.reduce(np.where(present, values, np.nan), axis=0)
    return result


def _largest(values: Floats, present: Flags) -> Floats:
    result: Floats = np.fmax.reduce(np.where(present, values, np.nan), axis=0)
    return result


#: Aggregations over the series of a group: (values, present) of its rows -> one row.
AGGREGATIONS: dict[str, Callable[[Floats, Flags], Floats]] = {
    "sum": _sum,
    "avg": _average,
    "count": _count,
    "min": _smallest,
    "max": _largest,
}


def aggregate(operation: str, vector: Vector, grouping: Grouping) -> Vector:
    """One series per group. KeyError for an operation that `AGGREGATIONS` does not have."""
    combine = AGGREGATIONS[operation]
    rows = []
    with np.errstate(all="ignore"):
        for group, members in group_rows(vector.labels, grouping):
            present = vector.present[members]
            somewhere: Flags = np.any(present, axis=0)
            rows.append((group, combine(vector.values[members], present), somewhere))
    return Vector.of(rows, vector.values.shape[1])


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
