"""The values of an expression at the spans of a block, held so that an operation is done once per distinct value."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..columns import key_of
from .operations import COMPARE, LISTS, OperationFailed, binary_result, unary_result
from .patterns import matcher
from .syntax import NIL, NUMERIC, Static, static_of

Bools = NDArray[np.bool_]
Int32s = NDArray[np.int32]

#: Types that plain values do not tell.
_MARKED = frozenset(("status", "kind", "duration"))

_PYTHON_TYPES = {"string": str, "int": int, "float": float, "bool": bool, "status": int, "kind": int, "duration": int}


@dataclass
class Constant:
    """One value at all spans."""

    static: Static


@dataclass
class Truth:
    """True or false at each span."""

    array: Bools


@dataclass
class Numbers:
    """A number of one type (int, float, duration) at each span; where `present` is false there is none."""

    array: NDArray[Any]
    type: str
    present: Bools | None = None


@dataclass
class Encoded:
    """Any values: `codes` are indexes into `values` (plain ones; None is nil), -1 for nothing.

    `mark` is the type of all numbers when plain ones do not tell it: status, kind or duration.
    """

    codes: Int32s
    values: Sequence[Any]
    mark: str = ""

    @cached_property
    def statics(self) -> list[Static]:
        """The values with their types, and nil at the end, where -1 finds it."""
        if self.mark:
            return [*(NIL if value is None else Static(self.mark, value) for value in self.values), NIL]
        return [*(NIL if value is None else static_of(value) for value in self.values), NIL]


Vector = Constant | Truth | Numbers | Encoded


def encode(statics: Sequence[Static], codes: Int32s) -> Vector:
    """The vector that has `statics[codes]` at the spans."""
    if all(static.type == "bool" for static in statics):
        return Truth(np.array([static.value for static in statics], np.bool_)[codes])
    types = {static.type for static in statics} - {"nil"}
    mark = next(iter(types)) if len(types) == 1 and types <= _MARKED else ""
    numbers: dict[object, int] = {}
    values: list[Any] = []
    table = np.empty(len(statics), np.int32)
    for index, static in enumerate(statics):
        value = list(static.value) if isinstance(static.value, tuple) else static.value
        number = table[index] = numbers.setdefault(None if value is None else key_of(value), len(values))
        if number == len(values):
            values.append(value)
    return Encoded(table[codes], values, mark)


def encoded(vector: Vector, count: int) -> Encoded:
    """The same values by codes."""
    match vector:
        case Encoded():
            return vector
        case Constant():
            value = list(vector.static.value) if isinstance(vector.static.value, tuple) else vector.static.value
            mark = vector.static.type if vector.static.type in _MARKED else ""
            return Encoded(np.zeros(count, np.int32), [value], mark)
        case Truth():
            return Encoded(vector.array.astype(np.int32), [False, True])
    values, inverse = np.unique(vector.array, return_inverse=True)
    codes: Int32s = inverse.astype(np.int32)
    if vector.present is not None:
        codes[~vector.present] = -1
    return Encoded(codes, values.tolist(), "duration" if vector.type == "duration" else "")


def truth(vector: Vector, count: int) -> Bools:
    """Where the vector is true (and not just something)."""
    match vector:
        case Truth():
            return vector.array
        case Constant():
            return np.full(count, vector.static == Static("bool", True))
        case Numbers():
            return np.zeros(count, np.bool_)
    table = np.array([*(value is True for value in vector.values), False], np.bool_)
    return table[vector.codes]


def binary(operation: str, left: Vector, right: Vector, count: int) -> Vector:
    """`left operation right` at each of `count` spans; nil where it has no result."""
    if isinstance(left, Constant) and isinstance(right, Constant):
        return Constant(_result(operation, left.static, right.static))
    if isinstance(left, Truth) and isinstance(right, Truth) and operation in ("&&", "||"):
        return Truth(left.array & right.array if operation == "&&" else left.array | right.array)
    quick = _of_numbers(operation, left, right)
    if quick is not None:
        return quick
    if isinstance(left, Encoded) and isinstance(right, Constant):
        quick = _of_plain_numbers(operation, left, right.static)
        if quick is not None:
            return quick
    if isinstance(right, Constant):
        one = encoded(left, count)
        tested = _tested(operation, one, right.static)
        if tested is not None:
            return Truth(tested[one.codes])
        return encode([_result(operation, static, right.static) for static in one.statics], one.codes)
    if isinstance(left, Constant):
        one = encoded(right, count)
        return encode([_result(operation, left.static, static) for static in one.statics], one.codes)
    first, second = encoded(left, count), encoded(right, count)
    # Every pair of values that occurs at some span, once.
    width = len(second.values) + 1
    pairs, codes = np.unique((first.codes.astype(np.int64) + 1) * width + second.codes + 1, return_inverse=True)
    # Code -1 finds the nil at the end of the statics.
    sides = [(first.statics[pair // width - 1], second.statics[pair % width - 1]) for pair in pairs.tolist()]
    results = [_result(operation, *side) for side in sides]
    return encode(results, codes.astype(np.int32)) if results else Truth(np.zeros(count, np.bool_))


def unary(operation: str, operand: Vector, count: int) -> Vector:
    """`-operand`, `!operand`, `exists` or `absent` at each span."""
    if isinstance(operand, Truth) and operation == "!":
        return Truth(~operand.array)
    if isinstance(operand, Numbers) and operation == "-":
        return Numbers(-operand.array, operand.type, operand.present)
    if isinstance(operand, Numbers) and operation == "exists":
        return Truth(np.ones(count, np.bool_) if operand.present is None else operand.present)
    one = encoded(operand, count)
    if operation == "exists":
        return Truth(np.array([*(value is not None for value in one.values), False], np.bool_)[one.codes])
    results = []
    for static in one.statics:
        try:
            results.append(unary_result(operation, static))
        except OperationFailed:
            results.append(NIL)
    return encode(results, one.codes)


def _result(operation: str, left: Static, right: Static) -> Static:
    try:
        return binary_result(operation, left, right)
    except OperationFailed:
        # Where Tempo gives up the whole query (a division by zero at one span), only that span has no result here.
        return NIL


def _of_numbers(operation: str, left: Vector, right: Vector) -> Vector | None:
    """An operation between columns of numbers, or one and a constant, in one step; None if it is not one."""
    numbers = [side for side in (left, right) if isinstance(side, Numbers)]
    constants = [side.static for side in (left, right) if isinstance(side, Constant)]
    if not numbers or len(numbers) + len(constants) < 2 or any(c.type not in NUMERIC for c in constants):
        return None
    first, second = (side.array if isinstance(side, Numbers) else _number(side) for side in (left, right))
    present = _all_present(numbers)
    if operation in COMPARE:
        result = COMPARE[operation](first, second)
        return Truth(result if present is None else result & present)
    types = {*(side.type for side in numbers), *(constant.type for constant in constants)}
    if types == {"int"} or operation not in ("+", "-", "*"):
        return None
    first, second = np.asarray(first, np.float64), np.asarray(second, np.float64)
    result = first + second if operation == "+" else first - second if operation == "-" else first * second
    return Numbers(result, "float", present)


def _of_plain_numbers(operation: str, vector: Encoded, operand: Static) -> Vector | None:
    """An operation between distinct whole or broken numbers and a constant in one step; None if it is not one."""
    if (
        operand.type not in ("int", "float")
        or vector.mark
        or not (operation in COMPARE or operation in ("+", "-", "*"))
    ):
        return None
    types = set(map(type, vector.values)) - {type(None)}
    if len(types) != 1 or not types <= {int, float}:
        return None
    there = np.array([value is not None for value in vector.values], np.bool_)
    whole = types == {int} and operand.type == "int"
    numbers = np.array([value or 0 for value in vector.values], np.int64 if whole else np.float64)
    if operation in COMPARE:
        return Truth(np.append(COMPARE[operation](numbers, operand.value) & there, False)[vector.codes])
    constant = numbers.dtype.type(operand.value)
    result = numbers + constant if operation == "+" else numbers - constant if operation == "-" else numbers * constant
    # Several spans may now share a result that was several values; no operation minds.
    values = [value if present else None for value, present in zip(result.tolist(), there.tolist(), strict=True)]
    return Encoded(vector.codes, values)


def _number(side: Any) -> Any:
    return side.static.value


def _all_present(numbers: Sequence[Numbers]) -> Bools | None:
    present = [side.present for side in numbers if side.present is not None]
    return np.logical_and.reduce(present) if present else None


def _tested(operation: str, vector: Encoded, operand: Static) -> Bools | None:
    """The truth of a comparison with a plain constant for every value and for nothing; None if it is not one."""
    if operation not in COMPARE and operation not in LISTS and operation not in ("=~", "!~"):
        return None
    type_ = operand.type.removesuffix("[]")
    test = value_test(operation, operand) if operand.type == type_ or operation in LISTS else None
    plain_type = _PYTHON_TYPES.get(type_)
    if test is None or plain_type is None or type_ in NUMERIC or (type_ in _MARKED) != bool(vector.mark):
        return None
    if any(type(value) is list for value in vector.values):
        return None
    return np.array([*(type(value) is plain_type and test(value) for value in vector.values), False], np.bool_)


def value_test(operation: str, operand: Static) -> Callable[[Any], bool] | None:
    """Tests plain values of the operand's type (that of its items, if it is a list)."""
    if operation in ("IN", "NOT IN"):
        # Of one type, so that True and 1 are not taken for one another.
        items, within = frozenset(operand.value), operation == "IN"
        return lambda value: (value in items) == within
    if operation in ("MATCH ANY", "MATCH NONE"):
        patterns, found = [matcher(item) for item in operand.value], operation == "MATCH ANY"
        return lambda value: any(matches(value) for matches in patterns) == found
    if operation in ("=~", "!~"):
        if operand.type != "string":
            return None
        matches, wanted = matcher(operand.value), operation == "=~"
        return lambda value: matches(value) == wanted
    compare, constant = COMPARE[operation], operand.value
    return lambda value: bool(compare(value, constant))
