"""Metric queries -> values over time. Times are unix nanoseconds; a range at instant t holds (t - range, t]."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt

from ...limits import LOG_QUERY_SERIES
from ...refusals import BadRequest, Refusal
from ...regexes import compile_pattern
from ...vector_matching import Cardinality, DuplicateSeries, Matching, MultipleMatches, combine
from ...vectors import Flags, Floats, Grouping, Labels, Vector, aggregate
from . import syntax
from .labels import ERROR
from .range_functions import Windows, function_of
from .reading import Source
from .samples import Extraction, Series
from .template_functions.expressions import expand

Grid = npt.NDArray[np.int64]

#: Operations that a sum around them may be worked out with: then only the labels of its groups matter.
_SUMMABLE = ("bytes_over_time", "bytes_rate", "sum_over_time", "rate", "count_over_time")

_CARDINALITIES = {
    "": Cardinality.ONE_TO_ONE,
    "group_left": Cardinality.MANY_TO_ONE,
    "group_right": Cardinality.ONE_TO_MANY,
}


class ServerRefused(Refusal):
    """What Loki answers with 500: series that match in a way that gives no single answer, and what is switched off."""

    status = 500


def evaluate(source: Source, query: syntax.MetricQuery, grid: Grid) -> Vector | Floats:
    """The query's values at the instants: series, or numbers for a bare number.

    Raises BadRequest for pipelines that cannot be made or that fail, ServerRefused, TimedOut.
    """
    result = _Evaluation(source, grid).of(query)
    if isinstance(result, Vector) and len(result.labels) > LOG_QUERY_SERIES:
        raise BadRequest(
            f"maximum number of series ({LOG_QUERY_SERIES}) reached for a single query; consider reducing query "
            "cardinality by adding more specific stream selectors, reducing the time range, or aggregating results "
            "with functions like sum(), count() or topk()"
        )
    return result


def is_sorted_by_value(query: syntax.MetricQuery) -> bool:
    """Whether an instant answer keeps the order of `sort` or `sort_desc` within the query."""
    stack: list[syntax.MetricQuery] = [query]
    while stack:
        node = stack.pop()
        if isinstance(node, syntax.VectorAggregation):
            if node.operation in ("sort", "sort_desc"):
                return True
            stack.append(node.operand)
        elif isinstance(node, syntax.BinaryOperation):
            stack += [node.left, node.right]
        elif isinstance(node, syntax.LabelReplace):
            stack.append(node.operand)
    return False


class _Evaluation:
    def __init__(self, source: Source, grid: Grid) -> None:
        self._source = source
        self._grid = grid

    def of(self, query: syntax.MetricQuery) -> Vector | Floats:
        self._source.deadline.check()
        if isinstance(query, syntax.Literal):
            return np.full(len(self._grid), query.value)
        if isinstance(query, syntax.VectorOfNumber):
            points = len(self._grid)
            return Vector([{}], np.full((1, points), query.value), np.ones((1, points), dtype=bool))
        if isinstance(query, syntax.RangeAggregation):
            return self._vector(_average_in_parts(query)) if _is_divided(query) else self._range(query, None)
        if isinstance(query, syntax.VectorAggregation):
            return self._aggregate(query)
        if isinstance(query, syntax.LabelReplace):
            return _replace_labels(query, self._vector(query.operand))
        return self._combine(query)

    def _vector(self, query: syntax.MetricQuery) -> Vector:
        value = self.of(query)
        if isinstance(value, Vector):
            return value
        raise BadRequest(f"unexpected type (*syntax.LiteralExpr) for {query}")

    def _aggregate(self, query: syntax.VectorAggregation) -> Vector:
        operand = query.operand
        if query.operation == "approx_topk":
            raise ServerRefused("approx_topk is not enabled. See -limits.shard_aggregations")
        if (
            query.operation == "sum"
            and isinstance(operand, syntax.RangeAggregation)
            and operand.operation in _SUMMABLE
            and operand.grouping is None
        ):
            vector = self._range(operand, query.grouping)
        elif query.operation == "sum" and isinstance(operand, syntax.RangeAggregation):
            vector = self._range(operand, None)
        else:
            vector = self._vector(operand)
        if query.operation in ("sort", "sort_desc"):
            return _sorted(vector, descending=query.operation == "sort_desc")
        parameter = float(query.parameter) if query.operation in ("topk", "bottomk") else None
        if parameter is None:
            vector = _without_empty_labels(vector)
        return aggregate(query.operation, vector, query.grouping, parameter)

    # -- ranges

    def _range(self, query: syntax.RangeAggregation, override: Grouping | None) -> Vector:
        range_ = query.range
        at = self._grid - range_.offset
        start, end = int(at[0]) - range_.range + 1, int(at[-1]) + 1
        series = Extraction(query, override).run(self._source, start, end)
        apply = function_of(query)
        rows: list[tuple[Labels, Floats, npt.NDArray[np.bool_]]] = []
        failed: list[tuple[int, int, Series]] = []
        with np.errstate(all="ignore"):
            for one in series:
                times, values = one.sorted()
                first = np.searchsorted(times, at - range_.range, side="right")
                last = np.searchsorted(times, at, side="right")
                present = last > first
                if not present.any():
                    continue
                if one.is_error:
                    step = int(present.argmax())
                    failed.append((step, int(times[first[step]]), one))
                    continue
                here = np.flatnonzero(present)
                result = np.zeros(len(at))
                result[here] = apply(Windows(times, values, first[here], last[here], self._source.deadline))
                rows.append((one.labels, result, present))
        if failed:
            raise _pipeline_error(min(failed, key=lambda failure: failure[:2])[2].labels)
        vector = Vector.of(rows, len(at))
        return self._absent(query, vector) if query.operation == "absent_over_time" else vector

    def _absent(self, query: syntax.RangeAggregation, vector: Vector) -> Vector:
        absent: Flags = np.logical_not(np.any(vector.present, axis=0))
        labels: Labels = {}
        others: list[str] = []
        for matcher in query.range.query.matchers:
            if matcher.operation == "=" and matcher.name not in labels:
                labels[matcher.name] = matcher.value
            else:
                others.append(matcher.name)
        labels = {name: value for name, value in labels.items() if name not in others and value}
        return Vector.of([(labels, np.ones(len(self._grid)), absent)], len(self._grid))

    # -- binary operations

    def _combine(self, query: syntax.BinaryOperation) -> Vector:
        left, right = self.of(query.left), self.of(query.right)
        if query.operation in ("/", "%"):
            right = _without_zeros(right)
        modifier = query.modifier
        matching = Matching(
            names=modifier.labels,
            on=bool(modifier.on),
            cardinality=_CARDINALITIES[modifier.group],
            include=modifier.include or (),
        )
        try:
            return _without_empty_labels(combine(query.operation, left, right, matching, modifier.returns_bool))
        except DuplicateSeries as error:
            side = "left" if modifier.group == "group_right" else "right"
            raise ServerRefused(
                f"found duplicate series on the {side} hand-side;many-to-many matching not allowed: "
                "matching labels must be unique on one side"
            ) from error
        except MultipleMatches as error:
            raise ServerRefused(str(error)) from error


def _is_divided(query: syntax.RangeAggregation) -> bool:
    """Whether Loki's front end splits an average: when series of different streams may come together in it."""
    if query.operation != "avg_over_time":
        return False
    if query.grouping is not None and (query.grouping.names or not query.grouping.without):
        return True
    return any(
        isinstance(stage, syntax.SelectLabels)
        or (isinstance(stage, syntax.LabelFormat) and any(part.renames for part in stage.assignments))
        for stage in query.range.query.stages
    )


