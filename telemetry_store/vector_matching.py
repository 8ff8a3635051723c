"""Operations between two vectors, or a vector and numbers: arithmetic, comparison, sets. As PromQL defines them.

LogQL has the same ones. Which errors are whose, in which words, is each language's: they catch `MatchingError`.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np

from .limits import QUERY_SAMPLES
from .quoting import quote
from .refusals import Unprocessable
from .vectors import Flags, Floats, Grouping, Labels, Numbers, Vector

ARITHMETIC: dict[str, Callable[[Floats, Floats], Floats]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    # As Go's math.Mod: the sign of the dividend.
    "%": np.fmod,
    "^": np.power,
    "atan2": np.arctan2,
}
COMPARISON: dict[str, Callable[[Floats, Floats], Flags]] = {
    "==": np.equal,
    "!=": np.not_equal,
    ">": np.greater,
    "<": np.less,
    ">=": np.greater_equal,
    "<=": np.less_equal,
}
SET_OPERATIONS = ("and", "or", "unless")

SAME_LABELS = "vector cannot contain metrics with the same labelset"


class Cardinality(Enum):
    """How many series of each side may match one of the other."""

    ONE_TO_ONE = "one-to-one"
    #: `group_left`: many on the left.
    MANY_TO_ONE = "many-to-one"
    #: `group_right`: many on the right.
    ONE_TO_MANY = "one-to-many"


@dataclass(frozen=True)
class Matching:
    """Which series belong together: `on (names)`, or all labels but the name and `ignoring (names)`.

    `include` are the labels that group_left and group_right take over from the side of one.
    """

    names: tuple[str, ...] = ()
    on: bool = False
    cardinality: Cardinality = Cardinality.ONE_TO_ONE
    include: tuple[str, ...] = ()

    @property
    def grouping(self) -> Grouping:
        """The same as a grouping of one vector's series."""
        return Grouping(self.names, without=not self.on)


class MatchingError(Unprocessable):
    """Series match in a way that gives no single answer. The message is Prometheus'."""


class DuplicateSeries(MatchingError):
    """Two series on the side of one match the same: (labels they match by, side, the later series, the earlier)."""

    def __init__(self, group: Labels, side: str, series: Labels, other: Labels) -> None:
        self.group, self.side, self.series, self.other = group, side, series, other
        super().__init__(
            f"found duplicate series for the match group {print_labels(group)} on the {side} hand-side of the "
            f"operation: [{print_labels(series)}, {print_labels(other)}];"
            "many-to-many matching not allowed: matching labels must be unique on one side"
        )


class MultipleMatches(MatchingError):
    """Several series would give the same result: `grouped` says whether group_left or group_right was written."""

    def __init__(self, grouped: bool) -> None:
        self.grouped = grouped
        super().__init__(
            "multiple matches for labels: grouping labels must ensure unique matches"
            if grouped
            else "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)"
        )


def print_labels(labels: Labels) -> str:
    """Labels as Prometheus prints them in errors: `{__name__="a", b="c"}`."""
    return "{" + ", ".join(f"{name}={quote(value)}" for name, value in sorted(labels.items())) + "}"


def without_name(labels: Labels) -> Labels:
    """The labels without the metric's name."""
    if "__name__" not in labels:
        return labels
    return {name: value for name, value in labels.items() if name != "__name__"}


def drops_name(operation: str) -> bool:
    """Whether results are no longer the metric they came from. That atan2 keeps the name is Prometheus' slip."""
    return operation in ARITHMETIC and operation != "atan2"


