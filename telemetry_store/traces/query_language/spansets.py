"""Sets of spans, and what a query's pipeline makes of them: one set per trace to begin with, for all traces at once."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...deadline import Deadline
from ...refusals import BadRequest
from .expressions import Expressions
from .operations import COMPARE
from .structure import Tree, tree_of
from .syntax import (
    NUMERIC,
    Aggregate,
    Coalesce,
    Element,
    Expression,
    GroupBy,
    Pipeline,
    ScalarFilter,
    Select,
    SpansetExpression,
    SpansetFilter,
    SpansetOperation,
    Static,
    spine,
)
from .vectors import Bools, Numbers, encoded

Indexes = NDArray[np.intp]


@dataclass
class Spansets:
    """Sets of spans of a block.

    Rows of one set stand together: set i has `rows[bounds[i]:bounds[i + 1]]`, in the order in which answers show them.
    `trace` has the number of each set's trace, `origin` the set of the input that it was made from, `attributes` what
    was computed of each set, under the text of the computation.
    """

    rows: Indexes
    bounds: Indexes
    trace: Indexes
    origin: Indexes
    attributes: dict[str, NDArray[np.object_]] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """How many sets there are."""
        return len(self.trace)

    @property
    def sizes(self) -> Indexes:
        """How many spans each set has."""
        return np.diff(self.bounds)

    @property
    def set_of_row(self) -> Indexes:
        """The set of each entry of `rows`."""
        return np.repeat(np.arange(self.count), self.sizes)

    def only(self, kept: Bools | Indexes) -> Spansets:
        """Some of the sets."""
        numbers = np.flatnonzero(kept) if kept.dtype == np.bool_ else kept
        sizes = self.sizes[numbers]
        positions = np.repeat(self.bounds[numbers] - (np.cumsum(sizes) - sizes), sizes) + np.arange(int(sizes.sum()))
        return Spansets(
            self.rows[positions],
            _bounds(sizes),
            self.trace[numbers],
            self.origin[numbers],
            {name: values[numbers] for name, values in self.attributes.items()},
        )

    def without_rows(self, kept: Bools) -> Spansets:
        """The sets with some of their spans (a mask over `rows`); those with none left are gone."""
        return _regrouped(self, self.rows[kept], self.set_of_row[kept])


def _bounds(sizes: Indexes) -> Indexes:
    return np.concatenate(([0], np.cumsum(sizes)))


def _regrouped(source: Spansets, rows: Indexes, sets: Indexes) -> Spansets:
    """Sets like those of `source` with other rows; `sets` rises."""
    sizes = np.bincount(sets, minlength=source.count) if len(sets) else np.zeros(source.count, np.intp)
    kept = np.flatnonzero(sizes)
    return Spansets(
        rows,
        _bounds(sizes[kept]),
        source.trace[kept],
        source.origin[kept],
        {name: values[kept] for name, values in source.attributes.items()},
    )


class PipelineRun:
    """Runs a pipeline over what has been fetched of a block."""

    def __init__(self, expressions: Expressions, deadline: Deadline) -> None:
        self._expressions = expressions
        self._block = expressions.fetched.block
        self._deadline = deadline

    def run(self, pipeline: Pipeline) -> Spansets:
        """The sets that a query's pipeline leaves. Raises TimedOut, BadRequest."""
        rows = np.flatnonzero(self._expressions.fetched.candidates)
        traces = self._block.trace[rows]
        sizes = np.bincount(traces, minlength=self._block.trace_count) if len(rows) else np.zeros(0, np.intp)
        kept = np.flatnonzero(sizes)
        return self._pipeline(pipeline, Spansets(rows, _bounds(sizes[kept]), kept, np.arange(len(kept))))

    def _pipeline(self, pipeline: Pipeline, sets: Spansets) -> Spansets:
        for element in pipeline.elements:
            self._deadline.check()
            if not sets.count:
                break
            sets = self._element(element, sets)
        return sets

    def _element(self, element: Element, sets: Spansets) -> Spansets:
        match element:
            case SpansetFilter() | SpansetOperation():
                return self._spanset_expression(element, sets)
            case GroupBy():
                return self._group(element, sets)
            case Coalesce():
                return _coalesced(sets)
            case Select():
                return sets
            case Aggregate():
                return self._aggregate(element, sets)[0]
            case ScalarFilter():
                assert isinstance(element.left, Aggregate)
                assert isinstance(element.right, Static)
                left, numbers = self._aggregate(element.left, sets)
                return left.only(_compared(element.operation, numbers, element.right))
        return self._pipeline(element, sets)

    # -- sets of spans

    def _spanset_expression(self, tree: SpansetExpression, sets: Spansets) -> Spansets:
        if isinstance(tree, SpansetFilter):
            return sets.without_rows(self._expressions.truth(tree.condition)[sets.rows])
        # Each operation sees one set of the input at a time; `origin` says which.
        numbered = replace(sets, origin=np.arange(sets.count))
        if isinstance(tree, Pipeline):
            result = self._pipeline(tree, numbered)
        else:
            bottom, operations = spine(tree)
            result = self._spanset_expression(bottom, numbered)
            for operation in operations:
                self._deadline.check()
                right = self._spanset_expression(operation.right, numbered)
                result = self._operation(operation.operation, numbered, result, right)
        return replace(result, origin=sets.origin[result.origin])

    def _operation(self, operation: str, sets: Spansets, left: Spansets, right: Spansets) -> Spansets:
        if operation in ("&&", "||"):
            return _combined(operation, sets, left, right)
        for side in (left, right):
            if len(np.unique(side.origin)) < side.count:
                raise BadRequest(
                    "spanset operators are not supported for multiple spansets per trace. consider using coalesce()"
                )
        negated, union = operation.startswith("!"), operation.startswith("&")
        relation = operation.lstrip("!&")
        rows, origin = [], []
        # Sets of one trace are looked at one after another: a relation holds within a set only.
        for numbers in _one_set_per_trace(sets):
            self._deadline.check()
            left_mask, right_mask = self._mask(left, numbers), self._mask(right, numbers)
            related = tree_of(self._block).related(relation, left_mask, self._block.trace)
            chosen = right_mask & (related != negated)
            if union:
                opposite = {">": "<", ">>": "<<", "<": ">", "<<": ">>", "~": "~"}[relation]
                chosen |= left_mask & tree_of(self._block).related(opposite, right_mask, self._block.trace)
            set_of_trace = np.full(self._block.trace_count, -1, np.intp)
            set_of_trace[sets.trace[numbers]] = numbers
            found = np.flatnonzero(chosen)
            rows.append(found)
            origin.append(set_of_trace[self._block.trace[found]])
        all_rows, all_sets = np.concatenate(rows), np.concatenate(origin)
        order = self._shown_order(operation, sets, left, right, all_rows, all_sets)
        return _regrouped(sets, all_rows[order], all_sets[order])

    def _mask(self, side: Spansets, numbers: Indexes) -> Bools:
        mask = np.zeros(self._block.count, np.bool_)
        chosen = np.isin(side.origin, numbers)
        mask[side.rows[np.repeat(chosen, side.sizes)]] = True
        return mask

    def _shown_order(
        self, operation: str, sets: Spansets, left: Spansets, right: Spansets, rows: Indexes, of_set: Indexes
    ) -> Indexes:
        """The order in which Tempo's algorithm for the operator comes upon the spans."""
        tree = tree_of(self._block)
        on_left, on_right = (np.zeros(self._block.count, np.bool_) for _ in range(2))
        on_left[left.rows], on_right[right.rows] = True, True
        match operation:
            case "&>" | "&<":
                keys = _parents_after_children(tree, on_left if operation == "&>" else on_right)
            case "&>>" | "&<<":
                above, below = (on_left, on_right) if operation == "&>>" else (on_right, on_left)
                keys = _ancestors_after_first(tree, above, below, self._block.trace)
            case "&~":
                keys = _family_by_family(tree, on_left, on_right, self._block.trace)
            case ">>" if len(left.rows) == len(right.rows) == len(sets.rows):
                # Both sides are one list there, which has been turned round to be searched.
                keys = [-tree.left]
            case _:
                position = np.zeros(self._block.count, np.int64)
                position[right.rows] = np.arange(len(right.rows))
                keys = [position]
        return np.lexsort((*(key[rows] for key in reversed(keys)), of_set))

    def _group(self, element: GroupBy, sets: Spansets) -> Spansets:
        vector = encoded(self._expressions.vector(element.expression), self._block.count)
        codes = vector.codes[sets.rows]
        width = len(vector.values) + 1
        # A list of values, or nil, may stand under several codes.
        statics = vector.statics
        numbers: dict[Static, int] = {}
        table = np.array([numbers.setdefault(static, index) for index, static in enumerate(statics)], np.int64)
        keys = sets.set_of_row.astype(np.int64) * width + table[codes]
        _, first, group = np.unique(keys, return_index=True, return_inverse=True)
        # Groups stand in the order of their first span.
        rank = np.argsort(np.argsort(first, kind="stable"), kind="stable")
        group = rank[group]
        order = np.argsort(group, kind="stable")
        firsts = np.sort(first)
        source = sets.set_of_row[firsts]
        values = np.empty(len(firsts), np.object_)
        values[:] = [statics[number] for number in table[codes[firsts]].tolist()]
        attributes = {name: column[source] for name, column in sets.attributes.items()}
        attributes[str(element)] = values
        return Spansets(
            sets.rows[order],
            _bounds(np.bincount(group, minlength=len(firsts))),
            sets.trace[source],
            sets.origin[source],
            attributes,
        )

    # -- numbers of sets

    def _aggregate(self, aggregate: Aggregate, sets: Spansets) -> tuple[Spansets, Totals]:
        """The sets that have the number, with it as an attribute, and the numbers."""
        if aggregate.expression is None:
            totals = Totals("int", sets.sizes.astype(np.int64))
        else:
            sets, totals = self._totals(aggregate.operation, aggregate.expression, sets)
        attributes = dict(sets.attributes)
        values = np.empty(sets.count, np.object_)
        values[:] = totals.statics()
        attributes[str(aggregate)] = values
        return replace(sets, attributes=attributes), totals

    def _totals(self, operation: str, expression: Expression, sets: Spansets) -> tuple[Spansets, Totals]:
        """The sets that have a total, and the totals."""
        vector = self._expressions.vector(expression)
        if isinstance(vector, Numbers) and vector.present is None:
            return sets, _reduced(operation, vector.array[sets.rows], sets.bounds[:-1], sets.sizes, vector.type)
        one = encoded(vector, self._block.count)
        types = np.array([_TYPES.index(static.type) if static.type in _TYPES else _OTHER for static in one.statics])
        whole, sets = sets, replace(sets, origin=np.arange(sets.count))
        sets = sets.without_rows(types[one.codes[sets.rows]] != _NOTHING)
        sets = sets.only(_has_number(operation, types[one.codes[sets.rows]], sets))
        kept = whole.only(sets.origin)
        if not sets.count:
            return kept, Totals("int", np.zeros(0, np.int64))
        codes, sizes = one.codes[sets.rows], sets.sizes
        found = types[codes]
        counted = found != _OTHER
        if operation in ("sum", "avg"):
            # What is of another type than a set's first value adds nothing, but counts.
            counted = found == np.repeat(found[sets.bounds[:-1]], sizes)
        sets, codes = sets.without_rows(counted), codes[counted]
        used = sorted({int(number) for number in types[codes]})
        type_ = _TYPES[used[0]] if len(used) == 1 else "float"
        plain = [static.value if static.type in NUMERIC else 0 for static in one.statics]
        numbers = np.array(plain, np.float64 if type_ == "float" else np.int64)[codes]
        return kept, _reduced(operation, numbers, sets.bounds[:-1], sizes, type_)


