"""Reads from a block what a query's conditions ask for: which spans come into question, and their values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..columns import SpanBlock
from .conditions import Condition, Wanted
from .operations import LISTS
from .structure import tree_of
from .syntax import ABSENT, NUMERIC, Attribute, Static, static_of
from .vectors import Bools, Encoded, Int32s, Numbers, Vector, value_test

#: Attributes with a column of their own in Tempo, which holds only this type. A condition of another type, and what has
#: another type, meet among the other attributes.
OWN_COLUMNS: dict[str, dict[str, str]] = {
    "span": {
        "http.status_code": "int",
        **dict.fromkeys(
            (
                "http.method", "http.url", "http.route", "http.request.method",
                "url.path", "url.route", "server.address",
            ),
            "string",
        ),
    },
    "resource": dict.fromkeys(
        (
            "service.name", "cluster", "namespace", "pod", "container",
            "k8s.cluster.name", "k8s.namespace.name", "k8s.pod.name", "k8s.container.name",
        ),
        "string",
    ),
}  # fmt: skip

#: Conditions beyond which each attribute is read by its own: only what an answer shows besides depends on it.
_LARGEST_POOL = 32

_MARKS = {"span:status": "status", "span:kind": "kind"}
_NESTED_SETS = ("nestedSetLeft", "nestedSetRight", "nestedSetParent")
#: What is read of a span that has no event or no link.
_OF_NO_ITEM = {"event:name": "", "event:timeSinceStart": 0, "link:traceID": "", "link:spanID": "0" * 16}
#: Intrinsics of a trace, which the conditions of its spans do not count.
_OF_TRACES = ("trace:duration", "trace:rootName", "trace:rootService", "trace:id")


@dataclass
class Part:
    """The values of an attribute in one scope, as far as they were asked for; codes as in `Encoded`."""

    scope: str
    vector: Encoded | Numbers

    @property
    def present(self) -> Bools:
        """Where there is a value that is not nil."""
        if isinstance(self.vector, Numbers):
            return np.ones(len(self.vector.array), np.bool_) if self.vector.present is None else self.vector.present
        present: Bools = np.array([*(v is not None for v in self.vector.values), False], np.bool_)[self.vector.codes]
        return present


class Fetched:
    """What has been read of a block for a query."""

    def __init__(self, block: SpanBlock, wanted: Wanted) -> None:
        self.block = block
        self.wanted = wanted
        self._scopes = _conditions_by_scope(wanted.first)
        self._mingled = any(condition.attribute.scope == "" for condition in wanted.first)
        self._all_needed = wanted.all_needed and not self._mingled
        self._items: dict[str, Any] = {}
        self._first: dict[Attribute, list[Part]] = {}
        for condition in wanted.first:
            if condition.attribute not in self._first:
                self._first[condition.attribute] = self._parts(condition.attribute, wanted.first)

    @cached_property
    def candidates(self) -> Bools:
        """The spans that come into question."""
        count = self.block.count
        attributes = {condition.attribute for condition in self.wanted.first}
        if Attribute("intrinsic", "span:childCount") in attributes:
            # Tempo's default block format has no such column, and such a query finds nothing there.
            return np.zeros(count, np.bool_)
        if self._all_needed:
            result = np.ones(count, np.bool_)
            for attribute in attributes:
                parts = self._first[attribute]
                result &= np.logical_or.reduce([part.present for part in parts])
            return result
        unconditional = self.wanted.every_span or not (attributes or self.wanted.structure)
        if unconditional or any(attribute.name in _OF_TRACES for attribute in attributes):
            return np.ones(count, np.bool_)
        some = [part.present for parts in self._first.values() for part in parts]
        if self.wanted.structure:
            some.append(tree_of(self.block).connected)
        found: Bools = np.logical_or.reduce(some)
        return found

    def vector(self, attribute: Attribute) -> Vector:
        """The attribute's values at the spans, as an expression sees them."""
        parts = [*self._first.get(attribute, ()), *self._second_parts(attribute)]
        if not parts:
            return Encoded(np.full(self.block.count, -1, np.int32), [])
        found: Vector = _first_of([part.vector for part in parts])
        return found

    def shown(self, rows: NDArray[Any]) -> list[list[tuple[Attribute, Any]]]:
        """For each of the rows the attributes that an answer shows, with their values."""
        result: list[list[tuple[Attribute, Any]]] = [[] for _ in rows]
        for attribute, by_scope in self._shown_parts.items():
            for vectors in by_scope.values():
                columns = [_values_at(vector, rows) for vector in vectors]
                for index, shown in enumerate(result):
                    # What was read later stands for what was read first.
                    value = next((column[index] for column in reversed(columns) if column[index] is not None), None)
                    if value is not None:
                        shown.append((attribute, value))
        return result

    @cached_property
    def _shown_parts(self) -> dict[Attribute, dict[str, list[Vector]]]:
        found: dict[Attribute, dict[str, list[Vector]]] = {}
        attributes = dict.fromkeys(c.attribute for c in (*self.wanted.first, *self.wanted.second))
        for attribute in attributes:
            for part in (*self._first.get(attribute, ()), *self._second_parts(attribute)):
                shown = self._last_of_items(attribute, part) or part.vector
                found.setdefault(attribute, {}).setdefault(part.scope, []).append(shown)
        return found

    def _second_parts(self, attribute: Attribute) -> list[Part]:
        if not any(condition.attribute == attribute for condition in self.wanted.second):
            return []
        return self._parts(attribute, [Condition(attribute)], again=True)

    # -- one attribute

    def _parts(self, attribute: Attribute, conditions: Sequence[Condition], again: bool = False) -> list[Part]:
        if attribute.scope == "intrinsic":
            own = [condition for condition in conditions if condition.attribute == attribute]
            return [Part("intrinsic", self._intrinsic(attribute.name, own, again))]
        scopes = [attribute.scope] if attribute.scope else ["span", "resource"]
        parts: list[Part] = []
        for scope in scopes:
            within = conditions if again else self._scopes.get(scope, [])
            vectors = self._of_scope(scope, attribute.name, within, again)
            if vectors:
                parts.append(Part(scope, _first_of(vectors)))
        return parts

    def _of_scope(self, scope: str, name: str, conditions: Sequence[Condition], again: bool) -> list[Encoded]:
        own = [condition for condition in conditions if condition.attribute.name == name]
        if scope in ("event", "link"):
            return [self._of_items(f"{scope}.{name}", scope, own, again)]
        own_type = OWN_COLUMNS.get(scope, {}).get(name)
        column = self.block.attribute(scope, name)
        vectors: list[Encoded] = []
        others = own
        if own_type is not None:
            in_own = [c for c in own if _has_own_column(scope, c)]
            others = [condition for condition in own if condition not in in_own]
            stored = self.block.intrinsic("service") if name == "service.name" else column
            values = [value if static_of(value).type == own_type else None for value in stored.values]
            if in_own:
                vectors.append(_filtered(stored.codes, values, in_own, "", own_column=True))
            codes, others_values = column.codes, [None if static_of(v).type == own_type else v for v in column.values]
        else:
            codes, others_values = column.codes, list(column.values)
        if others:
            # The conditions of a scope's attributes are tried on all of them, whichever they are for.
            pool = [c for c in conditions if not _has_own_column(scope, c)] if not again else others
            pool = pool if len(pool) <= _LARGEST_POOL else others
            vectors.insert(0, _filtered(codes, others_values, others, "", pool=pool))
        return vectors

    def _intrinsic(self, name: str, conditions: Sequence[Condition], again: bool) -> Encoded | Numbers:
        block = self.block
        if name == "span:duration":
            return _filtered_numbers(block.duration, "duration", conditions)
        if name in _NESTED_SETS:
            tree = tree_of(block)
            numbers = {"nestedSetLeft": tree.left, "nestedSetRight": tree.right, "nestedSetParent": tree.parent_left}
            return _filtered_numbers(numbers[name], "int", conditions)
        if name == "trace:duration":
            return _filtered_numbers((block.trace_end - block.trace_start)[block.trace], "duration", conditions)
        if name == "trace:id":
            ids = [trace_id.hex().lstrip("0") for trace_id in block.trace_ids]
            return _filtered(block.trace, ids, conditions)
        if name in ("span:id", "span:parentID"):
            return _filtered_ids(block.span_ids if name == "span:id" else block.parent_ids, conditions)
        if name in ("trace:rootName", "trace:rootService"):
            column = block.intrinsic("span:name" if name == "trace:rootName" else "service")
            values = [*column.values, ""]
            root = block.root
            codes: Int32s = np.where(root >= 0, column.codes[root], len(values) - 1).astype(np.int32)
            return _filtered(codes[block.trace], values, conditions)
        if name.startswith(("event:", "link:")):
            return self._of_items(name, name.partition(":")[0], conditions, again)
        if name in ("span:childCount", "span:start", "parent"):
            return Encoded(np.full(block.count, -1, np.int32), [])
        column = block.intrinsic(name)
        if name == "span:statusMessage":
            # A message that was not sent is an empty one.
            values = [*column.values, ""]
            return _filtered(np.where(column.codes < 0, np.int32(len(values) - 1), column.codes), values, conditions)
        return _filtered(column.codes, column.values, conditions, _MARKS.get(name, ""))

    # -- events and links

    def _of_items(self, name: str, kind: str, conditions: Sequence[Condition], again: bool) -> Encoded:
        """The values at the first event (or link) of each span that was read."""
        rows, vector = self._items_of(name, conditions)
        kept = vector.codes >= 0
        if not again and self._all_needed and conditions:
            kept = kept & self._whole_items(kind)
        result = np.full(self.block.count, -1, np.int32)
        hits = np.flatnonzero(kept)[::-1]
        # The last assignment stays, so from the back: the first one wins.
        result[rows[hits]] = vector.codes[hits]
        last = np.full(self.block.count, -1, np.int32)
        has_value = np.array([*(value is not None for value in vector.values), False], np.bool_)
        hits = np.flatnonzero(kept & has_value[vector.codes])
        last[rows[hits]] = vector.codes[hits]
        self._items[f"{name} {again}"] = Encoded(last, vector.values, vector.mark)
        empty = _OF_NO_ITEM.get(name)
        if empty is not None and not any(condition.operation for condition in conditions):
            # A span without any has an empty one, when all are read.
            values = [*vector.values, empty]
            result = np.where(result < 0, np.int32(len(values) - 1), result)
            self._items[f"{name} {again}"] = Encoded(np.where(last < 0, result, last), values, vector.mark)
            return Encoded(result, values, vector.mark)
        return Encoded(result, vector.values, vector.mark)

    def _items_of(self, name: str, conditions: Sequence[Condition]) -> tuple[Int32s, Encoded]:
        if name == "event:timeSinceStart":
            rows, times = self.block.event_times
            values, codes = np.unique(times, return_inverse=True)
            return rows, _filtered(codes.astype(np.int32), values.tolist(), conditions, "duration")
        rows, column = self.block.events(name) if name.startswith("event") else self.block.links(name)
        if name == "link:traceID":
            ids = [str(value).lstrip("0") for value in column.values]
            return rows, _filtered(column.codes, ids, [_without_zeros(condition) for condition in conditions])
        return rows, _filtered(column.codes, column.values, conditions)

    def _whole_items(self, kind: str) -> Bools:
        """The events (or links) that fulfil every condition on them: one must fulfil all."""
        found = self._items.get(kind)
        if found is None:
            kept: list[Bools] = []
            for attribute in {c.attribute for c in self._scopes.get(kind, ())}:
                own = [c for c in self._scopes[kind] if c.attribute == attribute]
                name = attribute.name if attribute.scope == "intrinsic" else f"{kind}.{attribute.name}"
                _, vector = self._items_of(name, own)
                table = np.array([*(value is not None for value in vector.values), False], np.bool_)
                kept.append(table[vector.codes])
            found = self._items[kind] = np.logical_and.reduce(kept)
        return found  # type: ignore[no-any-return]

    def _last_of_items(self, attribute: Attribute, part: Part) -> Encoded | None:
        if part.scope in ("event", "link"):
            name = f"{part.scope}.{attribute.name}"
        elif attribute.name.startswith(("event:", "link:")) and part.scope == "intrinsic":
            name = attribute.name
        else:
            return None
        found: Encoded | None = self._items.get(f"{name} False") or self._items.get(f"{name} True")
        return found