def _average_in_parts(query: syntax.RangeAggregation) -> syntax.BinaryOperation:
    """Sum divided by count, as Loki's front end has it: the count is of all lines, with or without the number."""
    grouping = query.grouping or Grouping(without=True)
    unwrap = query.range.unwrap
    names = (*grouping.names, unwrap.label) if grouping.without and unwrap is not None else grouping.names
    lines = dataclasses.replace(query.range, unwrap=None)
    total = syntax.RangeAggregation("sum_over_time", query.range)
    count = syntax.RangeAggregation("count_over_time", lines)
    return syntax.BinaryOperation(
        "/",
        syntax.VectorAggregation("sum", total, grouping),
        syntax.VectorAggregation("sum", count, Grouping(names, grouping.without)),
    )


def _without_zeros(operand: Vector | Floats) -> Vector | Floats:
    """The operand with NaN for 0: to Loki, what is divided by nothing is not a number."""
    if isinstance(operand, Vector):
        return Vector(operand.labels, np.where(operand.values == 0, np.nan, operand.values), operand.present)
    return np.where(operand == 0, np.nan, operand)


def _sorted(vector: Vector, descending: bool) -> Vector:
    if not vector.labels:
        return vector
    values = vector.values[:, -1]
    return vector.take(np.argsort(-values if descending else values, kind="stable"))


def _replace_labels(query: syntax.LabelReplace, vector: Vector) -> Vector:
    pattern: Any = compile_pattern(query.pattern)
    changed: list[Labels] = []
    for labels in vector.labels:
        match = pattern.fullmatch(labels.get(query.source, ""))
        if match is None:
            changed.append(labels)
            continue
        value = expand(query.replacement, match)
        rest = {name: other for name, other in labels.items() if name != query.target}
        changed.append({**rest, query.target: value} if value else rest)
    return _without_empty_labels(Vector(changed, vector.values, vector.present))


def _without_empty_labels(vector: Vector) -> Vector:
    """The series without labels that are empty, which ranges keep and what is done with them does not."""
    labels = [{n: v for n, v in one.items() if v} if "" in one.values() else one for one in vector.labels]
    return Vector(labels, vector.values, vector.present)


def _pipeline_error(labels: Labels) -> BadRequest:
    kind = labels[ERROR]
    return BadRequest(
        f"pipeline error: '{kind}' for series: '{syntax.show_labels(labels)}'.\n"
        f'Use a label filter to intentionally skip this error. (e.g | __error__!="{kind}").\n'
        'To skip all potential errors you can match empty errors.(e.g __error__="")\n'
        'The label filter can also be specified after unwrap. (e.g | unwrap latency | __error__="" )\n'
    )
