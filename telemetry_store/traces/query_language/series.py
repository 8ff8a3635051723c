"""Series of a metrics query: labels and a number at each point of the grid; and what comes after: topk, comparisons."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .operations import COMPARE
from .syntax import FilterSeries, LimitSeries, Static

Floats = NDArray[np.float64]
Labels = tuple[tuple[str, Static], ...]

_TYPE_ORDER = {"nil": 0, "int": 3, "float": 4, "string": 5, "bool": 6}


@dataclass
class Exemplar:
    """A span that a point counts. `value` is NaN where the point's own stands for it."""

    labels: Labels
    value: float
    milliseconds: int


@dataclass
class Series:
    """Points that are not there are NaN."""

    labels: Labels
    values: Floats
    exemplars: list[Exemplar] = field(default_factory=list)


def label_value(static: Static) -> Static:
    """A value as a label has it: words for status and kind, text for durations and nil; a list is lost, as in Tempo."""
    if static.type in _TYPE_ORDER and static.type != "nil":
        return static
    return Static("string", "nil" if static.type.endswith("[]") else static.text)


def through_stages(series: list[Series], stages: Iterable[LimitSeries | FilterSeries]) -> list[Series]:
    """The series that later stages leave."""
    for stage in stages:
        series = _limited(series, stage) if isinstance(stage, LimitSeries) else _filtered(series, stage)
    return [one for one in series if not np.isnan(one.values).all()]


def _filtered(series: list[Series], stage: FilterSeries) -> list[Series]:
    kept = []
    for one in series:
        fits = COMPARE[stage.operation](one.values, stage.value) & ~np.isnan(one.values)
        if fits.any():
            kept.append(Series(one.labels, np.where(fits, one.values, np.nan), one.exemplars))
    return kept


def _limited(series: list[Series], stage: LimitSeries) -> list[Series]:
    """The greatest or least of each point; of equals `topk` takes the first in the alphabet, `bottomk` the last."""
    if len(series) <= stage.limit:
        return series
    ranks = np.argsort(np.argsort([*_positions(series)], kind="stable"), kind="stable")
    values = np.array([one.values for one in series])
    kept = np.zeros(values.shape, np.bool_)
    for point in range(values.shape[1]):
        column = values[:, point]
        order = np.lexsort((ranks, column))[: int((~np.isnan(column)).sum())]
        chosen = order[-stage.limit :] if stage.operation == "topk" else order[: stage.limit]
        kept[chosen, point] = True
    return [
        Series(one.labels, np.where(kept[number], one.values, np.nan), one.exemplars)
        for number, one in enumerate(series)
    ]


def _positions(series: Sequence[Series]) -> list[int]:
    """The place of each series in the order in which equals are taken."""

    def compare(first: int, second: int) -> int:
        return _order(series[first], series[second])

    order = sorted(range(len(series)), key=functools.cmp_to_key(compare))
    positions = [0] * len(series)
    for position, number in enumerate(order):
        positions[number] = position
    return positions


def _order(left: Series, right: Series) -> int:
    for (left_name, left_value), (right_name, right_value) in zip(left.labels, right.labels, strict=False):
        # Text counts backwards, so that the first in the alphabet is the greatest; numbers do not.
        for first, second in ((_text(left_value), _text(right_value)), (left_name, right_name)):
            if first != second:
                return -1 if first > second else 1
        keys = [(_TYPE_ORDER.get(v.type, 7), v.value if v.type in ("int", "float", "bool") else 0)
                for v in (left_value, right_value)]  # fmt: skip
        if keys[0] != keys[1]:
            return -1 if keys[0] < keys[1] else 1
    return len(left.labels) - len(right.labels)


def _text(static: Static) -> str:
    return str(static.value) if static.type == "string" else ""


def in_order(series: Iterable[Series]) -> list[Series]:
    """The series as an answer lists them."""
    return sorted(series, key=lambda one: (len(one.labels), [(name, _printed(value)) for name, value in one.labels]))


def _printed(static: Static) -> str:
    kind = {"int": "int", "float": "double", "bool": "bool"}.get(static.type, "string")
    return f"{kind}_value:{static.text}"