def _conditions_by_scope(conditions: Sequence[Condition]) -> dict[str, list[Condition]]:
    scopes: dict[str, list[Condition]] = {}
    for condition in conditions:
        scope = condition.attribute.scope
        if scope == "intrinsic":
            scope = condition.attribute.name.partition(":")[0]
            if scope in ("event", "link"):
                scopes.setdefault(scope, []).append(condition)
            continue
        for name in [scope] if scope else ["span", "resource"]:
            scopes.setdefault(name, []).append(condition)
    return scopes


def _has_own_column(scope: str, condition: Condition) -> bool:
    own_type = OWN_COLUMNS.get(scope, {}).get(condition.attribute.name)
    operand = condition.operand
    return own_type is not None and (operand is None or operand.type.removesuffix("[]") == own_type)


def _filtered(
    codes: Int32s,
    values: Sequence[Any],
    conditions: Sequence[Condition],
    mark: str = "",
    *,
    pool: Sequence[Condition] = (),
    own_column: bool = False,
) -> Encoded:
    """The values that fulfil one of the conditions (of `pool`, if given); others are nil.

    Where `= nil` was asked for, what is not there gets the value that stands for it. So it does in a column of its own
    that is read without a condition, as in Tempo (and is then a text among the values of `max()` or `by()`).
    """
    tests = [condition for condition in pool or conditions if condition.operation != "absent"]
    kept: list[Any] = list(values)
    if any(not condition.operation or condition.operation == "exists" for condition in tests):
        pass
    elif not tests:
        kept = [None] * len(kept)
    else:
        kept = _fulfilling(kept, tests, mark)
    operations = {condition.operation for condition in conditions}
    if "absent" in operations or (own_column and "" in operations):
        table = np.array([*(len(kept) if value is None else i for i, value in enumerate(values)), len(kept)], np.int32)
        return Encoded(table[codes], [*kept, ABSENT.value], mark)
    if own_column:
        table = np.array([*(-1 if value is None else i for i, value in enumerate(values)), -1], np.int32)
        return Encoded(table[codes], kept, mark)
    return Encoded(codes, kept, mark)