def combine(
    operation: str,
    left: Vector | Floats,
    right: Vector | Floats,
    matching: Matching | None = None,
    as_numbers: bool = False,
) -> Vector:
    """The operation's result; of vectors and numbers (one per instant) at least one is a vector.

    `as_numbers` is the modifier `bool`: comparisons give 0 and 1 instead of choosing. Raises MatchingError, or
    Unprocessable when results would have the same labels.
    """
    with np.errstate(all="ignore"):
        if not isinstance(left, Vector):
            assert isinstance(right, Vector)
            return _with_numbers(operation, left, right, right, as_numbers)
        if not isinstance(right, Vector):
            return _with_numbers(operation, left, right, left, as_numbers)
        matching = matching or Matching()
        if operation in SET_OPERATIONS:
            return _of_sets(operation, left, right, matching)
        return _of_vectors(operation, left, right, matching, as_numbers)


def _with_numbers(
    operation: str, left: Vector | Floats, right: Vector | Floats, vector: Vector, as_numbers: bool
) -> Vector:
    a = left.values if isinstance(left, Vector) else left[np.newaxis, :]
    b = right.values if isinstance(right, Vector) else right[np.newaxis, :]
    if operation in COMPARISON and not as_numbers:
        return vector.where(COMPARISON[operation](a, b))
    values = COMPARISON[operation](a, b).astype(float) if operation in COMPARISON else ARITHMETIC[operation](a, b)
    if not as_numbers and not drops_name(operation):
        return Vector(vector.labels, values, vector.present)
    return Vector([without_name(labels) for labels in vector.labels], values, vector.present).merged(SAME_LABELS)


# -- sets


def _keys(vector: Vector, matching: Matching) -> list[Hashable]:
    grouping = matching.grouping
    return [grouping.key(labels) for labels in vector.labels]


def _somewhere(vector: Vector, keys: Sequence[Hashable]) -> dict[Hashable, Flags]:
    """Per key, at which instants any of its series has a sample."""
    found: dict[Hashable, Flags] = {}
    for key, present in zip(keys, vector.present, strict=True):
        found[key] = found[key] | present if key in found else present
    return found


def _of_sets(operation: str, left: Vector, right: Vector, matching: Matching) -> Vector:
    left_keys, right_keys = _keys(left, matching), _keys(right, matching)
    nowhere: Flags = np.zeros(left.points, dtype=bool)
    if operation == "or":
        taken = _somewhere(left, left_keys)
        free = [~taken.get(key, nowhere) for key in right_keys]
        rest = right.where(np.array(free, dtype=bool).reshape(right.present.shape))
        both = Vector(
            left.labels + rest.labels,
            np.concatenate((left.values, rest.values)),
            np.concatenate((left.present, rest.present)),
        )
        return both.merged(SAME_LABELS)
    there = _somewhere(right, right_keys)
    matched: Flags = np.array([there.get(key, nowhere) for key in left_keys], dtype=bool)
    matched = matched.reshape(left.present.shape)
    return left.where(matched if operation == "and" else ~matched)


# -- arithmetic and comparison


def _of_vectors(operation: str, left: Vector, right: Vector, matching: Matching, as_numbers: bool) -> Vector:
    left_is_one = matching.cardinality is Cardinality.ONE_TO_MANY
    one, many = (left, right) if left_is_one else (right, left)
    # At an instant at which one side has nothing, nothing is asked of the other.
    both: Flags = np.any(left.present, axis=0) & np.any(right.present, axis=0)
    rows_of: dict[Hashable, list[int]] = {}
    for row, key in enumerate(_keys(one, matching)):
        rows_of.setdefault(key, []).append(row)
    keys = _keys(many, matching)
    if sum(len(rows_of.get(key, ())) for key in keys) * left.points > QUERY_SAMPLES:
        _refuse_duplicates(one, rows_of, both, matching)
        raise Unprocessable("query processing would load too many samples into memory in query execution")
    pairs = [(row, other) for row, key in enumerate(keys) for other in rows_of.get(key, ())]
    many_rows = np.array([row for row, _ in pairs], dtype=np.intp)
    one_rows = np.array([row for _, row in pairs], dtype=np.intp)
    left_rows, right_rows = (one_rows, many_rows) if left_is_one else (many_rows, one_rows)
    a, b = left.values[left_rows], right.values[right_rows]
    present = left.present[left_rows] & right.present[right_rows]
    if operation in ARITHMETIC:
        values = ARITHMETIC[operation](a, b)
    else:
        holds = COMPARISON[operation](a, b)
        values = holds.astype(float) if as_numbers else a
        present = present if as_numbers else present & holds
    labels = [_result_labels(operation, many.labels[m], one.labels[o], matching, as_numbers) for m, o in pairs]
    _refuse_ambiguity(one, rows_of, both, matching, keys, many_rows, labels, present)
    return Vector(labels, values, present).without_empty().merged(SAME_LABELS)


