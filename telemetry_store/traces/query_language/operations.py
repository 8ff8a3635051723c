"""Operations between two values, with TraceQL's types: what Tempo computes for one span."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

from ...regexes import compile_pattern
from .syntax import BOOLEAN_OPERATIONS, FALSE, NIL, NUMERIC, TRUE, Static, static_of
from .validation import operation_fits, types_match

COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}

#: Comparisons with a list of constants, by that of each.
LISTS = {"IN": "=", "NOT IN": "!=", "MATCH ANY": "=~", "MATCH NONE": "!~"}

_WORD = 2**64
_SIGN = 2**63


class OperationFailed(Exception):
    """A computation without a result, such as a division by zero."""


def binary_result(operation: str, left: Static, right: Static) -> Static:
    """`left operation right`; false where the types do not go together. Raises OperationFailed."""
    if not types_match(left.type, right.type):
        return FALSE
    if not (operation_fits(operation, left.type) and operation_fits(operation, right.type)):
        return FALSE
    if operation in LISTS:
        return _list_result(operation, left, right)
    if left.type.endswith("[]") or right.type.endswith("[]"):
        return _array_result(operation, left, right)
    if operation in ("&&", "||"):
        return _truth(left.value and right.value if operation == "&&" else left.value or right.value)
    if operation in ("=", "!="):
        return _truth(_equal(left, right) == (operation == "=")) if NIL not in (left, right) else FALSE
    if operation in ("=~", "!~"):
        return _truth((compile_pattern(right.value).fullmatch(left.value) is not None) == (operation == "=~"))
    if operation in COMPARE:
        return _truth(COMPARE[operation](left.value, right.value))
    return _computed(operation, left, right)


def unary_result(operation: str, operand: Static) -> Static:
    """`-operand`, `!operand`, whether it is there or not. Raises OperationFailed."""
    match operation:
        case "exists":
            return _truth(operand.type != "nil")
        case "absent":
            return _truth(operand == Static("string", "nil"))
        case "!" if operand.type == "bool":
            return _truth(not operand.value)
        case "-" if operand.type in NUMERIC:
            return Static(operand.type, -operand.value)
    wanted = "boolean" if operation == "!" else "numeric"
    raise OperationFailed(f"expected a {wanted}, but got {operand.type}")


def _truth(value: object) -> Static:
    return TRUE if value else FALSE


def _equal(left: Static, right: Static) -> bool:
    if left.type in NUMERIC:
        return right.type in NUMERIC and bool(left.value == right.value)
    return left.type == right.type and bool(left.value == right.value)


def _computed(operation: str, left: Static, right: Static) -> Static:
    if left.type == right.type == "int":
        return Static("int", _whole(operation, left.value, right.value))
    return Static("float", _broken(operation, float(left.value), float(right.value)))


def _whole(operation: str, left: int, right: int) -> int:
    match operation:
        case "+":
            return _wrapped(left + right)
        case "-":
            return _wrapped(left - right)
        case "*":
            return _wrapped(left * right)
        case "^":
            # The sides are exchanged in Tempo, for whole numbers alone.
            power = _power(float(right), float(left))
            return int(power) if -_SIGN <= power < _SIGN else -_SIGN
    if right == 0:
        raise OperationFailed("division by zero" if operation == "/" else "modulo by zero")
    quotient = abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1)
    return _wrapped(quotient if operation == "/" else left - quotient * right)


def _wrapped(number: int) -> int:
    return (number + _SIGN) % _WORD - _SIGN


def _broken(operation: str, left: float, right: float) -> float:
    match operation:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
        case "^":
            return _power(left, right)
        case "%":
            return math.fmod(left, right) if right and math.isfinite(left) else math.nan
    if right == 0:
        return math.nan if left == 0 or math.isnan(left) else math.copysign(math.inf, left) * math.copysign(1, right)
    return left / right


def _power(base: float, exponent: float) -> float:
    try:
        result = base**exponent
    except OverflowError:
        return math.inf
    except ZeroDivisionError:
        return math.inf
    return result if isinstance(result, float) else math.nan


def _list_result(operation: str, left: Static, right: Static) -> Static:
    """One value on the left is enough, as the others have been read for nothing else."""
    one = LISTS[operation]
    every = one in ("!=", "!~")
    for value in left.value if left.type.endswith("[]") else (left.value,):
        side = static_of(value) if left.type.endswith("[]") else left
        if (all if every else any)(binary_result(one, side, static_of(item)) == TRUE for item in right.value):
            return TRUE
    return FALSE


def _array_result(operation: str, left: Static, right: Static) -> Static:
    if operation not in BOOLEAN_OPERATIONS:
        raise OperationFailed("unsupported operation")
    if left.type.endswith("[]") and right.type.endswith("[]"):
        raise OperationFailed("array operators must consist of a scalar and an array operand")
    # Of `=` one element is enough; `!=` and `!~` say that none is so.
    every = operation in ("!=", "!~")
    if left.type.endswith("[]"):
        results = [binary_result(operation, static_of(item), right) for item in left.value]
    else:
        results = [binary_result(operation, left, static_of(item)) for item in right.value]
    return _truth((all if every else any)(result == TRUE for result in results))