_PLAIN_TYPES: dict[str, type] = {"string": str, "int": int, "float": float, "bool": bool}


def _fulfilling(values: list[Any], conditions: Sequence[Condition], mark: str) -> list[Any]:
    tests: dict[type, list[Any]] = {}
    for condition in conditions:
        operand = condition.operand
        assert operand is not None
        type_ = operand.type.removesuffix("[]")
        if mark and type_ != mark and not (mark == "duration" and type_ in NUMERIC):
            continue
        if not mark and type_ not in ("string", "int", "float", "bool"):
            continue
        test = value_test(condition.operation, operand)
        if test is not None:
            tests.setdefault(int if mark else _PLAIN_TYPES[type_], []).append(test)

    def kept(value: Any) -> Any:
        if type(value) is list:
            items = [item for item in value if any(test(item) for test in tests.get(type(item), ()))]
            return (items if len(items) > 1 else items[0]) if items else None
        return value if any(test(value) for test in tests.get(type(value), ())) else None

    if len(tests) == 1 and sum(map(len, tests.values())) == 1 and not any(type(value) is list for value in values):
        ((plain_type, (only,)),) = tests.items()
        return [value if type(value) is plain_type and only(value) else None for value in values]
    return [kept(value) for value in values]


def _filtered_numbers(array: NDArray[Any], type_: str, conditions: Sequence[Condition]) -> Numbers:
    present: Bools | None = None
    for condition in conditions:
        if condition.operand is None or condition.operand.type.removesuffix("[]") not in NUMERIC:
            return Numbers(array, type_)
        if condition.operation in LISTS:
            test = np.isin(array, condition.operand.value) == (condition.operation == "IN")
        else:
            test = _COMPARE_ARRAYS[condition.operation](array, condition.operand.value)
        present = test if present is None else present | test
    return Numbers(array, type_, present)