def _result_labels(operation: str, many: Labels, one: Labels, matching: Matching, as_numbers: bool) -> Labels:
    labels = without_name(many) if drops_name(operation) or as_numbers else many
    if matching.cardinality is Cardinality.ONE_TO_ONE:
        if matching.on:
            return {name: value for name, value in labels.items() if name in matching.names}
        if matching.names:
            return {name: value for name, value in labels.items() if name not in matching.names}
        return labels
    if matching.include:
        labels = {name: value for name, value in labels.items() if name not in matching.include}
        labels.update((name, one[name]) for name in matching.include if one.get(name))
        if as_numbers:
            labels.pop("__name__", None)
        return dict(sorted(labels.items()))
    return labels


def _duplicates(
    one: Vector, rows_of: dict[Hashable, list[int]], both: Flags, matching: Matching
) -> list[tuple[int, MatchingError]]:
    """Instants at which several series on the side of one match the same, with the error."""
    found: list[tuple[int, MatchingError]] = []
    side = "left" if matching.cardinality is Cardinality.ONE_TO_MANY else "right"
    for rows in rows_of.values():
        if len(rows) > 1:
            crowded = np.flatnonzero((one.present[rows].sum(axis=0) > 1) & both)
            if len(crowded):
                first, second = [row for row in rows if one.present[row, crowded[0]]][:2]
                series, other = one.labels[second], one.labels[first]
                group = {n: v for n, v in series.items() if (n in matching.names) == matching.on}
                group = group if matching.on else without_name(group)
                found.append((int(crowded[0]), DuplicateSeries(group, side, series, other)))
    return found


def _refuse_duplicates(one: Vector, rows_of: dict[Hashable, list[int]], both: Flags, matching: Matching) -> None:
    found = _duplicates(one, rows_of, both, matching)
    if found:
        raise min(found, key=lambda each: each[0])[1]


def _refuse_ambiguity(
    one: Vector,
    rows_of: dict[Hashable, list[int]],
    both: Flags,
    matching: Matching,
    many_keys: Sequence[Hashable],
    many_rows: Numbers,
    labels: Sequence[Labels],
    present: Flags,
) -> None:
    """Raises the error of the earliest instant that has one."""
    found = _duplicates(one, rows_of, both, matching)
    grouped = matching.cardinality is not Cardinality.ONE_TO_ONE
    results: dict[Hashable, list[int]] = {}
    for pair, row in enumerate(many_rows.tolist()):
        key = (many_keys[row], frozenset(labels[pair].items())) if grouped else many_keys[row]
        results.setdefault(key, []).append(pair)
    for members in results.values():
        if len(members) > 1:
            crowded = np.flatnonzero(present[members].sum(axis=0) > 1)
            if len(crowded):
                found.append((int(crowded[0]), MultipleMatches(grouped)))
    if found:
        raise min(found, key=lambda each: (each[0], isinstance(each[1], MultipleMatches)))[1]


def operate_on_numbers(operation: str, left: Floats, right: Floats) -> Floats:
    """The operation between two numbers per instant; comparisons give 0 and 1."""
    with np.errstate(all="ignore"):
        if operation in COMPARISON:
            return COMPARISON[operation](left, right).astype(float)
        return ARITHMETIC[operation](left, right)