_TYPES = ("int", "duration", "float", "nil")
_NOTHING, _OTHER = 3, 4


def _has_number(operation: str, types: NDArray[Any], sets: Spansets) -> Bools:
    """Whether a set's aggregate is a number: text is greater than any number, a sum is of the first value's type."""
    if not sets.count:
        return np.zeros(0, np.bool_)
    starts = sets.bounds[:-1]
    match operation:
        case "max":
            return np.maximum.reduceat(types, starts) != _OTHER  # type: ignore[no-any-return]
        case "min":
            return np.minimum.reduceat(types, starts) != _OTHER  # type: ignore[no-any-return]
    return types[starts] != _OTHER  # type: ignore[no-any-return]


@dataclass
class Totals:
    """One number for each set, of one type."""

    type: str
    numbers: NDArray[Any]

    def statics(self) -> list[Static]:
        """The numbers with their type."""
        return [Static(self.type, number) for number in self.numbers.tolist()]


def _reduced(operation: str, values: NDArray[Any], starts: Indexes, sizes: Indexes, type_: str) -> Totals:
    match operation:
        case "min":
            return Totals(type_, np.minimum.reduceat(values, starts))
        case "max":
            return Totals(type_, np.maximum.reduceat(values, starts))
    sums = np.add.reduceat(values, starts)
    if operation == "sum":
        return Totals(type_, sums)
    if type_ == "duration":
        # Whole nanoseconds, cut off towards zero.
        return Totals(type_, np.sign(sums) * (np.abs(sums) // sizes))
    return Totals("float", sums / sizes)


def _compared(operation: str, totals: Totals, operand: Static) -> Bools:
    if operand.type not in NUMERIC:
        return np.zeros(len(totals.numbers), np.bool_)
    result: Bools = COMPARE[operation](totals.numbers, operand.value)
    return result


def _coalesced(sets: Spansets) -> Spansets:
    origins, group = np.unique(sets.origin, return_inverse=True)
    first = np.searchsorted(sets.origin, origins)
    order = np.argsort(np.repeat(group, sets.sizes), kind="stable")
    sizes = np.bincount(np.repeat(group, sets.sizes), minlength=len(origins))
    return Spansets(sets.rows[order], _bounds(sizes), sets.trace[first], origins)


def _combined(operation: str, sets: Spansets, left: Spansets, right: Spansets) -> Spansets:
    """`&&` and `||`: the spans of both sides where both have some, or one has."""
    counts = [_rows_per_origin(side, sets.count) for side in (left, right)]
    both = (counts[0] > 0) & (counts[1] > 0)
    kept = both if operation == "&&" else (counts[0] > 0) | (counts[1] > 0)
    # The smaller side comes first, and of the other what is not in it.
    left_first = counts[0] < counts[1]
    width = int(max((side.rows.max(initial=0) for side in (left, right)), default=0)) + 1
    parts = []
    for side, comes_first in ((left, left_first), (right, ~left_first)):
        origin = side.origin[side.set_of_row]
        parts.append((origin, side.rows, np.where(comes_first[origin], 0, 1)))
    origins = np.concatenate([part[0] for part in parts])
    rows = np.concatenate([part[1] for part in parts])
    rank = np.concatenate([part[2] for part in parts])
    order = np.lexsort((np.arange(len(rows)), rank, origins))
    origins, rows = origins[order], rows[order]
    _, first = np.unique(origins.astype(np.int64) * width + rows, return_index=True)
    chosen = np.sort(first)
    chosen = chosen[kept[origins[chosen]]]
    return _regrouped(sets, rows[chosen], origins[chosen])


def _rows_per_origin(side: Spansets, count: int) -> Indexes:
    return np.bincount(side.origin, weights=side.sizes, minlength=count).astype(np.intp)


def _parents_after_children(tree: Tree, parents: Bools) -> list[NDArray[np.int64]]:
    """Children come with their parent, just before it, unless they have come as somebody's parent."""
    as_child = np.where(tree.connected, tree.parent_left * 2, 0)
    as_parent = tree.left * 2 + 1
    both = parents & tree.has_parent_in(parents)
    key = np.where(both, np.minimum(as_child, as_parent), np.where(parents, as_parent, as_child))
    return [key, tree.left]


def _ancestors_after_first(tree: Tree, above: Bools, below: Bools, trace: NDArray[Any]) -> list[NDArray[np.int64]]:
    """Descendants in order, the outermost ancestor after its first branch of them, other ancestors at the end."""
    found = below & tree.has_ancestor_in(above)
    width = int(tree.right.max(initial=0)) + 2
    place = trace.astype(np.int64) * width + tree.left
    # A branch ends before the first descendant that is not below the one before it.
    rows = np.flatnonzero(below & tree.connected)
    rows = rows[np.argsort(place[rows])]
    ends_at = place[rows] + tree.right[rows] - tree.left[rows]
    ends = place[rows][np.append(place[rows][1:] > ends_at[:-1], True)] if len(rows) else place[:0]
    outermost = above & ~tree.has_ancestor_in(above) & ~found
    first = np.zeros(len(place), np.int64)
    if len(ends):
        first = ends[np.minimum(np.searchsorted(ends, place), len(ends) - 1)]
    key = np.where(found, place, np.where(outermost, first, np.int64(2**62)))
    return [key, (~found).astype(np.int64), tree.left]


def _family_by_family(tree: Tree, left: Bools, right: Bools, trace: NDArray[Any]) -> list[NDArray[np.int64]]:
    """In each family those on the left but for the first on the right, then that one, then others on the right."""
    width = int(tree.left.max(initial=0)) + 2
    family = trace.astype(np.int64) * width + tree.parent_left + 1
    rows = np.flatnonzero(right)
    first = np.zeros(len(family), np.bool_)
    first[rows[np.unique(family[rows], return_index=True)[1]]] = True
    return [family, np.where(first, 1, np.where(left, 0, 2)), np.arange(len(family))]


def _one_set_per_trace(sets: Spansets) -> list[Indexes]:
    """The sets in groups in which no trace has two."""
    if not sets.count:
        return []
    order = np.argsort(sets.trace, kind="stable")
    traces = sets.trace[order]
    begins = np.flatnonzero(np.concatenate(([True], traces[1:] != traces[:-1])))
    rank = np.arange(len(order)) - np.repeat(begins, np.diff(np.append(begins, len(order))))
    return [order[rank == number] for number in range(int(rank.max()) + 1)]