def _filtered_ids(ids: NDArray[np.uint64], conditions: Sequence[Condition]) -> Encoded:
    present: Bools | None = None
    for condition in conditions:
        wanted = _id_of(condition)
        if wanted is None or condition.operation not in ("=", "!="):
            present = None
            break
        test = ids == wanted if condition.operation == "=" else ids != wanted
        present = test if present is None else present | test
    chosen = np.arange(len(ids)) if present is None else np.flatnonzero(present)
    numbers, found = np.unique(ids[chosen], return_inverse=True)
    codes: Int32s = np.full(len(ids), -1, np.int32)
    codes[chosen] = found
    return Encoded(codes, [format(number, "016x") for number in numbers.tolist()])


def _id_of(condition: Condition) -> Any:
    text = str(condition.operand.value).lstrip("0") if condition.operand is not None else "-"
    try:
        number = int(text or "0", 16)
    except ValueError:
        return None
    return np.uint64(number) if number < 2**64 else None


def _without_zeros(condition: Condition) -> Condition:
    if condition.operand is None or condition.operand.type != "string" or condition.operation not in ("=", "!="):
        return condition
    return Condition(condition.attribute, condition.operation, static_of(condition.operand.value.lstrip("0")))


def _first_of(vectors: Sequence[Any]) -> Any:
    """Of several vectors at each span the first that has anything."""
    if len(vectors) == 1 or isinstance(vectors[0], Numbers):
        present = [v.present for v in vectors if isinstance(v, Numbers)]
        if len(vectors) > 1 and any(p is None for p in present):
            return Numbers(vectors[0].array, vectors[0].type)
        return vectors[0]
    codes, values = vectors[0].codes, list(vectors[0].values)
    for vector in vectors[1:]:
        moved = np.where(vector.codes >= 0, vector.codes + len(values), -1).astype(np.int32)
        codes = np.where(codes >= 0, codes, moved).astype(np.int32)
        values += vector.values
    return Encoded(codes, values, next((v.mark for v in vectors if v.mark), ""))


def _values_at(vector: Vector, rows: NDArray[Any]) -> list[Any]:
    """The values at some rows with their types; None for nothing and nil."""
    if isinstance(vector, Numbers):
        numbers = vector.array[rows].tolist()
        present = [True] * len(numbers) if vector.present is None else vector.present[rows].tolist()
        static = _typed(vector.type)
        return [static(number) if there else None for number, there in zip(numbers, present, strict=True)]
    assert isinstance(vector, Encoded)
    values = vector.values
    static = _typed(vector.mark) if vector.mark else static_of
    found = (values[code] if code >= 0 else None for code in vector.codes[rows].tolist())
    return [None if value is None else static(value) for value in found]


def _typed(type_: str) -> Callable[[Any], Static]:
    return lambda value: Static(type_, value)


_COMPARE_ARRAYS = {
    "=": np.equal,
    "!=": np.not_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "<": np.less,
    "<=": np.less_equal,
}
